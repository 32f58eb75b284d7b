package journal

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"contactd/channels"
	"contactd/contact"
	"contactd/pipeline"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/prometheus/client_golang/prometheus"
	"zombiezen.com/go/sqlite"
)

// someone begins a conversation that can be answered.
func someone(t testing.TB, j *Journal, thread string, change ...func(*pipeline.Placement)) (conversation string) {
	t.Helper()
	accept(t, j, channels.Original{Channel: "email", Account: "a", ID: thread, MediaType: "message/rfc822", Bytes: []byte(thread)})
	tools := j.Tools()
	defer tools.Close()
	seq, err := tools.Find(t.Context(), contact.MessageID("email", "a", thread))
	if err != nil {
		t.Fatal(err)
	}
	p := pipeline.Placement{Key: contact.ConversationID("email", "a", thread), Known: true, Answer: contact.Answer{
		Address: "to " + thread,
		Rules:   contact.ReplyRules{Allowed: true, To: []string{thread + "@example.org"}, TextLimit: 40, AttachmentLimit: 2, AttachmentBytes: 20, MediaTypes: []string{"text/*"}},
	}}
	for _, each := range change {
		each(&p)
	}
	place(t, j, seq, p)
	sortIn(t, j, pipeline.LaneNormal, seq)
	return p.Key
}

func replyTo(conversation, which string) contact.Reply {
	return contact.Reply{
		ID: contact.ReplyID(conversation, which), Conversation: conversation, Text: which,
		RequestedAt: time.Unix(1790000000, 0).UTC(),
	}
}

func queue(t testing.TB, j *Journal, replies ...contact.Reply) {
	t.Helper()
	for _, each := range replies {
		if err := j.QueueReply(t.Context(), each); err != nil {
			t.Fatal(err)
		}
	}
}

// changes are what originals tell of a reply, oldest first.
func changes(t testing.TB, j *Journal, id string) (all []contact.Replied) {
	t.Helper()
	tools := j.Tools()
	defer tools.Close()
	c, err := tools.Counts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for seq := int64(1); seq <= c.Accepted; seq++ {
		e, err := tools.Show(t.Context(), seq)
		if err != nil {
			t.Fatal(err)
		}
		var told contact.Replied
		if e.Original.Channel != pipeline.RepliesChannel || !strings.HasPrefix(e.Original.ID, id) {
			continue
		}
		if err := json.Unmarshal(e.Original.Bytes, &told); err != nil {
			t.Fatal(err)
		}
		all = append(all, told)
	}
	return all
}

func wantStates(t testing.TB, j *Journal, id string, want ...contact.ReplyState) {
	t.Helper()
	var got []contact.ReplyState
	for _, each := range changes(t, j, id) {
		got = append(got, each.State)
	}
	if !slices.Equal(got, want) {
		t.Errorf("reply went through %v, want %v", got, want)
	}
}

func dueReplies(t testing.TB, j *Journal) <-chan *message.Message {
	t.Helper()
	envs, err := j.Replies().Subscribe(t.Context(), pipeline.RepliesChannel)
	if err != nil {
		t.Fatal(err)
	}
	return envs
}

// nextReply waits for a reply that is due.
func nextReply(t testing.TB, envs <-chan *message.Message) (pipeline.Outgoing, *message.Message) {
	t.Helper()
	select {
	case env := <-envs:
		var out pipeline.Outgoing
		if err := json.Unmarshal(env.Payload, &out); err != nil {
			t.Fatal(err)
		}
		return out, env
	case <-time.After(10 * time.Second):
		t.Fatal("no reply was delivered")
	}
	panic("unreachable")
}

func noReply(t testing.TB, envs <-chan *message.Message) {
	t.Helper()
	select {
	case env := <-envs:
		t.Fatalf("reply %s was delivered", env.UUID)
	case <-time.After(100 * time.Millisecond):
	}
}

func handOver(t testing.TB, j *Journal, id string) {
	t.Helper()
	if ok, err := j.HandOver(t.Context(), id); err != nil || !ok {
		t.Fatalf("hand over: %v, %v", ok, err)
	}
}

func outcome(t testing.TB, j *Journal, id string, state contact.ReplyState) {
	t.Helper()
	if err := j.Outcome(t.Context(), contact.Outcome{ReplyID: id, State: state, PlatformID: "p-" + id}); err != nil {
		t.Fatal(err)
	}
}

