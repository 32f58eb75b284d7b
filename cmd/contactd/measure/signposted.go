package measure

import (
	"slices"

	"contactd/classifiers/signpost"
	"contactd/cmd/contactd/labelled"
	"contactd/contact"
)

// SignpostFigures are how right the signposts of some messages are.
type SignpostFigures struct {
	// NotPolice counts the messages that are labelled so. Of them, Right is
	// the share signposted to their topic, Helped to the same helper, and
	// Wrong to another one.
	NotPolice int     `json:"not_police"`
	Right     float64 `json:"right"`
	Helped    float64 `json:"helped"`
	Wrong     float64 `json:"wrong"`
	// Urgent counts emergencies and priorities that were signposted, Police
	// the other messages that are for the police.
	Urgent int `json:"urgent"`
	Police int `json:"police"`
}

// Signpost notes who each message would be sent to, by the topics that a model
// has named and a directory.
func Signpost(rows []Judged, named []string, config signpost.Config) error {
	posts, err := signpost.New(config, named)
	if err != nil {
		return err
	}
	for i := range rows {
		row := &rows[i]
		row.topic = labelled.Topic(posts, row.Category)
		var notes contact.Notes
		posts.Annotate(row.Message, contact.Assessment{Grade: row.grade, Opinions: append(slices.Clone(row.Before), row.learned)}, &notes)
		if notes.Signpost != nil {
			row.signpost = notes.Signpost.Code
			row.helped = notes.Signpost.Helper == posts.Helper(row.topic)
		}
	}
	return nil
}

func signpostFiguresOf(rows []Judged) *SignpostFigures {
	f := &SignpostFigures{}
	right, helped, wrong := 0, 0, 0
	for _, row := range rows {
		topic := row.topic
		switch {
		case topic == "" && row.signpost == "":
		case topic == "" && raised(row.Grade):
			f.Urgent++
		case topic == "":
			f.Police++
		default:
			f.NotPolice++
			switch {
			case row.signpost == topic:
				right++
				helped++
			case row.helped:
				helped++
			case row.signpost != "":
				wrong++
			}
		}
	}
	if f.NotPolice > 0 {
		n := float64(f.NotPolice)
		f.Right, f.Helped, f.Wrong = float64(right)/n, float64(helped)/n, float64(wrong)/n
	}
	return f
}
