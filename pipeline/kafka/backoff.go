package kafka

import (
	"math/rand/v2"
	"time"
)

// backoff is how long to wait after the n-th failure in a row, from 1: 10 ms,
// doubled up to limit, less up to a quarter so that lanes spread.
func backoff(n int, limit time.Duration) time.Duration {
	wait := limit
	if n < 16 {
		wait = min(limit, 5*time.Millisecond<<n)
	}
	return wait - rand.N(wait/4+1)
}
