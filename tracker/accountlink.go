package tracker

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"helpdeskd/migrations"
)

// What a link that lets one choose a password is for.
const (
	LinkInvite = "invite" // the first password
	LinkReset  = "reset"  // a new one

	linkChanged = "changed" // no link: the owner is told that the password was changed
)

// How long links live, from when their mail was written.
const (
	inviteLife = 7 * 24 * time.Hour
	resetLife  = 2 * time.Hour
)

// Resets asked for by strangers are counted within throttleWindow, by network
// and by address; beyond the second nothing is said and nothing is sent.
const (
	resetsPerNetwork = 10
	resetsPerAddress = 3
	linksPerNetwork  = 30
)

// AccountDetail is what a mail to somebody who signs in is about.
type AccountDetail struct {
	About string `json:"about"`        // invite, reset, changed
	By    int64  `json:"by,omitempty"` // the account that invited or sent it; 0: asked for on the sign-in page

	ByName string `json:"-"` // filled in when it is due
}

// PendingLink is what an account waits for: a link that was made and not used,
// or the mail that will carry one.
type PendingLink struct {
	AccountID int64
	Kind      string           // invite, reset; "" where there is only the mail
	ExpiresAt migrations.Stamp // of the link that lives longest
	Mail      string           // state of the last mail to the account, "" where none was sent
	Why       string           // the server's last words about it
}

// SetAccountMailbox names the mailbox through which invitations and password
// mails leave: the first of the configuration. Without one, links are shown
// to the administrator, who hands them over.
func (s *Store) SetAccountMailbox(id int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.accountMailbox = id
}

// MailsAccounts reports whether there is a mailbox through which invitations
// and password mails can leave.
func (s *Store) MailsAccounts() bool { return s.accountBox() != 0 }

func (s *Store) accountBox() int64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.accountMailbox
}

// Invite adds a person who signs in, and mails them the link with which they
// choose their password; where no mailbox is configured, nothing is mailed.
func (s *Store) Invite(ctx context.Context, actor Actor, in NewAccount) (Account, error) {
	in.Password = ""
	if _, err := s.checkNewAccount(ctx, &in); err != nil {
		return Account{}, fmt.Errorf("invite: %w", err)
	}
	if !sendable(in.Email) {
		return Account{}, fmt.Errorf("invite: %w", migrations.Invalidf("No mail can be sent to %s: please check the address.", clip(in.Email, 80)))
	}
	var a Account
	err := s.db.Tx(ctx, func(tx *migrations.Tx) (err error) {
		if a, err = s.createAccountTx(ctx, tx, actor, in, ""); err != nil {
			return err
		}
		return s.mailLinkTx(ctx, tx, actor, a)
	})
	if err != nil {
		return Account{}, fmt.Errorf("invite: %w", err)
	}
	return a, nil
}

// SendLink mails somebody a link with which they choose a password: an
// invitation where they have none yet. Links sent before are void.
func (s *Store) SendLink(ctx context.Context, actor Actor, id int64) (Account, error) {
	var a Account
	err := s.db.Tx(ctx, func(tx *migrations.Tx) (err error) {
		if a, err = s.linkableTx(ctx, tx, id); err != nil {
			return err
		}
		if !s.MailsAccounts() {
			return migrations.Conflictf("No mailbox is configured, so no mail can be sent. Show the link instead, and hand it over.")
		}
		return s.mailLinkTx(ctx, tx, actor, a)
	})
	if err != nil {
		return Account{}, fmt.Errorf("send a link to account %d: %w", id, err)
	}
	return a, nil
}

// ShowLink makes such a link to be handed over in person, and returns its
// token: it is not kept in clear and can not be shown again. Links made
// before are void.
func (s *Store) ShowLink(ctx context.Context, actor Actor, id int64) (a Account, token string, expires migrations.Stamp, err error) {
	token, hash := NewToken()
	err = s.db.Tx(ctx, func(tx *migrations.Tx) error {
		if a, err = s.linkableTx(ctx, tx, id); err != nil {
			return err
		}
		if err := s.voidLinksTx(ctx, tx, actor, id); err != nil {
			return err
		}
		kind := linkKind(a)
		if expires, err = s.addLinkTx(ctx, tx, id, kind, hash); err != nil {
			return err
		}
		return s.RecordTx(ctx, tx, Event{Actor: actor, Subject: "account", SubjectID: id, Kind: "link_shown", Became: kind})
	})
	if err != nil {
		return Account{}, "", 0, fmt.Errorf("make a link for account %d: %w", id, err)
	}
	return a, token, expires, nil
}

