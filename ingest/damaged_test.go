package ingest

import (
	"strings"
	"testing"
)

// whole is a short usual mail with other header lines and body.
func whole(header, body string) string {
	return "From: Anna Berg <anna@corp.example>\nTo: helpdesk@corp.example\n" + header + "\n" + body
}

// TestDamagedHeaders: what gateways, scripts and editors do to a header
// costs neither the subject nor the body.
func TestDamagedHeaders(t *testing.T) {
	mixed := "--b1\nContent-Type: text/plain\n\nIt is broken.\n--b1--\n"
	for name, c := range map[string]struct{ raw, subject, text string }{
		"mbox line":               {"From anna@corp.example Mon Mar  2 10:00:00 2026\n" + whole("Subject: s\n", "It is broken.\n"), "s", "It is broken."},
		"quoted mbox line inside": {whole("Subject: s\n>From anna@corp.example Mon Mar  2 10:00:00 2026\nX-A: b\n", "It is broken.\n"), "s", "It is broken."},
		"line without colon":      {whole("X-Scan virus free\nSubject: s\n", "It is broken.\n"), "s", "It is broken."},
		"fold without blank":      {whole("Subject: first half\nsecond half\nX-A: b\n", "It is broken.\n"), "first half second half", "It is broken."},
		"no blank line":           {whole("Subject: s", "It is broken.\n"), "s", "It is broken."},
		"BOM":                     {"\ufeff" + whole("Subject: s\n", "It is broken.\n"), "s", "It is broken."},
		"BOM and blank lines":     {"\n\n" + whole("Subject: s\n", "It is broken.\n"), "s", "It is broken."},
		"blank before colon":      {whole("Subject : s\n", "It is broken.\n"), "s", "It is broken."},
		"tab after colon":         {whole("Subject:\ts\n", "It is broken.\n"), "s", "It is broken."},
		"nothing after colon":     {whole("Subject:s\n", "It is broken.\n"), "s", "It is broken."},
		"upper case":              {whole("SUBJECT: s\n", "It is broken.\n"), "s", "It is broken."},
		"folded at once":          {whole("Subject:\n s\n", "It is broken.\n"), "s", "It is broken."},
		"glued to the date":       {whole("Subject: s\nDate: Mon, 02 Mar 2026 10:00:00 +0100Received: from a by b; Mon, 02 Mar 2026 10:00:00 +0100\n", "It is broken.\n"), "s", "It is broken."},
		"glued to the id":         {whole("Message-ID: <a@b.example>Subject: s\n", "It is broken.\n"), "s", "It is broken."},
		"glued to the version":    {whole("MIME-Version: 1.0Subject: s\n", "It is broken.\n"), "s", "It is broken."},
		"two subjects":            {whole("Subject: s\nSubject: t\n", "It is broken.\n"), "s", "It is broken."},
		"empty subject first":     {whole("Subject:\nSubject: s\n", "It is broken.\n"), "s", "It is broken."},
		"doubled CR":              {strings.ReplaceAll(whole("Subject: s\n", "It is broken.\nAnd loud.\n"), "\n", "\r\r\n"), "s", "It is broken.\nAnd loud."},
		"CR only":                 {strings.ReplaceAll(whole("Subject: s\n", "It is broken.\nAnd loud.\n"), "\n", "\r"), "s", "It is broken.\nAnd loud."},
		"CR only, multipart":      {strings.ReplaceAll(whole("Subject: s\nContent-Type: multipart/mixed;\n boundary=b1\n", mixed), "\n", "\r"), "s", "It is broken."},
		"boundary not folded":     {whole("Subject: s\nContent-Type: multipart/mixed;\nboundary=\"b1\"\n", mixed), "s", "It is broken."},
		"boundary with a colon":   {whole("Subject: s\nContent-Type: multipart/mixed;\nboundary=\"b1:x\"\n", strings.ReplaceAll(mixed, "b1", "b1:x")), "s", "It is broken."},
		"blank line in a fold":    {whole("Subject: s\nContent-Type: multipart/mixed;\n \n boundary=b1\n", mixed), "s", "It is broken."},
		"NUL in the subject":      {whole("Subject: a\x00b\n", "It is broken.\n"), "ab", "It is broken."},
		"raw 8-bit":               {whole("Subject: Gr\xfc\xdfe\n", "It is broken.\n"), "Grüße", "It is broken."},
		"raw UTF-8":               {whole("Subject: Grüße\n", "It is broken.\n"), "Grüße", "It is broken."},
		"raw Shift_JIS":           {whole("Subject: \x83v\x83\x8a\x83\x93\x83^\x81[\x82\xaa\x93\xae\x82\xab\x82\xdc\x82\xb9\x82\xf1\n", "It is broken.\n"), "プリンターが動きません", "It is broken."},
		"200 characters":          {whole("Subject: "+strings.Repeat("nine char ", 20)+"end\n", "It is broken.\n"), strings.Repeat("nine char ", 20) + "end", "It is broken."},
		"blanks to hide behind":   {whole("Subject: offer"+strings.Repeat(" ", 1500)+"end\n", "It is broken.\n"), "offer end", "It is broken."},
		"only headers":            {"From: a@corp.example\nSubject: s", "s", ""},
		"text that has colons":    {whole("Subject: s\n\nNote: It is broken.\n", ""), "s", "Note: It is broken."},
		"soft hyphens and so on":  {whole("Subject: a\u00adb\u200bc\u202ed\n", "It is broken.\n"), "abcd", "It is broken."},
		"a stray fold first":      {" folded by nobody\n" + whole("Subject: s\n", "It is broken.\n"), "s", "It is broken."},
	} {
		in := Parse([]byte(c.raw), Options{})
		checkInvariants(t, []byte(c.raw), in)
		if in.Subject != c.subject || strings.TrimSpace(in.Text) != c.text {
			t.Errorf("%s: subject %q, text %q, defects %q", name, in.Subject, in.Text, in.Defects)
		}
		if len(in.From) != 1 || !strings.HasSuffix(in.From[0].Address, "@corp.example") {
			t.Errorf("%s: from %+v", name, in.From)
		}
	}
}

