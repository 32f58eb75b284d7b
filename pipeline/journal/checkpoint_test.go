package journal

import (
	"bytes"
	"fmt"
	"testing"

	"contactd/channels"
)

// TestTheLogIsGivenBackWhenItIsCalm: a burst makes the log's file long; soon
// after it nothing of it is left, and what it held is in the database.
func TestTheLogIsGivenBackWhenItIsCalm(t *testing.T) {
	j := open(t, t.TempDir())
	body := bytes.Repeat([]byte("0123456789abcdef"), 1024)
	for i := range 2 * checkpointFrom / len(body) {
		accept(t, j, channels.Original{Channel: "email", Account: "contact", ID: fmt.Sprint("INBOX/7/", i), MediaType: "message/rfc822", Bytes: body})
	}
	waitFor(t, func() bool { return j.logSize() == 0 })
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	_ = open(t, j.config.Dir)
}
