package web

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"helpdeskd/tracker"
)

var _ = example("/people/same") && example("/people/{id}/same", "/people/1/same", "/people/1/same?other=2") &&
	example("/people/{id}/addresses/remove", "/people/1/addresses/remove?address=nobody@corp.example") &&
	example("/people/import") && example("/people/import/{id}") && example("/people/import/sample.csv") && example("/people/export.csv") && example("/people/import/problems.csv") &&
	example("/people/import/check", "/people/import/check?file="+tracker.Digest([]byte(peopleText)))

const peopleText = "Name;E-Mail;Department;Notes\nRosa Lund;rosa@corp.example;Finance;x\n;nobody@corp.example;;\n"

func init() {
	chapters = append(chapters, func(w *world) {
		_, _, err := w.PutBlob(w.t.Context(), strings.NewReader(peopleText))
		w.ok(err)
	})
}

// TestPeopleImportPages: a file is looked at, imported, and found as it is.
func TestPeopleImportPages(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		b := w.session(w.tech)
		wantPage(t, b, "/people", `href="/people/import"`, `href="/people/export.csv`)
		res := b.post("/people/import", "text", peopleText)
		to := res.Header().Get("Location")
		if res.Code != http.StatusSeeOther {
			t.Fatalf("%d %s", res.Code, mainOf(res.Body.String()))
		}
		page := b.get(to).Body.String()
		for _, want := range []string{"1 is new", "1 has a problem", "There is no name.", "Left out: Notes.", "Import the 1 good row"} {
			if !strings.Contains(page, want) {
				t.Errorf("the page does not say %q:\n%s", want, mainOf(page))
			}
		}
		_, form, _ := strings.Cut(page, `action="/people/import/run"`)
		form, _, _ = strings.Cut(form, "</form>")
		var pairs []string
		for _, m := range importHidden.FindAllStringSubmatch(form, -1) {
			pairs = append(pairs, m[1], m[2])
		}
		res = b.post("/people/import/run", pairs...)
		if res.Code != http.StatusSeeOther {
			t.Fatalf("%d %s", res.Code, mainOf(res.Body.String()))
		}
		wantPage(t, b, res.Header().Get("Location"), "1 person is new and 1 row was left out.")
		wantPage(t, b, to, "1 is as it is here already")
		if out := b.get("/people/export.csv"); out.Code != http.StatusOK || !strings.Contains(out.Body.String(), "Rosa Lund,rosa@corp.example,Finance,,no") {
			t.Errorf("%d %s", out.Code, out.Body)
		}
		if res := w.session(w.manager).get("/people/export.csv"); res.Code != http.StatusForbidden {
			t.Errorf("a manager exports people: %d", res.Code)
		}
	})
}

// TestOnePersonTwice: a person's addresses, and two people who become one, as
// a technician does it.
func TestOnePersonTwice(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		b := w.session(w.tech)
		add := func(name, address string) int64 {
			c, err := w.AddClient(t.Context(), tracker.Actor{}, tracker.Address{Name: name, Address: address}, tracker.ClientChange{})
			w.ok(err)
			return c.ID
		}
		first, second := add("Rosa Lund", "rosa@corp.example"), add("Rosa  LUND", "rosa.lund@corp.example")
		other := add("Rosa Lund", "lund@corp.example")
		page := personPath(first)
		version := func(id int64) string { return fmt.Sprint(w.version("client", id)) }

		// Somebody else's address offers to make the two one; another one is added, chosen and taken off.
		res := b.post(page+"/addresses", "version", version(first), "address", "rosa.lund@corp.example")
		if body := mainOf(res.Body.String()); res.Code != http.StatusUnprocessableEntity || !strings.Contains(body, fmt.Sprintf(`href="%s/same?other=%d"`, page, second)) || !strings.Contains(body, `value="rosa.lund@corp.example"`) {
			t.Fatalf("%d %s", res.Code, body)
		}
		if res := b.post(page+"/addresses", "version", "0", "address", "r@corp.example"); res.Code != http.StatusConflict || !strings.Contains(res.Body.String(), `value="r@corp.example"`) {
			t.Errorf("a stale form: %d", res.Code)
		}
		if res := b.post(page+"/addresses", "version", version(first), "address", "R@corp.example"); res.Code != http.StatusSeeOther {
			t.Fatalf("%d %s", res.Code, mainOf(res.Body.String()))
		}
		if res := b.post(page+"/addresses/main", "version", version(first), "address", "r@corp.example"); res.Code != http.StatusSeeOther {
			t.Fatalf("%d", res.Code)
		}
		wantPage(t, b, page, `/tickets/new?for=r%40corp.example`, "rosa@corp.example")
		wantPage(t, b, page+"/addresses/remove?address=rosa@corp.example", "Take rosa@corp.example off Rosa Lund?")
		if res := b.post(page+"/addresses/remove", "version", version(first), "address", "rosa@corp.example"); res.Code != http.StatusSeeOther {
			t.Fatalf("%d", res.Code)
		}
		if res := b.post(page+"/addresses/remove", "version", version(first), "address", "r@corp.example"); res.Code != http.StatusUnprocessableEntity || !strings.Contains(res.Body.String(), "only address") {
			t.Errorf("the last address: %d", res.Code)
		}

		// The three are suggested, one of them is another Rosa, two are the same.
		wantPage(t, b, "/people", "3 pairs of people", `href="/people/same"`)
		wantPage(t, b, "/people/same", "The same name", fmt.Sprintf(`/people/%d/same?other=%d`, first, second))
		for _, one := range []int64{first, second} {
			if res := b.post("/people/apart", "a", fmt.Sprint(other), "b", fmt.Sprint(one)); res.Code != http.StatusSeeOther {
				t.Fatalf("%d", res.Code)
			}
		}
		wantPage(t, b, "/people", "1 pair of people")
		if res := b.post(page+"/same", "target_text", "nobody at all"); res.Code != http.StatusUnprocessableEntity || !strings.Contains(res.Body.String(), "nobody at all") {
			t.Errorf("%d", res.Code)
		}
		res = b.post(page+"/same", "target", fmt.Sprint(second), "target_text", "Rosa LUND")
		to := res.Header().Get("Location")
		if res.Code != http.StatusSeeOther || to != fmt.Sprintf("%s/same?other=%d", page, second) {
			t.Fatalf("%d to %q", res.Code, to)
		}
		wantPage(t, b, to, "This can not be taken back.", "r@corp.example", "rosa.lund@corp.example", `name="main"`)
		form := []string{"other", fmt.Sprint(second), "a_version", version(first), "b_version", version(second), "name", "b", "main", "rosa.lund@corp.example"}
		if res := b.post(page+"/same", append([]string{"b_version", "0"}, form...)...); res.Code != http.StatusConflict {
			t.Errorf("a stale form: %d", res.Code)
		}
		if res := b.post(page+"/same", form...); res.Code != http.StatusSeeOther || res.Header().Get("Location") != page {
			t.Fatalf("%d %s", res.Code, mainOf(res.Body.String()))
		}
		if res := b.get(personPath(second)); res.Code != http.StatusSeeOther || res.Header().Get("Location") != page {
			t.Errorf("the other page: %d to %q", res.Code, res.Header().Get("Location"))
		}
		wantPage(t, b, page, "Rosa LUND is one person now.", "/tickets/new?for=rosa.lund%40corp.example", "r@corp.example")
		wantPage(t, b, "/people/same", "Nobody looks like somebody else")
		admin := w.session(w.admin)
		wantPage(t, admin, "/audit?about=client", "Rosa LUND", "made one with another")
	})
}
