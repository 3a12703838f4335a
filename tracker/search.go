package tracker

import (
	"context"
	"fmt"
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
	q := foundQuery{columns: `d.id, d.kind, d.ref`, before: before, limit: limit + 1}
	if kind != "" {
		q.kinds = []string{kind}
	}
	docs, err := selectFound[searchDoc](ctx, s, m, q)
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
