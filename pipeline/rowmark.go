package pipeline

import (
	"strconv"
	"strings"
)

// RowMark names a row of a journal for good: the header MetaRow of every record
// that tells of one. Two rows of the same number, as when a journal was put back
// from a backup and went on from there, differ in their hash.
type RowMark struct {
	Journal string // made at random when a journal is begun
	Seq     int64
	Hash    string // the beginning of the row's hash in the chain, hex
}

// String gives it as the header.
func (m RowMark) String() string {
	return m.Journal + "/" + strconv.FormatInt(m.Seq, 10) + "/" + m.Hash
}

// readMark reads the header; false when there is none.
func readMark(header string) (RowMark, bool) {
	journal, rest, _ := strings.Cut(header, "/")
	number, hash, _ := strings.Cut(rest, "/")
	seq, err := strconv.ParseInt(number, 10, 64)
	return RowMark{Journal: journal, Seq: seq, Hash: hash}, err == nil && seq > 0 && journal != "" && hash != ""
}
