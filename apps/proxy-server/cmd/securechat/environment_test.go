package main

import (
	"encoding/json"
	"strings"
	"testing"
)

const mistyped = "SECURECHAT_LISTN is not a setting; did you mean SECURECHAT_LISTEN?"

func TestAMistypedSettingIsWarnedOfAndNothingMore(t *testing.T) {
	p := newProgram(t, "SECURECHAT_LISTN=127.0.0.1:1")
	for _, args := range [][]string{{"config"}, {"migrate"}, {"site", "list", "--json"}} {
		out, complaint, err := p.tell("", args...)
		if err != nil || complaint != "warning: "+mistyped+"\n" || strings.Contains(out, "LISTN") {
			t.Errorf("%v: %v, %q", args, err, complaint)
		}
	}
	p.serve()
	p.kill()
	if !strings.Contains(p.said.String(), mistyped) {
		t.Errorf("the server logged %q", p.said)
	}
}

func TestAServersWarningOfAMistypedSettingIsALineOfItsLog(t *testing.T) {
	p := newProgram(t, "SECURECHAT_LISTN=127.0.0.1:1", "SECURECHAT_LOG_FORMAT=json")
	p.serve()
	p.kill()
	first, _, _ := strings.Cut(p.said.String(), "\n")
	var line struct{ Level, Error string }
	if err := json.Unmarshal([]byte(first), &line); err != nil || line.Level != "WARN" || line.Error != mistyped {
		t.Errorf("%q: %v", first, err)
	}
}

func TestAMistypedSettingIsToldBesideWhatItsAbsenceBreaks(t *testing.T) {
	p := newProgram(t, "SECURECHAT_LISTEN=:0", "SECURECHAT_PUBLC_URL=https://chat.example")
	for _, command := range []string{"serve", "migrate", "doctor"} {
		out, complaint, err := p.tell("", command)
		for _, want := range []string{"did you mean SECURECHAT_PUBLIC_URL?", "SECURECHAT_PUBLIC_URL must say"} {
			if err == nil || !strings.Contains(out+complaint, want) {
				t.Errorf("%s: %v, %q, want %q", command, err, out+complaint, want)
			}
		}
	}
}

func TestLimitsThatAreNoneAreToldWithTheirFormBeforeAnythingIsOpened(t *testing.T) {
	p := newProgram(t, "SECURECHAT_DATABASE_URL=postgres://nobody@127.0.0.1:1/none")
	for limits, says := range map[string]string{
		"foo":                      `"foo" is none: before = goes a cost`,
		"send.session=20/1m,x.y=3": `"x.y=3" is none: before = goes a cost`,
		"send.session=20":          `"send.session=20" is none: behind = goes off, or a count and a time as in 20/1m`,
	} {
		p.env = append(p.env, "SECURECHAT_LIMITS="+limits)
		for _, command := range []string{"serve", "config", "migrate"} {
			_, err := p.do("", command)
			for _, want := range []string{"SECURECHAT_LIMITS must be default, off, or", "as in send.session=20/1m", says} {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%s with %s: %v, want %q", command, limits, err, want)
				}
			}
		}
	}
}

func TestTheDoctorFindsAMistypedSetting(t *testing.T) {
	p := newProgram(t, "SECURECHAT_LISTN=127.0.0.1:1")
	if out, err := p.do("", "doctor"); err == nil || !strings.Contains(out, "WRONG  environment: "+mistyped) || !strings.Contains(out, "ok     settings") {
		t.Errorf("the doctor said %v:\n%s", err, out)
	}
}
