package web

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker"
)

// linkTo is a link of the tests to a ticket in a stage.
func linkTo(stage string) string { return "/r/" + tokenOf(stage) }

func tokenOf(stage string) string {
	return (strings.ReplaceAll(stage, "_", "") + strings.Repeat("q2", 13))[:26]
}

func init() { chapters = append(chapters, (*world).linked) }

var _ = example("/r/{token}", linkTo("confirming"), linkTo("confirming")+"?solved=no", linkTo("completed")+"?rate=2&done=rated", linkTo("requested")) &&
	example("/r/{token}/files/{uid}") && example("/my/{number}") && example("/my/{number}/files/{uid}")

// linked gives the newest ticket of each stage that has a client a link, sends
// its answers, and has the desk ask how it was.
func (w *world) linked() {
	w.t.Helper()
	ctx := w.t.Context()
	w.ok(w.SetSetting(ctx, w.admin.Actor(), tracker.SetSatisfaction, "on"))
	for _, stage := range []string{"requested", "confirming", "completed"} {
		var t struct {
			ID       int64 `db:"id"`
			ClientID int64 `db:"client_id"`
		}
		w.ok(w.DB().Get(ctx, &t, `SELECT id, client_id FROM ticket WHERE stage = ? AND client_id IS NOT NULL AND archived_at IS NULL ORDER BY id DESC LIMIT 1`, stage))
		w.link(tokenOf(stage), t.ID, t.ClientID)
		w.exec(`UPDATE outbox SET state = 'sent', sent_at = created_at WHERE ticket_id = ? AND kind = 'reply'`, t.ID)
	}
}

func (w *world) exec(query string, args ...any) {
	w.t.Helper()
	w.ok(w.DB().Tx(w.t.Context(), func(tx *migrations.Tx) error {
		_, err := tx.Exec(w.t.Context(), query, args...)
		return err
	}))
}

// link keeps a link as the mailer would.
func (w *world) link(token string, ticketID, clientID int64) {
	w.t.Helper()
	w.exec(`INSERT INTO client_link (hash, ticket_id, client_id, outbox_id, expires_at, created_at) VALUES (?, ?, ?, (SELECT MAX(id) FROM outbox), ?, ?)`,
		tracker.HashToken(token), ticketID, clientID, migrations.At(w.Now().Add(24*time.Hour)), migrations.At(w.Now()))
}

// asked opens a ticket of Anna's that waits for her answer, and returns its number and link.
func (w *world) asked(l letter) (number int64, page string) {
	w.t.Helper()
	o, _ := w.arrives(l)
	n, err := tracker.ParseTicketName(o.Ticket)
	w.ok(err)
	_, err = w.SetStage(w.t.Context(), w.tech.Actor(), n, tracker.StageChange{Stage: tracker.Confirming, Fix: "Replaced the fuser"}, tracker.AnyVersion)
	w.ok(err)
	t, err := w.TicketByNumber(w.t.Context(), n)
	w.ok(err)
	w.exec(`UPDATE outbox SET state = 'sent', sent_at = created_at WHERE ticket_id = ? AND kind = 'reply'`, t.ID)
	token, _ := tracker.NewToken()
	w.link(token, t.ID, t.ClientID)
	return n, "/r/" + token
}

func (w *world) stage(number int64, want tracker.Stage) tracker.Ticket {
	w.t.Helper()
	t, err := w.TicketByNumber(w.t.Context(), number)
	w.ok(err)
	if t.Stage != want {
		w.t.Fatalf("%s is %s, want %s", t.Name(), t.Stage, want)
	}
	return t
}

