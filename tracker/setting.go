package tracker

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/text/currency"

	"helpdeskd/migrations"
)

// The settings that staff edit. Each has a default, so that an empty
// database works.
const (
	SetCompany      = "look.company"   // the company's name, in mails and on pages
	SetLogo         = "look.logo"      // uid of the company's logo, a file of LookThing
	SetFormLink     = "mail.form_link" // the company's request form, named in acknowledgements
	SetSignature    = "mail.signature" // under technicians' replies
	SetAck          = "mail.ack"       // on or off
	SetPublicURL    = "site.public_url"
	SetSilentDays   = "ticket.silent_days"    // days after which a confirming ticket completes by itself
	SetTakeBack     = "mail.take_back"        // seconds for which a person's answer can be taken back before it leaves
	SetArchive      = "ticket.archive_months" // calendar months after which a closed ticket is archived
	SetPurge        = "ticket.purge_months"   // calendar months after which an archived ticket is deleted; 0: never
	SetBurst        = "ticket.burst_people"   // how many people's alike reports within an hour make a burst; 0: none do
	SetNotify       = "account.notify"        // what a new account is told by mail: all, mine, none
	SetHours        = "hours.week"            // Hours without its holidays, as JSON
	SetHolidays     = "hours.holidays"        // []Holiday as JSON
	SetAnnounce     = "hours.announce"        // on: acknowledgements outside hours say when the desk opens
	SetSenders      = "form.senders"          // an address a line
	SetLabels       = "form.labels"           // []FormLabel as JSON
	SetSetupCode    = "setup.code_hash"
	SetMailPerMin   = "mail.per_minute"
	SetManagerNames = "manager.names"  // on: pages for managers say who asked
	SetCurrency     = "money.currency" // ISO 4217, of amounts that name none

	SetLinkDays     = "site.link_days"      // days for which the links to the employee's page in mails work; 0: mails carry none
	SetSatisfaction = "ticket.satisfaction" // on: who asked is asked how it was, once their request is completed

	SetTargets      = "target.on"          // on: each priority has its response targets, see TargetSettings
	SetTell         = "target.tell"        // who beside the assignee is told of what was missed: admins, nobody, or an account, account:7
	SetRemindDays   = "remind.client_days" // days of silence after which a client who is waited for is reminded; 0: never
	SetRemindMost   = "remind.client_most" // how often, at most
	SetRemindVendor = "remind.vendor"      // on: the assignee is told when a vendor's day has passed
	SetRemindQuiet  = "remind.quiet_days"  // days after which the assignee is told that nothing has happened on what waits; 0: never
)

var settingDefaults = map[string]string{
	SetAck:          "on",
	SetLinkDays:     "90",
	SetSatisfaction: "off",
	SetSilentDays:   "7",
	SetTakeBack:     "10",
	SetArchive:      "2",
	SetPurge:        "0",
	SetBurst:        "3",
	SetNotify:       NotifyAll,
	SetAnnounce:     "on",
	SetManagerNames: "on",
	SetMailPerMin:   "25",
	SetCurrency:     "EUR",

	SetTargets:        "off",
	SetTell:           TellAdmins,
	SetRemindDays:     "0",
	SetRemindMost:     "2",
	SetRemindVendor:   "off",
	SetRemindQuiet:    "0",
	"target.answer_1": "960", "target.answer_2": "480", "target.answer_3": "240", "target.answer_star": "60",
	"target.solve_1": "4800", "target.solve_2": "2400", "target.solve_3": "960", "target.solve_star": "480",

	SetAlarmUnread: "3",
	SetAlarmOutbox: "4",
	SetAlarmDisk:   "1024",
	SetAlarmDays:   "14",
	SetAlarmBackup: "0",
}

// plainSettings are those whose values events name: numbers and choices.
var plainSettings = map[string]bool{SetAck: true, SetManagerNames: true, SetSilentDays: true, SetArchive: true, SetPurge: true, SetNotify: true, SetAnnounce: true, SetMailPerMin: true, SetCurrency: true,
	SetLinkDays: true, SetSatisfaction: true,
	SetTakeBack: true, SetBurst: true,
	SetTargets: true, SetTell: true, SetRemindDays: true, SetRemindMost: true, SetRemindVendor: true, SetRemindQuiet: true,
	"target.answer_1": true, "target.answer_2": true, "target.answer_3": true, "target.answer_star": true,
	"target.solve_1": true, "target.solve_2": true, "target.solve_3": true, "target.solve_star": true,
	SetAlarmUnread: true, SetAlarmOutbox: true, SetAlarmDisk: true, SetAlarmDays: true, SetAlarmBackup: true}

// Setting returns a setting's value, or its default.
func (s *Store) Setting(ctx context.Context, name string) (string, error) {
	return s.setting(ctx, s.db, name)
}

