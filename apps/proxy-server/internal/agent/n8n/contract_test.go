package n8n_test

import (
	"testing"

	"securechat/internal/agent/n8n"
	"securechat/internal/agent/n8n/n8ntest"
	"securechat/internal/chat"
	"securechat/internal/relay/relaytest"
)

func TestAgent(t *testing.T) {
	relaytest.TestAgent(t, func(t *testing.T) relaytest.Asked {
		upstream, server := n8ntest.Start(t)
		upstream.Publish("shop", n8ntest.Auth{}, n8ntest.Stream(n8ntest.Lines(recording(t, "ok"))))
		answers := prompt(server.URL, chat.AgentSettings{})
		fails := prompt(server.URL, chat.AgentSettings{})
		fails.Site.Agent.Webhook = chat.Secret(server.URL + "/webhook/nobody")
		return relaytest.Asked{Agent: n8n.New(n8n.Options{Allowed: loopback}), Answers: answers, Fails: fails}
	})
}