// mustVerify fails unless the journal is as it was written.
func mustVerify(t testing.TB, j *Journal) Report {
	t.Helper()
	tools := j.Tools()
	defer tools.Close()
	report, err := tools.Verify(t.Context())
	if err != nil || len(report.Differences) > 0 {
		t.Fatalf("verify: %v, %v", err, report.Differences)
	}
	return report
}

func TestAReplyIsDeliveredWithWhatItsChannelNeeds(t *testing.T) {
	j := open(t, t.TempDir())
	r := replyTo(someone(t, j, "ada"), "we come at eight")
	queue(t, j, r, r)
	due := dueReplies(t, j)
	out, env := nextReply(t, due)
	if out.ID != r.ID || out.Text != r.Text || out.Channel != "email" || out.Account != "a" || out.Address != "to ada" || out.State != contact.Queued {
		t.Fatalf("delivered %+v", out)
	}
	handOver(t, j, r.ID)
	outcome(t, j, r.ID, contact.HandedOver)
	env.Ack()
	noReply(t, due)
	outcome(t, j, r.ID, contact.HandedOver) // said again
	outcome(t, j, r.ID, contact.Confirmed)
	outcome(t, j, r.ID, contact.HandedOver) // said late
	wantStates(t, j, r.ID, contact.Queued, contact.HandedOver, contact.Confirmed)
	outcome(t, j, r.ID, contact.Failed) // it came back
	outcome(t, j, r.ID, contact.Queued) // nothing brings it back
	all := changes(t, j, r.ID)
	if last := all[len(all)-1]; last.State != contact.Failed || last.Reason == "" || last.PlatformMessageID != "p-"+r.ID || last.Attempts != 1 {
		t.Errorf("told %+v", last)
	}
	if all[0].Text != r.Text || all[1].Text != "" || all[0].TextSHA256 != all[1].TextSHA256 {
		t.Errorf("told %+v", all)
	}
	if c := mustVerify(t, j).Replies; c != (ReplyCounts{Settled: 1}) {
		t.Errorf("counted %+v", c)
	}
}

func TestAnotherReplyUnderAUsedIDIsAnError(t *testing.T) {
	j := open(t, t.TempDir())
	ada, bob := someone(t, j, "ada"), someone(t, j, "bob")
	r := replyTo(ada, "we come at eight")
	queue(t, j, r)
	for what, change := range map[string]func(*contact.Reply){
		"another text":         func(r *contact.Reply) { r.Text = "we do not come" },
		"another conversation": func(r *contact.Reply) { r.Conversation = bob },
		"another way":          func(r *contact.Reply) { r.Way = contact.Hide },
		"another file":         func(r *contact.Reply) { r.Attachments = []contact.Attachment{{Blob: contact.Blob{SHA256: "0"}}} },
	} {
		other := r
		change(&other)
		if err := j.QueueReply(t.Context(), other); err == nil || !strings.Contains(err.Error(), "was used for another reply") {
			t.Errorf("%s under the same id: %v", what, err)
		}
	}
	r.RequestedAt, r.Author = r.RequestedAt.Add(time.Minute), "h215"
	queue(t, j, r)
	wantStates(t, j, r.ID, contact.Queued)
}

