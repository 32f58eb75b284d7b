package element

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"github.com/dghubble/go-twitter/twitter" //nolint:staticcheck // no longer developed; it knows the shapes of version 1.1
)

// Media is a picture or film of a post or message.
type Media struct {
	// Key is X's number of it, the same in every dialect; empty when not told.
	Key  string
	Type string
	// URL shows it, or of a film a picture; Films are addresses of the film
	// itself, the best first.
	URL   string
	Films []string
}

// film is one form in which X has a film. v2 and v1.1 call the rate otherwise.
type film struct {
	Type    string `json:"content_type"`
	URL     string `json:"url"`
	Rate    int    `json:"bit_rate"`
	RateOld int    `json:"bitrate"`
}

// filmsOf are the addresses of films that are one file, the best first; a
// playlist is none.
func filmsOf(all []film) []string {
	all = slices.DeleteFunc(slices.Clone(all), func(f film) bool { return f.Type != "video/mp4" || f.URL == "" })
	slices.SortStableFunc(all, func(a, b film) int { return cmp.Compare(b.Rate+b.RateOld, a.Rate+a.RateOld) })
	var addresses []string
	for _, each := range all {
		addresses = append(addresses, each.URL)
	}
	return addresses
}

// media makes one of a piece beside an element of v2, whose key begins with a
// number of its kind.
func (p piece) media() Media {
	m := Media{Key: p.Key, Type: p.Type, URL: p.URL, Films: filmsOf(p.Variants)}
	if _, number, found := strings.Cut(p.Key, "_"); found {
		m.Key = number
	}
	if m.URL == "" {
		m.URL = p.Preview
	}
	return m
}

// mediaOf makes one of the library's.
func mediaOf(entity twitter.MediaEntity) Media {
	m := Media{Key: entity.IDStr, Type: entity.Type, URL: entity.MediaURLHttps}
	var films []film
	for _, each := range entity.VideoInfo.Variants {
		films = append(films, film{Type: each.ContentType, URL: each.URL, Rate: each.Bitrate})
	}
	m.Films = filmsOf(films)
	return m
}

// pictureHost is where pictures of posts are; asked for by name it gives the
// whole of one, else one that is smaller [recall].
const pictureHost = "pbs.twimg.com"

// addresses are where the whole of a medium may be had, the best first; where a
// film is known, its picture does not stand for it.
func (m Media) addresses() []string {
	all := slices.Clone(m.Films)
	if len(all) == 0 && m.URL != "" {
		if u, err := url.Parse(m.URL); err == nil && u.Hostname() == pictureHost && u.RawQuery == "" {
			all = append(all, m.URL+"?name=orig")
		}
		all = append(all, m.URL)
	}
	return slices.DeleteFunc(all, func(address string) bool { return len(address) > longest })
}

// longest is how long an address may be; what is longer is none of X's.
const longest = 2000
