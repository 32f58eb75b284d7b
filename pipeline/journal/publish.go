package journal

// publishing is the change behind an acknowledged envelope of the outbox.
type publishing struct {
	waiting
	partition, offset int64 // negative when not known
	published         int64
	// lost is a message that Kafka had acknowledged at the same place.
	lost    displaced
	hasLost bool
}

func (p *publishing) apply(t *tx) error {
	stmt, err := t.conn.Prepare("UPDATE progress SET published = ?, part = ?, offs = ? WHERE seq = ? AND published IS NULL")
	if err != nil {
		return err
	}
	p.published = t.now().UnixMicro()
	stmt.BindInt64(1, p.published)
	if p.partition >= 0 {
		stmt.BindInt64(2, p.partition)
	}
	if p.offset >= 0 {
		stmt.BindInt64(3, p.offset)
		t.reached(p.partition, p.offset)
	}
	stmt.BindInt64(4, p.seq)
	if _, err = stmt.Step(); err != nil || p.offset < 0 {
		return err
	}
	if before := t.offsets.holder(p.partition, p.offset); before != 0 && before != p.seq {
		p.lost, p.hasLost, err = t.displace(before, p.partition, p.offset)
	}
	return err
}

func (p *publishing) committed(j *Journal) {
	j.recent.drop(p.seq)
	j.metrics.published.Inc()
	j.outbox.published(p.waiting)
	if p.offset >= 0 {
		j.tx.offsets.put(p.partition, p.offset, p.seq)
	}
	if p.hasLost {
		j.deps.Log.Error("broker gave the place of an acknowledged record to another, publishing that again",
			"partition", p.partition, "offset", p.offset, "seq", p.lost.seq)
		j.displaced(p.lost)
	}
}
