package web

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/launcher"
	"github.com/go-rod/rod/lib/proto"
)

// browserPath finds Chromium, or skips the test.
func browserPath(t testing.TB) string {
	t.Helper()
	if p := os.Getenv("HELPDESKD_TEST_CHROMIUM"); p != "" {
		return p
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			return p
		}
	}
	t.Skip("no Chromium found: install chromium or set HELPDESKD_TEST_CHROMIUM to run the browser tests")
	return ""
}

// openBrowser starts a headless Chromium that ends with the test.
func openBrowser(t testing.TB) *rod.Browser {
	t.Helper()
	l := launcher.New().Bin(browserPath(t)).Leakless(false).Headless(true).NoSandbox(true).UserDataDir(t.TempDir()).
		Set("disable-gpu").Set("disable-quic").Set("no-first-run").Set("disable-background-networking").
		Set("disable-component-update").Set("disable-sync").Set("lang", "en-GB")
	u, err := l.Launch()
	if err != nil {
		t.Fatalf("start Chromium: %v", err)
	}
	b := rod.New().ControlURL(u).MustConnect()
	t.Cleanup(func() {
		b.Close()
		l.Kill()
	})
	return b
}

// openPage opens a page of a size, which fails the test when it waits too
// long, logs an error or breaks the Content-Security-Policy.
func openPage(t testing.TB, b *rod.Browser, width, height int) *rod.Page {
	t.Helper()
	p := b.MustPage("about:blank").Timeout(60 * time.Second)
	p.MustSetViewport(width, height, 1, width < 700)
	go p.EachEvent(func(e *proto.RuntimeExceptionThrown) {
		t.Errorf("script error: %s %s", e.ExceptionDetails.Text, e.ExceptionDetails.Exception.Description)
	}, func(e *proto.LogEntryAdded) {
		if e.Entry.Source == proto.LogLogEntrySourceSecurity {
			t.Errorf("the browser refused something: %s", e.Entry.Text)
		}
	})()
	proto.LogEnable{}.Call(p)
	return p
}