func TestAReplyThatCannotBeSentFailsAtOnceAndSaysWhy(t *testing.T) {
	clock := newClock(time.Unix(1790000000, 0))
	j := open(t, t.TempDir(), func(_ *Config, d *Deps) { d.Now = clock.Now })
	past := clock.Now().Add(-time.Second)
	blob := func(content string) contact.Attachment {
		b, err := j.Blobs().Store(t.Context(), strings.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		return contact.Attachment{Blob: contact.Blob{SHA256: b.SHA256}, Name: "a.txt"}
	}
	ada := someone(t, j, "ada")
	late := someone(t, j, "late", func(p *pipeline.Placement) { p.AnswerUntil = past })
	silent := someone(t, j, "silent", func(p *pipeline.Placement) { p.Answer = contact.Answer{} })
	list := someone(t, j, "list", func(p *pipeline.Placement) {
		p.Answer = contact.Answer{Rules: contact.ReplyRules{Reason: "automatic_mail"}}
	})
	for _, each := range []struct {
		conversation, want string
		change             func(*contact.Reply)
	}{
		{contact.ConversationID("email", "a", "nobody"), "there is no such conversation", nil},
		{silent, "no_address", nil},
		{list, "automatic_mail", nil},
		{late, "window_closed", nil},
		{ada, "expired", func(r *contact.Reply) { r.ExpiresAt = &past }},
		{ada, "empty: neither text nor attachment", func(r *contact.Reply) { r.Text = " \n" }},
		{ada, "text too long: 41 characters, at most 40", func(r *contact.Reply) { r.Text = strings.Repeat("é", 41) }},
		{ada, "text too long: more than 65536 bytes", func(r *contact.Reply) { r.Text = strings.Repeat("x", 65537) }},
		{ada, "text too long", func(r *contact.Reply) { r.Text = strings.Repeat("<", 60000) }},
		{ada, "too many attachments: 3, at most 2", func(r *contact.Reply) { r.Attachments = []contact.Attachment{blob("a"), blob("b"), blob("c")} }},
		{ada, "attachments too large: 24 bytes, at most 20", func(r *contact.Reply) {
			r.Attachments = []contact.Attachment{blob("0123456789ab"), blob("0123456789ac")}
		}},
		{ada, "attachment 1 is application/pdf, which this channel does not take", func(r *contact.Reply) { r.Attachments = []contact.Attachment{blob("%PDF-1.4")} }},
		{ada, "attachment 1 is not kept here: store it with POST /blobs first", func(r *contact.Reply) {
			r.Attachments = []contact.Attachment{{Blob: contact.Blob{SHA256: strings.Repeat("0", 64)}}}
		}},
		{ada, "attachment 1 is not kept here: store it with POST /blobs first", func(r *contact.Reply) {
			r.Attachments = []contact.Attachment{{Blob: contact.Blob{SHA256: "../../journal.db"}}}
		}},
	} {
		r := replyTo(each.conversation, each.want+fmt.Sprint(clock.Now()))
		clock.Advance(time.Second)
		r.Text = "fine"
		if each.change != nil {
			each.change(&r)
		}
		queue(t, j, r)
		if told := changes(t, j, r.ID); len(told) != 1 || told[0].State != contact.Failed || told[0].Reason != each.want || told[0].Text != "" {
			t.Errorf("%s: told %+v", each.want, told)
		}
	}
	due := dueReplies(t, j)
	noReply(t, due)
	good := replyTo(ada, "with files")
	good.Attachments = []contact.Attachment{blob("one"), blob("two")}
	queue(t, j, good)
	out, _ := nextReply(t, due)
	if a := out.Attachments; len(a) != 2 || a[0].Size != 3 || !strings.HasPrefix(a[0].MediaType, "text/plain") {
		t.Errorf("attachments %+v", out.Attachments)
	}
	mustVerify(t, j)
}

func TestARestartWhileThePlatformIsCalledMakesTheReplyUnknown(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	r := replyTo(someone(t, j, "ada"), "in doubt")
	queue(t, j, r)
	handOver(t, j, r.ID)
	if ok, err := j.HandOver(t.Context(), r.ID); ok || err != nil {
		t.Errorf("handed over twice: %v, %v", ok, err)
	}
	j.Close()
	j = open(t, dir)
	due := dueReplies(t, j)
	out, env := nextReply(t, due)
	if out.State != contact.Uncertain || out.Attempts != 1 {
		t.Fatalf("delivered %+v", out)
	}
	if ok, err := j.HandOver(t.Context(), r.ID); ok || err != nil {
		t.Errorf("sent without being looked up: %v, %v", ok, err)
	}
	outcome(t, j, r.ID, contact.Queued) // it proved to be lost
	env.Ack()
	if out, _ = nextReply(t, due); out.State != contact.Queued {
		t.Fatalf("delivered %+v", out)
	}
	wantStates(t, j, r.ID, contact.Queued, contact.Uncertain, contact.Queued)
	mustVerify(t, j)
}

func TestRepliesOfAConversationGoOneAtATimeInOrder(t *testing.T) {
	clock := newClock(time.Unix(1790000000, 0))
	j := open(t, t.TempDir(), func(_ *Config, d *Deps) { d.Now = clock.Now })
	ada, bob := someone(t, j, "ada"), someone(t, j, "bob")
	first, second, other := replyTo(ada, "first"), replyTo(ada, "second"), replyTo(bob, "other")
	queue(t, j, first, second, other)
	due := dueReplies(t, j)
	out, env := nextReply(t, due)
	if out.ID != first.ID {
		t.Fatalf("delivered %q", out.Text)
	}
	if out, _ := nextReply(t, due); out.ID != other.ID {
		t.Fatalf("delivered %q", out.Text)
	}
	noReply(t, due)
	// One that rests holds back the next.
	handOver(t, j, first.ID)
	if err := j.Postpone(t.Context(), first.ID, time.Minute); err != nil {
		t.Fatal(err)
	}
	env.Ack()
	noReply(t, due)
	clock.Advance(2 * time.Minute)
	if out, env = nextReply(t, due); out.ID != first.ID || out.Tries != 1 {
		t.Fatalf("delivered %+v", out)
	}
	// One that may have been sent does so for a moment only.
	handOver(t, j, first.ID)
	outcome(t, j, first.ID, contact.Uncertain)
	if err := j.Postpone(t.Context(), first.ID, time.Hour); err != nil {
		t.Fatal(err)
	}
	env.Ack()
	noReply(t, due)
	clock.Advance(unknownHolds + time.Second)
	if out, _ = nextReply(t, due); out.ID != second.ID {
		t.Fatalf("delivered %q", out.Text)
	}
}

func TestAnAccountWhosePlatformHangsDoesNotStopTheOthersReplies(t *testing.T) {
	j := open(t, t.TempDir())
	for i := range 2 * repliesPerAccount {
		queue(t, j, replyTo(someone(t, j, fmt.Sprint("hangs", i)), "x"))
	}
	accept(t, j, channels.Original{Channel: "webchat", Account: "main", ID: "1", Bytes: []byte("x")})
	tools := j.Tools()
	defer tools.Close()
	seq, err := tools.Find(t.Context(), contact.MessageID("webchat", "main", "1"))
	if err != nil {
		t.Fatal(err)
	}
	key := contact.ConversationID("webchat", "main", "1")
	place(t, j, seq, pipeline.Placement{Key: key, Known: true, Answer: contact.Answer{Address: "s", Rules: contact.ReplyRules{Allowed: true}}})
	due := dueReplies(t, j)
	for range repliesPerAccount {
		nextReply(t, due)
	}
	noReply(t, due)
	chat := replyTo(key, "chat")
	queue(t, j, chat)
	if out, _ := nextReply(t, due); out.ID != chat.ID {
		t.Errorf("delivered %+v", out)
	}
}

func TestRepliesToAnEmergencyGoFirst(t *testing.T) {
	j := open(t, t.TempDir())
	calm := replyTo(someone(t, j, "calm"), "calm")
	key := contact.ConversationID("email", "a", "urgent")
	accept(t, j, original("urgent"))
	tools := j.Tools()
	defer tools.Close()
	seq, err := tools.Find(t.Context(), contact.MessageID("email", "a", "urgent"))
	if err != nil {
		t.Fatal(err)
	}
	place(t, j, seq, pipeline.Placement{Key: key, Known: true, Answer: contact.Answer{Address: "s", Rules: contact.ReplyRules{Allowed: true}}})
	sortIn(t, j, pipeline.LaneEmergency, seq)
	urgent := replyTo(key, "urgent")
	queue(t, j, calm, urgent)
	if out, _ := nextReply(t, dueReplies(t, j)); out.ID != urgent.ID {
		t.Errorf("delivered %q first", out.Text)
	}
}

func TestAReplyThatWaitsTooLongExpires(t *testing.T) {
	clock := newClock(time.Unix(1790000000, 0))
	j := open(t, t.TempDir(), func(_ *Config, d *Deps) { d.Now = clock.Now })
	r := replyTo(someone(t, j, "ada"), "soon")
	at := clock.Now().Add(time.Minute)
	r.ExpiresAt = &at
	queue(t, j, r)
	due := dueReplies(t, j)
	_, env := nextReply(t, due)
	handOver(t, j, r.ID)
	if err := j.Postpone(t.Context(), r.ID, time.Hour); err != nil {
		t.Fatal(err)
	}
	env.Ack()
	clock.Advance(time.Minute)
	nextReply(t, due) // at once, not in an hour
	if ok, err := j.HandOver(t.Context(), r.ID); ok || err != nil {
		t.Fatalf("handed over: %v, %v", ok, err)
	}
	wantStates(t, j, r.ID, contact.Queued, contact.Failed)
}

func TestAutomaticRepliesHaveBrakes(t *testing.T) {
	clock := newClock(time.Unix(1790000000, 0))
	registry := prometheus.NewRegistry()
	j := open(t, t.TempDir(), func(_ *Config, d *Deps) { d.Now, d.Metrics = clock.Now, registry })
	kept := func(conversation, which string) bool {
		r := replyTo(conversation, which)
		r.Automatic = true
		queue(t, j, r, r)
		return len(changes(t, j, r.ID)) == 1
	}
	ada := someone(t, j, "ada")
	adaAgain := someone(t, j, "ada2", func(p *pipeline.Placement) { p.Answer.Rules.To = []string{"ADA@example.org"} })
	if !kept(ada, "1") || kept(ada, "2") || kept(adaAgain, "3") {
		t.Error("one sender gets one a day")
	}
	queue(t, j, replyTo(ada, "a person's"))
	if len(changes(t, j, replyTo(ada, "a person's").ID)) != 1 {
		t.Error("a person's reply was held back")
	}
	clock.Advance(25 * time.Hour)
	if !kept(ada, "4") {
		t.Error("the day is over")
	}
	clock.Advance(25 * time.Hour)
	if !kept(ada, "5") {
		t.Error("the third of a conversation")
	}
	clock.Advance(25 * time.Hour)
	if kept(ada, "6") {
		t.Error("a conversation gets three")
	}
	clock.Advance(time.Hour)
	for i := range 25 {
		if got := kept(someone(t, j, fmt.Sprint("flood", i)), "x"); got != (i < 20) {
			t.Errorf("number %d in a minute: kept %v", i, got)
		}
	}
	silent := someone(t, j, "silent", func(p *pipeline.Placement) { p.Answer = contact.Answer{} })
	if kept(silent, "x") {
		t.Error("nobody waits for an automatic reply that cannot be sent")
	}
	counted := map[string]float64{}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, m := range family.Metric {
			if family.GetName() == "contactd_automatic_replies_braked_total" {
				counted[m.Label[0].GetValue()] = m.Counter.GetValue()
			}
		}
	}
	// Each was asked for twice.
	if counted["sender"] != 4 || counted["conversation"] != 2 || counted["minute"] != 10 || counted["refused"] != 2 {
		t.Errorf("counted %v", counted)
	}
}

