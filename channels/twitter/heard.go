package twitter

import (
	"context"
	"fmt"
	"time"

	"contactd/channels/twitter/element"
	"contactd/contact"
)

// heard passes on what a delivery says about something that we sent. An error
// means that X must say it again.
func (ch *Channel) heard(ctx context.Context, a *account, sent element.Sent) error {
	if ch.deps.Outcomes == nil || sent.Person == "" {
		return nil
	}
	read := func(attempted time.Time, id string) bool {
		return sent.Last != "" && !element.Less(sent.Last, id) || sent.Last == "" && !attempted.After(sent.Until)
	}
	for reply, id := range a.sent.In(sent.Person, read) {
		err := ch.deps.Outcomes.Outcome(ctx, contact.Outcome{ReplyID: reply, State: contact.Confirmed, PlatformID: id, At: ch.now().UTC()})
		if err != nil {
			return fmt.Errorf("note what became of a reply: %w", err)
		}
	}
	return nil
}
