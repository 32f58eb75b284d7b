package widget_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"contactd/channels"
	"contactd/channels/channelstest"
	"contactd/channels/webchat"
	"contactd/channels/webchat/hours"
	"contactd/contact"
	"contactd/deploy/servers"
)

// server is the real channel, with the journal in memory.
type server struct {
	t       testing.TB
	config  webchat.Config
	deps    webchat.Deps
	inbox   *channelstest.Inbox
	channel *webchat.Channel
	stop    func()
	replies int
}

// folder is where the channel keeps its sessions.
type folder string

func (f folder) Folder(string) (string, error) { return string(f), nil }

// newServer starts the channel for pages of an origin.
func newServer(t testing.TB, origin string, change ...func(*webchat.Config)) *server {
	t.Helper()
	s := &server{
		t: t, inbox: &channelstest.Inbox{},
		config: webchat.Config{Listen: servers.FreeAddress(t), Demo: true, Sites: []webchat.Site{{Name: "main", Origins: []string{origin}, ExitURL: newNeutralSite(t)}}},
		deps:   webchat.Deps{Blobs: &channelstest.Blobs{}, Health: &channelstest.Health{}, Folders: folder(t.TempDir())},
	}
	for _, each := range change {
		each(&s.config)
	}
	s.start()
	t.Cleanup(func() { s.stop() })
	return s
}

// start opens the doors, after stop with the same sessions.
func (s *server) start() {
	s.t.Helper()
	channel, err := webchat.New(s.config, s.deps)
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- channel.Receive(ctx, s.inbox) }()
	s.channel, s.stop = channel, func() {
		cancel()
		if err := <-ended; err != nil {
			s.t.Errorf("receive: %v", err)
		}
		s.stop = func() {}
	}
	for range 10 { // it waits two seconds each time
		if channel.DemoURL(ctx) != "" {
			return
		}
	}
	s.t.Fatal("the server does not come up")
}

// url is the server under a name of its own.
func (s *server) url(path string) string {
	_, port, _ := net.SplitHostPort(s.config.Listen)
	return "http://chat.localhost:" + port + path
}

// messages reads what was accepted, once there are n.
func (s *server) messages(n int) []contact.Message {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := s.inbox.Await(ctx, func(all []channels.Original) bool { return len(all) >= n }); err != nil {
		s.t.Fatalf("await %d messages: %v", n, err)
	}
	var read []contact.Message
	for _, original := range s.inbox.Accepted() {
		message, err := s.channel.Read(ctx, original)
		if err != nil {
			s.t.Fatal(err)
		}
		read = append(read, message)
	}
	return read
}

// texts are what the person wrote.
func (s *server) texts(n int) []string {
	s.t.Helper()
	var texts []string
	for _, message := range s.messages(n) {
		texts = append(texts, message.Text)
	}
	return texts
}

// reply answers the latest message, as the pipeline does.
func (s *server) reply(text string) error {
	s.t.Helper()
	all := s.messages(1)
	last := all[len(all)-1]
	s.replies++
	_, err := s.channel.Reply(context.Background(), channels.Address{Account: "main", Answer: last.Answer.Address},
		contact.Reply{ID: contact.ReplyID(last.Conversation, text), Conversation: last.Conversation, Text: text, SignedAs: "Sam, Derbyshire Police"})
	return err
}

// visitServer is visit, with the real server.
func visitServer(t *testing.T, size screen, attributes string, change ...func(*webchat.Config)) (*server, *window, *hostPage) {
	t.Helper()
	host := newHostPage(t, attributes)
	s := newServer(t, host.origin(), change...)
	host.script = func() string { return s.url("/chat.js") }
	w := openWindow(t, size)
	w.do(chromedp.Navigate(host.origin() + "/contact"))
	return s, w, host
}

