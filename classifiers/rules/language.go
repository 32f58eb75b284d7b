package rules

import "contactd/classifiers/fold"

// stretches finds the stretch of a text that reads least like English. Each
// word is weighed: unknown and foreign ones up, English ones down; the
// heaviest stretch counts. Text added before or after it cannot make it
// lighter, so that a foreign cry for help is not drowned in English.
type stretches struct {
	read, mixed stretch
	english     int // words known as English
	welsh       int // words known as Welsh
	words       int // words weighed
	// bilingual is whether who judges after the rules reads Welsh as it reads
	// English.
	bilingual bool
}

// stretch is the weight up to a word, and the most that it was.
type stretch struct{ sum, heaviest int }

func (s *stretch) add(weight int) {
	s.sum = max(0, s.sum+weight)
	s.heaviest = max(s.heaviest, s.sum)
}

// The weights of words. They were chosen on 210 messages in 20 languages, of
// which all but four short ones weigh enough, and 24,000 English ones, of
// which one in a thousand does; TestFigures prints both.
const (
	weightForeignScript = 100 // a word in another script
	weightOther         = 6   // a common word of another language
	weightAccented      = 4   // an unknown word with a fold.Letter that English does not use
	weightUnknown       = 2
	weightEnglish       = -4
	enoughForeign       = 20
)

// begin starts the next text; stretches do not reach over its beginning.
func (s *stretches) begin() { s.read.sum, s.mixed.sum = 0, 0 }

// add weighs one word. A name (a capital in a text that is not shouted) and a
// number tell nothing.
func (s *stretches) add(t *fold.Token, points tongue) {
	if t.Marks&fold.Letter == 0 || t.Marks&fold.Pictured != 0 {
		return
	}
	weight := 0
	switch {
	case t.Marks&fold.Latin == 0 && t.Marks&fold.Foreign != 0,
		t.Marks&fold.Latin == 0 && t.Marks&fold.Lookalike != 0 && points != english:
		weight = weightForeignScript
	case points == english:
		s.english++
		weight = weightEnglish
	case points == welsh:
		s.welsh++
		weight = weightOther
	case points == other:
		weight = weightOther
	case t.Marks&fold.Accented != 0:
		weight = weightAccented
	case t.Marks&(fold.Digit|fold.Capital) == 0:
		weight = weightUnknown
	}
	s.words++
	s.mixed.add(weight)
	if points == welsh {
		weight = weightEnglish
	}
	s.read.add(weight)
}

// foreign reports whether some stretch is too foreign to be judged. Welsh is
// read where it is what the text is written in: a line of it among English ones
// is too little to be sure of.
func (s *stretches) foreign() bool {
	if s.readsWelsh() {
		return s.read.heaviest >= enoughForeign
	}
	return s.mixed.heaviest >= enoughForeign
}

// readsWelsh reports whether the text is Welsh, and whoever judges it reads
// that. Of a few words one is enough: what people type first is short.
func (s *stretches) readsWelsh() bool {
	return s.bilingual && s.welsh > s.english && (s.welsh > 1 || s.words <= 3)
}

// isWelsh reports whether Welsh may be what is foreign.
func (s *stretches) isWelsh() bool { return s.welsh >= 2 }
