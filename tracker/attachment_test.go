package tracker

import (
	"io"
	"reflect"
	"strings"
	"testing"
)

func TestOpenPartWithinParts(t *testing.T) {
	// base64 of "..\x04\x05 aGVs\x04\x04bG8=.." cut to its chunks, joined, cut, decoded
	raw := "junk Li4EBSBhR1ZzBARiRzg9Li4= junk"
	p := Part{Encoding: "base64", Offset: 5, Length: 24, Cuts: []Cut{{Offset: 2, Length: 13, Encoding: "octet-string"}, {Offset: 1, Length: 8, Encoding: "base64"}, {Offset: 1, Length: 3}}}
	for _, part := range []Part{p, {Encoding: p.Encoding, Offset: p.Offset, Length: p.Length, Cuts: parseCuts(cutsText(p.Cuts))}} {
		got, err := io.ReadAll(OpenPart(strings.NewReader(raw), part))
		if err != nil || string(got) != "ell" {
			t.Errorf("%+v: %q %v", part, got, err)
		}
	}
	for _, far := range []Cut{{Offset: 1000, Length: 5}, {Offset: 1 << 62, Length: 1 << 62}, {Offset: 0, Length: 0}} {
		got, err := io.ReadAll(OpenPart(strings.NewReader(raw), Part{Encoding: "base64", Offset: 5, Length: 24, Cuts: []Cut{far}}))
		if err != nil || len(got) != 0 {
			t.Errorf("%+v: %q %v", far, got, err)
		}
	}
}

func TestCutsText(t *testing.T) {
	for _, cuts := range [][]Cut{nil, {{Offset: 1, Length: 2}}, {{Length: 9, Encoding: "octet-string"}, {Offset: 3, Length: 4, Encoding: "quoted-printable"}}} {
		if got := parseCuts(cutsText(cuts)); !reflect.DeepEqual(got, cuts) {
			t.Errorf("%v became %v", cuts, got)
		}
	}
	for _, s := range []string{"x", "1+", "-1+5", "1+-5", "1+2 rot13", "1+2,3+4", strings.Repeat("0+1, ", 40) + "0+1"} {
		if got := parseCuts(s); !reflect.DeepEqual(got, []Cut{{}}) {
			t.Errorf("%q was read as %v", s, got)
		}
	}
}

// What is worth knowing of a mail, and where its files lie, is stored and read
// back on both engines; what stands aside is no file that people sent.
func TestNotesAndCutsAreKept(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		in := d.mail(func(in *Inbound) {
			in.Notes = []string{"Signed with S/MIME", "1 file was unpacked from winmail.dat"}
			in.Parts = []Part{
				{Role: RoleFile, Name: "a.pdf", Encoding: "base64", Offset: 3, Length: 9, Cuts: []Cut{{Offset: 1, Length: 5, Encoding: "octet-string"}, {Offset: 2, Length: 2}}, Size: 2},
				{Role: RoleAside, Name: "winmail.dat", Encoding: "base64", Offset: 3, Length: 9, Size: 6},
			}
		})
		d.want(d.receive(in), FateNew, "HD-1", 1)
		talk, err := d.Conversation(d.ctx, 1, 0)
		d.ok(err)
		m := talk.Entries[0].Message
		if m.Notes != strings.Join(in.Notes, "\n") || len(m.Attachments) != 2 || len(m.Files()) != 1 {
			t.Fatalf("%+v", m)
		}
		if got := m.Attachments[0].Part(); !reflect.DeepEqual(got, in.Parts[0]) {
			t.Errorf("%+v, want %+v", got, in.Parts[0])
		}
	})
}
