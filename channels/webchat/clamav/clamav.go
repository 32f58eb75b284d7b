// Package clamav asks a ClamAV daemon about bytes, by the command INSTREAM of
// its protocol (clamd(8)): the daemon needs no access to our files.
package clamav

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// Config says where the daemon is.
type Config struct {
	// Address is host:port, or the path of a socket. Default none: nothing is
	// scanned.
	Address string `yaml:"address"`
	// Timeout is how long one scan may take. Default 60s.
	Timeout time.Duration `yaml:"timeout"`
}

// WithDefaults returns the config with every unset value filled.
func (c Config) WithDefaults() Config {
	if c.Timeout == 0 {
		c.Timeout = time.Minute
	}
	return c
}

// Validate returns every problem, each with its key.
func (c Config) Validate() error {
	var problems []error
	if c.Address != "" && !strings.HasPrefix(c.Address, "/") {
		if _, _, err := net.SplitHostPort(c.Address); err != nil {
			problems = append(problems, fmt.Errorf("address: want host:port or the path of a socket, got %q", c.Address))
		}
	}
	if c.Timeout < 0 {
		problems = append(problems, errors.New("timeout: want more than 0"))
	}
	return errors.Join(problems...)
}

// Infected reports what the daemon found in the bytes; empty for nothing. It
// reads all of r. An error means that nobody knows: with clamd's default of
// AlertExceedsMax off, bytes beyond its MaxFileSize pass for clean, so keep
// uploads below that.
func Infected(ctx context.Context, c Config, r io.Reader) (signature string, err error) {
	var sent error
	answer, err := ask(ctx, c, func(w io.Writer) error { sent = send(w, r); return sent })
	if err != nil {
		return "", err
	}
	signature, err = verdict(answer)
	if err == nil && signature == "" && sent != nil {
		err = fmt.Errorf("ask scanner: it called clean what it has not read whole: %w", sent)
	}
	return signature, err
}

// Ping makes sure that the daemon answers.
func Ping(ctx context.Context, c Config) error {
	answer, err := ask(ctx, c, func(w io.Writer) error {
		_, err := io.WriteString(w, "zPING\x00")
		return err
	})
	if err == nil && answer != "PONG" {
		err = fmt.Errorf("ask scanner: it answered %q", answer)
	}
	return err
}

// ask sends one command and reads its answer.
func ask(ctx context.Context, c Config, command func(io.Writer) error) (answer string, err error) {
	c = c.WithDefaults()
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	network := "tcp"
	if strings.HasPrefix(c.Address, "/") {
		network = "unix"
	}
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, network, c.Address)
	if err != nil {
		return "", fmt.Errorf("ask scanner: %w", err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	sent := command(conn)
	if errors.Is(sent, errSource) {
		return "", fmt.Errorf("ask scanner: %w", sent)
	}
	// The daemon answers early when it wants no more; its words say why.
	answer, err = bufio.NewReader(io.LimitReader(conn, answerLimit)).ReadString(0)
	if err != nil && answer == "" {
		return "", fmt.Errorf("ask scanner: %w", errors.Join(sent, err))
	}
	return strings.TrimSuffix(answer, "\x00"), nil
}

// errSource marks an error of the bytes to scan.
var errSource = errors.New("read what is to be scanned")

const (
	chunkSize   = 64 << 10
	answerLimit = 4 << 10
)

// send writes the command and the bytes: chunks, each with its length, and an
// empty one as the end.
func send(w io.Writer, r io.Reader) error {
	if _, err := io.WriteString(w, "zINSTREAM\x00"); err != nil {
		return err
	}
	chunk := make([]byte, 4+chunkSize)
	for {
		n, err := io.ReadFull(r, chunk[4:])
		if n > 0 {
			binary.BigEndian.PutUint32(chunk, uint32(n))
			if _, err := w.Write(chunk[:4+n]); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			break
		}
		if err != nil {
			return errors.Join(errSource, err) // no end: the daemon must not call a part clean
		}
	}
	_, err := w.Write([]byte{0, 0, 0, 0})
	return err
}

func verdict(answer string) (signature string, err error) {
	answer = strings.TrimSpace(strings.TrimPrefix(answer, "stream:"))
	if found, ok := strings.CutSuffix(answer, " FOUND"); ok {
		return found, nil
	}
	if answer == "OK" {
		return "", nil
	}
	return "", fmt.Errorf("ask scanner: it answered %q", answer)
}
