package sqlstore

import (
	"context"
	"encoding/json/v2"
	"fmt"
	"slices"

	"securechat/internal/chat"
)

// card, button and problem are the stored shapes of their namesakes in chat.
type card struct {
	Title    string   `json:"title"`
	Subtitle string   `json:"subtitle,omitzero"`
	Price    string   `json:"price,omitzero"`
	OldPrice string   `json:"old_price,omitzero"`
	URL      string   `json:"url,omitzero"`
	Buttons  []button `json:"buttons,omitempty"`
}

type button struct {
	Label string `json:"label"`
	URL   string `json:"url,omitzero"`
	Say   string `json:"say,omitzero"`
}

type problem struct {
	Code  string `json:"code"`
	Title string `json:"title"`
	ID    string `json:"id"`
}

func storedCards(cards []chat.Card) []card {
	stored := make([]card, 0, len(cards))
	for _, c := range cards {
		kept := card{Title: c.Title, Subtitle: c.Subtitle, Price: c.Price, OldPrice: c.OldPrice, URL: c.URL}
		for _, b := range c.Buttons {
			kept.Buttons = append(kept.Buttons, button(b))
		}
		stored = append(stored, kept)
	}
	return stored
}

func toldCards(stored []card) []chat.Card {
	var cards []chat.Card
	for _, c := range stored {
		told := chat.Card{Title: c.Title, Subtitle: c.Subtitle, Price: c.Price, OldPrice: c.OldPrice, URL: c.URL}
		for _, b := range c.Buttons {
			told.Buttons = append(told.Buttons, chat.Button(b))
		}
		cards = append(cards, told)
	}
	return cards
}

// messageRow is a row as it lies in the table.
type messageRow struct {
	message              chat.Message
	text, pageURL, cards []byte
	problem              string
	createdAt            int64
}

// columns are the places for a row selected as messageColumns.
func (r *messageRow) columns() []any {
	m := &r.message
	return []any{&m.SiteID, &m.ConversationID, &m.ID, &m.Number, &m.Author, &r.text, &r.pageURL, &r.cards,
		&m.TurnID, &m.Status, &r.problem, &m.Rating, &r.createdAt}
}

// messagePlace names the row by conversation too, for an id is a message's
// own only within one.
func messagePlace(m chat.Message, column string) place {
	return place{table: "messages", column: column, site: m.SiteID, row: string(m.ConversationID) + "/" + string(m.ID)}
}

func (s *Store) addMessage(ctx context.Context, m chat.Message) (Statement, error) {
	text, err := s.seal.text(ctx, messagePlace(m, "text"), m.Text)
	if err != nil {
		return Statement{}, err
	}
	pageURL, err := s.seal.text(ctx, messagePlace(m, "page_url"), m.PageURL)
	if err != nil {
		return Statement{}, err
	}
	cards, err := sealedJSON(ctx, s.seal, messagePlace(m, "cards"), storedCards(m.Cards), len(m.Cards) == 0)
	if err != nil {
		return Statement{}, err
	}
	var trouble string
	if m.Problem != nil {
		encoded, err := json.Marshal(problem(*m.Problem))
		if err != nil {
			return Statement{}, fmt.Errorf("encode messages.problem: %w", err)
		}
		trouble = string(encoded)
	}
	return addMessage.with(m.SiteID, m.ConversationID, m.ID, m.Author, text, pageURL, cards,
		m.TurnID, m.Status, trouble, m.CreatedAt.UnixMicro()), nil
}

func (s *Store) openMessage(ctx context.Context, r messageRow) (m chat.Message, err error) {
	m = r.message
	if m.Text, err = s.seal.openText(ctx, messagePlace(m, "text"), r.text); err != nil {
		return m, err
	}
	if m.PageURL, err = s.seal.openText(ctx, messagePlace(m, "page_url"), r.pageURL); err != nil {
		return m, err
	}
	cards, err := openJSON[[]card](ctx, s.seal, messagePlace(m, "cards"), r.cards)
	if err != nil {
		return m, err
	}
	m.Cards = toldCards(cards)
	if r.problem != "" {
		var p problem
		if err := json.Unmarshal([]byte(r.problem), &p); err != nil {
			return m, fmt.Errorf("decode messages.problem: %w", err)
		}
		m.Problem = new(chat.Problem(p))
	}
	m.CreatedAt = moment(&r.createdAt)
	return m, nil
}

// Conversation implements relay.Store.
func (s *Store) Conversation(ctx context.Context, site chat.SiteID, c chat.ConversationID, before chat.MessageID, limit int) (chat.Conversation, error) {
	var (
		messages []messageRow
		open     []turnRow
		number   int64
	)
	err := look(ctx, s.engine, "read conversation",
		conversationByID.with(site, c, before).
			scan(func(row Row) error { return row.Scan(&number) }).orElse(chat.Missing()),
		messagesBefore.with(site, c, before, limit+1).scan(func(row Row) error {
			messages = append(messages, messageRow{})
			return row.Scan(messages[len(messages)-1].columns()...)
		}),
		openTurn.with(site, c).scan(func(row Row) error {
			open = append(open, turnRow{})
			return row.Scan(open[len(open)-1].columns()...)
		}))
	if err != nil {
		return chat.Conversation{}, err
	}
	if before != "" && number == 0 {
		return chat.Conversation{}, chat.Missing()
	}
	told := chat.Conversation{ID: c, More: len(messages) > limit}
	for _, r := range slices.Backward(messages[:min(limit, len(messages))]) {
		m, err := s.openMessage(ctx, r)
		if err != nil {
			return chat.Conversation{}, err
		}
		told.Messages = append(told.Messages, m)
	}
	for _, r := range open {
		turn, err := s.openTurn(ctx, r)
		if err != nil {
			return chat.Conversation{}, err
		}
		told.Turn = &turn
	}
	return told, nil
}

// Rate implements relay.Store.
func (s *Store) Rate(ctx context.Context, site chat.SiteID, c chat.ConversationID, m chat.MessageID, rating int, comment string) error {
	at := messagePlace(chat.Message{SiteID: site, ConversationID: c, ID: m}, "comment")
	sealed, err := s.seal.text(ctx, at, comment)
	if err != nil {
		return err
	}
	return act(ctx, s.engine, "rate message", rateMessage.with(site, c, m, rating, sealed).orElse(chat.Missing()))
}
