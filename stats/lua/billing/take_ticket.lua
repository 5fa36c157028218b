-- Takes a ticket before Stripe is asked.
-- KEYS: stats, last_login, days, billing, billing:ticket, billing:done, customers.
-- ARGV: event id or '', a customer that is bound to the user or ''.
-- Reply: nil without stats; {0} for an event already done; else {ticket, stored subscriptions or
-- nil, customers... (read_customers)}.
-- It writes in each case with stats, so that a caller can wait until a replica has the event, too.
if not exists() then return false end
-- A crash after the look-up was claimed left it out.
if ARGV[2] ~= '' then note_customer(KEYS[4], KEYS[7], ARGV[2]) end
local ticket = redis.call('INCR', KEYS[5])
if ARGV[1] ~= '' and redis.call('ZSCORE', KEYS[6], ARGV[1]) then return {0} end
local reply = {ticket, redis.call('HGET', KEYS[4], 'subscriptions')}
for _, customer in ipairs(read_customers(KEYS[4], KEYS[7])) do reply[#reply + 1] = customer end
return reply
