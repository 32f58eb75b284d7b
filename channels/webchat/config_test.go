package webchat

import (
	"strings"
	"testing"
	"time"

	"contactd/channels/webchat/clamav"
	"contactd/channels/webchat/hours"
)

func TestMistakesInTheConfigurationAreToldWithTheirKeys(t *testing.T) {
	c := Config{
		Listen: "nowhere", CertFile: "cert.pem", URL: "chat.example", TrustedProxies: []string{"10.0.0.0/8", "proxy"},
		AbandonAfter: time.Millisecond, Retention: time.Minute,
		Sites: []Site{
			{Name: "a b", Origins: []string{"https://x.example/path", "x.example", "*"}, ExitURL: "javascript:alert(1)", Hours: hours.Config{Closed: []string{"May"}}},
			{Name: "main"},
			{Name: "main"},
		},
		Limits:  Limits{Connections: -1, TextBytes: 1 << 20},
		Uploads: Uploads{FileBytes: -1, MediaTypes: []string{"pictures"}},
		ClamAV:  clamav.Config{Address: "clamd"},
	}
	err := c.Validate()
	for _, want := range []string{
		"listen:", "cert_file:", "url:", "trusted_proxies[1]:", "abandon_after:", "retention:", "sites[0].name:", "sites[0].origins[0]:",
		"sites[0].origins[1]:", "sites[0].origins[2]:", "sites[0].exit_url:", "sites[0].hours.closed[0]:", "sites[2].name:",
		"limits.connections:", "limits.text_bytes:", "uploads:", "uploads.media_types[0]:", "clamav.address:",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no %s in %v", want, err)
		}
	}
	if err := (Config{Listen: "127.0.0.1:99999"}).Validate(); err == nil || !strings.HasPrefix(err.Error(), "listen: want a port") {
		t.Errorf("a port that cannot be: %v", err)
	}
	if err := (Config{}).Validate(); err != nil {
		t.Errorf("the zero config: %v", err)
	}
	if err := (Config{}.WithDefaults()).Validate(); err != nil {
		t.Errorf("the defaults: %v", err)
	}
}
