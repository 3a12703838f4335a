package tracker

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"helpdeskd/migrations"
)

// Template is what a ticket for a recurring request begins with.
type Template struct {
	ID         int64  `db:"id"`
	Name       string `db:"name"`
	Subject    string `db:"subject"`
	Body       string `db:"body"`  // a note, pinned: what is to be done
	Level      int64  `db:"level"` // 0: decided later
	Star       bool   `db:"star"`
	CategoryID int64  `db:"category_id"`
	AssigneeID int64  `db:"assignee_id"`
	Children   string `db:"children"` // a subject a line: a ticket below it each
	Version    int64  `db:"version"`
}

// maxTemplateChildren is how many tickets a template opens below its own.
const maxTemplateChildren = 20

// Below returns the subjects of the tickets that it opens below its own.
func (t Template) Below() []string {
	var all []string
	for line := range strings.Lines(t.Children) {
		if line = oneLine(line); line != "" {
			all = append(all, line)
		}
	}
	return all
}

const templateSelect = `SELECT p.id, p.name, p.subject, p.body, p.level, p.star, COALESCE(k.id, 0) AS category_id, COALESCE(a.id, 0) AS assignee_id, p.children, p.version
	FROM ticket_template p LEFT JOIN category k ON k.id = p.category_id AND NOT k.archived LEFT JOIN account a ON a.id = p.assignee_id AND a.enabled `

// Templates returns every template, by name. A category or technician that
// can not be chosen any more is left out of them.
func (s *Store) Templates(ctx context.Context) (list []Template, err error) {
	if err := s.db.Select(ctx, &list, templateSelect+`ORDER BY p.id`); err != nil {
		return nil, fmt.Errorf("list templates: %w", err)
	}
	slices.SortStableFunc(list, func(a, b Template) int { return strings.Compare(Fold(a.Name), Fold(b.Name)) })
	return list, nil
}

// TemplateByID returns one template.
func (s *Store) TemplateByID(ctx context.Context, id int64) (Template, error) {
	return templateWhere(ctx, s.db, id)
}

func templateWhere(ctx context.Context, q read, id int64) (t Template, err error) {
	err = q.Get(ctx, &t, templateSelect+`WHERE p.id = ?`, id)
	if migrations.KindOf(err) == migrations.NotFound {
		return t, migrations.NotFoundf("There is no such template (any more).")
	}
	if err != nil {
		return t, fmt.Errorf("read template: %w", err)
	}
	return t, nil
}

// clean checks what somebody typed.
func (t Template) clean(ctx context.Context, q read) (Template, error) {
	var err error
	if t.Name = oneLine(t.Name); t.Name == "" || len(t.Name) > 100 {
		return t, migrations.InvalidAt("name", "Please give the template a name of up to 100 characters.")
	}
	if t.Subject, err = checkSubject(t.Subject); err != nil {
		return t, err
	}
	if t.Body = manyLines(t.Body); len(t.Body) > 20_000 {
		return t, migrations.InvalidAt("body", "This is too long: please say it in up to 20,000 characters.")
	}
	if t.Level < 0 || t.Level > 3 || t.Star && t.Level != 3 {
		return t, migrations.InvalidAt("priority", "The priority must be 1, 2 or 3, and only 3 can have a star.")
	}
	below := t.Below()
	if len(below) > maxTemplateChildren {
		return t, migrations.InvalidAt("children", "These are %d tickets: a template can open up to %d below its own.", len(below), maxTemplateChildren)
	}
	for _, subject := range below {
		if _, err := checkSubject(subject); err != nil {
			return t, migrations.InvalidAt("children", "One of these subjects is too long: please say each in up to 500 characters.")
		}
	}
	t.Children = strings.Join(below, "\n")
	if t.CategoryID != 0 {
		if err := (BulkAction{Do: "category", CategoryID: t.CategoryID}).check(ctx, q); err != nil {
			return t, err
		}
	}
	if t.AssigneeID != 0 {
		err = BulkAction{Do: "assignee", AssigneeID: t.AssigneeID}.check(ctx, q)
	}
	return t, err
}

// SaveTemplate makes a template, or with an id changes one: Conflict where
// somebody else did since Version.
func (s *Store) SaveTemplate(ctx context.Context, actor Actor, t Template) (Template, error) {
	err := s.db.Tx(ctx, func(tx *migrations.Tx) (err error) {
		version := t.Version
		if t.ID != 0 {
			if _, err := templateWhere(ctx, tx, t.ID); err != nil {
				return err
			}
		}
		if t, err = t.clean(ctx, tx); err != nil {
			return err
		}
		kind, args := "changed", []any{t.Name, t.Subject, t.Body, t.Level, t.Star, orNull(t.CategoryID), orNull(t.AssigneeID), t.Children}
		if t.ID == 0 {
			kind = "created"
			t.ID, err = tx.Insert(ctx, `INSERT INTO ticket_template (name, subject, body, level, star, category_id, assignee_id, children, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`, append(args, s.stamp())...)
			if err != nil {
				return err
			}
		} else {
			n, err := tx.Exec(ctx, `UPDATE ticket_template SET name = ?, subject = ?, body = ?, level = ?, star = ?, category_id = ?, assignee_id = ?, children = ?, version = version + 1
				WHERE id = ? AND (version = ? OR ? = -1)`, append(args, t.ID, version, version)...)
			if err != nil {
				return err
			}
			if n == 0 {
				return errStale()
			}
		}
		if err := s.RecordTx(ctx, tx, Event{Actor: actor, Subject: "template", SubjectID: t.ID, Kind: kind}); err != nil {
			return err
		}
		t, err = templateWhere(ctx, tx, t.ID)
		return err
	})
	if err != nil {
		return Template{}, fmt.Errorf("save template: %w", err)
	}
	return t, nil
}

// RemoveTemplate deletes a template. Tickets that were opened from it stay.
func (s *Store) RemoveTemplate(ctx context.Context, actor Actor, id int64) error {
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		n, err := tx.Exec(ctx, `DELETE FROM ticket_template WHERE id = ?`, id)
		if err != nil {
			return err
		}
		if n == 0 {
			return migrations.NotFoundf("There is no such template (any more).")
		}
		return s.RecordTx(ctx, tx, Event{Actor: actor, Subject: "template", SubjectID: id, Kind: "removed"})
	})
	if err != nil {
		return fmt.Errorf("remove template %d: %w", id, err)
	}
	return nil
}

// eraseTemplatesTx takes a person's addresses and names out of the templates.
func (s *Store) eraseTemplatesTx(ctx context.Context, tx *migrations.Tx, r eraseRun) error {
	var list []Template
	if err := tx.Select(ctx, &list, templateSelect+`ORDER BY p.id`); err != nil {
		return fmt.Errorf("read templates: %w", err)
	}
	for _, t := range list {
		x := r.who.Redact
		if x(t.Name) == t.Name && x(t.Subject) == t.Subject && x(t.Body) == t.Body && x(t.Children) == t.Children {
			continue
		}
		if _, err := tx.Exec(ctx, `UPDATE ticket_template SET name = ?, subject = ?, body = ?, children = ?, version = version + 1 WHERE id = ?`, x(t.Name), x(t.Subject), x(t.Body), x(t.Children), t.ID); err != nil {
			return fmt.Errorf("take a person out of template %d: %w", t.ID, err)
		}
	}
	return nil
}
