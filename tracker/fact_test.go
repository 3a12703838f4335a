package tracker

import (
	"archive/zip"
	"bytes"
	"context"
	"io"
	"strings"
	"testing"

	"helpdeskd/migrations"
)

func TestWhatMailsSayPlainly(t *testing.T) {
	type facts map[FactItem]string
	for _, x := range []struct {
		subject, text string
		want          facts
	}{
		{"Printer", "Please help!", facts{}},
		{"Help", "Hello Maria,\n\nthe scanner on the second floor does not pull in paper since Monday morning. It happens every time. When I press the green button, it beeps.\nI cannot work like this.\n\nBest regards\nAnna",
			facts{FactWhat: "the scanner on the second floor does not pull in paper since Monday morning.", FactWhen: "since Monday morning", FactRepeat: "It happens every time.",
				FactDoing: "When I press the green button, it beeps.", FactEffect: "I cannot work like this."}},
		{"Drucker", "Guten Tag, seit gestern geht der Drucker nicht.\nDas passiert jedes Mal.", facts{FactWhat: "Guten Tag, seit gestern geht der Drucker nicht.", FactWhen: "seit gestern", FactRepeat: "Das passiert jedes Mal."}},
		{"Imprimante", "Bonjour,\nl'imprimante ne marche pas depuis lundi, à chaque fois.", facts{FactWhat: "l'imprimante ne marche pas depuis lundi, à chaque fois.", FactWhen: "depuis lundi", FactRepeat: "l'imprimante ne marche pas depuis lundi, à chaque fois."}},
		{"A question", "Since I am away next week, can somebody water the server?", facts{FactWhat: "Since I am away next week, can somebody water the server?"}},
	} {
		got := facts{}
		for _, s := range readFacts(x.subject, x.text) {
			got[s.item] = s.value
		}
		delete(x.want, "")
		if x.subject == "A question" {
			if got[FactWhen] != "" {
				t.Errorf("%q: since when is %q", x.text, got[FactWhen])
			}
			continue
		}
		for _, i := range Checklist() {
			if got[i] != x.want[i] {
				t.Errorf("%q\n  %s: %q, want %q", x.text, i, got[i], x.want[i])
			}
		}
	}
	huge := strings.Repeat("The screen does not work since Monday ", 100_000)
	for _, s := range readFacts(huge, huge) {
		if len(s.value) > 2*maxQuoted {
			t.Errorf("%s has %d bytes", s.item, len(s.value))
		}
	}
}

func TestWhomMailsAreFor(t *testing.T) {
	for text, want := range map[string]behalf{
		"I write on behalf of Carl Weber, who has no mail now.":               {Name: "Carl Weber"},
		"Please reset the password, on behalf of carl@aldermere.example":      {Address: "carl@aldermere.example"},
		"For my colleague Carl Weber: his screen is dark.":                    {Name: "Carl Weber"},
		"This is for my colleague, in copy: her screen is dark.":              {Copied: true},
		"Frau Weber kann nicht drucken.":                                      {Name: "Weber", Surname: true},
		"Frau Weber hat mir gesagt, dass der Drucker geht.":                   {},
		"Ich schreibe im Namen von Herrn Weber, er kommt nicht ins Netz.":     {Name: "Weber", Surname: true},
		"Mrs Weber cannot sign in.":                                           {Name: "Weber", Surname: true},
		"Mr Smith sold us the printer. I cannot print.":                       {},
		"Je vous écris au nom de Carl Weber.":                                 {Name: "Carl Weber"},
		"For my laptop I need a bag.":                                         {},
		"On behalf of all of us: thank you.":                                  {},
		strings.Repeat("on behalf of ", 100_000):                              {},
		"on behalf of <b>Carl</b> " + strings.Repeat("Weber ", 1000) + "said": {},
	} {
		if got := behalfOf(text); got != want {
			t.Errorf("%.80q: %+v, want %+v", text, got, want)
		}
	}
}

