package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// takenAddress is one at which another program listens until free is called.
func takenAddress(t *testing.T) (address string, free func()) {
	t.Helper()
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Close() })
	return other.Addr().String(), func() { _ = other.Close() }
}

func TestAListenerInTroubleStopsNobodyElseAndIsMendedWithoutARestart(t *testing.T) {
	taken, free := takenAddress(t)
	dir := t.TempDir()
	text := fmt.Sprintf(`http: {listen: "127.0.0.1:0", tokens_file: tokens}
webhooks: {listen: %q}
channels:
  facebook: {app_secret_file: one, verify_token_file: one, graph_url: "http://127.0.0.1:1", accounts: [{name: town, id: "1", token_file: one}]}
  webchat: {listen: "127.0.0.1:0"}
`, taken) + ownBroker
	write := func(name, content string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("contactd.yaml", text)
	write("one", "token")
	p := startProgram(t, dir, "run")
	told := func() string { return fmt.Sprintf("%+v", p.readiness()) }
	eventually(t, 20*time.Second, func() bool {
		r := p.readiness()
		chat := r.Channels[len(r.Channels)-1]
		return chat.Channel == "webchat" && chat.Ready && r.Broker.Ready && !r.Ready &&
			strings.Contains(r.Listeners["http"].Error, "http.tokens_file: ") &&
			strings.Contains(r.Listeners["webhooks"].Error, "webhooks.listen") && strings.Contains(r.Listeners["webhooks"].Error, "in use")
	}, told)
	measured := func(ready string) bool {
		_, metrics := p.get("/metrics")
		return strings.Contains(metrics, `contactd_listener_ready{listener="http"} `+ready) &&
			strings.Contains(metrics, `contactd_listener_ready{listener="webhooks"} `+ready)
	}
	if !measured("0") {
		t.Error("no alarm can see it")
	}

	write("tokens", "secret\n")
	free()
	eventually(t, 30*time.Second, func() bool {
		r := p.readiness()
		return r.Listeners["http"].Ready && r.Listeners["webhooks"].Ready && measured("1")
	}, told)
}

func TestMessagesAreTakenAlthoughAnotherProgramHasTheAddressOfHTTP(t *testing.T) {
	taken, free := takenAddress(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "contactd.yaml")
	if err := os.WriteFile(file, fmt.Appendf(nil, "http: {listen: %q}\n%schannels: {webchat: {listen: \"127.0.0.1:0\"}}\n", taken, ownBroker), 0o600); err != nil {
		t.Fatal(err)
	}
	p := startProgram(t, dir, "run")
	said := strings.Join(p.says, "\n")
	for _, want := range []string{"status   http://" + taken + "/readyz, not yet: listen (http.listen): ", "in use"} {
		if !strings.Contains(said, want) {
			t.Errorf("no %q in:\n%s", want, said)
		}
	}
	free()
	p.url = "http://" + taken
	eventually(t, 30*time.Second, func() bool {
		conn, err := net.Dial("tcp", taken)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	}, p.logged)
	p.awaitReady()
}
