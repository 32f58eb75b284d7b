package channelstest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"

	"contactd/contact"
)

// Blobs keeps blobs in memory. The zero value is ready.
type Blobs struct {
	mutex sync.Mutex
	bytes map[string][]byte
}

// Store reads all of r.
func (b *Blobs) Store(ctx context.Context, r io.Reader) (contact.Blob, error) {
	content, err := io.ReadAll(r)
	if err = errors.Join(err, ctx.Err()); err != nil {
		return contact.Blob{}, err
	}
	sum := sha256.Sum256(content)
	name := hex.EncodeToString(sum[:])
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if b.bytes == nil {
		b.bytes = map[string][]byte{}
	}
	b.bytes[name] = content
	return contact.Blob{SHA256: name, Size: int64(len(content)), MediaType: http.DetectContentType(content)}, nil
}

// Open returns a blob's bytes.
func (b *Blobs) Open(digest string) (io.ReadCloser, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	content, ok := b.bytes[digest]
	if !ok {
		return nil, fmt.Errorf("open blob %s: not kept", digest)
	}
	return io.NopCloser(bytes.NewReader(content)), nil
}
