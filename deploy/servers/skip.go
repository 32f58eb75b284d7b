package servers

import (
	"os"
	"testing"
)

// skipOrFail skips a test whose real server is missing, except in CI, where
// nothing is skipped.
func skipOrFail(t testing.TB, missing string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(missing)
	}
	t.Skip(missing)
}
