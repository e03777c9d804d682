package admin_test

import (
	"errors"
	"strings"
	"testing"

	"securechat/internal/admin"
	"securechat/internal/chat"
)

func TestNoWildcardIsTakenThatStrangersNamesFill(t *testing.T) {
	a := newAdmin(t)
	for origin, domain := range map[string]string{
		"https://*.co.uk":            "co.uk",
		"https://*.CO.UK:8443":       "co.uk",
		"https://*.github.io":        "github.io",
		"https://*.myshopify.com":    "myshopify.com",
		"https://*.公司.cn":            "xn--55qx5d.cn",
		"https://*.anything.ck":      "anything.ck", // the list says *.ck
		"https://*.kawasaki.jp":      "kawasaki.jp", // the list says *.kawasaki.jp
		"https://*.city.kawasaki.jp": "",            // the list says !city.kawasaki.jp
		"https://*.shop.co.uk":       "",
		"https://*.shop.github.io":   "",
		"https://*.shop.internal":    "",
		"https://shop.co.uk":         "",
		"https://shop.github.io":     "",
	} {
		_, err := a.AddSite(t.Context(), n8nDraft(func(d *admin.SiteDraft) { d.Origins = []string{origin} }))
		if domain == "" {
			if err != nil {
				t.Errorf("%s: %v", origin, err)
			}
			continue
		}
		told, ok := errors.AsType[*chat.Error](err)
		if !ok || told.Kind != chat.Invalid || told.Field != "origin" || !strings.Contains(told.Text, "in front of "+domain+", where anybody may have a name") {
			t.Errorf("%s: %v", origin, err)
		}
	}
}
