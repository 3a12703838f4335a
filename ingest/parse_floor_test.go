package ingest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"helpdeskd/tracker"
)

// row is what the corpora expect of one mail, as far as this test looks.
type row struct {
	File       string
	Suspect    any
	Basis      string
	From       *string
	Subject    *string
	MessageID  *string  `json:"message_id"`
	Text       *string  `json:"body_text"`
	HTMLText   string   `json:"body_html_as_text"`
	Reply      *string  `json:"reply_text"`
	Compare    string   `json:"compare"`
	Starts     string   `json:"reply_starts"`
	Contains   []string `json:"reply_contains"`
	Not        []string `json:"reply_not_contains"`
	Matches    []string `json:"reply_contains_re"`
	IsBounce   *bool    `json:"is_bounce"`
	Temporary  bool
	IsAuto     bool `json:"is_auto"`
	Recipients []string
	Original   string `json:"original_message_id"`
	Hard       *bool  `json:"hard_bounce"`

	Attachments []struct {
		Name, Kind string
		Size       *int64
		Soft       bool `json:"size_soft"`
	}
	Count *int  `json:"attachments_count"`
	Least *int  `json:"attachments_min"`
	TNEF  []any `json:"tnef_attachments"`
}

// TestCorpusFloors keeps what has been reached on other projects' own test
// mails. Where two suites contradict each other the floor leaves room for the
// choice made: HTML rather than its plain stub, real characters rather than
// U+FFFD, delays are no failures, names without their path, uuencoded files
// decoded.
func TestCorpusFloors(t *testing.T) {
	floors := map[string]float64{"from": 0.98, "subject": 0.95, "message_id": 1, "text": 0.85, "reply": 0.95, "bounce_found": 0.97, "not_a_bounce": 1, "bounce_recipients": 0.97, "bounce_permanent": 0.97, "bounce_original": 1, "auto_found": 1,
		"attachment_count": 0.97, "attachment_name": 0.9, "attachment_size": 0.88}
	pass, all := map[string]int{}, map[string]int{}
	check := func(field string, ok bool) {
		all[field]++
		if ok {
			pass[field]++
		}
	}
	dirs, err := filepath.Glob(filepath.Join(corpusDir(t), "*", "expected.json"))
	if err != nil || len(dirs) == 0 {
		t.Skip("there are no mail corpora in the folder: put them in ../shared/corpus or set HELPDESKD_CORPUS")
	}
	for _, d := range dirs {
		raw, err := os.ReadFile(d)
		if err != nil {
			t.Fatal(err)
		}
		var rows []row
		if json.Unmarshal(raw, &rows) != nil {
			continue // forms and hostile have their own tests
		}
		for _, r := range rows {
			raw, err := os.ReadFile(filepath.Join(filepath.Dir(d), r.File))
			if err != nil {
				t.Fatal(err)
			}
			in := Parse(raw, Options{})
			checkInvariants(t, raw, in)
			if r.Suspect == nil {
				r.check(check, Describe(r.File, in))
			}
		}
	}
	for field, floor := range floors {
		if all[field] == 0 {
			t.Errorf("%s: nothing was checked", field)
			continue
		}
		got := float64(pass[field]) / float64(all[field])
		t.Logf("%s: %d of %d", field, pass[field], all[field])
		if got < floor {
			t.Errorf("%s: %.3f, the floor is %.2f", field, got, floor)
		}
	}
}

func (r row) check(check func(string, bool), d Description) {
	address := ""
	if d.From != nil {
		address = d.From.Address
	}
	if r.From != nil && *r.From != "" {
		check("from", strings.EqualFold(address, *r.From))
	}
	if r.Subject != nil {
		check("subject", squeeze(d.Subject) == squeeze(*r.Subject))
	}
	if r.MessageID != nil && *r.MessageID != "" {
		check("message_id", d.MessageID == strings.Trim(*r.MessageID, "<> "))
	}
	if r.Text != nil {
		check("text", squeeze(d.Text) == squeeze(*r.Text) || r.HTMLText != "" && squeeze(d.Text) == squeeze(r.HTMLText))
	}
	if ok, any := r.reply(d.Reply); any && r.Basis != "peer_output" {
		check("reply", ok)
	}
	if r.IsBounce != nil {
		bounced := d.Class == tracker.ClassBounce
		if !*r.IsBounce {
			check("not_a_bounce", !bounced)
		} else {
			check("bounce_found", bounced || r.Temporary && d.Class == tracker.ClassDeliveryNotice)
			r.bounce(check, d.Bounce)
		}
	}
	r.files(check, d)
	if r.IsAuto {
		check("auto_found", d.Class != tracker.ClassHuman && d.Class != tracker.ClassMalformed)
	}
}

