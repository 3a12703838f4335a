package ingest

import (
	"strings"
	"testing"
)

func TestContentDigestIgnoresTraceHeaders(t *testing.T) {
	mail := "Message-ID: <a@x.example>\r\nFrom: anna@x.example\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nHello\r\n"
	first := Parse([]byte(mail), Options{})
	again := Parse([]byte("Received: from elsewhere\r\nX-Spam: no\r\n"+strings.Replace(mail, "plain; ", "plain;\r\n ", 1)), Options{})
	if first.ContentDigest == "" || first.ContentDigest != again.ContentDigest {
		t.Errorf("trace headers changed the content: %q, %q", first.ContentDigest, again.ContentDigest)
	}
	if first.Digest == again.Digest {
		t.Error("different bytes have the same digest")
	}
	piped := Parse([]byte(strings.ReplaceAll(mail, "\r\n", "\n")), Options{})
	if piped.ContentDigest != first.ContentDigest {
		t.Error("the line ends of a pipe are other words")
	}
	for _, two := range [][2]string{{"Hello\r\n\r\n", "Hello\r\n"}, {"a\rb", "ab"}, {"a\n\rb", "a\nb"}} {
		if a, b := Parse([]byte(mail+two[0]), Options{}), Parse([]byte(mail+two[1]), Options{}); a.ContentDigest == b.ContentDigest {
			t.Errorf("%q and %q have the same content", two[0], two[1])
		}
	}
	other := Parse([]byte(mail+"more\r\n"), Options{})
	if other.ContentDigest == first.ContentDigest {
		t.Error("a changed body has the same content")
	}
	empty := Parse(nil, Options{})
	if empty.ContentDigest == "" {
		t.Error("an empty mail has no content digest")
	}
}
