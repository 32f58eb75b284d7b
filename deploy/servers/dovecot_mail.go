package servers

import (
	"fmt"
	"net/textproto"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// Deliver puts mails into a folder of user's mailbox as a delivery agent does
// (Maildir), in order: INBOX, Processed or Reports. The server tells waiting
// clients within half a second.
func (d *DovecotServer) Deliver(t testing.TB, user, folder string, mails ...[]byte) {
	t.Helper()
	dir := d.maildir(t, user, folder)
	for _, mail := range mails {
		name := mailName(len(mail))
		// Written under tmp and then moved, so that it appears whole.
		temporary := filepath.Join(dir, "tmp", name)
		must(t, os.WriteFile(temporary, mail, 0o600))
		must(t, os.Lchown(temporary, d.uid, d.gid))
		must(t, os.Rename(temporary, filepath.Join(dir, "new", name)))
	}
}

var delivered atomic.Int64

// mailName sorts in order of delivery: the server gives UIDs in that order.
func mailName(size int) string {
	now := time.Now()
	return fmt.Sprintf("%d.M%06dP%dQ%09d.test,S=%d", now.Unix(), now.Nanosecond()/1000, os.Getpid(), delivered.Add(1), size)
}

// DeliverLMTP hands a mail to the server by LMTP, as a mail server does.
func (d *DovecotServer) DeliverLMTP(t testing.TB, user string, mail []byte) {
	t.Helper()
	conn, err := textproto.Dial("tcp", d.LMTP)
	must(t, err)
	defer conn.Close()
	_, _, err = conn.ReadResponse(220)
	must(t, err)
	for _, step := range []struct {
		command string
		want    int
	}{
		{"LHLO test", 250}, {"MAIL FROM:<sender@example.org>", 250}, {"RCPT TO:<" + user + ">", 250}, {"DATA", 354},
	} {
		must(t, conn.PrintfLine("%s", step.command))
		_, _, err = conn.ReadResponse(step.want)
		must(t, err)
	}
	body := conn.DotWriter()
	_, err = body.Write(mail)
	must(t, err)
	must(t, body.Close())
	_, _, err = conn.ReadResponse(250)
	must(t, err)
}

// Count returns how many mails lie in a folder of user's mailbox.
func (d *DovecotServer) Count(t testing.TB, user, folder string) int {
	t.Helper()
	dir := d.folder(user, folder)
	count := 0
	for _, part := range []string{"new", "cur"} {
		// Not made when missing: the server may be making it just now.
		entries, err := os.ReadDir(filepath.Join(dir, part))
		if !os.IsNotExist(err) {
			must(t, err)
		}
		count += len(entries)
	}
	return count
}

// Await returns the mails of a folder of user's mailbox, in order of delivery,
// once there are at least count.
func (d *DovecotServer) Await(t testing.TB, user, folder string, count int) [][]byte {
	t.Helper()
	limit := time.After(startWait)
	retry := time.NewTicker(10 * time.Millisecond)
	defer retry.Stop()
	for {
		if mails := d.mails(t, user, folder); len(mails) >= count {
			return mails
		}
		select {
		case <-retry.C:
		case <-limit:
			t.Fatalf("await mail: %d of %d in %s of %s:\n%s", d.Count(t, user, folder), count, folder, user, d.Log())
		}
	}
}

// mails reads the files of a folder.
func (d *DovecotServer) mails(t testing.TB, user, folder string) [][]byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(d.folder(user, folder), "[nc][eu][wr]", "*"))
	must(t, err)
	slices.SortFunc(files, func(a, b string) int { return deliveredAt(a).Compare(deliveredAt(b)) })
	mails := make([][]byte, 0, len(files))
	for _, file := range files {
		mail, err := os.ReadFile(file)
		if os.IsNotExist(err) {
			continue // moved from new to cur just now
		}
		must(t, err)
		mails = append(mails, mail)
	}
	return mails
}

// deliveredAt is when Dovecot wrote a file, whose name begins with the seconds and
// microseconds as plain numbers: 1795653932.M5847P20.
func deliveredAt(file string) time.Time {
	var seconds, microseconds int64
	// What is named otherwise sorts first.
	_, _ = fmt.Sscanf(filepath.Base(file), "%d.M%dP", &seconds, &microseconds)
	return time.Unix(seconds, microseconds*1000)
}

// Renumber makes the server forget its UIDs: the folder gets a new
// UIDVALIDITY. Its clients must be gone (Kill) or lose their connection.
func (d *DovecotServer) Renumber(t testing.TB, user, folder string) {
	t.Helper()
	lists, err := filepath.Glob(filepath.Join(d.folder(user, folder), "dovecot*"))
	must(t, err)
	for _, list := range lists {
		// It remembers the last UIDVALIDITY, which is made of the time in
		// seconds and could come out the same.
		if !strings.HasPrefix(filepath.Base(list), "dovecot-uidvalidity") {
			must(t, os.RemoveAll(list))
		}
	}
}

// folder is the directory of a mail folder.
func (d *DovecotServer) folder(user, folder string) string {
	dir := filepath.Join(d.dir, "mail", user, "Maildir")
	if strings.EqualFold(folder, "INBOX") {
		return dir
	}
	return filepath.Join(dir, "."+folder)
}

// maildir returns the folder's directory, made if it is missing.
func (d *DovecotServer) maildir(t testing.TB, user, folder string) string {
	t.Helper()
	inbox, dir := d.folder(user, "INBOX"), d.folder(user, folder)
	for _, part := range []string{
		filepath.Dir(inbox), inbox, dir,
		filepath.Join(dir, "tmp"), filepath.Join(dir, "new"), filepath.Join(dir, "cur"),
	} {
		if err := os.Mkdir(part, 0o700); err == nil {
			must(t, os.Chown(part, d.uid, d.gid))
		} else if !os.IsExist(err) {
			must(t, err)
		}
	}
	return dir
}
