package language

import (
	"context"
	"testing"
	"unicode/utf8"

	"contactd/contact"
)

func TestTheLanguageOfAMessageIsTold(t *testing.T) {
	c := New()
	for text, want := range map[string]string{
		"when is the front desk open please":                                                 "en",
		"Mae rhywun wedi dwyn fy meic o flaen y llyfrgell, hoffwn siarad yn Gymraeg, diolch": "cy",
		"prosze o pomoc, moj sasiad bije zone i nie moge sie dodzwonic":                      "pl",
		"Bonjour, je suis dans la rue avec mon fils et il ne va pas bien":                    "fr",
		"أريد أن أعرف متى يفتح مكتب الشرطة":                                                  "ar",
		"مجھے اپنے گھر میں خطرہ ہے":                                                          "ur",
		"помогите пожалуйста, в доме пожар":                                                  "ru",
		"допоможіть, у будинку пожежа, її не видно":                                          "uk",
		"Снощи ме изнасилиха. Сега съм при приятелка":                                        "bg",
		"в подъезде драка, мужчина лежит":                                                    "ru",
		"من را کتک می زند، کمک کنید":                                                         "fa",
		"قاچاقچی\u200cها برادرم را نگه داشته\u200cاند":                                       "fa",
		"تکایە بە پەلە وەرن، مێردەکەم چەقۆی بە دەستەوەیە":                                    "ckb",
		"یو کس په سړک پروت دی نه ښوري":                                                       "ps",
		"میری بہن کو مار رہا ہے":                                                             "ur",
		"mujhe madad chahiye mera husband mujhe maar raha hai aur ghar se nahi jane deta":    "ur-Latn",
		"സഹായിക്കൂ എന്നെ അടിക്കുന്നു":                                                        "ml",
		"ඉක්මනින් එන්න මට බයයි":                                                              "si",
		"救命 有人在我家裡":                                                                          "zh",
		"hе hаs gоt а knіfе":                                                                 "en",
		"3andy moshkela w 3ayez a2abel el police delwa2ty":                                   "ar-Latn",
		"12345": "",
		"🆘🆘":    "",
	} {
		if got := c.Detect(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestALanguageThatDoesNotShowIsForAPerson(t *testing.T) {
	for text, want := range map[string]contact.Grade{
		"waan lumiyay baasaboorkaygii tareenka dhexdiisa":                                        contact.Unknown, // too few common words to tell
		"Zhqrt kwplm vbnxs tqrwz gplkm wrtz":                                                     contact.Unknown,
		"ᠲᠤᠰᠠᠯᠠᠮᠵᠢ ᠭᠤᠶᠤᠨᠠ":                                                                       contact.Unknown, // a script that nobody has listed
		"Diolch yn fawr am ddod i'r ysgol ddoe. waan lumiyay baasaboorkaygii tareenka dhexdiisa": contact.Unknown,
		"upstairs":     contact.Resolution, // too short to tell anything
		"14 Mill Lane": contact.Resolution,
		// Welsh is read as English is, in the midst of English too.
		"Diolch yn fawr i'r heddwas ddaeth i siarad â'r plant yn yr ysgol.":                     contact.Resolution,
		"Hello, my bike got nicked. Mae rhywun wedi torri mewn i'r sied neithiwr. Thanks, Mair": contact.Resolution,
		"car nicked off drive overnight. black rav4. both keys here":                            contact.Resolution,
	} {
		opinion, err := New().Grade(context.Background(), contact.Message{Text: text})
		if err != nil || opinion.Grade != want || len(opinion.Reasons) == 0 {
			t.Errorf("%q: %+v, %v", text, opinion, err)
		}
	}
}

func TestWhatIsShownBackwardsIsForAPerson(t *testing.T) {
	for text, want := range map[string]contact.Grade{
		"hello \u202edehs eht morf nelots saw ekib ym\u202c thank you": contact.Unknown,
		"\u202eefink a sah eh": contact.Unknown,
		"prosze\u200bo\u200bpomoc\u200bmoj\u200bsasiad\u200bbije\u200bzone\u200bi\u200bnie\u200bmoge":  contact.Unknown, // spaces that nobody sees
		"my bike was stolen from the shed\u202c\u202e \u202c":                                          contact.Resolution,
		"\u202bmy bike was stolen from the shed\u202c, said \u2067him\u2069 of the shop on the corner": contact.Resolution, // as phones write
	} {
		opinion, err := New().Grade(context.Background(), contact.Message{Text: text})
		if err != nil || opinion.Grade != want {
			t.Errorf("%q: %+v, %v", text, opinion, err)
		}
	}
}

func TestAnotherLanguageIsForAPerson(t *testing.T) {
	opinion, err := New().Grade(context.Background(), contact.Message{Text: "prosze o pomoc, moj sasiad bije zone i nie moge sie dodzwonic"})
	if err != nil || opinion.Grade != contact.Unknown || opinion.Language != "pl" || len(opinion.Reasons) == 0 {
		t.Errorf("%+v, %v", opinion, err)
	}
}

func FuzzDetect(f *testing.F) {
	for _, text := range []string{"", "hello", "\xff", "مرحبا hello", "救命", "hе"} {
		f.Add(text)
	}
	c := New()
	f.Fuzz(func(t *testing.T, text string) {
		if tag := c.Detect(text); !utf8.ValidString(tag) {
			t.Fatalf("%q: tag %q", text, tag)
		}
	})
}

func BenchmarkGrade(b *testing.B) {
	c := New()
	message := contact.Message{Authored: "Good morning, could you tell me when the new parking permits for Mill Street are sent out? Thanks, J"}
	b.ReportAllocs()
	for b.Loop() {
		_, _ = c.Grade(context.Background(), message)
	}
}
