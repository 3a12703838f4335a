package ingest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// fake is an IMAP server that speaks just what a poller needs, and that a
// test can make behave as badly as real ones do. It is plain, on loopback.
type fake struct {
	t      *testing.T
	ln     net.Listener
	caps   string
	before string            // capabilities before login; caps where empty
	attrs  map[string]string // of folders, in LIST

	mu       sync.Mutex
	validity uint32
	next     uint32
	folders  map[string][]fakeMail // INBOX and others
	conns    map[net.Conn]bool
	logins   int
	commands []string
	// quirk, where set, may answer a command itself and report true. It runs
	// with mu free.
	quirk func(c *fakeConn, tag, cmd string) bool
	// item writes one FETCH response; fakeItem where nil.
	item func(c *fakeConn, seq int, m fakeMail)
}

type fakeMail struct {
	uid     uint32
	at      time.Time
	raw     []byte
	deleted bool
}

type fakeConn struct {
	net.Conn
	f       *fake
	r       *bufio.Reader
	signed  bool
	folder  string // the selected one
	headers bool   // it asked for headers only
}

const exchangeCaps = "IMAP4rev1 AUTH=PLAIN SASL-IR UIDPLUS MOVE ID UNSELECT CHILDREN IDLE NAMESPACE LITERAL+"

func newFake(t *testing.T) *fake {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &fake{t: t, ln: ln, caps: exchangeCaps, validity: 7, next: 1, folders: map[string][]fakeMail{"INBOX": nil}, conns: map[net.Conn]bool{}}
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			f.mu.Lock()
			f.conns[c] = true
			f.mu.Unlock()
			go f.serve(&fakeConn{Conn: c, f: f, r: bufio.NewReader(c), folder: "INBOX"})
		}
	}()
	t.Cleanup(func() {
		ln.Close()
		f.drop()
	})
	return f
}

func (f *fake) config() MailboxConfig {
	a := f.ln.Addr().(*net.TCPAddr)
	return MailboxConfig{Name: "desk", Address: deskUser, Password: deskPass, Host: "127.0.0.1", Port: a.Port, Security: SecurityPlain, Begin: "everything"}
}

// add puts a mail into the inbox and returns its UID; connections that IDLE
// learn nothing of it.
func (f *fake) add(raw []byte) uint32 {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.folders["INBOX"] = append(f.folders["INBOX"], fakeMail{uid: f.next, at: time.Now(), raw: raw})
	f.next++
	return f.next - 1
}

// put puts a mail into any folder, which is made where it is missing.
func (f *fake) put(folder string, at time.Time, raw []byte) uint32 {
	f.mu.Lock()
	defer f.mu.Unlock()
	if folder == "INBOX" {
		f.folders[folder] = append(f.folders[folder], fakeMail{uid: f.next, at: at, raw: raw})
		f.next++
		return f.next - 1
	}
	uid := f.nextOf(folder)
	f.folders[folder] = append(f.folders[folder], fakeMail{uid: uid, at: at, raw: raw})
	return uid
}

// take takes a mail away, as a person would.
func (f *fake) take(folder string, uid uint32) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.folders[folder] = slices.DeleteFunc(f.folders[folder], func(m fakeMail) bool { return m.uid == uid })
}

func (f *fake) nextOf(folder string) uint32 {
	if folder == "INBOX" {
		return f.next
	}
	next := uint32(1)
	for _, m := range f.folders[folder] {
		next = max(next, m.uid+1)
	}
	return next
}

// arrange changes what the server does.
func (f *fake) arrange(fn func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fn()
}

func (f *fake) count(folder string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.folders[folder])
}

// said reports how many commands matched.
func (f *fake) said(pattern string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	re, n := regexp.MustCompile(pattern), 0
	for _, c := range f.commands {
		if re.MatchString(c) {
			n++
		}
	}
	return n
}

// drop closes every connection.
func (f *fake) drop() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for c := range f.conns {
		c.Close()
	}
}

func (c *fakeConn) say(format string, args ...any) {
	fmt.Fprintf(c, format+"\r\n", args...)
}

