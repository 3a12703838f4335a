package tracker

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"helpdeskd/migrations"
)

// Canned is a reply that is written once and used often.
type Canned struct {
	ID        int64             `db:"id"`
	AccountID int64             `db:"account_id"` // whose own it is; 0: everybody's
	Title     string            `db:"title"`
	Body      string            `db:"body"`     // with placeholders
	Language  string            `db:"language"` // "en", "fr"; "" for any
	Used      int64             `db:"used"`     // how often it was sent
	UsedAt    *migrations.Stamp `db:"used_at"`
	CreatedAt migrations.Stamp  `db:"created_at"`
	Version   int64             `db:"version"`
}

// Shared reports whether it is everybody's.
func (c Canned) Shared() bool { return c.AccountID == 0 }

// Bounds on replies.
const (
	maxCanned      = 300   // that one person sees
	maxCannedTitle = 100   // characters
	maxCannedBody  = 10000 // characters
)

// CannedMarks are the placeholders of a reply, without their braces.
func CannedMarks() []string {
	return []string{"first_name", "client", "ticket", "subject", "technician", "asset", "company", "helpdesk"}
}

const cannedSelect = `SELECT id, COALESCE(account_id, 0) AS account_id, title, body, language, used, used_at, created_at, version FROM canned `

// MayEditCanned reports whether somebody may change or remove a reply: their
// own, and everybody's where they may edit those.
func MayEditCanned(a Account, c Canned) bool {
	if c.Shared() {
		return May(a, EditSharedReplies)
	}
	return May(a, WorkTickets) && c.AccountID == a.ID
}

// CannedReplies returns the replies that somebody sees, the most used first.
func (s *Store) CannedReplies(ctx context.Context, accountID int64) ([]Canned, error) {
	return cannedReplies(ctx, s.db, accountID)
}

func cannedReplies(ctx context.Context, q read, accountID int64) ([]Canned, error) {
	var all []Canned
	if err := q.Select(ctx, &all, cannedSelect+`WHERE account_id IS NULL OR account_id = ? ORDER BY used DESC, title, id`, accountID); err != nil {
		return nil, fmt.Errorf("list replies: %w", err)
	}
	return all, nil
}

// FindCanned returns those of some replies that have all words of a text, in
// their title first. No words find all.
func FindCanned(all []Canned, text string) []Canned {
	words := strings.Fields(Fold(text))
	has := func(in string) bool {
		in = Fold(in)
		return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(in, w) })
	}
	var titled, said []Canned
	for _, c := range all {
		switch {
		case has(c.Title):
			titled = append(titled, c)
		case has(c.Title + " " + c.Body):
			said = append(said, c)
		}
	}
	return append(titled, said...)
}

// CannedReply returns a reply that somebody sees.
func (s *Store) CannedReply(ctx context.Context, id, accountID int64) (Canned, error) {
	return cannedReply(ctx, s.db, id, accountID)
}

func cannedReply(ctx context.Context, q read, id, accountID int64) (c Canned, err error) {
	err = q.Get(ctx, &c, cannedSelect+`WHERE id = ? AND (account_id IS NULL OR account_id = ?)`, id, accountID)
	if migrations.KindOf(err) == migrations.NotFound {
		return c, migrations.NotFoundf("There is no such reply (any more).")
	}
	if err != nil {
		return c, fmt.Errorf("read reply %d: %w", id, err)
	}
	return c, nil
}

var languageName = regexp.MustCompile(`^[a-z]{2,3}(-[a-z]{2,4})?$`)

// check cleans a reply, and says what is wrong with it.
func (c *Canned) check() error {
	c.Title, c.Body, c.Language = oneLine(c.Title), manyLines(c.Body), strings.ToLower(oneLine(c.Language))
	switch {
	case c.Title == "":
		return migrations.InvalidAt("title", "Please give the reply a title.")
	case utf8.RuneCountInString(c.Title) > maxCannedTitle:
		return migrations.InvalidAt("title", "This title is too long: please say it in up to %d characters.", maxCannedTitle)
	case strings.TrimSpace(c.Body) == "":
		return migrations.InvalidAt("body", "Please write what it says.")
	case utf8.RuneCountInString(c.Body) > maxCannedBody:
		return migrations.InvalidAt("body", "This text is too long: please say it in up to %d characters.", maxCannedBody)
	case c.Language != "" && !languageName.MatchString(c.Language):
		return migrations.InvalidAt("language", "A language is given by its code, like en or fr.")
	case gapSign.MatchString(c.Body):
		return migrations.InvalidAt("body", "The brackets ⟦ ⟧ mark what is missing: please leave them out.")
	}
	if err := checkMarks(c.Body, CannedMarks()); err != nil {
		return migrations.InvalidAt("body", "%s", migrations.SafeMessage(err))
	}
	return nil
}

// checkMarks refuses a placeholder that is not among the known.
func checkMarks(text string, known []string) error {
	for _, m := range mailMark.FindAllString(text, -1) {
		if !slices.Contains(known, strings.Trim(m, "{}")) {
			return migrations.Invalidf("Nothing is known by the name %s. In this text you can use {%s}.", clip(m, 40), strings.Join(known, "}, {"))
		}
	}
	return nil
}

