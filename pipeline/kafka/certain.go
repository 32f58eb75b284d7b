package kafka

import (
	"crypto/tls"
	"errors"
	"net"
	"slices"

	kafkago "github.com/segmentio/kafka-go"
)

// refusals are the answers after which a broker has nothing of what was sent.
var refusals = []kafkago.Error{
	kafkago.UnknownTopicOrPartition, kafkago.LeaderNotAvailable, kafkago.NotLeaderForPartition, kafkago.NotEnoughReplicas,
	kafkago.TopicAuthorizationFailed, kafkago.ClusterAuthorizationFailed, kafkago.SASLAuthenticationFailed,
	kafkago.UnsupportedSASLMechanism, kafkago.InvalidTopic, kafkago.PolicyViolation,
}

// certain reports whether a call that failed with err has carried nothing: a
// broker refused it, or it did not come as far as a broker. Of whatever else,
// such as no answer in time, a broker may have it.
func certain(err error) bool {
	var code kafkago.Error
	if errors.As(err, &code) {
		return slices.Contains(refusals, code)
	}
	var network *net.OpError
	var untrusted *tls.CertificateVerificationError
	return errors.As(err, &network) && network.Op == "dial" || errors.As(err, &untrusted) || errors.Is(err, errPassword)
}
