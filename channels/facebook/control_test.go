package facebook

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"contactd/channels"
	"contactd/channels/facebook/graphsim"
)

func TestAPersonTakesOverFromAnotherAppAndAMachineDoesNot(t *testing.T) {
	for name, each := range map[string]struct {
		first, automatic bool
		sent             bool
	}{
		"a person":                            {sent: true},
		"a machine":                           {automatic: true},
		"a person, and the other comes first": {first: true},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			r := newRig(t)
			ch, _ := r.start(r.config())
			r.subscribed()
			r.meta.Write(townPage, resident, "hello")
			r.Await(ch, 1)
			r.meta.OtherApp(townPage, resident, each.first)
			r.meta.Write(townPage, resident, "is a person there?")
			standby := r.Await(ch, 2)[1]
			if standby.Text != "is a person there?" || !standby.Answer.Rules.Allowed || standby.Answer.Rules.Reason != "answers_elsewhere" {
				t.Errorf("what another app answers was taken as %+v", standby)
			}
			reply := answer(1, "yes, how can I help?")
			reply.Automatic = each.automatic
			_, err := r.send(ch, addressOf(standby), reply)
			got := r.meta.Texts(townPage, resident)
			if each.sent && (err != nil || !slices.Equal(got, []string{reply.Text})) {
				t.Errorf("sent %q, %v", got, err)
			}
			if !each.sent && (!channels.IsRefused(err) || !strings.Contains(err.Error(), "answers_elsewhere") || len(got) != 0) {
				t.Errorf("sent %q, %v", got, err)
			}
		})
	}
}

func TestAConversationThatCannotBeTakenOverNowIsTriedAgain(t *testing.T) {
	r := newRig(t)
	ch, _ := r.start(r.config())
	r.subscribed()
	r.meta.Write(townPage, resident, "hello")
	to, reply := addressOf(r.Await(ch, 1)[0]), answer(1, "how can I help?")
	r.meta.OtherApp(townPage, resident, false)
	r.meta.Fail(graphsim.Fault{Call: "POST take_thread_control", Status: http.StatusServiceUnavailable})
	if _, err := r.send(ch, to, reply); !channels.IsNotSent(err) {
		t.Errorf("told %v", err)
	}
	if _, err := r.send(ch, to, reply); err != nil || !slices.Equal(r.meta.Texts(townPage, resident), []string{reply.Text}) {
		t.Errorf("sent %q, %v", r.meta.Texts(townPage, resident), err)
	}
}
