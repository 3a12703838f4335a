package main

import (
	"fmt"
	"maps"
	"mime"
	"regexp"
	"slices"
	"strings"
	"time"

	"helpdeskd/cmd/helpdeskd/checker"
)

// facts are what can be said of the office, each under the name of what it is
// about: "HD-3 stage" is "completed".
type facts map[string]string

func (f facts) put(value any, format string, args ...any) {
	f[fmt.Sprintf(format, args...)] = fmt.Sprint(value)
}

// differences are the facts that two tell differently, by name.
func differences(reckoned, found facts) (list []string) {
	both := maps.Clone(reckoned)
	maps.Copy(both, found)
	for _, k := range slices.Sorted(maps.Keys(both)) {
		if reckoned[k] != found[k] {
			list = append(list, fmt.Sprintf("%s: is %q, and should be %q", k, found[k], reckoned[k]))
		}
	}
	return list
}

var tagged = regexp.MustCompile(`\[(HD-\d+)\]`)

// tagOf is the ticket that a mail's subject names, "" for none.
func tagOf(subject string) string {
	subject, _ = new(mime.WordDecoder).DecodeHeader(subject)
	if m := tagged.FindStringSubmatch(subject); m != nil {
		return m[1]
	}
	return ""
}

// people joins names in their order.
func people(who []string) string {
	who = slices.Clone(who)
	for i := range who {
		who[i] = address(who[i])
	}
	slices.Sort(who)
	return strings.Join(slices.Compact(who), " ")
}

// facts are what the ledger says now.
func (l *ledger) facts() facts {
	f := facts{}
	f.put(len(l.tickets), "tickets")
	for _, m := range l.tickets {
		name := fmt.Sprintf("HD-%d", m.number)
		f.put(m.stage, "%s stage", name)
		f.put(m.priority, "%s priority", name)
		f.put(people([]string{m.requester}), "%s requester", name)
		f.put("", "%s assignee", name)
		if m.assignee != "" {
			f.put(address(m.assignee), "%s assignee", name)
		}
		f.put(people(m.guests), "%s take part", name)
		f.put(people(m.watchers), "%s watch", name)
		f.put(m.in, "%s messages in", name)
		f.put(len(m.outs), "%s messages out", name)
		f.put(m.notes, "%s notes", name)
		f.put(m.fix, "%s fix", name)
		f.put(m.why, "%s sentence", name)
		f.put(m.waiting, "%s waits on", name)
		f.put(m.unconfirmed, "%s unconfirmed", name)
		f.put(m.archived, "%s archived", name)
		f.put(numberOf(m.into), "%s merged into", name)
		f.put(numberOf(m.parent), "%s parent", name)
		f.put(stampOf(m.closed), "%s closed at", name)
		f.put(stampOf(m.firstAnswer()), "%s first answer at", name)
		for who, score := range m.rated {
			f.put(score, "%s rated by %s", name, address(who))
		}
	}
	asked := map[string]int{}
	for _, m := range l.tickets {
		asked[address(m.requester)]++
	}
	for who, n := range asked {
		f.put(n, "requests of %s", who)
	}
	for tag, a := range l.things {
		f.put(a.status, "%s status", tag)
		f.put("", "%s holder", tag)
		if a.holder != "" {
			f.put(address(a.holder), "%s holder", tag)
		}
	}
	statuses := map[string][]string{}
	for _, r := range l.orders {
		statuses[r.thing] = append(statuses[r.thing], fmt.Sprintf("%s %d", r.status, r.cost))
	}
	for tag, all := range statuses {
		slices.Sort(all)
		f.put(strings.Join(all, ", "), "repairs of %s", tag)
	}
	for k, n := range l.mails {
		if n != 0 {
			f.put(n, "mails: %s", k)
		}
	}
	return f
}

func numberOf(m *matter) int {
	if m == nil {
		return 0
	}
	return m.number
}

func stampOf(at time.Time) int64 {
	if at.IsZero() {
		return 0
	}
	return at.UnixMicro()
}

