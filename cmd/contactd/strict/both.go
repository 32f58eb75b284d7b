package strict

import (
	"errors"
	"slices"
	"strings"
)

// Both joins what is wrong with the form of a section, from Decode, and what is
// wrong with its values, placed, so that whoever mends a file sees all at once.
// A value is passed over where its fault may come of the form's: in the same
// mapping as a problem of the form, beneath it or above it.
func Both(form, values error) error {
	if form == nil || values == nil {
		return errors.Join(form, values)
	}
	var spoilt []string
	for _, each := range flatten(form) {
		spoilt = append(spoilt, keyOf(each))
	}
	told := []error{form}
	for _, each := range flatten(values) {
		key := keyOf(each)
		related := func(other string) bool {
			return key == "" || other == "" || parent(key) == parent(other) || within(key, other) || within(other, key)
		}
		if !slices.ContainsFunc(spoilt, related) {
			told = append(told, each)
		}
	}
	return ByLine(errors.Join(told...))
}

// keyOf is the key of a Problem, empty for the file as a whole.
func keyOf(err error) string {
	var problem Problem
	errors.As(err, &problem)
	return problem.Key
}

func parent(key string) string { return key[:max(0, strings.LastIndexAny(key, ".["))] }

// within reports whether a key lies beneath another.
func within(key, other string) bool {
	rest, ok := strings.CutPrefix(key, other)
	return ok && (strings.HasPrefix(rest, ".") || strings.HasPrefix(rest, "["))
}
