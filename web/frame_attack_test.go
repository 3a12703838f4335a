package web

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/go-rod/rod/lib/proto"
)

// outside is the rest of the world: whatever name the browser asks for leads
// here, and every request is noted with what it tells.
type outside struct {
	addr string
	mu   sync.Mutex
	asks []*http.Request
	dial int
}

func newOutside(t *testing.T) *outside {
	o := &outside{}
	var dot bytes.Buffer
	pic := image.NewRGBA(image.Rect(0, 0, 240, 80))
	for i := range pic.Pix {
		pic.Pix[i] = []uint8{230, 120, 40, 255}[i%4]
	}
	pic.Set(3, 3, color.White)
	png.Encode(&dot, pic)
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.mu.Lock()
		o.asks = append(o.asks, r.Clone(t.Context()))
		o.mu.Unlock()
		w.Header().Set("Content-Type", "image/png")
		w.Write(dot.Bytes())
	}))
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			o.mu.Lock()
			o.dial++
			o.mu.Unlock()
		}
	}
	srv.StartTLS()
	t.Cleanup(srv.Close)
	o.addr = srv.Listener.Addr().String()
	return o
}

// asked returns what was asked for since the last time, host and path.
func (o *outside) asked() (list []*http.Request, dials int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	list, dials = o.asks, o.dial
	o.asks, o.dial = nil, 0
	return list, dials
}

// flags send every name but our own there, and those of the browser's own
// services nowhere.
func (o *outside) flags() []string {
	return []string{"host-resolver-rules=MAP *.googleapis.com ~NOTFOUND, MAP *.google.com ~NOTFOUND, MAP *.gvt1.com ~NOTFOUND, MAP * " + o.addr + ", EXCLUDE 127.0.0.1", "ignore-certificate-errors="}
}

// shopMail has pictures from outside, a tracker, and everything else that loads.
const shopMail = `<body bgcolor="#101820" text="#f4f4f4" background="https://evil.example/body.png"><style>@import "https://evil.example/a.css"; .x{background:url(https://evil.example/b.png)}</style>
<p class="x"><a href="https://shop.example/sale"><img src="https://cdn.shop.example/sale.png" alt="The sale" width="240"></a></p>
<img src="http://cdn.shop.example/second.png"><img src="https://track.shop.example/open.gif?who=7" width="1" height="1"><img src="https://192.0.2.1/private.png">
<a href="https://evil.example/">https://bank.example/login</a><link rel=stylesheet href=https://evil.example/c.css><video poster=https://evil.example/p.png src=https://evil.example/v.mp4 autoplay></video>`

