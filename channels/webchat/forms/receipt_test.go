package forms_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"contactd/channels/webchat/forms"
)

const letters = "2346789CDFHJLMNPQRTVWXY"

// fits computes the check of a receipt as README.md describes it.
func fits(receipt string) bool {
	sum := 0
	for i, r := range strings.ReplaceAll(receipt, "-", "") {
		weight := i + 2
		if i == 8 {
			weight = 1
		}
		sum += weight * strings.IndexRune(letters, r)
	}
	return sum%23 == 0
}

func TestAReceiptIsAlwaysTheSameAndChecksItself(t *testing.T) {
	if got := forms.Receipt("m-00000000000000000000000000"); got != "692-H9D-R9L" {
		t.Errorf("the receipt has become %s: people hold the old ones", got)
	}
	form := regexp.MustCompile(`^[` + letters + `]{3}(-[` + letters + `]{3}){2}$`)
	seen := map[string]bool{}
	for i := range 20_000 {
		receipt := forms.Receipt("m-" + strconv.Itoa(i))
		if !form.MatchString(receipt) || !fits(receipt) || seen[receipt] {
			t.Fatalf("receipt %s of message %d", receipt, i)
		}
		seen[receipt] = true
	}
}

func TestASlipInAReceiptIsNoticed(t *testing.T) {
	receipt := forms.Receipt("m-1")
	for i := range receipt {
		if receipt[i] == '-' {
			continue
		}
		for _, other := range letters {
			if wrong := receipt[:i] + string(other) + receipt[i+1:]; wrong != receipt && fits(wrong) {
				t.Errorf("%s passes for %s", wrong, receipt)
			}
		}
		j := i + 1
		if j < len(receipt) && receipt[j] == '-' {
			j++
		}
		if j < len(receipt) && receipt[i] != receipt[j] {
			wrong := []byte(receipt)
			wrong[i], wrong[j] = wrong[j], wrong[i]
			if fits(string(wrong)) {
				t.Errorf("%s passes for %s", wrong, receipt)
			}
		}
	}
}
