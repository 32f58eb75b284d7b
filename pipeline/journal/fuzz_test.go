package journal

import (
	"bytes"
	"encoding/binary"
	"reflect"
	"strings"
	"testing"
	"time"

	"contactd/channels"
	"contactd/contact"
	"contactd/pipeline"
	"github.com/ThreeDotsLabs/watermill/message"
)

// FuzzEntry decodes foreign metadata: no crash, and what can be decoded reads
// the same after encoding it again.
func FuzzEntry(f *testing.F) {
	f.Add([]byte{})
	f.Add(encodeEntry(nil, pipeline.Entry{}))
	f.Add(encodeEntry(nil, pipeline.Entry{
		Seq: 7, Attempts: 1, AcceptedAt: time.Unix(1790000000, 0), SHA256: strings.Repeat("a", 64),
		Original: channels.Original{
			Channel: "email", Account: "a", ID: "INBOX/7/1", Renumbered: true,
			Blob: &contact.Blob{SHA256: strings.Repeat("b", 64), Size: 9, MediaType: "text/plain"},
		},
		Placed: pipeline.Placed{Conversation: "c-1", Sequence: 3, Foreign: true}, Lane: pipeline.LaneLow, Quarantined: "why",
	}))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := decodeEntry(b)
		if err != nil {
			return
		}
		again, err := decodeEntry(encodeEntry(nil, e))
		if err != nil || !reflect.DeepEqual(e, again) {
			t.Errorf("%+v came back as %+v, %v", e, again, err)
		}
	})
}

// FuzzMarker reads a marker file after a power cut.
func FuzzMarker(f *testing.F) {
	f.Add([]byte{})
	slot := binary.BigEndian.AppendUint64(nil, 42)
	f.Add(binary.BigEndian.AppendUint64(slot, ^uint64(42)))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, seq := range parseMarker(b) {
			if seq <= 0 {
				t.Errorf("message %d", seq)
			}
		}
	})
}

// FuzzRow stores and reads rows of any content: what comes back is what went
// in, and identities differ when their parts do.
func FuzzRow(f *testing.F) {
	f.Add("email", "a", "INBOX/7/42", "message/rfc822", "", int64(0), []byte("hello"))
	f.Add("email", "a\x00b", "99999999999999999999999", "\xff", "it was cut", int64(-5), []byte{0})
	j := open(f, f.TempDir())
	f.Fuzz(func(t *testing.T, channel, account, id, media, defect string, received int64, body []byte) {
		o := channels.Original{
			Channel: channel, Account: account, ID: id, MediaType: media, Defect: defect,
			ReceivedAt: fromMicros(received % (1 << 55)), Bytes: body,
		}
		before := j.tx.last
		if err := j.Accept(t.Context(), []channels.Original{o}, channels.Cursor{}); err != nil {
			if channel != "" && account != "" && id != "" {
				t.Fatal(err)
			}
			return
		}
		seq := j.tx.last
		if seq == before {
			return // a repetition
		}
		j.recent.clear()
		e, err := j.load(flight{seq: seq, unread: &unreadItem{}})
		if err != nil {
			t.Fatal(err)
		}
		got := e.Original
		if got.Channel != channel || got.Account != account || got.ID != id || got.MediaType != media || got.Defect != defect ||
			!got.ReceivedAt.Equal(o.ReceivedAt) || !bytes.Equal(got.Bytes, body) {
			t.Errorf("%+v came back as %+v", o, got)
		}
	})
}

// FuzzCursor stores and reads cursors of any content.
func FuzzCursor(f *testing.F) {
	f.Add("email/a/INBOX", "7/42")
	f.Add("\x00", "\xff\x00")
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, name, value string) {
		j := open(t, dir)
		if err := j.Accept(t.Context(), nil, channels.Cursor{Name: name, Value: value}); err != nil {
			t.Fatal(err)
		}
		j.Close()
		if got, err := open(t, dir).Cursor(t.Context(), name); err != nil || got.Value != value {
			t.Errorf("%q came back as %q, %v", value, got.Value, err)
		}
	})
}

func TestAForeignEnvelopeIsRefused(t *testing.T) {
	if _, err := EntryOf(message.NewMessage("1", nil)); err == nil {
		t.Error("an envelope without an entry was opened")
	}
}
