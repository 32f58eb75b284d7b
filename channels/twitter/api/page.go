package api

import (
	"encoding/json"
	"errors"

	"contactd/channels/loose"
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
	Meta *struct {
		Count int        `json:"result_count"`
		Next  element.ID `json:"next_token"`
	} `json:"meta"`
}

// readPage reads a list of v2. Errors may stand beside data, which concern parts
// of it. Data is missing from an empty list, which then says that it is empty:
// an answer that does not must not pass for one, because what is not listed
// would be sent again.
func readPage(raw []byte) (Page, error) {
	page := Page{Dialect: element.V2, Problems: problems(raw)}
	var a answer
	// What is odd beside the list does not spoil it.
	if _, err := loose.Decode(raw, &a); err != nil {
		return page, errors.New("the answer is not what was asked for")
	}
	page.Includes = element.NewIncludes(a.Includes.Users, append(a.Includes.Tweets, a.Includes.Posts...), a.Includes.Media)
	if a.Meta != nil {
		page.Next = string(a.Meta.Next)
	}
	switch {
	case len(a.Data) > 0 && string(a.Data) != "null":
		if json.Unmarshal(a.Data, &page.Things) != nil {
			return page, errors.New("the answer holds no list")
		}
	case a.Meta == nil || a.Meta.Count != 0:
		return page, errors.New("the answer neither holds a list nor says that it is empty")
	}
	return page, nil
}

// readLookUp reads posts that were asked for by their ids. What X does not show
// is among the problems, and when it shows nothing there is no list.
func readLookUp(raw []byte) (Page, error) {
	page, err := readPage(raw)
	if err != nil && len(page.Things) == 0 && len(page.Problems) > 0 {
		return page, nil
	}
	return page, err
}
