package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"contactd/pipeline/journal"
)

func TestCheckGoesOnWhenASecretCannotBeRead(t *testing.T) {
	file := filepath.Join(configure(t, `
channels:
  facebook: {app_secret_file: /nowhere/secret, verify_token_file: /nowhere/verify, accounts: [{name: town, id: "1", token_file: /nowhere/token}]}
  webchat: {demo: true}
`), "contactd.yaml")
	seen := contactd(t, "", "-c", file, "check")
	for _, want := range []string{"FAILED  facebook ", "facebook town: app_secret_file: read secret: ", "ok      webchat"} {
		if seen.code != 1 || !strings.Contains(seen.out, want) {
			t.Errorf("no %q in %+v", want, seen)
		}
	}
}

func TestCheckReadsWhatTheListenersNeed(t *testing.T) {
	write := func(name, text string) (file string) {
		file = filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	file := write("contactd.yaml", `http: {tokens_file: /nowhere/tokens, cert_file: /nowhere/cert, key_file: /nowhere/key}
webhooks: {cert_file: /nowhere/cert, key_file: /nowhere/key}
`)
	seen := contactd(t, "", "-c", file, "check")
	for _, want := range []string{"http.cert_file: ", "http.tokens_file: ", "webhooks.cert_file: "} {
		if seen.code != 1 || !strings.Contains(seen.out, want) {
			t.Errorf("no %q in %+v", want, seen)
		}
	}
	file = write("contactd.yaml", "http: {tokens_file: "+write("tokens", "# none yet\n")+"}\n")
	if seen := contactd(t, "", "-c", file, "check"); seen.code != 1 || !strings.Contains(seen.out, "http.tokens_file: there is no token in") {
		t.Errorf("%+v", seen)
	}
	file = write("contactd.yaml", "http: {listen: \"127.0.0.1:0\"}\n")
	if seen := contactd(t, "", "-c", file, "check"); !strings.Contains(seen.out, "originals for who asks from this machine, as a proxy on it does that adds no X-Forwarded-For") {
		t.Errorf("without tokens: %+v", seen)
	}
}

func TestCheckTellsADiskTooFullToTakeMessages(t *testing.T) {
	dir := configure(t, "journal: {min_free_bytes: 1000000TiB}\n")
	seen := contactd(t, "", "-c", filepath.Join(dir, "contactd.yaml"), "check")
	if seen.code != 1 || !strings.Contains(seen.out, "FAILED  data") || !strings.Contains(seen.out, "less than min_free_bytes") {
		t.Errorf("%+v", seen)
	}
}

func TestCheckAndRunWarnOfAPasswordThatCrossesTheNetworkReadable(t *testing.T) {
	dir := configure(t, ownBroker+"kafka: {brokers: [\"kafka.invalid:9092\"], sasl: {mechanism: plain, user: u, password: p4ss}}\n")
	want := "kafka.sasl.mechanism: plain without kafka.tls sends the password readable"
	if seen := contactd(t, "", "-c", filepath.Join(dir, "contactd.yaml"), "check"); !strings.Contains(seen.out, want) || strings.Contains(seen.out, "p4ss") {
		t.Errorf("no %q in %+v", want, seen)
	}
	p := startProgram(t, dir, "run")
	eventually(t, 10*time.Second, func() bool { return strings.Contains(p.logged(), want) }, p.logged)
}

func TestAWarningIsShownAndFailsNothing(t *testing.T) {
	var out strings.Builder
	p := &program{out: &out}
	failed := p.tell([]finding{{what: "broker", name: "b:9092", warning: "be careful"}, {what: "data", name: "data"}})
	if want := "WARN  broker  b:9092\nok    data    data\n\nbroker b:9092: be careful\n"; failed || out.String() != want {
		t.Errorf("failed %v, %q", failed, out.String())
	}
}

func TestCheckTellsAFolderThatWasPutBackFromABackup(t *testing.T) {
	dir := configure(t, "")
	data := filepath.Join(dir, "data")
	j, err := journal.Open(journal.Config{Dir: filepath.Join(data, "journal")}, journal.Deps{})
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	backup := filepath.Join(t.TempDir(), "backup")
	if out, err := command(t.Context(), dir, "backup", backup).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for of, want := range map[string]bool{data: false, backup: true} {
		f := checkDataDir(config{DataDir: of})
		if got := strings.Contains(f.detail, "put back from a backup"); got != want || f.err != nil {
			t.Errorf("of %s it says %q, %v", of, f.detail, f.err)
		}
	}
}
