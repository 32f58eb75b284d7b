package journal

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"contactd/contact"
	"github.com/gabriel-vasile/mimetype"
)

// blobs keeps bytes in files named by their SHA-256, under two levels of
// directories. It implements channels.Blobs.
type blobs struct {
	dir string
	// naming is held while a file gets or loses its name, or becomes young, so that
	// pruning never removes what was stored or referred to since it looked.
	naming sync.Mutex
	// accepted is when the last message was, in microseconds since 1970.
	accepted atomic.Int64
}

// now is the present, but never before the last acceptance. A blob's age is that
// of its file: one that came while the clock was behind would be old as soon as
// the clock is right, and pruned before its message.
func (b *blobs) now() time.Time {
	now, accepted := time.Now(), fromMicros(b.accepted.Load())
	if now.Before(accepted) {
		return accepted
	}
	return now
}

// sniffBytes is how much of a blob its media type is told from.
const sniffBytes = 3072

func openBlobs(dir string) (*blobs, error) {
	b := blobsOf(dir)
	if err := os.MkdirAll(b.temporary(), 0o700); err != nil {
		return nil, fmt.Errorf("create blob folder: %w", err)
	}
	left, err := os.ReadDir(b.temporary())
	if err != nil {
		return nil, fmt.Errorf("read blob folder: %w", err)
	}
	for _, f := range left { // unfinished when the process ended
		_ = os.Remove(filepath.Join(b.temporary(), f.Name()))
	}
	return b, nil
}

func blobsOf(dir string) *blobs { return &blobs{dir: filepath.Join(dir, "blobs")} }

// temporaryDir holds blobs that are being written.
const temporaryDir = "tmp"

func (b *blobs) temporary() string { return filepath.Join(b.dir, temporaryDir) }

func (b *blobs) path(sum string) string { return filepath.Join(b.dir, sum[:2], sum[2:4], sum) }

// Store writes everything from r under its digest, synced.
func (b *blobs) Store(ctx context.Context, r io.Reader) (contact.Blob, error) {
	name := filepath.Join(b.temporary(), rand.Text())
	file, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return contact.Blob{}, fmt.Errorf("store blob: %w", err)
	}
	blob, err := b.fill(ctx, file, r)
	if err == nil {
		err = b.handOver(name)
	}
	if err == nil {
		err = b.settle(name, blob.SHA256)
	}
	if err != nil {
		_ = os.Remove(name)
		return contact.Blob{}, fmt.Errorf("store blob: %w", err)
	}
	return blob, nil
}

// fill copies r to file, dates, syncs and closes it.
func (b *blobs) fill(ctx context.Context, file *os.File, r io.Reader) (contact.Blob, error) {
	sum := sha256.New()
	sniff := &prefix{limit: sniffBytes}
	size, err := io.Copy(io.MultiWriter(file, sum, sniff), &untilDone{ctx, r})
	if now := b.now(); err == nil {
		err = os.Chtimes(file.Name(), now, now)
	}
	if err == nil {
		err = file.Sync()
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	return contact.Blob{
		SHA256: hex.EncodeToString(sum.Sum(nil)), Size: size, MediaType: mimetype.Detect(sniff.bytes).String(),
	}, err
}

// settle gives a synced file its final name, and makes that durable. A file of
// the same bytes gives way: it may be old, and pruned soon, or damaged.
func (b *blobs) settle(name, sum string) error {
	path := b.path(sum)
	inner := filepath.Dir(path)
	if err := os.MkdirAll(inner, 0o700); err != nil {
		return err
	}
	if err := b.handOver(inner, filepath.Dir(inner)); err != nil {
		return err
	}
	if err := b.rename(name, path); err != nil {
		return err
	}
	for _, dir := range []string{inner, filepath.Dir(inner), b.dir} {
		if err := syncDir(dir); err != nil {
			return err
		}
	}
	return nil
}

func (b *blobs) rename(name, path string) error {
	b.naming.Lock()
	defer b.naming.Unlock()
	return os.Rename(name, path)
}

// touch makes a blob young.
func (b *blobs) touch(path string) error {
	b.naming.Lock()
	defer b.naming.Unlock()
	now := b.now()
	return os.Chtimes(path, now, now)
}

// handOver gives what root makes beside a running contactd to whom the folder
// belongs, who else could neither open it nor store anything beside it.
func (b *blobs) handOver(paths ...string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	folder, err := os.Stat(b.dir)
	if err != nil {
		return err
	}
	owner, ok := folder.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	for _, path := range paths {
		if err := os.Lchown(path, int(owner.Uid), int(owner.Gid)); err != nil {
			return err
		}
	}
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// ErrNoBlob is returned by Open for a digest under which nothing is kept.
var ErrNoBlob = errors.New("no such blob")

// Open returns the bytes of a blob. The caller closes.
func (b *blobs) Open(sum string) (io.ReadCloser, error) {
	if _, err := parseDigest(sum); err != nil {
		return nil, fmt.Errorf("open blob: %w", err)
	}
	file, err := os.Open(b.path(sum))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open blob %s: %w", sum, ErrNoBlob)
	}
	return file, err
}

// prefix keeps the first bytes written to it.
type prefix struct {
	bytes []byte
	limit int
}

// Write implements io.Writer.
func (p *prefix) Write(b []byte) (int, error) {
	p.bytes = append(p.bytes, b[:min(len(b), p.limit-len(p.bytes))]...)
	return len(b), nil
}

// untilDone reads until ctx ends.
type untilDone struct {
	ctx context.Context
	io.Reader
}

// Read implements io.Reader.
func (u *untilDone) Read(b []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.Reader.Read(b)
}
