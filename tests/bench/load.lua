-- Sends the requests of a file in turn and prints what came of it as one line of JSON.
-- Arguments after `--`: the file (requests end with NUL; \1 stands for a number never used before),
-- and "check" to count the statuses, which costs wrk some of its speed.

local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

function init(args)
  local file = assert(io.open(args[1], 'rb'))
  requests, tails = {}, {}
  for request in string.gmatch(file:read('*a'), '%Z+') do
    local head, tail = string.match(request, '^([^\1]*)\1([^\1]*)$')
    requests[#requests + 1], tails[#tails + 1] = head or request, tail or false
  end
  file:close()
  math.randomseed(os.time())
  turn, fresh = math.random(#requests), os.time() * 2 ^ 20
  statuses = ''
  if args[2] == 'check' then response = count end
end

function request()
  turn = turn % #requests + 1
  local tail = tails[turn]
  if not tail then return requests[turn] end
  fresh = fresh + 1
  return requests[turn] .. string.format('%016.0f', fresh) .. tail
end

local counts = {}

function count(status)
  counts[status] = (counts[status] or 0) + 1
  -- Only plain globals can be read from outside of the thread.
  local parts = {}
  for code, number in pairs(counts) do parts[#parts + 1] = '"' .. code .. '":' .. number end
  statuses = table.concat(parts, ',')
end

function done(summary, latency)
  local errors = summary.errors
  local bad = errors.connect + errors.read + errors.write + errors.timeout + errors.status
  local line = '{"requests":%d,"us":%d,"bytes":%d,"p50":%d,"p99":%d,"bad":%d,"statuses":{%s}}'
  print('\n' .. string.format(line, summary.requests, summary.duration, summary.bytes,
    latency:percentile(50), latency:percentile(99), bad, threads[1]:get('statuses')))
end
