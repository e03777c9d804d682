package n8n

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"time"

	"securechat/internal/chat"
)

// What a visitor may be told. n8n's own words never are; the cause inside
// each error is for the operator's log, and holds neither an address nor
// anything that n8n said.

func unavailable(cause error) *chat.Error {
	return because(chat.E(chat.Unavailable, "agent_unavailable", "The assistant cannot be reached at the moment."), cause)
}

func failed(cause error) *chat.Error {
	return because(chat.E(chat.Unavailable, "agent_failed", "The assistant could not finish its answer."), cause)
}

func tooSlow(cause error) *chat.Error {
	return because(chat.E(chat.Unavailable, "agent_timeout", "The assistant took too long to answer."), cause)
}

func silent(cause error) *chat.Error {
	return because(chat.E(chat.Unavailable, "agent_empty", "The assistant had no answer."), cause)
}

func busy(cause error, wait time.Duration) *chat.Error {
	e := because(chat.E(chat.Limited, "agent_busy", "The assistant is busy at the moment."), cause)
	e.RetryAfter = wait
	return e
}

func cut(cause error) *chat.Error {
	return because(chat.E(chat.Cut, "agent_interrupted", "The answer broke off before its end."), cause)
}

func cutShort(cause error) *chat.Error {
	return because(chat.E(chat.Cut, "agent_timeout", "The assistant took too long to answer."), cause)
}

func tooLong(cause error) *chat.Error {
	return because(chat.E(chat.Cut, "agent_too_long", "The answer was too long and was cut."), cause)
}

func because(e *chat.Error, cause error) *chat.Error {
	e.Err = cause
	return e
}

var (
	errEmpty      = errors.New("n8n answered without any text to show: does the workflow's last node stream, and is its name among the site's nodes?")
	errHTML       = errors.New("n8n's address answered with a web page: something in front of it speaks instead")
	errSign       = errors.New("sign the token for n8n")
	errStarting   = errors.New("n8n is starting up")
	errCompressed = errors.New("n8n's answer is compressed though nobody asked for it")
	errWhole      = errors.New("n8n's answer has neither output nor text: does the site's response mode fit the workflow?")
	errWorkflow   = errors.New("the workflow reported an error in its stream")
	errHung       = errors.New("the workflow reported an error and then went silent")
	errFirstByte  = errors.New("n8n sent no byte of an answer in the time allowed")
	errSilence    = errors.New("n8n went silent in the middle of an answer")
	errTotal      = errors.New("the answer took longer than the site allows")
	errBroken     = errors.New("the connection broke off in the middle of an answer")
	errUnknown    = errors.New("the connection broke off before an answer; the workflow may have run")
	errTooMuch    = errors.New("the answer is longer than 256 KiB")
)

// refusal is an answer of n8n's that is not a success.
type refusal struct {
	status int
	wait   time.Duration // Retry-After, or 0
}

func (r *refusal) Error() string {
	text := "n8n answered " + strconv.Itoa(r.status)
	switch {
	case r.status/100 == 3:
		return text + ": redirects are not followed; register the final address"
	case r.status == http.StatusUnauthorized, r.status == http.StatusForbidden:
		return text + ": it does not accept the site's credential"
	case r.status == http.StatusNotFound:
		return text + ": the workflow is inactive, or the address is wrong"
	case r.status == http.StatusRequestEntityTooLarge, r.status == http.StatusUnprocessableEntity:
		return text + ": it does not take our request"
	case r.status == http.StatusInternalServerError:
		return text + ": the workflow failed"
	}
	return text
}

func (r *refusal) told() *chat.Error {
	switch {
	case r.status == http.StatusTooManyRequests:
		return busy(r, r.wait)
	case r.status/100 == 3,
		r.status == http.StatusUnauthorized, r.status == http.StatusForbidden,
		r.status == http.StatusNotFound, r.status == http.StatusServiceUnavailable:
		return unavailable(r)
	}
	return failed(r)
}

// connectFault says in fixed words why a connection could not be made.
func connectFault(err error) error {
	var (
		name    *net.DNSError
		host    x509.HostnameError
		expired x509.CertificateInvalidError
		record  tls.RecordHeaderError
		timeout net.Error
	)
	for _, known := range []error{errPort, errPrivate, errPlain} {
		if errors.Is(err, known) {
			return fmt.Errorf("the webhook's %w", known)
		}
	}
	switch {
	case errors.As(err, &name):
		return errors.New("the webhook's host name cannot be resolved")
	case errors.As(err, &host):
		return errors.New("the webhook's certificate is for another host name")
	case errors.As(err, &expired):
		return errors.New("the webhook's certificate is not valid at this time or for this use")
	case badCertificate(err):
		return errors.New("the webhook's certificate is not from a known authority")
	case errors.As(err, &record):
		return errors.New("the webhook's port does not speak TLS")
	case errors.Is(err, syscall.ECONNREFUSED):
		return errors.New("the webhook's host refuses the connection")
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return errors.New("the webhook's host does not answer")
	}
	return errors.New("the webhook's host cannot be connected to")
}

func badCertificate(err error) bool {
	_, bad := errors.AsType[*tls.CertificateVerificationError](err)
	return bad
}
