package servers_test

import (
	"reflect"
	"testing"

	"github.com/chromedp/chromedp"

	"contactd/deploy/servers"
)

func TestAxeFindsTheFaultAndNothingElse(t *testing.T) {
	const page = `<!doctype html><html lang="en"><title>Chat</title>
		<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'none'; require-trusted-types-for 'script'">
		<main><h1>Chat</h1>$BUTTON<div><template shadowrootmode="open"><button>Leave</button></template></div></main>`
	for _, c := range []struct {
		name, button string
		want         []string
	}{
		{"a button with a name", `<button>Send</button>`, nil},
		{"a button without one", `<button></button>`, []string{"button-name"}},
		{"a button without one in a shadow root", `<div><template shadowrootmode="open"><button></button></template></div>`, []string{"button-name"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			browser := servers.Chromium(t, servers.ChromiumOptions{})
			if err := chromedp.Do(browser, chromedp.Navigate(site(t, page, "$BUTTON", c.button).URL)); err != nil {
				t.Fatal(err)
			}
			var got []string
			faults := servers.AxeFaults(browser, t)
			for _, fault := range faults {
				got = append(got, fault.ID)
			}
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("broken rules %v, want %v:\n%v", got, c.want, faults)
			}
		})
	}
}
