package servers

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
)

// aptPackages are the Debian packages of the servers and clients, by the
// program that shows they are there. strace injects I/O errors.
var aptPackages = map[string]string{
	"dovecot": "dovecot-imapd",
	"kcat":    "kcat",
	"strace":  "strace",
	"mvn":     "maven",
	"java":    "openjdk-17-jre-headless",
}

// lmtp is the part of Dovecot that Debian packs by itself.
const lmtp = "/usr/lib/dovecot/lmtp"

// InstallPackages installs what is missing with apt-get, if this is root on a
// Debian-like machine; otherwise it names what is missing on out.
func InstallPackages(ctx context.Context, out io.Writer) error {
	missing := missingPackages()
	if len(missing) == 0 {
		return nil
	}
	if _, err := exec.LookPath("apt-get"); err != nil || os.Geteuid() != 0 {
		_, err := fmt.Fprintf(out, "not installed, and only root with apt-get could: %v\n", missing)
		return err
	}
	if err := run(ctx, out, "apt-get", "-qq", "update"); err != nil {
		return fmt.Errorf("refresh package lists: %w", err)
	}
	args := append([]string{"-qq", "-y", "--no-install-recommends", "install"}, missing...)
	if err := run(ctx, out, "apt-get", args...); err != nil {
		return fmt.Errorf("install packages: %w", err)
	}
	return nil
}

func missingPackages() []string {
	var missing []string
	for program, pkg := range aptPackages {
		// Dovecot lies in /usr/sbin, which is not in every user's PATH.
		if _, err := exec.LookPath(program); err == nil || exists("/usr/sbin/"+program) {
			continue
		}
		missing = append(missing, pkg)
	}
	if !exists(lmtp) {
		missing = append(missing, "dovecot-lmtpd")
	}
	slices.Sort(missing)
	return missing
}

func run(ctx context.Context, out io.Writer, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	cmd.Stdout, cmd.Stderr = out, out
	return cmd.Run()
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