var errNotYourReply = migrations.Deniedf("This reply belongs to somebody else.")

// AddCanned makes a reply: the actor's own, or everybody's where its AccountID is 0.
func (s *Store) AddCanned(ctx context.Context, by Account, c Canned) (Canned, error) {
	if c.AccountID != 0 {
		c.AccountID = by.ID
	}
	if !MayEditCanned(by, c) {
		return Canned{}, errNotYourReply
	}
	if err := c.check(); err != nil {
		return Canned{}, err
	}
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		if err := lockSettingsTx(ctx, tx); err != nil {
			return err
		}
		if err := s.cannedFitsTx(ctx, tx, by, c); err != nil {
			return err
		}
		id, err := tx.Insert(ctx, `INSERT INTO canned (account_id, title, body, language, created_at) VALUES (?, ?, ?, ?, ?) RETURNING id`, orNull(c.AccountID), c.Title, c.Body, c.Language, s.stamp())
		if err != nil {
			return err
		}
		if err := s.RecordTx(ctx, tx, Event{Actor: by.Actor(), Subject: "canned", SubjectID: id, Kind: "made", Became: cannedWhose(c)}); err != nil {
			return err
		}
		c, err = cannedReply(ctx, tx, id, by.ID)
		return err
	})
	if err != nil {
		return Canned{}, fmt.Errorf("add a reply: %w", err)
	}
	return c, nil
}

func cannedWhose(c Canned) string {
	if c.Shared() {
		return "shared"
	}
	return "own"
}

// cannedFitsTx refuses a second reply of one title, and more than anybody can
// choose from.
func (s *Store) cannedFitsTx(ctx context.Context, tx *migrations.Tx, by Account, c Canned) error {
	all, err := cannedReplies(ctx, tx, by.ID)
	if err != nil {
		return err
	}
	if c.ID == 0 && len(all) >= maxCanned {
		return migrations.Invalidf("There are %d replies already. Please remove one first.", len(all))
	}
	for _, o := range all {
		if o.ID != c.ID && o.Shared() == c.Shared() && o.Language == c.Language && Fold(o.Title) == Fold(c.Title) {
			return migrations.InvalidAt("title", "There is a reply called “%s” already.", o.Title)
		}
	}
	return nil
}

// EditCanned words a reply anew. Conflict where it has another version.
func (s *Store) EditCanned(ctx context.Context, by Account, id int64, c Canned, version int64) (Canned, error) {
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		if err := lockSettingsTx(ctx, tx); err != nil {
			return err
		}
		was, err := cannedReply(ctx, tx, id, by.ID)
		if err != nil {
			return err
		}
		if !MayEditCanned(by, was) {
			return errNotYourReply
		}
		c.ID, c.AccountID = was.ID, was.AccountID
		if err := c.check(); err != nil {
			return err
		}
		if version != AnyVersion && version != was.Version {
			return errStale()
		}
		if err := s.cannedFitsTx(ctx, tx, by, c); err != nil {
			return err
		}
		if c.Title == was.Title && c.Body == was.Body && c.Language == was.Language {
			c = was
			return nil
		}
		if _, err := tx.Exec(ctx, `UPDATE canned SET title = ?, body = ?, language = ?, version = version + 1 WHERE id = ?`, c.Title, c.Body, c.Language, id); err != nil {
			return err
		}
		if err := s.RecordTx(ctx, tx, Event{Actor: by.Actor(), Subject: "canned", SubjectID: id, Kind: "edited"}); err != nil {
			return err
		}
		c, err = cannedReply(ctx, tx, id, by.ID)
		return err
	})
	if err != nil {
		return Canned{}, fmt.Errorf("change reply %d: %w", id, err)
	}
	return c, nil
}

// RemoveCanned removes a reply and returns it as it was, so that AddCanned can
// bring it back.
func (s *Store) RemoveCanned(ctx context.Context, by Account, id int64) (Canned, error) {
	var was Canned
	err := s.db.Tx(ctx, func(tx *migrations.Tx) (err error) {
		if was, err = cannedReply(ctx, tx, id, by.ID); err != nil {
			return err
		}
		if !MayEditCanned(by, was) {
			return errNotYourReply
		}
		if _, err := tx.Exec(ctx, `DELETE FROM canned WHERE id = ?`, id); err != nil {
			return err
		}
		return s.RecordTx(ctx, tx, Event{Actor: by.Actor(), Subject: "canned", SubjectID: id, Kind: "removed"})
	})
	if err != nil {
		return Canned{}, fmt.Errorf("remove reply %d: %w", id, err)
	}
	return was, nil
}

// usedCannedTx counts replies that somebody has sent. The count has no event of
// its own: the answer has one.
func (s *Store) usedCannedTx(ctx context.Context, tx *migrations.Tx, actor Actor, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	if len(ids) > 20 {
		ids = ids[:20]
	}
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	_, err := tx.Exec(ctx, `UPDATE canned SET used = used + 1, used_at = ? WHERE id IN (`+marks(len(ids))+`) AND (account_id IS NULL OR account_id = ?)`,
		append(append([]any{s.stamp()}, anys(ids)...), actor.AccountID)...)
	if err != nil {
		return fmt.Errorf("count used replies: %w", err)
	}
	return nil
}
