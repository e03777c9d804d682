package keyring

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"

	"securechat/internal/chat"
)

// ErrBroken is what opening gives for bytes that were changed, moved to
// another site, row or column, or sealed by somebody else.
var ErrBroken = errors.New("sealed value does not open here")

// Seal encrypts plain under the site's own data key; the site "" stands for
// the server. Only the same site and place, which says where the value is
// stored, open it again. What it returns begins with the key's number.
func (k *Keyring) Seal(ctx context.Context, site chat.SiteID, plain, place []byte) ([]byte, error) {
	r, err := k.ring(ctx, ringID{site, UseData})
	if err != nil {
		return nil, err
	}
	return r.seal(plain, place)
}

// Open returns what Seal was given. [ErrBroken] where sealed or place differ.
func (k *Keyring) Open(ctx context.Context, site chat.SiteID, sealed, place []byte) ([]byte, error) {
	return k.open(ctx, ringID{site, UseData}, sealed, place)
}

var ticketPlace = []byte("securechat ticket")

// longestTicket is more than any ticket needs and spares us the decoding of
// what cannot be one.
const longestTicket = 2048

// Stamp returns payload sealed and in URL-safe characters.
func (k *Keyring) Stamp(ctx context.Context, payload []byte) (string, error) {
	r, err := k.ring(ctx, ringID{"", UseTicket})
	if err != nil {
		return "", err
	}
	sealed, err := r.seal(payload, ticketPlace)
	return base64.RawURLEncoding.EncodeToString(sealed), err
}

// Unstamp returns the payload of a word that Stamp made, and Forbidden for any
// other.
func (k *Keyring) Unstamp(ctx context.Context, word string) ([]byte, error) {
	refused := chat.E(chat.Forbidden, "ticket_invalid", "This ticket was not made here.")
	if len(word) > longestTicket {
		return nil, refused
	}
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(word)
	if err != nil {
		return nil, refused
	}
	payload, err := k.open(ctx, ringID{"", UseTicket}, sealed, ticketPlace)
	if errors.Is(err, ErrBroken) {
		return nil, refused
	}
	return payload, err
}

// Digest returns 32 bytes that stand for text at this site: the same for the
// same text, of no meaning at any other site, and not to be had without the key.
func (k *Keyring) Digest(ctx context.Context, site chat.SiteID, text string) ([]byte, error) {
	r, err := k.ring(ctx, ringID{site, UseDigest})
	if err != nil {
		return nil, err
	}
	digest, err := r.current().digester.ComputePrimaryPRF([]byte(text), 32)
	if err != nil {
		return nil, fmt.Errorf("digest: %w", err)
	}
	return digest, nil
}

func (r ring) seal(plain, place []byte) ([]byte, error) {
	with := r.current()
	ciphertext, err := with.sealer.Encrypt(plain, place)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return append(binary.AppendVarint(nil, int64(with.Number)), ciphertext...), nil
}

func (k *Keyring) open(ctx context.Context, id ringID, sealed, place []byte) ([]byte, error) {
	number, n := binary.Varint(sealed)
	if n <= 0 {
		return nil, ErrBroken
	}
	r, err := k.ring(ctx, id)
	if err != nil {
		return nil, err
	}
	with := r.numbered(number)
	if with == nil {
		return nil, ErrBroken
	}
	plain, err := with.sealer.Decrypt(sealed[n:], place)
	if err != nil {
		return nil, ErrBroken
	}
	return plain, nil
}

// current is the key in use now.
func (r ring) current() *key {
	for _, k := range r.keys {
		if k.Signs {
			return k
		}
	}
	return r.keys[0]
}

// numbered returns nil where there is no such key.
func (r ring) numbered(number int64) *key {
	for _, k := range r.keys {
		if int64(k.Number) == number {
			return k
		}
	}
	return nil
}
