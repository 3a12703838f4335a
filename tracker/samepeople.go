package tracker

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"helpdeskd/migrations"
)

// The fields of a person of whom two make one, as SamePerson takes them.
const (
	PersonName       = "name"
	PersonDepartment = "department"
	PersonPhone      = "phone"
	PersonHigh       = "high_management"
)

// SamePerson says which two people are one.
type SamePerson struct {
	From, Into               int64 // From ends, and leads on to Into
	FromVersion, IntoVersion int64
	Take                     []string // the fields in which From's value is the one that stays
	Main                     string   // the main address afterwards, one of either's; "" leaves Into's
}

// MergePeople makes two people one, for good: whatever names From names Into
// afterwards, and From's row is emptied and leads on. Only events still tell
// whom something was done to at the time. It fails with Conflict where either
// was changed meanwhile, with Invalid where either is not there any more.
// Merging the same two once more is done already.
func (s *Store) MergePeople(ctx context.Context, actor Actor, m SamePerson) (Client, error) {
	var now Client
	err := s.db.Tx(ctx, func(tx *migrations.Tx) (err error) {
		now, err = s.mergePeopleTx(ctx, tx, actor, m)
		return err
	})
	if err != nil {
		return Client{}, fmt.Errorf("merge client %d into %d: %w", m.From, m.Into, err)
	}
	return now, nil
}

func (s *Store) mergePeopleTx(ctx context.Context, tx *migrations.Tx, actor Actor, m SamePerson) (Client, error) {
	if m.From == m.Into {
		return Client{}, migrations.Invalidf("This is one person already: choose another.")
	}
	// No mail is decided meanwhile, and nothing else begins for either.
	if _, err := lockNumbersTx(ctx, tx); err != nil {
		return Client{}, err
	}
	// Tickets and things before the people, which is the order of everybody
	// who works on those; what came to them meanwhile follows further down.
	if err := lockTicketsOfTx(ctx, tx, m.From, m.Into); err != nil {
		return Client{}, err
	}
	if err := s.alsoMergeTx(ctx, tx, m.From, m.Into); err != nil {
		return Client{}, err
	}
	two, err := lockClientsTx(ctx, tx, m.From, m.Into)
	if err != nil {
		return Client{}, err
	}
	from, into := two[m.From], two[m.Into]
	if from.MergedIntoID == m.Into {
		return into, nil
	}
	for _, c := range []Client{from, into} {
		if err := c.there(); err != nil {
			return Client{}, err
		}
		going, err := exists(ctx, tx, `SELECT 1 FROM erasure WHERE client_id = ? AND done_at IS NULL`, c.ID)
		if err != nil {
			return Client{}, err
		}
		if going {
			return Client{}, migrations.Conflictf("%s is being erased.", c.Name)
		}
	}
	if from.Version != m.FromVersion || into.Version != m.IntoVersion {
		return Client{}, errStale()
	}
	now := into
	for _, f := range m.Take {
		switch f {
		case PersonName:
			now.Name = from.Name
		case PersonDepartment:
			now.Department = from.Department
		case PersonPhone:
			now.Phone = from.Phone
		case PersonHigh:
			now.HighManagement = from.HighManagement
		default:
			return Client{}, migrations.Invalidf("%q is no field of a person.", f)
		}
	}
	if m.Main == "" { // so that what comes with From does not become it
		list, err := clientAddresses(ctx, tx, m.Into)
		if err != nil {
			return Client{}, err
		}
		if len(list) > 0 {
			m.Main = list[0].Address
		}
	}
	if err := s.bringTogetherTx(ctx, tx, m.From, m.Into); err != nil {
		return Client{}, err
	}
	if m.Main != "" {
		if err := setMainTx(ctx, tx, m.Into, cleanAddress(m.Main)); err != nil {
			return Client{}, err
		}
	}
	if _, err := tx.Exec(ctx, `UPDATE client SET version = version + 1, created_at = ? WHERE id = ?`, min(from.CreatedAt, into.CreatedAt), m.Into); err != nil {
		return Client{}, err
	}
	if err := s.changeClientTx(ctx, tx, actor, into, now); err != nil {
		return Client{}, err
	}
	// Whoever was merged into From before is led on to where it leads.
	_, err = tx.Exec(ctx, `UPDATE client SET merged_into_id = ? WHERE id = ? OR merged_into_id = ?`, m.Into, m.From, m.From)
	if err == nil {
		_, err = tx.Exec(ctx, `UPDATE client SET name = '', name_folded = '', department = '', phone = '', high_management = FALSE, erased_at = ?, version = version + 1 WHERE id = ?`, s.stamp(), m.From)
	}
	if err != nil {
		return Client{}, fmt.Errorf("empty client %d: %w", m.From, err)
	}
	for _, e := range []Event{{SubjectID: m.From, Kind: "merged_into", Became: clientRef(m.Into)}, {SubjectID: m.Into, Kind: "merged_from", Was: clientRef(m.From)}} {
		e.Actor, e.Subject = actor, KindClient
		if err := s.RecordTx(ctx, tx, e); err != nil {
			return Client{}, err
		}
	}
	if err := s.unindexTx(ctx, tx, KindClient, m.From); err != nil {
		return Client{}, err
	}
	if err := s.IndexTx(ctx, tx, KindClient, m.Into); err != nil {
		return Client{}, err
	}
	if err := s.indexTicketsOfTx(ctx, tx, m.Into); err != nil {
		return Client{}, err
	}
	if err := s.indexNamedTx(ctx, tx, m.Into); err != nil {
		return Client{}, err
	}
	return clientByID(ctx, tx, m.Into)
}

