package servers

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
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

	dir      string
	uid, gid int
	cmd      *exec.Cmd
	exited   chan struct{}
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
	// Not t.TempDir: its path is too long for Dovecot's sockets, and closed
	// to the user that Dovecot's processes run as.
	dir, err := os.MkdirTemp("/tmp", "dc") //nolint:usetesting // see above
	must(t, err)
	must(t, os.Chmod(dir, 0o755))
	d := &DovecotServer{dir: dir, CAFile: filepath.Join(dir, "cert.pem"), uid: os.Getuid(), gid: os.Getgid()}
	if d.uid == 0 {
		d.uid, d.gid = 65534, 65534 // Dovecot refuses mail for root
	}
	t.Cleanup(func() {
		d.Kill(t)
		os.RemoveAll(dir)
	})
	d.IMAP, d.IMAPS, d.LMTP = freeAddress(t), freeAddress(t), freeAddress(t)
	d.configure(t, options)
	d.Start(t)
	return d
}

// Start runs the server on the same addresses and mail as before, and returns
// when it answers.
func (d *DovecotServer) Start(t testing.TB) {
	t.Helper()
	// What a killed server left there would be taken for a running one.
	must(t, os.RemoveAll(filepath.Join(d.dir, "run")))
	// The new one would wait two minutes for the owner of such a lock.
	for _, pattern := range []string{"mail/*/Maildir/*.lock", "mail/*/Maildir/.*/*.lock"} {
		locks, err := filepath.Glob(filepath.Join(d.dir, pattern))
		must(t, err)
		for _, lock := range locks {
			must(t, os.Remove(lock))
		}
	}
	d.cmd = exec.Command("dovecot", "-F", "-c", filepath.Join(d.dir, "dovecot.conf"))
	// A group of its own, so that one signal meets all of its processes.
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	must(t, d.cmd.Start())
	d.exited = make(chan struct{})
	go func(cmd *exec.Cmd, exited chan struct{}) { cmd.Wait(); close(exited) }(d.cmd, d.exited)
	for _, address := range []string{d.IMAP, d.LMTP} {
		d.awaitGreeting(t, address)
	}
}

// Kill ends all of the server's processes at once (SIGKILL).
func (d *DovecotServer) Kill(t testing.TB) {
	if d.cmd == nil {
		return
	}
	d.signal(t, syscall.SIGKILL)
	<-d.exited
	d.cmd = nil
	for _, address := range []string{d.IMAP, d.IMAPS, d.LMTP} {
		awaitRefusal(t, address)
	}
}

// awaitRefusal waits until nobody listens: the master's children hold its
// sockets until they have died too.
func awaitRefusal(t testing.TB, address string) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	retry := time.NewTicker(2 * time.Millisecond)
	defer retry.Stop()
	for {
		conn, err := net.DialTimeout("tcp", address, time.Second)
		if err != nil {
			return
		}
		conn.Close()
		select {
		case <-retry.C:
		case <-ctx.Done():
			t.Fatalf("kill dovecot: %s is still answered", address)
		}
	}
}

// Restart kills the server and starts it again.
func (d *DovecotServer) Restart(t testing.TB) {
	t.Helper()
	d.Kill(t)
	d.Start(t)
}

// Freeze stops the server without closing a connection (SIGSTOP), as a dead
// network does; Thaw lets it run on.
func (d *DovecotServer) Freeze(t testing.TB) { t.Helper(); d.signal(t, syscall.SIGSTOP) }

// Thaw ends Freeze.
func (d *DovecotServer) Thaw(t testing.TB) { t.Helper(); d.signal(t, syscall.SIGCONT) }

// Log returns what the server logged, for a failing test.
func (d *DovecotServer) Log() string {
	log, _ := os.ReadFile(filepath.Join(d.dir, "dovecot.log"))
	return string(log)
}

func (d *DovecotServer) signal(t testing.TB, signal syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(-d.cmd.Process.Pid, signal); err != nil {
		t.Fatalf("signal dovecot: %v", err)
	}
}

// awaitGreeting waits until the server's first line comes from address.
func (d *DovecotServer) awaitGreeting(t testing.TB, address string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	retry := time.NewTicker(10 * time.Millisecond)
	defer retry.Stop()
	for {
		if conn, err := net.DialTimeout("tcp", address, time.Second); err == nil {
			conn.SetDeadline(time.Now().Add(5 * time.Second))
			line, _ := bufio.NewReader(conn).ReadString('\n')
			conn.Close()
			if line != "" {
				return
			}
		}
		select {
		case <-retry.C:
		case <-d.exited:
			t.Fatalf("start dovecot: it ended by itself:\n%s", d.Log())
		case <-ctx.Done():
			t.Fatalf("start dovecot: no greeting from %s in 20 s:\n%s", address, d.Log())
		}
	}
}

// configure writes certificate, token key and configuration.
func (d *DovecotServer) configure(t testing.TB, options DovecotOptions) {
	t.Helper()
	out, err := exec.Command("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
		"-nodes", "-days", "30", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
		"-keyout", filepath.Join(d.dir, "key.pem"), "-out", d.CAFile).CombinedOutput()
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
	must(t, os.WriteFile(filepath.Join(d.dir, "dovecot.conf"), []byte(text), 0o644))
	must(t, os.Mkdir(filepath.Join(d.dir, "mail"), 0o755))
	must(t, os.Chown(filepath.Join(d.dir, "mail"), d.uid, d.gid))
}

// freeAddress returns a loopback address that nobody listens on.
func freeAddress(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer listener.Close()
	return listener.Addr().String()
}

func port(address string) string {
	_, port, _ := net.SplitHostPort(address)
	return port
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(fmt.Errorf("prepare server: %w", err))
	}
}
