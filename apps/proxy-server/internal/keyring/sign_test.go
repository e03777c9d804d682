package keyring_test

import (
	"crypto/x509"
	"encoding/json/v2"
	"encoding/pem"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"

	"securechat/internal/chat"
	"securechat/internal/keyring"
)

var claims = []byte(`{"sub":"visitor","site":"pk_shop"}`)

// verify says whether the holder of a public key in PEM takes the token, the
// way a receiver with one algorithm and one key does.
func verify(t *testing.T, token, publicPEM string, alg chat.TokenAlgorithm) bool {
	t.Helper()
	block, _ := pem.Decode([]byte(publicPEM))
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)})
	if err != nil {
		return false
	}
	got, err := parsed.Verify(public)
	return err == nil && string(got) == string(claims)
}

func publicKeys(t *testing.T, k *keyring.Keyring, alg chat.TokenAlgorithm) []keyring.PublicKey {
	t.Helper()
	keys, err := k.PublicKeys(t.Context(), shop, alg)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func keySet(t *testing.T, k *keyring.Keyring) jose.JSONWebKeySet {
	t.Helper()
	text, err := k.JWKS(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(text, &set); err != nil {
		t.Fatal(err)
	}
	return set
}

// inSet says whether a receiver that reads the key set takes the token.
func inSet(token string, set jose.JSONWebKeySet) bool {
	parsed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.ES256, jose.RS256})
	if err != nil {
		return false
	}
	for _, key := range set.Key(parsed.Signatures[0].Header.KeyID) {
		if _, err := parsed.Verify(key); err == nil {
			return true
		}
	}
	return false
}

func TestATokenIsTakenByWhoHoldsThePublicKey(t *testing.T) {
	k := open(t, newFile(t), newStore(t))
	for _, alg := range []chat.TokenAlgorithm{chat.ES256, chat.RS256} {
		token, kid, err := k.Sign(t.Context(), shop, alg, 0, claims)
		if err != nil {
			t.Fatal(err)
		}
		keys := publicKeys(t, k, alg)
		if len(keys) != 2 || keys[0].State != keyring.Current || keys[1].State != keyring.Next || keys[0].Name != kid {
			t.Errorf("%s: keys %+v, want the current one and the next", alg, keys)
		}
		if !verify(t, token, keys[0].PEM, alg) {
			t.Errorf("%s: the current key does not verify", alg)
		}
		if verify(t, token, keys[1].PEM, alg) {
			t.Errorf("%s: the next key verifies already", alg)
		}
		if !inSet(token, keySet(t, k)) {
			t.Errorf("%s: the key set does not verify", alg)
		}
	}
	if _, _, err := k.Sign(t.Context(), shop, chat.HS256, 0, claims); chat.KindOf(err) != chat.Invalid {
		t.Errorf("HS256 with a key of ours: %v", err)
	}
	if _, _, err := k.Sign(t.Context(), shop, chat.ES256, 2, claims); chat.KindOf(err) != chat.NotFound {
		t.Errorf("a third key before any rotation: %v", err)
	}
}

