// Command contactd takes what the public sends the police, makes it durable,
// grades its urgency and publishes it to Kafka. This package turns flags,
// files and signals into a running program; everything it does lies in the
// packages that it joins.
//
//	main.go                arguments, signals, exit code
//	config.go channels.go  one YAML file for all, a line for each channel
//	daemon.go              the parts joined, started in order, stopped in reverse
//	the other files        one command or one part each, with how check tries it
//	panel                  the classifiers as they are configured; with it texts for
//	                       grade, labelled and measure for train and eval, labels and
//	                       shadow for the commands of these names
//	listener hooks         HTTP for operators and platforms; with them serve
//	the other folders      what knows nothing of the program: each says what
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/alecthomas/kong"

	"contactd/cmd/contactd/interrupt"
	"contactd/cmd/contactd/tell"
)

// Exit codes: 1 says that what was asked for did not work, 2 that it was asked
// for in a way that makes no sense, 3 that nobody knows yet whether it works,
// so that it must not be asked for again blindly.
const (
	exitFailure = 1
	exitUsage   = 2
	exitUnknown = 3
)

// program is what a command has of the world outside.
type program struct {
	in       io.Reader
	out, err io.Writer
	getenv   func(string) (string, bool)
	colours  bool // whether out shows them
	// unwritten is the first error of printf.
	unwritten atomic.Pointer[error]
}

// printf writes to the standard output. What cannot be written, as on a full
// disk, makes the command fail at its end; when nobody reads it any more there
// is nobody to tell.
func (p *program) printf(format string, args ...any) {
	if _, err := fmt.Fprintf(p.out, format, args...); err != nil && !errors.Is(err, syscall.EPIPE) {
		p.unwritten.CompareAndSwap(nil, &err)
	}
}

// readText reads the standard input, whole or not at all, without the byte order
// mark with which editors of other systems begin a file.
func (p *program) readText(ctx context.Context, limit int) (string, error) {
	text, err := io.ReadAll(io.LimitReader(interrupt.Reader(ctx, p.in), int64(limit)+1))
	if err == nil && len(text) > limit {
		err = fmt.Errorf("longer than %d bytes", limit)
	}
	if err != nil {
		return "", fmt.Errorf("read standard input: %w", err)
	}
	return strings.TrimPrefix(string(text), "\ufeff"), nil
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), interrupt.Signals()...)
	// A second signal ends the program at once.
	context.AfterFunc(ctx, stop)
	p := &program{in: os.Stdin, out: os.Stdout, err: os.Stderr, getenv: os.LookupEnv, colours: tell.Colours(os.Stdout, os.LookupEnv)}
	os.Exit(p.run(ctx, os.Args[1:]))
}

// commands are the flags and commands of contactd.
type commands struct {
	Config string `help:"The configuration. Default: $$CONTACTD_CONFIG, else ./contactd.yaml, else /etc/contactd/contactd.yaml, else the defaults." placeholder:"FILE" short:"c"`

	Run        runCommand        `cmd:"" help:"Take messages, grade them, publish them. Brings its own broker when none is configured."`
	Ingest     ingestCommand     `cmd:"" help:"The same as one of several processes: needs kafka.brokers."`
	Broker     brokerCommand     `cmd:"" help:"Only the broker that contactd brings along; run starts it by itself."`
	Check      checkCommand      `cmd:"" help:"Try every address, account and broker without taking anything; exit 1 when one fails."`
	Sample     sampleCommand     `cmd:"" help:"Print a configuration with every setting explained."`
	Tail       tailCommand       `cmd:"" help:"Show events as they come."`
	Reply      replyCommand      `cmd:"" help:"Answer a conversation on the channel that it came by."`
	Regrade    regradeCommand    `cmd:"" help:"Grade a conversation as a handler does."`
	Labels     labelsCommand     `cmd:"" help:"What handlers have graded, for training."`
	Shadow     shadowCommand     `cmd:"" help:"Where a candidate for the learned classifier would have judged otherwise."`
	Grade      gradeCommand      `cmd:"" help:"Judge texts as the daemon would."`
	Eval       evalCommand       `cmd:"" help:"Measure the classifiers on labelled messages."`
	Train      trainCommand      `cmd:"" help:"Learn from labelled messages."`
	Schema     schemaCommand     `cmd:"" help:"Print the event contract."`
	Verify     verifyCommand     `cmd:"" help:"Account for every accepted message; exit 1 when one is missing or was changed."`
	Replay     replayCommand     `cmd:"" help:"Publish what was accepted in a time again, with the same ids."`
	Backup     backupCommand     `cmd:"" help:"Copy the data folder while contactd runs."`
	Quarantine quarantineCommand `cmd:"" help:"Look at messages that could not be read, and try them again."`
	Version    versionCommand    `cmd:"" help:"Print the version."`
}

// run does what the arguments say and returns the exit code.
func (p *program) run(ctx context.Context, args []string) (code int) {
	// kong calls Exit after it has printed help.
	type exit int
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
		kong.Name("contactd"),
		kong.Description("The contact that cannot go missing: what the public sends the police, durable, graded, and on Kafka in order."),
		kong.Writers(p.out, p.err),
		kong.Exit(func(code int) { panic(exit(code)) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	)
	if err != nil {
		panic(err) // our own struct tags are wrong
	}
	parsed, err := parser.Parse(asMeant(args))
	if err != nil {
		p.complain(err)
		_, _ = fmt.Fprintln(p.err, `"contactd --help" lists the commands, "contactd COMMAND --help" what one takes`)
		return exitUsage
	}
	parsed.BindTo(ctx, (*context.Context)(nil))
	if err := parsed.Run(p, &c); err != nil {
		p.complain(err)
		return exitCode(err)
	}
	if err := p.unwritten.Load(); err != nil {
		p.complain(fmt.Errorf("write standard output: %w", *err))
		return exitFailure
	}
	return 0
}

// asMeant turns what other programs call help and version into what they are
// called here.
func asMeant(args []string) []string {
	switch {
	case len(args) > 0 && args[0] == "help":
		return append(slices.Clone(args[1:]), "--help")
	case len(args) == 1 && args[0] == "--version":
		return []string{"version"}
	default:
		return args
	}
}

// usageError is an error in what was asked for.
type usageError struct{ error }

// unknownError says that what was asked for may have been done, or may still be.
type unknownError struct{ error }

func exitCode(err error) int {
	switch {
	case errors.As(err, new(usageError)):
		return exitUsage
	case errors.As(err, new(unknownError)):
		return exitUnknown
	default:
		return exitFailure
	}
}

// complain tells each of the joined errors on a line of its own.
func (p *program) complain(err error) {
	if errors.Is(err, errTold) {
		return
	}
	// What wraps several, as fmt.Errorf does, is one error with a text of its own.
	if joined, ok := err.(interface{ Unwrap() []error }); ok && err.Error() == errors.Join(joined.Unwrap()...).Error() {
		for _, each := range joined.Unwrap() {
			p.complain(each)
		}
		return
	}
	_, _ = fmt.Fprintf(p.err, "contactd: %v\n", err)
}

// errTold ends a command whose output has told what is wrong.
var errTold = errors.New("told already")
