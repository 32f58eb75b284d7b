package measure

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"contactd/classifiers/linear"
	"contactd/classifiers/signpost"
	"contactd/cmd/contactd/labelled"
	"contactd/contact"
)

// row is a message labelled with one grade and judged as another.
func row(want, got contact.Grade, group, kind string, urgent float64) Judged {
	j := Judged{grade: got, chances: []linear.Chance{{Head: "urgent", Chance: urgent}}}
	j.Grade, j.Group, j.Kind = want, group, kind
	return j
}

func TestFiguresAreSharesOfWhatWasLabelledSo(t *testing.T) {
	all := FiguresOf([]Judged{
		row(contact.Emergency, contact.Emergency, "b", "plain", 1), row(contact.Emergency, contact.Scheduled, "b", "covert", 0),
		row(contact.Priority, contact.Unknown, "a", "plain", 1), row(contact.Scheduled, contact.Emergency, "a", "plain", 0),
		row(contact.Resolution, contact.Resolution, "a", "", 0),
	})
	var of []string
	for _, f := range all {
		of = append(of, f.Of)
	}
	if !slices.Equal(of, []string{"all", "b", "a", "type covert", "type plain"}) {
		t.Errorf("figures of %v", of)
	}
	f := all[0]
	for name, got := range map[string]*float64{"emergency flagged": f.EmergencyFlagged, "emergency graded": f.EmergencyGraded, "low flagged": f.LowFlagged, "low graded emergency": f.LowEmergency} {
		if got == nil || *got != 0.5 {
			t.Errorf("%s: %s", name, written(got))
		}
	}
	// Of four grades the emergencies have an F1 of a half, the resolutions of one.
	if *f.PriorityFlagged != 1 || f.MacroF1 != 0.375 || f.MacroF1Read != 0.375 || f.Calibration != 0.2 || f.Messages != 5 {
		t.Errorf("%+v", f)
	}
	want := map[string]int{"emergency as emergency": 1, "emergency as scheduled": 1, "priority as unknown": 1, "scheduled as emergency": 1, "resolution as resolution": 1}
	if !maps.Equal(f.Confusion, want) {
		t.Errorf("%v", f.Confusion)
	}
	if covert := all[3]; covert.LowFlagged != nil || !strings.Contains(Table(all), "\ntype covert             1  0.000   0.000    -         -       -        0.000   0.000    1.000\n") {
		t.Errorf("%+v in\n%s", covert, Table(all))
	}
}

func TestGroupsAreLeftOutAloneOrDealtOut(t *testing.T) {
	var rows []labelled.Row
	for _, group := range []string{"a", "b", "a", "c"} {
		rows = append(rows, labelled.Row{Example: linear.Example{Group: group}})
	}
	for folds, want := range map[int][][]string{0: {{"a"}, {"b"}, {"c"}}, 2: {{"a", "c"}, {"b"}}, 9: {{"a"}, {"b"}, {"c"}}} {
		if got := Parts(rows, folds); !slices.EqualFunc(got, want, slices.Equal) {
			t.Errorf("%d folds: %v, want %v", folds, got, want)
		}
	}
}

