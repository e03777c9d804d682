package sqlstoretest

import (
	"context"
	"database/sql"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"securechat/internal/admin/admintest"
	"securechat/internal/chat"
	"securechat/internal/gate"
	"securechat/internal/keyring"
	"securechat/internal/relay/relaytest"
	"securechat/internal/store/sqlstore"
)

// With returns a store that has the sites.
func With(t testing.TB, e sqlstore.Engine, sites []chat.Site) *sqlstore.Store {
	t.Helper()
	s := sqlstore.New(e, Sealer{})
	for _, site := range sites {
		if err := s.AddSite(t.Context(), site); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// Holding returns a store in which the threads are open.
func Holding(t testing.TB, e sqlstore.Engine, threads []relaytest.Thread) *sqlstore.Store {
	t.Helper()
	s := With(t, e, nil)
	for _, h := range threads {
		err := s.AddSite(t.Context(), h.Site)
		if err == nil {
			err = s.Open(t.Context(), opening(h))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func opening(h relaytest.Thread) gate.Opening {
	return gate.Opening{
		Visitor: h.Visitor, Session: h.Session, Hash: []byte("hash of " + h.Session.ID),
		Made: h.Session.CreatedAt, Until: h.Session.CreatedAt.Add(time.Hour),
	}
}

// canary is in every text below that nobody may find in the database.
const canary = "canary-5f1c"

// lived returns the store with a thread in which everything has happened that
// leaves a row, and its site.
func lived(t *testing.T, e sqlstore.Engine) (*sqlstore.Store, relaytest.Thread) {
	t.Helper()
	h := relaytest.NewThread()
	site := admintest.Site(h.Site.Key)
	site.ID, site.Agent.Webhook, site.Agent.Secret = h.Site.ID, canary, canary
	h.Site = site
	h.Visitor.CustomerID = canary
	h.Session.UserAgent, h.Session.Locale, h.Session.Origin = canary, canary, canary
	s := Holding(t, e, []relaytest.Thread{h})
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := s.Holder(t.Context(), opening(h).Hash, h.Session.CreatedAt)
	must(err)
	for range 3 {
		q, turn := h.Question(canary)
		q.PageURL = canary
		_, _, _, err := s.Begin(t.Context(), q, turn)
		must(err)
	}
	c, err := s.Conversation(t.Context(), h.Site.ID, h.Session.ConversationID, "", 1)
	must(err)
	turn := *c.Turn
	turn.State, turn.EndedAt = chat.TurnDone, h.Session.CreatedAt
	reply := relaytest.Answer(turn, canary)
	reply.Cards = []chat.Card{{Title: canary}}
	next, err := s.Finish(t.Context(), turn, reply)
	must(err)
	must(s.Note(t.Context(), next.Turn, 1, canary))
	must(s.Rate(t.Context(), h.Site.ID, h.Session.ConversationID, reply.ID, -1, canary))
	added, err := sqlstore.NewKeys(e).AddKey(t.Context(), keyring.Key{
		Site: h.Site.ID, Use: keyring.UseData, Number: 1, Sealed: []byte{1}, MadeAt: h.Session.CreatedAt,
	})
	must(err)
	if !added {
		t.Fatal("the key was there")
	}
	return s, h
}

func cascade(t *testing.T, open Open) {
	e := Migrated(t, open)
	s, gone := lived(t, e)
	_, kept := lived(t, e)
	before := dump(t, e)
	if rows := before.with(string(gone.Site.ID)); rows < 8 || rows != before.with(string(kept.Site.ID)) {
		t.Fatalf("%d rows of the one site, %d of the other", rows, before.with(string(kept.Site.ID)))
	}
	if err := s.RemoveSite(t.Context(), gone.Site.ID); err != nil {
		t.Fatal(err)
	}
	after := dump(t, e)
	if rows := after.with(string(gone.Site.ID)); rows != 0 {
		t.Errorf("%d rows of the removed site are left", rows)
	}
	if was, is := before.with(string(kept.Site.ID)), after.with(string(kept.Site.ID)); was != is {
		t.Errorf("the other site had %d rows and has %d", was, is)
	}
}

func sealed(t *testing.T, open Open) {
	e := Migrated(t, open)
	_, h := lived(t, e)
	rows := dump(t, e)
	if found := rows.with(canary); found != 0 {
		t.Errorf("%d rows hold what was to be sealed", found)
	}
	if rows.with(h.Site.Name) == 0 {
		t.Error("the dump would not show it")
	}
}

func movedValue(t *testing.T, open Open) {
	e := Migrated(t, open)
	s, h := lived(t, e)
	err := e.Act(t.Context(), sqlstore.Statement{
		Text: `UPDATE messages SET text = (SELECT o.text FROM messages o WHERE o.number = 1) WHERE number = 2`,
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Conversation(t.Context(), h.Site.ID, h.Session.ConversationID, "", 10)
	if err == nil || chat.KindOf(err) != chat.Internal || !strings.Contains(err.Error(), "open messages.text") {
		t.Errorf("Conversation = %v, want that the text does not open", err)
	}
}

func keyedBySite(t *testing.T, open Open) {
	for name, table := range dump(t, Migrated(t, open)) {
		switch name {
		case "sites", "owners", "goose_db_version", "sqlite_sequence":
			continue
		}
		if len(table.columns) == 0 || table.columns[0] != "site_id" {
			t.Errorf("table %s begins with %v, want site_id", name, table.columns)
		}
	}
}

// content is every row of every table as text, binary values in hexadecimal
// and as they are.
type content map[string]table

type table struct {
	columns []string
	rows    []string
}

// with counts the rows in which the text is found.
func (c content) with(text string) (count int) {
	for _, table := range c {
		for _, row := range table.rows {
			if strings.Contains(row, text) || strings.Contains(row, hex.EncodeToString([]byte(text))) {
				count++
			}
		}
	}
	return count
}

var tableNames = map[string]string{
	"sqlite":   `SELECT name FROM sqlite_master WHERE type = 'table'`,
	"postgres": `SELECT tablename FROM pg_tables WHERE schemaname = current_schema()`,
}

func dump(t *testing.T, e sqlstore.Engine) content {
	t.Helper()
	all := content{}
	err := e.Alone(t.Context(), func(db *sql.DB) error {
		names, err := rowsOf(t.Context(), db, tableNames[e.Dialect().Name])
		for _, name := range names.rows {
			name = strings.TrimSuffix(name, "\n")
			if all[name], err = rowsOf(t.Context(), db, `SELECT * FROM `+name); err != nil {
				return err
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func rowsOf(ctx context.Context, db *sql.DB, text string) (all table, err error) {
	rows, err := db.QueryContext(ctx, text)
	if err != nil {
		return all, err
	}
	defer rows.Close()
	if all.columns, err = rows.Columns(); err != nil {
		return all, err
	}
	for rows.Next() {
		values, into := make([]sql.RawBytes, len(all.columns)), make([]any, len(all.columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return all, err
		}
		var row strings.Builder
		for _, v := range values {
			row.Write(v)
			row.WriteByte('\n')
		}
		all.rows = append(all.rows, row.String())
	}
	return all, rows.Err()
}
