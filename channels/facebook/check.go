package facebook

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"contactd/channels"
	"contactd/channels/accounts"
	"contactd/channels/facebook/graph"
)

// Check tries every account without taking or changing anything, and says what
// to click when something is missing.
func (ch *Channel) Check(ctx context.Context) []channels.Tried {
	return accounts.Check(ctx, ch.config.Mode, ch.accounts, func(ctx context.Context, a *account) ([]string, error) {
		defer a.graph.Close()
		return ch.try(ctx, a)
	})
}

// try says what works, and joins all that does not.
func (ch *Channel) try(ctx context.Context, a *account) (detail []string, err error) {
	detail = append(detail, a.Kind+" "+a.ID, ch.config.Version)
	if end, soon := ch.versionEndsSoon(); soon {
		err = errors.Join(err, fmt.Errorf("version %s ends on %s: set a newer one", ch.config.Version, end.Format(time.DateOnly)))
	}
	_, secretErr := ch.secrets.Keys()
	_, verifyErr := ch.verify.Keys()
	if unread := errors.Join(secretErr, verifyErr); unread != nil {
		return detail, errors.Join(err, unread)
	}
	state, tokenErr := ch.token(ctx, a)
	if tokenErr == nil {
		tokenErr = ch.judgeToken(state)
	}
	if tokenErr != nil {
		return detail, errors.Join(err, advise(tokenErr))
	}
	detail = append(detail, "token good")
	var without []string
	for _, scope := range scopes(a.Kind) {
		if !slices.Contains(state.Data.Scopes, scope) {
			without = append(without, scope)
		}
	}
	if len(without) > 0 {
		err = errors.Join(err, fmt.Errorf("the token lacks %s: add it to the system user's token in Business settings → System users → Generate new token, and have it approved under App Review → Permissions", strings.Join(without, ", ")))
	}
	more, subscribed := ch.trySubscription(ctx, a)
	detail = append(detail, more)
	return append(detail, ch.replyRule(a)), errors.Join(err, subscribed)
}

func (ch *Channel) trySubscription(ctx context.Context, a *account) (string, error) {
	if a.Kind != kindPage {
		return "subscription is set in the app's dashboard", nil
	}
	missing, err := ch.unsubscribed(ctx, a)
	switch {
	case err != nil:
		return "subscription not seen", advise(err)
	case len(missing) == len(a.wanted()):
		return "not subscribed yet; contactd run does it", nil
	case len(missing) > 0:
		return "not subscribed to " + strings.Join(missing, " ") + "; contactd run does it", nil
	default:
		return "subscribed", nil
	}
}

// replyRule says within which time people can be answered.
func (ch *Channel) replyRule(a *account) string {
	switch {
	case a.Kind == kindWhatsApp:
		return "answers within 24 h"
	case a.HumanAgent:
		return "handlers answer within 7 days (human_agent)"
	default:
		return "answers within 24 h; for 7 days have Human Agent approved and set human_agent"
	}
}

// scopes are the permissions that an account of a kind needs; that of
// answering comments is [recall].
func scopes(kind string) []string {
	switch kind {
	case kindInstagram:
		return []string{"instagram_basic", "instagram_manage_messages", "instagram_manage_comments"}
	case kindWhatsApp:
		return []string{"whatsapp_business_messaging"}
	default:
		return []string{"pages_show_list", "pages_manage_metadata", "pages_messaging", "pages_read_engagement", "pages_read_user_content", "pages_manage_engagement"}
	}
}

// versionEnds is when Meta stops answering a version (changelog, November
// 2026); v26.0 has no end yet.
func versionEnds(version string) (time.Time, bool) {
	end, known := map[string]string{
		"v20.0": "2026-09-24", "v21.0": "2027-01-21", "v22.0": "2027-05-20", "v24.0": "2028-02-18", "v25.0": "2028-07-29",
	}[version]
	if !known {
		return time.Time{}, false
	}
	at, err := time.Parse(time.DateOnly, end)
	return at, err == nil
}

// versionEndsSoon says when Meta stops answering the configured version, true
// when that is within 90 days or past.
func (ch *Channel) versionEndsSoon() (time.Time, bool) {
	end, known := versionEnds(ch.config.Version)
	return end, known && end.Sub(ch.now()) < 90*24*time.Hour
}

// advise adds the way out to the usual errors.
func advise(err error) error {
	var told *graph.Error
	switch {
	case errors.As(err, &told) && told.Unasked():
		return err // it names the file
	case graph.Is(err, graph.TokenDead):
		return fmt.Errorf("%w (make a new one in Business settings → System users and put it into token_file)", err)
	case graph.Is(err, graph.Unproven):
		return fmt.Errorf("%w (put the one that stands at Meta under App settings → Basic into app_secret_file, on the first line)", err)
	case graph.Is(err, graph.Permission):
		return fmt.Errorf("%w (in Business settings give the system user full control of the page, and have the permission approved under App Review)", err)
	case graph.Is(err, graph.Gone):
		return fmt.Errorf("%w (is id the right one, and the page among the system user's assets?)", err)
	default:
		return err
	}
}
