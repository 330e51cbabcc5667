-- Text, for what reads requests: see haproxy.lua.

-- A text without these signs at its end. Not by a pattern: one that ends in + and $ begins anew at each of them.
local function without_tail(text, signs)
  local last = #text
  while last > 0 and text:find(signs, last) == last do last = last - 1 end
  return text:sub(1, last)
end

local function is_utf8(text)
  return utf8.len(text) ~= nil and not text:find("\237[\160-\191]")
end

local function fold(text)
  return (text:lower():gsub(utf8.charpattern, GATEPOST.fold))
end

local function from_latin1(text)
  return (text:gsub("[\128-\255]", function(byte) return utf8.char(byte:byte()) end))
end

local function escaped(text)
  return (text:gsub("[^a-z0-9._@+-]", function(byte) return string.format("X%02x", byte:byte()) end))
end

local function unquoted(text)
  return (text:gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end))
end

-- Base64 without its padding, as far as it goes.
local function decoded(txn, token)
  if #token % 4 == 1 then token = token:sub(1, -2) end
  return txn.c:b64dec(token .. ("="):rep(-#token % 4)) or ""
end

