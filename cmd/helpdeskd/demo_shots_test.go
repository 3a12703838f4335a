package main

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/launcher"
	"github.com/go-rod/rod/lib/proto"

	"helpdeskd/cmd/helpdeskd/demo"
	"helpdeskd/inventory"
)

// maxShot is how large a picture of the documentation may be, in bytes.
const maxShot = 250 << 10

// shot is a picture of the documentation: a page of the demo.
type shot struct {
	name  string
	path  string // or, with find, where the link is
	find  string // the text of a link there, to be followed
	phone bool
	dark  bool
	asset string // of whose page it is, by hostname
	csv   string // brought in on the page
	// letter is found in the mailbox at path: its link to the employee's page is followed.
	letter string
	open   string // what is done before, in JavaScript
}

// TestDemoShots takes the pictures of the documentation from the running demo:
// HELPDESKD_SHOTS=$PWD/docs/screens go test ./cmd/helpdeskd -run TestDemoShots
// HELPDESKD_SHOT_NAMES chooses some of them.
func TestDemoShots(t *testing.T) {
	dir := os.Getenv("HELPDESKD_SHOTS")
	if dir == "" {
		t.Skip("HELPDESKD_SHOTS is not set: it names the folder for the documentation's pictures")
	}
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no chromium on this machine")
	}
	dataDir := t.TempDir()
	r := start(t, nil, "demo", "--http", "127.0.0.1:0", "--dir", dataDir, "--pace", "2h")
	r.signIn()
	r.ticketOn(time.Minute, "Wi-Fi in reception is gone") // the last that comes at once
	store := openTestStore(t, []string{"HELPDESKD_DATA_DIR=" + dataDir})
	eventually(t, time.Minute, "everything can be found", func() bool {
		var n int
		return store.DB().Get(t.Context(), &n, `SELECT COUNT(*) FROM search_queue`) == nil && n == 0
	})
	l := launcher.New().Bin(chromium).Leakless(false).Headless(true).NoSandbox(true).UserDataDir(t.TempDir()).
		Set("disable-gpu").Set("disable-quic").Set("no-first-run").Set("disable-background-networking").
		Set("disable-component-update").Set("disable-sync").Set("lang", "en-GB").Set("hide-scrollbars")
	at, err := l.Launch()
	if err != nil {
		t.Fatalf("start chromium: %v", err)
	}
	b := rod.New().ControlURL(at).MustConnect()
	t.Cleanup(func() {
		b.Close()
		l.Kill()
	})
	p := b.MustPage("about:blank").Timeout(3 * time.Minute)
	p.MustNavigate(r.site + "/login").MustWaitLoad()
	p.MustElement(`input[name=email]`).MustInput(demo.Technicians()[0].Address())
	p.MustElement(`input[name=password]`).MustInput(demo.Password)
	wait := p.MustWaitNavigation()
	p.MustElement(`form[action="/login"] button[type=submit], form[action="/login"] button`).MustClick()
	wait()
	only := strings.Fields(os.Getenv("HELPDESKD_SHOT_NAMES"))
	for _, s := range shots {
		if len(only) > 0 && !slices.Contains(only, s.name) {
			continue
		}
		theme, width, height := "light", 1440, 900
		if s.dark {
			theme = "dark"
		}
		if s.phone {
			width, height = 390, 844
		}
		p.MustSetViewport(width, height, 1, s.phone)
		proto.EmulationSetEmulatedMedia{Features: []*proto.EmulationMediaFeature{{Name: "prefers-color-scheme", Value: theme}, {Name: "prefers-reduced-motion", Value: "reduce"}}}.Call(p)
		path := s.path
		if s.find != "" {
			page := r.get(s.path)
			m := regexp.MustCompile(`href="([^"]+)"[^>]*>(?:\s|<[^>]+>)*` + regexp.QuoteMeta(s.find)).FindStringSubmatch(page)
			if m == nil {
				t.Errorf("%s: no link %q on %s", s.name, s.find, s.path)
				continue
			}
			path = m[1]
		}
		if s.letter != "" {
			who := path[strings.LastIndex(path, "/")+1:]
			m := regexp.MustCompile(`/r/[A-Za-z0-9_-]+`).FindString(r.get(r.letter(who, time.Minute, s.letter) + "?as=text"))
			if m == "" {
				t.Errorf("%s: no link to a page in a letter on %q", s.name, s.letter)
				continue
			}
			path = m
		}
		if s.asset != "" {
			found, _, err := inventory.New(store).Assets(t.Context(), inventory.AssetFilter{Text: s.asset}, "", 20)
			i := slices.IndexFunc(found, func(a inventory.Asset) bool { return a.Hostname == s.asset })
			if err != nil || i < 0 {
				t.Errorf("%s: no asset %s: %v", s.name, s.asset, err)
				continue
			}
			path = fmt.Sprintf("/assets/%d", found[i].ID)
		}
		p.MustNavigate(r.site + path).MustWaitLoad()
		p.MustWaitIdle()
		if s.csv != "" {
			p.MustElement(`textarea[name=text]`).MustInput(s.csv)
			wait := p.MustWaitNavigation()
			p.MustElement(`form[action="/import"] .btn-primary`).MustClick()
			wait()
			p.MustWaitIdle()
		}
		if s.open != "" {
			p.MustEval(`() => {` + s.open + `}`)
			p.MustWaitDOMStable()
		}
		p.MustWait(`() => [...document.images].every((i) => i.complete || i.getBoundingClientRect().top > innerHeight)`)
		raw := p.MustScreenshot()
		small, err := quantised(raw)
		if err != nil {
			t.Fatal(err)
		}
		if len(small) > maxShot {
			t.Errorf("%s has %d KiB", s.name, len(small)>>10)
		}
		if err := os.WriteFile(filepath.Join(dir, s.name+".png"), small, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// shots are the pictures, in the order of the pages that show them.
var shots = []shot{
	{name: "board", path: "/board"},
	{name: "board-phone", path: "/board", phone: true},
	{name: "ticket", path: "/board", find: "Pendulum: projector goes off after ten minutes"},
	{name: "unknowns", path: "/board", find: "Timing machine loses its connection"},
	{name: "diagnosis", path: "/board", find: "Customs program wants a new password every morning", open: `for (const d of document.querySelectorAll('details')) if (/Diagnosis/.test(d.textContent)) { d.open = true; d.scrollIntoView({block: 'center'}) }`},
	{name: "family", path: "/board", find: "Shared drives are gone in the whole house"},
	{name: "manager", path: "/overview"},
	{name: "trends", path: "/trends"},
	{name: "employee-phone", path: "/demo/as/beatrix.underhill", letter: "photographs of the 1912 regulator", phone: true},
	{name: "ticket-dark", path: "/board", find: "Screen reader for a new colleague", dark: true},
	{name: "composer", path: "/board", find: "Customs program wants a new password every morning", open: `document.querySelector('.composer, [data-composer], #composer')?.scrollIntoView({block: 'end'}); for (const x of document.querySelectorAll('button, a, label')) if (x.textContent.trim() === 'Fix') { x.click(); break }`},
	{name: "form", path: "/board", find: "Excel closes by itself"},
	{name: "reading", path: "/settings/forms/read?q=IT+support", find: "New IT support request"},
	{name: "tickets", path: "/tickets?archived=also&category=5"},
	{name: "search", path: "/search?q=fan"},
	{name: "assets", path: "/assets?category=computer"},
	{name: "alike", path: "/assets?alike=1&category=part"},
	{name: "asset", asset: "FH-NB-0121"},
	{name: "asset-phone", asset: "FH-NB-0121", phone: true},
	{name: "order", path: "/orders", find: "Left fan rattles"},
	{name: "person", path: "/people?q=Dmitri+Vale", find: "Dmitri Vale"},
	{name: "import", path: "/import", csv: "model;manufacturer;serial;holder mail;location;purchase date;warranty months\n" +
		"Slate 14;Corvid;CS14-KD70031;clara.whitlock@finchharrow.example;;14/03/2026;36\n" +
		"Slate 14;Corvid;CS14-KD70044;;Main house > Store room;14/03/2026;36\n" +
		"Slate 14;Corvid;CS14-UF39573;;Main house > Store room;31/02/2026;36\n" +
		"B27;Brightwater;BW27-MM20014;robin@finchharow.example;;20/03/2026;36\n" +
		"Dock 12;Dockley;;;Main house > Store room;20/03/2026;24\n"},
	{name: "mail", path: "/mail"},
	{name: "ledger", path: "/mail/ledger"},
	{name: "connect", path: "/settings/mailboxes/new?kind=microsoft365"},
	{name: "alarms", path: "/settings/alarms"},
	{name: "audit", path: "/audit?actor=account%3A1"},
}

// quantised is a picture with at most 256 colours, those that are most common.
func quantised(raw []byte) ([]byte, error) {
	img, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	size := img.Bounds()
	rgba := image.NewRGBA(size)
	draw.Draw(rgba, size, img, size.Min, draw.Src)
	counts := map[color.RGBA]int{}
	for i := 0; i < len(rgba.Pix); i += 4 {
		counts[color.RGBA{rgba.Pix[i] &^ 3, rgba.Pix[i+1] &^ 3, rgba.Pix[i+2] &^ 3, 255}]++
	}
	// Flat colours stay exactly what they are.
	exact := map[color.RGBA]map[color.RGBA]int{}
	for i := 0; i < len(rgba.Pix); i += 4 {
		c := color.RGBA{rgba.Pix[i], rgba.Pix[i+1], rgba.Pix[i+2], 255}
		k := color.RGBA{c.R &^ 3, c.G &^ 3, c.B &^ 3, 255}
		if exact[k] == nil {
			exact[k] = map[color.RGBA]int{}
		}
		exact[k][c]++
	}
	keys := make([]color.RGBA, 0, len(counts))
	for k := range counts {
		keys = append(keys, k)
	}
	sort.Slice(keys, func(i, j int) bool { return counts[keys[i]] > counts[keys[j]] })
	palette := color.Palette{}
	for _, k := range keys {
		best, n := k, 0
		for c, m := range exact[k] {
			if m > n {
				best, n = c, m
			}
		}
		near := false
		for i, c := range palette {
			d := c.(color.RGBA)
			if i < 24 {
				near = near || abs(int(d.R)-int(best.R))+abs(int(d.G)-int(best.G))+abs(int(d.B)-int(best.B)) < 3
				continue
			}
			near = near || abs(int(d.R)-int(best.R))+abs(int(d.G)-int(best.G))+abs(int(d.B)-int(best.B)) < 12
		}
		if !near {
			palette = append(palette, best)
		}
		if len(palette) == 256 {
			break
		}
	}
	out := image.NewPaletted(size, palette)
	known := map[color.RGBA]uint8{}
	for y := size.Min.Y; y < size.Max.Y; y++ {
		for x := size.Min.X; x < size.Max.X; x++ {
			c := rgba.RGBAAt(x, y)
			i, ok := known[c]
			if !ok {
				i = uint8(palette.Index(c))
				known[c] = i
			}
			out.SetColorIndex(x, y, i)
		}
	}
	var b bytes.Buffer
	err = (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, out)
	return b.Bytes(), err
}

func abs(n int) int { return max(n, -n) }
