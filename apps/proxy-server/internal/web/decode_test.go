package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"securechat/internal/chat"
)

type asked struct {
	Text   *string  `json:"text"`
	Rating *int     `json:"rating"`
	Names  []string `json:"names"`
}

func read(t *testing.T, body string, change ...func(*http.Request)) (asked, error) {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	for _, c := range change {
		c(r)
	}
	return decode[asked](httptest.NewRecorder(), r)
}

func TestBodiesThatAreRefused(t *testing.T) {
	for _, c := range []struct {
		name, body string
		kind       chat.Kind
		code       string
		field      string
	}{
		{"J02 other case beside the member", `{"text":"a","TEXT":"b"}`, chat.Malformed, "unknown_member", "TEXT"},
		{"J02 other case alone", `{"Text":"a"}`, chat.Malformed, "unknown_member", "Text"},
		{"J02 the same member twice", `{"text":"a","text":"b"}`, chat.Malformed, "duplicate_member", "text"},
		{"J02 the same member twice, once escaped", `{"text":"a","te\u0078t":"b"}`, chat.Malformed, "duplicate_member", "text"},
		{"J03 long s", `{"name\u017f":[]}`, chat.Malformed, "unknown_member", "nameſ"},
		{"J04 trailing bytes", `{"text":"a"} x`, chat.Malformed, "trailing_bytes", ""},
		{"J04 a second document", `{"text":"a"}{"text":"b"}`, chat.Malformed, "trailing_bytes", ""},
		{"J04 nothing at all", ``, chat.Malformed, "bad_json", ""},
		{"J05 invalid UTF-8", "{\"text\":\"\xff\"}", chat.Malformed, "bad_json", ""},
		{"J06 lone surrogate", `{"text":"\ud800"}`, chat.Malformed, "bad_json", ""},
		{"J07 NUL escaped", `{"text":"a\u0000b"}`, chat.Malformed, "bad_text", "text"},
		{"J07 NUL in a list", `{"names":["ok","\u0000"]}`, chat.Malformed, "bad_text", "names.1"},
		{"J09 too large an exponent", `{"rating":1e400}`, chat.Malformed, "wrong_type", "rating"},
		{"J09 a fraction for an integer", `{"rating":1.0}`, chat.Malformed, "wrong_type", "rating"},
		{"J09 an exponent for an integer", `{"rating":1e0}`, chat.Malformed, "wrong_type", "rating"},
		{"J10 null", `{"text":null}`, chat.Invalid, "invalid_member", "text"},
		{"J10 null in a list", `{"names":[null]}`, chat.Invalid, "invalid_member", "names.0"},
		{"J11 an array for a string", `{"text":["a"]}`, chat.Malformed, "wrong_type", "text"},
		{"J11 an object for a string", `{"text":{}}`, chat.Malformed, "wrong_type", "text"},
		{"J11 a string for a number", `{"rating":"1"}`, chat.Malformed, "wrong_type", "rating"},
		{"J11 an array for the body", `[{"text":"a"}]`, chat.Malformed, "not_an_object", ""},
		{"J11 null for the body", `null`, chat.Malformed, "not_an_object", ""},
		{"J12 files", `{"text":"a","files":{}}`, chat.Malformed, "unknown_member", "files"},
		{"J12 __proto__", `{"__proto__":{"text":"a"}}`, chat.Malformed, "unknown_member", "__proto__"},
		{"J16 comment", `{"text":"a"/* */}`, chat.Malformed, "bad_json", ""},
		{"too deep", `{"names":` + strings.Repeat("[", 20) + strings.Repeat("]", 20) + `}`, chat.Malformed, "too_deep", ""},
		{"J20 too many bytes", `{"text":"` + strings.Repeat(`\\`, longestBody) + `"}`, chat.TooLarge, "body_too_large", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := read(t, c.body)
			refused, ok := err.(*chat.Error)
			if !ok {
				t.Fatalf("got %v, want an error that may be told", err)
			}
			if refused.Kind != c.kind || refused.Code != c.code || refused.Field != c.field {
				t.Errorf("got kind %d, %s of %q; want kind %d, %s of %q",
					refused.Kind, refused.Code, refused.Field, c.kind, c.code, c.field)
			}
		})
	}
}

func TestLongMembersNameIsNotToldWhole(t *testing.T) {
	_, err := read(t, `{"`+strings.Repeat("é", 5000)+`":1}`)
	refused, ok := err.(*chat.Error)
	if !ok || refused.Code != "unknown_member" || len(refused.Field) > longestMember+3 {
		t.Errorf("got %v", err)
	}
}

func TestBodyOfUnknownLengthIsReadNoFurtherThanAllowed(t *testing.T) {
	_, err := read(t, `{"text":"`+strings.Repeat("a", longestBody)+`"}`, func(r *http.Request) { r.ContentLength = -1 })
	if chat.KindOf(err) != chat.TooLarge {
		t.Errorf("got %v", err)
	}
}

func TestBodiesOfOtherTypesAreRefused(t *testing.T) {
	for name, change := range map[string]func(*http.Request){
		"H15 no type":           func(r *http.Request) { r.Header.Del("Content-Type") },
		"H15 text/plain":        func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") },
		"H15 form":              func(r *http.Request) { r.Header.Set("Content-Type", "application/x-www-form-urlencoded") },
		"H15 multipart":         func(r *http.Request) { r.Header.Set("Content-Type", "multipart/form-data; boundary=x") },
		"H15 another charset":   func(r *http.Request) { r.Header.Set("Content-Type", "application/json; charset=utf-16") },
		"H16 compressed":        func(r *http.Request) { r.Header.Set("Content-Encoding", "gzip") },
		"H16 said not to be so": func(r *http.Request) { r.Header.Set("Content-Encoding", "identity") },
	} {
		t.Run(name, func(t *testing.T) {
			_, err := read(t, `{"text":"a"}`, change)
			if refused, ok := err.(*refusal); !ok || refused.status != http.StatusUnsupportedMediaType {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestJ16BodyCutAnywhereIsRefused(t *testing.T) {
	const whole = `{"text":"a\n€ \ud83d\ude00","rating":-1,"names":["x","y"]}`
	got, err := read(t, whole)
	if err != nil || *got.Text != "a\n€ 😀" || *got.Rating != -1 || len(got.Names) != 2 {
		t.Fatalf("the whole body: %+v, %v", got, err)
	}
	for i := range len(whole) {
		if _, err := read(t, whole[:i]); chat.KindOf(err) != chat.Malformed {
			t.Errorf("cut after %d bytes: %v", i, err)
		}
	}
}
