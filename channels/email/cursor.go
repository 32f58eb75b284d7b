package email

import (
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
}

// cursorVersion begins every encoded position; another form needs another.
const cursorVersion = "1"

// encode writes the position as version/validity/last/renumbered, and
// /reissued when it is not 0.
func (p position) encode() string {
	text := fmt.Sprintf("%s/%d/%d/%d", cursorVersion, p.validity, p.last, p.renumbered)
	if p.reissued > 0 {
		text += fmt.Sprintf("/%d", p.reissued)
	}
	return text
}

// decodePosition reads what encode wrote.
func decodePosition(text string) (position, error) {
	parts := strings.Split(text, "/")
	if len(parts) < 4 || len(parts) > 5 || parts[0] != cursorVersion {
		return position{}, fmt.Errorf("read cursor: unknown form")
	}
	var numbers [4]uint32
	for i, part := range parts[1:] {
		number, err := strconv.ParseUint(part, 10, 32)
		if err != nil || strconv.FormatUint(number, 10) != part {
			return position{}, fmt.Errorf("read cursor: part %d is no number", i+1)
		}
		numbers[i] = uint32(number)
	}
	if len(parts) == 5 && numbers[3] == 0 {
		return position{}, fmt.Errorf("read cursor: part 4 is 0")
	}
	p := position{validity: numbers[0], last: numbers[1], renumbered: numbers[2], reissued: numbers[3]}
	if p.validity == 0 {
		return position{}, fmt.Errorf("read cursor: no uidvalidity")
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
