package places

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"contactd/contact"
)

// mostCoordinates is how far coordinates are followed, in bytes.
const mostCoordinates = 80

// mostFigures is more than a number has, with its point: telephones write one to
// fifteen decimals.
const mostFigures = 20

// coordinates reads a latitude and a longitude: decimal degrees, or degrees,
// minutes and seconds, with hemispheres or signs, also inside a link to a map.
// Two bare numbers count with three decimals each and inside the British
// Isles; so prices, times and scores do not.
func coordinates(t *text, at int) *found {
	w := &t.words[at]
	from := -1
	if w.figures {
		from = numberIn(w.as)
	}
	if from < 0 {
		return nil
	}
	start := w.start + from
	rest := t.raw[start:min(len(t.raw), start+mostCoordinates)]
	led := "" // the N of "N 53.2307"
	if prior := t.at(at - 1); from == 0 && len(prior.as) == 1 && !prior.stop && !prior.comma && strings.Contains("NSEW", prior.as) {
		led = prior.as
	}
	lat, n := angle(led + rest)
	n -= len(led)
	if n <= 0 {
		return nil
	}
	gap := between(rest[n:])
	if gap < 0 {
		return nil
	}
	lon, m := angle(rest[n+gap:])
	if m == 0 {
		return nil
	}
	if strings.ContainsRune("EW", lat.side) && strings.ContainsRune("NS", lon.side) {
		lat, lon = lon, lat
	}
	called := t.preceded(at, 4, " lat latitude lat: latitude: coordinates coords coordinates: coords: gps gps: location location: ") || linked(w.as[:from])
	confidence := lat.sureWith(lon, called)
	if confidence == "" {
		return nil
	}
	end, took := start+n+gap+m, 1
	for at+took < len(t.words) && t.words[at+took].start < end {
		took++
	}
	x, y := lat.degrees, lon.degrees
	return &found{Location: contact.Location{Form: "latlon", Confidence: confidence, Lat: &x, Lon: &y}, start: start, end: end, words: took}
}

// numberIn is where coordinates may begin in a word: at its start, or after
// what comes before them in links and after "lat:". -1 for nowhere.
func numberIn(s string) int {
	begins := func(i int) bool {
		return i < len(s) && (isDigit(s[i]) || (s[i] == '-' || s[i] == '+') && i+1 < len(s) && isDigit(s[i+1]))
	}
	if side, _ := fronting(s); begins(0) || side != 0 && strings.ContainsAny(s, ".°º") {
		return 0
	}
	if len(s) < 5 || !strings.ContainsAny(s, "0123456789") {
		return -1
	}
	for _, lead := range []string{"@", "q=", "ll=", "query=", "geo:", "lat:", "lat=", "loc:", "destination="} {
		if i := strings.Index(strings.ToLower(s), lead); i >= 0 && len(strings.ToLower(s)) == len(s) && begins(i+len(lead)) {
			return i + len(lead)
		}
	}
	return -1
}

// linked reports whether what stands before a number calls it a coordinate.
func linked(lead string) bool { return lead != "" }

// position is one angle as it was written.
type position struct {
	degrees  float64
	decimals int
	side     rune // N, S, E, W, or 0
	marked   bool // with a degree sign
}

