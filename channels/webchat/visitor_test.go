package webchat

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"contactd/channels"
	"contactd/channels/channelstest"
	"contactd/deploy/servers"
)

// visitor is somebody with the widget, for the suite: what is not confirmed is
// sent again, over whatever happens to the server.
type visitor struct {
	t            testing.TB
	dir, address string
	wake         chan struct{}
	cancel       context.CancelFunc
	done         chan struct{}

	mutex   sync.Mutex
	token   string
	session string
	order   []string          // ids
	texts   map[string]string // by id
	ticked  map[string]bool   // by id
	replies []string
}

func newVisitor(t testing.TB) *visitor {
	ctx, cancel := context.WithCancel(context.Background())
	v := &visitor{
		t: t, dir: t.TempDir(), address: servers.FreeAddress(t), wake: make(chan struct{}, 1), cancel: cancel, done: make(chan struct{}),
		texts: map[string]string{}, ticked: map[string]bool{},
	}
	go v.run(ctx)
	t.Cleanup(func() { cancel(); <-v.done })
	return v
}

func (v *visitor) open(deps channelstest.Deps) *Channel {
	ch, err := New(Config{Listen: v.address, Demo: true, Limits: Limits{MessagesPerMinute: 60_000}}, Deps{Blobs: deps.Blobs, Health: deps.Health, Log: deps.Log, Folders: folder(v.dir)})
	if err != nil {
		v.t.Fatal(err)
	}
	return ch
}

func (v *visitor) send(text string) {
	v.mutex.Lock()
	defer v.mutex.Unlock()
	id := fmt.Sprintf("message-%d", len(v.order))
	v.order = append(v.order, id)
	v.texts[id] = text
	v.poke()
}

func (v *visitor) poke() {
	select {
	case v.wake <- struct{}{}:
	default:
	}
}

func (v *visitor) told(text string) bool {
	v.mutex.Lock()
	defer v.mutex.Unlock()
	for id, each := range v.texts {
		if each == text {
			return v.ticked[id]
		}
	}
	return false
}

func (v *visitor) received() []string {
	v.mutex.Lock()
	defer v.mutex.Unlock()
	return append([]string(nil), v.replies...)
}

// again makes the server forget that it has confirmed anything, as if it had
// died between acceptance and confirmation each time.
func (v *visitor) again() {
	conn, err := sqlite.OpenConn(filepath.Join(v.dir, "chat.db"), sqlite.OpenReadWrite)
	if err != nil {
		v.t.Fatal(err)
	}
	defer conn.Close()
	conn.SetBusyTimeout(patient)
	if err := sqlitex.ExecuteTransient(conn, "DELETE FROM log", nil); err != nil {
		v.t.Fatal(err)
	}
	v.mutex.Lock()
	defer v.mutex.Unlock()
	clear(v.ticked)
	v.poke()
}

// run connects, and again whenever the connection is lost.
func (v *visitor) run(ctx context.Context) {
	defer close(v.done)
	for ctx.Err() == nil {
		_ = v.visit(ctx)
		select {
		case <-ctx.Done():
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (v *visitor) visit(ctx context.Context) error {
	if v.token == "" {
		var opened struct{ Token, Session string }
		if err := v.post(ctx, "/chat/v1/sessions", &opened); err != nil {
			return err
		}
		v.mutex.Lock()
		v.token, v.session = opened.Token, opened.Session
		v.mutex.Unlock()
	}
	var issued struct{ Ticket string }
	if err := v.post(ctx, "/chat/v1/tickets", &issued); err != nil {
		return err
	}
	conn, response, err := websocket.Dial(ctx, "ws://"+v.address+"/chat/v1/socket?ticket="+issued.Ticket, &websocket.DialOptions{
		HTTPHeader: http.Header{"Origin": {"http://" + v.address}}, Subprotocols: []string{subprotocol},
		HTTPClient: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}},
	})
	if err != nil {
		if response != nil && response.Body != nil {
			_ = response.Body.Close()
		}
		return err
	}
	defer conn.CloseNow()
	ctx, cancel := context.WithCancel(ctx)
	var writer sync.WaitGroup
	defer writer.Wait()
	defer cancel()
	writer.Go(func() { v.write(ctx, conn) })
	for {
		_, raw, err := conn.Read(ctx)
		if err != nil {
			return err
		}
		var f serverFrame
		if err := json.Unmarshal(raw, &f); err != nil {
			return err
		}
		v.mutex.Lock()
		switch f.Type {
		case "message":
			v.ticked[f.ID] = true
		case "reply":
			if len(v.replies) < int(f.N) {
				v.replies = append(v.replies, f.Text)
			}
		}
		v.mutex.Unlock()
	}
}

// write sends what is not confirmed, every now and then.
func (v *visitor) write(ctx context.Context, conn *websocket.Conn) {
	for ctx.Err() == nil {
		v.mutex.Lock()
		var frames [][]byte
		for _, id := range v.order {
			if !v.ticked[id] {
				frames = append(frames, encode(map[string]any{"type": "message", "id": id, "text": v.texts[id]}))
			}
		}
		v.mutex.Unlock()
		for _, frame := range frames {
			if conn.Write(ctx, websocket.MessageText, frame) != nil {
				return
			}
		}
		select {
		case <-ctx.Done():
		case <-v.wake:
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (v *visitor) post(ctx context.Context, path string, into any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+v.address+path, strings.NewReader("{}"))
	if err != nil {
		return err
	}
	r.Header.Set("Origin", "http://"+v.address)
	r.Header.Set("Authorization", "Bearer "+v.token)
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	var body bytes.Buffer
	if _, err := body.ReadFrom(response.Body); err != nil {
		return err
	}
	if response.StatusCode != http.StatusCreated {
		return fmt.Errorf("%s: %d %s", path, response.StatusCode, body.String())
	}
	return json.Unmarshal(body.Bytes(), into)
}

func (v *visitor) to() channels.Address {
	v.mutex.Lock()
	defer v.mutex.Unlock()
	return channels.Address{Account: "main", Answer: v.session}
}
