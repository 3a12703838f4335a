package tracker

import (
	"context"
	"fmt"
	"log/slog"
	"net/mail"
	"strings"
	"time"
	"unicode/utf8"

	"helpdeskd/migrations"
)

// Account is a person who signs in.
type Account struct {
	ID           int64             `db:"id"`
	Email        string            `db:"email"` // lower case; also where notifications go and technicians' mails come from
	Name         string            `db:"name"`
	Role         AccountRole       `db:"role"`
	PasswordHash string            `db:"password_hash" json:"-"` // PHC string; "" signs nobody in
	Enabled      bool              `db:"enabled"`
	Notify       string            `db:"notify"` // all, mine, none
	CreatedAt    migrations.Stamp  `db:"created_at"`
	SignedInAt   *migrations.Stamp `db:"signed_in_at"`
	Zone         string            `db:"zone"`        // IANA name of the time zone that times are shown in; "" for the server's
	DigestHour   int64             `db:"digest_hour"` // at which a digest comes on working days; NoDigest
	KeysOff      bool              `db:"keys_off"`    // single letters do nothing on the site
	Signature    string            `db:"signature"`   // under their replies, in place of the name; with placeholders, "" for none
	Version      int64             `db:"version"`
}

// Actor returns the account as the one who does something.
func (a Account) Actor() Actor { return Actor{AccountID: a.ID} }

// What an account is told by mail.
const (
	NotifyAll  = "all"  // everything that happens on tickets
	NotifyMine = "mine" // what happens on tickets assigned to them, and what nobody has taken
	NotifyNone = "none"
)

// AnyVersion, given as the version of what is edited, edits whatever is there.
// It is for commands; a page gives the version that it showed.
const AnyVersion int64 = -1

// errStale is the refusal of an edit of something that changed meanwhile.
func errStale() error {
	return migrations.Conflictf("Somebody else changed this meanwhile. Nothing was overwritten: please look at what is there now, and change it again.")
}

const accountColumns = `id, email, name, role, password_hash, enabled, notify, created_at, signed_in_at, zone, keys_off, digest_hour, signature, version`

// NewAccount is what makes an account. An empty Password makes one that
// cannot sign in until it is given one.
type NewAccount struct {
	Email, Name string
	Role        AccountRole
	Password    string
	Notify      string // the setting's where empty
}

// CreateAccount adds a person who signs in.
func (s *Store) CreateAccount(ctx context.Context, actor Actor, in NewAccount) (Account, error) {
	hash, err := s.checkNewAccount(ctx, &in)
	if err != nil {
		return Account{}, fmt.Errorf("create account: %w", err)
	}
	var a Account
	err = s.db.Tx(ctx, func(tx *migrations.Tx) error {
		a, err = s.createAccountTx(ctx, tx, actor, in, hash)
		return err
	})
	if err != nil {
		return Account{}, fmt.Errorf("create account: %w", err)
	}
	return a, nil
}

// checkNewAccount cleans and validates in, and returns the password's hash.
func (s *Store) checkNewAccount(ctx context.Context, in *NewAccount) (hash string, err error) {
	if in.Email, err = cleanEmail(in.Email); err != nil {
		return "", err
	}
	if in.Name, err = cleanName(in.Name); err != nil {
		return "", err
	}
	if !in.Role.Valid() {
		return "", migrations.Invalidf("The role must be admin, technician or manager, not %q.", in.Role)
	}
	if in.Notify == "" {
		if in.Notify, err = s.Setting(ctx, SetNotify); err != nil {
			return "", err
		}
	}
	if err := checkNotify(in.Notify); err != nil {
		return "", err
	}
	if in.Password == "" {
		return "", nil
	}
	if err := checkPasswordRules(in.Password, in.Email, in.Name); err != nil {
		return "", err
	}
	return s.hasher.hash(ctx, in.Password)
}

func (s *Store) createAccountTx(ctx context.Context, tx *migrations.Tx, actor Actor, in NewAccount, hash string) (a Account, err error) {
	err = tx.Get(ctx, &a, `INSERT INTO account (email, name, role, password_hash, enabled, notify, created_at)
		VALUES (?, ?, ?, ?, TRUE, ?, ?) ON CONFLICT (email) DO NOTHING RETURNING `+accountColumns,
		in.Email, in.Name, in.Role, hash, in.Notify, s.stamp())
	if migrations.KindOf(err) == migrations.NotFound {
		return a, migrations.Conflictf("There is already an account with the address %s.", in.Email)
	}
	if err != nil {
		return a, err
	}
	return a, s.RecordTx(ctx, tx, Event{Actor: actor, Subject: "account", SubjectID: a.ID, Kind: "created", Became: string(a.Role)})
}

