package mask_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"contactd/classifiers/mask"
)

func TestTheSameWordsHaveTheSameStandInThroughoutAFile(t *testing.T) {
	m := mask.New()
	for _, each := range [][2]string{
		{"Gurpreet Kaur hit me at 14b Mill Lane", "⟪NAME 1⟫ hit me at ⟪ADDRESS 1⟫"},
		{"call 07700 900123, NG1 5FS", "call ⟪PHONE 1⟫, ⟪POSTCODE 1⟫"},
		{"GURPREET KAUR again, 07700 900123 or 07700 900456", "⟪NAME 1⟫ again, ⟪PHONE 1⟫ or ⟪PHONE 2⟫"},
		{"at house 12 or number 7c, dial 999 or number 101", "at house ⟪HOUSE 1⟫ or number ⟪HOUSE 2⟫, dial 999 or number 101"},
		{"@jo_b wrote from jo@example.org, see www.example.org/jo", "⟪HANDLE 1⟫ wrote from ⟪EMAIL 1⟫, see ⟪LINK 1⟫"},
		{"a van, AB12 CDE", "a van, ⟪PLATE 1⟫"},
	} {
		if got := m.Text(each[0], nil); got != each[1] {
			t.Errorf("%q\n got %q\nwant %q", each[0], got, each[1])
		}
	}
}

func TestWhatIsKnownOfThePeopleIsMaskedInAnyCase(t *testing.T) {
	known := mask.KnownOf([]string{"Zaltana Quill", "zq77"}, []string{"0115 4960"})
	if got := mask.New().Text("zaltana here (zq77), 0115 4960. Quilling is fun", known); got != "⟪NAME 1⟫ here (⟪NAME 2⟫), ⟪NUMBER 1⟫. Quilling is fun" {
		t.Errorf("%q", got)
	}
	if mask.KnownOf([]string{"", "Al"}, []string{""}) != nil {
		t.Error("a name of two letters would mask half of the text")
	}
}

// FuzzMask reads texts of strangers: no crash, the text stays text, and what is
// left holds no address of the plainest form.
func FuzzMask(f *testing.F) {
	for _, text := range []string{"my name is john smith", "14b Mill Lane, NG1 5FS", "jo@example.org @jo_b", "\xff\x00⟪NAME 1⟫", "number number 7 no. 7"} {
		f.Add(text, "Zaltana Quill")
	}
	f.Fuzz(func(t *testing.T, text, name string) {
		m := mask.New()
		got := m.Text(text, mask.KnownOf([]string{name}, nil))
		if utf8.ValidString(text) && !utf8.ValidString(got) {
			t.Fatalf("%q became %q", text, got)
		}
		if strings.Contains(m.Text(text+" jo@example.org", nil), "jo@example.org") {
			t.Fatalf("%q hides an address", text)
		}
	})
}
