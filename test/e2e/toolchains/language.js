// A tour of ECMAScript 5 whose output depends on no machine: closures, strings, regular expressions,
// JSON, exceptions in many nestings, coroutines, getters, typed arrays, garbage, sorting.
var lines = 0;
function show() {
	lines++;
	print(Array.prototype.slice.call(arguments).map(String).join(' '));
}

// closures
(function () {
	var counters = [],
		sum = 0,
		i,
		r;
	for (i = 1; i <= 10; i++) {
		counters.push(
			(function (step) {
				var n = 0;
				return {
					up: function () {
						n += step;
						return n;
					},
					get: function () {
						return n;
					}
				};
			})(i)
		);
	}
	for (r = 0; r < 100; r++)
		counters.forEach(function (c) {
			c.up();
		});
	counters.forEach(function (c) {
		sum += c.get();
	});
	show('closures', sum);
	function curry(f) {
		return function more() {
			var args = arguments;
			return args.length >= f.length
				? f.apply(null, args)
				: more.bind.apply(more, [null].concat([].slice.call(args)));
		};
	}
	show(
		'curry',
		curry(function (a, b, c) {
			return a * 100 + b * 10 + c;
		})(1)(2)(3)
	);
})();

// numbers
show(
	[
		0.1,
		1 / 3,
		1e21,
		1e-7,
		123456789.125,
		-0,
		5e-324,
		1.7976931348623157e308,
		NaN,
		-Infinity,
		0.1 + 0.2,
		4294967296.5
	]
		.map(function (x) {
			return [
				x,
				x.toFixed(3),
				x.toExponential(5),
				x.toPrecision(7),
				x.toString(2).length,
				x | 0,
				x >>> 0,
				1 / x
			].join(',');
		})
		.join(';')
);
show(
	parseInt('ff', 16),
	parseInt('0x1g'),
	parseFloat('3.14abc'),
	Number(' 12 '),
	Number('1e3'),
	+'',
	(255).toString(36),
	Math.round(-0.5),
	Math.max(),
	7 % -3,
	-7 % 3,
	2e308,
	1 << 33,
	-1 >>> 28
);
show(Math.pow(2, 0.5), Math.atan2(1, -1), Math.log(10), Math.sin(1), Math.exp(1), Math.sqrt(2));

// strings
(function () {
	var s = '',
		parts = [],
		h = 0,
		i;
	for (i = 0; i < 20000; i++) s += String.fromCharCode(97 + ((i * i) % 26));
	for (i = 0; i < 20000; i++) parts.push((i * 7) % 101);
	var joined = parts.join('-');
	for (i = 0; i < s.length; i += 7) h = (h * 31 + s.charCodeAt(i)) | 0;
	show(
		'building',
		s.length,
		h,
		joined.length,
		joined.split('-').length,
		s.indexOf('zz'),
		s.lastIndexOf('abc')
	);
	show(
		'unicode',
		'\u00e4\u20ac\ud83d\ude00'.length,
		encodeURIComponent('\u00e4\u20ac'),
		escape('\u20ac x'),
		decodeURIComponent('%E2%82%AC').charCodeAt(0),
		'\u0130I'.toLowerCase().length,
		'stra\u00dfe'.toUpperCase()
	);
	show(
		'  trim\t\n'.trim(),
		'abcdef'.substr(-3, 2),
		'abcdef'.slice(-4, -1),
		'abcdef'.substring(4, 1),
		'a,b,,c'.split(','),
		'x'.concat(1, null, undefined)
	);
})();

