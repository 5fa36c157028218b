-- A right code ends a row of wrong ones (two_factor/count_attempt.lua).
local function forget_wrong_codes(account)
  redis.call('HDEL', account, 'code_attempts', 'codes_locked', 'codes_lock_told')
end
