package web

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-rod/rod/lib/proto"
)

// designedMails are mails as people's programs write them.
var designedMails = map[string]string{
	"word": `<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><style><!--
 p.MsoNormal, li.MsoNormal, div.MsoNormal {margin:0cm; font-size:11.0pt; font-family:"Calibri",sans-serif; mso-fareast-language:EN-US;}
 a:link, span.MsoHyperlink {color:#0563C1; text-decoration:underline;} p.MsoListParagraph {margin:0cm; margin-left:36.0pt;} --></style></head>
<body lang=EN-GB link="#0563C1" style='word-wrap:break-word'><div class=WordSection1><p class=MsoNormal>Hello,<o:p></o:p></p><p class=MsoNormal><o:p>&nbsp;</o:p></p>
<p class=MsoNormal>the <b>plotter</b> in room 4 stops after <span style='color:red'>every second sheet</span>. What we tried:<o:p></o:p></p>
<p class=MsoListParagraph style='text-indent:-18.0pt'>1.<span style='font:7.0pt "Times New Roman"'>&nbsp;&nbsp;&nbsp; </span>another roll<o:p></o:p></p><p class=MsoListParagraph style='text-indent:-18.0pt'>2.&nbsp;&nbsp; off and on<o:p></o:p></p>
<p class=MsoNormal><o:p>&nbsp;</o:p></p><table border=1 cellspacing=0 cellpadding=0 style='border-collapse:collapse;border:none'><tr><td style='border:solid windowtext 1.0pt;padding:0cm 5.4pt 0cm 5.4pt'><p class=MsoNormal><b>Sheet</b></p></td><td style='border:solid windowtext 1.0pt;padding:0cm 5.4pt 0cm 5.4pt'><p class=MsoNormal>A0, 90 g</p></td><td style='border:solid windowtext 1.0pt;padding:0cm 5.4pt'><p class=MsoNormal>stops at 60 cm</p></td></tr></table>
<p class=MsoNormal><img width=300 height=90 src="cid:image001.png@01DA" alt="Screenshot of the message"><o:p></o:p></p><p class=MsoNormal style='background:yellow'>Kind regards, Ruth</p><p class=MsoNormal><a href="https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fwww.finchworks.example%2F&amp;data=x">www.finchworks.example</a></p></div></body></html>`,
	"newsletter": `<body style="margin:0;background:#e9edf2"><div style="display:none;font-size:1px">Preheader</div><table width="100%" bgcolor="#e9edf2" cellpadding="0" cellspacing="0"><tr><td align="center"><table width="600" bgcolor="#ffffff" cellpadding="24" cellspacing="0"><tr><td bgcolor="#15395b" style="color:#ffffff;font:bold 24px Arial"><img src="https://cdn.shop.example/logo.png" width="240" height="80" alt="Paperhouse"><br>Autumn offers</td></tr><tr><td style="font-family:Arial;color:#333333;font-size:15px"><p>Toner is 20 % cheaper until Friday.</p><p><a href="https://click.mailer.example/x?id=9" style="background:#e4572e;color:#fff;padding:10px 18px;text-decoration:none">See all offers</a></p><img src="https://cdn.shop.example/toner.png" width="240" alt=""><p style="color:#8a8a8a;font-size:12px">You get this because you asked. <a href="https://shop.example/bye">Unsubscribe</a></p><img src="https://track.shop.example/o.gif" width="1" height="1"></td></tr></table></td></tr></table></body>`,
	"dark":       `<body bgcolor="#0d1117" text="#e6edf3"><h2 style="color:#58a6ff">Build failed</h2><p>Job <code style="background:#161b22;color:#ffa657">deploy-web</code> ended with status 1.</p><p><a href="https://ci.example/jobs/7">Open the log</a></p><table width="100%" style="border-collapse:collapse"><tr><td style="border:1px solid #30363d;padding:6px">step</td><td style="border:1px solid #30363d;padding:6px;color:#f85149">lint</td></tr></table></body>`,
	"lies":       `<p>Dear user,</p><p>your mailbox is full. Sign in at <a href="https://login.evil.example/x">https://portal.office.example/login</a> within 24 hours, or call <a href="tel:+123">+123</a>.</p><p style="color:#fff">white words on our paper</p>`,
	"wide":       `<p>The export:</p><table border="1" cellpadding="4" style="border-collapse:collapse"><tr>` + strings.Repeat(`<td style="white-space:nowrap">Column with words</td>`, 14) + `</tr></table>`,
}

// TestMailShots takes pictures of designed mails on their tickets into the
// folder HELPDESKD_SHOTS, to be looked at.
func TestMailShots(t *testing.T) {
	dir := os.Getenv("HELPDESKD_SHOTS")
	if dir == "" {
		t.Skip("HELPDESKD_SHOTS is not set: it names the folder for pictures of mails")
	}
	world := newOutside(t)
	d := newDrive(t, usual, 1440, 900, world.flags()...)
	d.Page = d.Page.CancelTimeout()
	shot := picture(300, 90)
	for name, body := range designedMails {
		o, _ := d.w.arrives(letter{name: "Ruth Ambler", address: "ruth@aldermere.example", subject: "A designed mail: " + name, text: "Hello, the plotter in room 4 stops after every second sheet.", html: body,
			files: []file{{name: "image001.png", contentType: "image/png", cid: "image001.png@01DA", data: shot}}})
		for _, size := range [][2]int{{1440, 900}, {390, 844}} {
			d.MustSetViewport(size[0], size[1], 1, size[0] < 700)
			for _, theme := range []string{"light", "dark"} {
				proto.EmulationSetEmulatedMedia{Features: []*proto.EmulationMediaFeature{{Name: "prefers-color-scheme", Value: theme}}}.Call(d)
				for _, with := range []string{"", "-pictures"} {
					if with != "" && name != "newsletter" {
						continue
					}
					d.open("/tickets/" + strings.TrimPrefix(o.Ticket, "HD-"))
					for _, e := range d.MustElements("#said .fold:not([open]) summary") {
						e.MustClick()
					}
					d.MustWait(`() => [...document.querySelectorAll("iframe")].every(f => f.contentDocument && f.contentDocument.readyState === "complete" && f.contentDocument.title)`)
					if with != "" {
						d.MustElement("iframe").MustFrame().MustElement(".hd-bar a").MustFocus().MustClick()
						d.MustWait(`() => document.querySelector("iframe").contentWindow.location.search === "?pictures=1" && document.querySelector("iframe").contentDocument.readyState === "complete"`)
					}
					d.MustElement("iframe").MustScrollIntoView()
					d.MustWaitStable()
					d.MustScreenshot(filepath.Join(dir, fmt.Sprintf("%s-%d-%s%s.png", name, size[0], theme, with)))
				}
			}
		}
	}
}
