package tracker

import (
	"bytes"
	"context"
	"fmt"
	"image"
	_ "image/jpeg" // to read how large a logo is
	_ "image/png"
	"io"

	"helpdeskd/migrations"
)

// LookThing owns the files of the site's look: the company's logo.
var LookThing = Thing{Kind: "look", ID: 1}

// The largest logo.
const (
	MaxLogo     = 1 << 20 // bytes
	maxLogoSide = 2048    // pixels: it is decoded once, whole
)

// SetLogoFile makes a picture the company's logo, in place of the one before.
// What it is is read from its bytes: PNG, JPEG or WebP, nothing that could run.
func (s *Store) SetLogoFile(ctx context.Context, actor Actor, name string, r io.Reader) (File, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxLogo+1))
	if err != nil {
		return File{}, fmt.Errorf("read the logo: %w", err)
	}
	if err := checkLogo(data); err != nil {
		return File{}, err
	}
	f, err := s.AddFile(ctx, actor, LookThing, name, bytes.NewReader(data))
	if err != nil {
		return File{}, fmt.Errorf("keep the logo: %w", err)
	}
	return f, s.useLogo(ctx, actor, f.UID)
}

// RemoveLogo goes back to the product's own mark.
func (s *Store) RemoveLogo(ctx context.Context, actor Actor) error { return s.useLogo(ctx, actor, "") }

func (s *Store) useLogo(ctx context.Context, actor Actor, uid string) error {
	if err := s.editSetting(ctx, actor, SetLogo, func(string) (string, error) { return uid, nil }); err != nil {
		return err
	}
	all, err := s.Files(ctx, LookThing)
	if err != nil {
		return err
	}
	for _, f := range all {
		if f.UID == uid {
			continue
		}
		if err := s.RemoveFile(ctx, actor, f.UID); err != nil && migrations.KindOf(err) != migrations.NotFound {
			return err
		}
	}
	return nil
}

func checkLogo(data []byte) error {
	wrong := func(format string, args ...any) error { return migrations.InvalidAt("logo", format, args...) }
	switch {
	case len(data) == 0:
		return wrong("Please choose a picture.")
	case len(data) > MaxLogo:
		return wrong("This picture is larger than 1 MB. Please choose a smaller one.")
	}
	switch contentType(data[:min(len(data), 512)]) {
	case "image/webp":
		return nil
	case "image/png", "image/jpeg":
	default:
		return wrong("This is not a PNG, JPEG or WebP picture.")
	}
	c, _, err := image.DecodeConfig(bytes.NewReader(data))
	switch {
	case err != nil:
		return wrong("This picture is damaged.")
	case c.Width > maxLogoSide || c.Height > maxLogoSide:
		return wrong("This picture is %d by %d pixels; the most is %d a side.", c.Width, c.Height, maxLogoSide)
	}
	if _, _, err := image.Decode(bytes.NewReader(data)); err != nil {
		return wrong("This picture is damaged.")
	}
	return nil
}
