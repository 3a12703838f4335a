package tracker

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"helpdeskd/migrations"
)

// AlarmMail is the account by which alarms leave by mail: not the helpdesk's,
// which may be what is in trouble.
type AlarmMail struct {
	Host     string   `json:"host"`
	Port     int      `json:"port,omitempty"` // 0: the usual one for the security
	Security string   `json:"security"`       // tls, starttls, plain (this machine only)
	Username string   `json:"username,omitempty"`
	From     string   `json:"from"`
	To       []string `json:"to"`
	Password string   `json:"-"` // "" with Username "": the server asks for none
}

// AlarmHook is an address that alarms are posted to.
type AlarmHook struct {
	Host   string `json:"host"` // of URL, which is a secret itself
	URL    string `json:"-"`
	Secret string `json:"-"` // signs what is posted, "" for not
}

// alarmSecrets are what is sealed of a route.
type alarmSecrets struct {
	Password string `json:"password,omitempty"`
	URL      string `json:"url,omitempty"`
	Secret   string `json:"secret,omitempty"`
}

// String keeps the password from being printed.
func (m AlarmMail) String() string { return "alarms by " + m.Host }

// GoString keeps %#v from showing it.
func (m AlarmMail) GoString() string { return m.String() }

// String keeps the address and the secret from being printed.
func (h AlarmHook) String() string { return "alarms to " + h.Host }

// GoString keeps %#v from showing them.
func (h AlarmHook) GoString() string { return h.String() }

// AlarmWays are the routes that were made on the site; nil for none.
type AlarmWays struct {
	Mail        *AlarmMail
	MailVersion int64 // 0 for none
	Hook        *AlarmHook
	HookVersion int64
	// Problem says why a route's secrets can not be had, in words for people:
	// the key file is another one. The route is there, and does not work.
	Problem string
}

// AlarmWays returns the routes that were made on the site.
func (s *Store) AlarmWays(ctx context.Context) (AlarmWays, error) { return s.alarmWays(ctx, s.db) }

func (s *Store) alarmWays(ctx context.Context, q read) (AlarmWays, error) {
	var rows []struct {
		Name     string `db:"name"`
		Settings string `db:"settings"`
		Secrets  string `db:"secrets"`
		Version  int64  `db:"version"`
	}
	var all AlarmWays
	if err := q.Select(ctx, &rows, `SELECT name, settings, secrets, version FROM alarm_way`); err != nil {
		return all, fmt.Errorf("read the routes of alarms: %w", err)
	}
	for _, r := range rows {
		var secret alarmSecrets
		plain, err := s.Open(alarmSecret(r.Name), r.Secrets)
		if migrations.KindOf(err) == migrations.Invalid {
			all.Problem, plain, err = migrations.SafeMessage(err), []byte("{}"), nil
		}
		if err == nil {
			err = json.Unmarshal(plain, &secret)
		}
		if err != nil {
			return all, fmt.Errorf("open the secrets of route %s: %w", r.Name, err)
		}
		var to any
		switch r.Name {
		case RouteMail:
			all.Mail, all.MailVersion = &AlarmMail{Password: secret.Password}, r.Version
			to = all.Mail
		case RouteWebhook:
			all.Hook, all.HookVersion = &AlarmHook{URL: secret.URL, Secret: secret.Secret}, r.Version
			to = all.Hook
		default:
			continue
		}
		if err := json.Unmarshal([]byte(r.Settings), to); err != nil {
			return all, fmt.Errorf("read the settings of route %s: %w", r.Name, err)
		}
	}
	return all, nil
}

// alarmSecret is what a route's secrets are bound to.
func alarmSecret(name string) string { return "alarm:" + name }

// SetAlarmMail has alarms leave by an account. An empty password stays as it
// was where the server and the user name stay. Conflict where somebody changed
// the route since version, 0 for none.
func (s *Store) SetAlarmMail(ctx context.Context, actor Actor, m AlarmMail, version int64) error {
	return s.setAlarmWay(ctx, actor, RouteMail, version, func(tx *migrations.Tx, was AlarmWays) (any, alarmSecrets, string, error) {
		if old := was.Mail; m.Password == "" && old != nil && strings.EqualFold(strings.TrimSpace(m.Host), old.Host) && strings.TrimSpace(m.Username) == old.Username {
			m.Password = old.Password
		}
		if err := m.clean(); err != nil {
			return nil, alarmSecrets{}, "", err
		}
		if err := s.notOurOwnTx(ctx, tx, m); err != nil {
			return nil, alarmSecrets{}, "", err
		}
		return m, alarmSecrets{Password: m.Password}, m.Host, nil
	})
}

// SetAlarmHook has alarms posted to an address. An empty address stays as it
// was, and so does an empty secret.
func (s *Store) SetAlarmHook(ctx context.Context, actor Actor, h AlarmHook, version int64) error {
	return s.setAlarmWay(ctx, actor, RouteWebhook, version, func(_ *migrations.Tx, was AlarmWays) (any, alarmSecrets, string, error) {
		if h.URL = strings.TrimSpace(h.URL); was.Hook != nil {
			if h.URL == "" {
				h.URL = was.Hook.URL
			}
			if h.Secret == "" {
				h.Secret = was.Hook.Secret
			}
		}
		if err := CheckWebhook(h.URL); err != nil {
			return nil, alarmSecrets{}, "", err
		}
		if n := len(h.Secret); n > 500 {
			return nil, alarmSecrets{}, "", migrations.InvalidAt("secret", "The secret has at most 500 characters.")
		}
		u, err := url.Parse(h.URL)
		if err != nil {
			return nil, alarmSecrets{}, "", err
		}
		h.Host = u.Host
		return h, alarmSecrets{URL: h.URL, Secret: h.Secret}, h.Host, nil
	})
}

