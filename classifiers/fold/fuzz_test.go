package fold_test

import (
	"testing"
	"unicode/utf8"

	"contactd/classifiers/fold"
)

func FuzzFold(f *testing.F) {
	for _, text := range []string{
		"", " ", "he's got a knife", "h e l p  m e", "k.n.1.f.e", "st@b $tab k!ll", "kni\u200bfe", "ｋｎｉｆｅ", "кніfе", "k̶n̶i̶f̶e̶",
		"🔪🔪 👨‍👩‍👧 🇭🇪🇱🇵 9️⃣9️⃣9️⃣", "heeeelp", "ﬁre ½ ™ ß æ ı", "مرحبا 你好 помогите", "\xff\xfe he has a gun \xc3", "a'b's's ''' `",
	} {
		f.Add(text, 1000)
	}
	emoji := map[rune]string{'🔪': "knife", '🔥': "fire"}
	f.Fuzz(func(t *testing.T, text string, limit int) {
		var out fold.Text
		fold.Fold(&out, text, emoji, limit)
		count := int32(utf8.RuneCountInString(text))
		var last fold.Token
		for i, at := range out.Tokens {
			switch {
			case at.From >= at.To || int(at.To) > len(out.Letters):
				t.Fatalf("token %d of %q holds no letters: %+v", i, text, at)
			case at.Start < last.End || at.Start >= at.End || at.End > count:
				t.Fatalf("token %d of %q stands nowhere: %+v", i, text, at)
			case int(at.End-at.Start) != utf8.RuneCountInString(text[at.ByteStart:at.ByteEnd]),
				int(at.Start) != utf8.RuneCountInString(text[:at.ByteStart]):
				t.Fatalf("token %d of %q: bytes and code points differ: %+v", i, text, at)
			}
			last = at
		}
		if limit > 0 && count > int32(min(limit, 1<<30)) != out.Cut {
			t.Fatalf("%d code points with limit %d: cut %v", count, limit, out.Cut)
		}
	})
}
