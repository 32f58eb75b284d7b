package servers_test

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/binary"
	"net"
	"strings"
	"testing"
	"time"

	"contactd/deploy/servers"
)

// scan streams a file to clamd and returns its verdict.
func scan(t *testing.T, c *servers.ClamdServer, file []byte) string {
	t.Helper()
	conn, err := net.Dial("tcp", c.Address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	stream := []byte("nINSTREAM\n")
	stream = binary.BigEndian.AppendUint32(stream, uint32(len(file)))
	stream = append(stream, file...)
	stream = binary.BigEndian.AppendUint32(stream, 0)
	// clamd answers a stream that is too long and closes, perhaps before we
	// have written all: its answer counts, not how the writing ended.
	_, sent := conn.Write(stream)
	verdict, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		t.Fatalf("no answer: %v (%v)\n%s", err, sent, c.Log())
	}
	return strings.TrimSpace(verdict)
}

// zipped packs one file.
func zipped(t *testing.T, file []byte) []byte {
	t.Helper()
	var packed bytes.Buffer
	archive := zip.NewWriter(&packed)
	entry, err := archive.Create("file")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := entry.Write(file); err != nil {
		t.Fatal(err)
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

func TestClamdFindsTheTestVirusAndSaysWhatItDidNotRead(t *testing.T) {
	c := servers.Clamd(t, servers.ClamdOptions{StreamLimit: 1 << 20, ScanLimit: 512 << 10})
	for _, attempt := range []struct {
		name string
		file []byte
		want string
	}{
		{"clean", []byte("a photo of the street"), "stream: OK"},
		{"virus", servers.EICAR(), "stream: " + servers.EICARName + " FOUND"},
		{"virus in an archive", zipped(t, servers.EICAR()), "stream: " + servers.EICARName + " FOUND"},
		{"more than it scans", make([]byte, 600<<10), "stream: Heuristics.Limits.Exceeded.MaxFileSize FOUND"},
		{"archive that grows", zipped(t, make([]byte, 10<<20)), "stream: Heuristics.Limits.Exceeded.MaxScanSize FOUND"},
		{"more than it takes", make([]byte, 1<<20+1), "INSTREAM size limit exceeded. ERROR"},
	} {
		if got := scan(t, c, attempt.file); got != attempt.want {
			t.Errorf("%s: %q, want %q\n%s", attempt.name, got, attempt.want, c.Log())
		}
	}
	c.Kill(t)
	c.Start(t)
	if got := scan(t, c, []byte("another photo")); got != "stream: OK" {
		t.Errorf("after a restart: %q\n%s", got, c.Log())
	}
}
