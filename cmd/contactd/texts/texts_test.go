package texts_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"contactd/cmd/contactd/interrupt"
	"contactd/cmd/contactd/texts"
	"contactd/contact"
)

// assessor judges every message alike and remembers them.
type assessor struct {
	says  contact.Assessment
	asked []contact.Message
}

func (a *assessor) Assess(_ context.Context, m contact.Message) contact.Assessment {
	a.asked = append(a.asked, m)
	return a.says
}

func TestATextIsJudgedAsAMessageThatSomebodySent(t *testing.T) {
	var by assessor
	for _, each := range []texts.Text{{ID: "1", Text: "caf\xe9"}, {Channel: "email", Text: "hello"}} {
		texts.Judge(t.Context(), &by, each)
	}
	for n, want := range []contact.Message{
		{ID: "1", Channel: contact.Channel{Kind: "other", Direction: "inbound"}, Text: "caf\ufffd", Authored: "caf\ufffd"},
		{Channel: contact.Channel{Kind: "email", Direction: "inbound"}, Text: "hello", Authored: "hello"},
	} {
		if got := by.asked[n]; got.ID != want.ID || got.Channel != want.Channel || got.Text != want.Text || got.Authored != want.Authored {
			t.Errorf("asked %+v, want %+v", got, want)
		}
	}
}

func TestAClassifierThatFailedIsAReasonInItsPlace(t *testing.T) {
	by := assessor{says: contact.Assessment{
		Grade:   contact.Emergency,
		Reasons: []contact.Reason{{Rule: "weapon", Grade: contact.Emergency}, {Rule: "language", Grade: contact.Resolution}},
		Opinions: []contact.Opinion{
			{By: "rules@1"},
			{By: "llm@2", Failed: "timeout"},
			{By: "linear@3", Failed: "timeout", Reasons: []contact.Reason{{Rule: "language"}}}, // it has said why itself
		},
	}}
	before := slices.Clone(by.says.Reasons)
	got := texts.Judge(t.Context(), &by, texts.Text{})
	var rules []string
	for _, each := range got.Reasons {
		rules = append(rules, each.Rule)
	}
	if !slices.Equal(rules, []string{"weapon", "llm@2", "language"}) || got.Reasons[1].Text != "gave no judgement (timeout)" || got.Reasons[1].Grade != contact.Unknown {
		t.Errorf("%+v", got.Reasons)
	}
	if by.says.Reasons[1].Rule != before[1].Rule {
		t.Errorf("what the assessor holds became %+v", by.says.Reasons)
	}
}

func TestAnAnswerHasEmptyListsAndNoNull(t *testing.T) {
	raw, err := json.Marshal(texts.AnswerOf("1", contact.Assessment{Grade: contact.Unknown}))
	if want := `{"id":"1","grade":"unknown","categories":[],"reasons":[],"judged_by":[]}`; string(raw) != want || err != nil {
		t.Errorf("%s, %v", raw, err)
	}
}

func TestALineIsAnsweredBeforeTheNextIsWritten(t *testing.T) {
	in, write := io.Pipe()
	read, out := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- texts.Lines(context.WithoutCancel(t.Context()), &assessor{}, in, out) }()
	answers := bufio.NewScanner(read)
	for i := range 3 {
		if _, err := fmt.Fprintf(write, `{"id":"%d","text":"hello"}`+"\n", i); err != nil {
			t.Fatal(err)
		}
		if !answers.Scan() || !strings.Contains(answers.Text(), fmt.Sprintf(`"id":"%d"`, i)) {
			t.Fatalf("answer %d: %q", i, answers.Text())
		}
	}
	if err := write.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestALineThatIsTooLongIsSkippedWholeAndTheNextIsJudged(t *testing.T) {
	var out strings.Builder
	var by assessor
	in := `{"id":"1","text":"` + strings.Repeat("x", texts.Limit) + "\"}\n{\"id\":\"2\",\"text\":\"<hello>\"}"
	err := texts.Lines(t.Context(), &by, strings.NewReader(in), &out)
	lines := strings.Split(out.String(), "\n")
	if err == nil || err.Error() != "judge texts: 1 line could not be read" || len(by.asked) != 1 || by.asked[0].Text != "<hello>" {
		t.Errorf("%v, asked %d", err, len(by.asked))
	}
	if len(lines) != 3 || !strings.Contains(lines[0], `"error":"line 1: longer than 4194304 bytes"`) || !strings.HasPrefix(lines[1], `{"id":"2"`) {
		t.Errorf("%.300s", out.String())
	}
}

func TestWhoIsInterruptedIsToldSo(t *testing.T) {
	ctx, end := context.WithCancel(t.Context())
	end()
	if err := texts.Lines(ctx, &assessor{}, strings.NewReader("{}\n"), io.Discard); !errors.Is(err, interrupt.Err) {
		t.Errorf("%v", err)
	}
}
