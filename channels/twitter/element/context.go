package element

import (
	"encoding/json"
	"strings"

	"contactd/channels/loose"
)

// context are the words of others without which a post may say nothing: of what
// it quotes; and of what it answers, if the writer only goes on there, or only
// names us under it. Our own are left out: they are no news.
func (e Element) context(item Item, silent bool) string {
	var all []string
	for _, other := range e.beside() {
		goesOn := other.Writer.ID != "" && other.Writer.ID == item.Writer.ID
		if other.Writer.ID == e.Owner || other.ID != item.Quoted && (other.ID != item.InReplyTo || !silent && !goesOn) {
			continue
		}
		if text := words(other.Text, other.Links); !empty(text) {
			all = append(all, "> "+strings.ReplaceAll(text, "\n", "\n> "))
		}
	}
	return strings.Join(all, "\n\n")
}

// beside are the posts that stand beside one, as far as they can be read.
func (e Element) beside() []Item {
	var raws []json.RawMessage
	if e.Dialect == V1 {
		var of struct {
			Quoted json.RawMessage `json:"quoted_status"`
		}
		_, _ = loose.Decode(e.Raw, &of)
		raws = []json.RawMessage{of.Quoted}
	} else if e.With != nil {
		raws = e.With.Posts
	}
	var all []Item
	for _, raw := range raws {
		if other, _, err := (Element{Dialect: e.Dialect, Raw: raw}).ReadPost(); err == nil && other.ID != "" {
			all = append(all, other)
		}
	}
	return all
}
