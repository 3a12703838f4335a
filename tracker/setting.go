package tracker

import (
	"context"
	"fmt"

	"helpdeskd/migrations"
)

// The settings that staff edit. Each has a default, so that an empty
// database works.
const (
	SetCompany    = "look.company"   // the company's name, in mails and on pages
	SetFormLink   = "mail.form_link" // the company's request form, named in acknowledgements
	SetSignature  = "mail.signature" // under technicians' replies
	SetAck        = "mail.ack"       // on or off
	SetPublicURL  = "site.public_url"
	SetSilentDays = "ticket.silent_days"    // days after which a confirming ticket completes by itself
	SetArchive    = "ticket.archive_months" // calendar months after which a closed ticket is archived
	SetSetupCode  = "setup.code_hash"
	SetMailPerMin = "mail.per_minute"
	SetCurrency   = "money.currency" // ISO 4217, of amounts that name none
)

var settingDefaults = map[string]string{
	SetAck:        "on",
	SetSilentDays: "7",
	SetArchive:    "2",
	SetMailPerMin: "25",
	SetCurrency:   "EUR",
}

// Setting returns a setting's value, or its default.
func (s *Store) Setting(ctx context.Context, name string) (string, error) {
	return s.setting(ctx, s.db, name)
}

// SettingTx is Setting within a transaction.
func (s *Store) SettingTx(ctx context.Context, tx *migrations.Tx, name string) (string, error) {
	return s.setting(ctx, tx, name)
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

// SetSetting changes a setting. The event names the setting, not its value.
func (s *Store) SetSetting(ctx context.Context, actor Actor, name, value string) error {
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error { return s.setSettingTx(ctx, tx, actor, name, value) })
	if err != nil {
		return fmt.Errorf("change setting %s: %w", name, err)
	}
	return nil
}

func (s *Store) setSettingTx(ctx context.Context, tx *migrations.Tx, actor Actor, name, value string) error {
	_, err := tx.Exec(ctx, `INSERT INTO setting (name, value, updated_at) VALUES (?, ?, ?)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value, version = setting.version + 1, updated_at = excluded.updated_at`, name, value, s.stamp())
	if err != nil {
		return err
	}
	return s.RecordTx(ctx, tx, Event{Actor: actor, Subject: "setting", Kind: "changed", Became: name})
}
