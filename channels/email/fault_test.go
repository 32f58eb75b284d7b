package email

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"contactd/channels"
	"contactd/channels/accounts"
	"contactd/channels/channelstest"
	"contactd/contact"
)

// body reports whether a FETCH asks for a whole mail.
func body(command string) bool { return strings.Contains(command, "BODY.PEEK[]") }

func TestAMailThatCannotBeFetchedStopsNobody(t *testing.T) {
	for name, c := range map[string]struct {
		deed   misdeed
		header bool
	}{
		"hangs up in the body":       {hangUp, true},
		"hangs up in the header too": {hangUp, false},
		"is refused":                 {refuse, true},
		"has no body":                {nilBody, true},
		"is left out":                {skipIt, false},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newMailbox(10)
				m.fetch = func(command string, mail stored) misdeed {
					if mail.uid == 4 && (body(command) || !c.header && strings.Contains(command, "HEADER")) {
						return c.deed
					}
					return behave
				}
				s := start(t, m, nil)
				accepted := s.within(3*time.Minute, 10)
				defect := slices.IndexFunc(accepted, func(o channels.Original) bool { return o.Defect != "" })
				if defect != 3 || accepted[defect].ID != "INBOX/7/4/defect" || (len(accepted[defect].Bytes) > 0) != c.header {
					t.Fatalf("the defect is number %d: %+v", defect, accepted[max(defect, 0)])
				}
				if c.header && !strings.Contains(string(accepted[defect].Bytes), "Subject: mail 3") {
					t.Errorf("its header is %q", accepted[defect].Bytes)
				}
				wantEach(t, slices.Delete(slices.Clone(accepted), 3, 4), slices.Delete(mailNumbers(0, 10), 3, 4))
				message, err := s.ch.Read(t.Context(), accepted[defect])
				if err != nil || message.Unreadable == "" {
					t.Errorf("it is read as %+v, %v", message, err)
				}

				// It is tried again now and then: another message when it comes.
				m.mutex.Lock()
				m.fetch = nil
				m.mutex.Unlock()
				last := s.within(time.Hour, 11)[10]
				if last.ID != "INBOX/7/4" || string(last.Bytes) != string(mailNumber(3)) {
					t.Errorf("later it is %+v", last)
				}
			})
		})
	}
}

func TestAMailThatFailsTwiceIsTakenWhole(t *testing.T) {
	for _, deed := range []misdeed{hangUp, skipIt, refuse, flagsFirst, nilBody} {
		t.Run(fmt.Sprint(deed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m, failures := newMailbox(10), 0
				m.fetch = func(command string, mail stored) misdeed {
					if mail.uid == 4 && body(command) && failures < 2 {
						failures++
						return deed
					}
					return behave
				}
				wantEach(t, start(t, m, nil).within(time.Minute, 10), mailNumbers(0, 10))
			})
		})
	}
}

func TestAServerThatSendsUIDsLastLosesNoMail(t *testing.T) { // pitfall 5
	synctest.Test(t, func(t *testing.T) {
		m := newMailbox(10)
		m.fetch = func(command string, _ stored) misdeed {
			if body(command) {
				return uidLast
			}
			return behave
		}
		wantEach(t, start(t, m, nil).within(time.Second, 10), mailNumbers(0, 10))
	})
}

func TestFlagUpdatesHideNoMail(t *testing.T) { // pitfall 6
	synctest.Test(t, func(t *testing.T) {
		m, seen := newMailbox(10), map[string]bool{}
		m.fetch = func(command string, mail stored) misdeed {
			key := fmt.Sprint(body(command), mail.uid)
			if !seen[key] {
				seen[key] = true
				return flagsFirst
			}
			return behave
		}
		wantEach(t, start(t, m, nil).within(time.Second, 10), mailNumbers(0, 10))
	})
}

