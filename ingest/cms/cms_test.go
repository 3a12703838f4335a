package cms

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"helpdeskd/tracker/transfer"
)

func der(tag byte, parts ...string) string {
	s := strings.Join(parts, "")
	switch n := len(s); {
	case n < 0x80:
		return string([]byte{tag, byte(n)}) + s
	case n < 0x10000:
		return string([]byte{tag, 0x82, byte(n >> 8), byte(n)}) + s
	default:
		return string([]byte{tag, 0x84, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}) + s
	}
}

func endless(tag byte, parts ...string) string {
	return string([]byte{tag, 0x80}) + strings.Join(parts, "") + "\x00\x00"
}

var (
	signedOID = der(tagOID, string(oidSigned))
	dataOID   = der(tagOID, string(oidPrefix)+"\x07\x01")
	version   = "\x02\x01\x01"
	hashes    = der(0x31, der(0x30, "\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00"))
)

func TestRead(t *testing.T) {
	const mail = "Content-Type: text/plain\r\n\r\nHello\r\n"
	for _, c := range []struct {
		name, in string
		kind     Kind
		want     string
	}{
		{"definite", der(0x30, signedOID, der(0xa0, der(0x30, version, hashes, der(0x30, dataOID, der(0xa0, der(4, mail))), der(0x31)))), Signed, mail},
		{"endless in one chunk", endless(0x30, signedOID, endless(0xa0, endless(0x30, version, hashes, endless(0x30, dataOID, endless(0xa0, endless(0x24, der(4, mail)))), endless(0xa0, "\x30\x00"), der(0x31)))), Signed, mail},
		{"endless in chunks", endless(0x30, signedOID, endless(0xa0, endless(0x30, version, endless(0x31), endless(0x30, dataOID, endless(0xa0, endless(0x24, der(4, mail[:9]), der(4, mail[9:20]), der(4, mail[20:])))), der(0x31)))), Signed, mail},
		{"long", der(0x30, signedOID, der(0xa0, der(0x30, version, hashes, der(0x30, dataOID, der(0xa0, der(4, strings.Repeat(mail, 4000))))))), Signed, strings.Repeat(mail, 4000)},
		{"cut off", der(0x30, signedOID, der(0xa0, der(0x30, version, hashes, der(0x30, dataOID, der(0xa0, der(4, mail))))))[:80], Signed, mail},
		{"without content", der(0x30, signedOID, der(0xa0, der(0x30, version, hashes, der(0x30, dataOID), der(0x31)))), Certificates, ""},
		{"enveloped", endless(0x30, der(tagOID, string(oidEnveloped)), endless(0xa0)), Encrypted, ""},
		{"authenticated", der(0x30, der(tagOID, string(oidAuth))), Encrypted, ""},
		{"compressed", der(0x30, der(tagOID, string(oidCompressed))), Compressed, ""},
		{"a stub", "\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03\xa0\x80", Encrypted, ""},
		{"nothing", "", "", ""},
		{"text", "0Hello", "", ""},
	} {
		env, ok := Read([]byte(c.in))
		if ok != (c.kind != "") || env.Kind != c.kind {
			t.Errorf("%s: %+v %v", c.name, env, ok)
			continue
		}
		got, _ := transfer.All([]byte(c.in)[env.Offset:env.Offset+env.Length], env.Encoding, 0)
		if c.kind == Signed && c.name == "cut off" {
			if !strings.HasPrefix(mail, string(got)) || len(got) == 0 {
				t.Errorf("%s: %q", c.name, got)
			}
			continue
		}
		if string(got) != c.want {
			t.Errorf("%s: %q", c.name, got)
		}
	}
}

func TestReadOfHostileNesting(t *testing.T) {
	for name, in := range map[string]string{
		"sequences":  strings.Repeat("\x30\x80", 500_000),
		"algorithms": "\x30\x80" + signedOID + "\xa0\x80\x30\x80" + version + strings.Repeat("\x31\x80", 500_000) + strings.Repeat("\x00\x00", 500_000),
		"chunks":     "\x30\x80" + signedOID + "\xa0\x80\x30\x80" + version + hashes + "\x30\x80" + dataOID + "\xa0\x80" + strings.Repeat("\x24\x80", 500_000) + der(4, "x"),
	} {
		start := time.Now()
		Read([]byte(in))
		if d := time.Since(start); d > time.Second {
			t.Errorf("%s: %v", name, d)
		}
	}
}

func FuzzCMS(f *testing.F) {
	f.Add([]byte(der(0x30, signedOID, der(0xa0, der(0x30, version, hashes, der(0x30, dataOID, der(0xa0, der(4, "x"))))))))
	f.Add([]byte(endless(0x30, signedOID, endless(0xa0, endless(0x30, version, hashes, endless(0x30, dataOID, endless(0xa0, endless(0x24, der(4, "x")))))))))
	f.Fuzz(func(t *testing.T, in []byte) {
		env, ok := Read(in)
		if !ok {
			return
		}
		if env.Offset < 0 || env.Length < 0 || env.Offset+env.Length > int64(len(in)) {
			t.Fatalf("%+v of %d bytes", env, len(in))
		}
		if out, _ := transfer.All(in[env.Offset:env.Offset+env.Length], env.Encoding, 0); len(out) > len(in) || env.Kind == Signed && env.Encoding == "" && !bytes.Contains(in, out) {
			t.Errorf("%d bytes of %d", len(out), len(in))
		}
	})
}
