package tracker

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"
)

// Similar is a past request that resembles another, and why.
type Similar struct {
	Ticket
	SamePerson bool     // who asks, or for whom they ask
	AssetIDs   []int64  // of the assets that were asked about, those linked with it
	Words      []string // that both have, the most telling first, as the one that was asked about writes them; three at most
	score      float64
}

// near reports whether it is of the same person or asset.
func (x *Similar) near() bool { return x.SamePerson || len(x.AssetIDs) > 0 }

// SimilarTo says what a request has to do with, beyond its words.
type SimilarTo struct {
	Linked []int64 // assets that are linked with the request
	Held   []int64 // assets that its person has
	Fixed  bool    // only those that have a fix are wanted
}

// Bounds on what is looked at to find similar requests.
const (
	similarWords  = 6  // words that are searched for
	similarFound  = 80 // the newest that have two of them
	similarPerson = 25 // the person's newest
	similarAsset  = 50 // the newest of the assets
)

// Similar returns requests that resemble t: of the same person or asset first,
// those with a fix before those without, then by the words that they share and
// by age. Those that were merged away or dropped without a word are left out,
// and those that came with it in one burst.
func (s *Store) Similar(ctx context.Context, t *Ticket, to SimilarTo, limit int) ([]Similar, error) {
	first, err := firstWords(ctx, s.db, []int64{t.ID})
	if err != nil {
		return nil, err
	}
	mine := asksOf(t.Subject, first[t.ID].words(), t.ClientName, t.ForClientName)
	ids := map[int64]bool{}
	if err := s.foundAlike(ctx, mine, ids); err != nil {
		return nil, err
	}
	person, err := s.ofPeople(ctx, []int64{t.ClientID, t.ForClientID}, ids)
	if err != nil {
		return nil, err
	}
	assets, err := s.ofAssets(ctx, append(slices.Clone(to.Linked), to.Held...), ids)
	if err != nil {
		return nil, err
	}
	delete(ids, t.ID)
	if len(ids) == 0 {
		return nil, nil
	}
	list := make([]any, 0, len(ids))
	for id := range ids {
		list = append(list, id)
	}
	with := `(t.stage <> 'dropped' OR t.fix <> '')`
	if to.Fixed {
		with = `t.fix <> ''`
	}
	var rows []Ticket
	err = s.db.Select(ctx, &rows, ticketSelect+`WHERE t.id IN (`+marks(len(list))+`) AND t.merged_into_id IS NULL AND `+with, list...)
	if err != nil {
		return nil, fmt.Errorf("read similar tickets: %w", err)
	}
	rows = slices.DeleteFunc(rows, func(r Ticket) bool { return t.BurstID != 0 && r.BurstID == t.BurstID })
	candidates := make([]int64, len(rows))
	for i := range rows {
		candidates[i] = rows[i].ID
	}
	texts, err := firstWords(ctx, s.db, candidates)
	if err != nil {
		return nil, err
	}
	all := make([]Similar, len(rows))
	for i := range rows {
		all[i] = Similar{Ticket: rows[i], SamePerson: person[rows[i].ID], AssetIDs: assets[rows[i].ID]}
	}
	all = mine.rank(all, texts, to, s.Now())
	return all[:min(limit, len(all))], nil
}

// foundAlike adds the newest tickets that have two of the words, or its only one.
func (s *Store) foundAlike(ctx context.Context, mine asks, ids map[int64]bool) error {
	m := wanted{two: true}
	for _, w := range mine.words[:min(similarWords, len(mine.words))] {
		m.terms = append(m.terms, queryTerm{word: w.token})
	}
	if len(m.terms) == 0 {
		return nil
	}
	docs, err := selectFound[searchDoc](ctx, s, m, foundQuery{columns: `d.id, d.kind, d.ref`, kinds: []string{KindTicket}, limit: similarFound})
	if err != nil {
		return fmt.Errorf("find similar tickets: %w", err)
	}
	for _, d := range docs {
		ids[d.Ref] = true
	}
	return nil
}

// ofPeople adds people's newest tickets, and returns which these are.
func (s *Store) ofPeople(ctx context.Context, clients []int64, ids map[int64]bool) (map[int64]bool, error) {
	theirs := map[int64]bool{}
	for _, c := range clients {
		if c == 0 {
			continue
		}
		var list []int64
		if err := s.db.Select(ctx, &list, `SELECT id FROM ticket WHERE client_id = ? ORDER BY id DESC LIMIT ?`, c, similarPerson); err != nil {
			return nil, fmt.Errorf("list a person's tickets: %w", err)
		}
		for _, id := range list {
			ids[id], theirs[id] = true, true
		}
	}
	return theirs, nil
}

