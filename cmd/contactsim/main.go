// Command contactsim plays the world around contactd over the real protocols:
// for demos, drills, load and end-to-end tests. It measures what a person
// outside would, and shares no state with the daemon.
//
//	contactsim chat    visitors of a web chat: they write, wait for the tick, read answers
//	contactsim desk    a handler: sees what comes, says so, and answers
//	contactsim facebook  Meta with the people on a page, by a script
//	contactsim x       X with the people around an account, by a script
//	contactsim demo    contactd with platforms that are played, to look at
//
//	main.go               arguments, signals, exit code
//	chat.go visitor.go    many visitors at a pace; one visitor on one socket
//	desk.go broker.go     one handler on Kafka
//	script.go             who does what on a platform
//	platform.go           what a platform that is played takes and shows
//	facebook.go x.go      Meta; X
//	demo.go               contactd and the platforms together
//	words.go report.go    what is written; what was measured
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// Exit codes: 1 says that something was lost or could not be reached, 2 that
// the arguments make no sense.
const (
	exitFailure = 1
	exitUsage   = 2
)

// commands are the commands of contactsim.
type commands struct {
	Chat     chatCommand     `cmd:"" help:"Play visitors of a web chat; exit 1 when a message was not confirmed."`
	Demo     demoCommand     `cmd:"" help:"Run contactd with platforms that are played here, to look at."`
	Facebook facebookCommand `cmd:"" help:"Play Meta and the people on a page of a force."`
	X        xCommand        `cmd:"" help:"Play X and the people around an account of a force."`
	Desk     deskCommand     `cmd:"" help:"Play a handler: say that the desk is open, mark what comes as seen, answer it."`
}

func main() {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // else nohup has seen to that
		signals = append(signals, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), signals...)
	// A second signal ends the program at once.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run does what the arguments say and returns the exit code.
func run(ctx context.Context, args []string, out, complaints io.Writer) (code int) {
	type exit int // kong ends the program after it has printed help
	defer func() {
		if cause := recover(); cause != nil {
			asked, ok := cause.(exit)
			if !ok {
				panic(cause)
			}
			code = int(asked)
		}
	}()
	var c commands
	parser, err := kong.New(&c,
		kong.Name("contactsim"),
		kong.Description("Plays citizens, handlers and platforms for contactd."),
		kong.Writers(out, complaints),
		kong.Exit(func(code int) { panic(exit(code)) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	)
	if err != nil {
		panic(err) // our own struct tags are wrong
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		_, _ = fmt.Fprintf(complaints, "contactsim: %v\n\"contactsim --help\" lists the commands, \"contactsim COMMAND --help\" what one takes\n", err)
		return exitUsage
	}
	parsed.BindTo(ctx, (*context.Context)(nil))
	parsed.BindTo(out, (*io.Writer)(nil))
	if err := parsed.Run(); err != nil {
		_, _ = fmt.Fprintf(complaints, "contactsim: %v\n", err)
		var usage usageError
		if errors.As(err, &usage) {
			return exitUsage
		}
		return exitFailure
	}
	return 0
}

// usageError is an error in what was asked for.
type usageError struct{ error }