// Accounts returns every account, by name.
func (s *Store) Accounts(ctx context.Context) ([]Account, error) {
	var all []Account
	if err := s.db.Select(ctx, &all, `SELECT `+accountColumns+` FROM account ORDER BY enabled DESC, name, id`); err != nil {
		return nil, fmt.Errorf("list accounts: %w", err)
	}
	return all, nil
}

// Technicians returns the enabled accounts that may work tickets, by name.
func (s *Store) Technicians(ctx context.Context) ([]Account, error) {
	var all []Account
	if err := s.db.Select(ctx, &all, `SELECT `+accountColumns+` FROM account WHERE enabled AND role <> 'manager' ORDER BY name, id`); err != nil {
		return nil, fmt.Errorf("list technicians: %w", err)
	}
	return all, nil
}

// Account returns one account.
func (s *Store) Account(ctx context.Context, id int64) (Account, error) {
	return accountWhere(ctx, s.db, `id = ?`, id)
}

// AccountTx is Account within a transaction.
func (s *Store) AccountTx(ctx context.Context, tx *migrations.Tx, id int64) (Account, error) {
	return accountWhere(ctx, tx, `id = ?`, id)
}

// AccountByEmail returns the account with that address, in any case.
func (s *Store) AccountByEmail(ctx context.Context, email string) (Account, error) {
	return accountWhere(ctx, s.db, `email = ?`, strings.ToLower(strings.TrimSpace(email)))
}

func accountWhere(ctx context.Context, q read, where string, arg any) (Account, error) {
	var a Account
	err := q.Get(ctx, &a, `SELECT `+accountColumns+` FROM account WHERE `+where, arg)
	if migrations.KindOf(err) == migrations.NotFound {
		return a, migrations.NotFoundf("There is no such account.")
	}
	if err != nil {
		return a, fmt.Errorf("read account: %w", err)
	}
	return a, nil
}

// AccountChange says what to change of an account; nil leaves it alone.
type AccountChange struct {
	Email, Name *string
	Role        *AccountRole
	Enabled     *bool
	Notify      *string
	KeysOff     *bool
	DigestHour  *int64
	Signature   *string
}

// UpdateAccount changes an account. Disabling one ends its sessions. The last
// enabled administrator can be neither disabled nor made something else.
func (s *Store) UpdateAccount(ctx context.Context, actor Actor, id int64, c AccountChange, version int64) (Account, error) {
	var a Account
	err := s.db.Tx(ctx, func(tx *migrations.Tx) (err error) {
		// Locks the row on PostgreSQL; on SQLite there is one writer anyway.
		if _, err = tx.Exec(ctx, `UPDATE account SET version = version WHERE role = 'admin' OR id = ?`, id); err != nil {
			return err
		}
		if a, err = accountWhere(ctx, tx, `id = ?`, id); err != nil {
			return err
		}
		if version != AnyVersion && version != a.Version {
			return errStale()
		}
		was := a
		if err := c.apply(&a); err != nil {
			return err
		}
		if a == was {
			return nil
		}
		a.Version++
		return s.storeAccountTx(ctx, tx, actor, was, a)
	})
	if err != nil {
		return Account{}, fmt.Errorf("update account %d: %w", id, err)
	}
	return a, nil
}

func (c AccountChange) apply(a *Account) (err error) {
	if c.Email != nil {
		if a.Email, err = cleanEmail(*c.Email); err != nil {
			return err
		}
	}
	if c.Name != nil {
		if a.Name, err = cleanName(*c.Name); err != nil {
			return err
		}
	}
	if c.Role != nil {
		if !c.Role.Valid() {
			return migrations.Invalidf("The role must be admin, technician or manager, not %q.", *c.Role)
		}
		a.Role = *c.Role
	}
	if c.Enabled != nil {
		a.Enabled = *c.Enabled
	}
	if c.Notify != nil {
		if err := checkNotify(*c.Notify); err != nil {
			return err
		}
		a.Notify = *c.Notify
	}
	if c.DigestHour != nil {
		if *c.DigestHour < NoDigest || *c.DigestHour > 23 {
			return migrations.Invalidf("The digest comes at a full hour from 0 to 23, or not at all.")
		}
		a.DigestHour = *c.DigestHour
	}
	if c.KeysOff != nil {
		a.KeysOff = *c.KeysOff
	}
	if c.Signature != nil {
		if a.Signature, err = checkSignature(*c.Signature); err != nil {
			return err
		}
	}
	return nil
}