func TestMalformedDatesLoseNoMail(t *testing.T) { // pitfall 12
	synctest.Test(t, func(t *testing.T) {
		m := newMailbox(10)
		m.fetch = func(_ string, mail stored) misdeed {
			if mail.uid == 4 {
				return badDate
			}
			return behave
		}
		s := start(t, m, nil)
		wantEach(t, s.within(time.Minute, 10), mailNumbers(0, 10))
		m.put(stored{11, string(mailNumber(10))})
		if last := s.within(time.Minute, 11)[10]; last.ReceivedAt.IsZero() {
			t.Error("later mails have no date either")
		}
	})
}

func TestAMailThatCannotBeListedIsTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMailbox(10)
		m.fetch = func(command string, mail stored) misdeed {
			if mail.uid == 4 && !strings.Contains(command, "BODY") {
				return hangUp
			}
			return behave
		}
		wantEach(t, start(t, m, nil).within(3*time.Minute, 10), mailNumbers(0, 10))
	})
}

func TestAMailThatIsGoneIsPassedOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMailbox(10)
		s := (*stand)(nil)
		m.fetch = func(_ string, mail stored) misdeed {
			if mail.uid == 4 { // expunged by somebody else while it is fetched
				m.mails = slices.DeleteFunc(m.mails, func(s stored) bool { return s.uid == 4 })
				return skipIt
			}
			return behave
		}
		s = start(t, m, nil)
		wantEach(t, s.within(time.Minute, 9), slices.Delete(mailNumbers(0, 10), 3, 4))
		cursor, _ := s.inbox.Cursor(t.Context(), cursorName("contact", "INBOX"))
		if p, err := decodePosition(cursor.Value); err != nil || !reflect.DeepEqual(p, position{validity: 7, last: 10}) {
			t.Errorf("the cursor is %+v, %v", p, err)
		}
	})
}

func TestAMailThatAppearsLateIsFoundBySweeping(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMailbox(5)
		m.remove(3)
		s := start(t, m, nil)
		s.within(time.Second, 4)
		m.put(stored{3, string(mailNumber(2))}) // a server that gives UIDs before it shows the mails
		wantEach(t, s.within(20*time.Minute, 5), mailNumbers(0, 5))
	})
}

func TestARefusedMoveIsTriedAgainWhileNothingComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, refused := newMailbox(5), 0
		m.moved = func([]stored) bool {
			refused++
			return refused > 2
		}
		s := start(t, m, func(a *Account) { a.After = "move:Done" })
		s.within(time.Second, 5)
		time.Sleep(3 * retryFinish)
		synctest.Wait()
		m.mutex.Lock()
		defer m.mutex.Unlock()
		if len(m.mails) > 0 || refused != 3 {
			t.Errorf("%d mails are left after %d tries", len(m.mails), refused)
		}
	})
}

func TestMailsAreMovedAsSoonAsTheServerCan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, restarted := newMailbox(5), false
		m.offers = "IMAP4rev1 IDLE" // of a server that is being mended
		m.fetch = func(command string, mail stored) misdeed {
			if body(command) && mail.uid == 6 && !restarted {
				restarted, m.offers = true, "IMAP4rev1 IDLE MOVE"
				return hangUp
			}
			return behave
		}
		s := start(t, m, func(a *Account) { a.After = "move:Done" })
		s.within(time.Second, 5)
		m.put(stored{6, string(mailNumber(5))})
		wantEach(t, s.within(time.Minute, 6), mailNumbers(0, 6))
		synctest.Wait()
		if left := m.chosen("1:*", false); len(left) > 0 {
			t.Errorf("%d mails are left", len(left))
		}
		if again := s.inbox.Repeated(); again > 0 {
			t.Errorf("%d mails were read again", again)
		}
	})
}

func TestAServerThatTellsNothingIsAsked(t *testing.T) {
	for offers, limit := range map[string]time.Duration{"IMAP4rev1 IDLE": defaultIdle, "IMAP4rev1": defaultPoll} {
		t.Run(offers, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newMailbox(1)
				m.offers, m.silent = offers, true
				s := start(t, m, nil)
				s.within(time.Second, 1)
				m.put(stored{2, string(mailNumber(1))})
				s.within(limit+time.Second, 2)
			})
		})
	}
}

func TestAnOversizeMailIsCutAndRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMailbox(1)
		m.mails[0].body = "From: jo@example.org\r\nSubject: film\r\n\r\nhe has a knife\r\n" + strings.Repeat("more text here\r\n", 200000)
		s := start(t, m, func(a *Account) { a.Oversize = 2 << 20 })
		original := s.within(time.Minute, 1)[0]
		if original.Blob == nil || original.Blob.Size != cutBytes || !strings.HasPrefix(original.Defect, oversize) || original.ID != "INBOX/7/1" {
			t.Fatalf("taken as %+v", original)
		}
		message, err := s.ch.Read(t.Context(), original)
		if err != nil || !strings.HasPrefix(message.Text, "he has a knife") || !slices.Contains(message.Flags, contact.Oversize) || message.Unreadable != "" {
			t.Errorf("read with flags %v, unreadable %q, %v", message.Flags, message.Unreadable, err)
		}
	})
}

func TestAMailThatIsCutAtLastIsNotTakenForWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMailbox(1)
		m.mails[0].body = "From: jo@example.org\r\nSubject: film\r\n\r\n" + strings.Repeat("more text here\r\n", 200000)
		asked := 0
		m.fetch = func(string, stored) misdeed { // its description does not come, then its bytes do not
			if asked++; asked <= 4 {
				return skipIt
			}
			return behave
		}
		original := start(t, m, func(a *Account) { a.Oversize = 2 << 20 }).within(time.Minute, 1)[0]
		if whole := original.Blob.Size == int64(len(m.mails[0].body)); whole != (original.Defect == "") {
			t.Errorf("%d of %d bytes are told as %q", original.Blob.Size, len(m.mails[0].body), original.Defect)
		}
	})
}

func TestTheSeenFlagIsNeitherSetNorAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMailbox(3)
		s := start(t, m, nil)
		s.within(time.Second, 3)
		s.stop()
		for _, command := range m.commands {
			if strings.Contains(strings.ToUpper(command), "SEEN") || strings.Contains(command, "BODY[") || strings.HasPrefix(command, "SELECT") {
				t.Errorf("sent %q", command)
			}
		}
	})
}

func TestACursorThatIsNotUnderstoodLosesNothing(t *testing.T) {
	for _, value := range []string{"2/whatever", "1/7/abc/0", "garbage"} {
		synctest.Test(t, func(t *testing.T) {
			m := newMailbox(5)
			s := start(t, m, nil)
			s.within(time.Second, 5)
			s.stop()
			s.inbox.SetCursor(channels.Cursor{Name: cursorName("contact", "INBOX"), Value: value})
			m.put(stored{6, string(mailNumber(5))})
			s.restart(nil)
			wantEach(t, s.within(time.Second, 6), mailNumbers(0, 6))
		})
	}
}

func TestAMailboxThatWasPutBackLosesNoNewMail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMailbox(5)
		m.next = 6
		s := start(t, m, nil)
		s.within(time.Second, 5)
		want := mailNumbers(0, 5)
		for _, fresh := range [][][]byte{mailNumbers(10, 12), mailNumbers(20, 21)} {
			s.stop()
			m.mails, m.next = m.mails[:2], 3 // as the server was last night
			for _, text := range fresh {
				m.mails = append(m.mails, stored{m.next, string(text)})
				m.next++
			}
			s.restart(nil)
			want = append(want, fresh...)
			wantEach(t, s.within(time.Second, len(want)), want)
		}
		m.put(stored{6, string(mailNumber(0))}) // new, though with the bytes of an older one
		if last := s.within(time.Second, len(want)+1)[len(want)]; last.Renumbered {
			t.Errorf("a later mail is taken for an older one: %+v", last)
		}
	})
}