func TestAnswersAreAssigned(t *testing.T) {
	const three = "when,repeat,asset"
	type answers map[FactItem]string
	for name, x := range map[string]struct {
		list, text, reply string
		want              answers
	}{
		"one":             {"when", "", "Since this morning, I think.\nBut not on Monday.", answers{FactWhen: "Since this morning, I think.\nBut not on Monday."}},
		"one, numbered":   {"when", "", "1. Since Monday\n\nAnna", answers{FactWhen: "Since Monday"}},
		"one, thanks":     {"when", "", "Thank you!", answers{}},
		"numbered":        {three, "", "Hello,\n1. Since Monday\n2) yes,\nevery time\n(3) NB-0042\n\nAnna", answers{FactWhen: "Since Monday", FactRepeat: "yes,\nevery time", FactAsset: "NB-0042"}},
		"some":            {three, "", "2: no", answers{FactRepeat: "no"}},
		"not assigned":    {three, "", "Since Monday, and yes, always.", answers{}},
		"beyond the list": {three, "", "4. what?\n9. x", answers{}},
		"said twice":      {three, "", "1. Monday\n1. Tuesday", answers{FactWhen: "Monday"}},
		"no numbers":      {three, "", "2.5 GB are free\n9:30 is when I come\n2 of them", answers{}},
		"a gap":           {"when,-,asset", "", "1. Monday\n2. yes\n3. NB-0042", answers{FactWhen: "Monday", FactAsset: "NB-0042"}},
		"below the questions": {three, "On Monday the helpdesk wrote:\n> Hello Anna,\n> 1. Since when?\nSince Monday\n> 2. Does it happen again?\n\nyes, always\n> 3. Which computer?\n> Maria\n> Helpdesk\n",
			"Since Monday\n\nyes, always", answers{FactWhen: "Since Monday", FactRepeat: "yes, always"}},
		"above the quote": {three, "Always.\n\n> 1. Since when?\n> 2. Does it happen again?\n> 3. Which computer?", "Always.", answers{}},
		"huge":            {three, "", "1. " + strings.Repeat("x ", 5_000_000), answers{FactWhen: "(long)"}},
	} {
		got := answersIn(x.list, x.text, x.reply)
		if x.want[FactWhen] == "(long)" {
			if v := got[FactWhen]; v == "" || len(v) > maxFact {
				t.Errorf("%s: %d bytes", name, len(v))
			}
			continue
		}
		for _, i := range Checklist() {
			if got[i] != x.want[i] {
				t.Errorf("%s: %s is %q, want %q", name, i, got[i], x.want[i])
			}
		}
	}
	for reply, want := range map[string]bool{"Yes": true, "Yes, that is right.": true, "Correct, thanks": true, "Ja, genau": true, "Oui, exactement": true, "Yes, but on the other PC": false, "Right?": false, "Thanks": false, "No": false, "": false, "That is not right": false} {
		if got := isPlainYes(reply); got != want {
			t.Errorf("%q: %v", reply, got)
		}
	}
}

func (d *mailDesk) knows(number int64) map[FactItem]Fact {
	d.t.Helper()
	x := must(d.TicketByNumber(d.ctx, number))(d.t)
	return must(d.Facts(d.ctx, x.ID))(d.t)
}

func tagged(number int64) func(*Inbound) {
	return func(in *Inbound) { in.SubjectTags = []int64{number} }
}

