package pipeline

import (
	"encoding/json"
	"maps"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"contactd/contact"
)

// ForgottenConversation is one whose latest place that was given out is Sequence.
type ForgottenConversation struct {
	Key, Channel, Account string
	Sequence              int64
	// Messages are the places of people's messages that were forgotten, by their
	// ids, and of word that a person vanished, by the event's; Rows those of rows
	// that the journal has.
	Messages map[string]int64
	Rows     map[int64]int64
}

// ForgottenReply is a reply and what was last told of it. Asked is the command,
// nil for one that is not kept or was automatic; Told has no state when nothing was.
type ForgottenReply struct {
	Told  contact.Replied
	Asked *contact.Reply
}

// forgotten is what Kafka has of a journal behind what the journal knows of it.
type forgotten struct {
	rows          rowSet
	conversations map[string]ForgottenConversation
	places        int // noted in conversations
	replies       map[string]ForgottenReply
}

func newForgotten() *forgotten {
	return &forgotten{rows: rowSet{}, conversations: map[string]ForgottenConversation{}, replies: map[string]ForgottenReply{}}
}

// takeConversations gives those noted since it was called last.
func (f *forgotten) takeConversations() []ForgottenConversation {
	all := slices.Collect(maps.Values(f.conversations))
	clear(f.conversations)
	f.places = 0
	return all
}

// rowSet holds rows of a journal, which may be very many side by side: 64 in a
// word.
type rowSet map[int64]uint64

func (s rowSet) add(seq int64) { s[seq/64] |= 1 << (seq % 64) }

func (s rowSet) count() (rows int) {
	for _, word := range s {
		rows += bits.OnesCount64(word)
	}
	return rows
}

// note takes in a record of a row that the journal has, or has not.
func (f *forgotten) note(row RowMark, has bool, key string, headers map[string]string, value []byte) {
	if !has {
		f.rows.add(row.Seq)
	}
	if sequence, err := strconv.ParseInt(headers["ce_sequence"], 10, 64); err == nil {
		f.notePlace(row, has, key, sequence, headers)
	}
	if headers["ce_type"] == contact.RepliedV1 {
		f.noteReply(value)
	}
}

func (f *forgotten) notePlace(row RowMark, has bool, key string, sequence int64, headers map[string]string) {
	c, known := f.conversations[key]
	if !known {
		c.Messages, c.Rows = map[string]int64{}, map[int64]int64{}
	}
	c.Key, c.Sequence = key, max(c.Sequence, sequence)
	channel, account := origin(headers["ce_source"])
	kind, about := headers["ce_type"], headers["ce_subject"]
	ofPerson := kind == contact.ReceivedV1 || kind == contact.RevisedV1
	switch {
	case ofPerson:
		c.Channel, c.Account = channel, account
	case c.Channel == "": // our own words: whoever wrote first may be another
		c.Channel, c.Account = RepliesChannel, channel+"/"+account
	}
	switch {
	case headers["ce_id"] == contact.EventID(kind, about, unreadable): // when it is read after all, that is news
	case has:
		c.Rows[row.Seq] = sequence
	case ofPerson:
		c.Messages[about] = sequence
	case kind == contact.AbandonedV1: // its subject is the conversation
		c.Messages[headers["ce_id"]] = sequence
	}
	f.conversations[key] = c
	f.places++
}

func (f *forgotten) noteReply(value []byte) {
	var event contact.Event
	var told contact.Replied
	if json.Unmarshal(value, &event) != nil || json.Unmarshal(event.Data, &told) != nil {
		return // no event of ours
	}
	reply := f.replies[told.ReplyID]
	if !told.At.Before(reply.Told.At) {
		text := reply.Told.Text
		if reply.Told = told; told.Text == "" {
			reply.Told.Text = text // it stands on the first event alone
		}
		f.replies[told.ReplyID] = reply
	}
}

// origin takes a source apart: /force/channel/account.
func origin(source string) (channel, account string) {
	_, rest, _ := strings.Cut(strings.TrimPrefix(source, "/"), "/")
	channel, account, _ = strings.Cut(rest, "/")
	return channel, account
}
