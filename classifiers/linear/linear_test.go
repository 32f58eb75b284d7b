package linear

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"contactd/contact"
)

// examples are a few made-up messages in two groups, enough to learn from.
func examples() []Example {
	var all []Example
	for n := range 24 {
		for grade, text := range map[contact.Grade]string{
			contact.Emergency:  "he is kicking the door and has a knife, hurry",
			contact.Priority:   "my ex keeps following me and I am scared",
			contact.Scheduled:  "my bike was stolen and I need a crime number",
			contact.Resolution: "when is the front desk open please",
		} {
			all = append(all, Example{
				Message: contact.Message{Text: fmt.Sprintf("%s, number %d", text, n), Channel: contact.Channel{Kind: "email"}},
				Grade:   grade, Category: "violence", Group: fmt.Sprint(n % 2),
			})
		}
	}
	slices.SortStableFunc(all, func(a, b Example) int { return strings.Compare(a.Message.Text, b.Message.Text) })
	return all
}

func TestTheSameExamplesGiveTheSameBytes(t *testing.T) {
	first, err := Read(examples()).Train().Encode()
	if err != nil {
		t.Fatal(err)
	}
	second, err := Read(examples()).Train().Encode()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, second) {
		t.Error("two trainings on the same examples differ")
	}
	if len(first) > 4<<20 {
		t.Errorf("the model has %d bytes, more than 4 MiB", len(first))
	}
}

// stored is a model as it is stored, and as it is read again.
func stored(t *testing.T, m *Model) (content []byte, read *Model) {
	t.Helper()
	content, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	read, err = Decode(content)
	if err != nil {
		t.Fatal(err)
	}
	return content, read
}

func TestAModelIsTheSameAfterItWasStored(t *testing.T) {
	m := Read(examples()).Train()
	_, read := stored(t, m)
	for _, e := range examples() {
		a, b := NewOf(m).Chances(e.Message, nil), NewOf(read).Chances(e.Message, nil)
		for k := range a {
			if a[k] != b[k] {
				t.Fatalf("%s: %v before, %v after", a[k].Head, a[k].Chance, b[k].Chance)
			}
		}
	}
}

func TestAModelIsNamedByItsWeightsAndNotByItsMessagesAlone(t *testing.T) {
	name := func(m *Model) string {
		t.Helper()
		content, read := stored(t, m)
		if want := "linear@" + NameOf(content); NewOf(read).Name() != want {
			t.Errorf("named %s, want %s", NewOf(read).Name(), want)
		}
		return NewOf(read).Name()
	}
	told := examples()
	for i := range told {
		told[i].Before = []contact.Opinion{{By: "rules@2", Signs: []string{"now"}}}
	}
	first, again, others := Read(examples()).Train(), Read(examples()).Train(), Read(told).Train()
	if first.Trained != others.Trained || name(first) != name(again) || name(first) == name(others) {
		t.Errorf("one model is %s and %s; by other rules it is %s", name(first), name(again), name(others))
	}
}

