package inventory

import (
	"fmt"
	"testing"
)

// TestAssetsNamed: a hostname, serial number or tag finds what has exactly it,
// in any case, and not what has its parts.
func TestAssetsNamed(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		host := d.register(AssetEdit{Tag: "IT-1", Serial: "PF 3X", Hostname: "FH-NB-0121"}, 1)
		d.register(AssetEdit{Tag: "IT-2", Serial: "PF3X9", Hostname: "FH-NB-01210"}, 1)
		d.register(AssetEdit{Tag: "IT-3", Hostname: "NB-0121"}, 1)
		tagged := d.register(AssetEdit{Tag: "FH-7"}, 1)
		named := d.register(AssetEdit{Tag: "IT-5", Hostname: "fh-7"}, 1)
		want := func(text string, ids ...int64) {
			t.Helper()
			list, err := d.AssetsNamed(t.Context(), text, 5)
			if err != nil || len(list) != len(ids) {
				t.Fatalf("%q: %d assets, %v", text, len(list), err)
			}
			for i, a := range list {
				if a.ID != ids[i] {
					t.Errorf("%q: %s at %d", text, a.Tag, i)
				}
			}
		}
		want("fh-nb-0121", host.ID)
		want(" pf3x ", host.ID)
		want("it-1", host.ID)
		want("FH-7", tagged.ID, named.ID)
		want("0121")
		want(" ")
		// A new hostname counts at once, the old one no more.
		must(d.ChangeAsset(t.Context(), d.ben, host.ID, AssetEdit{ModelID: host.ModelID, Tag: host.Tag, Serial: host.Serial, Hostname: "FH-NB-0500"}, host.Version))(t)
		want("FH-NB-0121")
		want("fh-nb-0500", host.ID)

		// Of many words at once, as of the mails of a batch: those that name something.
		words := []string{"FH-nb-0500", "fh-nb-0121", "pf3X", "PF 3x", "pf3", "it-2", "IT-99", "fh-7"}
		for i := range 1200 {
			words = append(words, fmt.Sprint("X-", i))
		}
		found := must(d.namedIn(t.Context(), d.db, words))(t)
		for _, w := range words {
			if list := must(d.knownIn(t.Context(), d.db, []string{w}))(t); found[w] != (len(list) > 0) {
				t.Errorf("%q: of many %v, alone %d assets", w, found[w], len(list))
			}
		}
		if len(found) != 5 {
			t.Errorf("%v are found", found)
		}
	})
}
