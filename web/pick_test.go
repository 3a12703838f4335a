package web

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// hiddenIn returns the value of a hidden field of a page, "" for none.
func hiddenIn(page, name string) string {
	m := regexp.MustCompile(`type="hidden" name="` + name + `" value="([^"]*)"`).FindStringSubmatch(page)
	if m == nil {
		return ""
	}
	return m[1]
}

// TestTheTextOfAPickerCounts: without scripts an id stays in its form when
// another text is written over its words. It is never acted on, neither at
// once nor after the form came back for something else.
func TestTheTextOfAPickerCounts(t *testing.T) {
	w := newWorld(t, dbOf(t))
	w.story()
	w.stock()
	b := w.session(w.tech)
	first, second, a := w.assetByTag("A-0001"), w.assetByTag("A-0002"), w.assetByTag("A-0003")
	edit := fmt.Sprintf("/assets/%d", a.ID)
	pairs := []string{"version", fmt.Sprint(a.Version), "what", a.Title(), "tag", a.Tag, "purchased_on", "yesterday",
		"parent", fmt.Sprint(first.ID), "parent_was", fmt.Sprintf("%d %s", first.ID, first.Tag), "parent_text", second.Tag}
	page := b.post(edit, pairs...)
	shows(t, page, http.StatusUnprocessableEntity, "yesterday")
	if got := hiddenIn(page.Body.String(), "parent"); got != fmt.Sprint(second.ID) {
		t.Fatalf("the form came back with the id %q beside the text %s", got, second.Tag)
	}
	pairs = append(pairs, "parent_text", second.Tag)
	pairs[7] = ""
	if res := b.post(edit, pairs...); res.Code != http.StatusSeeOther {
		t.Fatalf("%d %s", res.Code, problemText(res.Body.String()))
	}
	if now := w.assetByTag(a.Tag); now.ParentID == nil || *now.ParentID != second.ID {
		t.Fatalf("it is part of %v", now.ParentID)
	}

	// One of the recent places, chosen beside the one that stood there.
	like := b.get(fmt.Sprintf("/assets/new?like=%d", second.ID)).Body.String()
	at, was := hiddenIn(like, "at"), hiddenIn(like, "at_was")
	if at == "" || !strings.HasPrefix(was, at+" ") {
		t.Fatalf("the place it was stowed in last: %q %q", at, was)
	}
	_, text, _ := strings.Cut(was, " ")
	other, err := w.things.EnsureLocation(t.Context(), w.tech.Actor(), "Annex", "room")
	w.ok(err)
	res := b.post("/assets", "what", second.Title(), "tag", "A-9001", "quantity", "1", "status", "stowed",
		"at", at, "at_was", strings.ReplaceAll(was, "&gt;", ">"), "at_text", strings.ReplaceAll(text, "&gt;", ">"), "at_quick", fmt.Sprintf("location:%d", other.ID))
	if res.Code != http.StatusSeeOther {
		t.Fatalf("%d %s", res.Code, problemText(res.Body.String()))
	}
	if now := w.assetByTag("A-9001"); now.LocationID == nil || *now.LocationID != other.ID {
		t.Fatalf("it is in %s", now.LocationPath)
	}
}

// TestEnterInABar: without scripts the Enter key in a bar below a list does
// what belongs to the field, and nothing to tickets.
func TestEnterInABar(t *testing.T) {
	w := newWorld(t, dbOf(t))
	w.story()
	w.stock()
	b := w.session(w.tech)
	a := w.assetByTag("A-0002")
	row := fmt.Sprintf("%d:%d", a.ID, a.Moves)
	if res := b.post("/assets/bulk", "do", "", "row", row, "stow_text", "", "deploy_text", "Ben Achebe"); res.Code != http.StatusSeeOther {
		t.Fatalf("%d %s", res.Code, mainOf(res.Body.String()))
	}
	if now := w.assetByTag("A-0002"); now.HolderName != "Ben Achebe" {
		t.Fatalf("it is with %q", now.HolderName)
	}
	for _, path := range []string{"/assets/bulk", "/tickets/bulk"} {
		shows(t, b.post(path, "row", "4:1", "do", ""), http.StatusUnprocessableEntity, "nothing was changed")
	}
}
