package tracker

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"helpdeskd/migrations"
)

// ClientRow is a client in a list.
type ClientRow struct {
	Client
	Address string `db:"address"` // the main one of their addresses
	Open    int    `db:"open"`    // tickets that are not closed
}

const clientRowSelect = `SELECT c.id, c.name, c.department, c.phone, c.high_management, c.created_at, c.version,
	` + mainAddress + ` AS address,
	(SELECT count(*) FROM ticket t WHERE t.client_id = c.id AND t.closed_at IS NULL) AS open FROM `

// ClientFilter chooses clients for a list. The zero value finds all.
type ClientFilter struct {
	Text       string // words to search
	Department string // exactly
}

// Clients returns clients by name, or those whom the words of query find, and
// what to give as after for the next ones ("" at the end).
func (s *Store) Clients(ctx context.Context, query, after string, limit int) (list []ClientRow, more string, err error) {
	return s.ListClients(ctx, ClientFilter{Text: query}, after, limit)
}

// ListClients returns the clients that f chooses by name, with words the
// newest first and each page by name, and what to give as after for the next
// ones ("" at the end).
func (s *Store) ListClients(ctx context.Context, f ClientFilter, after string, limit int) (list []ClientRow, more string, err error) {
	if limit <= 0 || limit > 500 {
		limit = 50
	}
	var from int64
	if after != "" {
		if from, err = strconv.ParseInt(after, 10, 64); err != nil {
			return nil, "", migrations.Invalidf("This page of the list is not known. Please start from its first page.")
		}
	}
	if strings.TrimSpace(f.Text) != "" {
		return s.findClients(ctx, f, from, limit)
	}
	where, args := f.where()
	err = s.db.Select(ctx, &list, clientRowSelect+`client c WHERE (c.name_folded, c.id) > (COALESCE((SELECT f.name_folded FROM client f WHERE f.id = ?), ''), ?)`+where+`
		ORDER BY c.name_folded, c.id LIMIT ?`, append(append([]any{from, from}, args...), limit+1)...)
	if err != nil {
		return nil, "", fmt.Errorf("list clients: %w", err)
	}
	if len(list) > limit {
		list = list[:limit]
		more = strconv.FormatInt(list[limit-1].ID, 10)
	}
	return list, more, nil
}

// where returns the conditions of f besides its words, each after an AND.
func (f ClientFilter) where() (string, []any) {
	if f.Department == "" {
		return ` AND c.erased_at IS NULL`, nil
	}
	return ` AND c.erased_at IS NULL AND c.department = ?`, []any{f.Department}
}

// found runs a query on the clients that the words of f find.
func (f ClientFilter) found(ctx context.Context, s *Store, before int64, limit int) ([]foundClient, error) {
	m, ok := s.match(f.Text)
	if !ok {
		return nil, nil
	}
	q := foundQuery{columns: `d.id AS key, c.id`, kinds: []string{KindClient}, inner: `client c ON c.id = d.ref `, before: before, limit: limit, conditions: []string{`c.erased_at IS NULL`}}
	if f.Department != "" {
		q.conditions, q.args = append(q.conditions, `c.department = ?`), []any{f.Department}
	}
	return selectFound[foundClient](ctx, s, m, q)
}

type foundClient struct {
	Key int64 `db:"key"`
	ID  int64 `db:"id"`
}

// findClients returns the newest clients first, each page sorted by name.
func (s *Store) findClients(ctx context.Context, f ClientFilter, before int64, limit int) (list []ClientRow, more string, err error) {
	found, err := f.found(ctx, s, before, limit+1)
	if err != nil {
		return nil, "", fmt.Errorf("search clients: %w", err)
	}
	if len(found) > limit {
		found = found[:limit]
		more = strconv.FormatInt(found[limit-1].Key, 10)
	}
	if len(found) == 0 {
		return nil, "", nil
	}
	var ids []any
	for _, x := range found {
		ids = append(ids, x.ID)
	}
	if err := s.db.Select(ctx, &list, clientRowSelect+`client c WHERE c.id IN (`+marks(len(ids))+`) ORDER BY c.name_folded, c.id`, ids...); err != nil {
		return nil, "", fmt.Errorf("list clients: %w", err)
	}
	return list, more, nil
}

