package n8n

import "testing"

// A proxy would be dialled in n8n's place, so that the guard saw its address
// only; and Go reads the environment once, which no test can undo.
func TestNoProxyStandsBetween(t *testing.T) {
	if New(Options{}).transport.Proxy != nil {
		t.Error("the transport asks for a proxy")
	}
}
