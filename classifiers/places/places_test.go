package places_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"contactd/classifiers/places"
	"contactd/contact"
)

// told writes candidates as form:value:role:confidence, one after the other.
func told(found []contact.Location) string {
	var all []string
	for _, each := range found {
		all = append(all, fmt.Sprintf("%s:%s:%s:%s", each.Form, each.Value, each.Role, each.Confidence))
	}
	return strings.Join(all, "|")
}

func TestPlacesAreFoundAsPeopleWriteThem(t *testing.T) {
	for text, want := range map[string]string{
		"he's kicking the door in, we're at 12a Mill Lane, Beverley HU17 0AA": "address:12a Mill Lane, Beverley:caller:medium|postcode:HU17 0AA:caller:high",
		"i live at flat 3, 88 gladwin street":                                 "address:flat 3, 88 gladwin street:home:medium",
		"crash on the M6 J15 northbound":                                      "road:M6 J15:incident:medium",
		"lorry on its side A38 southbound near the services":                  "road:A38:incident:low",
		"fight outside the chippy on lord street":                             "road:lord street:incident:low",
		"there is a fire in Bridge Street in Derby":                           "road:Bridge Street in Derby:incident:medium",
		"they took my bike from sw1a1aa":                                      "postcode:sw1a1aa:mentioned:medium",
		"My postcode is B23":                                                  "postcode:B23:mentioned:low",
		"Post code: HU17 0AA":                                                 "postcode:HU17 0AA:mentioned:high",
		"there was an incident at SW1A 1AA":                                   "postcode:SW1A 1AA:incident:high",
		"he used my card in HU17 0AA":                                         "postcode:HU17 0AA:incident:high",
		"my account of it is with john on 07700 900142":                       "phone:07700 900142:mentioned:high",
		"fallen walker at grid ref SK 1234 5678 please hurry":                 "grid:SK 1234 5678:incident:high",
		"he is hurt on the moor SE 123 456":                                   "",
		"he is hurt on the moor SK 123 456":                                   "grid:SK 123 456:incident:medium",
		"lost near 51.5007, -0.1246":                                          "latlon:51.5007, -0.1246:incident:high",
		"my location 51.5007N 0.1246W":                                        "latlon:51.5007N 0.1246W:caller:high",
		`we are at 51°30'02"N 0°07'28"W`:                                      `latlon:51°30'02"N 0°07'28"W:caller:high`,
		"lat 53.2 long -1.4":                                                  "latlon:53.2 long -1.4:mentioned:medium",
		"see https://maps.google.com/?q=53.2307,-1.4269 now":                  "latlon:53.2307,-1.4269:mentioned:high",
		"see https://maps.google.com/?q=53.38112899999999,-1.470085000000012": "latlon:53.38112899999999,-1.470085000000012:mentioned:high",
		"geo:53.2307,-1.4269":                                                 "latlon:53.2307,-1.4269:mentioned:high",
		"I'm at ///filled.count.soap by the river":                            "w3w:filled.count.soap:caller:unverified",
		"/// filled.count.soap":                                               "w3w:filled.count.soap:mentioned:unverified",
		"https://w3w.co/filled.count.soap":                                    "w3w:filled.count.soap:mentioned:unverified",
		"what three words is filled.count.soap":                               "w3w:filled.count.soap:mentioned:unverified",
		"UPRN 100012345678":                                                   "uprn:100012345678:mentioned:high",
		"ring me on 07700 900142 please":                                      "phone:07700 900142:caller:high",
		"his number is +44 7700 900142.":                                      "phone:+44 7700 900142:mentioned:high",
		"ring 0044 7700 900142":                                               "phone:0044 7700 900142:mentioned:high",
		"0048 22 555 01 23":                                                   "phone:0048 22 555 01 23:mentioned:medium",
		"0012 is the pin":                                                     "",
		"00447700900142":                                                      "phone:00447700900142:mentioned:high",
		"we are at 53.2307, −1.4269":                                          "latlon:53.2307, −1.4269:caller:high",
		"stuck at N53.2307 W1.4269":                                           "latlon:N53.2307 W1.4269:incident:high",
		"N 53.2307, W 1.4269":                                                 "latlon:53.2307, W 1.4269:mentioned:high",
		"N 53° 14.500' W 001° 25.000'":                                        "latlon:53° 14.500' W 001° 25.000':mentioned:high",
		"office (01632) 960417":                                               "phone:(01632) 960417:mentioned:medium",
		"7 Heol Fawr, Llandeilo":                                              "address:7 Heol Fawr, Llandeilo:mentioned:medium",
		"at the junction of Mill Lane and Station Road":                       "road:Mill Lane:incident:low|road:Station Road:incident:low",
		"in Stryd y Dŵr":                                                      "road:Stryd y Dŵr:incident:low",
		"crash J12 M6":                                                        "road:J12 M6:mentioned:medium",
		"at junction 12 M6":                                                   "road:M6:incident:low",
		"on the A1(M) J44 now":                                                "road:A1(M) J44:incident:medium",
		"on the A1(M)":                                                        "road:A1(M):incident:low",
		"Mill Lane. MILL LANE. mill lane again":                               "road:Mill Lane:mentioned:low",
		"garbled \xff at 12 Mill Lane \xff":                                   "address:12 Mill Lane:incident:medium",
	} {
		if got := told(places.Find(text)); got != want {
			t.Errorf("%q:\n got %s\nwant %s", text, got, want)
		}
	}
}

