package main

import (
	"bytes"
	"context"
	"fmt"
	"html"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"helpdeskd/cmd/helpdeskd/demo"
	"helpdeskd/tracker"
)

// output is what a running program has printed so far.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// running is a program that runs in this process until it is told to stop.
type running struct {
	t        *testing.T
	out, err output
	stop     context.CancelFunc
	code     chan int
	ended    bool
	site     string
	client   *http.Client
}

// start runs the program and waits until it says where its site is.
func start(t *testing.T, environ []string, args ...string) *running {
	t.Helper()
	return startAt(t, regexp.MustCompile(`(?m)^web: (http://\S+)/$`), environ, args...)
}

// startAt is start for what the program prints otherwise.
func startAt(t *testing.T, where *regexp.Regexp, environ []string, args ...string) *running {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	r := &running{t: t, stop: stop, code: make(chan int, 1)}
	go func() {
		r.code <- execute(ctx, args, console{in: strings.NewReader(""), out: &r.out, err: &r.err, environ: environ})
	}()
	t.Cleanup(func() {
		r.end()
		if t.Failed() {
			t.Logf("stdout:\n%s\nstderr:\n%s", r.out.String(), r.err.String())
		}
	})
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	r.client = &http.Client{Jar: jar, Timeout: 20 * time.Second}
	eventually(t, time.Minute, "the program says where its site is", func() bool {
		select {
		case code := <-r.code:
			t.Fatalf("it ended with %d: %s", code, r.err.String())
		default:
		}
		if m := where.FindStringSubmatch(r.out.String()); m != nil {
			r.site = m[1]
		}
		return r.site != ""
	})
	return r
}

// end stops the program and returns its exit status.
func (r *running) end() int {
	if r.ended {
		return 0
	}
	r.ended = true
	r.stop()
	select {
	case code := <-r.code:
		return code
	case <-time.After(30 * time.Second):
		r.t.Error("the program does not stop")
		return -1
	}
}

// eventually waits for a condition, looking often.
func eventually(t *testing.T, within time.Duration, what string, fits func() bool) {
	t.Helper()
	look := time.NewTicker(25 * time.Millisecond)
	defer look.Stop()
	over := time.After(within)
	for !fits() {
		select {
		case <-look.C:
		case <-over:
			t.Fatalf("not within %s: %s", within, what)
		}
	}
}

func (r *running) get(path string) string {
	r.t.Helper()
	a, err := r.client.Get(r.site + path)
	if err != nil {
		r.t.Fatal(err)
	}
	return r.read(path, a)
}

func (r *running) post(path string, fields url.Values) string {
	r.t.Helper()
	a, err := r.client.PostForm(r.site+path, fields)
	if err != nil {
		r.t.Fatal(err)
	}
	return r.read(path, a)
}