func (r row) bounce(check func(string, bool), b *tracker.Bounce) {
	if b == nil {
		b = &tracker.Bounce{}
	}
	if len(r.Recipients) > 0 {
		have := map[string]bool{}
		for _, x := range b.Recipients {
			have[strings.ToLower(x)] = true
		}
		ok := len(have) == len(r.Recipients)
		for _, x := range r.Recipients {
			ok = ok && have[strings.ToLower(x)]
		}
		check("bounce_recipients", ok)
	}
	if r.Original != "" {
		check("bounce_original", b.OriginalMessageID == r.Original)
	}
	if r.Hard != nil {
		check("bounce_permanent", b.Permanent == *r.Hard)
	}
}

var blanks = regexp.MustCompile(`\n{2,}`)

func tidy(s string) string {
	lines := strings.Split(strings.NewReplacer("\r\n", "\n", "\u00a0", " ").Replace(s), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " \t")
	}
	return strings.TrimSpace(blanks.ReplaceAllString(strings.Join(lines, "\n"), "\n\n"))
}

func (r row) reply(got string) (ok, any bool) {
	ok = true
	want := func(b bool) { ok, any = ok && b, true }
	if r.Compare == "all whitespace removed" && r.Reply != nil {
		want(squeeze(got) == squeeze(*r.Reply))
	} else if r.Reply != nil {
		want(tidy(got) == tidy(*r.Reply))
	}
	if r.Starts != "" {
		want(strings.HasPrefix(tidy(got), tidy(r.Starts)))
	}
	for _, x := range r.Contains {
		want(strings.Contains(tidy(got), tidy(x)))
	}
	for _, x := range r.Not {
		want(!strings.Contains(tidy(got), tidy(x)))
	}
	for _, x := range r.Matches {
		if re, err := regexp.Compile(x); err == nil {
			want(re.MatchString(got))
		}
	}
	return ok, any
}

// TestCorpusHostile: every hostile specimen is read within a second, holds the
// invariants, and is in the class that its outcome needs.
func TestCorpusHostile(t *testing.T) {
	var exp struct {
		Cases []struct {
			File   string
			Assert struct {
				Ticket, Class string
				Attachments   *int
			}
		}
	}
	dir := load(t, "hostile", &exp)
	for _, c := range exp.Cases {
		raw, err := os.ReadFile(filepath.Join(dir, c.File))
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		in := Parse(raw, Options{Own: []string{"helpdesk@corp.example"}})
		if took := time.Since(start); took > time.Second {
			t.Errorf("%s took %v", c.File, took)
		}
		checkInvariants(t, raw, in)
		var ok bool
		switch c.Assert.Class {
		case "malformed", "bounce", "list", "placeholder":
			ok = string(in.Class) == c.Assert.Class
		case "auto":
			ok = in.SuppressAck
		default:
			ok = in.Class == tracker.ClassHuman || c.Assert.Ticket == "any" && in.Class == tracker.ClassMalformed
		}
		if !ok {
			t.Errorf("%s: class %s (%s), want %s", c.File, in.Class, in.ClassReason, c.Assert.Class)
		}
		if n := c.Assert.Attachments; n != nil && len(Describe("", in).Attachments) != *n {
			t.Errorf("%s: %d attachments, want %d", c.File, len(in.Parts), *n)
		}
		if len(in.From) > 0 && in.FromDefect == "" && strings.HasPrefix(c.File, "a1") && in.From[0].Address == "tech1@corp.example" {
			t.Errorf("%s: taken for the technician", c.File)
		}
	}
}

// files compares attachments as score_mail.py does.
func (r row) files(check func(string, bool), d Description) {
	names, sizes := map[string]bool{}, map[int64]bool{}
	for _, a := range d.Attachments {
		names[a.Name], sizes[a.Size] = true, true
	}
	if r.Attachments != nil {
		check("attachment_count", len(d.Attachments) == len(r.Attachments))
		for _, a := range r.Attachments {
			if a.Name != "" {
				check("attachment_name", names[a.Name])
			}
			if a.Size != nil && !a.Soft && a.Kind != "Text" {
				check("attachment_size", sizes[*a.Size])
			}
		}
	}
	if r.Count != nil {
		check("attachment_count", len(d.Attachments) == *r.Count)
	}
	if r.Least != nil {
		check("attachment_count", len(d.Attachments) >= *r.Least)
	}
	for _, t := range r.TNEF {
		name, _ := t.(string)
		if m, ok := t.(map[string]any); ok {
			name, _ = m["name"].(string)
		}
		check("tnef_name", names[name])
	}
}
