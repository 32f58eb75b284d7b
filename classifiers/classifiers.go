// Package classifiers is the contract for judging urgency, and the Panel that
// turns several opinions into one assessment. How a text is judged lies in one
// folder per method; what happens with a grade is the pipeline's business.
package classifiers

import (
	"context"

	"contactd/contact"
)

// Classifier judges one message. It must be safe for concurrent use, must not
// keep the message, and should return soon after ctx ends; the Panel does not
// wait longer. An error means no judgement, which counts as Unknown.
type Classifier interface {
	Grade(ctx context.Context, message contact.Message) (contact.Opinion, error)
}