// TestTheEmployeesPageIsInert: looking changes nothing, nobody keeps it, and
// what strangers wrote is text.
func TestTheEmployeesPageIsInert(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		const attack = `<script>alert(1)</script><img src=x onerror=alert(2)>`
		n, page := w.asked(letter{name: "Eve " + attack, address: "eve@aldermere.example", subject: "Hi " + attack, text: "Body " + attack + " https://evil.example/" + strings.Repeat("a", 9),
			files: []file{{"page" + attack + ".html", "text/html", "", []byte(attack)}, {"photo.png", "image/png", "", []byte("\x89PNG")}}})
		b := &browse{w: w}
		watch := w.watch()
		for _, q := range []string{"", "?solved=yes", "?solved=no", "?rate=3", "?done=yes", "?done=" + attack} {
			for _, method := range []string{http.MethodGet, http.MethodHead} {
				r := posted(page+strings.ReplaceAll(q, " ", "+"), "", nil)
				r.Method = method
				r.Header.Set("Purpose", "prefetch")
				res := b.do(r)
				if changed := slices.DeleteFunc(watch.changed(), func(t string) bool { return t == "lease" }); res.Code != http.StatusOK || len(changed) > 0 {
					t.Fatalf("%s %s: %d, changed %v", method, q, res.Code, changed)
				}
				h := res.Header()
				if h.Get("Referrer-Policy") != "strict-origin" || !strings.Contains(h.Get("Cache-Control"), "no-store") || !strings.Contains(h.Get("X-Robots-Tag"), "noindex") ||
					!strings.Contains(h.Get("Content-Security-Policy"), "frame-ancestors 'none'") || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Set-Cookie") != "" {
					t.Fatalf("headers %v", h)
				}
				if body := res.Body.String(); method == http.MethodGet && (strings.Contains(body, "<script>alert") || strings.Contains(body, "<img src=x") || !strings.Contains(body, "Body &lt;script&gt;")) {
					t.Fatalf("%s: %s", q, body)
				}
			}
		}
		w.stage(n, tracker.Confirming)
		body := b.get(page).Body.String()
		for _, m := range regexp.MustCompile(page+`/files/[a-z2-7]+`).FindAllString(body, -1) {
			res := b.get(m)
			if h := res.Header(); res.Code != http.StatusOK || h.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(h.Get("Content-Security-Policy"), "sandbox") || !strings.Contains(h.Get("Cache-Control"), "no-store") ||
				strings.Contains(h.Get("Content-Type"), "html") || strings.ContainsAny(h.Get("Content-Disposition"), "\r\n") {
				t.Fatalf("%s: %d %v", m, res.Code, h)
			}
		}
		// A file of another ticket, of a mail that is held, of a note: not here.
		var uids []string
		w.ok(w.DB().Select(t.Context(), &uids, `SELECT uid FROM attachment WHERE message_id NOT IN (SELECT m.id FROM message m JOIN ticket x ON x.id = m.ticket_id WHERE x.number = ?) UNION ALL SELECT uid FROM file`, n))
		for _, uid := range uids {
			if res := b.get(page + "/files/" + uid); res.Code != http.StatusNotFound {
				t.Fatalf("the file %s: %d", uid, res.Code)
			}
		}
		// The forms of a stranger: another's number and ids change nothing there.
		other, _ := w.asked(letter{name: "Ben", address: "ben@aldermere.example", subject: "Mine", text: "Mine"})
		res := b.post(page+"/answer", "solved", "yes", "ticket", "1", "number", "2", "client_id", "1", "ticket_id", "1")
		if res.Code != http.StatusSeeOther || res.Header().Get("Location") != page+"?done=yes" {
			t.Fatalf("yes: %d %v", res.Code, res.Header())
		}
		w.stage(n, tracker.Completed)
		w.stage(other, tracker.Confirming)
	})
}

