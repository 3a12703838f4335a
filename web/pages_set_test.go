package web

import (
	"html/template"
	"strings"
	"testing"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
)

// TestPagesShareTheirTemplates: one set serves every page and zone, and no
// mark of a time is left on what people read.
func TestPagesShareTheirTemplates(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, migrations.SQLite))
	w.story()
	s := bareSite(t, w)
	var err error
	if s.pages, err = s.loadPages(); err != nil {
		t.Fatal(err)
	}
	if len(s.pages.of) < 30 {
		t.Fatalf("only %d pages", len(s.pages.of))
	}
	const asked = `{{at .}}`
	base, err := s.baseTemplates(s.pages.funcs())
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	at := migrations.At(time.Date(2026, 3, 1, 23, 30, 0, 0, time.UTC))
	if err := template.Must(base.New("asked").Parse(asked)).Execute(&b, at); err != nil {
		t.Fatal(err)
	}
	for zone, want := range map[string]string{"UTC": ">1 Mar, 23:30<", "Asia/Tokyo": ">2 Mar, 08:30<"} {
		got := string(s.pages.tell(s.face(zone), []byte("<p>"+b.String()+" and "+b.String()+"</p>")))
		if strings.Count(got, want) != 2 || strings.Contains(got, s.pages.mark) || !strings.HasSuffix(got, "</p>") {
			t.Errorf("in %s: %s", zone, got)
		}
	}
	for _, damaged := range []string{s.pages.mark, s.pages.mark + "w", s.pages.mark + "w12", s.pages.mark + ";", s.pages.mark + "wx;"} {
		if got := string(s.pages.tell(s.face(""), []byte("a"+damaged+"b"))); strings.Contains(got, s.pages.mark) {
			t.Errorf("%q is left: %q", damaged, got)
		}
	}
}