func TestWhatIsNoModelIsRefused(t *testing.T) {
	good := shipped
	for name, content := range map[string][]byte{
		"empty": nil, "another file": []byte("id,channel"), "cut off": good[:len(good)-1], "longer": append(bytes.Clone(good), 0),
	} {
		if _, err := Decode(content); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestALineBuriedInALongMessageCountsForMoreThanItsShare(t *testing.T) {
	c := newShipped(t)
	calm := strings.Repeat("The meeting on Tuesday went well and the minutes are attached for your files. ", 40)
	line := "He has got a knife and is kicking the bedroom door in now, please hurry. "
	urgency := func(text string) float64 { return c.Chances(contact.Message{Text: text}, nil)[urgent].Chance }
	whole := judging{reader: newReader()}
	whole.reader.read(calm + line + calm)
	whole.hints.gather(contact.Message{Text: calm + line + calm}, nil)
	c.model.sums(whole.reader, &whole.hints, &whole.sums)
	drowned := c.model.Heads[urgent].chance(whole.sums[urgent])
	if got := urgency(calm + line + calm); got < 2*drowned || got < 2*urgency(calm+calm) {
		t.Errorf("chance %.3f, %.3f without windows, %.3f without the line", got, drowned, urgency(calm+calm))
	}
}

func TestATextWithNothingToReadIsAFailure(t *testing.T) {
	opinion, err := newShipped(t).Grade(context.Background(), contact.Message{Text: " \u200b"})
	if err != nil || opinion.Failed == "" {
		t.Errorf("%+v, %v", opinion, err)
	}
}

func TestEveryTextHasAGradeWithAReason(t *testing.T) {
	c := newShipped(t)
	rapid.Check(t, func(t *rapid.T) {
		text := "a" + rapid.String().Draw(t, "text")
		opinion, err := c.Grade(context.Background(), contact.Message{Text: text})
		if err != nil || len(opinion.Reasons) == 0 || opinion.Grade == contact.Unknown {
			t.Fatalf("%q: %+v, %v", text, opinion, err)
		}
	})
}

func TestAnUrgentGradePointsAtTheWordsThatSpokeForIt(t *testing.T) {
	c := newShipped(t)
	text := "Hello, hope you are well. ünder the stairs, he is kicking the door and has a knife, please hurry"
	opinion, err := c.GradeAfter(context.Background(), contact.Message{Text: text}, []contact.Opinion{{Signs: []string{"weapon", "now"}}})
	if err != nil || opinion.Grade != contact.Emergency {
		t.Fatalf("%+v, %v", opinion, err)
	}
	reason, points := opinion.Reasons[0], []rune(text)
	if len(reason.Spans) == 0 || len(reason.Spans) > mostPieces {
		t.Fatalf("spans %+v", reason.Spans)
	}
	for _, span := range reason.Spans {
		if string(points[span.Start:span.End]) != span.Quote {
			t.Errorf("%+v is not at its place", span)
		}
		if strings.Contains(reason.Text, span.Quote) {
			t.Errorf("the reason repeats the text: %s", reason.Text)
		}
	}
	if !strings.Contains(reason.Text, "signs of ") {
		t.Errorf("no signs: %s", reason.Text)
	}
	if calm, err := c.Grade(context.Background(), contact.Message{Text: ordinary}); err != nil || calm.Reasons[0].Spans != nil {
		t.Errorf("calm: %+v, %v", calm, err)
	}
}

// TestTheLinearPassAllocatesNothing is a property, not a measurement.
func TestTheLinearPassAllocatesNothing(t *testing.T) {
	m, err := Shipped()
	if err != nil {
		t.Fatal(err)
	}
	j := judging{reader: newReader()}
	message := contact.Message{Text: ordinary}
	before := []contact.Opinion{{Signs: []string{"now", "weapon", "child"}}}
	j.judge(m, message, before)
	if n := testing.AllocsPerRun(100, func() { j.judge(m, message, before) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(shipped[:200])
	f.Add([]byte(magic + "\x00\x00\x00\x02{}"))
	f.Fuzz(func(_ *testing.T, content []byte) {
		_, _ = Decode(content)
	})
}

func FuzzGrade(f *testing.F) {
	for _, text := range []string{"", "help", "مرحبا 你好", "\xff\xfe", strings.Repeat("a. ", 500), "k̶n̶i̶f̶e̶ 🔪"} {
		f.Add(text, text)
	}
	c := newShipped(f)
	f.Fuzz(func(t *testing.T, text, authored string) {
		if _, err := c.Grade(context.Background(), contact.Message{Text: text, Authored: authored}); err != nil {
			t.Fatal(err)
		}
	})
}

const ordinary = "Good morning, could you tell me when the new parking permits for Mill Street are sent out? Thanks, J"

func BenchmarkPass(b *testing.B) {
	m, err := Shipped()
	if err != nil {
		b.Fatal(err)
	}
	for name, text := range map[string]string{"100_characters": ordinary, "500_characters": strings.Repeat(ordinary, 5)} {
		b.Run(name, func(b *testing.B) {
			j := judging{reader: newReader()}
			message := contact.Message{Text: text, Authored: text}
			b.ReportAllocs()
			for b.Loop() {
				j.judge(m, message, nil)
			}
		})
	}
}

func newShipped(t testing.TB) *Classifier {
	t.Helper()
	c, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}
