package journal

import (
	"sync"

	"contactd/pipeline"
)

// recentBytes bounds the memory of recent; a row counts with its overhead.
const (
	recentBytes = 24 << 20
	rowOverhead = 700
)

// recent remembers the rows accepted last with the places they got, so that a
// message on its way through is not read back from the disk twice. What is
// forgotten is read from the database.
type recent struct {
	mu    sync.Mutex
	rows  map[int64]*remembered
	order []int64 // oldest first; dropped rows stay until they come to the front
	size  int
}

type remembered struct {
	*row
	placed pipeline.Placed
}

func (c *recent) put(r *row) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.rows == nil {
		c.rows = map[int64]*remembered{}
	}
	c.rows[r.seq] = &remembered{row: r}
	c.order = append(c.order, r.seq)
	c.size += len(r.body) + rowOverhead
	for c.size > recentBytes || len(c.order) > 2*recentBytes/rowOverhead {
		oldest := c.order[0]
		c.order = c.order[1:]
		c.remove(oldest)
	}
}

func (c *recent) remove(seq int64) {
	if r := c.rows[seq]; r != nil {
		c.size -= len(r.body) + rowOverhead
		delete(c.rows, seq)
	}
}

// get returns the row and its place, which is zero when not known.
func (c *recent) get(seq int64) (*row, pipeline.Placed) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r := c.rows[seq]; r != nil {
		return r.row, r.placed
	}
	return nil, pipeline.Placed{}
}

func (c *recent) place(seq int64, p pipeline.Placed) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r := c.rows[seq]; r != nil {
		r.placed = p
	}
}

func (c *recent) drop(seq int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.remove(seq)
}

// clear forgets everything.
func (c *recent) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rows, c.order, c.size = nil, nil, 0
}

// sourceHint returns the source of a recent message, 0 when not at hand.
func (j *Journal) sourceHint(seq int64) int64 {
	if r, _ := j.recent.get(seq); r != nil {
		return r.source
	}
	return 0
}
