package hours

import (
	"fmt"
	"strings"
	"time"
)

// Reads says when somebody reads next, in Welsh for "cy" and else in English:
// "Somebody reads this again on Monday 30 November at 08:00." It is empty while
// somebody does, and honest when nobody knows.
func (h *Hours) Reads(now time.Time, language string) string {
	if h.Open(now) {
		return ""
	}
	welsh := language == "cy" || strings.HasPrefix(language, "cy-")
	opens := h.NextOpening(now)
	switch {
	case opens.IsZero() && welsh:
		return "Ni wyddom eto pryd y bydd rhywun yn darllen hwn nesaf."
	case opens.IsZero():
		return "We do not know yet when somebody reads this next."
	case welsh:
		return fmt.Sprintf("Bydd rhywun yn darllen hwn nesaf %s %d %s am %s.",
			welshDays[opens.Weekday()], opens.Day(), welshMonths[opens.Month()-1], opens.Format("15:04"))
	default:
		return fmt.Sprintf("Somebody reads this again on %s.", opens.Format("Monday 2 January at 15:04"))
	}
}

// The days with the word for "on", and the months.
var (
	welshDays = [...]string{"ddydd Sul", "ddydd Llun", "ddydd Mawrth", "ddydd Mercher", "ddydd Iau", "ddydd Gwener", "ddydd Sadwrn"}

	welshMonths = [...]string{
		"Ionawr", "Chwefror", "Mawrth", "Ebrill", "Mai", "Mehefin",
		"Gorffennaf", "Awst", "Medi", "Hydref", "Tachwedd", "Rhagfyr",
	}
)
