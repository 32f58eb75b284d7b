package servers

import (
	"cmp"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"strings"
	"testing"
	"time"
)

// postfixMaster is where Debian puts the process that starts all others.
const postfixMaster = "/usr/lib/postfix/sbin/master"

// PostfixOptions change what Postfix takes. The patterns are POSIX extended
// regular expressions on a recipient's whole address, in any case; empty: none.
type PostfixOptions struct {
	// Refuse names the recipients that are refused at once (RCPT TO, 550).
	Refuse string
	// Bounce names the recipients whose mail is taken and then comes back to
	// its sender as undeliverable (RFC 3464).
	Bounce string
	// SizeLimit of a mail in bytes; 0: 10 MiB.
	SizeLimit int
	// Maildirs are the addresses whose mail Postfix puts into their mailboxes by
	// itself, and then no others have any: Dovecot's LMTP before 2.4 takes no
	// internationalised addresses (RFC 6531). Empty: Dovecot does it for all.
	Maildirs []string
	// Extra is appended to main.cf.
	Extra string
}

// PostfixServer is a real mail server on loopback that takes submitted mail.
// Every address of every domain is a mailbox of the same name on the Dovecot
// that it was given ("bob@example.org"), and no mail leaves the machine. A
// submitter logs in as any user by what that Dovecot believes: DovecotPassword
// (PLAIN, LOGIN) or DovecotServer.Token (XOAUTH2, OAUTHBEARER).
type PostfixServer struct {
	// Submission and SMTPS are its addresses, host:port: one asks for STARTTLS
	// before a login, one speaks TLS from the start.
	Submission, SMTPS string
	// CAFile holds the certificate that it shows, which is Dovecot's.
	CAFile string

	*daemon
}

// Postfix starts a fresh server, which ends with the test. It needs root.
// Without that or Postfix the test is skipped, or fails when CI is "true".
func Postfix(t testing.TB, mailboxes *DovecotServer, options PostfixOptions) *PostfixServer {
	t.Helper()
	if !exists(postfixMaster) {
		skipOrFail(t, "postfix is not installed: `make up` as root, which does it where there is no other mail server")
	}
	if os.Geteuid() != 0 {
		skipOrFail(t, "only root can start postfix, which runs as users of its own")
	}
	p := &PostfixServer{daemon: newDaemon(t, "postfix"), CAFile: mailboxes.CAFile}
	p.Submission, p.SMTPS = p.listen(t), p.listen(t)
	p.configure(t, mailboxes, options)
	p.makeQueue(t)
	p.Start(t)
	return p
}

// Start runs a killed server on the same addresses and queue as before, and
// returns when it answers.
func (p *PostfixServer) Start(t testing.TB) {
	t.Helper()
	// -d: stay in the foreground.
	p.start(t, greets, []string{p.Submission}, postfixMaster, "-c", p.dir, "-d")
}

// configure writes main.cf, master.cf and the tables of recipients.
func (p *PostfixServer) configure(t testing.TB, mailboxes *DovecotServer, options PostfixOptions) {
	t.Helper()
	delivery, maildirs := postfixByLMTP, ""
	for _, address := range options.Maildirs {
		delivery, maildirs = postfixByItself, maildirs+address+" "+address+"/Maildir/\n"
	}
	main := strings.NewReplacer(
		"$D", p.dir, "$MAILBOXES", mailboxes.dir, "$LMTP", mailboxes.LMTP,
		"$UID", strconv.Itoa(mailboxes.uid), "$GID", strconv.Itoa(mailboxes.gid),
		"$SIZE", strconv.Itoa(cmp.Or(options.SizeLimit, 10<<20)),
	).Replace(strings.Replace(postfixMain, "$DELIVERY", delivery, 1))
	p.write(t, "main.cf", main+options.Extra+"\n")
	// Each of its processes would wait until the file is two seconds old, lest
	// somebody is still writing it.
	must(t, os.Chtimes(p.path("main.cf"), time.Time{}, time.Now().Add(-time.Minute)))
	p.write(t, "master.cf", strings.NewReplacer("$SUBMISSION", p.Submission, "$SMTPS", p.SMTPS).Replace(postfixServices))
	p.write(t, "refuse", recipients(options.Refuse, "550 5.1.1 No such mailbox"))
	p.write(t, "maildirs", maildirs)
	p.write(t, "bounce", recipients(options.Bounce, "error:5.1.1 No such mailbox"))
}

// recipients is a table of one line, or an empty one.
func recipients(pattern, result string) string {
	if pattern == "" {
		return ""
	}
	return fmt.Sprintf("/%s/ %s\n", strings.ReplaceAll(pattern, "/", `\/`), result)
}

// makeQueue makes the folders that a script of the package makes for the
// machine's own Postfix.
func (p *PostfixServer) makeQueue(t testing.TB) {
	t.Helper()
	owner, err := user.Lookup("postfix")
	must(t, err)
	uid, err := strconv.Atoi(owner.Uid)
	must(t, err)
	must(t, os.Mkdir(p.path("queue"), 0o755))
	must(t, os.Mkdir(p.path("queue/pid"), 0o755))
	for _, name := range []string{
		"data", "queue/active", "queue/bounce", "queue/corrupt", "queue/defer", "queue/deferred", "queue/flush",
		"queue/hold", "queue/incoming", "queue/maildrop", "queue/private", "queue/public", "queue/saved", "queue/trace",
	} {
		must(t, os.Mkdir(p.path(name), 0o700))
		must(t, os.Chown(p.path(name), uid, -1))
	}
}
