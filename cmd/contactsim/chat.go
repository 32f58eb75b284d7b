package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"contactd/contact"
)

type chatCommand struct {
	URL      string        `help:"The chat's address." default:"http://127.0.0.1:8090"`
	Site     string        `help:"Which of its sites. Default: the first." placeholder:"NAME"`
	Sessions int           `help:"How many visitors, each with a socket." default:"1"`
	Rate     float64       `help:"Messages a second, of all visitors together; 0 lets them be silent." default:"1"`
	Duration time.Duration `help:"How long they write, after all have come." default:"10s"`
	Texts    string        `help:"What they write: a file with one text a line, or a CSV with a column text." type:"existingfile" placeholder:"FILE"`
	Seed     uint64        `help:"Who writes what; the same seed gives the same." default:"1"`
	Drain    time.Duration `help:"How long to wait for what is not confirmed in the end." default:"30s"`
	Answer   bool          `help:"Play a handler too, who answers every message at once; needs a broker."`
	JSON     bool          `help:"Report as one line of JSON."`
	brokerFlags
	deskFlags
}

// Help is shown below the usage.
func (chatCommand) Help() string {
	return `Each visitor sends a message again until the server calls it durable, across lost connections, as the widget does. With a
broker named (--brokers or --data-dir) it also measures the time until a message's event is on Kafka.`
}

// visitors are all that is going on in one run.
type visitors struct {
	command chatCommand
	all     []*visitor

	mu    sync.Mutex
	began map[string]time.Time // by message id
	asked map[string]time.Time // by reply id
	last  string               // last problem

	tick, event, reply                     times
	sent, replies, lost, refused, overLoad atomic.Int64
}

// Run opens the sessions, lets them write, and reports.
func (c chatCommand) Run(ctx context.Context, out io.Writer) error {
	if c.Sessions < 1 || c.Duration < 0 || c.Drain < 0 {
		return usageError{errors.New("chat: --sessions wants at least 1, --duration and --drain cannot be negative")}
	}
	if !(c.Rate >= 0 && c.Rate <= mostRate) { // NaN is neither
		return usageError{fmt.Errorf("chat: --rate wants 0 to %d messages a second, got %g", mostRate, c.Rate)}
	}
	if c.Answer && !c.given() {
		return usageError{errors.New("chat: --answer needs --brokers or --data-dir")}
	}
	texts, err := readWords(c.Texts, c.Seed)
	if err != nil {
		return err
	}
	v := &visitors{command: c, began: map[string]time.Time{}, asked: map[string]time.Time{}}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if c.given() {
		if err := v.watchBroker(ctx); err != nil {
			return err
		}
	}
	var reading sync.WaitGroup
	defer reading.Wait()
	defer cancel()
	if err := v.come(ctx, &reading); err != nil {
		return err
	}
	v.write(ctx, texts)
	v.settle(ctx)
	r := v.report()
	if err := r.write(out, c.JSON); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	if r.Unconfirmed > 0 {
		return fmt.Errorf("chat: %d of %d messages were not confirmed, %v after the last (--drain)", r.Unconfirmed, r.Sent, c.Drain)
	}
	return nil
}

// mostRate is more than one program can play, in messages a second.
const mostRate = 1_000_000

// comers is how many visitors come at the same time.
const comers = 32

// come opens all sessions.
func (v *visitors) come(ctx context.Context, reading *sync.WaitGroup) error {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: comers, IdleConnTimeout: time.Second}}
	turns := make(chan struct{}, comers)
	failed := make(chan error, 1)
	var opening sync.WaitGroup
	for range v.command.Sessions {
		each, err := newVisitor(v.command.URL, v.command.Site, client, v.observer())
		if err != nil {
			return err
		}
		v.all = append(v.all, each)
		opening.Go(func() {
			turns <- struct{}{}
			defer func() { <-turns }()
			if len(failed) > 0 {
				return
			}
			if err := each.open(ctx); err != nil {
				select {
				case failed <- err:
				default:
				}
				return
			}
			reading.Go(func() { each.run(ctx) })
		})
	}
	opening.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

