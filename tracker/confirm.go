package tracker

import (
	"context"
	"fmt"
	"strings"
	"unicode"

	"helpdeskd/migrations"
)

// confirmTx completes a ticket because its client said that all is well.
func (s *Store) confirmTx(ctx context.Context, tx *migrations.Tx, j joining) error {
	now := s.stamp()
	_, err := tx.Exec(ctx, `UPDATE ticket SET stage = 'completed', stage_at = ?, closed_at = ?, unconfirmed = FALSE, news = FALSE, updated_at = ?, version = version + 1 WHERE id = ?`,
		now, now, now, j.TicketID)
	if err != nil {
		return fmt.Errorf("complete ticket %d: %w", j.TicketID, err)
	}
	err = s.RecordTx(ctx, tx, Event{Actor: j.Actor, Subject: "ticket", SubjectID: j.TicketID, Kind: "confirmed", Was: string(Confirming), Became: string(Completed)})
	if err != nil {
		return err
	}
	if err := s.deadlinesTx(ctx, tx, j.Actor, j.TicketID); err != nil || j.FromPage {
		return err // the page asks by itself how it was
	}
	return s.askRatingTx(ctx, tx, j.TicketID)
}

// isConfirmation reports whether a mail's new words, given to the question
// whether all is solved, say yes and nothing else: every word must be known,
// so that "yes, but" and "not yet" are looked at by a person.
func isConfirmation(reply string) bool {
	folded := Fold(reply)
	if len(folded) > 120 {
		return false
	}
	yes := isThanks(reply)
	for _, w := range strings.FieldsFunc(folded, func(r rune) bool { return !unicode.IsLetter(r) && r != '\'' }) {
		switch {
		case confirms(w):
			yes = true
		case !thanks[w] && !fills(w):
			return false
		}
	}
	// A question mark makes even "solved" something to look at.
	return yes && !strings.ContainsAny(folded, "?？")
}

// confirms reports whether a word says that all is well.
func confirms(w string) bool {
	switch w {
	case "yes", "yep", "yeah", "solved", "fixed", "resolved", "works", "working", "confirmed", "sorted",
		"oui", "resolu", "regle", "fonctionne", "marche",
		"ja", "jawohl", "gelost", "erledigt", "funktioniert", "geht", "klappt", "bestatigt",
		"si", "resuelto", "funciona", "risolto", "sim", "resolvido", "opgelost":
		return true
	}
	return false
}

// fills reports whether a word adds nothing to a yes.
func fills(w string) bool {
	switch w {
	case "it", "is", "has", "been", "now", "that", "this", "was", "are", "all", "everything", "again", "problem", "issue", "hello", "hi", "perfectly", "well", "i", "confirm",
		"c'est", "ca", "tout", "est", "maintenant", "le", "probleme", "bonjour", "je", "confirme",
		"es", "das", "alles", "jetzt", "ist", "wieder", "einwandfrei", "hallo", "problem's":
		return true
	}
	return false
}
