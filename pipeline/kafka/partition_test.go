package kafka

import "testing"

func TestAHoleIsToldUnlessMarkersFillIt(t *testing.T) {
	for name, test := range map[string]struct {
		next    int64
		markers []int64
		record  int64
		told    bool
	}{
		"the next record":                     {next: 4, record: 4},
		"one is missing":                      {next: 4, record: 5, told: true},
		"a marker lies between":               {next: 4, markers: []int64{1, 4, 7}, record: 5},
		"a marker lies between, and one more": {next: 4, markers: []int64{4}, record: 6, told: true},
		"a marker lies elsewhere":             {next: 4, markers: []int64{3, 5}, record: 5, told: true},
	} {
		t.Run(name, func(t *testing.T) {
			told := false
			watch := Watch{Alarm: func(Trouble) { told = true }}.withDefaults()
			p := &partition{source: &source{next: test.next, markers: test.markers}, share: &share{membership: &membership{watch: watch}}}
			if p.noticeHole(Record{Offset: test.record}); told != test.told {
				t.Errorf("told: %v", told)
			}
		})
	}
}
