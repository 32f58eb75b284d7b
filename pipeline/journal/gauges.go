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
	err := g.j.reader.atOnce(func(conn *sqlite.Conn) error {
		for rank, lane := range laneNames() {
			age, _, err := g.j.oldestAt(conn, rank)
			if err != nil {
				return err
			}
			n, err := countAt(conn, rank)
			if err != nil {
				return err
			}
			out <- prometheus.MustNewConstMetric(oldest, prometheus.GaugeValue, age.Seconds(), lane)
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
	if err != nil || g.j.writable() != nil {
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

// countAt returns how many messages wait at a rank.
func countAt(conn *sqlite.Conn, rank int) (int64, error) {
	if rank == rankUnsorted {
		return queryInt(conn, "SELECT count(*) FROM unread")
	}
	return queryInt(conn, "SELECT count(*) FROM progress INDEXED BY waiting WHERE published IS NULL AND rank = ?", int64(rank))
}

// oldestAt returns how long the oldest message at a rank has waited, if one waits.
// It asks in one statement: between two the message may be published.
func (j *Journal) oldestAt(conn *sqlite.Conn, rank int) (age time.Duration, waits bool, err error) {
	first, args := "SELECT min(seq) FROM progress INDEXED BY waiting WHERE published IS NULL AND rank = ?", []int64{int64(rank)}
	if rank == rankUnsorted {
		first, args = "SELECT min((SELECT min(seq) FROM unread u WHERE u.source = s.id)) FROM sources s", nil
	}
	since, err := queryInt(conn, "SELECT accepted FROM messages WHERE seq = ("+first+")", args...)
	if err != nil || since == 0 {
		return 0, false, err
	}
	return max(0, j.deps.Now().Sub(fromMicros(since))), true, nil
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
			age, waits, err := j.oldestAt(conn, rank)
			if err != nil {
				return err
			}
			if waits {
				ages[lane] = age
			}
		}
		return nil
	})
	return ages, err
}
