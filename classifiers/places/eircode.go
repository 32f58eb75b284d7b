package places

import "strings"

// routes are the routing keys of Eircodes, which the post of Ireland goes by.
const routes = " A41 A42 A45 A63 A67 A75 A81 A82 A83 A84 A85 A86 A91 A92 A94 A96 A98 C15 D01 D02 D03 D04 D05 D06 D07 D08 D09 D10 D11 D12 D13 D14 D15 D16 D17 D18 D20 D22 D24 D6W E21 E25 E32 E34 E41 E45 E53 E91 F12 F23 F26 F28 F31 F35 F42 F45 F52 F56 F91 F92 F93 F94 H12 H14 H16 H18 H23 H53 H54 H62 H65 H71 H91 K32 K34 K36 K45 K56 K67 K78 N37 N39 N41 N91 P12 P14 P17 P24 P25 P31 P32 P36 P43 P47 P51 P56 P61 P67 P72 P75 P81 P85 R14 R21 R32 R35 R42 R45 R51 R56 R93 R95 T12 T23 T34 T45 T56 V14 V15 V23 V31 V35 V42 V92 V93 V94 V95 W12 W23 W34 W91 X35 X42 X91 Y14 Y21 Y25 Y34 Y35 "

// eircode reads the code of an address in Ireland, such as "D02 AF30": a routing
// key and four figures and letters, both among them. Small letters count only
// when called so.
func eircode(t *text, at int) *found {
	w, last := &t.words[at], &t.words[at]
	key, rest := w.as, ""
	switch {
	case len(key) == 7:
		key, rest = key[:3], key[3:]
	case len(key) == 3 && !w.comma && !w.stop:
		last = t.at(at + 1)
		rest = last.as
	}
	if len(rest) != 4 || t.numbered(at) {
		return nil
	}
	called := t.preceded(at, 3, " eircode eircode: ")
	code := strings.ToUpper(key + rest)
	if code != key+rest && !called || !strings.Contains(routes, " "+code[:3]+" ") {
		return nil
	}
	unique := code[3:]
	if strings.Trim(unique, "0123456789ACDEFHKNPRTVWXY") != "" || digits(unique) || !figures(unique) {
		return nil
	}
	if !called && isDigit(unique[1]) && among(strings.ToLower(unique[2:]), units) { // "on the A42 20TH"
		return nil
	}
	f := stated(w, last, "high")
	f.Form = "eircode"
	if !called {
		f.Confidence = "medium"
	}
	return f
}
