package web

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker"
)

var _ = example("/tickets/{number}/ask", "/tickets/7/ask", "/tickets/6/ask?kind=understood", "/tickets/9/ask")

func init() {
	chapters = append(chapters, func(w *world) {
		by := w.tech.Actor()
		_, err := w.SetFact(w.t.Context(), by, 7, tracker.FactCause, "the licence service had stopped after the update", 0)
		w.ok(err)
		t, err := w.TicketByNumber(w.t.Context(), 1)
		w.ok(err)
		if t.Fix == "" {
			return
		}
		_, err = w.SetWorkaround(w.t.Context(), by, 1, true, tracker.AnyVersion)
		w.ok(err)
	})
}

// TestFromUnknownToDone drives a request from what is unknown of it to its
// end: ask, the reply fills in, understood, yes, diagnosis, work-around, done.
func TestFromUnknownToDone(t *testing.T) {
	d := newDrive(t, usual, 1440, 900)
	hana := func(text string) {
		d.w.arrives(letter{name: "Hana Sato", address: "hana.sato@aldermere.example", subject: "Re: database", text: text, answers: "m7@mail.example"})
	}
	d.open("/tickets/7")
	d.listens()
	d.sees("#unknowns .fact", "since eight o'clock")
	d.sees("#unknowns header", "unknown")
	d.sees("#unknowns a", "Ask for what is missing").MustClick()
	text := d.sees("main", "Send it").MustElement("textarea").MustProperty("value").Str()
	if !strings.Contains(text, "1. ") || strings.Contains(text, "Since when?") || strings.Contains(text, "What happened?") {
		t.Fatalf("it asks:\n%s", text)
	}
	asked := strings.Count(text, "?")
	if n := d.w.count(`SELECT count(*) FROM question WHERE message_id IS NOT NULL`); n != 0 {
		t.Fatal("looking at the mail sent it")
	}
	d.sees("main button", "Send it").MustClick()
	d.sees("#unknowns .ask-row", "was asked")
	// An answer without numbers is assigned by one click.
	hana("It happens on every computer.")
	d.listens()
	d.sees("#unknowns .loose", "every computer")
	d.sees("#unknowns .loose button", "Again").MustClick()
	d.sees("#unknowns .fact", "It happens on every computer.")
	d.listens()
	var reply strings.Builder
	for n := 1; n <= asked; n++ {
		fmt.Fprintf(&reply, "%d. answer number %d\n", n, n)
	}
	hana(reply.String())
	d.sees("#unknowns header", "all known")
	// Corrected in place, by hand.
	d.sees("#unknowns summary", "Effect on work").MustClick()
	d.sees("#unknowns details[open]", "Effect on work").MustElement("textarea").MustSelectAllText().MustInput("The month can not be closed")
	d.sees("#unknowns details[open] button", "Save").MustClick()
	d.sees("#unknowns .fact", "by Tomas")
	d.sees("#unknowns a", "Ask if I understood").MustClick()
	if text := d.sees("main", "Send it").MustElement("textarea").MustProperty("value").Str(); !strings.Contains(text, "The month can not be closed") {
		t.Fatalf("it says:\n%s", text)
	}
	d.sees("main button", "Send it").MustClick()
	d.sees("#unknowns .ask-row", "was asked whether")
	d.listens()
	hana("Yes, exactly. Thanks")
	d.sees("#diagnosis > summary", "1 written")
	d.open("/tickets/7") // it stays folded under somebody's hands
	d.sees("#diagnosis .fact", "Yes, exactly")
	if n := d.w.count(`SELECT count(*) FROM ticket WHERE number = 7 AND stage IN ('requested', 'in_progress')`); n != 1 {
		t.Fatal("the yes moved the ticket")
	}
	d.sees("#diagnosis summary", "Root cause").MustClick()
	d.sees("#diagnosis details[open]", "Root cause").MustElement("textarea").MustInput("the licence service had stopped")
	d.sees("#diagnosis details[open] button", "Save").MustClick()
	d.sees("#diagnosis .fact", "licence service")
	// Completing asks for the sentence.
	d.MustElement(`label[for="tab-fix"]`).MustClick()
	d.sees(".f-fix .sentence", "work-around").MustElement(`input[type="checkbox"]`).MustClick()
	d.write("fix", "Started the service by hand.", "Complete without asking")
	d.sees(".f-fix .refusal", "one sentence")
	if !d.MustElement(`.f-fix input[name="workaround"]`).MustProperty("checked").Bool() {
		t.Error("the tick is lost")
	}
	d.MustElement("#fix-summary").MustInput("Nobody could close the month because the licence service had stopped.")
	d.sees(".f-fix button", "Complete without asking").MustClick()
	d.sees(".prop > summary .stage", "Completed")
	d.sees(".said-why", "Nobody could close the month")
	d.open("/tickets")
	d.sees("a", "Loose ends").MustClick()
	d.sees("#workarounds li", "Started the service by hand.")
	d.sees("#workarounds li button", "Open a ticket").MustClick()
	d.sees(".thead h2", "Fix properly: Cannot reach the accounting database")
	d.open("/tickets/loose")
	d.sees("#workarounds", "Nothing runs on a work-around")
}

