package forms

import (
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
)

// receiptLetters are what a receipt is made of: 23, a prime, so that the check
// letter notices every single wrong letter and every two neighbours that were
// swapped. None looks like another (0 O, 1 I, 5 S, 8 B, 2 Z), and without
// vowels and K nothing reads like a word.
const receiptLetters = "2346789CDFHJLMNPQRTVWXY"

// receiptLength counts the letters, the check letter included.
const receiptLength = 9

// Receipt is the code that a person gets for a message: three groups of three
// letters, made of the message's id, the last one checking the rest. A million
// messages share but a handful of codes; what identifies a message is its id.
func Receipt(messageID string) string {
	sum := sha256.Sum256([]byte("receipt\x00" + messageID))
	left := binary.BigEndian.Uint64(sum[:])
	letters := make([]byte, 0, receiptLength+2)
	check := uint64(0)
	for place := range uint64(receiptLength - 1) {
		var value uint64
		value, left = bits.Mul64(left, uint64(len(receiptLetters)))
		check += (place + 2) * value
		letters = append(letters, receiptLetters[value])
	}
	// Weights 2 to 9 and 1: all different and none a multiple of 23.
	letters = append(letters, receiptLetters[(uint64(len(receiptLetters))-check%uint64(len(receiptLetters)))%uint64(len(receiptLetters))])
	return string(letters[:3]) + "-" + string(letters[3:6]) + "-" + string(letters[6:])
}