func (v *visitors) observer() observer {
	return observer{
		durable: func(id string) {
			if began, ok := v.startOf(id); ok {
				v.tick.add(time.Since(began))
			}
		},
		reply: func(id string) {
			v.replies.Add(1)
			v.mu.Lock()
			asked, ok := v.asked[id]
			delete(v.asked, id)
			v.mu.Unlock()
			if ok {
				v.reply.add(time.Since(asked))
			}
		},
		notice: func(code string) {
			if code == "queued" {
				v.overLoad.Add(1)
			}
		},
		refused: func(_, code string) { v.refused.Add(1); v.problem("refused: " + code) },
		lost:    func(err error) { v.lost.Add(1); v.problem(err.Error()) },
	}
}

// write lets the visitors write in turn, at the rate.
func (v *visitors) write(ctx context.Context, texts *words) {
	if v.command.Rate == 0 {
		select {
		case <-ctx.Done():
		case <-time.After(v.command.Duration):
		}
		return
	}
	start := time.Now()
	var writing sync.WaitGroup
	defer writing.Wait()
	for n := 0; ; n++ {
		due, more := v.command.due(n)
		if !more || ctx.Err() != nil {
			return
		}
		if wait := time.Until(start.Add(due)); wait > 0 {
			select {
			case <-ctx.Done():
				return
			case <-time.After(wait):
			}
		}
		text, each := texts.next(), v.all[n%len(v.all)]
		v.sent.Add(1)
		writing.Go(func() { each.say(ctx, text, v.begin) })
	}
}

// due is when message n is written, counted from the first, and whether that is
// while they write.
func (c chatCommand) due(n int) (time.Duration, bool) {
	at := float64(n) / c.Rate // seconds, perhaps more than a time.Duration holds
	return time.Duration(at * float64(time.Second)), at < c.Duration.Seconds()
}

// settle waits until everything is confirmed, measured and answered.
func (v *visitors) settle(ctx context.Context) {
	until := time.After(v.command.Drain)
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for !v.settled() {
		select {
		case <-look.C:
		case <-until:
			return
		case <-ctx.Done():
			return
		}
	}
}

// settled reports whether nothing is waited for any more.
func (v *visitors) settled() bool {
	taken := int(v.sent.Load() - v.refused.Load())
	return v.unconfirmed() == 0 &&
		(!v.command.given() || v.event.count() >= taken) &&
		(!v.command.Answer || v.reply.count() >= taken)
}

func (v *visitors) unconfirmed() int {
	sum := 0
	for _, each := range v.all {
		sum += each.unconfirmed()
	}
	return sum
}

// watchBroker measures events, and answers them if that was asked for.
func (v *visitors) watchBroker(ctx context.Context) error {
	connect, err := v.command.connect()
	if err != nil {
		return err
	}
	d, err := newDesk(connect, v.command.Force, "")
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, func() { _ = d.close() })
	now, err := d.now(ctx) // before anybody writes
	if err != nil {
		return err
	}
	if v.command.Answer {
		go d.attend(ctx)
	}
	go func() {
		err := d.follow(ctx, now, func(e contact.Event, data contact.Received) {
			_, id, _ := strings.Cut(data.PlatformMessageID, "/")
			began, ours := v.startOf(id)
			if !ours {
				return
			}
			v.event.add(time.Since(began))
			switch err := d.mine(e); {
			case !v.command.Answer:
			case err != nil:
				v.problem("answer a message: " + err.Error())
			default:
				go v.answer(d, data)
			}
		})
		if err != nil {
			v.problem(err.Error())
		}
	}()
	return nil
}

func (v *visitors) answer(d *desk, data contact.Received) {
	v.mu.Lock()
	v.asked[replyID(data)] = time.Now()
	v.mu.Unlock()
	if _, err := d.answer(data, "Thank you. An officer is reading this."); err != nil {
		v.problem(err.Error())
	}
}

func (v *visitors) begin(id string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.began[id] = time.Now()
}

func (v *visitors) startOf(id string) (time.Time, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	began, ok := v.began[id]
	return began, ok
}

func (v *visitors) problem(text string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.last = text
}

func (v *visitors) report() report {
	r := report{
		Sessions: len(v.all), Sent: int(v.sent.Load()), Reconnects: int(v.lost.Load()),
		Refused: int(v.refused.Load()), Queued: int(v.overLoad.Load()), Replies: int(v.replies.Load()),
		Unconfirmed: v.unconfirmed(),
		Tick:        v.tick.summary(), Event: v.event.summary(), Reply: v.reply.summary(),
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	r.LastProblem = v.last
	return r
}
