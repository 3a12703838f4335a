package web

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

func (s *site) peopleImportPage(w http.ResponseWriter, r *http.Request) error {
	return s.peopleImportForm(w, r, http.StatusOK, importView{})
}

func (s *site) peopleImportForm(w http.ResponseWriter, r *http.Request, status int, v importView) error {
	v.Limit, v.Rows = filesLimit, "100,000"
	for _, f := range tracker.PersonFields() {
		all := tracker.PersonHeaders(f)
		v.Fields = append(v.Fields, importHeaders{Word: s.words.say("import.person." + string(f)), First: all[0], Other: all[1:]})
	}
	return s.render(w, r, status, "peopleimport", view{Title: s.words.say("import.people"), Section: "people", Data: v})
}

func (s *site) takePeople(w http.ResponseWriter, r *http.Request) error {
	digest, trouble, err := s.takeCSV(r)
	switch {
	case err != nil:
		return err
	case trouble != "":
		return s.peopleImportForm(w, r, http.StatusUnprocessableEntity, importView{Problem: s.words.say(trouble), Text: r.PostFormValue("text")})
	}
	return seeOther(w, r, "/people/import/check?file="+digest)
}

// peopleCheckView is the page of the dry run.
type peopleCheckView struct {
	*tracker.PeoplePlan
	File    string
	Kept    string // of the plan's lines; "" where there is nothing to do
	Summary string
	Refused string // why a confirmed import was not done
	Read    string // which columns were taken for what, in words
	Unread  []string
}

func (s *site) checkPeople(w http.ResponseWriter, r *http.Request) error {
	file := r.URL.Query().Get("file")
	if file == "" {
		return seeOther(w, r, "/people/import")
	}
	return s.peopleCheck(w, r, http.StatusOK, file, "")
}

func (s *site) peopleCheck(w http.ResponseWriter, r *http.Request, status int, file, refused string) error {
	ctx := r.Context()
	f, done, err := s.openImport(ctx, file, 0)
	if err != nil {
		if key := csvTrouble(err); key != "" {
			return migrations.Invalidf("%s", s.words.say(key))
		}
		return err
	}
	defer done()
	plan, err := s.store.CheckPeople(ctx, f)
	if migrations.KindOf(err) == migrations.Invalid && err != nil {
		return s.peopleImportForm(w, r, http.StatusUnprocessableEntity, importView{Problem: migrations.SafeMessage(err)})
	}
	if err != nil {
		return err
	}
	v := peopleCheckView{PeoplePlan: plan, File: file, Refused: refused}
	if plan.New+plan.Changed > 0 {
		if v.Kept, _, err = s.store.PutBlob(ctx, strings.NewReader(plan.Lines())); err != nil {
			return fmt.Errorf("keep the plan: %w", err)
		}
	}
	v.Summary = s.peopleSummary(plan)
	var read []string
	for _, c := range plan.Columns {
		switch {
		case c.Field != "":
			read = append(read, fmt.Sprintf("%s (%s)", s.words.say("import.person."+string(c.Field)), c.Header))
		case c.Header != "":
			v.Unread = append(v.Unread, c.Header)
		}
	}
	v.Read = strings.Join(read, ", ")
	return s.render(w, r, status, "peoplecheck", view{Title: s.words.say("import.people_check"), Section: "people", Data: v})
}

func (s *site) peopleSummary(p *tracker.PeoplePlan) string {
	if p.Rows == 0 {
		return s.words.say("import.no_rows")
	}
	return s.words.say("import.n_rows", p.Rows) + " " + s.and(s.numbers(
		numbered{"import.n_new", p.New}, numbered{"import.p_changed", p.Changed}, numbered{"import.n_same", p.Same}, numbered{"import.n_bad", p.Bad})) + "."
}

// numbered is a word that a number belongs to.
type numbered struct {
	key string
	n   int
}

// numbers says those that are not none.
func (s *site) numbers(all ...numbered) (parts []string) {
	for _, x := range all {
		if x.n > 0 {
			parts = append(parts, s.words.say(x.key, x.n))
		}
	}
	return parts
}

func (s *site) peopleProblems(w http.ResponseWriter, r *http.Request) error {
	f, done, err := s.openImport(r.Context(), r.URL.Query().Get("file"), 0)
	if err != nil {
		if key := csvTrouble(err); key != "" {
			return migrations.Invalidf("%s", s.words.say(key))
		}
		return err
	}
	defer done()
	return s.sendCSV(w, r, "people-to-mend", func(w io.Writer) error { return s.store.BadPeople(r.Context(), f, w) })
}

func (s *site) peopleSample(w http.ResponseWriter, r *http.Request) error {
	return s.sendCSV(w, r, "people-sample", tracker.SamplePeople)
}

func (s *site) exportPeople(w http.ResponseWriter, r *http.Request) error {
	f := tracker.ClientFilter{Text: searched(r), Department: r.URL.Query().Get("department")}
	return s.sendCSV(w, r, "people", func(w io.Writer) error { return s.store.ExportPeople(r.Context(), actorOf(r), f, w) })
}

func (s *site) runPeople(w http.ResponseWriter, r *http.Request) error {
	file := r.PostFormValue("file")
	f, release, err := s.openImport(r.Context(), file, 0)
	if err != nil {
		return err
	}
	lines, err := s.importLines(r.Context(), r.PostFormValue("kept"))
	if err != nil {
		release()
		return err
	}
	actor := actorOf(r)
	j := &importJob{file: file, back: "/people/import/check?file=" + file, left: "/people/import/problems.csv?file=" + file}
	id, err := s.startImport(r, j, release, func(ctx context.Context, id int64, progress func(done, total int)) error {
		_, err := s.store.ImportPeople(ctx, actor, id, f, lines, progress)
		return err
	})
	if k := migrations.KindOf(err); err != nil && (k == migrations.Conflict || k == migrations.Invalid) {
		return s.peopleCheck(w, r, kindStatus[k], file, migrations.SafeMessage(err))
	}
	if err != nil {
		return err
	}
	return seeOther(w, r, "/people/import/"+strconv.FormatInt(id, 10))
}

// peopleImportedView is the page of an import of people that runs or ran.
type peopleImportedView struct {
	importState
	Summary string
	LeftTo  string
}

func (s *site) peopleImported(w http.ResponseWriter, r *http.Request) error {
	id, err := idParam(r, "id")
	if err != nil {
		return err
	}
	v := peopleImportedView{importState: s.importState(r, id)}
	if !v.Running && v.Failed == "" {
		d, err := s.store.PeopleImported(r.Context(), id)
		if err != nil {
			return err
		}
		v.Summary = s.and(s.numbers(numbered{"import.pd_new", d.New}, numbered{"import.d_changed", d.Changed}, numbered{"import.d_same", d.Same}, numbered{"import.d_left", d.Left})) + "."
		if j := s.imports.get(id); j != nil && d.Left > 0 {
			v.LeftTo = j.left
		}
	}
	return s.render(w, r, http.StatusOK, "peopleimported", view{Title: v.title, Section: "people", Data: v})
}