// CountClients returns how many clients f chooses, counting no further than limit.
func (s *Store) CountClients(ctx context.Context, f ClientFilter, limit int) (n int, err error) {
	if strings.TrimSpace(f.Text) != "" {
		found, err := f.found(ctx, s, 0, limit)
		if err != nil {
			return 0, fmt.Errorf("count clients: %w", err)
		}
		return len(found), nil
	}
	where, args := f.where()
	if err := s.db.Get(ctx, &n, `SELECT count(*) FROM (SELECT 1 AS one FROM client c WHERE TRUE`+where+` LIMIT ?) counted`, append(args, limit)...); err != nil {
		return 0, fmt.Errorf("count clients: %w", err)
	}
	return n, nil
}

// Department is where clients work, with how many they are.
type Department struct {
	Name string `db:"name"`
	N    int    `db:"n"`
}

// Departments returns the departments of clients, the largest first.
func (s *Store) Departments(ctx context.Context, limit int) (list []Department, err error) {
	err = s.db.Select(ctx, &list, `SELECT department AS name, count(*) AS n FROM client WHERE department <> '' GROUP BY department ORDER BY n DESC, name LIMIT ?`, limit)
	if err != nil {
		return nil, fmt.Errorf("list departments: %w", err)
	}
	return list, nil
}

// ClientAddress is one of a client's mail addresses.
type ClientAddress struct {
	Address      string           `db:"address"`
	Main         bool             `db:"main"`       // chosen as the main one, which comes first
	BouncedAt    migrations.Stamp `db:"bounced_at"` // 0: mail reaches it, as far as we know
	BounceReason string           `db:"bounce_reason"`
}

// Profile is a client with what became of their requests.
type Profile struct {
	Client
	Addresses  []ClientAddress
	Open       int              // tickets that are not closed
	Total      int              // the latest maxProfile, where there are more
	FixedIn    time.Duration    // from the request to the fix, the median; 0 where nothing was fixed
	AnsweredIn time.Duration    // from the request to the first answer, the median; 0 where nothing was answered
	FirstSeen  migrations.Stamp // when they first asked, 0 for never
	Content    [4]int           // how often they said how content they were, by score 1 to 3
	LastSeen   migrations.Stamp // when they last wrote, 0 for never
	Months     []MonthCount     // the last twelve, the oldest first
	Categories []CategoryCount  // the most frequent first
}

// MonthCount is how many requests were opened in a calendar month.
type MonthCount struct {
	Year  int
	Month time.Month
	N     int
}

// CategoryCount is how many requests are under a category, 0 for none.
type CategoryCount struct {
	ID   int64
	Name string
	N    int
}

// maxProfile is how many tickets of a client are counted.
const maxProfile = 5000

// ClientByID returns a client.
func (s *Store) ClientByID(ctx context.Context, id int64) (Client, error) {
	return clientByID(ctx, s.db, id)
}

// ClientByAddress returns the client of a mail address. It fails with NotFound
// for one that nobody has.
func (s *Store) ClientByAddress(ctx context.Context, address string) (Client, error) {
	c, err := clientByAddress(ctx, s.db, strings.TrimSpace(address))
	if err != nil {
		return Client{}, err
	}
	if c == nil {
		return Client{}, migrations.NotFoundf("Nobody has this address.")
	}
	return *c, nil
}

func clientByID(ctx context.Context, q read, id int64) (Client, error) {
	var c Client
	err := q.Get(ctx, &c, `SELECT `+clientColumns+` FROM client WHERE id = ?`, id)
	if migrations.KindOf(err) == migrations.NotFound {
		return c, migrations.NotFoundf("There is no such person.")
	}
	if err != nil {
		return c, fmt.Errorf("read client: %w", err)
	}
	return c, nil
}

// ClientProfile returns a client with addresses and what their tickets tell.
// Months are those of the zone in.
func (s *Store) ClientProfile(ctx context.Context, id int64, in *time.Location) (Profile, error) {
	var p Profile
	var err error
	if p.Client, err = s.ClientByID(ctx, id); err != nil {
		return p, err
	}
	if p.Addresses, err = clientAddresses(ctx, s.db, id); err != nil {
		return p, err
	}
	var rows []profileRow
	err = s.db.Select(ctx, &rows, `SELECT t.opened_at, COALESCE(t.fixed_at, 0) AS fixed_at, COALESCE(t.first_answer_at, 0) AS answered_at, COALESCE(t.closed_at, 0) AS closed_at, COALESCE(t.category_id, 0) AS category_id, COALESCE(k.name, '') AS category_name
		FROM ticket t LEFT JOIN category k ON k.id = t.category_id WHERE t.client_id = ? AND `+unmerged+` ORDER BY t.id DESC LIMIT ?`, id, maxProfile)
	if err != nil {
		return p, fmt.Errorf("read tickets of client %d: %w", id, err)
	}
	p.tell(rows, s.Now().In(in))
	var scores []struct {
		Score int `db:"score"`
		N     int `db:"n"`
	}
	if err := s.db.Select(ctx, &scores, `SELECT score, count(*) AS n FROM satisfaction WHERE client_id = ? GROUP BY score`, id); err != nil {
		return p, fmt.Errorf("read how content client %d was: %w", id, err)
	}
	for _, x := range scores {
		p.Content[x.Score] = x.N
	}
	// Messages come in the order in which they arrived.
	err = s.db.Get(ctx, &p.LastSeen, `SELECT at FROM message WHERE client_id = ? ORDER BY id DESC LIMIT 1`, id)
	if err != nil && migrations.KindOf(err) != migrations.NotFound {
		return p, fmt.Errorf("read the last message of client %d: %w", id, err)
	}
	return p, nil
}

