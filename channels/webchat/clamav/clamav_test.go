package clamav

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"contactd/deploy/servers"
)

func TestTheScannerTellsInfectedFromClean(t *testing.T) {
	daemon := servers.Clamd(t, servers.ClamdOptions{StreamLimit: 1 << 20})
	c := Config{Address: daemon.Address}
	if err := Ping(t.Context(), c); err != nil {
		t.Error(err)
	}
	for _, each := range []struct {
		what  string
		bytes []byte
		want  string
	}{
		{"text", []byte("hello"), ""},
		{"nothing", nil, ""},
		{"several chunks", make([]byte, 3*chunkSize+7), ""},
		{"a virus", servers.EICAR(), servers.EICARName},
	} {
		if found, err := Infected(t.Context(), c, bytes.NewReader(each.bytes)); err != nil || found != each.want {
			t.Errorf("%s: %q, %v", each.what, found, err)
		}
	}
	if found, err := Infected(t.Context(), c, io.LimitReader(zeros{}, 4<<20)); err == nil || found != "" {
		t.Errorf("more than the scanner takes: %q, %v", found, err)
	}
	if _, err := Infected(t.Context(), c, iotest.ErrReader(errors.New("the disk fails"))); err == nil || !strings.Contains(err.Error(), "the disk fails") {
		t.Errorf("bytes that cannot be read: %v", err)
	}
}

type zeros struct{}

// Read implements io.Reader.
func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

func TestAScannerThatDoesNotAnswerLeavesItOpen(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	if _, err := Infected(t.Context(), Config{Address: silent.Addr().String(), Timeout: 100 * time.Millisecond}, strings.NewReader("hello")); err == nil {
		t.Error("no answer passes for clean")
	}
	if err := Ping(t.Context(), Config{Address: silent.Addr().String(), Timeout: 100 * time.Millisecond}); err == nil {
		t.Error("a silent scanner answers")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Infected(ctx, Config{Address: silent.Addr().String()}, strings.NewReader("hello")); err == nil {
		t.Error("no time passes for clean")
	}
	if _, err := Infected(t.Context(), Config{Address: "/no/such/socket"}, strings.NewReader("hello")); err == nil {
		t.Error("no scanner passes for clean")
	}
}

func TestWhatWasNotSentWholeIsNotClean(t *testing.T) {
	for answer, want := range map[string]string{"stream: OK\x00": "", "stream: Eicar FOUND\x00": "Eicar"} {
		path := filepath.Join(t.TempDir(), "clamd")
		hasty, err := net.Listen("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		go func() { // it answers and goes before it has read anything
			if conn, err := hasty.Accept(); err == nil {
				_, _ = io.WriteString(conn, answer)
				_ = conn.Close()
			}
		}()
		found, err := Infected(t.Context(), Config{Address: path}, io.LimitReader(zeros{}, 4<<20))
		if found != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", answer, found, err)
		}
		_ = hasty.Close()
	}
}

func TestOnlyPlainWordsAreBelieved(t *testing.T) {
	for answer, clean := range map[string]bool{
		"stream: OK": true, "stream: Eicar FOUND": false, "": false, "OK then": false, "INSTREAM size limit exceeded. ERROR": false, "stream: FOUND": false,
	} {
		found, err := verdict(answer)
		if got := err == nil && found == ""; got != clean {
			t.Errorf("%q: %q, %v", answer, found, err)
		}
	}
}
