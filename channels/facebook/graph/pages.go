package graph

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
)

// List is a page of a list. Elements stay raw: one that cannot be read must
// not take the others along.
type List struct {
	Data   []json.RawMessage `json:"data"`
	Paging struct {
		Cursors struct {
			After string `json:"after"`
		} `json:"cursors"`
		// Next carries the token and is neither stored nor followed; that it
		// is there says that there is more.
		Next string `json:"next"`
	} `json:"paging"`
}

// After is the cursor of the next page, empty after the last.
func (l List) After() string {
	if l.Paging.Next == "" {
		return ""
	}
	return l.Paging.Cursors.After
}

// List reads a page of a list. An answer that holds none must not pass for an
// empty one: what is not listed would be sent again.
func (c *Client) List(ctx context.Context, path string, query url.Values) (List, error) {
	var list List
	err := c.Get(ctx, path, query, &list)
	if err == nil && list.Data == nil {
		err = &Error{Op: op(http.MethodGet, path), Status: http.StatusOK, Kind: Away, Err: errors.New("the answer holds no list")}
	}
	return list, err
}

// Walk reads a list page by page until visit returns false or the list ends.
func (c *Client) Walk(ctx context.Context, path string, query url.Values, visit func(List) (more bool, err error)) error {
	values := url.Values{}
	for key, value := range query {
		values[key] = value
	}
	for seen := map[string]bool{}; ; {
		list, err := c.List(ctx, path, values)
		if err != nil {
			return err
		}
		more, err := visit(list)
		after := list.After()
		if err != nil || !more || after == "" || seen[after] {
			return err
		}
		seen[after] = true // a list that leads back to itself ends
		values.Set("after", after)
	}
}
