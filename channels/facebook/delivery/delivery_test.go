package delivery

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"contactd/channels/loose"
	"contactd/channels/webhook"
)

func header(secret string, body []byte) string {
	return "sha256=" + hex.EncodeToString(webhook.Sign(secret, body))
}

func TestOnlyMetasSignatureOverTheseBytesIsBelieved(t *testing.T) {
	secrets := webhook.FixedSecrets("new", "old")
	raw := []byte(`{"object":"page","text":"caf\u00e9 \ud83d\ude00 a\/b"}`)
	decoded := []byte(`{"object":"page","text":"café 😀 a\/b"}`)
	if got := Escape(decoded); string(got) != string(raw) {
		t.Fatalf("escaped as %s", got)
	}
	for name, each := range map[string]struct {
		header string
		body   []byte
		want   bool
	}{
		"as it was sent": {header("new", raw), raw, true},
		"under the secret that is being replaced":  {header("old", raw), raw, true},
		"decoded on the way":                       {header("new", raw), decoded, true},
		"raw and signed raw":                       {header("new", decoded), decoded, true},
		"under another secret":                     {header("x", raw), raw, false},
		"changed on the way":                       {header("new", raw), bytes.Replace(raw, []byte("page"), []byte("pagf"), 1), false},
		"decoded and changed":                      {header("new", raw), bytes.Replace(decoded, []byte("page"), []byte("pagf"), 1), false},
		"a slash that was not escaped is a change": {header("new", raw), []byte(`{"object":"page","text":"café 😀 a/b"}`), false},
		"without a signature":                      {"", raw, false},
		"with the old header's signature":          {"sha1=" + strings.Repeat("a", 40), raw, false},
		"in upper case":                            {strings.Replace(strings.ToUpper(header("new", raw)), "SHA256", "sha256", 1), raw, false},
		"cut short":                                {header("new", raw)[:40], raw, false},
		"with more behind it":                      {header("new", raw) + "00", raw, false},
		"no UTF-8, signed over something else":     {header("new", raw), []byte("\xff\xfe"), false},
		"an empty body, signed":                    {header("new", nil), nil, true},
	} {
		if err := Verify(secrets, each.header, each.body); (err == nil) != each.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestADeliveryIsSplitWithoutChangingAByte(t *testing.T) {
	body := []byte(`{"object":"page","entry":[
	 {"id":"1","time":1793740450,"changes":[{"field":"feed","value":{"a": "\u00e4 <b>\/"}},{"field":"mention","value":{}},{"value":{}},7]},
	 {"id":2,"time":"1793740450123","messaging":[{"x":1},{"x":2}],"standby":[{"y":1}]},
	 {"id":"3","field":"comments","value":{"z":1}},
	 {"id":"4","messaging":"odd"},
	 {"id":"5"},
	 "six"]}`)
	elements, err := Split(body)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range elements {
		got = append(got, e.Entry+" "+e.Kind+" "+e.Field+" "+string(e.Raw))
		again, err := ReadOriginal(e.Original())
		if err != nil || !bytes.Contains(e.Original(), e.Raw) || !bytes.Equal(again.Raw, e.Raw) || again.Time != e.Time || again.Entry != e.Entry {
			t.Errorf("%s was written as %s, %v", e.Raw, e.Original(), err)
		}
	}
	want := []string{
		`1 change feed {"a": "\u00e4 <b>\/"}`, `1 change mention {}`, `1 unread  {"value":{}}`, `1 unread  7`,
		`2 messaging  {"x":1}`, `2 messaging  {"x":2}`, `2 standby  {"y":1}`, `3 change comments {"z":1}`,
		`4 unread  "odd"`, `5 unread  {"id":"5"}`, ` unread  "six"`,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("split into\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for _, bad := range []string{"", "{", "[]", `{"object":"page"}`, `{"entry":[{}]}`, `{"object":"page","entry":[]}`, `{"object":1,"entry":[{}]}`} {
		if _, err := Split([]byte(bad)); err == nil {
			t.Errorf("%q was split", bad)
		}
	}
}

func TestIdsNumbersAndTruthsComeInManyForms(t *testing.T) {
	var v struct {
		A, B ID
		C, D Number
		E, F Truth
	}
	if odd, err := loose.Decode([]byte(`{"A":17,"B":"18","C":"19","D":1.5e3,"E":1,"F":"false"}`), &v); odd || err != nil {
		t.Fatal(odd, err)
	}
	if v.A != "17" || v.B != "18" || v.C != 19 || v.D != 1500 || !bool(v.E) || bool(v.F) {
		t.Errorf("%+v", v)
	}
	v.B = "" // of before
	if odd, err := loose.Decode([]byte(`{"A":{},"B":"18","C":"x"}`), &v); !odd || err != nil || v.B != "18" {
		t.Errorf("what is odd must not take the rest along: %v, %v, %+v", odd, err, v)
	}
}

func FuzzSplit(f *testing.F) {
	f.Add([]byte(`{"object":"page","entry":[{"id":"1","time":1,"changes":[{"field":"feed","value":{"a":1}}],"messaging":[{}],"standby":[{}]}]}`))
	f.Add([]byte(`{"object":"instagram","entry":[{"id":1,"field":"comments","value":{}}]}`))
	f.Add([]byte(`{"object":"page","entry":[null,1,"x",{"changes":{}}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		elements, err := Split(body)
		if err != nil {
			return
		}
		if usual, ok := splitUsual(body); ok {
			if odd, err := splitOdd(body); err != nil || !reflect.DeepEqual(usual, odd) {
				t.Errorf("split as %v and, level by level, as %v, %v", usual, odd, err)
			}
		}
		if len(elements) == 0 {
			t.Fatal("a delivery without an element: its content would be lost")
		}
		for _, e := range elements {
			if !bytes.Contains(body, e.Raw) {
				t.Errorf("%q is no piece of the body", e.Raw)
			}
			again, err := ReadOriginal(e.Original())
			if err != nil || !json.Valid(e.Original()) || !bytes.Equal(again.Raw, e.Raw) {
				t.Errorf("%q was written as %q: %v", e.Raw, e.Original(), err)
			}
		}
	})
}

func FuzzVerify(f *testing.F) {
	f.Add("sha256=00", []byte("{}"))
	f.Add(header("k", []byte("{}")), []byte("{}"))
	f.Add(header("k", []byte(`"\u00e4"`)), []byte(`"ä"`))
	secrets := webhook.FixedSecrets("k")
	f.Fuzz(func(t *testing.T, signature string, body []byte) {
		if Verify(secrets, signature, body) == nil && signature != header("k", body) && signature != header("k", Escape(body)) {
			t.Errorf("%q passed for %q", signature, body)
		}
		if err := Verify(secrets, header("k", body), body); err != nil {
			t.Errorf("what was signed did not pass: %v", err)
		}
	})
}
