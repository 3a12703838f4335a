package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"helpdeskd/ingest"
	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
)

const lampMail = "From: Ann Aster <ann@aster.example>\r\nTo: desk@aster.example\r\nSubject: The lamp\r\nDate: Mon, 2 Mar 2026 09:00:00 +0000\r\nMessage-ID: <lamp@aster.example>\r\n\r\nThe lamp is out.\r\n"

// pipeEnv is a configuration with one mailbox that nobody polls.
func pipeEnv(t *testing.T, e migrations.Engine) []string {
	t.Helper()
	return append(sqliteEnv(t), "HELPDESKD_DATABASE="+dbtest.DSN(t, e),
		"HELPDESKD_MAILBOX_1_NAME=desk", "HELPDESKD_MAILBOX_1_ADDRESS=desk@aster.example", "HELPDESKD_MAILBOX_1_PIPE_ONLY=true",
		"HELPDESKD_MAILBOX_1_SMTP_HOST=127.0.0.1", "HELPDESKD_MAILBOX_1_SMTP_SECURITY=plain", "HELPDESKD_MAILBOX_1_SMTP_AUTH=none")
}

func ingestedLines(t *testing.T, r result) []ingested {
	t.Helper()
	var all []ingested
	for line := range strings.Lines(r.out) {
		var one ingested
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatalf("%v in %q", err, line)
		}
		all = append(all, one)
	}
	return all
}

func TestIngestTakesMailsLikeAPipe(t *testing.T) {
	for _, e := range []migrations.Engine{migrations.SQLite, migrations.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			env := pipeEnv(t, e)
			file := filepath.Join(t.TempDir(), "reply.eml")
			reply := strings.NewReplacer("The lamp\r\n", "Re: The lamp\r\n", "Message-ID: <lamp@aster.example>", "Message-ID: <lamp2@aster.example>\r\nIn-Reply-To: <lamp@aster.example>").Replace(lampMail)
			if err := os.WriteFile(file, []byte(reply), 0o600); err != nil {
				t.Fatal(err)
			}
			r := program(t, lampMail, env, "ingest", "-", file, file)
			got := ingestedLines(t, r)
			if r.code != 0 || len(got) != 3 {
				t.Fatalf("exit %d, stdout %q, stderr %q", r.code, r.out, r.err)
			}
			if r.err != "" {
				t.Errorf("a good run is not silent: %q", r.err)
			}
			for i, want := range []ingested{
				{File: "-", Fate: "new", Ticket: "HD-1", Acks: 1, Class: "human"},
				{File: file, Fate: "append", Ticket: "HD-1", Class: "human"},
				{File: file, Fate: "duplicate", Ticket: "HD-1", Class: "human"},
			} {
				got[i].Reason = ""
				if got[i] != want {
					t.Errorf("mail %d: got %+v, want %+v", i, got[i], want)
				}
			}
			fresh := strings.NewReplacer("lamp@", "lamp3@", "The lamp\r\n", "Another lamp\r\n").Replace(lampMail)
			if got := ingestedLines(t, program(t, fresh, env, "ingest")); len(got) != 1 || got[0].Fate != "new" {
				t.Errorf("from stdin without a name: %+v", got)
			}
		})
	}
}

func TestIngestSaysWhenItCouldNotKeep(t *testing.T) {
	env := pipeEnv(t, migrations.SQLite)
	r := program(t, lampMail, env, "ingest", "/nope.eml", "-")
	if r.code != exTempFail || !strings.Contains(r.err, "/nope.eml was not kept") || len(ingestedLines(t, r)) != 1 {
		t.Errorf("a missing file: %+v", r)
	}
	if r := program(t, "", env, "ingest"); r.code != exTempFail || !strings.Contains(r.err, "empty") {
		t.Errorf("an empty mail: %+v", r)
	}
	if r := program(t, lampMail, env, "ingest", "--mailbox", "other"); r.code != exTempFail || !strings.Contains(r.err, `no mailbox "other"`) {
		t.Errorf("an unknown mailbox: %+v", r)
	}
	if r := program(t, lampMail, sqliteEnv(t), "ingest"); r.code != exTempFail || !strings.Contains(r.err, "has no mailbox") {
		t.Errorf("no mailbox: %+v", r)
	}
	if r := program(t, lampMail, append(env, "HELPDESKD_DATABASE=postgres://nobody@127.0.0.1:1/x"), "ingest"); r.code != exTempFail || strings.Count(r.err, "\n") != 1 {
		t.Errorf("no database: %+v", r)
	}
	if r := program(t, lampMail, append(env, "HELPDESKD_LISTEN=x"), "ingest"); r.code != exTempFail {
		t.Errorf("a wrong configuration: %+v", r)
	}
}

func TestParsePrintsOneObjectALine(t *testing.T) {
	dir := t.TempDir()
	whole, junk := filepath.Join(dir, "whole.eml"), filepath.Join(dir, "junk.eml")
	for file, text := range map[string]string{whole: lampMail, junk: "\x00\xff not a mail"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r := program(t, lampMail, nil, "parse", "--json", whole, junk, "-", "/nope.eml")
	lines := strings.Split(strings.TrimSpace(r.out), "\n")
	if r.code != 1 || len(lines) != 4 || strings.Count(r.err, "\n") != 1 || !strings.Contains(r.err, "/nope.eml can not be read") {
		t.Fatalf("exit %d, %d lines, stderr %q", r.code, len(lines), r.err)
	}
	for i, file := range []string{whole, junk, "-", "/nope.eml"} {
		var d ingest.Description
		if err := json.Unmarshal([]byte(lines[i]), &d); err != nil || d.File != file {
			t.Fatalf("line %d: %v, %+v", i, err, d)
		}
		if i%2 == 0 && (d.Subject != "The lamp" || d.From == nil || d.From.Address != "ann@aster.example" || strings.TrimSpace(d.Reply) != "The lamp is out.") {
			t.Errorf("line %d: %+v", i, d)
		}
	}
	if r := program(t, "", nil, "parse", whole); r.code != 0 || !strings.Contains(r.out, "subject  The lamp") || !strings.Contains(r.out, "    The lamp is out.") {
		t.Errorf("for people: %+v", r)
	}
}