// regular expressions
(function () {
	var text = new Array(41).join(
		'The quick brown fox jumps over the lazy dog on 2024-01-31 at 10:20; mail joe.bloggs@example.org or <b>bold</b> move. '
	);
	show(
		text.match(/\b\w{5}\b/g).length,
		text.replace(/(\d{4})-(\d\d)-(\d\d)/g, '$3.$2.$1').slice(50, 75),
		text.match(/([\w.]+)@([\w.]+)/).slice(1)
	);
	show(
		text.replace(/<(\w+)>(.*?)<\/\1>/g, function (all, tag, inner, at) {
			return tag.toUpperCase() + inner.length + (at % 7);
		}).length
	);
	show(
		/^(?:(?=a)a|b)*?c$/.test('abababc'),
		/(a+)+b/.test('aaaaaaaaaaaaaaaaab'),
		'aBcABC'.split(/b/i),
		/(z)?(x)/.exec('x'),
		'x'.replace(/(z)?x/, '[$1]'),
		/[^\u0000-\u007f]/.test('\u20ac')
	);
	var re = /o(\w)/g,
		m,
		found = [];
	while ((m = re.exec('foo botoon zoo')) !== null) found.push(m[1] + re.lastIndex);
	show(found, 'a\nb\nc'.match(/^\w$/gm), 'tel: 555-1234'.search(/\d/));
	['(', '[b-a]', 'a**', '\\'].forEach(function (p) {
		try {
			new RegExp(p);
			show('accepted', p);
		} catch (e) {
			show(p, e.name);
		}
	});
})();

// JSON
(function () {
	var value = {
			list: [],
			nested: {},
			'with space': 'quote " and \\ and \u2028 and \u0007',
			n: [1.5, -0, 1e300, null, true]
		},
		at = value.nested,
		i;
	for (i = 0; i < 500; i++)
		value.list.push({
			id: i,
			name: 'item ' + i,
			tags: [i % 3, String(i % 5)],
			odd: i % 2 === 1
		});
	for (i = 0; i < 200; i++) at = at.inner = { depth: i };
	var text = JSON.stringify(value),
		again = JSON.stringify(JSON.parse(text));
	show(
		'json',
		text.length,
		text === again,
		JSON.stringify(
			JSON.parse(text, function (k, v) {
				return k === 'tags' ? undefined : v;
			})
		).length
	);
	show(
		JSON.stringify(
			{
				a: [1, { b: 2 }],
				d: new Date(0),
				f: function () {},
				u: undefined,
				t: {
					toJSON: function (k) {
						return 'json of ' + k;
					}
				}
			},
			null,
			' '
		)
	);
	['{', '[1,]', '{"a":1,}', 'nul', '"\\x"', '01', '"\t"', '[1 2]'].forEach(function (t) {
		try {
			JSON.parse(t);
			show('accepted', t);
		} catch (e) {
			show(t, e.name);
		}
	});
	var loop = {};
	loop.self = loop;
	try {
		JSON.stringify(loop);
	} catch (e) {
		show('cycle', e.name);
	}
})();

