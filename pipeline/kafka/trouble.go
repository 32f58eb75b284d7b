package kafka

import (
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// trouble remembers since when something fails, and tells a person when it has
// failed for long and when it works again. One goroutine uses it.
type trouble struct {
	watch Watch
	about Trouble
	since prometheus.Gauge // when it began, 0 when it is over; nil for none
	told  bool
}

// goesOn notes a failure.
func (t *trouble) goesOn(err error) {
	now := time.Now()
	if t.about.Since.IsZero() {
		t.about.Since = now
		t.watch.Log.Warn("kafka fails, trying again", t.attributes(err)...)
		t.show(float64(now.Unix()))
	}
	if t.told || now.Sub(t.about.Since) < alarmAfter {
		return
	}
	t.told = true
	about := t.about
	about.Err = err
	t.watch.Log.Error("kafka keeps failing, trying again", t.attributes(err)...)
	t.watch.Alarm(about)
}

// over notes that it works.
func (t *trouble) over() {
	if t.about.Since.IsZero() {
		return
	}
	t.watch.Log.Info("kafka works again", append(t.attributes(nil), slog.Duration("after", time.Since(t.about.Since)))...)
	if t.told {
		t.watch.Alarm(t.about)
	}
	t.about.Since, t.told = time.Time{}, false
	t.show(0)
}

func (t *trouble) show(since float64) {
	if t.since != nil {
		t.since.Set(since)
	}
}

func (t *trouble) attributes(err error) []any {
	attrs := []any{slog.String("kind", string(t.about.Kind)), slog.String("topic", t.about.Topic)}
	if t.about.Lane != "" {
		attrs = append(attrs, slog.String("lane", t.about.Lane))
	}
	if t.about.Partition >= 0 {
		attrs = append(attrs, slog.Int("partition", t.about.Partition))
	}
	if err != nil {
		attrs = append(attrs, slog.String("err", err.Error()))
	}
	return attrs
}
