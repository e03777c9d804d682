package n8n_test

import (
	"context"
	"encoding/binary"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"securechat/internal/agent/n8n"
	"securechat/internal/agent/n8n/n8ntest"
	"securechat/internal/chat"
)

func TestOnlyPublicAddressesAreDialled(t *testing.T) {
	a := n8n.New(n8n.Options{})
	for _, host := range []string{
		"127.0.0.1", "127.1.2.3", "[::1]", "0.0.0.0", "[::]", "[::ffff:127.0.0.1]", "[::127.0.0.1]",
		"169.254.169.254", "[fd00:ec2::254]", "100.100.100.200", "192.0.0.192", "168.63.129.16", "[::ffff:168.63.129.16]",
		"10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "[fc00::1]", "[fd12::1]", "[fe80::1]", "[fe80::1%25eth0]",
		"[64:ff9b::7f00:1]", "[64:ff9b::a00:1]", "[2002:7f00:1::]", "[2001:0:1::1]", "[2001:db8::1]", "[ff02::1]", "[3fff::1]", "[5f00::1]",
		"192.0.2.1", "198.51.100.1", "203.0.113.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
	} {
		settings := chat.AgentSettings{Webhook: chat.Secret("https://" + host + "/webhook/shop")}
		if err := a.Check(t.Context(), settings); err == nil || !strings.Contains(err.Error(), n8n.AllowVariable) {
			t.Errorf("%s: %v", host, err)
		}
		got := ask(t.Context(), a, prompt("https://"+host, chat.AgentSettings{}))
		if chat.CodeOf(got.Err) != "agent_unavailable" || !strings.Contains(got.Err.Error(), n8n.AllowVariable) || got.Took > time.Second {
			t.Errorf("%s: %v after %v", host, got.Err, got.Took)
		}
	}
	for _, host := range []string{"93.184.215.14", "[2606:2800:21f::1]", "9.255.255.255", "172.32.0.1"} {
		if err := a.Check(t.Context(), chat.AgentSettings{Webhook: chat.Secret("https://" + host + ":5678/webhook/shop")}); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
}

func TestTheOperatorMayAllowARange(t *testing.T) {
	a := n8n.New(n8n.Options{Allowed: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd00::/8")}})
	for host, allowed := range map[string]bool{
		"10.1.2.3": true, "[::ffff:10.1.2.3]": true, "[fd12::1]": true,
		"10.2.0.1": false, "127.0.0.1": false, "[fe80::1]": false,
	} {
		for _, scheme := range []string{"http", "https"} {
			err := a.Check(t.Context(), chat.AgentSettings{Webhook: chat.Secret(scheme + "://" + host + ":5678/webhook/shop")})
			if (err == nil) != allowed {
				t.Errorf("%s %s: %v", scheme, host, err)
			}
		}
	}
	if err := a.Check(t.Context(), chat.AgentSettings{Webhook: "http://93.184.215.14/webhook/shop"}); err == nil || !strings.Contains(err.Error(), "https") {
		t.Errorf("plain http over the internet: %v", err)
	}
}

func TestPortsOfOtherServicesAreClosed(t *testing.T) {
	a := n8n.New(n8n.Options{Allowed: loopback})
	for _, port := range []int{1, 22, 25, 110, 445, 1023, 2375, 3306, 5432, 6379, 9200, 11211, 27017} {
		got := ask(t.Context(), a, prompt("http://127.0.0.1:"+strconv.Itoa(port), chat.AgentSettings{}))
		if got.Err == nil || !strings.Contains(got.Err.Error(), "port") {
			t.Errorf("%d: %v", port, got.Err)
		}
		err := a.Check(t.Context(), chat.AgentSettings{Webhook: chat.Secret("http://127.0.0.1:" + strconv.Itoa(port) + "/webhook/shop")})
		if chat.KindOf(err) != chat.Invalid || !strings.Contains(err.Error(), "port "+strconv.Itoa(port)) {
			t.Errorf("%d is not refused for ever: %v", port, err)
		}
	}
}

func TestAddressesThatAreNoneAreRefusedByName(t *testing.T) {
	a := n8n.New(n8n.Options{Allowed: loopback})
	for _, address := range []string{
		"", "n8n", "file:///etc/passwd", "gopher://127.0.0.1:70/", "unix:/run/n8n.sock", "ftp://127.0.0.1/", "javascript:alert(1)",
		"https://user:pass@93.184.215.14/webhook/x", "https://93.184.215.14#@127.0.0.1/", `https://93.184.215.14\@127.0.0.1/`, "https://93.184.215.14/%00",
		"https:///webhook/x", "https://", "https:93.184.215.14", "https://93.184.215.14/a b", "https://93.184.215.14/a\r\nb", "https://[::1/", "https://h:99999999/",
		"https://93.184.215.14/" + strings.Repeat("x", 2100), "https://93.184.215.14/webhook-test/x",
	} {
		if err := a.Check(t.Context(), chat.AgentSettings{Webhook: chat.Secret(address)}); chat.KindOf(err) != chat.Invalid {
			t.Errorf("%.60q: %v", address, err)
		}
	}
}

func TestSettingsThatCannotWorkAreToldBeforehand(t *testing.T) {
	a := n8n.New(n8n.Options{Allowed: loopback})
	for _, c := range []struct {
		settings chat.AgentSettings
		says     string
	}{
		{chat.AgentSettings{Auth: chat.AuthBasic, Secret: "nocolon"}, "user:password"},
		{chat.AgentSettings{Auth: chat.AuthHeader, Secret: "novalue"}, "Name: value"},
		{chat.AgentSettings{Auth: chat.AuthHeader, Secret: "Host: x"}, "Host"},
		{chat.AgentSettings{Auth: chat.AuthJWT, Algorithm: chat.HS256, Secret: "short"}, "32 bytes"},
		{chat.AgentSettings{Auth: chat.AuthJWT, Algorithm: "none"}, "ES256"},
		{chat.AgentSettings{Auth: "magic"}, "basic"},
		{chat.AgentSettings{Auth: chat.AuthJWT}, ""},
		{chat.AgentSettings{}, ""},
	} {
		c.settings.Webhook = "http://127.0.0.1:5678/webhook/shop"
		err := a.Check(t.Context(), c.settings)
		if (err == nil) != (c.says == "") || (err != nil && !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%+v: %v, want it to say %q", c.settings, err, c.says)
		}
		if err != nil && c.settings.Secret != "" && strings.Contains(err.Error(), c.settings.Secret.Reveal()) {
			t.Errorf("the secret is in %v", err)
		}
	}
}

// names is a name server whose answers for a host change with each question:
// the n-th asker hears the n-th, and later ones the last.
type names struct {
	mu      sync.Mutex
	answers map[string][][]netip.Addr
	asked   map[string]int
}

// resolver asks the name server and nobody else.
func (n *names) resolver(t *testing.T) *net.Resolver {
	t.Helper()
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buffer := make([]byte, 1500)
		for {
			size, from, err := server.ReadFrom(buffer)
			if err != nil {
				return
			}
			_, _ = server.WriteTo(n.reply(buffer[:size]), from)
		}
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-done
	})
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", server.LocalAddr().String())
	}}
}

