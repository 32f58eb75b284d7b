package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"contactd/channels/twitter/xtest"
	"contactd/contact"
)

const (
	onX        = "1600000000000000001" // our account
	jo         = "1600000000000000005"
	xSecret    = "consumer-secret"
	xTokenWord = "the-secret-of-the-token"
)

// startX starts a simulated X with our account and some people.
func startX(t testing.TB) *xtest.Server {
	t.Helper()
	x, err := xtest.Start(xtest.Options{ConsumerKey: "key", ConsumerSecret: xSecret})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = x.Close() })
	x.Account(onX, "town", "town-token", xTokenWord)
	x.Person(jo, "jo", "Jo Resident")
	return x
}

// xConfig configures the account "town" of a simulated X.
func xConfig(t testing.TB, x *xtest.Server) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{"secret": xSecret, "token": "town-token\n" + xTokenWord} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return fmt.Sprintf(`webhooks: {listen: "127.0.0.1:0"}
channels:
  twitter:
    api_url: %s
    consumer_key: key
    consumer_secret_file: %[2]s/secret
    poll_mentions: 5s
    lookup_after: 2s
    accounts:
      - {name: town, user_id: %q, token_file: %[2]s/token}
`, x.URL(), dir, onX)
}

// hookOf is where the running program takes X's deliveries.
func hookOf(p *process) string {
	p.t.Helper()
	var url string
	eventually(p.t, 30*time.Second, func() bool {
		_, after, found := strings.Cut(p.logged(), "webhook is open")
		if !found {
			return false
		}
		_, after, _ = strings.Cut(after, "http://")
		url = "http://" + strings.FieldsFunc(after, func(r rune) bool { return r == ' ' || r == '"' || r == '\n' })[0]
		return true
	}, func() string { return "no webhook is open" })
	return url
}

// TestWhatPeopleWriteOnXReachesKafkaAndAnswersReachThem plays somebody who
// names the force, edits, deletes and writes in private, through the real
// protocol both ways; the answer to one reply is lost, and the program is
// killed before it can look the reply up.
func TestWhatPeopleWriteOnXReachesKafkaAndAnswersReachThem(t *testing.T) {
	x := startX(t)
	dir := configure(t, ownBroker+xConfig(t, x))
	p := startProgram(t, dir, "run")
	x.Callback(hookOf(p))
	p.awaitReady()
	watched := watch(t, dir)

	mention := x.Post(jo, xtest.Draft{Text: "@town somebody is at the door"})
	first := watched.await("@town somebody is at the door")
	var data contact.Received
	if err := json.Unmarshal(first.Data, &data); err != nil {
		t.Fatal(err)
	}
	if data.Channel.Kind != "x_mention" || data.Channel.ThreadURL != "https://x.com/jo/status/"+mention || data.Reply == nil || !data.Reply.Allowed ||
		!slices.Equal(data.Reply.To, []string{"Jo Resident (@jo)"}) {
		t.Errorf("the event says %+v, reply %+v", data.Channel, data.Reply)
	}
	// X tells of no edit; polling finds it, and that it is an emergency now.
	x.Edit(mention, "@town he has a knife and is going to kill me")
	edited := watched.revision(first, contact.Edited)
	if edited.Grade == nil || *edited.Grade != contact.Emergency {
		t.Errorf("an emergency that was edited into a post is graded %v", edited.Grade)
	}

	// The answer to a reply is lost, and then the program dies.
	x.Fail(xtest.Fault{Call: "POST /2/tweets", After: true})
	if out, err := command(t.Context(), dir, "reply", "--wait", "0", first.PartitionKey, "Lock the door, officers are on their way.").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	answers := func() int { return len(x.Answers(onX, mention)) + len(x.Answers(onX, x.Latest(mention))) }
	eventually(t, time.Minute, func() bool { return answers() == 1 }, func() string { return "the reply was not sent" })
	p.kill()
	p = startProgram(t, dir, "run")
	x.Callback(hookOf(p))
	p.awaitReady()
	watched = watch(t, dir)

	x.DM(jo, onX, "my bicycle was stolen")
	private := watched.await("my bicycle was stolen")
	if out, err := command(t.Context(), dir, "reply", private.PartitionKey, "Please tell us the frame number.").CombinedOutput(); err != nil || !strings.Contains(string(out), "handed") {
		t.Fatalf("%v\n%s", err, out)
	}
	if got := x.Received(onX, jo); len(got) != 1 || got[0] != "Please tell us the frame number." {
		t.Errorf("received %q", got)
	}
	x.Read(jo, onX)
	watched.reached(private.PartitionKey, contact.Confirmed)
	// The lost answer was found on X and not sent again.
	watched.reached(first.PartitionKey, contact.HandedOver)
	if n := answers(); n != 1 {
		t.Errorf("the reply was posted %d times", n)
	}
	if code := p.stop(); code != 0 {
		t.Errorf("exit %d", code)
	}
	if out, err := command(t.Context(), dir, "verify").CombinedOutput(); err != nil {
		t.Errorf("verify: %v\n%s", err, out)
	}
}

