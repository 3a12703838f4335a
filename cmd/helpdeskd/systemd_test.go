package main

import (
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestTheServiceManagerIsTold when it is ready, that it lives, and that it stops.
func TestTheServiceManagerIsTold(t *testing.T) {
	name := filepath.Join(t.TempDir(), "n")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	t.Setenv("NOTIFY_SOCKET", name)
	l.SetReadDeadline(time.Now().Add(time.Minute))
	read := func() string {
		b := make([]byte, 256)
		n, err := l.Read(b)
		if err != nil {
			t.Fatalf("nothing was told: %v", err)
		}
		return string(b[:n])
	}
	r := start(t, append(sqliteEnv(t), "HELPDESKD_LISTEN=127.0.0.1:0"), "serve")
	told := map[string]bool{}
	for !told["READY=1"] || !told["WATCHDOG=1"] {
		told[read()] = true
	}
	r.end()
	for !told["STOPPING=1"] {
		told[read()] = true
	}
}

// TestTheUnitIsSound, where systemd is there to say so.
func TestTheUnitIsSound(t *testing.T) {
	tool, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("there is no systemd-analyze: ./test.sh installs it")
	}
	out, _ := exec.Command(tool, "verify", "--man=no", "../../deploy/helpdeskd.service").CombinedOutput()
	for line := range strings.SplitSeq(string(out), "\n") {
		// The program is not installed here, and other units are not ours.
		if strings.Contains(line, "helpdeskd.service") && !strings.Contains(line, "is not executable") {
			t.Errorf("%s", line)
		}
	}
}
