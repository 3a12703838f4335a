package form

import (
	"encoding/json"
	"html"
	"strings"

	"helpdeskd/ingest/htmltext"
)

// maxDump bounds the JSON that is read, in bytes.
const maxDump = 1 << 20

// dump reads JSON as "Get response details" returns it: keys are opaque or
// questions, values whole. It may stand below words, be nested, and be cut
// off at the end. The second result says that the keys are those of Forms.
func (r *reading) dump(lines []htmltext.Line) ([]pair, bool) {
	for i := range lines[:min(len(lines), 20)] {
		t := strings.TrimSpace(lines[i].Text())
		if strings.HasPrefix(t, "{") || strings.HasPrefix(t, "[{") || t == "[" {
			return r.decode(htmltext.Render(lines[i:], false))
		}
		// Behind words on the same line, where the keys leave no doubt.
		if at := strings.Index(t, `{"`); at > 0 && at < 200 && t[at-1] != '[' {
			was := r.form
			pairs, opaque := r.decode(t[at:] + "\n" + htmltext.Render(lines[i+1:], false))
			if opaque || r.form.Responder != "" {
				return pairs, opaque
			}
			r.form = was
			return nil, false
		}
	}
	return nil, false
}

func (r *reading) decode(text string) ([]pair, bool) {
	if len(text) > maxDump || !strings.ContainsAny(text, "\"“”") && !strings.Contains(text, "&quot;") {
		return nil, false
	}
	tries := []string{text}
	if strings.Contains(text, "&quot;") {
		tries = append(tries, html.UnescapeString(text))
	}
	if strings.ContainsAny(text, "“”") {
		tries = append(tries, strings.NewReplacer("“", `"`, "”", `"`).Replace(text))
	}
	for _, t := range tries {
		d := dumper{r: r.try(), dec: json.NewDecoder(strings.NewReader(t))}
		d.dec.UseNumber()
		d.value("", 0)
		if len(d.pairs) > 1 || len(d.pairs) == 1 && d.opaque > 0 {
			r.form = d.r.form
			return d.pairs, d.opaque > 0
		}
	}
	return nil, false
}

// dumper walks a JSON document in its order, which maps would lose.
type dumper struct {
	r      *reading
	dec    *json.Decoder
	pairs  []pair
	opaque int
	failed bool
}

// Envelopes that hold the answers and say nothing themselves.
var envelopes = set("body", "outputs", "output", "data", "response", "responses", "result", "results", "value", "answers", "inputs", "item", "fields", "responsedetails")

// value reads one value under a label; what can not be read ends it all.
func (d *dumper) value(label string, depth int) {
	if d.failed || depth > 20 || len(d.pairs) >= maxPairs {
		d.failed = true
		return
	}
	t, err := d.dec.Token()
	if err != nil {
		d.failed = true
		return
	}
	switch v := t.(type) {
	case json.Delim:
		switch v {
		case '{':
			d.object(label, depth)
		case '[':
			d.array(label, depth)
		}
	case string:
		d.leaf(label, v)
	case json.Number:
		d.leaf(label, v.String())
	case bool:
		if v {
			d.leaf(label, "true")
		} else {
			d.leaf(label, "false")
		}
	case nil:
		d.leaf(label, "")
	}
}

func (d *dumper) object(label string, depth int) {
	var question string
	for d.dec.More() && !d.failed {
		k, err := d.dec.Token()
		if err != nil {
			d.failed = true
			return
		}
		key, _ := k.(string)
		key = strings.TrimSpace(key)
		n := norm(key)
		switch {
		case n == "question" || n == "questionid" || n == "questiontext" || n == "questiontitle":
			var q string
			var v json.RawMessage
			if d.dec.Decode(&v) != nil || json.Unmarshal(v, &q) != nil {
				d.failed = true
				return
			}
			if n != "questionid" || question == "" {
				question = q
			}
		case question != "" && (n == "answer" || n == "answer1" || n == "value" || n == "answertext" || n == "text" || n == "response"):
			d.value(question, depth+1)
		case question != "":
			var skip json.RawMessage
			if d.dec.Decode(&skip) != nil {
				d.failed = true
				return
			}
		case envelopes[n]:
			d.value(key, depth+1)
		case label != "" && !envelopes[norm(label)]:
			d.value(label+": "+key, depth+1)
		default:
			d.value(key, depth+1)
		}
	}
	if _, err := d.dec.Token(); err != nil {
		d.failed = true
	}
}

// array keeps arrays of choices and uploads whole, for the answer to shape,
// and walks through those of questions.
func (d *dumper) array(label string, depth int) {
	if label == "" || envelopes[norm(label)] {
		for d.dec.More() && !d.failed {
			d.value(label, depth+1)
		}
		if _, err := d.dec.Token(); err != nil {
			d.failed = true
		}
		return
	}
	var items []json.RawMessage
	for d.dec.More() {
		var v json.RawMessage
		if d.dec.Decode(&v) != nil {
			d.failed = true
			return
		}
		items = append(items, v)
	}
	if _, err := d.dec.Token(); err != nil {
		d.failed = true
	}
	if b, err := json.Marshal(items); err == nil && len(items) > 0 {
		d.leaf(label, string(b))
	} else {
		d.leaf(label, "")
	}
}

func (d *dumper) leaf(label, value string) {
	if envelopes[norm(label)] && strings.HasPrefix(strings.TrimSpace(value), "[{") {
		// The answers as a string within the document.
		in := dumper{r: d.r, dec: json.NewDecoder(strings.NewReader(value))}
		in.dec.UseNumber()
		in.value("", 1)
		d.pairs, d.opaque = append(d.pairs, in.pairs...), d.opaque+in.opaque
		return
	}
	if label = strings.TrimSpace(label); label == "" {
		return
	}
	if len(label) == 33 && label[0] == 'r' && strings.Trim(label[1:], "0123456789abcdef") == "" {
		d.opaque++
	}
	if q := cleanLabel(label); q != "" && !d.r.meta(q, value) && len(d.pairs) < maxPairs {
		d.pairs = append(d.pairs, pair{q: q, a: value})
	}
}
