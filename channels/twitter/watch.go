package twitter

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"contactd/channels"
	"contactd/channels/twitter/api"
	"contactd/channels/twitter/element"
)

// events are what the activity API is asked to deliver of an account.
func events() []string {
	return []string{"post.mention.create", "post.reply.create", "post.quote.create", "dm.received", "dm.sent", "dm.read", "chat.received", "oauth.revoke"}
}

// errUnasked ends a look that needed no answer of X, and so tells nothing of
// whether the account works.
var errUnasked = errors.New("nothing was asked")

// audits returns the look at whether X still delivers: it stops for a wrong
// answer or a long silence of ours without a word.
func (ch *Channel) audits(a *account, inbox channels.Inbox) func(context.Context) error {
	return func(ctx context.Context) error {
		if err := ch.usage(ctx, a); err != nil && ctx.Err() == nil {
			ch.log.Warn("usage not known", "account", a.Name, "err", err)
		}
		if ch.config.WebhookURL == "" {
			return errUnasked
		}
		hook, err := ch.webhook(ctx, a)
		if err != nil {
			return err
		}
		err = ch.subscribe(ctx, a, hook.ID)
		if a == ch.accounts[0] { // all share the webhook
			err = errors.Join(err, ch.replay(ctx, a, inbox, hook.ID))
		}
		return err
	}
}

// webhook finds the webhook, makes it when X has none, and has X take up
// deliveries again when it has stopped.
func (ch *Channel) webhook(ctx context.Context, a *account) (api.Webhook, error) {
	hook, there, err := a.client.Webhook(ctx, ch.config.WebhookURL)
	switch {
	case err != nil:
		return hook, fmt.Errorf("webhook: %w", err)
	case !there:
		hook, err = a.client.CreateWebhook(ctx, ch.config.WebhookURL)
		if err != nil {
			return hook, fmt.Errorf("make webhook: %w", err)
		}
		ch.metrics.renewed.WithLabelValues(a.Name, "webhook").Inc()
		ch.log.Info("webhook made at X", "account", a.Name)
	case !hook.Valid:
		ch.metrics.renewed.WithLabelValues(a.Name, "webhook").Inc()
		ch.log.Error("X had stopped delivering; it is asked to go on, and lists are read meanwhile", "account", a.Name)
		if err := a.client.Validate(ctx, hook.ID); err != nil {
			return hook, fmt.Errorf("webhook is switched off at X: %w", err)
		}
	}
	return hook, nil
}

// missing are the subscriptions that an account lacks: with OAuth 1.0a to
// account activity, with OAuth 2.0 to events of the activity API.
func (ch *Channel) missing(ctx context.Context, a *account, hook element.ID) ([]string, error) {
	if a.Auth == authOAuth1 {
		there, err := a.client.Subscribed(ctx, hook)
		if err != nil || there {
			return nil, err
		}
		return []string{accountActivity}, nil
	}
	there, err := a.client.Subscriptions(ctx, hook, a.UserID)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(events(), func(event string) bool { return slices.Contains(there, event) }), nil
}

// accountActivity stands for all events of account activity.
const accountActivity = "account activity"

func (ch *Channel) subscribe(ctx context.Context, a *account, hook element.ID) error {
	missing, err := ch.missing(ctx, a, hook)
	if err != nil {
		return fmt.Errorf("subscriptions: %w", err)
	}
	for _, event := range missing {
		if event == accountActivity {
			err = a.client.Subscribe(ctx, hook)
		} else {
			err = a.client.SubscribeTo(ctx, hook, a.UserID, event)
		}
		if err != nil {
			return fmt.Errorf("subscribe to %s: %w", event, err)
		}
		ch.metrics.renewed.WithLabelValues(a.Name, event).Inc()
	}
	return nil
}

// usage notes how much of the month's cap is used.
func (ch *Channel) usage(ctx context.Context, a *account) error {
	u, err := a.client.Usage(ctx)
	if err != nil {
		return err
	}
	for which, text := range map[string]element.ID{"used": u.Used, "cap": u.Cap} {
		if n, err := strconv.ParseFloat(string(text), 64); err == nil {
			ch.metrics.usage.WithLabelValues(a.Name, which).Set(n)
		}
	}
	return nil
}
