package tracker

import "time"

// Class says what kind of mail an Inbound is. The words are those that
// `helpdeskd parse --json` prints.
type Class string

// The classes of mail. Only ClassHuman mail is acknowledged.
const (
	ClassHuman          Class = "human"           // written by a person, or a form answer
	ClassAutoReply      Class = "auto_reply"      // out of office and other automatic answers (RFC 3834)
	ClassBounce         Class = "bounce"          // a failed delivery (RFC 3464 or look-alike)
	ClassDeliveryNotice Class = "delivery_notice" // delayed, relayed, delivered: not a failure
	ClassReceipt        Class = "receipt"         // a read receipt (RFC 8098)
	ClassFeedback       Class = "feedback"        // a complaint report (RFC 5965)
	ClassList           Class = "list"            // mailing lists and bulk (RFC 2369, 2919)
	ClassOwn            Class = "own"             // our own mail coming back; set by Receive, not by Parse
	ClassPlaceholder    Class = "placeholder"     // Exchange's "Retrieval using the IMAP4 protocol failed"
	ClassMalformed      Class = "malformed"       // not a mail one can attribute to anybody
)

// Address is a mailbox as it was written: the name decoded and cleaned for
// display, the address the literal addr-spec in lower case, never decoded
// (RFC 2047 section 5 forbids encoded words inside an addr-spec).
type Address struct {
	Name    string `json:"name,omitempty"`
	Address string `json:"address"`
}

// Inbound is what ingest.Parse understood of one mail. It reports and never
// decides: every claim of identity in it is only a claim until Receive has
// weighed it against the mailbox's trust policy. All text is valid UTF-8
// without NUL, CR or control characters other than tab and newline.
type Inbound struct {
	Digest string // hex SHA-256 of the raw bytes
	Size   int64  // bytes of the raw mail

	// ContentDigest is the hex SHA-256 of everything after the header section
	// and of the Content-* headers: equal where only trace headers differ.
	ContentDigest string

	MessageID string    // without angle brackets, at most 998 bytes; "" when absent
	Date      time.Time // the Date header, only ever shown; zero when unreadable

	// From has every mailbox of every From header, in order. FromDefect is
	// non-empty when the author can not be established beyond doubt (none,
	// several, or obsolete spellings that readers disagree about): such a mail
	// is quarantined as malformed.
	From       []Address
	FromDefect string
	Sender     *Address
	ReplyTo    []Address
	To, Cc     []Address
	ReturnPath *string // nil when absent, "" for the null sender <>

	Subject     string  // decoded, on one line, at most 998 bytes
	SubjectTags []int64 // ticket numbers of [HD-123] tags in the subject

	Class       Class
	ClassReason string // why it is automatic, in words a technician understands; "" for human mail
	SuppressAck bool   // the mail asks for no automatic answer, or comes from a no-reply address

	Text   string // the whole readable body
	Reply  string // the author's new words
	Quoted string // what was folded away: quotes and signature, never lost

	Parts []Part // attachments, inline images and HTML bodies, as ranges of the raw mail

	InReplyTo   []string // ids without brackets, as written
	References  []string // ids without brackets, oldest first, at most the first and the last 49
	OriginalID  string   // X-Microsoft-Original-Message-ID, without brackets
	ReplyTokens []string // candidates for reply tokens: plus-address parts of our recipients and local parts of referenced ids

	ThreadIndex string // Outlook's, as ReadThreadIndex takes it; "" where it can not be read
	ThreadTopic string

	// AuthAs is the topmost X-MS-Exchange-Organization-AuthAs. AuthResults
	// are the Authentication-Results headers, topmost first, unfolded.
	AuthAs      string
	AuthResults []string

	Bounce    *Bounce
	Form      *Form
	NoForm    NoForm     // why it is no form, "" where it is one
	Forwarded *Forwarded // the original, where the mail is a forward

	Defects []string // what was damaged and how it was read, for people
	Notes   []string // what else is worth knowing: signed, encrypted, unpacked from winmail.dat

	words *reading // see ReadWords
}

// Forwarded is what a forward says of the mail that it passes on: who wrote
// it, when and about what. Anybody can type that, so it is only a claim.
type Forwarded struct {
	From    Address `json:"from"`           // Address may be "", as in mails between colleagues
	Date    string  `json:"date,omitempty"` // as written there
	Subject string  `json:"subject,omitempty"`
}

// Role says what a Part is for.
type Role string

