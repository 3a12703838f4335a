package quiet_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"helpdeskd/cmd/helpdeskd/quiet"
)

func TestSecretsAreLeftOut(t *testing.T) {
	const token = "abcdefghijklmnopqrstuvwxyz"
	for _, text := range []string{
		"GET /choose-password?t=" + token + "&x=1", "https://login.example/token?client_secret=MARKED1234", `{"access_token": "MARKED1234", "x": 1}`,
		"Authorization: Bearer MARKED1234", "C: AUTH XOAUTH2 TUFSS0VEMTIzNA==", `a1 LOGIN "desk@x.example" "MARKED1234"`, "a1 AUTHENTICATE PLAIN TUFSS0VEMTIzNA==",
		"eyJhbGciOiJSUzI1.eyJNQVJLRUQxMjM0.sig", "dXNlcj1kZXNrQHguZXhhbXBsZQFhdXRoPUJlYXJlciBNQVJLRUQxMjM0AQE=", "postgres://u:MARKED1234@db.example/x",
		"to helpdesk+" + token + "@x.example", "<hd." + token + "@x.example>", "Cookie: helpdeskd=MARKED1234", "the password is hunter-two-known",
		"-----BEGIN PRIVATE KEY-----\nMARKED1234\n-----END PRIVATE KEY-----", "AGE-SECRET-KEY-1MARKED1234",
	} {
		for name, log := range map[string]func(l *slog.Logger){
			"message": func(l *slog.Logger) { l.Debug(text) },
			"value":   func(l *slog.Logger) { l.Info("x", slog.String("said", text)) },
			"error":   func(l *slog.Logger) { l.Error("x", slog.Any("error", errors.New(text))) },
			"any":     func(l *slog.Logger) { l.Warn("x", slog.Any("list", []string{text})) },
			"group":   func(l *slog.Logger) { l.WithGroup("g").Info("x", slog.Group("h", slog.String("said", text))) },
			"with":    func(l *slog.Logger) { l.With(slog.String("said", text)).Info("x") },
		} {
			var b bytes.Buffer
			log(slog.New(quiet.New(slog.NewTextHandler(&b, &slog.HandlerOptions{Level: slog.LevelDebug}), "hunter-two-known")))
			for _, secret := range []string{"MARKED1234", token, "TUFSS0VEMTIzNA", "NQVJLRUQxMjM0", "hunter-two-known"} {
				if strings.Contains(b.String(), secret) {
					t.Errorf("%s: %q is logged as %s", name, text, b.String())
				}
			}
			if !strings.Contains(b.String(), "(secret)") {
				t.Errorf("%s: %q is logged as %s", name, text, b.String())
			}
		}
	}
}

func TestWhatIsNoSecretStays(t *testing.T) {
	var b bytes.Buffer
	l := slog.New(quiet.New(slog.NewTextHandler(&b, nil), "", "x"))
	const text = "mailbox trouble: the server outlook.office365.com:993 said NO AUTHENTICATE failed. code 535 5.7.139, mail 42 of HD-12, 1.5s"
	l.Info(text, slog.String("digest", strings.Repeat("ab12", 16)), slog.Int("status", 503), slog.String("route", "/tickets/{number}"))
	for _, want := range []string{text, strings.Repeat("ab12", 16), "status=503", "/tickets/{number}"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is lost: %s", want, b.String())
		}
	}
}
