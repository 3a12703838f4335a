package inventory

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
)

// allocated returns how many bytes fn asked for in all.
func allocated(fn func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	fn()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestDeepPlacesInAnImport: every place above a place is looked up. One cell of
// 24 kB with 8,000 levels asked for more than a gigabyte.
func TestDeepPlacesInAnImport(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		d := newDesk(t, db)
		deep := "tag,model,category,serial,location,status\n"
		for i := range 5 {
			deep += fmt.Sprintf("T-%d,M,computer,S%d,P%d%s,stowed\n", i, i, i, strings.Repeat(" > a", 8000))
		}
		var p *ImportPlan
		if n := allocated(func() { p = d.check(deep, ImportOptions{}) }); n > 64<<20 {
			t.Errorf("a file of %d bytes asked for %d MB", len(deep), n>>20)
		}
		if p.Bad != 5 || len(p.Problems) != 5 || !strings.Contains(fmt.Sprint(p.Problems), "12 levels") {
			t.Errorf("%d bad rows: %+v", p.Bad, p.Problems)
		}
	})
}

// TestMillionsOfBlankRowsInAnImport: they are nothing to bring, but reading
// them all, for each delimiter that there may be, took a minute and a half.
func TestMillionsOfBlankRowsInAnImport(t *testing.T) {
	d := newDesk(t, dbtest.Open(t, migrations.SQLite))
	blank := "tag,model\n" + strings.Repeat("\n", 2_000_000) + "T-1,M\n"
	var err error
	n := allocated(func() {
		f := d.file(blank)
		if f.Delimiter != ',' {
			t.Errorf("delimiter %q", f.Delimiter)
		}
	})
	if n > 8<<20 {
		t.Errorf("finding out its delimiter asked for %d MB", n>>20)
	}
	if _, err = d.CheckImport(t.Context(), d.file(blank), ImportOptions{}); migrations.KindOf(err) != migrations.Invalid {
		t.Errorf("two million rows: %v", err)
	}
	if p := d.check("tag,model,status,location\n"+strings.Repeat("\n,,\n", 10_000)+"T-1,M,stowed,Store\n", ImportOptions{}); p.New != 1 || p.Rows != 1 {
		t.Errorf("some blank rows: %+v", p)
	}
}
