package tracker

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"helpdeskd/migrations"
)

// FormLabel is what a question of the company's form asks for, in words that
// the program does not know by itself.
type FormLabel struct {
	Label string  `json:"label"`
	Means Meaning `json:"means"`
}

// FormReading is what staff added to how form mails are read.
type FormReading struct {
	Senders []string           // addresses, lower case
	Labels  map[string]Meaning // by the label as it was written
}

// Meanings returns everything that a question can ask for, and that it asks
// for none of this.
func Meanings() []Meaning {
	return []Meaning{MeansName, MeansEmail, MeansDepartment, MeansPhone, MeansProblem, MeansRepeat, MeansStarted, MeansEffect, MeansAsset, MeansLocation, MeansDoing, MeansFor, MeansNothing}
}

// The most that staff can add: each mail of a form is held against all of it.
const (
	maxSenders = 100
	maxLabels  = 200
)

// teachingFor is how old what was taught may be: who has just taught something
// sends a mail and looks.
const teachingFor = 250 * time.Millisecond

// FormReading returns it as it was set at most teachingFor ago, by whichever
// process.
func (s *Store) FormReading(ctx context.Context) (FormReading, error) {
	known, err := s.settingsWithin(ctx, min(teachingFor, s.knownFor))
	if err != nil {
		return FormReading{}, err
	}
	r := FormReading{Senders: readSenders(known[SetSenders]), Labels: map[string]Meaning{}}
	for _, l := range readLabels(known[SetLabels]) {
		r.Labels[l.Label] = l.Means
	}
	return r, nil
}

// FormLabels returns the labels that staff added, by label.
func (s *Store) FormLabels(ctx context.Context) ([]FormLabel, error) {
	v, err := s.Setting(ctx, SetLabels)
	return readLabels(v), err
}

// FormSenders returns the form senders that staff added, and those that the
// configuration names.
func (s *Store) FormSenders(ctx context.Context) (added, configured []string, err error) {
	v, err := s.Setting(ctx, SetSenders)
	return readSenders(v), s.configuredSenders(), err
}