func TestTheKeySetHoldsNoPrivatePart(t *testing.T) {
	k := open(t, newFile(t), newStore(t))
	for _, alg := range []chat.TokenAlgorithm{chat.ES256, chat.RS256} {
		publicKeys(t, k, alg)
	}
	text, err := k.JWKS(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var set struct {
		Keys []map[string]any `json:"keys"`
	}
	if err := json.Unmarshal(text, &set); err != nil || len(set.Keys) != 4 {
		t.Fatalf("%d keys, %v, want 4 in %s", len(set.Keys), err, text)
	}
	public := map[string]bool{"kty": true, "kid": true, "use": true, "alg": true, "crv": true, "x": true, "y": true, "n": true, "e": true}
	for _, key := range set.Keys {
		for member := range key {
			if !public[member] {
				t.Errorf("the key set shows member %q", member)
			}
		}
	}
}

func TestReplicasThatRotateAtOnceDoItOnce(t *testing.T) {
	store, file := newStore(t), newFile(t)
	replicas := []*keyring.Keyring{open(t, file, store), open(t, file, store), open(t, file, store)}
	publicKeys(t, replicas[0], chat.ES256)
	var all sync.WaitGroup
	for _, k := range replicas {
		all.Go(func() {
			if err := k.Rotate(t.Context(), time.Now().Add(keyring.Period+time.Minute), keyring.Period); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	keys, err := store.Keys(t.Context(), shop, keyring.UseES256)
	if err != nil || len(keys) != 3 || !keys[1].Signs {
		t.Errorf("keys %+v, %v, want the second of three to sign", keys, err)
	}
}

// receiver is n8n as its operator set it up: one key, changed by hand.
type receiver struct {
	publicPEM string
	takes     time.Duration // from a token to the answer
	refused   int           // tokens that it did not take
}

// tell sends one message as the agent does: again with another key after a
// refusal, and it reports what was taken.
func (r *receiver) tell(t *testing.T, k *keyring.Keyring) bool {
	t.Helper()
	for attempt := 0; ; attempt++ {
		token, kid, err := k.Sign(t.Context(), shop, chat.ES256, attempt, claims)
		if chat.KindOf(err) == chat.NotFound {
			return false
		}
		if err != nil {
			t.Fatal(err)
		}
		if verify(t, token, r.publicPEM, chat.ES256) {
			time.Sleep(r.takes)
			k.Accepted(t.Context(), shop, kid)
			return true
		}
		r.refused++
	}
}

func named(keys []keyring.PublicKey, state keyring.State) string {
	for _, key := range keys {
		if key.State == state {
			return key.PEM
		}
	}
	return ""
}

func TestAnOperatorMaySwitchKeysAheadAtAnyTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := open(t, newFile(t), newStore(t))
		keys := publicKeys(t, k, chat.ES256)
		r := receiver{publicPEM: named(keys, keyring.Current), takes: time.Minute}
		for range 3 {
			if !r.tell(t, k) {
				t.Fatal("the message is lost before the switch")
			}
		}
		r.publicPEM = named(keys, keyring.Next)
		for range 5 {
			if !r.tell(t, k) {
				t.Fatal("the message is lost after the switch")
			}
		}
		if r.refused != 1 {
			t.Errorf("%d tokens were refused, want only the first after the switch", r.refused)
		}
		now := publicKeys(t, k, chat.ES256)
		if now[0].PEM != r.publicPEM || named(now, keyring.Next) == "" || named(now, keyring.Previous) == "" {
			t.Errorf("keys %+v, want the receiver's as the current one, with both its neighbours", now)
		}
	})
}

func TestAnOperatorWhoNeverSwitchesLosesNoMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := open(t, newFile(t), newStore(t))
		r := receiver{publicPEM: named(publicKeys(t, k, chat.ES256), keyring.Current)}
		for day := 0; day < 3*365; day += 3 {
			time.Sleep(3 * 24 * time.Hour)
			if err := k.Rotate(t.Context(), time.Now(), keyring.Period); err != nil {
				t.Fatal(err)
			}
			if !r.tell(t, k) {
				t.Fatalf("the message of day %d is lost", day)
			}
		}
		if r.refused == 0 || r.refused > 30 {
			t.Errorf("%d tokens were refused in three years, want a few at each rotation", r.refused)
		}
	})
}

func TestRotationIsNotNoticedByWhoReadsTheKeySet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, file := newStore(t), newFile(t)
		const period = 30 * time.Minute
		replicas := []*keyring.Keyring{open(t, file, store), open(t, file, store), open(t, file, store)}
		publicKeys(t, replicas[0], chat.ES256)
		var cached jose.JSONWebKeySet
		names := make(map[string]bool)
		for minute := range 6 * 60 {
			if minute%10 == 0 { // the receiver reads the key set rarely
				cached = keySet(t, replicas[minute%3])
			}
			// Each replica's clock is wrong by up to a minute.
			skew := time.Duration(minute%3-1) * time.Minute
			if err := replicas[minute%3].Rotate(t.Context(), time.Now().Add(skew), period); err != nil {
				t.Fatal(err)
			}
			for _, k := range replicas {
				token, kid, err := k.Sign(t.Context(), shop, chat.ES256, 0, claims)
				if err != nil {
					t.Fatal(err)
				}
				if names[kid] = true; !inSet(token, cached) {
					t.Fatalf("a token of minute %d is refused", minute)
				}
			}
			time.Sleep(time.Minute)
		}
		if len(names) < 11 {
			t.Errorf("%d keys signed within six hours, want one each half an hour", len(names))
		}
	})
}

func TestNoKeySignsBeforeItWasPublishedForTenMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := open(t, newFile(t), newStore(t))
		first := publicKeys(t, k, chat.ES256)[0].Name
		for minute := range 11 {
			if err := k.Rotate(t.Context(), time.Now(), time.Minute); err != nil {
				t.Fatal(err)
			}
			if now := publicKeys(t, k, chat.ES256)[0].Name; (now == first) != (minute < 10) {
				t.Errorf("in minute %d key %s signs, at first %s did", minute, now, first)
			}
			time.Sleep(time.Minute)
		}
	})
}

func TestTicketsOutliveARotation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := open(t, newFile(t), newStore(t))
		word, err := k.Stamp(t.Context(), []byte("payload"))
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(keyring.Period + time.Second)
		if err := k.Rotate(t.Context(), time.Now(), keyring.Period); err != nil {
			t.Fatal(err)
		}
		if _, err := k.Unstamp(t.Context(), word); err != nil {
			t.Errorf("stamped just before: %v", err)
		}
		later, err := k.Stamp(t.Context(), []byte("payload"))
		if err != nil || strings.HasPrefix(later, word[:2]) {
			t.Errorf("the key has not changed: %s, %s, %v", word, later, err)
		}
	})
}
