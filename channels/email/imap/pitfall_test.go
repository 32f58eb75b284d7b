package imap

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// The numbers are those of the list of what go-imap v2 beta.8 does when it is
// used bare.

// takes fails unless the call returns an error after exactly d.
func takes(t *testing.T, d time.Duration, call func() error) {
	t.Helper()
	begun := time.Now()
	err := call()
	if took := time.Since(begun); err == nil || took != d {
		t.Errorf("returned %v after %s, want an error after %s", err, took, d)
	}
}

func TestPitfall01ASilentServerEndsTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := dial(t, serve(t, func(s *server) { s.admit(); s.want("EXAMINE") }))
		takes(t, DefaultLimits().Select, func() error { _, err := s.Select("INBOX", true); return err })
	})
}

func TestPitfall02ATimeoutIsNotRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		takes(t, DefaultLimits().Greeting, func() error {
			_, err := Dial(t.Context(), serve(t, func(*server) {}))
			return err
		})
		s := opened(t, serve(t, func(s *server) {
			s.open()
			s.want("UID FETCH")
			s.raw("* 1 FETCH (UID 1 BODY[] {100}\r\nhalf")
		}))
		takes(t, DefaultLimits().Fetch, func() error { return s.Fetch([]uint32{1}, 100, Part{}, into(map[uint32]string{})) })
	})
}

func TestPitfall03CloseWithUnreadMailReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := opened(t, serve(t, func(s *server) {
			s.open()
			s.want("UID FETCH")
			for n := 1; ; n++ {
				s.send("* %d FETCH (UID %d BODY[] {5}\r\nhello)", n, n)
			}
		}))
		full := errors.New("disk full")
		var uids []uint32
		for uid := range uint32(300) {
			uids = append(uids, uid+1)
		}
		err := s.Fetch(uids, 1500, Part{}, func(uint32, int64, io.Reader) error { return full })
		if !errors.Is(err, full) {
			t.Errorf("fetch: %v", err)
		}
		s.Close()
	})
}

func TestPitfall04ACutBodyIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := opened(t, serve(t, func(s *server) {
			s.open()
			s.want("UID FETCH")
			s.raw("* 1 FETCH (UID 1 BODY[] {1000}\r\nstart ")
			s.conn.Close()
		}))
		got := map[uint32]string{}
		err := s.Fetch([]uint32{1}, 1000, Part{}, into(got))
		if err == nil || len(got) != 0 || !strings.Contains(err.Error(), "closed") {
			t.Errorf("fetch returned %v with %d mails", err, len(got))
		}
	})
}

func TestPitfall05AUIDBehindTheBodyIsMissedThenFoundByPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := opened(t, serve(t, func(s *server) {
			s.open()
			for _, command := range []string{"UID FETCH", "FETCH 3", "FETCH 3", "FETCH 3"} {
				tag := s.want(command)
				switch len(s.got) {
				case 6: // another mail has moved to this place
					s.send("* 3 FETCH (BODY[] {5}\r\nother UID 8)")
				case 5: // no UID at all
					s.send("* 3 FETCH (BODY[] {5}\r\nhello)")
				default:
					s.send("* 3 FETCH (BODY[] {5}\r\nhello UID 7)")
				}
				s.send("%s OK done", tag)
			}
		}))
		got := map[uint32]string{}
		if err := s.Fetch([]uint32{7}, 5, Part{}, into(got)); err != nil || len(got) != 0 {
			t.Fatalf("fetch: %v, %v", err, got)
		}
		mail := Mail{UID: 7, Seq: 3, Size: 5}
		if err := s.FetchAt(mail, Part{}, into(got)); err != nil || got[7] != "hello" {
			t.Fatalf("by place: %v, %v", err, got)
		}
		if err := s.FetchAt(mail, Part{}, into(got)); err == nil {
			t.Error("a mail without UID was believed")
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s := opened(t, serve(t, func(s *server) {
			s.open()
			tag := s.want("FETCH 3")
			s.send("* 3 FETCH (BODY[] {5}\r\nother UID 8)")
			s.send("%s OK done", tag)
		}))
		if err := s.FetchAt(Mail{UID: 7, Seq: 3, Size: 5}, Part{}, into(map[uint32]string{})); err == nil {
			t.Error("another mail was taken for the one asked for")
		}
	})
}

