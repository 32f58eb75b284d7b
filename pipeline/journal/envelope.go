package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"

	"contactd/channels"
	"contactd/contact"
	"contactd/pipeline"
	"github.com/ThreeDotsLabs/watermill/message"
)

// metaEntry is the metadata key under which an envelope carries all of an
// entry but the original bytes, which are the payload.
const metaEntry = "journal"

// envelopeOf wraps an entry. The Watermill id is for debugging only.
func envelopeOf(e pipeline.Entry) *message.Message {
	env := message.NewMessage(strconv.FormatInt(e.Seq, 10), e.Original.Bytes)
	env.Metadata[metaEntry] = string(encodeEntry(nil, e))
	return env
}

// EntryOf opens an envelope that one of the journal's subscribers delivered.
// The entry shares the envelope's payload.
func EntryOf(env *message.Message) (pipeline.Entry, error) {
	text, ok := env.Metadata[metaEntry]
	if !ok {
		return pipeline.Entry{}, errors.New("open envelope: it does not come from the journal")
	}
	e, err := decodeEntry([]byte(text))
	if err != nil {
		return pipeline.Entry{}, fmt.Errorf("open envelope: %w", err)
	}
	if e.Original.Blob == nil {
		e.Original.Bytes = env.Payload
	}
	return e, nil
}

// Bits of an encoded entry.
const (
	entryBlob = 1 << iota
	entryForeign
	entryRenumbered
)

// encodeEntry appends an entry without its bytes: numbers as varints, then
// texts with their lengths.
func encodeEntry(b []byte, e pipeline.Entry) []byte {
	var bits uint64
	blob := contact.Blob{}
	if e.Original.Blob != nil {
		bits |= entryBlob
		blob = *e.Original.Blob
	}
	if e.Foreign {
		bits |= entryForeign
	}
	if e.Original.Renumbered {
		bits |= entryRenumbered
	}
	for _, n := range [...]int64{
		int64(bits), e.Seq, toMicros(e.Original.ReceivedAt), toMicros(e.AcceptedAt),
		int64(e.Attempts), e.Sequence, int64(e.Lane), blob.Size,
	} {
		b = binary.AppendVarint(b, n)
	}
	for _, s := range [...]string{
		e.Original.Channel, e.Original.Account, e.Original.ID, e.Original.MediaType, e.Original.Defect,
		e.SHA256, e.PrevHash, e.Conversation, e.Quarantined, blob.SHA256, blob.MediaType, blob.Ref,
	} {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	return b
}

var errCut = errors.New("entry is cut short")

// decodeEntry reads what encodeEntry wrote.
func decodeEntry(b []byte) (pipeline.Entry, error) {
	var n [8]int64
	for i := range n {
		v, size := binary.Varint(b)
		if size <= 0 {
			return pipeline.Entry{}, errCut
		}
		n[i], b = v, b[size:]
	}
	var s [12]string
	for i := range s {
		length, size := binary.Uvarint(b)
		if size <= 0 || length > uint64(len(b)-size) {
			return pipeline.Entry{}, errCut
		}
		s[i], b = string(b[size:size+int(length)]), b[size+int(length):]
	}
	if len(b) != 0 {
		return pipeline.Entry{}, errors.New("entry has a tail")
	}
	if n[6] < 0 || n[6] > int64(pipeline.LaneLow) {
		return pipeline.Entry{}, errors.New("entry has no known lane")
	}
	e := pipeline.Entry{
		Seq: n[1],
		Original: channels.Original{
			Channel: s[0], Account: s[1], ID: s[2], MediaType: s[3], Defect: s[4],
			ReceivedAt: fromMicros(n[2]), Renumbered: n[0]&entryRenumbered != 0,
		},
		AcceptedAt: fromMicros(n[3]), SHA256: s[5], PrevHash: s[6], Attempts: int(n[4]),
		Placed:      pipeline.Placed{Conversation: s[7], Sequence: n[5], Foreign: n[0]&entryForeign != 0},
		Lane:        pipeline.Lane(n[6]),
		Quarantined: s[8],
	}
	if n[0]&entryBlob != 0 {
		e.Original.Blob = &contact.Blob{SHA256: s[9], Size: n[7], MediaType: s[10], Ref: s[11]}
	}
	return e, nil
}
