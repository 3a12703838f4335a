package inventory

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// Category is what kind of thing a model is.
type Category string

// Categories returns every category, in the order of menus.
func Categories() []Category {
	return []Category{"computer", "screen", "phone", "printer", "network", "server", "audio_visual", "part", "service", "other"}
}

// Valid reports whether c is one of the categories.
func (c Category) Valid() bool {
	for _, k := range Categories() {
		if c == k {
			return true
		}
	}
	return false
}

// Model is what assets can be: one manufacturer's one product.
type Model struct {
	ID               int64             `db:"id"`
	Category         Category          `db:"category"`
	Manufacturer     string            `db:"manufacturer"`
	Name             string            `db:"name"`
	UsefulLifeMonths int64             `db:"useful_life_months"` // 0: not known
	MinOnHand        int64             `db:"min_on_hand"`        // 0: no watch
	Specs            string            `db:"specs"`              // a line "name: value" each
	ArchivedAt       *migrations.Stamp `db:"archived_at"`
	Version          int64             `db:"version"`
}

// Title is manufacturer and name.
func (m Model) Title() string {
	if m.Manufacturer == "" {
		return m.Name
	}
	return m.Manufacturer + " " + m.Name
}

// ModelCount is a model with how many pieces there are: several alike as one line.
type ModelCount struct {
	Model
	OnHand   int64 `db:"on_hand"`  // stowed only
	Deployed int64 `db:"deployed"` // deployed
	Away     int64 `db:"away"`     // in repair or maintenance
	Total    int64 `db:"total"`    // all but retired and disposed
}

// Short reports whether fewer are on hand than should be.
func (m ModelCount) Short() bool { return m.OnHand < m.MinOnHand }

// ModelEdit is what may be said of a model.
type ModelEdit struct {
	Category         Category
	Manufacturer     string
	Name             string
	UsefulLifeMonths int64 // 0 to 1200
	MinOnHand        int64 // 0 to 1,000,000
	Specs            string
}

// ModelFilter chooses models for the list. The zero value finds all that are not archived.
type ModelFilter struct {
	Category Category
	Text     string
	Short    bool // only where fewer are on hand than should be
	Archived bool // also archived ones
}

const modelColumns = `m.id, m.category, m.manufacturer, m.name, m.useful_life_months, m.min_on_hand, m.specs, m.archived_at, m.version`

// Models returns models with their counts, by title; after is a page's more.
func (s *Store) Models(ctx context.Context, f ModelFilter, after string, limit int) (list []ModelCount, more string, err error) {
	limit = pageSize(limit)
	from, err := pageKey(after)
	if err != nil {
		return nil, "", err
	}
	conditions, args := hasWords(`m.folded`, f.Text)
	if f.Category != "" {
		conditions, args = conditions+` AND m.category = ?`, append(args, f.Category)
	}
	if !f.Archived {
		conditions += ` AND m.archived_at IS NULL`
	}
	if f.Short {
		conditions += ` AND m.min_on_hand > 0 AND m.min_on_hand > COALESCE((SELECT SUM(a.quantity) FROM asset a WHERE a.model_id = m.id AND a.status = 'stowed'), 0)`
	}
	err = s.db.Select(ctx, &list, `SELECT `+modelColumns+` FROM model m
		WHERE (m.folded, m.id) > (COALESCE((SELECT f.folded FROM model f WHERE f.id = ?), ''), ?)`+conditions+`
		ORDER BY m.folded, m.id LIMIT ?`, append(append([]any{from, from}, args...), limit+1)...)
	if err != nil {
		return nil, "", fmt.Errorf("list models: %w", err)
	}
	if len(list) > limit {
		list = list[:limit]
		more = strconv.FormatInt(list[limit-1].ID, 10)
	}
	return list, more, countModels(ctx, s.db, list)
}

// countModels fills in how many pieces there are of each.
func countModels(ctx context.Context, q read, list []ModelCount) error {
	if len(list) == 0 {
		return nil
	}
	at := map[int64]*ModelCount{}
	ids := make([]any, len(list))
	for i := range list {
		at[list[i].ID], ids[i] = &list[i], list[i].ID
	}
	var sums []struct {
		ModelID int64  `db:"model_id"`
		Status  Status `db:"status"`
		Pieces  int64  `db:"pieces"`
	}
	err := q.Select(ctx, &sums, `SELECT model_id, status, CAST(SUM(quantity) AS BIGINT) AS pieces FROM asset WHERE model_id IN (`+marks(len(ids))+`) GROUP BY model_id, status`, ids...)
	if err != nil {
		return fmt.Errorf("count the pieces of models: %w", err)
	}
	for _, n := range sums {
		m := at[n.ModelID]
		switch n.Status {
		case Stowed:
			m.OnHand += n.Pieces
		case Deployed:
			m.Deployed += n.Pieces
		case Maintenance, Repair:
			m.Away += n.Pieces
		default:
			continue
		}
		m.Total += n.Pieces
	}
	return nil
}

