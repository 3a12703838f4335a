package web

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// pagePolicy is the Content-Security-Policy of every page. Tabler draws its
// form controls with data: images.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
	"connect-src 'self'; font-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// mailPolicy is that of the frame that shows a mail's HTML: no scripts, no
// forms, nothing from outside. It holds too when the frame's address is
// opened by itself.
const mailPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; form-action 'none'; base-uri 'none'; " +
	"frame-ancestors 'self'; sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox"

// picturesPolicy is mailPolicy with pictures from outside, for the one view
// that asks for them.
const picturesPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data: https:; form-action 'none'; base-uri 'none'; " +
	"frame-ancestors 'self'; sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox"

// filePolicy is that of whatever people attached.
const filePolicy = "default-src 'none'; sandbox; frame-ancestors 'none'"

// secureHeaders sets on every answer what browsers should insist on.
func (s *site) secureHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", pagePolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		// Else browsers look the hosts of a mail's links up before anybody follows one.
		h.Set("X-DNS-Prefetch-Control", "off")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()")
		if s.secure {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

// crossOrigin refuses changes that another site's page asks for. A request
// with neither Sec-Fetch-Site nor Origin passes it, which is why the session
// cookie is SameSite too.
func (s *site) crossOrigin() (func(http.Handler) http.Handler, error) {
	p := http.NewCrossOriginProtection()
	if s.opts.PublicURL != "" {
		if err := p.AddTrustedOrigin(strings.TrimSuffix(originOf(s.opts.PublicURL), "/")); err != nil {
			return nil, err
		}
	}
	p.SetDenyHandler(s.handle(func(w http.ResponseWriter, r *http.Request) error {
		return errCrossSite
	}))
	return p.Handler, nil
}

// originOf cuts a URL down to scheme://host[:port].
func originOf(u string) string {
	scheme, rest, _ := strings.Cut(u, "://")
	host, _, _ := strings.Cut(rest, "/")
	return scheme + "://" + host
}

// clientIP is the address of who asks. X-Forwarded-For is believed only as
// far as trusted proxies wrote it: the last address in it that is none of
// theirs.
func (s *site) clientIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	if !s.trusts(host) {
		return host
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop := strings.TrimSpace(hops[i])
		if _, err := netip.ParseAddr(hop); err != nil {
			return host
		}
		if !s.trusts(hop) {
			return hop
		}
		host = hop
	}
	return host
}

func (s *site) trusts(ip string) bool {
	a, err := netip.ParseAddr(ip)
	if err != nil {
		return false
	}
	for _, p := range s.opts.TrustedProxies {
		if p.Contains(a.Unmap()) {
			return true
		}
	}
	return false
}

// localPath returns a path of this site to go to, or fallback when next
// would lead anywhere else.
func localPath(next, fallback string) string {
	if !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n\t") {
		return fallback
	}
	return next
}
