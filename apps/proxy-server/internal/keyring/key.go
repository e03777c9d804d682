package keyring

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-jose/go-jose/v4"
	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/prf"
	tinkpb "github.com/tink-crypto/tink-go/v2/proto/tink_go_proto"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// rsaBits follows NIST SP 800-57: 112 bits of strength would do until 2030,
// 128 bits take 3072.
const rsaBits = 3072

// key is a stored key, opened. Which member is set follows from its use.
type key struct {
	Key

	sealer   tink.AEAD        // data, ticket
	digester *prf.Set         // digest
	signer   jose.Signer      // es256, rs256
	public   crypto.PublicKey // es256, rs256
}

// rotates says whether keys of this use follow each other by schedule. Data
// keys do not: their nonces are 192 bits long and never run out, and columns
// sealed by an old key would have to be written anew.
func (u Use) rotates() bool { return u == UseTicket || u.signs() }

func (u Use) signs() bool { return u == UseES256 || u == UseRS256 }

// make fills row with a new key.
func (k *Keyring) make(row Key) (Key, error) {
	var secret []byte
	var err error
	switch row.Use {
	case UseData, UseTicket:
		secret, err = newKeyset(aead.XAES256GCM192BitNonceNoPrefixKeyTemplate())
	case UseDigest:
		secret, err = newKeyset(prf.HMACSHA256PRFKeyTemplate())
	case UseES256, UseRS256:
		secret, row.Name, err = newPair(row.Use)
	default:
		err = errors.New("unknown use")
	}
	if err != nil {
		return Key{}, err
	}
	row.Sealed, err = k.master.Encrypt(secret, label(row))
	return row, err
}

func newKeyset(template *tinkpb.KeyTemplate) ([]byte, error) {
	handle, err := keyset.NewHandle(template)
	if err != nil {
		return nil, err
	}
	var secret bytes.Buffer
	err = insecurecleartextkeyset.Write(handle, keyset.NewBinaryWriter(&secret))
	return secret.Bytes(), err
}

// newPair returns a private key in PKCS #8 and its name, the thumbprint of
// the public one (RFC 7638).
func newPair(use Use) (secret []byte, name string, err error) {
	var pair crypto.Signer
	if use == UseRS256 {
		pair, err = rsa.GenerateKey(rand.Reader, rsaBits)
	} else {
		pair, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	if err != nil {
		return nil, "", err
	}
	thumbprint, err := (&jose.JSONWebKey{Key: pair.Public()}).Thumbprint(crypto.SHA256)
	if err != nil {
		return nil, "", err
	}
	secret, err = x509.MarshalPKCS8PrivateKey(pair)
	return secret, base64.RawURLEncoding.EncodeToString(thumbprint), err
}

// label ties a sealed key to its row, so that it opens in no other.
func label(row Key) []byte {
	return []byte(strings.Join([]string{
		"securechat key", string(row.Site), string(row.Use), strconv.Itoa(row.Number), row.Name,
	}, "\x00"))
}

func (k *Keyring) unwrapAll(rows []Key) ([]*key, error) {
	keys := make([]*key, 0, len(rows))
	for _, row := range rows {
		opened, err := k.unwrap(row)
		if err != nil {
			return nil, fmt.Errorf("open %s key %d: %w", row.Use, row.Number, err)
		}
		keys = append(keys, opened)
	}
	return keys, nil
}

// errForeign is all that can be known: authenticated encryption does not tell
// a wrong key from a damaged row.
var errForeign = errors.New("the key file did not seal this key, or the stored key is damaged; start with the key file that belongs to this database")

func (k *Keyring) unwrap(row Key) (*key, error) {
	secret, err := k.master.Decrypt(row.Sealed, label(row))
	if err != nil {
		return nil, errForeign
	}
	opened := &key{Key: row}
	switch row.Use {
	case UseData, UseTicket:
		err = opened.readKeyset(secret, func(h *keyset.Handle) error { opened.sealer, err = aead.New(h); return err })
	case UseDigest:
		err = opened.readKeyset(secret, func(h *keyset.Handle) error { opened.digester, err = prf.NewPRFSet(h); return err })
	case UseES256, UseRS256:
		err = opened.readPair(secret)
	}
	return opened, err
}

func (o *key) readKeyset(secret []byte, use func(*keyset.Handle) error) error {
	handle, err := insecurecleartextkeyset.Read(keyset.NewBinaryReader(bytes.NewReader(secret)))
	if err != nil {
		return err
	}
	return use(handle)
}

func (o *key) readPair(secret []byte) error {
	parsed, err := x509.ParsePKCS8PrivateKey(secret)
	if err != nil {
		return err
	}
	pair, ok := parsed.(crypto.Signer)
	if !ok {
		return errors.New("stored key cannot sign")
	}
	algorithm := jose.ES256
	if o.Use == UseRS256 {
		algorithm = jose.RS256
	}
	o.public = pair.Public()
	o.signer, err = jose.NewSigner(
		jose.SigningKey{Algorithm: algorithm, Key: jose.JSONWebKey{Key: pair, KeyID: o.Name}},
		(&jose.SignerOptions{}).WithType("JWT"))
	return err
}
