package ingest

import "testing"

func TestCharsetAliases(t *testing.T) {
	for label, want := range map[string]struct{ in, out string }{
		"ms949": {"\xb0\xa1", "가"}, "iso-2022-jp-1": {"\x1b$B$\"\x1b(B", "あ"}, "cp-1252": {"\xe9", "é"}, "cp850": {"\x82", "é"}, "cp-850": {"\x82", "é"}, "ibm-852": {"\x82", "é"},
		"iso8859-15": {"\xa4", "€"}, "x-sjis": {"\x82\xa0", "あ"}, "ansi_x3.110-1983": {"\xe9", "é"}, "IBM437": {"\x82", "é"},
	} {
		if got, note := decodeCharset([]byte(want.in), label); got != want.out {
			t.Errorf("%s: %q (%s), want %q", label, got, note, want.out)
		}
	}
}
