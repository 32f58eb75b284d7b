package journal

import (
	"github.com/prometheus/client_golang/prometheus"
	"zombiezen.com/go/sqlite"
)

// collectReplies tells which replies are not settled. An alarm on the oldest
// tells a person of what cannot be sent, and of what nobody knows.
func (g *gauges) collectReplies(out chan<- prometheus.Metric) {
	count := prometheus.NewDesc("contactd_replies",
		"Replies that are not settled, by state: queued, sending (the platform is being called), unknown (perhaps sent).", []string{"state"}, nil)
	oldest := prometheus.NewDesc("contactd_replies_oldest_seconds",
		"How long the oldest reply has been in a state; 0 when there is none.", []string{"state"}, nil)
	names := map[int]string{replyQueued: "queued", replyHandingOver: "sending", replyUnknown: "unknown"}
	_ = g.j.reader.with(func(conn *sqlite.Conn) error {
		counts, since, err := openReplies(conn)
		if err != nil {
			return err
		}
		for state, name := range names {
			age := 0.0
			if counts[state] > 0 {
				age = max(0, g.j.deps.Now().Sub(fromMicros(since[state])).Seconds())
			}
			out <- prometheus.MustNewConstMetric(count, prometheus.GaugeValue, float64(counts[state]), name)
			out <- prometheus.MustNewConstMetric(oldest, prometheus.GaugeValue, age, name)
		}
		return nil
	})
}

// openReplies counts the replies that are not settled, and says since when the
// oldest of each state is in it.
func openReplies(conn *sqlite.Conn) (counts, since map[int]int64, err error) {
	counts, since = map[int]int64{}, map[int]int64{}
	stmt, err := conn.Prepare("SELECT state, count(*), min(since) FROM replies INDEXED BY open_replies WHERE state <= 3 GROUP BY state")
	if err != nil {
		return nil, nil, err
	}
	for {
		found, err := stmt.Step()
		if err != nil || !found {
			return counts, since, err
		}
		counts[stmt.ColumnInt(0)], since[stmt.ColumnInt(0)] = stmt.ColumnInt64(1), stmt.ColumnInt64(2)
	}
}
