package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestWrongArgumentsAreExplained(t *testing.T) {
	for _, each := range []struct {
		says string
		args []string
	}{
		{"expected one of", nil},
		{"unexpected argument", []string{"chatt"}},
		{"--sessions wants at least 1", []string{"chat", "--sessions", "0"}},
		{"--rate wants 0 to 1000000", []string{"chat", "--rate", "1e10"}},
		{"--rate wants 0 to 1000000", []string{"chat", "--rate", "NaN"}},
		{"--rate wants 0 to 1000000", []string{"chat", "--rate=-1"}},
		{"--answer needs --brokers or --data-dir", []string{"chat", "--answer"}},
		{"want http(s)://host[:port]", []string{"chat", "--url", "chat.example"}},
		{"name the broker: --brokers HOST:PORT", []string{"desk"}},
	} {
		var out, complaints bytes.Buffer
		if code := run(t.Context(), each.args, &out, &complaints); code != exitUsage || !strings.Contains(complaints.String(), each.says) {
			t.Errorf("contactsim %s: exit %d, said %q; want 2 and %q", strings.Join(each.args, " "), code, complaints.String(), each.says)
		}
	}
}

func TestAServerThatIsNotThereIsNamed(t *testing.T) {
	var out, complaints bytes.Buffer
	code := run(t.Context(), []string{"chat", "--url", "http://127.0.0.1:1"}, &out, &complaints)
	if code != exitFailure || !strings.Contains(complaints.String(), "begin session") || !strings.Contains(complaints.String(), "127.0.0.1:1") {
		t.Errorf("exit %d, said %q", code, complaints.String())
	}
}

func TestTextsComeFromAFileOfLinesOrAColumnOfACSV(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	for name, want := range map[string]string{
		write("texts.txt", "\n  one text \n\n"):                          "one text",
		write("marked.txt", "\ufeffone text\n"):                          "one text",
		write("marked.csv", "\ufeff\"text\",id\none text,1\n"):           "one text",
		write("texts.csv", "id,text\n1,\"a text,\nof two lines\"\n2,\n"): "a text,\nof two lines",
	} {
		w, err := readWords(name, 1)
		if err != nil || w.next() != want {
			t.Errorf("%s: %v, %v", name, w, err)
		}
	}
	for name, says := range map[string]string{
		write("empty.txt", " \n"):            "there are none",
		write("other.csv", "id,body\n1,x\n"): `no column "text"; there are: id, body`,
	} {
		if _, err := readWords(name, 1); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", name, err, says)
		}
	}
}

func TestADemoOfAContactdThatEndsAtOnceEndsToo(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var out, complaints bytes.Buffer
	code := run(ctx, []string{"demo", "--contactd", "false", "--hooks", "127.0.0.1:1"}, &out, &complaints)
	if code != exitFailure || !strings.Contains(complaints.String(), "does not come up") || ctx.Err() != nil {
		t.Errorf("exit %d, said %q, %v", code, complaints.String(), ctx.Err())
	}
}
