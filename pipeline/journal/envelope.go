package journal

import (
	"context"
	"errors"
	"strconv"

	"contactd/pipeline"
	"github.com/ThreeDotsLabs/watermill/message"
)

// entryKey is where the context of an envelope holds its entry. Envelopes of
// the journal never leave the process, so nothing is gained by writing the
// entry into the metadata and reading it back.
type entryKey struct{}

// envelopeOf wraps an entry. The Watermill id is for debugging only.
func envelopeOf(e pipeline.Entry) *message.Message {
	env := message.NewMessage(strconv.FormatInt(e.Seq, 10), e.Original.Bytes)
	env.SetContext(context.WithValue(context.Background(), entryKey{}, &e))
	return env
}

// EntryOf opens an envelope that one of the journal's subscribers delivered,
// or one with a context made of its context. The entry shares the envelope's
// payload.
func EntryOf(env *message.Message) (pipeline.Entry, error) {
	e, ok := env.Context().Value(entryKey{}).(*pipeline.Entry)
	if !ok {
		return pipeline.Entry{}, errors.New("open envelope: it does not come from the journal")
	}
	return *e, nil
}
