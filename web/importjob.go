package web

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"sync"
	"time"

	"helpdeskd/inventory"
	"helpdeskd/migrations"
)

// importJob is an import that runs, or ran a while ago. What it did stands in
// the database; here is only how far it is, and why it failed.
type importJob struct {
	account int64
	file    string // its digest
	back    string // to the dry run
	left    string // to the rows that were left out

	mu    sync.Mutex
	done  int
	total int
	err   error
	end   time.Time
	over  chan struct{}
}

func (j *importJob) state() (done, total int, err error, over bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.done, j.total, j.err, !j.end.IsZero()
}

// importJobs are those of this process, by id.
type importJobs struct {
	mu  sync.Mutex
	all map[int64]*importJob
}

// add keeps a job, and returns the one that runs already where the same person
// has confirmed the same file twice.
func (js *importJobs) add(id int64, j *importJob) (int64, bool) {
	js.mu.Lock()
	defer js.mu.Unlock()
	for k, other := range js.all {
		_, _, _, over := other.state()
		if over && time.Since(other.end) > time.Hour {
			delete(js.all, k)
		}
		if !over && other.account == j.account && other.file == j.file && other.back == j.back {
			return k, false
		}
	}
	if js.all == nil {
		js.all = map[int64]*importJob{}
	}
	js.all[id] = j
	return id, true
}

func (js *importJobs) get(id int64) *importJob {
	js.mu.Lock()
	defer js.mu.Unlock()
	return js.all[id]
}

// runImport does what the dry run showed. It goes on when the browser goes
// away; what takes longer than a moment shows how far it is.
func (s *site) runImport(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	c := readChoice(r.PostForm)
	c.Options.SkipBad = r.PostFormValue("skip") == "1"
	f, release, err := s.openImport(ctx, c.File, c.Delimiter)
	if err != nil {
		return err
	}
	lines, err := s.importLines(ctx, r.PostFormValue("kept"))
	if err != nil {
		release()
		return err
	}
	actor := actorOf(r)
	j := &importJob{file: c.File, back: "/import/check?" + c.query().Encode(), left: "/import/problems.csv?" + c.query().Encode()}
	id, err := s.startImport(r, j, release, func(ctx context.Context, id int64, progress func(done, total int)) error {
		_, err := s.things.Import(ctx, actor, id, f, c.Options, lines, progress)
		return err
	})
	if k := migrations.KindOf(err); err != nil && (k == migrations.Conflict || k == migrations.Invalid) {
		return s.importCheck(w, r, kindStatus[k], c, migrations.SafeMessage(err))
	}
	if err != nil {
		return err
	}
	return seeOther(w, r, "/import/"+strconv.FormatInt(id, 10))
}

// startImport runs an import, and returns its id once it is over or has taken
// more than a moment. It goes on when the browser goes away. What failed by
// then is the error; release is called at the end.
func (s *site) startImport(r *http.Request, j *importJob, release func(), do importWork) (int64, error) {
	ctx := r.Context()
	j.account, j.over = accountOf(ctx).ID, make(chan struct{})
	id, fresh := s.imports.add(newImportID(), j)
	if !fresh {
		release()
		return id, nil
	}
	go func() {
		defer release()
		err := s.doImport(context.WithoutCancel(ctx), j, id, do)
		j.mu.Lock()
		defer j.mu.Unlock()
		j.err, j.end = err, time.Now()
		close(j.over)
	}()
	select {
	case <-j.over:
	case <-time.After(1500 * time.Millisecond):
	case <-ctx.Done():
	}
	if _, _, err, over := j.state(); over && err != nil {
		return id, err
	}
	return id, nil
}

// importWork writes what an import writes, telling how far it is.
type importWork func(ctx context.Context, id int64, progress func(done, total int)) error

