package api

import (
	"net/http"
	"strconv"
	"sync"
	"time"
)

// The pauses when X names no time: after too many calls, and after a cap, when
// it is tried again now and then whether it has been lifted.
const (
	throttledPause = time.Minute
	cappedPause    = time.Hour
	longestPause   = 24 * time.Hour
)

// limits are what X has told of its windows, by call. Every call has a window
// of 15 minutes of its own; posting also one of 24 hours.
type limits struct {
	now func() time.Time

	mutex sync.Mutex
	calls map[string]window
	// capped ends the pause in which nothing that costs is read.
	capped time.Time
}

// window is what is left of one call's allowance.
type window struct {
	limit, left int
	resets      time.Time
	until       time.Time // refused until
}

// before is how long a call must wait, and why.
func (l *limits) before(call string, reads bool) (time.Duration, Kind) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	now := l.now()
	if reads && l.capped.After(now) {
		return l.capped.Sub(now), Capped
	}
	w := l.calls[call]
	until := w.until
	if w.limit > 0 && w.left == 0 && w.resets.After(until) {
		until = w.resets
	}
	return max(0, until.Sub(now)), Throttled
}

// told reads the headers of an answer.
func (l *limits) told(call string, header http.Header) {
	limit, err1 := strconv.Atoi(header.Get("X-Rate-Limit-Limit"))
	left, err2 := strconv.Atoi(header.Get("X-Rate-Limit-Remaining"))
	resets, ok := l.resetOf(header, "X-Rate-Limit-Reset")
	l.mutex.Lock()
	defer l.mutex.Unlock()
	w := l.calls[call]
	if err1 == nil && err2 == nil && ok {
		w.limit, w.left, w.resets = limit, left, resets
	}
	// [recall]: the names of the daily windows of posting.
	for _, day := range []string{"X-User-Limit-24hour-", "X-App-Limit-24hour-"} {
		if resets, ok := l.resetOf(header, day+"Reset"); ok && header.Get(day+"Remaining") == "0" && resets.After(w.until) {
			w.until = resets
		}
	}
	l.calls[call] = w
}

// failed notes that X asked to be left alone.
func (l *limits) failed(call string, e *Error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	now := l.now()
	switch e.Kind {
	case Throttled:
		w := l.calls[call]
		if e.Wait <= 0 && w.resets.After(now) {
			e.Wait = w.resets.Sub(now)
		}
		if e.Wait <= 0 {
			e.Wait = throttledPause
		}
		w.until = now.Add(e.Wait)
		l.calls[call] = w
	case Capped:
		e.Wait = cappedPause
		l.capped = now.Add(cappedPause)
	}
}

// uncapped notes that something that costs was read.
func (l *limits) uncapped() {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.capped = time.Time{}
}

// resetOf is when a window ends, in a day at the latest: no header is to keep
// us waiting for longer than the longest of X's windows.
func (l *limits) resetOf(header http.Header, name string) (time.Time, bool) {
	seconds, err := strconv.ParseInt(header.Get(name), 10, 64)
	if err != nil || seconds <= 0 {
		return time.Time{}, false
	}
	at, latest := time.Unix(seconds, 0), l.now().Add(longestPause)
	if at.After(latest) {
		at = latest
	}
	return at, true
}

// waitOf is what Retry-After asks for; the windows' reset is in told.
func waitOf(header http.Header) time.Duration {
	seconds, err := strconv.Atoi(header.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return 0
	}
	return min(time.Duration(seconds)*time.Second, longestPause)
}
