package inventory

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// A technician's mail acts on things by the three functions below: see
// tracker.Things.

var _ tracker.Things = (*Store)(nil)

// maxWhich is how many things an answer names where several fit.
const maxWhich = 8

// LinkNamedTx links a ticket with the thing that a tag, hostname or serial
// number names.
func (s *Store) LinkNamedTx(ctx context.Context, tx *migrations.Tx, actor tracker.Actor, t *tracker.Ticket, name string) (string, error) {
	list, err := assetsNamed(ctx, tx, strings.Trim(name, " .,;"), maxWhich+1)
	if err != nil {
		return "", err
	}
	if len(list) == 0 {
		return "", noSuchTx(ctx, tx, t, "There is no thing with the tag, hostname or serial number “"+tracker.OneLine(name)+"”.", name)
	}
	a, err := onlyOne(list)
	if err != nil {
		return "", err
	}
	if _, err := s.tracker.LinkTx(ctx, tx, actor, tracker.Thing{Kind: tracker.KindTicket, ID: t.ID}, a.Thing()); err != nil {
		return "", err
	}
	return called(*a), nil
}

// RepairTx opens a planned repair, linked with the ticket: for the thing that
// said begins with, or for the only one that the ticket is linked with, or for
// the only one that its requester has. Without any it is for none that is
// registered; of several one must be named.
func (s *Store) RepairTx(ctx context.Context, tx *migrations.Tx, actor tracker.Actor, t *tracker.Ticket, said string) (order, thing string, err error) {
	first, rest, _ := strings.Cut(said, " ")
	a, err := s.toRepairTx(ctx, tx, t, strings.Trim(first, " .,:;"))
	if err != nil {
		return "", "", err
	}
	if a != nil && isNamed(*a, strings.Trim(first, " .,:;")) {
		said = strings.TrimLeft(rest, " :,;-–")
	}
	title, reason := tracker.OneLine(said), ""
	if title == "" {
		title = t.Subject
	}
	if len([]rune(title)) > 200 {
		title, reason = string([]rune(title)[:199])+"…", said
	}
	in := NewOrder{OrderEdit: OrderEdit{Title: title, Reason: reason, ClientID: t.ClientID, AssigneeID: actor.AccountID}, TicketID: t.ID}
	if a != nil {
		in.AssetID = a.ID
	}
	o, err := s.openOrderTx(ctx, tx, actor, in)
	if err != nil {
		return "", "", err
	}
	if a != nil {
		thing = called(*a)
	}
	return o.Name(), thing, nil
}

// toRepairTx finds what is to be repaired, nil for nothing that is registered.
func (s *Store) toRepairTx(ctx context.Context, tx *migrations.Tx, t *tracker.Ticket, first string) (*Asset, error) {
	if first != "" {
		list, err := assetsNamed(ctx, tx, first, maxWhich+1)
		if err != nil {
			return nil, err
		}
		if len(list) > 0 {
			return onlyOne(list)
		}
		if tagLike(first) {
			return nil, noSuchTx(ctx, tx, t, "There is no thing with the tag "+first+".", first)
		}
	}
	links, err := s.tracker.LinksTx(ctx, tx, tracker.Thing{Kind: tracker.KindTicket, ID: t.ID})
	if err != nil {
		return nil, err
	}
	var ids []any
	for _, l := range links {
		if l.Kind == tracker.KindAsset {
			ids = append(ids, l.ID)
		}
	}
	var list []Asset
	if len(ids) > 0 {
		if err := tx.Select(ctx, &list, `SELECT `+assetColumns+` FROM asset a `+assetJoins+`WHERE a.id IN (`+marks(len(ids))+`) AND a.status NOT IN ('retired', 'disposed') ORDER BY a.id`, ids...); err != nil {
			return nil, fmt.Errorf("read the linked assets: %w", err)
		}
	} else if t.ClientID != 0 {
		if err := tx.Select(ctx, &list, `SELECT `+assetColumns+` FROM asset a `+assetJoins+`WHERE a.holder_id = ? AND a.status NOT IN ('retired', 'disposed') ORDER BY a.id LIMIT ?`, t.ClientID, maxWhich+1); err != nil {
			return nil, fmt.Errorf("list what client %d has: %w", t.ClientID, err)
		}
	}
	if len(list) == 0 {
		return nil, nil
	}
	return onlyOne(list)
}

// onlyOne returns the one thing of a list that has some, or an error that
// names them all.
func onlyOne(list []Asset) (*Asset, error) {
	if len(list) == 1 {
		return &list[0], nil
	}
	var names []string
	for i, a := range list {
		if i == maxWhich {
			names = append(names, "…")
			break
		}
		names = append(names, called(a))
	}
	return nil, migrations.Invalidf("Which of these? Please name its tag: %s.", strings.Join(names, ", "))
}

