package journal

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"time"

	"contactd/channels"
	"contactd/contact"
	"contactd/pipeline"
)

// digest is a SHA-256.
type digest = [sha256.Size]byte

// row is one row of messages.
type row struct {
	seq                int64
	source             int64
	channel, account   string
	id, media, defect  string
	received, accepted int64
	size               int64
	sha                digest
	chain, prev        digest
	// byReference is set when the bytes lie in the blob folder; sniffed is
	// then their media type.
	byReference bool
	sniffed     string
	body        []byte
	identity    digest
	// gone is set when the bytes were pruned.
	gone bool
	// renumbered is channels.Original.Renumbered: a repetition when the same
	// bytes are known from its account.
	renumbered bool
}

// newRow prepares what does not depend on the row's place: it runs in the
// caller's goroutine and copies the bytes.
func newRow(o *channels.Original) (*row, error) {
	r := &row{
		channel: o.Channel, account: o.Account, id: o.ID,
		media: o.MediaType, defect: o.Defect, renumbered: o.Renumbered,
		received: toMicros(o.ReceivedAt),
		identity: identityOf(o.Channel, o.Account, o.ID),
	}
	if o.Blob == nil {
		r.size = int64(len(o.Bytes))
		r.body = append(make([]byte, 0, len(o.Bytes)), o.Bytes...)
		r.sha = sha256.Sum256(r.body)
		return r, nil
	}
	r.byReference, r.sniffed, r.size = true, o.Blob.MediaType, o.Blob.Size
	sum, err := parseDigest(o.Blob.SHA256)
	r.sha = sum
	return r, err
}

// identityOf is the unique key of a message: a digest of channel, account and
// id, in which ids that differ only in the number at their end, as those of
// one mailbox do, lie side by side in order. The index then grows at a few
// places instead of all over, which saves most of its writes.
func identityOf(channel, account, id string) digest {
	stem := strings.TrimRight(id, "0123456789")
	var number uint64
	for _, c := range []byte(id[len(stem):]) {
		number = number*10 + uint64(c-'0') // wrapping is fine: the rest tells ids apart
	}
	var key digest
	near := sha256.Sum256([]byte(channel + "\x00" + account + "\x00" + stem))
	exact := sha256.Sum256([]byte(channel + "\x00" + account + "\x00" + id))
	copy(key[:8], near[:])
	binary.BigEndian.PutUint64(key[8:], number)
	copy(key[16:], exact[:])
	return key
}

// link computes the row's hash from the hash of the row before and all that
// the row says. Every field is preceded by its length.
func (r *row) link(prev digest) digest {
	b := make([]byte, 0, 512)
	b = append(b, "contactd journal row 1\n"...)
	b = append(b, prev[:]...)
	for _, n := range [...]int64{r.seq, r.received, r.accepted, r.size} {
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	stored := "inline"
	if r.byReference {
		stored = "blob"
	}
	for _, s := range [...]string{r.channel, r.account, r.id, r.media, r.defect, stored, r.sniffed} {
		b = binary.BigEndian.AppendUint32(b, uint32(len(s)))
		b = append(b, s...)
	}
	b = append(b, r.sha[:]...)
	return sha256.Sum256(b)
}

// entry is the row as the pipeline sees it, not yet placed.
func (r *row) entry() pipeline.Entry {
	e := pipeline.Entry{
		Seq: r.seq,
		Original: channels.Original{
			Channel: r.channel, Account: r.account, ID: r.id,
			MediaType: r.media, ReceivedAt: fromMicros(r.received), Defect: r.defect,
		},
		AcceptedAt: fromMicros(r.accepted),
		SHA256:     hex.EncodeToString(r.sha[:]),
		PrevHash:   hex.EncodeToString(r.prev[:]),
		Row:        pipeline.RowMark{Seq: r.seq, Hash: hashOf(r.chain)},
	}
	if r.byReference {
		e.Original.Blob = &contact.Blob{SHA256: e.SHA256, Size: r.size, MediaType: r.sniffed}
	} else {
		e.Original.Bytes = r.body
	}
	return e
}

func toMicros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromMicros(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}
