// Package smtptest is a submission server that does at each step what a test
// says: answer, refuse, be silent, or break the connection. What it has taken
// is what it would have delivered.
package smtptest

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
)

// The deeds of a server at a step, besides an answer such as "550 5.1.1 no".
const (
	Go   = ""     // as a good server does
	Drop = "drop" // breaks the connection and does not take the mail
	Hang = "hang" // says nothing until the client goes
	// DropTaken breaks the connection where Drop does, at Dot with the mail
	// taken.
	DropTaken = "drop taken"
)

// The steps at which a test may interfere, after the client's command and
// before the server's answer; Body is in the middle of the mail, where a server
// that answers hangs up too.
const (
	Greeting = "greeting"
	Hello    = "EHLO"
	StartTLS = "STARTTLS"
	Auth     = "AUTH"
	Mail     = "MAIL"
	Rcpt     = "RCPT"
	Data     = "DATA"
	Body     = "body"
	Dot      = "."
	Quit     = "QUIT"
)

// Delivery is a mail that the server has taken.
type Delivery struct {
	From string
	To   []string
	// Commands are MAIL and RCPT with their parameters.
	Commands []string
	Bytes    []byte
}

// Options make a server what it is.
type Options struct {
	// TLS is what it shows, nil for none. Implicit begins with it, else
	// STARTTLS is offered.
	TLS      *tls.Config
	Implicit bool
	// Offers are lines of the answer to EHLO, such as "AUTH PLAIN LOGIN".
	Offers []string
	// Login judges what AUTH says, decoded; nil takes everything.
	Login func(mechanism, said string) bool
	// Deliver is called with each mail that is taken, before the answer.
	Deliver func(Delivery)
	// At is called at each step, before its deed; nil for none.
	At func(step string)
}

// Server listens on Address.
type Server struct {
	Address string

	options  Options
	listener net.Listener
	mutex    sync.Mutex
	deeds    map[string][]string
	taken    []Delivery
	seen     []string
	open     map[net.Conn]bool
	stopped  chan struct{}
	running  sync.WaitGroup
}

// Start runs a server until the test ends.
func Start(t testing.TB, options Options) *Server {
	t.Helper()
	s := &Server{options: options, deeds: map[string][]string{}, open: map[net.Conn]bool{}}
	s.listen(t)
	t.Cleanup(s.Stop)
	return s
}

func (s *Server) listen(t testing.TB) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.listener, s.Address, s.stopped = listener, listener.Addr().String(), make(chan struct{})
	s.running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			s.mutex.Lock()
			s.open[conn] = true
			s.mutex.Unlock()
			s.running.Go(func() {
				(&visit{Server: s, conn: conn}).serve()
				conn.Close()
				s.mutex.Lock()
				delete(s.open, conn)
				s.mutex.Unlock()
			})
		}
	})
}

// Stop ends the server and its connections.
func (s *Server) Stop() {
	s.listener.Close()
	select {
	case <-s.stopped:
	default:
		close(s.stopped)
	}
	s.mutex.Lock()
	for conn := range s.open {
		conn.Close()
	}
	s.mutex.Unlock()
	s.running.Wait()
}

// At says what to do at a step, the next times that it comes; afterwards the
// server is good again.
func (s *Server) At(step string, deeds ...string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.deeds[step] = append(s.deeds[step], deeds...)
}

// Clear makes the server good again.
func (s *Server) Clear() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	clear(s.deeds)
}

// Taken returns the mails that the server has taken.
func (s *Server) Taken() []Delivery {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return slices.Clone(s.taken)
}

// Seen returns the commands that came, secrets aside.
func (s *Server) Seen() []string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return slices.Clone(s.seen)
}