func (f *fake) offers(c *fakeConn) string {
	if f.before != "" && !c.signed {
		return f.before
	}
	return f.caps
}

func (f *fake) serve(c *fakeConn) {
	defer c.Close()
	c.say("* OK [CAPABILITY %s] ready", f.offers(c))
	for {
		line, err := c.r.ReadString('\n')
		if err != nil {
			return
		}
		tag, cmd, _ := strings.Cut(strings.TrimRight(line, "\r\n"), " ")
		if strings.Contains(strings.ToUpper(cmd), "BODYSTRUCTURE") { // Exchange's malformed ones end the connection
			f.t.Errorf("it asked for BODYSTRUCTURE: %s", cmd)
		}
		f.mu.Lock()
		f.commands = append(f.commands, cmd)
		quirk := f.quirk
		f.mu.Unlock()
		if quirk != nil && quirk(c, tag, cmd) {
			continue
		}
		if !f.answer(c, tag, cmd) {
			return
		}
	}
}

func (f *fake) answer(c *fakeConn, tag, cmd string) bool {
	word := strings.ToUpper(cmd)
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case word == "CAPABILITY":
		c.say("* CAPABILITY %s", f.offers(c))
	case strings.HasPrefix(word, "AUTHENTICATE"), strings.HasPrefix(word, "LOGIN "):
		f.logins++
		c.signed = true
	case strings.HasPrefix(word, "SELECT"), strings.HasPrefix(word, "EXAMINE"):
		name := quotedName(cmd)
		if _, ok := f.folders[name]; !ok {
			c.say("%s NO [NONEXISTENT] no folder %s", tag, name)
			return true
		}
		c.folder = name
		c.say("* %d EXISTS", len(f.folders[name]))
		c.say("* OK [UIDVALIDITY %d] is", f.validity)
		c.say("* OK [UIDNEXT %d] is", f.nextOf(name))
	case word == "NAMESPACE":
		c.say(`* NAMESPACE (("" "/")) NIL NIL`)
	case strings.HasPrefix(word, `LIST "" "" `), word == `LIST "" ""`:
		c.say(`* LIST (\Noselect) "/" ""`)
	case strings.HasPrefix(word, "LIST"):
		for name := range f.folders {
			if strings.Contains(cmd, name) || strings.Contains(cmd, "*") {
				c.say(`* LIST (%s) "/" "%s"`, f.attrs[name], name)
			}
		}
	case strings.HasPrefix(word, "CREATE"):
		f.folders[quotedName(cmd)] = nil
	case strings.HasPrefix(word, "UID SEARCH"):
		f.search(c, word)
	case strings.HasPrefix(word, "UID FETCH"):
		c.headers = strings.Contains(word, "[HEADER]")
		for i, m := range f.folders[c.folder] {
			if inSet(strings.Fields(cmd)[2], m.uid) {
				f.write(c, i+1, m, strings.Contains(word, "BODY"))
			}
		}
	case strings.HasPrefix(word, "UID MOVE"), strings.HasPrefix(word, "UID COPY"):
		if f.transfer(c, cmd, strings.HasPrefix(word, "UID MOVE")) {
			break
		}
		c.say("%s NO [TRYCREATE] no such folder", tag)
		return true
	case strings.HasPrefix(word, "UID STORE"):
		for i := range f.folders[c.folder] {
			if inSet(strings.Fields(cmd)[2], f.folders[c.folder][i].uid) {
				f.folders[c.folder][i].deleted = true
			}
		}
	case strings.HasPrefix(word, "UID EXPUNGE"):
		set := strings.Fields(cmd)[2]
		f.folders[c.folder] = slices.DeleteFunc(f.folders[c.folder], func(m fakeMail) bool { return m.deleted && inSet(set, m.uid) })
	case word == "IDLE":
		c.say("+ idling")
		f.mu.Unlock()
		c.r.ReadString('\n')
		f.mu.Lock()
	case word == "LOGOUT":
		c.say("* BYE")
		c.say("%s OK", tag)
		return false
	}
	c.say("%s OK done", tag)
	return true
}

