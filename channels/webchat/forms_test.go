package webchat

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"contactd/channels"
	"contactd/channels/channelstest"
	"contactd/channels/webchat/forms"
	"contactd/deploy/servers"
)

func TestAFormIsSentOnTheServerOfTheChat(t *testing.T) {
	h := newHouse(t, func(h *house) { h.config.Sites = []Site{{Name: "derby", ExitURL: "https://weather.example/"}} })
	page := h.show("/forms/contact-us?lang=en")
	for _, want := range []string{"Contact us", `href="https://weather.example/"`, "call 999"} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is not on the page:\n%s", want, page)
		}
	}
	if chat := h.show("/chat"); !strings.Contains(chat, `href="/forms/contact-us"`) {
		t.Errorf("the chat leads to no form:\n%s", chat)
	}
	response, err := http.PostForm(h.url+"/forms/contact-us?lang=en", url.Values{"message": {"When do you open?"}, "email": {"jo@example.org"}})
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != 200 {
		t.Fatalf("status %d, %v", response.StatusCode, err)
	}
	original := h.inbox.Accepted()[0]
	m, err := h.channel.Read(t.Context(), original)
	if err != nil {
		t.Fatal(err)
	}
	if original.Channel != Kind || original.Account != "derby" || m.Channel.Kind != "webform" || m.Authored != "When do you open?\njo@example.org" {
		t.Errorf("%+v was read as %+v", original, m)
	}
	if !strings.Contains(string(body), forms.Receipt(m.ID)) {
		t.Errorf("no receipt:\n%s", body)
	}
}

// show gets a page.
func (h *house) show(path string) string {
	h.t.Helper()
	response, err := http.Get(h.url + path)
	if err != nil {
		h.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != 200 {
		h.t.Fatalf("%s: status %d, %v", path, response.StatusCode, err)
	}
	return string(body)
}

func TestFormsOfAConfigurationAreChecked(t *testing.T) {
	err := Config{Forms: []forms.Form{{Name: "a", Account: "none", Title: forms.Words{"en": "A"}}}}.Validate()
	if want := "forms[0].account: there is no site named \"none\"\nforms[0].fields: want 1 to 100 questions"; err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

func TestFormsKeepThePromisesOfAChannel(t *testing.T) {
	channelstest.Run(t, channelstest.Setup{
		New: func(t *testing.T) channelstest.Platform {
			s := newSender(t)
			return channelstest.Platform{Open: s.open, Send: s.send, Again: s.again, Told: s.told}
		},
		Unreadable: []channels.Original{
			{Channel: Kind, Account: "main", ID: "form/a/b/c", MediaType: forms.MediaType, Bytes: []byte("{")},
			{Channel: Kind, Account: "main", ID: "form/a/b/c", MediaType: forms.MediaType, Bytes: []byte(`{"version":1,"form":"a","account":"main","id":"b"}`)},
		},
	})
}

// sender is a program that sends forms, each until it has a receipt.
type sender struct {
	t            testing.TB
	dir, address string
	ctx          context.Context
	work         sync.WaitGroup

	mutex    sync.Mutex
	texts    []string
	receipts map[string]string // by text
}

func newSender(t testing.TB) *sender {
	ctx, cancel := context.WithCancel(context.Background())
	s := &sender{t: t, dir: t.TempDir(), address: servers.FreeAddress(t), ctx: ctx, receipts: map[string]string{}}
	t.Cleanup(func() { cancel(); s.work.Wait() })
	return s
}

func (s *sender) open(deps channelstest.Deps) channels.Channel {
	ch, err := New(Config{Listen: s.address, Demo: true}, Deps{Blobs: deps.Blobs, Health: deps.Health, Log: deps.Log, Folders: folder(s.dir)})
	if err != nil {
		s.t.Fatal(err)
	}
	return ch
}

func (s *sender) send(text string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.texts = append(s.texts, text)
	s.deliver(len(s.texts)-1, text)
}

// again forgets all receipts, as a program does that dies before it has noted
// them.
func (s *sender) again() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	clear(s.receipts)
	for n, text := range s.texts {
		s.deliver(n, text)
	}
}

func (s *sender) told(text string) bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.receipts[text] != ""
}

// deliver sends one form in the background, until there is a receipt.
func (s *sender) deliver(n int, text string) {
	s.work.Go(func() {
		body := fmt.Sprintf(`{"id": "program-message-%08d", "fields": {"message": %q, "email": "jo@example.org"}}`, n, text)
		client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		for s.ctx.Err() == nil {
			if receipt := s.post(&client, body); receipt != "" {
				s.mutex.Lock()
				s.receipts[text] = receipt
				s.mutex.Unlock()
				return
			}
			select {
			case <-s.ctx.Done():
			case <-time.After(20 * time.Millisecond):
			}
		}
	})
}

// post returns the receipt, empty when there is none.
func (s *sender) post(client *http.Client, body string) string {
	r, err := http.NewRequestWithContext(s.ctx, http.MethodPost, "http://"+s.address+"/forms/contact-us", strings.NewReader(body))
	if err != nil {
		return ""
	}
	r.Header.Set("Content-Type", "application/json")
	response, err := client.Do(r)
	if err != nil {
		return ""
	}
	defer response.Body.Close()
	var got struct{ Receipt string }
	if json.NewDecoder(response.Body).Decode(&got) != nil {
		return ""
	}
	return got.Receipt
}
