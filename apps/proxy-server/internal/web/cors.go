package web

import (
	"log/slog"
	"net/http"
	"strings"
	"time"
)

// preflightLife is how long a browser may remember a preflight's answer.
const preflightLife = 10 * time.Minute

// crossOrigin says whether pages of other origins may speak to the path: they
// do so with a bearer token, never with a cookie.
func crossOrigin(path string) bool {
	return strings.HasPrefix(path, "/api/v1/session") || strings.HasPrefix(path, "/n8n/")
}

// allowOrigin lets the page that asks read the answer, where its origin is one
// that some site lists. What it may do is for the gate to say. No answer ever
// allows credentials, so that no cookie of ours is sent from there.
func (s *server) allowOrigin(w http.ResponseWriter, r *http.Request) bool {
	h := w.Header()
	h.Add("Vary", "Origin")
	origin := r.Header.Get("Origin")
	if origin == "" || len(r.Header.Values("Origin")) > 1 {
		return false
	}
	listed, err := s.Gate.Preflight(r.Context(), origin)
	if err != nil {
		s.Log.LogAttrs(r.Context(), slog.LevelError, "origin not looked up", slog.Any("error", err))
	}
	if !listed {
		return false
	}
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Expose-Headers", "Retry-After, RateLimit, RateLimit-Policy")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	return true
}

// preflight answers the question that browsers ask first (Fetch, section
// "CORS-preflight fetch").
func (s *server) preflight(w http.ResponseWriter, r *http.Request, methods string) {
	if s.allowOrigin(w, r) {
		h := w.Header()
		h.Set("Access-Control-Allow-Methods", methods)
		// The wildcard is for pages whose n8n widget sends headers of its own.
		h.Set("Access-Control-Allow-Headers", "*, Authorization, Content-Type, Last-Event-ID")
		h.Set("Access-Control-Max-Age", seconds(preflightLife))
		h.Del("Access-Control-Expose-Headers")
	}
	w.WriteHeader(http.StatusNoContent)
}
