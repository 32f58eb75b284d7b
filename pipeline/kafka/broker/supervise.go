package broker

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"contactd/pipeline/kafka"
)

const (
	// startTimeout bounds the time until a started broker answers; it reads
	// all that it keeps.
	startTimeout = 30 * time.Second
	// endTimeout bounds the time until it has ended by itself.
	endTimeout = 10 * time.Second
	// A broker that dies is started again after firstRest, and when it does not
	// start, or does not live for longestRest, after twice as long, up to that.
	firstRest   = 100 * time.Millisecond
	longestRest = 5 * time.Second
)

// Supervision says how the broker's process is made.
type Supervision struct {
	// Command is a program and its arguments that calls ServeChild. Its first
	// word empty: this program.
	Command []string
	Config  Config
	Log     *slog.Logger
}

// Supervisor keeps a broker process running. Its methods may be called
// concurrently.
type Supervisor struct {
	supervision Supervision
	cancel      context.CancelFunc
	done        chan struct{}

	mu       sync.Mutex
	pid      int
	address  string
	restarts int
	trouble  error // why the last start did not succeed, nil when it did
}

// Supervise starts the broker and returns when it answers, or with the reason
// why the first start did not succeed. From then on it starts it again whenever
// it dies, on the same port, until ctx ends or Close is called.
func Supervise(ctx context.Context, s Supervision) (*Supervisor, error) {
	ctx, cancel := context.WithCancel(ctx)
	made, err := supervisor(s, cancel)
	if err != nil {
		cancel()
		return nil, err
	}
	child, err := made.start(ctx)
	if err != nil {
		cancel()
		return nil, err
	}
	go made.run(ctx, child)
	return made, nil
}

// Insist is Supervise for a broker that does not start now: it is tried until it
// does. Its address must name the port, since clients are told it before.
func Insist(ctx context.Context, s Supervision, why error) (*Supervisor, error) {
	if _, port, err := net.SplitHostPort(s.Config.WithDefaults().Address); err != nil || port == "0" {
		return nil, why
	}
	ctx, cancel := context.WithCancel(ctx)
	made, err := supervisor(s, cancel)
	if err != nil {
		cancel()
		return nil, err
	}
	made.address, made.trouble = made.supervision.Config.Address, why
	go made.run(ctx, nil)
	return made, nil
}

func supervisor(s Supervision, cancel context.CancelFunc) (*Supervisor, error) {
	s.Config = s.Config.WithDefaults()
	if len(s.Command) == 0 || s.Command[0] == "" {
		self, err := os.Executable()
		if err != nil {
			return nil, fmt.Errorf("find own program: %w", err)
		}
		s.Command = append([]string{self}, s.Command[min(1, len(s.Command)):]...)
	}
	return &Supervisor{supervision: s, cancel: cancel, done: make(chan struct{})}, nil
}

// Kafka is how contactd connects to the broker.
func (s *Supervisor) Kafka() kafka.Config {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.supervision.Config.client(s.address)
}

// Address is where the broker listens.
func (s *Supervisor) Address() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.address
}

// PID is the broker's process, or 0 while there is none.
func (s *Supervisor) PID() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pid
}

// Trouble says why the broker does not run now, as far as that is known.
func (s *Supervisor) Trouble() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.trouble
}

// Restarts counts how often the broker had to be started again.
func (s *Supervisor) Restarts() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.restarts
}

// ReadCommand is a command line with which anybody who may read the broker's
// folder reads a topic.
func (s *Supervisor) ReadCommand(topic string) string {
	return fmt.Sprintf("kcat -F %s -C -t %s", filepath.Join(s.supervision.Config.Dir, kcatFile), topic)
}

// Close ends the broker and returns when its process is gone.
func (s *Supervisor) Close() error {
	s.cancel()
	<-s.done
	return nil
}

// child is one broker process.
type child struct {
	command *exec.Cmd
	in      io.Closer
	ended   chan error
}

// run starts the broker again whenever it has ended.
func (s *Supervisor) run(ctx context.Context, c *child) {
	defer close(s.done)
	rest := firstRest
	for {
		if c != nil {
			began := time.Now()
			select {
			case err := <-c.ended:
				s.supervision.Log.Error("kafka broker died, starting it again", "err", fmt.Sprint(err))
			case <-ctx.Done():
				s.end(c)
				return
			}
			if time.Since(began) > longestRest {
				rest = firstRest
			}
		}
		s.mu.Lock()
		s.pid = 0
		s.restarts++
		s.mu.Unlock()
		select {
		case <-time.After(rest):
		case <-ctx.Done():
			return
		}
		rest = min(2*rest, longestRest)
		var err error
		if c, err = s.start(ctx); err != nil && ctx.Err() == nil {
			s.cannot(err)
		}
	}
}

// cannot notes why the broker does not start, and tells it once.
func (s *Supervisor) cannot(err error) {
	s.mu.Lock()
	told := s.trouble != nil && s.trouble.Error() == err.Error()
	s.trouble = err
	s.mu.Unlock()
	if !told {
		s.supervision.Log.Error("kafka broker does not start, trying again; messages are accepted and wait", "err", err.Error())
	}
}

// start starts the process and waits until it answers.
func (s *Supervisor) start(ctx context.Context) (*child, error) {
	words := s.supervision.Command
	command := exec.Command(words[0], words[1:]...) //nolint:gosec // its own program
	in, err := command.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start broker: %w", err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start broker: %w", err)
	}
	command.Stderr = os.Stderr
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("start broker: %w", err)
	}
	c := &child{command: command, in: in, ended: make(chan error, 1)}
	said := make(chan hello, 1)
	go func() {
		said <- listen(out)
		_, _ = io.Copy(io.Discard, out)
		c.ended <- command.Wait()
	}()
	config, err := json.Marshal(s.supervision.Config)
	if err == nil {
		_, err = in.Write(append(config, '\n'))
	}
	var answer hello
	if err == nil {
		answer, err = await(ctx, said)
	}
	if err != nil {
		s.end(c)
		return nil, fmt.Errorf("start broker: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pid, s.address, s.trouble = command.Process.Pid, answer.Address, nil
	s.supervision.Config.Address = answer.Address // the port that was free, from now on
	return c, nil
}

// listen waits for the line that the process writes.
func listen(out io.Reader) hello {
	var said hello
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &said)
	}
	if err != nil {
		said.Error = "it ended without a word"
	}
	return said
}

func await(ctx context.Context, said <-chan hello) (hello, error) {
	timer := time.NewTimer(startTimeout)
	defer timer.Stop()
	select {
	case answer := <-said:
		if answer.Error != "" {
			return answer, errors.New(answer.Error)
		}
		return answer, nil
	case <-timer.C:
		return hello{}, fmt.Errorf("no answer within %v", startTimeout)
	case <-ctx.Done():
		return hello{}, ctx.Err()
	}
}

// end asks the process to end, and makes it.
func (s *Supervisor) end(c *child) {
	_ = c.in.Close()
	timer := time.NewTimer(endTimeout)
	defer timer.Stop()
	select {
	case <-c.ended:
	case <-timer.C:
		_ = c.command.Process.Kill()
		<-c.ended
	}
}