// TestHostileMailsInABrowser opens every specimen that attacks by HTML, on its
// ticket's page, by the frame's own address and with pictures from outside
// asked for: no dialog opens, no script runs, no page goes away, and nothing is
// asked of anybody but the pictures, without cookies or the page's address.
func TestHostileMailsInABrowser(t *testing.T) {
	t.Parallel()
	mails := []string{shopMail, `<div style="margin:-9999px;padding:9999px;width:100%"><a href="https://evil.example/" style="display:block;height:4000px">x</a></div><meta http-equiv=refresh content="0;url=https://evil.example">`}
	for _, name := range slices.Sorted(maps.Keys(hostileHTML)) {
		mails = append(mails, hostileHTML[name])
	}
	dir := os.Getenv("HELPDESKD_CORPUS")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared", "corpus")
	}
	files, _ := filepath.Glob(filepath.Join(dir, "hostile", "x*.eml"))
	if len(files) == 0 {
		t.Log("the corpus is not there: set HELPDESKD_CORPUS to its folder for its specimens too")
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		_, body, _ := strings.Cut(strings.ReplaceAll(string(b), "\r\n", "\n"), "\n\n")
		mails = append(mails, body)
	}
	world := newOutside(t)
	d := newDrive(t, usual, 1440, 900, world.flags()...)
	d.Page = d.Page.CancelTimeout()
	for _, host := range []string{"cdn.shop.example", "evil.example"} {
		_, err := proto.NetworkSetCookie{Name: "who", Value: "me", Domain: host, Path: "/", Secure: true, SameSite: proto.NetworkCookieSameSiteNone}.Call(d)
		d.w.ok(err)
	}
	var mu sync.Mutex
	var bad []string
	remote := map[string]bool{} // what was asked for since the last look
	note := func(what string) { bad = append(bad, what) }
	go d.EachEvent(func(e *proto.NetworkRequestWillBeSent) {
		mu.Lock()
		defer mu.Unlock()
		if !strings.HasPrefix(e.Request.URL, d.url) && !strings.HasPrefix(e.Request.URL, "data:") {
			remote[e.Request.URL] = true
		}
	}, func(e *proto.PageJavascriptDialogOpening) {
		mu.Lock()
		note("a dialog: " + e.Message)
		mu.Unlock()
		_ = proto.PageHandleJavaScriptDialog{Accept: true}.Call(d)
	})()
	nothing := func(where string) {
		t.Helper()
		mu.Lock()
		defer mu.Unlock()
		asks, dials := world.asked()
		if len(remote) > 0 || len(asks) > 0 || dials > 0 {
			t.Errorf("%s: asked for %v, %d connections", where, slices.Collect(maps.Keys(remote)), dials)
			for _, r := range asks {
				t.Errorf("%s %s%s", r.Method, r.Host, r.URL)
			}
		}
		clear(remote)
	}
	world.asked() // what the browser does of its own at its start
	mu.Lock()
	clear(remote)
	mu.Unlock()
	for i, body := range mails {
		name := `"><script>alert(1)</script>`
		o, _ := d.w.arrives(letter{name: name, address: "eve@aldermere.example", subject: "</title>" + name + fmt.Sprint(i), text: name, html: body})
		number := strings.TrimPrefix(o.Ticket, "HD-")
		id := d.w.count(`SELECT MAX(id) FROM message`)
		d.open("/tickets/" + number)
		for _, e := range d.MustElements(".fold summary") {
			e.MustClick()
		}
		d.MustWait(`() => [...document.querySelectorAll("iframe")].every(f => f.contentDocument && f.contentDocument.readyState === "complete" && f.contentDocument.title && f.contentDocument.scripts.length === 0)`)
		if at := d.MustInfo().URL; at != d.url+"/tickets/"+number {
			t.Errorf("mail %d led to %s", i, at)
		}
		frame := fmt.Sprintf("/messages/%d/html", id)
		nothing(fmt.Sprintf("mail %d, %.60q", i, body))

		// The same with pictures: only those, and they learn nothing more.
		asks := d.MustElement("iframe").MustFrame()
		if has, link, _ := asks.Has(".hd-bar a"); has {
			link.MustFocus()
			asks.Keyboard.MustType('\r')
			d.MustWait(`() => [...document.querySelectorAll("iframe")].some(f => f.contentWindow.location.search === "?pictures=1" && f.contentDocument.readyState === "complete")`)
			mu.Lock()
			for u := range remote {
				if !strings.HasPrefix(u, "https://") || !strings.Contains(u, ".png") && !strings.Contains(u, "evil.example") || strings.Contains(u, "track.") || strings.Contains(u, "192.") {
					note(fmt.Sprintf("mail %d asked for %s", i, u))
				}
			}
			if i == 0 && len(remote) != 2 {
				note(fmt.Sprintf("the shop's pictures: %v", remote))
			}
			clear(remote)
			mu.Unlock()
			got, _ := world.asked()
			if i == 0 && len(got) != 2 {
				t.Errorf("%d pictures came", len(got))
			}
			for _, r := range got {
				if r.Header.Get("Cookie") != "" || r.Header.Get("Referer") != "" || r.Header.Get("Origin") != "" || r.Header.Get("Sec-Fetch-Dest") != "image" {
					t.Errorf("mail %d: %s%s learns %v", i, r.Host, r.URL, r.Header)
				}
			}
		}
		// Whoever opens the frame by itself, as a link in a mail could, gets none.
		d.open(frame + "?pictures=1")
		if at := d.MustInfo().URL; at != d.url+frame+"?pictures=1" {
			t.Errorf("the frame of mail %d led to %s", i, at)
		}
		nothing(fmt.Sprintf("the frame of mail %d by itself", i))
	}
	mu.Lock()
	defer mu.Unlock()
	for _, b := range bad {
		t.Error(b)
	}
}
