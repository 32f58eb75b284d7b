package facebook

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"contactd/channels/facebook/delivery"
	"contactd/contact"
)

// metadata is what a part of a reply carries to the platform and back.
func metadata(reply string, part, of int) string { return fmt.Sprintf("%s#%d/%d", reply, part, of) }

// readMetadata reads it; false when it is not ours.
func readMetadata(text string) (reply string, part, of int, ok bool) {
	reply, numbers, found := strings.Cut(text, "#")
	first, second, slash := strings.Cut(numbers, "/")
	part, err1 := strconv.Atoi(first)
	of, err2 := strconv.Atoi(second)
	ok = found && slash && err1 == nil && err2 == nil && strings.HasPrefix(reply, "r-") && part >= 1 && of >= part && of <= 100
	return reply, part, of, ok
}

// heard passes on what a delivery says about something that we sent. An error
// means that Meta must say it again.
func (ch *Channel) heard(ctx context.Context, a *account, sent delivery.Sent) error {
	replies := map[string]string{} // with the platform's id
	if reply, part, of, ok := readMetadata(sent.Metadata); ok && len(sent.IDs) > 0 {
		a.sent.Know(reply, part, of, sent.IDs[0])
	}
	for _, id := range sent.IDs {
		reply := a.sent.ReplyOf(id)
		// A part that did not arrive fails the whole; the rest needs all parts.
		if _, complete := a.sent.Parts(reply); complete || reply != "" && sent.Failed != "" {
			replies[reply] = id
		}
	}
	if !sent.Until.IsZero() && sent.Thread != "" {
		until := func(attempted time.Time, _ string) bool { return !attempted.After(sent.Until) }
		for reply := range a.sent.In(sent.Thread, until) {
			if _, there := replies[reply]; !there {
				replies[reply] = ""
			}
		}
	}
	if ch.deps.Outcomes == nil {
		return nil
	}
	for reply, id := range replies {
		outcome := contact.Outcome{ReplyID: reply, State: contact.HandedOver, PlatformID: id, At: ch.now().UTC()}
		switch {
		case sent.Failed != "":
			outcome.State, outcome.Reason = contact.Failed, sent.Failed
		case sent.Reached:
			outcome.State = contact.Confirmed
		}
		if err := ch.deps.Outcomes.Outcome(ctx, outcome); err != nil {
			return fmt.Errorf("note what became of a reply: %w", err)
		}
	}
	return nil
}
