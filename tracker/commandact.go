package tracker

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"helpdeskd/migrations"
)

// commandAct does one command on a ticket that was read in the transaction,
// and leaves it as it is then. It returns the key of the words that say what
// was done, "" for what only concerns the mail itself.
type commandAct func(ctx context.Context, s *Store, tx *migrations.Tx, r *run, arg string) (key string, args []string, err error)

// commandActs are the acts by the commands' names.
var commandActs = map[string]commandAct{
	"note": actNote,
	"reply": func(context.Context, *Store, *migrations.Tx, *run, string) (string, []string, error) {
		return "", nil, nil
	},
	"help":     actHelp,
	"take":     actTake,
	"assign":   actAssign,
	"priority": actPriority,
	"stage":    actStage,
	"reopen":   actReopen,
	"fix":      actFix,
	"done":     actDone,
	"confirm":  actConfirm,
	"drop":     actDrop,
	"category": actCategory,

	"waiting":    actWaiting,
	"workaround": actWorkaround,
	"summary":    actSummary,
	"watch": func(ctx context.Context, s *Store, tx *migrations.Tx, r *run, _ string) (string, []string, error) {
		return "watch", nil, s.watchTx(ctx, tx, r.actor, &r.t)
	},
	"unwatch": func(ctx context.Context, s *Store, tx *migrations.Tx, r *run, _ string) (string, []string, error) {
		return "unwatch", nil, s.unwatchTx(ctx, tx, r.actor, &r.t)
	},
	"subject": actSubject,
	"cc":      actParticipant,
	"asset":   actAsset,
	"repair":  actRepair,
}

func actNote(ctx context.Context, s *Store, tx *migrations.Tx, r *run, _ string) (string, []string, error) {
	_, err := s.addNoteTx(ctx, tx, r.actor, &r.t, NoteInput{Body: r.c.Note})
	return "note", nil, err
}

func actHelp(_ context.Context, _ *Store, _ *migrations.Tx, r *run, _ string) (string, []string, error) {
	r.answer.Help = true
	return "help", nil, nil
}

func actTake(ctx context.Context, s *Store, tx *migrations.Tx, r *run, _ string) (string, []string, error) {
	if err := s.assignTx(ctx, tx, r.actor, &r.t, r.by.ID, false); err != nil || r.t.Stage != Requested {
		return "take", nil, err
	}
	return "take", nil, s.setStageTx(ctx, tx, r.actor, &r.t, StageChange{Stage: InProgress})
}

func actAssign(ctx context.Context, s *Store, tx *migrations.Tx, r *run, arg string) (string, []string, error) {
	arg = strings.TrimPrefix(strings.Trim(arg, " .,;<>"), "@")
	switch Fold(arg) {
	case "":
		return "", nil, migrations.Invalidf("Please say to whom: #assign and a name or address.")
	case "nobody", "none", "-":
		return "unassigned", nil, s.assignTx(ctx, tx, r.actor, &r.t, 0, true)
	case "me", "myself":
		return "assign", []string{r.by.Name}, s.assignTx(ctx, tx, r.actor, &r.t, r.by.ID, true)
	}
	var all []Account
	if err := tx.Select(ctx, &all, `SELECT `+accountColumns+` FROM account WHERE enabled ORDER BY name, id`); err != nil {
		return "", nil, fmt.Errorf("list technicians: %w", err)
	}
	all = slices.DeleteFunc(all, func(a Account) bool { return !May(a, WorkTickets) })
	i, err := oneNamed(arg, "technician", len(all), func(i int) []string {
		local, _, _ := strings.Cut(all[i].Email, "@")
		return []string{all[i].Email, all[i].Name, local}
	})
	if err != nil {
		return "", nil, err
	}
	return "assign", []string{all[i].Name}, s.assignTx(ctx, tx, r.actor, &r.t, all[i].ID, true)
}

