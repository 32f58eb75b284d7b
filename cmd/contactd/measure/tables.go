package measure

import (
	"fmt"
	"strings"
)

// Table tells figures to people.
func Table(all []Figures) string {
	var told strings.Builder
	fmt.Fprintf(&told, "%-18s %6s  %-15s  %-8s  %-15s  %-15s  %s\n", "", "", "emergency", "priority", "low", "macro F1", "")
	fmt.Fprintf(&told, "%-18s %6s  %-7s %-7s  %-8s  %-7s %-7s  %-7s %-7s  %s\n", "of", "rows", "flagged", "graded", "flagged", "flagged", "as emg", "all", "read", "calibration error")
	for _, f := range all {
		fmt.Fprintf(&told, "%-18s %6d  %-7s %-7s  %-8s  %-7s %-7s  %-7.3f %-7.3f  %.3f\n", f.Of, f.Messages,
			written(f.EmergencyFlagged), written(f.EmergencyGraded), written(f.PriorityFlagged),
			written(f.LowFlagged), written(f.LowEmergency), f.MacroF1, f.MacroF1Read, f.Calibration)
	}
	return told.String()
}

// SignpostTable tells people the figures of signposts.
func SignpostTable(all []Figures) string {
	var told strings.Builder
	fmt.Fprintf(&told, "\n%-18s %10s  %-7s %-7s %-7s  %s\n", "signposts of", "not police", "right", "helped", "wrong", "urgent, other police messages signposted")
	for _, f := range all {
		if s := f.Signposts; s != nil && (s.NotPolice > 0 || s.Urgent > 0 || s.Police > 0) {
			fmt.Fprintf(&told, "%-18s %10d  %-7.3f %-7.3f %-7.3f  %d, %d\n", f.Of, s.NotPolice, s.Right, s.Helped, s.Wrong, s.Urgent, s.Police)
		}
	}
	return told.String()
}

func written(share *float64) string {
	if share == nil {
		return "-"
	}
	return fmt.Sprintf("%.3f", *share)
}