// SettingTx is Setting for who reads by q, as within a transaction: that must
// not wait for a second connection.
func (s *Store) SettingTx(ctx context.Context, q migrations.Queryer, name string) (string, error) {
	return s.setting(ctx, q, name)
}

func (s *Store) setting(ctx context.Context, q read, name string) (string, error) {
	var v string
	err := q.Get(ctx, &v, `SELECT value FROM setting WHERE name = ?`, name)
	if migrations.KindOf(err) == migrations.NotFound {
		return settingDefaults[name], nil
	}
	if err != nil {
		return "", fmt.Errorf("read setting %s: %w", name, err)
	}
	return v, nil
}

// Settings returns settings by name, defaults included, and the version that
// they have together: it grows with each change of one of them.
func (s *Store) Settings(ctx context.Context, names ...string) (values map[string]string, version int64, err error) {
	return s.settings(ctx, s.db, names)
}

func (s *Store) settings(ctx context.Context, q read, names []string) (values map[string]string, version int64, err error) {
	values = map[string]string{}
	for _, name := range names {
		var row struct {
			Value   string `db:"value"`
			Version int64  `db:"version"`
		}
		err := q.Get(ctx, &row, `SELECT value, version FROM setting WHERE name = ?`, name)
		switch {
		case migrations.KindOf(err) == migrations.NotFound:
			row.Value = settingDefaults[name]
		case err != nil:
			return nil, 0, fmt.Errorf("read setting %s: %w", name, err)
		}
		values[name] = row.Value
		version += row.Version
	}
	return values, version, nil
}

// ChangeSettings changes several settings at once, of which version is what
// Settings returned for exactly these names. Conflict where somebody changed
// one meanwhile; Invalid, with the setting's name as the field, where a value
// can not be.
func (s *Store) ChangeSettings(ctx context.Context, actor Actor, values map[string]string, version int64) error {
	names := slices.Sorted(maps.Keys(values))
	clean := map[string]string{}
	for _, name := range names {
		v, err := CheckSetting(name, values[name])
		if err != nil {
			return fmt.Errorf("change settings: %w", err)
		}
		clean[name] = v
	}
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		if err := lockSettingsTx(ctx, tx); err != nil {
			return err
		}
		have, now, err := s.settings(ctx, tx, names)
		if err != nil {
			return err
		}
		if version != AnyVersion && version != now {
			return errStale()
		}
		for _, name := range names {
			if have[name] == clean[name] {
				continue
			}
			if err := s.setSettingTx(ctx, tx, actor, name, clean[name]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("change settings: %w", err)
	}
	return nil
}

// editSetting changes what a setting holds by what it holds, as when something
// is added to a list: it never overwrites what somebody else added.
func (s *Store) editSetting(ctx context.Context, actor Actor, name string, edit func(was string) (string, error)) error {
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		if err := lockSettingsTx(ctx, tx); err != nil {
			return err
		}
		was, err := s.setting(ctx, tx, name)
		if err != nil {
			return err
		}
		now, err := edit(was)
		if err != nil || now == was {
			return err
		}
		return s.setSettingTx(ctx, tx, actor, name, now)
	})
	if err != nil {
		return fmt.Errorf("change setting %s: %w", name, err)
	}
	return nil
}

// lockSettingsTx has those who change settings on PostgreSQL wait for each other.
func lockSettingsTx(ctx context.Context, tx *migrations.Tx) error {
	_, err := tx.Exec(ctx, `UPDATE counter SET value = value WHERE name = 'settings'`)
	return err
}

// SetSetting changes a setting. The event names the setting, and its value only
// where that is a number or a choice.
func (s *Store) SetSetting(ctx context.Context, actor Actor, name, value string) error {
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error { return s.setSettingTx(ctx, tx, actor, name, value) })
	if err != nil {
		return fmt.Errorf("change setting %s: %w", name, err)
	}
	return nil
}

func (s *Store) setSettingTx(ctx context.Context, tx *migrations.Tx, actor Actor, name, value string) error {
	e := Event{Actor: actor, Subject: "setting", Kind: "changed", Became: name}
	if plainSettings[name] {
		was, err := s.setting(ctx, tx, name)
		if err != nil {
			return err
		}
		e.Was, e.Became = name+"="+was, name+"="+value
	}
	_, err := tx.Exec(ctx, `INSERT INTO setting (name, value, updated_at) VALUES (?, ?, ?)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value, version = setting.version + 1, updated_at = excluded.updated_at`, name, value, s.stamp())
	if err != nil {
		return err
	}
	tx.AfterCommit(s.known.forget)
	return s.RecordTx(ctx, tx, e)
}

