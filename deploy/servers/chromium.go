package servers

import (
	"context"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// ChromiumOptions change how a browser starts.
type ChromiumOptions struct {
	// Width and Height of what the first tab shows, in CSS pixels; 0: 1280 by
	// 800. A phone's width is fine; a further tab needs EmulateViewport for it.
	Width, Height int
	// Limit on the browser's life, so that a test whose page never shows what
	// it waits for fails and does not hang; 0: two minutes.
	Limit time.Duration
	// Extra options, after ours, which they may undo.
	Extra []chromedp.ExecAllocatorOption
}

// Chromium starts a headless browser with an empty profile of its own and
// returns the context of its first tab, for chromedp.Do and chromedp.Run. The
// browser ends with the test. Further tabs, windows and separate visitors
// (WithNewBrowserContext) are children of that context, by
// chromedp.NewContext.
//
// Every host name leads to 127.0.0.1, whatever the port, so a test may give a
// site of httptest any name, and no request leaves the machine. Without
// Chromium the test is skipped, or fails when CI is "true".
func Chromium(t testing.TB, options ChromiumOptions) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		skipOrFail(t, "chromium is not installed: `make up` as root, or apt-get install chromium")
	}
	if options.Width == 0 || options.Height == 0 {
		options.Width, options.Height = 1280, 800
	}
	if options.Limit == 0 {
		options.Limit = 2 * time.Minute
	}
	// chromedp's defaults have --no-first-run, no sync, no default apps, no
	// background networking, and --no-sandbox for root; the profile is a
	// temporary folder that ends with the browser.
	flags := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.Flag("headless", "new"),
		chromedp.DisableGPU,
		chromedp.WindowSize(options.Width, options.Height),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("no-proxy-server", true),
		chromedp.Flag("host-resolver-rules", "MAP * 127.0.0.1, EXCLUDE localhost, EXCLUDE 127.*, EXCLUDE [::1]"),
	)
	// Not t.Context, which ends before the clean-up that closes the browser.
	ctx, stop := context.WithTimeout(context.Background(), options.Limit) //nolint:usetesting // see above
	ctx, end := chromedp.NewExecAllocator(ctx, append(flags, options.Extra...)...)
	ctx, closeTab := chromedp.NewContext(ctx)
	t.Cleanup(func() {
		// Asked first and then made to, which also waits for its end.
		_ = chromedp.Cancel(ctx)
		closeTab()
		end()
		stop()
	})
	// A window cannot be narrower than 500 pixels, what it shows can.
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(int64(options.Width), int64(options.Height))); err != nil {
		t.Fatalf("start chromium: %v", err)
	}
	return ctx
}