// transfer moves or copies; it reports false where the folder is missing.
func (f *fake) transfer(c *fakeConn, cmd string, move bool) bool {
	dest, set := quotedName(cmd), strings.Fields(cmd)[2]
	if _, ok := f.folders[dest]; !ok {
		return false
	}
	var left []fakeMail
	for _, m := range f.folders[c.folder] {
		if inSet(set, m.uid) {
			f.folders[dest] = append(f.folders[dest], fakeMail{uid: f.nextOf(dest), at: m.at, raw: m.raw})
			if move {
				continue
			}
		}
		left = append(left, m)
	}
	f.folders[c.folder] = left
	return true
}

func (f *fake) search(c *fakeConn, word string) {
	fields := strings.Fields(word)
	set := "1:*"
	if i := slices.Index(fields[1:], "UID"); i >= 0 {
		set = fields[i+2]
	}
	var hits []string
	for i, m := range f.folders[c.folder] {
		last := i == len(f.folders[c.folder])-1 && strings.HasSuffix(set, ":*") // n:* names the last, always
		if i := strings.Index(word, " HEADER "); i >= 0 {                       // in the order in which go-imap writes them
			field, value, _ := strings.Cut(word[i+len(" HEADER "):], " ")
			if !strings.Contains(strings.ToUpper(string(m.raw)), strings.Trim(field, `"`)+": ") || !strings.Contains(strings.ToUpper(string(m.raw)), strings.Trim(value, `"<>`)) {
				continue
			}
		}
		if _, since, ok := strings.Cut(word, " SINCE "); ok {
			day, err := time.Parse("_2-Jan-2006", strings.Trim(strings.Fields(since)[0], `"`))
			if err == nil && m.at.Before(day) {
				continue
			}
		}
		if (inSet(set, m.uid) || last) && (m.deleted || !strings.Contains(word, " DELETED")) {
			hits = append(hits, strconv.Itoa(int(m.uid)))
		}
	}
	c.say("%s", strings.TrimSpace("* SEARCH "+strings.Join(hits, " ")))
}

func (f *fake) write(c *fakeConn, seq int, m fakeMail, body bool) {
	switch {
	case body && c.headers:
		head, _, _ := strings.Cut(string(m.raw), "\r\n\r\n")
		c.say("* %d FETCH (BODY[HEADER] {%d}\r\n%s\r\n\r\n UID %d)", seq, len(head)+4, head, m.uid)
	case !body:
		c.say(`* %d FETCH (UID %d INTERNALDATE "%s")`, seq, m.uid, m.at.Format("_2-Jan-2006 15:04:05 -0700"))
	case f.item != nil:
		f.item(c, seq, m)
	default:
		fakeItem(c, seq, m)
	}
}

// fakeItem answers as most servers do.
func fakeItem(c *fakeConn, seq int, m fakeMail) {
	c.say(`* %d FETCH (UID %d FLAGS () INTERNALDATE "%s" RFC822.SIZE %d BODY[] {%d}`+"\r\n%s)",
		seq, m.uid, m.at.Format("_2-Jan-2006 15:04:05 -0700"), len(m.raw)+3, len(m.raw), m.raw)
}

// quotedName is the folder's name, which comes last.
func quotedName(cmd string) string {
	if i := strings.Index(cmd, `"`); i >= 0 {
		return strings.Trim(cmd[i:], `"`)
	}
	f := strings.Fields(cmd)
	return f[len(f)-1]
}

func inSet(set string, uid uint32) bool {
	for part := range strings.SplitSeq(set, ",") {
		a, b, isRange := strings.Cut(part, ":")
		lo, _ := strconv.ParseUint(a, 10, 32)
		hi := lo
		if isRange {
			if b == "*" {
				hi = 1<<32 - 1
			} else {
				hi, _ = strconv.ParseUint(b, 10, 32)
			}
		}
		if lo <= uint64(uid) && uint64(uid) <= hi {
			return true
		}
	}
	return false
}

var _ io.Reader = (*fakeConn)(nil)
