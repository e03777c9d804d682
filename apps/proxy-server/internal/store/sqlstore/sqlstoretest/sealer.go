package sqlstoretest

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"

	"securechat/internal/chat"
)

// Sealer seals with AES-GCM under a key made of the site's id: it shows what
// the store seals, under which place, and protects nothing.
type Sealer struct{}

// Seal implements sqlstore.Sealer.
func (Sealer) Seal(_ context.Context, site chat.SiteID, plain, aad []byte) ([]byte, error) {
	aead, err := aeadOf(site)
	if err != nil {
		return nil, err
	}
	return aead.Seal(nil, nil, plain, aad), nil
}

// Open implements sqlstore.Sealer.
func (Sealer) Open(_ context.Context, site chat.SiteID, sealed, aad []byte) ([]byte, error) {
	aead, err := aeadOf(site)
	if err != nil {
		return nil, err
	}
	return aead.Open(nil, nil, sealed, aad)
}

func aeadOf(site chat.SiteID) (cipher.AEAD, error) {
	key := sha256.Sum256([]byte(site))
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}
