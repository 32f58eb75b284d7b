package servers

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// aptPackages are the Debian packages of the servers and clients, by the
// program or file that shows they are there. Python reads our mails with
// its own eyes, strace injects I/O errors, npm fetches axe-core, and a browser without a font shows nothing.
var aptPackages = map[string]string{
	"dovecot":               "dovecot-imapd",
	"/usr/lib/dovecot/lmtp": "dovecot-lmtpd",
	"kcat":                  "kcat",
	"python3":               "python3",
	"strace":                "strace",
	"mvn":                   "maven",
	"java":                  "openjdk-17-jre-headless",
	"chromium":              "chromium",
	"npm":                   "npm",
	postfixMaster:           "postfix",
	"clamd":                 "clamav-daemon",
	"/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf": "fonts-dejavu-core",
}

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
	if slices.Contains(missing, "postfix") {
		if err := leavePostfixAlone(ctx); err != nil {
			return err
		}
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

// leavePostfixAlone tells the package to configure nothing, so that the machine
// itself gets no mail server.
func leavePostfixAlone(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, "debconf-set-selections")
	cmd.Stdin = strings.NewReader("postfix postfix/main_mailer_type select No configuration\n")
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("answer postfix's question: %w: %s", err, said)
	}
	return nil
}

func missingPackages() []string {
	var missing []string
	for sign, pkg := range aptPackages {
		// Servers lie in /usr/sbin, which is not in every user's PATH.
		if _, err := exec.LookPath(sign); err == nil || exists(sign) || exists("/usr/sbin/"+sign) {
			continue
		}
		// apt would remove the mail server that a machine has for another.
		if pkg == "postfix" && exists("/usr/sbin/sendmail") {
			continue
		}
		missing = append(missing, pkg)
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
