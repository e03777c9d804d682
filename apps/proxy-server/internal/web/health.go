package web

import (
	"context"
	"net/http"
	"time"
)

// readyTimeout is how long the probe waits for what we stand on.
const readyTimeout = 2 * time.Second

type healthJSON struct {
	Status string `json:"status"`
}

// alive says that the process runs.
func (s *server) alive(w http.ResponseWriter, _ *http.Request) error {
	return answer(w, http.StatusOK, healthJSON{"ok"})
}

// ready says whether requests should be sent here. Why not is in the log.
func (s *server) ready(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
	defer cancel()
	if s.streams.isDraining() {
		return errDraining
	}
	if s.Ready != nil {
		if err := s.Ready(ctx); err != nil {
			return unavailable(err)
		}
	}
	return answer(w, http.StatusOK, healthJSON{"ok"})
}

// keys publishes the keys that verify our tokens (RFC 7517).
func (s *server) keys(w http.ResponseWriter, r *http.Request) error {
	set, err := s.jwks.get(r.Context(), s.JWKS)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/jwk-set+json")
	h.Set("Cache-Control", "public, max-age=300")
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	_, _ = w.Write(set)
	return nil
}
