package hours

import (
	"strings"
	"testing"
	"time"
)

func office(t *testing.T) *Hours {
	t.Helper()
	h, err := New(Config{
		Weekly: map[string][]string{"monday": {"08:00-12:00", "13:00-18:00"}, "saturday": {"22:00-24:00"}, "sunday": {"00:00-02:00"}},
		Closed: []string{"2026-12-28"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func at(t *testing.T, text string) time.Time {
	t.Helper()
	zone, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := time.ParseInLocation("2006-01-02 15:04", text, zone)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func TestSomebodyReadsWithinTheHours(t *testing.T) {
	h := office(t)
	for text, want := range map[string]bool{
		"2026-11-30 07:59": false, "2026-11-30 08:00": true, "2026-11-30 11:59": true, "2026-11-30 12:00": false,
		"2026-11-30 13:00": true, "2026-11-30 18:00": false, "2026-12-01 09:00": false, "2026-12-28 09:00": false,
		"2026-12-05 23:59": true, "2026-12-06 00:00": true, "2026-12-06 02:00": false,
		"2026-07-06 08:00": true, // British Summer Time: 07:00 UTC
	} {
		if got := h.Open(at(t, text).UTC()); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

func TestTheNextOpeningIsOnTheClockOfTheZone(t *testing.T) {
	h := office(t)
	for text, want := range map[string]string{
		"2026-11-30 12:30": "2026-11-30 13:00",
		"2026-11-30 19:00": "2026-12-05 22:00",
		"2026-12-27 03:00": "2027-01-02 22:00", // the bank holiday is passed over
		"2026-10-25 03:00": "2026-10-26 08:00", // the night before had 25 hours
		"2026-03-29 03:00": "2026-03-30 08:00", // and this one 23
	} {
		if got := h.NextOpening(at(t, text)); !got.Equal(at(t, want)) {
			t.Errorf("after %s: %s, want %s", text, got, want)
		}
	}
	if got := h.NextOpening(at(t, "2026-11-30 09:00")); !got.IsZero() {
		t.Errorf("while open: %s", got)
	}
}

func TestTheTwoHoursOfOctoberThatAreOneAreBothOpenOrBothClosed(t *testing.T) {
	h := office(t)                                           // closes on Sundays at 02:00
	first := time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC)  // 01:30 BST
	second := time.Date(2026, 10, 25, 1, 30, 0, 0, time.UTC) // 01:30 GMT
	if !h.Open(first) || !h.Open(second) {
		t.Error("half past one is not open twice")
	}
}

// What opens on the nights on which the clock is changed is found by looking at
// every minute.
func TestTheNextOpeningIsTheFirstMinuteThatIsOpen(t *testing.T) {
	for zone, days := range map[string][]string{
		"Europe/London":       {"2026-10-24", "2026-03-28"},
		"Australia/Lord_Howe": {"2026-04-04", "2026-10-03"}, // by half an hour
		"America/Asuncion":    {"2024-10-05"},               // at midnight
	} {
		for _, span := range []string{"00:00-01:30", "01:30-01:45", "01:30-23:00", "01:10-24:00", "02:10-03:00", "00:00-24:00"} {
			weekly := map[string][]string{"saturday": {"09:00-10:00"}, "sunday": {span}, "monday": {"00:05-09:00"}}
			h, err := New(Config{TimeZone: zone, Weekly: weekly})
			if err != nil {
				t.Fatal(err)
			}
			for _, day := range days {
				begin, err := time.ParseInLocation("2006-01-02 15:04", day+" 12:00", h.Zone())
				if err != nil {
					t.Fatal(err)
				}
				next := begin.Add(48 * time.Hour)
				for !h.Open(next) {
					next = next.Add(time.Minute)
				}
				for now := begin.Add(48 * time.Hour); !now.Before(begin); now = now.Add(-time.Minute) {
					if h.Open(now) {
						next = now
					} else if got := h.NextOpening(now); !got.Equal(next) {
						t.Fatalf("%s, sunday %s: at %s it opens at %s, told is %s", zone, span, now, next.In(h.Zone()), got)
					}
				}
			}
		}
	}
}

func TestWithoutHoursItIsOpenDayAndNightButForBankHolidays(t *testing.T) {
	h, err := New(Config{Closed: []string{"2026-12-25"}})
	if err != nil {
		t.Fatal(err)
	}
	if !h.Open(at(t, "2026-12-24 03:00")) || h.Open(at(t, "2026-12-25 03:00")) {
		t.Error("wrong day")
	}
	if got := h.NextOpening(at(t, "2026-12-25 12:00")); !got.Equal(at(t, "2026-12-26 00:00")) {
		t.Errorf("opens %s", got)
	}
}

func TestTheTextSaysWhenInTheReadersLanguage(t *testing.T) {
	h := office(t)
	now := at(t, "2026-11-30 19:00")
	if got := h.Reads(now, "en-GB"); got != "Somebody reads this again on Saturday 5 December at 22:00." {
		t.Error(got)
	}
	if got := h.Reads(now, "cy"); got != "Bydd rhywun yn darllen hwn nesaf ddydd Sadwrn 5 Rhagfyr am 22:00." {
		t.Error(got)
	}
	never, err := New(Config{Weekly: map[string][]string{"monday": nil}})
	if err != nil {
		t.Fatal(err)
	}
	if got := never.Reads(now, ""); !strings.Contains(got, "do not know") {
		t.Error(got)
	}
	if got := h.Reads(at(t, "2026-11-30 09:00"), ""); got != "" {
		t.Error(got)
	}
}

func TestMistakesInHoursAreToldWithTheirKey(t *testing.T) {
	_, err := New(Config{
		TimeZone: "Mars/Olympus",
		Weekly:   map[string][]string{"funday": {"08:00-09:00"}, "monday": {"8-9", "09:00-08:00", "08:00-25:00", "08:60-09:00"}},
		Closed:   []string{"Christmas"},
	})
	for _, want := range []string{"time_zone:", "weekly.funday:", "weekly.monday[0]:", "weekly.monday[1]:", "weekly.monday[2]:", "weekly.monday[3]:", "closed[0]:"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no %s in %v", want, err)
		}
	}
}
