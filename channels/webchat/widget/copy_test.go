package widget_test

import (
	"context"
	"testing"

	"github.com/chromedp/chromedp"
)

// post sends every copy.
type post chan string

// Mail implements webchat.Mailer.
func (p post) Mail(_ context.Context, to, _, _ string, last func() error) error {
	p <- to
	return last()
}

// visitPost is a chat that has begun, with a server that sends copies.
func visitPost(t *testing.T, attributes string) (*window, post) {
	t.Helper()
	host, sent := newHostPage(t, attributes), make(post, 10)
	s := newServer(t, host.origin())
	s.stop()
	s.deps.Mailer = sent
	s.start()
	host.script = func() string { return s.url("/chat.js") }
	w := openWindow(t, phone)
	w.do(chromedp.Navigate(host.origin() + "/contact"))
	w.click(".launcher", "")
	w.says("hello")
	w.state("hello", "taken")
	return w, sent
}

func TestWhatIsWrongWithAnAddressStandsBesideIt(t *testing.T) {
	for lang, want := range map[string][]string{
		"en": {"No copy was sent. “,” cannot stand in an address. An address looks like name@example.com.", "You asked for a copy."},
		"cy": {"Ni anfonwyd copi. Ni all “,” fod mewn cyfeiriad. Mae cyfeiriad yn edrych fel hyn: enw@example.com.", "Rydych wedi gofyn am gopi."},
	} {
		t.Run(lang, func(t *testing.T) {
			w, sent := visitPost(t, `data-lang="`+lang+`"`)
			w.click(".top .plain", "")
			w.click("#copy-email", "")
			w.press("ann@example,org" + enter)
			w.until(`root.querySelector('#copy-problem')?.textContent === ` + quote(want[0]))
			w.focus(`#copy-email[aria-invalid=true][aria-describedby=copy-problem]`)
			w.until(`root.elementFromPoint(innerWidth / 2, root.querySelector('#copy-problem').getBoundingClientRect().top + 4)?.id === 'copy-problem'`)
			if kept := get[string](w, `root.activeElement.value`); kept != "ann@example,org" {
				t.Errorf("the field holds %q", kept)
			}
			w.shoot("wrong address " + lang)
			w.inspect("wrong address")
			get[bool](w, `(root.activeElement.value = 'ann@example.org', true)`)
			w.press(enter)
			w.sees(want[1])
			if to := <-sent; to != "ann@example.org" {
				t.Errorf("sent to %q", to)
			}
		})
	}
}

func TestWhoHasGoneOnIsToldInTheConversationWhatIsWrongWithAnAddress(t *testing.T) {
	w, _ := visitPost(t, "")
	w.network(false)
	w.click(".top .plain", "")
	w.click("#copy-email", "")
	w.press("ann" + enter)
	w.types("meanwhile")
	w.network(true)
	w.sees("There is no @ in the address.")
	w.focus("#text")
}

func TestWhereSocketsAreBlockedAWrongAddressIsNamedToo(t *testing.T) {
	w, _ := visitPost(t, "")
	get[bool](w, `(window.WebSocket = class { constructor() { throw new Error('no') } }, true)`)
	w.network(false)
	w.network(true)
	w.click(".top .plain", "")
	w.click("#copy-email", "")
	w.press("ann" + enter)
	w.until(`root.querySelector('#copy-problem')?.textContent.includes('There is no @ in the address.') || [...root.querySelectorAll('.notice')].some(e => e.textContent.includes('There is no @ in the address.'))`)
}
