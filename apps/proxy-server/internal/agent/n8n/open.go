package n8n

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"securechat/internal/chat"
)

// Pauses before another attempt. Each list is for a case in which n8n cannot
// have begun to run: no connection, a webhook that is not registered (yet: a
// workflow just published takes a moment), an n8n that is not up.
var (
	afterConnect = []time.Duration{250 * time.Millisecond}
	afterMissing = []time.Duration{400 * time.Millisecond, 800 * time.Millisecond, 1600 * time.Millisecond}
	afterAway    = []time.Duration{500 * time.Millisecond, time.Second}
)

// mostKeys is how many keys are tried on a webhook that refuses the first: the
// current one, its successor and its predecessor.
const mostKeys = 3

// open asks n8n until it takes the question or there is no sense in trying.
// The response has a good status, and no web page for a body.
func (a *Agent) open(ctx context.Context, p *chat.Prompt) (*http.Response, error) {
	webhook, err := parseWebhook(p.Site.Agent.Webhook)
	if err != nil {
		return nil, unavailable(err)
	}
	if !a.breakers.admit(webhook.Host) {
		return nil, unavailable(errResting)
	}
	response, err := a.insist(ctx, p, webhook)
	if ctx.Err() == nil { // else the question was given up, which says nothing of the host
		a.breakers.note(webhook.Host, err)
	}
	if err != nil {
		return nil, tell(err)
	}
	return response, nil
}

// insist repeats attempts that failed before n8n can have begun.
func (a *Agent) insist(ctx context.Context, p *chat.Prompt, webhook *url.URL) (*http.Response, error) {
	tries := tries{connect: afterConnect, missing: afterMissing, away: afterAway}
	for {
		response, kid, err := a.attempt(ctx, p, webhook, tries.key)
		if err == nil {
			if kid != "" {
				a.signer.Accepted(ctx, p.Site.ID, kid)
			}
			return response, nil
		}
		if chat.KindOf(err) == chat.NotFound && tries.refused != nil {
			return nil, tries.refused // no other key is left
		}
		pause, again := tries.after(err, p.Site.Agent.Auth)
		if !again {
			return nil, err
		}
		if err := sleep(ctx, pause); err != nil {
			return nil, err
		}
	}
}

// attempt posts the question once.
func (a *Agent) attempt(ctx context.Context, p *chat.Prompt, webhook *url.URL, key int) (*http.Response, string, error) {
	token, kid, err := a.token(ctx, p, webhook, key)
	if err != nil {
		return nil, "", fmt.Errorf("%w: %w", errSign, err)
	}
	body, err := encode(p, token)
	if err != nil {
		return nil, "", err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, webhook.String(), bytes.NewReader(body))
	if err != nil {
		return nil, "", errAddress
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "") // sends none: n8n takes our name for a bot's
	if err := authorize(request.Header, p.Site.Agent, token); err != nil {
		return nil, "", err
	}
	response, err := a.lounge.post(request)
	if err != nil {
		return nil, "", err
	}
	if err := acceptable(response); err != nil {
		_ = response.Body.Close() // what it says is not for us
		return nil, "", err
	}
	return response, kid, nil
}

// acceptable says whether a response can be an answer.
func acceptable(r *http.Response) error {
	if r.StatusCode/100 != 2 {
		return &refusal{status: r.StatusCode, wait: retryAfter(r.Header.Get("Retry-After"))}
	}
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return errCompressed
	}
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "text/html" {
		return nil
	}
	const words = "n8n is starting up" // said with status 200
	head, _ := io.ReadAll(io.LimitReader(r.Body, int64(len(words))))
	if string(head) == words {
		return errStarting
	}
	return errHTML
}

// retryAfter reads seconds or a date (RFC 9110, 10.2.3); 0 where it is
// neither.
func retryAfter(value string) time.Duration {
	const most = time.Hour
	if seconds, err := strconv.Atoi(strings.TrimSpace(value)); err == nil {
		return min(max(0, time.Duration(min(seconds, 3600))*time.Second), most)
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return min(max(0, time.Until(at)), most)
}

// tries is what is left of the patience with one question.
type tries struct {
	connect, missing, away []time.Duration
	key                    int   // which of the site's keys signs
	refused                error // the answer to the key before
}

// after says whether to try again, and after which pause.
func (t *tries) after(err error, auth chat.AuthKind) (time.Duration, bool) {
	var (
		refused *refusal
		dial    *dialError
	)
	switch {
	case errors.As(err, &dial) && passing(dial):
		return next(&t.connect)
	case errors.Is(err, errStarting):
		return next(&t.away)
	case !errors.As(err, &refused):
		return 0, false
	}
	switch refused.status {
	case http.StatusUnauthorized, http.StatusForbidden:
		if auth != chat.AuthJWT || t.key == mostKeys-1 {
			return 0, false
		}
		t.refused = err
		t.key++
		return 0, true
	case http.StatusNotFound:
		return next(&t.missing)
	case http.StatusServiceUnavailable:
		return next(&t.away)
	}
	return 0, false
}

// next takes a pause off the list and makes it uneven, so that those who
// failed together do not come back together.
func next(pauses *[]time.Duration) (time.Duration, bool) {
	if len(*pauses) == 0 {
		return 0, false
	}
	pause := (*pauses)[0]
	*pauses = (*pauses)[1:]
	return pause*3/4 + rand.N(pause/2), true
}

// passing says whether another dial may fare better, and soon.
func passing(e *dialError) bool {
	if slow, ok := errors.AsType[net.Error](e); ok && slow.Timeout() {
		return false
	}
	for _, lasting := range []error{errPort, errPrivate, errPlain} {
		if errors.Is(e, lasting) {
			return false
		}
	}
	return !badCertificate(e)
}

func sleep(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// tell makes an attempt's error one that may be told.
func tell(err error) error {
	var (
		told    *chat.Error
		refused *refusal
		dial    *dialError
	)
	switch {
	case errors.As(err, &refused):
		return refused.told()
	case errors.As(err, &dial):
		return unavailable(connectFault(dial))
	case errors.Is(err, errStarting):
		return unavailable(err)
	case errors.Is(err, errHTML), errors.Is(err, errCompressed):
		return failed(err)
	case errors.Is(err, errSign), errors.As(err, &told):
		return unavailable(err) // of the site's settings: not for the visitor as it is
	}
	return failed(errUnknown)
}
