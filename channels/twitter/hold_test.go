package twitter

import (
	"fmt"
	"testing"
	"time"

	"contactd/channels"
	"contactd/channels/twitter/xtest"
)

// TestAFloodOfPostsWaitsAtXAndAMessageDoesNot holds readers back: posts wait,
// while a direct message, which somebody writes to us alone, is taken at once.
func TestAFloodOfPostsWaitsAtXAndAMessageDoesNot(t *testing.T) {
	for name, form := range map[string]xtest.Form{"account activity": xtest.AccountActivity, "activity API": xtest.ActivityAPI} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.x.Form(form)
			for _, call := range []string{"GET mentions", "GET dm_events"} {
				r.x.Fail(xtest.Fault{Call: call, Times: -1, Status: 503})
			}
			r.Backlog.Set(channels.Enough + 1)
			ch, _ := r.start(r.config())
			held := make(chan error, 1)
			go func() {
				held <- ch.take(t.Context(), &r.Inbox, fmt.Appendf(nil, `{"for_user_id":%q,"tweet_create_events":[{"id_str":"100","text":"@town chatter","user":{"id_str":"5"}}]}`, townID))
			}()
			r.hook()
			r.x.DM(resident, townID, "he has a knife")
			r.Until("the message", func() bool { return r.x.Told("he has a knife") })
			select {
			case err := <-held:
				t.Errorf("the post was taken before anybody has read: %v", err)
			default:
			}
			r.Backlog.Set(0)
			if err := <-held; err != nil || len(r.Inbox.Accepted()) != 2 {
				t.Errorf("%d accepted, %v", len(r.Inbox.Accepted()), err)
			}
		})
	}
}

func TestAPostIsTakenInTimeEvenIfNobodyReads(t *testing.T) {
	r := newRig(t)
	r.Backlog.Set(1 << 20)
	r.hook()
	ch := r.open(r.config(), r.Deps())
	ch.brake.Limit = 20 * time.Millisecond
	r.Run(ch)
	r.x.Post(resident, xtest.Draft{Text: "@town hello"})
	r.Until("the post", func() bool { return r.x.Told("hello") })
}
