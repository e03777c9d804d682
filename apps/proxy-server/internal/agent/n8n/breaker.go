package n8n

import (
	"errors"
	"net/http"
	"sync"
	"time"
)

const (
	patience  = 20              // failures in a row before a host is left alone
	probeRest = 5 * time.Second // until one question may try it again
)

var errResting = errors.New("n8n's host has failed 20 times in a row and is left alone for a moment")

// breakers spare hosts that are down, and their askers the wait. A host is
// what counts, not a workflow: one that is inactive or fails says nothing of
// the others there.
type breakers struct {
	mu    sync.Mutex
	hosts map[string]*breaker // only of hosts whose last answer was a failure
}

type breaker struct {
	failures int
	closed   time.Time // to questions until then
}

// admit says whether the host may be asked. While it is failing one question
// gets through at a time, as a probe.
func (b *breakers) admit(host string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	known := b.hosts[host]
	if known == nil || known.failures < patience {
		return true
	}
	now := time.Now()
	if now.Before(known.closed) {
		return false
	}
	known.closed = now.Add(probeRest)
	return true
}

// note remembers how the host took a question.
func (b *breakers) note(host string, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !down(err) {
		delete(b.hosts, host)
		return
	}
	if b.hosts == nil {
		b.hosts = make(map[string]*breaker)
	}
	known := b.hosts[host]
	if known == nil {
		known = new(breaker)
		b.hosts[host] = known
	}
	if known.failures++; known.failures >= patience {
		known.closed = time.Now().Add(probeRest)
	}
}

// down says whether an error means that the host as a whole does not serve.
func down(err error) bool {
	if _, unconnected := errors.AsType[*dialError](err); unconnected {
		return true
	}
	if refused, ok := errors.AsType[*refusal](err); ok {
		switch refused.status {
		case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
			return true
		}
	}
	return errors.Is(err, errStarting)
}
