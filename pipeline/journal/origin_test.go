package journal

import "testing"

// TestJournalAndKafkaAgreeThoughTheDiskIsTooFullForMessages: what was accepted
// can still be worked off, replies too.
func TestJournalAndKafkaAgreeThoughTheDiskIsTooFullForMessages(t *testing.T) {
	j := open(t, t.TempDir(), func(c *Config, d *Deps) { c.MinFree, d.Witnessed = 1<<60, true })
	if err := j.Doubt(t.Context(), 3); err != nil {
		t.Error(err)
	}
	if err := j.Agree(t.Context(), map[int]int64{0: 7}); err != nil {
		t.Error(err)
	}
	if known, err := j.Remembered(t.Context()); err != nil || known.Seen[0] != 7 || j.Restored().Forgotten != 3 {
		t.Errorf("remembered %+v and %+v, %v", known, j.Restored(), err)
	}
}
