-- Who asks. A port of doors/request.py and doors/credentials.py: each source gives the user, case-folded; or UNREAD,
-- where it is there and names nobody for sure; or PASS, where the mail server is to answer; or nil, where it is not there.

local UNREAD, PASS = {}, {}

local function user_named(name)
  if not is_utf8(name) then name = from_latin1(name) end
  if name == "" or name:find("[\0-\31\127]") then return UNREAD end
  return fold(name)
end

local function basic_user(txn, authorization)
  if authorization == "" then return PASS end
  if authorization:sub(1, 6):lower() ~= "basic " then return UNREAD end
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
      return guess:find(":", 1, true) and UNREAD or PASS
    end
  end
  local colon = pair:find(":", 1, true)
  if not colon then return PASS end
  return user_named(pair:sub(1, colon - 1))
end

-- JSON (RFC 8259) as Python reads it: NaN and Infinity are numbers, a name twice is an error, and so is an integer of
-- more than 4300 digits. Each gives the value and where it ends, or nil; of values that are no objects and no texts
-- only that they are there.

local LONGEST_INTEGER = 4300
local OTHER = {}
local MARKS = { ['"'] = '"', ["\\"] = "\\", ["/"] = "/", b = "\b", f = "\f", n = "\n", r = "\r", t = "\t" }
local WORDS = { "null", "true", "false", "NaN", "Infinity", "-Infinity" }
local json_value

