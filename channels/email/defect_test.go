package email

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"contactd/channels"
)

// cannotSend makes a mailbox hang up in the middle of some mails.
func (m *mailbox) cannotSend(uids ...uint32) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.fetch = func(command string, mail stored) misdeed {
		if body(command) && slices.Contains(uids, mail.uid) {
			return hangUp
		}
		return behave
	}
}

func TestAMailThatCouldNotBeFetchedStaysUntilTheInboxHasIt(t *testing.T) {
	for _, after := range []string{"keep", "move:Done"} {
		t.Run(after, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newMailbox(10)
				m.cannotSend(4)
				s := start(t, m, func(a *Account) { a.After = after })
				s.within(3*time.Minute, 10)
				m.cannotSend()
				s.inbox.Refuse(func([]channels.Original) error { return errors.New("disk full") })
				time.Sleep(time.Hour)
				if len(m.chosen("4", false)) == 0 {
					t.Error("it was moved, and the inbox does not have it")
				}
				s.inbox.Refuse(nil)
				if last := s.within(time.Hour, 11)[10]; last.ID != "INBOX/7/4" || last.Defect != "" {
					t.Errorf("at last it is %+v", last)
				}
			})
		})
	}
}

func TestAMailThatCouldNotBeFetchedIsNotForgottenWhenTheNextBreaksOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMailbox(10)
		m.cannotSend(4, 7)
		s := start(t, m, nil)
		s.within(10*time.Minute, 10)
		m.cannotSend(7)
		if last := s.within(time.Hour, 11)[10]; last.ID != "INBOX/7/4" || last.Defect != "" {
			t.Errorf("it comes as %+v", last)
		}
	})
}

func TestAMailThatIsGoneIsOwedNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMailbox(10)
		m.cannotSend(4)
		s := start(t, m, nil)
		s.within(3*time.Minute, 10)
		m.remove(4)
		time.Sleep(time.Hour)
		m.put(stored{11, string(mailNumber(10))})
		s.within(time.Minute, 11)
		cursor, _ := s.inbox.Cursor(t.Context(), cursorName("contact", "INBOX"))
		if cursor.Value != "1/7/11/0" {
			t.Errorf("the cursor is %s", cursor.Value)
		}
	})
}

func TestAMailThatCouldNotBeFetchedIsTriedAgainByTheNextProcess(t *testing.T) {
	for _, after := range []string{"keep", "move:Done"} {
		t.Run(after, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newMailbox(10)
				m.cannotSend(4)
				withAfter := func(a *Account) { a.After = after }
				s := start(t, m, withAfter)
				s.within(3*time.Minute, 10)
				for range 2 { // it is owed however often the process ends
					s.stop()
					s.restart(withAfter)
					time.Sleep(time.Hour)
				}
				m.cannotSend()
				if last := s.within(time.Hour, 11)[10]; last.ID != "INBOX/7/4" || last.Defect != "" {
					t.Errorf("it comes as %+v", last)
				}
				cursor, _ := s.inbox.Cursor(t.Context(), cursorName("contact", "INBOX"))
				if cursor.Value != "1/7/10/0" {
					t.Errorf("then the cursor is %s", cursor.Value)
				}
			})
		})
	}
}

func TestAServerThatIsBusyMakesNoMailUnreadable(t *testing.T) {
	for name, busy := range map[string]func(command string) bool{
		"with the lists": func(command string) bool { return !body(command) }, "with the mails": body,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m, begun := newMailbox(1), time.Now()
				m.fetch = func(command string, _ stored) misdeed {
					if busy(command) && time.Since(begun) < time.Hour {
						return throttle
					}
					return behave
				}
				s := start(t, m, nil)
				got := s.within(2*time.Hour, 1)
				wantEach(t, got, mailNumbers(0, 1))
				if got[0].ReceivedAt.IsZero() {
					t.Error("when it was received is not known any more")
				}
			})
		})
	}
}