func TestAConversationOnceUnsafeGetsNothingAutomatic(t *testing.T) {
	registry := prometheus.NewRegistry()
	dir := t.TempDir()
	j := open(t, dir, func(_ *Config, d *Deps) { d.Metrics = registry })
	kept := func(conversation, which string, automatic bool) bool {
		r := replyTo(conversation, which)
		r.Automatic = automatic
		queue(t, j, r)
		return len(changes(t, j, r.ID)) == 1
	}
	unsafe := func(p *pipeline.Placement) { p.Answer.Rules.PeopleOnly = true }
	in := func(conversation string) func(*pipeline.Placement) {
		return func(p *pipeline.Placement) { p.Key = conversation }
	}
	noAddress := func(p *pipeline.Placement) { p.Answer.Address = "" }
	first := someone(t, j, "ada", unsafe)
	someone(t, j, "ada again, who says nothing about it", in(first))
	afterwards := someone(t, j, "bob")
	someone(t, j, "bob again", in(afterwards), unsafe, noAddress)
	before := someone(t, j, "eve", unsafe, noAddress)
	someone(t, j, "eve again", in(before))
	for which, conversation := range map[string]string{"before": first, "afterwards": afterwards, "without an address": before} {
		if kept(conversation, which, true) {
			t.Errorf("said %s: an automatic reply was kept", which)
		}
		if !kept(conversation, which+" by a person", false) {
			t.Errorf("said %s: a person's reply was not kept", which)
		}
	}
	if !kept(someone(t, j, "joe"), "x", true) {
		t.Error("somebody else is unsafe too")
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() == "contactd_automatic_replies_braked_total" {
			for _, m := range family.Metric {
				if m.Label[0].GetValue() == "unsafe" && m.Counter.GetValue() == 3 {
					return
				}
			}
		}
	}
	t.Error("it is not counted")
}

