package tracker

import (
	"context"
	"fmt"
	"helpdeskd/migrations"
)

// EnableConnection switches a connection on or off. The first time makes its
// Mailbox, and reading begins there; what was kept of its mail stays for ever.
func (s *Store) EnableConnection(ctx context.Context, actor Actor, id int64, on bool, version int64) (Connection, error) {
	return s.switchConnection(ctx, actor, id, on, false, version)
}

// ShadowConnection switches a connection on in shadow mode, unless its mailbox
// has left that before: then it stays as it is, and BeginShadow brings it back.
func (s *Store) ShadowConnection(ctx context.Context, actor Actor, id, version int64) (Connection, error) {
	return s.switchConnection(ctx, actor, id, true, true, version)
}

func (s *Store) switchConnection(ctx context.Context, actor Actor, id int64, on, shadow bool, version int64) (Connection, error) {
	var c Connection
	err := s.editConnection(ctx, id, version, func(tx *migrations.Tx, now *Connection) (Event, error) {
		e := Event{Actor: actor, Kind: "enabled", Was: fmt.Sprint(now.Enabled), Became: fmt.Sprint(on)}
		if now.Enabled == on {
			return Event{}, nil
		}
		now.Enabled = on
		if on {
			now.Shadow = shadow
		}
		if !on {
			return e, nil
		}
		_, err := s.openMailboxTx(ctx, tx, now.Name, now.Address, now.BeginAt())
		return e, err
	}, &c)
	if err != nil {
		return Connection{}, fmt.Errorf("switch connection %d: %w", id, err)
	}
	return c, nil
}

// SetShadow has a connection only show what it would do, or do it. Then what
// was seen is decided, and not acknowledged; EndShadow leaves more to choose.
func (s *Store) SetShadow(ctx context.Context, actor Actor, id int64, on bool, version int64) (Connection, error) {
	var c Connection
	err := s.editConnection(ctx, id, version, func(tx *migrations.Tx, now *Connection) (Event, error) {
		if now.Shadow == on {
			return Event{}, nil
		}
		now.Shadow = on
		if err := s.setShadowTx(ctx, tx, actor, now.Name, on); err != nil {
			return Event{}, err
		}
		return Event{Actor: actor, Kind: "shadow", Was: fmt.Sprint(!on), Became: fmt.Sprint(on)}, nil
	}, &c)
	if err != nil {
		return Connection{}, fmt.Errorf("switch shadow mode of connection %d: %w", id, err)
	}
	return c, nil
}
