-- Decides what haproxy.cfg cannot by look-ups alone: every request but the usual one that is let through. HAProxy loads
-- it with haproxy_text.lua and haproxy_users.lua before it, as one text.
--
-- The reading is a port of doors/activesync.py, and tests hold the two to each other (I-1, I-30). It never guesses: what
-- servers could read in two ways is unidentified. `GATEPOST`, which stands above this text in the file that HAProxy
-- loads, says: `directory` of the maps, `fold` (what case-folding makes of a character), `shared_types`, `plain_types`,
-- `refusals` (the commands with a body of Status 129), `on_no_copy`; whence the user comes: `users`, in order,
-- `user_by_certificate`, `user_header`, `bearer_claim`; `certificates`: tls (haproxy.cfg says in txn.gate_certificate
-- which one it verified), header (what stands before HAProxy says so), or nothing.
--
-- What it leaves for haproxy.cfg:
--   txn.gate_row      ANSWER|REASON|RANK, as in answers.map
--   txn.gate_passed   whether the mail server answers this by itself
--   txn.gate_refusal  where ANSWER is block: a command of `refusals`, or plain
--   txn.gate_named    base64 of the login | base64 of each of the device's names, with commas between, first the one
--                     by which it is known; before them c:HEX for a client certificate
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

local function key_of(txn, name)
  local key = fold(name)
  if #key > 400 then key = "\255" .. txn.c:sha2(key, 256) end -- as in entry.identity_key
  return escaped(key)
end

local function entry_of(key)
  local entry = maps.recent:lookup(key) or maps.devices:lookup(key)
  return entry ~= "-" and entry or nil
end

-- Whether the logins of an entry name the user, or the user without a domain; nobody named is no contradiction.
local function names(entry, user)
  if not user then return true end
  local bare = without_domain(user)
  for login in entry:gmatch("|([^|]*)") do
    if login == "ANY" or login == escaped(user) or (bare ~= "" and login == escaped(bare)) then return true end
  end
  return false
end

local function rank(row)
  return tonumber(row:match("%d$"))
end

-- The strictest of what is found counts, of equals the first: a port of Judge.recognise. `holds`: a reason that holds
-- whatever is known of the device.
local function recognised(txn, ids, user, certificate, holds, row_of)
  local found, claims, known = {}, {}, nil
  local function judged(entry)
    return names(entry, user) and entry:match("^[^|]*") or "foreign"
  end
  local own = certificate ~= "" and entry_of("c:" .. certificate)
  for _, name in ipairs(ids) do
    local entry = entry_of(key_of(txn, name))
    if entry then
      known = known or name
      local same = own and own:match("|(T%x+)$")
      if not (same and same == entry:match("|(T%x+)$")) then claims[#claims + 1] = judged(entry) end
    end
  end
  if own then
    if claims[1] then found[1] = "mismatch" end
    local reason = judged(own)
    found[#found + 1] = reason == "foreign" and "mismatch" or reason
  else
    if certificate ~= "" or not (claims[1] or holds) then found[1] = "unknown" end
    found[#found + 1] = holds
  end
  table.move(claims, 1, #claims, #found + 1, found)
  local row
  for _, reason in ipairs(found) do
    local other = row_of(reason)
    if not row or rank(other) > rank(row) then row = other end
  end
  return row, known
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

-- Who asks, with which ids, by which certificate, for what; and whether the mail server answers this by itself.
-- Without a user that can be read there are no ids and no certificate.
local function read(txn)
  local asked = { ids = {}, certificate = "", command = "other", protocol = "", kind = "" }
  local headers = txn.http:req_get_headers()
  local authorization, one = once(headers, "authorization")
  local version, alone = once(headers, "ms-asprotocolversion")
  local sent, single = "", true
  if GATEPOST.user_header then sent, single = once(headers, GATEPOST.user_header) end
  local shown, only = "", true
  if GATEPOST.certificates == "header" then
    shown, only = once(headers, "x-gatepost-certificate")
  elseif GATEPOST.certificates == "tls" then
    shown = txn:get_var("txn.gate_certificate") or ""
  end
  if not (one and alone and single and only) then return asked end
  local certificate = fingerprint(txn, shown)
  if not certificate then return asked end
  asked.pass = txn.sf:method():upper() == "OPTIONS"
  local user = not asked.pass and user_of(txn, authorization, sent, certificate)
  asked.pass = asked.pass or user == PASS
  if asked.pass or user == UNREAD then return asked end
  asked.user = user
  local ids
  ids, asked.command, asked.protocol, asked.kind = device_of(txn, txn.sf:url(), version)
  asked.ids = ids
  -- What cannot be read in one way is unidentified, whatever certificate comes with it.
  asked.certificate = ids[1] and certificate or ""
  return asked
end

local function row_for(txn, asked)
  if tonumber(maps.door:lookup("until") or 0) <= core.now().sec then return row_without_copy() end
  local function row_of(name) return maps.answers:lookup(name) or row_without_copy() end
  if not asked.ids[1] then return row_of("unidentified") end
  local holds = is_shared(asked.kind) and "shared" or nil
  return recognised(txn, asked.ids, asked.user, asked.certificate, holds, row_of)
end

local function decide(txn)
  local asked = read(txn)
  txn:set_var("txn.gate_passed", asked.pass or false)
  if asked.pass then
    return txn:set_var("txn.gate_row", "allow|passed-on|0")
  end
  local row, known = row_for(txn, asked)
  txn:set_var("txn.gate_row", row)
  if row:find("^block|") then
    txn:set_var("txn.gate_refusal", refusal(asked.command, asked.protocol, asked.kind))
  end
  local encoded = {}
  for _, name in ipairs(asked.ids) do
    table.insert(encoded, name == known and 1 or #encoded + 1, txn.c:base64(name))
  end
  if asked.certificate ~= "" then table.insert(encoded, 1, "c:" .. asked.certificate) end
  txn:set_var("txn.gate_named", (asked.user and txn.c:base64(asked.user) or "") .. "|" .. table.concat(encoded, ","))
  txn:set_var("txn.gate_type", txn.c:base64(asked.kind))
end

core.register_action("gatepost", { "http-req" }, decide)