// lockTicketsOfTx holds the tickets that name one of two clients.
func lockTicketsOfTx(ctx context.Context, tx *migrations.Tx, a, b int64) error {
	if tx.Dialect() != migrations.Postgres {
		return nil // where one writes at a time anyway
	}
	var ids []int64
	err := tx.Select(ctx, &ids, `SELECT id FROM ticket WHERE client_id IN (?, ?) OR for_client_id IN (?, ?) OR id IN (SELECT p.ticket_id FROM participant p WHERE p.client_id IN (?, ?)) ORDER BY id FOR NO KEY UPDATE`, a, b, a, b, a, b)
	if err != nil {
		return fmt.Errorf("hold tickets: %w", err)
	}
	return nil
}

// lockClientsTx reads two clients and holds them until the commit, so that
// what would name one of them waits. Both in the order of their ids.
func lockClientsTx(ctx context.Context, tx *migrations.Tx, a, b int64) (map[int64]Client, error) {
	lock := ``
	if tx.Dialect() == migrations.Postgres {
		lock = ` FOR UPDATE`
	}
	two := map[int64]Client{}
	for _, id := range []int64{min(a, b), max(a, b)} {
		var c Client
		err := tx.Get(ctx, &c, `SELECT `+clientColumns+` FROM client WHERE id = ?`+lock, id)
		if migrations.KindOf(err) == migrations.NotFound {
			return nil, migrations.NotFoundf("There is no such person.")
		}
		if err != nil {
			return nil, fmt.Errorf("read client %d: %w", id, err)
		}
		two[id] = c
	}
	return two, nil
}

// clientThere reports whether something can be begun for a client, after
// whatever is being done to them.
func clientThere(ctx context.Context, tx *migrations.Tx, id int64) (bool, error) {
	wait := ``
	if tx.Dialect() == migrations.Postgres {
		wait = ` FOR SHARE`
	}
	return exists(ctx, tx, `SELECT 1 FROM client WHERE id = ? AND erased_at IS NULL`+wait, id)
}

