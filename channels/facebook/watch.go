package facebook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"contactd/channels"
	"contactd/channels/facebook/delivery"
	"contactd/channels/facebook/graph"
)

// watch sees to it that Meta delivers to us, that the token is good, and that
// nothing was missed: at the start, at intervals, and after every gap.
func (ch *Channel) watch(ctx context.Context, a *account, inbox channels.Inbox) {
	nextLook, nextOld, nextAudit, nextToken := ch.now(), ch.now(), ch.now(), ch.now()
	if ch.config.PollOld < 0 {
		nextOld = ch.now().AddDate(100, 0, 0) // never
	}
	sweep := func() {
		if nextLook = ch.now(); ch.config.PollOld > 0 {
			nextOld = ch.now()
		}
	}
	pause := ch.timing.retry
	for ctx.Err() == nil {
		failed := false
		due := func(next *time.Time, every time.Duration, what string, do func(context.Context) error) {
			if ctx.Err() != nil || ch.now().Before(*next) {
				return
			}
			err := do(ctx)
			if ctx.Err() != nil {
				return
			}
			if errors.Is(err, errMore) { // soon, but others first
				*next = ch.now()
				return
			}
			if graph.Is(err, graph.Throttled) { // it is asked for, and no failure
				ch.log.Warn("Meta asks for fewer calls", "account", a.Name, "what", what, "err", err)
				failed = true
				return
			}
			a.health.Report(what, err)
			if err != nil {
				ch.log.Warn("watch account", "account", a.Name, "what", what, "err", err)
				failed = true
				return
			}
			*next = ch.now().Add(every)
		}
		due(&nextToken, ch.timing.token, "token", func(ctx context.Context) error { return ch.tryToken(ctx, a) })
		due(&nextAudit, ch.timing.audit, "subscription", func(ctx context.Context) error { return ch.audit(ctx, a) })
		select {
		case <-a.sweep:
			sweep()
		default:
		}
		due(&nextLook, ch.config.Poll, "polling", func(ctx context.Context) error { return ch.look(ctx, a, inbox) })
		due(&nextOld, ch.config.PollOld, "polling old posts", func(ctx context.Context) error { return ch.lookOld(ctx, a, inbox) })
		ch.metrics.usage.WithLabelValues(a.Name).Set(float64(a.graph.Busy()))
		next := pause
		if failed {
			pause = min(2*pause, ch.timing.longest)
		} else {
			pause = ch.timing.retry
			next = earliest(nextLook, nextOld, nextAudit, nextToken).Sub(ch.now())
		}
		timer := time.NewTimer(max(next, time.Millisecond))
		select {
		case <-timer.C:
		case <-a.sweep:
			sweep()
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

func earliest(times ...time.Time) time.Time {
	return slices.MinFunc(times, time.Time.Compare)
}

// ask asks for a look soon.
func (a *account) ask() {
	select {
	case a.sweep <- struct{}{}:
	default:
	}
}

// audit looks at what Meta delivers for a page, and subscribes again to what is
// missing: after an hour of failures Meta ends a subscription and tells nobody.
func (ch *Channel) audit(ctx context.Context, a *account) error {
	if a.Kind != kindPage {
		return nil // subscribed by the app's dashboard
	}
	missing, err := ch.unsubscribed(ctx, a)
	first := !a.audited
	if err != nil {
		return err
	}
	if a.audited = true; len(missing) == 0 {
		return nil
	}
	if first { // a new page, or a gap while we were away: all is looked through anyway
		ch.log.Info("subscribing", "account", a.Name, "fields", strings.Join(missing, ","))
		return ch.subscribe(ctx, a)
	}
	ch.metrics.renewed.WithLabelValues(a.Name).Inc()
	ch.log.Error("Meta did not deliver everything: subscribing again, and looking for what was missed", "account", a.Name, "fields", strings.Join(missing, ","))
	if err := ch.subscribe(ctx, a); err != nil {
		return err
	}
	a.ask()
	// Told once, so that the gap is on record, and restored by the next look.
	a.health.Report("subscription", fmt.Errorf("it had been ended by Meta, in parts or all (%s), and was renewed", strings.Join(missing, ",")))
	return nil
}

// unsubscribed are the fields that Meta does not deliver to us, of those that it
// knows. Other apps, such as a bot, may be subscribed to the page too; ours is
// the one that the token was made for. Where Meta does not say so, all count.
func (ch *Channel) unsubscribed(ctx context.Context, a *account) ([]string, error) {
	state, _ := ch.token(ctx, a) // who looks at the token tells why
	list, err := a.graph.List(ctx, a.ID+"/subscribed_apps", url.Values{"fields": {"id,subscribed_fields"}})
	if err != nil {
		return nil, err
	}
	subscribed := map[string]bool{}
	for _, raw := range list.Data {
		var app struct {
			ID     delivery.ID       `json:"id"`
			Fields []json.RawMessage `json:"subscribed_fields"`
		}
		if json.Unmarshal(raw, &app) != nil || state.Data.App != "" && app.ID != state.Data.App {
			continue
		}
		for _, field := range app.Fields {
			var name string
			var named struct {
				Name string `json:"name"`
			}
			if json.Unmarshal(field, &name) != nil && json.Unmarshal(field, &named) == nil {
				name = named.Name
			}
			subscribed[name] = true
		}
	}
	var missing []string
	for _, field := range a.wanted() {
		if !subscribed[field] {
			missing = append(missing, field)
		}
	}
	return missing, nil
}

// subscribe asks Meta to deliver all fields. A field that Meta does not know
// is left out with a warning, and not asked for again.
func (ch *Channel) subscribe(ctx context.Context, a *account) error {
	for {
		fields := a.wanted()
		err := a.graph.Do(ctx, a.ID+"/subscribed_apps", map[string]string{"subscribed_fields": strings.Join(fields, ",")})
		var refused *graph.Error
		if !errors.As(err, &refused) || refused.Kind != graph.Gone {
			return err
		}
		unknown := slices.IndexFunc(fields, refused.Refuses)
		if unknown < 0 || len(fields) == 1 {
			return err
		}
		ch.log.Warn("Meta does not know a field, it is left out", "account", a.Name, "field", fields[unknown])
		a.leaveOut(fields[unknown])
	}
}

// wanted are the fields to be subscribed to, without those that Meta refused.
func (a *account) wanted() []string {
	a.fieldsMutex.Lock()
	defer a.fieldsMutex.Unlock()
	return slices.DeleteFunc(slices.Clone(a.Fields), func(field string) bool { return slices.Contains(a.unknown, field) })
}

func (a *account) leaveOut(field string) {
	a.fieldsMutex.Lock()
	defer a.fieldsMutex.Unlock()
	a.unknown = append(a.unknown, field)
}

// tokenState is what Meta says of a token.
type tokenState struct {
	Data struct {
		App     delivery.ID `json:"app_id"`
		Valid   bool        `json:"is_valid"`
		Expires int64       `json:"expires_at"`
		Scopes  []string    `json:"scopes"`
	} `json:"data"`
}

// soon is how long before its end a token is an alarm.
const soon = 7 * 24 * time.Hour

// tryToken asks whether the token is good, and for how long.
func (ch *Channel) tryToken(ctx context.Context, a *account) error {
	state, err := ch.token(ctx, a)
	if err != nil {
		return err
	}
	if end, soon := ch.versionEndsSoon(); soon {
		ch.log.Warn("Meta ends this version of its API: set a newer one", "account", a.Name, "version", ch.config.Version, "end", end.Format(time.DateOnly))
	}
	return ch.judgeToken(state)
}

func (ch *Channel) token(ctx context.Context, a *account) (state tokenState, err error) {
	token, err := a.token()
	if err != nil {
		return state, err
	}
	err = a.graph.Get(ctx, "debug_token", url.Values{"input_token": {token}}, &state)
	return state, err
}

func (ch *Channel) judgeToken(state tokenState) error {
	switch end := time.Unix(state.Data.Expires, 0); {
	case !state.Data.Valid:
		return errors.New("the access token is not valid")
	case state.Data.Expires > 0 && end.Sub(ch.now()) < soon:
		return fmt.Errorf("the access token ends on %s", end.UTC().Format(time.DateOnly))
	default:
		return nil
	}
}
