package measure

import (
	"path/filepath"
	"slices"
	"testing"

	"contactd/classifiers/linear"
	"contactd/classifiers/signpost"
	"contactd/cmd/contactd/labelled"
	"contactd/cmd/contactd/panel"
)

// judgedByOthers judges each of five parts of the labelled messages of this
// repository, one file for each author, by a model trained on the others, without
// the ordinary talk that the shipped model also learned from.
func judgedByOthers(t *testing.T) (judged []Judged) {
	t.Helper()
	files, err := filepath.Glob("../../../classifiers/linear/testdata/uk-contact/*.csv")
	if err != nil || len(files) < 7 {
		t.Fatalf("labelled messages: %v, %v", files, err)
	}
	first, err := panel.NewFirst(panel.Config{})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := labelled.Read(t.Context(), files, first.Hear)
	if err != nil {
		t.Fatal(err)
	}
	examples, err := labelled.Teaching(t.Context(), rows, nil, first.Hear, signpost.Config{})
	if err != nil {
		t.Fatal(err)
	}
	err = Cross(Parts(rows, 5), rows, examples, func(last *linear.Classifier, tested []labelled.Row) error {
		more, err := Judge(t.Context(), last, tested)
		judged = append(judged, more...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return judged
}

func atLeast(t *testing.T, what string, got *float64, want float64) {
	t.Helper()
	if got == nil || *got < want {
		t.Errorf("%s: %s, want at least %.2f", what, written(got), want)
	}
}

// TestMessagesByAnAuthorWhoWasNotLearnedFrom holds all classifiers together to
// floors on named files, each judged by what others teach. The first seven
// are by authors who knew no model, train-g holds what a model on those misses,
// the messages of train-h to train-m are slyer; the drills o to q, ca to cd,
// dd, de and dl to dp teach.
func TestMessagesByAnAuthorWhoWasNotLearnedFrom(t *testing.T) {
	judged := judgedByOthers(t)
	of := map[string]Figures{}
	for _, f := range FiguresOf(judged) {
		of[f.Of] = f
	}
	whole := together(judged, "messages", "train-a", "train-b", "train-c", "train-d", "train-e", "train-f")
	atLeast(t, "emergency flagged", whole.EmergencyFlagged, 0.975)
	atLeast(t, "emergency graded", whole.EmergencyGraded, 0.90)
	atLeast(t, "priority flagged", whole.PriorityFlagged, 0.87)
	atLeast(t, "what others miss", of["train-g"].EmergencyFlagged, 0.90)
	if *whole.LowFlagged > 0.20 || *whole.LowEmergency > 0.06 || whole.MacroF1 < 0.78 {
		t.Errorf("low flagged %.3f, graded emergency %.3f, macro F1 %.3f", *whole.LowFlagged, *whole.LowEmergency, whole.MacroF1)
	}
	later := together(judged, "train-h", "train-i", "train-j", "train-k", "train-l", "train-m")
	atLeast(t, "emergency flagged of later authors", later.EmergencyFlagged, 0.95)
	atLeast(t, "emergency graded of later authors", later.EmergencyGraded, 0.83)
	atLeast(t, "priority flagged of later authors", later.PriorityFlagged, 0.87)
	if *later.LowFlagged > 0.25 || *later.LowEmergency > 0.07 || later.MacroF1 < 0.73 {
		t.Errorf("later authors: low flagged %.3f, graded emergency %.3f, macro F1 %.3f", *later.LowFlagged, *later.LowEmergency, later.MacroF1)
	}
	atLeast(t, "plain", of["type plain"].EmergencyFlagged, 0.97)
	atLeast(t, "obfuscated", of["type obfuscated"].EmergencyFlagged, 0.95)
	atLeast(t, "other languages", of["type lang"].EmergencyFlagged, 0.97)
	atLeast(t, "injection", of["type injection"].EmergencyFlagged, 0.95)
	atLeast(t, "covert", of["type covert"].EmergencyFlagged, 0.93)
	if of["all"].Calibration > 0.03 || of["all"].MacroF1 < 0.76 {
		t.Errorf("calibration error %.3f, macro F1 %.3f", of["all"].Calibration, of["all"].MacroF1)
	}
}

// together are the figures of several files as if they were one.
func together(judged []Judged, files ...string) Figures {
	others := func(row Judged) bool { return !slices.Contains(files, row.Group) }
	return figuresNamed("together", slices.DeleteFunc(slices.Clone(judged), others))
}