func TestFiguresBesideANumberHideItNot(t *testing.T) {
	for text, want := range map[string]string{
		"ring 07700 900142 24 Mill Lane":           "phone:07700 900142:mentioned:high|address:24 Mill Lane:mentioned:medium",
		"+44 7700 900142 2 kids here":              "phone:+44 7700 900142:mentioned:high",
		"grid ref SK12345678 2 walkers":            "grid:SK12345678:mentioned:high",
		"SK 12345678 15 mins ago":                  "grid:SK 12345678:mentioned:medium",
		"ring \u202a+44 7700 900142\u202c now":     "phone:+44 7700 900142:mentioned:high",
		"\u206807700 900142\u2069, \u200eHU17 0AA": "phone:07700 900142:mentioned:high|postcode:HU17 0AA:mentioned:high",
		"grid ref SK 1234 567":                     "", // a figure is missing: nobody knows where
		"SK 1234 567 8":                            "",
		"01632 960417 2":                           "",
	} {
		if got := told(places.Find(text)); got != want {
			t.Errorf("%q:\n got %s\nwant %s", text, got, want)
		}
	}
}

func TestAPostcodeIsReadAsTelephonesMakePeopleTypeIt(t *testing.T) {
	for text, want := range map[string]string{
		"WE ARE AT 12 MILL LANE, HU17 OAA":      "address:12 MILL LANE:caller:medium|postcode:HU17 OAA:caller:medium",
		"12 Mill Lane HU17 OAA":                 "address:12 Mill Lane:mentioned:medium|postcode:HU17 OAA:mentioned:medium",
		"he is at HU17OAA now":                  "postcode:HU17OAA:incident:medium",
		"postcode HU17 OAA":                     "postcode:HU17 OAA:mentioned:medium",
		"my house is SWIA 1AA come quick":       "postcode:SWIA 1AA:home:medium",
		"near SW1A IAA":                         "postcode:SW1A IAA:incident:medium",
		"BIO 4TT please":                        "postcode:BIO 4TT:mentioned:medium",
		"MI 1AE":                                "postcode:MI 1AE:mentioned:medium",
		"SLO 1AB":                               "postcode:SLO 1AB:mentioned:medium",
		"the car is HU17 OAA":                   "", // a registration
		"reg HU17 OAA silver golf":              "",
		"order number SWIA 1AA":                 "",
		"CRASH ON THE M6 OUT OF CONTROL":        "road:M6:incident:low",
		"IM ON THE M1 ITS ON FIRE":              "road:M1:caller:low",
		"IN E3 ONE OF THEM HAS A GUN":           "",
		"NO 2AB":                                "",
		"SO 3 OF THEM, NO 2ND FLOOR, WI 2ND":    "",
		"MI5 AND MI6 ARE AFTER ME, GO 4TH DOWN": "",
		"BOI OIL PILE":                          "",
	} {
		if got := told(places.Find(text)); got != want {
			t.Errorf("%q:\n got %s\nwant %s", text, got, want)
		}
	}
}

func TestPlacesInIrelandAreFound(t *testing.T) {
	for text, want := range map[string]string{
		"I'm at D02 AF30 hurry":          "eircode:D02 AF30:caller:medium",
		"D6WXY45":                        "eircode:D6WXY45:mentioned:medium",
		"eircode h91 y2k4":               "eircode:h91 y2k4:mentioned:high",
		"h91 y2k4":                       "",
		"CRASH ON THE A45 DEAD MAN HERE": "road:A45:incident:low",
		"A42 20TH NOV":                   "",
		"A45 2016 model":                 "",
		"order D02 AF30":                 "",
		"D19 AF30":                       "",
		"irish grid ref J 338 743":       "irish_grid:J 338 743:mentioned:high",
		"grid J33877432 please":          "irish_grid:J33877432:mentioned:high",
		"at grid reference H 123 45":     "",
		"J 338 743":                      "",
		"grid ref I 338 743":             "",
		"on the M6 123456":               "road:M6:incident:low",
	} {
		if got := told(places.Find(text)); got != want {
			t.Errorf("%q:\n got %s\nwant %s", text, got, want)
		}
	}
}

