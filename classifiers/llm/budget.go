package llm

import (
	"slices"
	"sync"
	"time"
)

// budgetParts is into how many parts the time of a budget is divided: what was
// spent counts for one part longer at most.
const budgetParts = 24

// budget is what may be spent in any time of a length, whenever it begins: a
// bucket that fills again would let twice as much through in the first.
type budget struct {
	limit int
	in    time.Duration
	spent []spending // oldest first
}

// spending is what was spent in a part of the time that began then.
type spending struct {
	since  time.Time
	tokens int
}

// total is what counts by now.
func (b *budget) total(now time.Time) (tokens int) {
	for len(b.spent) > 0 && now.Sub(b.spent[0].since) >= b.in+b.in/budgetParts {
		b.spent = b.spent[1:]
	}
	for _, each := range b.spent {
		tokens += each.tokens
	}
	return tokens
}

// wait is how long until the oldest no longer counts, 0 when there is room.
func (b *budget) wait(cost int, now time.Time) time.Duration {
	if b.total(now)+cost <= b.limit || len(b.spent) == 0 {
		return 0
	}
	return b.spent[0].since.Add(b.in + b.in/budgetParts).Sub(now)
}

func (b *budget) spend(cost int, now time.Time) {
	if n := len(b.spent); n > 0 && now.Sub(b.spent[n-1].since) < b.in/budgetParts {
		b.spent[n-1].tokens += cost
		return
	}
	b.spent = append(b.spent, spending{now, cost})
}

// giveBack undoes what was spent then.
func (b *budget) giveBack(cost int, then time.Time) {
	for i := range slices.Backward(b.spent) {
		if !b.spent[i].since.After(then) {
			b.spent[i].tokens -= cost
			return
		}
	}
}

// budgets are those of a minute and of a day. Safe for concurrent use.
type budgets struct {
	mu  sync.Mutex
	all []*budget
}

func (b *budgets) add(limit int, in time.Duration) {
	if limit > 0 {
		b.all = append(b.all, &budget{limit: limit, in: in})
	}
}

// take takes a cost out of all of them, or out of none and says how long to
// wait at least.
func (b *budgets) take(cost int, now time.Time) (wait time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, each := range b.all {
		wait = max(wait, each.wait(cost, now))
	}
	if wait > 0 {
		return wait
	}
	for _, each := range b.all {
		each.spend(cost, now)
	}
	return 0
}

// giveBack undoes what take took then.
func (b *budgets) giveBack(cost int, then time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, each := range b.all {
		each.giveBack(cost, then)
	}
}
