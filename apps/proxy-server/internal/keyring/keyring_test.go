package keyring_test

import (
	"bytes"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"securechat/internal/chat"
	"securechat/internal/keyring"
	"securechat/internal/store/sqlite"
	"securechat/internal/store/sqlstore"
)

func newStore(t *testing.T) keyring.Store {
	t.Helper()
	engine, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "chat.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { engine.Close() })
	if err := sqlstore.Migrate(t.Context(), engine); err != nil {
		t.Fatal(err)
	}
	return sqlstore.NewKeys(engine)
}

func newFile(t *testing.T) []byte {
	t.Helper()
	file, err := keyring.NewKeyFile()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func open(t *testing.T, file []byte, store keyring.Store) *keyring.Keyring {
	t.Helper()
	k, err := keyring.Open(t.Context(), file, store)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

var (
	shop  = chat.SiteID("0192f000-0000-7000-8000-000000000001")
	other = chat.SiteID("0192f000-0000-7000-8000-000000000002")
)

func TestASealedValueOpensOnlyWhereItWasSealed(t *testing.T) {
	k := open(t, newFile(t), newStore(t))
	plain, place := []byte("what was said"), []byte("messages|text|1")
	sealed, err := k.Seal(t.Context(), shop, plain, place)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, plain) {
		t.Fatal("the text can be read")
	}
	if got, err := k.Open(t.Context(), shop, sealed, place); err != nil || !bytes.Equal(got, plain) {
		t.Errorf("opened as %q, %v", got, err)
	}
	broken := func(what string, site chat.SiteID, sealed, place []byte) {
		t.Helper()
		if got, err := k.Open(t.Context(), site, sealed, place); !errors.Is(err, keyring.ErrBroken) {
			t.Errorf("%s: opened as %q, %v", what, got, err)
		}
	}
	broken("at another site", other, sealed, place)
	broken("as the server's own", "", sealed, place)
	broken("in another row", shop, sealed, []byte("messages|text|2"))
	broken("cut short", shop, sealed[:len(sealed)-1], place)
	broken("empty", shop, nil, place)
	for i := range sealed {
		flipped := bytes.Clone(sealed)
		flipped[i] ^= 1
		broken("with a flipped bit", shop, flipped, place)
	}
}

func TestTwoSealsOfOneTextDiffer(t *testing.T) {
	k := open(t, newFile(t), newStore(t))
	one, _ := k.Seal(t.Context(), shop, []byte("hello"), nil)
	two, err := k.Seal(t.Context(), shop, []byte("hello"), nil)
	if err != nil || bytes.Equal(one, two) {
		t.Errorf("the same text shows: %x, %x, %v", one, two, err)
	}
}

func TestAnotherKeyFileIsRefusedAndChangesNothing(t *testing.T) {
	store, file := newStore(t), newFile(t)
	sealed, err := open(t, file, store).Seal(t.Context(), shop, []byte("hello"), nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, wrong := range map[string][]byte{
		"another":  newFile(t),
		"empty":    {},
		"damaged":  file[:len(file)/2],
		"no key":   []byte(`{"primaryKeyId":1,"key":[]}`),
		"not JSON": []byte("canary"),
	} {
		_, err := keyring.Open(t.Context(), wrong, store)
		if err == nil || !strings.Contains(err.Error(), "key file") || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: got %v, want an error that names the key file and quotes nothing", name, err)
		}
	}
	if got, err := open(t, file, store).Open(t.Context(), shop, sealed, nil); err != nil || string(got) != "hello" {
		t.Errorf("afterwards the right file opens %q, %v", got, err)
	}
}

func TestAStoreTellsWhetherItsKeysAreSealedAlready(t *testing.T) {
	store := newStore(t)
	if used, err := keyring.Used(t.Context(), store); err != nil || used {
		t.Errorf("a new store is used: %v, %v", used, err)
	}
	open(t, newFile(t), store)
	if used, err := keyring.Used(t.Context(), store); err != nil || !used {
		t.Errorf("an opened store is not used: %v, %v", used, err)
	}
}

func TestReplicasThatBeginAtOnceShareTheirKeys(t *testing.T) {
	store, file := newStore(t), newFile(t)
	replicas := []*keyring.Keyring{open(t, file, store), open(t, file, store)}
	sealed := make([][]byte, 16)
	var all sync.WaitGroup
	for i := range sealed {
		all.Go(func() {
			var err error
			if sealed[i], err = replicas[i%2].Seal(t.Context(), shop, []byte("hello"), nil); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for i := range sealed {
		if _, err := replicas[(i+1)%2].Open(t.Context(), shop, sealed[i], nil); err != nil {
			t.Errorf("the other replica cannot open value %d: %v", i, err)
		}
	}
	if keys, err := store.Keys(t.Context(), shop, keyring.UseData); err != nil || len(keys) != 1 {
		t.Errorf("%d data keys, %v, want 1", len(keys), err)
	}
}

func TestATicketIsGoodOnlyAsItWasStamped(t *testing.T) {
	store := newStore(t)
	k := open(t, newFile(t), store)
	word, err := k.Stamp(t.Context(), []byte("site and time"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Trim(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
		t.Errorf("%q is not fit for an address", word)
	}
	if got, err := k.Unstamp(t.Context(), word); err != nil || string(got) != "site and time" {
		t.Errorf("unstamped %q, %v", got, err)
	}
	sealed, err := k.Seal(t.Context(), "", []byte("site and time"), []byte("securechat ticket"))
	if err != nil {
		t.Fatal(err)
	}
	for name, forged := range map[string]string{
		"empty":     "",
		"changed":   word[:9] + changed(word[9:10]) + word[10:],
		"longer":    word + "AA",
		"padded":    word + "=",
		"endless":   strings.Repeat("A", 1<<20),
		"own words": "c2l0ZSBhbmQgdGltZQ",
		"a column":  string(sealed),
	} {
		if _, err := k.Unstamp(t.Context(), forged); chat.KindOf(err) != chat.Forbidden {
			t.Errorf("%s: got %v, want Forbidden", name, err)
		}
	}
}

func changed(letter string) string {
	if letter == "A" {
		return "B"
	}
	return "A"
}

func TestADigestMeansNothingElsewhere(t *testing.T) {
	store, file := newStore(t), newFile(t)
	k := open(t, file, store)
	digest := func(k *keyring.Keyring, site chat.SiteID, text string) []byte {
		t.Helper()
		sum, err := k.Digest(t.Context(), site, text)
		if err != nil || len(sum) != 32 {
			t.Fatalf("digest of %d bytes, %v", len(sum), err)
		}
		return sum
	}
	here := digest(k, shop, "canvas 1")
	if !bytes.Equal(here, digest(open(t, file, store), shop, "canvas 1")) {
		t.Error("another replica gets another digest")
	}
	if bytes.Equal(here, digest(k, shop, "canvas 2")) || bytes.Equal(here, digest(k, other, "canvas 1")) {
		t.Error("different texts or sites have one digest")
	}
}