// TestTheEmployeesWay: words, files, no, yes, again, how it was.
func TestTheEmployeesWay(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		w.ok(w.SetSetting(t.Context(), w.admin.Actor(), tracker.SetSatisfaction, "on"))
		n, page := w.asked(letter{name: "Anna Kovac", address: "anna.k@aldermere.example", subject: "Half pages", text: "Only half of each page."})
		b := &browse{w: w}
		shows := func(q string, all ...string) {
			t.Helper()
			body := b.get(page + q).Body.String()
			for _, want := range all {
				if !strings.Contains(body, want) {
					t.Fatalf("no %q in %s", want, body)
				}
			}
		}
		to := func(path, done string, fields ...string) {
			t.Helper()
			if res := b.post(page+path, fields...); res.Code != http.StatusSeeOther || res.Header().Get("Location") != page+"?done="+done {
				t.Fatalf("%s %v: %d %v %s", path, fields, res.Code, res.Header().Get("Location"), res.Body)
			}
		}
		shows("", "Half pages", "Only half of each page.", "Replaced the fuser", "Is it fixed?", `aria-current="step"`, "within 7 days")
		if res := b.post(page+"/rate", "score", "3"); res.Code != http.StatusConflict {
			t.Fatalf("rated too early: %d", res.Code)
		}
		if res := b.post(page+"/answer", "solved", "maybe"); res.Code != http.StatusUnprocessableEntity {
			t.Fatalf("maybe: %d", res.Code)
		}
		to("/answer", "no", "solved", "no", "why", "Page two is blank.", "text", "And it smells.", "once", "n1")
		x := w.stage(n, tracker.Requested)
		shows("?done=no", "Thank you for telling us", "Page two is blank.\n\nAnd it smells.", "Received")
		shows("", "A few questions", "answer the questions below", "Since when?", `name="answer_effect"`)
		if body := b.get(page).Body.String(); strings.Contains(body, "What happened?") {
			t.Fatal("what is known is asked")
		}
		if res := b.post(page+"/say", "do", "fill", "answer_when", " ", "once", "f0"); res.Code != http.StatusUnprocessableEntity || !strings.Contains(res.Body.String(), "at least one") {
			t.Fatalf("no answer: %d", res.Code)
		}
		if res := b.post(page+"/say", "do", "fill", "answer_when", "Since <b>noon</b>", "answer_effect", strings.Repeat("x", 2001), "text", "It <i>smells</i>", "once", "f0"); res.Code != http.StatusUnprocessableEntity ||
			!strings.Contains(res.Body.String(), "Since &lt;b&gt;noon") || !strings.Contains(res.Body.String(), `id="answer_effect-error"`) || !strings.Contains(res.Body.String(), "It &lt;i&gt;smells") || !strings.Contains(res.Body.String(), "xxxxx") {
			t.Fatalf("too long: %d %s", res.Code, res.Body)
		}
		// Whichever button is pressed: what was answered, said and attached goes out as one.
		if res := b.sendForm(page+"/say", []file{{name: "half.txt", data: []byte("half")}}, "answer_when", "Since <b>noon</b>", "answer_effect", "", "text", "It smells, too.", "once", "f1"); res.Header().Get("Location") != page+"?done=filled" {
			t.Fatalf("answers with words and a file: %d %s", res.Code, res.Body)
		}
		shows("?done=filled", "Thank you for your answers", "Since when?\nSince &lt;b&gt;noon&lt;/b&gt;\n\nIt smells, too.", "half.txt", `name="answer_effect"`)
		if strings.Contains(b.get(page).Body.String(), `name="answer_when"`) {
			t.Fatal("asked twice")
		}
		if res := b.post(page+"/answer", "solved", "yes"); res.Code != http.StatusConflict || !strings.Contains(res.Body.String(), "being worked on") {
			t.Fatalf("yes to nothing: %d", res.Code)
		}
		if res := b.sendForm(page+"/say", []file{{name: "blank.txt", data: []byte("blank")}}, "text", "A picture of it", "once", "s1"); res.Code != http.StatusSeeOther {
			t.Fatalf("a file: %d %s", res.Code, res.Body)
		}
		shows("", "A picture of it", "blank.txt")
		if res := b.post(page+"/say", "text", "", "once", "s2"); res.Code != http.StatusUnprocessableEntity || !strings.Contains(res.Body.String(), "Please write something") {
			t.Fatalf("nothing: %d", res.Code)
		}
		_, err := w.SetStage(t.Context(), w.tech.Actor(), n, tracker.StageChange{Stage: tracker.Confirming}, tracker.AnyVersion)
		w.ok(err)
		to("/say", "yes", "text", "Yes, it works now. Thank you!", "once", "s3")
		if w.stage(n, tracker.Completed).Unconfirmed {
			t.Fatal("not confirmed")
		}
		to("/say", "kept", "text", "Thanks a lot", "once", "s4")
		w.stage(n, tracker.Completed)
		shows("", "Is something still wrong?", "How was it?", "Open it again")
		to("/rate", "rated", "score", "2", "comment", "It took long")
		to("/rate", "rated", "score", "3", "comment", "But <b>good</b>")
		shows("", `value="3" checked`, "But &lt;b&gt;good&lt;/b&gt;", "Change it")
		for _, score := range []string{"0", "4", "", "x"} {
			if res := b.post(page+"/rate", "score", score); res.Code != http.StatusUnprocessableEntity {
				t.Fatalf("score %q: %d", score, res.Code)
			}
		}
		if body := w.session(w.tech).get(ticketPath(n)).Body.String(); !strings.Contains(body, "How it was") || !strings.Contains(body, "But &lt;b&gt;good") || !strings.Contains(body, "Anna Kovac") {
			t.Fatal("the ticket does not tell how it was")
		}
		if res := b.post(page+"/say", "open", "again", "text", ""); res.Code != http.StatusUnprocessableEntity {
			t.Fatalf("again without why: %d", res.Code)
		}
		to("/say", "again", "open", "again", "text", "Thanks", "once", "s5")
		if y := w.stage(n, tracker.Requested); !y.News || y.Number != x.Number {
			t.Fatalf("again: %+v", y)
		}
		// The person takes part no longer, the ticket is gone: the same friendly page.
		b.post(page+"/rate", "score", "3")
		w.ok(w.DeleteTicket(t.Context(), w.admin.Actor(), n, "A test"))
		first := ""
		for _, p := range []string{page, "/r/" + strings.Repeat("a", 26), "/r/x", "/r/" + strings.ToUpper(page[3:])} {
			res := b.get(p)
			if first == "" {
				first = res.Body.String()
			}
			if res.Code != http.StatusNotFound || res.Body.String() != first || !strings.Contains(first, "/my") {
				t.Fatalf("%s: %d %s", p, res.Code, res.Body)
			}
		}
		if res := b.post(page+"/say", "text", "Is anybody there?"); res.Code != http.StatusNotFound || !strings.Contains(res.Body.String(), "Is anybody there?") {
			t.Fatalf("what was typed is lost: %d", res.Code)
		}
	})
}

