package labelled_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"contactd/classifiers/linear"
	"contactd/classifiers/signpost"
	"contactd/cmd/contactd/labelled"
	"contactd/contact"
)

// FuzzLabelled reads files that people have made in a spreadsheet: no crash,
// and whatever is taken has a grade that a label may have and a text that can
// be judged.
func FuzzLabelled(f *testing.F) {
	for _, content := range []string{
		"id,channel,text,grade,category,notes\n1,x,hello,Immediate,violence,a;type=plain\n",
		"\ufeffid,channel,text,grade,category\n1,x,hello,priority,\n", "id;channel;text;grade;category\n", "",
		"id,channel,text,grade,category\n1,x,\"a\nb\",unknown,c\n", "id,channel,text,grade,category\n1,x,\xff,Resolution,c\n",
		"text,grade,category,id,channel\n\"unclosed,priority,a,1,email\n", "id,id,channel,text,grade,category\n1,2,3,4,scheduled,6\n",
	} {
		f.Add(content)
	}
	f.Fuzz(func(t *testing.T, content string) {
		rows, err := labelled.Decode(strings.NewReader(content))
		if err != nil {
			return
		}
		for _, row := range rows {
			if row.Grade == contact.Unknown || !utf8.ValidString(row.Message.Text) || row.Message.Text != row.Message.Authored {
				t.Fatalf("%+v", row)
			}
		}
	})
}

func TestWhatIsWrongWithAFileIsToldWithItsLine(t *testing.T) {
	for content, want := range map[string]string{
		"1,x,hello,priority,\n2,x,caf\xe9,priority,\n": "line 3: the text is not UTF-8",
		"1,x,hello,red,\n": "line 2: read grade",
	} {
		_, err := labelled.Decode(strings.NewReader("id,channel,text,grade,category\n" + content))
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v", content, err)
		}
	}
}

func TestAFileFromASpreadsheetIsRead(t *testing.T) {
	rows, err := labelled.Decode(strings.NewReader("\ufeff\"id\",channel,text,grade,category,notes\r\n7,facebook,\"a\r\nb\",IMMEDIATE,fire,\"by post; type=plain \"\r\n"))
	if err != nil || len(rows) != 1 {
		t.Fatalf("%+v, %v", rows, err)
	}
	if row := rows[0]; row.ID != "7" || row.Message.Text != "a\nb" || row.Grade != contact.Emergency || row.Message.Channel.Kind != "facebook_dm" || row.Kind != "plain" {
		t.Errorf("%+v", row)
	}
}

// silent are no classifiers.
func silent(context.Context, contact.Message) ([]contact.Opinion, error) { return nil, nil }

// written writes rows below the header of labelled messages.
func written(t *testing.T, name, rows string) string {
	t.Helper()
	name = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(name, []byte("id,channel,text,grade,category\n"+rows), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestTwoAuthorsMayBothCountFromOne(t *testing.T) {
	a, b := written(t, "a.csv", "1,x,hello,priority,fire\n2,x,thanks,resolution,none\n"), written(t, "b.csv", "1,x,hello,priority,fire\n")
	rows, err := labelled.Read(t.Context(), []string{a, b}, silent)
	if err != nil || len(rows) != 3 || rows[1].Group != "a" || rows[2].Group != "b" {
		t.Errorf("%+v, %v", rows, err)
	}
	if _, err := labelled.Read(t.Context(), []string{a, filepath.Dir(a) + "/./a.csv"}, silent); err == nil || !strings.HasSuffix(err.Error(), "a.csv is named twice") {
		t.Errorf("%v", err)
	}
	if _, err := labelled.Read(t.Context(), []string{written(t, "none.csv", "")}, silent); err == nil || err.Error() != "read labelled messages: there are none" {
		t.Errorf("%v", err)
	}
}

func TestWhatIsSaidBeforeTheLearnedClassifierStandsBesideTheMessage(t *testing.T) {
	file := written(t, "a.csv", "7,x,hello,priority,fire\n")
	rows, err := labelled.Read(t.Context(), []string{file}, func(_ context.Context, m contact.Message) ([]contact.Opinion, error) {
		return []contact.Opinion{{By: m.Text}}, nil
	})
	if err != nil || len(rows[0].Before) != 1 || rows[0].Before[0].By != "hello" {
		t.Errorf("%+v, %v", rows, err)
	}
	deaf := errors.New("deaf")
	_, err = labelled.Read(t.Context(), []string{file}, func(context.Context, contact.Message) ([]contact.Opinion, error) { return nil, deaf })
	if !errors.Is(err, deaf) || err.Error() != "judge "+file+" 7: deaf" {
		t.Errorf("%v", err)
	}
}

func TestAModelLearnsFromMessagesOrdinaryTalkAndTheDirectory(t *testing.T) {
	rows, err := labelled.Decode(strings.NewReader("id,channel,text,grade,category\n1,x,loud music,resolution,non_police/noise\n2,x,a knife,emergency,violence\n3,x,stars,resolution,non_police/stars\n"))
	if err != nil {
		t.Fatal(err)
	}
	examples, err := labelled.Teaching(t.Context(), rows, []string{written(t, "calm.csv", "1,x,see you at lunch,resolution,none\n")}, silent, signpost.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if examples[0].Topic != "noise" || examples[1].Topic != "" || examples[2].Topic != "stars" || examples[2].Calm || rows[0].Topic != "" {
		t.Errorf("messages: %+v", examples[:3])
	}
	if calm := examples[3]; !calm.Calm || calm.Message.Text != "see you at lunch" || calm.Group != "calm" {
		t.Errorf("ordinary talk: %+v", calm)
	}
	for _, line := range examples[4:] {
		if !line.Lines || line.Message.Text == "" {
			t.Errorf("the directory: %+v", line)
		}
	}
	if len(examples) < 100 {
		t.Errorf("only %d examples", len(examples))
	}
}

func TestTextsAreAddedWithTheirAnswers(t *testing.T) {
	write := func(content string) string {
		name := filepath.Join(t.TempDir(), "texts.csv")
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	var q linear.Question
	if err := labelled.AddTexts(&q, write("\ufefffire,id,text\nYes,1,it burns\n0,2,caf\xe9\n"), "text", "fire"); err != nil {
		t.Fatal(err)
	}
	if err := labelled.AddTexts(&q, write("text,fire\nsmoke,true\nhello,no\n"), "text", "fire"); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(q.Texts, []string{"it burns", "caf\ufffd", "smoke", "hello"}) || !slices.Equal(q.Yes, []bool{true, false, true, false}) {
		t.Errorf("%+v", q)
	}
	for content, want := range map[string]string{
		"text,fire\nhello,perhaps\n":        `line 2: fire: want 1 or 0, got "perhaps"`,
		"text,fire\nhello,he has a knife\n": "line 2: fire: want 1 or 0, got something longer",
		"text\nhello\n":                     `no column "fire"; want text, fire`,
	} {
		if err := labelled.AddTexts(&q, write(content), "text", "fire"); err == nil || !strings.HasSuffix(err.Error(), "texts.csv: "+want) {
			t.Errorf("%q: %v", content, err)
		}
	}
}
