package tracker

import (
	"slices"
	"testing"
	"time"
)

// TestSimilarRequests: those of the same person or asset come first, within
// them those with a fix, then what shares two words; each says why.
func TestSimilarRequests(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx, act := t.Context(), Actor{AccountID: d.tech.ID}
		fixed := func(subject, who, fix string) Ticket {
			t.Helper()
			d.clock.add(3 * time.Hour)
			x := d.open(t, subject, who)
			if fix == "" {
				return x
			}
			return must(d.RecordFix(ctx, act, x.Number, fix, x.Version))(t)
		}
		stranger := fixed("Printer prints stripes after the fuser was changed", "omar", "Cleaned the fuser.")
		noFix := fixed("Printer: fuser smells", "bela", "")
		fixed("Printer out of toner", "cleo", "New toner.")
		fixed("Outlook asks for the password", "hana", "Renewed the certificate.")
		mine := fixed("Printer stripes", "hana", "Moved it away from the window.")
		mineOpen := fixed("Stripes again", "hana", "")
		onAsset := fixed("Paper jam", "dora", "Removed a clip.")
		dropped := fixed("Printer fuser stripes test", "eve", "")
		must(d.SetStage(ctx, act, dropped.Number, StageChange{Stage: Dropped, Reason: "a test"}, AnyVersion))(t)
		merged := fixed("Stripes of the fuser on the printer", "finn", "")
		must(d.Merge(ctx, act, merged.Number, mineOpen.Number, AnyVersion))(t)
		x := fixed("Printer: stripes on paper, maybe the fuser", "hana", "")
		must(d.IndexPending(ctx, nil))(t)
		const asset = 77
		for _, n := range []int64{onAsset.ID, x.ID} {
			if err := d.Link(ctx, act, Thing{KindTicket, n}, Thing{KindAsset, asset}); err != nil {
				t.Fatal(err)
			}
		}
		names := func(all []Similar) (list []string) {
			for _, a := range all {
				list = append(list, a.Name())
			}
			return list
		}
		got := must(d.Similar(ctx, &x, SimilarTo{Linked: []int64{asset}}, 10))(t)
		want := []string{mine.Name(), onAsset.Name(), mineOpen.Name(), stranger.Name(), noFix.Name()}
		if !slices.Equal(names(got), want) {
			t.Fatalf("got %v, want %v", names(got), want)
		}
		if !got[0].SamePerson || len(got[0].AssetIDs) != 0 || !slices.Equal(got[0].Words, []string{"Printer", "stripes"}) {
			t.Errorf("why: %+v", got[0])
		}
		if got[1].SamePerson || !slices.Equal(got[1].AssetIDs, []int64{asset}) {
			t.Errorf("why: %+v", got[1])
		}
		if !slices.Equal(got[3].Words, []string{"Printer", "stripes", "fuser"}) || got[3].Fix != "Cleaned the fuser." {
			t.Errorf("why: %+v", got[3])
		}
		// What the person only has counts where a word is shared.
		if got := names(must(d.Similar(ctx, &x, SimilarTo{Held: []int64{asset}}, 10))(t)); !slices.Contains(got, onAsset.Name()) {
			t.Errorf("a paper jam of a thing that they have is missing: %v", got)
		}
		if got := must(d.Similar(ctx, &x, SimilarTo{}, 2))(t); len(got) != 2 {
			t.Errorf("%d instead of two", len(got))
		}
		// Nothing that tells anything finds nothing.
		empty := fixed("Help please", "ghost", "")
		must(d.IndexPending(ctx, nil))(t)
		if got := must(d.Similar(ctx, &empty, SimilarTo{}, 10))(t); len(got) != 0 {
			t.Errorf("found by nothing: %v", names(got))
		}
	})
}

// TestHistoryOfAPerson counts the last 90 days by category.
func TestHistoryOfAPerson(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		act := Actor{AccountID: d.tech.ID}
		d.open(t, "Long ago", "hana")
		d.clock.add(100 * 24 * time.Hour)
		kinds := must(d.Categories(t.Context(), false))(t)
		for _, subject := range []string{"One", "Two", "Three"} {
			x := d.open(t, subject, "hana")
			if subject != "Three" {
				must(d.SetCategory(t.Context(), act, x.Number, kinds[0].ID, x.Version))(t)
			}
		}
		now := d.open(t, "Now", "hana")
		h := must(d.HistoryOf(t.Context(), now.ClientID, &now))(t)
		if h.N != 3 || len(h.Kinds) != 2 || h.Kinds[0].Name != kinds[0].Name || h.Kinds[0].N != 2 || h.Kinds[1].N != 1 || len(h.Recent) != 4 || h.Recent[3].Subject != "Long ago" {
			t.Errorf("got %+v", h)
		}
		if h := must(d.HistoryOf(t.Context(), 0, &now))(t); h.N != 0 || h.Recent != nil {
			t.Errorf("nobody's history: %+v", h)
		}
	})
}

func TestWhoSignsIsNotWhatARequestIsAbout(t *testing.T) {
	a := asksOf("Beamer for Theo", "The beamer closes by itself, the lamp blinks. Theo Mbeki", "Theo Mbeki", "")
	var got []string
	for _, w := range a.words {
		got = append(got, w.token)
	}
	if want := []string{"beamer", "theo", "blinks", "lamp"}; !slices.Equal(got, want) {
		t.Errorf("it is about %q, want %q", got, want)
	}
}
