package mailgen

import (
	"fmt"
	"strings"
)

// problem writes what a person says the first time, with the marker in it.
func (g *Generator) problem(marker string) string {
	var b strings.Builder
	b.WriteString(one(g.r, greetings) + "\n\n")
	for range 2 + g.r.IntN(4) {
		b.WriteString(one(g.r, sentences) + " ")
	}
	fmt.Fprintf(&b, "\nMy reference is %s.\n\n%s\n", marker, one(g.r, sentences))
	return b.String()
}

var greetings = []string{"Hello,", "Dear helpdesk,", "Hi all", "Good morning,", "Bonjour,", "Guten Tag,", "Hola:", "Dobrý den,"}

var subjects = []string{
	"Printer on the second floor jams", "Cannot sign in after the holidays", "Excel closes by itself", "New laptop for a colleague",
	"Wi-Fi in meeting room Aspen is slow", "Drucker druckt nur leere Seiten", "L'imprimante affiche « Bourrage papier »",
	"VPN error 809", "The projector stays dark", "Access to the shared drive S:", "Mailbox is full", "Teléfono sin línea",
	"Keyboard with a dead key", "Outlook finds nothing older than Friday", "Password expired", "Scanner sends no mail",
	"Badge reader at the east door", "Monitor flickers", "Bitte Zugriff auf Ordner Einkauf", "Zeitserver geht nach, Übertragung bricht ab",
	"Headset has no sound in calls", "Docking station is not recognised", "Label printer prints twice", "Cannot open PDF from supplier",
}

var sentences = []string{
	"Since this morning the printer near the kitchen shows a paper jam although there is none.",
	"I have switched it off and on again, and nothing changed.",
	"It happens every time I open the month-end workbook from the finance share.",
	"My colleague beside me has the same trouble, on the third floor nobody has.",
	"The message says that the server could not be reached, error 0x80070035.",
	"I can work on paper for today, but the closing is due on Friday.",
	"Seit dem Update gestern läuft das Programm sehr langsam und hängt beim Öffnen großer Dateien.",
	"Depuis hier, l'écran reste noir après la mise en veille et je dois redémarrer.",
	"The computer is named PC-0417 and stands in room 2.14.",
	"Could somebody have a look before the meeting at two?",
	"I attached nothing because the screenshot tool does not start either.",
	"The light on the front blinks orange three times, then stays off.",
	"Please call me on extension 4417 if you need to see the screen.",
	"We moved desks last week and the network socket may be the wrong one.",
	"El ratón se para cada pocos minutos y hay que desconectarlo.",
	"It was fine on Monday; on Tuesday the certificate warning came for the first time.",
}

var answers = []string{
	"It still does not work, I tried again just now.", "Here is what you asked: the computer is PC-0417.",
	"Since yesterday evening, and only with large files.", "I can bring the laptop at three, is that all right?",
	"The same error came back after the restart.", "My colleague sees it too, on another computer.",
}

var firsts = []string{"Anna", "Priya", "Marek", "Grace", "Hélène", "Yuki", "Ahmed", "Inés", "Jürgen", "Siobhan", "Søren", "Olga", "Tomas", "Lucía",
	"Björn", "Chen", "Fatima", "Pawel", "Maria", "João", "Nora", "Emil", "Aisha", "Viktor", "Rosa", "Liam", "Zoe", "Ivan", "Klara", "Hugo"}

var lasts = []string{"Novak", "Raman", "Lindqvist", "Caradec", "Tanaka", "Saleh", "Morales", "Keane", "Müller", "Dvorak", "Achebe", "Kobayashi",
	"Petrov", "Ibarra", "Jensen", "O'Brien", "Rossi", "Dubois", "Weber", "Nagy", "Silva", "Larsen", "Wójcik", "Horvat", "Costa", "Moreau", "Fischer", "Okafor", "Haas"}
