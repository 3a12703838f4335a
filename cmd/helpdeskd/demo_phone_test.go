package main

import (
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/launcher"
)

// TestDemoOnAPhone: no page of the demo is wider than a phone, and the person
// who was chosen can be seen in the strip of people.
func TestDemoOnAPhone(t *testing.T) {
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("there is no chromium: ./test.sh installs it")
	}
	r := start(t, nil, "demo", "--http", "127.0.0.1:0", "--dir", t.TempDir(), "--quiet")
	// A letter that nobody has read puts a number, and words for screen readers, at the strip's far end.
	r.upload("/demo/as/beatrix.underhill/write", map[string]string{"subject": "The tablets do not charge", "text": "None of them."}, "", "")
	eventually(t, 20*time.Second, "the acknowledgement", func() bool { return strings.Contains(r.get("/demo"), " unread") })
	l := launcher.New().Bin(chromium).Leakless(false).Headless(true).NoSandbox(true).UserDataDir(t.TempDir()).
		Set("disable-gpu").Set("disable-quic").Set("no-first-run").Set("disable-background-networking").
		Set("disable-component-update").Set("disable-sync")
	at, err := l.Launch()
	if err != nil {
		t.Fatalf("start chromium: %v", err)
	}
	b := rod.New().ControlURL(at).MustConnect()
	t.Cleanup(func() {
		b.Close()
		l.Kill()
	})
	p := b.MustPage("about:blank").Timeout(60 * time.Second)
	p.MustSetViewport(390, 844, 1, true)
	for _, path := range []string{"/demo", "/demo/as/beatrix.underhill", "/demo/as/beatrix.underhill/write", "/demo/as/beatrix.underhill/form", "/demo/as/beatrix.underhill/letters/1"} {
		p.MustNavigate(r.site + path).MustWaitLoad()
		if over := p.MustEval(`() => document.documentElement.scrollWidth - document.documentElement.clientWidth`).Int(); over > 0 {
			t.Errorf("%s is %d px wider than a phone", path, over)
		}
		if path != "/demo" && !p.MustEval(`() => { const r = document.querySelector("#people [aria-current]").getBoundingClientRect(); return r.left >= 0 && r.right <= innerWidth }`).Bool() {
			t.Errorf("%s: who was chosen is out of sight", path)
		}
	}
	if code := r.end(); code != 0 {
		t.Errorf("exit %d", code)
	}
}