type profileRow struct {
	OpenedAt     migrations.Stamp `db:"opened_at"`
	FixedAt      migrations.Stamp `db:"fixed_at"`
	AnsweredAt   migrations.Stamp `db:"answered_at"`
	ClosedAt     migrations.Stamp `db:"closed_at"`
	CategoryID   int64            `db:"category_id"`
	CategoryName string           `db:"category_name"`
}

// tell counts the tickets of a client.
func (p *Profile) tell(rows []profileRow, now time.Time) {
	first := time.Date(now.Year(), now.Month()-11, 1, 0, 0, 0, 0, now.Location())
	for i := range 12 {
		m := first.AddDate(0, i, 0)
		p.Months = append(p.Months, MonthCount{Year: m.Year(), Month: m.Month()})
	}
	var took, answered []time.Duration
	under := map[int64]*CategoryCount{}
	for _, r := range rows {
		p.Total++
		if r.ClosedAt == 0 {
			p.Open++
		}
		if r.FixedAt > r.OpenedAt {
			took = append(took, r.FixedAt.Time().Sub(r.OpenedAt.Time()))
		}
		if r.AnsweredAt > r.OpenedAt {
			answered = append(answered, r.AnsweredAt.Time().Sub(r.OpenedAt.Time()))
		}
		if p.FirstSeen == 0 || r.OpenedAt < p.FirstSeen {
			p.FirstSeen = r.OpenedAt
		}
		at := r.OpenedAt.Time().In(now.Location())
		if i := (at.Year()-first.Year())*12 + int(at.Month()-first.Month()); i >= 0 && i < len(p.Months) {
			p.Months[i].N++
		}
		if under[r.CategoryID] == nil {
			under[r.CategoryID] = &CategoryCount{ID: r.CategoryID, Name: r.CategoryName}
		}
		under[r.CategoryID].N++
	}
	if n := len(took); n > 0 {
		slices.Sort(took)
		p.FixedIn = (took[(n-1)/2] + took[n/2]) / 2
	}
	if n := len(answered); n > 0 {
		slices.Sort(answered)
		p.AnsweredIn = (answered[(n-1)/2] + answered[n/2]) / 2
	}
	for _, c := range under {
		p.Categories = append(p.Categories, *c)
	}
	slices.SortFunc(p.Categories, func(a, b CategoryCount) int {
		if a.N != b.N {
			return b.N - a.N
		}
		return strings.Compare(a.Name, b.Name)
	})
}

func clientAddresses(ctx context.Context, q read, id int64) ([]ClientAddress, error) {
	var list []ClientAddress
	err := q.Select(ctx, &list, `SELECT address, main, COALESCE(bounced_at, 0) AS bounced_at, bounce_reason FROM client_address WHERE client_id = ? ORDER BY main DESC, created_at, address`, id)
	if err != nil {
		return nil, fmt.Errorf("list addresses of client %d: %w", id, err)
	}
	return list, nil
}

// ClientChange says what to change of a client; nil leaves it alone.
type ClientChange struct {
	Name, Department, Phone *string
	HighManagement          *bool
}

// UpdateClient changes a client.
func (s *Store) UpdateClient(ctx context.Context, actor Actor, id int64, c ClientChange, version int64) (Client, error) {
	return s.editClient(ctx, "update", id, version, func(tx *migrations.Tx, now *Client) error {
		was := *now
		if err := c.apply(now); err != nil {
			return err
		}
		return s.changeClientTx(ctx, tx, actor, was, *now)
	})
}

