package journal

import (
	"bytes"
	"encoding/binary"
	"testing"

	"contactd/channels"
	"github.com/ThreeDotsLabs/watermill/message"
)

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
		e, err := j.load(flight{seq: seq})
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
