package watch

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"helpdeskd/mailer"
	"helpdeskd/migrations"
	"helpdeskd/tracker"
	"helpdeskd/web"
)

// Letter is what a route tells at once: edges of alarms, or none for a test.
type Letter struct {
	ID        string // stays the same when it is told again
	Subject   string
	Text      string
	At        time.Time
	PublicURL string
	Notices   []tracker.Notice
	Titles    []web.AlarmText
}

func idOf(n tracker.Notice) string {
	return fmt.Sprintf("alarm-%d-%s-%d", n.ID, n.Edge, int64(n.RaisedAt))
}

// Route is a way by which people are told.
type Route interface {
	Name() string // one of tracker's
	// Tell returns who was missed, in words, or why nobody was reached.
	Tell(ctx context.Context, l Letter) (missed string, err error)
}

var errNoRoute = migrations.NotFoundf("There is no such route.")

// plain is an error in words for people.
func plain(err error) string {
	if m := migrations.SafeMessage(err); m != "" {
		return m
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "It does not answer in time."
	}
	return "It failed; the log has the details."
}

// Mail tells by mail, by another account than the helpdesk's.
type Mail struct {
	SMTP mailer.SMTPConfig
	To   []string
}

// Name implements Route.
func (Mail) Name() string { return tracker.RouteMail }

// Tell implements Route.
func (m Mail) Tell(ctx context.Context, l Letter) (string, error) {
	return mailer.SendWord(ctx, m.SMTP, mailer.Word{ID: l.ID, To: m.To, Subject: l.Subject, Text: l.Text, At: l.At})
}

// Webhook posts JSON. The address is a secret, as chat programs hand them out.
type Webhook struct {
	URL    string
	Secret string // signs; "" for not
	client *http.Client
}

// NewWebhook returns a webhook at an address of https, or of this machine.
func NewWebhook(address, secret string) (*Webhook, error) {
	if err := tracker.CheckWebhook(address); err != nil {
		return nil, err
	}
	return &Webhook{URL: address, Secret: secret, client: &http.Client{
		Timeout:       within,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Name implements Route.
func (*Webhook) Name() string { return tracker.RouteWebhook }

// posted is the body. Slack, Teams and Mattermost show text.
type posted struct {
	Text   string        `json:"text"`
	ID     string        `json:"id"`
	Desk   string        `json:"desk,omitempty"`
	Test   bool          `json:"test,omitempty"`
	Alarms []postedAlarm `json:"alarms"`
}

type postedAlarm struct {
	ID      int64      `json:"id"`
	Edge    string     `json:"edge"` // begin, clear
	Kind    string     `json:"kind"`
	About   string     `json:"about,omitempty"`
	Node    string     `json:"node,omitempty"`
	Title   string     `json:"title"`
	Detail  string     `json:"detail,omitempty"`
	Do      string     `json:"do,omitempty"`
	Since   time.Time  `json:"since"`
	Cleared *time.Time `json:"cleared,omitempty"`
}

// Tell implements Route.
func (h *Webhook) Tell(ctx context.Context, l Letter) (string, error) {
	p := posted{Text: l.Subject + "\n" + l.Text, ID: l.ID, Desk: l.PublicURL, Test: len(l.Notices) == 0, Alarms: []postedAlarm{}}
	if len(l.Notices) == 1 {
		p.Text = l.Text
	}
	for i, n := range l.Notices {
		a := postedAlarm{ID: n.ID, Edge: n.Edge, Kind: n.Kind, About: n.About, Node: n.Node, Title: l.Titles[i].Title, Detail: n.Detail, Do: l.Titles[i].Do, Since: n.Since.Time().UTC()}
		if n.ClearedAt != 0 {
			at := n.ClearedAt.Time().UTC()
			a.Cleared = &at
		}
		p.Alarms = append(p.Alarms, a)
	}
	body, err := json.Marshal(p)
	if err != nil {
		return "", err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL, bytes.NewReader(body))
	if err != nil {
		return "", migrations.Invalidf("The webhook's address can not be used.")
	}
	at := strconv.FormatInt(l.At.Unix(), 10)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "helpdeskd")
	r.Header.Set("X-Helpdeskd-Id", l.ID)
	r.Header.Set("X-Helpdeskd-Timestamp", at)
	if h.Secret != "" {
		r.Header.Set("X-Helpdeskd-Signature", "sha256="+Sign(h.Secret, at, body))
	}
	answer, err := h.client.Do(r)
	if err != nil {
		var u *url.Error // it names the whole address, which is a secret
		if errors.As(err, &u) {
			err = u.Err
		}
		return "", migrations.Temporaryf("The webhook at %s can not be reached: %v", r.URL.Host, err)
	}
	defer answer.Body.Close()
	_, _ = io.CopyN(io.Discard, answer.Body, 64<<10) // so that the connection can be used again
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return "", migrations.Temporaryf("The webhook at %s answered %s.", r.URL.Host, answer.Status)
	}
	return "", nil
}

// Sign returns the hexadecimal HMAC-SHA256 of "TIMESTAMP.BODY" under a secret.
func Sign(secret, timestamp string, body []byte) string {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte(timestamp + "."))
	m.Write(body)
	return hex.EncodeToString(m.Sum(nil))
}

// Host is where it posts to, without what is secret in the address.
func (h *Webhook) Host() string {
	u, err := url.Parse(h.URL)
	if err != nil {
		return ""
	}
	return u.Host
}
