package ingest

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"time"

	"helpdeskd/tracker"
)

// A mail that panicked, hung or took the process down is tried again in a
// process of its own, which serves nothing else: it has no secrets, no open
// files and no environment, little memory, and is killed when its time is up.

const (
	// ReadCommand is the hidden command under which the program calls
	// ServeReader and nothing else.
	ReadCommand = "read-mails"

	// readerMemory is what reading one mail may need, in bytes, beside three
	// times its size.
	readerMemory = 256 << 20
	// A stack grows by doubling, beside the one before and what is still to be
	// collected: this way that ends well below readerMemory.
	maxStack = 32 << 20

	readerMails  = 200     // after which a reader is replaced by a fresh one
	readerLarge  = 4 << 20 // a mail of so many bytes is a reader's last
	readerRest   = 5 * time.Second
	readerAnswer = 64 << 20 // bytes of what was understood of one mail, as JSON
	readerWords  = 64 << 10 // bytes kept of what a reader says at its end
)

// errNoReader says that no process could be started. That is nobody's fault
// among the mails.
var errNoReader = errors.New("no process could be started to read it in")

// Isolated reads mails in a child process, one at a time. A child serves
// several mails, since starting one takes longer than reading most; whatever
// goes wrong costs the child its life, and the next mail gets a fresh one.
type Isolated struct {
	command []string
	options func() Options

	mu   sync.Mutex
	kid  *reader
	rest *time.Timer
}

// NewIsolated prepares to read mails by a command that calls ServeReader, with
// the options as they are at each mail. An empty command is this very program
// with ReadCommand.
func NewIsolated(options func() Options, command ...string) *Isolated {
	if len(command) == 0 {
		command = []string{ownProgram(), ReadCommand}
	}
	return &Isolated{command: command, options: options}
}

// Read understands one mail within limit. errNoReader is not the mail's fault.
func (i *Isolated) Read(raw []byte, limit time.Duration) (tracker.Inbound, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.rest != nil {
		i.rest.Stop()
	}
	if i.kid == nil {
		var err error
		if i.kid, err = startReader(i.command, limit); err != nil {
			return tracker.Inbound{}, fmt.Errorf("%w: %v", errNoReader, err)
		}
	}
	in, err := i.kid.read(raw, i.options(), limit)
	if err != nil || len(raw) >= readerLarge || i.kid.mails >= readerMails {
		i.kid.end()
		i.kid = nil
		return in, err
	}
	kid := i.kid
	i.rest = time.AfterFunc(readerRest, func() {
		i.mu.Lock()
		defer i.mu.Unlock()
		if i.kid == kid {
			kid.end()
			i.kid = nil
		}
	})
	return in, nil
}

// Close ends the child, if there is one.
func (i *Isolated) Close() {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.rest != nil {
		i.rest.Stop()
	}
	if i.kid != nil {
		i.kid.end()
		i.kid = nil
	}
}

// reader is a child process that reads mails.
type reader struct {
	cmd   *exec.Cmd
	to    io.WriteCloser
	from  io.Reader
	words *lastWords
	gone  chan struct{}    // closed when it has ended
	state *os.ProcessState // how, from then on
	mails int
	once  sync.Once
}

func startReader(command []string, limit time.Duration) (*reader, error) {
	// Exactly these: nothing of our environment, which may hold secrets, and
	// no files, since Go opens all of its own close-on-exec.
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env = append(readerEnv(), "GOMAXPROCS=2", "GOTRACEBACK=single")
	cmd.Dir = os.TempDir()
	k := &reader{cmd: cmd, words: &lastWords{}, gone: make(chan struct{})}
	cmd.Stderr = k.words
	cmd.WaitDelay = time.Second
	confine(cmd)
	var err error
	if k.to, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if k.from, err = cmd.StdoutPipe(); err != nil {
		return nil, err
	}
	started := make(chan error)
	go func() {
		// It is to die with us, which the kernel ties to the thread that
		// started it: that stays until it has ended.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			k.state, _ = cmd.Process.Wait()
			close(k.gone)
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return k, nil
}

// end kills it and waits until it is gone. It has nothing to lose.
func (k *reader) end() {
	k.once.Do(func() {
		_ = k.cmd.Process.Kill() // it may have ended already
		<-k.gone
		_ = k.to.Close()
		_ = k.cmd.Wait() // only for its pipes: it has been waited for
	})
}

// head goes before a mail.
type head struct {
	Options Options
	Size    int64
	Seconds int64 // that reading it may take
}

// reading is what a reader says about a mail.
type reading struct {
	Mail   tracker.Inbound
	Failed string // why there is none
}

// read has it read one mail. After an error it is of no use any more.
func (k *reader) read(raw []byte, o Options, limit time.Duration) (tracker.Inbound, error) {
	k.mails++
	type result struct {
		a   reading
		err error
	}
	out := make(chan result, 1)
	go func() {
		var r result
		if r.err = writeFrame(k.to, head{Options: o, Size: int64(len(raw)), Seconds: int64(limit/time.Second) + 1}); r.err == nil {
			if _, r.err = k.to.Write(raw); r.err == nil {
				r.err = readFrame(k.from, readerAnswer, &r.a)
			}
		}
		out <- r
	}()
	r, ok := within(out, limit)
	if !ok {
		k.end()
		<-out
		return tracker.Inbound{}, late(limit)
	}
	if r.err != nil {
		k.end()
		return tracker.Inbound{}, errors.New(k.died(limit, int64(len(raw))))
	}
	if r.a.Failed != "" {
		return tracker.Inbound{}, errors.New(r.a.Failed)
	}
	return r.a.Mail, nil
}

// died tells in words why it ended without an answer.
func (k *reader) died(limit time.Duration, size int64) string {
	said := k.words.String()
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(said, w) {
				return true
			}
		}
		return false
	}
	switch {
	case has("out of memory", "cannot allocate memory", "cannot map pages", "failed to create new OS thread"):
		return fmt.Sprintf("it needed more than %d MB of memory", memoryFor(size)>>20)
	case has("stack overflow", "stack exceeds"):
		return "it goes deeper than any mail should"
	case outOfTime(k.state):
		return late(limit).Error()
	}
	said, _, _ = strings.Cut(strings.TrimSpace(said), "\n")
	if said == "" {
		said = "without a word"
		if k.state != nil {
			said = k.state.String()
		}
	}
	return "the process that read it ended: " + clipText(said, 200)
}