local function json_text(text, at)
  local parts = {}
  while true do
    local stop = text:find('[%c"\\]', at)
    -- 127 is no control sign here.
    while stop and text:byte(stop) == 127 do stop = text:find('[%c"\\]', stop + 1) end
    if not stop then return nil end
    parts[#parts + 1] = text:sub(at, stop - 1)
    local sign = text:sub(stop, stop)
    if sign == '"' then return table.concat(parts), stop + 1 end
    if sign ~= "\\" then return nil end
    local mark = text:sub(stop + 1, stop + 1)
    at = stop + 2
    if mark == "u" then
      local hex = text:match("^%x%x%x%x", at)
      if not hex then return nil end
      local code = tonumber(hex, 16)
      at = at + 4
      if code >= 0xD800 and code < 0xDC00 and text:find("^\\u", at) then
        local second = text:match("^%x%x%x%x", at + 2)
        if not second then return nil end
        local low = tonumber(second, 16)
        if low >= 0xDC00 and low < 0xE000 then
          code = 0x10000 + (code - 0xD800) * 0x400 + low - 0xDC00
          at = at + 6
        end
      end
      parts[#parts + 1] = utf8.char(code)
    elseif MARKS[mark] then
      parts[#parts + 1] = MARKS[mark]
    else
      return nil
    end
  end
end

local function after_blanks(text, at)
  return text:find("[^ \t\r\n]", at) or #text + 1
end

local function json_number(text, at)
  local digits, stop = text:match("^%-?(0)()", at)
  if not digits then digits, stop = text:match("^%-?([1-9]%d*)()", at) end
  if not digits then return nil end
  local whole = true
  for _, part in ipairs({ "^%.%d+()", "^[eE][+-]?%d+()" }) do
    local beyond = text:match(part, stop)
    if beyond then stop, whole = beyond, false end
  end
  if whole and #digits > LONGEST_INTEGER then return nil end
  return OTHER, stop
end

local function json_array(text, at)
  at = after_blanks(text, at)
  if text:sub(at, at) == "]" then return OTHER, at + 1 end
  while true do
    local value
    value, at = json_value(text, at)
    if value == nil then return nil end
    at = after_blanks(text, at)
    local sign = text:sub(at, at)
    if sign == "]" then return OTHER, at + 1 end
    if sign ~= "," then return nil end
    at = after_blanks(text, at + 1)
  end
end

local function json_object(text, at)
  local found = {}
  at = after_blanks(text, at)
  if text:sub(at, at) == "}" then return found, at + 1 end
  while true do
    if text:sub(at, at) ~= '"' then return nil end
    local name, value
    name, at = json_text(text, at + 1)
    if not name or found[name] ~= nil then return nil end
    at = after_blanks(text, at)
    if text:sub(at, at) ~= ":" then return nil end
    value, at = json_value(text, after_blanks(text, at + 1))
    if value == nil then return nil end
    found[name] = value
    at = after_blanks(text, at)
    local sign = text:sub(at, at)
    if sign == "}" then return found, at + 1 end
    if sign ~= "," then return nil end
    at = after_blanks(text, at + 1)
  end
end

function json_value(text, at)
  local sign = text:sub(at, at)
  if sign == '"' then return json_text(text, at + 1) end
  if sign == "{" then return json_object(text, at + 1) end
  if sign == "[" then return json_array(text, at + 1) end
  for _, word in ipairs(WORDS) do
    if text:sub(at, at + #word - 1) == word then return OTHER, at + #word end
  end
  return json_number(text, at)
end

-- A token's claims, or nil.
local function claims_of(txn, segment)
  if #segment % 4 == 1 then return nil end
  local text = decoded(txn, (segment:gsub("-", "+"):gsub("_", "/")))
  if not is_utf8(text) or select(2, text:gsub("[%[{]", "")) > GATEPOST.most_brackets then return nil end
  local start = after_blanks(text, 1)
  if text:sub(start, start) ~= "{" then return nil end
  local found, stop = json_object(text, start + 1)
  return found and after_blanks(text, stop) > #text and found or nil
end

local function bearer_user(txn, authorization)
  if #authorization > GATEPOST.longest_token then return UNREAD end
  local token = without_tail(authorization:sub(7):gsub("^ +", ""), " ")
  local segment = token:match("^[A-Za-z0-9_-]+%.([A-Za-z0-9_-]+)%.[A-Za-z0-9_-]*$")
  local claims = segment and claims_of(txn, segment)
  local name = claims and claims[GATEPOST.bearer_claim]
  return type(name) == "string" and user_named(name) or UNREAD
end

local SOURCES = {
  basic = function(txn, authorization)
    return authorization:sub(1, 5):lower() == "basic" and basic_user(txn, authorization) or nil
  end,
  bearer = function(txn, authorization)
    return authorization:sub(1, 6):lower() == "bearer" and bearer_user(txn, authorization) or nil
  end,
  header = function(_, _, sent)
    return sent ~= "" and user_named(sent) or nil
  end,
  certificate = function() return nil end,
}

local function without_domain(user)
  return user:match("[^\\]*$"):match("^[^@]*")
end

-- Whether two names may be one user's: the same, or one of them without the domain of the other.
local function alike(one, other)
  return one == other or one == without_domain(other) or other == without_domain(one)
end

-- The user whom the sources name, the first of them if all agree; UNREAD; PASS; or nil, where it is whoever the
-- certificate's device belongs to. `sent`: the header that names a user.
local function user_of(txn, authorization, sent, certificate)
  local named, pass = {}, false
  for _, source in ipairs(GATEPOST.users) do
    local user = SOURCES[source](txn, authorization, sent)
    if user == UNREAD then return UNREAD end
    if user == PASS then pass = true elseif user then named[#named + 1] = user end
  end
  for at, one in ipairs(named) do
    for other = at + 1, #named do
      if not alike(one, named[other]) then return UNREAD end
    end
  end
  if named[1] then return named[1] end
  if certificate ~= "" and GATEPOST.user_by_certificate then return nil end
  return (pass or authorization == "") and PASS or UNREAD
end

local BEGIN, END = ("-----BEGIN CERTIFICATE-----"):gsub("%-", "%%-"), ("-----END CERTIFICATE-----"):gsub("%-", "%%-")

-- The lower-case hex of a certificate's SHA-256, from that hex or from the certificate (PEM, RFC 7468); "" if none was
-- sent; nil if it cannot be read.
local function fingerprint(txn, sent)
  if sent == "" or sent:lower() == GATEPOST.of_nothing then return "" end
  if sent:find("^%x+$") and #sent == 64 then return sent:lower() end
  if #sent > GATEPOST.longest_certificate then return nil end
  local body = unquoted(sent):match("^%s*" .. BEGIN .. "([A-Za-z0-9+/=%s]+)" .. END .. "%s*$")
  local core, padding = (body or ""):gsub("%s", ""):match("^([A-Za-z0-9+/]+)(=*)$")
  if not core or #padding > 2 or (#core + #padding) % 4 ~= 0 then return nil end
  local der = decoded(txn, core)
  if der == "" then return nil end
  return (txn.c:sha2(der, 256):gsub(".", function(byte) return string.format("%02x", byte:byte()) end))
end

