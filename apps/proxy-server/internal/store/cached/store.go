// Package cached remembers visitors and their sessions in front of another store: in this process
// for a few seconds, in Redis for a minute, so that what a visitor does next
// asks the database nothing. It never answers what the store behind it would
// not have answered a moment ago, and where Redis is away it asks that.
package cached

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json/v2"
	"strconv"
	"sync"
	"time"

	"github.com/redis/rueidis"

	"securechat/internal/chat"
	"securechat/internal/gate"
)

const (
	patience = 250 * time.Millisecond // with Redis: the store answers too
	kept     = time.Minute            // in Redis
	nearby   = 5 * time.Second        // in this process, where Redis would tell of a change, but may have gone
	unsure   = 5 * time.Second        // after a change, nothing is kept that may have been read before it
	slowest  = 3 * time.Second        // a look into the store that takes longer is not kept
)

// Sealer hides what is known of visitors from whoever reads Redis. What Seal
// returned opens only with the same aad.
type Sealer interface {
	Seal(ctx context.Context, site chat.SiteID, plain, aad []byte) ([]byte, error)
	Open(ctx context.Context, site chat.SiteID, sealed, aad []byte) ([]byte, error)
}

// Options are what a store stands on.
type Options struct {
	Store gate.Store
	// Client returns the client, or why there is none yet.
	Client func() (rueidis.Client, error)
	Sealer Sealer
	Prefix string // of every key
}

// Store is a [gate.Store] in front of another. Run must run, so that no change
// is forgotten while Redis is away.
type Store struct {
	gate.Store

	options Options
	unsure  time.Duration

	mu     sync.Mutex
	untold map[chat.VisitorID]struct{}  // whose change Redis has yet to hear
	recent map[chat.VisitorID]time.Time // of whom something changed here, and when
}

// memory is what is remembered of a credential.
type memory struct {
	Holder gate.Holder `json:"holder"`
	At     time.Time   `json:"at"` // when it was so
}

// holds says whether it may be told at now.
func (m memory) holds(now time.Time) bool {
	return !now.Before(m.At) && now.Before(m.At.Add(kept)) && now.Before(m.Holder.CredentialUntil)
}

// New returns a store that remembers what another says.
func New(o Options) *Store {
	return &Store{Store: o.Store, options: o, unsure: unsure, untold: map[chat.VisitorID]struct{}{}, recent: map[chat.VisitorID]time.Time{}}
}

// Holder implements [gate.Store].
func (s *Store) Holder(ctx context.Context, hash []byte, now time.Time) (gate.Holder, error) {
	key := s.holderKey(hash)
	if m := s.recall(ctx, key); m.holds(now) && !s.justChanged(m.Holder.Visitor.ID) {
		return m.Holder, nil
	}
	begun := time.Now()
	h, err := s.Store.Holder(ctx, hash, now)
	if err == nil && time.Since(begun) < slowest {
		s.keep(ctx, key, memory{Holder: h, At: now})
	}
	return h, err
}

