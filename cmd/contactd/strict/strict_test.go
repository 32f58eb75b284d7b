package strict_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"contactd/cmd/contactd/strict"
)

type account struct {
	Name         string        `yaml:"name"`
	Host         string        `yaml:"host"`
	Port         uint16        `yaml:"port"`
	Password     string        `yaml:"password"`
	PasswordFile string        `yaml:"password_file"`
	Folders      []string      `yaml:"folders"`
	Poll         time.Duration `yaml:"poll"`
}

type config struct {
	Dir      string                    `yaml:"dir"`
	Limit    int64                     `yaml:"limit"`
	Ratio    float64                   `yaml:"ratio"`
	Debug    bool                      `yaml:"debug"`
	Keep     time.Duration             `yaml:"keep"`
	Accounts []account                 `yaml:"accounts"`
	Channels map[string]strict.Section `yaml:"channels"`
	Words    map[string]string         `yaml:"words"`
	TLS      *struct {
		CA string `yaml:"ca"`
	} `yaml:"tls"`
	Now func() `yaml:"-"`
}

func getenv(name string) (string, bool) {
	value, ok := map[string]string{"PASSWORD": "s3cret", "EMPTY": ""}[name]
	return value, ok
}

func decode(t *testing.T, text string, into any) error {
	t.Helper()
	section, err := strict.Parse("c.yaml", []byte(text), getenv)
	if err != nil {
		return err
	}
	return section.Decode(into)
}

func TestEveryKindOfValueIsRead(t *testing.T) {
	c := config{Dir: "default", Ratio: 0.5}
	err := decode(t, `
# a comment
limit: 40MiB
debug: true
keep: 7d
ratio:
accounts:
  - name: 007
    host: "mail.example"
    port: 993
    password: ${PASSWORD}
    folders: [INBOX, "Junk"]
    poll: 1m30s
words: {emergency: G1}
tls:
  ca: /ca.pem
`, &c)
	if err != nil {
		t.Fatal(err)
	}
	a := c.Accounts[0]
	switch {
	case c.Dir != "default", c.Ratio != 0.5:
		t.Errorf("defaults were lost: %+v", c)
	case c.Limit != 40<<20, !c.Debug, c.Keep != 7*24*time.Hour, c.Words["emergency"] != "G1", c.TLS.CA != "/ca.pem":
		t.Errorf("values: %+v", c)
	case a.Name != "007", a.Port != 993, a.Password != "s3cret", a.Poll != 90*time.Second, len(a.Folders) != 2:
		t.Errorf("account: %+v", a)
	}
}

