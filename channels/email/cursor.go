package email

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"contactd/channels"
)

// position is how far a folder has been read. Every mail up to last, under
// validity, was accepted or is proven gone.
type position struct {
	validity uint32 // UIDVALIDITY, 0 before the first mail
	last     uint32 // the highest UID of an unbroken row
	// renumbered is the UID up to which mails may have been accepted before
	// under other UIDs, 0 when UIDVALIDITY has not changed.
	renumbered uint32
	// reissued is how often the server has given UIDs out again under the same
	// UIDVALIDITY, which it must not: a mailbox that was put back from a backup.
	reissued uint32
	// defects are the UIDs of mails that could not be fetched whole: a person
	// was told of them, and they are tried again.
	defects []uint32
}

// cursorVersion begins every encoded position; another form needs another.
const cursorVersion = "1"

// keptDefects bounds how many defects outlive the process.
const keptDefects = 1000

// encode writes the position as version/validity/last/renumbered, followed by
// /reissued and by /defects when there are any.
func (p position) encode() string {
	text := fmt.Sprintf("%s/%d/%d/%d", cursorVersion, p.validity, p.last, p.renumbered)
	if p.reissued > 0 || len(p.defects) > 0 {
		text += fmt.Sprintf("/%d", p.reissued)
	}
	for i, uid := range p.defects[:min(len(p.defects), keptDefects)] {
		separator := ","
		if i == 0 {
			separator = "/"
		}
		text += fmt.Sprintf("%s%d", separator, uid)
	}
	return text
}

// decodePosition reads what encode wrote.
func decodePosition(text string) (position, error) {
	var p position
	number := func(part string) uint32 { // what is none makes a difference below
		n, _ := strconv.ParseUint(part, 10, 32)
		return uint32(n)
	}
	into := []*uint32{new(uint32), &p.validity, &p.last, &p.renumbered, &p.reissued}
	for i, part := range strings.Split(text, "/") {
		if i < len(into) {
			*into[i] = number(part)
			continue
		}
		for uid := range strings.SplitSeq(part, ",") {
			p.defects = append(p.defects, number(uid))
		}
	}
	switch {
	case p.encode() != text:
		return position{}, errors.New("read cursor: unknown form")
	case p.validity == 0:
		return position{}, errors.New("read cursor: no uidvalidity")
	}
	return p, nil
}

// cursorName is the name of a folder's cursor. Neither part holds a slash.
func cursorName(account, folder string) string {
	return "email/" + account + "/" + url.PathEscape(canonical(folder))
}

// cursor is the position as the inbox keeps it.
func (f *folder) cursor(p position) channels.Cursor {
	return channels.Cursor{Name: cursorName(f.account.Name, f.name), Value: p.encode()}
}

// platformID is the identity of a mail within its account: unlike Message-ID
// it cannot be missing, repeated or forged.
func (p position) platformID(folder string, uid uint32) string {
	validity := strconv.FormatUint(uint64(p.validity), 10)
	if p.reissued > 0 {
		validity += fmt.Sprintf("-%d", p.reissued)
	}
	return fmt.Sprintf("%s/%s/%d", url.PathEscape(canonical(folder)), validity, uid)
}
