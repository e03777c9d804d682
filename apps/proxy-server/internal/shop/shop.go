package shop

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"strings"
	"time"
)

//go:embed pages static
var embedded embed.FS

// server prints the pages.
type server struct {
	widgetBase string // where the chat comes from: scheme, host and port
	siteKey    string
	policy     string
	pages      map[string]*template.Template
	files      map[string]file // by the name after /demo/assets/
}

// file is a static file, and a version that changes with its content.
type file struct {
	content []byte
	version string
}

// page is what a template is given.
type page struct {
	Title       string
	Summary     string
	Here        string // the entry of the navigation that is open
	WidgetBase  string
	SiteKey     string
	FreeFrom    int // euros from which delivery is free
	Delivery    int // euros below that
	Products    []product
	Product     product
	Suggestions []product
}

const (
	freeFrom = 60
	delivery = 4
)

// Handler serves the shop under /demo/. The chat is loaded from widgetBase,
// an origin such as "http://127.0.0.1:8080", for the site with this public key.
func Handler(widgetBase, siteKey string) http.Handler {
	s := &server{
		widgetBase: widgetBase,
		siteKey:    siteKey,
		policy:     policy(widgetBase),
		pages:      make(map[string]*template.Template),
		files:      staticFiles(),
	}
	for _, name := range []string{"catalogue", "product", "cart", "missing"} {
		t := template.New("frame.html").Funcs(template.FuncMap{"asset": s.asset})
		s.pages[name] = template.Must(t.ParseFS(embedded, "pages/frame.html", "pages/parts.html", "pages/"+name+".html"))
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /demo/{$}", s.catalogue)
	mux.HandleFunc("GET /demo/products/{slug}", s.product)
	mux.HandleFunc("GET /demo/cart", s.cart)
	mux.HandleFunc("GET /demo/assets/{file...}", s.static)
	mux.HandleFunc("GET /demo/", s.missing)
	return mux
}

// policy is what docs/integration-guide.md asks a shop to send: the chat needs
// its origin as a source of scripts and of frames, and nothing else.
func policy(widgetBase string) string {
	return "default-src 'none'; script-src 'self' " + widgetBase + "; frame-src " + widgetBase +
		"; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'" +
		"; require-trusted-types-for 'script'"
}

func (s *server) catalogue(w http.ResponseWriter, _ *http.Request) {
	s.print(w, http.StatusOK, "catalogue", page{
		Title:    "Northlight — things for a slower room",
		Summary:  "Lamps, blankets and other quiet things for the home.",
		Here:     "shop",
		Products: catalogue,
	})
}

func (s *server) product(w http.ResponseWriter, r *http.Request) {
	p, ok := find(r.PathValue("slug"))
	if !ok {
		s.missing(w, r)
		return
	}
	s.print(w, http.StatusOK, "product", page{
		Title:       p.Name + " — Northlight",
		Summary:     p.Tagline,
		Here:        "product",
		Product:     p,
		Suggestions: next(p),
	})
}

func (s *server) cart(w http.ResponseWriter, _ *http.Request) {
	s.print(w, http.StatusOK, "cart", page{
		Title:    "Your cart — Northlight",
		Summary:  "What you have put aside.",
		Here:     "cart",
		Products: catalogue,
	})
}

func (s *server) missing(w http.ResponseWriter, _ *http.Request) {
	s.print(w, http.StatusNotFound, "missing", page{
		Title:       "Not on this shelf — Northlight",
		Summary:     "There is no such page.",
		Suggestions: catalogue[:3],
	})
}

// print sends one page, whole or not at all.
func (s *server) print(w http.ResponseWriter, status int, name string, p page) {
	p.WidgetBase, p.SiteKey, p.FreeFrom, p.Delivery = s.widgetBase, s.siteKey, freeFrom, delivery
	var body bytes.Buffer
	if err := s.pages[name].Execute(&body, p); err != nil {
		http.Error(w, "the page could not be made", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	h.Set("Content-Security-Policy", s.policy)
	h.Set("Referrer-Policy", "strict-origin-when-cross-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = body.WriteTo(w) // whoever left has no use for the rest
}

// static sends a file; one asked for by its version is kept for good by the browser.
func (s *server) static(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("file")
	f, ok := s.files[name]
	if !ok {
		s.missing(w, r)
		return
	}
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("ETag", `"`+f.version+`"`)
	h.Set("Cache-Control", "no-cache")
	if r.URL.Query().Get("v") == f.version {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(f.content))
}

// asset is the address of a static file in its present version.
func (s *server) asset(name string) (string, error) {
	f, ok := s.files[name]
	if !ok {
		return "", fmt.Errorf("asset %s: %w", name, fs.ErrNotExist)
	}
	return "/demo/assets/" + name + "?v=" + f.version, nil
}

// staticFiles reads what the browser may fetch. It panics where the binary
// itself is damaged.
func staticFiles() map[string]file {
	found := make(map[string]file)
	err := fs.WalkDir(embedded, "static", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := embedded.ReadFile(name)
		sum := sha256.Sum256(content)
		found[strings.TrimPrefix(name, "static/")] = file{content, hex.EncodeToString(sum[:6])}
		return err
	})
	if err != nil {
		panic(fmt.Errorf("read the embedded shop: %w", err))
	}
	return found
}
