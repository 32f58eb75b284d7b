package journal

import (
	"fmt"
	"testing"

	"contactd/channels"
	"contactd/contact"
	"contactd/pipeline"
)

func TestAnAccountThatHangsDoesNotStopTheRepliesOfOthersHoweverManyDo(t *testing.T) {
	j := open(t, t.TempDir())
	seq := int64(0)
	say := func(account, id string) string {
		seq++
		accept(t, j, channels.Original{Channel: "email", Account: account, ID: id, Bytes: []byte(id)})
		key := contact.ConversationID("email", account, id)
		place(t, j, seq, pipeline.Placement{Key: key, Known: true, Answer: contact.Answer{Address: "x", Rules: contact.ReplyRules{Allowed: true}}})
		sortIn(t, j, pipeline.LaneNormal, seq)
		return key
	}
	for account := range 5 {
		for i := range repliesPerAccount + 4 {
			queue(t, j, replyTo(say(fmt.Sprint("a", account), fmt.Sprint(i)), "hello"))
			seq++ // the original that tells of it
		}
	}
	due := dueReplies(t, j)
	queue(t, j, replyTo(say("chat", "1"), "hello"))
	for {
		out, _ := nextReply(t, due)
		if out.Account == "chat" {
			break
		}
	}
}
