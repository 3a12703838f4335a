package tracker

import (
	"context"
	"fmt"
	"strings"

	"helpdeskd/migrations"
)

// peopleLook knows what the rows of an import are compared with.
type peopleLook struct {
	s        *Store
	owners   map[string]*Client // by address
	has      map[int64][]string // a client's addresses
	erased   map[string]bool    // hashes of the addresses of people who were erased
	accounts map[string]string  // the names of those who sign in, by address
	ours     map[string]bool    // addresses of the helpdesk itself
	seen     map[string]int     // addresses, and the rows that named them
	rows     map[int64]int      // clients, and the rows that are theirs
}

func (s *Store) peopleLook(ctx context.Context, q read) (*peopleLook, error) {
	l := &peopleLook{s: s, owners: map[string]*Client{}, has: map[int64][]string{}, erased: map[string]bool{}, accounts: map[string]string{}, ours: map[string]bool{}, seen: map[string]int{}, rows: map[int64]int{}}
	var hashes, ours []string
	var accounts []struct {
		Email string `db:"email"`
		Name  string `db:"name"`
	}
	err := q.Select(ctx, &hashes, `SELECT addresses FROM erasure`)
	if err == nil {
		err = q.Select(ctx, &ours, `SELECT LOWER(address) FROM mailbox`)
	}
	if err == nil {
		err = q.Select(ctx, &accounts, `SELECT LOWER(email) AS email, name FROM account WHERE enabled`)
	}
	if err != nil {
		return nil, fmt.Errorf("look up whom an import may not touch: %w", err)
	}
	for _, h := range hashes {
		for _, one := range strings.Fields(h) {
			l.erased[one] = true
		}
	}
	for _, a := range ours {
		l.ours[a] = true
	}
	for _, a := range accounts {
		l.accounts[a.Email] = a.Name
	}
	return l, nil
}

// find looks up whose the addresses of some rows are.
func (l *peopleLook) find(ctx context.Context, q read, rows []*personRow) error {
	var addresses []string
	for _, r := range rows {
		addresses = append(addresses, r.addresses...)
	}
	if len(addresses) == 0 {
		return nil
	}
	var found []struct {
		Client
		Address string `db:"address"`
	}
	err := selectIn(ctx, q, &found, `SELECT c.id, c.name, c.department, c.phone, c.high_management, c.version, x.address FROM client_address x JOIN client c ON c.id = x.client_id
		WHERE x.client_id IN (SELECT a.client_id FROM client_address a WHERE a.address IN (?)) ORDER BY x.address`, addresses)
	if err != nil {
		return fmt.Errorf("look up people: %w", err)
	}
	by := map[int64]*Client{}
	for _, f := range found {
		if by[f.ID] == nil {
			c := f.Client
			by[f.ID], l.has[f.ID] = &c, nil
		}
		l.owners[f.Address] = by[f.ID]
		l.has[f.ID] = append(l.has[f.ID], f.Address)
	}
	return nil
}

// decide says what becomes of a row.
func (l *peopleLook) decide(r *personRow) {
	l.whose(r)
	l.news(r)
	if r.old == nil && r.name == "" {
		r.wrong(PersonFull, "", "There is no name.")
	}
	if r.old != nil && len(l.has[r.old.ID])+len(r.more) > MaxAddresses {
		r.wrong(PersonMail, "", "%s would have more than %d addresses.", r.old.Name, MaxAddresses)
	}
	if len(r.problems) > 0 {
		r.action = PersonBad
		return
	}
	for _, a := range r.addresses {
		l.seen[a] = r.n
	}
	if r.old == nil {
		r.action = PersonNew
		return
	}
	l.rows[r.old.ID] = r.n
	for _, c := range []struct {
		field PersonField
		other bool
	}{
		{PersonFull, r.name != "" && r.name != r.old.Name}, {PersonMail, len(r.more) > 0}, {PersonDept, r.dept != "" && r.dept != r.old.Department},
		{PersonCalled, r.phone != "" && r.phone != r.old.Phone}, {PersonManages, r.high != nil && *r.high != r.old.HighManagement},
	} {
		if c.other {
			r.changes = append(r.changes, c.field)
		}
	}
	if r.action = PersonSame; len(r.changes) > 0 {
		r.action = PersonChanged
	}
}

