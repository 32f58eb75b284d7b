package widget_test

import "testing"

func TestWhatIsPutOffIsSentBeforeWhatIsWrittenAfterIt(t *testing.T) {
	d, w, _ := visit(t, desktop, "")
	w.click("button", "Chat with police")
	d.set(func() { d.later["he has a knife"] = "unavailable" })
	w.says("he has a knife")
	w.state("he has a knife", "later")
	w.says("no, a spoon")
	w.state("no, a spoon", "taken")
	w.state("he has a knife", "taken")
	d.has("he has a knife", "no, a spoon")
}
