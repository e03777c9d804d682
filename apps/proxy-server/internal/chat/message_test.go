package chat

import (
	"strings"
	"testing"
	"unicode/utf8"
)

const someID = "018f6f4e-7c1a-7b3e-9a59-0f2d6c1b7e11"

func TestADraftIsCleaned(t *testing.T) {
	for typed, want := range map[string]string{
		"  hello \n":                "hello",
		"a\r\nb\rc":                 "a\nb\nc",
		"e\u0301":                   "\u00e9",
		"bell\a and tab\t.":         "bell and tab\t.",
		"tag\U000E0041\U000E007Fs":  "tags",
		"\u202eright to left stays": "\u202eright to left stays",
		"👩‍🚀":                       "👩‍🚀",
	} {
		d, err := NewDraft(someID, typed, "", 100)
		if err != nil || d.Text() != want {
			t.Errorf("%q became %q, %v", typed, d.Text(), err)
		}
	}
}

func TestADraftWithNothingVisibleIsRefused(t *testing.T) {
	for _, typed := range []string{"", " \n\t ", "\u200b\u200d\ufeff", "\u0301\u0302", "\U000E0041", "\x00\x01"} {
		if _, err := NewDraft(someID, typed, "", 100); CodeOf(err) != "text_empty" {
			t.Errorf("%q: %v", typed, err)
		}
	}
}

func TestADraftMayBeExactlyAsLongAsAllowed(t *testing.T) {
	for _, letter := range []string{"a", "é", "語", "😀"} {
		if _, err := NewDraft(someID, strings.Repeat(letter, 40), "", 40); err != nil {
			t.Errorf("40 times %s: %v", letter, err)
		}
		if _, err := NewDraft(someID, strings.Repeat(letter, 41), "", 40); CodeOf(err) != "text_too_long" || KindOf(err) != Invalid {
			t.Errorf("41 times %s: %v", letter, err)
		}
	}
}

func TestADraftsIDIsACanonicalUUID(t *testing.T) {
	d, err := NewDraft(strings.ToUpper(someID), "x", "", 10)
	if err != nil || d.ID() != someID {
		t.Errorf("%q, %v", d.ID(), err)
	}
	for _, id := range []string{"", "1", "{" + someID + "}", "urn:uuid:" + someID, strings.ReplaceAll(someID, "-", ""), "00000000-0000-0000-0000-000000000000", someID + "0"} {
		if _, err := NewDraft(id, "x", "", 10); KindOf(err) != Invalid {
			t.Errorf("%q: %v", id, err)
		}
	}
}

func FuzzACleanedTextStaysAsItIs(f *testing.F) {
	for _, seed := range []string{"hello", "e\u0301", "\u1100\u1161\u11a8", " \u200b x", "\U000E0041a", "ﬁ", "\r\n a"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		once, err := NewDraft(someID, typed, "", 4000)
		if err != nil {
			return
		}
		if !utf8.ValidString(once.Text()) {
			t.Fatalf("%q became the invalid %q", typed, once.Text())
		}
		twice, err := NewDraft(someID, once.Text(), "", 4000)
		if err != nil || twice.Text() != once.Text() {
			t.Errorf("%q became %q, and that %q, %v", typed, once.Text(), twice.Text(), err)
		}
	})
}
