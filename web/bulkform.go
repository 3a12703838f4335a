package web

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"helpdeskd/migrations"
)

// bulkForm is the bar below a list after a try that could not be done: what
// was wrong, and what had been selected and typed.
type bulkForm struct {
	Back    string // the list it belongs to
	Problem string // "" on a list that was only opened
	Do      string // what was to be done: stow, stage
	rows    map[string]bool
	form    url.Values
	err     error // the problem
}

// On reports whether the row with an id or number was selected.
func (f bulkForm) On(id int64) bool { return f.rows[idText(id)] }

// Value is what a field held.
func (f bulkForm) Value(name string) string { return f.form.Get(name) }

// bulkAgain answers a bar whose input was wrong with its list again. Other
// errors are returned, and those of a list that has no rows any more.
func (s *site) bulkAgain(w http.ResponseWriter, r *http.Request, path, do string, err error, list func(http.ResponseWriter, *http.Request, int, bulkForm) error) error {
	if migrations.KindOf(err) != migrations.Invalid || errors.Is(err, errForm) {
		return err
	}
	back, perr := url.Parse(returnTo(r, backTo(r, path)))
	if perr != nil || back.Path != path {
		back = &url.URL{Path: path}
	}
	f := bulkForm{Problem: migrations.SafeMessage(err), rows: map[string]bool{}, form: r.PostForm, err: err}
	f.Do, _, _ = strings.Cut(do, ":")
	for _, row := range r.PostForm["row"] {
		id, _, _ := strings.Cut(row, ":")
		f.rows[id] = true
	}
	again := r.Clone(r.Context())
	again.URL = back
	return list(w, again, http.StatusUnprocessableEntity, f)
}
