package linear

import (
	"math"
	"math/bits"
	"strings"

	"contactd/contact"
)

// hints are what is known of a message beside its words: what the classifiers
// before found, the channel, the length. Each is a feature of its own.
type hints struct {
	buckets []uint32
	// pairs are the signs, two and two: a knife and a stranger at the door say
	// more together.
	pairs []uint32
}

func (h *hints) add(kind byte, name string) {
	b := bucketOf(hashOf(kind, name))
	for _, known := range h.buckets {
		if known == b {
			return
		}
	}
	h.buckets = append(h.buckets, b)
}

// gather fills h from a message and the opinions of the classifiers before.
func (h *hints) gather(message contact.Message, before []contact.Opinion) {
	h.buckets = h.buckets[:0]
	h.add('c', message.Channel.Kind)
	var emergency, urgent int
	for _, opinion := range before {
		h.add('g', opinion.Grade.String())
		for _, reason := range opinion.Reasons {
			h.add('r', reason.Rule)
			switch reason.Grade {
			case contact.Emergency:
				emergency++
				urgent++
				h.add('e', reason.Category)
			case contact.Priority:
				urgent++
				h.add('p', reason.Category)
			}
		}
		for _, sign := range opinion.Signs {
			h.add('s', sign)
		}
	}
	for n := 2; n <= min(emergency, 4); n++ {
		h.add('E', digits[n])
	}
	for n := 2; n <= min(urgent, 4); n++ {
		h.add('U', digits[n])
	}
	h.add('l', digits[min(bits.Len(uint(len(message.Text))), len(digits)-1)])
	if strings.ContainsRune(message.Text, '?') {
		h.add('q', "")
	}
	h.pair(before)
}

func (h *hints) pair(before []contact.Opinion) {
	h.pairs = h.pairs[:0]
	for _, opinion := range before {
		for i, later := range opinion.Signs {
			second := hashOf('y', later)
			for _, earlier := range opinion.Signs[:i] {
				h.pairs = append(h.pairs, bucketOf(hashOf('x', earlier)*prime^second))
			}
		}
	}
}

// values are what each hint and each pair count for.
func (h *hints) values() (hint, pair float32) {
	if len(h.pairs) > 0 {
		pair = pairBlock / float32(math.Sqrt(float64(len(h.pairs))))
	}
	return hintValue, pair
}

// digits are the names of small numbers.
var digits = [...]string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13"}