// whose finds the one person whose address a row has.
func (l *peopleLook) whose(r *personRow) {
	if len(r.addresses) == 0 && len(r.problems) == 0 {
		r.wrong(PersonMail, "", "There is no address: a name alone does not tell who it is.")
	}
	for _, a := range r.addresses {
		if n := l.seen[a]; n != 0 {
			r.wrong(PersonMail, a, "Row %d has this address already.", n)
		}
		c := l.owners[a]
		switch {
		case c == nil:
		case r.old == nil:
			r.old = c
		case r.old.ID != c.ID:
			r.wrong(PersonMail, a, "This row has addresses of two people, %s and %s. If they are one, say so on the page of either.", r.old.Name, c.Name)
		}
	}
	if r.old != nil {
		if n := l.rows[r.old.ID]; n != 0 {
			r.wrong("", r.old.Name, "Row %d is about the same person.", n)
		}
	}
}

// news finds the addresses of a row that nobody has yet, and refuses those that
// a file must not give to anybody.
func (l *peopleLook) news(r *personRow) {
	for _, a := range r.addresses {
		if l.owners[a] != nil {
			continue
		}
		r.more = append(r.more, a)
		name, signsIn := l.accounts[a]
		whose := r.name
		if whose == "" && r.old != nil {
			whose = r.old.Name
		}
		switch {
		case l.ours[a]:
			r.wrong(PersonMail, a, "This is the address of the helpdesk itself.")
		case signsIn && Fold(name) != Fold(whose):
			r.wrong(PersonMail, a, "With this address %s signs in here: it is not taken from a file for somebody with another name.", name)
		case l.erased[l.s.hashAddress(a)]:
			r.wrong(PersonMail, a, "Whoever had this address was erased. If they are to be here again, add them by hand.")
		}
	}
}

// change is what an import changes of somebody who is there.
func (r *personRow) change() ClientChange {
	var c ClientChange
	if r.name != "" {
		c.Name = &r.name
	}
	if r.dept != "" {
		c.Department = &r.dept
	}
	if r.phone != "" {
		c.Phone = &r.phone
	}
	c.HighManagement = r.high
	return c
}

// writePersonTx does with a row what was planned.
func (s *Store) writePersonTx(ctx context.Context, tx *migrations.Tx, actor Actor, r *personRow) error {
	if r.action == PersonNew {
		made, err := s.newClientTx(ctx, tx, Address{Name: r.name, Address: r.addresses[0]})
		if err != nil {
			return err
		}
		now := *made
		if err := r.change().apply(&now); err != nil {
			return err
		}
		if now.Department != "" || now.Phone != "" || now.HighManagement {
			_, err = tx.Exec(ctx, `UPDATE client SET department = ?, phone = ?, high_management = ? WHERE id = ?`, now.Department, now.Phone, now.HighManagement, now.ID)
			if err != nil {
				return fmt.Errorf("write a client: %w", err)
			}
		}
		for _, a := range r.addresses[1:] {
			if err := s.addAddressTx(ctx, tx, now, a); err != nil {
				return err
			}
		}
		if len(r.addresses) > 1 {
			if err := setMainTx(ctx, tx, now.ID, r.addresses[0]); err != nil {
				return err
			}
		}
		return s.RecordTx(ctx, tx, Event{Actor: actor, Subject: KindClient, SubjectID: now.ID, Kind: "created"})
	}
	n, err := tx.Exec(ctx, `UPDATE client SET version = version + 1 WHERE id = ? AND version = ?`, r.old.ID, r.old.Version)
	if err != nil {
		return err
	}
	if n == 0 {
		return errPeopleChanged()
	}
	now := *r.old
	if err := r.change().apply(&now); err != nil {
		return err
	}
	if len(r.more) > 0 {
		list, err := clientAddresses(ctx, tx, now.ID)
		if err != nil {
			return err
		}
		for _, a := range r.more {
			if err := s.addAddressTx(ctx, tx, now, a); err != nil {
				return err
			}
		}
		if len(list) > 0 { // what is new does not become the main one
			if err := setMainTx(ctx, tx, now.ID, list[0].Address); err != nil {
				return err
			}
		}
		if err := s.addressesChangedTx(ctx, tx, actor, now.ID, "address_added"); err != nil {
			return err
		}
	}
	return s.changeClientTx(ctx, tx, actor, *r.old, now)
}

func errPeopleChanged() error {
	return migrations.Conflictf("Somebody changed meanwhile what the file is about. Nothing was imported: look at it once more.")
}
