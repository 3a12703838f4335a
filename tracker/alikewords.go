package tracker

import "strings"

// words makes a set out of a list that is written with spaces.
func wordSet(list ...string) map[string]bool {
	set := map[string]bool{}
	for _, l := range list {
		for _, w := range strings.Fields(l) {
			set[w] = true
		}
	}
	return set
}

// The words below are folded, as eachToken gives them: lower case, no accents.

// emptyWords say nothing of what a report is about: articles, pronouns,
// greetings, and what stands in every mail to a helpdesk.
var emptyWords = wordSet(
	`the and for with from that this these those there here have has had was were are been being will would could should can may might must shall
	you your yours our ours their they them she her his him its who whom what when where which why how all any some each every other another such than then
	into onto about after before again also just only very much many more most less still since until while because but not yet now today yesterday tomorrow morning afternoon evening week monday tuesday wednesday thursday friday
	hello dear team support helpdesk desk service thanks thank regards kind best cheers please help question issue issues problem problems trouble urgent asap fwd
	get got getting seem seems see say says said tell know think want like try tried trying use used using work works worked working start started starting happen happens happened come comes came going
	open opens opened opening close closes closed closing show shows shown look looks first second third last next left right put set new old customer customers call calls
	itself myself yourself himself herself somebody someone something anything everything soon
	one two three out off over under our room floor office building desk people everyone everybody anyone nobody colleague colleagues minutes minute hour hours time times`,
	`der die das den dem des ein eine einen einem einer und oder aber mit von vom zum zur bei fur aus auf ist sind war waren hat haben habe hatte wird werden wurde kann konnen konnte muss mussen soll
	ich sie wir ihr ihm ihn uns unser unsere mein meine meinen meinem meiner sein seine dass wie was wer wo wann warum auch noch schon nur sehr mehr heute gestern morgen seit jetzt wieder immer alle alles man hier dort
	hallo guten tag liebe lieber sehr geehrte damen herren danke dank vielen viele grusse grussen freundlichen mfg bitte hilfe frage problem probleme dringend
	geht funktioniert funktionieren arbeiten arbeitet buro raum zimmer etage stock uhr minuten stunde stunden kollegen kollege kollegin leute`,
	`les des une est sont etait ete avec pour par dans sur sous chez aux mon mes ses son notre nos votre vos leur leurs que qui quoi dont mais car donc cette ces cet elle ils elles nous vous
	tout tous toute toutes tres encore toujours aussi depuis hier aujourd hui matin midi soir maintenant bonjour bonsoir merci beaucoup cordialement salutations cher chere equipe aide question probleme problemes urgent
	fait faire avoir etre peux peut pouvons pouvez marche fonctionne fonctionnent fonctionner bureau salle etage heure heures minutes collegue collegues bien vous`,
	`los las una del con para por que como esta estan este esto hay muy mas hola gracias saludos buenos dias favor ayuda problema funciona desde hoy ayer oficina
	gli della delle nel nella con per che non sono questo questa buongiorno grazie saluti aiuto problema funziona oggi ieri ufficio
	het een van met voor naar dat dit niet ook nog wel hallo dank groeten hulp probleem werkt vandaag kantoor
	nie jest dzien dobry prosze dziekuje pozdrawiam pomoc problem dziala dzisiaj
	nao com uma mais ola obrigado ajuda problema funciona hoje`)

// faultWords say that something does not work, whatever it is.
var faultWords = wordSet(
	`down outage broken dead crash crashes crashed crashing fail fails failed failing failure error errors offline unreachable unavailable stopped gone lost slow stuck frozen freezes hangs hanging cannot unable disconnected disconnects drops dropped loss interrupted blocked unresponsive denied`,
	`defekt kaputt ausgefallen ausfall storung gestort fehler fehlermeldung weg tot langsam hangt absturz absturze sturzt abgesturzt unerreichbar unterbrochen getrennt blockiert gesperrt stillstand`,
	`panne impossible erreur erreurs coupe coupee coupure bloque bloquee lent lente hs plante plantage deconnecte deconnectee indisponible inaccessible interrompu interrompue arret`,
	`caido caida falla fallo lento roto averia bloqueado guasto rotto errore bloccato kapot storing fout traag uitgevallen brak awaria blad zepsuty lento avaria erro`)