// WithdrawLinks makes every link of an account void. Whoever has no password
// yet is disabled too: an invitation that was taken back lets nobody in.
func (s *Store) WithdrawLinks(ctx context.Context, actor Actor, id int64) (Account, error) {
	var a Account
	err := s.db.Tx(ctx, func(tx *migrations.Tx) (err error) {
		if a, err = s.linkableTx(ctx, tx, id); err != nil {
			return err
		}
		if err := s.voidLinksTx(ctx, tx, actor, id); err != nil {
			return err
		}
		if err := s.RecordTx(ctx, tx, Event{Actor: actor, Subject: "account", SubjectID: id, Kind: "links_withdrawn"}); err != nil || a.PasswordHash != "" {
			return err
		}
		was := a
		a.Enabled, a.Version = false, a.Version+1
		return s.storeAccountTx(ctx, tx, actor, was, a)
	})
	if err != nil {
		return Account{}, fmt.Errorf("withdraw the links of account %d: %w", id, err)
	}
	return a, nil
}

// RequestReset mails a link to an address when it belongs to somebody who may
// sign in. What it returns is the same when it does not; only too many
// requests from one network (ip without port) are Temporary.
func (s *Store) RequestReset(ctx context.Context, email, ip string) error {
	email = strings.ToLower(strings.TrimSpace(email))
	var refused error
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		err := s.throttleTx(ctx, tx, "reset-from:"+network(ip), resetsPerNetwork)
		if migrations.KindOf(err) == migrations.Temporary {
			refused = err // and the count stands
			return nil
		}
		if err != nil {
			return err
		}
		err = s.throttleTx(ctx, tx, "reset:"+email, resetsPerAddress)
		if migrations.KindOf(err) == migrations.Temporary {
			s.log.Warn("password reset throttled", slog.String("from", ip))
			return nil
		}
		if err != nil {
			return err
		}
		// Held, lest the address is given to somebody else meanwhile.
		if _, err := tx.Exec(ctx, `UPDATE account SET version = version WHERE email = ?`, email); err != nil {
			return err
		}
		a, err := accountWhere(ctx, tx, `email = ?`, email)
		if migrations.KindOf(err) == migrations.NotFound || err == nil && (!a.Enabled || !s.MailsAccounts()) {
			return nil
		}
		if err != nil {
			return err
		}
		return s.mailLinkTx(ctx, tx, Actor{}, a)
	})
	if err == nil {
		err = refused
	}
	if err != nil {
		return fmt.Errorf("ask for a new password: %w", err)
	}
	return nil
}

// errDeadLink is said of every token that opens nothing, whatever the reason.
func errDeadLink() error {
	return migrations.Deniedf("This link does not work any more: it was used, it was replaced by a newer one, or its time is over.")
}

// LinkOwner returns whose a link is and what it is for, changing nothing:
// programs that look at links in mails open them too. Denied where it opens
// nothing.
func (s *Store) LinkOwner(ctx context.Context, token string) (a Account, kind string, err error) {
	return s.linkOwner(ctx, s.db, token)
}

func (s *Store) linkOwner(ctx context.Context, q read, token string) (a Account, kind string, err error) {
	if !IsToken(token) {
		return a, "", errDeadLink()
	}
	var row struct {
		AccountID int64  `db:"account_id"`
		Kind      string `db:"kind"`
	}
	err = q.Get(ctx, &row, `SELECT account_id, kind FROM account_token WHERE hash = ? AND used_at IS NULL AND expires_at > ?`, HashToken(token), s.stamp())
	if migrations.KindOf(err) == migrations.NotFound {
		return a, "", errDeadLink()
	}
	if err != nil {
		return a, "", fmt.Errorf("look a link up: %w", err)
	}
	if a, err = accountWhere(ctx, q, `id = ?`, row.AccountID); err != nil {
		return a, "", err
	}
	if !a.Enabled {
		return Account{}, "", errDeadLink()
	}
	return a, row.Kind, nil
}

