package llm

import (
	"crypto/rand"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"regexp"
	"strings"

	"github.com/sashabaranov/go-openai"

	"contactd/contact"
)

//go:embed instructions.txt
var instructions string

// promptVersion tells opinions under different instructions apart.
func promptVersion() string {
	sum := sha256.Sum256([]byte(instructions))
	return hex.EncodeToString(sum[:2])
}

// told is what the model reads of a message.
type told struct {
	Channel string `json:"channel,omitempty"`
	Subject string `json:"subject,omitempty"`
	Text    string `json:"text"`
	// End is the end of a text of which the middle was left out.
	End         string `json:"text_end,omitempty"`
	Attachments int    `json:"attachments,omitempty"`
}

// prompt makes the question: the instructions alone have the system's role, and
// the message is data between marks that its writer cannot know.
func prompt(message contact.Message, seen view) []openai.ChatCompletionMessage {
	// Nothing in it fails to be written.
	data, _ := json.Marshal(told{
		Channel: message.Channel.Kind, Subject: seen.subject.shown, Text: seen.text.shown, End: seen.end.shown,
		Attachments: len(message.Attachments),
	})
	mark := rand.Text()
	return []openai.ChatCompletionMessage{
		{Role: openai.ChatMessageRoleSystem, Content: instructions},
		{
			Role:    openai.ChatMessageRoleUser,
			Content: "Grade the message between the marks " + mark + ".\n" + mark + "\n" + escapeReserved(string(data)) + "\n" + mark,
		},
	}
}

// reserved are the marks by which models tell roles apart, and which a server
// may read as such even inside data. encoding/json has escaped < and > already.
var reserved = regexp.MustCompile(`(?i)\[\s*/?\s*(inst|sys|system|user|assistant|tool[a-z_]*|available_tools)\s*\]|\|(im_start|im_end|im_sep|endoftext|eot_id|end|begin_of_text|start_header_id|end_header_id|system|user|assistant)\|`)

// escapeReserved writes the brackets of reserved marks as JSON escapes: the
// same text, and no mark. It is given JSON, where they stand in strings alone.
func escapeReserved(data string) string {
	return reserved.ReplaceAllStringFunc(data, func(found string) string {
		return strings.NewReplacer("[", `\u005b`, "]", `\u005d`, "|", `\u007c`).Replace(found)
	})
}
