-- Before the name of a customer that was about to be claimed for a user, in the user's billing.
local CLAIM = 'claim:'

-- The Stripe customers noted with a user, and as 'claim:customer' those that may be claimed only.
local function read_customers(billing, customers)
  local names = redis.call('SMEMBERS', customers)
  local stored = redis.call('HGETALL', billing)
  for i = 1, #stored, 2 do
    if string.sub(stored[i], 1, #CLAIM) == CLAIM then names[#names + 1] = stored[i] end
  end
  return names
end

local function note_customer(billing, customers, customer)
  redis.call('SADD', customers, customer)
  redis.call('HDEL', billing, CLAIM .. customer)
end
