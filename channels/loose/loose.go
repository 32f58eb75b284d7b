// Package loose reads the JSON of platforms, which change the form of this and
// that without a word, as far as it goes. What an odd form means is left to the
// channels.
package loose

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
)

// mostOdd bounds how often the rest is read again.
const mostOdd = 20

// Decode reads raw into v as far as possible. odd is set when something had
// another form than was expected and was left out; err when it is no JSON
// object at all.
//
// A type of its own that refuses a form ends what encoding/json reads, words
// behind it included, so what it refused is left out and the rest read again.
func Decode(raw []byte, v any) (odd bool, err error) {
	for range mostOdd {
		var refused *json.UnmarshalTypeError
		switch err := json.Unmarshal(raw, v); {
		case err == nil && isObject(raw):
			return odd, nil
		case !isObject(raw) && (err == nil || errors.As(err, &refused)):
			return true, errors.New("read element: want an object")
		case !errors.As(err, &refused):
			return true, errors.New("read element: no JSON")
		}
		odd = true
		rest := without(raw, strings.Split(refused.Field, "."))
		if bytes.Equal(rest, raw) {
			break
		}
		raw = rest
	}
	return odd, nil
}

func isObject(raw []byte) bool { return bytes.HasPrefix(bytes.TrimSpace(raw), []byte("{")) }

// without leaves out what stands at a path, in lists everywhere.
func without(raw json.RawMessage, path []string) json.RawMessage {
	var list []json.RawMessage
	var object map[string]json.RawMessage
	switch {
	case json.Unmarshal(raw, &list) == nil:
		for i := range list {
			list[i] = without(list[i], path)
		}
		raw, _ = json.Marshal(list) // pieces of read JSON
	case json.Unmarshal(raw, &object) == nil:
		for key, value := range object {
			switch {
			case !strings.EqualFold(key, path[0]):
			case len(path) == 1:
				delete(object, key)
			default:
				object[key] = without(value, path[1:])
			}
		}
		raw, _ = json.Marshal(object)
	}
	return raw
}

// ID is an identity that a platform writes as a string or a number.
type ID string

// UnmarshalJSON reads both forms; anything else is no identity.
func (id *ID) UnmarshalJSON(raw []byte) error {
	switch {
	case len(raw) == 0 || string(raw) == "null":
		return nil
	case raw[0] == '"':
		return json.Unmarshal(raw, (*string)(id))
	case raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9':
		*id = ID(raw)
		return nil
	default:
		return &json.UnmarshalTypeError{Value: "identity"}
	}
}
