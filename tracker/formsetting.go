package tracker

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
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

// Meanings returns everything that a question can ask for.
func Meanings() []Meaning {
	return []Meaning{MeansName, MeansEmail, MeansDepartment, MeansPhone, MeansProblem, MeansRepeat, MeansStarted, MeansEffect, MeansAsset, MeansLocation}
}

// The most that staff can add: each mail of a form is held against all of it.
const (
	maxSenders = 100
	maxLabels  = 200
)

// FormReading returns it as it was set at most settingsFor ago.
func (s *Store) FormReading(ctx context.Context) (FormReading, error) {
	known, err := s.KnownSettings(ctx)
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
	l.Label = oneLine(l.Label)
	n := NormalLabel(l.Label)
	switch {
	case n == "":
		return migrations.InvalidAt("label", "Please give the question as it stands in the form.")
	case utf8.RuneCountInString(l.Label) > 200:
		return migrations.InvalidAt("label", "This question is longer than 200 characters.")
	case !slices.Contains(Meanings(), l.Means):
		return migrations.InvalidAt("means", "Please choose what the question asks for.")
	}
	return s.editSetting(ctx, actor, SetLabels, func(was string) (string, error) {
		all := readLabels(was)
		for _, have := range all {
			if NormalLabel(have.Label) == n {
				return "", migrations.InvalidAt("label", "This question is in the list already.")
			}
		}
		if len(all) >= maxLabels {
			return "", migrations.InvalidAt("label", "There are %d questions already.", maxLabels)
		}
		all = append(all, l)
		slices.SortFunc(all, func(a, b FormLabel) int { return strings.Compare(NormalLabel(a.Label), NormalLabel(b.Label)) })
		b, err := json.Marshal(all)
		return string(b), err
	})
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
