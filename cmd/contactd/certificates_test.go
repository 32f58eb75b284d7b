package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"contactd/channels/certificate/certificatetest"
)

// certificateUntil writes a certificate that began a year ago, and its key.
func certificateUntil(t *testing.T, ends time.Time) (certFile, keyFile string) {
	t.Helper()
	return certificatetest.Issue(t, t.TempDir(), 1, time.Now().AddDate(-1, 0, 0), ends)
}

// chatWithCertificate is the section of a chat with a certificate of its own.
func chatWithCertificate(t *testing.T, ends time.Time) string {
	t.Helper()
	certFile, keyFile := certificateUntil(t, ends)
	return fmt.Sprintf("channels: {webchat: {listen: \"127.0.0.1:0\", cert_file: %q, key_file: %q}}\n", certFile, keyFile)
}

// Who restarts what is not ready, or sends nobody there, would do so a week
// before anything is wrong.
func TestACertificateInItsLastDaysIsAWarningAndNoTrouble(t *testing.T) {
	p := startProgram(t, configure(t, ownBroker+chatWithCertificate(t, time.Now().Add(48*time.Hour))), "run")
	p.awaitReady()
	const want = "channels.webchat.cert_file: it ends at "
	if told := p.readiness().Warnings; len(told) != 1 || !strings.HasPrefix(told[0], want) {
		t.Errorf("/readyz warns of %v", told)
	}
	if _, metrics := p.get("/metrics"); !strings.Contains(metrics, `contactd_certificate_ends_soon{listener="channels.webchat"} 1`) {
		t.Error("no alarm can see it")
	}
	if !strings.Contains(p.logged(), want) {
		t.Errorf("logged %s", p.logged())
	}
	if seen := p.try("", "check"); seen.code != 0 || !strings.Contains(seen.out, "WARN") || !strings.Contains(seen.out, want) {
		t.Errorf("%+v", seen)
	}
}

func TestACertificateThatHasEndedIsTrouble(t *testing.T) {
	p := startProgram(t, configure(t, ownBroker+chatWithCertificate(t, time.Now().Add(-time.Minute))), "run")
	eventually(t, 20*time.Second, func() bool {
		r := p.readiness()
		return len(r.Channels) == 1 && strings.Contains(r.Channels[0].Error, "cert_file: it ended at ") && !r.Ready && len(r.Warnings) == 0
	}, func() string { return fmt.Sprintf("%+v", p.readiness()) })
	if want := `msg="a certificate is not good" err="channels.webchat.cert_file: it ended at `; !strings.Contains(p.logged(), want) {
		t.Errorf("logged %s", p.logged())
	}
}
