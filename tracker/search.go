package tracker

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"helpdeskd/migrations"
)

// Hit is a thing that was found. Ticket and Client are read; what other
// packages own is only named, for them to read.
type Hit struct {
	Thing
	Ticket *Ticket
	Client *Client
}

// SearchPage is what a search found, the newest first.
type SearchPage struct {
	Exact *Ticket // on the first page: the ticket whose number was typed
	Hits  []Hit
	More  int64 // give it as before for the next ones; 0 at the end
}

// Bounds on what people type into the search field.
const (
	maxQueryBytes = 1000
	maxQueryWords = 12
)

// Search returns what has all the words of query, or words that begin with
// them, newest first. kind is one of the kinds, "" for all; before is a page's
// More, 0 for the first page. No query makes it fail.
func (s *Store) Search(ctx context.Context, query, kind string, before int64, limit int) (SearchPage, error) {
	var page SearchPage
	if limit <= 0 || limit > 200 {
		limit = 30
	}
	if before == 0 && (kind == "" || kind == KindTicket) {
		if n, err := ParseTicketName(query); err == nil {
			t, err := s.TicketByNumber(ctx, n)
			if err == nil {
				page.Exact = &t
			} else if migrations.KindOf(err) != migrations.NotFound {
				return page, err
			}
		}
	}
	m, ok := s.match(query)
	if !ok {
		return page, nil
	}
	var conditions []string
	var args []any
	if kind != "" {
		conditions, args = []string{`d.kind = ?`}, []any{kind}
	}
	docs, err := selectFound[searchDoc](ctx, s, m, foundQuery{columns: `d.id, d.kind, d.ref`, conditions: conditions, args: args, before: before, limit: limit + 1})
	if err != nil {
		return page, fmt.Errorf("search: %w", err)
	}
	if len(docs) > limit {
		docs = docs[:limit]
		page.More = docs[limit-1].ID
	}
	page.Hits, err = s.hits(ctx, docs)
	return page, err
}

type searchDoc struct {
	ID   int64  `db:"id"`
	Kind string `db:"kind"`
	Ref  int64  `db:"ref"`
}

// hits reads what the documents stand for, in their order.
func (s *Store) hits(ctx context.Context, docs []searchDoc) ([]Hit, error) {
	ids := map[string][]any{}
	for _, d := range docs {
		ids[d.Kind] = append(ids[d.Kind], d.Ref)
	}
	tickets, clients := map[int64]*Ticket{}, map[int64]*Client{}
	if refs := ids[KindTicket]; len(refs) > 0 {
		var rows []Ticket
		if err := s.db.Select(ctx, &rows, ticketSelect+`WHERE t.id IN (`+marks(len(refs))+`)`, refs...); err != nil {
			return nil, fmt.Errorf("read found tickets: %w", err)
		}
		for i := range rows {
			tickets[rows[i].ID] = &rows[i]
		}
	}
	if refs := ids[KindClient]; len(refs) > 0 {
		var rows []Client
		if err := s.db.Select(ctx, &rows, `SELECT `+clientColumns+` FROM client WHERE id IN (`+marks(len(refs))+`)`, refs...); err != nil {
			return nil, fmt.Errorf("read found clients: %w", err)
		}
		for i := range rows {
			clients[rows[i].ID] = &rows[i]
		}
	}
	hits := make([]Hit, 0, len(docs))
	for _, d := range docs {
		h := Hit{Thing: Thing{d.Kind, d.Ref}}
		switch d.Kind {
		case KindTicket:
			h.Ticket = tickets[d.Ref]
		case KindClient:
			h.Client = clients[d.Ref]
		}
		if h.Ticket != nil || h.Client != nil || s.indexKinds[d.Kind] != nil {
			hits = append(hits, h)
		}
	}
	return hits, nil
}

// match returns the query of the engine's own search that finds what has
// every word of text; not ok where text has no words.
func (s *Store) match(text string) (query string, ok bool) {
	terms := queryTerms(text)
	if len(terms) == 0 {
		return "", false
	}
	return s.engineQuery(terms, true), true
}

// engineQuery writes terms in the query language of FTS5 or of tsquery.
func (s *Store) engineQuery(terms []queryTerm, all bool) string {
	quote, prefix, and, or := `"`, `*`, ` AND `, ` OR `
	if s.db.Engine == migrations.Postgres {
		quote, prefix, and, or = `'`, `:*`, ` & `, ` | `
	}
	var b strings.Builder
	for i, t := range terms {
		switch {
		case i > 0 && all:
			b.WriteString(and)
		case i > 0:
			b.WriteString(or)
		}
		b.WriteString(quote + t.word + quote)
		if t.prefix {
			b.WriteString(prefix)
		}
	}
	return b.String()
}

// foundQuery is a query on the documents (d) that a search finds, the newest
// first, and what is joined to them.
type foundQuery struct {
	columns    string
	inner      string // what is joined to them, without the word JOIN; "" for nothing
	outer      string // LEFT JOINs to that
	conditions []string
	args       []any
	before     int64 // only documents below this id; 0 for all
	limit      int
}

// newestDocs is how many documents PostgreSQL looks through for a common word
// before it asks the word index: walking back from the newest is quick for
// common words, the index for rare ones.
const newestDocs = 20_000