// revision returns the event by which a contact was changed in a way.
func (w *watcher) revision(of contact.Event, action contact.Revising) (found contact.Event) {
	w.t.Helper()
	eventually(w.t, time.Minute, func() bool {
		w.mutex.Lock()
		defer w.mutex.Unlock()
		for _, event := range w.events {
			var data contact.Received
			if event.Type == contact.RevisedV1 && json.Unmarshal(event.Data, &data) == nil && data.Revision.Of == of.Subject && data.Revision.Action == action {
				if event.PartitionKey != of.PartitionKey {
					w.t.Errorf("the change is in %s, not in %s", event.PartitionKey, of.PartitionKey)
				}
				found = event
				return true
			}
		}
		return false
	}, func() string { return "no " + string(action) + " of " + of.Subject })
	return found
}

// reached waits until a reply of a conversation has come to a state.
func (w *watcher) reached(conversation string, state contact.ReplyState) {
	w.t.Helper()
	var states []contact.ReplyState
	eventually(w.t, 3*time.Minute, func() bool {
		w.mutex.Lock()
		defer w.mutex.Unlock()
		states = nil
		for _, event := range w.events {
			var data contact.Replied
			if event.Type == contact.RepliedV1 && event.PartitionKey == conversation && json.Unmarshal(event.Data, &data) == nil {
				states = append(states, data.State)
			}
		}
		return slices.Contains(states, state)
	}, func() string { return fmt.Sprintf("not %s but %v", state, states) })
}

// TestADeadTokenOnXIsToldAndDeliveriesGoOn takes the token away: the account is
// told as degraded, what X delivers still arrives, answers wait, and all of it
// mends itself.
func TestADeadTokenOnXIsToldAndDeliveriesGoOn(t *testing.T) {
	x := startX(t)
	dir := configure(t, ownBroker+"pipeline: {degraded_after: 1s}\n"+xConfig(t, x))
	p := startProgram(t, dir, "run")
	x.Callback(hookOf(p))
	p.awaitReady()
	watched := watch(t, dir)
	x.Change(onX, func(a *xtest.Account) { a.Token = "another" })
	x.DM(jo, onX, "hello")
	message := watched.await("hello")
	told := watched.typed(contact.DegradedV1)
	if text := string(told.Data); !strings.Contains(text, "token") || strings.Contains(text, xTokenWord) {
		t.Errorf("told %s", text)
	}
	if code, body := p.get("/readyz"); code == http.StatusOK {
		t.Errorf("ready with a dead token: %s", body)
	}
	if out, err := command(t.Context(), dir, "reply", "--wait", "0", message.PartitionKey, "hello to you").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	x.Change(onX, func(a *xtest.Account) { a.Token = "town-token" })
	watched.typed(contact.RestoredV1)
	watched.reached(message.PartitionKey, contact.HandedOver)
	if got := x.Received(onX, jo); len(got) != 1 {
		t.Errorf("received %q", got)
	}
}

// typed returns the first event of a type.
func (w *watcher) typed(kind string) (found contact.Event) {
	w.t.Helper()
	eventually(w.t, 2*time.Minute, func() bool {
		w.mutex.Lock()
		defer w.mutex.Unlock()
		i := slices.IndexFunc(w.events, func(e contact.Event) bool { return e.Type == kind })
		if i >= 0 {
			found = w.events[i]
		}
		return i >= 0
	}, func() string { return "no " + kind })
	return found
}

func TestCheckSaysWhatWorksOnX(t *testing.T) {
	x := startX(t)
	dir := configure(t, ownBroker+xConfig(t, x))
	out, _ := command(t.Context(), dir, "check").CombinedOutput()
	if text := string(out); !strings.Contains(text, "@town") || !strings.Contains(text, "messages can be read") {
		t.Errorf("a good account:\n%s", text)
	}
	x.Change(onX, func(a *xtest.Account) { a.Token = "another" })
	out, err := command(t.Context(), dir, "check").CombinedOutput()
	if text := string(out); err == nil || !strings.Contains(text, "Keys and tokens") || strings.Contains(text, xTokenWord) {
		t.Errorf("a dead token: %v\n%s", err, text)
	}
}