func TestTheChecklistIsFilledAskedForAndConfirmed(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		tech := d.technician("tomas@aldermere.example")
		d.KnowAssets(AssetsIn{
			Of: func(_ context.Context, _ migrations.Queryer, words []string) (found []NamedAsset, err error) {
				for _, w := range words {
					if strings.EqualFold(w, "NB-0042") {
						found = append(found, NamedAsset{ID: 42, Name: "NB-0042 Laptop"})
					}
				}
				return found, nil
			},
			Own: func(context.Context, migrations.Queryer, int64) (NamedAsset, bool, error) {
				return NamedAsset{ID: 7, Name: "NB-0007 Laptop"}, true, nil
			},
		})
		d.assetsIn.Named = func(ctx context.Context, q migrations.Queryer, words []string) (map[string]bool, error) {
			named := map[string]bool{}
			for _, w := range words {
				found, err := d.assetsIn.Of(ctx, q, []string{w})
				if named[w] = len(found) > 0; err != nil {
					return nil, err
				}
			}
			return named, nil
		}
		d.want(d.receive(d.mail(says("The fan of NB-0042 does not stop since Monday."))), FateNew, "HD-1", 1)
		k := d.knows(1)
		if w := k[FactWho]; w.Value != "Anna Berg" || w.Source != FromRequester || w.Guess {
			t.Fatalf("who: %+v", w)
		}
		if w := k[FactWhat]; w.Value != "The fan of NB-0042 does not stop since Monday." || !w.Guess || w.MessageID == 0 || w.Source != FromMail {
			t.Fatalf("what: %+v", w)
		}
		if a := k[FactAsset]; a.Value != "NB-0042 Laptop" || a.ThingID != 42 || a.Guess {
			t.Fatalf("asset: %+v", a)
		}
		if w := k[FactWhen]; w.Value != "since Monday" || w.Guess {
			t.Fatalf("when: %+v", w)
		}
		missing := Missing(k)
		if got := len(missing); got != 3 || missing[0] != FactDoing || missing[1] != FactRepeat || missing[2] != FactEffect {
			t.Fatalf("missing: %v", missing)
		}
		var detail string
		d.ok(d.db.Get(d.ctx, &detail, `SELECT detail FROM outbox WHERE kind = 'ack'`))
		if !strings.Contains(detail, `"missing":["doing","repeat","effect"]`) {
			t.Fatalf("the acknowledgement asks for %s", detail)
		}

		// The acknowledgement's questions can be answered, too; strangers and held mail fill in nothing.
		d.want(d.receive(d.mail(tagged(1), from("eve@evil.example"), says("2. never\n3. <b>none</b>"))), FateNew, "HD-2", 1)
		d.want(d.receive(d.mail(tagged(1), says("2. forged"), func(in *Inbound) {
			in.AuthAs, in.AuthResults = "", []string{"dmarc=fail header.from=aldermere.example"}
		})), FatePending, "HD-1", 0)
		if k = d.knows(1); k[FactRepeat].Value != "" {
			t.Fatalf("a stranger filled in %+v", k[FactRepeat])
		}
		// Not by a person's approval, either: that shows it, and a click assigns it.
		must(d.ApproveHeld(d.ctx, tech.Actor(), d.only().ID, Approval{}))(t)
		if k = d.knows(1); k[FactRepeat].Value != "" {
			t.Fatalf("held mail filled in %+v", k[FactRepeat])
		}
		d.want(d.receive(d.mail(tagged(1), says("2. yes, always"))), FateAppend, "HD-1", 0)
		if r := d.knows(1)[FactRepeat]; r.Value != "yes, always" || r.Source != FromReply || r.MessageID == 0 {
			t.Fatalf("repeat: %+v", r)
		}

		// A technician empties, and a stale hand is told.
		k = d.knows(1)
		must(d.SetFact(d.ctx, tech.Actor(), 1, FactWhat, "", k[FactWhat].Version))(t)
		_, err := d.SetFact(d.ctx, tech.Actor(), 1, FactWhat, "the fan is loud", k[FactWhat].Version)
		wantKind(t, err, migrations.Conflict)
		_, err = d.SetFact(d.ctx, tech.Actor(), 1, "hair", "blue", 0)
		wantKind(t, err, migrations.Invalid)
		_, err = d.SetFact(d.ctx, tech.Actor(), 1, FactCause, strings.Repeat("x", maxFact+1), 0)
		wantKind(t, err, migrations.Invalid)

		// One missing: the whole new text.
		x := must(d.TicketByNumber(d.ctx, 1))(t)
		must(d.Ask(d.ctx, tech.Actor(), 1, AskInput{Kind: QuestionAsk, Items: []FactItem{FactWhat}, Text: "Hello Anna,\n\n1. What happened?\n\nThank you"}))(t)
		_, err = d.Ask(d.ctx, tech.Actor(), 1, AskInput{Kind: QuestionAsk, Items: []FactItem{FactWhat}, Text: "Hello Anna, well?"})
		wantKind(t, err, migrations.Invalid)
		d.receive(d.mail(tagged(1), says("I am away"), func(in *Inbound) { in.Class = ClassAutoReply }))
		if w := d.knows(1)[FactWhat]; w.Value != "" {
			t.Fatalf("an automatic answer filled in %+v", w)
		}
		d.want(d.receive(d.mail(tagged(1), says("The fan <script>screams</script>."))), FateAppend, "HD-1", 0)
		if w := d.knows(1)[FactWhat]; w.Value != "The fan <script>screams</script>." || w.Source != FromReply {
			t.Fatalf("what: %+v", w)
		}

		// What can not be assigned stays a message, which a click assigns.
		must(d.Ask(d.ctx, tech.Actor(), 1, AskInput{Kind: QuestionAsk, Items: []FactItem{FactDoing, FactEffect}, Text: "1. What were you doing?\n2. What can you not do?"}))(t)
		d.want(d.receive(d.mail(tagged(1), says("I wrote a report and now I can not hear myself."))), FateAppend, "HD-1", 0)
		if k = d.knows(1); k[FactDoing].Value+k[FactEffect].Value != "" {
			t.Fatalf("assigned: %+v", k)
		}
		var last int64
		d.ok(d.db.Get(d.ctx, &last, `SELECT MAX(id) FROM message WHERE ticket_id = ?`, x.ID))
		must(d.FillFact(d.ctx, tech.Actor(), 1, FactEffect, last))(t)
		if q := must(d.LastQuestion(d.ctx, x.ID))(t); q.AnswerID != last || q.AnsweredAt != 0 {
			t.Fatalf("half answered: %+v", q)
		}
		d.receive(d.mail(tagged(1), says("1. I wrote a report")))
		if q := must(d.LastQuestion(d.ctx, x.ID))(t); q.AnsweredAt == 0 {
			t.Fatalf("answered: %+v", q)
		}

		// A plain yes confirms that we understood, and neither re-opens nor completes.
		for _, stage := range []Stage{InProgress, Confirming, Completed} {
			must(d.SetStage(d.ctx, tech.Actor(), 1, StageChange{Stage: stage, Fix: "A new fan", Summary: "The laptop was loud: its fan was worn."}, AnyVersion))(t)
			must(d.Ask(d.ctx, tech.Actor(), 1, AskInput{Kind: QuestionUnderstood, Text: "This is how I understood it: the fan screams. Is that right?"}))(t)
			d.want(d.receive(d.mail(tagged(1), says("Yes, that is right. Thanks"))), FateAppend, "HD-1", 0)
			x = must(d.TicketByNumber(d.ctx, 1))(t)
			if u := d.knows(1)[FactUnderstood]; x.Stage != stage || u.MessageID == 0 || u.Source != FromReply {
				t.Fatalf("%s: %s, understood %+v", stage, x.Stage, u)
			}
		}
		if n := d.count(`SELECT count(*) FROM event WHERE kind = 'understood' AND actor LIKE 'client:%'`); n != 3 {
			t.Fatalf("%d events", n)
		}
		if n := d.count(`SELECT count(*) FROM event WHERE was LIKE '%fan%' OR became LIKE '%fan%' OR became LIKE '%report%'`); n != 0 {
			t.Fatalf("%d events carry words", n)
		}
		// A correction is an ordinary answer.
		must(d.Ask(d.ctx, tech.Actor(), 1, AskInput{Kind: QuestionUnderstood, Text: "Is that right?"}))(t)
		d.receive(d.mail(tagged(1), says("Yes, but it is the other laptop.")))
		if x = must(d.TicketByNumber(d.ctx, 1))(t); x.Stage != Requested || !x.News {
			t.Fatalf("corrected: %s", x.Stage)
		}
	})
}