// denials are the words by which people say that something is not there or
// does not do what it should.
var denials = wordSet(`no not nothing doesn isn won without can nicht kein keine keinen nichts ohne pas plus aucun aucune sans sin nada senza niet geen nie sem nao`)

// wishWords are those of who asks for something new, for a right or a hand:
// several such requests are no sign of an outage.
var wishWords = wordSet(
	`request requests install installation order new need needs buy purchase quote reset access permission permissions account create add replace replacement upgrade license licence starter joiner onboarding booking book`,
	`bestellen bestellung neue neuer neues neuen installieren installation zugriff zugang berechtigung berechtigungen zurucksetzen anlegen brauche brauchen benotige benotigen antrag konto lizenz umzug`,
	`demande commande commander nouveau nouvelle nouveaux installer acces droits creer besoin reinitialiser compte licence`,
	`solicitud nuevo nueva acceso cuenta richiesta nuovo nuova accesso aanvraag nieuwe toegang nowy nowe dostep novo nova acesso`)

// wordKinds says which of the lists above a word is in; the first one counts.
var wordKinds = func() map[string]wordKind {
	kinds := map[string]wordKind{}
	for i, list := range []map[string]bool{denials, faultWords, wishWords, emptyWords} {
		for w := range list {
			if kinds[w] == 0 {
				kinds[w] = wordKind(i + 1)
			}
		}
	}
	return kinds
}()

type wordKind uint8

const (
	wordDenies wordKind = iota + 1
	wordFault
	wordWishes
	wordEmpty
)

// concept is what several words of several languages mean. The words are
// beginnings: druckerproblem is a printer, too; those of up to four letters
// are whole words.
type concept struct {
	name  string
	own   bool // each has one of their own: that several fail at once says little
	words []string
}

var concepts = []concept{
	{"network", false, strings.Fields(`internet network netzwerk reseau wifi wlan wireless lan packet gateway router website websites webseite netz netwerk rete intranet connection verbindung connexion conexion`)},
	{"vpn", false, strings.Fields(`vpn anyconnect forticlient globalprotect openvpn wireguard`)},
	{"printer", false, strings.Fields(`printer print drucker drucken druckt imprimante imprimer impression impresora imprimir stampante drukarka plotter kopierer copier copieur`)},
	{"mail", false, strings.Fields(`email emails mail mails outlook mailbox postfach courriel messagerie correo posta exchange inbox posteingang`)},
	{"telephone", false, strings.Fields(`phone phones telephone telephones telefon telefono telefoon voip festnetz`)},
	{"server", false, strings.Fields(`server serveur servidor fileserver laufwerk netzlaufwerk lecteur drive share freigabe nas sharepoint onedrive`)},
	{"meeting", false, strings.Fields(`teams zoom webex videokonferenz visioconference`)},
	{"power", false, strings.Fields(`power strom electricite courant stromausfall`)},
	{"erp", false, strings.Fields(`sap erp navision dynamics datev sage`)},
	{"login", true, strings.Fields(`password passwort passwor kennwort mdp contrasena haslo login logon anmeldung anmelden signin connecter mfa authenticator`)},
	{"computer", true, strings.Fields(`computer laptop notebook pc desktop rechner ordinateur portable ordenador portatil komputer`)},
	{"screen", true, strings.Fields(`screen monitor bildschirm ecran pantalla schermo beeldscherm display`)},
	{"keyboard", true, strings.Fields(`keyboard tastatur clavier teclado mouse maus souris raton`)},
	{"headset", true, strings.Fields(`headset kopfhorer casque headphones`)},
}

// conceptWords are the words of the concepts by their first letter.
var conceptWords = func() map[byte][]conceptWord {
	by := map[byte][]conceptWord{}
	for _, c := range concepts {
		for _, w := range c.words {
			by[w[0]] = append(by[w[0]], conceptWord{w, "=" + c.name, c.own})
		}
	}
	return by
}()

type conceptWord struct {
	word, name string
	own        bool
}

// meaning returns what a word of a report stands for: its concept, or itself
// without the ending of a plural. own: each has one of their own.
func meaning(token string) (word string, own bool) {
	for _, c := range conceptWords[token[0]] {
		if token == c.word || len(c.word) > 4 && strings.HasPrefix(token, c.word) {
			return c.name, c.own
		}
	}
	if n := len(token); n > 4 && token[n-1] == 's' && token[n-2] != 's' {
		return token[:n-1], false
	}
	return token, false
}
