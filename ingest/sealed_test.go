package ingest

import (
	"encoding/base64"
	"runtime"
	"strings"
	"testing"
	"time"
)

// tlv is a BER element; chunks of an endless one end by themselves.
func tlv(tag byte, parts ...string) string {
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

const pkcs7 = "\x2a\x86\x48\x86\xf7\x0d\x01\x07"

// opaque signs nothing, but looks like it: RFC 5652 section 5.
func opaque(content string) string {
	return tlv(0x30, tlv(6, pkcs7+"\x02"), tlv(0xa0, tlv(0x30, "\x02\x01\x01", tlv(0x31), tlv(0x30, tlv(6, pkcs7+"\x01"), tlv(0xa0, tlv(4, content))), tlv(0x31))))
}

// opaqueChunks is the same as programs write it that stream.
func opaqueChunks(content string) string {
	var chunks []string
	for len(content) > 0 {
		n := min(len(content), 100)
		chunks = append(chunks, tlv(4, content[:n]))
		content = content[n:]
	}
	return endless(0x30, tlv(6, pkcs7+"\x02"), endless(0xa0, endless(0x30, "\x02\x01\x01", tlv(0x31), endless(0x30, tlv(6, pkcs7+"\x01"), endless(0xa0, endless(0x24, chunks...))), tlv(0x31))))
}

func envelopeLetter(kind, der string) []byte {
	return letter(usual+"Content-Type: application/pkcs7-mime; smime-type="+kind+"; name=smime.p7m\nContent-Transfer-Encoding: base64\nContent-Disposition: attachment; filename=smime.p7m", base64.StdEncoding.EncodeToString([]byte(der))+"\n")
}

const sealedMail = "Content-Type: multipart/mixed; boundary=in\r\n\r\n--in\r\nContent-Type: multipart/alternative; boundary=alt\r\n\r\n--alt\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nDer Drucker dr=C3=BCckt.\r\n" +
	"--alt\r\nContent-Type: text/html; charset=iso-8859-1\r\n\r\n<p>Der Drucker <b>dr\xfcckt</b>.</p>\r\n--alt--\r\n" +
	"--in\r\nContent-Type: application/pdf; name=\"a.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjQ=\r\n--in--\r\n"

func TestOpaqueSignatureIsRead(t *testing.T) {
	for name, der := range map[string]string{
		"plain": opaque(sealedMail), "chunks": opaqueChunks(sealedMail),
		"signed twice": opaque("Content-Type: application/pkcs7-mime; name=smime.p7m\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.StdEncoding.EncodeToString([]byte(opaqueChunks(sealedMail)))),
	} {
		raw := envelopeLetter("signed-data", der)
		in := Parse(raw, Options{})
		checkInvariants(t, raw, in)
		got := contents(t, raw, in)
		if strings.TrimSpace(in.Reply) != "Der Drucker drückt." || got["file a.pdf"] != "%PDF-1.4" || !strings.Contains(got["html "], "<b>dr\xfcckt</b>") || got["aside smime.p7m"] != der {
			t.Errorf("%s: reply %q, parts %q", name, in.Reply, got)
		}
		if len(in.Notes) != 1 || in.Notes[0] != noteSMIMEOpaque || len(in.Defects) > 0 || in.Subject != "Printer" {
			t.Errorf("%s: notes %q, defects %q", name, in.Notes, in.Defects)
		}
	}
	// a winmail.dat that was signed: wrapped twice over
	raw := envelopeLetter("signed-data", opaqueChunks(string(winmailLetter("x", usualStream()))))
	if got := contents(t, raw, Parse(raw, Options{})); got["file Rechnung März.pdf"] != "%PDF-1.4 one" || got["file inner.log"] != "six" {
		t.Errorf("within each other: %q", got)
	}
	// beside a list's footer
	raw = letter(usual+"Content-Type: multipart/mixed; boundary=b", "--b\nContent-Type: application/octet-stream; name=smime.p7m\nContent-Transfer-Encoding: base64\n\n"+base64.StdEncoding.EncodeToString([]byte(opaque("Content-Type: text/plain\r\n\r\nHello\r\n")))+"\n--b\nContent-Type: text/plain\n\nSent through a list\n--b--\n")
	if in := Parse(raw, Options{}); !strings.Contains(in.Text, "Hello") || !strings.Contains(in.Text, "a list") {
		t.Errorf("%q", in.Text)
	}
}

func TestWhatIsEncryptedIsKeptAndSaidSo(t *testing.T) {
	armour := "-----BEGIN PGP MESSAGE-----\n\nabcd\n-----END PGP MESSAGE-----\n"
	for name, c := range map[string]struct {
		raw        []byte
		note, file string
	}{
		"S/MIME":    {envelopeLetter("enveloped-data", tlv(0x30, tlv(6, pkcs7+"\x03"), tlv(0xa0, tlv(0x30)))), noteSMIMEEncrypted, "file smime.p7m"},
		"certs":     {envelopeLetter("certs-only", tlv(0x30, tlv(6, pkcs7+"\x02"), tlv(0xa0, tlv(0x30, "\x02\x01\x01", tlv(0x31), tlv(0x30, tlv(6, pkcs7+"\x01")))))), noteSMIMEOnlyCerts, "file smime.p7m"},
		"PGP/MIME":  {letter(usual+"Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=b", "--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n--b\nContent-Type: application/octet-stream; name=encrypted.asc\n\n"+armour+"--b--\n"), notePGPEncrypted, "file encrypted.asc"},
		"PGP":       {letter(usual, armour), notePGPInText, ""},
		"signed":    {letter(usual+"Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\"; boundary=b", "--b\n\nHello\n--b\nContent-Type: application/pkcs7-signature; name=smime.p7s\nContent-Transfer-Encoding: base64\nContent-Disposition: attachment; filename=smime.p7s\n\nMIIB\n--b--\n"), noteSMIMESigned, "aside smime.p7s"},
		"signed by": {letter(usual+"Content-Type: multipart/signed; protocol=\"application/pgp-signature\"; boundary=b", "--b\n\nHello\n--b\nContent-Type: application/pgp-signature; name=signature.asc\n\nx\n--b--\n"), notePGPSigned, "aside signature.asc"},
	} {
		in := Parse(c.raw, Options{})
		got := contents(t, c.raw, in)
		if _, ok := got[c.file]; len(in.Notes) != 1 || in.Notes[0] != c.note || c.file != "" && !ok {
			t.Errorf("%s: notes %q, parts %q", name, in.Notes, got)
		}
		if len(in.Defects) > 0 {
			t.Errorf("%s looks damaged: %q", name, in.Defects)
		}
	}
}

func TestPGPFrameIsTakenOff(t *testing.T) {
	in := Parse(letter(usual, "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nHello there,\n- -- \nit smokes.\n-----BEGIN PGP SIGNATURE-----\nVersion: x\n\niQIcBAEB\n-----END PGP SIGNATURE-----\n"), Options{})
	if strings.Contains(in.Text, "PGP") || !strings.Contains(in.Text, "Hello there,\n-- \nit smokes.") && !strings.Contains(in.Text, "Hello there,\n--\nit smokes.") || len(in.Notes) != 1 {
		t.Errorf("%q %q", in.Text, in.Notes)
	}
	in = Parse(letter(usual, "> -----BEGIN PGP SIGNED MESSAGE-----\n> Hello\n\nWhat is that?\n"), Options{})
	if !strings.Contains(in.Text, "SIGNED MESSAGE") || len(in.Notes) > 0 {
		t.Errorf("a quoted frame: %q %q", in.Text, in.Notes)
	}
}

func TestHostileEnvelopes(t *testing.T) {
	deep := "x"
	for range 60 {
		deep = "Content-Type: application/pkcs7-mime\r\n\r\n" + opaque(deep)
	}
	many := "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat("--b\r\nContent-Type: application/pkcs7-mime\r\n\r\n"+opaque("Content-Type: text/plain\r\n\r\n"+strings.Repeat("x", 1000))+"\r\n", 1500)
	for name, raw := range map[string][]byte{
		"10,000 endless sequences": envelopeLetter("signed-data", strings.Repeat("\x30\x80", 10_000)),
		"10,000 endless chunks":    envelopeLetter("signed-data", "\x30\x80"+tlv(6, pkcs7+"\x02")+"\xa0\x80\x30\x80\x02\x01\x01"+tlv(0x31)+"\x30\x80"+tlv(6, pkcs7+"\x01")+"\xa0\x80"+strings.Repeat("\x24\x80", 10_000)+tlv(4, "Hello")+strings.Repeat("\x00\x00", 10_000)),
		"10,000 algorithms":        envelopeLetter("signed-data", "\x30\x80"+tlv(6, pkcs7+"\x02")+"\xa0\x80\x30\x80\x02\x01\x01"+strings.Repeat("\x31\x80", 10_000)),
		"60 within each other":     []byte("From: a@b.example\r\n" + deep),
		"1,500 beside each other":  []byte("From: a@b.example\r\n" + many),
	} {
		var was, is runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&was)
		start := time.Now()
		in := Parse(raw, Options{})
		took := time.Since(start)
		runtime.ReadMemStats(&is)
		checkInvariants(t, raw, in)
		contents(t, raw, in)
		if grown := is.TotalAlloc - was.TotalAlloc; took > time.Second || grown > 64<<20 {
			t.Errorf("%s: %v, %d MB", name, took, grown>>20)
		}
	}
}
