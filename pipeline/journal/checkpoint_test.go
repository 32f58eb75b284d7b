package journal

import (
	"bytes"
	"fmt"
	"testing"

	"contactd/channels"
)

// TestTheLogIsGivenBackWhenItIsCalm: a burst makes the log's file long, in one
// commit, so that no look at it sees a shorter one; soon after it nothing of it
// is left, and what it held is in the database.
func TestTheLogIsGivenBackWhenItIsCalm(t *testing.T) {
	j := open(t, t.TempDir())
	body := bytes.Repeat([]byte("0123456789abcdef"), 1024)
	burst := make([]channels.Original, 2*checkpointFrom/len(body))
	for i := range burst {
		burst[i] = channels.Original{Channel: "email", Account: "contact", ID: fmt.Sprint("INBOX/7/", i), MediaType: "message/rfc822", Bytes: body}
	}
	accept(t, j, burst...)
	waitFor(t, func() bool { return j.logSize() == 0 })
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	_ = open(t, j.config.Dir)
}
