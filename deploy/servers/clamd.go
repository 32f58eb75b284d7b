package servers

import (
	"bufio"
	"cmp"
	"encoding/hex"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// clamdConfig tells of every limit that a file exceeds (AlertExceedsMax), as
// clamd would otherwise call "OK" what it has not read to its end.
const clamdConfig = `
Foreground yes
DatabaseDirectory $D/signatures
TemporaryDirectory $D/scanned
TCPAddr 127.0.0.1
TCPSocket $PORT
StreamMaxLength $STREAM
MaxFileSize $SCAN
MaxScanSize $SCAN
AlertExceedsMax yes
`

// eicar is the file that scanners agreed on for tests (eicar.org). It is in
// parts so that no scanner takes this source for it.
var eicar = []string{`X5O!P%@AP[4\PZX54(P^)7CC)7}$`, `EICAR-STANDARD-`, `ANTIVIRUS-TEST-`, `FILE!$H+H*`}

// EICAR returns a harmless file in which Clamd finds a virus.
func EICAR() []byte { return []byte(strings.Join(eicar, "")) }

// EICARName is the virus that Clamd finds in EICAR. clamd marks every signature
// that does not come from ClamAV.
const EICARName = "Eicar-Test-Signature.UNOFFICIAL"

// ClamdOptions change what the scanner reads.
type ClamdOptions struct {
	// StreamLimit is the size in bytes from which clamd refuses a stream
	// (StreamMaxLength); 0: 25 MiB.
	StreamLimit int
	// ScanLimit is the size in bytes, of a file or of all in an archive, from
	// which it does not look further and says so; 0: 100 MiB.
	ScanLimit int
}

// ClamdServer is a real ClamAV scanner on loopback that knows one virus.
type ClamdServer struct {
	// Address, host:port, takes clamd's commands (INSTREAM).
	Address string

	*daemon
}

// Clamd starts a fresh scanner, which ends with the test. It fetches no
// signatures. Without clamd the test is skipped, or fails when CI is "true".
func Clamd(t testing.TB, options ClamdOptions) *ClamdServer {
	t.Helper()
	if _, err := exec.LookPath("clamd"); err != nil {
		skipOrFail(t, "clamd is not installed: `make up` as root, or apt-get install clamav-daemon")
	}
	c := &ClamdServer{daemon: newDaemon(t, "clamd")}
	c.Address = c.listen(t)
	c.write(t, "clamd.conf", strings.NewReplacer(
		"$D", c.dir, "$PORT", port(c.Address),
		"$STREAM", strconv.Itoa(cmp.Or(options.StreamLimit, 25<<20)),
		"$SCAN", strconv.Itoa(cmp.Or(options.ScanLimit, 100<<20)),
	).Replace(clamdConfig))
	must(t, os.Mkdir(c.path("signatures"), 0o755))
	must(t, os.Mkdir(c.path("scanned"), 0o700))
	// Name, any type of file, at its beginning, these bytes.
	c.write(t, "signatures/test.ndb", "Eicar-Test-Signature:0:0:"+hex.EncodeToString(EICAR())+"\n")
	c.Start(t)
	return c
}

// Start runs a killed scanner again on the same address, and returns when it
// answers.
func (c *ClamdServer) Start(t testing.TB) {
	t.Helper()
	c.start(t, pongs, []string{c.Address}, "clamd", "-c", c.path("clamd.conf"))
}

// pongs says whether clamd answers.
func pongs(conn net.Conn) bool {
	if _, err := conn.Write([]byte("nPING\n")); err != nil {
		return false
	}
	line, _ := bufio.NewReader(conn).ReadString('\n')
	return line == "PONG\n"
}
