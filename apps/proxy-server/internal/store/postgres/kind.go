package postgres

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"

	"github.com/jackc/pgx/v5/pgconn"

	"securechat/internal/chat"
)

// Codes of SQLSTATE (PostgreSQL manual, appendix A).
const (
	uniqueViolation     = "23505"
	foreignKeyViolation = "23503"
	diskFull            = "53100"
	serializationLost   = "40001"
	deadlock            = "40P01"
	adminShutdown       = "57P01" // of this connection
	lockNotAvailable    = "55P03"
	readOnly            = "25006" // a standby that was the primary
)

// unavailable holds the classes of SQLSTATE that pass by themselves:
// connection trouble, refused log-in, rollback, resources, shutdown or
// statement_timeout, system.
var unavailable = map[string]bool{"08": true, "28": true, "40": true, "53": true, "57": true, "58": true}

func kindOf(err error) chat.Kind {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch e.Code {
		case uniqueViolation:
			return chat.Conflict
		case foreignKeyViolation:
			return chat.NotFound
		case diskFull:
			return chat.Full
		case lockNotAvailable, readOnly:
			return chat.Unavailable
		}
		if len(e.Code) == 5 && unavailable[e.Code[:2]] {
			return chat.Unavailable
		}
		return chat.Internal
	}
	if broken(err) {
		return chat.Unavailable
	}
	return chat.Internal
}

// broken says that the connection, and not what was asked, is at fault.
func broken(err error) bool {
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return true
	}
	if _, ok := errors.AsType[severed](err); ok {
		return true
	}
	return pgconn.SafeToRetry(err) || errors.Is(err, errClosed) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) ||
		errors.Is(err, context.DeadlineExceeded)
}

// worthRepeating says that an act left nothing behind, and failed for a
// reason that may be gone at once: it lost against another, or its connection
// had been cut.
func worthRepeating(err error) bool {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code == serializationLost || e.Code == deadlock || e.Code == adminShutdown
	}
	_, committing := errors.AsType[uncertain](err)
	_, unreached := errors.AsType[*pgconn.ConnectError](err)
	return broken(err) && !committing && !unreached &&
		!errors.Is(err, errClosed) && !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled)
}