func TestThePlaceOfSomebodyElseIsNotTheContacts(t *testing.T) {
	for text, want := range map[string]string{
		"im scared he is at 14 Mill Lane":             "incident",
		"I'm worried my ex is at 14 Mill Lane":        "incident",
		"we're outside, she's in 14 Mill Lane":        "incident",
		"im scared. i am at 14 Mill Lane":             "caller",
		"im with him at 14 Mill Lane":                 "caller",
		"im hurt, my address is 14 Mill Lane":         "home",
		"im hurt and the address is 14 Mill Lane":     "caller",
		"my ex lives at 14 Mill Lane":                 "incident",
		"they have our real address, 14 Mill Lane":    "home",
		"he's in there, she's upstairs, 14 Mill Lane": "incident",
		"my ex house is 14 Mill Lane":                 "mentioned",
		"my mums house is 14 Mill Lane":               "mentioned",
		"i still live at 14 Mill Lane":                "home",
		"our new home address: 14 Mill Lane":          "home",
		"I'm living at 14 Mill Lane":                  "home",
		"he is here, i live in the flat 14 Mill Lane": "home",
	} {
		if found := places.Find(text); len(found) != 1 || found[0].Role != want {
			t.Errorf("%q: got %s, want %s", text, told(found), want)
		}
	}
}

func TestWhatOnlyLooksLikeAPlaceIsNone(t *testing.T) {
	for _, text := range []string{
		"order number M1 2AB has not come", "tracking ref SK123456789012", "order SK123456 never came",
		"his reg is AB12 CDE", "AB12CDE silver golf", "reg YK19 TFZ", "old plate M123 ABC",
		"£51.50, £12.60 and 3.99", "at 12.30, 13.45 and 18.10", "it was 3-2, 51.123 to -0.5", "on 01/02/2026 at 10.15", "01-02-2026 930",
		"hello.there.you", "stop.it.now please", "www.what.com", "see news.example.com and a.b.c",
		"my NI is NS 12 34 56 A", "ref NO 123456", "no 123 456", "HP 2055 printer",
		"on the road again", "down my street", "the street lights are out", "get close to him", "I drive a van", "this is the way",
		"parking on a main road", "in the same street", "road rage", "B road", "the green light", "what a view",
		"A4 paper and vitamin B12", "got an A1 at school", "m1 chip", "on the m1nd",
		"b1 2nd floor", "n1 5ft tall", "l4 3rd row", "M6 5pm", "card 4111 1111 1111 1111", "account 07700900142",
		"ring 101 or 999", "0 1 2 3 4 5 6 7 8 9", "n00ds", "wr1t1ng", "lat and long", "lat 5 long 4", "5 N, 6 W",
		"call of duty", "Street", "12 Street", "I walk. Close the door", "",
	} {
		if got := told(places.Find(text)); got != "" {
			t.Errorf("%q: found %s", text, got)
		}
	}
}

func TestCoordinatesAreReadAsNumbers(t *testing.T) {
	for text, want := range map[string][2]float64{
		"51.5007, -0.1246":            {51.5007, -0.1246},
		"0.1246W 51.5007N":            {51.5007, -0.1246},
		"N53.2307 W1.4269":            {53.2307, -1.4269},
		"N 51.5007 E 0.1246":          {51.5007, 0.1246},
		"51.5007, –0.1246":            {51.5007, -0.1246},
		"W 1.4269, N 53.2307":         {53.2307, -1.4269},
		`51°30'02"N 0°07'28"W`:        {51 + 30/60.0 + 2/3600.0, -(7/60.0 + 28/3600.0)},
		"coords 53° 14.5' N 1° 25' W": {53 + 14.5/60, -(1 + 25/60.0)},
	} {
		found := places.Find(text)
		if len(found) != 1 || found[0].Lat == nil || math.Abs(*found[0].Lat-want[0]) > 1e-9 || math.Abs(*found[0].Lon-want[1]) > 1e-9 {
			t.Errorf("%q: %s", text, told(found))
		}
	}
	// The Ordnance Survey's own example: TQ 30 80 is in central London.
	found := places.Find("grid ref TQ 300 804")
	if len(found) != 1 || *found[0].Easting != 530000 || *found[0].Northing != 180400 || *found[0].AccuracyM != 100 {
		t.Errorf("grid: %+v", found)
	}
	if found := places.Find("grid ref HU 47 41"); len(found) != 1 || *found[0].Easting != 447000 || *found[0].Northing != 1141000 {
		t.Errorf("grid in Shetland: %+v", found)
	}
}

