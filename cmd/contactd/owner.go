package main

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// filesLooked bounds how many files are looked at; the journal's and the
// broker's are among them.
const filesLooked = 10_000

// owned returns what in the data folder its user cannot use. That is what
// remains when somebody ran contactd once as root, and the service fails later.
// The user is who runs contactd; root can use everything and looks for whom the
// folder belongs to.
func (c config) owned() error {
	me, stranger := os.Geteuid(), func(path string, _ fs.FileInfo) bool {
		return errors.Is(unix.Access(path, unix.R_OK|unix.W_OK), fs.ErrPermission)
	}
	if me == 0 {
		if me = c.owner(); me == 0 {
			return nil
		}
		stranger = func(_ string, info fs.FileInfo) bool { return ownerOf(info) == 0 }
	}
	return strangers(c.DataDir, me, stranger)
}

// strangers names the first stranger in the folder, and the way out.
func strangers(dir string, me int, stranger func(string, fs.FileInfo) bool) error {
	looked := 0
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if looked++; err != nil || looked > filesLooked {
			return nil //nolint:nilerr // it is gone, or its folder is a stranger
		}
		info, err := entry.Info()
		if err != nil || !stranger(path, info) {
			return nil //nolint:nilerr // gone meanwhile
		}
		if ownerOf(info) == me {
			return fmt.Errorf("%s belongs to %s, who cannot use it: chmod -R u+rwX %s", path, userName(me), dir)
		}
		return fmt.Errorf("%s belongs to %s, and %s cannot use it: %s", path, userName(ownerOf(info)), userName(me), wayOut(dir, me))
	})
}

// wayOut says how me comes to use a folder. One of another user is not taken
// away: a service may be using it. Root's is a service's too, or what root put
// back for one.
func wayOut(dir string, me int) string {
	give := fmt.Sprintf("as root, chown -R %s %s", userName(me), dir)
	info, err := os.Stat(dir)
	switch {
	case err != nil || ownerOf(info) == me:
		return give
	case ownerOf(info) == 0:
		return "run contactd as root, or, if it is to run as " + userName(me) + ", " + give
	default:
		return "run contactd as " + userName(ownerOf(info))
	}
}

// warnRoot warns root of whom the folder belongs to.
func (c config) warnRoot(log *slog.Logger) {
	if err := c.asRootForAnother(); err != nil {
		log.Warn("the next start as that user may fail", "err", err)
	}
}

// asRootForAnother says whom the folder belongs to when root uses it.
func (c config) asRootForAnother() error {
	if owner := c.owner(); os.Geteuid() == 0 && owner != 0 {
		return fmt.Errorf("contactd runs as root, and %s belongs to %s, who cannot use what is written now", c.DataDir, userName(owner))
	}
	return nil
}

// owner is whom the data folder belongs to; this user while it is not there.
func (c config) owner() int {
	folder, err := os.Stat(c.DataDir)
	if err != nil {
		return os.Geteuid()
	}
	return ownerOf(folder)
}

func ownerOf(info fs.FileInfo) int {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(stat.Uid)
	}
	return os.Geteuid()
}

func userName(id int) string {
	text := strconv.Itoa(id)
	if found, err := user.LookupId(text); err == nil {
		return found.Username
	}
	return text
}
