package tracker

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"helpdeskd/migrations"
)

// The word index is divided into shelves: the words of a document are stored
// with its kind and its shelf, a stretch of documents, in front. So a search
// walks from the newest shelf back and stops as soon as it has enough, however
// common its words are; neither engine's own index can do that for words that
// begin with something, nor for one kind among others.

// shelfBits is how many bits of a document's id say where it stands on its
// shelf: 4,096 documents each.
const shelfBits = 12

// shelvesAt is how many shelves the queries of a search look through: few at
// first, since each costs what the words are common on it, then ever more, for
// words that are rare.
func shelvesAt(query int) int64 { return 1 << min(max(0, query-2)/2, 4) }

// kindLetters stand in front of the words of each kind.
var kindLetters = map[string]string{KindTicket: "t", KindClient: "c", KindAsset: "a", KindWorkOrder: "w"}

// shelfMark is what stands in front of a document's words: the letter of its
// kind, and its shelf in three digits of base 36.
func shelfMark(kind string, shelf int64) string {
	n := strconv.FormatInt(shelf, 36)
	return kindLetters[kind] + "000"[:max(0, 3-len(n))] + n
}

// shelved returns words as the index of a document holds them.
func shelved(kind string, doc int64, words []string) string {
	mark := shelfMark(kind, doc>>shelfBits)
	var b strings.Builder
	for i, w := range words {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(mark)
		b.WriteString(w)
	}
	return b.String()
}

// wanted is what a document must have: all of the terms, or two of them (the
// only one, where there are no more).
type wanted struct {
	terms []queryTerm
	two   bool
}

// match returns what finds the documents that have every word of text; not ok
// where text has no words.
func (s *Store) match(text string) (m wanted, ok bool) {
	m.terms = queryTerms(text)
	return m, len(m.terms) > 0
}

// query writes it in the query language of FTS5 or of tsquery, for
// some kinds on some shelves.
func (m wanted) query(engine migrations.Engine, kinds []string, shelves []int64) string {
	quote, prefix, and, or := `"`, `*`, ` AND `, ` OR `
	if engine == migrations.Postgres {
		quote, prefix, and, or = `'`, `:*`, ` & `, ` | `
	}
	var b strings.Builder
	for _, shelf := range shelves {
		for _, kind := range kinds {
			mark := shelfMark(kind, shelf)
			if b.Len() > 0 {
				b.WriteString(or)
			}
			term := func(t queryTerm) {
				b.WriteString(quote + mark + t.word + quote)
				if t.prefix {
					b.WriteString(prefix)
				}
			}
			b.WriteByte('(')
			if m.two && len(m.terms) > 2 {
				// Each with any that follows it.
				for i, t := range m.terms[:len(m.terms)-1] {
					if i > 0 {
						b.WriteString(or)
					}
					b.WriteByte('(')
					term(t)
					b.WriteString(and + `(`)
					for j, other := range m.terms[i+1:] {
						if j > 0 {
							b.WriteString(or)
						}
						term(other)
					}
					b.WriteString(`))`)
				}
			} else {
				for i, t := range m.terms {
					if i > 0 {
						b.WriteString(and)
					}
					term(t)
				}
			}
			b.WriteByte(')')
		}
	}
	return b.String()
}

// foundQuery is a query on the documents (d) that a search finds, the newest
// first, and what is joined to them.
type foundQuery struct {
	columns    string
	kinds      []string // of documents; all where nil
	inner      string   // what is joined to them, without the word JOIN; "" for nothing
	outer      string   // LEFT JOINs to that
	conditions []string
	args       []any
	before     int64 // only documents below this id; 0 for all
	limit      int
}

