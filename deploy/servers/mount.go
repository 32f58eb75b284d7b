package servers

import (
	"fmt"
	"os/exec"
	"testing"
)

// Mount mounts something on a folder that is there, with arguments as of the
// command of that name, for the length of a test.
func Mount(t testing.TB, at string, args ...string) {
	t.Helper()
	if out, err := exec.Command("mount", append(args, at)...).CombinedOutput(); err != nil {
		skipOrFail(t, fmt.Sprintf("this test needs to mount a disk: %v %s", err, out))
	}
	t.Cleanup(func() { _ = exec.Command("umount", at).Run() })
}
