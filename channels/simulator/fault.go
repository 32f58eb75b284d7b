package simulator

import (
	"net/http"
	"strings"
	"time"
)

// Fault makes calls of the API fail.
type Fault struct {
	// Call is the method and the end of the path, such as "POST messages";
	// empty for every call.
	Call string
	// Times is how many calls fail; 0 for one, negative for all.
	Times int
	// After lets the call do its work before it fails.
	After bool
	// Status, Body and Header are answered instead; without Status the
	// connection breaks, in the middle of the answer when Half is set.
	Status int
	Body   string
	Header map[string]string
	Half   bool
	// Delay comes first; alone it is all that happens.
	Delay time.Duration
}

// Weather is how unreliable deliveries are, and calls of the API; each part is
// a chance from 0 to 1.
type Weather struct {
	// Duplicate delivers twice, Drop never, Reorder out of turn.
	Duplicate, Reorder, Drop float64
	// Calls fail in one of the ways in which they do fail, before or after they
	// did their work.
	Calls float64
	// Batch gathers what waits into one delivery, up to so many elements; 0
	// and 1 for none.
	Batch int
}

// Weather changes how unreliable everything is.
func (b *Base) Weather(w Weather) {
	b.luck.Lock()
	defer b.luck.Unlock()
	b.weather = w
}

func (b *Base) sky() Weather {
	b.luck.Lock()
	defer b.luck.Unlock()
	return b.weather
}

// Fail adds a fault. Faults are tried in order.
func (b *Base) Fail(f Fault) {
	if f.Times == 0 {
		f.Times = 1
	}
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.faults = append(b.faults, &f)
}

// Mend removes all faults.
func (b *Base) Mend() {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.faults = nil
}

// Silent makes the API take calls and answer nothing, or answer again.
func (b *Base) Silent(silent bool) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	switch {
	case silent && b.silent == nil:
		b.silent = make(chan struct{})
	case !silent && b.silent != nil:
		close(b.silent)
		b.silent = nil
	}
}

// fault is what a call meets, by a script or by the weather; nil for nothing.
func (b *Base) fault(method, path string) *Fault {
	if f := b.scripted(method, path); f != nil {
		return f
	}
	if len(b.api.Misfortunes) == 0 || !b.chance(b.sky().Calls) {
		return nil
	}
	return &b.api.Misfortunes[b.pick(len(b.api.Misfortunes))]
}

func (b *Base) scripted(method, path string) *Fault {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	for _, f := range b.faults {
		want, end, _ := strings.Cut(f.Call, " ")
		if f.Times == 0 || f.Call != "" && (want != method || !strings.HasSuffix(path, end)) {
			continue
		}
		if f.Times > 0 {
			f.Times--
		}
		met := *f
		return &met
	}
	return nil
}

// answers reports whether the fault is all that a call gets, before its work.
func (f *Fault) answers() bool { return !f.After && (f.Status != 0 || f.Half || f.Delay == 0) }

// answer answers in place of the API.
func (f *Fault) answer(w http.ResponseWriter) {
	if f.Status == 0 {
		breakOff(w, f.Half)
	}
	for key, value := range f.Header {
		w.Header().Set(key, value)
	}
	w.WriteHeader(f.Status)
	_, _ = w.Write([]byte(f.Body))
}

// breakOff ends the connection, perhaps in the middle of an answer.
func breakOff(w http.ResponseWriter, half bool) {
	if half {
		w.Header().Set("Content-Length", "1000")
		_, _ = w.Write([]byte(`{"data":[`))
		if flusher, ok := w.(http.Flusher); ok {
			flusher.Flush()
		}
	}
	panic(http.ErrAbortHandler)
}
