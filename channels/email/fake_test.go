package email

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"contactd/channels"
	"contactd/channels/channelstest"
	"contactd/channels/email/imap"
)

// mailbox is a small IMAP server in memory that keeps one folder and can be
// told to misbehave. It is for what a real server cannot be made to do.
type mailbox struct {
	mutex    sync.Mutex
	validity uint32
	next     uint32 // UIDNEXT, 0 for a server that does not tell
	mails    []stored
	offers   string
	login    string // the answer to LOGIN, OK when empty
	silent   bool   // tells nobody of new mails
	dials    []time.Time
	commands []string
	// fetch is asked about every mail that a FETCH is about to answer; nil
	// answers as one should.
	fetch func(command string, m stored) misdeed
	// moved is told of the mails of a MOVE and says whether it is done; nil
	// does it.
	moved func(mails []stored) bool
	waken map[chan struct{}]bool
}

type stored struct {
	uid  uint32
	body string
}

// misdeed is what a server does instead of answering.
type misdeed int

const (
	behave   misdeed = iota
	hangUp           // closes the connection in the middle
	skipIt           // leaves the mail out
	refuse           // answers NO
	throttle         // asks for a pause of a minute
	uidLast
	flagsFirst
	nilBody
	badDate
)

func newMailbox(n int) *mailbox {
	m := &mailbox{validity: 7, offers: "IMAP4rev1 IDLE UIDPLUS MOVE", waken: map[chan struct{}]bool{}}
	for i := range n {
		m.mails = append(m.mails, stored{uint32(i + 1), string(mailNumber(i))})
	}
	return m
}

// put adds a mail and tells those who wait.
func (m *mailbox) put(mail stored) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.mails = append(m.mails, mail)
	slices.SortFunc(m.mails, func(a, b stored) int { return int(a.uid) - int(b.uid) })
	for wake := range m.waken {
		if !m.silent {
			close(wake)
			delete(m.waken, wake)
		}
	}
}

// remove expunges a mail.
func (m *mailbox) remove(uid uint32) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.mails = slices.DeleteFunc(m.mails, func(s stored) bool { return s.uid == uid })
}

// dial connects to the server.
func (m *mailbox) dial(context.Context, string, string) (net.Conn, error) {
	m.mutex.Lock()
	m.dials = append(m.dials, time.Now())
	m.mutex.Unlock()
	ours, theirs := net.Pipe()
	go func() {
		defer theirs.Close()
		(&visit{m: m, conn: theirs, lines: bufio.NewReader(theirs)}).serve()
	}()
	return ours, nil
}

// visit is one connection.
type visit struct {
	m     *mailbox
	conn  net.Conn
	lines *bufio.Reader
	known int // how many mails the client knows of
}

func (v *visit) send(format string, args ...any) error {
	_, err := fmt.Fprintf(v.conn, format+"\r\n", args...)
	return err
}

func (v *visit) serve() {
	err := v.send("* OK [CAPABILITY %s] hello", v.m.offers)
	for err == nil {
		var line string
		if line, err = v.lines.ReadString('\n'); err != nil {
			return
		}
		tag, command, _ := strings.Cut(strings.TrimRight(line, "\r\n"), " ")
		v.m.mutex.Lock()
		v.m.commands = append(v.m.commands, command)
		v.m.mutex.Unlock()
		err = v.answer(tag, command)
	}
}

func (v *visit) answer(tag, command string) error {
	word, rest, _ := strings.Cut(command, " ")
	switch word {
	case "LOGIN":
		v.m.mutex.Lock()
		login := v.m.login
		v.m.mutex.Unlock()
		if login != "" {
			return v.send("%s %s", tag, login)
		}
		return v.send("%s OK [CAPABILITY %s] in", tag, v.m.offers)
	case "EXAMINE", "SELECT":
		v.m.mutex.Lock()
		count, next := len(v.m.mails), ""
		if v.m.next > 0 {
			next = fmt.Sprintf("* OK [UIDNEXT %d] next\r\n", v.m.next)
		}
		v.m.mutex.Unlock()
		return v.send("* %d EXISTS\r\n%s* OK [UIDVALIDITY %d] valid\r\n%s OK selected", count, next, v.m.validity, tag)
	case "IDLE":
		return v.idle(tag)
	case "UID":
		kind, rest, _ := strings.Cut(rest, " ")
		switch kind {
		case "SEARCH":
			var found []string
			v.m.mutex.Lock()
			v.known = len(v.m.mails)
			v.m.mutex.Unlock()
			for _, mail := range v.m.chosen(strings.TrimPrefix(rest, "UID "), false) {
				found = append(found, strconv.Itoa(int(mail.uid)))
			}
			return v.send("* SEARCH %s\r\n%s OK done", strings.Join(found, " "), tag)
		case "FETCH":
			return v.fetch(tag, rest, false)
		case "MOVE":
			return v.move(tag, rest)
		}
	case "FETCH":
		return v.fetch(tag, rest, true)
	}
	return v.send("%s OK done", tag)
}

// move takes mails out of the folder and says which places became free.
func (v *visit) move(tag, rest string) error {
	set, _, _ := strings.Cut(rest, " ")
	mails := v.m.chosen(set, false)
	if v.m.moved != nil && !v.m.moved(mails) {
		return v.send("%s NO [INUSE] not now", tag)
	}
	for _, mail := range mails {
		v.m.mutex.Lock()
		place := 1 + slices.IndexFunc(v.m.mails, func(s stored) bool { return s.uid == mail.uid })
		v.m.mutex.Unlock()
		v.m.remove(mail.uid)
		if err := v.send("* %d EXPUNGE", place); err != nil {
			return err
		}
	}
	v.known -= len(mails)
	return v.send("%s OK done", tag)
}

