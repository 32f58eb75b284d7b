package disguise

import (
	"testing"

	"contactd/classifiers/fold"
)

// BenchmarkRead times a plain text, which is only looked at, and one of the
// same length in which every word is in disguise.
func BenchmarkRead(b *testing.B) {
	const plain = "Good morning, could you tell me when the new parking permits for Mill Street are sent out? Thanks, J"
	leet, err := Write(plain, "leet", 1)
	if err != nil {
		b.Fatal(err)
	}
	short, err := Write(plain, "no_vowels", 1)
	if err != nil {
		b.Fatal(err)
	}
	for name, text := range map[string]string{"plain": plain, "leet": leet, "no_vowels": short} {
		b.Run(name, func(b *testing.B) {
			r := New()
			var in, out fold.Text
			fold.Fold(&in, text, nil, 4000)
			b.ReportAllocs()
			for b.Loop() {
				r.Read(&out, &in, text)
			}
		})
	}
}
