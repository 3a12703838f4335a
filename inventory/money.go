package inventory

import (
	"math/big"
	"strconv"
	"strings"

	"golang.org/x/text/currency"

	"helpdeskd/migrations"
)

// decimals returns how many digits a currency's minor unit has: 2 where the
// currency is not known (ISO 4217).
func decimals(code string) int {
	u, err := currency.ParseISO(code)
	if err != nil {
		return 2
	}
	n, _ := currency.Standard.Rounding(u)
	return n
}

// FormatMoney writes minor units as people read them: 129900 EUR is "1,299.00 EUR".
func FormatMoney(minor int64, code string) string {
	text := DecimalMoney(minor, code)
	sign := ""
	if text[0] == '-' {
		sign, text = "-", text[1:]
	}
	whole, rest, _ := strings.Cut(text, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if rest != "" {
		whole += "." + rest
	}
	return strings.TrimSpace(sign + whole + " " + code)
}

// DecimalMoney writes minor units as a plain number, for form fields and
// exports: 129900 EUR is "1299.00". ParseMoney reads it back.
func DecimalMoney(minor int64, code string) string {
	sign, n := "", new(big.Int).SetInt64(minor)
	if minor < 0 {
		sign, n = "-", n.Neg(n)
	}
	digits, d := n.String(), decimals(code)
	if d == 0 {
		return sign + digits
	}
	for len(digits) <= d {
		digits = "0" + digits
	}
	return sign + digits[:len(digits)-d] + "." + digits[len(digits)-d:]
}

// MaxMoney is the largest amount, in minor units, that people may type.
const MaxMoney = 1_000_000_000_000_00

// ParseMoney reads an amount as people type it, in minor units: 1299, 1,299.00,
// 1.299,00 and 1 299,5 are understood, and a currency's code or sign around it
// is passed over. An amount below 0, or with more digits behind the point than
// the currency has, is Invalid.
func ParseMoney(text, code string) (int64, error) {
	d := decimals(code)
	wrong := func() (int64, error) {
		return 0, migrations.Invalidf("“%s” is not an amount of money. Write it like 1299.50.", clip(text, 40))
	}
	digit := func(r rune) bool { return r >= '0' && r <= '9' }
	if strings.ContainsAny(text, "()") { // how accountants write what is below 0
		return wrong()
	}
	text = strings.NewReplacer("−", "-", "–", "-").Replace(text)
	s := strings.TrimRightFunc(text, func(r rune) bool { return !digit(r) })
	if strings.HasPrefix(strings.TrimSpace(text[len(s):]), "-") { // but 12.- is an even 12
		return wrong()
	}
	s = strings.TrimLeftFunc(s, func(r rune) bool { return !digit(r) && !strings.ContainsRune("-.,", r) })
	if strings.HasPrefix(s, ".") || strings.HasPrefix(s, ",") {
		s = "0" + s
	}
	if s == "" {
		return wrong()
	}
	if strings.HasPrefix(s, "-") {
		return 0, migrations.Invalidf("An amount can not be below 0.")
	}
	s = strings.Map(func(r rune) rune {
		switch r {
		case ' ', '\u00a0', '\u202f', '\'', '’', '_':
			return -1
		}
		return r
	}, s)
	whole, part := s, ""
	if i := strings.LastIndexAny(s, ".,"); i >= 0 {
		mark, other := s[i:i+1], ",."
		other = strings.ReplaceAll(other, mark, "")
		behind := len(s) - i - 1
		thousands := strings.Count(s, mark) > 1 || behind == 3 && d != 3 && !strings.Contains(s, other) && i <= 3 && s[0] != '0'
		switch {
		case thousands && strings.Contains(s, other):
			return wrong()
		case thousands:
			if !grouped(s, mark) {
				return wrong()
			}
			whole = strings.ReplaceAll(s, mark, "")
		default:
			whole, part = s[:i], s[i+1:]
			if strings.Contains(whole, other) {
				if !grouped(whole, other) {
					return wrong()
				}
				whole = strings.ReplaceAll(whole, other, "")
			}
		}
	}
	if len(strings.TrimRight(part, "0")) > d {
		return 0, migrations.Invalidf("“%s” has more digits behind the point than %s has.", clip(text, 40), code)
	}
	part = (part + strings.Repeat("0", d))[:d]
	n, err := strconv.ParseInt(whole+part, 10, 64)
	if err != nil || strings.ContainsAny(whole+part, "+-") || len(whole) > 18 {
		if _, big := new(big.Int).SetString(whole+part, 10); !big {
			return wrong()
		}
		n = MaxMoney + 1
	}
	if n > MaxMoney {
		return 0, migrations.Invalidf("This amount is too large.")
	}
	return n, nil
}

// grouped reports whether marks divide a number into groups of three digits.
func grouped(s, mark string) bool {
	groups := strings.Split(s, mark)
	for i, g := range groups {
		if i == 0 && (len(g) == 0 || len(g) > 3) || i > 0 && len(g) != 3 {
			return false
		}
	}
	return true
}
