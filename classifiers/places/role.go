package places

import "strings"

// role says what a place is to the contact, by the few words before it in the
// same sentence.
func (t *text) role(at int) string {
	role, others := "mentioned", false
	for i := at - 1; i >= at-8 && i >= 0; i-- {
		w := &t.words[i]
		if w.stop {
			break
		}
		prior := t.at(i - 1).low
		switch {
		case t.lives(i), w.low == "from" && among(prior, " im i'm i’m am "):
			return "home"
		case among(w.low, " he she they hes he's he’s shes she's she’s theyre they're they’re "),
			among(w.low, " is was ") && !among(prior, " here home house flat address postcode location position place number words it this that where "):
			others = true // somebody or something else is there: "im scared he is at"
		case among(w.low, " im i'm i’m iam we're were we’re ") && i >= at-6, w.low == "am" && prior == "i" && i >= at-6,
			w.low == "are" && prior == "we" && i >= at-6, w.low == "my" && among(t.at(i+1).low, " location position "):
			if !others {
				return "caller"
			}
		case among(w.low, " at on in outside near by opposite behind along down inside off around round junction of corner ") && i >= at-4:
			role = "incident"
		}
	}
	return role
}

// lives reports whether a word says that the contact lives at what follows: "we
// live", "my new address", but not "my ex lives" nor "my mums house".
func (t *text) lives(at int) bool {
	prior, more := t.at(at-1).low, t.at(at-2).low
	switch t.at(at).low {
	case "live", "lives", "living":
		return among(prior, " i we im i'm i’m ") || among(more, " i we ") && among(prior, " still now also both all only just do am are currently ")
	case "home", "address", "house", "flat":
		return among(prior, " my our ") || among(more, " my our ") && !strings.HasSuffix(prior, "s") &&
			!among(prior, " ex mum mam mom mother dad father nan gran son daughter brother sister partner husband wife boyfriend girlfriend friend mate neighbour ")
	}
	return false
}
