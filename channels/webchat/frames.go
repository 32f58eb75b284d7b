package webchat

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"contactd/channels/webchat/store"
)

// subprotocol names the wire.
const subprotocol = "contactd.chat.v1"

// frameLimit is the size of a client's frame in bytes.
const frameLimit = 32 << 10

// clientFrame is what a client may send; each type uses some of it.
type clientFrame struct {
	Type string     `json:"type"`
	ID   string     `json:"id"`
	At   *time.Time `json:"at"`

	Text  string   `json:"text"`  // message
	Files []string `json:"files"` // message

	Lat       *float64 `json:"lat"` // location
	Lon       *float64 `json:"lon"`
	AccuracyM *float64 `json:"accuracyM"`

	Name          string `json:"name"` // details
	Reach         string `json:"reach"`
	SafeToContact string `json:"safeToContact"`
	Location      string `json:"location"`

	On    *bool  `json:"on"`    // covert
	N     int64  `json:"n"`     // received
	Email string `json:"email"` // transcript

	Lang string `json:"lang"` // of what has an id: the language that the person reads now
}

// refusal is why a client's frame cannot be taken: never as it is, or, with
// later set, not now. Message is for people; it holds nothing of theirs.
type refusal struct {
	code, message string
	later         bool
}

// Error is the code.
func (r refusal) Error() string { return r.code }

func refuse(code, message string, args ...any) error {
	return refusal{code: code, message: fmt.Sprintf(message, args...)}
}

// frameID is what a client may call its frames: a UUID, and a little more.
var frameID = regexp.MustCompile(`^[A-Za-z0-9._-]{8,64}$`)

// parseFrame reads and checks a client's frame.
func parseFrame(raw []byte, limits Config) (clientFrame, error) {
	var f clientFrame
	if len(raw) > frameLimit {
		return f, refuse("too_long", "this is longer than can be sent at once")
	}
	if err := decodeStrictly(raw, &f); err != nil {
		// Of a value of the wrong type the sender is told which frame has it.
		return clientFrame{ID: frameID.FindString(f.ID)}, refuse("bad_frame", "%v", err)
	}
	return f, f.check(limits)
}

func (f *clientFrame) check(limits Config) error {
	switch f.Type {
	case "typing", "ping":
		return nil
	case "received":
		if f.N < 0 {
			return refuse("bad_frame", "n: want the number of a frame")
		}
		return nil
	case "covert":
		if f.On == nil {
			return refuse("bad_frame", "on: missing")
		}
		return nil
	case "message", "location", "details", "end", "transcript":
	default:
		return refuse("bad_frame", "type: not known")
	}
	if !frameID.MatchString(f.ID) {
		f.ID = "" // not repeated to anybody
		return refuse("bad_frame", "id: want 8 to 64 letters, digits, dots, dashes or underscores")
	}
	if f.At != nil && (f.At.Year() < 2000 || f.At.Year() > 9000) {
		f.At = nil // a device without a clock
	}
	switch f.Type {
	case "message":
		return f.checkMessage(limits)
	case "location":
		return f.checkLocation()
	case "details":
		return f.checkDetails()
	}
	return nil
}

func (f *clientFrame) checkMessage(limits Config) error {
	if len(f.Text) > limits.Limits.TextBytes {
		return refuse("too_long", "this is too long; send it in several messages")
	}
	if strings.TrimSpace(f.Text) == "" && len(f.Files) == 0 {
		return refuse("bad_frame", "a message without text and files")
	}
	if len(f.Files) > limits.Uploads.FilesPerMessage {
		return refuse("too_many_files", "at most %d files go with a message", limits.Uploads.FilesPerMessage)
	}
	return nil
}

func (f *clientFrame) checkLocation() error {
	within := func(v *float64, limit float64) bool { return v != nil && math.Abs(*v) <= limit }
	if !within(f.Lat, 90) || !within(f.Lon, 180) || f.AccuracyM != nil && (*f.AccuracyM < 0 || *f.AccuracyM > 1e8) {
		return refuse("bad_frame", "this is no place on earth")
	}
	return nil
}

// detailLimit is the length of an answer to a question before the chat.
const detailLimit = 500

func (f *clientFrame) checkDetails() error {
	for _, answer := range []*string{&f.Name, &f.Reach, &f.Location} {
		*answer = oneLine(*answer)
		if utf8.RuneCountInString(*answer) > detailLimit {
			return refuse("too_long", "an answer may have %d characters", detailLimit)
		}
	}
	switch f.SafeToContact {
	case "", "yes", "no", "unknown":
		return nil
	default:
		return refuse("bad_frame", "safeToContact: want yes, no or unknown")
	}
}

// oneLine makes control characters, line ends too, spaces.
func oneLine(text string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, text))
}

// serverFrame is what we send; each type uses some of it.
type serverFrame struct {
	N    int64  `json:"n,omitempty"`
	Type string `json:"type"`
	ID   string `json:"id,omitempty"`

	Text     string     `json:"text,omitempty"`
	Files    []wireFile `json:"files,omitempty"`
	Location any        `json:"location,omitempty"` // *location in a message, the text in details
	Reply    string     `json:"reply,omitempty"`
	SignedAs string     `json:"signedAs,omitempty"`
	wireAnswer

	Automatic bool       `json:"automatic,omitempty"`
	Code      string     `json:"code,omitempty"`
	Message   string     `json:"message,omitempty"`
	At        *time.Time `json:"at,omitempty"`
}

// wireAnswer is the part of a details frame that holds the answers.
type wireAnswer struct {
	Name          string `json:"name,omitempty"`
	Reach         string `json:"reach,omitempty"`
	SafeToContact string `json:"safeToContact,omitempty"`
}

// wireFile is a file as the client sees it; only a clean or unscanned one can
// be fetched.
type wireFile struct {
	File      string `json:"file"`
	Name      string `json:"name"`
	Size      int64  `json:"size"`
	MediaType string `json:"mediaType"`
	Scan      string `json:"scan,omitempty"`
}

func onWire(f store.File) wireFile {
	return wireFile{File: f.ID, Name: f.Name, Size: f.Size, MediaType: f.MediaType, Scan: f.Scan}
}

// encode writes a frame; none of ours can fail.
func encode(frame any) []byte {
	text, err := json.Marshal(frame)
	if err != nil {
		panic(fmt.Sprintf("encode frame: %v", err))
	}
	return text
}

type helloFrame struct {
	Type    string `json:"type"`
	N       int64  `json:"n"`
	Session string `json:"session"`
	Ended   bool   `json:"ended"`
	Covert  bool   `json:"covert"`
}

type presenceFrame struct {
	Type        string `json:"type"`
	Open        bool   `json:"open"`
	Handlers    *int   `json:"handlers"`
	WaitSeconds int    `json:"waitSeconds"`
	Text        string `json:"text,omitempty"`
}