// angle reads one at the start of s and says how many bytes it took.
func angle(s string) (position, int) {
	number := func(s string) (value float64, decimals, n int) {
		for n < len(s) && n < mostFigures && (isDigit(s[n]) || s[n] == '.' && decimals == 0 && n > 0 && n+1 < len(s) && isDigit(s[n+1])) {
			if s[n] == '.' {
				decimals = 1 // counted below
			}
			n++
		}
		if dot := strings.IndexByte(s[:n], '.'); dot >= 0 {
			decimals = n - dot - 1
		}
		value, _ = strconv.ParseFloat(s[:n], 64)
		return value, decimals, n
	}
	var p position
	side, at := fronting(s)
	sign := 1.0
	if n := sign1(s[at:], "-", "−", "–"); n > 0 {
		sign = -1
		at += n
	} else {
		at += sign1(s[at:], "+")
	}
	value, decimals, n := number(s[at:])
	if n == 0 || n == mostFigures {
		return p, 0
	}
	p.degrees, p.decimals = value, decimals
	at += n
	if n := sign1(s[at:], "°", "º", "˚", " degrees", " deg", "deg"); n > 0 {
		p.marked = true
		at += n
		for _, part := range []struct {
			signs []string
			worth float64
		}{{[]string{"'", "′", "’", "m"}, 60}, {[]string{"\"", "″", "”", "''", "s"}, 3600}} {
			skip := spacesAt(s[at:])
			value, decimals, n := number(s[at+skip:])
			if n == 0 {
				continue
			}
			m := sign1(s[at+skip+n:], part.signs...)
			if m == 0 {
				break
			}
			p.degrees += value / part.worth
			p.decimals = max(p.decimals, 4+decimals)
			at += skip + n + m
		}
	}
	p.side = side // behind a number that is led by its own stands that of the next
	if skip := spacesAt(s[at:]); side == 0 && at+skip < len(s) {
		c := s[at+skip] &^ 0x20
		end := at + skip + 1
		if strings.IndexByte("NSEW", c) >= 0 && (end == len(s) || !isLetter(s[end]) && s[end] < utf8.RuneSelf) {
			p.side = rune(c)
			at = end
		}
	}
	if p.side == 'S' || p.side == 'W' {
		sign = -1
	}
	p.degrees *= sign
	return p, at
}

// fronting is the hemisphere that stands before a number, as devices write it
// ("N53.2307 W 1.4269"), and how many bytes it takes.
func fronting(s string) (side rune, n int) {
	if s == "" || strings.IndexByte("NSEW", s[0]) < 0 {
		return 0, 0
	}
	if n = 1 + spacesAt(s[1:]); n == len(s) || !isDigit(s[n]) {
		return 0, 0
	}
	return rune(s[0]), n
}

func sign1(s string, signs ...string) int {
	for _, each := range signs {
		if strings.HasPrefix(s, each) {
			return len(each)
		}
	}
	return 0
}

func spacesAt(s string) int { return len(s) - len(strings.TrimLeft(s, " ")) }

// between is how many bytes stand between two coordinates, -1 when they do not
// belong together.
func between(s string) int {
	at := 0
	for at < len(s) && at < 4 && strings.IndexByte(" ,;/\n", s[at]) >= 0 {
		at++
	}
	low := strings.ToLower(s)
	for _, name := range []string{"longitude", "long", "lng", "lon"} {
		if len(low) == len(s) && strings.HasPrefix(low[at:], name) {
			at += len(name)
			for at < len(s) && strings.IndexByte(" :=", s[at]) >= 0 {
				at++
			}
			return at
		}
	}
	if at == 0 && (len(s) < 3 || !strings.HasPrefix(strings.ToLower(s), "%2c")) {
		return -1
	}
	if at == 0 {
		return 3 // an escaped comma in a link
	}
	return at
}

// sureWith says how sure a pair is, "" when it is none.
func (p position) sureWith(lon position, called bool) string {
	if math.Abs(p.degrees) > 90 || math.Abs(lon.degrees) > 180 || strings.ContainsRune("EW", p.side) || strings.ContainsRune("NS", lon.side) {
		return ""
	}
	sided := p.side != 0 && lon.side != 0
	// The British Isles with the sea around them.
	home := p.degrees >= 49 && p.degrees <= 61.5 && lon.degrees >= -11 && lon.degrees <= 2.5
	precise := p.decimals >= 3 && lon.decimals >= 3
	switch {
	case !sided && !called && !(p.marked && lon.marked) && (!precise || !home):
		return ""
	case !precise && !(p.marked && lon.marked) && !sided && !home:
		return ""
	case p.decimals == 0 && !p.marked || lon.decimals == 0 && !lon.marked:
		return ""
	case home && precise:
		return "high"
	case home:
		return "medium"
	}
	return "low"
}