// deed takes the next deed at a step.
func (s *Server) deed(step string) string {
	if s.options.At != nil {
		s.options.At(step)
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.seen = append(s.seen, step)
	if len(s.deeds[step]) == 0 {
		return Go
	}
	next := s.deeds[step][0]
	s.deeds[step] = s.deeds[step][1:]
	return next
}

// visit is one connection.
type visit struct {
	*Server
	conn    net.Conn
	lines   *bufio.Reader
	secured bool
	mail    Delivery
}

func (v *visit) say(format string, args ...any) bool {
	_, err := fmt.Fprintf(v.conn, format+"\r\n", args...)
	return err == nil
}

// answer does the deed of a step, or says good. It reports whether to go on,
// and whether the step succeeded.
func (v *visit) answer(step, good string) (goOn, done bool) { return v.do(v.deed(step), good) }

func (v *visit) do(deed, good string) (goOn, done bool) {
	switch deed {
	case Go:
		return v.say("%s", good), true
	case Drop, DropTaken:
		return false, false
	case Hang:
		v.hang()
		return false, false
	default:
		return v.say("%s", deed), false
	}
}

// hang waits until the server stops, without reading on.
func (v *visit) hang() { <-v.stopped }

func (v *visit) serve() {
	if v.options.Implicit && !v.secure() {
		return
	}
	v.lines = bufio.NewReader(v.conn)
	goOn, _ := v.answer(Greeting, "220 test ESMTP")
	for goOn {
		line, err := v.lines.ReadString('\n')
		if err != nil {
			return
		}
		goOn = v.command(strings.TrimRight(line, "\r\n"))
	}
}

func (v *visit) secure() bool {
	secured := tls.Server(v.conn, v.options.TLS)
	if secured.Handshake() != nil {
		return false
	}
	v.conn, v.secured = secured, true
	v.lines = bufio.NewReader(v.conn)
	return true
}

func (v *visit) command(line string) (goOn bool) {
	word, rest, _ := strings.Cut(line, " ")
	switch word = strings.ToUpper(word); word {
	case Hello:
		offers := append([]string{"test"}, v.options.Offers...)
		if v.options.TLS != nil && !v.secured {
			offers = append(offers, "STARTTLS")
		}
		goOn, _ = v.answer(Hello, "250-"+strings.Join(offers, "\r\n250-")+"\r\n250 ENHANCEDSTATUSCODES")
		return goOn
	case StartTLS:
		goOn, done := v.answer(StartTLS, "220 go")
		return goOn && (!done || v.secure())
	case Auth:
		return v.login(rest)
	case Mail:
		v.mail = Delivery{Commands: []string{line}, From: path(rest)}
		goOn, _ = v.answer(Mail, "250 2.1.0 ok")
		return goOn
	case Rcpt:
		goOn, done := v.answer(Rcpt, "250 2.1.5 ok")
		if done {
			v.mail.To, v.mail.Commands = append(v.mail.To, path(rest)), append(v.mail.Commands, line)
		}
		return goOn
	case Data:
		goOn, done := v.answer(Data, "354 go")
		return goOn && (!done || v.data())
	case Quit:
		v.answer(Quit, "221 2.0.0 bye")
		return false
	}
	return v.say("250 2.0.0 ok")
}

// login takes PLAIN, LOGIN and XOAUTH2.
func (v *visit) login(said string) bool {
	mechanism, initial, _ := strings.Cut(said, " ")
	decoded, _ := base64.StdEncoding.DecodeString(initial)
	text := string(decoded)
	if strings.EqualFold(mechanism, "LOGIN") {
		text = ""
		for _, prompt := range []string{"VXNlcm5hbWU6", "UGFzc3dvcmQ6"} {
			if !v.say("334 %s", prompt) {
				return false
			}
			line, err := v.lines.ReadString('\n')
			if err != nil {
				return false
			}
			decoded, _ := base64.StdEncoding.DecodeString(strings.TrimSpace(line))
			text += "\x00" + string(decoded)
		}
	}
	if v.options.Login != nil && !v.options.Login(strings.ToUpper(mechanism), text) {
		if strings.EqualFold(mechanism, "XOAUTH2") { // tells why in a challenge first
			v.say("334 %s", base64.StdEncoding.EncodeToString([]byte(`{"status":"401"}`)))
			if _, err := v.lines.ReadString('\n'); err != nil {
				return false
			}
		}
		// Some servers repeat what they refuse.
		return v.say("535 5.7.8 refused: %s", base64.StdEncoding.EncodeToString([]byte(text)))
	}
	goOn, _ := v.answer(Auth, "235 2.7.0 in")
	return goOn
}

// data takes the mail.
func (v *visit) data() bool {
	deed := v.deed(Body)
	for count := 0; ; count++ {
		if deed != Go && count == 5 {
			v.do(deed, "")
			return false
		}
		line, err := v.lines.ReadString('\n')
		if err != nil {
			return false
		}
		if line == ".\r\n" {
			break
		}
		v.mail.Bytes = append(v.mail.Bytes, strings.TrimPrefix(line, ".")...)
	}
	deed = v.deed(Dot)
	if deed == Go || deed == DropTaken || strings.HasPrefix(deed, "2") {
		v.mutex.Lock()
		v.taken = append(v.taken, v.mail)
		v.mutex.Unlock()
		if v.options.Deliver != nil {
			v.options.Deliver(v.mail)
		}
	}
	goOn, _ := v.do(deed, "250 2.0.0 queued")
	return goOn
}

// path is what stands between the brackets of FROM:<> or TO:<>.
func path(rest string) string {
	_, rest, _ = strings.Cut(rest, "<")
	inside, _, _ := strings.Cut(rest, ">")
	return inside
}
