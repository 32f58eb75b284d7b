package broker

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/twmb/franz-go/pkg/kmsg"
)

const (
	// minFrame is a request header without a client id.
	minFrame = 10
	// maxFrame bounds what one connection makes the broker keep in memory.
	maxFrame = 16 << 20
	// maxLoginFrame bounds it for those who have not logged in.
	maxLoginFrame = 4 << 10
	maxClientID   = 256
)

// errFrame is wrapped by the error of every frame that is kept from the broker.
var errFrame = errors.New("refused request")

// The requests that are part of logging in.
const (
	keySASLHandshake    int16 = 17
	keyAPIVersions      int16 = 18
	keySASLAuthenticate int16 = 36
)

// allowed reports whether producers, consumers or topic tools need a request.
// The rest of the protocol is not offered: less can go wrong.
func allowed(key int16) bool {
	switch key {
	case 0, 1, 2, 3, // Produce, Fetch, ListOffsets, Metadata
		8, 9, 10, 11, 12, 13, 14, 15, 16, // groups
		keySASLHandshake, keyAPIVersions, keySASLAuthenticate,
		19, 22, 23, // CreateTopics, InitProducerID, OffsetForLeaderEpoch
		32, 42, 44, 47, 60: // DescribeConfigs, DeleteGroups, IncrementalAlterConfigs, OffsetDelete, DescribeCluster
		return true
	}
	return false
}

// frame is the beginning of a request: all of it before a login, else its size
// and header, with rest bytes to follow.
type frame struct {
	key, version int16
	correlation  int32
	raw          []byte
	rest         int
}

// readFrame reads the beginning of the next request and refuses what the broker
// could choke on: a size out of bounds, a request or version that it
// does not know, tags in the header, and before a login everything but a login.
func readFrame(r *bufio.Reader, loggedIn bool) (frame, error) {
	var f frame
	head := make([]byte, 4+minFrame)
	if _, err := io.ReadFull(r, head[:4]); err != nil {
		return f, err
	}
	size, limit := binary.BigEndian.Uint32(head), uint32(maxFrame)
	if !loggedIn {
		limit = maxLoginFrame
	}
	if size < minFrame || size > limit {
		return f, fmt.Errorf("%w: size %d, want %d to %d", errFrame, size, minFrame, limit)
	}
	if _, err := io.ReadFull(r, head[4:]); err != nil {
		return f, err
	}
	f.key = int16(binary.BigEndian.Uint16(head[4:]))
	f.version = int16(binary.BigEndian.Uint16(head[6:]))
	f.correlation = int32(binary.BigEndian.Uint32(head[8:]))
	flexible, err := known(f.key, f.version, loggedIn)
	if err != nil {
		return f, err
	}
	f.raw, f.rest = head, int(size)-minFrame
	if err := f.readHeader(r, flexible); err != nil {
		return f, err
	}
	if loggedIn {
		return f, nil
	}
	body, err := f.take(r, f.rest)
	if err != nil {
		return f, err
	}
	return f, checkLogin(f.key, f.version, body)
}

// readHeader reads the client id and, in flexible versions, the tags, of which
// there must be none.
func (f *frame) readHeader(r *bufio.Reader, flexible bool) error {
	length := int(int16(binary.BigEndian.Uint16(f.raw[12:])))
	if length < -1 || length > maxClientID {
		return fmt.Errorf("%w: client id of %d bytes", errFrame, length)
	}
	if _, err := f.take(r, max(length, 0)); err != nil {
		return err
	}
	if !flexible {
		return nil
	}
	tags, err := f.take(r, 1)
	if err != nil {
		return err
	}
	if tags[0] != 0 {
		return fmt.Errorf("%w: tags in the header", errFrame)
	}
	return nil
}

// take reads n more bytes of the frame.
func (f *frame) take(r *bufio.Reader, n int) ([]byte, error) {
	if n > f.rest {
		return nil, fmt.Errorf("%w: shorter than its header", errFrame)
	}
	at := len(f.raw)
	f.raw = append(f.raw, make([]byte, n)...)
	f.rest -= n
	_, err := io.ReadFull(r, f.raw[at:])
	return f.raw[at:], err
}

// known reports whether a request may pass, and whether its version is one of
// those with tags.
func known(key, version int16, loggedIn bool) (flexible bool, err error) {
	login := key == keySASLHandshake || key == keyAPIVersions || key == keySASLAuthenticate
	if !allowed(key) || !loggedIn && !login {
		return false, fmt.Errorf("%w: kind %d", errFrame, key)
	}
	request := kmsg.RequestForKey(key)
	if request == nil || version < 0 || version > request.MaxVersion() {
		return false, fmt.Errorf("%w: kind %d version %d", errFrame, key, version)
	}
	request.SetVersion(version)
	return request.IsFlexible(), nil
}

// checkLogin walks the body of a request that comes before a login, and refuses
// one with tags: the broker would count a claimed number of them for minutes.
func checkLogin(key, version int16, body []byte) error {
	w := walker{rest: body}
	switch {
	case key == keyAPIVersions && version < 3:
	case key == keyAPIVersions:
		w.compact(false)
		w.compact(false)
		if version >= 5 {
			w.compact(true)
			w.skip(4)
		}
		w.skipByte(0)
	case key == keySASLHandshake:
		w.short()
	case version < 2: // keySASLAuthenticate
		w.long()
	default:
		w.compact(true)
		w.skipByte(0)
	}
	if w.bad || len(w.rest) != 0 {
		return fmt.Errorf("%w: malformed kind %d version %d", errFrame, key, version)
	}
	return nil
}

// walker steps over the fields of a body.
type walker struct {
	rest []byte
	bad  bool
}

func (w *walker) skip(n int) []byte {
	if n < 0 || n > len(w.rest) {
		w.bad, w.rest = true, nil
		return make([]byte, 4)
	}
	skipped := w.rest[:n]
	w.rest = w.rest[n:]
	return skipped
}

func (w *walker) skipByte(want byte) {
	if w.skip(1)[0] != want {
		w.bad = true
	}
}

// short, long and compact are the three ways in which a length is written. A
// compact one may say that there is nothing, which the broker's parser takes
// for a damaged request where it expects something.
func (w *walker) short() { w.skip(int(binary.BigEndian.Uint16(w.skip(2)))) }
func (w *walker) long()  { w.skip(int(binary.BigEndian.Uint32(w.skip(4)))) }
func (w *walker) compact(nullable bool) {
	length, n := binary.Uvarint(w.rest)
	if n <= 0 || length > maxLoginFrame || length == 0 && !nullable {
		w.bad, w.rest = true, nil
		return
	}
	w.skip(n)
	if length > 0 { // 0 is null, else one more than the length
		w.skip(int(length) - 1)
	}
}