// exceptions
(function () {
	var order = [];
	function f(n) {
		try {
			order.push('t' + n);
			if (n === 0) throw new TypeError('bottom');
			f(n - 1);
		} catch (e) {
			order.push('c' + n + e.message.length);
			if (n < 3) {
				e.message += '!';
				throw e;
			}
			return 'from catch';
		} finally {
			order.push('f' + n);
		}
	}
	show(f(4), order);
	show(
		(function () {
			try {
				return 1;
			} finally {
				return 2;
			}
		})(),
		(function () {
			for (var i = 0; ; i++) {
				try {
					continue;
				} finally {
					if (i === 5) break;
				}
			}
			return i;
		})(),
		(function () {
			outer: while (true) {
				try {
					try {
						throw 1;
					} finally {
						break outer;
					}
				} catch (e) {
					return 'caught';
				}
			}
			return 'broke';
		})()
	);
	function nest(n) {
		if (n === 0) throw { depth: 0 };
		try {
			nest(n - 1);
		} catch (e) {
			e.depth++;
			throw e;
		}
	}
	[1, 100, 2000].forEach(function (n) {
		try {
			nest(n);
		} catch (e) {
			show('nested', n, e.depth);
		}
	});
	var thrown = 0,
		i;
	for (i = 0; i < 100; i++) {
		try {
			nest(200);
		} catch (e) {
			thrown += e.depth;
		}
	}
	show('throws', thrown);
	for (i = 0, thrown = 0; i < 20000; i++) {
		try {
			if (i % 3) throw i;
		} catch (e) {
			thrown += e;
		}
	}
	show('in a loop', thrown);
	[
		'null.x',
		'undefined()',
		'nothere',
		'({}).f()',
		'new 5',
		'[].length = -1',
		'x y',
		'"use strict"; q = 1',
		'decodeURIComponent("%")',
		'Object.defineProperty(Object.freeze({}), "a", {value: 1})',
		'(5).toFixed(200)',
		'JSON.parse("")',
		'new Array(-1)',
		'null instanceof 5',
		'"a" in "b"'
	].forEach(function (code) {
		try {
			(0, eval)(code);
			show('no error', code);
		} catch (e) {
			show(code, e.name, e instanceof Error);
		}
	});
	function forever() {
		return 1 + forever();
	}
	try {
		forever();
	} catch (e) {
		show('recursion', e.name);
	}
	// through native functions, which longjmp has to cross
	try {
		[3, 1, 2].sort(function () {
			throw new Error('compare');
		});
	} catch (e) {
		show('sort', e.message);
	}
	try {
		'abc'.replace(/b/, function () {
			throw new Error('replace');
		});
	} catch (e) {
		show('replace', e.message);
	}
	try {
		JSON.stringify({
			get a() {
				throw new Error('getter');
			}
		});
	} catch (e) {
		show('getter', e.message);
	}
	try {
		[1].map(function () {
			return [2].map(function () {
				return [3].forEach(function () {
					throw new Error('deep');
				});
			});
		});
	} catch (e) {
		show('map', e.message);
	}
	function viaApply(n) {
		if (n === 0) throw new Error('apply');
		return viaApply.apply(null, [n - 1]);
	}
	try {
		viaApply(100);
	} catch (e) {
		show('apply', e.message);
	}
	function viaSort(n) {
		if (n === 0) throw new Error('sorted');
		[2, 1].sort(function () {
			return viaSort(n - 1);
		});
	}
	try {
		viaSort(20);
	} catch (e) {
		show('nested natives', e.message);
	}
})();

// coroutines
(function () {
	function generator(n) {
		for (var i = 0; i < n; i++) Duktape.Thread.yield(i);
		throw new Error('end of ' + n);
	}
	var t = new Duktape.Thread(generator),
		sum = 0,
		v = Duktape.Thread.resume(t, 1000);
	try {
		for (;;) {
			sum += v;
			v = Duktape.Thread.resume(t);
		}
	} catch (e) {
		show('coroutine', sum, e.message);
	}
	var threads = [],
		i,
		yes = 0,
		no = 0;
	for (i = 0; i < 300; i++)
		threads.push(
			new Duktape.Thread(function (x) {
				Duktape.Thread.yield(x * 2);
				throw x;
			})
		);
	threads.forEach(function (th, i) {
		yes += Duktape.Thread.resume(th, i);
	});
	threads.forEach(function (th) {
		try {
			Duktape.Thread.resume(th, 0);
		} catch (e) {
			no += e;
		}
	});
	show('three hundred', yes, no);
	var waiting = new Duktape.Thread(function () {
		try {
			Duktape.Thread.yield(1);
		} catch (e) {
			return 'got ' + e.message;
		}
	});
	Duktape.Thread.resume(waiting);
	show(Duktape.Thread.resume(waiting, new Error('sent'), true));
})();

