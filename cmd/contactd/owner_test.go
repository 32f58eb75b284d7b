package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAFileThatTheServiceCannotUseIsNamedWithTheWayOut(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"journal.db", "meta.json"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const service = 4711
	called := func(name string) func(string, fs.FileInfo) bool {
		return func(_ string, info fs.FileInfo) bool { return info.Name() == name }
	}
	if err := strangers(dir, service, called("nothing")); err != nil {
		t.Errorf("all is the service's: %v", err)
	}
	want := "meta.json belongs to " + userName(os.Geteuid()) + ", and 4711 cannot use it: as root, chown -R 4711 " + dir
	if err := strangers(dir, service, called("meta.json")); err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
	if err := strangers(filepath.Join(dir, "not yet"), service, called("nothing")); err != nil {
		t.Errorf("a folder that is not there: %v", err)
	}
}

func TestNobodyIsSentAwayFromAFolderOfTheirOwn(t *testing.T) {
	dir := configure(t, ownBroker)
	data := filepath.Join(dir, "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	c := config{DataDir: data}
	if err := c.owned(); err != nil {
		t.Error(err)
	}
	if err := c.asRootForAnother(); err != nil {
		t.Error(err)
	}
	if seen := contactd(t, "", "-c", inDir(t, dir), "check"); seen.code != 0 || strings.Contains(seen.out, "belongs") {
		t.Errorf("%+v", seen)
	}
}