func TestAServerThatLagsBehindDoublesNoMail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMailbox(5)
		m.next = 6
		s := start(t, m, nil)
		s.within(time.Second, 5)
		all := m.mails
		s.stop()
		m.mails, m.next = all[:3:3], 4 // as another machine of the same service shows it
		s.restart(nil)
		time.Sleep(time.Hour)
		s.stop()
		m.mails, m.next = append(all[:5:5], stored{6, string(mailNumber(5))}), 7
		s.restart(nil)
		time.Sleep(time.Hour)
		wantEach(t, s.inbox.Accepted(), mailNumbers(0, 6))
	})
}

// gaps returns the pauses between dials.
func gaps(m *mailbox) []time.Duration {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	var gaps []time.Duration
	for i := 1; i < len(m.dials); i++ {
		gaps = append(gaps, m.dials[i].Sub(m.dials[i-1]))
	}
	return gaps
}

func TestPausesGrowToALimitAndNeverEnd(t *testing.T) {
	for answer, c := range map[string]struct{ first, limit time.Duration }{
		"NO [UNAVAILABLE] try later":                   {time.Second, 2 * time.Minute},
		"NO [AUTHENTICATIONFAILED] wrong":              {30 * time.Second, 15 * time.Minute},
		"BAD User is authenticated but not connected.": {30 * time.Second, 15 * time.Minute},
	} {
		t.Run(answer, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newMailbox(1)
				m.login = answer
				s := start(t, m, nil)
				time.Sleep(48 * time.Hour)
				pauses := gaps(m)
				for i, pause := range pauses {
					want := min(c.first<<min(i, 20), c.limit)
					if pause < want*8/10 || pause > want*12/10 {
						t.Errorf("pause %d is %s, want about %s", i, pause, want)
					}
				}
				if least := int(40 * time.Hour / c.limit); len(pauses) < least {
					t.Errorf("%d attempts in two days, want at least %d", len(pauses), least)
				}
				m.mutex.Lock()
				m.login = ""
				m.mutex.Unlock()
				s.within(20*time.Minute, 1)
			})
		})
	}
}

func TestASuggestedPauseIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMailbox(1)
		m.login = "NO [UNAVAILABLE] Server busy. Suggested Backoff Time: 299904 milliseconds"
		start(t, m, nil)
		time.Sleep(12 * time.Minute)
		if pauses := gaps(m); len(pauses) != 2 || pauses[0] < 299904*time.Millisecond {
			t.Errorf("pauses %v", pauses)
		}
	})
}

func TestAHealthySessionStartsThePausesAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMailbox(0)
		m.login = "NO [UNAVAILABLE] try later"
		s := start(t, m, nil)
		time.Sleep(time.Hour)
		m.mutex.Lock()
		m.login = ""
		m.mutex.Unlock()
		time.Sleep(10 * time.Minute)
		m.put(stored{1, string(mailNumber(0))})
		s.within(time.Second, 1)
		failed := false
		m.mutex.Lock()
		m.fetch = func(string, stored) misdeed {
			if failed {
				return behave
			}
			failed = true
			return hangUp
		}
		m.mutex.Unlock()
		m.put(stored{2, string(mailNumber(1))})
		s.within(2*time.Second, 2)
	})
}

func TestAnAccountWorksWhenAllItsFoldersDo(t *testing.T) {
	told := &channelstest.Health{}
	a := &account{health: accounts.NewHealth(Kind, "contact", told)}
	inbox, reports := &folder{account: a, name: "INBOX"}, &folder{account: a, name: "Reports"}
	inbox.tell(fmt.Errorf("down"))
	reports.tell(nil)
	if err := told.Await(t.Context(), Kind, "contact", func(err error, _ bool) bool { return err != nil }); err != nil {
		t.Error("the working folder hid the failing one")
	}
	inbox.tell(nil)
	if err := told.Await(t.Context(), Kind, "contact", func(err error, _ bool) bool { return err == nil }); err != nil {
		t.Error("the account is still failing")
	}
}