// The roles of a Part.
const (
	RoleFile   Role = "file"   // an attachment
	RoleInline Role = "inline" // an image that the HTML body shows by Content-ID
	RoleHTML   Role = "html"   // an HTML body, shown in the sandboxed frame

	// RoleAside is what came with a mail but nobody attached: a signature, the
	// winmail.dat that was unpacked. It can be had, and is in nobody's way.
	RoleAside Role = "aside"
)

// Part is a piece of a mail as a range of its raw bytes, so that nothing is
// stored twice. Offset and Length are bytes of the encoded content; Encoding
// says how to decode them, one of package transfer's. A part within something
// wrapped (winmail.dat, S/MIME) is found by cuts, each a range of what the one
// before it is decoded to.
type Part struct {
	Role        Role
	Name        string // clean: no path, no control, bidi or zero-width characters
	ContentType string // lower-case type/subtype
	Charset     string // as declared, for text parts
	ContentID   string // without brackets
	Encoding    string
	Offset      int64
	Length      int64
	Cuts        []Cut
	Size        int64 // decoded size in bytes
}

// Cut is a range of decoded bytes, and how these are decoded in turn.
type Cut struct {
	Offset, Length int64
	Encoding       string
}

// The actions of a Bounce: what became of the mail that it is about.
const (
	ActionFailed    = "failed"
	ActionDelayed   = "delayed"   // the server goes on trying
	ActionRelayed   = "relayed"   // to a server that sends no reports
	ActionDelivered = "delivered" // to the mailbox
)

// Bounce is what a failed delivery or a delivery notice says.
type Bounce struct {
	Action            string   `json:"action"`          // ActionFailed and its like (RFC 3464 section 2.3.3)
	Guess             bool     `json:"guess,omitempty"` // told by wording only: a person may have written it
	Recipients        []string `json:"recipients,omitempty"`
	OriginalMessageID string   `json:"original_message_id,omitempty"`
	Permanent         bool     `json:"permanent"`
	Status            string   `json:"status,omitempty"` // RFC 3463, for example 5.1.1
	Reason            string   `json:"reason,omitempty"` // in words
}

// Form is a form's answers as a mail carried them.
type Form struct {
	Source      string   `json:"source"` // power_automate, power_automate_mail_connector, power_automate_plain, power_automate_json, ms_forms_native, google_forms, jotform, plain
	Title       string   `json:"title,omitempty"`
	Requester   Address  `json:"requester"` // Address is "" when it could not be resolved
	Responder   string   `json:"responder,omitempty"`
	SubmittedAt string   `json:"submitted_at,omitempty"` // as written
	ResponseID  string   `json:"response_id,omitempty"`
	Link        string   `json:"link,omitempty"` // to the answers, for native notifications
	Answers     []Answer `json:"answers"`
	Subject     string   `json:"subject,omitempty"` // suggested: the first sentence of the problem
}

// NoForm says why a mail is not read as a form.
type NoForm string

// The reasons for which a mail is no form.
const (
	NoFormAutomatic NoForm = "automatic" // a bounce, a receipt, an automatic answer
	NoFormReply     NoForm = "reply"     // it answers or forwards another mail
	NoFormSender    NoForm = "sender"    // nothing says that a form sent it
	NoFormPairs     NoForm = "pairs"     // it has no questions with answers
)

// Meaning is what a form question asks for, when its label is a known synonym.
type Meaning string

// The meanings that a label can have.
const (
	MeansName       Meaning = "name"
	MeansEmail      Meaning = "email"
	MeansDepartment Meaning = "department"
	MeansPhone      Meaning = "phone"
	MeansProblem    Meaning = "problem"
	MeansRepeat     Meaning = "repeat"
	MeansStarted    Meaning = "started"
	MeansEffect     Meaning = "effect"
	MeansAsset      Meaning = "asset"
	MeansLocation   Meaning = "location"
	MeansDoing      Meaning = "doing" // what was being done when it happened
	MeansFor        Meaning = "for"   // whom it is for, where not who answers

	// MeansNothing is taught where a question only sounds like one of these.
	MeansNothing Meaning = "nothing"
)

// Answer is one question and its answer, in the form's order.
type Answer struct {
	Question string       `json:"question"`
	Answer   string       `json:"answer"` // JSON arrays joined with "; "
	Meaning  Meaning      `json:"meaning,omitempty"`
	Date     string       `json:"date,omitempty"`  // ISO 8601 date, where the answer is one
	Files    []AnswerFile `json:"files,omitempty"` // uploads
}

// AnswerFile is an uploaded file that a form answer links to.
type AnswerFile struct {
	Name string `json:"name"`
	Link string `json:"link"`
	Size int64  `json:"size,omitempty"`
}
