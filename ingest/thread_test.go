package ingest

import (
	"fmt"
	"strings"
	"testing"
)

func TestMessageIDs(t *testing.T) {
	for text, want := range map[string]string{
		"<a@x>":                              "a@x",
		"<a@x><b@x>\t<c@x>":                  "a@x b@x c@x",
		"<a@x>, <b@x>;<c@x>":                 "a@x b@x c@x",
		"a@x b@x":                            "a@x b@x",
		"a@x,b@x":                            "a@x b@x",
		`"a@x"`:                              "a@x",
		"junk-without-at":                    "junk-without-at",
		"<a@@x> <@> <> < >":                  "a@@x",
		"<a@x":                               "a@x",
		"<a@x <b@x>":                         "a@x b@x",
		"a@x> <b@x>":                         "a@x b@x",
		"<a@x b@x>":                          "a@x b@x",
		"<aaa\t@x>":                          "aaa@x",
		"<<a@x>>":                            "a@x",
		"Your message of Mon (was <a@x>)":    "a@x",
		"Message from Anna <a@x> of Monday":  "a@x",
		"anna@office.example <b@x>":          "b@x",
		"=?utf-8?q?=3Ca=40x=3E?= <b@x>":      "a@x b@x",
		"=?us-ascii?Q?=3Ca=40x=3E?=\t<b@x>":  "a@x b@x",
		"&lt;a@x&gt;":                        "a@x",
		"<a@x> (comment with \"quote\") <b>": "a@x b",
		"":                                   "",
		"<>":                                 "",
	} {
		if got := strings.Join(messageIDs(text), " "); got != want {
			t.Errorf("messageIDs(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestReferencesKeepTheRoot(t *testing.T) {
	var refs []string
	for i := range 200 {
		refs = append(refs, fmt.Sprintf("<m%d@x>", i))
	}
	in := Parse([]byte("From: a@x.example\r\nIn-Reply-To: <m199@x> <m198@x>\r\nReferences:\r\n "+strings.Join(refs, "\r\n ")+"\r\nSubject: x\r\n\r\nhello\r\n"), Options{})
	if len(in.References) != 50 || in.References[0] != "m0@x" || in.References[1] != "m151@x" || in.References[49] != "m199@x" {
		t.Errorf("kept %v", in.References)
	}
	if len(in.InReplyTo) != 2 {
		t.Errorf("answers %v", in.InReplyTo)
	}
}

// TestThreadIndexHeader: folded, in an encoded word, beside a broken one; and
// what cannot be read is none.
func TestThreadIndexHeader(t *testing.T) {
	const index = "AQHcqiPlSx8AwqXZTn+KEVLws8nW5wAAGtIw"
	for header, want := range map[string]string{
		"Thread-Index: " + index:                                                               index,
		"thread-index: " + index[:16] + "\r\n " + index[16:]:                                   index,
		"Thread-Index: =?utf-8?B?" + "QVFIY3FpUGxTeDhBd3FYWlRuK0tFVkx3czhuVzV3QUFHdEl3" + "?=": index,
		"Thread-Index: xxxx\r\nThread-Index: " + index:                                         index,
		"Thread-Index: AQHc":                                                                   "",
		"Thread-Index: ":                                                                       "",
		"X-Other: " + index:                                                                    "",
	} {
		in := Parse([]byte("From: a@x.example\r\n"+header+"\r\nThread-Topic: =?utf-8?q?Dr=C3=BCcker?=\r\nSubject: x\r\n\r\nhello\r\n"), Options{})
		if in.ThreadIndex != want || in.ThreadTopic != "Drücker" {
			t.Errorf("%q: %q, topic %q", header, in.ThreadIndex, in.ThreadTopic)
		}
	}
}

// TestContentLocation: a picture without Content-ID is named by its
// Content-Location, as the HTML names it.
func TestContentLocation(t *testing.T) {
	in := Parse([]byte("From: a@x.example\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>see</p><img src=\"shot.png\">\r\n"+
		"--b\r\nContent-Type: image/png\r\nContent-Location: shot.png\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n--b--\r\n"), Options{})
	for _, p := range in.Parts {
		if p.ContentType == "image/png" && p.ContentID == "shot.png" {
			return
		}
	}
	t.Errorf("parts %+v", in.Parts)
}
