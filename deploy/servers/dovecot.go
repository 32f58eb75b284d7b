package servers

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// DovecotPassword is the password of every mailbox on a Dovecot.
const DovecotPassword = "test101"

// DovecotOptions change what Dovecot starts.
type DovecotOptions struct {
	// Introspect is the URL that Dovecot asks about bearer tokens. Empty: it
	// checks tokens of DovecotServer.Token by itself.
	Introspect string
	// Extra is appended to its configuration.
	Extra string
}

// DovecotServer is a real IMAP and LMTP server on loopback, with any number
// of mailboxes: every user name has one, with DovecotPassword. Its methods
// fail the test when they cannot do what they say.
type DovecotServer struct {
	// IMAP, IMAPS and LMTP are the addresses of the server, host:port. IMAP
	// is plain and offers STARTTLS.
	IMAP, IMAPS, LMTP string
	// CAFile holds the certificate that the server shows, for localhost and
	// 127.0.0.1; it is its own authority.
	CAFile string

	*daemon
	uid, gid int
}

// Dovecot starts a fresh server, which ends with the test. Without Dovecot on
// the machine the test is skipped, or fails when CI is "true".
func Dovecot(t testing.TB, options DovecotOptions) *DovecotServer {
	t.Helper()
	for _, program := range []string{"dovecot", "openssl"} {
		if _, err := exec.LookPath(program); err != nil {
			skipOrFail(t, program+" is not installed (Debian: dovecot-imapd, dovecot-lmtpd, openssl)")
		}
	}
	d := &DovecotServer{daemon: newDaemon(t, "dovecot"), uid: os.Getuid(), gid: os.Getgid()}
	d.CAFile = d.path("cert.pem")
	if d.uid == 0 {
		d.uid, d.gid = 65534, 65534 // Dovecot refuses mail for root
	}
	d.IMAP, d.IMAPS, d.LMTP = d.listen(t), d.listen(t), d.listen(t)
	d.configure(t, options)
	d.Start(t)
	return d
}

// Start runs the server on the same addresses and mail as before, and returns
// when it answers.
func (d *DovecotServer) Start(t testing.TB) {
	t.Helper()
	// What a killed server left there would be taken for a running one.
	must(t, os.RemoveAll(d.path("run")))
	// The new one would wait two minutes for the owner of such a lock.
	for _, pattern := range []string{"mail/*/Maildir/*.lock", "mail/*/Maildir/.*/*.lock"} {
		locks, err := filepath.Glob(d.path(pattern))
		must(t, err)
		for _, lock := range locks {
			must(t, os.Remove(lock))
		}
	}
	d.start(t, greets, []string{d.IMAP, d.LMTP}, "dovecot", "-F", "-c", d.path("dovecot.conf"))
}

// Restart kills the server and starts it again.
func (d *DovecotServer) Restart(t testing.TB) {
	t.Helper()
	d.Kill(t)
	d.Start(t)
}

// configure writes certificate, token key and configuration.
func (d *DovecotServer) configure(t testing.TB, options DovecotOptions) {
	t.Helper()
	out, err := exec.Command("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
		"-nodes", "-days", "30", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
		"-keyout", d.path("key.pem"), "-out", d.CAFile).CombinedOutput()
	if err != nil {
		t.Fatalf("make certificate: %v\n%s", err, out)
	}
	d.configureTokens(t, options.Introspect)
	text := strings.NewReplacer(
		"$D", d.dir,
		"$UID", strconv.Itoa(d.uid), "$GID", strconv.Itoa(d.gid), // before their beginnings
		"$U", userName(t, d.uid), "$G", groupName(t, d.gid),
		"$PASSWORD", DovecotPassword,
		"$IMAP", port(d.IMAP), "$TLS", port(d.IMAPS), "$LMTP", port(d.LMTP),
	).Replace(dovecotConfig) + options.Extra + "\n"
	d.write(t, "dovecot.conf", text)
	must(t, os.Mkdir(d.path("mail"), 0o755))
	must(t, os.Chown(d.path("mail"), d.uid, d.gid))
}
