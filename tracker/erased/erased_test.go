package erased

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestAJournalIsReadBackAndSurvivesATornLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data", FileName)
	key := []byte("sixteen bytes or more")
	j := New(path, key)
	a := Entry{ID: "a", Kind: Ticket, Number: 7, CreatedAt: 5, Mails: []Mail{{Hash: "mail:1", Content: "c"}}}
	b := Entry{ID: "b", Kind: Person, Addresses: []string{j.Hash("Anna@Aldermere.example ")}}
	for range 2 { // twice is once
		if err := j.Add(a); err != nil {
			t.Fatal(err)
		}
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"id":"half","kind":"per`); err != nil {
		t.Fatal(err)
	}
	f.Close()
	if err := New(path, key).Add(a, b); err != nil {
		t.Fatal(err)
	}
	all, err := Read(path)
	if err != nil || len(all) != 2 || all[0].Number != 7 || all[0].Mails[0].Content != "c" || all[1].Addresses[0] != New("", key).Hash("anna@aldermere.example") {
		t.Fatalf("read %+v, %v", all, err)
	}
	text, err := os.ReadFile(path)
	if err != nil || bytes.Contains(bytes.ToLower(text), []byte("anna")) {
		t.Fatalf("the journal names a person: %s %v", text, err)
	}
	if New("", []byte("another key entirely")).Hash("anna@aldermere.example") == all[1].Addresses[0] {
		t.Fatal("the hash does not depend on the key")
	}
	if st, err := os.Stat(path); err != nil || st.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, %v", st.Mode(), err)
	}
}

func TestADamagedJournalIsAnError(t *testing.T) {
	path := filepath.Join(t.TempDir(), FileName)
	if err := os.WriteFile(path, []byte("{\"id\":\"a\",\"kind\":\"ticket\"}\n{\"id\":\"b\",\"kind\":\"?\"}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if all, err := Read(path); err == nil {
		t.Fatalf("read %+v", all)
	}
	if all, err := Read(path + "-no"); err != nil || all != nil {
		t.Fatalf("no file gave %v, %v", all, err)
	}
}