// Bounds of looking for the nearest tags: of how many things, the newest, and
// how many are named.
const (
	maxTagsLooked = 50_000
	maxNear       = 3
)

// noSuchTx is the error for a name that nothing has, with the things whose tags
// are nearest: what the requester has before the rest.
func noSuchTx(ctx context.Context, tx *migrations.Tx, t *tracker.Ticket, none, name string) error {
	ids, err := nearestTags(ctx, tx, t.ClientID, name)
	if err != nil {
		return err
	}
	if len(ids) == 0 {
		return migrations.NotFoundf("%s", none)
	}
	var names []string
	for _, id := range ids {
		a, err := assetWhere(ctx, tx, `a.id = ?`, id)
		if err != nil {
			return err
		}
		names = append(names, called(a))
	}
	return migrations.NotFoundf("%s Did you mean %s?", none, strings.Join(names, ", or "))
}

// nearTag is a thing whose tag may have been meant.
type nearTag struct {
	ID    int64  `db:"id"`
	Tag   string `db:"tag_folded"`
	Own   bool   `db:"own"` // the requester has it
	Apart int    // slips of the hand
}

// nearestTags returns the things in use whose tags differ from a name by no
// more than two slips of the hand, or only by what divides them and leading
// zeros: A12 is A-0012. The nearest come first, at most maxNear.
func nearestTags(ctx context.Context, q read, clientID int64, name string) ([]int64, error) {
	want := tracker.Fold(tracker.OneLine(name))
	if len(want) < 2 || len(want) > 40 {
		return nil, nil
	}
	var all []nearTag
	err := q.Select(ctx, &all, `SELECT id, tag_folded, COALESCE(holder_id, 0) = ? AND holder_id IS NOT NULL AS own FROM asset WHERE status NOT IN ('retired', 'disposed') ORDER BY id DESC LIMIT ?`, clientID, maxTagsLooked)
	if err != nil {
		return nil, fmt.Errorf("look for the nearest tags: %w", err)
	}
	near, bare := all[:0], bareTag(want)
	for _, a := range all {
		if a.Apart = tracker.Apart(want, a.Tag); bareTag(a.Tag) == bare {
			a.Apart = 0
		}
		if a.Apart <= 2 && a.Apart*3 <= len(want) {
			near = append(near, a)
		}
	}
	slices.SortStableFunc(near, func(a, b nearTag) int {
		if a.Own != b.Own && min(a.Apart, b.Apart) > 0 {
			if a.Own {
				return -1
			}
			return 1
		}
		return a.Apart - b.Apart
	})
	var ids []int64
	for _, a := range near[:min(len(near), maxNear)] {
		ids = append(ids, a.ID)
	}
	return ids, nil
}

// bareTag is a folded tag without what divides it and the zeros before its numbers.
func bareTag(tag string) string {
	var b strings.Builder
	inNumber := false
	for _, r := range tag {
		switch {
		case r == '0' && !inNumber, strings.ContainsRune(" -_./", r):
		default:
			b.WriteRune(r)
		}
		inNumber = r >= '1' && r <= '9' || r == '0' && inNumber
	}
	return b.String()
}

// called is how an asset is named to people: its tag and what it is.
func called(a Asset) string { return strings.TrimSpace(a.Tag + " " + a.Title()) }

// isNamed reports whether a word is the asset's tag, hostname or serial number.
func isNamed(a Asset, word string) bool {
	f := tracker.Fold(word)
	return f != "" && (tracker.Fold(a.Tag) == f || tracker.Fold(a.Hostname) == f || foldSerial(a.Serial) == foldSerial(word) && foldSerial(word) != "")
}

// tagLike reports whether a word looks like the tag of a thing: A-0012.
func tagLike(word string) bool {
	letters, digits, ok := strings.Cut(word, "-")
	return ok && len(letters) > 0 && len(letters) <= 4 && digits != "" && strings.Trim(digits, "0123456789-") == ""
}

// HeldNamed returns what a person has now, as it is called.
func (s *Store) HeldNamed(ctx context.Context, clientID int64, limit int) ([]tracker.NamedAsset, error) {
	list, err := s.HeldBy(ctx, clientID, limit)
	all := make([]tracker.NamedAsset, len(list))
	for i, a := range list {
		all[i] = tracker.NamedAsset{ID: a.ID, Name: called(a)}
		if a.Hostname != "" {
			all[i].Name += " (" + a.Hostname + ")"
		}
	}
	return all, err
}
