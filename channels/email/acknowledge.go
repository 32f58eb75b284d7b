package email

import (
	"errors"
	"slices"
	"strings"
	"time"

	"contactd/channels/email/mail"
	"contactd/contact"
)

// Acknowledge is what people are told at once.
type Acknowledge struct {
	// Enabled sends it. Default: false.
	Enabled bool `yaml:"enabled"`
	// Subject is the heading, neutral for whoever else sees the inbox.
	// Default: "Automatic reply / Ateb awtomatig".
	Subject string `yaml:"subject"`
	// Text is what it says, in both languages, each of which names 999.
	// Default: that the mail has arrived and that it is not for emergencies.
	Text Bilingual `yaml:"text"`
}

// Bilingual is a text in English and in Welsh.
type Bilingual struct {
	En string `yaml:"en"`
	Cy string `yaml:"cy"`
}

// The defaults. 999 comes first, because who needs it must not read on.
const (
	acknowledgeSubject = "Automatic reply / Ateb awtomatig"
	acknowledgeEn      = "If someone is in danger now, call 999.\n\nYour message has arrived and somebody will read it. This reply was sent automatically."
	acknowledgeCy      = "Os oes rhywun mewn perygl nawr, ffoniwch 999.\n\nMae eich neges wedi cyrraedd a bydd rhywun yn ei darllen. Anfonwyd yr ateb hwn yn awtomatig."
)

func (k Acknowledge) withDefaults() Acknowledge {
	if k.Subject == "" {
		k.Subject = acknowledgeSubject
	}
	if k.Text == (Bilingual{}) {
		k.Text = Bilingual{En: acknowledgeEn, Cy: acknowledgeCy}
	}
	return k
}

func (k Acknowledge) validate(a Account) error {
	if !k.Enabled {
		return nil
	}
	var wrong []error
	if !a.SMTP.enabled() {
		wrong = append(wrong, errors.New("acknowledge.enabled: needs smtp.address"))
	}
	for key, text := range map[string]string{"en": k.Text.En, "cy": k.Text.Cy} {
		if text != "" && !strings.Contains(text, "999") {
			wrong = append(wrong, errors.New("acknowledge.text."+key+": must say to call 999 when someone is in danger"))
		}
	}
	if strings.ContainsFunc(k.Subject, func(r rune) bool { return r < ' ' }) {
		wrong = append(wrong, errors.New("acknowledge.subject: want one line"))
	}
	return errors.Join(wrong...)
}

// acknowledgeWithin is how old a mail may be to be acknowledged: who connects
// an old mailbox must not write to everybody in it.
const acknowledgeWithin = 24 * time.Hour

// Acknowledgement returns what to tell the sender of a mail at once, unless
// something in the mail speaks against it: a machine wrote it, it was not
// addressed to us, its sender cannot be believed, it is not safe, or the mail
// is old.
func (ch *Channel) Acknowledgement(message contact.Message) (string, bool) {
	a := ch.account(message.Channel.Account)
	if a == nil || a.sender == nil || !a.Acknowledge.Enabled {
		return "", false
	}
	if message.Automatic != contact.Person || message.Outcome != nil || message.SafeToContact == "no" || message.Covert || message.Unreadable != "" ||
		slices.Contains(message.Flags, contact.NotAddressed) || message.Authenticity == contact.Suspect {
		return "", false
	}
	at := message.ReceivedAt
	if at.IsZero() {
		at = message.SentAt
	}
	if !at.IsZero() && time.Since(at) > acknowledgeWithin {
		return "", false
	}
	answer, err := mail.DecodeAnswer(message.Answer.Address)
	if err != nil || answer.Automatic == "" {
		return "", false
	}
	return a.Acknowledge.Text.in(message.Language), true
}

// in returns both texts, first the one in the sender's language.
func (b Bilingual) in(language string) string {
	first, second := b.En, b.Cy
	if language == "cy" || strings.HasPrefix(language, "cy-") {
		first, second = second, first
	}
	return strings.TrimSpace(strings.TrimSpace(first) + "\n\n" + strings.TrimSpace(second))
}