func TestPitfall06AFlagUpdateBeforeTheBodyIsNoMail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := opened(t, serve(t, func(s *server) {
			s.open()
			for range 2 {
				tag := s.want("UID FETCH 1 ")
				if len(s.got) == 3 {
					s.send(`* 1 FETCH (UID 1 FLAGS (\Seen))`)
				}
				s.send("* 1 FETCH (UID 1 BODY[] {5}\r\nhello)")
				s.send("%s OK done", tag)
			}
		}))
		got := map[uint32]string{}
		if err := s.Fetch([]uint32{1}, 5, Part{}, into(got)); err != nil || len(got) != 0 {
			t.Fatalf("first: %v, %v", err, got)
		}
		if err := s.Fetch([]uint32{1}, 5, Part{}, into(got)); err != nil || got[1] != "hello" {
			t.Fatalf("again: %v, %v", err, got)
		}
	})
}

func TestPitfall07OneCommandAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := opened(t, serve(t, func(s *server) {
			s.open()
			for range 3 {
				tag := s.want("UID FETCH")
				s.send("* 1 FETCH (UID 1 BODY[] {5}\r\nhello)")
				s.conn.SetReadDeadline(time.Now().Add(10 * time.Second))
				if next, err := s.lines.Peek(1); err == nil {
					s.t.Errorf("client sent %q before the answer was whole", next)
				}
				s.conn.SetReadDeadline(time.Time{})
				s.send("%s OK done", tag)
			}
		}))
		for range 3 {
			if err := s.Fetch([]uint32{1}, 5, Part{}, into(map[uint32]string{})); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestPitfall08IdleEndedByTheServerIsNoticedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := opened(t, serve(t, func(s *server) {
			s.open()
			tag := s.want("IDLE")
			s.send("+ idling")
			time.Sleep(time.Minute)
			s.send("%s OK that was long", tag)
			t.Errorf("client sent %q after IDLE had ended", s.line())
		}))
		begun := time.Now()
		woken, err := s.Idle(4 * time.Minute)
		if woken != Ended || err != nil || time.Since(begun) != time.Minute {
			t.Errorf("woken %d, %v after %s", woken, err, time.Since(begun))
		}
	})
}

func TestPitfall09IdleNeverAcknowledgedEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := opened(t, serve(t, func(s *server) { s.open(); s.want("IDLE") }))
		takes(t, DefaultLimits().Idle, func() error { _, err := s.Idle(4 * time.Minute); return err })
	})
	synctest.Test(t, func(t *testing.T) { // nor does a server that dies while idling
		s := opened(t, serve(t, func(s *server) { s.open(); s.want("IDLE"); s.send("+ idling"); s.line() }))
		takes(t, 4*time.Minute+DefaultLimits().Idle, func() error { _, err := s.Idle(4 * time.Minute); return err })
	})
}

func TestPitfall10ManyNoticesBlockNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := opened(t, serve(t, func(s *server) {
			s.open()
			tag := s.want("UID SEARCH")
			for n := range 300 {
				s.send("* %d EXISTS", n+4)
			}
			s.send("* SEARCH 1 2 3")
			s.send("%s OK done", tag)
			tag = s.want("IDLE")
			s.send("+ idling")
			if s.line() == "DONE" {
				s.send("%s OK done", tag)
			}
		}))
		if uids, err := s.Search(1); err != nil || len(uids) != 3 {
			t.Fatalf("search: %v, %v", uids, err)
		}
		if woken, err := s.Idle(4 * time.Minute); woken != News || err != nil {
			t.Errorf("idle: %d, %v; want the news from before", woken, err)
		}
	})
}

