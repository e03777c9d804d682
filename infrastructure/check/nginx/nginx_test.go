// Package nginx_test puts the repository's own configuration of nginx before
// the built server, and looks at what comes through it.
package nginx_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"securechat/infrastructure/check/machine"
	"securechat/infrastructure/check/securechat"
)

// proxy is an nginx at work.
type proxy struct {
	http, https string // where it listens
	folder      string
	trust       *x509.CertPool
	stop        func() // ends it, once what is under way is over
}

// configure renders the configuration for an upstream into a new folder, for
// free ports of the loopback and whoever runs the test.
func configure(t *testing.T, upstream string) *proxy {
	t.Helper()
	p := &proxy{http: securechat.FreeAddress(t), https: securechat.FreeAddress(t), folder: t.TempDir()}
	source := filepath.Join(securechat.Root(), "infrastructure", "nginx")
	values := map[string]string{
		"CHAT_HOST": "127.0.0.1", "CHAT_UPSTREAM": strings.TrimPrefix(upstream, "http://"), "CHAT_CERTIFICATES": p.folder,
		"HTTP_LISTEN": p.http, "HTTPS_LISTEN": p.https,
	}
	local := strings.NewReplacer("/tmp/", p.folder+"/", "/dev/stdout", filepath.Join(p.folder, "access.log"))
	p.write(t, "nginx.conf", local.Replace(read(t, filepath.Join(source, "nginx.conf"))))
	p.write(t, "proxy.conf", read(t, filepath.Join(source, "proxy.conf")))
	p.write(t, "mime.types", "types { text/html html; }")
	template := read(t, filepath.Join(source, "securechat.conf.template"))
	for name, value := range values {
		template = strings.ReplaceAll(template, "${"+name+"}", value)
	}
	if strings.Contains(template, "${") {
		t.Errorf("a variable of the template is not known here:\n%s", template)
	}
	p.write(t, filepath.Join("conf.d", "securechat.conf"), template)
	p.certify(t)
	return p
}

func (p *proxy) write(t *testing.T, name, content string) {
	t.Helper()
	path := filepath.Join(p.folder, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// certify makes a certificate for the loopback that lasts as long as a test.
func (p *proxy) certify(t *testing.T) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "127.0.0.1"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	whole := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})
	p.write(t, "fullchain.pem", string(whole))
	p.write(t, "privkey.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})))
	p.trust = x509.NewCertPool()
	p.trust.AppendCertsFromPEM(whole)
}

// command is nginx on the folder.
func (p *proxy) command(t *testing.T, arguments ...string) *exec.Cmd {
	t.Helper()
	// Debian keeps it off the PATH of those who are not root.
	program := machine.Find(t, "nginx", "/usr/sbin/nginx")
	return exec.Command(program, append([]string{"-c", filepath.Join(p.folder, "nginx.conf"), "-p", p.folder, "-e", "stderr"}, arguments...)...)
}

// start has nginx at work until the test ends.
func start(t *testing.T, upstream string) *proxy {
	t.Helper()
	p := configure(t, upstream)
	nginx := p.command(t, "-g", "daemon off;")
	var said bytes.Buffer
	nginx.Stderr = &said
	if err := nginx.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = nginx.Wait()
	}()
	end := func(signal os.Signal) {
		_ = nginx.Process.Signal(signal)
		<-ended
	}
	p.stop = func() { end(syscall.SIGQUIT) }
	t.Cleanup(func() { end(syscall.SIGTERM) })
	for {
		line, err := net.Dial("tcp", p.https)
		if err == nil {
			line.Close()
			return p
		}
		select {
		case <-ended:
			t.Fatalf("nginx did not start:\n%s", &said)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// browser is a client that comes from an address of the loopback, over
// HTTP/1.1 or HTTP/2.
func (p *proxy) browser(from string, protocols ...string) *http.Client {
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	return &http.Client{
		Timeout: patience,
		Transport: &http.Transport{
			DialTLSContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				return (&tls.Dialer{NetDialer: dialer, Config: &tls.Config{RootCAs: p.trust, NextProtos: protocols}}).DialContext(ctx, network, address)
			},
			ForceAttemptHTTP2: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// patience is how long a test waits for what does not come at all.
const patience = 30 * time.Second

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func drain(t *testing.T, answer *http.Response) string {
	t.Helper()
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
