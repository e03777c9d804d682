// Package n8n is the agent behind a webhook of n8n: it makes the request and
// its token, reads the answer in any of n8n's response modes, and keeps to
// n8n's real behaviour rather than to its documents. What it hears it holds
// for hostile: nothing of it reaches a visitor but text and checked cards.
// Who may ask, how often, and what becomes of the answer it leaves to others.
package n8n

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"net/netip"
	"time"

	"securechat/internal/chat"
)

// Options is what an [Agent] needs. Its zero value reaches public addresses
// and can sign with shared keys only.
type Options struct {
	Issuer   string         // of our tokens: the public address of this server
	Signer   Signer         // for ES256 and RS256; nil where there is none
	Allowed  []netip.Prefix // ranges that webhooks may point to although not public
	Resolver *net.Resolver  // nil means the system's
	Roots    *x509.CertPool // whose certificates are trusted; nil means the system's
}

// Agent is a [relay.Agent] for every site whose agent is an n8n workflow.
type Agent struct {
	issuer   string
	signer   Signer
	guard    guard
	resolver *net.Resolver
	lounge   lounge
	breakers breakers
}

// New returns an agent that has connected to nothing yet.
func New(o Options) *Agent {
	a := &Agent{issuer: o.Issuer, signer: o.Signer, guard: newGuard(o.Allowed), resolver: o.Resolver}
	if a.signer == nil {
		a.signer = noSigner{}
	}
	if a.resolver == nil {
		a.resolver = net.DefaultResolver
	}
	a.lounge = newLounge(a.guard, a.resolver, &tls.Config{RootCAs: o.Roots, MinVersion: tls.VersionTLS12})
	return a
}

// grace is how long an execution that reported an error may take to go on. A
// cancelled one never closes its stream.
const grace = 5 * time.Second

// Ask runs the site's workflow once. The workflow is asked again only where
// it cannot have run. Errors are [chat.Error]s that may be told, or ctx's.
func (a *Agent) Ask(ctx context.Context, p chat.Prompt) iter.Seq2[chat.Piece, error] {
	return func(yield func(chat.Piece, error) bool) {
		limited, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		r := newRun(&p, cancel, yield)
		defer after(r.settings.Total, cancel, errTotal)()
		if err := r.ask(limited, a, &p); err != nil && !r.unheard {
			yield(chat.Piece{}, r.explain(ctx, limited, err))
		}
	}
}

// after cancels with cause when the limit is over, unless stopped before.
func after(limit time.Duration, cancel context.CancelCauseFunc, cause error) (stop func() bool) {
	return time.AfterFunc(limit, func() { cancel(cause) }).Stop
}

// explain turns err into what may be told: the caller's own end, the limit
// that ended the run, or what went wrong.
func (r *run) explain(caller, limited context.Context, err error) error {
	if caller.Err() != nil {
		return context.Cause(caller)
	}
	if cause := context.Cause(limited); cause != nil && !errors.Is(err, cause) {
		err = cause // the network's words for it say less
	}
	var told *chat.Error
	switch {
	case errors.As(err, &told):
		return err
	case errors.Is(err, errTotal) && r.heard:
		return cutShort(err)
	case errors.Is(err, errFirstByte), errors.Is(err, errTotal):
		return tooSlow(err)
	case errors.Is(err, errSilence), errors.Is(err, errBroken):
		return cut(err)
	case errors.Is(err, errEmpty):
		return silent(err)
	case errors.Is(err, errTooMuch), errors.Is(err, errLongLine) && r.heard:
		return tooLong(err)
	}
	return failed(err)
}

// run is one answer on its way.
type run struct {
	settings chat.AgentSettings
	cancel   context.CancelCauseFunc
	yield    func(chat.Piece, error) bool
	heard    bool // a piece was taken
	unheard  bool // nobody takes pieces any more
}

