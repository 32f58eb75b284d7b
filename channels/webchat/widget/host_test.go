package widget_test

import (
	"fmt"
	"net/http"
	"testing"
)

// oddStyle is what pages have that mean their own elements.
const oddStyle = `* { letter-spacing: .3em; text-transform: uppercase; text-shadow: 1px 1px red; word-spacing: 9px; text-indent: 40px; white-space: nowrap; cursor: none; pointer-events: none; user-select: none; font: italic 40px/3 cursive !important; color: pink }
	div, button, dialog, textarea { display: none !important; background: lime !important }`

func TestAPagesStyleDoesNotReachTheChat(t *testing.T) {
	w := oddPage(t, func(w http.ResponseWriter, _ *http.Request, script string) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, `<!doctype html><title>Contact the council</title><style>%s</style><script src="%s" async></script>`, oddStyle, script)
	})
	w.shoot("odd style")
	for property, plain := range map[string]string{
		"letterSpacing": "normal", "textTransform": "none", "textShadow": "none", "wordSpacing": "0px", "textIndent": "0px",
		"whiteSpace": "normal", "pointerEvents": "auto", "cursor": "auto", "fontStyle": "normal", "color": "rgb(11, 12, 12)",
	} {
		if got := get[string](w, `getComputedStyle(root.querySelector('.next p')).`+property); got != plain {
			t.Errorf("%s is %q, want %q", property, got, plain)
		}
	}
}

// The page's keys would eat letters: what is typed in a shadow root looks to it
// as if no field had the focus.
func TestAPagesKeysDoNotEatWhatIsWritten(t *testing.T) {
	w := oddPage(t, func(w http.ResponseWriter, _ *http.Request, script string) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, `<!doctype html><title>Contact the council</title><body><input id="search"><script src="%s" async></script><script>
			for (const type of ['keydown', 'keypress', 'keyup']) document.addEventListener(type, event => {
				if (event.target.matches('input, textarea')) return
				event.preventDefault(); event.stopImmediatePropagation(); search.focus()
			})</script>`, script)
	})
	w.types("search")
	w.until(`root.querySelector('textarea').value === 'search'`)
	w.press(esc)
	w.until(`document.title === 'Weather'`)
}