// selectFound runs a query on what is wanted, shelf by shelf.
func selectFound[T any](ctx context.Context, s *Store, m wanted, q foundQuery) ([]T, error) {
	if q.kinds == nil {
		for kind := range kindLetters {
			q.kinds = append(q.kinds, kind)
		}
		slices.Sort(q.kinds)
	}
	for _, kind := range q.kinds {
		if kindLetters[kind] == "" {
			return nil, fmt.Errorf("search for things of the unknown kind %q", kind)
		}
	}
	top := q.before - 1
	if q.before == 0 {
		if err := s.db.Get(ctx, &top, `SELECT COALESCE(MAX(id), 0) FROM search_doc`); err != nil {
			return nil, err
		}
	}
	var found []T
	for last, query := top>>shelfBits, 0; last >= 0 && len(found) < q.limit; query++ {
		n := shelvesAt(query)
		first := max(0, last-n+1)
		shelves := make([]int64, 0, n)
		for shelf := last; shelf >= first; shelf-- {
			shelves = append(shelves, shelf)
		}
		last = first - 1
		shelves, err := s.worthLooking(ctx, m, q.kinds, shelves)
		if err != nil {
			return nil, err
		}
		if len(shelves) == 0 {
			continue
		}
		rows, err := selectShelves[T](ctx, s, m.query(s.db.Engine, q.kinds, shelves), q, q.limit-len(found))
		if err != nil {
			return nil, err
		}
		found = append(found, rows...)
	}
	return found, nil
}

// fewDocs is up to how many documents a word is so rare that it is worth
// knowing on which shelves they stand.
const fewDocs = 100

// worthLooking leaves out the shelves on which the longest word of several,
// likely the rarest, is not. Both engines gather all documents of each word that
// a query's words begin before they compare anything: a common word beside a
// rare one, as in HD-4711, would cost as much as two common ones.
func (s *Store) worthLooking(ctx context.Context, m wanted, kinds []string, shelves []int64) ([]int64, error) {
	if len(m.terms) < 2 || m.two || len(shelves) == 1 {
		return shelves, nil
	}
	longest := slices.MaxFunc(m.terms, func(a, b queryTerm) int { return len(a.word) - len(b.word) })
	var docs []int64
	query := wanted{terms: []queryTerm{longest}}.query(s.db.Engine, kinds, shelves)
	few := `SELECT rowid FROM search_words WHERE search_words MATCH ? LIMIT ?`
	if s.db.Engine == migrations.Postgres {
		few = `SELECT id FROM search_found(CAST(? AS tsquery)) AS w (id) LIMIT ?`
	}
	if err := s.db.Select(ctx, &docs, few, query, fewDocs); err != nil {
		return nil, err
	}
	if len(docs) == fewDocs {
		return shelves, nil
	}
	on := map[int64]bool{}
	for _, d := range docs {
		on[d>>shelfBits] = true
	}
	return slices.DeleteFunc(shelves, func(shelf int64) bool { return !on[shelf] }), nil
}

func selectShelves[T any](ctx context.Context, s *Store, query string, q foundQuery, limit int) (rows []T, err error) {
	// The engines carry a bound on the id over to the words only when it names them.
	// FTS5 walks the words' documents in order; CROSS JOIN keeps it first.
	key, join, from := `search_words.rowid`, `CROSS JOIN `, `search_words CROSS JOIN search_doc d ON d.id = search_words.rowid `
	where := `search_words MATCH ?`
	if s.db.Engine == migrations.Postgres {
		key, join, where = `w.id`, `JOIN `, `TRUE`
		from = `search_found(CAST(? AS tsquery)) AS w (id) JOIN search_doc d ON d.id = w.id `
	}
	if q.inner != "" {
		from += join + q.inner
	}
	text := `SELECT ` + q.columns + ` FROM ` + from + q.outer + ` WHERE ` + strings.Join(append([]string{where}, q.conditions...), ` AND `)
	args := append([]any{query}, q.args...)
	if q.before != 0 {
		text, args = text+` AND `+key+` < ?`, append(args, q.before)
	}
	err = s.db.Select(ctx, &rows, text+` ORDER BY `+key+` DESC LIMIT ?`, append(args, limit)...)
	return rows, err
}
