package certificate

import (
	"strings"
	"testing"
	"time"

	"contactd/channels/certificate/certificatetest"
)

// issued writes the files of a certificate that is good from and until so long
// from now.
func issued(t *testing.T, from, until time.Duration) (certFile, keyFile string) {
	t.Helper()
	now := time.Now()
	return certificatetest.Issue(t, t.TempDir(), 1, now.Add(from), now.Add(until))
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
