package contact

// Notes are what machines noticed in a message for whoever handles it, beside
// its grade. They never change the grade, and nothing acts on them alone.
type Notes struct {
	// Locations are the places that the text may speak of. On the event they
	// stand in locations, after those that the channel knows.
	Locations []Location `json:"-"`
}
