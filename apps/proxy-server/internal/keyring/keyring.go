// Package keyring keeps the keys that the server makes for itself: those that
// seal columns, stamp tickets, digest hints and sign tokens. Each is stored
// sealed by the key file. Where the file and the rows lie is left to others.
package keyring

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
	"golang.org/x/sync/singleflight"

	"securechat/internal/chat"
)

// freshness is how soon a key that another replica made or promoted is seen
// here. Keys are published long before they sign, so it need not be short.
const freshness = 30 * time.Second

// loading bounds a look into the store, which serves every caller who waits
// for the same keys and therefore does not end with the first of them.
const loading = 10 * time.Second

// Keyring seals, stamps and signs. Its methods may be called at once.
type Keyring struct {
	store  Store
	master tink.AEAD
	loads  singleflight.Group

	mu    sync.Mutex
	rings map[ringID]ring
}

// ringID names all keys of one site for one use.
type ringID struct {
	site chat.SiteID
	use  Use
}

// ring is what was last read of them, newest key first.
type ring struct {
	keys   []*key
	readAt time.Time
}

// NewKeyFile returns the content of a new key file: a Tink keyset in JSON with
// one XAES-256-GCM key. Whoever holds it can open everything that is sealed.
func NewKeyFile() ([]byte, error) {
	handle, err := keyset.NewHandle(aead.XAES256GCM192BitNonceKeyTemplate())
	if err != nil {
		return nil, fmt.Errorf("make master key: %w", err)
	}
	var file bytes.Buffer
	if err := insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(&file)); err != nil {
		return nil, fmt.Errorf("write master key: %w", err)
	}
	return file.Bytes(), nil
}

// Used says whether the store holds keys that a key file has sealed, so that
// a new file would be of no use to it.
func Used(ctx context.Context, store Store) (bool, error) {
	keys, err := store.Keys(ctx, "", UseData)
	if err != nil {
		return false, fmt.Errorf("look for keys: %w", err)
	}
	return len(keys) > 0, nil
}

// Open returns the keyring of a store. A key file that is damaged, or is not
// the one that sealed the store's keys, is an error that changes nothing.
func Open(ctx context.Context, keyFile []byte, store Store) (*Keyring, error) {
	master, err := readKeyFile(keyFile)
	if err != nil {
		return nil, err
	}
	k := &Keyring{store: store, master: master, rings: make(map[ringID]ring)}
	if _, err := k.ring(ctx, ringID{"", UseData}); err != nil {
		return nil, err
	}
	return k, nil
}

// readKeyFile leaves out why a file cannot be read: the cause would quote it.
func readKeyFile(content []byte) (tink.AEAD, error) {
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(content)))
	if err != nil {
		return nil, errors.New("the key file is damaged, or no key file at all: it must hold a Tink keyset in JSON")
	}
	master, err := aead.New(handle)
	if err != nil {
		return nil, errors.New("the key file holds no key that can seal")
	}
	return master, nil
}

// ring returns the keys for one use, made now where there are none.
func (k *Keyring) ring(ctx context.Context, id ringID) (ring, error) {
	if r, ok := k.cached(id); ok {
		return r, nil
	}
	return k.load(ctx, id)
}

func (k *Keyring) cached(id ringID) (ring, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	r, ok := k.rings[id]
	if id.use.rotates() && time.Since(r.readAt) > freshness {
		return ring{}, false
	}
	return r, ok
}

// known is what was last read, however long ago; the zero ring where nothing was.
func (k *Keyring) known(id ringID) ring {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.rings[id]
}

// load reads the keys from the store, once for all who ask at the same time.
func (k *Keyring) load(ctx context.Context, id ringID) (ring, error) {
	loaded := k.loads.DoChan(string(id.use)+"/"+string(id.site), func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), loading)
		defer cancel()
		return k.read(ctx, id)
	})
	select {
	case <-ctx.Done():
		return ring{}, ctx.Err()
	case result := <-loaded:
		r, _ := result.Val.(ring)
		return r, result.Err
	}
}

func (k *Keyring) read(ctx context.Context, id ringID) (ring, error) {
	rows, err := k.store.Keys(ctx, id.site, id.use)
	if err != nil {
		return ring{}, fmt.Errorf("read %s keys: %w", id.use, err)
	}
	if len(rows) == 0 {
		if rows, err = k.begin(ctx, id); err != nil {
			return ring{}, err
		}
	}
	keys, err := k.unwrapAll(rows)
	if err != nil {
		return ring{}, err
	}
	return k.remember(id, ring{keys: keys, readAt: time.Now()}), nil
}

// begin makes the first key of a use, and where the use rotates the next one
// with it. Of two replicas that begin at once, both read what was stored.
func (k *Keyring) begin(ctx context.Context, id ringID) ([]Key, error) {
	now := time.Now()
	if err := k.add(ctx, id, Key{Number: 1, Signs: true, SignsAt: now, MadeAt: now}); err != nil {
		return nil, err
	}
	if id.use.rotates() {
		if err := k.add(ctx, id, Key{Number: 2, MadeAt: now}); err != nil {
			return nil, err
		}
	}
	rows, err := k.store.Keys(ctx, id.site, id.use)
	if err == nil && len(rows) == 0 {
		err = chat.Missing() // the site was removed meanwhile
	}
	if err != nil {
		return nil, fmt.Errorf("read new %s keys: %w", id.use, err)
	}
	return rows, nil
}

func (k *Keyring) add(ctx context.Context, id ringID, row Key) error {
	row.Site, row.Use = id.site, id.use
	row, err := k.make(row)
	if err != nil {
		return fmt.Errorf("make %s key: %w", id.use, err)
	}
	if _, err := k.store.AddKey(ctx, row); err != nil {
		return fmt.Errorf("store %s key: %w", id.use, err)
	}
	return nil
}

// mostRings bounds the memory that keys of idle sites take.
const mostRings = 10_000

func (k *Keyring) remember(id ringID, r ring) ring {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.rings) >= mostRings {
		for other := range k.rings {
			delete(k.rings, other)
			break
		}
	}
	k.rings[id] = r
	return r
}

func (k *Keyring) forget(id ringID) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.rings, id)
}
