package n8n

import (
	"strings"
	"unicode/utf8"

	"securechat/internal/chat"
)

const (
	// segmentBreak stands between the texts of two steps of a workflow.
	segmentBreak = "\n\n"
	longestText  = 256 << 10 // bytes
	mostOpen     = 1000      // segments at once
)

// key tells the steps of a workflow apart.
type key struct {
	node      string
	run, item int
}

// segment is what one step has said between its begin and its end.
type segment struct {
	key  key
	open bool
	half string          // of a character, see contentText
	text strings.Builder // not yet shown
	size int             // of all its text, and of the break before it
	dead bool            // its node has failed: it begins again or says no more
}

// assembly puts n8n's chunks together to one answer. Steps may speak at the
// same time; only the first open one is shown as it speaks, and those that
// began later wait for it, so that no two are mixed. Folding its pieces gives
// the text of all segments, in the order of their beginnings, empty ones left
// out and a segmentBreak between each two.
type assembly struct {
	shows   func(node string) bool // nodes whose text is for visitors
	waiting []*segment             // waiting[0] is the one that is shown as it speaks
	last    map[key]*segment       // the latest segment of each key
	before  strings.Builder        // all text shown before waiting[0]
	current strings.Builder        // what of waiting[0] has been shown
	size    int                    // of all text, shown or waiting
	failed  bool                   // an error, and nothing began after it
	cards   bool                   // there are cards beside the text
	meta    metaReader
	pieces  []chat.Piece // made and not yet taken
}

func newAssembly(nodes []string) *assembly {
	shown := make(map[string]bool, len(nodes))
	for _, name := range nodes {
		shown[name] = true
	}
	return &assembly{
		shows: func(node string) bool { return len(shown) == 0 || shown[node] },
		last:  make(map[key]*segment),
	}
}

// take returns the pieces made since it was last called; texts that follow
// each other are one piece.
func (a *assembly) take() []chat.Piece {
	pieces := a.pieces
	a.pieces = nil
	return pieces
}

// add takes the next chunk. It fails with errTooMuch.
func (a *assembly) add(c chunk) error {
	switch c.Type {
	case "begin":
		a.failed = false
	case "error":
		a.failed = true
	}
	if c.Metadata.NodeName == metaNode {
		a.tellMeta(a.meta.add(c))
		return nil
	}
	if !a.shows(c.Metadata.NodeName) {
		return nil
	}
	k := key{c.Metadata.NodeID, c.Metadata.RunIndex, c.Metadata.ItemIndex}
	switch c.Type {
	case "begin":
		return a.begin(k)
	case "item":
		return a.item(k, c)
	case "end":
		if s := a.last[k]; s != nil {
			s.open = false
			a.advance()
		}
	case "error":
		a.kill(k.node)
	}
	return nil
}

func (a *assembly) tellMeta(pieces []chat.Piece) {
	for _, piece := range pieces {
		a.cards = a.cards || piece.Card != nil
	}
	a.pieces = append(a.pieces, pieces...)
}

// begin opens a segment. One that is still open begins again: the node is
// tried anew, and what it said so far is void.
func (a *assembly) begin(k key) error {
	s := a.last[k]
	if s == nil || !s.open {
		_, err := a.open(k)
		return err
	}
	a.size -= s.size
	s.text.Reset()
	s.half, s.size, s.dead = "", 0, false
	if s == a.waiting[0] && a.current.Len() > 0 {
		a.current.Reset()
		a.pieces = append(a.pieces, chat.Piece{Replace: true, Text: a.before.String()})
	}
	return nil
}

// open begins a new segment. Nodes that have failed will not begin again once
// another one speaks.
func (a *assembly) open(k key) (*segment, error) {
	for _, s := range a.waiting {
		s.open = s.open && !s.dead
	}
	a.advance()
	if len(a.waiting) == mostOpen {
		return nil, errTooMuch
	}
	s := &segment{key: k, open: true}
	a.last[k] = s
	a.waiting = append(a.waiting, s)
	return s, nil
}

// kill notes that a node has failed.
func (a *assembly) kill(node string) {
	for _, s := range a.waiting {
		s.dead = s.dead || s.key.node == node
	}
}

func (a *assembly) item(k key, c chunk) error {
	s := a.last[k]
	if s == nil || !s.open {
		var err error
		if s, err = a.open(k); err != nil {
			return err
		}
	}
	var text string
	if text, s.half = contentText(c.Content, s.half); text == "" {
		return nil
	}
	if s.size == 0 {
		s.size = len(segmentBreak)
		a.size += s.size
	}
	kept, whole := fit(text, longestText-a.size)
	s.size += len(kept)
	a.size += len(kept)
	if s == a.waiting[0] {
		a.show(kept)
	} else {
		s.text.WriteString(kept)
	}
	if !whole {
		return errTooMuch
	}
	return nil
}

// show puts text at the end of what the visitor sees.
func (a *assembly) show(text string) {
	if text == "" {
		return
	}
	if a.current.Len() == 0 && a.before.Len() > 0 {
		text = segmentBreak + text
	}
	a.current.WriteString(text)
	if last := len(a.pieces) - 1; last >= 0 && plainText(a.pieces[last]) {
		a.pieces[last].Text += text
		return
	}
	a.pieces = append(a.pieces, chat.Piece{Text: text})
}

func plainText(p chat.Piece) bool { return p.Card == nil && p.Label == "" }

// advance lets the first open segment speak, and shows what those before it
// had still to say.
func (a *assembly) advance() {
	for len(a.waiting) > 0 && !a.waiting[0].open {
		a.next()
	}
}

// next makes the second waiting segment the first.
func (a *assembly) next() {
	a.before.WriteString(a.current.String())
	a.current.Reset()
	done := a.waiting[0]
	if a.last[done.key] == done {
		delete(a.last, done.key)
	}
	a.waiting = a.waiting[1:]
	if len(a.waiting) > 0 {
		first := a.waiting[0]
		a.show(first.text.String())
		first.text.Reset()
	}
}

// answered says whether there is anything to see.
func (a *assembly) answered() bool { return a.before.Len()+a.current.Len() > 0 || a.cards }

// finish shows all that still waits: nothing more will come.
func (a *assembly) finish() {
	a.tellMeta(a.meta.finish())
	for len(a.waiting) > 0 {
		a.next()
	}
}

// fit cuts text to at most room bytes, between two characters.
func fit(text string, room int) (kept string, whole bool) {
	if len(text) <= room {
		return text, true
	}
	room = max(room, 0)
	for room > 0 && !utf8.RuneStart(text[room]) {
		room--
	}
	return text[:room], false
}