func clipText(s string, most int) string {
	if len(s) > most {
		s = s[:most]
	}
	return strings.ToValidUTF8(s, "")
}

func memoryFor(size int64) int64 { return readerMemory + 3*size }

// late says that a mail took too long.
func late(limit time.Duration) error {
	return fmt.Errorf("it took more than %g s", limit.Seconds())
}

// within waits for a result. The limit is counted in steps, and a ticker drops
// those that nobody was awake for: while the machine sleeps or starves us, no
// mail hangs.
func within[T any](out <-chan T, limit time.Duration) (r T, ok bool) {
	t := time.NewTicker(limit / readSteps)
	defer t.Stop()
	for range readSteps {
		select {
		case r = <-out:
			return r, true
		case <-t.C:
		}
	}
	select {
	case r = <-out: // at the very last
		return r, true
	default:
		return r, false
	}
}

// readSteps is how many steps the time that a mail may be read has.
const readSteps = 60

// lastWords keeps the beginning of what a process says when it fails, where
// the Go runtime names the reason, and forgets the rest.
type lastWords struct {
	mu sync.Mutex
	b  []byte
}

func (w *lastWords) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.b = append(w.b, p[:min(len(p), readerWords-len(w.b))]...)
	return len(p), nil
}

func (w *lastWords) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return string(w.b)
}

// ServeReader is the child's side: it reads mails from in and writes what it
// understands of each to out, until in ends. It bounds its own memory first.
func ServeReader(in io.Reader, out io.Writer) error {
	return serveReader(in, out, func(raw []byte, o Options) tracker.Inbound {
		misbehave(raw, true)
		return Parse(raw, o)
	})
}

func serveReader(in io.Reader, out io.Writer, parse func(raw []byte, o Options) tracker.Inbound) error {
	limits, err := beginLimits()
	if err != nil {
		return fmt.Errorf("bound this process: %w", err)
	}
	r := bufio.NewReader(in)
	for {
		var h head
		if err := readFrame(r, 16<<20, &h); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("read what to read: %w", err)
		}
		if err := limits(h); err != nil {
			return fmt.Errorf("bound this process: %w", err)
		}
		raw := make([]byte, h.Size)
		if _, err := io.ReadFull(r, raw); err != nil {
			return fmt.Errorf("read a mail: %w", err)
		}
		if err := writeFrame(out, attempt(raw, h.Options, parse)); err != nil {
			return fmt.Errorf("write what is understood: %w", err)
		}
	}
}

// attempt reads one mail and survives a panic.
func attempt(raw []byte, o Options, parse func(raw []byte, o Options) tracker.Inbound) (a reading) {
	defer func() {
		if v := recover(); v != nil {
			a = reading{Failed: panicked(v).Error()}
		}
	}()
	return reading{Mail: parse(raw, o)}
}

func panicked(v any) error { return fmt.Errorf("the program panicked: %v", v) }

// writeFrame writes a value as its length and its JSON.
func writeFrame(w io.Writer, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if _, err := w.Write(binary.BigEndian.AppendUint64(nil, uint64(len(b)))); err != nil {
		return err
	}
	_, err = w.Write(b)
	return err
}

// readFrame reads what writeFrame wrote, at most so many bytes. It is io.EOF
// where nothing comes any more.
func readFrame(r io.Reader, most int64, v any) error {
	var n [8]byte
	if _, err := io.ReadFull(r, n[:]); err != nil {
		return err
	}
	size := binary.BigEndian.Uint64(n[:])
	if size > uint64(most) {
		return fmt.Errorf("a frame of %d bytes", size)
	}
	b := make([]byte, size)
	if _, err := io.ReadFull(r, b); err != nil {
		return fmt.Errorf("a frame is cut off: %w", err)
	}
	return json.Unmarshal(b, v)
}
