package main

import (
	"context"
	"errors"
	"time"

	"securechat/internal/chat"
	"securechat/internal/store/sqlstore"
	"securechat/internal/telemetry"
)

// metered is an engine whose time is taken.
type metered struct {
	sqlstore.Engine

	numbers *telemetry.Metrics
}

// Look implements [sqlstore.Engine].
func (m metered) Look(ctx context.Context, statements ...sqlstore.Statement) error {
	begun := time.Now()
	err := m.Engine.Look(ctx, statements...)
	m.numbers.Stored("look", m.outcome(err), time.Since(begun))
	return err
}

// Act implements [sqlstore.Engine].
func (m metered) Act(ctx context.Context, statements ...sqlstore.Statement) error {
	begun := time.Now()
	err := m.Engine.Act(ctx, statements...)
	m.numbers.Stored("act", m.outcome(err), time.Since(begun))
	return err
}

// outcome tells an engine that failed from one that found what nobody wanted.
func (m metered) outcome(err error) string {
	if _, said := errors.AsType[*chat.Error](err); err == nil || said {
		return "done"
	}
	switch m.Dialect().Kind(err) {
	case chat.Conflict, chat.NotFound:
		return "done"
	case chat.Unavailable, chat.Full:
		return "unavailable"
	}
	return "failed"
}