// facts are what the database and the sink say now, read past the program.
func (o *office) facts(received []checker.Received) facts {
	o.t.Helper()
	f := facts{}
	db, err := checker.Connect(o.dsn)
	o.must(err)
	defer db.Close()
	each := func(query string, take func(scan func(...any))) {
		o.t.Helper()
		rows, err := db.QueryContext(o.ctx, query)
		o.must(err)
		defer rows.Close()
		for rows.Next() {
			take(func(to ...any) { o.must(rows.Scan(to...)) })
		}
		o.must(rows.Err())
	}
	n := 0
	each(`SELECT t.number, t.stage, CASE WHEN t.triaged_at IS NULL THEN 0 ELSE t.level END, t.star, t.client_address, COALESCE(a.email, ''), t.fix, t.summary, t.waiting, t.unconfirmed, t.archived_at IS NOT NULL,
			COALESCE(i.number, 0), COALESCE(p.number, 0), COALESCE(t.closed_at, 0), COALESCE(t.first_answer_at, 0),
			(SELECT count(*) FROM message m WHERE m.ticket_id = t.id AND m.direction = 'in' AND m.state = 'shown'),
			(SELECT count(*) FROM message m WHERE m.ticket_id = t.id AND m.direction = 'out' AND m.state = 'shown'),
			(SELECT count(*) FROM note x WHERE x.ticket_id = t.id AND x.kind <> 'system')
		FROM ticket t LEFT JOIN account a ON a.id = t.assignee_id LEFT JOIN ticket i ON i.id = t.merged_into_id LEFT JOIN ticket p ON p.id = t.parent_id ORDER BY t.number`, func(scan func(...any)) {
		var number, level, into, parent, closed, first, in, out, notes int64
		var stage, requester, assignee, fix, why, waits string
		var star, unconfirmed, archived bool
		scan(&number, &stage, &level, &star, &requester, &assignee, &fix, &why, &waits, &unconfirmed, &archived, &into, &parent, &closed, &first, &in, &out, &notes)
		n++
		name := fmt.Sprintf("HD-%d", number)
		priority := map[int64]string{0: "untriaged", 1: "1", 2: "2", 3: "3"}[level]
		if star {
			priority += "*"
		}
		for what, v := range map[string]any{"stage": stage, "priority": priority, "requester": requester, "assignee": assignee, "take part": "", "watch": "", "messages in": in, "messages out": out, "notes": notes,
			"fix": fix, "sentence": why, "waits on": waits, "unconfirmed": unconfirmed, "archived": archived, "merged into": into, "parent": parent, "closed at": closed, "first answer at": first} {
			f.put(v, "%s %s", name, what)
		}
	})
	f.put(n, "tickets")
	join := func(key, more string) { f[key] = strings.TrimSpace(f[key] + " " + more) }
	each(`SELECT t.number, a.address FROM participant p JOIN ticket t ON t.id = p.ticket_id JOIN client_address a ON a.client_id = p.client_id ORDER BY t.number, a.address`, func(scan func(...any)) {
		var number int64
		var who string
		scan(&number, &who)
		join(fmt.Sprintf("HD-%d take part", number), who)
	})
	each(`SELECT t.number, a.email FROM watcher w JOIN ticket t ON t.id = w.ticket_id JOIN account a ON a.id = w.account_id ORDER BY t.number, a.email`, func(scan func(...any)) {
		var number int64
		var who string
		scan(&number, &who)
		join(fmt.Sprintf("HD-%d watch", number), who)
	})
	each(`SELECT t.number, a.address, s.score FROM satisfaction s JOIN ticket t ON t.id = s.ticket_id JOIN client_address a ON a.client_id = s.client_id`, func(scan func(...any)) {
		var number, score int64
		var who string
		scan(&number, &who, &score)
		f.put(score, "HD-%d rated by %s", number, who)
	})
	each(`SELECT a.address, count(*) FROM ticket t JOIN client_address a ON a.client_id = t.client_id GROUP BY a.address`, func(scan func(...any)) {
		var who string
		var n int64
		scan(&who, &n)
		f.put(n, "requests of %s", who)
	})
	each(`SELECT a.tag, a.status, COALESCE(c.address, '') FROM asset a LEFT JOIN client_address c ON c.client_id = a.holder_id`, func(scan func(...any)) {
		var tag, status, holder string
		scan(&tag, &status, &holder)
		f.put(status, "%s status", tag)
		f.put(holder, "%s holder", tag)
	})
	repairs := map[string][]string{}
	each(`SELECT a.tag, w.status, (SELECT COALESCE(SUM(l.quantity * l.unit_cost), 0) FROM line l WHERE l.owner_kind = 'work_order' AND l.owner_id = w.id) FROM work_order w JOIN asset a ON a.id = w.asset_id`, func(scan func(...any)) {
		var tag, status string
		var cost int64
		scan(&tag, &status, &cost)
		repairs[tag] = append(repairs[tag], fmt.Sprintf("%s %d", status, cost/1000))
	})
	for tag, all := range repairs {
		slices.Sort(all)
		f.put(strings.Join(all, ", "), "repairs of %s", tag)
	}
	kinds := map[string]string{}
	each(`SELECT mail_id, kind FROM outbox WHERE mail_id <> ''`, func(scan func(...any)) {
		var id, kind string
		scan(&id, &kind)
		kinds[id] = kind
	})
	mails := map[letterKey]int{}
	for _, r := range received {
		h := r.Header()
		number := 0
		fmt.Sscanf(tagOf(h.Get("Subject")), "HD-%d", &number)
		mails[letterKey{r.To[0], kinds[strings.Trim(h.Get("Message-Id"), "<>")], number}]++
	}
	for k, n := range mails {
		f.put(n, "mails: %s", k)
	}
	return f
}

