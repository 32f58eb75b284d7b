package pipeline

import (
	"context"
	"log/slog"
	"time"

	"contactd/contact"
)

// History is what a topic has kept: of what this program did, the only memory
// beside the journal's.
type History interface {
	// Since gives f every sound record from these offsets on, by partition, and
	// returns where the partitions end now; those without an offset are read from
	// the oldest. f is called by one goroutine at a time.
	Since(ctx context.Context, topic string, from map[int]int64, f func(key string, headers map[string]string, value []byte)) (map[int]int64, error)
}

// Memory is a journal that may have been put back from a backup: it has then
// forgotten what it did since. Until Agree is called it sends no reply, because
// it may have been sent.
type Memory interface {
	// Remembered says what the journal knows of itself.
	Remembered(ctx context.Context) (Remembered, error)
	// Has reports whether a row of the journal is the one that a mark names.
	Has(ctx context.Context, mark RowMark) (bool, error)
	// Remind tells of conversations and replies that were forgotten: places in
	// them are given out behind those that were, and no reply is sent that was.
	// To be told twice changes nothing.
	Remind(ctx context.Context, conversations []ForgottenConversation, replies []ForgottenReply) error
	// Doubt makes every reply uncertain that was still to be sent, so that it is
	// looked up first.
	Doubt(ctx context.Context, forgotten int) error
	// Agree notes up to where TopicEvents was compared, and has replies sent.
	Agree(ctx context.Context, ends map[int]int64) error
}

// Remembered is what a journal knows of itself.
type Remembered struct {
	// Journal is that of its marks.
	Journal string
	// New says that it was begun just now: nothing can be forgotten.
	New bool
	// PutBack says that somebody told that it was put back from a backup.
	PutBack bool
	// Seen is up to where it knows the partitions of TopicEvents.
	Seen map[int]int64
}

// Witness compares, once after the start, what the journal remembers with what
// Kafka kept. A crash loses no row of the journal: a row is on the disk before
// anything tells of it. So a record of a row that the journal does not have
// proves that the folder is an older one, put back from a backup, or that its
// disk did not keep what it was told to keep.
type Witness struct {
	Memory  Memory
	History History
	Force   string
	Log     *slog.Logger
	// Again is the pause after Kafka could not be asked for the first time.
	Again time.Duration

	done chan struct{}
}

// NewWitness returns a witness that asks Kafka until it answers.
func NewWitness(memory Memory, history History, force string, log *slog.Logger) *Witness {
	return &Witness{Memory: memory, History: history, Force: force, Log: log, Again: 200 * time.Millisecond, done: make(chan struct{})}
}

// longestAgain is the longest pause between two tries.
const longestAgain = 2 * time.Second

// Done is closed when journal and Kafka agree.
func (w *Witness) Done() <-chan struct{} { return w.done }

// Run returns when they agree, or when ctx ends.
func (w *Witness) Run(ctx context.Context) {
	pause := w.Again
	for told := false; ; told = true {
		err := w.look(ctx)
		if err == nil {
			close(w.done)
			return
		}
		if ctx.Err() == nil && !told {
			w.Log.Warn("replies wait until the broker has told what became of them, in case that the data folder was put back from a backup", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		pause = min(2*pause, longestAgain)
	}
}

// remindAtOnce is how many records one change of the journal is told of, which is
// also how many are held: Kafka may have very many.
const remindAtOnce = 500

func (w *Witness) look(ctx context.Context) error {
	known, err := w.Memory.Remembered(ctx)
	if err != nil {
		return err
	}
	if known.New && !known.PutBack {
		return w.Memory.Agree(ctx, nil)
	}
	found := newForgotten()
	var problem error
	ends, err := w.History.Since(ctx, TopicEvents, known.Seen, func(key string, headers map[string]string, value []byte) {
		mark, ok := readMark(headers[MetaRow])
		if !ok || mark.Journal != known.Journal || problem != nil {
			return
		}
		has, err := w.Memory.Has(ctx, mark)
		if problem = err; err != nil {
			return
		}
		found.note(mark, has, key, headers, value)
		if found.places == remindAtOnce { // a journal that knows them all learns nothing
			problem = w.Memory.Remind(ctx, found.takeConversations(), nil)
		}
	})
	if err == nil {
		err = problem
	}
	if err == nil && (len(found.rows) > 0 || known.PutBack) {
		err = w.remind(ctx, found)
	}
	if err != nil {
		return err
	}
	return w.Memory.Agree(ctx, ends)
}

// remind tells the journal what it has forgotten, conversations first.
func (w *Witness) remind(ctx context.Context, found *forgotten) error {
	replies := len(found.replies)
	if err := w.Memory.Remind(ctx, found.takeConversations(), nil); err != nil {
		return err
	}
	if err := w.remindReplies(ctx, found.replies); err != nil {
		return err
	}
	if err := w.Memory.Doubt(ctx, found.rows.count()); err != nil {
		return err
	}
	w.Log.Error("the data folder was put back from a backup, or its disk lost what it had kept: replies that may have been sent since are looked up "+
		"before anything is sent; what was taken since and not published is lost unless its platform gives it again",
		"forgotten", found.rows.count(), "replies", replies)
	return nil
}

// remindReplies tells of replies with the commands that asked for them: an event
// does not hold all of a reply, and of one that was asked for in the last moment
// none tells. Those of a conversation come in the order in which they were asked
// for: so they are sent.
func (w *Witness) remindReplies(ctx context.Context, told map[string]ForgottenReply) error {
	var some []ForgottenReply
	tell := func(reply ForgottenReply) (err error) {
		if some = append(some, reply); len(some) == remindAtOnce {
			err = w.Memory.Remind(ctx, nil, some)
			some = nil
		}
		return err
	}
	var problem error
	_, err := w.History.Since(ctx, TopicReplies, nil, func(_ string, _ map[string]string, value []byte) {
		command, err := readCommand(value, w.Force)
		if asked, ok := command.(contact.Reply); err == nil && ok && problem == nil {
			reply := told[asked.ID]
			reply.Asked = &asked
			delete(told, asked.ID)
			problem = tell(reply)
		}
	})
	if err == nil {
		err = problem
	}
	for _, reply := range told {
		if err == nil {
			err = tell(reply)
		}
	}
	if err == nil {
		err = w.Memory.Remind(ctx, nil, some)
	}
	return err
}
