-- Decides what haproxy.cfg cannot by look-ups alone: every request but the usual one that is let through.
--
-- The reading is a port of doors/activesync.py, and tests hold the two to each other (I-1, I-30). It never guesses: what
-- servers could read in two ways is unidentified. `GATEPOST`, which stands above this text in the file that HAProxy
-- loads, says: `directory` of the maps, `fold` (what case-folding makes of a character), `shared_types`, `plain_types`,
-- `refusals` (the commands with a body of Status 129), `on_no_copy`.
--
-- What it leaves for haproxy.cfg:
--   txn.gate_row      ANSWER|REASON|RANK, as in answers.map
--   txn.gate_passed   whether the mail server answers this by itself
--   txn.gate_refusal  where ANSWER is block: a command of `refusals`, or plain
--   txn.gate_named    base64 of the login | base64 of each of the device's names, with commas between, first the one
--                     by which it is known
--   txn.gate_type     base64 of the device's type

local maps = {}
for _, name in ipairs({ "devices", "recent", "answers", "door" }) do
  maps[name] = Map.new(GATEPOST.directory .. "/" .. name .. ".map", Map._str)
end

local CODES = {
  [0] = "sync", "sendmail", "smartforward", "smartreply", "getattachment", [9] = "foldersync", [10] = "foldercreate",
  [11] = "folderdelete", [12] = "folderupdate", [13] = "moveitems", [14] = "getitemestimate", [15] = "meetingresponse",
  [16] = "search", [17] = "settings", [18] = "ping", [19] = "itemoperations", [20] = "provision",
  [21] = "resolverecipients", [22] = "validatecert", [23] = "find",
}

-- Text

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

-- Who asks: the user, case-folded; or nil, and whether the mail server is to answer (else it is unidentified).

local function user_of(txn, authorization)
  if authorization == "" then return nil, true end
  if authorization:sub(1, 6):lower() ~= "basic " then return nil, false end
  local sent = authorization:sub(7)
  local core, padding = sent:match("^([A-Za-z0-9+/]*)(=*)$")
  local pair
  if core and #padding < 3 and #sent % 4 == 0 then
    pair = decoded(txn, core)
  else
    local token = without_tail(sent:gsub("^[ \t=]+", ""), "[ \t=]")
    pair = token:find("[^A-Za-z0-9+/]") and "" or decoded(txn, token)
    if pair == "" then
      local guess = decoded(txn, (token:gsub("[^A-Za-z0-9+/]", "")))
      return nil, not guess:find(":", 1, true)
    end
  end
  local colon = pair:find(":", 1, true)
  if not colon then return nil, true end
  local name = pair:sub(1, colon - 1)
  if not is_utf8(name) then name = from_latin1(name) end
  if name == "" or name:find("[\0-\31\127]") then return nil, false end
  return fold(name), false
end

-- With which device: its names (none: unidentified), command, protocol and type.

local function names_of(raw)
  if raw:find("^[A-Za-z0-9]+$") then return { raw } end
  local meant = unquoted(raw)
  if not is_utf8(raw) or not is_utf8(meant) or meant == "" or raw:find("+", 1, true) then return {} end
  if meant:find("[\0-\31\127&=;?#%%+]") then return {} end
  return raw == meant and { raw } or { raw, meant }
end

local function plain_form(query, protocol)
  local values = {}
  for part in query:gmatch("[^&]+") do
    local name, value = part:match("^([^=]*)=(.*)$")
    name = name and name:lower()
    if not name or values[name] then return {}, "other", protocol, "" end
    values[name] = value
  end
  for name in pairs(values) do
    if not name:find("^[a-z0-9_.-]+$") then return {}, "other", protocol, "" end
  end
  return names_of(values.deviceid or ""), (values.cmd or ""):lower(), protocol, unquoted(values.devicetype or "")
end

