package ingest

import "strings"

var copyMarkers = []string{
	"below this line is a copy", "this is a copy of the message", "copy of the message", "original message follows", "original message header", "message header follows", "message headers follow",
	"unsent message below", "returned message", "message follows", "original message", "begin of returned", "headers of the message", "header of the original", "start of returned", "the header of your", "undelivered message", "returned content", "original text", "your message reads", "text of your message", "your original message", "rejected message", "message to be returned", "first part of the message", "header follows", "body of message", "message body follows", "included message", "failed message",
}

// splitReportText parts the words of a report from the copy of the mail that
// it returns.
func splitReportText(text string) (human, copyOf string) {
	pos := 0
	headers := 0
	for pos < len(text) {
		end := strings.IndexByte(text[pos:], '\n')
		if end < 0 {
			end = len(text)
		} else {
			end += pos
		}
		line := text[pos:end]
		low := strings.ToLower(strings.TrimSpace(line))
		if len(low) < 160 {
			for _, m := range copyMarkers {
				if strings.Contains(low, m) && (strings.HasSuffix(low, ":") || strings.HasPrefix(low, "-") || strings.HasPrefix(low, "=") || strings.HasPrefix(low, "*") || strings.HasSuffix(low, "-") || strings.HasSuffix(low, ".")) && tailHasHeader(text[end:]) {
					return text[:pos], text[end:]
				}
			}
		}
		if strings.HasPrefix(low, "received: from") || strings.HasPrefix(low, "return-path:") || strings.HasPrefix(low, "message-id: <") || strings.HasPrefix(low, "mime-version: 1") || strings.HasPrefix(low, ">received: from") || strings.HasPrefix(low, ">return-path:") || strings.HasPrefix(low, "content-type: message/rfc822") || strings.HasPrefix(low, "content-type: text/rfc822-headers") {
			if headers++; headers >= 1 && !strings.HasPrefix(low, "message-id") {
				return text[:pos], text[pos:]
			}
		}
		pos = end + 1
	}
	return text, ""
}

// tailHasHeader says whether a copied header begins soon.
func tailHasHeader(s string) bool {
	s = strings.ToLower(s[:min(len(s), 3000)])
	for _, f := range []string{"received:", "message-id:", "from:", "return-path:", "date:", "subject:"} {
		if strings.Contains(s, f) {
			return true
		}
	}
	return false
}

// findStatus finds an enhanced status code (RFC 3463) that is not a success,
// or "" when there is none.
func findStatus(s string) string {
	for i := 0; i+4 < len(s); i++ {
		if (s[i] == '4' || s[i] == '5') && s[i+1] == '.' && (i == 0 || !digitOrDot(s[i-1])) {
			j := i + 2
			for j < len(s) && j < i+5 && isDigit(s[j]) {
				j++
			}
			if j == i+2 || j >= len(s) || s[j] != '.' {
				continue
			}
			k := j + 1
			for k < len(s) && k < j+4 && isDigit(s[k]) {
				k++
			}
			if k == j+1 || k < len(s) && digitOrDot(s[k]) && !(s[k] == '.' && (k+1 == len(s) || !isDigit(s[k+1]))) {
				continue
			}
			return s[i:k]
		}
	}
	return ""
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func digitOrDot(c byte) bool { return isDigit(c) || c == '.' }

func hasDigit(s string) bool { return strings.ContainsAny(s, "0123456789") }
