-- Every request has a target, an id and a cookie of its own, of changing length: nothing that came before comes again.
local n = 0

request = function()
  n = n + 1
  wrk.headers["X-Request-Id"] = string.format("%x", n * 2654435761 % 4294967296)
  wrk.headers["Cookie"] = "session=" .. tostring(n * 48271 % 2147483647) .. "; theme=dark"
  return wrk.format(nil, wrk.path .. "?n=" .. tostring(n))
end
