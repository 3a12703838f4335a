package mailer

import (
	"context"
	"fmt"

	"helpdeskd/tracker"
)

// PreviewMail shows what an outbox item would be rendered as, by the very code
// that renders it, with no token in it. Nothing is recorded.
func (m *Mailer) PreviewMail(ctx context.Context, it tracker.OutboxItem) (tracker.MailPreview, error) {
	d, err := m.readSettings(ctx)
	if err != nil {
		return tracker.MailPreview{}, err
	}
	m.mu.Lock()
	if out := m.outlets[it.Mailbox]; out != nil && out.config.FromName != "" {
		d.brand = out.config.FromName
	}
	m.mu.Unlock()
	e, err := addresses(it)
	if err != nil {
		return tracker.MailPreview{}, fmt.Errorf("preview a mail: %w", err)
	}
	l, err := m.renderer.letter(it, d, "…")
	if err != nil {
		return tracker.MailPreview{}, fmt.Errorf("preview a mail: %w", err)
	}
	p := tracker.MailPreview{From: named(d.brand, e.from), To: named(it.ToName, e.to), Subject: m.renderer.subject(it, d)}
	if p.Text, p.HTML, err = m.renderer.forms.write(l); err != nil {
		return tracker.MailPreview{}, fmt.Errorf("preview a mail: %w", err)
	}
	return p, nil
}