// SetZone sets the time zone in which somebody is shown times, "" for the
// server's. It is no new version of the account: a browser tells its zone while
// its reader edits.
func (s *Store) SetZone(ctx context.Context, actor Actor, id int64, zone string) error {
	if err := checkZone(zone); err != nil {
		return err
	}
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE account SET zone = ? WHERE id = ? AND zone <> ?`, zone, id, zone)
		if err != nil || n == 0 {
			return err
		}
		return s.RecordTx(ctx, tx, Event{Actor: actor, Subject: "account", SubjectID: id, Kind: "zone"})
	})
	if err != nil {
		return fmt.Errorf("set the zone of account %d: %w", id, err)
	}
	return nil
}

// checkZone says what is wrong with the name of a time zone; "" is the server's.
func checkZone(zone string) error {
	if _, err := time.LoadLocation(zone); err != nil || zone == "Local" || len(zone) > 64 {
		return migrations.Invalidf("%q is not a time zone. It should look like Europe/Zurich.", clip(zone, 80))
	}
	return nil
}

func (s *Store) storeAccountTx(ctx context.Context, tx *migrations.Tx, actor Actor, was, a Account) error {
	_, err := tx.Exec(ctx, `UPDATE account SET email = ?, name = ?, role = ?, enabled = ?, notify = ?, keys_off = ?, digest_hour = ?, signature = ?, version = ? WHERE id = ?`,
		a.Email, a.Name, a.Role, a.Enabled, a.Notify, a.KeysOff, a.DigestHour, a.Signature, a.Version, a.ID)
	if migrations.IsUnique(err) {
		return migrations.Conflictf("There is already an account with the address %s.", a.Email)
	}
	if err != nil {
		return err
	}
	left, err := exists(ctx, tx, `SELECT 1 FROM account WHERE enabled AND role = 'admin' LIMIT 1`)
	if err != nil {
		return err
	}
	if !left && was.Enabled && was.Role == Admin {
		return migrations.Invalidf("%s is the last administrator. Make somebody else one first.", was.Name)
	}
	if a.Enabled != was.Enabled || a.Role != was.Role { // also when enabled: one may have been stored since
		if err := endSessionsTx(ctx, tx, a.ID, ""); err != nil {
			return err
		}
	}
	if !a.Enabled || a.Email != was.Email {
		if err := s.voidLinksTx(ctx, tx, actor, a.ID); err != nil {
			return err
		}
	}
	if !May(a, WorkTickets) {
		if err := s.cancelMailTx(ctx, tx, actor, a.ID); err != nil {
			return err
		}
	}
	record := func(kind, was, became string) error {
		if was == became {
			return nil
		}
		return s.RecordTx(ctx, tx, Event{Actor: actor, Subject: "account", SubjectID: a.ID, Kind: kind, Was: was, Became: became})
	}
	if err := record("role", string(was.Role), string(a.Role)); err != nil {
		return err
	}
	if err := record("enabled", fmt.Sprint(was.Enabled), fmt.Sprint(a.Enabled)); err != nil {
		return err
	}
	if err := record("notify", was.Notify, a.Notify); err != nil {
		return err
	}
	if err := record("digest", fmt.Sprint(was.DigestHour), fmt.Sprint(a.DigestHour)); err != nil {
		return err
	}
	if err := record("keys_off", fmt.Sprint(was.KeysOff), fmt.Sprint(a.KeysOff)); err != nil {
		return err
	}
	if was.Signature != a.Signature {
		if err := record("signature", "", fmt.Sprint("version ", a.Version)); err != nil {
			return err
		}
	}
	if was.Name != a.Name || was.Email != a.Email {
		return record("renamed", "", fmt.Sprint("version ", a.Version))
	}
	return nil
}

// cancelMailTx cancels what waits for an account that may not read it (any more).
func (s *Store) cancelMailTx(ctx context.Context, tx *migrations.Tx, actor Actor, id int64) error {
	var waiting []int64
	err := tx.Select(ctx, &waiting, `UPDATE outbox SET state = 'cancelled' WHERE account_id = ? AND state = 'queued' AND kind <> 'account' RETURNING id`, id)
	if err != nil {
		return fmt.Errorf("cancel mail to account %d: %w", id, err)
	}
	for _, mail := range waiting {
		if err := s.RecordTx(ctx, tx, Event{Actor: actor, Subject: "outbox", SubjectID: mail, Kind: "cancelled"}); err != nil {
			return err
		}
	}
	return nil
}

// SetPassword gives an account a new password and ends its sessions, but for
// the one with the token keep ("" keeps none).
func (s *Store) SetPassword(ctx context.Context, actor Actor, id int64, password, keep string) error {
	a, err := s.Account(ctx, id)
	if err != nil {
		return fmt.Errorf("set password: %w", err)
	}
	if err := checkPasswordRules(password, a.Email, a.Name); err != nil {
		return fmt.Errorf("set password: %w", err)
	}
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return fmt.Errorf("set password: %w", err)
	}
	err = s.db.Tx(ctx, func(tx *migrations.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE account SET password_hash = ?, version = version + 1 WHERE id = ?`, hash, id); err != nil {
			return err
		}
		if err := s.RecordTx(ctx, tx, Event{Actor: actor, Subject: "account", SubjectID: id, Kind: "password"}); err != nil {
			return err
		}
		return s.passwordChangedTx(ctx, tx, a, keep)
	})
	if err != nil {
		return fmt.Errorf("set password: %w", err)
	}
	return nil
}

