package main

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"contactd/channels/email"
	"contactd/channels/webchat"
)

func noEnvironment(string) (string, bool) { return "", false }

func TestTheSampleDecodes(t *testing.T) {
	if _, err := decodeConfig("sample", []byte(sample()), noEnvironment); err != nil {
		t.Error(err)
	}
}

// commentedOut matches a setting that the sample shows with its default.
var commentedOut = regexp.MustCompile(`(?m)^(\s*)# ([a-z_]+:(?: .*)?)$`)

func TestTheDefaultsThatTheSampleShowsAreTheRealOnes(t *testing.T) {
	shown := commentedOut.ReplaceAllString(sample(), "$1$2")
	got, err := decodeConfig("sample", []byte(shown), noEnvironment)
	if err != nil {
		t.Fatal(err)
	}
	want, err := decodeConfig("empty", nil, noEnvironment)
	if err != nil {
		t.Fatal(err)
	}
	g, w := reflect.ValueOf(defaulted(got)), reflect.ValueOf(defaulted(want))
	for i := range g.NumField() {
		if field := g.Type().Field(i); field.IsExported() && field.Name != "Channels" && !reflect.DeepEqual(g.Field(i).Interface(), w.Field(i).Interface()) {
			t.Errorf("%s: the sample shows %+v, the default is %+v", field.Name, g.Field(i), w.Field(i))
		}
	}
}

// anAccount matches the lines of the account that the sample shows.
var anAccount = regexp.MustCompile(`(?m)^(\s*)#( - |   )`)

func TestTheAccountThatTheSampleShowsIsValidAndShowsTheDefaults(t *testing.T) {
	read := func(text string) email.Config {
		c, err := decodeConfig("sample", []byte(text), noEnvironment)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		var accounts email.Config
		if err := c.Channels["email"].Decode(&accounts); err != nil {
			t.Fatal(err)
		}
		return accounts.WithDefaults()
	}
	_, text, _ := strings.Cut(sample(), "\nchannels:")
	used := anAccount.ReplaceAllStringFunc("channels:"+text, func(line string) string { return strings.Replace(line, "# ", "", 1) })
	shown := read(commentedOut.ReplaceAllString(used, "$1$2"))
	want := read(used)
	if len(want.Accounts) != 1 {
		t.Fatalf("%d accounts in\n%s", len(want.Accounts), used)
	}
	want.Accounts[0].Addresses = []string{}
	if !reflect.DeepEqual(shown, want) {
		t.Errorf("shown   %+v\ndefault %+v", shown, want)
	}
}

func TestTheChatThatTheSampleShowsIsTheDefaultOne(t *testing.T) {
	read := func(text string) webchat.Config {
		c, err := decodeConfig("sample", []byte(text), noEnvironment)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		var chat webchat.Config
		if err := c.Channels["webchat"].Decode(&chat); err != nil {
			t.Fatal(err)
		}
		return chat.WithDefaults()
	}
	_, text, _ := strings.Cut(sample(), "\n  webchat:")
	shown := commentedOut.ReplaceAllString("channels:\n  webchat:"+text, "$1$2")
	got, want := read(shown), webchat.Config{}.WithDefaults()
	got.Sites, got.TrustedProxies = want.Sites, want.TrustedProxies // shown commented out; empty and none are the same
	if !reflect.DeepEqual(got, want) {
		t.Errorf("shown   %+v\ndefault %+v", got, want)
	}
	used := anAccount.ReplaceAllStringFunc("channels:\n  webchat:"+text, func(line string) string { return strings.Replace(line, "# ", "", 1) })
	site := read(commentedOut.ReplaceAllString(used, "$1$2")).Sites[0]
	site.Origins, site.Promise, site.Hours.Weekly, site.Hours.Closed = nil, nil, nil, nil
	if !reflect.DeepEqual(site, want.Sites[0]) {
		t.Errorf("shown   %+v\ndefault %+v", site, want.Sites[0])
	}
}

func TestTheSampleShowsEverySetting(t *testing.T) {
	text := sample()
	var walk func(typ reflect.Type, at string)
	walk = func(typ reflect.Type, at string) {
		for i := range typ.NumField() {
			field := typ.Field(i)
			name, options, _ := strings.Cut(field.Tag.Get("yaml"), ",")
			inner := field.Type
			switch {
			case !field.IsExported() || name == "-":
			case options == "inline":
				walk(inner, at)
			case !regexp.MustCompile(`(?m)^\s*(#\s+)*(- )?` + name + `:`).MatchString(text):
				t.Errorf("%s%s is not in the sample", at, name)
			case inner.Kind() == reflect.Struct && inner.NumField() > 0 && inner.PkgPath() != "time":
				walk(inner, at+name+".")
			}
		}
	}
	walk(reflect.TypeFor[config](), "")
	walk(reflect.TypeFor[email.Account](), "channels.email.accounts.")
	walk(reflect.TypeFor[webchat.Config](), "channels.webchat.")
	walk(reflect.TypeFor[webchat.Site](), "channels.webchat.sites.")
}

