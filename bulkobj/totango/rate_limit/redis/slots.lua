-- One step of a slot store that several machines share: a change, then a look at how things stand. A change is made only
-- if nothing is new since the look that it was decided on, which the stamp tells. What follows from a look is decided
-- in rate_limit/slots.py and slots.py; here is only what must happen at once, and by this server's clock.
--
-- KEYS  the state, a hash; the slots, a sorted set: their ids by when each was over or will be at the latest
-- ARGV  hold and calls: how long a slot is held, and how many there are, for the one who looks
--       stamp and change, as JSON: {anew, state: {field: value}, slots: {id: over}}; "" and "" for a look alone
--       kept, in ticks, and expiry, in milliseconds: how long slots and the slot store outlive their use
--
-- A tick is a microsecond. Lua writes large numbers with 14 digits unless it is told otherwise.

local state, slots = KEYS[1], KEYS[2]
local hold, calls, kept = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[5])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local server = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') or ''

local function whole(number)
  return string.format('%.0f', number)
end

local function stamp()
  local marks = redis.call('HMGET', state, 'lost_at', 'version', 'server')
  local rows = redis.call('ZCARD', slots)
  return table.concat({server, marks[1] or '', marks[2] or '', marks[3] or '', rows}, ' ')
end

local applied = ARGV[3] ~= '' and ARGV[3] == stamp()
if applied then
  local change = cjson.decode(ARGV[4])
  if change.anew then
    redis.call('DEL', state, slots)
  end
  for slot, over in pairs(change.slots) do
    redis.call('ZADD', slots, over, slot)
  end
  for field, value in pairs(change.state) do
    redis.call('HSET', state, field, value)
  end
  redis.call('ZREMRANGEBYSCORE', slots, '-inf', whole(now - kept))
  -- The latest time that was ever seen stays, so that a clock set back meanwhile is noticed by the next look.
  local seen = math.max(now, tonumber(redis.call('HGET', state, 'seen') or '') or 0)
  redis.call('HINCRBY', state, 'version', 1)
  redis.call('HSET', state, 'server', server, 'seen', whole(seen), 'rows', redis.call('ZCARD', slots))
  redis.call('PEXPIRE', state, ARGV[6])
  redis.call('PEXPIRE', slots, ARGV[6])
end

local since = '(' .. whole(now - hold)
local held = redis.call('ZCOUNT', slots, since, '+inf')
local next_over = ''
if held >= calls then
  next_over = redis.call('ZRANGEBYSCORE', slots, since, '+inf', 'WITHSCORES', 'LIMIT', held - calls, 1)[2]
end

-- A call sent after a moment is over after it, too: that narrows the search.
local quota = redis.call('HMGET', state, 'quota_after', 'quota_until')
local spent, in_flight = 0, 0
if now < (tonumber(quota[2] or '') or 0) then
  local rows = redis.call('ZRANGEBYSCORE', slots, '(' .. quota[1], '+inf', 'WITHSCORES')
  for row = 1, #rows, 2 do
    if tonumber(rows[row]) > tonumber(quota[1]) then
      spent = spent + 1
      if tonumber(rows[row + 1]) > now then
        in_flight = 1
      end
    end
  end
end

return {
  applied and 1 or 0, stamp(), whole(now), server, redis.call('ZCARD', slots), next_over, spent, in_flight,
  redis.call('HGETALL', state), redis.call('ZRANGEBYSCORE', slots, since, '+inf', 'WITHSCORES'),
}
