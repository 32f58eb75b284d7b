package classifiers

import (
	"bytes"
	"errors"
	"io"

	"github.com/goccy/go-yaml"
)

// DecodePack reads a hand-written YAML file of what a classifier or annotator
// knows, strictly: an unknown key is an error. Of an empty file nothing is read,
// and whoever asked finds out what it lacks. Errors name line and column without
// the lines themselves: the file may be another than was meant, one of secrets.
func DecodePack(content []byte, into any) error {
	err := PackDecoder(content).Decode(into)
	if err == nil || errors.Is(err, io.EOF) {
		return nil
	}
	return errors.New(yaml.FormatError(err, false, false))
}

// PackDecoder decodes such a file for who tells errors in another way.
func PackDecoder(content []byte) *yaml.Decoder {
	content = bytes.TrimPrefix(content, []byte("\ufeff")) // editors of other systems begin a file with it
	return yaml.NewDecoder(bytes.NewReader(content), yaml.Strict())
}
