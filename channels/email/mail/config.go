package mail

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// The limits that keep reading linear and bounded. They are far above what
// real mail holds; research on hostile mail chose them.
const (
	maxDepth        = 20        // nested multiparts and messages
	maxParts        = 500       // parts of one mail, inline files included
	maxHeaderBytes  = 256 << 10 // of one header; needed fields are kept beyond
	maxHeaderFields = 500
	maxFieldBytes   = 64 << 10 // of a field kept beyond the header's limit
	maxParameters   = 64       // of one Content-Type or Content-Disposition
	maxAddresses    = 500      // of all recipients
	maxReferences   = 100      // ids, from the last 16 KiB of References
	maxReferenceLen = 16 << 10
	maxTextParts    = 4 // the text of a mail is at most this many TextLimits
)

// Config says whose mailbox it is and how to read what mails leave open.
type Config struct {
	// Addresses are the mailbox's own addresses, plus-addresses included by
	// themselves; the domain in its own letters or in ASCII. They tell our own
	// mail and blind copies apart. Default: none, and then neither is told.
	Addresses []string `yaml:"addresses"`
	// AuthservID is the name under which the own mail server writes
	// Authentication-Results; results under other names are ignored. Exchange
	// Online writes no name: set "-". Default: empty, no result is believed.
	AuthservID string `yaml:"authserv_id"`
	// FallbackCharset is what text is read in when it is not UTF-8 and its
	// charset is missing or unknown. Default: windows-1252.
	FallbackCharset string `yaml:"fallback_charset"`
	// TextLimit is how many bytes of one text part are read; all text parts
	// together hold four times as much. Default: 1048576.
	TextLimit int `yaml:"text_limit"`
	// ThreadKeys verify our own thread tokens; the first also signs new ones.
	// Default: none, and then no token is believed.
	ThreadKeys [][]byte `yaml:"-"`
}

// Defaults returns c with every unset value replaced by its default.
func (c Config) Defaults() Config {
	if c.FallbackCharset == "" {
		c.FallbackCharset = "windows-1252"
	}
	if c.TextLimit <= 0 {
		c.TextLimit = 1 << 20
	}
	c.Addresses = slices.Clone(c.Addresses)
	for i, address := range c.Addresses {
		c.Addresses[i] = Canonical(address)
	}
	return c
}

// Validate returns all that is wrong with c, each with its key.
func (c Config) Validate() error {
	var wrong []error
	for i, address := range c.Addresses {
		if at := strings.LastIndexByte(address, '@'); at < 1 || at == len(address)-1 || strings.ContainsAny(address, " <>,") {
			wrong = append(wrong, fmt.Errorf("addresses[%d]: %q is no mail address", i, address))
		}
	}
	if c.FallbackCharset != "" && lookupCharset(c.FallbackCharset) == nil {
		wrong = append(wrong, fmt.Errorf("fallback_charset: %q is unknown; use a name such as windows-1252", c.FallbackCharset))
	}
	if c.TextLimit < 0 || c.TextLimit > 64<<20 {
		wrong = append(wrong, fmt.Errorf("text_limit: %d bytes is not between 0 and 67108864", c.TextLimit))
	}
	for i, key := range c.ThreadKeys {
		if len(key) < minKeyBytes {
			wrong = append(wrong, fmt.Errorf("thread key %d: %d bytes are too few, want at least %d", i, len(key), minKeyBytes))
		}
	}
	return errors.Join(wrong...)
}