func TestASpanCutsTheValueOutOfTheText(t *testing.T) {
	text := "señor 😀 12 Mill Lane, дом, HU17 0AA ring me 07700 900142"
	found := places.Find(text)
	if len(found) != 3 {
		t.Fatal(told(found))
	}
	for _, each := range found {
		if got := string([]rune(text)[each.Span.Start:each.Span.End]); got != each.Value || each.Source != "informant" || each.By != places.Version {
			t.Errorf("%q for %+v", got, each)
		}
	}
}

func TestQuotedHistoryAndSignaturesAreOnlyMentioned(t *testing.T) {
	var notes contact.Notes
	places.New().Annotate(contact.Message{
		Subject: "fire at 5 Bracken Close", Text: "I'm at 3 Mill Lane\n\nOn Monday you wrote: are you at HU17 0AA", Authored: "I'm at 3 Mill Lane",
	}, contact.Assessment{}, &notes)
	want := "address:3 Mill Lane:caller:medium|postcode:HU17 0AA:mentioned:low|address:5 Bracken Close:incident:medium"
	if got := told(notes.Locations); got != want || notes.Locations[2].Span != nil {
		t.Errorf("%s", got)
	}
	notes = contact.Notes{}
	places.New().Annotate(contact.Message{
		Text: "> are you at HU17 0AA\nno\n> where?\nI'm at 3 Mill Lane", Authored: "no\n\nI'm at 3 Mill Lane",
	}, contact.Assessment{}, &notes)
	if got := told(notes.Locations); got != "postcode:HU17 0AA:mentioned:low|address:3 Mill Lane:caller:medium" {
		t.Errorf("between lines of a quote: %s", got)
	}
}

func TestAPlaceThatIsSentAsNothingButItsAddressIsFound(t *testing.T) {
	var notes contact.Notes
	places.New().Annotate(contact.Message{Fields: []contact.Field{
		{Name: "link", Label: "Link", Value: "https://w3w.co/filled.count.soap"}, {Name: "ref", Label: "Link", Value: "HU17 0AA"},
	}}, contact.Assessment{}, &notes)
	if got := told(notes.Locations); got != "w3w:filled.count.soap:mentioned:unverified" || notes.Locations[0].Span != nil {
		t.Error(got)
	}
}

func TestAPlaceThatIsSaidAgainCountsByWhatSaysMost(t *testing.T) {
	if got := told(places.Find("he left 12 Mill Lane ages ago. he lives there. I'm at 12 mill lane now. 12 Mill Lane!")); got != "address:12 mill lane:caller:medium" {
		t.Error(got)
	}
	var notes contact.Notes
	places.New().Annotate(contact.Message{Text: "> are you at HU17 0AA?\nyes HU17 0AA", Authored: "yes HU17 0AA"}, contact.Assessment{}, &notes)
	if got := told(notes.Locations); got != "postcode:HU17 0AA:mentioned:high" || notes.Locations[0].Span.Start != 27 {
		t.Errorf("the quoted one hides the contact's: %s", got)
	}
}

func TestAFloodOfPlacesIsBounded(t *testing.T) {
	var text strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&text, "%d Mill Lane. ", i+1)
	}
	if got := len(places.Find(text.String())); got != 20 {
		t.Errorf("%d candidates", got)
	}
}

func FuzzFind(f *testing.F) {
	for _, seed := range []string{
		"we're at 12a Mill Lane, Beverley HU17 0AA", "SK 1234 5678", `51°30'02"N 0°07'28"W`, "///filled.count.soap", "+44 (0) 7700 900142",
		"M6 J15", "SWIA 1AA HU17OAA", "eircode d02 af30", "grid J 338 743", "\xff\xfe12\u00a0Mill Lane", "q=51.5,-0.1", "Flat", "0((((", "-1.2%2c", "UPRN 1", "m6(M",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		runes := []rune(text)
		for _, each := range places.Find(text) {
			if each.Span.Start < 0 || each.Span.Start >= each.Span.End || each.Span.End > len(runes) || each.Value == "" {
				t.Fatalf("%+v in %q", each, text)
			}
			if got := string(runes[each.Span.Start:each.Span.End]); utf8.ValidString(text) && got != each.Value {
				t.Fatalf("span is %q, value %q", got, each.Value)
			}
		}
	})
}

func BenchmarkFind(b *testing.B) {
	for name, text := range map[string]string{
		"500 plain":        strings.Repeat("the dogs were out all day and nobody came to look, ", 10)[:500],
		"500 characters":   strings.Repeat("he was by the shop on Mill Lane and rang 07700 900142 x", 10)[:500],
		"256 kB of digits": strings.Repeat("1.2 ", 64<<10), "256 kB without spaces": strings.Repeat("1", 256<<10),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				places.Find(text)
			}
		})
	}
}
