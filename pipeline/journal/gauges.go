package journal

import (
	"time"

	"contactd/pipeline"
	"github.com/prometheus/client_golang/prometheus"
	"zombiezen.com/go/sqlite"
)

// gauges tell what waits, read from the indexes when somebody asks.
type gauges struct{ j *Journal }

// laneNames label what waits, by rank. What is unsorted is not
// read yet.
func laneNames() [ranks]string {
	var names [ranks]string
	for rank := range names {
		names[rank] = pipeline.Lane(rank).String()
	}
	return names
}

func (g *gauges) describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("contactd_journal_"+name, help, labels, nil)
}

// Describe implements prometheus.Collector. Without descriptions the gauges
// can be registered by several journals, of which the closed ones are silent.
func (g *gauges) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (g *gauges) Collect(out chan<- prometheus.Metric) {
	if g.j.ctx.Err() != nil {
		return
	}
	oldest := g.describe("oldest_unpublished_seconds", "Age of the oldest message that waits, by lane; 0 when none waits.", "lane")
	count := g.describe("waiting", "Messages that wait to be published, by lane.", "lane")
	aside := g.describe("quarantined", "Messages in quarantine.")
	free := g.describe("disk_free_bytes", "Bytes free on the journal's disk.")
	_ = g.j.reader.with(func(conn *sqlite.Conn) error {
		now := g.j.deps.Now()
		for rank, lane := range laneNames() {
			n, since, err := waitingAt(conn, rank)
			if err != nil {
				return err
			}
			age := 0.0
			if n > 0 {
				age = max(0, now.Sub(fromMicros(since)).Seconds())
			}
			out <- prometheus.MustNewConstMetric(oldest, prometheus.GaugeValue, age, lane)
			out <- prometheus.MustNewConstMetric(count, prometheus.GaugeValue, float64(n), lane)
		}
		n, err := queryInt(conn, "SELECT count(*) FROM progress INDEXED BY quarantined WHERE reason IS NOT NULL")
		if err == nil {
			out <- prometheus.MustNewConstMetric(aside, prometheus.GaugeValue, float64(n))
		}
		return err
	})
	ready := g.describe("ready", "Whether messages are taken: 1, else 0.")
	takes := 1.0
	if g.j.Ready() != nil {
		takes = 0
	}
	out <- prometheus.MustNewConstMetric(ready, prometheus.GaugeValue, takes)
	out <- prometheus.MustNewConstMetric(free, prometheus.GaugeValue, float64(g.j.free.Load()))
	restored := g.describe("restored_timestamp_seconds", "When the journal was last found to be put back from a backup; 0 for never.")
	at := 0.0
	if r := g.j.Restored(); !r.At.IsZero() {
		at = float64(r.At.Unix())
	}
	out <- prometheus.MustNewConstMetric(restored, prometheus.GaugeValue, at)
	g.collectReplies(out)
}

// waitingAt returns how many messages wait at a rank, and since when.
func waitingAt(conn *sqlite.Conn, rank int) (count, since int64, err error) {
	counting, first := "SELECT count(*) FROM progress INDEXED BY waiting WHERE published IS NULL AND rank = ?",
		"SELECT min(seq) FROM progress INDEXED BY waiting WHERE published IS NULL AND rank = ?"
	var args []int64
	if rank == rankUnsorted {
		counting = "SELECT count(*) FROM unread"
		first = "SELECT min((SELECT min(seq) FROM unread u WHERE u.source = s.id)) FROM sources s"
	} else {
		args = []int64{int64(rank)}
	}
	if count, err = queryInt(conn, counting, args...); err != nil || count == 0 {
		return 0, 0, err
	}
	seq, err := queryInt(conn, first, args...)
	if err != nil {
		return 0, 0, err
	}
	since, err = queryInt(conn, "SELECT accepted FROM messages WHERE seq = ?", seq)
	return count, since, err
}

// Backlog counts what was accepted and nobody has read yet, up to limit.
func (j *Journal) Backlog(limit int) (count int, err error) {
	err = j.reader.with(func(conn *sqlite.Conn) error {
		n, err := queryInt(conn, "SELECT count(*) FROM (SELECT 1 FROM unread LIMIT ?)", int64(limit))
		count = int(n)
		return err
	})
	return count, err
}

// Oldest returns how long the oldest message of each lane has waited; lanes
// in which none waits are missing. The lanes are those of the metrics.
func (j *Journal) Oldest() (map[string]time.Duration, error) {
	ages := map[string]time.Duration{}
	err := j.reader.with(func(conn *sqlite.Conn) error {
		for rank, lane := range laneNames() {
			n, since, err := waitingAt(conn, rank)
			if err != nil {
				return err
			}
			if n > 0 {
				ages[lane] = max(0, j.deps.Now().Sub(fromMicros(since)))
			}
		}
		return nil
	})
	return ages, err
}
