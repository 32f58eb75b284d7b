package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/alecthomas/kong"

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
		rows, err := decodeLabelled(strings.NewReader(content))
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
		_, err := decodeLabelled(strings.NewReader("id,channel,text,grade,category\n" + content))
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v", content, err)
		}
	}
	seen := contactd(t, "", "eval", "--data", "nowhere.csv", "--against", "no.bin")
	if seen.code != 1 || !strings.Contains(seen.err, "no.bin") {
		t.Errorf("the other model is looked at late: %+v", seen)
	}
}

func TestNoErrorAboutAColumnRepeatsAMessageThatStandsInIt(t *testing.T) {
	file := filepath.Join(t.TempDir(), "shifted.csv")
	if err := os.WriteFile(file, []byte("id,channel,text,grade,category\n1,email,violence,he has a knife,\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, args := range map[string][]string{
		"line 2: read grade: want emergency, ":             {"eval", "--data", file},
		"line 2: grade: want 1 or 0, got something longer": {"eval", "--data", file, "--label", "grade"},
	} {
		if seen := contactd(t, "", args...); seen.code != 1 || !strings.Contains(seen.err, want) || strings.Contains(seen.err, "knife") {
			t.Errorf("%v: %+v", args, seen)
		}
	}
}

func TestAFileFromASpreadsheetIsRead(t *testing.T) {
	rows, err := decodeLabelled(strings.NewReader("\ufeff\"id\",channel,text,grade,category,notes\r\n7,facebook,\"a\r\nb\",IMMEDIATE,fire,\"by post; type=plain \"\r\n"))
	if err != nil || len(rows) != 1 {
		t.Fatalf("%+v, %v", rows, err)
	}
	if row := rows[0]; row.id != "7" || row.Message.Text != "a\nb" || row.Grade != contact.Emergency || row.Message.Channel.Kind != "facebook_dm" || row.kind != "plain" {
		t.Errorf("%+v", row)
	}
}

func TestAMessageThatIsThereTwiceIsRefused(t *testing.T) {
	dir := t.TempDir()
	write := func(name, ids string) string {
		content := "id,channel,text,grade,category\n"
		for id := range strings.FieldsSeq(ids) {
			content += id + ",x,\"hello\nthere\",priority,fire\n"
		}
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	twice, once, other := write("twice.csv", "1 2 1"), write("once.csv", "1 2"), write("other.csv", "2 3")
	for _, command := range [][]string{{"eval"}, {"train", "--out", filepath.Join(dir, "model")}} {
		seen := contactd(t, "", append(command, "--data", other, "--data", twice)...)
		if want := twice + `: line 6: id "1" is that of line 2 already`; seen.code != 1 || !strings.Contains(seen.err, want) {
			t.Errorf("%v: no %s in %+v", command, want, seen)
		}
		seen = contactd(t, "", append(command, "--data", once, "--data", once)...)
		if want := once + " is named twice"; seen.code != 1 || !strings.Contains(seen.err, want) {
			t.Errorf("%v: no %s in %+v", command, want, seen)
		}
	}
	if rows, err := readLabelled(t.Context(), []string{once, other}, nil); err != nil || len(rows) != 4 {
		t.Errorf("files of two authors who both count from one: %d messages, %v", len(rows), err)
	}
}

func TestAFileMayHaveACommaInItsName(t *testing.T) {
	for _, args := range [][]string{{"eval", "--data", "a,b.csv"}, {"train", "--out", "new.bin", "--data", "a,b.csv"}} {
		if seen := contactd(t, "", args...); !strings.Contains(seen.err, "open a,b.csv: ") {
			t.Errorf("%v: %+v", args, seen)
		}
	}
	var c commands
	parser, err := kong.New(&c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse([]string{"reply", "c-1", "--file", "a,b.pdf", "--file", "c.pdf"}); err != nil || !slices.Equal(c.Reply.File, []string{"a,b.pdf", "c.pdf"}) {
		t.Errorf("%q, %v", c.Reply.File, err)
	}
}
