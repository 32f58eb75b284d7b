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
	known = mask.KnownOf([]string{"Zal Zalson"}, nil)
	if got := mask.New().Text("zalson or zal", known); got != "⟪NAME 1⟫ or ⟪NAME 2⟫" {
		t.Errorf("%q", got)
	}
	if mask.KnownOf([]string{"", "Al"}, []string{""}) != nil {
		t.Error("a name of two letters would mask half of the text")
	}
}

func TestNumbersOfOtherKeyboardsAndOfPagesAreMasked(t *testing.T) {
	for text, want := range map[string]string{
		"call 07700\u00a0900123 now":              "call ⟪PHONE 1⟫ now",
		"é 07700\u202f900\u202f123 é":             "é ⟪PHONE 1⟫ é",
		"07700–900–123":                           "⟪PHONE 1⟫",
		"07700\u2011900\u2011123":                 "⟪PHONE 1⟫",
		"رقمي ٠٧٧٠٠٩٠٠١٢٣":                        "رقمي ⟪PHONE 1⟫",
		"０７７００９００１２３":                             "⟪PHONE 1⟫",
		"at NG1\u00a05FS, AB12\u00a0CDE":          "at ⟪POSTCODE 1⟫, ⟪PLATE 1⟫",
		"14\u00a0Mill\u00a0Lane, Mr\u00a0Okonkwo": "⟪ADDRESS 1⟫, Mr ⟪NAME 1⟫",
		"jo＠example.org":                          "⟪EMAIL 1⟫",
		"///Filled.Count.Soap":                    "⟪PLACE 1⟫",
	} {
		if got := mask.New().Text(text, nil); strings.ReplaceAll(got, "\u00a0", " ") != want {
			t.Errorf("%q\n got %q\nwant %q", text, got, want)
		}
	}
}

