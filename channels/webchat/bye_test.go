package webchat

import (
	"net/http"
	"strconv"
	"testing"
	"time"
)

// sentences are frames as the widget keeps them.
func sentences(texts ...string) (frames []map[string]any) {
	for i, text := range texts {
		frames = append(frames, map[string]any{"type": "message", "id": "message-" + string(rune('1'+i)), "text": text})
	}
	return frames
}

// leaves says goodbye as a page does that has no time for more.
func (p *person) leaves(origin string, said any) int {
	p.h.t.Helper()
	request := p.request(http.MethodPost, byePath+"?forget=1", bytesOf(string(encode(said))))
	request.Header.Set("Origin", origin)
	request.Header.Set("Content-Type", "text/plain;charset=UTF-8")
	request.Header.Del("Authorization")
	return p.do(request, nil)
}

func TestWhoLeavesBeforeAChatHasBegunIsHeard(t *testing.T) {
	clock := newClock()
	h := newHouse(t, clock.of)
	p := &person{h: h}
	said := map[string]any{"begin": map[string]any{"site": "main", "lang": "cy", "covert": true}, "frames": sentences("he is here", "he has a knife")}
	if status := p.leaves(h.url, said); status != http.StatusNoContent {
		t.Fatalf("answered %d", status)
	}
	got := h.messages()
	if len(got) != 2 || got[0].Text != "he is here" || got[1].Text != "he has a knife" || got[0].Conversation != got[1].Conversation || !got[0].Covert || got[0].Language != "cy" {
		t.Fatalf("got %+v", got)
	}
	session, err := h.channel.current().store.ByConversation(t.Context(), got[0].Conversation)
	if err != nil || !session.Forgotten {
		t.Errorf("somebody may still read it: %v", err)
	}
	clock.forward(3 * time.Minute)
	eventually(t, "the disappearance is told", func() bool { return len(h.vanished()) == 1 })
}

func TestWhatHadNoTickIsTakenWithTheGoodbyeOnce(t *testing.T) {
	h := newHouse(t)
	p := h.arrives()
	w := p.opens(0)
	w.writes("message-1", "he is here")
	w.sees("message")
	token := p.token
	if status := p.leaves("null", map[string]any{"token": token, "frames": sentences("he is here", "upstairs")}); status != http.StatusNoContent {
		t.Fatalf("answered %d", status)
	}
	if got := h.messages(); len(got) != 2 || got[1].Text != "upstairs" || got[0].Conversation != got[1].Conversation {
		t.Errorf("got %+v", got)
	}
	if status := p.post("/chat/v1/tickets", struct{}{}, nil); status != http.StatusUnauthorized {
		t.Errorf("the token still opens the chat: %d", status)
	}
}

func TestAGoodbyeWithAllThatAPageMayKeepForgets(t *testing.T) {
	h := newHouse(t)
	p := h.arrives()
	var frames []map[string]any
	for n := range 20 {
		files := make([]string, 50)
		for i := range files {
			files[i] = "file-" + strconv.Itoa(i)
		}
		frames = append(frames, map[string]any{"type": "message", "id": "message-" + strconv.Itoa(n), "text": "", "files": files, "at": time.Now()})
	}
	p.leaves("null", map[string]any{"token": p.token, "frames": frames})
	if status := p.post("/chat/v1/tickets", struct{}{}, nil); status != http.StatusUnauthorized {
		t.Errorf("the token still opens the chat: %d", status)
	}
}

func TestNoForeignPageSpeaksInAPersonsName(t *testing.T) {
	h := newHouse(t)
	said := map[string]any{"begin": map[string]any{"site": "main"}, "frames": sentences("not mine")}
	for _, origin := range []string{"null", "https://evil.example"} {
		if status := (&person{h: h}).leaves(origin, said); status != http.StatusForbidden {
			t.Errorf("from %s: %d", origin, status)
		}
	}
	if got := h.messages(); len(got) != 0 {
		t.Errorf("got %+v", got)
	}
}

func TestALastWordThatIsWrongStopsNoOther(t *testing.T) {
	h := newHouse(t)
	frames := append([]map[string]any{{"type": "riddle"}}, sentences("help")...)
	if status := (&person{h: h}).leaves(h.url, map[string]any{"begin": map[string]any{}, "frames": frames}); status != http.StatusUnprocessableEntity {
		t.Errorf("answered %d", status)
	}
	if got := h.messages(); len(got) != 1 || got[0].Text != "help" {
		t.Errorf("got %+v", got)
	}
}
