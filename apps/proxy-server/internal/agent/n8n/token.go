package n8n

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"securechat/internal/chat"
)

// tokenLife is short, since n8n keeps the token with the execution's data.
const tokenLife = 60 * time.Second

// Claims is what a token tells the workflow. There is no nbf: n8n allows no
// leeway between its clock and ours.
type Claims struct {
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

// Signer keeps the private keys that sign tokens with ES256 and RS256.
type Signer interface {
	// Sign makes a compact token (RFC 7515) and names the key it used.
	// Attempt 0 takes the site's current key, 1 and up the others that n8n
	// may know during a rotation; NotFound when there are no more.
	Sign(ctx context.Context, site chat.SiteID, alg chat.TokenAlgorithm, attempt int, claims Claims) (token, kid string, err error)
	// Accepted is told which key n8n took. It may be told often.
	Accepted(ctx context.Context, site chat.SiteID, kid string)
}

func (a *Agent) claims(p chat.Prompt, webhook *url.URL) Claims {
	now := time.Now()
	return Claims{
		Issuer:     a.issuer,
		Audience:   webhook.EscapedPath(),
		Subject:    string(p.Visitor.ID),
		SessionID:  string(p.ConversationID),
		Site:       p.Site.Key,
		Scopes:     append([]string{}, p.Site.Policy.Scopes...), // [] rather than null
		CustomerID: p.Visitor.CustomerID,
		ID:         chat.NewID(),
		IssuedAt:   now.Unix(),
		Expires:    now.Add(tokenLife).Unix(),
	}
}

// token signs the claims for the attempt. A site that proves itself another
// way gets a token too where it has a key, because a Chat Trigger passes on
// no header and can check only what stands in the body.
func (a *Agent) token(ctx context.Context, p chat.Prompt, webhook *url.URL, attempt int) (token, kid string, err error) {
	settings := p.Site.Agent
	claims := a.claims(p, webhook)
	if settings.Auth == chat.AuthJWT && settings.Algorithm == chat.HS256 {
		if attempt > 0 {
			return "", "", chat.Missing()
		}
		token, err = signShared(settings.Secret, claims)
		return token, "", err
	}
	algorithm := settings.Algorithm
	if algorithm != chat.RS256 {
		algorithm = chat.ES256
	}
	token, kid, err = a.signer.Sign(ctx, p.Site.ID, algorithm, attempt, claims)
	if err != nil && settings.Auth != chat.AuthJWT && chat.KindOf(err) == chat.NotFound {
		return "", "", nil
	}
	return token, kid, err
}

// signShared signs with the key that the operator has also given to n8n.
func signShared(secret chat.Secret, claims Claims) (string, error) {
	key := jose.SigningKey{Algorithm: jose.HS256, Key: []byte(secret.Reveal())}
	signer, err := jose.NewSigner(key, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return "", errors.New("sign with the shared key: it cannot be used for HS256")
	}
	token, err := jwt.Signed(signer).Claims(claims).Serialize()
	if errors.Is(err, jose.ErrInvalidKeySize) {
		return "", fmt.Errorf("sign with the shared key: it must have at least %d bytes", leastShared)
	}
	return token, err
}

// leastShared is the shortest key for HS256 in bytes (RFC 7518, 3.2).
const leastShared = 32
