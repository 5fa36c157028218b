-- Counts conversations that were deleted elsewhere, each once. KEYS: stats, last_login, days, heads,
-- deleted. ARGV: their ids. Reply: nil without stats; else 1.
if not exists() then return false end
for _, id in ipairs(ARGV) do
  if redis.call('HEXISTS', KEYS[4], id) == 0 and redis.call('SADD', KEYS[5], id) == 1 then
    redis.call('HINCRBY', stats, 'conversations', 1)
  end
end
changed()
return 1
