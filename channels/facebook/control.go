package facebook

import (
	"context"
	"errors"

	"contactd/channels"
	"contactd/channels/facebook/address"
	"contactd/channels/facebook/graph"
	"contactd/contact"
)

// errControlled is told to the handler.
var errControlled = errors.New("answers_elsewhere: another app answers in this conversation and does not give it up; answer in the page's inbox, " +
	"or have contactd put first under the page's settings → Advanced messaging → Conversation routing")

// underControl sends a part, and takes the conversation over when another app,
// such as the page's inbox or a bot, answers in it: a person here has decided to
// answer. What a machine writes takes nothing over. Meta gives a conversation to
// the app that is put first, and to others when it is idle (Conversation
// control).
func (ch *Channel) underControl(ctx context.Context, a *account, where address.Address, reply contact.Reply, send func() (string, error)) (string, error) {
	id, err := send()
	if !graph.Is(err, graph.Controlled) {
		return id, err
	}
	if reply.Automatic || a.Kind != kindPage { // of Instagram it is the page's to take
		return "", channels.Refused(errControlled)
	}
	err = a.graph.Do(ctx, a.ID+"/take_thread_control", map[string]any{"recipient": map[string]string{"id": where.To}, "metadata": "contactd"})
	switch {
	case graph.Is(err, graph.Permission, graph.Gone, graph.Controlled):
		return "", channels.Refused(errControlled)
	case err != nil: // whatever became of it, nothing was sent
		return "", channels.NotSent(err)
	}
	ch.log.Info("conversation taken over from another app", "account", a.Name)
	if id, err = send(); graph.Is(err, graph.Controlled) {
		return "", channels.Refused(errControlled)
	}
	return id, err
}