// ofAssets adds the newest tickets that are linked with assets, and returns
// with which each is.
func (s *Store) ofAssets(ctx context.Context, assets []int64, ids map[int64]bool) (map[int64][]int64, error) {
	with := map[int64][]int64{}
	assets = slices.Compact(slices.Sorted(slices.Values(assets)))
	if len(assets) == 0 {
		return with, nil
	}
	var rows []struct {
		Asset  int64 `db:"asset"`
		Ticket int64 `db:"ticket"`
	}
	// A link's first half is the one of the lesser kind: asset before ticket.
	err := s.db.Select(ctx, &rows, `SELECT a_id AS asset, b_id AS ticket FROM link WHERE a_kind = 'asset' AND a_id IN (`+marks(len(assets))+`) AND b_kind = 'ticket' ORDER BY b_id DESC LIMIT ?`,
		append(anys(assets), similarAsset)...)
	if err != nil {
		return nil, fmt.Errorf("list the tickets of assets: %w", err)
	}
	for _, r := range rows {
		ids[r.Ticket] = true
		with[r.Ticket] = append(with[r.Ticket], r.Asset)
	}
	return with, nil
}

// asks is what a request is about, for finding others like it.
type asks struct {
	words  []askWord // the most telling first
	within map[string]askWord
}

type askWord struct {
	token   string // as search knows it
	means   string // see meaning
	written string // as the person wrote it
	subject bool
}

// asksOf reads a request. Of the subject all telling words count; of the text
// the first ones, the longer the more telling, without the names of its people:
// whoever signs would share a word with each request of their own.
func asksOf(subject, text string, people ...string) asks {
	a := asks{within: map[string]askWord{}}
	named := map[string]bool{}
	for _, name := range people {
		eachToken(name, func(token string) bool {
			named[token] = true
			return true
		})
	}
	read := func(from string, most int, inSubject bool) {
		var some []askWord
		eachWord(from, func(written, token string) bool {
			if denials[token] || wishWords[token] || emptyWords[token] || !tells(token) || !inSubject && named[token] {
				return true
			}
			w := askWord{token: token, written: written, subject: inSubject}
			w.means, _ = meaning(token)
			if _, ok := a.within[w.means]; !ok {
				a.within[w.means] = w
				some = append(some, w)
			}
			return len(some) < most
		})
		if !inSubject {
			slices.SortStableFunc(some, func(x, y askWord) int { return len(y.token) - len(x.token) })
		}
		// Words that say only that something is wrong come last.
		slices.SortStableFunc(some, func(x, y askWord) int { return last(faultWords[x.token]) - last(faultWords[y.token]) })
		a.words = append(a.words, some...)
	}
	read(subject, 12, true)
	read(unsigned(text), 24, false)
	return a
}

// last sorts what is so behind what is not.
func last(is bool) int {
	if is {
		return 1
	}
	return 0
}

// eachWord calls fn for the words of a text with their tokens.
func eachWord(text string, fn func(written, token string) bool) {
	for _, w := range strings.FieldsFunc(clip(text, 4000), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.Mn, r) }) {
		more := true
		eachToken(w, func(token string) bool {
			written := w
			if r := []rune(token); unspaced(r[0]) {
				written = token
			}
			more = fn(written, token)
			return more
		})
		if !more {
			return
		}
	}
}

// rank sorts candidates as Similar returns them, and leaves out those that
// share too little: of strangers two words, of the same person or of an asset
// that the person has one, if it is what the request is about.
func (a asks) rank(all []Similar, texts map[int64]asked, to SimilarTo, now time.Time) []Similar {
	shared := make([][]askWord, len(all))
	in := map[string]int{}
	for i := range all {
		theirs := map[string]bool{}
		for _, from := range []string{all[i].Subject, texts[all[i].ID].words()} {
			eachToken(clip(from, 2000), func(token string) bool {
				w, _ := meaning(token)
				theirs[w] = true
				return true
			})
		}
		for _, w := range a.words {
			if theirs[w.means] {
				shared[i] = append(shared[i], w)
				in[w.means]++
			}
		}
	}
	var kept []Similar
	for i := range all {
		x := &all[i]
		linked := slices.ContainsFunc(x.AssetIDs, func(id int64) bool { return slices.Contains(to.Linked, id) })
		fault := 0
		for _, w := range shared[i] {
			weight := 1 + math.Log(float64(len(all))/float64(in[w.means]))
			switch {
			case faultWords[w.token]:
				weight, fault = 0.5, fault+1
			case w.subject:
				weight *= 2
			}
			x.score += weight
			if len(x.Words) < 3 {
				x.Words = append(x.Words, w.written)
			}
		}
		telling := len(shared[i]) - fault
		// One word is enough where it is what the request is about.
		main := slices.ContainsFunc(shared[i], func(w askWord) bool {
			return !faultWords[w.token] && (w.subject || w.means != w.token && w.means[0] == '=')
		})
		switch {
		case linked, telling >= 2, main && (x.near() || len(a.words) == 1):
		default:
			continue
		}
		years := now.Sub(x.OpenedAt.Time()).Hours() / (24 * 365)
		x.score /= 1 + max(0, years)
		kept = append(kept, *x)
	}
	slices.SortStableFunc(kept, func(x, y Similar) int {
		return cmp.Or(last(!x.near())-last(!y.near()), last(x.Fix == "")-last(y.Fix == ""), cmp.Compare(y.score, x.score), cmp.Compare(y.ID, x.ID))
	})
	// The same matter that came again and again stands there once, by its newest.
	seen := map[string]bool{}
	return slices.DeleteFunc(kept, func(x Similar) bool {
		key := Fold(x.Subject) + "\x00" + x.Fix
		again := x.Fix != "" && seen[key]
		seen[key] = true
		return again
	})
}
