-- Reads the stats. KEYS: stats, last_login, days. Reply: nil without stats; else the snapshot.
if not exists() then return false end
return {snapshot()}
