-- Ends all sessions but one. KEYS: stats, last_login, days, account, sessions. ARGV: session id, its new id.
-- Reply: 1, or 0 when the session itself had ended.
return renew_session(KEYS[5], ARGV[1], ARGV[2]) and 1 or 0
