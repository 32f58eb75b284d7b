package mail

import "bytes"

// signedPart reads an S/MIME part. What is signed and not encrypted holds its
// mail readably inside a binary wrapping (CMS, RFC 5652); the rest is kept as
// a file and flagged.
func (w *walk) signedPart(p part, depth int) {
	raw := bytes.Clone(w.attachmentTee(p, w.limit))
	inside := signedContent(raw)
	if len(inside) == 0 || depth >= maxDepth || w.err != nil {
		w.marks.encrypted = true
		return
	}
	w.nested(inside, func() {
		w.inner.read(&w.lines)
		w.part(w.words.describe(&w.inner, "text/plain"), depth+1)
	})
}

// signedContent returns the content of a SignedData, or nil: the octets after
// the object identifier id-data, in one piece or in several.
func signedContent(der []byte) []byte {
	_, rest, ok := bytes.Cut(der, []byte("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"))
	if !ok || len(rest) < 2 || rest[0] != 0xa0 {
		return nil
	}
	wrapped, _ := cutDER(rest)
	if len(wrapped) == 0 {
		return nil
	}
	octets, _ := cutDER(wrapped)
	switch wrapped[0] {
	case 0x04:
		return octets
	case 0x24:
		var joined []byte
		for len(octets) > 0 && octets[0] == 0x04 {
			var piece []byte
			piece, octets = cutDER(octets)
			joined = append(joined, piece...)
		}
		return joined
	}
	return nil
}

// cutDER splits the value at the start of der off. A value without a length
// reaches to the end; so does one that claims more than there is.
func cutDER(der []byte) (value, rest []byte) {
	if len(der) < 2 {
		return nil, nil
	}
	length, head := int(der[1]), 2
	if length >= 0x80 {
		digits := length & 0x7f
		if digits == 0 || digits > 4 || len(der) < 2+digits {
			return der[2:], nil
		}
		length, head = 0, 2+digits
		for _, d := range der[2:head] {
			length = length<<8 | int(d)
		}
	}
	if end := head + length; length >= 0 && end <= len(der) {
		return der[head:end], der[end:]
	}
	return der[head:], nil
}
