package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"contactd/cmd/contactd/tell"
	"contactd/contact"
	"contactd/pipeline/kafka"
)

type tailCommand struct {
	Topic         string        `help:"Which topic: contact.events, contact.alerts, contact.replies, contact.rejected or contact.signals." default:"contact.events"`
	FromBeginning bool          `help:"Also what is there already, oldest first."`
	Count         int           `help:"End after N events." placeholder:"N"`
	Timeout       time.Duration `help:"End after this long, such as 30s. The broker may come up meanwhile." placeholder:"D"`
	JSON          bool          `help:"One CloudEvent a line, as it is on the topic."`
}

// Help is shown below the usage.
func (tailCommand) Help() string {
	return `Ends with 0 when it is interrupted, has seen --count events, or has waited for --timeout without --count; with 1 when
--timeout came before --count, or a record was not what had been published. Records of one conversation come in order.`
}

var errEnough = errors.New("enough")

// Run shows events until there were enough or nobody wants more.
func (t tailCommand) Run(ctx context.Context, p *program, c *commands) error {
	if t.Count < 0 || t.Timeout < 0 {
		return usageError{errors.New("tail: --count and --timeout cannot be negative")}
	}
	if t.Topic == "" {
		return usageError{errors.New("tail: --topic: want a topic such as contact.events")}
	}
	config, err := p.load(c.Config)
	if err != nil {
		return err
	}
	connect, _, err := brokerOf(config)
	if err != nil {
		return err
	}
	cluster, err := kafka.NewCluster(connect, kafka.Watch{Log: config.Log.logger(p.err)}) // a broker that went away looks like a quiet night
	if err != nil {
		return fmt.Errorf("reach broker: %w", err)
	}
	// Not a deadline: connections would fail at it, and be told of as failing.
	asked := ctx
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	if t.Timeout > 0 {
		defer time.AfterFunc(t.Timeout, func() { end(context.DeadlineExceeded) }).Stop()
	}
	view := view{p: p, json: t.JSON, limit: t.Count}
	err = t.follow(ctx, cluster, &view)
	switch {
	case errors.Is(err, errEnough), asked.Err() != nil && !errors.Is(err, errOutput):
	case errors.Is(err, context.Canceled) && errors.Is(context.Cause(ctx), context.DeadlineExceeded):
		return fmt.Errorf("tail %s: the broker gave no answer in %v", t.Topic, t.Timeout)
	case err != nil:
		return err
	case t.Count > 0 && errors.Is(context.Cause(ctx), context.DeadlineExceeded):
		return fmt.Errorf("tail %s: saw %d of %d events in %v", t.Topic, view.seen, t.Count, t.Timeout)
	}
	if view.damaged > 0 {
		return fmt.Errorf("tail %s: %d records were not what had been published", t.Topic, view.damaged)
	}
	return nil
}

// follow reads the topic. With a timeout it waits for a broker that is not up
// yet; without one a person is told at once.
func (t tailCommand) follow(ctx context.Context, cluster *kafka.Cluster, v *view) error {
	retry := time.NewTicker(200 * time.Millisecond)
	defer retry.Stop()
	var before error
	for {
		err := cluster.Tail(ctx, t.Topic, t.FromBeginning, v.show)
		if before != nil && err != nil && ctx.Err() != nil {
			err = before // says why, not that the time is over
		}
		before = err
		if err == nil || errors.Is(err, errEnough) || errors.Is(err, errOutput) || t.Timeout == 0 || v.seen > 0 {
			return err
		}
		select {
		case <-retry.C:
		case <-ctx.Done():
			return err
		}
	}
}

// view shows records to a person or a program.
type view struct {
	p       *program
	json    bool
	limit   int
	seen    int
	damaged int
}

var errOutput = errors.New("write event")

// show writes one record, flushed, and ends the tail when there were enough.
func (v *view) show(r kafka.Record) error {
	if r.Err != nil {
		v.damaged++
		_, err := fmt.Fprintf(v.p.err, "contactd: record %d of partition %d cannot be believed: %v\n", r.Offset, r.Partition, r.Err)
		return err
	}
	line := v.line(r)
	if _, err := v.p.out.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("%w: %w", errOutput, err)
	}
	if v.seen++; v.seen == v.limit {
		return errEnough
	}
	return nil
}

func (v *view) line(r kafka.Record) []byte {
	if v.json {
		var compact bytes.Buffer
		if json.Compact(&compact, r.Value) != nil {
			return bytes.ReplaceAll(r.Value, []byte("\n"), []byte(" "))
		}
		return compact.Bytes()
	}
	var event contact.Event
	if json.Unmarshal(r.Value, &event) != nil {
		return fmt.Appendf(nil, "%d/%d: %d bytes that are no event", r.Partition, r.Offset, len(r.Value))
	}
	return []byte(tell.Event(event))
}
