package ingest

// frontBytes is how much of a mail is looked at for its Message-ID when it is kept.
const frontBytes = 64 << 10

// mailID reads the Message-ID from the front of a mail as Parse will, "" where
// there is none. It is noted when the mail is kept, before the mail is
// understood: answers wait for a mail that is not understood at once.
func mailID(front []byte) (id string) {
	// Reading it once more, the worker catches whatever is wrong with it.
	defer func() {
		if recover() != nil {
			id = ""
		}
	}()
	h := readHeader(front[:min(len(front), frontBytes)])
	if ids := messageIDs(h.get("message-id")); len(ids) > 0 {
		return ids[0]
	}
	return ""
}

// front keeps the first bytes of what is written to it.
type front struct{ b []byte }

func (f *front) Write(p []byte) (int, error) {
	if n := min(len(p), frontBytes-len(f.b)); n > 0 {
		f.b = append(f.b, p[:n]...)
	}
	return len(p), nil
}
