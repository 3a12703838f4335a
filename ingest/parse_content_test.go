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
	other := Parse([]byte(mail+"more\r\n"), Options{})
	if other.ContentDigest == first.ContentDigest {
		t.Error("a changed body has the same content")
	}
	empty := Parse(nil, Options{})
	if empty.ContentDigest == "" {
		t.Error("an empty mail has no content digest")
	}
}
