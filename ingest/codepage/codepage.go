// Package codepage names Windows code pages as mails name charsets.
package codepage

import "strconv"

// Charset is the name of a code page. What is unknown is taken for Western European, like Outlook's own default.
func Charset(codepage uint32) string {
	switch codepage {
	case 874, 1250, 1251, 1252, 1253, 1254, 1255, 1256, 1257, 1258:
		return "windows-" + strconv.Itoa(int(codepage))
	case 437, 850, 852, 855, 858, 860, 862, 863, 865, 866:
		return "ibm" + strconv.Itoa(int(codepage))
	case 932:
		return "shift_jis"
	case 936, 20936:
		return "gbk"
	case 949, 51949:
		return "euc-kr"
	case 950:
		return "big5"
	case 1200:
		return "utf-16le"
	case 10000:
		return "macintosh"
	case 20127:
		return "us-ascii"
	case 20866:
		return "koi8-r"
	case 21866:
		return "koi8-u"
	case 50220, 50221, 50222:
		return "iso-2022-jp"
	case 51932:
		return "euc-jp"
	case 54936:
		return "gb18030"
	case 65001:
		return "utf-8"
	}
	if codepage >= 28591 && codepage <= 28605 {
		return "iso-8859-" + strconv.Itoa(int(codepage-28590))
	}
	return "windows-1252"
}
