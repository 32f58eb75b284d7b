package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"contactd/contact"
	"contactd/contact/contacttest"
	"contactd/deploy/servers"
)

// chatter is a person at the program's chat, as the widget is one: what is not
// confirmed is sent again over every restart.
type chatter struct {
	t       *testing.T
	url     string
	lang    string
	token   string
	session string
	conn    *websocket.Conn
	last    int64 // number of the last frame
}

// chatFrame is what a chatter looks at.
type chatFrame struct {
	N                             int64
	Type, ID, Text, Code, Message string
}

func (c *chatter) post(path string, into any) error {
	r, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost, c.url+path, strings.NewReader(fmt.Sprintf(`{"lang":%q}`, c.lang)))
	if err != nil {
		return err
	}
	r.Header.Set("Origin", c.url)
	r.Header.Set("Authorization", "Bearer "+c.token)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusCreated {
		err = fmt.Errorf("%s: %d %s", path, response.StatusCode, body)
	}
	if err != nil {
		return err
	}
	return json.Unmarshal(body, into)
}

// connect opens the chat, again if it was open before.
func (c *chatter) connect() error {
	var got struct{ Token, Session, Ticket string }
	if c.token == "" {
		if err := c.post("/chat/v1/sessions", &got); err != nil {
			return err
		}
		c.token, c.session = got.Token, got.Session
	}
	if err := c.post("/chat/v1/tickets", &got); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(c.t.Context(), 10*time.Second)
	defer cancel()
	address := fmt.Sprintf("ws%s/chat/v1/socket?ticket=%s&after=%d", strings.TrimPrefix(c.url, "http"), got.Ticket, c.last)
	conn, _, err := websocket.Dial(ctx, address, &websocket.DialOptions{HTTPHeader: http.Header{"Origin": {c.url}}, Subprotocols: []string{"contactd.chat.v1"}}) //nolint:bodyclose // Dial has no body beside a connection
	c.conn = conn
	return err
}

// await connects as soon as the program lets it.
func (c *chatter) await() {
	c.t.Helper()
	var err error
	eventually(c.t, 30*time.Second, func() bool { err = c.connect(); return err == nil }, func() string { return err.Error() })
}

func (c *chatter) write(id, text string) error {
	return c.say(map[string]any{"type": "message", "id": id, "text": text})
}

func (c *chatter) say(frame map[string]any) error {
	raw, err := json.Marshal(frame)
	if err != nil {
		return err
	}
	return c.conn.Write(c.t.Context(), websocket.MessageText, raw)
}

// read returns the next frame that is numbered or refuses something.
func (c *chatter) read() (chatFrame, error) {
	ctx, cancel := context.WithTimeout(c.t.Context(), 30*time.Second)
	defer cancel()
	for {
		_, raw, err := c.conn.Read(ctx)
		if err != nil {
			return chatFrame{}, err
		}
		var f chatFrame
		if err := json.Unmarshal(raw, &f); err != nil {
			return f, err
		}
		if f.N > 0 && f.Type != "hello" || f.Type == "refused" {
			c.last = max(c.last, f.N)
			return f, nil
		}
	}
}

// until reads until a frame of a type comes.
func (c *chatter) until(kind string) chatFrame {
	c.t.Helper()
	for {
		f, err := c.read()
		if err != nil {
			c.t.Fatal(err)
		}
		if f.Type == kind {
			return f
		}
	}
}

func TestAChatGoesBothWaysAndOverKillsOfTheProgram(t *testing.T) {
	const kills, messages = 5, 60
	address := servers.FreeAddress(t)
	dir := configure(t, ownBroker+fmt.Sprintf(`channels:
  webchat:
    listen: %q
    demo: true
    abandon_after: 1s
    limits: {messages_per_minute: 60000, messages_per_hour: 60000}
`, address))
	p := startProgram(t, dir, "run")
	c := &chatter{t: t, url: "http://" + address}
	c.await()

	// A message, an event, an answer from a terminal, and the answer in the
	// window.
	if err := c.write("first-message", "There is a man in my garden"); err != nil {
		t.Fatal(err)
	}
	c.until("message")
	record := p.tail("--from-beginning", "--count", "1", "--timeout", "30s", "--json")
	contacttest.Valid(t, record)
	var event contact.Event
	if err := json.Unmarshal(record, &event); err != nil {
		t.Fatal(err)
	}
	p.command("reply", event.PartitionKey, "Are you safe?")
	if f := c.until("reply"); f.Text != "Are you safe?" {
		t.Errorf("answered %+v", f)
	}

	// Every message once and in order, whatever happens to the program.
	for i, next := 0, 0; i < messages; i++ {
		id := fmt.Sprintf("message-%03d", i)
		if i == next {
			next += messages / kills
			_ = c.write(id, id) // perhaps taken, perhaps not
			p.kill()
			_ = c.conn.CloseNow()
			p = startProgram(t, dir, "run")
			c.await()
		}
		if err := c.write(id, id); err != nil {
			t.Fatal(err)
		}
		for f := c.until("message"); f.ID != id; f = c.until("message") {
			if i > 0 && f.ID > id {
				t.Fatalf("confirmed %s before %s", f.ID, id)
			}
		}
	}
	_ = c.conn.CloseNow() // and gone

	var lines [][]byte
	eventually(t, 60*time.Second, func() bool {
		lines = bytes.Split(bytes.TrimSpace(p.tail("--from-beginning", "--timeout", "2s", "--json")), []byte("\n"))
		return bytes.Contains(lines[len(lines)-1], []byte(contact.AbandonedV1))
	}, func() string { return fmt.Sprintf("the last of %d events is no disappearance", len(lines)) })
	var texts []string
	vanished, last, known := 0, 0, map[string]bool{}
	for _, line := range lines {
		contacttest.Valid(t, line)
		event = contact.Event{}
		if err := json.Unmarshal(line, &event); err != nil {
			t.Fatal(err)
		}
		if known[event.ID] { // published again, because the program died before it knew
			continue
		}
		known[event.ID] = true
		var sequence int
		if _, err := fmt.Sscan(event.Sequence, &sequence); err != nil || sequence != last+1 {
			t.Errorf("%s %s came after %d", event.Type, event.Sequence, last)
		}
		last = sequence
		var data contact.Received
		switch event.Type {
		case contact.ReceivedV1:
			if err := json.Unmarshal(event.Data, &data); err != nil {
				t.Fatal(err)
			}
			texts = append(texts, data.Content.Text)
		case contact.AbandonedV1:
			vanished++
		}
	}
	for i, text := range texts[1:] {
		if text != fmt.Sprintf("message-%03d", i) {
			t.Errorf("message %d is %q", i, text)
		}
	}
	if len(texts) != messages+1 || vanished == 0 {
		t.Errorf("%d messages, %d disappearances", len(texts), vanished)
	}
	p.kill()
	if seen := contactd(t, "", "-c", inDir(t, dir), "verify"); seen.code != 0 {
		t.Errorf("verify: %+v", seen)
	}
}