func TestPitfall11AnUnknownAnswerEndsTheSessionAndLittleIsAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := opened(t, serve(t, func(s *server) {
			s.open()
			for range 2 {
				tag := s.want("UID FETCH")
				if command := s.got[len(s.got)-1]; strings.Contains(command, "ENVELOPE") || strings.Contains(command, "BODYSTRUCTURE") ||
					strings.Contains(command, "FLAGS") || strings.Contains(command, "BODY[") {
					t.Errorf("client asked %q", command)
				}
				s.send("%s OK done", tag)
			}
			s.want("UID SEARCH")
			s.send(`* VANISHED secret-of-a-contact`)
		}))
		if _, err := s.List([]uint32{1}, true); err != nil {
			t.Fatal(err)
		}
		if err := s.Fetch([]uint32{1}, 1, Part{}, into(nil)); err != nil {
			t.Fatal(err)
		}
		_, err := s.Search(1)
		if err == nil || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "VANISHED") {
			t.Errorf("search: %v", err)
		}
	})
}

func TestPitfall12ABrokenDateIsNotAskedForAgain(t *testing.T) {
	script := func(s *server) {
		s.open()
		tag := s.want("UID FETCH")
		date := ""
		if strings.Contains(s.got[2], "INTERNALDATE") {
			date = ` INTERNALDATE "yesterday"`
		}
		s.send("* 1 FETCH (UID 1 RFC822.SIZE 5%s)", date)
		s.send("%s OK done", tag)
	}
	synctest.Test(t, func(t *testing.T) {
		if _, err := opened(t, serve(t, script)).List([]uint32{1}, true); err == nil {
			t.Error("the library has learned to read it: the second way is not needed any more")
		}
		if mails, err := opened(t, serve(t, script)).List([]uint32{1}, false); err != nil || len(mails) != 1 || mails[0].Size != 5 {
			t.Errorf("without dates: %v, %v", mails, err)
		}
	})
}

func TestPitfall13ANilBodyIsNoMail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := opened(t, serve(t, func(s *server) {
			s.open()
			tag := s.want("UID FETCH")
			s.send("* 1 FETCH (UID 1 BODY[] NIL)")
			s.send("%s OK done", tag)
		}))
		got := map[uint32]string{}
		if err := s.Fetch([]uint32{1}, 5, Part{}, into(got)); err != nil || len(got) != 0 {
			t.Errorf("fetch: %v, %v", err, got)
		}
	})
}

func TestPitfall14EndlessAnswersAreCutOff(t *testing.T) {
	var before, after runtime.MemStats
	synctest.Test(t, func(t *testing.T) {
		s := dial(t, serve(t, func(s *server) {
			s.admit()
			s.want("EXAMINE")
			s.raw("* OK ")
			for long := strings.Repeat("x", 64<<10); ; {
				s.raw(long)
			}
		}))
		runtime.ReadMemStats(&before)
		_, err := s.Select("INBOX", true)
		runtime.ReadMemStats(&after)
		if err == nil || !strings.Contains(err.Error(), "more than") {
			t.Errorf("select: %v", err)
		}
	})
	if used := after.TotalAlloc - before.TotalAlloc; used > 8<<20 {
		t.Errorf("an endless line cost %d MiB", used>>20)
	}
	synctest.Test(t, func(t *testing.T) {
		s := opened(t, serve(t, func(s *server) {
			s.open()
			s.want("UID FETCH")
			s.raw("* 1 FETCH (UID 1 BODY[] {400000000}\r\n")
			for long := strings.Repeat("x", 64<<10); ; {
				s.raw(long)
			}
		}))
		read := int64(0)
		err := s.Fetch([]uint32{1}, 1000, Part{}, func(_ uint32, _ int64, body io.Reader) (err error) {
			read, err = io.Copy(io.Discard, body)
			return err
		})
		if err == nil || read > 2<<20 {
			t.Errorf("fetch read %d bytes of a mail of 1,000: %v", read, err)
		}
	})
}

