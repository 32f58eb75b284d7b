package tell_test

import (
	"os"
	"slices"
	"testing"

	"contactd/cmd/contactd/tell"
	"contactd/contact"
)

func TestATerminalShowsAGradeInItsColour(t *testing.T) {
	a := contact.Assessment{Grade: contact.Emergency, Reasons: []contact.Reason{
		{Grade: contact.Emergency, Text: "a weapon", Rule: "weapon", Spans: []contact.Span{{Quote: "a \x1b[0mknife"}}},
		{Grade: contact.Resolution, Text: "nothing", Rule: "none"},
	}}
	want := "\x1b[1;31memergency\x1b[0m\n  \x1b[1;31memergency \x1b[0m a weapon [weapon] \x1b[1;31m\"a \\x1b[0mknife\"\x1b[0m\n  \x1b[32mresolution\x1b[0m nothing [none]\njudged by \n"
	if got := tell.Judgement(a, true); got != want {
		t.Errorf("%q\nwant %q", got, want)
	}
}

func TestColoursAreForATerminalWhoseReaderWantsThem(t *testing.T) {
	env := func(values ...string) func(string) (string, bool) {
		return func(key string) (string, bool) {
			i := slices.Index(values, key)
			if i < 0 {
				return "", false
			}
			return values[i+1], true
		}
	}
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0) // a terminal that nobody sees
	if err != nil {
		t.Fatal(err)
	}
	defer terminal.Close()
	pipe, end, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer pipe.Close()
	defer end.Close()
	if !tell.Colours(terminal, env("TERM", "xterm")) || tell.Colours(terminal, env("TERM", "dumb")) || tell.Colours(terminal, env("TERM", "xterm", "NO_COLOR", "1")) ||
		tell.Colours(terminal, env()) || tell.Colours(end, env("TERM", "xterm")) {
		t.Error("colours where there are none, or none where there are")
	}
}