// newRun is no part of its caller's frame, which waits with thousands of others.
//
//go:noinline
func newRun(p *chat.Prompt, cancel context.CancelCauseFunc, yield func(chat.Piece, error) bool) *run {
	p.Site.Agent = p.Site.Agent.WithDefaults()
	return &run{settings: p.Site.Agent, cancel: cancel, yield: yield}
}

func (r *run) ask(ctx context.Context, a *Agent, p *chat.Prompt) error {
	wait := r.settings.FirstByte
	if r.settings.Response != chat.ResponseStreaming {
		wait = r.settings.Total // the first byte comes when all is done
	}
	begun := after(wait, r.cancel, errFirstByte)
	defer begun()
	response, err := a.open(ctx, p)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if r.settings.Response != chat.ResponseStreaming {
		return r.whole(response)
	}
	return r.stream(ctx, response, begun)
}

// tell hands pieces over; false means that nobody wants more.
func (r *run) tell(pieces []chat.Piece) bool {
	for _, piece := range pieces {
		if !r.yield(piece, nil) {
			r.unheard = true
			return false
		}
		r.heard = true
	}
	return true
}

// stream reads n8n's chunks until its answer ends. Only the end of the body
// ends an answer: each step of a workflow has an end of its own.
func (r *run) stream(ctx context.Context, response *http.Response, begun func() bool) error {
	in := newLines(response.Body)
	defer in.release()
	s := &stream{assembly: newAssembly(r.settings.Nodes), framed: framed(response)}
	err := in.fill()
	begun()
	for err == nil {
		err = s.drain(in)
		if !r.tell(s.take()) {
			return nil
		}
		if err == nil {
			err = r.fill(in, s)
		}
	}
	if errors.Is(err, io.EOF) {
		err = s.last(in.rest())
	}
	s.finish()
	if !r.tell(s.take()) {
		return nil
	}
	return s.verdict(ctx, err)
}

// fill waits for more, as long as the site's owner and n8n's habits say.
func (r *run) fill(in *lines, s *stream) error {
	limit, cause := r.settings.Silence, errSilence
	if s.atError {
		limit, cause = grace, errHung
	}
	defer after(limit, r.cancel, cause)()
	return in.fill()
}

// stream is the state of an answer that comes in chunks.
type stream struct {
	*assembly

	framed  bool // the end of the body can be told from a broken connection
	atError bool // the last thing heard was an error
	atEnd   bool // … was the end of a step
}

func (s *stream) drain(in *lines) error {
	for line, ok := in.buffered(); ok; line, ok = in.buffered() {
		if err := s.line(line); err != nil {
			return err
		}
	}
	return nil
}

// line takes one line. What is neither a chunk nor a web page is a sign of
// life and nothing else.
func (s *stream) line(line []byte) error {
	c, ok := parseChunk(line)
	if !ok && webPage(line) {
		return errHTML
	}
	s.atError, s.atEnd = c.Type == "error", c.Type == "end"
	return s.add(c)
}

// last takes what stands after the last newline of a whole body.
func (s *stream) last(line []byte) error {
	if len(line) == 0 {
		return nil
	}
	return s.line(line)
}

// verdict says how an answer ended whose reading was ended by err.
func (s *stream) verdict(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		err = context.Cause(ctx)
	case err == nil && s.failed:
		err = errWorkflow
	case err == nil && !s.answered():
		err = errEmpty
	case err == nil && !s.framed && !s.atEnd:
		err = errBroken
	case err != nil && !known(err):
		err = errBroken
	}
	if err != nil && s.meta.execution != "" {
		return fmt.Errorf("execution %s: %w", s.meta.execution, err)
	}
	return err
}

// known says whether the error is one of ours rather than the network's.
func known(err error) bool {
	return errors.Is(err, errHTML) || errors.Is(err, errLongLine) || errors.Is(err, errTooMuch)
}

// framed says whether the response tells where its body ends.
func framed(r *http.Response) bool {
	return r.ContentLength >= 0 || len(r.TransferEncoding) > 0
}
