package tracker

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"

	"helpdeskd/migrations"
)

// NeedsSetup reports whether there is no account yet.
func (s *Store) NeedsSetup(ctx context.Context) (bool, error) {
	some, err := exists(ctx, s.db, `SELECT 1 FROM account LIMIT 1`)
	if err != nil {
		return false, fmt.Errorf("look for accounts: %w", err)
	}
	return !some, nil
}

// SetupCode makes the code with which the first-run page lets one create the
// first administrator. Only its hash is stored; a new one replaces it, so of
// several nodes the code of the one that started last is valid. It is
// Conflict once there is an account.
func (s *Store) SetupCode(ctx context.Context) (string, error) {
	text := strings.ToLower(rand.Text()[:20]) // 100 bits
	code := text[:5] + "-" + text[5:10] + "-" + text[10:15] + "-" + text[15:]
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		some, err := exists(ctx, tx, `SELECT 1 FROM account LIMIT 1`)
		if err != nil {
			return err
		}
		if some {
			return migrations.Conflictf("There is an account already.")
		}
		return s.setSettingTx(ctx, tx, Actor{}, SetSetupCode, HashToken(text))
	})
	if err != nil {
		return "", fmt.Errorf("make a setup code: %w", err)
	}
	return code, nil
}

// UseSetupCode creates the first administrator, whatever role in says, and
// makes the code worthless. A wrong code is Denied; Conflict once there is an
// account.
func (s *Store) UseSetupCode(ctx context.Context, code string, in NewAccount) (Account, error) {
	given := HashToken(strings.ReplaceAll(strings.ToLower(oneLine(code)), "-", ""))
	// Looked at first, so that a stranger can not have passwords hashed here.
	if err := s.checkSetupCode(ctx, given); err != nil {
		return Account{}, fmt.Errorf("set up: %w", err)
	}
	in.Role = Admin
	if in.Password == "" {
		return Account{}, migrations.Invalidf("Please choose a password.")
	}
	hash, err := s.checkNewAccount(ctx, &in)
	if err != nil {
		return Account{}, fmt.Errorf("set up: %w", err)
	}
	var a Account
	err = s.db.Tx(ctx, func(tx *migrations.Tx) error {
		// Deleting the code first makes a second one who has it wait, and fail.
		n, err := tx.Exec(ctx, `DELETE FROM setting WHERE name = ? AND value = ?`, SetSetupCode, given)
		if err != nil {
			return err
		}
		some, err := exists(ctx, tx, `SELECT 1 FROM account LIMIT 1`)
		if err != nil {
			return err
		}
		if err := maySetUp(some, n == 1); err != nil {
			return err
		}
		if a, err = s.createAccountTx(ctx, tx, Actor{}, in, hash); err != nil {
			return err
		}
		now := s.stamp() // the page that has the code signs them in
		a.SignedInAt = &now
		_, err = tx.Exec(ctx, `UPDATE account SET signed_in_at = ? WHERE id = ?`, now, a.ID)
		return err
	})
	if err != nil {
		return Account{}, fmt.Errorf("set up: %w", err)
	}
	return a, nil
}

func (s *Store) checkSetupCode(ctx context.Context, hash string) error {
	some, err := exists(ctx, s.db, `SELECT 1 FROM account LIMIT 1`)
	if err != nil {
		return err
	}
	right, err := exists(ctx, s.db, `SELECT 1 FROM setting WHERE name = ? AND value = ?`, SetSetupCode, hash)
	if err != nil {
		return err
	}
	return maySetUp(some, right)
}

// maySetUp says what keeps somebody from setting up.
func maySetUp(someAccount, rightCode bool) error {
	switch {
	case someAccount:
		return migrations.Conflictf("helpdeskd is set up already. Please sign in.")
	case !rightCode:
		return migrations.Deniedf("This is not the code that helpdeskd printed when it started last. Please look at its output or log.")
	}
	return nil
}