// TestStrangersSendNoFiles: a body larger than a form's is read for whoever
// holds a link only.
func TestStrangersSendNoFiles(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, migrations.SQLite))
	w.story()
	_, page := w.asked(letter{name: "Anna", address: "anna.k@aldermere.example", subject: "Half", text: "Half."})
	b := &browse{w: w}
	large := []file{{name: "large.bin", data: []byte(strings.Repeat("x", 2<<20))}}
	if res := b.sendForm("/r/"+strings.Repeat("a", 26)+"/say", large, "text", "x"); res.Code != http.StatusRequestEntityTooLarge {
		t.Fatalf("a stranger: %d", res.Code)
	}
	if res := b.sendForm(page+"/say", large, "text", "x"); res.Code != http.StatusSeeOther {
		t.Fatalf("with a link: %d %s", res.Code, res.Body)
	}
	if res := b.sendForm(page+"/say", []file{{name: "huge.bin", data: []byte(strings.Repeat("x", 21<<20))}}, "text", "Kept words"); res.Code != http.StatusUnprocessableEntity || !strings.Contains(res.Body.String(), "Kept words") {
		t.Fatalf("too large: %d", res.Code)
	}
}

// TestNoTechnicianFollowsAClientsLink: what a client quotes of our mails is
// shown to nobody with the link in it, as text or in its own design; and no
// link stands in the log.
func TestNoTechnicianFollowsAClientsLink(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, migrations.SQLite))
	w.story()
	stolen := strings.Repeat("k7", 13)
	link := "https://desk.example/r/" + stolen + "?solved=yes"
	o, _ := w.arrives(letter{name: "Anna", address: "anna.k@aldermere.example", subject: "Still", text: "See " + link, quoted: "> " + link, html: `<p>See <a href="` + link + `">` + link + `</a></p>`})
	n, err := tracker.ParseTicketName(o.Ticket)
	w.ok(err)
	b := w.session(w.tech)
	page := b.get(ticketPath(n)).Body.String()
	frames := regexp.MustCompile(`/messages/\d+/html`).FindAllString(page, -1)
	if len(frames) == 0 {
		t.Fatal("the mail has no design of its own")
	}
	for _, frame := range frames {
		page += b.get(frame).Body.String()
	}
	if strings.Contains(page, stolen) || !strings.Contains(page, "/r/…") {
		t.Fatal("the link can be followed")
	}

	var log strings.Builder
	site, err := New(w.Store, w.things, Options{Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	w.ok(err)
	_, own := w.asked(letter{name: "Anna", address: "anna.k@aldermere.example", subject: "Half", text: "Half."})
	for _, r := range []*http.Request{httptest.NewRequest(http.MethodGet, own, nil), posted(own+"/answer", "application/x-www-form-urlencoded", []byte("solved=maybe")), posted(own+"/nothing", "text/plain", nil)} {
		site.ServeHTTP(httptest.NewRecorder(), r)
	}
	if out := log.String(); strings.Contains(out, own[3:]) || !strings.Contains(out, "/r/{token}") {
		t.Fatalf("the log: %s", out)
	}
}
