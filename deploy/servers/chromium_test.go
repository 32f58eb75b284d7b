package servers_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"contactd/deploy/servers"
)

// site serves one page under every path, with the host it was asked for in
// place of $HOST and other words replaced as told.
func site(t *testing.T, page string, replace ...string) *httptest.Server {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, strings.NewReplacer(append(replace, "$HOST", r.Host)...).Replace(page))
	}))
	t.Cleanup(server.Close)
	return server
}

func TestChromiumReadsAPage(t *testing.T) {
	page := site(t, `<!doctype html><html lang="en"><title>Help at $HOST</title><p>we are here`)
	browser := servers.Chromium(t, servers.ChromiumOptions{Width: 390, Height: 844})
	for _, address := range []string{
		page.URL,
		strings.Replace(page.URL, "127.0.0.1", "www.force.example", 1),
	} {
		if err := chromedp.Do(browser, chromedp.Navigate(address)); err != nil {
			t.Fatal(err)
		}
		title, err := chromedp.Run(browser, chromedp.Title())
		if want := "Help at " + strings.TrimPrefix(address, "http://"); err != nil || title != want {
			t.Errorf("title %q, want %q: %v", title, want, err)
		}
	}
	width, err := chromedp.Run(browser, chromedp.Evaluate[int](`innerWidth`))
	if err != nil || width != 390 {
		t.Errorf("the page is %d wide, want 390: %v", width, err)
	}
}

func TestChromiumHasTabsAndSeparateVisitors(t *testing.T) {
	page := site(t, `<!doctype html><title>one</title>`)
	browser := servers.Chromium(t, servers.ChromiumOptions{})
	if err := chromedp.Do(browser, chromedp.Navigate(page.URL)); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Run(browser, chromedp.Evaluate[chromedp.Void](`localStorage.known = "yes"`)); err != nil {
		t.Fatal(err)
	}
	for _, visitor := range []struct {
		name    string
		options []chromedp.ContextOption
		known   bool
	}{
		{"another tab", nil, true},
		{"another visitor", []chromedp.ContextOption{chromedp.WithNewBrowserContext()}, false},
	} {
		tab, closeTab := chromedp.NewContext(browser, visitor.options...)
		defer closeTab()
		if err := chromedp.Do(tab, chromedp.Navigate(page.URL)); err != nil {
			t.Fatal(err)
		}
		known, err := chromedp.Run(tab, chromedp.Evaluate[bool](`localStorage.known === "yes"`))
		if err != nil || known != visitor.known {
			t.Errorf("%s knows what the first tab stored: %v, want %v: %v", visitor.name, known, visitor.known, err)
		}
	}
}
