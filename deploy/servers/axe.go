package servers

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// axe-core tests a page's accessibility. The version is the newest at the time
// of writing; the digest is the integrity that npm publishes for it.
const (
	axeVersion   = "4.14.1"
	axeIntegrity = "sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
	// axeScript is its script within the package.
	axeScript = "package/axe.min.js"
)

// FetchAxe puts axe-core's script into the state folder, unless it is there.
// npm fetches the package, from where it is set up to, and runs nothing of it.
func FetchAxe(ctx context.Context, out io.Writer) error {
	target, err := axePath()
	if err != nil || exists(target) {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
		return fmt.Errorf("create state folder: %w", err)
	}
	work, err := os.MkdirTemp(filepath.Dir(target), "npm-")
	if err != nil {
		return fmt.Errorf("create folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(work) }()
	cmd := exec.CommandContext(ctx, "npm", "pack", "--silent", "axe-core@"+axeVersion)
	cmd.Dir, cmd.Stderr = work, out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("run npm pack axe-core@%s: %w", axeVersion, err)
	}
	packed, err := os.ReadFile(filepath.Join(work, "axe-core-"+axeVersion+".tgz"))
	if err != nil {
		return fmt.Errorf("read package: %w", err)
	}
	script, err := unpackAxe(packed)
	if err != nil {
		return err
	}
	// Renamed last, so that a file of this name is always complete.
	if err := os.WriteFile(filepath.Join(work, "axe.js"), script, 0o600); err != nil {
		return fmt.Errorf("write script: %w", err)
	}
	if err := os.Rename(filepath.Join(work, "axe.js"), target); err != nil {
		return fmt.Errorf("keep script: %w", err)
	}
	return nil
}

// axePath is where the script lies.
func axePath() (string, error) {
	dir, err := Dir()
	return filepath.Join(dir, "axe-core-"+axeVersion+".min.js"), err
}

// unpackAxe returns the script from a package of the right digest.
func unpackAxe(packed []byte) ([]byte, error) {
	digest := sha512.Sum512(packed)
	if got := "sha512-" + base64.StdEncoding.EncodeToString(digest[:]); got != axeIntegrity {
		return nil, fmt.Errorf("check axe-core@%s: its digest is %s, want %s", axeVersion, got, axeIntegrity)
	}
	raw, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("unpack axe-core: %w", err)
	}
	for files := tar.NewReader(raw); ; {
		file, err := files.Next()
		if errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("unpack axe-core: it has no %s", axeScript)
		}
		if err != nil {
			return nil, fmt.Errorf("unpack axe-core: %w", err)
		}
		if file.Name == axeScript {
			return io.ReadAll(files)
		}
	}
}
