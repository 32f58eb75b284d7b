package pipeline

import (
	"github.com/ThreeDotsLabs/watermill/message"
)

// alert is the handler of emergencies that wait behind others of their
// conversation: it tells of them on TopicAlerts before their turn. When that
// comes send tells of them again, with the same id. What was only taken along
// by an emergency is passed over.
func (p *Pipeline) alert(env *message.Message) error {
	entry, err := p.open(env)
	if err != nil {
		return err
	}
	alert, _, err := p.eventsOf(env.Context(), entry)
	if err != nil || alert == nil {
		return err
	}
	return p.publish(TopicAlerts, *alert, LaneEmergency)
}

// inTurn leaves an entry that cannot be read or published to its turn, when it
// is rejected.
func inTurn(next message.HandlerFunc) message.HandlerFunc {
	return func(env *message.Message) ([]*message.Message, error) {
		produced, err := next(env)
		if isPermanent(err) {
			return nil, nil
		}
		return produced, err
	}
}
