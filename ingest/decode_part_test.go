package ingest

import (
	"bytes"
	"io"
	"testing"

	"helpdeskd/tracker"
)

func TestOpenPartUndoesEncodings(t *testing.T) {
	raw := []byte("From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n" +
		"--x\r\nContent-Type: text/html; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<p>Atelier de Besan=E7on</p>\r\n" +
		"--x\r\nContent-Type: text/csv; charset=iso-8859-1\r\nContent-Disposition: attachment; filename=a.csv\r\nContent-Transfer-Encoding: base64\r\n\r\nQmVzYW7nb24=\r\n--x--\r\n")
	want := map[tracker.Role]string{tracker.RoleHTML: "<p>Atelier de Besançon</p>", tracker.RoleFile: "Besan\xe7on"}
	for _, p := range Parse(raw, Options{}).Parts {
		r, err := PartReader{}.OpenPart(bytes.NewReader(raw), p)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if string(bytes.TrimSpace(got)) != want[p.Role] {
			t.Errorf("%s: got %q, want %q", p.Role, got, want[p.Role])
		}
		delete(want, p.Role)
	}
	if len(want) > 0 {
		t.Errorf("parts that were not found: %v", want)
	}
}
