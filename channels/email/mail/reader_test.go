package mail

import (
	"strings"
	"testing"
)

func TestATypicalMailIsRead(t *testing.T) {
	raw := "From: =?utf-8?q?J=C3=BCrgen?= <j@example.org>\r\nTo: contact@force.example\r\nSubject: help\r\nDate: Mon, 3 Nov 2025 10:22:33 +0100\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=\"b1\"\r\n\r\n--b1\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nHe is here.\r\n-- \r\nJ\r\n--b1\r\nContent-Type: text/html\r\n\r\n<p>He is <b>here</b>.</p>\r\n--b1--\r\n"
	msg, err := New(Config{}, nil).Read(t.Context(), strings.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	if msg.Text != "He is here.\n-- \nJ" || msg.Authored != "He is here." || msg.Sender.Name != "Jürgen" {
		t.Errorf("%+v", msg)
	}
}
