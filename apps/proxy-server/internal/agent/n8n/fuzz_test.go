package n8n

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// reference puts chunks together without any thought for time: the text that
// the pieces must fold to.
func reference(chunks []chunk) string {
	type segment struct {
		key        key
		text, half string
		open, dead bool
	}
	var all []*segment
	find := func(k key) *segment {
		for _, s := range slices.Backward(all) {
			if s.key == k {
				return s
			}
		}
		return nil
	}
	opened := func(k key) *segment {
		for _, s := range all {
			s.open = s.open && !s.dead
		}
		s := &segment{key: k, open: true}
		all = append(all, s)
		return s
	}
	for _, c := range chunks {
		if c.Metadata.NodeName == metaNode {
			continue
		}
		k := key{c.Metadata.NodeID, c.Metadata.RunIndex, c.Metadata.ItemIndex}
		s := find(k)
		switch c.Type {
		case "begin":
			if s != nil && s.open {
				s.text, s.half, s.dead = "", "", false
			} else {
				opened(k)
			}
		case "item":
			if s == nil || !s.open {
				s = opened(k)
			}
			var text string
			text, s.half = contentText(c.Content, s.half)
			s.text += text
		case "end":
			if s != nil {
				s.open = false
			}
		case "error":
			for _, other := range all {
				other.dead = other.dead || other.key.node == k.node
			}
		}
	}
	var texts []string
	for _, s := range all {
		if s.text != "" {
			texts = append(texts, s.text)
		}
	}
	return strings.Join(texts, segmentBreak)
}

func FuzzAnyStreamFoldsToItsText(f *testing.F) {
	for name := range recordings {
		f.Add([]byte(recorded(f, name)), uint64(1))
	}
	f.Add([]byte(a0.Begin()+a1.Begin()+a1.Say("x")+a0.Say("y")+a0.Fail("")+a0.Begin()+b0.Say("z")+a1.End()+mt.Say(`{"activity":"a"}`)), uint64(2))
	f.Fuzz(func(t *testing.T, body []byte, seed uint64) {
		if len(body) > 64<<10 {
			return
		}
		var chunks []chunk
		for line := range strings.Lines(string(body)) {
			line = strings.TrimSuffix(line, "\n")
			c, ok := parseChunk([]byte(line))
			if !ok && webPage([]byte(line)) {
				break
			}
			chunks = append(chunks, c)
		}
		got, _ := hear(t, &shredder{rest: string(body), random: rand.New(rand.NewPCG(seed, 7))})
		if want := reference(chunks); got.Text != want && !errors.Is(got.Err, errTooMuch) {
			t.Errorf("folded %q, want %q", got.Text, want)
		}
	})
}
