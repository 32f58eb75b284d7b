package widget_test

import (
	"slices"
	"testing"
)

func TestAPageOfSomebodyElseChatsBothWays(t *testing.T) {
	d, w, _ := visit(t, desktop, "")
	w.click("button", "Chat with police")
	w.sees("If someone is in danger now, call 999")
	w.sees("Someone is at the desk now. The usual wait for a first answer is about 2 min.")
	w.says("There is a man in my garden")
	w.state("There is a man in my garden", "taken")
	w.sees("Received")
	d.see()
	w.state("There is a man in my garden", "seen")
	d.signal(map[string]any{"type": "typing"})
	w.sees("Someone is writing an answer")
	d.reply("Are you safe? Details: https://www.police.uk/advice.")
	w.sees("Are you safe?")
	w.hides("Someone is writing an answer")
	if link := get[string](w, `root.querySelector('.reply a').href`); link != "https://www.police.uk/advice" {
		t.Errorf("the link leads to %q", link)
	}
	d.wait("the receipt of the reply", func() bool { return d.latest().got == len(d.latest().frames) })
	w.types("Yes")
	d.wait("the person's typing", func() bool { return d.latest().typed > 0 })
	w.press(enter)
	w.state("Yes", "taken")
	if texts := d.texts(); !slices.Equal(texts, []string{"There is a man in my garden", "Yes"}) {
		t.Errorf("the desk has %q", texts)
	}
	w.shoot("chat")
}
