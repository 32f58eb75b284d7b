package api

import (
	"encoding/json"
	"errors"

	"contactd/channels/twitter/element"
)

// Page is a piece of a list, newest first as X gives it.
type Page struct {
	// Dialect is the form of the things.
	Dialect string
	Things  []json.RawMessage
	// Includes stand beside them.
	Includes element.Includes
	// Problems are things that X left out, with its reasons.
	Problems []Problem
	// Next leads to the next page, empty at the end.
	Next string
}

// answer is what API v2 answers.
type answer struct {
	Data     json.RawMessage `json:"data"`
	Includes struct {
		Users  []json.RawMessage `json:"users"`
		Tweets []json.RawMessage `json:"tweets"`
		Posts  []json.RawMessage `json:"posts"`
		Media  []json.RawMessage `json:"media"`
	} `json:"includes"`
	Meta struct {
		Next element.ID `json:"next_token"`
	} `json:"meta"`
}

// readPage reads a list of v2. Data may be missing, which is an empty list, and
// stand beside errors, which concern parts of it.
func readPage(raw []byte) (Page, error) {
	var a answer
	odd, err := element.Decode(raw, &a)
	page := Page{Dialect: element.V2, Next: string(a.Meta.Next), Problems: problems(raw)}
	if err != nil {
		return page, errors.New("the answer is not what was asked for")
	}
	page.Includes = element.NewIncludes(a.Includes.Users, append(a.Includes.Tweets, a.Includes.Posts...), a.Includes.Media)
	if len(a.Data) == 0 || string(a.Data) == "null" {
		return page, nil
	}
	if json.Unmarshal(a.Data, &page.Things) != nil {
		return page, errors.New("the answer holds no list")
	}
	_ = odd // what is odd beside the list does not spoil it
	return page, nil
}