// labelledRows are of a file with one message of danger, one for the council and
// enough of others to learn from, in two groups.
func labelledRows(t *testing.T) []labelled.Row {
	t.Helper()
	rows, err := labelled.Decode(strings.NewReader("id,channel,text,grade,category,notes\n" +
		"k\x1b,email,\"he has a knife\nhelp\x1b[2J\",emergency,violence,type=plain\n" +
		"n,email,\"the neighbours are playing loud music again, who do i ring\",resolution,non_police/noise,type=plain\n" +
		"1,webchat,when is the desk open on day 1,resolution,admin,\n2,webchat,when is the desk open on day 2,resolution,admin,\n"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range rows {
		rows[i].Group = []string{"a", "b"}[i%2]
	}
	return rows
}

// shipped is the model that comes along.
func shipped(t *testing.T) *linear.Classifier {
	t.Helper()
	c, err := linear.New(linear.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// calm is a model that finds nothing urgent.
func calm(t *testing.T) *linear.Classifier {
	t.Helper()
	var examples []linear.Example
	for _, row := range labelledRows(t)[1:] {
		examples = append(examples, row.Example)
	}
	return linear.NewOf(linear.Read(examples).TrainToGrade())
}

func judged(t *testing.T, by *linear.Classifier) []Judged {
	t.Helper()
	rows, err := Judge(t.Context(), by, labelledRows(t))
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestAnEmergencyThatOnlyTheOtherModelFindsIsLost(t *testing.T) {
	told, lost, err := Compare(t.Context(), shipped(t), judged(t, calm(t)))
	if err != nil || lost != 1 || !strings.HasPrefix(told, "lost k·: resolution, was ") || !strings.HasSuffix(told, ": 1 emergencies lost, 0 found\n") {
		t.Errorf("lost %d, %v:\n%s", lost, err, told)
	}
	told, lost, err = Compare(t.Context(), calm(t), judged(t, shipped(t)))
	if err != nil || lost != 0 || !strings.HasSuffix(told, ": 0 emergencies lost, 1 found\n") {
		t.Errorf("the other way: lost %d, %v:\n%s", lost, err, told)
	}
}

func TestTheHighestOpinionCounts(t *testing.T) {
	rows := labelledRows(t)[1:2]
	rows[0].Before = []contact.Opinion{{By: "rules", Grade: contact.Priority, Micros: 1e9, Reasons: []contact.Reason{{Rule: "noise", Grade: contact.Priority}}}}
	got, err := Judge(t.Context(), shipped(t), rows)
	if err != nil || got[0].grade != contact.Priority || got[0].micros < 1e9 || !strings.Contains(got[0].why(), "noise (priority)") {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestWhatIsListedStaysOnItsLineAndDoesNotSteerTheTerminal(t *testing.T) {
	rows := judged(t, calm(t))
	if err := Signpost(rows, nil, signpost.Config{}); err != nil {
		t.Fatal(err)
	}
	misses := Misses(rows)
	if !strings.HasPrefix(misses, "k· emergency graded resolution: he has a knife / help·[2J [") || strings.Count(misses, "\n") != 1 {
		t.Errorf("%q", misses)
	}
	for i := range rows {
		rows[i].micros = int64(i)
	}
	if slow := Slowest(slices.Concat(rows, rows)); strings.Count(slow, "\n") != slowestShown || !strings.HasPrefix(slow, "slow 2: 3 us for 30 bytes\nslow 2: 3 us") {
		t.Errorf("%q", slow)
	}
	rows[0].signpost = "noise" // sent away
	if got := SignpostMisses(rows[:1]); !strings.HasPrefix(got, `k· graded resolution is violence, signpost "noise": he has a knife / help·[2J`) {
		t.Errorf("%q", got)
	}
}

func TestASignpostIsRightWhenItLeadsWhereTheLabelDoes(t *testing.T) {
	by := shipped(t)
	rows := judged(t, by)
	if err := Signpost(rows, by.Topics(), signpost.Config{}); err != nil {
		t.Fatal(err)
	}
	if got := FiguresOf(rows)[0].Signposts; *got != (SignpostFigures{NotPolice: 1, Right: 1, Helped: 1}) {
		t.Errorf("%+v", got)
	}
	rows[0].signpost = "noise" // an emergency sent away
	if table := SignpostTable(FiguresOf(rows)[:1]); !strings.HasSuffix(table, "\nall                         1  1.000   1.000   0.000    1, 0\n") {
		t.Errorf("%s", table)
	}
}

func TestEachPartIsJudgedByWhatTheOthersTeach(t *testing.T) {
	rows := labelledRows(t)
	var examples []linear.Example
	for _, row := range rows {
		examples = append(examples, row.Example)
	}
	var groups []string
	err := Cross(Parts(rows, 0), rows, examples, func(last *linear.Classifier, tested []labelled.Row) error {
		for _, row := range tested {
			groups = append(groups, row.Group)
		}
		_, err := Judge(t.Context(), last, tested)
		return err
	})
	if err != nil || !slices.Equal(groups, []string{"a", "a", "b", "b"}) {
		t.Errorf("%v, %v", groups, err)
	}
}

func TestOnlyPlainMessagesAreDisguised(t *testing.T) {
	d, heard := NewDisguised(), 0
	err := d.Judge(t.Context(), shipped(t), labelledRows(t), func(context.Context, contact.Message) ([]contact.Opinion, error) {
		heard++
		return []contact.Opinion{{Grade: contact.Emergency}}, nil
	})
	table := d.Table()
	if err != nil || heard != 2*len(d.styles) || strings.Count(table, "          1    1.000  1.000           1    1.000  1.000\n") != len(d.styles) {
		t.Errorf("heard %d, %v:\n%s", heard, err, table)
	}
}

func TestACurveWithoutAPointIsNotDrawn(t *testing.T) {
	dir := t.TempDir()
	if err := Draw(dir, judged(t, shipped(t))[1:]); err != nil { // without the emergency
		t.Fatal(err)
	}
	drawn, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(drawn) != 1 || filepath.Base(drawn[0]) != "calibration.svg" {
		t.Errorf("%v, %v", drawn, err)
	}
	if content, err := os.ReadFile(drawn[0]); err != nil || !strings.Contains(string(content), "<path") {
		t.Errorf("%v, %.100s", err, content)
	}
	if err := Draw("/nowhere", judged(t, shipped(t))); err == nil || !strings.HasPrefix(err.Error(), "draw curves: ") {
		t.Errorf("%v", err)
	}
}
