package certificate

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// issued writes the files of a certificate that is good from and until so long
// from now.
func issued(t *testing.T, from, until time.Duration) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(from), NotAfter: time.Now().Add(until)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, block := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: der}, "key.pem": {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
}

func TestACertificateThatNobodyRenewsIsToldBeforeItEnds(t *testing.T) {
	const day = 24 * time.Hour
	for name, c := range map[string]struct {
		from, until time.Duration
		want, soon  string
	}{
		"fresh":                     {-30 * day, 60 * day, "", ""},
		"for a year":                {-335 * day, 30 * day, "", ""},
		"for six days":              {-5 * day, 1 * day, "", ""},
		"of ninety days, at last":   {-84 * day, 6 * day, "", "it ends at "},
		"of six days, at last":      {-6*day + time.Hour, 2 * time.Hour, "", "it ends at "},
		"ended":                     {-90 * day, -time.Minute, "ended at ", ""},
		"of a clock that runs fast": {time.Hour, 90 * day, "begins at ", ""},
	} {
		err, ending := Try(issued(t, c.from, c.until)), Ending(issued(t, c.from, c.until))
		if (err == nil) != (c.want == "") || err != nil && !strings.HasPrefix(err.Error(), "cert_file: it "+c.want) {
			t.Errorf("%s is told as %v", name, err)
		}
		if (ending == "") != (c.soon == "") || !strings.HasPrefix(ending, c.soon) {
			t.Errorf("of %s it is said %q", name, ending)
		}
		if _, err := Config(issued(t, c.from, c.until)); err != nil {
			t.Errorf("%s does not serve: %v", name, err)
		}
	}
}
