package tracker

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"helpdeskd/migrations"
)

// The kinds of mail service that a connection is made for.
const (
	KindMicrosoft365 = "microsoft365"
	KindGoogle       = "google"
	KindOtherServer  = "other"
)

// How a connection gets its tokens, or does without.
const (
	GrantClient  = "client"  // OAuth2 client credentials: an app with permissions of its own
	GrantDevice  = "device"  // a person signed in by a code, once; refresh tokens go on
	GrantService = "service" // Google's service account with domain-wide delegation
	GrantNone    = "none"    // a password
)

// How a connection's mail leaves.
const (
	SendSMTP  = "smtp"
	SendGraph = "graph" // Microsoft Graph, where SMTP AUTH is off
)

// Connection is a mailbox that was made on the site: all that a mailbox of the
// configuration file says. Its Name is that of the Mailbox whose rows it fills.
type Connection struct {
	ID        int64
	Name      string // small letters, digits and hyphens; stays the same for ever
	Address   string
	Enabled   bool // its mail is read and sent
	Version   int64
	CreatedAt migrations.Stamp
	ChangedAt migrations.Stamp
	ConnectionSettings
	Secrets ConnectionSecrets
	// Problem says why the secrets can not be had, in words for people: the key
	// file is another one.
	Problem string
}

// ConnectionSettings are what may be shown of a connection.
type ConnectionSettings struct {
	Kind        string   `json:"kind"`
	Display     string   `json:"display,omitempty"` // the name that recipients see
	Aliases     []string `json:"aliases,omitempty"`
	OwnDomains  []string `json:"own_domains,omitempty"` // the address's own where empty
	FormSenders []string `json:"form_senders,omitempty"`

	Folder         string        `json:"folder"`
	Processed      string        `json:"processed,omitempty"`
	LeaveInPlace   bool          `json:"leave_in_place,omitempty"`
	Begin          string        `json:"begin"` // now, everything, or a date
	Poll           time.Duration `json:"poll"`
	PlusAddressing bool          `json:"plus_addressing,omitempty"`
	Shadow         bool          `json:"shadow,omitempty"` // read and show what would be done, touch and answer nothing
	Junk           string        `json:"junk,omitempty"`   // a junk folder that is read too, its mails held; "" for none

	Trust      string `json:"trust"` // none, exchange, authserv-id
	AuthservID string `json:"authserv_id,omitempty"`

	IMAP ConnectionServer `json:"imap"`
	SMTP ConnectionServer `json:"smtp"`
	Send string           `json:"send"` // smtp, graph
	CA   string           `json:"ca,omitempty"`

	Grant    string `json:"grant"`
	Tenant   string `json:"tenant,omitempty"` // Directory (tenant) ID, or one of its domains
	TokenURL string `json:"token_url,omitempty"`
	ClientID string `json:"client_id,omitempty"`
	ObjectID string `json:"object_id,omitempty"` // of the enterprise application, for the lines to copy
	Scope    string `json:"scope,omitempty"`
	// SecretUntil is the day on which the client secret ends, as 2006-01-02, as
	// the administrator read it there; "" where nobody said.
	SecretUntil string `json:"secret_until,omitempty"`
}

// ConnectionServer is an IMAP or SMTP server.
type ConnectionServer struct {
	Host     string `json:"host"`
	Port     int    `json:"port,omitempty"` // 0: the usual one for the security
	Security string `json:"security"`       // tls, starttls, plain (this machine only)
	Auth     string `json:"auth"`           // plain, login, xoauth2, none (SMTP only)
	Username string `json:"username,omitempty"`
}

// Declared is a mailbox of the configuration file, which pages only show.
type Declared struct {
	Name    string
	Address string
	Aliases []string
}

// DeclareMailboxes tells the store which mailboxes the configuration file has:
// their names and addresses are taken.
func (s *Store) DeclareMailboxes(all []Declared) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.declared = slices.Clone(all)
}

// DeclaredMailboxes returns the mailboxes of the configuration file.
func (s *Store) DeclaredMailboxes() []Declared {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Clone(s.declared)
}