// bringTogetherTx has everything that names from name into.
func (s *Store) bringTogetherTx(ctx context.Context, tx *migrations.Tx, from, into int64) error {
	if err := s.joinedByMergeTx(ctx, tx, from, into); err != nil {
		return err
	}
	for _, q := range []struct {
		query string
		args  []any
	}{
		{`UPDATE client_address SET client_id = ?, main = FALSE WHERE client_id = ?`, []any{into, from}},
		{`DELETE FROM former_address WHERE client_id = ? AND address IN (SELECT f.address FROM former_address f WHERE f.client_id = ?)`, []any{from, into}},
		{`UPDATE former_address SET client_id = ? WHERE client_id = ?`, []any{into, from}},
		{`UPDATE ticket SET burst_person = ? WHERE client_id = ? AND burst_person = ?`, []any{fmt.Sprint(into), from, fmt.Sprint(from)}},
		{`UPDATE ticket SET client_id = ? WHERE client_id = ?`, []any{into, from}},
		{`UPDATE ticket SET for_client_id = ? WHERE for_client_id = ?`, []any{into, from}},
		{`UPDATE ticket SET for_client_id = NULL WHERE for_client_id = ? AND client_id = ?`, []any{into, into}},
		{`DELETE FROM participant WHERE client_id = ? AND ticket_id IN (SELECT p.ticket_id FROM participant p WHERE p.client_id = ?)`, []any{from, into}},
		{`UPDATE participant SET client_id = ? WHERE client_id = ?`, []any{into, from}},
		{`DELETE FROM participant WHERE client_id = ? AND ticket_id IN (SELECT t.id FROM ticket t WHERE t.client_id = ?)`, []any{into, into}},
		{`UPDATE message SET client_id = ? WHERE client_id = ?`, []any{into, from}},
		{`UPDATE fact SET thing_id = ? WHERE item = 'who' AND thing_id = ?`, []any{into, from}},
		{`UPDATE reply_token SET client_id = ? WHERE client_id = ?`, []any{into, from}},
		{`UPDATE client_link SET client_id = ? WHERE client_id = ?`, []any{into, from}},
		{`UPDATE client_code SET client_id = ? WHERE client_id = ?`, []any{into, from}},
		{`UPDATE client_session SET client_id = ? WHERE client_id = ?`, []any{into, from}},
		{`UPDATE outbox SET client_id = ? WHERE client_id = ?`, []any{into, from}},
		// Of two who rated one ticket the later word counts.
		{`DELETE FROM satisfaction WHERE client_id = ? AND EXISTS (SELECT 1 FROM satisfaction o WHERE o.ticket_id = satisfaction.ticket_id AND o.client_id = ? AND o.at >= satisfaction.at)`, []any{from, into}},
		{`DELETE FROM satisfaction WHERE client_id = ? AND EXISTS (SELECT 1 FROM satisfaction o WHERE o.ticket_id = satisfaction.ticket_id AND o.client_id = ?)`, []any{into, from}},
		{`UPDATE satisfaction SET client_id = ? WHERE client_id = ?`, []any{into, from}},
	} {
		if _, err := tx.Exec(ctx, q.query, q.args...); err != nil {
			return fmt.Errorf("bring two people together: %w", err)
		}
	}
	if err := s.recountMergedTx(ctx, tx, into); err != nil {
		return err
	}
	for _, do := range []func(context.Context, *migrations.Tx, int64, int64) error{recurrencesMergeTx, linksMergeTx, notSameMergeTx, viewsMergeTx} {
		if err := do(ctx, tx, from, into); err != nil {
			return err
		}
	}
	return s.alsoMergeTx(ctx, tx, from, into)
}

func (s *Store) alsoMergeTx(ctx context.Context, tx *migrations.Tx, from, into int64) error {
	for _, a := range s.alsoPerson {
		if err := a.Merge(ctx, tx, from, into); err != nil {
			return err
		}
	}
	return nil
}

