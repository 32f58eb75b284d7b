package widget_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// lacks takes something away from the pages of a browser.
func (w *window) lacks(script string) {
	w.t.Helper()
	if _, err := chromedp.Call(w.tab, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script}); err != nil {
		w.t.Fatal(err)
	}
}

// Firefox refuses channels between tabs where it refuses storage.
func TestTheChatWorksWhereStorageIsForbidden(t *testing.T) {
	d, w, host := visit(t, desktop, "")
	w.lacks(`const forbidden = () => { throw new DOMException('no', 'SecurityError') }
		for (const name of ['sessionStorage', 'localStorage']) Object.defineProperty(window, name, {get: forbidden})
		window.BroadcastChannel = class { constructor() { forbidden() } }`)
	w.do(chromedp.Navigate(host.origin() + "/contact"))
	w.click("button", "Chat with police")
	w.says("hello")
	w.state("hello", "taken")
	d.has("hello")
	w.press(esc)
	w.until(`document.title === 'Weather'`)
}

func TestTheChatOpensWhereThereAreNoDialogs(t *testing.T) {
	_, w, host := visit(t, desktop, "")
	w.lacks(`for (const name of ['show', 'showModal', 'close', 'open']) delete HTMLDialogElement.prototype[name]`)
	w.do(chromedp.Navigate(host.origin() + "/contact"))
	w.click("button", "Chat with police")
	w.says("hello")
	w.state("hello", "taken")
	w.click("[aria-label=Minimise]", "")
	w.until(`!root.querySelector('.panel').checkVisibility()`)
}

// Safari before 16.4. (The page's policy stops the style itself.)
func TestTheChatLooksTheSameWhereStylesAreElements(t *testing.T) {
	_, w, _ := visit(t, desktop, `data-lang="cy"`)
	w.lacks(`window.CSSStyleSheet = class { constructor() { throw new Error('no') } }`)
	w.do(chromedp.Reload())
	w.click(".launcher", "")
	w.until(`root.querySelector('style') && root.querySelector('.chat.open[lang=cy]')`)
	w.click(".top .plain", "")
	w.click(".options [aria-pressed]", "")
	w.until(`root.querySelector('.chat.covert')`)
}

// oddPage opens a page with the widget in it that write answers with.
func oddPage(t *testing.T, write func(w http.ResponseWriter, r *http.Request, script string)) *window {
	t.Helper()
	d := newDesk(t)
	host := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { write(w, r, d.url("/chat.js")) }))
	t.Cleanup(host.Close)
	origin, neutral := strings.Replace(host.URL, "127.0.0.1", "www.council.localhost", 1), newNeutralSite(t)
	d.set(func() { d.origins, d.site["exitUrl"] = append(d.origins, origin), neutral })
	w := openWindow(t, desktop)
	// Without waiting until it has loaded.
	get[bool](w, `(location.href = `+quote(origin+"/contact")+`, true)`)
	w.click("button", "Chat with police")
	w.sees("Someone is at the desk now")
	return w
}

// Escape stops a page that loads, when the chat is not open yet.
func TestTheQuickExitLeavesAPageThatWasStopped(t *testing.T) {
	w := oddPage(t, func(w http.ResponseWriter, r *http.Request, script string) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, `<!doctype html><title>Contact the council</title><script src="%s" async></script><contact-chat></contact-chat>%s`, script, strings.Repeat("<p>Slow", 2000))
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	get[bool](w, `(window.stop(), true)`)
	w.click("button", "Exit this page")
	w.until(`document.title === 'Weather'`)
}

func TestTheQuickExitLeavesAPageOfXHTML(t *testing.T) {
	w := oddPage(t, func(w http.ResponseWriter, _ *http.Request, script string) {
		w.Header().Set("Content-Type", "application/xhtml+xml; charset=utf-8")
		fmt.Fprintf(w, `<html xmlns="http://www.w3.org/1999/xhtml"><head><title>Contact the council</title><script src="%s" async="async"/></head><body><p>A page</p></body></html>`, script)
	})
	w.click("button", "Exit this page")
	w.until(`document.title === 'Weather'`)
}

// As pages do that draw their parts anew.
func TestAnElementThatAnotherReplacesHangsUp(t *testing.T) {
	d, w, _ := visit(t, desktop, "")
	w.click("button", "Chat with police")
	w.says("one")
	w.state("one", "taken")
	get[bool](w, `(document.querySelector('contact-chat').replaceWith(document.createElement('contact-chat')), true)`)
	w.state("one", "taken")
	d.wait("one line", func() bool { return len(d.latest().lines) == 1 })
	get[bool](w, `(document.body.prepend(document.querySelector('contact-chat')), true)`)
	w.says("two")
	w.state("two", "taken")
	d.has("one", "two")
}