// month is what a manager reads of March.
func (l *ledger) month() facts {
	f := facts{}
	from, to := monthBegins.AddDate(0, 0, -1), time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	within := func(at time.Time) bool { return !at.Before(from) && at.Before(to) }
	var solved, answered []time.Duration
	opened, unsaid, stop := 0, 0, 0
	scores := map[string]int{}
	for _, m := range l.tickets {
		for _, s := range m.rated {
			scores[s]++
		}
		if m.into != nil {
			continue
		}
		if within(m.opened) {
			opened++
		}
		if m.stage == "completed" && within(m.closed) {
			end := m.fixed
			if end.IsZero() || end.After(m.closed) {
				end = m.closed
			}
			solved = append(solved, end.Sub(m.opened))
			if m.why == "" {
				unsaid++
			}
		}
		if at := m.firstAnswer(); !at.IsZero() && within(at) {
			answered = append(answered, at.Sub(m.opened))
		}
		if (m.stage == "requested" || m.stage == "in_progress") && strings.HasPrefix(m.priority, "3") {
			stop++
		}
	}
	f.put(opened, "month: opened")
	f.put(len(solved), "month: solved")
	f.put(unsaid, "month: solved without a sentence")
	f.put(median(solved), "month: median until solved")
	f.put(len(answered), "month: answered")
	f.put(median(answered), "month: median until answered")
	f.put(stop, "month: stops people now")
	f.put(fmt.Sprint(scores["1"], scores["2"], scores["3"]), "month: contentment")
	return f
}

func median(all []time.Duration) time.Duration {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	n := len(all)
	return (all[(n-1)/2] + all[n/2]) / 2
}

// month is what the program tells a manager of March.
func (o *office) month() facts {
	o.t.Helper()
	f := facts{}
	x, err := o.store.Figures(o.ctx, monthBegins.AddDate(0, 0, -1), time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC))
	o.must(err)
	_, stop, err := o.store.Stops(o.ctx, 10)
	o.must(err)
	f.put(x.Opened, "month: opened")
	f.put(x.Solved, "month: solved")
	f.put(x.Unsaid, "month: solved without a sentence")
	f.put(x.Solution.Median, "month: median until solved")
	f.put(x.FirstAnswer.N, "month: answered")
	f.put(x.FirstAnswer.Median, "month: median until answered")
	f.put(stop, "month: stops people now")
	f.put(fmt.Sprint(x.Content[1], x.Content[2], x.Content[3]), "month: contentment")
	return f
}

// exec changes the database behind the program's back: for faults.
func (o *office) exec(query string) {
	o.t.Helper()
	db, err := checker.Connect(o.dsn)
	o.must(err)
	defer db.Close()
	r, err := db.ExecContext(o.ctx, query)
	o.must(err)
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		o.t.Fatalf("%s: changed %d rows: %v", query, n, err)
	}
}
