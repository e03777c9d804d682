package n8n

import (
	"context"
	"encoding/json/v2"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/go-jose/go-jose/v4"

	"securechat/internal/chat"
)

// Signer keeps the private keys that sign tokens with ES256 and RS256.
type Signer interface {
	// Sign returns claims, a JSON object, as a compact token (RFC 7515), and
	// names the key it used. Attempt 0 takes the site's current key, 1 and up
	// the others that n8n may know during a rotation; NotFound when there are
	// no more.
	Sign(ctx context.Context, site chat.SiteID, alg chat.TokenAlgorithm, attempt int, claims []byte) (token, kid string, err error)
	// Accepted is told which key n8n took. It may be told often.
	Accepted(ctx context.Context, site chat.SiteID, kid string)
}

// noSigner has no keys.
type noSigner struct{}

func (noSigner) Sign(context.Context, chat.SiteID, chat.TokenAlgorithm, int, []byte) (string, string, error) {
	return "", "", chat.Missing()
}
func (noSigner) Accepted(context.Context, chat.SiteID, string) {}

const (
	tokenLife   = 60 * time.Second // short, since n8n keeps tokens with its executions' data
	leastShared = 32               // bytes of a key for HS256 (RFC 7518, 3.2)
)

// claims is what a token tells the workflow. There is no nbf: n8n allows for
// no difference between its clock and ours.
type claims struct {
	Issuer     string   `json:"iss"`
	Audience   string   `json:"aud"` // path of the webhook's address
	Subject    string   `json:"sub"` // the visitor
	SessionID  string   `json:"sid"` // the conversation, as in the body's sessionId
	Site       string   `json:"site"`
	Scopes     []string `json:"scopes"`
	CustomerID string   `json:"customer_id,omitempty"`
	ID         string   `json:"jti"`
	IssuedAt   int64    `json:"iat"` // seconds since 1970
	Expires    int64    `json:"exp"`
}

func (a *Agent) claims(p *chat.Prompt, webhook *url.URL) ([]byte, error) {
	now := time.Now()
	return json.Marshal(claims{
		Issuer:     a.issuer,
		Audience:   webhook.EscapedPath(),
		Subject:    string(p.Visitor.ID),
		SessionID:  string(p.ConversationID),
		Site:       p.Site.Key,
		Scopes:     p.Site.Policy.Scopes,
		CustomerID: p.Visitor.CustomerID,
		ID:         chat.NewID(),
		IssuedAt:   now.Unix(),
		Expires:    now.Add(tokenLife).Unix(),
	})
}

// token makes the token for an attempt. A site that proves itself another way
// gets one too where it has a key, because a Chat Trigger passes on no header
// and its workflow can check only what stands in the body.
func (a *Agent) token(ctx context.Context, p *chat.Prompt, webhook *url.URL, attempt int) (token, kid string, err error) {
	payload, err := a.claims(p, webhook)
	if err != nil {
		return "", "", err
	}
	settings := &p.Site.Agent
	if settings.Auth == chat.AuthJWT && settings.Algorithm == chat.HS256 {
		if attempt > 0 {
			return "", "", chat.Missing()
		}
		token, err = signShared(settings.Secret, payload)
		return token, "", err
	}
	algorithm := chat.ES256
	if settings.Algorithm == chat.RS256 {
		algorithm = chat.RS256
	}
	token, kid, err = a.signer.Sign(ctx, p.Site.ID, algorithm, attempt, payload)
	switch {
	case settings.Auth == chat.AuthJWT:
		return token, kid, err
	case chat.KindOf(err) == chat.NotFound:
		return "", "", nil
	}
	return token, "", err // n8n will not have checked it before it takes the question
}

// signShared signs with the key that the operator has also given to n8n.
func signShared(secret chat.Secret, payload []byte) (string, error) {
	if err := checkShared(secret); err != nil {
		return "", err
	}
	key := jose.SigningKey{Algorithm: jose.HS256, Key: []byte(secret.Reveal())}
	signer, err := jose.NewSigner(key, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return "", errors.New("the shared key cannot sign")
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", errors.New("the shared key cannot sign")
	}
	return signed.CompactSerialize()
}

func checkShared(secret chat.Secret) error {
	if len(secret.Reveal()) < leastShared {
		return chat.Wrong("secret", fmt.Sprintf("must be at least %d bytes long for HS256", leastShared))
	}
	return nil
}
