-- Work for an interpreter in an interpreter: n-queens, matrices, a string buffer, a sieve, a heap,
-- and pcall in the inner loop.
local n = tonumber(arg[1]) or 1

local function queens(size)
	local count, cols, d1, d2 = 0, {}, {}, {}
	local function place(r)
		if r > size then count = count + 1 return end
		for c = 1, size do
			if not cols[c] and not d1[r + c] and not d2[r - c + size] then
				cols[c], d1[r + c], d2[r - c + size] = true, true, true
				place(r + 1)
				cols[c], d1[r + c], d2[r - c + size] = nil, nil, nil
			end
		end
	end
	place(1)
	return count
end

local function matrix(size)
	local a, b, sum = {}, {}, 0.0
	for i = 1, size do
		a[i], b[i] = {}, {}
		for j = 1, size do a[i][j], b[i][j] = (i * j) % 17 / 3, (i + j) % 13 / 7 end
	end
	for i = 1, size do
		for j = 1, size do
			local s = 0.0
			for k = 1, size do s = s + a[i][k] * b[k][j] end
			sum = sum + s * ((i ~ j) & 3)
		end
	end
	return sum
end

local function sieve(limit)
	local composite, count = {}, 0
	for i = 2, limit do
		if not composite[i] then
			count = count + 1
			for j = i * i, limit, i do composite[j] = true end
		end
	end
	return count
end

local function heap(size)
	local h, seed, out = {}, 1, 0
	local function push(v)
		local i = #h + 1
		h[i] = v
		while i > 1 and h[i // 2] > h[i] do h[i], h[i // 2] = h[i // 2], h[i]; i = i // 2 end
	end
	local function pop()
		local top, last = h[1], table.remove(h)
		if #h == 0 then return top end
		h[1] = last
		local i = 1
		while true do
			local c = 2 * i
			if c > #h then break end
			if c < #h and h[c + 1] < h[c] then c = c + 1 end
			if h[i] <= h[c] then break end
			h[i], h[c] = h[c], h[i]
			i = c
		end
		return top
	end
	for i = 1, size do seed = (seed * 69069 + 1) & 0xffffffff; push(seed >> 7) end
	for i = 1, size do out = (out * 3 + pop()) % 2147483647 end
	return out
end

local function errors(count)
	local caught = 0
	for i = 1, count do
		local ok, e = pcall(function(x) if x % 3 ~= 0 then error(x) end return x end, i)
		if not ok then caught = caught + e end
	end
	return caught
end

local function buffer(count)
	local t = {}
	for i = 1, count do t[#t + 1] = ("%d:%s"):format(i, ("ab"):rep(i % 5)) end
	return #table.concat(t, ","):gsub("ab", "c"):upper()
end

for _ = 1, n do
	print(queens(7), matrix(40), sieve(60000), heap(5000), errors(10000), buffer(10000))
end