// oneNamed finds the one of n things that text names: exactly, or else by the
// beginnings of its words. The first name of each is what it is called where
// several fit and the second where there are two or more.
func oneNamed(text, what string, n int, names func(i int) []string) (int, error) {
	want := strings.Fields(Fold(text))
	var exact, near []int
	for i := range n {
		fits := false
		for _, name := range names(i) {
			folded := Fold(name)
			if folded == strings.Join(want, " ") {
				exact = append(exact, i)
				fits = false
				break
			}
			words := strings.FieldsFunc(folded, func(r rune) bool { return strings.ContainsRune(" .-_@,'", r) })
			fits = fits || len(want) > 0 && !slices.ContainsFunc(want, func(w string) bool {
				return !slices.ContainsFunc(words, func(x string) bool { return strings.HasPrefix(x, w) })
			})
		}
		if fits {
			near = append(near, i)
		}
	}
	switch {
	case len(exact) == 1:
		return exact[0], nil
	case len(exact) == 0 && len(near) == 1:
		return near[0], nil
	}
	list, fits := exact, "Several fit"
	if len(exact) == 0 {
		list = near
	}
	if len(list) == 0 {
		fits = "There is no " + what + " of that name. There are"
		for i := range n {
			list = append(list, i)
		}
	}
	if len(list) == 0 {
		return 0, migrations.NotFoundf("There is no %s of that name.", what)
	}
	var called []string
	for _, i := range list {
		if len(called) == 12 {
			called = append(called, "…")
			break
		}
		all := names(i)
		c := all[0]
		if len(all) > 1 {
			c = all[1] + " (" + all[0] + ")"
		}
		called = append(called, c)
	}
	return 0, migrations.Invalidf("%s: %s.", fits, strings.Join(called, ", "))
}

func actPriority(ctx context.Context, s *Store, tx *migrations.Tx, r *run, arg string) (string, []string, error) {
	text := strings.NewReplacer(" ", "", "★", "*", "⭐", "*", "☆", "*", "star", "*", "\ufe0f", "").Replace(Fold(strings.Trim(arg, " .,;")))
	star := strings.HasSuffix(text, "*")
	level := int64(0)
	switch strings.TrimSuffix(text, "*") {
	case "1":
		level = 1
	case "2":
		level = 2
	case "3":
		level = 3
	case "":
		if star {
			level = 3
		}
	}
	if level == 0 {
		return "", nil, migrations.Invalidf("The priority must be 1, 2, 3 or 3*.")
	}
	if err := s.setPriorityTx(ctx, tx, r.actor, &r.t, level, star); err != nil {
		return "", nil, err
	}
	return "priority", []string{strings.ReplaceAll(priorityName(level, star), "*", "★")}, nil
}

// stageWords are the stages by the words that mails may call them by.
var stageWords = []struct {
	stage Stage
	words []string
}{
	{Requested, []string{"requested", "request", "new", "todo", "open"}},
	{InProgress, []string{"in progress", "in_progress", "in-progress", "inprogress", "progress", "started", "working"}},
	{Confirming, []string{"confirming", "confirmation", "waiting for confirmation", "confirm"}},
	{Completed, []string{"completed", "complete", "done", "closed", "solved", "resolved"}},
	{Dropped, []string{"dropped", "drop", "rejected"}},
}

// stageNamed reads a stage, and what is said behind it.
func stageNamed(arg string) (stage Stage, said string) {
	arg = strings.TrimSpace(arg)
	longest := 0
	for _, s := range stageWords {
		for _, w := range s.words {
			if len(w) <= longest || len(arg) < len(w) || !strings.EqualFold(arg[:len(w)], w) {
				continue
			}
			rest := arg[len(w):]
			if rest == "" || strings.ContainsRune(" .:,;-–", firstRune(rest)) {
				longest, stage, said = len(w), s.stage, strings.Trim(rest, " .:,;-–")
			}
		}
	}
	return stage, said
}

func actStage(ctx context.Context, s *Store, tx *migrations.Tx, r *run, arg string) (string, []string, error) {
	stage, said := stageNamed(arg)
	switch stage {
	case Completed:
		return actDone(ctx, s, tx, r, said)
	case Confirming:
		return actConfirm(ctx, s, tx, r, said)
	case Dropped:
		return actDrop(ctx, s, tx, r, said)
	case "":
		return "", nil, migrations.Invalidf("The stages are: requested, in progress, confirming, completed, dropped.")
	}
	if said != "" {
		return "", nil, migrations.Invalidf("The stages are: requested, in progress, confirming, completed, dropped. Nothing more can stand behind this one.")
	}
	return "stage", []string{string(stage)}, s.setStageTx(ctx, tx, r.actor, &r.t, StageChange{Stage: stage})
}