func TestPitfall15TheLastMailIsNotNew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := opened(t, serve(t, func(s *server) {
			s.open()
			tag := s.want("UID SEARCH UID 43:*")
			s.send("* SEARCH 42")
			s.send("%s OK done", tag)
		}))
		if uids, err := s.Search(43); err != nil || len(uids) != 0 {
			t.Errorf("search: %v, %v", uids, err)
		}
	})
}

func TestPitfall16MovingMailsThatAreGoneIsNoError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := dial(t, serve(t, func(s *server) {
			s.admit()
			tag := s.want("SELECT")
			s.send("* OK [UIDVALIDITY 7] as ever")
			s.send("%s OK selected", tag)
			s.send("%s OK nothing to move", s.want(`UID MOVE 1:2 "Processed"`))
			s.send("%s NO [TRYCREATE] no such folder", s.want("UID MOVE 3"))
			s.send("%s OK made", s.want(`CREATE "Processed"`))
			tag = s.want("UID MOVE 3")
			s.send("* OK [COPYUID 9 3 1] moved")
			s.send("%s OK done", tag)
		}))
		if _, err := s.Select("INBOX", false); err != nil {
			t.Fatal(err)
		}
		if err := s.Move([]uint32{1, 2}, "Processed"); err != nil {
			t.Errorf("move: %v", err)
		}
		if err := s.Move([]uint32{3}, "Processed"); err != nil {
			t.Errorf("move into a missing folder: %v", err)
		}
	})
}

func TestPitfall17AFolderWithoutUIDValidityIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := dial(t, serve(t, func(s *server) { s.admit(); s.send("%s OK selected", s.want("EXAMINE")) }))
		if _, err := s.Select("INBOX", true); err == nil {
			t.Error("no error")
		}
	})
}

func TestPitfall18EverySelectTellsTheUIDValidity(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := opened(t, serve(t, func(s *server) {
			s.open()
			tag := s.want("EXAMINE")
			s.send("* OK [UIDVALIDITY 8] new")
			s.send("%s OK selected", tag)
		}))
		if folder, err := s.Select("INBOX", true); err != nil || folder.Validity != 8 {
			t.Errorf("select: %+v, %v", folder, err)
		}
	})
}

func TestPitfall19TheEndOfTheContextEndsEveryStep(t *testing.T) {
	steps := map[string]struct {
		script func(*server)
		call   func(*Session) error
	}{
		"select": {
			func(s *server) { s.admit(); s.want("EXAMINE") },
			func(s *Session) error { _, err := s.Select("INBOX", true); return err },
		},
		"search": {
			func(s *server) { s.admit(); s.want("UID SEARCH") },
			func(s *Session) error { _, err := s.Search(1); return err },
		},
		"fetch": {
			func(s *server) { s.admit(); s.want("UID FETCH"); s.raw("* 1 FETCH (UID 1 BODY[] {9}\r\nhalf") },
			func(s *Session) error { return s.Fetch([]uint32{1}, 9, Part{}, into(map[uint32]string{})) },
		},
		"idle": {
			func(s *server) { s.admit(); s.want("IDLE"); s.send("+ idling") },
			func(s *Session) error { _, err := s.Idle(4 * time.Minute); return err },
		},
		"move": {
			func(s *server) { s.admit(); s.want("UID MOVE") },
			func(s *Session) error { return s.Move([]uint32{1}, "Processed") },
		},
	}
	for name, step := range steps {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				s, err := Dial(ctx, serve(t, step.script))
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				time.AfterFunc(5*time.Second, cancel)
				takes(t, 5*time.Second, func() error { return step.call(s) })
				if err := step.call(s); !errors.Is(err, context.Canceled) {
					t.Errorf("afterwards: %v", err)
				}
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		takes(t, 5*time.Second, func() error { _, err := Dial(ctx, serve(t, func(*server) {})); return err })
	})
}

