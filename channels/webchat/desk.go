package webchat

import (
	"strings"
	"sync"
	"time"

	"contactd/channels/webchat/hours"
	"contactd/contact"
)

// desk knows what people are told of who reads: by the opening hours of their
// site, and by what the desk itself has said of who is there.
type desk struct {
	now   func() time.Time
	hours map[string]*hours.Hours // by site
	other *hours.Hours            // of a site that is gone: the first one's

	mutex    sync.Mutex
	presence contact.Presence
}

func newDesk(sites []Site, now func() time.Time) (*desk, error) {
	d := &desk{now: now, hours: map[string]*hours.Hours{}}
	for _, site := range sites {
		h, err := hours.New(site.Hours)
		if err != nil {
			return nil, err
		}
		d.hours[site.Name] = h
	}
	d.other = d.hours[sites[0].Name]
	return d, nil
}

// at is when somebody reads what comes from a site. A chat goes on whose site the
// operator has taken away.
func (d *desk) at(site string) *hours.Hours {
	if h := d.hours[site]; h != nil {
		return h
	}
	return d.other
}

// Presence shows people who is at the desk.
func (ch *Channel) Presence(presence contact.Presence) {
	d := ch.desk
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if presence.At.Before(d.presence.At) {
		return // late
	}
	d.presence = presence
}

// state is what people of a site are told, the same for all of them but for
// the text, which is in their language.
type state struct {
	open        bool
	handlers    int // -1 when nobody says
	waitSeconds int
}

func (d *desk) state(site string) state {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	now := d.now()
	s := state{handlers: -1, open: d.at(site).Open(now)}
	if now.Before(d.presence.Until) {
		s.handlers, s.waitSeconds = max(0, d.presence.Handlers), max(0, d.presence.WaitSeconds)
		s.open = s.open && s.handlers > 0
	}
	return s
}

// frame is the state as the client sees it.
func (s state) frame(text string) presenceFrame {
	f := presenceFrame{Type: "presence", Open: s.open, WaitSeconds: s.waitSeconds, Text: text}
	if s.handlers >= 0 {
		f.Handlers = &s.handlers
	}
	return f
}

// reads says when somebody reads next; empty while the desk is open.
func (d *desk) reads(site, language string) string {
	if d.state(site).open {
		return ""
	}
	if text := d.at(site).Reads(d.now(), language); text != "" {
		return text
	}
	// Within opening hours, but nobody is there.
	if isWelsh(language) {
		return "Nid oes neb wrth y ddesg ar hyn o bryd. Cedwir eich neges a bydd yn cael ei darllen cyn gynted ag y bydd rhywun yn ôl."
	}
	return "Nobody is at the desk right now. Your message is kept, and read as soon as somebody is back."
}

// closing names the present time of closed doors, so that it is told once.
func (d *desk) closing(site string) string {
	now := d.now()
	if opens := d.at(site).NextOpening(now); !opens.IsZero() {
		return opens.UTC().Format(time.RFC3339)
	}
	return now.UTC().Format(time.DateOnly)
}

func isWelsh(language string) bool {
	return language == "cy" || strings.HasPrefix(language, "cy-")
}

// promise is what people are told before they write.
func (s Site) promise(language string) string {
	short, _, _ := strings.Cut(language, "-")
	for _, tag := range []string{language, short, "en"} {
		if text := s.Promise[tag]; text != "" {
			return text
		}
	}
	if isWelsh(language) {
		return "Mae rhywun yn darllen pob neges. " + s.danger(language)
	}
	return "Every message is read by a person. " + s.danger(language)
}

// danger says what does not wait for the desk.
func (s Site) danger(language string) string {
	if isWelsh(language) {
		return "Os yw rhywun mewn perygl nawr, ffoniwch " + s.Phone + "."
	}
	return "If someone is in danger now, call " + s.Phone + "."
}
