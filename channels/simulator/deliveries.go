package simulator

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Courier says how a platform delivers elements of a kind.
type Courier[T any] struct {
	// Workers is how many deliveries are under way at once.
	Workers int
	// Body writes a delivery and signs its header.
	Body func(batch []T, header http.Header) []byte
	// Text is what Told looks in.
	Text func(element T) []byte
	// Taken hears that a delivery was taken; nil for nobody. Refused hears that
	// it was not, and returns what is to be tried again; nil tries everything.
	Taken   func(batch []T)
	Refused func(batch []T) []T
}

// Deliveries are what waits to be delivered to the callback.
type Deliveries[T any] struct {
	base    *Base
	courier Courier[T]
	client  *http.Client

	mutex  sync.Mutex
	more   *sync.Cond
	queue  []T
	told   []T // answered by 200
	active int
	failed int // deliveries that were not answered by 200
	ended  bool
}

// Deliver begins to deliver until the simulator ends.
func Deliver[T any](b *Base, courier Courier[T]) *Deliveries[T] {
	d := &Deliveries[T]{base: b, courier: courier, client: &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{}}}
	d.more = sync.NewCond(&d.mutex)
	context.AfterFunc(b.base, func() {
		d.mutex.Lock()
		defer d.mutex.Unlock()
		d.ended = true
		d.more.Broadcast()
		d.client.CloseIdleConnections()
	})
	for range courier.Workers {
		b.workers.Go(d.work)
	}
	return d
}

// Put queues an element as the weather wants it.
func (d *Deliveries[T]) Put(element T) {
	if !d.base.chance(d.base.sky().Drop) {
		d.PutSurely(element)
	}
}

// PutSurely queues an element that the weather never drops.
func (d *Deliveries[T]) PutSurely(element T) {
	d.put(element)
	if d.base.chance(d.base.sky().Duplicate) {
		d.put(element)
	}
}

// put queues, somewhere when the weather is so.
func (d *Deliveries[T]) put(element T) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.queue = append(d.queue, element)
	if n := len(d.queue); n > 1 && d.base.chance(d.base.sky().Reorder) {
		i := d.base.pick(n)
		d.queue[i], d.queue[n-1] = d.queue[n-1], d.queue[i]
	}
	d.more.Broadcast()
}

func (d *Deliveries[T]) work() {
	for {
		batch, ok := d.take()
		if !ok {
			return
		}
		taken := d.post(batch)
		d.note(batch, taken)
		if taken && d.courier.Taken != nil {
			d.courier.Taken(batch)
		}
		if !taken {
			d.again(batch)
		}
		d.mutex.Lock()
		d.active--
		d.more.Broadcast()
		d.mutex.Unlock()
	}
}

// take waits for what is to be delivered next.
func (d *Deliveries[T]) take() ([]T, bool) {
	size := max(1, d.base.sky().Batch)
	d.mutex.Lock()
	defer d.mutex.Unlock()
	for len(d.queue) == 0 && !d.ended {
		d.more.Wait()
	}
	if d.ended {
		return nil, false
	}
	n := min(len(d.queue), size)
	batch := slices.Clone(d.queue[:n])
	d.queue = d.queue[n:]
	d.active++
	return batch, true
}

func (d *Deliveries[T]) note(batch []T, taken bool) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if taken {
		d.told = append(d.told, batch...)
	} else {
		d.failed++
	}
}

// again queues what was not taken, after a pause.
func (d *Deliveries[T]) again(batch []T) {
	select {
	case <-time.After(d.base.options.Retry):
	case <-d.base.Done():
	}
	if d.courier.Refused != nil {
		batch = d.courier.Refused(batch)
	}
	for _, each := range batch {
		d.put(each)
	}
}

// post delivers a batch and reports whether it was taken.
func (d *Deliveries[T]) post(batch []T) bool {
	header := http.Header{"Content-Type": {"application/json"}}
	body := d.courier.Body(batch, header)
	request, err := http.NewRequestWithContext(d.base.base, http.MethodPost, d.base.CallbackURL(), bytes.NewReader(body))
	if err != nil {
		return false
	}
	request.Header = header
	response, err := d.client.Do(request)
	if err != nil {
		return false
	}
	_, _ = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// Ask asks the callback something and returns the answer.
func (d *Deliveries[T]) Ask(ctx context.Context, url string) (status int, body []byte, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, nil, err
	}
	response, err := d.client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	body, err = io.ReadAll(io.LimitReader(response.Body, 4096))
	return response.StatusCode, body, err
}

// Told reports whether a delivery that holds text was answered by 200.
func (d *Deliveries[T]) Told(text string) bool {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	return slices.ContainsFunc(d.told, func(each T) bool { return bytes.Contains(d.courier.Text(each), []byte(text)) })
}

// Again delivers once more what was taken.
func (d *Deliveries[T]) Again() {
	d.mutex.Lock()
	told := slices.Clone(d.told)
	d.mutex.Unlock()
	for _, each := range told {
		d.put(each)
	}
}

// Settle waits until nothing is to be delivered.
func (d *Deliveries[T]) Settle(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { d.mutex.Lock(); d.more.Broadcast(); d.mutex.Unlock() })
	defer stop()
	d.mutex.Lock()
	defer d.mutex.Unlock()
	for (len(d.queue) > 0 || d.active > 0) && ctx.Err() == nil {
		d.more.Wait()
	}
	return ctx.Err()
}

// Failed counts deliveries that were not taken.
func (d *Deliveries[T]) Failed() int {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	return d.failed
}