func actReopen(ctx context.Context, s *Store, tx *migrations.Tx, r *run, _ string) (string, []string, error) {
	stage := Requested
	if r.t.AssigneeID != 0 {
		stage = InProgress
	}
	if !r.t.Stage.Closed() && !r.t.Archived() {
		return "", nil, migrations.Invalidf("%s is open already.", r.t.Name())
	}
	return "stage", []string{string(stage)}, s.setStageTx(ctx, tx, r.actor, &r.t, StageChange{Stage: stage})
}

func actFix(ctx context.Context, s *Store, tx *migrations.Tx, r *run, arg string) (string, []string, error) {
	text, err := checkBody(arg, "the fix")
	if err != nil {
		return "", nil, migrations.Invalidf("Please write what solved it behind #fix.")
	}
	return "fix", nil, s.recordFixTx(ctx, tx, r.actor, &r.t, text)
}

// fixOf returns what to record as the fix where none is: the words that go to
// the client, or else the sentence behind the command.
func (r *run) fixOf(said string) string {
	switch {
	case r.t.Fix != "":
		return ""
	case said != "":
		return said
	case r.c.Unclear == "":
		return clip(r.c.Text, 4000)
	}
	return ""
}

func actDone(ctx context.Context, s *Store, tx *migrations.Tx, r *run, said string) (string, []string, error) {
	if r.t.Stage == Completed && !r.t.Archived() {
		return "", nil, migrations.Invalidf("%s is completed already.", r.t.Name())
	}
	fix := r.fixOf(said)
	if fix == "" && r.t.Fix == "" {
		return "", nil, migrations.Invalidf("Please write what solved it: #fix and the fix, on a line above #done.")
	}
	err := s.setStageTx(ctx, tx, r.actor, &r.t, StageChange{Stage: Completed, Fix: fix, Summary: said})
	return "done", []string{clip(oneLine(r.t.Fix), 200)}, err
}

func actConfirm(ctx context.Context, s *Store, tx *migrations.Tx, r *run, said string) (string, []string, error) {
	if r.t.Stage == Confirming {
		return "", nil, migrations.Invalidf("The client of %s was asked already.", r.t.Name())
	}
	fix := r.fixOf(said)
	if fix == "" && r.t.Fix == "" {
		return "", nil, migrations.Invalidf("Please write what solved it: #fix and the fix, on a line above #confirm.")
	}
	if !sendable(r.t.ClientAddress) {
		return "", nil, migrations.Invalidf("The client is not known: nobody can be asked.")
	}
	r.ask = true
	err := s.setStageTx(ctx, tx, r.actor, &r.t, StageChange{Stage: Confirming, Fix: fix, Summary: said})
	return "confirm", nil, err
}

func actDrop(ctx context.Context, s *Store, tx *migrations.Tx, r *run, arg string) (string, []string, error) {
	if strings.TrimSpace(arg) == "" {
		return "", nil, migrations.Invalidf("Please write why: #drop and the reason.")
	}
	return "drop", nil, s.setStageTx(ctx, tx, r.actor, &r.t, StageChange{Stage: Dropped, Reason: arg})
}

func actCategory(ctx context.Context, s *Store, tx *migrations.Tx, r *run, arg string) (string, []string, error) {
	switch Fold(arg) {
	case "":
		return "", nil, migrations.Invalidf("Please name the category.")
	case "none", "-":
		return "uncategorised", nil, s.setCategoryTx(ctx, tx, r.actor, &r.t, 0)
	}
	var all []struct {
		ID   int64  `db:"id"`
		Name string `db:"name"`
	}
	if err := tx.Select(ctx, &all, `SELECT id, name FROM category WHERE NOT archived ORDER BY name`); err != nil {
		return "", nil, fmt.Errorf("list categories: %w", err)
	}
	i, err := oneNamed(arg, "category", len(all), func(i int) []string { return []string{all[i].Name} })
	if err != nil {
		return "", nil, err
	}
	return "category", []string{all[i].Name}, s.setCategoryTx(ctx, tx, r.actor, &r.t, all[i].ID)
}