type connectionRow struct {
	ID        int64            `db:"id"`
	Name      string           `db:"name"`
	Address   string           `db:"address"`
	Enabled   bool             `db:"enabled"`
	Settings  string           `db:"settings"`
	Secrets   string           `db:"secrets"`
	Version   int64            `db:"version"`
	CreatedAt migrations.Stamp `db:"created_at"`
	ChangedAt migrations.Stamp `db:"changed_at"`
}

const connectionColumns = `id, name, address, enabled, settings, secrets, version, created_at, changed_at`

func (s *Store) openConnection(r connectionRow) (Connection, error) {
	c := Connection{ID: r.ID, Name: r.Name, Address: r.Address, Enabled: r.Enabled, Version: r.Version, CreatedAt: r.CreatedAt, ChangedAt: r.ChangedAt}
	if err := json.Unmarshal([]byte(r.Settings), &c.ConnectionSettings); err != nil {
		return c, fmt.Errorf("read the settings of connection %s: %w", r.Name, err)
	}
	if r.Secrets == "" {
		return c, nil
	}
	plain, err := s.Open(connectionSecret(r.Name), r.Secrets)
	if migrations.KindOf(err) == migrations.Invalid {
		c.Problem = migrations.SafeMessage(err)
		return c, nil
	}
	if err != nil {
		return c, fmt.Errorf("open the secrets of connection %s: %w", r.Name, err)
	}
	if err := json.Unmarshal(plain, &c.Secrets); err != nil {
		return c, fmt.Errorf("read the secrets of connection %s: %w", r.Name, err)
	}
	return c, nil
}

// Connections returns the mailboxes that were made on the site, by name.
func (s *Store) Connections(ctx context.Context) ([]Connection, error) {
	var rows []connectionRow
	if err := s.db.Select(ctx, &rows, `SELECT `+connectionColumns+` FROM connection ORDER BY name`); err != nil {
		return nil, fmt.Errorf("list connections: %w", err)
	}
	all := make([]Connection, 0, len(rows))
	for _, r := range rows {
		c, err := s.openConnection(r)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

// ConnectionsVersion returns a number that grows with every change of any
// connection, so that one can see cheaply whether there is something new.
func (s *Store) ConnectionsVersion(ctx context.Context) (int64, error) {
	var n int64
	if err := s.db.Get(ctx, &n, `SELECT value FROM counter WHERE name = 'connections'`); err != nil {
		return 0, fmt.Errorf("read the connections' version: %w", err)
	}
	return n, nil
}

// ConnectionNews is signalled after a connection was changed in this process:
// a hint, since others change them too.
func (s *Store) ConnectionNews() <-chan struct{} { return s.connectionNews }

// Connection returns one mailbox that was made on the site.
func (s *Store) Connection(ctx context.Context, id int64) (Connection, error) {
	return s.connection(ctx, s.db, id)
}

func (s *Store) connection(ctx context.Context, q read, id int64) (Connection, error) {
	var r connectionRow
	err := q.Get(ctx, &r, `SELECT `+connectionColumns+` FROM connection WHERE id = ?`, id)
	if migrations.KindOf(err) == migrations.NotFound {
		return Connection{}, migrations.NotFoundf("There is no such mailbox (any more).")
	}
	if err != nil {
		return Connection{}, fmt.Errorf("read connection %d: %w", id, err)
	}
	return s.openConnection(r)
}

// AddConnection makes a mailbox known. Of c its name, address, settings and
// secrets count; it is switched off until EnableConnection.
func (s *Store) AddConnection(ctx context.Context, actor Actor, c Connection) (Connection, error) {
	c.Enabled, c.Version, c.Trust, c.AuthservID = false, 1, TrustNone, ""
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		if err := countConnectionsTx(ctx, tx); err != nil {
			return err
		}
		settings, secrets, err := s.checkedConnectionTx(ctx, tx, &c)
		if err != nil {
			return err
		}
		now := s.stamp()
		c.ID, err = tx.Insert(ctx, `INSERT INTO connection (name, address, enabled, settings, secrets, version, created_at, changed_at) VALUES (?, ?, FALSE, ?, ?, 1, ?, ?) RETURNING id`,
			c.Name, c.Address, settings, secrets, now, now)
		if err != nil {
			return err
		}
		c.CreatedAt, c.ChangedAt = now, now
		return s.RecordTx(ctx, tx, Event{Actor: actor, Subject: "connection", SubjectID: c.ID, Kind: "made", Became: c.Name})
	})
	if err != nil {
		return Connection{}, fmt.Errorf("add connection: %w", err)
	}
	return c, nil
}

