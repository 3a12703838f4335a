package inventory

import (
	"testing"

	"helpdeskd/migrations"
)

func TestParseMoney(t *testing.T) {
	for _, x := range []struct {
		text, code string
		want       int64
	}{
		{"1299", "EUR", 129900}, {"1299.5", "EUR", 129950}, {"1299,50", "EUR", 129950}, {"1,299.00", "EUR", 129900}, {"1.299,00", "EUR", 129900},
		{"1 299,5", "EUR", 129950}, {"1\u202f299,50 €", "EUR", 129950}, {"€ 12", "EUR", 1200}, {"CHF 1'299.05", "CHF", 129905}, {"0", "EUR", 0}, {"0.50", "EUR", 50}, {"0.500", "EUR", 50},
		{"1,299", "EUR", 129900}, {"1.299", "EUR", 129900}, {"1,299,000", "EUR", 129900000}, {"12000", "JPY", 12000}, {"12,000", "JPY", 12000}, {"1.299", "KWD", 1299}, {"1299", "", 129900}, {".50", "EUR", 50}, {"12.-", "CHF", 1200},
	} {
		got, err := ParseMoney(x.text, x.code)
		if err != nil || got != x.want {
			t.Errorf("%q %s: got %d, %v, want %d", x.text, x.code, got, err, x.want)
		}
	}
	for _, text := range []string{"", "abc", "-5", "€ -5", "−5", "€ −5", "–5", "(5)", "5-", "1.2.3,4,5", "1,29,9", "12.345.6", "9999999999999999", "99999999999999999999999", "1e3", "1-2", "12,3456"} {
		if n, err := ParseMoney(text, "EUR"); migrations.KindOf(err) != migrations.Invalid {
			t.Errorf("%q: got %d, %v, want Invalid", text, n, err)
		}
	}
}

func TestMoneyRoundTrip(t *testing.T) {
	for _, code := range []string{"EUR", "JPY", "KWD", ""} {
		for _, n := range []int64{0, 1, 9, 10, 99, 100, 999, 1000, 123456, 100000000, MaxMoney} {
			for _, text := range []string{DecimalMoney(n, code), FormatMoney(n, code)} {
				if got, err := ParseMoney(text, code); err != nil || got != n {
					t.Errorf("%d %s is written %q and read %d, %v", n, code, text, got, err)
				}
			}
		}
	}
	for n, want := range map[int64]string{129900: "1,299.00 EUR", 5: "0.05 EUR", -123456789: "-1,234,567.89 EUR", 100: "1.00 EUR"} {
		if got := FormatMoney(n, "EUR"); got != want {
			t.Errorf("%d is written %q, want %q", n, got, want)
		}
	}
}
