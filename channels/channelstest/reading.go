package channelstest

import (
	"reflect"
	"testing"

	"contactd/channels"
	"contactd/contact"
)

// The promises of Read: the same each time, and nothing unreadable passes for
// something calm.

func readsTheSame(t *testing.T, r *rig) {
	ch := r.platform.Open(r.deps())
	stop := r.receive(ch)
	r.platform.Send(numbered(1))
	original := r.await(1)[0]
	stop()
	first := r.read(ch, []channels.Original{original})[0]
	second := r.read(r.platform.Open(r.deps()), []channels.Original{original})[0]
	if !reflect.DeepEqual(first, second) {
		t.Errorf("read twice:\n%+v\n%+v", first, second)
	}
	checkIdentity(t, first, original)
	if first.Channel.Visibility == "" || first.Channel.Direction != "inbound" || first.Sender.Address == "" {
		t.Errorf("read %+v: channel or sender is incomplete", first)
	}
}

// checkIdentity fails unless a message says where its original came from.
func checkIdentity(t *testing.T, m contact.Message, o channels.Original) {
	t.Helper()
	if m.ID != contact.MessageID(o.Channel, o.Account, o.ID) || m.PlatformID != o.ID || m.Channel.Account != o.Account || m.Channel.Kind == "" {
		t.Errorf("original %s was read as message %s, platform id %s, channel %+v", o.ID, m.ID, m.PlatformID, m.Channel)
	}
}

func keepsUnreadable(t *testing.T, r *rig) {
	ch := r.platform.Open(r.deps())
	for _, original := range r.setup.Unreadable {
		message, err := ch.Read(t.Context(), original)
		if err != nil {
			continue // quarantined, which keeps it
		}
		checkIdentity(t, message, original)
		if message.Unreadable == "" && len(message.Flags) == 0 && message.Text == "" {
			t.Errorf("original %s was read as if nothing were wrong", original.ID)
		}
	}
}