func TestWhatHappensIsNoAddress(t *testing.T) {
	for _, text := range []string{
		"2 men with knives in park", "3 MEN WITH KNIVES IN THE PARK", "there are 2 lads fighting in the park", "10 people shooting outside the court",
		"he has 2 guns in the house", "bleeding, 3 stab wounds, in his house", "1 person stabbed on the road", "3 kids drowning near the bridge and park",
	} {
		if got := mask.New().Text(text, nil); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
	for text, want := range map[string]string{
		"65 strand on the green": "⟪ADDRESS 1⟫", "4 old kent road": "⟪ADDRESS 1⟫", "2 the avenue": "⟪ADDRESS 1⟫",
		"9 Old Boys Road": "⟪ADDRESS 1⟫", "14 St Mary at Hill": "⟪ADDRESS 1⟫", "14 MILL LANE": "⟪ADDRESS 1⟫",
		"2 men in park, 14 mill lane": "2 men in park, ⟪ADDRESS 1⟫",
	} {
		if got := mask.New().Text(text, nil); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestFormsAreMaskedHoweverTheyAreTyped(t *testing.T) {
	for text, want := range map[string]string{
		"see facebook.com/zaltana.quill.5 now":  "see ⟪LINK 1⟫ now",
		"at NG1  5FS, AB12  CDE":                "at ⟪POSTCODE 1⟫, ⟪PLATE 1⟫",
		"7 Heol Fawr, Llandeilo":                "⟪ADDRESS 1⟫, Llandeilo",
		"dwi yn 12 ffordd y parc":               "dwi yn ⟪ADDRESS 1⟫",
		"a red car AEZ 1234":                    "a red car ⟪PLATE 1⟫",
		`at 51°30'02"N 0°07'28"W now`:           "at ⟪PLACE 1⟫ now",
		"at 53.2307 -1.4269, 53.2307N 1.4269W.": "at ⟪PLACE 1⟫, ⟪PLACE 2⟫.",
	} {
		if got := mask.New().Text(text, nil); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestAKnownNameIsMaskedWithWhateverApostropheAndAccents(t *testing.T) {
	known := mask.KnownOf([]string{"Zaltana O'Quill", "Mu\u00f1ez", "@zq_handle"}, nil)
	for text, want := range map[string]string{
		"O’Quill's son": "⟪NAME 1⟫'s son", "O'QUILL": "⟪NAME 1⟫", "mun\u0303ez": "⟪NAME 1⟫", "zq_handle": "⟪NAME 1⟫", "@zq_handle": "⟪HANDLE 1⟫",
	} {
		if got := mask.New().Text(text, known); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	known = mask.KnownOf([]string{"Zaltana O’Quill", "Mun\u0303ez"}, nil)
	for _, text := range []string{"O'Quill", "mu\u00f1ez"} {
		if got := mask.New().Text(text, known); got != "⟪NAME 1⟫" {
			t.Errorf("%q: got %q", text, got)
		}
	}
}

func TestNothingIsLeftOfANumberThatBeginsInAnother(t *testing.T) {
	if got := mask.New().Text("+44 7700 900123 07700 900456", nil); strings.Contains(got, "900") {
		t.Errorf("%q", got)
	}
}

func TestANameOfManyWordsThatBeginAlikeIsNoTrouble(t *testing.T) {
	var name strings.Builder
	for n := range 1200 {
		name.WriteString(strings.Repeat("a", n) + " ")
	}
	if got := mask.New().Text("aaaaa hit me", mask.KnownOf([]string{name.String()}, nil)); got != "⟪NAME 1⟫ hit me" {
		t.Errorf("%q", got)
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

func TestAPersonIsMaskedBehindTitlesInitialsAndParticles(t *testing.T) {
	for text, want := range map[string]string{
		"Mr and Mrs Okonkwo live here":         "Mr and Mrs ⟪NAME 1⟫ live here",
		"Prof. Dr. Okonkwo, mr & mrs okonkwo":  "Prof. Dr. ⟪NAME 1⟫, mr & mrs ⟪NAME 1⟫",
		"Mrs K Okonkwo and Dr A.B. Okonkwo":    "Mrs ⟪NAME 1⟫ and Dr ⟪NAME 2⟫",
		"PC 1234 Okonkwo came":                 "PC 1234 ⟪NAME 1⟫ came",
		"John van der Berg hit me":             "⟪NAME 1⟫ hit me",
		"Mr van der Berg, mrs de souza":        "Mr ⟪NAME 1⟫, mrs ⟪NAME 2⟫",
		"Mr Gronw ap Llywelyn is here":         "Mr ⟪NAME 1⟫ is here",
		"my name is Gronw ap Llywelyn":         "my name is ⟪NAME 1⟫",
		"Help.\n\nCofion\n\nGronw ap Llywelyn": "Help.\n\nCofion\n\n⟪NAME 1⟫",
		"Seán is here, and Sea\u0301n":         "⟪NAME 1⟫ is here, and ⟪NAME 2⟫",
		"Help.\n\nKind regards\n\nZ. Quill":    "Help.\n\nKind regards\n\n⟪NAME 1⟫",
		"Help.\nMany thanks,\nZaltana Quill":   "Help.\nMany thanks,\n⟪NAME 1⟫",
		"Help.\nWarm regards, Zaltana":         "Help.\nWarm regards, ⟪NAME 1⟫",
		"dob: 3rd April 1990":                  "dob: ⟪DATE 1⟫",
		"he logs in from 192.0.2.44":           "he logs in from ⟪NUMBER 1⟫",
	} {
		if got := mask.New().Text(text, nil); got != want {
			t.Errorf("%q\n got %q\nwant %q", text, got, want)
		}
	}
}

func TestWhatNobodySeesAndWhatIsStruckThroughHidesNothingFromTheMask(t *testing.T) {
	known := mask.KnownOf([]string{"Zaltana Quill"}, []string{"0115 4960"})
	for text, want := range map[string]string{
		"0\u200b7700 900\u200b123":                            "⟪PHONE 1⟫",
		"call 0\u03367\u03367\u03360\u03360\u0336 900123 now": "call ⟪PHONE 1⟫ now",
		"0\ufe0f\u20e37\ufe0f\u20e37\ufe0f\u20e300900123":     "⟪PHONE 1⟫",
		"𝟎𝟕𝟕𝟎𝟎 ⑨⓪⓪123":                                        "⟪PHONE 1⟫",
		"jo@exa\u200bmple.org":                                "⟪EMAIL 1⟫",
		"at N\u2060G1 5FS, A\u00adB12 CDE":                    "at ⟪POSTCODE 1⟫, ⟪PLATE 1⟫",
		"Jo\u200bhn Sm\u00adith hit me":                       "⟪NAME 1⟫ hit me",
		"Mr Oko\u0301nkwo":                                    "Mr ⟪NAME 1⟫",
		"Zal\u200btana, 0115\u200b 4960":                      "⟪NAME 1⟫, ⟪NUMBER 1⟫",
		"Seán is here, and Sea\u0301n Quayle":                 "⟪NAME 1⟫ is here, and ⟪NAME 2⟫",
		"\u202eknife\u202c e\u0301t\u0301e\u0301":             "\u202eknife\u202c e\u0301t\u0301e\u0301",
	} {
		if got := mask.New().Text(text, known); got != want {
			t.Errorf("%q\n got %q\nwant %q", text, got, want)
		}
	}
}

func TestANumberIsMaskedWhateverIsWrittenOnToIt(t *testing.T) {
	for text, want := range map[string]string{
		"07700900123pls":                   "⟪PHONE 1⟫pls",
		"ring me07700 900123":              "ring me⟪PHONE 1⟫",
		"07700/900123 or 07700_900_456":    "⟪PHONE 1⟫ or ⟪PHONE 2⟫",
		"447700900123pls":                  "⟪NUMBER 1⟫pls",
		"seen 01/02/2026 10:15 and 5/11":   "seen 01/02/2026 10:15 and 5/11",
		"fy enw i yw zaltana quill":        "fy enw i yw ⟪NAME 1⟫",
		"Helpwch.\nCofion,\nZaltana Quill": "Helpwch.\nCofion,\n⟪NAME 1⟫",
		"Élan Road":                        "⟪ADDRESS 1⟫",
	} {
		if got := mask.New().Text(text, nil); got != want {
			t.Errorf("%q\n got %q\nwant %q", text, got, want)
		}
	}
}

func TestWhatWasDoneStandsBesideANameOrAnAddress(t *testing.T) {
	for text, want := range map[string]string{
		"JOHN STABBED ME":                       "⟪NAME 1⟫ STABBED ME",
		"DAVE HAS A GUN":                        "⟪NAME 1⟫ HAS A GUN",
		"Mr SMITH SHOT ME, JOHN SMITH HIT ME":   "Mr ⟪NAME 1⟫ SHOT ME, ⟪NAME 2⟫ HIT ME",
		"my name is sarah help me":              "my name is ⟪NAME 1⟫ help me",
		"Stabbing Mill Road now":                "Stabbing ⟪ADDRESS 1⟫ now",
		"Man Stabbed High Street":               "Man Stabbed ⟪ADDRESS 1⟫",
		"2 stabbed on the street":               "2 stabbed on the street",
		"2 shot high street":                    "2 shot high street",
		"50 pills by the house":                 "50 pills by the house",
		"9 bullets hit the house":               "9 bullets hit the house",
		"2 UNCONSCIOUS BY THE PARK":             "2 UNCONSCIOUS BY THE PARK",
		"drank 2 bottles bleach house is empty": "drank 2 bottles bleach house is empty",
		"call 999 now house burning":            "call 999 now house burning",
		"FLAT 2, 14 İİİİ HIT STREET":            "⟪ADDRESS 1⟫, 14 İİİİ HIT ⟪ADDRESS 2⟫",
		"1 dead on a road":                      "1 dead on a road",
		"took 30 paracetamol. house is locked":  "took 30 paracetamol. house is locked",
		"14 the green, 5 St. John's Road":       "⟪ADDRESS 1⟫, ⟪ADDRESS 2⟫",
		"12 stoke on trent road, 7 High Road":   "⟪ADDRESS 1⟫, ⟪ADDRESS 2⟫",
	} {
		if got := mask.New().Text(text, nil); got != want {
			t.Errorf("%q\n got %q\nwant %q", text, got, want)
		}
	}
}
