package ingest

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"helpdeskd/tracker"
)

// TestBounceSpecimens compares what is understood of each server's way to
// report, in testdata/bounce, with the golden file: a line for each mail.
func TestBounceSpecimens(t *testing.T) {
	files, err := filepath.Glob("testdata/bounce/*.eml")
	if err != nil || len(files) < 25 {
		t.Fatalf("%d mails: %v", len(files), err)
	}
	var got bytes.Buffer
	enc := json.NewEncoder(&got)
	enc.SetEscapeHTML(false)
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		raw = bytes.ReplaceAll(raw, []byte("\n"), []byte("\r\n"))
		in := Parse(raw, Options{Own: []string{"helpdesk@corp.example"}})
		checkInvariants(t, raw, in)
		checkBounce(t, in)
		err = enc.Encode(struct {
			Name   string          `json:"name"`
			Class  tracker.Class   `json:"class"`
			Bounce *tracker.Bounce `json:"bounce,omitempty"`
			Tokens []string        `json:"tokens,omitempty"`
		}{strings.TrimSuffix(filepath.Base(f), ".eml"), in.Class, in.Bounce, in.ReplyTokens})
		if err != nil {
			t.Fatal(err)
		}
	}
	const golden = "testdata/bounce/golden.txt"
	if *update {
		if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range strings.Split(got.String(), "\n") {
		if lines := strings.Split(string(want), "\n"); i >= len(lines) || lines[i] != line {
			t.Errorf("got %s", line)
		}
	}
}

// checkBounce fails unless what was read of a report is clean and bounded.
func checkBounce(t testing.TB, in tracker.Inbound) {
	t.Helper()
	b := in.Bounce
	if (b != nil) != (in.Class == tracker.ClassBounce || in.Class == tracker.ClassDeliveryNotice) {
		t.Fatalf("class %s with bounce %+v", in.Class, b)
	}
	if b == nil {
		return
	}
	if len(b.Recipients) > 200 {
		t.Fatalf("%d recipients", len(b.Recipients))
	}
	for _, r := range b.Recipients {
		local, domain, _ := strings.Cut(r, "@")
		if local == "" || domain == "" || len(r) > 400 || strings.ContainsAny(r, " \t\r\n\x00<>") {
			t.Fatalf("recipient %q", r)
		}
	}
	for _, s := range []string{b.OriginalMessageID, b.Status, b.Reason} {
		if len(s) > 998 || strings.ContainsAny(s, "\r\n\x00\t") {
			t.Fatalf("not one line: %q", s)
		}
	}
	if b.Reason == "" || b.Permanent && in.Class != tracker.ClassBounce {
		t.Fatalf("%s: %+v", in.Class, b)
	}
}

func FuzzBounce(f *testing.F) {
	for _, raw := range specimens(f, "testdata/bounce") {
		f.Add(raw)
	}
	f.Add(dsn("failed", "5.1.1", "no"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		in := Parse(raw, Options{})
		checkInvariants(t, raw, in)
		checkBounce(t, in)
		again, _ := json.Marshal(Parse(raw, Options{}).Bounce)
		if first, _ := json.Marshal(in.Bounce); !bytes.Equal(first, again) {
			t.Fatalf("read twice: %s, then %s", first, again)
		}
	})
}