// UseLink gives the owner of a link a password. It works once; it ends all of
// the account's sessions, makes its other links void, and the owner is told by
// mail when there was a password before. A password that is refused leaves
// the link as it is.
func (s *Store) UseLink(ctx context.Context, token, password, ip string) (Account, error) {
	if err := s.count(ctx, tries{{name: "link-from:" + network(ip), limit: linksPerNetwork}}); err != nil {
		return Account{}, fmt.Errorf("use a link: %w", err)
	}
	a, _, err := s.LinkOwner(ctx, token) // before anything costly is done for a stranger
	if err != nil {
		return Account{}, fmt.Errorf("use a link: %w", err)
	}
	if err := checkPasswordRules(password, a.Email, a.Name); err != nil {
		return Account{}, fmt.Errorf("use a link: %w", err)
	}
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return Account{}, fmt.Errorf("use a link: %w", err)
	}
	now := s.stamp()
	err = s.db.Tx(ctx, func(tx *migrations.Tx) error {
		// The account before its links, as everybody does who changes either.
		n, err := tx.Exec(ctx, `UPDATE account SET password_hash = ?, signed_in_at = ?, version = version + 1 WHERE id = ? AND enabled`, hash, now, a.ID)
		if err != nil {
			return err
		}
		if n == 0 {
			return errDeadLink()
		}
		var kind string
		err = tx.Get(ctx, &kind, `UPDATE account_token SET used_at = ? WHERE hash = ? AND used_at IS NULL AND expires_at > ? RETURNING kind`, now, HashToken(token), now)
		if migrations.KindOf(err) == migrations.NotFound {
			return errDeadLink() // somebody was quicker
		}
		if err != nil {
			return err
		}
		if err := s.RecordTx(ctx, tx, Event{Actor: a.Actor(), Subject: "account", SubjectID: a.ID, Kind: "link_used", Became: kind}); err != nil {
			return err
		}
		return s.passwordChangedTx(ctx, tx, a, "")
	})
	if err != nil {
		return Account{}, fmt.Errorf("use a link: %w", err)
	}
	// Not read anew: who signs in does so with this password, not with a later one.
	a.PasswordHash, a.SignedInAt, a.Version = hash, &now, a.Version+1
	return a, nil
}

// passwordChangedTx does what follows a new password: other sessions end, but
// for the one with the token keep; links are void; the owner of a password
// that was there before is told.
func (s *Store) passwordChangedTx(ctx context.Context, tx *migrations.Tx, was Account, keep string) error {
	if err := endSessionsTx(ctx, tx, was.ID, keep); err != nil {
		return err
	}
	if err := s.voidLinksTx(ctx, tx, was.Actor(), was.ID); err != nil {
		return err
	}
	if was.PasswordHash == "" {
		return nil
	}
	return s.mailAccountTx(ctx, tx, was, AccountDetail{About: linkChanged})
}

// PendingLinks returns what accounts wait for.
func (s *Store) PendingLinks(ctx context.Context) (map[int64]PendingLink, error) {
	all := map[int64]PendingLink{}
	var links []struct {
		AccountID int64            `db:"account_id"`
		Kind      string           `db:"kind"`
		ExpiresAt migrations.Stamp `db:"expires_at"`
	}
	err := s.db.Select(ctx, &links, `SELECT account_id, kind, expires_at FROM account_token WHERE used_at IS NULL AND expires_at > ? ORDER BY expires_at`, s.stamp())
	if err != nil {
		return nil, fmt.Errorf("list links: %w", err)
	}
	for _, l := range links {
		all[l.AccountID] = PendingLink{AccountID: l.AccountID, Kind: l.Kind, ExpiresAt: l.ExpiresAt}
	}
	var mails []struct {
		AccountID int64  `db:"account_id"`
		State     string `db:"state"`
		Response  string `db:"response"`
	}
	err = s.db.Select(ctx, &mails, `SELECT account_id, state, response FROM outbox
		WHERE id IN (SELECT MAX(id) FROM outbox WHERE kind = 'account' GROUP BY account_id)`)
	if err != nil {
		return nil, fmt.Errorf("list mails to accounts: %w", err)
	}
	for _, m := range mails {
		p := all[m.AccountID]
		p.AccountID, p.Mail, p.Why = m.AccountID, m.State, m.Response
		all[m.AccountID] = p
	}
	return all, nil
}

// linkKind is what a link would be for.
func linkKind(a Account) string {
	if a.PasswordHash == "" {
		return LinkInvite
	}
	return LinkReset
}

// linkableTx returns an account that may be given a link, and holds its row.
func (s *Store) linkableTx(ctx context.Context, tx *migrations.Tx, id int64) (Account, error) {
	if _, err := tx.Exec(ctx, `UPDATE account SET version = version WHERE role = 'admin' OR id = ?`, id); err != nil {
		return Account{}, err
	}
	a, err := accountWhere(ctx, tx, `id = ?`, id)
	if err == nil && !a.Enabled {
		return a, migrations.Invalidf("The account of %s is disabled. Enable it first.", a.Name)
	}
	return a, err
}

// mailLinkTx queues the mail with a link in place of those sent before. Its
// token is made when the mail is written, and kept with it: see Rendered.
func (s *Store) mailLinkTx(ctx context.Context, tx *migrations.Tx, actor Actor, a Account) error {
	if err := s.voidLinksTx(ctx, tx, actor, a.ID); err != nil {
		return err
	}
	kind := linkKind(a)
	if err := s.mailAccountTx(ctx, tx, a, AccountDetail{About: kind, By: actor.AccountID}); err != nil {
		return err
	}
	if !s.MailsAccounts() {
		return nil
	}
	return s.RecordTx(ctx, tx, Event{Actor: actor, Subject: "account", SubjectID: a.ID, Kind: "link_mailed", Became: kind})
}

