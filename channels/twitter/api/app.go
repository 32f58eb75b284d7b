package api

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"time"

	"contactd/channels/twitter/element"
)

// Webhook is an address to which X delivers, as X knows it.
type Webhook struct {
	ID    element.ID `json:"id"`
	URL   string     `json:"url"`
	Valid bool       `json:"valid"`
}

// CanWatch reports whether there is a token of the application, which what
// concerns webhooks, streams and the usage needs.
func (c *Client) CanWatch() bool { return c.config.App != nil }

// appCall makes a call in the application's name.
func (c *Client) appCall(ctx context.Context, method, path string, query url.Values, body any, into any) error {
	raw, err := c.do(ctx, call{method: method, name: nameOf(method, path), path: path, query: query, body: body, app: true})
	if err != nil || into == nil {
		return err
	}
	_ = json.Unmarshal(raw, into) // as far as it goes: what is missing is seen to be
	return nil
}

// Webhook finds the webhook with an address; false when X knows none.
func (c *Client) Webhook(ctx context.Context, address string) (Webhook, bool, error) {
	var a struct {
		Data []Webhook `json:"data"`
	}
	if err := c.appCall(ctx, http.MethodGet, "/2/webhooks", nil, nil, &a); err != nil {
		return Webhook{}, false, err
	}
	i := slices.IndexFunc(a.Data, func(w Webhook) bool { return w.URL == address })
	if i < 0 {
		return Webhook{}, false, nil
	}
	return a.Data[i], true, nil
}

// CreateWebhook tells X of an address; X asks it at once whether it is ours.
func (c *Client) CreateWebhook(ctx context.Context, address string) (Webhook, error) {
	var a struct {
		Data Webhook `json:"data"`
		Webhook
	}
	err := c.appCall(ctx, http.MethodPost, "/2/webhooks", nil, map[string]string{"url": address}, &a)
	if a.Data.ID == "" {
		a.Data = a.Webhook
	}
	return a.Data, err
}

// Validate has X ask an address again whether it is ours, which takes up
// deliveries that X had stopped.
func (c *Client) Validate(ctx context.Context, id element.ID) error {
	return c.appCall(ctx, http.MethodPut, "/2/webhooks/"+url.PathEscape(string(id)), nil, nil, nil)
}

// Subscribed reports whether account activity of this account is delivered to a
// webhook.
func (c *Client) Subscribed(ctx context.Context, id element.ID) (bool, error) {
	path := "/2/account_activity/webhooks/" + url.PathEscape(string(id)) + "/subscriptions/all"
	raw, err := c.do(ctx, call{method: http.MethodGet, name: nameOf(http.MethodGet, path), path: path})
	if Is(err, Gone) {
		return false, nil
	}
	var a struct {
		Data struct {
			Subscribed bool `json:"subscribed"`
		} `json:"data"`
	}
	_ = json.Unmarshal(raw, &a)
	return a.Data.Subscribed, err
}

// Subscribe has account activity of this account delivered to a webhook.
func (c *Client) Subscribe(ctx context.Context, id element.ID) error {
	path := "/2/account_activity/webhooks/" + url.PathEscape(string(id)) + "/subscriptions/all"
	_, err := c.do(ctx, call{method: http.MethodPost, name: nameOf(http.MethodPost, path), path: path})
	return err
}

// Subscriptions lists the events of a user that the activity API delivers to a
// webhook.
func (c *Client) Subscriptions(ctx context.Context, id element.ID, user string) ([]string, error) {
	var a struct {
		Data []struct {
			Event   string     `json:"event_type"`
			Webhook element.ID `json:"webhook_id"`
			Filter  struct {
				User element.ID `json:"user_id"`
			} `json:"filter"`
		} `json:"data"`
	}
	if err := c.appCall(ctx, http.MethodGet, "/2/activity/subscriptions", nil, nil, &a); err != nil {
		return nil, err
	}
	var events []string
	for _, each := range a.Data {
		if string(each.Filter.User) == user && (each.Webhook == id || id == "") {
			events = append(events, each.Event)
		}
	}
	return events, nil
}

// SubscribeTo has an event of a user delivered to a webhook, or to the stream
// when there is none. Private events need the user's own token.
func (c *Client) SubscribeTo(ctx context.Context, id element.ID, user, event string) error {
	body := map[string]any{"event_type": event, "filter": map[string]string{"user_id": user}, "tag": "contactd"}
	if id != "" {
		body["webhook_id"] = string(id)
	}
	const path = "/2/activity/subscriptions"
	_, err := c.do(ctx, call{method: http.MethodPost, name: nameOf(http.MethodPost, path), path: path, body: body})
	return err
}

// Replay has X deliver to a webhook once more what it delivered, or tried to,
// from a minute on and before another, within the last day. It returns the
// number of the job.
func (c *Client) Replay(ctx context.Context, id element.ID, from, until time.Time) (string, error) {
	body := map[string]string{"webhook_id": string(id), "from_date": minute(from), "to_date": minute(until)}
	return c.replay(ctx, "/2/webhooks/replay", nil, body)
}

// ReplayActivity does the same for account activity, within the last five days.
func (c *Client) ReplayActivity(ctx context.Context, id element.ID, from, until time.Time) (string, error) {
	path := "/2/account_activity/replay/webhooks/" + url.PathEscape(string(id)) + "/subscriptions/all"
	return c.replay(ctx, path, url.Values{"from_date": {minute(from)}, "to_date": {minute(until)}}, nil)
}

func (c *Client) replay(ctx context.Context, path string, query url.Values, body any) (string, error) {
	type job struct {
		ID element.ID `json:"job_id"`
	}
	var a struct {
		Data job `json:"data"`
		job
	}
	err := c.appCall(ctx, http.MethodPost, path, query, body, &a)
	if a.Data.ID == "" {
		a.Data = a.job
	}
	return string(a.Data.ID), err
}

// minute is how X wants to be told one.
func minute(at time.Time) string { return at.UTC().Format("200601021504") }

// Usage is how many posts the project has read this month, and may.
type Usage struct {
	Used  element.ID `json:"project_usage"`
	Cap   element.ID `json:"project_cap"`
	Reset int        `json:"cap_reset_day"`
}

// Usage asks for it.
func (c *Client) Usage(ctx context.Context) (Usage, error) {
	var a struct {
		Data Usage `json:"data"`
	}
	err := c.appCall(ctx, http.MethodGet, "/2/usage/tweets", nil, nil, &a)
	return a.Data, err
}