// joinedByMergeTx mends what taking back the merging of tickets would undo:
// who took part by it is somebody else, or took part anyway.
func (s *Store) joinedByMergeTx(ctx context.Context, tx *migrations.Tx, from, into int64) error {
	var rows []struct {
		TicketID int64  `db:"ticket_id"`
		Detail   string `db:"detail"`
		Anyway   bool   `db:"anyway"`
	}
	err := tx.Select(ctx, &rows, `SELECT m.ticket_id, m.detail, EXISTS (SELECT 1 FROM participant o WHERE o.ticket_id = m.into_id AND o.client_id = ?) AS anyway
		FROM ticket_merge m JOIN participant p ON p.ticket_id = m.into_id AND p.client_id = ?`, into, from)
	if err != nil {
		return fmt.Errorf("read merged tickets: %w", err)
	}
	for _, r := range rows {
		var d mergeDetail
		if err := json.Unmarshal([]byte(r.Detail), &d); err != nil {
			return fmt.Errorf("read what was merged: %w", err)
		}
		at := slices.Index(d.Joined, from)
		switch {
		case at < 0:
			continue
		case r.Anyway:
			d.Joined = slices.Delete(d.Joined, at, at+1)
		default:
			d.Joined[at] = into
		}
		b, err := json.Marshal(d)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE ticket_merge SET detail = ? WHERE ticket_id = ?`, string(b), r.TicketID); err != nil {
			return fmt.Errorf("mend what was merged: %w", err)
		}
	}
	return nil
}

// recurrencesMergeTx has what was decided about a person's recurring problems
// hold for the other; where both were decided about, Into's stays.
func recurrencesMergeTx(ctx context.Context, tx *migrations.Tx, from, into int64) error {
	var keys []string
	if err := tx.Select(ctx, &keys, `SELECT key FROM recurrence WHERE client_id = ?`, from); err != nil {
		return fmt.Errorf("read recurring problems: %w", err)
	}
	prefix := RecursPerson + ":" + strconv.FormatInt(from, 10) + ":"
	for _, key := range keys {
		now := key
		if rest, ok := strings.CutPrefix(key, prefix); ok {
			now = RecursPerson + ":" + strconv.FormatInt(into, 10) + ":" + rest
		}
		known := false
		if now != key {
			var err error
			if known, err = exists(ctx, tx, `SELECT 1 FROM recurrence WHERE key = ?`, now); err != nil {
				return err
			}
		}
		query, args := `UPDATE recurrence SET key = ?, client_id = ? WHERE key = ?`, []any{now, into, key}
		if known {
			query, args = `DELETE FROM recurrence WHERE key = ?`, []any{key}
		}
		if _, err := tx.Exec(ctx, query, args...); err != nil {
			return fmt.Errorf("move recurring problems: %w", err)
		}
	}
	return nil
}

// linksMergeTx moves links, each pair once and the lesser first.
func linksMergeTx(ctx context.Context, tx *migrations.Tx, from, into int64) error {
	was, now := Thing{KindClient, from}, Thing{KindClient, into}
	for {
		list, err := links(ctx, tx, was)
		if err != nil || len(list) == 0 {
			return err
		}
		for _, l := range list {
			lo, hi := inOrderOf(was, l.Thing)
			if _, err := tx.Exec(ctx, `DELETE FROM link WHERE a_kind = ? AND a_id = ? AND b_kind = ? AND b_id = ?`, lo.Kind, lo.ID, hi.Kind, hi.ID); err != nil {
				return fmt.Errorf("move links: %w", err)
			}
			if l.Thing == now {
				continue // the two with each other
			}
			lo, hi = inOrderOf(now, l.Thing)
			_, err := tx.Exec(ctx, `INSERT INTO link (a_kind, a_id, b_kind, b_id, created_by, created_at) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (a_kind, a_id, b_kind, b_id) DO NOTHING`,
				lo.Kind, lo.ID, hi.Kind, hi.ID, orNull(l.By), l.At)
			if err != nil {
				return fmt.Errorf("move links: %w", err)
			}
		}
	}
}

// viewsMergeTx has saved views that show one person show the other.
func viewsMergeTx(ctx context.Context, tx *migrations.Tx, from, into int64) error {
	var views []struct {
		ID    int64  `db:"id"`
		Query string `db:"query"`
	}
	was := strconv.FormatInt(from, 10)
	if err := tx.Select(ctx, &views, `SELECT id, query FROM saved_view WHERE query LIKE ? OR query LIKE ?`, "%client="+was+"%", "%holder="+was+"%"); err != nil {
		return fmt.Errorf("read saved views: %w", err)
	}
	for _, v := range views {
		q, err := url.ParseQuery(v.Query)
		if err != nil {
			continue
		}
		changed := false
		for _, name := range []string{"client", "holder"} {
			for i := range q[name] {
				if q[name][i] == was {
					q[name][i], changed = strconv.FormatInt(into, 10), true
				}
			}
		}
		if !changed {
			continue
		}
		if _, err := tx.Exec(ctx, `UPDATE saved_view SET query = ?, version = version + 1 WHERE id = ?`, q.Encode(), v.ID); err != nil {
			return fmt.Errorf("mend saved views: %w", err)
		}
	}
	return nil
}