func TestSentencesAndWhomWeSupport(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		w := newWorld(t, db)
		w.story()
		b := w.session(w.tech)
		// A question that is refused still knows what its author had read.
		last := fmt.Sprint(w.count(`SELECT MAX(m.id) FROM message m JOIN ticket t ON t.id = m.ticket_id WHERE t.number = 7 AND m.state = 'shown'`))
		for seen, code := range map[string]int{last: http.StatusUnprocessableEntity, "1": http.StatusConflict} {
			res := b.post("/tickets/7/ask", "kind", "ask", "items", "when", "text", "Since when?", "seen", seen, "once", "")
			if res.Code != code || !strings.Contains(res.Body.String(), `name="seen" value="`+last+`"`) {
				t.Errorf("asked having read %s: %d", seen, res.Code)
			}
		}
		// A form that knows no sentence is refused, and nothing typed is lost.
		v := fmt.Sprint(w.version("ticket", 4))
		res := b.post("/tickets/4/fix", "version", v, "fix", "Cleaned <b>it</b>", "then", "confirming", "workaround", "1")
		if body := res.Body.String(); res.Code != http.StatusUnprocessableEntity || !strings.Contains(body, "Cleaned &lt;b&gt;it&lt;/b&gt;") || !strings.Contains(body, "one sentence") {
			t.Fatalf("without a sentence: %d", res.Code)
		}
		if res := b.post("/tickets/4/fix", "version", v, "fix", "Cleaned it", "then", "completed", "summary", "The glass was dirty."); res.Code != http.StatusSeeOther {
			t.Fatalf("with one: %d", res.Code)
		}
		if n := w.count(`SELECT count(*) FROM ticket WHERE number = 4 AND summary = 'The glass was dirty.' AND stage = 'completed' AND NOT workaround`); n != 1 {
			t.Fatal("it is not completed with its sentence")
		}
		// Whom we support: their things, their history, their name.
		v = fmt.Sprint(w.version("ticket", 7))
		if res := b.post("/tickets/7/for", "version", v, "was", "0", "address", "priya.raman@aldermere.example"); res.Code != http.StatusSeeOther {
			t.Fatalf("for: %d %s", res.Code, mainOf(res.Body.String()))
		}
		page := b.get("/tickets/7").Body.String()
		for _, want := range []string{"for-line", "Priya Raman", "Access to the folder of the audit"} {
			if !strings.Contains(page, want) {
				t.Errorf("the page lacks %q", want)
			}
		}
		res = b.post("/tickets/7/for", "version", v, "was", "0", "address", "ben.achebe@aldermere.example")
		if body := res.Body.String(); res.Code != http.StatusConflict || !strings.Contains(body, "Priya Raman") || !strings.Contains(body, "ben.achebe") {
			t.Fatalf("a stale edit: %d", res.Code)
		}
		// Two people, one line.
		if res := b.post("/tickets/7/facts", "item", "cause", "version", "0", "value", "mine <script>"); res.Code != http.StatusSeeOther {
			t.Fatalf("fact: %d", res.Code)
		}
		res = b.post("/tickets/7/facts", "item", "cause", "version", "0", "value", "theirs")
		if body := res.Body.String(); res.Code != http.StatusConflict || !strings.Contains(body, "mine &lt;script&gt;") || !strings.Contains(body, "theirs") {
			t.Fatalf("a stale line: %d", res.Code)
		}
		if page := b.get("/tickets/7").Body.String(); strings.Contains(page, "mine <script>") {
			t.Fatal("markup")
		}
		if res := b.post("/tickets/7/facts", "item", "shoe", "version", "0", "value", "x"); res.Code != http.StatusUnprocessableEntity {
			t.Fatalf("no such line: %d", res.Code)
		}
	})
}