// objects
(function () {
	function Point(x, y) {
		this.x = x;
		this.y = y;
	}
	Point.prototype = {
		get norm() {
			return Math.sqrt(this.x * this.x + this.y * this.y);
		},
		set norm(n) {
			var k = n / this.norm;
			this.x *= k;
			this.y *= k;
		},
		toString: function () {
			return '(' + this.x + ',' + this.y + ')';
		}
	};
	var p = new Point(3, 4);
	p.norm = 10;
	show(p, p.norm, Object.keys(p), 'norm' in p, p.hasOwnProperty('norm'), p instanceof Point);
	var o = Object.create(
			{ inherited: 1 },
			{ hidden: { value: 2 }, shown: { value: 3, enumerable: true } }
		),
		names = [];
	for (var k in o) names.push(k);
	show(
		names,
		Object.getOwnPropertyNames(o),
		Object.isFrozen(Object.freeze(o)),
		typeof null,
		typeof show,
		[] + {},
		[1, [2, [3]]] + '',
		!!'' + !!'0',
		null == undefined,
		NaN != NaN,
		'10' > '9',
		10 > '9'
	);
	show(
		Object.prototype.toString.call([]),
		Object.prototype.toString.call(null),
		[].concat([1], [[2]]).length,
		[1, 2, 3, 4, 5].splice(1, 2),
		[5, 1, 10].sort(),
		[, 1].hasOwnProperty(0),
		Array.isArray(arguments)
	);
	var log = [],
		proxy = new Proxy(
			{},
			{
				get: function (t, k) {
					log.push(String(k));
					return 42;
				},
				has: function () {
					return true;
				}
			}
		);
	show(proxy.anything, 'x' in proxy, log);
	show(
		new Date(Date.UTC(2024, 1, 29, 12, 30, 45, 678)).toISOString(),
		new Date(NaN).getTime(),
		Date.parse('2000-01-01T00:00:00Z'),
		new Date(8.64e15).toISOString()
	);
})();

// typed arrays
(function () {
	var b = new ArrayBuffer(64),
		d = new DataView(b),
		u8 = new Uint8Array(b),
		f64 = new Float64Array(b, 8, 2),
		i,
		h = 0;
	d.setInt32(0, -2);
	d.setFloat32(4, 1.5, true);
	f64[0] = Math.PI;
	f64[1] = -1e-310;
	new Uint8ClampedArray(b)[30] = 300;
	new Int16Array(b)[20] = 70000;
	for (i = 0; i < 64; i++) h = (h * 33 + u8[i]) | 0;
	show(
		'typed',
		h,
		d.getUint16(0),
		d.getFloat64(8, true),
		u8.subarray(0, 4).length,
		new Float32Array([0.1])[0]
	);
	var big = new Uint32Array(50000);
	for (i = 0; i < big.length; i++) big[i] = i * 2654435761;
	for (i = 0, h = 0; i < big.length; i++) h = ((h ^ big[i]) * 31) | 0;
	show('large', h);
})();

// garbage, with finalizers
(function () {
	var finalized = 0,
		keep = [],
		i;
	for (i = 0; i < 5000; i++) {
		var o = { data: new Array(i % 50).join('x'), i: i };
		o.self = o;
		Duktape.fin(o, function () {
			finalized++;
		});
		if (i % 100 === 0) keep.push(o);
	}
	o = null;
	Duktape.gc();
	Duktape.gc();
	show('garbage', finalized >= 4900, keep.length, keep[49].i, keep[7].self === keep[7]);
	for (i = 0; i < 100000; i++) keep[i % 50] = { i: i, s: 'string ' + i, a: [i, i + 1] };
	show('survivors', keep[0].i, keep[49].s, keep[10].a);
})();

// sorting
(function () {
	var list = [],
		seed = 42,
		i;
	function random(n) {
		seed = (seed * 1103515245 + 12345) & 0x7fffffff;
		return (seed >>> 8) % n;
	}
	for (i = 0; i < 3000; i++) list.push({ key: random(500), at: i });
	list.sort(function (a, b) {
		return a.key - b.key || a.at - b.at;
	});
	for (i = 1; i < list.length; i++)
		if (list[i - 1].key > list[i].key) throw new Error('not sorted');
	show(
		'sorted',
		list[0].at,
		list[1500].at,
		list[2999].at,
		list
			.map(function (e) {
				return e.key;
			})
			.reduce(function (a, b) {
				return (a * 31 + b) % 1000003;
			})
	);
})();

show('lines', lines);
