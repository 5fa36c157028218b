-- The recent conversations: at most three, newest first; a chat stands in them once.
local function read_recent()
  local stored = redis.call('HGET', stats, 'recent_conversations')
  if not stored or stored == '' then return {} end
  return cjson.decode(stored)
end

local function write_recent(recent)
  while #recent > 3 do table.remove(recent) end
  redis.call('HSET', stats, 'recent_conversations', #recent == 0 and '[]' or cjson.encode(recent))
end

local function without_chat(recent, id)
  local rest = {}
  for _, item in ipairs(recent) do
    if not id or item.id ~= id then rest[#rest + 1] = item end
  end
  return rest
end

local function insert_recent(recent, item)
  local place = 1
  while recent[place] and recent[place].timestamp > item.timestamp do place = place + 1 end
  table.insert(recent, place, item)
end
