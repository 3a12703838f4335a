package web

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/go-rod/rod/lib/proto"

	"helpdeskd/migrations"
)

// TestHostileMailsInABrowser opens every specimen that attacks by HTML, on its
// ticket's page and by the frame's own address: no dialog opens, nothing is
// asked of anybody else, and no page goes away.
func TestHostileMailsInABrowser(t *testing.T) {
	dir := os.Getenv("HELPDESKD_CORPUS")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared", "corpus")
	}
	files, _ := filepath.Glob(filepath.Join(dir, "hostile", "x*.eml"))
	if len(files) == 0 {
		t.Skip("the corpus is not there: set HELPDESKD_CORPUS to its folder")
	}
	mails := []string{`<div style="margin:-9999px;padding:9999px;width:100%"><a href="https://evil.example/" style="display:block;height:4000px">x</a></div><meta http-equiv=refresh content="0;url=https://evil.example"><img src=https://evil.example/t.gif>`}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		_, body, _ := strings.Cut(string(b), "\r\n\r\n")
		mails = append(mails, body)
	}
	d := newDrive(t, migrations.SQLite, 1440, 900)
	var mu sync.Mutex
	var bad []string
	note := func(what string) {
		mu.Lock()
		defer mu.Unlock()
		bad = append(bad, what)
	}
	wait := d.EachEvent(func(e *proto.NetworkRequestWillBeSent) {
		if !strings.HasPrefix(e.Request.URL, d.url) && !strings.HasPrefix(e.Request.URL, "data:") {
			note("asked for " + e.Request.URL)
		}
	}, func(e *proto.PageJavascriptDialogOpening) {
		note("a dialog: " + e.Message)
		_ = proto.PageHandleJavaScriptDialog{Accept: true}.Call(d)
	})
	go wait()
	for i, html := range mails {
		name := `"><script>alert(1)</script>`
		o, _ := d.w.arrives(letter{name: name, address: "eve@aldermere.example", subject: "</title>" + name, text: name, html: html})
		number := strings.TrimPrefix(o.Ticket, "HD-")
		id := d.w.count(`SELECT MAX(id) FROM message`)
		d.open("/tickets/" + number)
		for _, e := range d.MustElements(".fold summary") {
			e.MustClick()
		}
		d.MustWait(`() => [...document.querySelectorAll("iframe")].every(f => f.contentDocument && f.contentDocument.readyState === "complete" && f.contentDocument.scripts.length === 0)`)
		if at := d.MustInfo().URL; at != d.url+"/tickets/"+number {
			t.Errorf("mail %d led to %s", i, at)
		}
		d.open(fmt.Sprintf("/messages/%d/html", id))
		if at := d.MustInfo().URL; at != fmt.Sprintf("%s/messages/%d/html", d.url, id) {
			t.Errorf("the frame of mail %d led to %s", i, at)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	for _, b := range bad {
		t.Error(b)
	}
}