func (v *visit) idle(tag string) error {
	wake := make(chan struct{})
	v.m.mutex.Lock()
	if len(v.m.mails) != v.known && !v.m.silent {
		close(wake)
	} else {
		v.m.waken[wake] = true
	}
	v.m.mutex.Unlock()
	if err := v.send("+ idling"); err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { _, err := v.lines.ReadString('\n'); done <- err }()
	select {
	case <-wake:
		v.m.mutex.Lock()
		count := len(v.m.mails)
		v.m.mutex.Unlock()
		if err := v.send("* %d EXISTS", count); err != nil {
			return err
		}
		if err := <-done; err != nil {
			return err
		}
	case err := <-done:
		if err != nil {
			return err
		}
	}
	return v.send("%s OK done", tag)
}

// chosen returns the mails of a set such as "1:3,7:*", by UID or by place.
func (m *mailbox) chosen(set string, places bool) []stored {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	var found []stored
	for i, mail := range m.mails {
		number := mail.uid
		if places {
			number = uint32(i + 1)
		}
		for each := range strings.SplitSeq(set, ",") {
			first, last, isRange := strings.Cut(each, ":")
			if !isRange {
				last = first
			}
			low, _ := strconv.ParseUint(first, 10, 32)
			high, err := strconv.ParseUint(last, 10, 32)
			if err != nil {
				high = 1 << 32
			}
			if uint64(number) >= low && uint64(number) <= high {
				found = append(found, mail)
				break
			}
		}
	}
	return found
}

func (v *visit) fetch(tag, rest string, places bool) error {
	set, items, _ := strings.Cut(rest, " ")
	for _, mail := range v.m.chosen(set, places) {
		deed := behave
		v.m.mutex.Lock()
		if v.m.fetch != nil {
			deed = v.m.fetch(items, mail)
		}
		place := 1 + slices.IndexFunc(v.m.mails, func(s stored) bool { return s.uid == mail.uid })
		v.m.mutex.Unlock()
		switch deed {
		case refuse:
			return v.send("%s NO [SERVERBUG] internal error", tag)
		case throttle:
			return v.send("%s BAD Request is throttled. Suggested Backoff Time: 60000 milliseconds", tag)
		}
		if err := v.sendMail(place, mail, items, deed); err != nil {
			return err
		}
	}
	return v.send("%s OK done", tag)
}

func (v *visit) sendMail(place int, mail stored, items string, deed misdeed) error {
	if deed == skipIt {
		return nil
	}
	if !strings.Contains(items, "BODY") {
		if deed == hangUp {
			return io.ErrClosedPipe
		}
		date := ""
		if strings.Contains(items, "INTERNALDATE") {
			date = ` INTERNALDATE " 1-Nov-2026 10:00:00 +0000"`
			if deed == badDate {
				date = ` INTERNALDATE "yesterday"`
			}
		}
		return v.send("* %d FETCH (UID %d RFC822.SIZE %d%s)", place, mail.uid, len(mail.body), date)
	}
	name, body := "BODY[]", mail.body
	if strings.Contains(items, "HEADER") {
		header, _, _ := strings.Cut(body, "\r\n\r\n")
		name, body = "BODY[HEADER]", header+"\r\n\r\n"
	}
	if _, limit, found := strings.Cut(items, "<0."); found {
		bytes, _ := strconv.Atoi(strings.TrimRight(limit, ">)"))
		name, body = name+"<0>", body[:min(bytes, len(body))]
	}
	switch deed {
	case hangUp:
		v.send("* %d FETCH (UID %d %s {%d}\r\n%s", place, mail.uid, name, len(body), body[:len(body)/2])
		return io.ErrClosedPipe
	case uidLast:
		return v.send("* %d FETCH (%s {%d}\r\n%s UID %d)", place, name, len(body), body, mail.uid)
	case nilBody:
		return v.send("* %d FETCH (UID %d %s NIL)", place, mail.uid, name)
	case flagsFirst:
		if err := v.send(`* %d FETCH (UID %d FLAGS (\Seen))`, place, mail.uid); err != nil {
			return err
		}
	}
	return v.send("* %d FETCH (UID %d %s {%d}\r\n%s)", place, mail.uid, name, len(body), body)
}

// stand is a channel on a mailbox in memory, for a test inside a bubble.
type stand struct {
	t      *testing.T
	m      *mailbox
	inbox  *channelstest.Inbox
	blobs  *channelstest.Blobs
	health *channelstest.Health
	ch     *Channel
	stop   func()
}

// start runs a channel with the patience of production.
func start(t *testing.T, m *mailbox, change func(*Account)) *stand {
	t.Helper()
	s := &stand{t: t, m: m, inbox: &channelstest.Inbox{}, blobs: &channelstest.Blobs{}, health: &channelstest.Health{}}
	s.restart(change)
	return s
}

func (s *stand) restart(change func(*Account)) {
	s.t.Helper()
	account := Account{Name: "contact", Address: "mail.test", TLS: imap.None, AllowPlaintext: true, User: "desk", Password: "secret"}
	if change != nil {
		change(&account)
	}
	ch, err := New(Config{Accounts: []Account{account}}, Deps{Blobs: s.blobs, Health: s.health, Dial: s.m.dial})
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); ch.Receive(ctx, s.inbox) }()
	s.ch, s.stop = ch, func() { cancel(); <-done }
	s.t.Cleanup(s.stop)
}

// within waits until n originals were accepted, and fails when that takes
// longer than d.
func (s *stand) within(d time.Duration, n int) []channels.Original {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	if err := s.inbox.Await(ctx, func(o []channels.Original) bool { return len(o) >= n }); err != nil {
		s.t.Fatalf("%v; failures: %v", err, errors.Join(s.health.Failures()...))
	}
	return s.inbox.Accepted()
}
