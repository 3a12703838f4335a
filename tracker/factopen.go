package tracker

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"helpdeskd/migrations"
)

// NamedAsset is an asset that a text names, or that somebody has.
type NamedAsset struct {
	ID   int64
	Name string // tag and title, as people read it
}

// AssetsIn finds assets for the package that owns them. Of returns the assets
// whose tag, hostname or serial number is one of some words, at most four.
// Named, which may be nil, returns which of any number of words are one of those. Own returns the
// computer that a client has, where they have exactly one.
type AssetsIn struct {
	Of    func(ctx context.Context, q migrations.Queryer, words []string) ([]NamedAsset, error)
	Named func(ctx context.Context, q migrations.Queryer, words []string) (map[string]bool, error)
	Own   func(ctx context.Context, q migrations.Queryer, clientID int64) (NamedAsset, bool, error)
}

// KnowAssets has the assets that requests name be recognised. To be called
// before any mail is decided.
func (s *Store) KnowAssets(a AssetsIn) { s.assetsIn = a }

// request is what a new ticket was opened with, for what is known of it.
type request struct {
	TicketID, MessageID int64
	Client              *Client
	Form                *Form
	Subject             string
	Text                string // the author's new words
	Copied              []Address
	ByHand              int64    // the account that opened it, 0 for a mail
	Words               *reading // of Subject, Text and Form; made where it is nil
	batch               *batch   // of Receive, or nil
}

// knowTx fills in the checklist of a new ticket by its form or its mail, and
// returns what is still missing, in order. What a rule may have got wrong is
// marked as a guess.
func (s *Store) knowTx(ctx context.Context, tx *migrations.Tx, r request) ([]FactItem, error) {
	if r.Words == nil {
		r.Words = readingOf(r.Subject, r.Subject, r.Text, r.Form)
	}
	known := map[FactItem]Fact{}
	source := FromMail
	if r.ByHand != 0 {
		source = FromTechnician
	}
	if r.Client != nil {
		known[FactWho] = Fact{Value: nonEmpty(r.Client.Name, "?"), Source: FromRequester, ThingID: r.Client.ID}
	}
	var b behalf
	if r.Form != nil {
		source = FromForm
		for _, a := range r.Form.Answers {
			value := strings.TrimSpace(manyLines(a.Answer))
			item := itemOf(a.Meaning)
			switch {
			case value == "":
			case a.Meaning == MeansFor:
				b = personIn(strings.Fields(value))
			case item == "":
			case item == FactAsset && known[item].Value != "":
				f := known[item]
				f.Value = clip(f.Value+", "+oneLine(value), maxFact)
				known[item] = f
			case known[item].Value == "":
				known[item] = Fact{Value: clip(value, maxFact), Source: source}
			}
		}
	} else {
		b = r.Words.behalf()
		for _, x := range r.Words.facts() {
			known[x.item] = Fact{Value: x.value, Source: source, Guess: x.guess}
		}
	}
	if err := s.knowAssetTx(ctx, tx, r, known, source); err != nil {
		return nil, err
	}
	if b != (behalf{}) {
		c, err := s.supportedTx(ctx, tx, b, r.Copied)
		if err != nil {
			return nil, err
		}
		if c != nil && (r.Client == nil || c.ID != r.Client.ID) {
			known[FactWho] = Fact{Value: nonEmpty(c.Name, b.Address), Source: source, Guess: true, ThingID: c.ID}
		}
	}
	var missing []FactItem
	now := s.stamp()
	for _, item := range Checklist() {
		f, ok := known[item]
		if !ok || f.Value == "" {
			if item != FactWho {
				missing = append(missing, item)
			}
			continue
		}
		err := tx.Later(ctx, `INSERT INTO fact (ticket_id, item, value, source, guess, message_id, account_id, thing_id, at)`, ``,
			r.TicketID, string(item), f.Value, f.Source, f.Guess, orNull(r.MessageID), orNull(r.ByHand), f.ThingID, now)
		if err != nil {
			return nil, fmt.Errorf("write down what is known of ticket %d: %w", r.TicketID, err)
		}
	}
	return missing, nil
}

// knowAssetTx finds which asset is meant: by what names it, or, as a guess,
// the only computer of who says "my computer".
func (s *Store) knowAssetTx(ctx context.Context, tx *migrations.Tx, r request, known map[FactItem]Fact, source string) error {
	var words []string
	if r.Form != nil {
		words = things(known[FactAsset].Value)
	} else if words = r.Words.things(); r.batch != nil {
		words = slices.DeleteFunc(slices.Clone(words), func(w string) bool {
			names, known := r.batch.named[w]
			return known && !names
		})
	}
	if len(words) > 0 && s.assetsIn.Of != nil {
		found, err := s.assetsIn.Of(ctx, tx, words)
		if err != nil {
			return fmt.Errorf("look for the assets that a request names: %w", err)
		}
		if len(found) > 0 {
			f := known[FactAsset]
			var names []string
			for _, a := range found {
				if f.Value == "" || !slices.Contains(names, a.Name) {
					names = append(names, a.Name)
				}
			}
			if f.Value == "" {
				f = Fact{Value: strings.Join(names, ", "), Source: source}
			}
			if len(found) == 1 {
				f.ThingID = found[0].ID
			}
			known[FactAsset] = f
			return nil
		}
	}
	if r.Form != nil || r.Client == nil || s.assetsIn.Own == nil || !r.Words.computer() {
		return nil
	}
	a, ok, err := s.assetsIn.Own(ctx, tx, r.Client.ID)
	if err != nil {
		return fmt.Errorf("look for the computer of client %d: %w", r.Client.ID, err)
	}
	if ok {
		known[FactAsset] = Fact{Value: a.Name, Source: source, Guess: true, ThingID: a.ID}
	}
	return nil
}

// itemOf returns the item that a form's question asks for, "" for none.
func itemOf(m Meaning) FactItem {
	switch m {
	case MeansProblem:
		return FactWhat
	case MeansDoing:
		return FactDoing
	case MeansRepeat:
		return FactRepeat
	case MeansStarted:
		return FactWhen
	case MeansEffect:
		return FactEffect
	case MeansAsset, MeansLocation:
		return FactAsset
	}
	return ""
}

func nonEmpty(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
