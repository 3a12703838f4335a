package reply

import "testing"

// TestAttributions are forms beside those of the matrix, with and without
// marks on the quote below them.
func TestAttributions(t *testing.T) {
	for _, a := range []string{
		"Help Desk <help@corp.example> schrieb am Mo., 2. März 2026, 09:00:",
		"Help Desk <help@corp.example> a écrit le lun. 2 mars 2026 09:00 :",
		"Help Desk <help@corp.example> ha scritto:",
		"Help Desk <help@corp.example> escreveu no dia segunda, 2/03/2026 à(s) 09:00:",
		"Help Desk <help@corp.example> 于 2026年3月2日周一 09:00写道：",
		"Help Desk (help@corp.example) wrote on Mon, 2 Mar 2026 09:00:",
		"In a message dated 3/2/2026 9:00:00 AM Eastern Standard Time, help@corp.example writes:",
		"On 3/2/26, 9:00 AM, \"Help Desk\" <help@corp.example> wrote:",
		"On Mon, Mar 02, 2026 at 09:00:00AM +0100, Help Desk wrote:",
		"* Help Desk <help@corp.example> [2026-03-02 09:00]:",
		"Quoting Help Desk <help@corp.example>:",
		"help@corp.example wrote:",
		"*On Mon, 2 Mar 2026 at 09:00, Help Desk <help@corp.example> wrote:*",
		"-- On Mon, 2 Mar 2026 09:00 Help Desk <help@corp.example> wrote --",
		"On Monday, March 2, 2026, Help Desk <help@corp.example> wrote:",
		"On Monday, March 2, 2026 9:00 AM, Help Desk wrote:",
		"On 2026-03-02T09:00:00Z, Help Desk <help@corp.example> wrote:",
		"On Mar 2, 2026, at 9:00 AM, Help Desk via Desk <help@corp.example> wrote:",
		"‐‐‐‐‐‐‐ Original Message ‐‐‐‐‐‐‐\nOn Monday, March 2nd, 2026 at 9:00 AM, Help Desk <help@corp.example> wrote:",
		"------- Original Message -------\nOn Monday, March 2nd, 2026 at 9:00 AM, Help Desk <help@corp.example> wrote:",
		"Am 2. März 2026 09:00:12 MEZ schrieb Help Desk <help@corp.example>:",
		"Am Montag, den 02.03.2026, 09:00 +0100 schrieb Help Desk:",
		"El lunes, 2 de marzo de 2026, Help Desk <help@corp.example> escribió:",
		"Il lun 2 mar 2026, 09:00 Help Desk <help@corp.example> ha scritto:",
		"Op ma 2 mrt. 2026 09:00 schreef Help Desk <help@corp.example>:",
		"From: Help Desk <help@corp.example> Sent: Monday, March 2, 2026 To: Anna Berg Subject: RE: printer",
		"From: help@corp.example\nTo: anna@client.example\nSubject: x\nDate: Mon, 2 Mar 2026 09:00:00 +0000",
		"To: anna@client.example\nFrom: help@corp.example\nDate: Mon, 2 Mar 2026 09:00:00 +0000\nSubject: x",
		"Subject: x\nFrom: help@corp.example\nTo: anna@client.example\nDate: Mon, 2 Mar 2026 09:00:00 +0000",
		"**From:** Help Desk <help@corp.example>\n**Sent:** Monday, March 2, 2026\n**To:** Anna\n**Subject:** x",
		"_____________________________\nFrom: Help Desk <help@corp.example>\nSent: Monday, March 2, 2026\nSubject: x\nTo: Anna <anna@client.example>",
		"=============================\nVon: Help Desk\nGesendet: Montag, 2. März 2026 09:00\nAn: Anna\nBetreff: x",
		"Get Outlook for iOS<https://aka.example/o>\n________________________________\nFrom: Help Desk <help@corp.example>\nSent: Monday\nTo: Anna\nSubject: x",
		"Outlook für Android herunterladen\n\n________________________________\nVon: Help Desk <help@corp.example>\nGesendet: Montag\nAn: Anna\nBetreff: x",
	} {
		for _, quote := range []string{"\n> Does it work?\n> Yes?\n", "\n\n>Does it work?\n", "\n\nDoes it work?\n\nYes?\n"} {
			for _, text := range []string{"It works.\n\n", "It works.\n"} {
				want := "It works."
				if got, _ := Split(text+a+quote, false); got != want {
					t.Errorf("%q: %q", text+a+quote, got)
				}
			}
		}
	}
}
