package gate_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"securechat/internal/chat"
	"securechat/internal/gate"
)

const word = "3f1c9a52-7d1e-4c0b-9a59-0f2d6c1b7e11"

func (h house) guest(word, origin string) gate.Guest {
	return gate.Guest{SiteKey: h.site.Key, Word: word, Origin: origin, FetchSite: "cross-site", Address: address}
}

func TestGuestWithTheSameWordIsTheSameVisitor(t *testing.T) {
	h := newHouse(t)
	first, err := h.Welcome(t.Context(), h.guest(word, shop), gate.Sending)
	if err != nil {
		t.Fatal(err)
	}
	again, err := h.Welcome(t.Context(), h.guest(word, shop), gate.Reading)
	if err != nil {
		t.Fatal(err)
	}
	if again.Session.ID != first.Session.ID || again.Visitor.ID != first.Visitor.ID {
		t.Errorf("the second visit is %+v, want %+v", again.Session, first.Session)
	}
}

func TestGuestOfAnotherWordOrSiteSeesNothingOfTheFirst(t *testing.T) {
	h := newHouse(t)
	first, err := h.Welcome(t.Context(), h.guest(word, shop), gate.Sending)
	if err != nil {
		t.Fatal(err)
	}
	second := h.addSite(t, "pk_second", shop)
	for name, guest := range map[string]gate.Guest{
		"another word": h.guest("3f1c9a52-7d1e-4c0b-9a59-0f2d6c1b7e12", shop),
		"another site": {SiteKey: second.Key, Word: word, Caller: gate.Caller{Origin: shop, Address: address}},
	} {
		if _, err := h.Welcome(t.Context(), guest, gate.Reading); chat.KindOf(err) != chat.Unauthorized {
			t.Errorf("%s reads: %v", name, err)
		}
		pass, err := h.Welcome(t.Context(), guest, gate.Sending)
		if err != nil || pass.Visitor.ID == first.Visitor.ID || pass.Session.ConversationID == first.Session.ConversationID {
			t.Errorf("%s: %+v, %v", name, pass.Session, err)
		}
	}
}

func TestGuestsWordIsNeitherNameNorCredential(t *testing.T) {
	h := newHouse(t)
	pass, err := h.Welcome(t.Context(), h.guest(word, shop), gate.Sending)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{string(pass.Session.ID), string(pass.Visitor.ID), string(pass.Session.ConversationID)} {
		if id == word {
			t.Error("the word has become an id")
		}
		if _, err := h.Welcome(t.Context(), h.guest(id, shop), gate.Reading); err == nil {
			t.Error("an id of ours opens the conversation")
		}
	}
	_, err = h.Check(t.Context(), gate.Request{
		Origin: shop, Address: address,
		Bearer: word,
	}, gate.Reading)
	if chat.KindOf(err) != chat.Unauthorized {
		t.Errorf("the word as a bearer's token: %v", err)
	}
}

func TestGuestsMayComeFromListedPagesOnly(t *testing.T) {
	h := newHouse(t)
	for _, origin := range []string{"", "null", "https://evil.example", ours, shop + ".evil", "http://shop.example"} {
		if _, err := h.Welcome(t.Context(), h.guest(word, origin), gate.Sending); chat.KindOf(err) != chat.Forbidden {
			t.Errorf("from %q: %v", origin, err)
		}
	}
}

func TestGuestsWordMustBeARandomUUID(t *testing.T) {
	h := newHouse(t)
	for _, weak := range []string{
		"", "1", "alice@shop.example", "00000000-0000-0000-0000-000000000000",
		"018f6f4e-7c1a-7b3e-9a59-0f2d6c1b7e11",  // version 7 tells the time
		"3f1c9a52-7d1e-4c0b-1a59-0f2d6c1b7e11",  // no variant of RFC 9562
		"3F1C9A52-7D1E-4C0B-9A59-0F2D6C1B7E11",  // not as it is made
		"3f1c9a52-7d1e-4c0b-9a59-0f2d6c1b7e11x", // longer
	} {
		_, err := h.Welcome(t.Context(), h.guest(weak, shop), gate.Sending)
		told, ok := errors.AsType[*chat.Error](err)
		if !ok || told.Kind != chat.Invalid || told.Field != "sessionId" {
			t.Errorf("%q: %v", weak, err)
		}
	}
}

func TestGuestWhoComesBackAfterTheVisitExpiredGoesOnInTheSameConversation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		first, err := h.Welcome(t.Context(), h.guest(word, shop), gate.Sending)
		if err != nil {
			t.Fatal(err)
		}
		for _, away := range []time.Duration{chat.SessionIdle, 48 * time.Hour, 300 * 24 * time.Hour} {
			time.Sleep(away)
			again, err := h.Welcome(t.Context(), h.guest(word, shop), gate.Reading)
			if err != nil {
				t.Fatalf("after %v: %v", away, err)
			}
			if again.Session.ID == first.Session.ID || again.Visitor.ID != first.Visitor.ID ||
				again.Session.ConversationID != first.Session.ConversationID || !again.Session.Live(time.Now()) {
				t.Errorf("after %v the visit is %+v, the first was %+v", away, again.Session, first.Session)
			}
		}
	})
}