// TestEncodedWords: legal or not.
func TestEncodedWords(t *testing.T) {
	for in, want := range map[string]string{
		"=?utf-8?Q?Was_ist_das??=":                           "Was ist das?",
		"=?utf-8?Q?a_b":                                      "a b",
		"=?utf-8?B?R3LDvMOfZQ==":                             "Grüße",
		"=?utf-8?B?R3LDvMOfZQ==?":                            "Grüße",
		"=?utf-8?B?R3LDvMOfZQ?=":                             "Grüße",
		"=?utf-8?B?R3L?= =?utf-8?B?DvMOfZQ==?=":              "Gr" + "üße",
		"=??Q?Gr=FC=DFe?=":                                   "Grüße",
		"=?utf8?q?Gr=C3=BC=C3=9Fe?=":                         "Grüße",
		"=?UTF8?B?R3LDvMOfZQ==?=":                            "Grüße",
		"=?iso-8859-1?Q?Gr=C3=BC=C3=9Fe?=":                   "Grüße",
		"=?us-ascii?Q?Gr=FC=DFe?=":                           "Grüße",
		"=?utf-8?Q?Gr=FC=DFe?=":                              "Grüße",
		"=?ISO-2022-JP?B?GyRCJVclaiVzJT8bKEI=?=":             "プリンタ",
		"=?iso-2022-jp?Q?=1B$B%W%j%s%?=1B(B?=":               "プリンタ",
		"=?utf-8?Q?with blanks in it?=":                      "with blanks in it",
		"=?utf-8?Q?fol\r\n ded?=":                            "fol ded",
		"pre=?utf-8?Q?fix?=suf":                              "prefixsuf",
		"\"=?utf-8?Q?quoted?=\"":                             "\"quoted\"",
		"=?utf-8?Q?=F0=9F=96?= =?utf-8?Q?=A8_on_fire?=":      "🖨 on fire",
		"=?utf-8?B?8J+W?= =?utf-8?Q?=A8?=":                   "🖨",
		"=?utf-8?Q?a?==?utf-8?Q?b?=":                         "ab",
		"=?utf-8?Q?a?=\t=?iso-8859-1?Q?=FC?=":                "aü",
		"=?gb2312?B?tPLTobv6?=":                              "打印机",
		"=?ks_c_5601-1987?B?R3L832U=?=":                      "Grüße",
		"=?utf-7?Q?Gr+APwA3w-e?=":                            "Grüße",
		"=?utf-8?X?abc?=":                                    "=?utf-8?X?abc?=",
		"2 =? 3":                                             "2 =? 3",
		"=?utf-8?Q??= empty":                                 " empty",
		"=?utf-8?B?PT91dGYtOD9RP0dyPUMzPUJDPUMzPTlGZT89?=":   "Grüße",
		"=?utf-8?Q?=3D=3Futf-8=3FQ=3Fa=5Fb=3F=3D?=":          "a b",
		"=?windows-1252?Q?=93quoted=94?=":                    "“quoted”",
		"=?utf-8*de?Q?Gr=C3=BC=C3=9Fe?=":                     "Grüße",
		"Re: =?koi8-r?B?8NLJztTF0g==?= =?koi8-r?Q?_=CE=C5?=": "Re: Принтер не",
		"=?utf-16?B?/v8ARwByAPwA3wBl?=":                      "Grüße",
		"=?UNKNOWN?Q?Gr=FC=DFe?=":                            "Grüße",
		"=?utf-8?Q?a?= =?utf-8?Q?b?= plain =?utf-8?Q?c?=":    "ab plain c",
	} {
		if got := decodeSubject(strings.ReplaceAll(in, "\r\n", ""), ""); got != strings.TrimSpace(want) {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
