package facebook

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"contactd/channels"
)

// readers are who reads what was accepted: nobody, until they begin.
type readers struct {
	asked chan struct{}
	begin chan struct{}
	once  sync.Once
}

func (r *readers) Unread(int) (int, error) {
	r.once.Do(func() { close(r.asked) })
	select {
	case <-r.begin:
		return 0, nil
	default:
		return channels.Enough + 1, nil
	}
}

func comments(n int) []byte {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf(`{"field":"feed","value":{"item":"comment","verb":"add","comment_id":"1_%d","post_id":"%s_1","parent_id":"%[2]s_1","from":{"id":"5"},"message":"comment %[1]d","created_time":1793740450}}`, i, townPage))
	}
	return fmt.Appendf(nil, `{"object":"page","entry":[{"id":%q,"time":1793740450,"changes":[%s]}]}`, townPage, strings.Join(all, ","))
}

// TestAFloodWaitsAtMetaAndWhatComesSinglyDoesNot holds readers back: of a
// delivery no more is taken than they can look through soon, while a single
// message is taken at once.
func TestAFloodWaitsAtMetaAndWhatComesSinglyDoesNot(t *testing.T) {
	r := newRig(t)
	readers := &readers{asked: make(chan struct{}), begin: make(chan struct{})}
	r.backlog = readers
	_, _ = r.start(r.config())
	r.subscribed()
	flood := make(chan int, 1)
	go func() { flood <- r.post(comments(1000)) }()
	<-readers.asked
	r.meta.Write(townPage, resident, "he has a knife")
	r.Until("the message", func() bool { return r.meta.Told("he has a knife") })
	select {
	case status := <-flood:
		t.Errorf("the flood was taken before anybody has read: %d", status)
	default:
	}
	close(readers.begin)
	if status := <-flood; status != http.StatusOK || len(r.Inbox.Accepted()) != 1001 {
		t.Errorf("status %d, %d accepted", status, len(r.Inbox.Accepted()))
	}
}

func TestAFloodIsTakenInTimeEvenIfNobodyReads(t *testing.T) {
	r := newRig(t)
	r.backlog = &readers{asked: make(chan struct{}), begin: make(chan struct{})}
	ch := r.open(r.config(), r.Deps())
	ch.timing.hold = 20 * time.Millisecond
	if err := ch.take(t.Context(), &r.Inbox, comments(1000)); err != nil || len(r.Inbox.Accepted()) != 1000 {
		t.Errorf("%d accepted, %v", len(r.Inbox.Accepted()), err)
	}
}

func TestFilesForWhichThereIsNoRoomAreCounted(t *testing.T) {
	r := newRig(t)
	ch := r.open(r.config(), r.Deps())
	var elements []string
	for n := range 302 {
		elements = append(elements, fmt.Sprintf(`{"sender":{"id":%q},"recipient":{"id":%q},"timestamp":1793740550000,"message":{"mid":"m_%d","attachments":[{"type":"image","payload":{"url":"https://scontent.fbcdn.net/%d.jpg"}}]}}`, resident, townPage, n, n))
	}
	body := fmt.Sprintf(`{"object":"page","entry":[{"id":%q,"time":1,"messaging":[%s]}]}`, townPage, strings.Join(elements, ","))
	if err := ch.take(t.Context(), &r.Inbox, []byte(body)); err != nil {
		t.Fatal(err)
	}
	if n := testutil.ToFloat64(ch.metrics.dropped.WithLabelValues("town", "no_room")); n != 2 {
		t.Errorf("%v counted", n)
	}
}
