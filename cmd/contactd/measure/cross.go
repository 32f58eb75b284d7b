package measure

import (
	"slices"

	"contactd/classifiers/linear"
	"contactd/cmd/contactd/labelled"
)

// Parts are the groups of the rows that are left out together: each alone, or
// dealt out to so many folds when there are more than 0.
func Parts(rows []labelled.Row, folds int) [][]string {
	groups := distinct(rows, func(row labelled.Row) string { return row.Group })
	if folds <= 0 {
		return slices.Collect(slices.Chunk(groups, 1))
	}
	parts := make([][]string, min(folds, len(groups)))
	for i, group := range groups {
		parts[i%len(parts)] = append(parts[i%len(parts)], group)
	}
	return parts
}

// Cross hands over the rows of each part with a model that was trained on the
// examples of the others.
func Cross(parts [][]string, rows []labelled.Row, examples []linear.Example, judge func(*linear.Classifier, []labelled.Row) error) error {
	all := linear.Read(examples)
	for _, part := range parts {
		others := all.Without(func(e linear.Example) bool { return !e.Calm && !e.Lines && slices.Contains(part, e.Group) })
		tested := slices.DeleteFunc(slices.Clone(rows), func(row labelled.Row) bool { return !slices.Contains(part, row.Group) })
		if err := judge(linear.NewOf(others.TrainToGrade()), tested); err != nil {
			return err
		}
	}
	return nil
}

// distinct are the values that something of the rows has, in the order in which
// they come.
func distinct[R any](rows []R, of func(R) string) []string {
	var values []string
	for _, row := range rows {
		if value := of(row); !slices.Contains(values, value) {
			values = append(values, value)
		}
	}
	return values
}