func TestPitfall20And21ARefusedTokenIsAcknowledged(t *testing.T) {
	for _, mechanism := range []Mechanism{XOAuth2, OAuthBearer} {
		t.Run(string(mechanism), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := serve(t, func(s *server) {
					s.send("* OK [CAPABILITY %s] hello", offers)
					tag := s.want("AUTHENTICATE " + strings.ToUpper(string(mechanism)))
					s.send("+ eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0=")
					if answer := s.line(); answer != "AQ==" {
						s.t.Errorf("client answered %q", answer)
					}
					s.send("%s NO [AUTHENTICATIONFAILED] invalid token", tag)
				})
				c.Mechanism = mechanism
				_, err := Dial(t.Context(), c)
				var refused *Refused
				if !errors.As(err, &refused) || !refused.Login {
					t.Errorf("dial: %v", err)
				}
			})
		})
	}
}

func TestPitfall22AfterABrokenBodyTheSessionIsDead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := opened(t, serve(t, func(s *server) {
			s.open()
			s.want("UID FETCH")
			s.raw("* 1 FETCH (UID 1 BODY[] {100}\r\nhalf")
			t.Errorf("client went on with %q", s.line())
		}))
		_ = s.Fetch([]uint32{1}, 100, Part{}, into(map[uint32]string{}))
		if _, err := s.Search(1); err == nil {
			t.Error("the session was used again")
		}
	})
}

func TestErrorsHoldNoSecretAndSayWhenToComeBack(t *testing.T) {
	for _, c := range []struct {
		answer string
		check  func(*Refused) bool
	}{
		{`NO [AUTHENTICATIONFAILED] no user with password "open sesame"`, func(r *Refused) bool { return r.Login && r.Code == "AUTHENTICATIONFAILED" }},
		{"NO [UNAVAILABLE] try later", func(r *Refused) bool { return !r.Login }},
		{"BAD User is authenticated but not connected.", func(r *Refused) bool { return r.Login }},
		{"NO Server busy. Suggested Backoff Time: 93126 milliseconds", func(r *Refused) bool { return r.Wait == 93126*time.Millisecond }},
	} {
		synctest.Test(t, func(t *testing.T) {
			_, err := Dial(t.Context(), serve(t, func(s *server) {
				s.send("* OK [CAPABILITY %s] hello", offers)
				s.send("%s %s", s.want("LOGIN"), c.answer)
			}))
			var refused *Refused
			if !errors.As(err, &refused) || !c.check(refused) || strings.Contains(err.Error(), "sesame") {
				t.Errorf("%s became %v", c.answer, err)
			}
		})
	}
}

func TestASessionWithoutMoveTouchesNoOtherMails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []string
		c := serve(t, func(s *server) {
			s.send("* OK [CAPABILITY IMAP4rev1 UIDPLUS] hello")
			s.send("%s OK [CAPABILITY IMAP4rev1 UIDPLUS] in", s.want("LOGIN"))
			for {
				tag := s.want("UID ")
				got = slices.Clone(s.got[1:])
				s.send("%s OK done", tag)
			}
		})
		if err := dial(t, c).Move([]uint32{4, 5}, "Done"); err != nil {
			t.Fatal(err)
		}
		want := []string{`UID COPY 4:5 "Done"`, `UID STORE 4:5 +FLAGS.SILENT (\Deleted)`, "UID EXPUNGE 4:5"}
		if !slices.Equal(got, want) {
			t.Errorf("client sent %q", got)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s := dial(t, serve(t, func(s *server) {
			s.send("* OK [CAPABILITY IMAP4rev1] hello")
			s.send("%s OK [CAPABILITY IMAP4rev1] in", s.want("LOGIN"))
			t.Errorf("client sent %q", s.line())
		}))
		var refused *Refused
		if err := s.Move([]uint32{4}, "Done"); !errors.As(err, &refused) {
			t.Errorf("move: %v", err)
		}
	})
}