// reply answers one question (RFC 1035) with what is known of its type.
func (n *names) reply(query []byte) []byte {
	end, labels := 12, []string{}
	for query[end] != 0 {
		labels = append(labels, string(query[end+1:end+1+int(query[end])]))
		end += 1 + int(query[end])
	}
	end += 5
	kind := binary.BigEndian.Uint16(query[end-4:])
	reply := append([]byte{query[0], query[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}, query[12:end]...)
	for _, address := range n.next(strings.Join(labels, "."), kind) {
		raw := address.AsSlice()
		reply[7]++
		reply = append(reply, 0xC0, 12, byte(kind>>8), byte(kind), 0, 1, 0, 0, 0, 0, 0, byte(len(raw)))
		reply = append(reply, raw...)
	}
	return reply
}

func (n *names) next(name string, kind uint16) []netip.Addr {
	n.mu.Lock()
	defer n.mu.Unlock()
	all := n.answers[name]
	if len(all) == 0 {
		return nil
	}
	if n.asked == nil {
		n.asked = make(map[string]int)
	}
	question := name + strconv.Itoa(int(kind))
	at := min(n.asked[question], len(all)-1)
	n.asked[question]++
	var fitting []netip.Addr
	for _, address := range all[at] {
		if address.Is4() == (kind == 1) {
			fitting = append(fitting, address)
		}
	}
	return fitting
}

func TestANameThatChangesItsMindIsCaughtAtTheDial(t *testing.T) {
	n, server := n8ntest.Start(t)
	n.Publish("shop", n8ntest.Auth{}, n8ntest.Stream(n8ntest.Lines(n8ntest.Node{Name: "A"}.Say("In"))))
	port := strings.TrimPrefix(server.URL, "http://127.0.0.1")
	names := &names{answers: map[string][][]netip.Addr{
		"turncoat.example": {{netip.MustParseAddr("93.184.215.14")}, {netip.MustParseAddr("127.0.0.1")}},
		"mixed.example":    {{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("fd00::1")}},
	}}
	a := n8n.New(n8n.Options{Resolver: names.resolver(t)})
	settings := chat.AgentSettings{Webhook: chat.Secret("https://turncoat.example" + port + "/webhook/shop")}
	if err := a.Check(t.Context(), settings); err != nil {
		t.Fatalf("the first answer is public: %v", err)
	}
	for range 3 {
		got := ask(t.Context(), a, prompt("https://turncoat.example"+port, chat.AgentSettings{}))
		if got.Err == nil || !strings.Contains(got.Err.Error(), n8n.AllowVariable) {
			t.Fatalf("the second answer is not: %v", got.Err)
		}
	}

	allowed := n8n.New(n8n.Options{Resolver: names.resolver(t), Allowed: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	ask(t.Context(), allowed, prompt("http://mixed.example"+port, chat.AgentSettings{})).must(t, "In", "", 0)
}

func TestAHostWithoutANameIsTold(t *testing.T) {
	a := n8n.New(n8n.Options{Resolver: (&names{}).resolver(t)})
	if err := a.Check(t.Context(), chat.AgentSettings{Webhook: "https://nowhere.example/webhook/x"}); err == nil || !strings.Contains(err.Error(), "resolved") {
		t.Errorf("%v", err)
	}
	ask(t.Context(), a, prompt("https://nowhere.example", chat.AgentSettings{})).must(t, "", "agent_unavailable", chat.Unavailable)
}

func TestCertificatesAreChecked(t *testing.T) {
	n := new(n8ntest.N8N)
	n.Publish("shop", n8ntest.Auth{}, n8ntest.Stream(n8ntest.Lines(n8ntest.Node{Name: "A"}.Say("In"))))
	server := httptest.NewUnstartedServer(n)
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // refused handshakes are the point
	server.StartTLS()
	defer server.Close()
	roots := server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs

	ask(t.Context(), n8n.New(n8n.Options{Allowed: loopback, Roots: roots}), prompt(server.URL, chat.AgentSettings{})).must(t, "In", "", 0)
	stranger := n8n.New(n8n.Options{Allowed: loopback})
	got := ask(t.Context(), stranger, prompt(server.URL, chat.AgentSettings{}))
	got.must(t, "", "agent_unavailable", chat.Unavailable)
	if got.Took > 2*time.Second || !strings.Contains(got.Err.Error(), "known authority") {
		t.Errorf("%v after %v", got.Err, got.Took)
	}
	if err := stranger.Reach(t.Context(), chat.AgentSettings{Webhook: chat.Secret(server.URL + "/webhook/shop")}); err == nil {
		t.Error("a connection was made all the same")
	}
	plain, stop := n8ntest.Start(t)
	plain.Publish("shop", n8ntest.Auth{}, n8ntest.Stream())
	got = ask(t.Context(), stranger, prompt(strings.Replace(stop.URL, "http:", "https:", 1), chat.AgentSettings{}))
	if got.must(t, "", "agent_unavailable", chat.Unavailable); !strings.Contains(got.Err.Error(), "TLS") || plain.Runs() != 0 {
		t.Errorf("%v, %d runs", got.Err, plain.Runs())
	}
}

func TestReachConnectsAndSaysNothing(t *testing.T) {
	n, server := n8ntest.Start(t)
	a := n8n.New(n8n.Options{Allowed: loopback})
	if err := a.Reach(t.Context(), chat.AgentSettings{Webhook: chat.Secret(server.URL + "/webhook/shop")}); err != nil {
		t.Error(err)
	}
	if heard := n.Requests(); len(heard) != 0 {
		t.Errorf("%d requests", len(heard))
	}
	server.Close()
	if err := a.Reach(t.Context(), chat.AgentSettings{Webhook: chat.Secret(server.URL + "/webhook/shop")}); err == nil || !strings.Contains(err.Error(), "refuses") {
		t.Errorf("%v", err)
	}
}
