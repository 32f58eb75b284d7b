package facebook

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"contactd/channels"
	"contactd/channels/facebook/delivery"
	"contactd/channels/facebook/graph"
	"contactd/channels/files"
	"contactd/contact"
)

// fetchFile fetches a file while its address holds, and makes it the news that
// the message has it. What cannot be had is told too.
func (ch *Channel) fetchFile(ctx context.Context, a *account, f fetch, tries int) ([]channels.Original, error) {
	attachment, err := ch.download(ctx, a, f)
	if err != nil && ctx.Err() == nil && (files.Again(err, tries) || graph.Is(err, graph.TokenDead, graph.Unproven, graph.Throttled)) {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	e := delivery.Element{Object: f.Object, Entry: a.ID, Time: f.At, Via: delivery.Poll, Kind: delivery.Fetched, Under: f.Of, Blob: attachment}
	if err != nil {
		ch.metrics.dropped.WithLabelValues(a.Name, "unavailable").Inc()
		ch.log.Warn("file of a message cannot be fetched", "account", a.Name, "err", err)
	}
	if e.Raw, err = json.Marshal(f.Origin); err != nil {
		return nil, err
	}
	id := fmt.Sprintf("%s:file:%d", f.Of, f.Number)
	return []channels.Original{original(a.Name, id, delivery.Moment(f.At), e)}, nil
}

// download fetches a file; with files.ErrOther comes what was there. WhatsApp
// tells the address on demand, and wants the token.
func (ch *Channel) download(ctx context.Context, a *account, f fetch) (*contact.Attachment, error) {
	file := files.File{URL: f.File.URL, Name: f.File.Name, Kind: f.File.Type}
	if f.File.Media != "" {
		var media struct {
			URL string `json:"url"`
		}
		if err := a.graph.Get(ctx, f.File.Media, nil, &media); err != nil {
			return nil, err
		}
		token, err := a.token()
		if err != nil {
			return nil, err
		}
		file.URL = media.URL
		file.Sign = func(_ context.Context, base http.RoundTripper) (http.RoundTripper, error) {
			return bearing{token, base}, nil
		}
	}
	attachment, err := ch.fetcher().Fetch(ctx, file)
	if attachment.SHA256 == "" {
		return nil, err
	}
	return &attachment, err
}

// fetcher goes to Meta's hosts. A simulator on this machine, set as graph_url,
// is its own host.
func (ch *Channel) fetcher() *files.Fetcher {
	f := &files.Fetcher{Hosts: ch.config.MediaHosts, Blobs: ch.deps.Blobs}
	if strings.HasPrefix(ch.config.GraphURL, "http://") {
		f.Simulator = ch.config.GraphURL
	}
	return f
}

// bearing adds the token to a call.
type bearing struct {
	token string
	base  http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (b bearing) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	request.Header.Set("Authorization", "Bearer "+b.token)
	return b.base.RoundTrip(request)
}