func (s *Store) configuredSenders() []string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	all := map[string]bool{}
	for _, p := range s.policies {
		for _, f := range p.FormSenders {
			all[strings.ToLower(f)] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

func readSenders(text string) []string { return strings.Fields(text) }

func readLabels(text string) []FormLabel {
	var all []FormLabel
	if text == "" || json.Unmarshal([]byte(text), &all) != nil {
		return nil
	}
	return all
}

// AddFormSender has the mails of an address read as answers of a form, whose
// words name the requester.
func (s *Store) AddFormSender(ctx context.Context, actor Actor, address string) error {
	address, err := cleanEmail(address)
	if err != nil {
		return migrations.InvalidAt("sender", "%s", migrations.SafeMessage(err))
	}
	if !sendable(address) {
		return migrations.InvalidAt("sender", "%q is not a mail address that a form could send from.", clip(address, 80))
	}
	if slices.Contains(s.configuredSenders(), address) {
		return migrations.InvalidAt("sender", "%s is named in the configuration file already.", address)
	}
	return s.editSetting(ctx, actor, SetSenders, func(was string) (string, error) {
		all := readSenders(was)
		switch {
		case slices.Contains(all, address):
			return "", migrations.InvalidAt("sender", "%s is in the list already.", address)
		case len(all) >= maxSenders:
			return "", migrations.InvalidAt("sender", "There are %d senders already.", maxSenders)
		}
		return strings.Join(slices.Sorted(slices.Values(append(all, address))), "\n"), nil
	})
}

// RemoveFormSender takes an address from the list again.
func (s *Store) RemoveFormSender(ctx context.Context, actor Actor, address string) error {
	return s.editSetting(ctx, actor, SetSenders, func(was string) (string, error) {
		all := readSenders(was)
		i := slices.Index(all, address)
		if i < 0 {
			return "", migrations.NotFoundf("This sender is not in the list any more.")
		}
		return strings.Join(slices.Delete(all, i, i+1), "\n"), nil
	})
}

// AddFormLabel says what a question of the company's form asks for.
func (s *Store) AddFormLabel(ctx context.Context, actor Actor, l FormLabel) error {
	return s.editSetting(ctx, actor, SetLabels, func(was string) (string, error) {
		all := readLabels(was)
		for _, have := range all {
			if NormalLabel(have.Label) == NormalLabel(l.Label) {
				return "", migrations.InvalidAt("label", "This question is in the list already.")
			}
		}
		all, err := withLabel(all, l)
		if err != nil {
			return "", err
		}
		b, err := json.Marshal(all)
		return string(b), err
	})
}

// withLabel returns a list with a label in it, in order; what it said of the
// same question before goes.
func withLabel(all []FormLabel, l FormLabel) ([]FormLabel, error) {
	l.Label = oneLine(l.Label)
	n := NormalLabel(l.Label)
	switch {
	case n == "":
		return nil, migrations.InvalidAt("label", "Please give the question as it stands in the form.")
	case utf8.RuneCountInString(l.Label) > 200:
		return nil, migrations.InvalidAt("label", "This question is longer than 200 characters.")
	case !slices.Contains(Meanings(), l.Means):
		return nil, migrations.InvalidAt("means", "Please choose what the question asks for.")
	}
	all = slices.DeleteFunc(slices.Clone(all), func(x FormLabel) bool { return NormalLabel(x.Label) == n })
	if len(all) >= maxLabels {
		return nil, migrations.InvalidAt("label", "There are %d questions already.", maxLabels)
	}
	all = append(all, l)
	slices.SortFunc(all, func(a, b FormLabel) int { return strings.Compare(NormalLabel(a.Label), NormalLabel(b.Label)) })
	return all, nil
}

// Teaching is what somebody teaches at once about a mail of a form.
type Teaching struct {
	Sender string      // becomes a form sender, where it is none; "" for nobody
	Forget string      // is taken from the form senders again; "" for nobody
	Labels []FormLabel // what questions ask for; a meaning of "" forgets what was taught of one
}

// With returns the reading as it would be with this taught.
func (r FormReading) With(t Teaching) FormReading {
	out := FormReading{Senders: slices.Clone(r.Senders), Labels: map[string]Meaning{}}
	for k, m := range r.Labels {
		out.Labels[k] = m
	}
	if t.Forget != "" {
		out.Senders = slices.DeleteFunc(out.Senders, func(x string) bool { return strings.EqualFold(x, t.Forget) })
	}
	if t.Sender != "" && !slices.Contains(out.Senders, strings.ToLower(t.Sender)) {
		out.Senders = append(out.Senders, strings.ToLower(t.Sender))
	}
	for _, l := range t.Labels {
		n := NormalLabel(l.Label)
		maps.DeleteFunc(out.Labels, func(k string, _ Meaning) bool { return NormalLabel(k) == n })
		if l.Means != "" {
			out.Labels[l.Label] = l.Means
		}
	}
	return out
}

// TeachForms saves what was taught and returns what would take it back.
func (s *Store) TeachForms(ctx context.Context, actor Actor, t Teaching) (back Teaching, err error) {
	if t.Sender != "" {
		if t.Sender, err = cleanEmail(t.Sender); err != nil || !sendable(t.Sender) {
			return Teaching{}, migrations.InvalidAt("sender", "%q is not a mail address that a form could send from.", clip(t.Sender, 80))
		}
	}
	if slices.Contains(s.configuredSenders(), t.Sender) {
		t.Sender = ""
	}
	err = s.db.Tx(ctx, func(tx *migrations.Tx) error {
		back = Teaching{}
		if err := lockSettingsTx(ctx, tx); err != nil {
			return err
		}
		if err := s.teachSendersTx(ctx, tx, actor, t, &back); err != nil {
			return err
		}
		return s.teachLabelsTx(ctx, tx, actor, t.Labels, &back)
	})
	if err != nil {
		return Teaching{}, fmt.Errorf("teach forms: %w", err)
	}
	return back, nil
}

func (s *Store) teachSendersTx(ctx context.Context, tx *migrations.Tx, actor Actor, t Teaching, back *Teaching) error {
	was, err := s.setting(ctx, tx, SetSenders)
	if err != nil {
		return err
	}
	all := readSenders(was)
	if i := slices.Index(all, strings.ToLower(t.Forget)); i >= 0 {
		back.Sender = all[i]
		all = slices.Delete(all, i, i+1)
	}
	if t.Sender != "" && !slices.Contains(all, t.Sender) {
		if len(all) >= maxSenders {
			return migrations.InvalidAt("sender", "There are %d senders already.", maxSenders)
		}
		back.Forget = t.Sender
		all = append(all, t.Sender)
	}
	now := strings.Join(slices.Sorted(slices.Values(all)), "\n")
	if now == was {
		return nil
	}
	return s.setSettingTx(ctx, tx, actor, SetSenders, now)
}

func (s *Store) teachLabelsTx(ctx context.Context, tx *migrations.Tx, actor Actor, labels []FormLabel, back *Teaching) error {
	if len(labels) == 0 {
		return nil
	}
	was, err := s.setting(ctx, tx, SetLabels)
	if err != nil {
		return err
	}
	all := readLabels(was)
	for _, l := range labels {
		undo := FormLabel{Label: l.Label}
		i := slices.IndexFunc(all, func(x FormLabel) bool { return NormalLabel(x.Label) == NormalLabel(l.Label) })
		if i >= 0 {
			undo = all[i]
		}
		if undo.Means == l.Means {
			continue
		}
		back.Labels = append(back.Labels, undo)
		if l.Means == "" {
			all = slices.Delete(slices.Clone(all), i, i+1)
			continue
		}
		if all, err = withLabel(all, l); err != nil {
			return err
		}
	}
	if len(back.Labels) == 0 {
		return nil
	}
	b, err := json.Marshal(all)
	if err != nil {
		return err
	}
	return s.setSettingTx(ctx, tx, actor, SetLabels, string(b))
}

// RecentMails returns the newest mails that were taken, those whose sender or
// subject has the words in it where there are some, for a person to pick one.
func (s *Store) RecentMails(ctx context.Context, words string, limit int) ([]InboxRow, error) {
	where, args := []string{`TRUE`}, []any{}
	for _, w := range strings.Fields(strings.ToLower(clip(words, 200))) {
		like := "%" + strings.NewReplacer(`!`, `!!`, `%`, `!%`, `_`, `!_`).Replace(w) + "%"
		where = append(where, `(LOWER(i.sender) LIKE ? ESCAPE '!' OR LOWER(i.subject) LIKE ? ESCAPE '!')`)
		args = append(args, like, like)
	}
	if len(args) > 0 { // in a desk of millions only the latest are looked through
		where = append(where, `i.id > (SELECT COALESCE(MAX(id), 0) FROM inbox) - 20000`)
	}
	var list []InboxRow
	err := s.db.Select(ctx, &list, inboxSelect+`WHERE `+strings.Join(where, ` AND `)+` ORDER BY i.id DESC LIMIT ?`, append(args, pageSize(limit))...)
	if err != nil {
		return nil, fmt.Errorf("list recent mails: %w", err)
	}
	return list, nil
}

// RemoveFormLabel takes a question from the list again.
func (s *Store) RemoveFormLabel(ctx context.Context, actor Actor, label string) error {
	return s.editSetting(ctx, actor, SetLabels, func(was string) (string, error) {
		all := readLabels(was)
		left := slices.DeleteFunc(slices.Clone(all), func(x FormLabel) bool { return NormalLabel(x.Label) == NormalLabel(label) })
		if len(left) == len(all) {
			return "", migrations.NotFoundf("This question is not in the list any more.")
		}
		b, err := json.Marshal(left)
		return string(b), err
	})
}

// NormalLabel makes the labels of forms comparable: lower case, letters and
// digits, single blanks.
func NormalLabel(s string) string {
	var b strings.Builder
	space := false
	for _, r := range strings.ToLower(s) {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			space = true
			continue
		}
		if space && b.Len() > 0 {
			b.WriteByte(' ')
		}
		space = false
		b.WriteRune(r)
	}
	return b.String()
}

// Speaker says why the mails of a sender may name another person as the
// requester.
type Speaker string

// The reasons.
const (
	SpeaksNot        Speaker = ""           // they may not: who wrote them asks
	SpeaksOwn        Speaker = "own"        // it is a mailbox of the desk itself
	SpeaksConfigured Speaker = "configured" // the configuration file names it
	SpeaksTaught     Speaker = "taught"     // staff named it
)

// SpeakerOf returns why an address may speak for others, with what is taught.
func (s *Store) SpeakerOf(address string, r FormReading) Speaker {
	if address == "" {
		return SpeaksNot
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, p := range s.policies {
		if p.isOurs(address) {
			return SpeaksOwn
		}
	}
	for _, p := range s.policies {
		if slices.ContainsFunc(p.FormSenders, func(f string) bool { return strings.EqualFold(f, address) }) {
			return SpeaksConfigured
		}
	}
	if slices.Contains(r.Senders, strings.ToLower(address)) {
		return SpeaksTaught
	}
	return SpeaksNot
}