local function fields_of(data)
  if #data < 7 or data:byte() < 120 or data:byte() > 199 then return nil end
  local at, parts = 5, {}
  for _ = 1, 3 do -- device id, policy key, device type
    local length = data:byte(at)
    if not length then return nil end
    parts[#parts + 1] = data:sub(at + 1, at + length)
    at = at + 1 + length
  end
  while at <= #data do
    local length = data:byte(at + 1)
    if not length then return nil end
    at = at + 2 + length
  end
  if at ~= #data + 1 or parts[1] == "" then return nil end
  return data:byte(1), data:byte(2), parts[1], parts[3]
end

local function base64_form(txn, query, protocol)
  local token = without_tail(unquoted(query), "="):gsub("-", "+"):gsub("_", "/")
  if #token % 4 == 1 or token:find("[^A-Za-z0-9+/]") then return {}, "other", protocol, "" end
  local version, code, device, kind = fields_of(decoded(txn, token))
  if not version then return {}, "other", protocol, "" end
  local hex = device:gsub(".", function(byte) return string.format("%02X", byte:byte()) end)
  local names = { hex }
  if is_utf8(device) and not device:find("[\0-\31\127]") and device ~= hex then names = { device, hex } end
  return names, CODES[code] or "other", string.format("%d.%d", version // 10, version % 10), kind
end

local function device_of(txn, target, version)
  local protocol = version:find("^%d%d?%.%d$") and version or ""
  local path, query = target:match("^([^?]*)%??(.*)$")
  local sign = path:lower()
  if query:find("[?#]") or query:find(";[^&=;]*=") or sign:find("#", 1, true) or sign:find("%%3f") or sign:find("%%23") then
    return {}, "other", protocol, ""
  end
  if query:find("&", 1, true) or without_tail(query, "="):find("=", 1, true) then return plain_form(query, protocol) end
  return base64_form(txn, query, protocol)
end

-- What the maps say

local function entry_of(txn, name)
  local key = fold(name)
  if #key > 400 then key = "\255" .. txn.c:sha2(key, 256) end -- as in entry.identity_key
  key = escaped(key)
  local entry = maps.recent:lookup(key) or maps.devices:lookup(key)
  return entry ~= "-" and entry or nil
end

-- The logins that a user may stand for: itself, and without its domain.
local function is_one_of(user, logins)
  local bare = user:match("[^\\]*$"):match("^[^@]*")
  for login in logins:gmatch("[^|]+") do
    if login == "ANY" or login == escaped(user) or (bare ~= "" and login == escaped(bare)) then return true end
  end
  return false
end

local function rank(row)
  return tonumber(row:match("%d$"))
end

-- Of the device's names that are known the strictest counts; of equals, the first.
local function recognised(txn, names, user, row_of)
  local row, known
  for _, name in ipairs(names) do
    local entry = entry_of(txn, name)
    if entry then
      local class, logins = entry:match("^([^|]*)(.*)$")
      local found = row_of(is_one_of(user, logins) and class or "foreign")
      if not row or rank(found) > rank(row) then row = found end
      known = known or name
    end
  end
  return row or row_of("unknown"), known
end

local function row_without_copy()
  local stance = maps.door:lookup("stance")
  local reason = maps.door:lookup("until") == "0" and "no-copy" or "expired"
  local answer = GATEPOST.on_no_copy
  if stance == "observe" or stance == "open" then answer = "allow" end
  return answer .. "|" .. reason .. "|2"
end

local function is_shared(kind)
  return kind ~= "" and is_utf8(kind) and GATEPOST.shared_types[fold(kind)]
end

-- The answer

local function once(headers, name)
  local found = headers[name]
  return found and found[0] or "", not (found and found[1])
end

local function refusal(command, protocol, kind)
  local major = tonumber(protocol:match("^%d+")) or 0
  local name = GATEPOST.refusals[command]
  if major < 14 or not name or (is_utf8(kind) and GATEPOST.plain_types[fold(kind)]) then return "plain" end
  return name
end

local function decide(txn)
  local headers = txn.http:req_get_headers()
  local authorization, one = once(headers, "authorization")
  local version, alone = once(headers, "ms-asprotocolversion")
  local user, pass, names, command, protocol, kind = nil, false, {}, "other", "", ""
  if one and alone then
    if txn.sf:method():upper() == "OPTIONS" then
      pass = true
    else
      user, pass = user_of(txn, authorization)
      if user then names, command, protocol, kind = device_of(txn, txn.sf:url(), version) end
    end
  end
  txn:set_var("txn.gate_passed", pass)
  if pass then
    return txn:set_var("txn.gate_row", "allow|passed-on|0")
  end
  local row, known
  if tonumber(maps.door:lookup("until") or 0) <= core.now().sec then
    row = row_without_copy()
  else
    local function row_of(name) return maps.answers:lookup(name) or row_without_copy() end
    if #names == 0 then
      row = row_of("unidentified")
    else
      row, known = recognised(txn, names, user, row_of)
      local shared = is_shared(kind) and row_of("shared")
      -- What holds whatever is known of the device comes first, and stands in the place of unknown.
      if shared and (not known or rank(shared) >= rank(row)) then row = shared end
    end
  end
  txn:set_var("txn.gate_row", row)
  if row:find("^block|") then txn:set_var("txn.gate_refusal", refusal(command, protocol, kind)) end
  local encoded = {}
  for _, name in ipairs(names) do table.insert(encoded, name == known and 1 or #encoded + 1, txn.c:base64(name)) end
  txn:set_var("txn.gate_named", (user and txn.c:base64(user) or "") .. "|" .. table.concat(encoded, ","))
  txn:set_var("txn.gate_type", txn.c:base64(kind))
end

core.register_action("gatepost", { "http-req" }, decide)