func (s *site) doImport(ctx context.Context, j *importJob, id int64, do importWork) (err error) {
	defer func() {
		if v := recover(); v != nil {
			s.log.ErrorContext(ctx, "panic in an import", slog.Any("panic", v), slog.String("stack", string(debug.Stack())))
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	err = do(ctx, id, func(done, total int) {
		j.mu.Lock()
		defer j.mu.Unlock()
		j.done, j.total = done, total
	})
	if err != nil && (migrations.KindOf(err) == migrations.Internal || migrations.KindOf(err) == migrations.Temporary) {
		s.log.ErrorContext(ctx, "import failed", slog.Int64("import", id), slog.Any("error", err))
	}
	return err
}

// importLines reads the plan that the dry run's page kept.
func (s *site) importLines(ctx context.Context, digest string) (string, error) {
	gone := migrations.NotFoundf("%s", s.words.say("import.gone"))
	if !digestText.MatchString(digest) {
		return "", gone
	}
	blob, err := s.store.OpenBlob(ctx, digest)
	if migrations.KindOf(err) == migrations.NotFound {
		return "", gone
	}
	if err != nil {
		return "", err
	}
	defer blob.Close()
	return string(blob.Bytes()), nil
}

// newImportID is a number that cannot be guessed, since progress is shown by it.
func newImportID() int64 {
	var b [8]byte
	rand.Read(b[:])
	return int64(binary.BigEndian.Uint64(b[:])>>2) | 1
}

// importState is how far an import is, as its page shows it.
type importState struct {
	Running     bool
	Done, Total int
	Self        string
	Failed      string
	Back        string

	title string
}

func (s *site) importState(r *http.Request, id int64) importState {
	v := importState{Self: r.URL.Path, title: s.words.say("import.done")}
	if j := s.imports.get(id); j != nil {
		done, total, err, over := j.state()
		v.Back = j.back
		switch {
		case !over:
			v.Running, v.Done, v.Total, v.title = true, done, total, s.words.say("import.running")
		case err != nil:
			if v.Failed = migrations.SafeMessage(err); v.Failed == "" {
				v.Failed = s.words.say("import.failed")
			}
			v.title = s.words.say("import.not_done")
		}
	}
	return v
}

// importDoneView is the page of an import that runs or ran.
type importDoneView struct {
	importState
	Result  inventory.ImportDone
	Summary string
	Assets  []inventory.Asset
	More    int
	LeftTo  string // the rows that were left out, while the file waits
}

func (s *site) importDone(w http.ResponseWriter, r *http.Request) error {
	id, err := idParam(r, "id")
	if err != nil {
		return err
	}
	ctx := r.Context()
	v := importDoneView{importState: s.importState(r, id)}
	title := v.title
	if !v.Running && v.Failed == "" {
		if v.Result, err = s.things.Imported(ctx, id); err != nil {
			return err
		}
		if v.Assets, err = s.things.ImportedAssets(ctx, v.Result, 20); err != nil {
			return err
		}
		v.More = v.Result.New - len(v.Assets)
		d := v.Result
		var parts []string
		for _, p := range []struct {
			key string
			n   int
		}{{"import.d_new", d.New}, {"import.d_changed", d.Changed}, {"import.d_same", d.Same}, {"import.d_left", d.Left}} {
			if p.n > 0 {
				parts = append(parts, s.words.say(p.key, p.n))
			}
		}
		v.Summary = s.and(parts) + "."
		if j := s.imports.get(id); j != nil && d.Left > 0 {
			v.LeftTo = j.left
		}
		parts = nil
		if d.Models > 0 {
			parts = append(parts, s.words.say("import.n_models", d.Models))
		}
		if d.Places > 0 {
			parts = append(parts, s.words.say("import.n_places", d.Places))
		}
		if len(parts) > 0 {
			v.Summary += " " + s.words.say("import.d_with", s.and(parts))
		}
	}
	return s.render(w, r, http.StatusOK, "importdone", view{Title: title, Section: "assets", Data: v})
}
