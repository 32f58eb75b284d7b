package broker

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// frames are requests as real clients send them.
func frames() [][]byte {
	var made [][]byte
	format := kmsg.NewRequestFormatter(kmsg.FormatterClientID("kcat"))
	add := func(version int16, r kmsg.Request) {
		r.SetVersion(version)
		made = append(made, format.AppendRequest(nil, r, 7))
	}
	for version := range int16(6) {
		r := kmsg.NewPtrApiVersionsRequest()
		r.ClientSoftwareName, r.ClientSoftwareVersion = "librdkafka", "2.0.2"
		add(version, r)
	}
	handshake := kmsg.NewPtrSASLHandshakeRequest()
	handshake.Mechanism = "SCRAM-SHA-512"
	add(1, handshake)
	for version := range int16(3) {
		r := kmsg.NewPtrSASLAuthenticateRequest()
		r.SASLAuthBytes = []byte("n,,n=reader,r=abcdef")
		add(version, r)
	}
	return made
}

func TestRealLoginRequestsPass(t *testing.T) {
	for _, raw := range frames() {
		f, err := readFrame(bufio.NewReader(bytes.NewReader(raw)), false)
		if err != nil || !bytes.Equal(f.raw, raw) || f.rest != 0 {
			t.Errorf("%x: %+v, %v", raw, f, err)
		}
	}
}

// Whatever comes, the guard neither panics nor lets more or other bytes pass
// than came, and before a login only what the broker's parser reads at once.
func FuzzReadFrame(f *testing.F) {
	for _, raw := range frames() {
		f.Add(raw, false)
		f.Add(raw, true)
	}
	fetch := kmsg.NewPtrFetchRequest()
	fetch.SetVersion(12)
	f.Add(kmsg.NewRequestFormatter().AppendRequest(nil, fetch, 1), true)
	f.Add([]byte{0, 0, 0, 14, 0, 18, 0, 3, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, false)
	f.Fuzz(func(t *testing.T, raw []byte, loggedIn bool) {
		got, err := readFrame(bufio.NewReader(bytes.NewReader(raw)), loggedIn)
		if err != nil {
			if !errors.Is(err, errFrame) && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Fatalf("unexpected error %v", err)
			}
			return
		}
		if !bytes.HasPrefix(raw, got.raw) {
			t.Fatalf("passed %x of %x", got.raw, raw)
		}
		size := int(binary.BigEndian.Uint32(raw))
		if len(got.raw)+got.rest != 4+size || got.rest < 0 {
			t.Fatalf("%d and %d bytes of %d", len(got.raw), got.rest, size)
		}
		if !loggedIn {
			parse(t, got)
		}
	})
}

// parse reads a request as the broker does.
func parse(t *testing.T, f frame) {
	t.Helper()
	if f.rest != 0 {
		t.Fatal("a request before a login was not looked at to its end")
	}
	request := kmsg.RequestForKey(f.key)
	request.SetVersion(f.version)
	at := 14 + max(0, int(int16(binary.BigEndian.Uint16(f.raw[12:]))))
	if request.IsFlexible() {
		at++
	}
	if err := request.ReadFrom(f.raw[at:]); err != nil {
		t.Fatalf("the broker does not read %x: %v", f.raw, err)
	}
}

func TestTheGuardOffersWhatItLetsPass(t *testing.T) {
	for version := range int16(5) {
		answer := kmsg.NewPtrApiVersionsResponse()
		answer.SetVersion(version)
		for _, key := range []int16{0, 17, 18, 33, 77} {
			k := kmsg.NewApiVersionsResponseApiKey()
			k.ApiKey, k.MinVersion, k.MaxVersion = key, 1, 3
			answer.ApiKeys = append(answer.ApiKeys, k)
		}
		raw := answer.AppendTo([]byte{0, 0, 0, 0, 0, 0, 0, 9})
		changed := offer(version, raw)
		if int(binary.BigEndian.Uint32(changed)) != len(changed)-4 || !bytes.Equal(changed[4:8], raw[4:8]) {
			t.Errorf("v%d: header %x", version, changed[:8])
		}
		got := kmsg.NewPtrApiVersionsResponse()
		got.SetVersion(version)
		if err := got.ReadFrom(changed[8:]); err != nil {
			t.Fatal(err)
		}
		if len(got.ApiKeys) != 3 || got.ApiKeys[1].ApiKey != 17 || got.ApiKeys[1].MinVersion != 0 {
			t.Errorf("v%d: %+v", version, got.ApiKeys)
		}
	}
}
