package kafka

import "log/slog"

// Secret is text that is never shown: formatting, logging and encoding it give
// "[redacted]". string(s) is the text.
type Secret string

const redacted = "[redacted]"

// String hides the text.
func (Secret) String() string { return redacted }

// GoString hides the text from %#v.
func (Secret) GoString() string { return redacted }

// LogValue hides the text from slog.
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText hides the text from encoders.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
