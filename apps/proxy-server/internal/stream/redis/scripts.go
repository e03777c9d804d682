package redis

import (
	"fmt"

	"github.com/redis/rueidis"

	"securechat/internal/relay"
)

// A log is two keys of one hash slot. KEYS[1] is the stream: its ids are
// offsets, its fields the turn (t), the server's time in ms (a) and the sealed
// event (s). KEYS[2] is what outlives it: the epoch (e), the offset of the end
// (n), and for each open turn the offset that it began at (o:<turn>).

// life begins scripts that need a log, and makes one where there is none. Its
// epoch begins with the server's time, so that later ones sort later. A stream
// without its epoch is worth nothing.
const life = `
local function ms()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end
local function life(drawn)
  local of = redis.call('HMGET', KEYS[2], 'e', 'n')
  if of[1] and of[2] then return of[1], tonumber(of[2]) end
  local e = string.format('%011x', ms()) .. drawn
  redis.call('DEL', KEYS[1], KEYS[2])
  redis.call('HSET', KEYS[2], 'e', e, 'n', 0)
  redis.call('PEXPIRE', KEYS[2], {{epoch}})
  return e, 0
end
`

// appendScript takes digits for a new epoch, the turn or ”, '1' where that
// ends, and the sealed event. It returns the epoch and the offset after it.
var appendScript = rueidis.NewLuaScript(figures.Replace(life + `
local drawn, turn, ended, sealed = unpack(ARGV)
local e, n = life(drawn)
n = n + 1
local now = ms()
redis.call('HSET', KEYS[2], 'n', n)
redis.call('XADD', KEYS[1], n .. '-0', 't', turn, 'a', now, 's', sealed)
local known = turn ~= '' and ended == ''
if known then
  known = redis.call('HSETNX', KEYS[2], 'o:' .. turn, n - 1) == 0
elseif turn ~= '' then
  redis.call('HDEL', KEYS[2], 'o:' .. turn)
end
if not known or n % {{trim}} == 0 then
  local open = redis.call('HLEN', KEYS[2]) > 2
  redis.call('PEXPIRE', KEYS[1], open and {{turn}} or {{event}})
  redis.call('PEXPIRE', KEYS[2], open and {{turn}} or {{epoch}})
end
if n % {{trim}} == 0 then
  local cut = n - {{most}}
  for _, entry in ipairs(redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 2 * {{trim}})) do
    if now - entry[2][4] <= {{event}} then break end
    cut = math.max(cut, tonumber(string.match(entry[1], '%d+')))
  end
  local of = redis.call('HGETALL', KEYS[2])
  for i = 1, #of, 2 do
    if string.sub(of[i], 1, 2) == 'o:' then cut = math.min(cut, tonumber(of[i + 1])) end
  end
  if cut > 0 then redis.call('XTRIM', KEYS[1], 'MINID', '=', (cut + 1) .. '-0') end
end
redis.call('PUBLISH', KEYS[1], e .. '-' .. n .. ' ' .. sealed)
return {e, n}
`)) // told once more it would be told twice

// readScript takes digits for a new epoch, an epoch or ”, an offset and a
// number. It returns the log's epoch and end; where an epoch was given, 1 and
// up to that many events after the offset, or 0 where that is no place in this
// log any more.
var readScript = rueidis.NewLuaScriptRetryable(figures.Replace(life + `
local drawn, epoch, offset, most = unpack(ARGV)
local e, n = life(drawn)
if epoch == '' then return {e, n} end
offset = tonumber(offset)
if epoch ~= e or offset > n then return {e, n, 0} end
local told = {e, n, 1}
if offset == n then return told end
local entries = redis.call('XRANGE', KEYS[1], (offset + 1) .. '-0', '+', 'COUNT', most)
if #entries == 0 or entries[1][1] ~= (offset + 1) .. '-0' then return {e, n, 0} end
for _, entry in ipairs(entries) do told[#told + 1] = entry[2][6] end
return told
`))

// toldScript takes a turn. It returns the epoch, and the offset after each
// event of the turn with the event; nothing where there is no such log.
var toldScript = rueidis.NewLuaScriptRetryable(`
local of = redis.call('HMGET', KEYS[2], 'e', 'o:' .. ARGV[1])
if not of[1] then return {} end
local told = {of[1]}
local first = of[2] and (of[2] + 1) .. '-0' or '-'
for _, entry in ipairs(redis.call('XRANGE', KEYS[1], first, '+')) do
  if entry[2][2] == ARGV[1] then
    told[#told + 1] = string.match(entry[1], '%d+')
    told[#told + 1] = entry[2][6]
  end
end
return told
`)

// state is where a log stands.
type state struct {
	place    relay.Place // its end
	honoured bool        // the place that was asked for is one of its own
	sealed   []string    // what lies after that
}

// readState reads the answer of readScript.
func readState(values []rueidis.RedisMessage) (s state, err error) {
	if len(values) < 2 {
		return state{}, fmt.Errorf("the log's script answered %d values", len(values))
	}
	if s.place, err = readPlace(values[0], values[1]); err != nil || len(values) == 2 {
		return s, err
	}
	honoured, err := values[2].AsInt64()
	if err != nil {
		return state{}, err
	}
	s.honoured = honoured == 1
	for _, v := range values[3:] {
		sealed, err := v.ToString()
		if err != nil {
			return state{}, err
		}
		s.sealed = append(s.sealed, sealed)
	}
	return s, nil
}

func readPlace(epoch, offset rueidis.RedisMessage) (p relay.Place, err error) {
	e, err := epoch.ToString()
	if err != nil {
		return p, err
	}
	p.Epoch = relay.Epoch(e)
	p.Offset, err = offset.AsInt64()
	return p, err
}
