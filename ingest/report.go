package ingest

import (
	"bytes"
	"strings"
)

// report is the machine-readable side of a multipart/report (RFC 6522), found
// wherever it stands: servers mislabel the outer type.
type report struct {
	status   bool // a delivery status (RFC 3464)
	receipt  bool // a disposition notification (RFC 8098)
	feedback bool // a complaint (RFC 5965)
	formal   bool // it stands in a multipart/report
	fields   []header
	original header // of the message that the report is about
	hasOrig  bool
}

const maxReportBytes = 256 << 10

// findReport looks through the parts for reports, not into attached messages.
func findReport(root *node, w *walker) report {
	var r report
	seen := 0
	var visit func(n *node)
	visit = func(n *node) {
		if seen++; seen > maxParts {
			return
		}
		r.formal = r.formal || n.typ == "multipart/report"
		switch n.typ {
		case "message/delivery-status", "message/global-delivery-status":
			r.status = true
			r.fields = append(r.fields, w.blocks(n)...)
		case "message/disposition-notification", "message/global-disposition-notification":
			r.receipt = true
		case "message/feedback-report":
			r.feedback = true
		case "message/rfc822", "message/global", "text/rfc822-headers", "message/rfc822-headers", "message/global-headers":
			if !r.hasOrig {
				raw, _ := decodeAll(w.raw[n.off:n.end], n.enc, maxReportBytes)
				r.original, r.hasOrig = readHeader(bytes.TrimLeft(raw, "\r\n")), true
			}
		}
		for _, s := range n.subs {
			visit(s)
		}
	}
	visit(root)
	if strings.EqualFold(root.params["report-type"], "feedback-report") {
		r.feedback = true
	}
	if strings.EqualFold(root.params["report-type"], "disposition-notification") {
		r.receipt = true
	}
	return r
}

// blocks reads the groups of fields of a delivery status.
func (w *walker) blocks(n *node) []header {
	raw, _ := decodeAll(w.raw[n.off:n.end], n.enc, maxReportBytes)
	var out []header
	for len(raw) > 0 && len(out) < 1000 {
		raw = bytes.TrimLeft(raw, "\r\n \t")
		if len(raw) == 0 {
			break
		}
		h := readHeader(raw)
		if len(h.fields) > 0 {
			out = append(out, h)
		}
		if h.size == 0 {
			_, next := cutLine(raw, 0)
			h.size = next
		}
		raw = raw[h.size:]
	}
	return out
}

// nestedReport looks into an attached message for the report that a gateway
// wrapped up. It is asked only where a mail server is the sender: a person
// who attaches a report to a mail is a person.
func nestedReport(root *node, w *walker, r report) report {
	for _, n := range root.subs {
		if n.typ != "message/rfc822" || n.enc != "" {
			continue
		}
		h := readHeader(w.raw[n.off:n.end])
		if ct := parseParams(h.get("content-type"), ""); ct.value == "multipart/report" {
			inner := findReport(w.entity(n.off, n.end, maxDepth-3, "text/plain"), w)
			if inner.status {
				return inner
			}
		}
	}
	return r
}
