package broker_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"contactd/deploy/servers"
	"contactd/pipeline"
	"contactd/pipeline/kafka"
	"contactd/pipeline/kafka/broker"
)

// publish publishes n envelopes "<prefix>-<i>" and returns when they are durable.
func publish(t testing.TB, s *broker.Supervisor, topic, prefix string, n int) {
	t.Helper()
	p, err := kafka.NewPublisher(s.Kafka(), kafka.Watch{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = p.Close() }()
	var envs []*message.Message
	for i := range n {
		env := message.NewMessage(fmt.Sprintf("%s-%d", prefix, i), fmt.Appendf(nil, `{"n":%d}`, i))
		env.Metadata[pipeline.MetaKey] = fmt.Sprintf("conversation-%d", i%7)
		envs = append(envs, env)
	}
	if err := p.Publish(topic, envs...); err != nil {
		t.Fatal(err)
	}
}

func TestKcatReadsWithTheFileThatTheBrokerWrote(t *testing.T) {
	kcat := servers.Kcat(t)
	s := supervise(t, broker.Config{})
	publish(t, s, pipeline.TopicEvents, "m", 50)
	words := strings.Fields(s.ReadCommand(pipeline.TopicEvents))
	said, err := exec.CommandContext(t.Context(), kcat, append(words[1:], "-e", "-q", "-f", "%k %s\n")...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	if lines := strings.Count(string(said), "conversation-"); lines != 50 {
		t.Fatalf("read %d of 50:\n%s", lines, said)
	}
}

func TestTheReaderMayNotWrite(t *testing.T) {
	kcat := servers.Kcat(t)
	s := supervise(t, broker.Config{})
	words := strings.Fields(s.ReadCommand(pipeline.TopicReplies))
	command := exec.CommandContext(t.Context(), kcat, words[1], words[2], "-P", "-t", pipeline.TopicReplies, "-X", "message.timeout.ms=3000")
	command.Stdin = strings.NewReader("forged\n")
	if said, err := command.CombinedOutput(); err == nil || !strings.Contains(string(said), "authorization") {
		t.Fatalf("written: %v: %s", err, said)
	}
}

func TestEverythingInTheFolderIsForItsOwnerOnly(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "kafka")
	s := supervise(t, broker.Config{Dir: dir})
	publish(t, s, pipeline.TopicEvents, "m", 1)
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestTwoBrokersOnOneFolderAreRefused(t *testing.T) {
	dir := t.TempDir()
	supervise(t, broker.Config{Dir: dir})
	if _, err := start(t, broker.Config{Dir: dir}); err == nil || !strings.Contains(err.Error(), "another broker uses it") {
		t.Fatalf("second broker: %v", err)
	}
}

func TestAnAddressThatIsTakenIsAnErrorAtTheFirstStart(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	_, err = start(t, broker.Config{Address: listener.Addr().String()})
	if err == nil || !strings.Contains(err.Error(), "(broker.address)") || !strings.Contains(err.Error(), "address already in use (choose another port, or ") {
		t.Fatalf("got %v", err)
	}
}

func TestABrokerThatIsInsistedOnStartsAsSoonAsItCan(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	why := errors.New("the address is taken")
	if _, err := broker.Insist(t.Context(), supervision(t, broker.Config{Dir: t.TempDir(), Address: "127.0.0.1:0"}), why); !errors.Is(err, why) {
		t.Errorf("clients cannot be told the port, got %v", err)
	}
	s, err := broker.Insist(t.Context(), supervision(t, broker.Config{Dir: t.TempDir(), Address: listener.Addr().String()}), why)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if s.Address() != listener.Addr().String() || s.Trouble() == nil {
		t.Errorf("at %s, %v", s.Address(), s.Trouble())
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	tick, limit := time.NewTicker(20*time.Millisecond), time.After(30*time.Second)
	defer tick.Stop()
	for s.Trouble() != nil {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("does not start: %v", s.Trouble())
		}
	}
	conn, err := net.Dial("tcp", s.Address())
	if err != nil || s.PID() == 0 {
		t.Fatalf("process %d: %v", s.PID(), err)
	}
	_ = conn.Close()
}

// As one does that cannot bear what its first client asks for.
func TestABrokerThatDiesAsSoonAsItRunsIsStartedLessAndLessOften(t *testing.T) {
	began := time.Now()
	s, err := broker.Supervise(t.Context(), broker.Supervision{
		Command: []string{"sh", "-c", `read config; echo '{"address":"127.0.0.1:1"}'; exit 1`},
		Config:  broker.Config{Dir: t.TempDir(), Address: "127.0.0.1:0"}, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	for s.Restarts() < 6 {
		<-time.After(10 * time.Millisecond)
	}
	if took := time.Since(began); took < 2*time.Second {
		t.Errorf("started again 6 times in %v", took)
	}
}

func TestABrokerOnAnOpenAddressIsRefused(t *testing.T) {
	if _, err := start(t, broker.Config{Address: "0.0.0.0:0"}); err == nil || !strings.Contains(err.Error(), "loopback") {
		t.Fatalf("got %v", err)
	}
}

func TestTheBrokerEndsWithItsParent(t *testing.T) {
	t.Setenv(childVariable, "1")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), self)
	in, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(in, `{"Dir":%q,"Address":"127.0.0.1:0"}`+"\n", t.TempDir())
	if _, err := out.Read(make([]byte, 64)); err != nil {
		t.Fatal(err)
	}
	_ = in.Close() // as when the parent dies
	if err := command.Wait(); err != nil {
		t.Fatalf("it ended with %v", err)
	}
}

func TestMalformedRequestsAreKeptFromTheBroker(t *testing.T) {
	s := supervise(t, broker.Config{})
	request := func(key, version int16, after ...byte) []byte {
		body := binary.BigEndian.AppendUint16(nil, uint16(key))
		body = binary.BigEndian.AppendUint16(body, uint16(version))
		body = append(body, 0, 0, 0, 1, 0xff, 0xff) // correlation, no client id
		body = append(body, after...)
		return append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...)
	}
	for name, bytes := range map[string][]byte{
		"an unknown kind of request":           request(9999, 0),
		"a claimed number of header tags":      request(18, 3, 0xff, 0xff, 0xff, 0xff, 0x0f),
		"a claimed number of body tags":        request(18, 3, 0, 2, 'a', 2, 'b', 0xff, 0xff, 0xff, 0xff, 0x0f),
		"a size beyond all bounds":             {0x7f, 0xff, 0xff, 0xff},
		"a negative size":                      {0xff, 0xff, 0xff, 0xff},
		"a request that is shorter than it is": {0, 0, 0, 3, 0, 18, 0},
		"metadata before a login":              request(3, 1, 0, 0, 0, 0),
		"a version that is not known":          request(18, 99, 0),
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.DialTimeout("tcp", s.Address(), 5*time.Second)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
			if _, err := conn.Write(bytes); err != nil {
				t.Fatal(err)
			}
			_, err = conn.Read(make([]byte, 1))
			if !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
				t.Fatalf("the connection was not closed: %v", err)
			}
		})
	}
	publish(t, s, pipeline.TopicEvents, "m", 1)
	if s.Restarts() != 0 {
		t.Fatalf("the broker died %d times", s.Restarts())
	}
}