func TestTheRealServerChatsBothWays(t *testing.T) {
	s, w, _ := visitServer(t, phone, "")
	w.click("button", "Chat with police")
	w.sees("What happens next")
	w.says("There is a man in my garden")
	w.state("There is a man in my garden", "taken")
	message := s.messages(1)[0]
	if message.Text != "There is a man in my garden" || message.Covert {
		t.Errorf("the message is %+v", message)
	}
	if err := s.channel.Seen(context.Background(), contact.Seen{ConversationID: message.Conversation, ContactID: message.ID, At: time.Now()}); err != nil {
		t.Fatal(err)
	}
	w.state("There is a man in my garden", "seen")
	s.channel.Typing(contact.Typing{ConversationID: message.Conversation, By: "handler", At: time.Now()})
	w.sees("Someone is writing an answer")
	if err := s.reply("Are you safe?"); err != nil {
		t.Fatal(err)
	}
	w.sees("Are you safe?")
	w.sees("Sam, Derbyshire Police")
	w.says("Yes")
	w.state("Yes", "taken")
	if texts := s.texts(2); !slices.Equal(texts, []string{"There is a man in my garden", "Yes"}) {
		t.Errorf("the desk has %q", texts)
	}
}

func TestARestartOfTheRealServerLosesAndDoublesNothing(t *testing.T) {
	s, w, _ := visitServer(t, desktop, "")
	w.click("button", "Chat with police")
	w.says("before")
	w.state("before", "taken")
	s.stop()
	w.says("meanwhile")
	w.sees("Kept here, not sent yet")
	s.start()
	w.state("meanwhile", "taken")
	if err := s.reply("still here"); err != nil {
		t.Fatal(err)
	}
	w.sees("still here")
	if texts := s.texts(2); !slices.Equal(texts, []string{"before", "meanwhile"}) {
		t.Errorf("the desk has %q", texts)
	}
}

func TestTheRealServerForgetsAtTheQuickExit(t *testing.T) {
	s, w, host := visitServer(t, phone, "")
	w.click("button", "Chat with police")
	w.says("he is back")
	w.state("he is back", "taken")
	second := w.another()
	second.do(chromedp.Navigate(host.origin() + "/second"))
	second.click("button", "Chat with police")
	second.state("he is back", "taken")
	w.press(esc)
	w.until(`document.title === 'Weather'`)
	second.until(`document.title === 'Weather'`)
	again, limit := time.NewTicker(20*time.Millisecond), time.After(20*time.Second)
	defer again.Stop()
	// Another reply each time: one that came before the exit was told stays written.
	for n := 0; !channels.IsRefused(s.reply(fmt.Sprint("are you there? ", n))); n++ {
		select {
		case <-again.C:
		case <-limit:
			t.Fatal("the chat can still be answered, so somebody could still read it")
		}
	}
}

func TestWhatWasSentWithoutATickGoesAlongWithTheQuickExit(t *testing.T) {
	for name, breaks := range map[string]string{
		"before the chat has begun":  `(() => { const f = fetch; window.fetch = (url, how) => (/sessions$/.test(url) ? new Promise(() => {}) : f(url, how)); return true })()`,
		"before the line stands":     `(() => { window.WebSocket = class { close() {} }; return true })()`,
		"while nothing gets through": `(() => { WebSocket.prototype.send = () => {}; return true })()`,
	} {
		t.Run(name, func(t *testing.T) {
			host := newHostPage(t, "")
			s := newServer(t, host.origin())
			host.script = func() string { return s.url("/chat.js") }
			w := openWindow(t, desktop)
			for n, page := range []string{host.origin() + "/contact", s.url("/chat")} {
				w.do(chromedp.Navigate(page))
				get[bool](w, breaks)
				if n == 0 {
					w.click("button", "Chat with police")
				}
				w.says("he is coming back")
				w.sees("he is coming back")
				if !strings.Contains(name, "begun") {
					w.until(`/"token"/.test(JSON.stringify(sessionStorage).replaceAll('\\', ''))`)
				}
				w.press(esc)
				w.until(`document.title === 'Weather'`)
				if texts := s.texts(n + 1); len(texts) != n+1 {
					t.Errorf("the desk has %q", texts)
				}
				w.do(chromedp.Navigate(page))
				if got := get[string](w, stored); got != "{}{}" {
					t.Errorf("still kept: %s", got)
				}
			}
		})
	}
}

