package webchat

import (
	"net/http"
	"strings"
	"testing"
)

func TestAProxyBehindWhichPeopleAreOneIsToldOfOnce(t *testing.T) {
	for name, each := range map[string]struct {
		change func(*Config)
		header string
		want   string
	}{
		"that is not listed":            {func(*Config) {}, "198.51.100.1", "X-Forwarded-For is not believed"},
		"that does not say who asks":    {func(c *Config) { c.TrustedProxies = []string{"127.0.0.1"} }, "", "does not say who asks"},
		"that is neither and says none": {func(c *Config) { c.Demo = false }, "", "somebody asks from this machine"},
		"that does as it should":        {func(c *Config) { c.Demo, c.TrustedProxies = false, []string{"127.0.0.1"} }, "198.51.100.1", ""},
		"for a demonstration":           {func(*Config) {}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, func(h *house) { each.change(&h.config) })
			for range 2 {
				request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.url+"/chat/v1/site", nil)
				if err != nil {
					t.Fatal(err)
				}
				if each.header != "" {
					request.Header.Set("X-Forwarded-For", each.header)
				}
				response, err := http.DefaultClient.Do(request)
				if err != nil {
					t.Fatal(err)
				}
				_ = response.Body.Close()
			}
			h.logged.mutex.Lock()
			defer h.logged.mutex.Unlock()
			told := h.logged.text.String()
			if each.want == "" && strings.Contains(told, "level=WARN") || each.want != "" && strings.Count(told, each.want) != 1 {
				t.Errorf("told:\n%s", told)
			}
		})
	}
}
