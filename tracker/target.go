package tracker

import (
	"context"
	"fmt"
	"hash/fnv"
	"strconv"
	"time"
)

// Priorities as settings and figures number them: 1, 2, 3 and star.
const ranks = 4

// rank is the place of a priority among the four, from 0.
func rank(level int64, star bool) int {
	if star {
		return ranks - 1
	}
	return int(level) - 1
}

// rankOf reads a priority as events hold it.
func rankOf(name string) int {
	if name == "3*" {
		return ranks - 1
	}
	n, _ := strconv.Atoi(name)
	return n - 1
}

// TargetSettings are the settings of the response targets: minutes of opening
// hours until the first answer and the solution, by priority. 0 is none.
func TargetSettings() (answer, solve [ranks]string) {
	for i, key := range [ranks]string{"1", "2", "3", "star"} {
		answer[i], solve[i] = "target.answer_"+key, "target.solve_"+key
	}
	return answer, solve
}

// targetMinutes is the longest target: 500 working days.
const targetMinutes = 240_000

// targetRules are the response targets and what they are counted in.
type targetRules struct {
	on            bool
	hours         Hours
	answer, solve [ranks]time.Duration // 0 for none
	basis         int64                // digest of all this; 0 where it is off
}

// targetRules returns the rules that hold now, read by q where they are not
// known: within a transaction nobody must wait for a second connection.
func (s *Store) targetRules(ctx context.Context, q read) (targetRules, error) {
	known, err := s.settingsFrom(ctx, q, s.knownFor)
	if err != nil {
		return targetRules{}, err
	}
	return readTargets(known), nil
}

func readTargets(known map[string]string) targetRules {
	r := targetRules{on: known[SetTargets] == "on"}
	if !r.on {
		return r
	}
	r.hours = readHours(known[SetHours], known[SetHolidays])
	digest := fnv.New64a()
	answer, solve := TargetSettings()
	for i := range ranks {
		for name, d := range map[string]*time.Duration{answer[i]: &r.answer[i], solve[i]: &r.solve[i]} {
			n, _ := strconv.Atoi(known[name])
			*d = time.Duration(max(n, 0)) * time.Minute
		}
		fmt.Fprint(digest, r.answer[i], r.solve[i], " ")
	}
	fmt.Fprint(digest, known[SetHours], known[SetHolidays])
	r.basis = int64(digest.Sum64()>>1) | 1
	return r
}

// past is what a ticket's targets are counted from: when it was opened, how
// urgent it was since when, and when its clock stood still.
type past struct {
	opened  time.Time
	ranks   []rankSince // the first from opened
	pauses  []stretch
	stopped time.Time // since when it stands still now; zero while it runs
}

type rankSince struct {
	at   time.Time
	rank int
}

// pausing reports whether the clock of the solution stands still: nothing is
// to be done, or only the client can.
func pausing(stage Stage, waiting string) bool {
	return stage == Confirming || stage.Closed() || waiting == WaitingClient
}

// pastOf reads a ticket's events, the oldest first.
func pastOf(opened time.Time, now int, events []EventRow) past {
	p := past{opened: opened, ranks: []rankSince{{opened, now}}}
	stage, waiting := Requested, ""
	seen := false // somebody triaged it
	for _, e := range events {
		at := e.At.Time()
		switch {
		case e.Kind == "priority":
			if e.Was == "" || !seen { // how urgent it is was only recognised then
				p.ranks = p.ranks[:0]
				at = opened
			}
			seen = true
			p.ranks = append(p.ranks, rankSince{at, rankOf(e.Became)})
			continue
		case e.Kind == "waiting":
			waiting = e.Became
		case e.Kind != "sent" && Stage(e.Became).Valid():
			stage = Stage(e.Became)
		default:
			continue
		}
		switch stops := pausing(stage, waiting); {
		case stops && p.stopped.IsZero():
			p.stopped = at
		case !stops && !p.stopped.IsZero():
			p.pauses = append(p.pauses, stretch{p.stopped, at})
			p.stopped = time.Time{}
		}
	}
	return p
}

// by returns when the targets, given by rank, are to be met; the zero time for
// never. Whoever raises a priority gives its target time from then on, and
// never more than there was: so the earliest of the ranks up to the present
// one counts, each from when the ticket became that urgent.
func (p past) by(h Hours, targets [ranks]time.Duration, pauses []stretch) time.Time {
	var best time.Time
	now := p.ranks[len(p.ranks)-1].rank
	for r := range targets {
		if r > now || targets[r] == 0 {
			continue
		}
		from := p.opened
		for i, x := range p.ranks {
			if x.rank < r {
				from = time.Time{}
			} else if i == 0 || from.IsZero() {
				from = x.at
			}
		}
		if at := afterPauses(h, from, targets[r], pauses); !at.IsZero() && (best.IsZero() || at.Before(best)) {
			best = at
		}
	}
	return best
}

// afterPauses is Hours.After on a clock that stands still at times.
func afterPauses(h Hours, from time.Time, d time.Duration, pauses []stretch) time.Time {
	for _, p := range pauses {
		if !p.to.After(from) {
			continue
		}
		if p.from.After(from) {
			runs := h.Between(from, p.from)
			if runs >= d {
				break
			}
			d -= runs
		}
		from = p.to
	}
	return h.After(from, d)
}