// recall returns what is remembered under a key, or nothing.
func (s *Store) recall(ctx context.Context, key string) (m memory) {
	client, err := s.options.Client()
	if err != nil {
		return m
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	sealed, err := client.DoCache(ctx, client.B().Get().Key(key).Cache(), nearby).AsBytes()
	if err != nil {
		return m
	}
	plain, err := s.options.Sealer.Open(ctx, "", sealed, []byte(key))
	if err != nil || json.Unmarshal(plain, &m) != nil {
		return memory{}
	}
	return m
}

// keepScript remembers what a visitor's credential stands for, unless something
// of the visitor has just changed. KEYS: the credential's, the visitor's, the
// change's; ARGV: what is remembered, and for how long in ms.
var keepScript = rueidis.NewLuaScript(`
if redis.call('EXISTS', KEYS[3]) == 1 then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('SADD', KEYS[2], KEYS[1])
redis.call('PEXPIRE', KEYS[2], ARGV[2])
return 1
`)

func (s *Store) keep(ctx context.Context, key string, m memory) {
	client, err := s.options.Client()
	if err != nil {
		return
	}
	plain, err := json.Marshal(m, json.FormatNilSliceAsNull(true))
	if err != nil {
		return
	}
	sealed, err := s.options.Sealer.Seal(ctx, "", plain, []byte(key))
	if err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_ = keepScript.Exec(ctx, client, []string{key, s.visitorKey(m.Holder.Visitor.ID), s.changeKey(m.Holder.Visitor.ID)},
		[]string{string(sealed), strconv.FormatInt(kept.Milliseconds(), 10)}).Error() // what is not kept is asked for again
}

// forgetScript forgets all that is remembered of a visitor. KEYS: the
// visitor's, the change's; ARGV: how long nothing is kept of it, in ms.
var forgetScript = rueidis.NewLuaScriptRetryable(`
redis.call('SET', KEYS[2], 1, 'PX', ARGV[1])
for _, key in ipairs(redis.call('SMEMBERS', KEYS[1])) do redis.call('DEL', key) end
redis.call('DEL', KEYS[1])
return 0
`)

// changed forgets a visitor of whom something has changed in the store: the end
// of one session ends credentials of those before it. What Redis
// cannot be told now it is told by Run.
func (s *Store) changed(ctx context.Context, id chat.VisitorID) {
	s.mu.Lock()
	s.recent[id] = time.Now()
	s.mu.Unlock()
	if s.forget(ctx, id) == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.untold[id] = struct{}{}
}

// justChanged says whether this process may not have heard yet that it has
// forgotten the visitor itself.
func (s *Store) justChanged(id chat.VisitorID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, ok := s.recent[id]
	return ok && time.Since(at) < s.unsure
}

func (s *Store) forget(ctx context.Context, id chat.VisitorID) error {
	client, err := s.options.Client()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	return forgetScript.Exec(ctx, client, []string{s.visitorKey(id), s.changeKey(id)},
		[]string{strconv.FormatInt(s.unsure.Milliseconds(), 10)}).Error()
}

// Run tells Redis of changes that it could not be told of, and forgets those
// that all have heard of, until ctx ends.
func (s *Store) Run(ctx context.Context) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			s.tell(ctx)
		case <-ctx.Done():
			return nil
		}
	}
}

func (s *Store) tell(ctx context.Context) {
	s.mu.Lock()
	var untold []chat.VisitorID
	for id := range s.untold {
		untold = append(untold, id)
	}
	for id, at := range s.recent {
		if time.Since(at) > s.unsure {
			delete(s.recent, id)
		}
	}
	s.mu.Unlock()
	for _, id := range untold {
		if s.forget(ctx, id) != nil {
			return
		}
		s.mu.Lock()
		delete(s.untold, id)
		s.mu.Unlock()
	}
}

// Open implements [gate.Store].
func (s *Store) Open(ctx context.Context, o gate.Opening) error {
	defer s.changed(ctx, o.Visitor.ID)
	return s.Store.Open(ctx, o)
}

// Touch implements [gate.Store].
func (s *Store) Touch(ctx context.Context, session chat.Session, now time.Time) error {
	defer s.changed(ctx, session.VisitorID)
	return s.Store.Touch(ctx, session, now)
}

// End implements [gate.Store].
func (s *Store) End(ctx context.Context, session chat.Session, now time.Time) error {
	defer s.changed(ctx, session.VisitorID)
	return s.Store.End(ctx, session, now)
}

// NewConversation implements [gate.Store].
func (s *Store) NewConversation(ctx context.Context, session chat.Session, c chat.ConversationID, now time.Time) error {
	defer s.changed(ctx, session.VisitorID)
	return s.Store.NewConversation(ctx, session, c, now)
}

// holderKey does not give the hash away, by which a store could be asked.
func (s *Store) holderKey(hash []byte) string {
	sum := sha256.Sum256(hash)
	return s.options.Prefix + "holder:" + base64.RawURLEncoding.EncodeToString(sum[:16])
}

func (s *Store) visitorKey(id chat.VisitorID) string {
	return s.options.Prefix + "visitor:" + string(id)
}

func (s *Store) changeKey(id chat.VisitorID) string { return s.visitorKey(id) + ":changed" }
