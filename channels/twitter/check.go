package twitter

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"contactd/channels"
	"contactd/channels/accounts"
	"contactd/channels/twitter/api"
)

// Check tries every account without taking or changing anything, and says what
// to do when something is missing.
func (ch *Channel) Check(ctx context.Context) []channels.Tried {
	return accounts.Check(ctx, ch.config.Mode, ch.accounts, func(ctx context.Context, a *account) ([]string, error) {
		defer a.client.Close()
		return ch.try(ctx, a)
	})
}

// try says what works, and joins all that does not.
func (ch *Channel) try(ctx context.Context, a *account) (detail []string, err error) {
	if _, err := ch.secrets.Keys(); err != nil {
		return detail, err
	}
	speaker, err := a.speak(ctx)
	if err != nil {
		return detail, advise(err)
	}
	me, err := speaker.Me(ctx)
	if err != nil {
		return detail, advise(err)
	}
	detail = append(detail, "@"+me.Handle)
	if me.ID != a.UserID {
		return detail, fmt.Errorf("the token is of user %s, not of %s: put the right one into user_id, or that account's token into token_file", me.ID, a.UserID)
	}
	if _, v1 := speaker.(api.V1); v1 {
		detail = append(detail, "API 1.1")
	} else {
		detail = append(detail, "API 2")
	}
	var wrong error
	if _, err := speaker.Mentions(ctx, a.UserID, "", ""); err != nil {
		wrong = errors.Join(wrong, fmt.Errorf("mentions: %w", advise(err)))
	} else {
		detail = append(detail, "mentions can be read")
	}
	if _, err := speaker.Messages(ctx, ""); err != nil {
		wrong = errors.Join(wrong, fmt.Errorf("messages: %w", advise(err)))
	} else {
		detail = append(detail, "messages can be read")
	}
	more, err := ch.tryApp(ctx, a)
	detail = append(detail, more...)
	return append(detail, a.replyRule()), errors.Join(wrong, err)
}

// tryApp looks at what needs the application's token.
func (ch *Channel) tryApp(ctx context.Context, a *account) (detail []string, wrong error) {
	if !a.client.CanWatch() {
		return []string{"webhook and usage not watched (no bearer_token_file)"}, nil
	}
	if u, err := a.client.Usage(ctx); err != nil {
		wrong = fmt.Errorf("usage: %w", advise(err))
	} else {
		detail = append(detail, fmt.Sprintf("%s of %s posts read this month", u.Used, u.Cap))
	}
	if ch.config.WebhookURL == "" {
		return detail, wrong
	}
	hook, there, err := a.client.Webhook(ctx, ch.config.WebhookURL)
	switch {
	case err != nil:
		return detail, errors.Join(wrong, fmt.Errorf("webhook: %w", advise(err)))
	case !there:
		return append(detail, "no webhook yet; contactd run makes it"), wrong
	case !hook.Valid:
		return append(detail, "X has stopped delivering; contactd run has it go on"), wrong
	}
	switch missing, err := ch.missing(ctx, a, hook.ID); {
	case err != nil:
		wrong = errors.Join(wrong, fmt.Errorf("subscriptions: %w", advise(err)))
	case len(missing) > 0:
		detail = append(detail, "not subscribed to "+strings.Join(missing, " ")+"; contactd run does it")
	default:
		detail = append(detail, "webhook and subscriptions stand")
	}
	return detail, wrong
}

// replyRule says who can be answered.
func (a *account) replyRule() string {
	if a.Enterprise {
		return "answers everybody (enterprise)"
	}
	return "answers in public only who named or quoted the account (X's rule without an Enterprise contract)"
}

// advise adds the way out to the usual errors.
func advise(err error) error {
	var told *api.Error
	switch {
	case errors.As(err, &told) && told.Unasked():
		return err // it names the file
	case api.Is(err, api.TokenDead):
		return fmt.Errorf("%w (in the developer console, Apps → Keys and tokens, make a new access token with read, write and direct messages, and put it into token_file)", err)
	case api.Is(err, api.Closed):
		return fmt.Errorf("%w (in the developer console, give the project a plan with this call and the app the permission for direct messages; with v1 try transport: v2)", err)
	case api.Is(err, api.Capped):
		return fmt.Errorf("%w (in the developer console, Billing, add credits or raise the cap; deliveries by webhook go on)", err)
	case api.Is(err, api.Refused):
		return fmt.Errorf("%w (in the developer console, User authentication settings, set read, write and direct messages, then make the access token anew)", err)
	default:
		return err
	}
}
