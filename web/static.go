package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"strings"
	"sync"
)

//go:embed static
var staticFiles embed.FS

// asset is one static file, named by its content so that it may be cached for ever.
type asset struct {
	data        []byte
	gzipped     func() []byte // made on the first request for it
	hash        string
	contentType string
}

// assets serves the embedded files under /static/. A URL that carries the
// content's hash is cached for a year; the plain name must be asked anew.
type assets struct {
	byName map[string]*asset // app.css, vendor/htmx.min.js, …
}

var assetTypes = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
	".txt": "text/plain; charset=utf-8",
	".png": "image/png",
	".ico": "image/x-icon",
}

// loadAssets reads the embedded files and draws the icons together into icons.svg.
func loadAssets() (*assets, error) {
	a := &assets{byName: map[string]*asset{}}
	sprite := &bytes.Buffer{}
	sprite.WriteString(`<svg xmlns="http://www.w3.org/2000/svg">`)
	err := fs.WalkDir(staticFiles, "static", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := staticFiles.ReadFile(p)
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(p, "static/")
		if icon, ok := strings.CutPrefix(name, "icons/"); ok {
			return addIcon(sprite, strings.TrimSuffix(icon, ".svg"), b)
		}
		a.add(name, b)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("load static files: %w", err)
	}
	sprite.WriteString(`</svg>`)
	a.add("icons.svg", sprite.Bytes())
	return a, nil
}

func (a *assets) add(name string, b []byte) {
	sum := sha256.Sum256(b)
	a.byName[name] = &asset{
		data: b,
		gzipped: sync.OnceValue(func() []byte {
			var z bytes.Buffer
			w, _ := gzip.NewWriterLevel(&z, gzip.BestCompression)
			w.Write(b)
			w.Close()
			return z.Bytes()
		}),
		hash:        hex.EncodeToString(sum[:6]),
		contentType: assetTypes[path.Ext(name)],
	}
}

var (
	iconTag   = regexp.MustCompile(`(?s)^\s*<svg([^>]*)>(.*)</svg>\s*$`)
	iconBlank = regexp.MustCompile(`<path stroke="none" d="M0 0h24v24H0z" fill="none" ?/>`)
)

// addIcon appends one Tabler icon to the sprite as a symbol.
func addIcon(sprite *bytes.Buffer, name string, svg []byte) error {
	m := iconTag.FindSubmatch(svg)
	if m == nil {
		return fmt.Errorf("icon %s is not an SVG file", name)
	}
	paint := `fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round"`
	if bytes.Contains(m[1], []byte(`fill="currentColor"`)) {
		paint = `fill="currentColor"`
	}
	inner := iconBlank.ReplaceAll(m[2], nil)
	fmt.Fprintf(sprite, `<symbol id="%s" viewBox="0 0 24 24" %s>%s</symbol>`, name, paint, bytes.TrimSpace(inner))
	return nil
}

// url returns the address of a file, with its content's hash.
func (a *assets) url(name string) (string, error) {
	f, ok := a.byName[name]
	if !ok {
		return "", fmt.Errorf("there is no static file %q", name)
	}
	ext := path.Ext(name)
	return "/static/" + strings.TrimSuffix(name, ext) + "." + f.hash + ext, nil
}

// find returns the file that a path under /static/ names, and whether the
// path carries the hash of exactly this content.
func (a *assets) find(name string) (f *asset, hashed bool) {
	if f, ok := a.byName[name]; ok {
		return f, false
	}
	ext := path.Ext(name)
	stem := strings.TrimSuffix(name, ext)
	i := strings.LastIndexByte(stem, '.')
	if i < 0 {
		return nil, false
	}
	f, ok := a.byName[stem[:i]+ext]
	if !ok || f.hash != stem[i+1:] {
		return nil, false
	}
	return f, true
}

func (a *assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f, hashed := a.find(strings.TrimPrefix(r.URL.Path, "/static/"))
	if f == nil || f.contentType == "" {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", f.contentType)
	h.Set("ETag", `"`+f.hash+`"`)
	h.Set("Vary", "Accept-Encoding")
	h.Set("Cache-Control", "public, no-cache")
	if hashed {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	if strings.Contains(r.Header.Get("If-None-Match"), f.hash) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	body := f.data
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		body = f.gzipped()
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("Content-Length", fmt.Sprint(len(body)))
	if r.Method != http.MethodHead {
		w.Write(body)
	}
}