// CheckSetting returns a setting's value as it is kept, or says what is wrong
// with it: Invalid, with the setting's name as the field.
func CheckSetting(name, value string) (string, error) {
	switch name {
	case SetCompany:
		value = oneLine(value)
		if utf8.RuneCountInString(value) > 100 {
			return "", migrations.InvalidAt(name, "This name is longer than 100 characters.")
		}
	case SetFormLink:
		value = strings.TrimSpace(value)
		if u, err := url.Parse(value); value != "" && (err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || len(value) > 1000 || oneLine(value) != value) {
			return "", migrations.InvalidAt(name, "The form's address must begin with https:// and name a server.")
		}
	case SetAck, SetAnnounce, SetManagerNames, SetSatisfaction, SetTargets, SetRemindVendor:
		if value != "on" {
			value = "off"
		}
	case SetTell:
		return checkTell(value)
	case SetRemindDays, SetRemindQuiet:
		return wholeNumber(name, value, 365, "days")
	case SetRemindMost:
		return wholeNumber(name, value, 10, "mails")
	case SetSilentDays, SetLinkDays:
		return wholeNumber(name, value, 365, "days")
	case SetTakeBack:
		return wholeNumber(name, value, int(MaxTakeBack/time.Second), "seconds")
	case SetArchive:
		return wholeNumber(name, value, 120, "months")
	case SetAlarmUnread, SetAlarmOutbox:
		return wholeNumber(name, value, 1440, "minutes")
	case SetAlarmDisk:
		return wholeNumber(name, value, 1_000_000, "MB")
	case SetAlarmDays, SetAlarmBackup:
		return wholeNumber(name, value, 365, "days")
	case SetPurge:
		return wholeNumber(name, value, 1200, "months")
	case SetBurst:
		if strings.TrimSpace(value) == "1" {
			return "", migrations.InvalidAt(name, "One report alone is no burst: please choose 2 or more, or 0 for never.")
		}
		return wholeNumber(name, value, 100, "people")
	case SetNotify:
		if err := checkNotify(value); err != nil {
			return "", migrations.InvalidAt(name, "%s", migrations.SafeMessage(err))
		}
	case SetCurrency:
		value = strings.ToUpper(strings.TrimSpace(value))
		if _, err := currency.ParseISO(value); err != nil {
			return "", migrations.InvalidAt(name, "%q is not the code of a currency. It has three letters, like EUR or CHF.", clip(value, 20))
		}
	case SetHours:
		return checkHours(name, value)
	default:
		if strings.HasPrefix(name, "target.answer_") || strings.HasPrefix(name, "target.solve_") {
			if _, ok := settingDefaults[name]; ok {
				return wholeNumber(name, value, targetMinutes, "minutes")
			}
		}
		if t, ok := mailTextOf(name); ok {
			value = manyLines(value)
			if err := t.Check(value); err != nil {
				return "", migrations.InvalidAt(name, "%s", migrations.SafeMessage(err))
			}
			return value, nil
		}
		return "", migrations.Invalidf("There is no setting %q to change here.", clip(name, 60))
	}
	return value, nil
}

func wholeNumber(name, value string, most int, unit string) (string, error) {
	n, err := strconv.Atoi(strings.TrimSpace(value))
	if err != nil || n < 0 || n > most {
		return "", migrations.InvalidAt(name, "Please give a whole number of %s from 0 to %d; 0 means never.", unit, most)
	}
	return strconv.Itoa(n), nil
}

// settingsFor is how long this process may go on with settings that another
// one has changed.
const settingsFor = 5 * time.Second

// knownSettings are the settings as they were read last, for what asks often.
type knownSettings struct {
	mu     sync.Mutex
	at     time.Time // by the machine's clock, since it bounds staleness
	n      int       // grows when they are forgotten, so that what is being read meanwhile is not kept
	values map[string]string
}

func (k *knownSettings) forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.values, k.n = nil, k.n+1
}

// KnownSettings returns all settings that were ever set, at most settingsFor
// old when another process changed them. The map must not be changed.
func (s *Store) KnownSettings(ctx context.Context) (map[string]string, error) {
	return s.settingsWithin(ctx, s.knownFor)
}

// settingsWithin is KnownSettings for who can not do with settings that old.
func (s *Store) settingsWithin(ctx context.Context, age time.Duration) (map[string]string, error) {
	return s.settingsFrom(ctx, s.db, age)
}

// settingsFrom is settingsWithin by q, as within a transaction that has not
// changed any: that must not wait for a second connection.
func (s *Store) settingsFrom(ctx context.Context, q read, age time.Duration) (map[string]string, error) {
	k := &s.known
	k.mu.Lock()
	values, n := k.values, k.n
	if time.Since(k.at) > age {
		values = nil
	}
	k.mu.Unlock()
	if values != nil {
		return values, nil
	}
	var rows []struct {
		Name  string `db:"name"`
		Value string `db:"value"`
	}
	at := time.Now()
	if err := q.Select(ctx, &rows, `SELECT name, value FROM setting`); err != nil {
		return nil, fmt.Errorf("read settings: %w", err)
	}
	values = maps.Clone(settingDefaults)
	for _, r := range rows {
		values[r.Name] = r.Value
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.n == n {
		k.values, k.at = values, at
	}
	return values, nil
}
