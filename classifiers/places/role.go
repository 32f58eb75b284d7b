package places

// role says what a place is to the contact, by the few words before it in the
// same sentence.
func (t *text) role(at int) string {
	role := "mentioned"
	for i := at - 1; i >= at-8 && i >= 0; i-- {
		w := &t.words[i]
		if w.stop {
			break
		}
		prior := t.at(i - 1).low
		switch {
		case among(w.low, " live lives living home address house flat ") && (among(prior, " i we my our ") || among(t.at(i-2).low, " i my our ")),
			w.low == "from" && among(prior, " im i'm i’m am "):
			return "home"
		case among(w.low, " im i'm i’m iam we're were we’re ") && i >= at-6, w.low == "am" && prior == "i" && i >= at-6,
			w.low == "are" && prior == "we" && i >= at-6, w.low == "my" && among(t.at(i+1).low, " location position "):
			return "caller"
		case among(w.low, " at on in outside near by opposite behind along down inside off around round junction of corner ") && i >= at-4:
			role = "incident"
		}
	}
	return role
}
