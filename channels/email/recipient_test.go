package email

import "testing"

func TestADomainThatOnlyNamesOfHostsForbidIsAnswered(t *testing.T) {
	for address, want := range map[string]string{
		"jo@mail_out.Example.org": "jo@mail_out.example.org", "jo@ab--cd.example.org": "jo@ab--cd.example.org",
		"jo@bücher.example": "jo@xn--bcher-kva.example", "jo@": "", "jo@bü_cher.example": "", "jo@x>y": "", "jo@x y": "",
	} {
		if got, err := deliverable(address); got != want || (err == nil) != (want != "") {
			t.Errorf("%q is answered to %q, %v", address, got, err)
		}
	}
}