// selectFound runs a query on what match finds.
func selectFound[T any](ctx context.Context, s *Store, match string, q foundQuery) ([]T, error) {
	// The engines carry a bound on the id over to the words only when it names them.
	key := `w.id`
	if s.db.Engine == migrations.SQLite {
		key = `search_words.rowid`
	}
	run := func(from, where string, args ...any) (rows []T, err error) {
		query := `SELECT ` + q.columns + ` FROM ` + from + q.outer + ` WHERE ` + strings.Join(append([]string{where}, q.conditions...), ` AND `)
		args = append(args, q.args...)
		if q.before != 0 {
			query, args = query+` AND `+key+` < ?`, append(args, q.before)
		}
		err = s.db.Select(ctx, &rows, query+` ORDER BY `+key+` DESC LIMIT ?`, append(args, q.limit)...)
		return rows, err
	}
	if s.db.Engine == migrations.SQLite {
		// FTS5 walks the word's documents in order; CROSS JOIN keeps it first.
		from := `search_words CROSS JOIN search_doc d ON d.id = search_words.rowid `
		if q.inner != "" {
			from += `CROSS JOIN ` + q.inner
		}
		return run(from, `search_words MATCH ?`, match)
	}
	docs := ` w JOIN search_doc d ON d.id = w.id `
	if q.inner != "" {
		docs += `JOIN ` + q.inner
	}
	top := q.before
	if top == 0 {
		if err := s.db.Get(ctx, &top, `SELECT COALESCE(MAX(id), 0) FROM search_words`); err != nil {
			return nil, err
		}
	}
	rows, err := run(`search_words`+docs, `w.words @@ CAST(? AS tsquery) AND w.id > ?`, match, top-newestDocs)
	if err != nil || len(rows) == q.limit || top <= newestDocs {
		return rows, err
	}
	// OFFSET 0 has the index asked first, whatever the planner guesses.
	return run(`(SELECT id FROM search_words WHERE words @@ CAST(? AS tsquery) OFFSET 0)`+docs, `TRUE`, match)
}

// queryTerm is a word of a query. Words consist of letters and digits only,
// so that they need no escaping in either engine's query language.
type queryTerm struct {
	word   string
	prefix bool // also what begins with it
}

// queryTerms returns the words of what somebody typed. Those of two letters
// or more also find what begins with them.
func queryTerms(text string) []queryTerm {
	words := wordsOf(maxQueryWords, clip(strings.ToValidUTF8(text, " "), maxQueryBytes))
	terms := make([]queryTerm, 0, len(words))
	for _, w := range words {
		first, _ := utf8.DecodeRuneInString(w)
		n := utf8.RuneCountInString(w)
		// A lone letter of an unspaced script begins the pairs that it is in.
		terms = append(terms, queryTerm{word: w, prefix: n >= 2 && !unspaced(first) || n == 1 && unspaced(first)})
	}
	return terms
}

// similar returns tickets that were fixed and whose words resemble those of
// subject, the most alike first, at most limit.
func (s *Store) similar(ctx context.Context, t *Ticket, limit int) ([]Ticket, error) {
	var terms []queryTerm
	weight := map[string]int{}
	for _, w := range wordsOf(maxQueryWords, t.Subject) {
		n := utf8.RuneCountInString(w)
		if _, err := strconv.Atoi(w); n < 4 && !unspaced([]rune(w)[0]) || err == nil {
			continue
		}
		terms, weight[w] = append(terms, queryTerm{word: w}), n
	}
	if len(terms) == 0 {
		return nil, nil
	}
	// A bounded look at the newest that share a word.
	docs, err := selectFound[searchDoc](ctx, s, s.engineQuery(terms, false), foundQuery{columns: `d.id, d.kind, d.ref`, conditions: []string{`d.kind = 'ticket'`}, limit: 200})
	if err != nil {
		return nil, fmt.Errorf("find similar tickets: %w", err)
	}
	if len(docs) == 0 {
		return nil, nil
	}
	ids := make([]any, 0, len(docs)+1)
	for _, d := range docs {
		ids = append(ids, d.Ref)
	}
	var rows []Ticket
	err = s.db.Select(ctx, &rows, ticketSelect+`WHERE t.id IN (`+marks(len(ids))+`) AND t.fix <> '' AND t.id <> ? ORDER BY t.id DESC`, append(ids, t.ID)...)
	if err != nil {
		return nil, fmt.Errorf("find similar tickets: %w", err)
	}
	return mostAlike(rows, weight, limit), nil
}

// mostAlike returns the tickets whose subjects share the heaviest words.
func mostAlike(rows []Ticket, weight map[string]int, limit int) []Ticket {
	type scored struct {
		score int
		t     Ticket
	}
	var best []scored
	for _, r := range rows {
		x := scored{t: r}
		for _, w := range wordsOf(100, r.Subject) {
			x.score += weight[w]
		}
		if x.score == 0 {
			continue
		}
		at := len(best)
		for at > 0 && best[at-1].score < x.score {
			at--
		}
		if at < limit {
			best = append(best[:at], append([]scored{x}, best[at:]...)...)
			best = best[:min(len(best), limit)]
		}
	}
	out := make([]Ticket, len(best))
	for i := range best {
		out[i] = best[i].t
	}
	return out
}
