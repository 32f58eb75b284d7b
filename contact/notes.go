package contact

// Notes are what machines noticed in a message for whoever handles it, beside
// its grade. They never change the grade, and nothing acts on them alone.
type Notes struct {
	// Locations are the places that the text may speak of. On the event they
	// stand in locations, after those that the channel knows.
	Locations []Location `json:"-"`
	// Signpost says who helps, when it seems to be no matter for the police.
	Signpost *Signpost `json:"signpost,omitempty"`
}

// Signpost says who helps with a message that seems to be no matter for the
// police. It is a suggestion to the handler.
type Signpost struct {
	// Code is the topic, Helper the kind of body that helps, as the directory
	// names them.
	Code   string `json:"code"`
	Helper string `json:"helper"`
	// Who helps, and a text for the person, both in Language.
	Who      string `json:"who"`
	Text     string `json:"text"`
	Language string `json:"language"`
	// Spans are what spoke for the topic, places in the message's new text.
	Spans []Span `json:"spans,omitempty"`
	// By is the directory with its version.
	By string `json:"by"`
}
