package tracker

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"helpdeskd/migrations"
)

// Bounds on what is indexed of one thing, so that no mail makes the index
// grow without measure; PostgreSQL refuses a tsvector over 1 MB.
const (
	maxIndexText   = 200 << 10 // bytes of text
	maxIndexTokens = 20_000
	maxIndexPiece  = 20_000 // characters of one message or note
	indexBatch     = 64     // things a transaction
)

// RunIndex keeps the search index up to date under the lease "index" until
// ctx ends or the lease is lost. While mail is waiting it stands back.
func (s *Store) RunIndex(ctx context.Context, l *Lease) error {
	news, stop := s.live.watch()
	defer stop()
	for {
		s.Alive(BeatIndex)
		if err := s.standBack(ctx); err != nil {
			return err
		}
		n, err := s.indexSome(ctx, l)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case migrations.KindOf(err) == migrations.Conflict:
			return err // the lease is lost
		case err != nil:
			s.log.Error("indexing failed, trying again", slog.Any("error", err))
		case n > 0:
			continue
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-l.Lost():
		case <-news:
		case <-time.After(2 * time.Second): // other processes queue too
		}
	}
}

// standBack waits while mail is waiting to be understood, five seconds at
// most, so that the index is late under a backlog but never stands still.
func (s *Store) standBack(ctx context.Context) error {
	for range 20 {
		waiting, err := exists(ctx, s.db, `SELECT 1 FROM inbox WHERE state <> 'done' AND (retry_at IS NULL OR retry_at <= ?) LIMIT 1`, s.stamp())
		if err != nil || !waiting {
			return ctx.Err()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(250 * time.Millisecond):
		}
	}
	return nil
}

// IndexPending indexes all that is queued and returns how many things that
// were. A nil lease is for commands that run alone.
func (s *Store) IndexPending(ctx context.Context, l *Lease) (int, error) {
	total := 0
	for {
		n, err := s.indexSome(ctx, l)
		total += n
		if err != nil || n == 0 {
			return total, err
		}
	}
}