func TestTheRealServerTakesFilesAnswersAndPlaces(t *testing.T) {
	s, w, _ := visitServer(t, phone, "")
	w.click("button", "Chat with police")
	w.sees("The desk is open now.")
	w.click("summary", "About you (optional)")
	w.click("input[name=reach]", "")
	w.press("07700 900123")
	w.click("label", "No")
	w.choosesContent("garden.png", "\x89PNG\r\n\x1a\n"+strings.Repeat("\x00", 2000))
	w.sees("Ready to send")
	w.says("look")
	w.state("look", "taken")
	messages := s.messages(2)
	if safe := messages[0].SafeToContact; safe != "no" {
		t.Errorf("safe to contact is %q", safe)
	}
	if files := messages[1].Attachments; len(files) != 1 || files[0].Name != "garden.png" || files[0].MediaType != "image/png" {
		t.Errorf("the files are %+v", files)
	}
	w.choosesContent("page.png", "<!doctype html><script>alert(1)</script>")
	w.sees("This kind of file is not accepted.")
}

func TestTheRealServerHearsOfTheQuietChat(t *testing.T) {
	s, w, _ := visitServer(t, phone, "data-covert")
	w.click("button", "Notes")
	w.says("quiet")
	w.state("quiet", "taken")
	if message := s.messages(1)[0]; !message.Covert {
		t.Errorf("the message is %+v", message)
	}
}

func TestTheRealServerHearsOfAnotherLanguage(t *testing.T) {
	s, w, _ := visitServer(t, phone, "")
	w.click("button", "Chat with police")
	w.says("hello")
	w.state("hello", "taken")
	w.click("button", "Options")
	w.click("button", "Cymraeg")
	w.says("bore da")
	w.state("bore da", "taken")
	if all := s.messages(2); all[0].Language != "en" || all[1].Language != "cy" {
		t.Errorf("the languages are %q and %q", all[0].Language, all[1].Language)
	}
}

func TestTheRealServersDeskIsClosed(t *testing.T) {
	s, w, _ := visitServer(t, phone, "", func(c *webchat.Config) {
		c.Sites[0].Hours = hours.Config{TimeZone: "Europe/London", Weekly: map[string][]string{}, Closed: []string{}}
		// Open on one day, which is never today.
		c.Sites[0].Hours.Weekly[strings.ToLower(time.Now().AddDate(0, 0, 3).Weekday().String())] = []string{"08:00-09:00"}
	})
	w.click("button", "Chat with police")
	w.sees("Closed now")
	w.shoot("closed")
	w.says("tomorrow will do")
	w.state("tomorrow will do", "taken")
	w.until(`root.querySelector('.notice')`)
	w.shoot("told")
	if texts := s.texts(1); !slices.Equal(texts, []string{"tomorrow will do"}) {
		t.Errorf("the desk has %q", texts)
	}
}

func TestTheRealServerIsReachedWhereSocketsAreBlocked(t *testing.T) {
	host := newHostPage(t, "")
	s := newServer(t, host.origin())
	target, err := url.Parse("http://" + s.config.Listen)
	if err != nil {
		t.Fatal(err)
	}
	inner := &httputil.ReverseProxy{FlushInterval: -1, Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = r.In.Host
	}}
	proxy := http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "" {
			http.Error(w, "blocked", http.StatusForbidden)
			return
		}
		inner.ServeHTTP(w, r)
	})}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = proxy.Serve(listener) }()
	defer func() { _ = proxy.Close() }()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	host.script = func() string { return "http://chat.localhost:" + port + "/chat.js" }
	w := openWindow(t, phone)
	w.do(chromedp.Navigate(host.origin() + "/contact"))
	w.click("button", "Chat with police")
	w.says("through the proxy")
	w.state("through the proxy", "taken")
	if err := s.reply("heard"); err != nil {
		t.Fatal(err)
	}
	w.sees("heard")
}

func TestTheRealServersPageStandsAlone(t *testing.T) {
	s := newServer(t, "https://www.example.org")
	w := openWindow(t, phone)
	w.do(chromedp.Navigate(s.url("/chat")))
	w.says("from the page")
	w.state("from the page", "taken")
	if err := s.reply("an answer"); err != nil {
		t.Fatal(err)
	}
	w.sees("an answer")
}
