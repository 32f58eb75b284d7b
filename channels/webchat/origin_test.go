package webchat

import (
	"net/http"
	"testing"
)

func TestAnOriginIsWhatBrowsersSayOfIt(t *testing.T) {
	h := newHouse(t, func(h *house) {
		h.config.URL = "https://Sgwrs.Heddlu-Môn.cymru:443/"
		h.config.Sites = []Site{{Name: "main", Origins: []string{"https://Heddlu-Môn.cymru", "https://www.example.police.uk:443", "http://[2001:DB8::1]:80", "https://in_house.example:8443"}}}
	})
	for origin, want := range map[string]int{
		"https://sgwrs.xn--heddlu-mn-n7a.cymru": 201,
		"https://xn--heddlu-mn-n7a.cymru":       201,
		"https://www.example.police.uk":         201,
		"http://[2001:db8::1]":                  201,
		"https://in_house.example:8443":         201,
		"https://in_house.example":              403,
		"http://www.example.police.uk":          403,
		"https://heddlu-mon.cymru":              403,
		"null":                                  403,
	} {
		p := &person{h: h, origin: origin}
		if got := p.post("/chat/v1/sessions", map[string]any{"site": "main"}, nil); got != want {
			t.Errorf("chat from %s: %d, want %d", origin, got, want)
		}
	}
	for origin, want := range map[string]int{"https://xn--heddlu-mn-n7a.cymru": 200, "https://evil.example": 403} {
		p := &person{h: h, origin: origin}
		sent := p.request(http.MethodPost, "/forms/contact-us", bytesOf("message=help"))
		sent.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		sent.Header.Set("Sec-Fetch-Site", "cross-site")
		if got := p.do(sent, nil); got != want {
			t.Errorf("form from %s: %d, want %d", origin, got, want)
		}
	}
}