func actSubject(ctx context.Context, s *Store, tx *migrations.Tx, r *run, arg string) (string, []string, error) {
	subject, err := checkSubject(arg)
	if err != nil {
		return "", nil, err
	}
	if err := r.t.setTx(ctx, tx, `subject = ?`, subject); err != nil {
		return "", nil, err
	}
	if err := s.IndexTx(ctx, tx, KindTicket, r.t.ID); err != nil {
		return "", nil, err
	}
	return "subject", []string{clip(subject, 200)}, s.changedTx(ctx, tx, r.actor, &r.t, "subject", "", "")
}

func actWorkaround(ctx context.Context, s *Store, tx *migrations.Tx, r *run, arg string) (string, []string, error) {
	text, err := checkBody(arg, "the work-around")
	if err != nil {
		return "", nil, migrations.Invalidf("Please write what helps for now behind #workaround.")
	}
	return "workaround", nil, s.setStageTx(ctx, tx, r.actor, &r.t, StageChange{Stage: r.t.Stage, Fix: text, Workaround: true})
}

func actSummary(ctx context.Context, s *Store, tx *migrations.Tx, r *run, arg string) (string, []string, error) {
	if strings.TrimSpace(arg) == "" {
		return "", nil, migrations.Invalidf("Please write what it was and why, in one sentence, behind #summary.")
	}
	return "summary", nil, s.recordSummaryTx(ctx, tx, r.actor, &r.t, arg)
}

// actWaiting marks on whom the ticket waits: client, vendor with a name and a
// day where they are known, or nobody.
func actWaiting(ctx context.Context, s *Store, tx *migrations.Tx, r *run, arg string) (string, []string, error) {
	on, rest, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(arg), "for "), " ")
	rest = strings.Trim(rest, " .,:;")
	switch Fold(strings.Trim(on, ".,:;")) {
	case "client", "customer":
		return "waiting_client", nil, s.setWaitingTx(ctx, tx, r.actor, &r.t, Waiting{On: WaitingClient})
	case "vendor", "supplier":
		w := Waiting{On: WaitingVendor}
		words := strings.Fields(rest)
		if n := len(words); n > 0 {
			if _, err := time.Parse(time.DateOnly, words[n-1]); err == nil {
				w.Expected, words = words[n-1], words[:n-1]
			}
		}
		w.Vendor = strings.Join(words, " ")
		return "waiting_vendor", nil, s.setWaitingTx(ctx, tx, r.actor, &r.t, w)
	case "nobody", "none", "no", "over", "-":
		return "waiting_over", nil, s.setWaitingTx(ctx, tx, r.actor, &r.t, Waiting{})
	}
	return "", nil, migrations.Invalidf("Please say on whom: #waiting client, #waiting vendor (with name and day, where you know them) or #waiting nobody.")
}

// errNoThings is the answer to commands about things where there is no inventory.
var errNoThings = migrations.Invalidf("This desk keeps no inventory.")

func actAsset(ctx context.Context, s *Store, tx *migrations.Tx, r *run, arg string) (string, []string, error) {
	switch {
	case s.things == nil:
		return "", nil, errNoThings
	case !May(*r.by, WorkThings):
		return "", nil, migrations.Deniedf("You may not work the inventory.")
	case arg == "":
		return "", nil, migrations.Invalidf("Please name the thing by its tag: #asset A-0012.")
	}
	name, err := s.things.LinkNamedTx(ctx, tx, r.actor, &r.t, arg)
	return "asset", []string{name}, err
}

func actRepair(ctx context.Context, s *Store, tx *migrations.Tx, r *run, arg string) (string, []string, error) {
	switch {
	case s.things == nil:
		return "", nil, errNoThings
	case !May(*r.by, WorkThings):
		return "", nil, migrations.Deniedf("You may not work the inventory.")
	}
	order, thing, err := s.things.RepairTx(ctx, tx, r.actor, &r.t, arg)
	if thing == "" {
		return "repair_alone", []string{order}, err
	}
	return "repair", []string{order, thing}, err
}
