package ingest

import (
	"strings"
	"testing"
)

func calendarMail(text, vevent string) []byte {
	return letter(usual+"Content-Type: multipart/alternative; boundary=b", "--b\nContent-Type: text/plain; charset=utf-8\n\n"+text+"\n--b\nContent-Type: text/calendar; charset=utf-8; method=REQUEST\n\nBEGIN:VCALENDAR\n"+vevent+"\nEND:VCALENDAR\n--b--\n")
}

// TestInvitation: an invitation is shown as what it is, and its file kept.
func TestInvitation(t *testing.T) {
	const organiser = "ORGANIZER;CN=\"Berg, Anna: IT\":MAILTO:Anna@corp.example\n"
	for name, c := range map[string]struct{ text, event, want string }{
		"a meeting": {"Please come.", "METHOD:REQUEST\nBEGIN:VTIMEZONE\nTZID:W. Europe Standard Time\nBEGIN:STANDARD\nDTSTART:16010101T030000\nEND:STANDARD\nEND:VTIMEZONE\nBEGIN:VEVENT\n" + organiser + "SUMMARY;LANGUAGE=de-DE:Neue Drucker\\, zweiter\n  Stock\nDTSTART;TZID=W. Europe Standard Time:20260302T100000\nDTEND;TZID=W. Europe Standard Time:20260302T113000\nLOCATION:Raum 4\\; Etage 2\nBEGIN:VALARM\nSUMMARY:alarm\nEND:VALARM\nEND:VEVENT",
			"Please come.\n\nInvitation: Neue Drucker, zweiter Stock\nWhen: Mon 2 Mar 2026, 10:00 to 11:30 (W. Europe Standard Time)\nWhere: Raum 4; Etage 2\nOrganiser: Berg, Anna: IT <anna@corp.example>"},
		"cancelled":        {"", "METHOD:CANCEL\nBEGIN:VEVENT\nSUMMARY:Training\nDTSTART:20260302T090000Z\nEND:VEVENT", "Cancelled: Training\nWhen: Mon 2 Mar 2026, 09:00 (UTC)"},
		"days":             {"Away", "METHOD:PUBLISH\nBEGIN:VEVENT\nSUMMARY:Move\nDTSTART;VALUE=DATE:20260302\nDTEND;VALUE=DATE:20260305\nRRULE:FREQ=YEARLY;COUNT=2\nEND:VEVENT", "Away\n\nInvitation: Move\nWhen: Mon 2 Mar 2026 to Wed 4 Mar 2026\nRepeats: every year"},
		"an answer":        {"", "METHOD:REPLY\nBEGIN:VEVENT\nSUMMARY:Move\nATTENDEE;PARTSTAT=DECLINED;CN=Bob:mailto:bob@client.example\nEND:VEVENT", "Answer to an invitation: Move\nAnswer: Bob <bob@client.example> declined"},
		"words in it only": {"", "METHOD:REQUEST\nBEGIN:VEVENT\nSUMMARY:Move\nDESCRIPTION:Bring\\, please:\\nboxes\nEND:VEVENT", "Invitation: Move\n\nBring, please:\nboxes"},
		"said twice":       {"Move\nMonday at 10:00", "METHOD:REQUEST\nBEGIN:VEVENT\nSUMMARY:Move\nDTSTART:20260302T100000\nEND:VEVENT", "Move\nMonday at 10:00"},
		"no event":         {"Please come.", "VERSION:2.0", "Please come."},
		"damaged":          {"Please come.", "BEGIN:VEVENT\nSUMMARY\nDTSTART:yesterday\nLOCATION:Raum", "Please come.\n\nInvitation\nWhere: Raum"},
	} {
		raw := calendarMail(c.text, c.event)
		in := Parse(raw, Options{})
		checkInvariants(t, raw, in)
		if got := strings.TrimSpace(in.Text); got != c.want || strings.TrimSpace(in.Reply) != c.want {
			t.Errorf("%s: %q, reply %q", name, got, in.Reply)
		}
		if len(in.Parts) != 1 || in.Parts[0].ContentType != "text/calendar" {
			t.Errorf("%s: the file is gone: %+v", name, in.Parts)
		}
	}
}

// TestPointers: a mail that is a piece, or only points to a file, says so.
func TestPointers(t *testing.T) {
	for header, want := range map[string]string{
		"Content-Type: message/partial; id=\"x@y\"; number=2; total=5":                                                    "this is piece 2 of 5 of a mail that was cut up for sending",
		"Content-Type: message/partial; id=x; number=5":                                                                   "this is piece 5 of ? of a mail that was cut up for sending",
		"Content-Type: message/external-body; access-type=anon-ftp; site=ftp.corp.example; directory=pub; name=\"a.pdf\"": "a file is not in the mail but at ftp.corp.example pub a.pdf",
		"Content-Type: message/external-body; access-type=URL; URL=\"https://files.example/a.zip\"":                       "a file is not in the mail but at https://files.example/a.zip",
		"Content-Type: message/external-body; access-type=x":                                                              "a file is not in the mail but elsewhere",
	} {
		in := Parse(letter(usual+header, "Content-Type: application/pdf\n\nx\n"), Options{})
		if !strings.Contains(strings.Join(in.Defects, "\n"), want) || len(in.Parts) != 1 {
			t.Errorf("%s: %q, %d parts", header, in.Defects, len(in.Parts))
		}
	}
}