// TestPeopleWriteAboutBounces: mails about failed mail, from people whose
// addresses sound like a server's, or whose program takes along the parts of a
// report that they forward.
func TestPeopleWriteAboutBounces(t *testing.T) {
	const forward = "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b"
	const parts = "--b\nContent-Type: text/plain\n\nHello, what does this mean? I must reach him today.\nAnna\n\n" +
		"---------- Forwarded message ---------\nFrom: Mail Delivery Subsystem <mailer-daemon@mx.example>\nSubject: Delivery Status Notification (Failure)\n\nYour message was not delivered\n\n" +
		"--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; bob@shore.example\nAction: failed\nStatus: 5.1.1\n\n--b--"
	for _, c := range []struct{ header, body string }{
		{"From: Anna <anna@isle.example>\nSubject: Undeliverable mails to our supplier", "Since yesterday my mails to bob@shore.example come back with 550 5.7.1 rejected. Please help.\n\nAnna"},
		{"From: Anna <anna@isle.example>\nSubject: Mail delivery failed", "My mails to bob@shore.example come back with\n\n550 5.7.1 rejected.\n\nWhat can I do?\nAnna"},
		{"From: Anna <anna@isle.example>\nSubject: Zustellung fehlgeschlagen", "Meine Mail konnte nicht zugestellt werden:\n550 5.4.1 Recipient address rejected\n\nBitte helfen.\nAnna"},
		{"From: Office <admin@isle.example>\nX-Mailer: Microsoft Outlook 16.0\nSubject: Mail delivery problem", "Since this morning our mails cannot be delivered to customers. There is an error.\nMaria"},
		{"From: Maria <admin@isle.example>\nIn-Reply-To: <a1@corp.example>\nSubject: Mail delivery problem", "<bob@shore.example> gets it now, no error any more.\nMaria"},
		{"From: Delivery Desk <delivery@isle.example>\nSubject: Error sending delivery notes", "The printer shows an error when printing delivery notes."},
		{"From: Postmaster <postmaster@isle.example>\nX-Mailer: Microsoft Outlook 16.0\nSubject: Printer in room 7", "The printer shows an error. Please help.\nZeno"},
		{"From: Mail Delivery Team Berlin <post@isle.example>\nSubject: Franking machine", "The franking machine shows an error. Please help.\nZeno"},
		{"From: IT <administrator@isle.example>\nSubject: unknown user in the directory", "I get error 5, the user does not exist.\nZeno"},
		{"From: Tom <gateway@isle.example>\nUser-Agent: Mozilla Thunderbird\nSubject: your message to customers rejected", "This was rejected by the customer. There is an error.\nTom"},
		{"From: Scanner <scan@isle.example>\nReturn-Path: <>\nSubject: Error sending scan", "The scan job failed, error 12."},
		{"From: Anna <anna@isle.example>\nSubject: Fwd: Delivery Status Notification (Failure)\n" + forward, parts},
		{"From: Anna <anna@isle.example>\nSubject: What is this\n" + forward, parts},
	} {
		in := Parse(letter("To: helpdesk@corp.example\n"+c.header, c.body+"\n"), Options{Own: []string{"helpdesk@corp.example"}})
		if in.Class != tracker.ClassHuman {
			t.Errorf("%q: %s (%s) %+v", c.header, in.Class, in.ClassReason, in.Bounce)
		}
	}
}

// TestCourierSigns: Courier's address has no local part, which is no malformed
// author.
func TestCourierSigns(t *testing.T) {
	in := Parse(letter("From: \"Courier mail server at mx.x.example\" <@mx.x.example>\nTo: helpdesk@corp.example\nSubject: NOTICE: mail delivery status.", "UNDELIVERABLE MAIL\n\nYour message to the following recipients cannot be delivered:\n\n<bob@x.example>:\n 550 User unknown.\n"), Options{})
	if in.Class != tracker.ClassBounce || in.Bounce == nil || len(in.Bounce.Recipients) != 1 {
		t.Errorf("%s (%s) %+v", in.Class, in.ClassReason, in.Bounce)
	}
}

// TestPlacesInLowerCase: what is found in lower case is cut where it stands.
func TestPlacesInLowerCase(t *testing.T) {
	for _, line := range []string{"\xdd\xdd\xddFROM: Anna@Corp.example", "İİİİ From: anna@corp.example", "ȺȺȺ <anna@corp.example>"} {
		got := addressesIn(line)
		if len(got) != 1 || got[0].addr != "anna@corp.example" {
			t.Errorf("%q: %+v", line, got)
		}
	}
}
