package nginx_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"securechat/infrastructure/check/securechat"
)

func TestTheConfigurationIsOneThatNginxTakes(t *testing.T) {
	p := configure(t, "http://127.0.0.1:8080")
	if said, err := p.command(t, "-t").CombinedOutput(); err != nil {
		t.Errorf("nginx -t: %v\n%s", err, said)
	}
}

// house is a server with one site behind nginx, and its workflow.
func house(t *testing.T, settings ...string) (p *proxy, site string, flow *securechat.Workflow) {
	t.Helper()
	server := securechat.New(t, settings...)
	flow = securechat.NewWorkflow(t)
	site = server.AddSite(flow.URL)
	server.Serve()
	return start(t, server.Address), site, flow
}

// The workflow says a word only once the one before has arrived. Were anything
// held back on the way, both would wait for ever.
func TestEachWordArrivesBeforeTheNextIsWritten(t *testing.T) {
	p, site, flow := house(t)
	for _, protocol := range []string{"http/1.1", "h2"} {
		for name, open := range map[string]func(*securechat.Visitor) *securechat.Stream{
			"by the stream of the conversation": func(v *securechat.Visitor) *securechat.Stream {
				stream := v.Follow(v.Conversation().Cursor)
				v.Send("What do you sell?")
				return stream
			},
			"by the answer to the question": func(v *securechat.Visitor) *securechat.Stream {
				return v.SendAndFollow("What do you sell?")
			},
		} {
			t.Run(protocol+" "+name, func(t *testing.T) {
				v := securechat.NewVisitor(t, p.browser("127.0.0.1", protocol), "https://"+p.https)
				v.Enter(site)
				stream := open(v)
				if encoding := stream.Header.Get("Content-Encoding"); encoding != "" {
					t.Errorf("the stream is encoded: %s", encoding)
				}
				stream.Hear("turn-started")
				for i := range 5 {
					word := fmt.Sprint("w", i, " ")
					flow.Say(word)
					if heard := stream.Hear("text-delta"); heard.Data.Text != word {
						t.Fatalf("heard %q, want %q", heard.Data.Text, word)
					}
				}
				flow.End()
				if ended := stream.Hear("turn-ended"); ended.Data.Status != "done" {
					t.Errorf("the turn ended as %s", ended.Data.Status)
				}
			})
		}
	}
}

func TestWhoeverLosesTheLineGoesOnFromTheSameWord(t *testing.T) {
	p, site, flow := house(t)
	v := securechat.NewVisitor(t, p.browser("127.0.0.1", "h2"), "https://"+p.https)
	v.Enter(site)
	stream := v.Follow(v.Conversation().Cursor)
	v.Send("What do you sell?")
	flow.Say("one ")
	last := stream.Hear("text-delta")
	stream.Close()
	flow.Say("two ")
	flow.Say("three ")
	stream = v.Follow(last.ID)
	missed := "" // in one event or two
	for missed != "two three " {
		heard := stream.Hear("text-delta")
		if missed += heard.Data.Text; heard.Data.Seq != last.Data.Seq+1 || !strings.HasPrefix("two three ", missed) {
			t.Fatalf("heard %q, and number %d after number %d", missed, heard.Data.Seq, last.Data.Seq)
		}
		last = heard
	}
	flow.Say("four")
	if heard := stream.Hear("text-delta"); heard.Data.Text != "four" {
		t.Errorf("heard %q, want the word that was said after the line was found again", heard.Data.Text)
	}
	flow.End()
	stream.Hear("turn-ended")
}

// nginx ends a line after a minute of silence unless told otherwise.
func TestASilentStreamOutlivesWhatNginxGivesByDefault(t *testing.T) {
	p := configure(t, "http://127.0.0.1:8080")
	whole, err := p.command(t, "-T", "-q").Output()
	if err != nil {
		t.Fatal(err)
	}
	told := regexp.MustCompile(`(?m)^\s*proxy_read_timeout (\S+);`).FindAllStringSubmatch(string(whole), -1)
	if len(told) == 0 {
		t.Fatal("proxy_read_timeout is not set")
	}
	for _, words := range told {
		if limit, err := time.ParseDuration(words[1]); err != nil || limit < 10*time.Minute {
			t.Errorf("proxy_read_timeout is %s, %v", words[1], err)
		}
	}
}

func TestLimitsSeeTheVisitorAndBelieveNothingThatVisitorsSay(t *testing.T) {
	p, site, _ := house(t, "SECURECHAT_TRUSTED_PROXIES=127.0.0.1", "SECURECHAT_LIMITS=enter.address=3/1h")
	enter := func(from, claimed string) int {
		v := securechat.NewVisitor(t, p.browser(from, "http/1.1"), "https://"+p.https)
		answer := v.Ask("POST", "/api/v1/sessions", map[string]string{"site_key": site, "page_url": securechat.Origin + "/"},
			"X-Forwarded-For", claimed, "Forwarded", "for="+claimed)
		drain(t, answer)
		return answer.StatusCode
	}
	for i := range 3 {
		if status := enter("127.0.0.2", fmt.Sprint("198.51.100.", i)); status != http.StatusCreated {
			t.Fatalf("entry %d: %d", i, status)
		}
	}
	if status := enter("127.0.0.2", "198.51.100.9"); status != http.StatusTooManyRequests {
		t.Errorf("the fourth entry of one address, which claims to be another: %d, want 429", status)
	}
	if status := enter("127.0.0.3", "127.0.0.2"); status != http.StatusCreated {
		t.Errorf("the first entry of another address: %d, want 201", status)
	}
}

func TestPlainHTTPLeadsToTLSAndQueriesStayOutOfTheLog(t *testing.T) {
	p, _, _ := house(t)
	const path = "/api/v1/session/events?cursor=not-for-the-log"
	answer, err := p.browser("127.0.0.1").Get("http://" + p.http + path)
	if err != nil {
		t.Fatal(err)
	}
	drain(t, answer)
	if to := answer.Header.Get("Location"); answer.StatusCode != http.StatusMovedPermanently || to != "https://127.0.0.1"+path {
		t.Errorf("%s to %s", answer.Status, to)
	}
	v := securechat.NewVisitor(t, p.browser("127.0.0.1"), "https://"+p.https)
	answer = v.Ask("GET", path, nil)
	var problem struct {
		Code string `json:"code"`
	}
	if err := json.Unmarshal([]byte(drain(t, answer)), &problem); err != nil || answer.StatusCode != http.StatusUnauthorized {
		t.Errorf("%s, %v, want the server's own refusal", answer.Status, err)
	}
	p.stop() // it writes a line once the answer has gone
	if log := read(t, p.folder+"/access.log"); !strings.Contains(log, "/api/v1/session/events 401") || strings.Contains(log, "not-for-the-log") {
		t.Errorf("logged:\n%s", log)
	}
}
