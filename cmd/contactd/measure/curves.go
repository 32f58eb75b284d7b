package measure

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"

	"contactd/contact"
)

// Draw draws how right the learned classifier is into a folder that is there:
// precision against recall for emergencies, and how often messages of a chance
// are urgent.
func Draw(dir string, rows []Judged) error {
	for _, each := range []struct {
		file, title, x, y string
		points            plotter.XYs
	}{
		{"precision_recall.svg", "Emergencies, by the learned classifier alone", "recall", "precision", precisionRecall(rows)},
		{"calibration.svg", "Urgent: said and true", "chance said", "share urgent", calibration(rows)},
	} {
		if len(each.points) == 0 {
			continue
		}
		p := plot.New()
		p.Title.Text, p.X.Label.Text, p.Y.Label.Text = each.title, each.x, each.y
		p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0, 1, 0, 1
		line, err := plotter.NewLine(each.points)
		if err != nil {
			return fmt.Errorf("draw %s: %w", each.file, err)
		}
		p.Add(plotter.NewGrid(), line)
		if err := save(p, filepath.Join(dir, each.file)); err != nil {
			return err
		}
	}
	return nil
}

func save(p *plot.Plot, file string) (err error) {
	canvas := vgsvg.New(14*vg.Centimeter, 10*vg.Centimeter)
	p.Draw(draw.New(canvas))
	out, err := os.Create(filepath.Clean(file))
	if err != nil {
		return fmt.Errorf("draw curves: %w", err)
	}
	_, err = canvas.WriteTo(out)
	if closed := out.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("draw curves: %w", err)
	}
	return nil
}

// precisionRecall has a point for each threshold, from the strictest on.
func precisionRecall(rows []Judged) plotter.XYs {
	sorted := slices.SortedFunc(slices.Values(rows), func(a, b Judged) int {
		switch x, y := a.chance("emergency"), b.chance("emergency"); {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return 0
	})
	all := 0.0
	for _, row := range rows {
		if row.Grade == contact.Emergency {
			all++
		}
	}
	var points plotter.XYs
	found := 0.0
	for i, row := range sorted {
		if row.Grade == contact.Emergency {
			found++
			points = append(points, plotter.XY{X: found / all, Y: found / float64(i+1)})
		}
	}
	return points
}

// calibration has a point for each tenth of chances that some message has.
func calibration(rows []Judged) plotter.XYs {
	said, urgent, n := tenths(rows)
	var points plotter.XYs
	for i := range n {
		if n[i] > 0 {
			points = append(points, plotter.XY{X: said[i] / n[i], Y: urgent[i] / n[i]})
		}
	}
	return points
}

// chance is how likely the answer to a question is yes.
func (r Judged) chance(head string) float64 {
	for _, each := range r.chances {
		if each.Head == head {
			return each.Chance
		}
	}
	return 0
}
