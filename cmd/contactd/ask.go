package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"contactd/contact"
	"contactd/pipeline"
	"contactd/pipeline/kafka"
)

// askLimit is how long the broker may take for a command.
const askLimit = 15 * time.Second

// publishCommand puts a command on contact.replies and says where it lies. It
// does not wait for a broker that is away: a person is told at once. Its error
// is an unknownError when the broker may have the command all the same.
func publishCommand(ctx context.Context, connect kafka.Config, command contact.Event) (place string, err error) {
	env, err := pipeline.Envelope(command, pipeline.LaneNormal)
	if err != nil {
		return "", err
	}
	publisher, err := kafka.NewPublisher(connect, kafka.Watch{})
	if err != nil {
		return "", fmt.Errorf("reach broker: %w", err)
	}
	// Closing settles what is on its way.
	limited, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	stop := context.AfterFunc(limited, func() { _ = publisher.Close() })
	err = publisher.Publish(pipeline.TopicReplies, env)
	if stop() {
		_ = publisher.Close()
	}
	switch {
	case errors.Is(err, kafka.ErrUnsure):
		return "", unknownError{fmt.Errorf("the broker did not say that it has it, and it may still come; "+
			"see with \"contactd tail --topic %s --from-beginning\" whether it is there before you send it again: %w", pipeline.TopicReplies, err)}
	case err != nil:
		return "", fmt.Errorf("not sent: %w", err)
	}
	return pipeline.TopicReplies + "/" + env.Metadata.Get(pipeline.MetaPartition) + "/" + env.Metadata.Get(pipeline.MetaOffset), nil
}
