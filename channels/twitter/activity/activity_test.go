package activity

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"contactd/channels/twitter/element"
	"contactd/channels/webhook"
)

func TestOnlyWhatXSignedIsVerified(t *testing.T) {
	secrets := webhook.FixedSecrets("new", "old")
	body := []byte(`{"for_user_id":"1"}`)
	header := func(secret string, body []byte) string {
		return "sha256=" + base64.StdEncoding.EncodeToString(webhook.Sign(secret, body))
	}
	for name, each := range map[string]struct {
		header string
		good   bool
	}{
		"new secret":    {header("new", body), true},
		"old secret":    {header("old", body), true},
		"other secret":  {header("other", body), false},
		"other body":    {header("new", []byte("x")), false},
		"none":          {"", false},
		"no prefix":     {header("new", body)[7:], false},
		"padding moved": {strings.TrimSuffix(header("new", body), "="), false},
		"line break":    {header("new", body)[:20] + "\n" + header("new", body)[20:], false},
		"URL alphabet":  {"sha256=" + base64.URLEncoding.EncodeToString(bytes.Repeat([]byte{0xff}, 32)), false},
		"short":         {"sha256=AAAA", false},
	} {
		if err := Verify(secrets, each.header, body); (err == nil) != each.good {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheChallengeSignsTokensAndNothingElse(t *testing.T) {
	serve := Challenge(webhook.FixedSecrets("new", "old"))
	ask := func(token string) (int, string) {
		w := httptest.NewRecorder()
		serve(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/twitter?crc_token="+url.QueryEscape(token), nil))
		return w.Code, w.Body.String()
	}
	// The example's token is made up; what X checks is the HMAC of it in base64.
	code, body := ask("MzU0NzE5YWQtZjY4")
	if want := `{"response_token":"sha256=` + base64.StdEncoding.EncodeToString(webhook.Sign("new", []byte("MzU0NzE5YWQtZjY4"))) + `"}`; code != http.StatusOK || strings.TrimSpace(body) != want {
		t.Errorf("%d %s, want %s", code, body, want)
	}
	for _, token := range []string{"", `{"a":1}`, "a b", strings.Repeat("a", 201), "<script>"} {
		if code, body := ask(token); code != http.StatusBadRequest || strings.Contains(body, "sha256") {
			t.Errorf("%.20q: %d %s", token, code, body)
		}
	}
}

// seed adds the bodies of the cases.
func seed(f *testing.F) {
	files, err := filepath.Glob("../testdata/*/in.json")
	if err != nil || len(files) == 0 {
		f.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Add([]byte(`{"data":null}`))
	f.Add([]byte(`{"data":{"event_type":"dm.received","payload":{"direct_message_events":null}}}`))
	f.Add([]byte(`{"direct_message_events":[null,1,"x",[]]}`))
}

// FuzzNothingOfADeliveryIsLost holds that a body is refused as a whole, or each
// of its pieces has an identity, keeps its bytes and can be read or is told as
// unreadable.
func FuzzNothingOfADeliveryIsLost(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		elements, err := Split(body)
		if err != nil {
			return
		}
		if len(elements) == 0 && bytes.Contains(body, []byte(`_events":[{`)) {
			t.Errorf("nothing of %s", body)
		}
		for _, e := range elements {
			if len(e.Raw) > 0 && !bytes.Contains(body, e.Raw) {
				t.Errorf("%s is no piece of %s", e.Raw, body)
			}
			hold(t, e)
		}
	})
}

// hold checks what is promised of any element.
func hold(t *testing.T, e element.Element) {
	t.Helper()
	sorted := element.Sort(e)
	if (len(sorted.Taken) == 0) == (sorted.Ignored == "") {
		t.Errorf("%+v is neither taken nor ignored, or both", e)
	}
	for _, taken := range sorted.Taken {
		if !strings.HasPrefix(taken.ID, "x:") || len(taken.ID) > 200 {
			t.Errorf("identity %q", taken.ID)
		}
		original := taken.Element.Original()
		if !json.Valid(original) {
			t.Fatalf("original is no JSON: %s", original)
		}
		back, err := element.ReadOriginal(original)
		if err != nil {
			continue // quarantined, which keeps it
		}
		again := element.Sort(back)
		if len(again.Taken) != len(sorted.Taken) && taken.Element.As == "" && taken.Element.Kind != element.Unread {
			t.Errorf("%s sorts as %d originals, and read back as %d", original, len(sorted.Taken), len(again.Taken))
		}
		m, err := element.Read(back, element.Where{Channel: "twitter", Account: "town"})
		if err != nil {
			continue
		}
		if m.Authored == "" && m.Text != "" || m.Channel.Kind == "" || m.Channel.Direction != "inbound" {
			t.Errorf("%s reads as %+v", original, m)
		}
		if len(m.Answer.Address) > 4<<10 {
			t.Errorf("an address of %d bytes", len(m.Answer.Address))
		}
	}
}

func FuzzSignaturesNeverPassByChance(f *testing.F) {
	f.Add("sha256=AAAA", []byte("body"))
	f.Add("sha256="+base64.StdEncoding.EncodeToString(webhook.Sign("secret", []byte("body"))), []byte("body"))
	f.Add("sha256=\n", []byte{})
	f.Fuzz(func(t *testing.T, header string, body []byte) {
		want := "sha256=" + base64.StdEncoding.EncodeToString(webhook.Sign("secret", body))
		if err := Verify(webhook.FixedSecrets("secret"), header, body); (err == nil) != (header == want) {
			t.Errorf("%q: %v", header, err)
		}
	})
}
