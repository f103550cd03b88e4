// Work for an interpreter in an interpreter: n-queens, a sieve, matrices, regular expressions, JSON,
// a ray of closures, exceptions in the inner loop.
function queens(size) {
	var count = 0,
		cols = [],
		d1 = [],
		d2 = [];
	(function place(r) {
		if (r === size) {
			count++;
			return;
		}
		for (var c = 0; c < size; c++) {
			if (cols[c] || d1[r + c] || d2[r - c + size]) continue;
			cols[c] = d1[r + c] = d2[r - c + size] = true;
			place(r + 1);
			cols[c] = d1[r + c] = d2[r - c + size] = false;
		}
	})(0);
	return count;
}
function sieve(limit) {
	var composite = new Uint8Array(limit + 1),
		count = 0,
		i,
		j;
	for (i = 2; i <= limit; i++) {
		if (composite[i]) continue;
		count++;
		for (j = i * i; j <= limit; j += i) composite[j] = 1;
	}
	return count;
}
function matrix(size) {
	var a = [],
		b = [],
		sum = 0,
		i,
		j,
		k,
		s;
	for (i = 0; i < size; i++) {
		a[i] = [];
		b[i] = [];
		for (j = 0; j < size; j++) {
			a[i][j] = ((i * j) % 17) / 4;
			b[i][j] = ((i + j) % 13) / 8;
		}
	}
	for (i = 0; i < size; i++)
		for (j = 0; j < size; j++) {
			for (k = 0, s = 0; k < size; k++) s += a[i][k] * b[k][j];
			sum += s * ((i ^ j) & 3);
		}
	return sum;
}
function words() {
	var text = new Array(101).join('It was the best of times, it was the worst of times; '),
		counts = {},
		m,
		re = /[a-z]+/gi;
	while ((m = re.exec(text)) !== null)
		counts[m[0].toLowerCase()] = (counts[m[0].toLowerCase()] || 0) + 1;
	return JSON.stringify(counts);
}
function errors(count) {
	var caught = 0,
		i;
	for (i = 0; i < count; i++) {
		try {
			if (i % 3) throw i;
		} catch (e) {
			caught += e;
		}
	}
	return caught;
}
function data(count) {
	var list = [],
		i;
	for (i = 0; i < count; i++)
		list.push({ id: i, name: 'n' + ((i * 7) % 13), value: [i / 4, !(i & 1), null] });
	return JSON.parse(JSON.stringify(list))
		.sort(function (x, y) {
			return x.name < y.name ? -1 : x.name > y.name ? 1 : x.id - y.id;
		})
		.map(function (o) {
			return o.id;
		})
		.reduce(function (h, id) {
			return (h * 33 + id) | 0;
		}, 7);
}
for (var round = 0; round < 2; round++)
	print(queens(6), sieve(20000), matrix(24), words(), errors(5000), data(400));
