package webchat

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"unicode/utf8"
)

// The most that one of our JSON texts from outside holds.
const (
	jsonDepth  = 4
	jsonTokens = 500
)

// errJSON says that a text is not the JSON that we take. It quotes nothing.
var errJSON = errors.New("want one JSON object in UTF-8, no name in it twice, nested little")

// decodeStrictly reads one object from outside. Of a doubled name different
// readers would believe different ones, so it is refused; encoding/json takes
// names in any case, so case makes no difference.
func decodeStrictly(text []byte, into any) error { return decodeWithin(jsonTokens, text, into) }

// decodeWithin does with up to so many tokens.
func decodeWithin(left int, text []byte, into any) error {
	if !utf8.Valid(text) {
		return errJSON
	}
	tokens := json.NewDecoder(bytes.NewReader(text))
	tokens.UseNumber()
	first, err := tokens.Token()
	if err != nil || first != json.Delim('{') {
		return errJSON
	}
	if err := checkObject(tokens, 1, &left); err != nil {
		return err
	}
	if _, err := tokens.Token(); !errors.Is(err, io.EOF) {
		return errJSON
	}
	if err := json.Unmarshal(text, into); err != nil {
		return errJSON
	}
	return nil
}

// checkObject reads an object after its brace.
func checkObject(tokens *json.Decoder, depth int, left *int) error {
	names := map[string]bool{}
	for {
		token, err := next(tokens, left)
		if err != nil {
			return err
		}
		if token == json.Delim('}') {
			return nil
		}
		name, _ := token.(string)
		name = strings.ToLower(name)
		if names[name] {
			return errJSON
		}
		names[name] = true
		if token, err = next(tokens, left); err != nil {
			return err
		}
		if err := checkValue(tokens, token, depth+1, left); err != nil {
			return err
		}
	}
}

func checkValue(tokens *json.Decoder, token json.Token, depth int, left *int) error {
	delim, nested := token.(json.Delim)
	if !nested {
		return nil
	}
	if depth > jsonDepth {
		return errJSON
	}
	if delim == '{' {
		return checkObject(tokens, depth, left)
	}
	for {
		token, err := next(tokens, left)
		if err != nil {
			return err
		}
		if token == json.Delim(']') {
			return nil
		}
		if err := checkValue(tokens, token, depth+1, left); err != nil {
			return err
		}
	}
}

func next(tokens *json.Decoder, left *int) (json.Token, error) {
	if *left--; *left < 0 {
		return nil, errJSON
	}
	token, err := tokens.Token()
	if err != nil {
		return nil, errJSON
	}
	return token, nil
}
