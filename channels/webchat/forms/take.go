package forms

import (
	"context"
	"net/http"
	"strings"
	"time"

	"contactd/channels"
)

// patience is how long it may take to store a message before the person gets
// everything back, to try again: far less than a browser waits.
const patience = 10 * time.Second

// take judges a submission and makes a message of it, or sends it back.
func (s *server) take(w http.ResponseWriter, r *http.Request, form *form, lang string, sent *submission) {
	answers, problems := form.check(sent, lang)
	urgent := s.deps.Urgent(words(answers))
	if !urgent && refused(problems) {
		s.sendBack(w, r, form, lang, sent, problems)
		return
	}
	now := s.deps.Now().UTC()
	d := document{
		Version: 1, Form: form.Name, Account: form.Account, ID: sent.id, ReceivedAt: now, Language: lang, Title: oneLine(form.Title.In(lang)),
		Answers: answers, Files: sent.files, Mended: sent.mended, Cut: sent.cut, Told: form.next(lang),
	}
	for _, p := range problems {
		d.Forgiven = append(d.Forgiven, forgiven{p, oneLine(form.fields[p.Field].Label.In(lang))})
	}
	// Whoever has sent it may have gone: it came whole and is taken.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), patience)
	defer cancel()
	if err := s.accept(ctx, d); err != nil {
		s.deps.Log.Error("form not taken", "form", form.Name, "err", err)
		w.Header().Set("Retry-After", "30")
		s.unavailable(w, r, form, lang, sent)
		return
	}
	delay := s.limits.of(s.deps.Address(r)).message(now)
	if delay > 0 && !urgent {
		s.limits.wait(r.Context(), delay)
	}
	s.confirm(w, r, form, lang, received{d.messageID(), urgent, delay > 0, problems})
}

// accept makes a document durable.
func (s *server) accept(ctx context.Context, d document) error {
	original, err := s.original(ctx, d)
	if err != nil {
		return err
	}
	return s.inbox.Accept(ctx, []channels.Original{original}, channels.Cursor{})
}

// words are all that the person wrote or chose.
func words(answers []answer) string {
	var all strings.Builder
	for _, a := range answers {
		for _, list := range [][]string{a.Values, a.Shown} {
			for _, value := range list {
				all.WriteString(value)
				all.WriteByte('\n')
			}
		}
	}
	return all.String()
}

// refused reports whether there is a problem that the person has to mend.
func refused(problems []problem) bool {
	for _, p := range problems {
		if !p.soft() {
			return true
		}
	}
	return false
}

// next is what a person is told of what happens next.
func (f *form) next(lang string) string {
	if text := f.Next.In(lang); text != "" {
		return text
	}
	return say(lang, "next.how")
}

// received is what is known of a message that was taken.
type received struct {
	// id is the message's.
	id string
	// urgent: words of an emergency are in it. busy: its address sends much.
	urgent, busy bool
	// problems are those that it was taken with.
	problems []problem
}
