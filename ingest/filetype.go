package ingest

import (
	"path"
	"strings"
)

// extensions is what files of a type are called, for parts without a name. A
// fixed table, so that the result never depends on the machine.
var extensions = map[string]string{
	"application/gzip":                               ".gz",
	"application/ics":                                ".ics",
	"application/json":                               ".json",
	"application/mac-binhex40":                       ".hqx",
	"application/ms-tnef":                            ".dat",
	"application/msword":                             ".doc",
	"application/pdf":                                ".pdf",
	"application/pgp-keys":                           ".asc",
	"application/pgp-signature":                      ".asc",
	"application/pkcs7-mime":                         ".p7m",
	"application/pkcs7-signature":                    ".p7s",
	"application/postscript":                         ".ps",
	"application/rtf":                                ".rtf",
	"application/vnd.ms-excel":                       ".xls",
	"application/vnd.ms-outlook":                     ".msg",
	"application/vnd.ms-powerpoint":                  ".ppt",
	"application/vnd.ms-tnef":                        ".dat",
	"application/vnd.oasis.opendocument.spreadsheet": ".ods",
	"application/vnd.oasis.opendocument.text":        ".odt",
	"application/vnd.openxmlformats-officedocument.presentationml.presentation": ".pptx",
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet":         ".xlsx",
	"application/vnd.openxmlformats-officedocument.wordprocessingml.document":   ".docx",
	"application/x-7z-compressed":                                               ".7z",
	"application/x-pkcs7-mime":                                                  ".p7m",
	"application/x-pkcs7-signature":                                             ".p7s",
	"application/x-rar-compressed":                                              ".rar",
	"application/x-tar":                                                         ".tar",
	"application/x-zip-compressed":                                              ".zip",
	"application/xml":                                                           ".xml",
	"application/zip":                                                           ".zip",
	"audio/amr":                                                                 ".amr",
	"audio/mp4":                                                                 ".m4a",
	"audio/mpeg":                                                                ".mp3",
	"audio/ogg":                                                                 ".ogg",
	"audio/wav":                                                                 ".wav",
	"audio/x-wav":                                                               ".wav",
	"image/bmp":                                                                 ".bmp",
	"image/gif":                                                                 ".gif",
	"image/heic":                                                                ".heic",
	"image/jpeg":                                                                ".jpg",
	"image/jpg":                                                                 ".jpg",
	"image/pjpeg":                                                               ".jpg",
	"image/png":                                                                 ".png",
	"image/svg+xml":                                                             ".svg",
	"image/tiff":                                                                ".tiff",
	"image/vnd.microsoft.icon":                                                  ".ico",
	"image/webp":                                                                ".webp",
	"image/x-icon":                                                              ".ico",
	"image/x-png":                                                               ".png",
	"message/delivery-status":                                                   ".txt",
	"message/disposition-notification":                                          ".txt",
	"message/feedback-report":                                                   ".txt",
	"message/global":                                                            ".eml",
	"message/global-delivery-status":                                            ".txt",
	"message/global-disposition-notification":                                   ".txt",
	"message/global-headers":                                                    ".txt",
	"message/rfc822":                                                            ".eml",
	"message/rfc822-headers":                                                    ".txt",
	"text/calendar":                                                             ".ics",
	"text/csv":                                                                  ".csv",
	"text/directory":                                                            ".vcf",
	"text/html":                                                                 ".html",
	"text/markdown":                                                             ".md",
	"text/plain":                                                                ".txt",
	"text/rfc822-headers":                                                       ".txt",
	"text/richtext":                                                             ".rtf",
	"text/rtf":                                                                  ".rtf",
	"text/vcard":                                                                ".vcf",
	"text/x-vcard":                                                              ".vcf",
	"text/xml":                                                                  ".xml",
	"video/3gpp":                                                                ".3gp",
	"video/mp4":                                                                 ".mp4",
	"video/mpeg":                                                                ".mpeg",
	"video/quicktime":                                                           ".mov",
	"video/webm":                                                                ".webm",
}

// extensionOf gives a nameless part an extension by its type; "" when none is
// certain.
func extensionOf(typ string) string { return extensions[typ] }

// nameByType names a part that has no name of its own.
func nameByType(typ string) string {
	ext := extensions[typ]
	major, minor, _ := strings.Cut(typ, "/")
	switch {
	case isMessage(typ):
		return "message.eml"
	case ext == ".ics":
		return "calendar.ics"
	case ext == ".vcf":
		return "contact.vcf"
	case ext == ".p7m", ext == ".p7s":
		return "smime" + ext
	case typ == "application/pgp-signature":
		return "signature.asc"
	case ext == ".dat":
		return "winmail.dat"
	case strings.HasSuffix(typ, "-headers"):
		return "headers.txt"
	case major == "message" && ext != "":
		return minor + ext
	case ext == "":
		return "file"
	}
	return "attachment" + ext
}

// typeByName is the type of files that carry a name but none, as uuencoded
// ones do.
func typeByName(name string) string {
	switch strings.ToLower(path.Ext(name)) {
	case ".bmp":
		return "image/bmp"
	case ".csv":
		return "text/csv"
	case ".doc":
		return "application/msword"
	case ".docx":
		return "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
	case ".eml":
		return "message/rfc822"
	case ".gif":
		return "image/gif"
	case ".htm", ".html":
		return "text/html"
	case ".jpg", ".jpeg":
		return "image/jpeg"
	case ".mp3":
		return "audio/mpeg"
	case ".mp4":
		return "video/mp4"
	case ".pdf":
		return "application/pdf"
	case ".png":
		return "image/png"
	case ".pptx":
		return "application/vnd.openxmlformats-officedocument.presentationml.presentation"
	case ".txt", ".log":
		return "text/plain"
	case ".vcf":
		return "text/vcard"
	case ".webp":
		return "image/webp"
	case ".xls":
		return "application/vnd.ms-excel"
	case ".xlsx":
		return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	case ".xml":
		return "text/xml"
	case ".zip":
		return "application/zip"
	}
	return "application/octet-stream"
}
