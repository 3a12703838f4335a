package web

import (
	"cmp"
	"helpdeskd/migrations"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/launcher"
	"github.com/go-rod/rod/lib/launcher/flags"
	"github.com/go-rod/rod/lib/proto"
)

// usual is the engine of the tests in a browser: SQLite. ./test.sh --full has
// them all once more on PostgreSQL, by HELPDESKD_TEST_ENGINE=postgres.
var usual = cmp.Or(migrations.Engine(os.Getenv("HELPDESKD_TEST_ENGINE")), migrations.SQLite)

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
	t.Skip("there is no Chromium: ./test.sh installs it; or set HELPDESKD_TEST_CHROMIUM to run the browser tests")
	return ""
}

// chromium is a browser that runs.
type chromium struct {
	*rod.Browser
	run *launcher.Launcher
	dir string
}

func (c *chromium) end() {
	c.Close()
	c.run.Kill()
	os.RemoveAll(c.dir)
}

// browsers are those that run and that no test uses. Starting one takes longer
// than many a test.
var browsers struct {
	sync.Mutex
	idle []*chromium
}

// TestMain ends what the tests had in common.
func TestMain(m *testing.M) {
	code := m.Run()
	for _, c := range browsers.idle {
		c.end()
	}
	os.Exit(code)
}

// openBrowser gives a test a headless Chromium of its own, as if it had just
// been started: nothing of it outlasts the test. With further flags, each
// name=value, one is started for it alone.
func openBrowser(t testing.TB, more ...string) *rod.Browser {
	t.Helper()
	if len(more) > 0 {
		c := startChromium(t, more...)
		t.Cleanup(c.end)
		return c.Browser
	}
	browsers.Lock()
	var c *chromium
	if n := len(browsers.idle); n > 0 {
		c, browsers.idle = browsers.idle[n-1], browsers.idle[:n-1]
	}
	browsers.Unlock()
	if c == nil {
		c = startChromium(t)
	}
	b, err := c.Incognito()
	if err != nil {
		c.end()
		t.Fatalf("open a fresh browser: %v", err)
	}
	t.Cleanup(func() {
		if t.Failed() || c.forget() != nil {
			c.end()
			return
		}
		browsers.Lock()
		defer browsers.Unlock()
		browsers.idle = append(browsers.idle, c)
	})
	return b
}

// forget closes every page, and throws away what they stored.
func (c *chromium) forget() error {
	all, err := proto.TargetGetBrowserContexts{}.Call(c)
	if err != nil {
		return err
	}
	for _, id := range all.BrowserContextIDs {
		if err := (proto.TargetDisposeBrowserContext{BrowserContextID: id}).Call(c); err != nil {
			return err
		}
	}
	return nil
}

func startChromium(t testing.TB, more ...string) *chromium {
	t.Helper()
	path := browserPath(t)
	dir, err := os.MkdirTemp("", "chromium-")
	if err != nil {
		t.Fatal(err)
	}
	l := launcher.New().Bin(path).Leakless(false).Headless(true).NoSandbox(true).UserDataDir(dir).
		Set("disable-gpu").Set("disable-quic").Set("no-first-run").Set("disable-background-networking").
		Set("disable-component-update").Set("disable-sync").Set("lang", "en-GB").
		// Processes and threads that tests have no use for cost a fifth of the processor time.
		Set("in-process-gpu").Set("disable-gpu-rasterization").Set("js-flags", "--no-concurrent-recompilation").
		Append("disable-features", "SpareRendererForSitePerProcess")
	for _, f := range more {
		name, value, _ := strings.Cut(f, "=")
		l.Set(flags.Flag(name), value)
	}
	u, err := l.Launch()
	if err != nil {
		t.Fatalf("start Chromium: %v", err)
	}
	return &chromium{rod.New().ControlURL(u).MustConnect(), l, dir}
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