func TestAByteOrderMarkIsNoPartOfTheFirstKey(t *testing.T) {
	var c config
	if err := decode(t, "\ufeffdir: here\n", &c); err != nil || c.Dir != "here" {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestAnEmptyFileLeavesTheDefaults(t *testing.T) {
	for _, text := range []string{"", "\n", "# nothing\n", "---\n", "dir:\n"} {
		c := config{Dir: "default"}
		if err := decode(t, text, &c); err != nil || c.Dir != "default" {
			t.Errorf("%q: %v, %q", text, err, c.Dir)
		}
	}
}

func TestAllProblemsAreToldWithFileLineAndKey(t *testing.T) {
	var c config
	err := decode(t, `dirr: x
limit: lots
keep: 90
debug: yep
accounts:
  - hots: y
    port: 70000
    password: ${MISSING}
    folders: INBOX
  - name: {a: b}
    password: ${EMPTY}
colour: red
dir: [a]
tls: on
`, &c)
	want := `c.yaml:1: dirr: unknown key, did you mean dir?
c.yaml:2: limit: want a whole number, or bytes with a unit such as "40MiB"
c.yaml:3: keep: want a duration with its unit, such as "90s", "5m", "168h" or "7d"
c.yaml:4: debug: want true or false
c.yaml:6: accounts[0].hots: unknown key, did you mean host?
c.yaml:7: accounts[0].port: number out of range
c.yaml:8: accounts[0].password: environment variable MISSING is not set
c.yaml:9: accounts[0].folders: want a list: [a, b], or one "- " line each
c.yaml:10: accounts[1].name: want a single value; one with ":" in it may need quotes
c.yaml:11: accounts[1].password: environment variable EMPTY is empty
c.yaml:12: colour: unknown key; known here: accounts, channels, debug, dir, keep, limit, ratio, tls, words
c.yaml:13: dir: want a single value
c.yaml:14: tls: want keys: ca`
	if got := errorText(err); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestAFileThatIsNotOneYAMLDocumentIsRefused(t *testing.T) {
	for text, want := range map[string]string{
		"dir: a\ndir: b\n":               "c.yaml:2: ",
		"dir: [\n":                       "c.yaml:1: ",
		"dir: a\n---\ndir: b\n":          "c.yaml: more than one YAML document",
		"dir: &a x\n":                    "c.yaml:1: dir: anchors",
		"dir: !!str x\n":                 "c.yaml:1: dir: anchors",
		"- a\n":                          "c.yaml:1: want keys",
		"just text\n":                    "c.yaml:1: want keys",
		strings.Repeat("x", 1<<20) + ":": "c.yaml: larger than",
	} {
		var c config
		if err := decode(t, text, &c); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%.40q: %v, want %s…", text, err, want)
		}
	}
}

func TestASecretIsNeverTold(t *testing.T) {
	var c config
	err := decode(t, "accounts:\n  - password: [hunter2]\n    pasword: hunter2\n", &c)
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
	if err := decode(t, "accounts: [{password: '$dollar ${x} }'}]", &c); err != nil || c.Accounts[0].Password != "$dollar ${x} }" {
		t.Errorf("a password that only looks like a variable: %v, %+v", err, c.Accounts)
	}
}

func TestAVariableIsNoValueOfWhatIsNoSecret(t *testing.T) {
	var c config
	err := decode(t, "dir: ${DIR}\naccounts: [{host: '${PASSWORD}'}]\nwords: {greeting: 'for ${NAME}'}\n", &c)
	want := "c.yaml:1: dir: ${DIR} is taken from the environment for secrets alone, which have a _file twin; write the value out\n" +
		"c.yaml:2: accounts[0].host: ${PASSWORD} is taken from the environment for secrets alone, which have a _file twin; write the value out"
	if got := errorText(err); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestASectionIsDecodedLaterAndKeepsItsPlace(t *testing.T) {
	var c config
	if err := decode(t, "channels:\n  email:\n    accounts:\n      - host: a\n        pot: 1\n", &c); err != nil {
		t.Fatal(err)
	}
	var email struct {
		Accounts []account `yaml:"accounts"`
	}
	err := c.Channels["email"].Decode(&email)
	if got, want := errorText(err), "c.yaml:5: channels.email.accounts[0].pot: unknown key, did you mean port?"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestWhatValidateSaysIsPlacedInTheFile(t *testing.T) {
	section, err := strict.Parse("c.yaml", []byte("dir: x\naccounts:\n  - host: a\n  - host: b\n"), getenv)
	if err != nil {
		t.Fatal(err)
	}
	var c config
	if err := section.Decode(&c); err != nil {
		t.Fatal(err)
	}
	err = section.Place(errors.Join(
		errors.New("accounts[1].host: no such host"),
		errors.New("accounts[1].port: missing"),
		errors.New("keep: too short"),
		errors.New("dir is odd"),
	), "")
	want := "c.yaml:4: accounts[1].host: no such host\nc.yaml:4: accounts[1].port: missing\nc.yaml: keep: too short\nc.yaml: dir is odd"
	if got := errorText(err); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := errorText(section.Place(errors.New("[1].host: bad"), "accounts")); !strings.HasPrefix(got, "c.yaml:2: accounts") {
		t.Errorf("got %s", got)
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func FuzzParse(f *testing.F) {
	seeds, err := filepath.Glob("testdata/seeds/*.yaml")
	if err != nil || len(seeds) == 0 {
		f.Fatal("no seeds", err)
	}
	for _, name := range seeds {
		seed, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		section, err := strict.Parse("c.yaml", data, getenv)
		if err == nil {
			var c config
			err = section.Decode(&c)
			for _, each := range c.Channels {
				err = errors.Join(err, each.Decode(&account{}))
			}
		}
		if err != nil && !strings.HasPrefix(err.Error(), "c.yaml") {
			t.Errorf("no file in %q", err)
		}
	})
}