func TestRepliesAreMeasured(t *testing.T) {
	clock := newClock(time.Unix(1790000000, 0))
	registry := prometheus.NewRegistry()
	j := open(t, t.TempDir(), func(_ *Config, d *Deps) { d.Now, d.Metrics = clock.Now, registry })
	a, b := replyTo(someone(t, j, "ada"), "a"), replyTo(someone(t, j, "bob"), "b")
	queue(t, j, a, b, replyTo(contact.ConversationID("x", "y", "z"), "c"))
	handOver(t, j, a.ID)
	outcome(t, j, a.ID, contact.Uncertain)
	clock.Advance(time.Minute)
	got := map[string]float64{}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, m := range family.Metric {
			if strings.HasPrefix(family.GetName(), "contactd_replies") {
				got[family.GetName()+" "+m.Label[0].GetValue()] = m.Gauge.GetValue() + m.Counter.GetValue()
			}
		}
	}
	for name, want := range map[string]float64{
		"contactd_replies queued": 1, "contactd_replies unknown": 1, "contactd_replies sending": 0,
		"contactd_replies_oldest_seconds queued": 60, "contactd_replies_oldest_seconds unknown": 60, "contactd_replies_oldest_seconds sending": 0,
		"contactd_replies_total queued": 2, "contactd_replies_total unknown": 1, "contactd_replies_total failed": 1,
	} {
		if got[name] != want {
			t.Errorf("%s is %v, want %v", name, got[name], want)
		}
	}
}