// CheckPassword returns the account that an address and a password belong to.
// It takes the same time whether the address is known or not. Wrong ones are
// Denied; too many within a quarter of an hour, by address or by network (ip
// without port), are Temporary until it has passed, and then even the right
// password is not looked at.
func (s *Store) CheckPassword(ctx context.Context, email, password, ip string) (Account, error) {
	email = strings.ToLower(strings.TrimSpace(email))
	// Counted before the password is looked at, so that tries made at the same
	// time count too.
	tries := signInTries(email, ip)
	if err := s.count(ctx, tries); err != nil {
		if migrations.KindOf(err) == migrations.Temporary {
			s.log.Warn("sign-in throttled", slog.String("address", clip(email, 100)), slog.String("from", ip))
		}
		return Account{}, fmt.Errorf("sign in: %w", err)
	}
	if utf8.RuneCountInString(password) > MaxPassword {
		password = ""
	}
	a, err := s.AccountByEmail(ctx, email)
	if err != nil && migrations.KindOf(err) != migrations.NotFound {
		return Account{}, fmt.Errorf("sign in: %w", err)
	}
	phc := a.PasswordHash
	if phc == "" {
		phc = s.hasher.nobodys()
	}
	ok, err := s.hasher.verify(ctx, phc, password)
	if err != nil {
		return Account{}, fmt.Errorf("sign in: %w", err)
	}
	if !ok || !a.Enabled {
		return Account{}, migrations.Deniedf("This address and password do not belong together. Please try again.")
	}
	now := s.stamp()
	err = s.db.Tx(ctx, func(tx *migrations.Tx) error {
		for _, t := range tries {
			if err := s.forgiveTx(ctx, tx, t.name, t.clear); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, `UPDATE account SET signed_in_at = ? WHERE id = ?`, now, a.ID); err != nil {
			return err
		}
		return s.RecordTx(ctx, tx, Event{Actor: a.Actor(), Subject: "account", SubjectID: a.ID, Kind: "signed_in"})
	})
	if err != nil {
		return Account{}, fmt.Errorf("sign in: %w", err)
	}
	a.SignedInAt = &now
	return a, nil
}

func checkNotify(n string) error {
	if n != NotifyAll && n != NotifyMine && n != NotifyNone {
		return migrations.Invalidf("Notifications must be all, mine or none, not %q.", n)
	}
	return nil
}

// cleanEmail returns an address in lower case, or says what is wrong with it.
func cleanEmail(email string) (string, error) {
	email = strings.ToLower(strings.TrimSpace(email))
	if email == "" {
		return "", migrations.InvalidAt("email", "Please give a mail address.")
	}
	a, err := mail.ParseAddress(email)
	if err != nil || a.Address != email || len(email) > 254 {
		return "", migrations.InvalidAt("email", "%q is not a mail address. It should look like anna@company.example.", clip(email, 80))
	}
	return email, nil
}

func cleanName(name string) (string, error) {
	name = oneLine(name)
	if name == "" {
		return "", migrations.InvalidAt("name", "Please give a name.")
	}
	if utf8.RuneCountInString(name) > 200 {
		return "", migrations.InvalidAt("name", "This name is longer than 200 characters.")
	}
	return name, nil
}