func TestFormsAnswerTheChecklist(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		d.receive(d.mail(from("carl@aldermere.example"), func(in *Inbound) { in.From[0].Name = "Carl Weber" }))
		form := func(in *Inbound) {
			in.From = []Address{{Address: "flow@aldermere.example"}}
			in.Form = &Form{Source: "power_automate", Requester: Address{Name: "Anna Berg", Address: "anna@aldermere.example"}, Answers: []Answer{
				{Question: "What happened?", Answer: "The screen is dark", Meaning: MeansProblem}, {Question: "For whom?", Answer: "Carl Weber", Meaning: MeansFor},
				{Question: "Since when?", Answer: "Monday", Meaning: MeansStarted}, {Question: "Again?", Answer: "Yes", Meaning: MeansRepeat},
				{Question: "Effect?", Answer: "None", Meaning: MeansEffect}, {Question: "Device?", Answer: "PC-9", Meaning: MeansAsset}, {Question: "Room?", Answer: "214", Meaning: MeansLocation}}}
		}
		d.want(d.receive(d.mail(form)), FateNew, "HD-2", 1)
		k := d.knows(2)
		if k[FactAsset].Value != "PC-9, 214" || k[FactRepeat].Source != FromForm || len(Missing(k)) != 1 {
			t.Fatalf("known: %+v", k)
		}
		who := k[FactWho]
		if who.Value != "Carl Weber" || !who.Guess || who.ThingID == 0 {
			t.Fatalf("who: %+v", who)
		}
		tech := d.technician("tomas@aldermere.example")
		x := must(d.SetFor(d.ctx, tech.Actor(), 2, who.ThingID, AnyVersion))(t)
		if x.ForClientName != "Carl Weber" || x.ClientName != "Anna Berg" {
			t.Fatalf("for %q, by %q", x.ForClientName, x.ClientName)
		}
		// With its person it is exported, and goes.
		var b bytes.Buffer
		d.ok(d.ExportPerson(d.ctx, Actor{}, "anna@aldermere.example", true, &b, nil))
		z, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
		d.ok(err)
		exported := ""
		for _, f := range z.File {
			if strings.HasSuffix(f.Name, "HD-2.json") {
				r := must(f.Open())(t)
				exported = string(must(io.ReadAll(r))(t))
			}
		}
		if !strings.Contains(exported, "PC-9, 214") {
			t.Fatalf("the export has no checklist: %s", exported)
		}
		must(d.SetFact(d.ctx, tech.Actor(), 2, FactCause, "Anna Berg (anna@aldermere.example) pulled the plug", 0))(t)
		must(d.SetStage(d.ctx, tech.Actor(), 2, StageChange{Stage: Completed, Fix: "plugged in", Summary: "Anna Berg had pulled the plug", Workaround: true}, AnyVersion))(t)
		d.ok(d.Erase(d.ctx, Actor{}, Erasure{Address: "carl@aldermere.example", Keep: true}, nil))
		if x = must(d.TicketByNumber(d.ctx, 2))(t); x.ForClientName != Erased {
			t.Fatalf("for %q", x.ForClientName)
		}
		if w := d.knows(2)[FactWho]; strings.Contains(w.Value, "Weber") {
			t.Fatalf("who: %+v", w)
		}
		d.ok(d.Erase(d.ctx, Actor{}, Erasure{Address: "anna@aldermere.example", Keep: true}, nil))
		x = must(d.TicketByNumber(d.ctx, 2))(t)
		k = d.knows(2)
		if strings.Contains(x.Summary, "Berg") || len(k) != 1 || strings.Contains(k[FactCause].Value, "Berg") || strings.Contains(k[FactCause].Value, "anna") {
			t.Fatalf("left: %q %+v", x.Summary, k)
		}
		d.ok(d.DeleteTicket(d.ctx, Actor{}, 2, "test"))
		if n := d.count(`SELECT count(*) FROM fact`) + d.count(`SELECT count(*) FROM question WHERE ticket_id = ?`, x.ID); n != d.count(`SELECT count(*) FROM fact WHERE ticket_id <> ?`, x.ID) {
			t.Fatalf("%d rows are left", n)
		}
	})
}

