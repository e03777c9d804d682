package keyring

import (
	"context"
	"crypto/x509"
	"encoding/json/v2"
	"encoding/pem"
	"fmt"
	"log/slog"
	"time"

	"github.com/go-jose/go-jose/v4"

	"securechat/internal/chat"
)

// Sign returns claims, a JSON object, as a compact JWS (RFC 7515) signed by
// the site's key for alg, [chat.ES256] or [chat.RS256], and that key's name.
//
// The receiver may know only one key and be given another by its operator at
// any time. So attempt 0 signs with the current key; after a refusal, attempts
// 1 and 2 sign with those that it may know instead, and a token that was taken
// is reported to [Keyring.Accepted]. NotFound where no further key is left.
func (k *Keyring) Sign(ctx context.Context, site chat.SiteID, alg chat.TokenAlgorithm, attempt int, claims []byte) (token, kid string, err error) {
	use, err := useFor(alg)
	if err != nil {
		return "", "", err
	}
	r, err := k.ring(ctx, ringID{site, use})
	if err != nil {
		return "", "", err
	}
	candidates := r.candidates()
	if attempt < 0 || attempt >= len(candidates) {
		return "", "", chat.Missing()
	}
	with := candidates[attempt]
	signed, err := with.signer.Sign(claims)
	if err != nil {
		return "", "", fmt.Errorf("sign token: %w", err)
	}
	token, err = signed.CompactSerialize()
	return token, with.Name, err
}

// Accepted notes that the receiver took a token signed with the key of this
// name, which thereby becomes the current one. It may be told often.
func (k *Keyring) Accepted(ctx context.Context, site chat.SiteID, kid string) {
	for _, use := range []Use{UseES256, UseRS256} {
		id := ringID{site, use}
		// A token may be taken long after it was signed, so what was known
		// then will do; that a key has signed says that its ring was read.
		r := k.known(id)
		for _, taken := range r.keys {
			if taken.Name != kid || taken == r.current() {
				continue
			}
			if err := k.promote(ctx, id, r.current().Number, taken.Number, time.Now()); err != nil {
				// The next message finds the receiver's key by trying again.
				slog.WarnContext(ctx, "accepted key not promoted", "kid", kid, "error", err)
			}
			return
		}
	}
}

// State is where a signing key stands.
type State string

const (
	Current  State = "current"  // signs now
	Next     State = "next"     // will sign after it
	Previous State = "previous" // signed before it
)

// PublicKey is the half of a signing key that a receiver needs.
type PublicKey struct {
	Name    string // the token's kid
	State   State
	PEM     string // SubjectPublicKeyInfo (RFC 7468)
	MadeAt  time.Time
	SignsAt time.Time // since when it has been the current one; zero where it never was
}

// PublicKeys returns a site's keys for alg, the current one first and then the
// next. They are made now where there are none.
func (k *Keyring) PublicKeys(ctx context.Context, site chat.SiteID, alg chat.TokenAlgorithm) ([]PublicKey, error) {
	use, err := useFor(alg)
	if err != nil {
		return nil, err
	}
	r, err := k.ring(ctx, ringID{site, use})
	if err != nil {
		return nil, err
	}
	var all []PublicKey
	for _, one := range r.candidates() {
		der, err := x509.MarshalPKIXPublicKey(one.public)
		if err != nil {
			return nil, fmt.Errorf("encode public key: %w", err)
		}
		all = append(all, PublicKey{
			Name:    one.Name,
			State:   r.state(one),
			PEM:     string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})),
			MadeAt:  one.MadeAt,
			SignsAt: one.SignsAt,
		})
	}
	return all, nil
}

// JWKS returns the public keys of all sites as a JSON Web Key Set (RFC 7517).
func (k *Keyring) JWKS(ctx context.Context) ([]byte, error) {
	set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{}}
	for _, use := range []Use{UseES256, UseRS256} {
		rows, err := k.store.AllKeys(ctx, use)
		if err != nil {
			return nil, fmt.Errorf("read %s keys: %w", use, err)
		}
		keys, err := k.unwrapAll(rows)
		if err != nil {
			return nil, err
		}
		for _, one := range keys {
			set.Keys = append(set.Keys, jose.JSONWebKey{
				Key: one.public, KeyID: one.Name, Algorithm: string(algorithms[use]), Use: "sig",
			})
		}
	}
	return json.Marshal(set)
}

var algorithms = map[Use]chat.TokenAlgorithm{UseES256: chat.ES256, UseRS256: chat.RS256}

func useFor(alg chat.TokenAlgorithm) (Use, error) {
	for use, algorithm := range algorithms {
		if algorithm == alg {
			return use, nil
		}
	}
	return "", chat.Wrong("algorithm", "must be ES256 or RS256")
}

// candidates are the keys that a receiver may know, most likely first: the
// current one, its successor and its predecessor.
func (r ring) candidates() []*key {
	now := r.current()
	all := []*key{now}
	for _, number := range []int{now.Number + 1, now.Number - 1} {
		if k := r.numbered(int64(number)); k != nil {
			all = append(all, k)
		}
	}
	return all
}

func (r ring) state(k *key) State {
	now := r.current().Number
	switch {
	case k.Number > now:
		return Next
	case k.Number < now:
		return Previous
	}
	return Current
}