// changeClientTx writes what changed of a client.
func (s *Store) changeClientTx(ctx context.Context, tx *migrations.Tx, actor Actor, was, now Client) error {
	_, err := tx.Exec(ctx, `UPDATE client SET name = ?, name_folded = ?, department = ?, phone = ?, high_management = ? WHERE id = ?`,
		now.Name, Fold(now.Name), now.Department, now.Phone, now.HighManagement, now.ID)
	if err != nil {
		return fmt.Errorf("write a client: %w", err)
	}
	return s.clientChangedTx(ctx, tx, actor, was, now)
}

// AddClient makes a client who has not written yet: somebody new, for whom
// things are prepared. An address that belongs to somebody is Invalid.
func (s *Store) AddClient(ctx context.Context, actor Actor, who Address, c ClientChange) (Client, error) {
	var now Client
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		address, err := cleanEmail(who.Address)
		if err != nil {
			return migrations.InvalidAt("address", "%s", migrations.SafeMessage(err))
		}
		known, err := clientByAddress(ctx, tx, address)
		if err != nil {
			return err
		}
		if known != nil {
			return migrations.InvalidAt("address", "%s is the address of %s already.", address, known.Name)
		}
		if strings.TrimSpace(who.Name) == "" {
			return migrations.InvalidAt("name", "Please write a name.")
		}
		made, err := s.newClientTx(ctx, tx, Address{Name: clip(oneLine(who.Name), 200), Address: address})
		if err != nil {
			return err
		}
		now = *made
		if err := c.apply(&now); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE client SET name = ?, name_folded = ?, department = ?, phone = ?, high_management = ? WHERE id = ?`,
			now.Name, Fold(now.Name), now.Department, now.Phone, now.HighManagement, now.ID)
		if err != nil {
			return err
		}
		return s.RecordTx(ctx, tx, Event{Actor: actor, Subject: "client", SubjectID: now.ID, Kind: "created"})
	})
	if err != nil {
		return Client{}, fmt.Errorf("add a client: %w", err)
	}
	return now, nil
}

func (c ClientChange) apply(now *Client) (err error) {
	if c.Name != nil {
		if now.Name, err = cleanName(*c.Name); err != nil {
			return migrations.InvalidAt("name", "%s", migrations.SafeMessage(err))
		}
	}
	for _, f := range []struct {
		from        *string
		to          *string
		field, what string
	}{{c.Department, &now.Department, "department", "department"}, {c.Phone, &now.Phone, "phone", "telephone number"}} {
		if f.from == nil {
			continue
		}
		if *f.to = oneLine(*f.from); utf8.RuneCountInString(*f.to) > 200 {
			return migrations.InvalidAt(f.field, "This %s is longer than 200 characters.", f.what)
		}
	}
	if c.HighManagement != nil {
		now.HighManagement = *c.HighManagement
	}
	return nil
}

// clientChangedTx records what changed, and has the client and their newest
// tickets indexed anew. The event names no personal text.
func (s *Store) clientChangedTx(ctx context.Context, tx *migrations.Tx, actor Actor, was, now Client) error {
	if was.HighManagement != now.HighManagement {
		e := Event{Actor: actor, Subject: "client", SubjectID: now.ID, Kind: "high_management", Was: strconv.FormatBool(was.HighManagement), Became: strconv.FormatBool(now.HighManagement)}
		if err := s.RecordTx(ctx, tx, e); err != nil {
			return err
		}
		if err := s.resuggestOfTx(ctx, tx, now.ID); err != nil {
			return err
		}
	}
	if was.Name == now.Name && was.Department == now.Department && was.Phone == now.Phone {
		return nil
	}
	if err := s.RecordTx(ctx, tx, Event{Actor: actor, Subject: "client", SubjectID: now.ID, Kind: "edited"}); err != nil {
		return err
	}
	if err := s.IndexTx(ctx, tx, KindClient, now.ID); err != nil {
		return err
	}
	var tickets []int64
	if err := tx.Select(ctx, &tickets, `SELECT id FROM ticket WHERE client_id = ? ORDER BY id DESC LIMIT 500`, now.ID); err != nil {
		return err
	}
	slices.Sort(tickets)
	for _, id := range tickets {
		if err := s.IndexTx(ctx, tx, KindTicket, id); err != nil {
			return err
		}
	}
	if was.Name == now.Name {
		return nil
	}
	return s.indexNamedTx(ctx, tx, now.ID)
}

// ClientAddresses returns the addresses of a person, as their page lists them.
func (s *Store) ClientAddresses(ctx context.Context, id int64) ([]ClientAddress, error) {
	return clientAddresses(ctx, s.db, id)
}