func TestWorkaroundsAndSentences(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx, by := t.Context(), d.tech.Actor()
		x := d.open(t, "Printer", "anna")
		x = must(d.SetStage(ctx, by, x.Number, StageChange{Stage: Completed, Fix: "use the other one", Workaround: true}, x.Version))(t)
		if w := must(d.Workarounds(ctx, 10))(t); len(w) != 1 || w[0].WorkaroundAt == 0 {
			t.Fatalf("work-arounds: %+v", w)
		}
		if u := must(d.Unsaid(ctx, 10))(t); len(u) != 1 {
			t.Fatalf("unsaid: %+v", u)
		}
		x = must(d.SetSummary(ctx, by, x.Number, " The printer\nwas worn. ", x.Version))(t)
		if u := must(d.Unsaid(ctx, 10))(t); len(u) != 0 || x.Summary != "The printer was worn." {
			t.Fatalf("unsaid: %+v, %q", u, x.Summary)
		}
		_, err := d.SetSummary(ctx, by, x.Number, "old", x.Version-1)
		wantKind(t, err, migrations.Conflict)
		_, err = d.SetSummary(ctx, by, x.Number, strings.Repeat("long ", 200), AnyVersion)
		wantKind(t, err, migrations.Invalid)
		must(d.WorkaroundDone(ctx, by, x.Number))(t)
		must(d.WorkaroundDone(ctx, by, x.Number))(t) // once
		if w := must(d.Workarounds(ctx, 10))(t); len(w) != 0 {
			t.Fatalf("done: %+v", w)
		}
		// Marked anew it is open anew; a real fix takes it off.
		x = must(d.SetWorkaround(ctx, by, x.Number, true, AnyVersion))(t)
		if x.WorkaroundDoneAt != 0 {
			t.Fatalf("%+v", x)
		}
		x = must(d.SetStage(ctx, by, x.Number, StageChange{Fix: "a new printer"}, AnyVersion))(t)
		if x.Workaround {
			t.Fatalf("%+v", x)
		}
		if n := strings.Join(d.kinds(t, x.ID), " "); n != "opened > by client:1 fix > by account:2 workaround >on by account:2 stage requested>completed by account:2 summary > by account:2 workaround_done > by account:2 workaround >on by account:2 fix > by account:2 workaround > by account:2" {
			t.Fatalf("events: %q", n)
		}
	})
}

func behalfOf(text string) behalf {
	text = clip(text, maxRuleText)
	return behalfIn(text, Fold(text))
}