// ChangeConnection replaces a connection's address, settings and secrets. Its
// name stays, and whether it is on; Trust is changed by TrustConnection. A
// secret that is empty stays as it was, unless its way of signing in is gone.
// Conflict where somebody changed it since c.Version.
func (s *Store) ChangeConnection(ctx context.Context, actor Actor, c Connection) (Connection, error) {
	err := s.editConnection(ctx, c.ID, c.Version, func(tx *migrations.Tx, now *Connection) (Event, error) {
		was := *now
		now.Problem = "" // whoever types new secrets replaces those that can not be opened
		trust, id := was.Trust, was.AuthservID
		now.Address, now.ConnectionSettings, now.Secrets = c.Address, c.ConnectionSettings, c.Secrets.over(was.Secrets).fit(c.ConnectionSettings)
		now.Trust, now.AuthservID = trust, id
		if err := c.mayKeepSecrets(was); err != nil {
			return Event{}, err
		}
		if was.Grant == GrantDevice && (now.Grant != GrantDevice || now.ClientID != was.ClientID || now.Tenant != was.Tenant || !strings.EqualFold(now.Address, was.Address)) {
			if err := s.endGrantTx(ctx, tx, now.Name); err != nil {
				return Event{}, err
			}
		}
		if !sameServer(was, *now) && now.Trust != TrustNone {
			// What was seen of one server's headers says nothing about another's.
			now.Trust, now.AuthservID = TrustNone, ""
		}
		return Event{Actor: actor, Kind: "edited"}, nil
	}, &c)
	if err != nil {
		return Connection{}, fmt.Errorf("change connection %d: %w", c.ID, err)
	}
	return c, nil
}

func sameServer(a, b Connection) bool {
	return a.Kind == b.Kind && strings.EqualFold(a.IMAP.Host, b.IMAP.Host) && strings.EqualFold(a.Address, b.Address)
}

// RemoveConnection forgets how a mailbox is reached, with its secrets. Its mail
// and tickets stay.
func (s *Store) RemoveConnection(ctx context.Context, actor Actor, id, version int64) error {
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		if err := countConnectionsTx(ctx, tx); err != nil {
			return err
		}
		var r connectionRow
		err := tx.Get(ctx, &r, `SELECT `+connectionColumns+` FROM connection WHERE id = ?`, id)
		if migrations.KindOf(err) == migrations.NotFound {
			return migrations.NotFoundf("There is no such mailbox (any more).")
		}
		if err != nil {
			return err
		}
		if version != AnyVersion && version != r.Version {
			return errStale()
		}
		if _, err := tx.Exec(ctx, `DELETE FROM connection WHERE id = ?`, id); err != nil {
			return err
		}
		if err := s.endGrantTx(ctx, tx, r.Name); err != nil {
			return err
		}
		tx.AfterCommit(func() { signal(s.connectionNews) })
		return s.RecordTx(ctx, tx, Event{Actor: actor, Subject: "connection", SubjectID: id, Kind: "removed", Was: r.Name})
	})
	if err != nil {
		return fmt.Errorf("remove connection %d: %w", id, err)
	}
	return nil
}

