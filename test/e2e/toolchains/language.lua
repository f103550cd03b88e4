-- A tour of Lua whose output depends on no machine: closures, strings, patterns, errors in many
-- nestings, coroutines, metatables, garbage collection, sorting. Every line is a claim or a figure.
local failures = 0
local function claim(name, ok)
	if not ok then failures = failures + 1 end
	print(name, ok and "ok" or "FAILED")
end

-- closures and upvalues
local counters = {}
for i = 1, 10 do
	local n = 0
	counters[i] = { up = function() n = n + i; return n end, get = function() return n end }
end
for r = 1, 100 do for i = 1, 10 do counters[i].up() end end
local sum = 0
for i = 1, 10 do sum = sum + counters[i].get() end
print("closures", sum)
local function compose(...)
	local fs = table.pack(...)
	return function(x)
		for i = fs.n, 1, -1 do x = fs[i](x) end
		return x
	end
end
print("compose", compose(function(x) return x * 2 end, function(x) return x + 3 end, math.tointeger)(4.0))

-- numbers, as the C library prints them
for _, x in ipairs { 0.1, 1 / 3, 1e15, 1e16, 1e100, -0.0, 2^53, math.pi, 1.7976931348623157e308, 123456789.125 } do
	io.write(string.format("%.14g %.17g %a %5.1f|", x, x, x, math.fmod(x, 7)))
