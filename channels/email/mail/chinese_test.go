package mail

import (
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

func encoded(t *testing.T, e encoding.Encoding, text string) string {
	t.Helper()
	raw, err := e.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// TestChineseWithoutItsCharsetIsReadAsChinese: mail programs of China leave the
// charset out, or say what they have not written.
func TestChineseWithoutItsCharsetIsReadAsChinese(t *testing.T) {
	r := New(testConfig(), nil)
	for _, text := range []string{
		"救命", "有人拿着刀在我家门口，请快来！", "我住在 Flat 4, 21 Queen Street, Cardiff CF10 2AB，电话 07700 900123。",
		"我丈夫打我。我很害怕，孩子们也在这里。\n请不要打电话，他会听见的。\n\nOn 3 Nov 2026 the force wrote:\n> How can we help?",
		"朱镕基、㐂、囍，这些字不在 GB2312 里，可是他们还是要写。" + "我们现在在医院里面等你们来。",
	} {
		raw := encoded(t, simplifiedchinese.GB18030, text)
		for _, label := range []string{"", "Content-Type: text/plain\n", "Content-Type: text/plain; charset=us-ascii\n", "Content-Type: text/plain; charset=unknown-8bit\n", "Content-Type: text/plain; charset=chinese-thing\n"} {
			msg := readString(t, r, "From: "+encoded(t, simplifiedchinese.GB18030, "张伟")+" <z@example.org>\nSubject: "+encoded(t, simplifiedchinese.GB18030, "求救")+"\n"+label+"\n"+raw+"\n")
			if msg.Text != text || msg.Subject != "求救" || msg.Sender.Name != "张伟" {
				t.Errorf("%q: read as %q, subject %q, from %q", label, msg.Text, msg.Subject, msg.Sender.Name)
			}
		}
	}
}

func TestAllNamesOfChineseMeanAllOfIt(t *testing.T) {
	const text = "请快来 🆘 㐂"
	for _, name := range []string{"gb2312", "GBK", "x-gbk", "cp936", "gb18030", "gb_2312-80"} {
		raw := "From: a@b\nContent-Type: text/plain; charset=" + name + "\n\n" + encoded(t, simplifiedchinese.GB18030, text)
		if got := readString(t, New(testConfig(), nil), raw).Text; got != text {
			t.Errorf("%s was read as %q", name, got)
		}
	}
}

func TestOtherLettersWithoutACharsetAreNotChinese(t *testing.T) {
	western := New(testConfig(), nil)
	for _, text := range []string{
		"Bitte kommen Sie schnell, er hat ein Messer. Ich wohne über dem Café, Tür links, Größe egal.", "ÄÖÜ äöü", "»» ici, «là-bas» ¿¿Qué?? ¡¡Señor!!",
		"£££ was stolen, ½½ of it ·· mine ·· at 20°, naïve façade", "Où êtes-vous? À côté, déjà vu, çà et là, garçon, œuvre",
	} {
		if got := readString(t, western, "From: a@b\n\n"+encoded(t, charmap.Windows1252, text)).Text; got != text {
			t.Errorf("%q was read as %q", text, got)
		}
	}
	for name, each := range map[string]struct {
		charset encoding.Encoding
		text    string
	}{
		"koi8-r": {charmap.KOI8R, "Помогите, пожалуйста, он меня бьёт и не выпускает из дома"}, "windows-1251": {charmap.Windows1251, "ПОМОГИТЕ ПОЖАЛУЙСТА, ОН МЕНЯ БЬЁТ И НЕ ВЫПУСКАЕТ ИЗ ДОМА"},
		"greek": {charmap.ISO8859_7, "Βοήθεια, με χτυπάει και δεν με αφήνει να φύγω"}, "arabic": {charmap.Windows1256, "النجدة إنه يضربني ولا يسمح لي بالخروج من البيت"},
		"big5": {traditionalchinese.Big5, "救命，有人拿著刀在我家門口，請快來，我很害怕"}, "shift_jis": {japanese.ShiftJIS, "助けてください。家の前に刃物を持った人がいます。"},
		"euc-jp": {japanese.EUCJP, "助けてください。家の前に刃物を持った人がいます。"}, "euc-kr": {korean.EUCKR, "도와주세요 집 앞에 칼을 든 사람이 있어요 너무 무서워요"},
	} {
		if isChinese([]byte(encoded(t, each.charset, each.text))) {
			t.Errorf("%s is taken for Chinese", name)
		}
	}
	c := testConfig()
	c.FallbackCharset = "koi8-r"
	if got := readString(t, New(c, nil), "From: a@b\n\n"+encoded(t, charmap.KOI8R, "Помогите")).Text; got != "Помогите" {
		t.Errorf("the charset of the desk's own people was not tried: %q", got)
	}
}