// Model returns one model with its counts.
func (s *Store) Model(ctx context.Context, id int64) (ModelCount, error) {
	m, err := modelWhere(ctx, s.db, `m.id = ?`, id)
	if err != nil {
		return ModelCount{}, err
	}
	one := []ModelCount{{Model: m}}
	err = countModels(ctx, s.db, one)
	return one[0], err
}

func modelWhere(ctx context.Context, q read, condition string, args ...any) (Model, error) {
	var m Model
	err := q.Get(ctx, &m, `SELECT `+modelColumns+` FROM model m WHERE `+condition, args...)
	if migrations.KindOf(err) == migrations.NotFound {
		return m, migrations.NotFoundf("There is no such model.")
	}
	if err != nil {
		return m, fmt.Errorf("read model: %w", err)
	}
	return m, nil
}

// clean returns what was said of a model as it is stored.
func (in ModelEdit) clean() (ModelEdit, error) {
	var err error
	if in.Manufacturer, err = textLine("manufacturer", "manufacturer's name", in.Manufacturer, maxName); err != nil {
		return in, err
	}
	if in.Name, err = textLine("name", "model's name", in.Name, maxName); err != nil {
		return in, err
	}
	if in.Specs, err = textLines("specs", "specification", in.Specs, maxSpecs); err != nil {
		return in, err
	}
	switch {
	case in.Name == "":
		return in, migrations.InvalidAt("name", "Please give the model a name.")
	case !in.Category.Valid():
		return in, migrations.InvalidAt("category", "Please choose what kind of thing it is.")
	case in.UsefulLifeMonths < 0 || in.UsefulLifeMonths > 1200:
		return in, migrations.InvalidAt("useful_life_months", "The useful life is between 0 and 1200 months.")
	case in.MinOnHand < 0 || in.MinOnHand > maxQuantity:
		return in, migrations.InvalidAt("min_on_hand", "How many should be on hand is between 0 and %d.", maxQuantity)
	}
	return in, nil
}

// foldModel returns a model's title as it is compared.
func foldModel(manufacturer, name string) string {
	return tracker.Fold(Model{Manufacturer: manufacturer, Name: name}.Title())
}

// otherModelTx refuses a model whose title another has.
func otherModelTx(ctx context.Context, tx *migrations.Tx, in ModelEdit, except int64) error {
	m, err := modelWhere(ctx, tx, `m.folded = ? AND m.id <> ?`, foldModel(in.Manufacturer, in.Name), except)
	switch {
	case migrations.KindOf(err) == migrations.NotFound:
		return nil
	case err != nil:
		return err
	case m.ArchivedAt != nil:
		return migrations.InvalidAt("name", "There is already a model %s. It is archived: bring it back instead.", m.Title())
	}
	return migrations.InvalidAt("name", "There is already a model %s.", m.Title())
}

// CreateModel makes a model; one of the same manufacturer and name is Invalid.
func (s *Store) CreateModel(ctx context.Context, actor tracker.Actor, in ModelEdit) (Model, error) {
	var m Model
	err := s.again(ctx, func(tx *migrations.Tx) (err error) {
		m, err = s.createModelTx(ctx, tx, actor, in)
		return err
	})
	if err != nil {
		return Model{}, fmt.Errorf("create model: %w", err)
	}
	return m, nil
}

func (s *Store) createModelTx(ctx context.Context, tx *migrations.Tx, actor tracker.Actor, in ModelEdit) (Model, error) {
	in, err := in.clean()
	if err != nil {
		return Model{}, err
	}
	if err := otherModelTx(ctx, tx, in, 0); err != nil {
		return Model{}, err
	}
	return s.insertModelTx(ctx, tx, actor, in)
}

