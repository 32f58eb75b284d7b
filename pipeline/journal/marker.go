package journal

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// marker is a small file that says which messages are being read, so that one
// whose reading kills the process is known after the restart. It is written
// without sync: it must outlive the process, not the machine.
type marker struct {
	mu   sync.Mutex
	file *os.File
	free []int
	at   map[int64]int
}

const (
	markerFile = "reading"
	markerSlot = 16 // seq and its complement
)

// openMarker returns the marker of a directory and the messages that were
// being read when it was last written. They stay in the file until erase.
func openMarker(dir string, slots int) (*marker, []int64, error) {
	path := filepath.Join(dir, markerFile)
	old, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		return nil, nil, fmt.Errorf("read marker file: %w", err)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, nil, fmt.Errorf("open marker file: %w", err)
	}
	m := &marker{file: file, at: map[int64]int{}}
	for slot := range slots {
		m.free = append(m.free, slot)
	}
	return m, parseMarker(old), nil
}

// parseMarker returns the messages in a marker file; what is damaged is left
// out.
func parseMarker(b []byte) []int64 {
	var seqs []int64
	for ; len(b) >= markerSlot; b = b[markerSlot:] {
		seq := binary.BigEndian.Uint64(b)
		if seq != 0 && seq == ^binary.BigEndian.Uint64(b[8:]) && seq <= 1<<62 {
			seqs = append(seqs, int64(seq))
		}
	}
	return seqs
}

// erase empties the file, once what it said is durable elsewhere. It takes
// the room for all slots, so that a full disk does not hinder set.
func (m *marker) erase() error {
	if err := m.file.Truncate(0); err != nil {
		return fmt.Errorf("erase marker file: %w", err)
	}
	if _, err := m.file.WriteAt(make([]byte, markerSlot*len(m.free)), 0); err != nil {
		return fmt.Errorf("erase marker file: %w", err)
	}
	return nil
}

// set notes that a message is being read.
func (m *marker) set(seq int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, known := m.at[seq]; known || len(m.free) == 0 {
		return
	}
	slot := m.free[len(m.free)-1]
	m.free = m.free[:len(m.free)-1]
	m.at[seq] = slot
	var b [markerSlot]byte
	binary.BigEndian.PutUint64(b[:], uint64(seq))
	binary.BigEndian.PutUint64(b[8:], ^uint64(seq))
	// A failure costs only the protection against a crash by this message.
	_, _ = m.file.WriteAt(b[:], int64(slot)*markerSlot)
}

// clear notes that a message is no longer being read.
func (m *marker) clear(seq int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	slot, known := m.at[seq]
	if !known {
		return
	}
	delete(m.at, seq)
	m.free = append(m.free, slot)
	_, _ = m.file.WriteAt(make([]byte, markerSlot), int64(slot)*markerSlot)
}