func (s *Store) mailAccountTx(ctx context.Context, tx *migrations.Tx, a Account, d AccountDetail) error {
	box := s.accountBox()
	if box == 0 {
		return nil
	}
	_, err := s.EnqueueTx(ctx, tx, Mail{Kind: MailAccount, MailboxID: box, AccountID: a.ID, ToAddress: a.Email, ToName: a.Name, Account: &d})
	return err
}

func (s *Store) addLinkTx(ctx context.Context, tx *migrations.Tx, id int64, kind, hash string) (migrations.Stamp, error) {
	life := inviteLife
	if kind == LinkReset {
		life = resetLife
	}
	expires := migrations.At(s.clock().Add(life))
	_, err := tx.Exec(ctx, `INSERT INTO account_token (hash, account_id, kind, expires_at, created_at) VALUES (?, ?, ?, ?, ?)`, hash, id, kind, expires, s.stamp())
	if err != nil {
		return 0, fmt.Errorf("keep a link: %w", err)
	}
	return expires, nil
}

// voidLinksTx makes an account's links void, and cancels the mails that would
// carry further ones: also those that a person could send again, to an address
// that may be somebody else's by now. The caller holds the account's row.
func (s *Store) voidLinksTx(ctx context.Context, tx *migrations.Tx, actor Actor, id int64) error {
	var waiting []struct {
		ID     int64  `db:"id"`
		Detail string `db:"detail"`
	}
	err := tx.Select(ctx, &waiting, `SELECT id, detail FROM outbox WHERE kind = 'account' AND account_id = ? AND state IN ('queued', 'dead', 'uncertain', 'held') ORDER BY id`, id)
	if err != nil {
		return fmt.Errorf("list mails to account %d: %w", id, err)
	}
	for _, m := range waiting {
		if strings.Contains(m.Detail, `"`+linkChanged+`"`) {
			continue
		}
		n, err := tx.Exec(ctx, `UPDATE outbox SET state = 'cancelled' WHERE id = ? AND state IN ('queued', 'dead', 'uncertain', 'held')`, m.ID)
		if err != nil {
			return fmt.Errorf("cancel mail %d: %w", m.ID, err)
		}
		if n == 0 {
			continue // it is being sent
		}
		if err := s.RecordTx(ctx, tx, Event{Actor: actor, Subject: "outbox", SubjectID: m.ID, Kind: "cancelled"}); err != nil {
			return err
		}
	}
	// Last, so that the link of a mail that was written just now is found.
	if _, err := tx.Exec(ctx, `DELETE FROM account_token WHERE account_id = ? AND used_at IS NULL`, id); err != nil {
		return fmt.Errorf("void links: %w", err)
	}
	return nil
}

// linkReturnedTx withdraws the link of a mail that came back: whoever may read
// the report reads the link. One that was made after that mail was sent, and
// what is queued, stay.
func (s *Store) linkReturnedTx(ctx context.Context, tx *migrations.Tx, ours *outboxRef) error {
	var row struct {
		AccountID int64  `db:"account_id"`
		Detail    string `db:"detail"`
	}
	if err := tx.Get(ctx, &row, `SELECT COALESCE(account_id, 0) AS account_id, detail FROM outbox WHERE id = ?`, ours.ID); err != nil {
		return fmt.Errorf("read mail %d: %w", ours.ID, err)
	}
	if strings.Contains(row.Detail, `"`+linkChanged+`"`) {
		return nil
	}
	until := ours.SentAt
	if until == 0 { // nobody knows whether it left, but it came back
		until = s.stamp()
	}
	n, err := tx.Exec(ctx, `DELETE FROM account_token WHERE account_id = ? AND used_at IS NULL AND created_at <= ?`, row.AccountID, until)
	if err != nil {
		return fmt.Errorf("void the link of mail %d: %w", ours.ID, err)
	}
	if n == 0 {
		return nil
	}
	return s.RecordTx(ctx, tx, Event{Subject: "account", SubjectID: row.AccountID, Kind: "link_returned"})
}

// renderedLinkTx keeps the hash of the link that a rendered mail carries.
func (s *Store) renderedLinkTx(ctx context.Context, tx *migrations.Tx, accountID int64, about, token string) error {
	if token == "" || about == linkChanged {
		return nil
	}
	_, err := s.addLinkTx(ctx, tx, accountID, about, HashToken(token))
	return err
}

// forgetSentTx removes what was sent of a mail that is forgotten: a copy of the
// database must not open an account, nor hold words that are gone elsewhere.
func (s *Store) forgetSentTx(ctx context.Context, tx *migrations.Tx, id int64, digest string) error {
	if _, err := tx.Exec(ctx, `UPDATE outbox SET digest = '' WHERE id = ?`, id); err != nil {
		return err
	}
	return s.dropBlobsTx(ctx, tx, []string{digest})
}