// indexSome indexes the next few things of the queue. Reading the queue
// before the things makes sure that a change committed meanwhile, which queues
// its thing once more, is not lost.
func (s *Store) indexSome(ctx context.Context, l *Lease) (int, error) {
	if some, err := exists(ctx, s.db, `SELECT 1 FROM search_queue LIMIT 1`); err != nil || !some {
		return 0, err
	}
	n := 0
	err := s.underLease(ctx, l, func(tx *migrations.Tx) error {
		var queue []searchDoc
		if err := tx.Select(ctx, &queue, `SELECT id, kind, ref FROM search_queue ORDER BY id LIMIT ?`, indexBatch); err != nil {
			return err
		}
		// All words are written last, together: FTS5 flushes what it gathered
		// whenever another table is written in between.
		var entries []indexEntry
		seen := map[searchDoc]bool{}
		taken := make([]any, len(queue))
		for i, q := range queue {
			taken[i] = q.ID
			thing := searchDoc{Kind: q.Kind, Ref: q.Ref}
			if seen[thing] {
				continue
			}
			seen[thing] = true
			e, err := s.readEntry(ctx, tx, thing)
			if err != nil {
				return fmt.Errorf("index %s %d: %w", q.Kind, q.Ref, err)
			}
			entries = append(entries, e)
		}
		if n = len(entries); n == 0 {
			return nil
		}
		if _, err := tx.Exec(ctx, `DELETE FROM search_queue WHERE id IN (`+marks(len(taken))+`)`, taken...); err != nil {
			return err
		}
		for _, e := range entries {
			if err := e.writeTx(ctx, tx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("fill the search index: %w", err)
	}
	return n, nil
}

// IndexKind has things of a kind that another package owns found by search:
// texts returns what one is found by, nil when it is gone. To be called
// before anything is indexed.
func (s *Store) IndexKind(kind string, texts func(ctx context.Context, q migrations.Queryer, id int64) ([]string, error)) {
	s.indexKinds[kind] = texts
}

// IndexNamed has things of a kind that another package owns indexed anew when
// a client that they name is renamed: named returns which those are. To be
// called before anything is indexed.
func (s *Store) IndexNamed(kind string, named func(ctx context.Context, q migrations.Queryer, clientID int64) ([]int64, error)) {
	s.indexNamed[kind] = named
}

// indexNamedTx queues the other packages' things that name a client.
func (s *Store) indexNamedTx(ctx context.Context, tx *migrations.Tx, clientID int64) error {
	for kind, named := range s.indexNamed {
		ids, err := named(ctx, tx, clientID)
		if err != nil {
			return fmt.Errorf("find each %s that names client %d: %w", kind, clientID, err)
		}
		if err := s.IndexManyTx(ctx, tx, kind, ids); err != nil {
			return err
		}
	}
	return nil
}

// indexEntry is a document and its words.
type indexEntry struct {
	doc   int64
	words string
}

// readEntry gathers the words of one thing, and makes its document on first sight.
func (s *Store) readEntry(ctx context.Context, tx *migrations.Tx, thing searchDoc) (e indexEntry, err error) {
	var texts []string
	switch thing.Kind {
	case KindTicket:
		texts, err = ticketTexts(ctx, tx, thing.Ref)
	case KindClient:
		texts, err = clientTexts(ctx, tx, thing.Ref)
	default:
		if of := s.indexKinds[thing.Kind]; of != nil {
			g := &gather{left: maxIndexText}
			var all []string
			all, err = of(ctx, tx, thing.Ref)
			g.add(all...)
			texts = g.texts
		}
	}
	if err != nil {
		return e, err
	}
	err = tx.Get(ctx, &e.doc, `SELECT id FROM search_doc WHERE kind = ? AND ref = ?`, thing.Kind, thing.Ref)
	if migrations.KindOf(err) == migrations.NotFound {
		e.doc, err = tx.Insert(ctx, `INSERT INTO search_doc (kind, ref) VALUES (?, ?) RETURNING id`, thing.Kind, thing.Ref)
	}
	e.words = shelved(thing.Kind, e.doc, wordsOf(maxIndexTokens, texts...))
	return e, err
}

// writeTx replaces the words of the document.
func (e indexEntry) writeTx(ctx context.Context, tx *migrations.Tx) error {
	if tx.Dialect() == migrations.SQLite {
		if _, err := tx.Exec(ctx, `DELETE FROM search_words WHERE rowid = ?`, e.doc); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO search_words (rowid, words) VALUES (?, ?)`, e.doc, e.words)
		return err
	}
	_, err := tx.Exec(ctx, `INSERT INTO search_words (id, words) VALUES (?, CAST(? AS tsvector))
		ON CONFLICT (id) DO UPDATE SET words = excluded.words`, e.doc, e.words)
	return err
}

// gather collects texts up to maxIndexText bytes.
type gather struct {
	texts []string
	left  int
}

func (g *gather) add(texts ...string) {
	for _, t := range texts {
		t = clip(t, g.left)
		g.left -= len(t)
		g.texts = append(g.texts, t)
	}
}

// ticketTexts returns what a ticket is found by, the most telling first.
func ticketTexts(ctx context.Context, q read, id int64) ([]string, error) {
	t, err := ticketWhere(ctx, q, `t.id = ?`, id)
	if migrations.KindOf(err) == migrations.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	g := &gather{left: maxIndexText}
	// Both HD-12 and HD12 are typed.
	g.add(t.Name(), fmt.Sprintf("HD%d", t.Number), t.Subject, t.ClientName, t.ClientAddress, t.ClientDepartment, t.AssigneeName, t.CategoryName, t.ForClientName, t.Fix, t.Summary, t.DropReason)
	var addresses []string
	err = q.Select(ctx, &addresses, `SELECT address FROM client_address WHERE client_id = ?
		UNION SELECT a.address FROM participant p JOIN client_address a ON a.client_id = p.client_id WHERE p.ticket_id = ?
		UNION SELECT c.name FROM participant p JOIN client c ON c.id = p.client_id WHERE p.ticket_id = ? LIMIT 500`, t.ClientID, id, id)
	if err != nil {
		return nil, err
	}
	g.add(addresses...)
	var messages []struct {
		Name    string `db:"from_name"`
		Address string `db:"from_address"`
		Subject string `db:"subject"`
		Body    string `db:"body"`
		Form    string `db:"form"`
	}
	err = q.Select(ctx, &messages, `SELECT from_name, from_address, subject, SUBSTR(body, 1, ?) AS body, form FROM message
		WHERE ticket_id = ? AND state = 'shown' ORDER BY id LIMIT 200`, maxIndexPiece, id)
	if err != nil {
		return nil, err
	}
	var notes, files []string
	if err := q.Select(ctx, &notes, `SELECT SUBSTR(body, 1, ?) FROM note WHERE ticket_id = ? AND kind <> 'system' ORDER BY id DESC LIMIT 200`, maxIndexPiece, id); err != nil {
		return nil, err
	}
	err = q.Select(ctx, &files, `SELECT f.name FROM message m JOIN attachment f ON f.message_id = m.id
		WHERE m.ticket_id = ? AND m.state = 'shown' AND f.role = 'file' ORDER BY f.id DESC LIMIT 200`, id)
	if err != nil {
		return nil, err
	}
	var facts []string
	if err := q.Select(ctx, &facts, `SELECT value FROM fact WHERE ticket_id = ? ORDER BY item`, id); err != nil {
		return nil, err
	}
	g.add(facts...)
	g.add(notes...)
	g.add(files...)
	for _, m := range messages {
		g.add(m.Name, m.Address, m.Subject, m.Body)
		g.add(formTexts(m.Form)...)
	}
	return g.texts, nil
}

func formTexts(data string) []string {
	if data == "" {
		return nil
	}
	var f Form
	if json.Unmarshal([]byte(data), &f) != nil {
		return nil
	}
	texts := []string{f.Requester.Name, f.Requester.Address}
	for _, a := range f.Answers {
		texts = append(texts, a.Answer)
	}
	return texts
}

func clientTexts(ctx context.Context, q read, id int64) ([]string, error) {
	var c Client
	err := q.Get(ctx, &c, `SELECT `+clientColumns+` FROM client WHERE id = ?`, id)
	if migrations.KindOf(err) == migrations.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if c.ErasedAt != 0 {
		return nil, nil
	}
	var addresses []string
	if err := q.Select(ctx, &addresses, `SELECT address FROM client_address WHERE client_id = ? LIMIT 500`, id); err != nil {
		return nil, err
	}
	g := &gather{left: maxIndexText}
	g.add(c.Name, c.Department, c.Phone)
	g.add(addresses...)
	return g.texts, nil
}