end
print(5e-324, 2.2250738585072011e-308, math.huge, -math.huge)
print("integers", math.maxinteger + 1 == math.mininteger, 7 // -2, 7 % -2, -7 // 2, -7 % 2, 7.5 // 2,
	1 << 63, 1 << 64, -1 >> 1, 5 // 0.0, -5 % math.huge, 3 | 4 ~ 6)
print("conversions", tostring(10 / 2), 10 // 2, "10" + 5, "0x1p4" * 1, tonumber("zz", 36), tonumber("8", 8),
	math.type(1), math.type(1.0), math.type("1"))

-- strings and patterns
local words = {}
local text = string.rep("The quick brown fox jumps over the lazy dog; 12 packs of liquor jugs, 3.5 vows. ", 50)
for w in text:gmatch("%a+") do words[w:lower()] = (words[w:lower()] or 0) + 1 end
local keys = {}
for w in pairs(words) do keys[#keys + 1] = w end
table.sort(keys)
for i, w in ipairs(keys) do io.write(w, "=", words[w], i < #keys and "," or "\n") end
print(text:gsub("(%w+) (%w+)", "%2 %1", 3):sub(1, 60))
print(("x = 1, y = {2}, z = [[3]]"):gsub("%b{}", "<braces>"), ("key=value; k2=v2"):match("(%w+)=(%w+); (%w+)"))
print(("%d %5.2f %-10s| %q %x %c %i"):format(42, 3.14159, "left", 'quo"ted\n\0', 255, 65, -7))
print(utf8.char(72, 228, 8364, 128512), utf8.len("äöü€"), #utf8.char(128512))
print(string.pack("<i4>I2zs1", -2, 513, "abc", "defg"):byte(1, -1))
local parts = {}
for i = 1, 20000 do parts[#parts + 1] = tostring(i * i % 97) end
local joined = table.concat(parts, "-")
local h = 0
for i = 1, #joined do h = (h * 31 + joined:byte(i)) & 0xffffffff end
print("concat", #joined, h)

-- errors: values, messages, levels, handlers, errors in handlers, thousands deep
print(pcall(error, { code = 7 }) == false, select(2, pcall(error, "plain", 0)), select(2, pcall(error)))
print(select(2, pcall(function() local t = nil; return t.x end)))
print(select(2, pcall(function() return 1 + {} end)))
print(select(2, pcall(function() return #5 end)))
print(select(2, pcall(string.rep)))
print(select(2, pcall(string.rep, "x", -1)))
print(xpcall(function() error("inner") end, function(m) return "handled: " .. m end))
print(xpcall(function() error("first") end, function(m) error("second") end))
local function nest(n)
	if n == 0 then error({ depth = 0 }) end
	local ok, e = pcall(nest, n - 1)
	e.depth = e.depth + 1
	error(e)
end
for _, n in ipairs { 1, 150, 2000 } do
	local ok, e = pcall(nest, n)
	print("nested pcall", ok, e.depth)
end
-- each level catches and throws again: 50,000 throws
local thrown = 0
for i = 1, 50 do
	local ok, e = pcall(nest, 1000)
	thrown = thrown + e.depth
end
print("throws", thrown)
local function deep(n) if n == 0 then error("bottom") end return 1 + deep(n - 1) end
for _, n in ipairs { 10, 1000, 10000, 100000 } do
	local ok, m = pcall(deep, n)
	print("unwinding", n, ok, m:match("bottom"))
end
local function forever() return 1 + forever() end
local ok, m = pcall(forever)
print("stack overflow", ok, m:match("stack overflow"))
print("stack overflow in the C stack", (select(2, pcall(string.gsub, "x", "x", function()
	local function again(s) return (s:gsub("x", again)) end
	return again("x")
end))):match("C stack overflow"))
do
	local order = {}
	local ok, m = pcall(function()
		local a <close> = setmetatable({}, { __close = function(_, e) order[#order + 1] = "a:" .. tostring(e):match("boom") end })
		local b <close> = setmetatable({}, { __close = function(_, e) order[#order + 1] = "b:" .. tostring(e):match("boom") end })
		error("boom")
	end)
	print("to be closed", ok, table.concat(order, " "))
end
goto out
do print("not reached") end
::out::

-- coroutines: generators, deep yields, errors through them, wrap, close
local function gen(n) return coroutine.wrap(function() for i = 1, n do coroutine.yield(i) end end) end
local total = 0
for i in gen(5000) do total = total + i end
print("generator", total)
local function permgen(a, n)
	n = n or #a
	if n <= 1 then coroutine.yield(a) else
		for i = 1, n do
			a[n], a[i] = a[i], a[n]
			permgen(a, n - 1)
			a[n], a[i] = a[i], a[n]
		end
	end
end
local count, digest = 0, 0
for p in coroutine.wrap(function() permgen { 1, 2, 3, 4, 5, 6, 7 } end) do
	count = count + 1
	digest = (digest * 7 + p[1] * p[7]) % 1000003
end
print("permutations", count, digest)
local co = coroutine.create(function(a)
	local ok, v = pcall(function() return coroutine.yield(a + 1) * 2 end)
	error({ ok = ok, v = v })
end)
print(coroutine.resume(co, 1))
local ok, e = coroutine.resume(co, 21)
print(ok, e.ok, e.v, coroutine.status(co), coroutine.resume(co))
local chain = coroutine.wrap(function() return 0 end)
for i = 1, 100 do
	local inner = chain
	chain = coroutine.wrap(function() return inner() + 1 end)
end
print("coroutines in coroutines", chain())
local live = {}
for i = 1, 1000 do live[i] = coroutine.create(function() coroutine.yield(i) error("late " .. i) end) end
local yes, no = 0, 0
for r = 1, 2 do for i = 1, 1000 do if coroutine.resume(live[i]) then yes = yes + 1 else no = no + 1 end end end
print("a thousand coroutines", yes, no)

-- metatables
local V = {}
V.__index = V
V.__add = function(a, b) return setmetatable({ x = a.x + b.x }, V) end
V.__eq = function(a, b) return a.x == b.x end
V.__lt = function(a, b) return a.x < b.x end
V.__le = function(a, b) return a.x <= b.x end
V.__call = function(self, y) return self.x * y end
V.__tostring = function(self) return "V(" .. self.x .. ")" end
V.__concat = function(a, b) return tostring(a) .. tostring(b) end
V.__len = function(self) return self.x end
V.__close = nil
local a, b = setmetatable({ x = 3 }, V), setmetatable({ x = 4 }, V)
print(tostring(a + b), a == b, a < b, a <= b, a(5), a .. b, #a, rawlen(a), rawequal(a, a))
local proxy = setmetatable({}, { __index = function(_, k) return k .. "!" end, __newindex = function(t, k, v) rawset(t, k, v * 2) end })
proxy.z = 21
print(proxy.hello, proxy.z)

-- garbage: finalizers and weak tables
local finalized = 0
local weak = setmetatable({}, { __mode = "v" })
for i = 1, 20000 do
	local t = setmetatable({ string.rep("g", i % 50) }, { __gc = function() finalized = finalized + 1 end })
	if i % 100 == 0 then weak[i // 100] = t end
end
collectgarbage()
collectgarbage()
local left = 0
for _ in pairs(weak) do left = left + 1 end
print("garbage", finalized >= 19999, left <= 1)
collectgarbage("generational")
local keep = {}
for i = 1, 200000 do keep[i % 1000 + 1] = { i, tostring(i) } end
collectgarbage("incremental")
print("survivors", keep[1][1], keep[1000][2], collectgarbage("count") < 60000)

-- load, environments, dump
print(load("return ...", "chunk", "t", {})(1, 2, 3), load("syntax error here"))
local env = { print = print }
print(select(2, pcall(load("undefined_function()", "=env", "t", env))))
local dumped = string.dump(function(x) return x * x + 1 end)
print("dump", load(dumped, "dumped", "b")(12))
print(#arg, arg[1], select("#", table.unpack({}, 1, 200)))

-- sorting
local seed = 42
local function random(n) seed = (seed * 1103515245 + 12345) & 0x7fffffff; return seed % n end
local list = {}
for i = 1, 5000 do list[i] = { key = random(1000), at = i } end
table.sort(list, function(x, y) if x.key ~= y.key then return x.key < y.key end return x.at < y.at end)
local sorted = true
for i = 2, #list do sorted = sorted and (list[i - 1].key <= list[i].key) end
claim("sort", sorted)
print(select(2, pcall(table.sort, { 3, 1, "x" })))

print("failures", failures)
if failures > 0 then os.exit(1) end
os.exit(true, true)