// insertModelTx stores a cleaned model; one of the same title is a unique
// violation, also one that another transaction made meanwhile.
func (s *Store) insertModelTx(ctx context.Context, tx *migrations.Tx, actor tracker.Actor, in ModelEdit) (_ Model, err error) {
	m := Model{Category: in.Category, Manufacturer: in.Manufacturer, Name: in.Name, UsefulLifeMonths: in.UsefulLifeMonths, MinOnHand: in.MinOnHand, Specs: in.Specs, Version: 1}
	m.ID, err = tx.Insert(ctx, `INSERT INTO model (category, manufacturer, name, folded, useful_life_months, min_on_hand, specs, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
		m.Category, m.Manufacturer, m.Name, foldModel(m.Manufacturer, m.Name), m.UsefulLifeMonths, m.MinOnHand, m.Specs, s.stamp())
	if err != nil {
		return Model{}, err
	}
	return m, s.tracker.RecordTx(ctx, tx, tracker.Event{Actor: actor, Subject: "model", SubjectID: m.ID, Kind: "created"})
}

// ensureModelTx returns the model of a manufacturer and name, made where there
// is none. One that is made meanwhile is no mistake of the caller's: it is a
// unique violation, and the next try finds it.
func (s *Store) ensureModelTx(ctx context.Context, tx *migrations.Tx, actor tracker.Actor, in ModelEdit) (Model, error) {
	clean, err := in.clean()
	if err != nil {
		return Model{}, err
	}
	m, err := modelWhere(ctx, tx, `m.folded = ?`, foldModel(clean.Manufacturer, clean.Name))
	if migrations.KindOf(err) == migrations.NotFound {
		return s.insertModelTx(ctx, tx, actor, clean)
	}
	return m, err
}

// editedModelTx returns a model whose version is the one that somebody edits.
func (s *Store) editedModelTx(ctx context.Context, tx *migrations.Tx, id, version int64) (Model, error) {
	if _, err := tx.Exec(ctx, `UPDATE model SET version = version WHERE id = ?`, id); err != nil {
		return Model{}, err
	}
	m, err := modelWhere(ctx, tx, `m.id = ?`, id)
	if err == nil && version != tracker.AnyVersion && version != m.Version {
		err = errStale()
	}
	return m, err
}

// ChangeModel changes a model; a stale version is a Conflict.
func (s *Store) ChangeModel(ctx context.Context, actor tracker.Actor, id int64, in ModelEdit, version int64) (Model, error) {
	var m Model
	err := s.again(ctx, func(tx *migrations.Tx) (err error) {
		m, err = s.changeModelTx(ctx, tx, actor, id, in, version)
		return err
	})
	if err != nil {
		return Model{}, fmt.Errorf("change model %d: %w", id, err)
	}
	return m, nil
}

func (s *Store) changeModelTx(ctx context.Context, tx *migrations.Tx, actor tracker.Actor, id int64, in ModelEdit, version int64) (Model, error) {
	was, err := s.editedModelTx(ctx, tx, id, version)
	if err != nil {
		return Model{}, err
	}
	if in, err = in.clean(); err != nil {
		return Model{}, err
	}
	if err := otherModelTx(ctx, tx, in, id); err != nil {
		return Model{}, err
	}
	now := was
	now.Category, now.Manufacturer, now.Name, now.UsefulLifeMonths, now.MinOnHand, now.Specs = in.Category, in.Manufacturer, in.Name, in.UsefulLifeMonths, in.MinOnHand, in.Specs
	var changed []string
	for _, f := range []struct {
		name string
		is   bool
	}{
		{"category", was.Category != now.Category}, {"manufacturer", was.Manufacturer != now.Manufacturer}, {"name", was.Name != now.Name},
		{"useful_life_months", was.UsefulLifeMonths != now.UsefulLifeMonths}, {"min_on_hand", was.MinOnHand != now.MinOnHand}, {"specs", was.Specs != now.Specs},
	} {
		if f.is {
			changed = append(changed, f.name)
		}
	}
	if len(changed) == 0 {
		return was, nil
	}
	now.Version++
	_, err = tx.Exec(ctx, `UPDATE model SET category = ?, manufacturer = ?, name = ?, folded = ?, useful_life_months = ?, min_on_hand = ?, specs = ?, version = version + 1 WHERE id = ?`,
		now.Category, now.Manufacturer, now.Name, foldModel(now.Manufacturer, now.Name), now.UsefulLifeMonths, now.MinOnHand, now.Specs, id)
	if err != nil {
		return Model{}, err
	}
	if was.Category != now.Category || was.Title() != now.Title() || was.Specs != now.Specs {
		if err := s.indexAssetsTx(ctx, tx, `model_id = ?`, id); err != nil {
			return Model{}, err
		}
		if err := s.indexOrdersTx(ctx, tx, `asset_id IN (SELECT id FROM asset WHERE model_id = ?)`, id); err != nil {
			return Model{}, err
		}
	}
	return now, s.tracker.RecordTx(ctx, tx, tracker.Event{Actor: actor, Subject: "model", SubjectID: id, Kind: "changed", Became: strings.Join(changed, " ")})
}

// ArchiveModel hides a model of which nothing is left but retired and disposed pieces, and brings it back.
func (s *Store) ArchiveModel(ctx context.Context, actor tracker.Actor, id int64, archived bool, version int64) (Model, error) {
	var m Model
	err := s.db.Tx(ctx, func(tx *migrations.Tx) (err error) {
		if m, err = s.editedModelTx(ctx, tx, id, version); err != nil {
			return err
		}
		if (m.ArchivedAt != nil) == archived {
			return nil
		}
		kind := "unarchived"
		m.ArchivedAt = nil
		if archived {
			var left int64
			if err := tx.Get(ctx, &left, `SELECT count(*) FROM asset WHERE model_id = ? AND status NOT IN ('retired', 'disposed')`, id); err != nil {
				return err
			}
			if left > 0 {
				return migrations.Invalidf("The model %s is still in use: %s left of it. Please retire or dispose of what is left first.", m.Title(), plural(left, "asset is", "assets are"))
			}
			now := s.stamp()
			kind, m.ArchivedAt = "archived", &now
		}
		m.Version++
		if _, err := tx.Exec(ctx, `UPDATE model SET archived_at = ?, version = version + 1 WHERE id = ?`, m.ArchivedAt, id); err != nil {
			return err
		}
		return s.tracker.RecordTx(ctx, tx, tracker.Event{Actor: actor, Subject: "model", SubjectID: id, Kind: kind})
	})
	if err != nil {
		return Model{}, fmt.Errorf("archive model %d: %w", id, err)
	}
	return m, nil
}
