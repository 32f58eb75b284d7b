package api

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"time"

	"contactd/channels/twitter/element"
)

// The streams.
const (
	PostStream     = "/2/tweets/search/stream"
	ActivityStream = "/2/activity/stream"
)

// A stream says something at least every 20 seconds, if only a blank line
// (docs: consuming streaming data); lineLimit is far above a post.
const (
	silence   = 30 * time.Second
	lineLimit = 1 << 20
)

// errSilent ends a stream on which nothing was heard, not even a blank line.
var errSilent = errors.New("nothing was heard for too long")

// Stream reads a stream, line by line, until it ends, which it always does with
// an error. each gets every line that holds something, and must not keep it.
// silent bounds how long nothing may be heard, 0 for what X promises.
func (c *Client) Stream(ctx context.Context, path string, silent time.Duration, each func(line []byte) error) error {
	name := nameOf(http.MethodGet, path)
	if silent == 0 {
		silent = silence
	}
	query := url.Values{}
	if path == PostStream {
		query = V2{c}.postQuery(false, nil) // streams have the older names
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watchdog := time.AfterFunc(silent, func() { cancel(errSilent) })
	defer watchdog.Stop()
	response, err := c.openStream(ctx, name, path, query)
	if err != nil {
		if errors.Is(context.Cause(ctx), errSilent) {
			return &Error{Op: name, Kind: Away, Err: errSilent}
		}
		return err
	}
	defer response.Body.Close()
	lines := bufio.NewReaderSize(response.Body, 64<<10)
	for {
		line, err := readLine(lines)
		if err != nil {
			if cause := context.Cause(ctx); errors.Is(cause, errSilent) {
				err = cause
			}
			return &Error{Op: name, Kind: Away, Err: unnamed(err)}
		}
		watchdog.Reset(silent)
		if len(line) == 0 {
			continue
		}
		if ended := streamError(name, line); ended != nil {
			return ended
		}
		if err := each(line); err != nil {
			return err
		}
	}
}

// openStream connects. A stream has no end, so only its beginning is bounded.
func (c *Client) openStream(ctx context.Context, name, path string, query url.Values) (*http.Response, error) {
	if wait, kind := c.limits.before(name, false); wait > 0 {
		return nil, &Error{Op: name, Kind: kind, Wait: wait, Certain: true}
	}
	if c.config.App == nil {
		return nil, &Error{Op: name, Kind: Closed, Certain: true, Err: errors.New("it needs bearer_token_file")}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.config.Base+path+"?"+query.Encode(), nil)
	if err != nil {
		return nil, &Error{Op: name, Kind: Broken, Certain: true, Err: errors.New("the address of the API is not valid")}
	}
	signed, err := c.config.App.Over(ctx, c.base)
	if err != nil {
		return nil, &Error{Op: name, Kind: TokenDead, Certain: true, Err: err}
	}
	response, err := signed.RoundTrip(request)
	if err != nil {
		return nil, &Error{Op: name, Kind: Away, Err: unnamed(err)}
	}
	c.limits.told(name, response.Header)
	if response.StatusCode == http.StatusOK {
		return response, nil
	}
	defer response.Body.Close()
	answer, _ := io.ReadAll(io.LimitReader(response.Body, 64<<10)) // what there is of it
	failed := readError(name, response.StatusCode, response.Header, answer)
	c.limits.failed(name, failed)
	return nil, failed
}

// readLine reads up to a line's end, of any kind.
func readLine(r *bufio.Reader) ([]byte, error) {
	var long []byte
	for {
		piece, err := r.ReadSlice('\n')
		switch {
		case err == nil && long == nil:
			return bytes.TrimSpace(piece), nil
		case err != nil && !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		case len(long)+len(piece) > lineLimit:
			return nil, errors.New("a line is too long")
		}
		long = append(long, piece...)
		if err == nil {
			return bytes.TrimSpace(long), nil
		}
	}
}

// streamError reads what X says in a stream before it ends it.
func streamError(name string, line []byte) error {
	var of struct {
		Data json.RawMessage `json:"data"`
	}
	if known := json.Unmarshal(line, &of) == nil; !known || len(of.Data) > 0 {
		return nil
	}
	all := problems(line)
	if len(all) == 0 {
		return nil
	}
	return &Error{Op: name, Kind: Away, Type: all[0].Word()}
}

// Rule is one of the rules by which X fills the stream of posts.
type Rule struct {
	ID    element.ID `json:"id,omitempty"`
	Value string     `json:"value"`
	Tag   string     `json:"tag"`
}

// Rules lists them.
func (c *Client) Rules(ctx context.Context) ([]Rule, error) {
	var a struct {
		Data []Rule `json:"data"`
	}
	err := c.appCall(ctx, http.MethodGet, PostStream+"/rules", nil, nil, &a)
	return a.Data, err
}

// AddRule adds one. X says in an answer of success that it did not create it,
// because its value is there under another tag or because it does not like it.
func (c *Client) AddRule(ctx context.Context, r Rule) error {
	const path = PostStream + "/rules"
	var a json.RawMessage
	if err := c.appCall(ctx, http.MethodPost, path, nil, map[string][]Rule{"add": {r}}, &a); err != nil {
		return err
	}
	all := problems(a)
	if len(all) == 0 {
		return nil
	}
	kind := Bad
	if all[0].Word() == "duplicate-rules" {
		kind = Conflict
	}
	return &Error{Op: nameOf(http.MethodPost, path), Kind: kind, Type: all[0].Word(), Certain: true}
}

// DropRules removes rules.
func (c *Client) DropRules(ctx context.Context, ids []element.ID) error {
	return c.appCall(ctx, http.MethodPost, PostStream+"/rules", nil, map[string]any{"delete": map[string][]element.ID{"ids": ids}}, nil)
}
