-- Asks the door whether a login may go on (Dovecot 2.3, passdb lua). Written by `gatepost door config dovecot`.
-- Needs Debian's dovecot-auth-lua and lua-cjson.

local json = require "cjson"

local LOGIN = "@login@"

-- Milliseconds for everything. With auth_failure_delay a login is delayed by 2 seconds at most, once.
local ANSWER_WITHIN = 900

local client

function script_init()
  client = dovecot.http.client({
    connect_timeout_msecs = ANSWER_WITHIN,
    request_timeout_msecs = ANSWER_WITHIN,
    request_absolute_timeout_msecs = ANSWER_WITHIN,
    max_attempts = 1,
    max_connect_attempts = 1,
    no_auto_redirect = true,
    no_auto_retry = true,
  })
  return 0
end

-- Mail programs are told NO [UNAVAILABLE], and try again. Postfix 3.7 tells no difference: 535.
local function undecided(why)
  return dovecot.auth.PASSDB_RESULT_INTERNAL_FAILURE, "the door cannot decide: " .. why
end

function auth_password_verify(req, password)
  local request = client:request({ url = LOGIN, method = "POST" })
  request:add_header("Content-Type", "application/json")
  request:set_payload(json.encode({ user = req.user, password = password }))
  local response = request:submit()
  if response:status() ~= 200 then
    return undecided("status " .. response:status() .. " " .. tostring(response:reason()))
  end
  local read, answer = pcall(json.decode, response:payload())
  local result = read and type(answer) == "table" and answer.result
  if result == "mismatch" then
    return dovecot.auth.PASSDB_RESULT_PASSWORD_MISMATCH, {}
  elseif result == "disabled" then
    return dovecot.auth.PASSDB_RESULT_USER_DISABLED, {}
  elseif result ~= "ok" or type(answer.user) ~= "string" or type(answer.login) ~= "string" then
    return undecided("it says " .. tostring(result))
  elseif answer.login ~= req.user:lower() then
    return undecided("it speaks of somebody else")
  end
  if req.service == "smtp" then
    -- Postfix compares this name with the owners of sender addresses. The device stands in the log here.
    dovecot.i_info("gatepost: " .. answer.user .. " sends mail")
    return dovecot.auth.PASSDB_RESULT_OK, { user = answer.login }
  end
  return dovecot.auth.PASSDB_RESULT_OK, { user = answer.user }
end