func (r *running) read(path string, a *http.Response) string {
	r.t.Helper()
	defer a.Body.Close()
	b, err := io.ReadAll(a.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	if a.StatusCode != http.StatusOK {
		r.t.Fatalf("%s: %s\n%s", path, a.Status, b)
	}
	return html.UnescapeString(string(b))
}

// upload posts a form with a file.
func (r *running) upload(path string, fields map[string]string, file, content string) string {
	r.t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for k, v := range fields {
		if err := w.WriteField(k, v); err != nil {
			r.t.Fatal(err)
		}
	}
	if file != "" {
		p, err := w.CreateFormFile("file", file)
		if err != nil {
			r.t.Fatal(err)
		}
		fmt.Fprint(p, content)
	}
	w.Close()
	a, err := r.client.Post(r.site+path, w.FormDataContentType(), &b)
	if err != nil {
		r.t.Fatal(err)
	}
	return r.read(path, a)
}

func (r *running) signIn() {
	r.t.Helper()
	admin := demo.Technicians()[0]
	if page := r.post("/login", url.Values{"email": {admin.Address()}, "password": {demo.Password}}); strings.Contains(page, `action="/login"`) {
		r.t.Fatal("the printed sign-in is refused")
	}
}

// letter waits for a letter to somebody that has these words, and returns its path.
func (r *running) letter(key string, within time.Duration, words ...string) string {
	r.t.Helper()
	link := regexp.MustCompile(`/demo/as/` + regexp.QuoteMeta(key) + `/letters/\d+`)
	found := ""
	seen := map[string]bool{}
	eventually(r.t, within, fmt.Sprintf("a letter to %s with %q", key, words), func() bool {
		for _, path := range link.FindAllString(r.get("/demo/as/"+key), -1) {
			if seen[path] {
				continue
			}
			page := r.get(path + "?as=text")
			page = page[strings.Index(page, "<article"):]
			all := strings.Contains(page, "demo-answer") // received, not sent
			for _, w := range words {
				all = all && strings.Contains(page, w)
			}
			if all {
				found = path
				return true
			}
			seen[path] = true
		}
		return false
	})
	return found
}

// ticketOn returns the number of the ticket with a subject, once the board shows it.
func (r *running) ticketOn(within time.Duration, subject string) string {
	r.t.Helper()
	card := regexp.MustCompile(`href="/tickets/(\d+)">\s*` + regexp.QuoteMeta(subject))
	number := ""
	eventually(r.t, within, "the board shows "+subject, func() bool {
		if m := card.FindStringSubmatch(r.get("/board")); m != nil {
			number = m[1]
		}
		return number != ""
	})
	return number
}

// answersAtOnce has answers leave without waiting to be taken back, by the
// page of settings: what else stands there is sent back as it is.
func (r *running) answersAtOnce() {
	r.t.Helper()
	page := r.get("/settings/tickets")
	fields := url.Values{}
	for _, tag := range regexp.MustCompile(`<input [^>]*>`).FindAllString(page[strings.Index(page, `action="/settings/tickets"`):], -1) {
		of := func(name string) string {
			m := regexp.MustCompile(` ` + name + `="([^"]*)"`).FindStringSubmatch(tag)
			return append(m, "", "")[1]
		}
		chosen := of("type") != "checkbox" && of("type") != "radio" || strings.Contains(tag, " checked")
		if of("name") != "" && chosen {
			fields.Set(of("name"), of("value"))
		}
	}
	if fields.Get(tracker.SetTakeBack) != "10" {
		r.t.Fatalf("the page of settings says %v", fields)
	}
	fields.Set(tracker.SetTakeBack, "0")
	r.post("/settings/tickets", fields)
	if page := r.get("/settings/tickets"); !regexp.MustCompile(`name="mail.take_back"[^>]* value="0"`).MatchString(page) {
		r.t.Fatal("the setting was not saved")
	}
}

func TestDemoIsTheWholeProduct(t *testing.T) {
	r := start(t, nil, "demo", "--http", "127.0.0.1:0", "--dir", t.TempDir())
	r.signIn()
	r.answersAtOnce()

	// The sample mails arrive by themselves.
	r.ticketOn(15*time.Second, "Screen")
	r.ticketOn(15*time.Second, "Labels come out mirrored")

	// An employee writes; it is on the board, and the acknowledgement comes.
	r.upload("/demo/as/theo.mbeki/write", map[string]string{"subject": "The cuckoo is stuck", "text": "It says Cu and nothing else."}, "cuckoo & sound.txt", "Cu")
	n := r.ticketOn(20*time.Second, "The cuckoo is stuck")
	r.letter("theo.mbeki", 20*time.Second, "[HD-"+n+"]", "The cuckoo is stuck", "We have your request\n====") // the text part, not the design's words
	if page := r.get("/tickets/" + n); !strings.Contains(page, "cuckoo & sound.txt") || !strings.Contains(page, "It says Cu and nothing else.") {
		t.Error("the ticket shows neither the text nor the file")
	}

	// A technician answers on the site; the employee answers the answer.
	r.post("/tickets/"+n+"/reply", url.Values{"text": {"Please wind it up to the top."}})
	answer := r.letter("theo.mbeki", 20*time.Second, "Please wind it up to the top.")
	r.upload(answer+"/answer", map[string]string{"text": "Now it says Ckoo."}, "", "")
	eventually(t, 20*time.Second, "the employee's answer is on the ticket", func() bool { return strings.Contains(r.get("/tickets/"+n), "Now it says Ckoo.") })

	// A technician answers by mail, from their own mailbox.
	told := r.letter("tobias.okafor", 20*time.Second, "HD-"+n)
	r.upload(told+"/answer", map[string]string{"text": "I bring the small screwdriver."}, "", "")
	r.letter("theo.mbeki", 20*time.Second, "I bring the small screwdriver.")
	if page := r.get("/tickets/" + n); !strings.Contains(page, "I bring the small screwdriver.") {
		t.Error("the technician's mail is not on the ticket")
	}

	// The form arrives as its flow's mail, and is the responder's ticket.
	r.post("/demo/as/amelie.vasseur/form", url.Values{"happened": {"Le coucou est coincé."}, "effect": {"On ne sait plus l'heure."}})
	f := r.ticketOn(20*time.Second, "Le coucou est coincé")
	if page := r.get("/tickets/" + f); !strings.Contains(page, "Amélie Vasseur") || !strings.Contains(page, "On ne sait plus l'heure.") {
		t.Error("the form's ticket has not the right person or answers")
	}
	r.letter("amelie.vasseur", 20*time.Second, "[HD-"+f+"]")

	if got := strings.Count(r.get("/tickets?q=cuckoo"), `href="/tickets/`+n+`"`); got == 0 {
		t.Error("the list does not show the ticket")
	}

	// The manager signs in too, and is shown the plain view by the demo's own link.
	r.post("/logout", nil)
	page := r.post("/login", url.Values{"email": {demo.Manager().Address()}, "password": {demo.Password}, "next": {"/board"}})
	if !strings.Contains(page, "<h1>Overview</h1>") || strings.Contains(page, `action="/login"`) {
		t.Errorf("the manager's page:\n%s", page)
	}
	if page := r.get("/requests"); !strings.Contains(page, "<h1>Requests</h1>") || !strings.Contains(page, "The cuckoo is stuck") {
		t.Errorf("the manager's requests:\n%s", page)
	}
	if code := r.end(); code != 0 {
		t.Errorf("exit %d", code)
	}
}

func TestDemoKeepsItsFolderAndSaysWhatIsTaken(t *testing.T) {
	dir := t.TempDir()
	first := start(t, nil, "demo", "--http", "127.0.0.1:0", "--dir", dir, "--quiet")
	first.signIn()
	first.upload("/demo/as/theo.mbeki/write", map[string]string{"subject": "Kept for tomorrow", "text": "x"}, "", "")
	n := first.ticketOn(20*time.Second, "Kept for tomorrow")

	_, port, _ := strings.Cut(strings.TrimPrefix(first.site, "http://"), ":")
	if again := program(t, "", nil, "demo", "--http", "127.0.0.1:"+port); again.code != 1 || !strings.Contains(again.err, "--http") || strings.Count(again.err, "\n") != 1 {
		t.Errorf("a taken port: %+v", again)
	}
	if again := program(t, "", nil, "demo", "--http", "127.0.0.1:0", "--dir", dir); again.code != 1 || !strings.Contains(again.err, "another helpdeskd is running") {
		t.Errorf("a taken folder: %+v", again)
	}
	if code := first.end(); code != 0 {
		t.Fatalf("exit %d", code)
	}
	second := start(t, nil, "demo", "--http", "127.0.0.1:0", "--dir", dir, "--quiet")
	second.signIn()
	if got := second.ticketOn(20*time.Second, "Kept for tomorrow"); got != n {
		t.Errorf("the ticket is HD-%s now, it was HD-%s", got, n)
	}
	// New mail is new, though the mail server starts anew.
	second.upload("/demo/as/theo.mbeki/write", map[string]string{"subject": "Written after the restart", "text": "x"}, "", "")
	second.ticketOn(20*time.Second, "Written after the restart")
}

// Every kind of sample mail meets the fate that it is there to show.
func TestDemoSamplesMeetTheirFates(t *testing.T) {
	dir := t.TempDir()
	r := start(t, nil, "demo", "--http", "127.0.0.1:0", "--dir", dir, "--pace", "300ms")
	r.signIn()
	store := openTestStore(t, []string{"HELPDESKD_DATA_DIR=" + dir})
	fates := map[string]string{} // by a piece of the subject; "" for none yet
	want := map[string]string{
		"Screen": "new", "Labels come out mirrored": "new", "customs site": "new", "Messprogramm": "new", "Visioconférence": "new",
		"Automatic reply": "append", "Re: internet???": "append", "Delivery of your order": "new", "are you at your desk": "pending",
		"Undeliverable": "none", "Re: Laboratory": "append", "Fwd: Your parcel": "new", "Re: Screen": "append",
	}
	eventually(t, time.Minute, "all sample mails are decided", func() bool {
		page, err := store.Ledger(t.Context(), tracker.MailFilter{}, 0, 40)
		if err != nil {
			t.Fatal(err)
		}
		forms := 0
		for _, row := range page.Mails {
			named := "" // the longest: "Re: Screen" is not "Screen"
			for piece := range want {
				if strings.Contains(row.Subject, piece) && len(piece) > len(named) {
					named = piece
				}
			}
			if row.Fate != "" && named != "" && fates[named] == "" {
				fates[named] = row.Fate
			}
			if row.Fate == "duplicate" {
				forms++
			}
		}
		return len(fates) == len(want) && forms == 1
	})
	for piece, fate := range want {
		if fates[piece] != fate {
			t.Errorf("%q became %q, not %q", piece, fates[piece], fate)
		}
	}
	h, err := store.Health(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range h.Outbox {
		if (c.What == "dead" || c.What == "uncertain") && c.N > 0 {
			t.Errorf("%d mails are %s", c.N, c.What)
		}
	}
	if h.Held != 1 {
		t.Errorf("%d mails are held", h.Held)
	}
}