func FuzzTheServersAnswersNeverHangOrPanic(f *testing.F) {
	f.Add([]byte("* OK [CAPABILITY IMAP4rev1] hi\r\nT1 OK in\r\nT2 OK [UIDVALIDITY 7] done\r\n"))
	f.Add([]byte("* 1 FETCH (UID 1 BODY[] {5}\r\nhello)\r\nT4 OK done\r\n"))
	f.Add([]byte("* SEARCH 1 2 (MODSEQ 5)\r\n+ idling\r\n* 3 EXISTS\r\n"))
	f.Add([]byte("* 1 FETCH (BODY[] NIL UID 4 FLAGS (\\Seen))\r\n* BYE\r\n"))
	f.Fuzz(func(t *testing.T, answer []byte) {
		c := serve(t, func(s *server) {
			go io.Copy(io.Discard, s.lines)
			s.admitBlindly()
			s.raw(string(answer))
			s.conn.Close()
		})
		s, err := Dial(context.Background(), c)
		if err != nil {
			return
		}
		defer s.Close()
		_, _ = s.Select("INBOX", true)
		_, _ = s.Search(1)
		_, _ = s.List([]uint32{1, 2}, true)
		_ = s.Fetch([]uint32{1, 2}, 100, Part{}, into(map[uint32]string{}))
	})
}

// admitBlindly greets and accepts a login before it came.
func (s *server) admitBlindly() {
	s.raw(fmt.Sprintf("* OK [CAPABILITY %s] hello\r\n", offers))
}

func TestPitfall23AMalformedListOfCapabilitiesEndsTheSession(t *testing.T) {
	for _, line := range []string{"* OK [CAPABILITY(IMAP4rev1] hi", "* OK [CAPABILITY IMAP4rev1 (IDLE)] hi", "* OK hi\r\n* capability  (IDLE)"} {
		synctest.Test(t, func(t *testing.T) {
			_, err := Dial(t.Context(), serve(t, func(s *server) { s.send("%s", line); s.line() }))
			if err == nil || !strings.Contains(err.Error(), "malformed") {
				t.Errorf("%s: %v", line, err)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) { // in a mail it is a text
		s := opened(t, serve(t, func(s *server) {
			s.open()
			tag := s.want("UID FETCH")
			s.send("* 1 FETCH (UID 1 BODY[] {30}\r\nhi\r\n* CAPABILITY (IMAP4rev1)\r\n)")
			s.send("%s OK [X] capability (none)", tag)
		}))
		got := map[uint32]string{}
		if err := s.Fetch([]uint32{1}, 50, Part{}, into(got)); err != nil || len(got) != 1 {
			t.Errorf("fetch: %v, %v", err, got)
		}
	})
}

func TestAServerForUTF8AloneIsSpokenToInIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := dial(t, serve(t, func(s *server) {
			s.send("* OK [CAPABILITY IMAP4rev1 ENABLE UTF8=ONLY] hello")
			s.send("%s OK [CAPABILITY IMAP4rev1 ENABLE UTF8=ONLY] in", s.want("LOGIN"))
			tag := s.want("ENABLE UTF8=ACCEPT")
			s.send("* ENABLED UTF8=ACCEPT")
			s.send("%s OK enabled", tag)
			tag = s.want(`EXAMINE "Ŵyl"`)
			s.send("* 1 EXISTS")
			s.send("* OK [UIDVALIDITY 7] as ever")
			s.send("%s OK selected", tag)
			s.send("* LIST () \"/\" \"Ŵyl\"\r\n%s OK listed", s.want("LIST"))
		}))
		if _, err := s.Select("Ŵyl", true); err != nil {
			t.Error(err)
		}
		if names, err := s.Folders(); err != nil || !slices.Equal(names, []string{"Ŵyl"}) {
			t.Errorf("lists %q, %v", names, err)
		}
		_, err := Dial(t.Context(), serve(t, func(s *server) {
			s.send("* OK [CAPABILITY IMAP4rev1 UTF8=ONLY] hello")
			s.send("%s OK [CAPABILITY IMAP4rev1 UTF8=ONLY] in", s.want("LOGIN"))
			s.send("%s NO not today", s.want("ENABLE"))
		}))
		if err == nil || err.Error() != "enable: NO not today" {
			t.Errorf("told %v", err)
		}
	})
}