func TestAMistakeIsToldWithFileLineAndKeyAndAllAtOnce(t *testing.T) {
	_, err := decodeConfig("contactd.yaml", []byte(`force: Derby Shire
htpp: {}
log: {level: loud, colour: red}
`), noEnvironment)
	want := `contactd.yaml:2: htpp: unknown key, did you mean http?
contactd.yaml:3: log.colour: unknown key; known here: format, level`
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
	_, err = decodeConfig("contactd.yaml", []byte("force: Derby Shire\nlog: {level: loud}\nchannels: {pigeon: {}}\nhttp: {listen: x}\ndata_dir: ~/contactd\n"), noEnvironment)
	want = `contactd.yaml:1: force: want lower-case letters, digits and -, got "Derby Shire"
contactd.yaml:2: log.level: want debug, info, warn or error, got "loud"
contactd.yaml:3: channels.pigeon: no such channel; there are: email, facebook, twitter, webchat
contactd.yaml:4: http.listen: want host:port, got "x"
contactd.yaml:5: data_dir: ~ is a shell's word for your home; write the whole path, got "~/contactd"`
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

func TestAValueOfTheWrongTypeHidesNoOtherMistakeButThoseItMayCause(t *testing.T) {
	_, err := decodeConfig("contactd.yaml", []byte(`log: {level: loud}
http: {listen: [x]}
kafka:
  brokers: [x]
  tls: {cert_file: a, key_flie: b}
broker: {connections: many}
channels:
  email:
    accounts:
      - {name: a, addresss: mail.example, user: u, password: p}
      - {name: a b, address: mail.example, user: u, password: p}
  pigeon: {}
`), noEnvironment)
	want := `contactd.yaml:1: log.level: want debug, info, warn or error, got "loud"
contactd.yaml:2: http.listen: want a single value
contactd.yaml:4: kafka.brokers[0]: want host:port, got "x"
contactd.yaml:5: kafka.tls.key_flie: unknown key, did you mean key_file?
contactd.yaml:6: broker.connections: want a whole number, or bytes with a unit such as "40MiB"
contactd.yaml:10: channels.email.accounts[0].addresss: unknown key, did you mean address?
contactd.yaml:11: channels.email.accounts[1].name: want 1 to 64 letters, digits, dots, dashes or underscores
contactd.yaml:12: channels.pigeon: no such channel; there are: email, facebook, twitter, webchat`
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

func TestTheConfigurationIsFoundWhereTheUserSays(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	write := func(name, force string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte("force: "+force+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	environment := map[string]string{}
	p := &program{getenv: func(name string) (string, bool) { value, ok := environment[name]; return value, ok }}
	expect := func(flag, force string) {
		t.Helper()
		c, err := p.load(flag)
		if err != nil || c.Force != force {
			t.Errorf("got %q, %v, want %q", c.Force, err, force)
		}
	}
	if _, err := os.Stat("/etc/contactd/contactd.yaml"); err != nil {
		expect("", "local")
	}
	write("contactd.yaml", "here")
	expect("", "here")
	environment["CONTACTD_CONFIG"] = write("env.yaml", "environment")
	expect("", "environment")
	expect(write("flag.yaml", "flag"), "flag")
	if _, err := p.load("missing.yaml"); err == nil {
		t.Error("a file that was named and is missing is no error")
	}
}

func FuzzConfig(f *testing.F) {
	f.Add([]byte(sample()))
	f.Add([]byte(commentedOut.ReplaceAllString(sample(), "$1$2")))
	f.Add([]byte("channels:\n  email:\n    accounts:\n      - {name: a, address: h, user: u, password: ${P}, folders: [INBOX], poll: 1s}\n"))
	f.Add([]byte("kafka: {brokers: [a:1], sasl: {mechanism: plain, password_file: x}}\njournal: {keep: -1h}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := decodeConfig("c.yaml", data, noEnvironment); err != nil && !strings.HasPrefix(err.Error(), "c.yaml") {
			t.Errorf("an error without the file: %q", err)
		}
	})
}

// defaulted fills what each section fills when it is used.
func defaulted(c config) config {
	c.Journal = c.Journal.WithDefaults()
	c.Kafka = c.Kafka.WithDefaults()
	c.Broker = c.Broker.WithDefaults()
	c.Pipeline = c.Pipeline.WithDefaults()
	c.Classifiers.Config = c.Classifiers.WithDefaults()
	c.Classifiers.Rules = c.Classifiers.Rules.WithDefaults()
	c.Classifiers.LLM = c.Classifiers.LLM.WithDefaults()
	// An empty list and none are the same.
	if len(c.Kafka.Brokers) == 0 {
		c.Kafka.Brokers = nil
	}
	if len(c.Pipeline.GradeCodes) == 0 {
		c.Pipeline.GradeCodes = nil
	}
	return c
}

func TestAFileThatIsNoConfigurationIsNotReadWhole(t *testing.T) {
	file := filepath.Join(t.TempDir(), "disk.img")
	if err := errors.Join(os.WriteFile(file, nil, 0o600), os.Truncate(file, 1<<42)); err != nil {
		t.Fatal(err)
	}
	if seen := contactd(t, "", "-c", file, "grade", "help"); seen.code != 1 || !strings.Contains(seen.err, "larger than 1048576 bytes") {
		t.Errorf("%+v", seen)
	}
}

func TestTheSampleInDeployIsTheOneThatIsPrinted(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "deploy", "contactd.yaml"))
	if err != nil || string(text) != sample() {
		t.Errorf("deploy/contactd.yaml differs, run make sample: %v", err)
	}
}