func TestPruningTakesWhatRepliesSaidAndLaterTheReplies(t *testing.T) {
	clock := newClock(time.Unix(1790000000, 0))
	j := open(t, t.TempDir(), func(c *Config, d *Deps) { c.Keep, c.Remember, d.Now = time.Hour, 48*time.Hour, clock.Now })
	unread, outbox := subscribe(t, j.Unread()), subscribe(t, j.Outbox())
	done, open := replyTo(someone(t, j, "ada"), "secret words"), replyTo(someone(t, j, "bob"), "still to be sent")
	file, err := j.Blobs().Store(t.Context(), strings.NewReader("attached"))
	if err != nil {
		t.Fatal(err)
	}
	open.Attachments = []contact.Attachment{{Blob: file}}
	queue(t, j, done, open)
	handOver(t, j, done.ID)
	outcome(t, j, done.ID, contact.HandedOver)
	workOff := func() {
		t.Helper()
		for waiting := true; waiting; {
			select {
			case env := <-unread:
				e, _ := EntryOf(env)
				var told contact.Replied
				if json.Unmarshal(e.Original.Bytes, &told) == nil {
					place(t, j, e.Seq, pipeline.Placement{Key: told.ConversationID, Known: true})
				}
				sortIn(t, j, pipeline.LaneNormal, e.Seq)
				env.Ack()
			case env := <-outbox:
				env.Ack()
			case <-time.After(300 * time.Millisecond):
				waiting = false
			}
		}
	}
	workOff()
	waitPublished(t, j, 5)
	prune := func() {
		t.Helper()
		if _, err := j.Prune(t.Context()); err != nil {
			t.Fatal(err)
		}
		mustVerify(t, j)
	}
	clock.Advance(2 * time.Hour)
	prune()
	kept := rowOf(t, j, done.ID)
	if strings.Contains(string(kept.body), "secret") {
		t.Errorf("what a settled reply said is kept: %s", kept.body)
	}
	out, _ := nextReply(t, dueReplies(t, j))
	if out.ID != open.ID || out.Text != open.Text {
		t.Errorf("delivered %+v", out)
	}
	if _, err := j.Blobs().Open(file.SHA256); err != nil {
		t.Errorf("its attachment: %v", err)
	}
	queue(t, j, done) // comes again, and is still known
	// A bounce may come long after.
	outcome(t, j, done.ID, contact.Failed)
	told := changesSince(t, j, done.ID)
	if told.State != contact.Failed || told.TextSHA256 != fmt.Sprintf("%x", textDigest("secret words")) {
		t.Errorf("told %+v", told)
	}
	workOff()
	clock.Advance(100 * time.Hour)
	prune()
	if err := j.QueueReply(t.Context(), done); err != nil { // forgotten: nobody asks again after so long
		t.Fatal(err)
	}
	if c := mustVerify(t, j).Replies; c != (ReplyCounts{Queued: 1, Settled: 1}) {
		t.Errorf("counted %+v, want the open one, and the forgotten one asked for again", c)
	}
}

func rowOf(t testing.TB, j *Journal, id string) (r *replyRow) {
	t.Helper()
	err := j.reader.with(func(conn *sqlite.Conn) (err error) {
		r, err = replyOf(conn, id)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// changesSince returns the last original that tells of a reply.
func changesSince(t testing.TB, j *Journal, id string) (told contact.Replied) {
	t.Helper()
	tools := j.Tools()
	defer tools.Close()
	c, err := tools.Counts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	e, err := tools.Show(t.Context(), c.Accepted)
	if err != nil || !strings.HasPrefix(e.Original.ID, id) {
		t.Fatalf("the last original is %s: %v", e.Original.ID, err)
	}
	if err := json.Unmarshal(e.Original.Bytes, &told); err != nil {
		t.Fatal(err)
	}
	return told
}
