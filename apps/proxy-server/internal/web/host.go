package web

import (
	"bytes"
	"encoding/json/jsontext"
	"encoding/json/v2"
	"html/template"
	"net/http"
	"path"
	"strings"
	"time"

	"golang.org/x/text/language"

	"securechat/internal/assets"
	"securechat/internal/chat"
	"securechat/internal/gate"
)

const (
	forGood   = "public, max-age=31536000, immutable"
	forAWhile = "public, max-age=600" // how long a shop may run a loader that has been replaced
)

// loader serves embed.js under the name that shops paste into their pages.
func (s *server) loader(w http.ResponseWriter, r *http.Request) error {
	return s.serveLoader(w, r, forAWhile)
}

// pinnedLoader serves embed.js under its hash, for pages that pin it.
func (s *server) pinnedLoader(w http.ResponseWriter, r *http.Request) error {
	if r.PathValue("hash") != s.Widget.Loader.Hash {
		return chat.Missing()
	}
	return s.serveLoader(w, r, forGood)
}

func (s *server) serveLoader(w http.ResponseWriter, r *http.Request, life string) error {
	if s.Widget.Loader.Content == nil {
		return unavailable(assets.ErrNotBuilt)
	}
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*") // integrity is checked for CORS answers only
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	serveFile(w, r, "embed.js", s.Widget.Loader, life)
	return nil
}

// asset serves script and style of the frame; their names carry a hash.
func (s *server) asset(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("file")
	file, ok := s.Widget.Files[name]
	if !ok {
		return chat.Missing()
	}
	serveFile(w, r, name, file, forGood)
	return nil
}

func serveFile(w http.ResponseWriter, r *http.Request, name string, file assets.File, life string) {
	h := w.Header()
	h.Set("Content-Type", fileType(name))
	h.Set("Cache-Control", life)
	h.Add("Vary", "Accept-Encoding")
	content, tag := file.Content, file.Hash
	if takesGzip(r) {
		h.Set("Content-Encoding", "gzip")
		content, tag = file.Gzipped, file.Hash+"-gzip"
	}
	h.Set("ETag", `"`+tag+`"`)
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(content))
}

// takesGzip says whether the client asks for gzip (RFC 9110, section 12.5.3).
// One that weighs its wishes gets the plain file, which everybody takes.
func takesGzip(r *http.Request) bool {
	for coding := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		if strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			return true
		}
	}
	return false
}

// fileType does not ask the machine, whose own table may say anything.
func fileType(name string) string {
	switch path.Ext(name) {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".woff2":
		return "font/woff2"
	}
	return "application/octet-stream"
}

var framePage = template.Must(template.New("frame").Parse(`<!doctype html>
<html lang="{{.Locale}}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover, interactive-widget=resizes-content">
<meta name="robots" content="noindex">
<title>{{.Title}}</title>
<link rel="stylesheet" href="/widget/assets/{{.Style}}">
</head>
<body>
<div id="securechat"></div>
<script type="application/json" id="securechat-config">{{.Config}}</script>
<script type="module" src="/widget/assets/{{.Script}}"></script>
</body>
</html>
`))

const noticePage = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Chat</title>
<p>This is a shop's chat. It opens on the pages of the shop that it belongs to.</p>
</html>
`

const notBuiltPage = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Chat</title>
<p>The server runs, but its widget has not been built. Run <code>make build</code> and start it again.</p>
</html>
`

// framePolicy is the policy of the frame's page, but for who may frame it.
const framePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data: blob:; " +
	"base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; frame-ancestors "

// frame prints the page inside the iframe. Opened on its own it is a notice:
// only the browser that frames it can say who frames it.
func (s *server) frame(w http.ResponseWriter, r *http.Request) error {
	framed, err := s.Gate.Frame(r.Context(), gate.FrameRequest{
		SiteKey: r.PathValue("site_key"),
		Referer: r.Referer(),
		Dest:    r.Header.Get("Sec-Fetch-Dest"),
		Caller:  s.caller(r),
	})
	if err != nil {
		return err
	}
	tellLimit(w, framed.Verdict)
	if framed.Ticket == "" {
		writePage(w, http.StatusOK, []byte(noticePage))
		return nil
	}
	h := w.Header()
	h.Set("Content-Security-Policy", framePolicy+ancestors(framed.Ancestors))
	h.Set("Referrer-Policy", "same-origin") // our own routes learn whose frame asks; see framedSite
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("Vary", "Referer, Sec-Fetch-Dest, Accept-Language")
	if s.Widget.Loader.Content == nil {
		writePage(w, http.StatusServiceUnavailable, []byte(notBuiltPage))
		return nil
	}
	locale := localeOf(r)
	config, err := json.Marshal(frameJSON{
		SiteKey:  framed.Site.Key,
		Ticket:   framed.Ticket,
		Origins:  each(framed.Site.Origins, func(o chat.OriginPattern) string { return string(o) }),
		Locale:   locale,
		Branding: toBranding(framed.Site.Branding),
		Features: toFeatures(framed.Site),
	}, jsontext.EscapeForHTML(true))
	if err != nil {
		return err
	}
	var page bytes.Buffer
	err = framePage.Execute(&page, struct {
		Locale, Title, Style, Script string
		Config                       template.JS
	}{locale, framed.Site.Branding.Title, s.Widget.Style, s.Widget.Script, template.JS(config)}) //nolint:gosec // JSON in which <, > and & are escaped
	if err != nil {
		return err
	}
	writePage(w, http.StatusOK, page.Bytes())
	return nil
}

// ancestors is the value of frame-ancestors (CSP Level 3, section 6.4.2.1).
func ancestors(origins chat.Origins) string {
	if len(origins) == 0 {
		return "'none'"
	}
	return strings.Join(each(origins, func(o chat.OriginPattern) string { return string(o) }), " ")
}

func writePage(w http.ResponseWriter, status int, page []byte) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(page)
}

// localeOf is the first language that the browser asks for (RFC 9110), "en"
// where it asks for none.
func localeOf(r *http.Request) string {
	tags, _, err := language.ParseAcceptLanguage(r.Header.Get("Accept-Language"))
	if err != nil || len(tags) == 0 || tags[0] == language.Und {
		return "en"
	}
	return tags[0].String()
}