// editConnection changes a connection in a transaction. An edit that returns
// no event changed nothing. The result is put into out.
func (s *Store) editConnection(ctx context.Context, id, version int64, edit func(tx *migrations.Tx, c *Connection) (Event, error), out *Connection) error {
	return s.db.Tx(ctx, func(tx *migrations.Tx) error {
		if err := countConnectionsTx(ctx, tx); err != nil {
			return err
		}
		c, err := s.connection(ctx, tx, id)
		if err != nil {
			return err
		}
		if version != AnyVersion && version != c.Version {
			return errStale()
		}
		e, err := edit(tx, &c)
		if err != nil {
			return err
		}
		if e.Kind == "" {
			*out = c
			return nil
		}
		settings, secrets, err := s.checkedConnectionTx(ctx, tx, &c)
		if err != nil {
			return err
		}
		c.Version++
		c.ChangedAt = s.stamp()
		if _, err := tx.Exec(ctx, `UPDATE connection SET address = ?, enabled = ?, settings = ?, secrets = ?, version = ?, changed_at = ? WHERE id = ?`,
			c.Address, c.Enabled, settings, secrets, c.Version, c.ChangedAt, id); err != nil {
			return err
		}
		tx.AfterCommit(func() { signal(s.connectionNews) })
		e.Subject, e.SubjectID = "connection", id
		*out = c
		return s.RecordTx(ctx, tx, e)
	})
}

// countConnectionsTx has those who change connections wait for each other, and
// every node see that there was a change.
func countConnectionsTx(ctx context.Context, tx *migrations.Tx) error {
	_, err := tx.Exec(ctx, `UPDATE counter SET value = value + 1 WHERE name = 'connections'`)
	return err
}

// checkedConnectionTx cleans a connection, sees that it shares neither name
// nor address with another, and returns what is stored of it.
func (s *Store) checkedConnectionTx(ctx context.Context, tx *migrations.Tx, c *Connection) (settings, secrets string, err error) {
	if err := c.clean(); err != nil {
		return "", "", err
	}
	var others []struct {
		Name    string `db:"name"`
		Address string `db:"address"`
	}
	if err := tx.Select(ctx, &others, `SELECT name, address FROM connection WHERE id <> ?`, c.ID); err != nil {
		return "", "", err
	}
	for _, o := range others {
		if o.Name == c.Name {
			return "", "", migrations.InvalidAt("name", "There is already a mailbox %q.", c.Name)
		}
		if o.Address == c.Address {
			return "", "", migrations.InvalidAt("address", "%s is connected already, as %q.", c.Address, o.Name)
		}
	}
	for _, d := range s.DeclaredMailboxes() {
		if d.Name == c.Name {
			return "", "", migrations.InvalidAt("name", "The configuration file has a mailbox %q: choose another name.", c.Name)
		}
		if strings.EqualFold(d.Address, c.Address) || slices.ContainsFunc(d.Aliases, func(a string) bool { return strings.EqualFold(a, c.Address) }) {
			return "", "", migrations.InvalidAt("address", "%s is connected already by the configuration file, as %q.", c.Address, d.Name)
		}
	}
	b, err := json.Marshal(c.ConnectionSettings)
	if err != nil {
		return "", "", err
	}
	if c.Problem != "" { // they stay as they are, for the right key file
		err := tx.Get(ctx, &secrets, `SELECT secrets FROM connection WHERE id = ?`, c.ID)
		return string(b), secrets, err
	}
	if c.Secrets == (ConnectionSecrets{}) {
		return string(b), "", nil
	}
	plain, err := json.Marshal(c.Secrets)
	if err != nil {
		return "", "", err
	}
	secrets, err = s.Seal(connectionSecret(c.Name), plain)
	return string(b), secrets, err
}

// TokenEndpoint returns where tokens are asked for.
func (c ConnectionSettings) TokenEndpoint() string {
	switch {
	case c.TokenURL != "":
		return c.TokenURL
	case c.Kind == KindMicrosoft365 && c.Tenant != "":
		return "https://login.microsoftonline.com/" + url.PathEscape(c.Tenant) + "/oauth2/v2.0/token"
	case c.Grant == GrantService:
		return "https://oauth2.googleapis.com/token"
	}
	return ""
}
