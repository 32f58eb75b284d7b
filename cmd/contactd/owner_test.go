package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestAFileThatTheServiceCannotUseIsNamedWithTheWayOut(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"journal.db", "meta.json"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	service := ownedByAnother(t, dir)
	called := func(name string) func(string, fs.FileInfo) bool {
		return func(_ string, info fs.FileInfo) bool { return info.Name() == name }
	}
	if err := strangers(dir, service, called("nothing")); err != nil {
		t.Errorf("all is the service's: %v", err)
	}
	want := "meta.json belongs to " + userName(os.Geteuid()) + ", and " + userName(service) + " cannot use it: as root, chown -R " + userName(service) + " " + dir
	if err := strangers(dir, service, called("meta.json")); err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
	if err := strangers(filepath.Join(dir, "not yet"), service, called("nothing")); err != nil {
		t.Errorf("a folder that is not there: %v", err)
	}
}

func TestWhoCannotUseAFileOfTheirOwnIsNotToldToOwnIt(t *testing.T) {
	dir, me := t.TempDir(), os.Geteuid()
	every := func(string, fs.FileInfo) bool { return true }
	want := dir + " belongs to " + userName(me) + ", who cannot use it: chmod -R u+rwX " + dir
	if err := strangers(dir, me, every); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestWhoIsNotTheServiceIsNotToldToTakeItsFolderAway(t *testing.T) {
	dir := t.TempDir()
	service := ownedByAnother(t, dir)
	every := func(string, fs.FileInfo) bool { return true }
	want := "and 4712 cannot use it: run contactd as " + userName(service)
	if err := strangers(dir, 4712, every); err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestWhoMeetsAFolderOfRootMayRunAsRootOrTakeIt(t *testing.T) {
	dir := t.TempDir()
	if os.Geteuid() != 0 {
		t.Skip("only root has folders of root's")
	}
	want := "and 4712 cannot use it: run contactd as root, or, if it is to run as 4712, as root, chown -R 4712 " + dir
	if err := strangers(dir, 4712, func(string, fs.FileInfo) bool { return true }); err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestAToolThatIsNotLetAtTheFolderSaysWhoIs(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can be somebody else")
	}
	dir := configure(t, ownBroker)
	p := startProgram(t, dir, "run")
	p.stop()
	program := filepath.Join(dir, "contactd") // where others may run it
	whole, err := os.ReadFile(os.Args[0])
	if err == nil {
		err = errors.Join(os.WriteFile(program, whole, 0o700), os.Chmod(program, 0o755), os.Chmod(dir, 0o755), os.Chmod(filepath.Dir(dir), 0o755),
			os.Chmod(filepath.Join(dir, "contactd.yaml"), 0o644))
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range []string{"verify", "backup copy", "quarantine list", "tail --timeout 5s"} {
		cmd := command(t.Context(), dir, strings.Fields(args)...)
		cmd.Path, cmd.SysProcAttr = program, &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 4712, Gid: 4712}}
		said, err := cmd.CombinedOutput()
		if want := "data belongs to root, and 4712 cannot use it: run contactd as root"; err == nil || !strings.Contains(string(said), want) {
			t.Errorf("%s: %v, told %q, want %q", args, err, said, want)
		}
	}
}

func TestRootIsWarnedBeforeTheServiceCannotUseItsBroker(t *testing.T) {
	dir := configure(t, ownBroker)
	if err := os.Mkdir(filepath.Join(dir, "data"), 0o700); err != nil {
		t.Fatal(err)
	}
	service := ownedByAnother(t, filepath.Join(dir, "data"))
	t.Chdir(dir)
	umask := syscall.Umask(0) // the command sets it, for this process and its children too
	syscall.Umask(umask)
	t.Cleanup(func() { syscall.Umask(umask) })
	ctx, stop := context.WithCancel(t.Context())
	stop()
	var told strings.Builder
	p := &program{in: strings.NewReader(""), out: io.Discard, err: &told, getenv: noEnvironment}
	p.run(ctx, []string{"broker"})
	if want := "data belongs to " + userName(service); !strings.Contains(told.String(), want) {
		t.Errorf("told %q, want %q", told.String(), want)
	}
}

// ownedByAnother gives a folder to another user and tells to whom.
func ownedByAnother(t *testing.T, dir string) (owner int) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can give a folder away")
	}
	if err := os.Chown(dir, 4711, 4711); err != nil {
		t.Fatal(err)
	}
	return 4711
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
