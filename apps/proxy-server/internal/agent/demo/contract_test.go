package demo_test

import (
	"testing"

	"securechat/internal/agent/demo"
	"securechat/internal/chat"
	"securechat/internal/relay/relaytest"
)

func TestAgent(t *testing.T) {
	relaytest.TestAgent(t, func(*testing.T) relaytest.Asked {
		return relaytest.Asked{
			Agent: demo.Agent{}, Answers: chat.Prompt{Text: "long 5"}, Fails: chat.Prompt{Text: "fail long 5"},
		}
	})
}
