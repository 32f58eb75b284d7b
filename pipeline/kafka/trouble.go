package kafka

import (
	"log/slog"
	"time"
)

// trouble remembers since when something fails, and tells a person when it has
// failed for long and when it works again. One goroutine uses it.
type trouble struct {
	watch Watch
	about Trouble
	told  bool
}

// goesOn notes a failure.
func (t *trouble) goesOn(err error) {
	now := time.Now()
	if t.about.Since.IsZero() {
		t.about.Since = now
		t.watch.Log.Warn("kafka fails, trying again", t.attributes(err)...)
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
}

func (t *trouble) attributes(err error) []any {
	attrs := []any{slog.String("kind", string(t.about.Kind)), slog.String("topic", t.about.Topic)}
	if t.about.Lane != "" {
		attrs = append(attrs, slog.String("lane", t.about.Lane))
	}
	if err != nil {
		attrs = append(attrs, slog.String("error", err.Error()))
	}
	return attrs
}
