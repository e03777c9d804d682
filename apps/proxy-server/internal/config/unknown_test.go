package config

import (
	"strings"
	"testing"
)

func TestAMistypedSettingIsToldWithTheOneThatWasMeant(t *testing.T) {
	for variable, want := range map[string]string{
		"SECURECHAT_LISTN=x":           "SECURECHAT_LISTN is not a setting; did you mean SECURECHAT_LISTEN?",
		"SECURECHAT_LISTNE=x":          "did you mean SECURECHAT_LISTEN?",
		"securechat_listen=x":          "securechat_listen is not a setting; did you mean SECURECHAT_LISTEN?",
		"SECURECHAT_DATABSE_URL=x":     "did you mean SECURECHAT_DATABASE_URL?",
		"SECURECHAT_KEYFILE=x":         "did you mean SECURECHAT_KEY_FILE?",
		"SECURECHAT_PUBLIC_URI_FILE=x": "did you mean SECURECHAT_PUBLIC_URL_FILE?",
		"SECURECHAT_TRUSTED_PROXY=x":   "did you mean SECURECHAT_TRUSTED_PROXIES?",
		"SECURECHAT_COLOUR=x":          "SECURECHAT_COLOUR is not a setting; `securechat config` prints",
		"SECURECHAT_PORT=8080":         "SECURECHAT_PORT is not a setting; `securechat config` prints",
		"SECURECHAT_=x":                "SECURECHAT_ is not a setting; `securechat config` prints",
	} {
		complaints := Unknown([]string{"HOME=/", variable, "SECURECHAT_DATA=/data"})
		if len(complaints) != 1 || !strings.HasPrefix(complaints[0].Error(), want) && !strings.HasSuffix(complaints[0].Error(), want) {
			t.Errorf("%s: %v, want %q", variable, complaints, want)
		}
	}
}

func TestWhatIsASettingOrNobodysMistakeIsNotComplainedOf(t *testing.T) {
	environ := []string{
		"SECURECHAT_MISTYPED=", "LISTEN=x", "SECURECHATX=y", "=C:=C:\\", "",
		// As Kubernetes tells of Services named securechat and securechat-db.
		"SECURECHAT_SERVICE_HOST=10.0.0.1", "SECURECHAT_SERVICE_PORT=8080", "SECURECHAT_SERVICE_PORT_HTTP=8080",
		"SECURECHAT_PORT=tcp://10.0.0.1:8080", "SECURECHAT_PORT_8080_TCP=tcp://10.0.0.1:8080", "SECURECHAT_PORT_8080_TCP_PROTO=tcp",
		"SECURECHAT_PORT_8080_TCP_PORT=8080", "SECURECHAT_PORT_8080_TCP_ADDR=10.0.0.1",
		"SECURECHAT_DB_SERVICE_HOST=10.0.0.2", "SECURECHAT_DB_PORT=tcp://10.0.0.2:5432", "SECURECHAT_DB_PORT_5432_TCP_ADDR=10.0.0.2",
	}
	for _, name := range names() {
		environ = append(environ, name+"=x")
	}
	if complaints := Unknown(environ); len(complaints) > 0 {
		t.Errorf("it complains: %v", complaints)
	}
}