// RemoveAlarmWay forgets a route that was made on the site, with its secrets.
func (s *Store) RemoveAlarmWay(ctx context.Context, actor Actor, name string, version int64) error {
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		n, err := tx.Exec(ctx, `DELETE FROM alarm_way WHERE name = ? AND version = ?`, name, version)
		if err != nil {
			return err
		}
		if n == 0 {
			return errStale()
		}
		return s.RecordTx(ctx, tx, Event{Actor: actor, Subject: "alarm", Kind: "way_removed", Was: name})
	})
	if err != nil {
		return fmt.Errorf("remove route %s of alarms: %w", name, err)
	}
	return nil
}

func (s *Store) setAlarmWay(ctx context.Context, actor Actor, name string, version int64, make func(tx *migrations.Tx, was AlarmWays) (any, alarmSecrets, string, error)) error {
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		if err := lockSettingsTx(ctx, tx); err != nil {
			return err
		}
		was, err := s.alarmWays(ctx, tx)
		if err != nil {
			return err
		}
		have := map[string]int64{RouteMail: was.MailVersion, RouteWebhook: was.HookVersion}[name]
		if version != have {
			return errStale()
		}
		settings, secrets, host, err := make(tx, was)
		if err != nil {
			return err
		}
		shown, err := json.Marshal(settings)
		if err != nil {
			return err
		}
		plain, err := json.Marshal(secrets)
		if err != nil {
			return err
		}
		sealed, err := s.Seal(alarmSecret(name), plain)
		if err != nil {
			return err
		}
		now := s.stamp()
		_, err = tx.Exec(ctx, `INSERT INTO alarm_way (name, settings, secrets, version, changed_at) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (name) DO UPDATE SET settings = excluded.settings, secrets = excluded.secrets, version = excluded.version, changed_at = excluded.changed_at`,
			name, string(shown), sealed, max(have+1, int64(now)), now)
		if err != nil {
			return err
		}
		return s.RecordTx(ctx, tx, Event{Actor: actor, Subject: "alarm", Kind: "way_changed", Became: name + ": " + clip(host, 200)})
	})
	if err != nil {
		return fmt.Errorf("change route %s of alarms: %w", name, err)
	}
	return nil
}

// clean brings an account into one form, and says what can not be.
func (m *AlarmMail) clean() error {
	m.Host, m.Username = strings.ToLower(strings.TrimSpace(m.Host)), strings.TrimSpace(m.Username)
	switch {
	case m.Host == "":
		return migrations.InvalidAt("host", "Please write the server's name.")
	case len(m.Host) > 253 || strings.ContainsAny(m.Host, " /@\r\n\x00"):
		return migrations.InvalidAt("host", "%q is not a server's name: write for example mail.company.example.", clip(m.Host, 80))
	case m.Port < 0 || m.Port > 65535:
		return migrations.InvalidAt("port", "A port is a number from 1 to 65535.")
	case !slices.Contains([]string{"tls", "starttls", "plain"}, m.Security):
		return migrations.InvalidAt("security", "Please choose how the connection is protected.")
	case m.Security == "plain" && !loopback(m.Host):
		return migrations.InvalidAt("security", "Without protection only a server on this machine is spoken to.")
	case len(m.Username) > 254 || len(m.Password) > 500 || strings.ContainsAny(m.Username, "\r\n\x00"):
		return migrations.InvalidAt("username", "The user name has a line break in it, or is too long.")
	case m.Username != "" && m.Password == "":
		return migrations.InvalidAt("password", "Please write the password for this server.")
	case m.Username == "" && m.Password != "":
		return migrations.InvalidAt("username", "Please write whose password this is.")
	}
	var err error
	if m.From, err = connectionAddress("from", m.From); err != nil {
		return err
	}
	if len(m.To) == 0 || len(m.To) > 20 {
		return migrations.InvalidAt("to", "Please write who gets alarms, 1 to 20 addresses.")
	}
	for i, a := range m.To {
		if m.To[i], err = connectionAddress("to", a); err != nil {
			return err
		}
	}
	return nil
}

// notOurOwnTx keeps alarms from leaving by the mailbox that they may be about,
// and from coming back as tickets.
func (s *Store) notOurOwnTx(ctx context.Context, tx *migrations.Tx, m AlarmMail) error {
	var own []string
	if err := tx.Select(ctx, &own, `SELECT address FROM mailbox UNION SELECT address FROM connection`); err != nil {
		return err
	}
	for _, d := range s.DeclaredMailboxes() {
		own = append(append(own, d.Address), d.Aliases...)
	}
	ours := func(a string) bool {
		return slices.ContainsFunc(own, func(o string) bool { return strings.EqualFold(o, a) })
	}
	switch {
	case ours(m.From):
		return migrations.InvalidAt("from", "This is the helpdesk's own mailbox, which may be what is in trouble: take another account.")
	case ours(m.Username):
		return migrations.InvalidAt("username", "This is the helpdesk's own mailbox, which may be what is in trouble: take another account.")
	case slices.ContainsFunc(m.To, ours):
		return migrations.InvalidAt("to", "Alarms that go to the helpdesk's own mailbox would become tickets: write people's addresses.")
	}
	return nil
}

// CheckWebhook says what is wrong with the address of a webhook, without
// naming it: it must be https, or of this machine.
func CheckWebhook(address string) error {
	u, err := url.Parse(address)
	if err != nil || len(address) > 2000 || u.Host == "" || u.User != nil || u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname())) {
		return migrations.InvalidAt("url", "The webhook's address must begin with https://.")
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
