-- Counts a day as active. KEYS: stats, last_login, days.
-- ARGV: the day, as `count_day` takes it. Reply: nil without stats; else {1 if it was counted, snapshot...}.
if not exists() then return false end
return {count_day(unpack(ARGV)) and 1 or 0, snapshot()}
