package tracker

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"helpdeskd/migrations"
)

// What can be found. A kind's id is its row's.
const (
	KindTicket = "ticket"
	KindClient = "client"
)

// Hit is a thing that was found: a ticket or a client.
type Hit struct {
	Kind   string
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
// them, newest first. kind is KindTicket, KindClient or "" for both; before is
// a page's More, 0 for the first page. No query makes it fail.
func (s *Store) Search(ctx context.Context, query, kind string, before int64, limit int) (SearchPage, error) {
	var page SearchPage
	if limit <= 0 || limit > 200 {
		limit = 30
	}
	if before == 0 && kind != KindClient {
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
	where, args := m.where, []any{m.arg}
	if kind != "" {
		where, args = where+` AND d.kind = ?`, append(args, kind)
	}
	if before != 0 {
		where, args = where+` AND `+m.key+` < ?`, append(args, before)
	}
	var docs []searchDoc
	err := s.db.Select(ctx, &docs, `SELECT d.id, d.kind, d.ref FROM `+m.from+`WHERE `+where+` ORDER BY `+m.key+` DESC LIMIT ?`, append(args, limit+1)...)
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
		h := Hit{Kind: d.Kind, Ticket: tickets[d.Ref], Client: clients[d.Ref]}
		if d.Kind == KindTicket {
			h.Client = nil
		} else {
			h.Ticket = nil
		}
		if h.Ticket != nil || h.Client != nil {
			hits = append(hits, h)
		}
	}
	return hits, nil
}

// wordMatch is the part of a query that finds documents by words. from names
// the tables search_words and search_doc d, and join what joins the next one
// so that the engine walks the words first and in the order of key.
type wordMatch struct {
	from, join, where, key string
	arg                    string
}

// match returns how to find documents that have every word of text; not ok
// where text has no words.
func (s *Store) match(text string) (m wordMatch, ok bool) {
	terms := queryTerms(text)
	if len(terms) == 0 {
		return m, false
	}
	return s.matchTerms(terms, true), true
}

func (s *Store) matchTerms(terms []queryTerm, all bool) wordMatch {
	var b strings.Builder
	if s.db.Engine == migrations.SQLite {
		for i, t := range terms {
			if i > 0 {
				b.WriteString(map[bool]string{true: " AND ", false: " OR "}[all])
			}
			b.WriteString(`"` + t.word + `"`)
			if t.prefix {
				b.WriteString(`*`)
			}
		}
		// CROSS JOIN keeps the order of the tables.
		return wordMatch{
			from: `search_words CROSS JOIN search_doc d ON d.id = search_words.rowid `, join: `CROSS JOIN `,
			where: `search_words MATCH ?`, key: `search_words.rowid`, arg: b.String(),
		}
	}
	for i, t := range terms {
		if i > 0 {
			b.WriteString(map[bool]string{true: " & ", false: " | "}[all])
		}
		b.WriteString(`'` + t.word + `'`)
		if t.prefix {
			b.WriteString(`:*`)
		}
	}
	return wordMatch{
		from: `search_words w JOIN search_doc d ON d.id = w.id `, join: `JOIN `,
		where: `w.words @@ CAST(? AS tsquery)`, key: `w.id`, arg: b.String(),
	}
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
	m := s.matchTerms(terms, false)
	var rows []Ticket
	err := s.db.Select(ctx, &rows, `SELECT `+ticketColumns+` FROM (SELECT d.ref FROM `+m.from+`WHERE `+m.where+` AND d.kind = 'ticket' ORDER BY `+m.key+` DESC LIMIT 200) found
		JOIN ticket t ON t.id = found.ref `+ticketJoins+`WHERE t.fix <> '' AND t.id <> ? ORDER BY t.id DESC`, m.arg, t.ID)
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
