-- Puts a conversation among the recent ones. KEYS: stats, last_login, days.
-- ARGV: the conversation (JSON). Reply: nil without stats; else the snapshot.
if not exists() then return false end
local recent = read_recent()
insert_recent(recent, cjson.decode(ARGV[1]))
write_recent(recent)
changed()
return {snapshot()}
