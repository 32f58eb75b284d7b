package mail

import (
	"strings"
)

// authored returns what the sender of this mail wrote: text without quoted
// history, forwarded mails and the signature. quoted are the pieces that the
// mail's structure says others wrote. Where nothing is left, or only a remark
// such as "see below", the whole text is returned: quoting must never hide
// what matters.
func authored(text string, quoted []span) string {
	s := scan{text: text, quoted: quoted}
	s.lines()
	if s.cut == 0 && len(s.kept) == 0 {
		return text
	}
	out := s.result()
	if isRemark(out) || s.unmarked > maxAttributionLines && pointsOn(out) {
		return text
	}
	return out
}

// scan walks over the lines of a text and notes which pieces are kept.
type scan struct {
	text   string
	quoted []span
	next   int    // first quoted span that ends after the current line
	kept   []span // pieces kept so far, joined where they touch
	cut    int    // bytes left out
	// unmarked counts lines left out that do not say themselves that they are
	// quoted.
	unmarked int
}

func (s *scan) lines() {
	for at := 0; at < len(s.text); {
		end := lineEnd(s.text, at)
		line := s.text[at:end]
		switch {
		case isQuotedLine(line):
			s.cut += end - at
		case s.isQuoted(at, end):
			s.drop(at, end)
		case isSignatureStart(line):
			if stop := s.signatureEnd(at); stop > 0 {
				s.drop(at, stop)
				at = stop
				continue
			}
			s.keep(at, end)
		case isMobileSignature(line):
			s.drop(at, end)
		case len(line) >= 8:
			if stop, ok := s.quoteHeader(at, end); ok {
				s.drop(at, stop)
				at = stop
				continue
			}
			s.keep(at, end)
		default:
			s.keep(at, end)
		}
		at = end
	}
}

// isQuotedLine tells a line marked as quoted from one that begins with "From "
// and that a mailbox file has marked, lest it begin a mail (RFC 4155).
func isQuotedLine(line string) bool {
	return strings.HasPrefix(strings.TrimLeft(line, " "), ">") && !strings.HasPrefix(line, ">From ")
}

// lineEnd returns where the line that starts at at ends, line end included.
func lineEnd(text string, at int) int {
	if i := strings.IndexByte(text[at:], '\n'); i >= 0 {
		return at + i + 1
	}
	return len(text)
}

func (s *scan) keep(at, end int) {
	if n := len(s.kept); n > 0 && s.kept[n-1].end == at {
		s.kept[n-1].end = end
		return
	}
	s.kept = append(s.kept, span{at, end})
}

// drop leaves out lines that are not marked.
func (s *scan) drop(at, end int) {
	s.cut += end - at
	s.unmarked += strings.Count(s.text[at:end], "\n")
}

// isQuoted reports whether the line lies in a piece that others wrote.
func (s *scan) isQuoted(at, end int) bool {
	for s.next < len(s.quoted) && s.quoted[s.next].end <= at {
		s.next++
	}
	if s.next == len(s.quoted) {
		return false
	}
	start := s.quoted[s.next].start
	return start <= at || start < end && strings.TrimSpace(s.text[at:start]) == ""
}

// result joins the kept pieces.
func (s *scan) result() string {
	if len(s.kept) == 1 {
		return withoutRule(s.text[s.kept[0].start:s.kept[0].end])
	}
	var b strings.Builder
	for _, k := range s.kept {
		piece := strings.Trim(s.text[k.start:k.end], "\n")
		if strings.TrimSpace(piece) == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteString("\n\n")
		}
		b.WriteString(piece)
	}
	return withoutRule(b.String())
}

// withoutRule cuts the line off that mail programs draw over a quotation.
func withoutRule(text string) string {
	text = strings.TrimSpace(text)
	last := text[strings.LastIndexByte(text, '\n')+1:]
	if len(last) >= 3 && strings.Trim(last, "_-=*") == "" {
		return strings.TrimSpace(text[:len(text)-len(last)])
	}
	return text
}

// quoteHeader recognises the line, or few lines, that a mail program writes
// over the mail it quotes, and returns how far the quotation goes: over the
// header alone when the quotation is marked line by line, otherwise to the
// end.
func (s *scan) quoteHeader(at, end int) (stop int, ok bool) {
	line := strings.TrimSpace(s.text[at:end])
	if isDivider(line) {
		return len(s.text), true
	}
	if isHeaderBlock(s.text, at) {
		return len(s.text), true
	}
	last, known := attribution(s.text, at, end)
	if !known {
		if last, ok = introduction(s.text, at, end); !ok {
			return 0, false
		}
	}
	following := last
	for following < len(s.text) && s.text[following] <= ' ' {
		following++
	}
	if following == len(s.text) || s.text[following] == '>' || s.inQuoted(following) {
		return last, true
	}
	if known && hasAddress(s.text[at:last]) { // a person writes "at 10:22 he wrote:" too
		return len(s.text), true
	}
	return 0, false
}

// inQuoted reports whether the place lies in a piece that others wrote,
// looking ahead of the current line.
func (s *scan) inQuoted(at int) bool {
	for _, q := range s.quoted[s.next:min(len(s.quoted), s.next+2)] {
		if q.start <= at && at < q.end {
			return true
		}
	}
	return false
}

// Signatures: RFC 3676 marks them by "-- "; anything long after such a line is
// more likely text than a signature.
const (
	maxSignatureLines = 15
	maxSignatureBytes = 1500
)

func isSignatureStart(line string) bool {
	line = strings.TrimRight(line, "\r\n")
	return line == "-- " || line == "--"
}

// signatureEnd returns where the signature that the dashes at at begin ends: at
// the next quotation or the end of the text; 0 when it is too long for one, when
// the dashes come again, by which a person divides a text, or when sentences
// follow. Without the space behind them one sentence is enough.
func (s *scan) signatureEnd(at int) int {
	from := lineEnd(s.text, at)
	typed := !strings.HasPrefix(s.text[at:], "-- ")
	sentences, n := 0, 0
	for at = from; at < len(s.text); n++ {
		end := lineEnd(s.text, at)
		line := s.text[at:end]
		if strings.HasPrefix(line, ">") {
			break
		}
		if len(line) >= 8 {
			if _, ok := s.quoteHeader(at, end); ok {
				break
			}
		}
		if !isTitle(line) {
			sentences++
		}
		if n >= maxSignatureLines || end-from > maxSignatureBytes || isSignatureStart(line) {
			return 0
		}
		at = end
	}
	if typed && sentences > 0 || 2*sentences > n {
		return 0
	}
	return at
}
