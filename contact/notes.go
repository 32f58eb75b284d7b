package contact

// Notes are what machines noticed in a message for whoever handles it, beside
// its grade. They never change the grade, and nothing acts on them alone,
// except that contactd sends nothing by itself to somebody whom an answer could
// endanger. Unless said otherwise, spans are places in the message's text.
type Notes struct {
	// Locations are the places that the text may speak of. On the event they
	// stand in locations, after those that the channel knows.
	Locations []Location `json:"-"`
	// Signpost says who helps, when it seems to be no matter for the police.
	Signpost *Signpost `json:"signpost,omitempty"`
	// Markers are signs of vulnerability, of the writer or of somebody whom
	// the message speaks of.
	Markers []Marker `json:"markers,omitempty"`
	// Covert says why the person may be unable to speak freely.
	Covert *Covert `json:"covert,omitempty"`
	// SafeToReply says whether an answer could endanger the person, and what
	// they asked for; nil when neither was said.
	SafeToReply *SafeToReply `json:"safeToReply,omitempty"`
	// Thrive are hints for the person who fills in the THRIVE form.
	Thrive *Thrive `json:"thrive,omitempty"`
}

// Unsafe reports whether an answer that nobody has thought about could
// endanger the person.
func (n Notes) Unsafe() bool {
	return n.Covert != nil || n.SafeToReply != nil && n.SafeToReply.Safe == "no"
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

// Marker is a sign that somebody may be less able than others to look after
// themselves.
type Marker struct {
	// Code is the kind of vulnerability, such as "dementia", as the pack names
	// it.
	Code string `json:"code"`
	// Of is whose it seems to be: "writer", a word for their tie to the writer
	// such as "parent", "other" for somebody else, or empty when the words do
	// not tell.
	Of string `json:"of,omitempty"`
	// Spans are what says so; none when it is in the subject alone, or follows
	// from what was noticed elsewhere.
	Spans []Span `json:"spans,omitempty"`
	// By is the pack with its version.
	By string `json:"by"`
}

// Sign is something that was noticed, with what says so.
type Sign struct {
	// Code is what, as the pack names it; "channel" for what the channel knows.
	Code  string `json:"code"`
	Spans []Span `json:"spans,omitempty"`
}

// Covert says that the person may be unable to speak freely: an answer must
// not give them away.
type Covert struct {
	// Signs are what speaks for it; at least one.
	Signs []Sign `json:"signs"`
	// By is the pack with its version.
	By string `json:"by"`
}

// SafeToReply says whether an answer could endanger the person.
type SafeToReply struct {
	// Safe is "no" when anything says so, "yes" when something says that it is
	// safe, and "unknown" when the person only asked for something.
	Safe string `json:"safe"`
	// Signs are what says so.
	Signs []Sign `json:"signs,omitempty"`
	// Asks are what the person asked for, such as "no_call".
	Asks []Sign `json:"asks,omitempty"`
	// By is the pack with its version.
	By string `json:"by"`
}

// Thrive are hints for the headings of the THRIVE form: what a message holds
// that the person who fills it in should look at. It answers nothing.
type Thrive struct {
	// Headings are those that there are hints for, in the form's order.
	Headings []Heading `json:"headings"`
	// By is the form with its version.
	By string `json:"by"`
}

// Heading is one heading of the form with its hints.
type Heading struct {
	// Code and Title are the form's own, such as "threat" and "Threat".
	Code  string `json:"code"`
	Title string `json:"title"`
	Hints []Hint `json:"hints"`
}

// Hint is one thing to look at.
type Hint struct {
	// Text says it to a handler, in words that hold nothing of the message.
	Text string `json:"text"`
	// Spans are what says so, without quotes.
	Spans []Span `json:"spans,omitempty"`
}
