package webchat

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"contactd/channels/proxy"
)

// longestDelay is how late a message is confirmed at most because its session
// or address sends too much. A connection is served in order, so this bounds
// what a flood gets through on it.
const longestDelay = 10 * time.Second

// An emergency is not kept waiting, but not even a person in danger writes
// more than this; beyond it emergencies wait like the rest.
const (
	urgentRate  = rate.Limit(1) // a second, of one session
	urgentBurst = 10
)

// limiter holds the token buckets of sessions and addresses, for as many as
// asked lately. It is no promise: a restart fills them all.
type limiter struct {
	limits    Limits
	exempt    func(netip.Addr) bool // addresses that many people share
	sessions  recent[int64, *pace]
	addresses recent[netip.Addr, *rate.Limiter]
	newcomers recent[netip.Addr, *rate.Limiter]
	mails     recent[netip.Addr, *rate.Limiter]
	requests  recent[netip.Addr, *rate.Limiter]
}

// pace is what a session may write.
type pace struct{ messages, hour, urgent *rate.Limiter }

func newLimiter(limits Limits, exempt func(netip.Addr) bool) *limiter {
	return &limiter{limits: limits, exempt: exempt}
}

// pace returns the buckets of a session.
func (l *limiter) pace(session int64) *pace {
	return l.sessions.get(session, func() *pace {
		perMinute := rate.Limit(float64(l.limits.MessagesPerMinute) / 60)
		return &pace{
			messages: rate.NewLimiter(perMinute, max(1, l.limits.MessagesPerMinute/3)),
			hour:     rate.NewLimiter(rate.Limit(float64(l.limits.MessagesPerHour)/3600), l.limits.MessagesPerHour),
			urgent:   rate.NewLimiter(urgentRate, urgentBurst),
		}
	})
}

// overtakes reports whether an emergency of a session may pass the limits.
func (l *limiter) overtakes(now time.Time, session int64) bool {
	return l.pace(session).urgent.AllowN(now, 1)
}

// fits reports whether a session may write at all for now.
func (l *limiter) fits(now time.Time, session int64) bool {
	return l.pace(session).hour.AllowN(now, 1)
}

// delay counts a message that was taken and says how long its confirmation has
// to wait.
func (l *limiter) delay(now time.Time, session int64, address netip.Addr) time.Duration {
	delay := wait(l.pace(session).messages, now)
	if l.exempt(address) {
		return delay
	}
	shared := l.addresses.get(proxy.Household(address), func() *rate.Limiter {
		return rate.NewLimiter(rate.Limit(float64(l.limits.MessagesPerAddress)/60), max(1, l.limits.MessagesPerAddress/6))
	})
	return max(delay, wait(shared, now))
}

// wait takes a token and says when it is there. A bucket that is far in debt
// takes no more on: the delay is the longest anyway.
func wait(l *rate.Limiter, now time.Time) time.Duration {
	reserved := l.ReserveN(now, 1)
	delay := reserved.DelayFrom(now)
	if delay > longestDelay {
		reserved.CancelAt(now)
		return longestDelay
	}
	return delay
}

// session reports whether an address may begin another chat.
func (l *limiter) session(now time.Time, address netip.Addr) bool {
	if l.exempt(address) {
		return true
	}
	return l.newcomers.get(proxy.Household(address), func() *rate.Limiter {
		return rate.NewLimiter(rate.Limit(float64(l.limits.SessionsPerAddress)/3600), l.limits.SessionsPerAddress)
	}).AllowN(now, 1)
}

// transcriptsPerHour bounds the mails that an address can have sent.
const transcriptsPerHour = 10

// transcript reports whether an address may have another transcript sent.
func (l *limiter) transcript(now time.Time, address netip.Addr) bool {
	return l.mails.get(proxy.Household(address), func() *rate.Limiter {
		return rate.NewLimiter(transcriptsPerHour/rate.Limit(3600), transcriptsPerHour)
	}).AllowN(now, 1)
}

// The requests a second of one address, sockets' frames not counted: enough
// for a school behind one address, and no flood.
const (
	requestRate  = rate.Limit(100)
	requestBurst = 500
)

// request reports whether an address may ask now.
func (l *limiter) request(now time.Time, address netip.Addr) bool {
	if l.exempt(address) {
		return true
	}
	return l.requests.get(proxy.Household(address), func() *rate.Limiter {
		return rate.NewLimiter(requestRate, requestBurst)
	}).AllowN(now, 1)
}

// recentLimit is how many values a recent holds of each generation: a flood of
// addresses cannot fill the memory.
const recentLimit = 50_000

// recent remembers the values that were asked for lately: all of the last
// recentLimit keys, and at most twice as many. The zero value is empty.
type recent[K comparable, V any] struct {
	mutex    sync.Mutex
	now, old map[K]V
}

// get returns the value of a key, made when there is none.
func (r *recent[K, V]) get(key K, create func() V) V {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if v, ok := r.now[key]; ok {
		return v
	}
	v, ok := r.old[key]
	if !ok {
		v = create()
	}
	if r.now == nil || len(r.now) >= recentLimit {
		r.old, r.now = r.now, map[K]V{}
	}
	r.now[key] = v
	return v
}
