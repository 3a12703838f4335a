package form

import (
	"strings"
	"sync"

	"helpdeskd/tracker"
)

// synonyms are the labels of one meaning in English, French and German,
// separated by "|": whole labels, and phrases that a label has in it, from the
// beginning of a word on. "fr:" before one says that it counts only in a form
// of that language, because it means something else in another; "!" that it
// counts only as the whole label.
type synonyms struct {
	means       tracker.Meaning
	whole, part []string
}

// labels are the synonyms, the meanings in the order in which they are looked
// for.
var labels = []synonyms{
	{tracker.MeansFor, []string{
		"!for whom|!on behalf of|affected person|affected user|affected employee|!beneficiary|requested for|!behalf of",
		"!pour qui|personne concernée|utilisateur concerné|utilisatrice concernée|collaborateur concerné",
		"!für wen|betroffene person|betroffener benutzer|betroffene mitarbeiterin|betroffener mitarbeiter|!im auftrag von",
	}, []string{
		"for whom|on behalf of|on whose behalf|who is this request for|who is this for|who is the request for|who is affected|whom does it affect|who needs the help|who needs help|person affected",
		"pour qui|au nom de qui|pour le compte de|personne concernée|qui est concerné|qui est concernée",
		"für wen|in wessen auftrag|im auftrag von|wer ist betroffen|wen betrifft",
	}},
	{tracker.MeansDoing, []string{
		"!activity|last action|last actions",
		"dernière action",
		"letzte aktion|!tätigkeit",
	}, []string{
		"what were you doing|were you doing|what did you do|what was being done|what you were doing|were you trying to do",
		"que faisiez vous|qu étiez vous en train|vous faisiez|en train de faire",
		"was haben sie gerade|was haben sie gemacht|was taten sie|was hast du gemacht|was wurde gemacht",
	}},
	{tracker.MeansEmail, []string{
		"email|e mail|mail|requester|requestor|responder|email id|!contact|your mail|from|sender|upn|user principal name",
		"courriel|mél|e mail professionnel|mail professionnel|demandeur|expéditeur",
		"absender|antragsteller|antragstellerin|emailadresse|dienstliche e mail|mailadresse",
	}, []string{
		"email address|e mail address|mail address|your email|your e mail|work email|work e mail|employee email|employee e mail|contact email|contact e mail|company email|user email|requester email|requester s email|requestor email|business email|corporate email|email of|email id|email you|email to reach|e mail to reach|staff email|where can we email|reply to",
		"adresse e mail|adresse email|adresse mail|adresse courriel|adresse électronique|adresse de messagerie|votre courriel|votre e mail|votre email|votre mail|e mail professionnel|email professionnel|e mail de contact|email de contact|e mail du demandeur|adresse professionnelle",
		"e mail adresse|email adresse|mail adresse|mailadresse|emailadresse|ihre e mail|ihre email|ihre mail|deine e mail|deine email|dienstliche e mail|geschäftliche e mail|firmen e mail|kontakt e mail|e mail des antrag",
	}},
	{tracker.MeansPhone, []string{
		"phone|telephone|tel|phone number|extension|ext|mobile|cell|cell phone|phone no|tel no|contact no|phone extension|direct line|call back number|callback number",
		"téléphone|fr:poste|fr:portable|fr:numéro|n de téléphone|tél|tél portable|ligne directe|numéro de poste|fr:mobile",
		"telefon|durchwahl|handy|handynummer|rufnummer|telefonnummer|telefon nr|mobil|de:nebenstelle|apparat",
	}, []string{
		"phone number|telephone number|phone extension|contact number|mobile number|cell number|your phone|your telephone|your extension|extension number|reach you by phone|reach you on|number can we call|number to call|callback number|call back number|where can we call",
		"numéro de téléphone|numéro de portable|numéro de mobile|numéro de poste|votre téléphone|votre numéro|téléphone où|joindre par téléphone|n de tél|téléphone de contact|téléphone professionnel",
		"telefonnummer|telefon nummer|mobilnummer|handynummer|rückrufnummer|rufnummer|ihre telefon|ihre durchwahl|telefonisch erreich|telefon durchwahl|tel nr",
	}},
	{tracker.MeansDepartment, []string{
		"department|team|division|!unit|business unit|dept|dept name|organizational unit|organisational unit|cost center|cost centre|!group|!section",
		"fr:service|département|équipe|fr:direction|fr:pôle|centre de coût|centre de coûts|fr:unité|votre service",
		"abteilung|bereich|kostenstelle|fachbereich|organisationseinheit|referat|!gruppe|dezernat|geschäftsbereich",
	}, []string{
		"your department|which team|which department|what department|what team|your team|department name|name of department|name of your department|department or team|department team|team department|business unit|department do you|team do you|team are you|department are you|employee department",
		"votre service|quel service|votre département|quel département|votre équipe|quelle équipe|votre direction|service ou|service de rattachement|nom du service|département ou service|service département",
		"ihre abteilung|deine abteilung|welche abteilung|welcher abteilung|abteilung team|abteilung oder|welchem team|welches team|ihr team|name der abteilung|welchem bereich|ihr bereich|organisationseinheit",
	}},
	{tracker.MeansEffect, []string{
		"impact|effect|urgency|severity|business impact|work impact|effect on work|impact on work|priority",
		"urgence|conséquences|conséquence|gravité|impact sur le travail|effet sur le travail|priorité|niveau d urgence",
		"auswirkung|auswirkungen|dringlichkeit|schweregrad|beeinträchtigung|auswirkung auf die arbeit|priorität",
	}, []string{
		"effect on|impact on|affect your work|affects your work|affecting your work|affected your work|affect you work|affect your ability|affecting your ability|affect your job|impact your work|impacts your work|impacting your work|impact your ability|effect does|impact does|impact is|can you not do|unable to do|can you still work|are you able to work|able to continue|still able to work|able to do your|keep you from working|prevent you from working|preventing you from|stop you from working|stopping you|can t you do|cannot do|how urgent|how severe|how serious|how badly|business impact|work impact|level of impact|level of urgency|urgency of",
		"impact sur|effet sur|affecte votre travail|affecte t il votre|affecte t elle|incidence sur|conséquence|répercussion|pouvez vous travailler|pouvez vous encore|pouvez vous continuer|pouvez vous toujours|empêche de travailler|empêche t il|ne pouvez vous|votre travail est|niveau d urgence|degré d urgence|quelle urgence|est ce urgent|gêne dans votre travail|impacte votre|impacte t il|quel est l impact",
		"auswirkung|einfluss auf|beeinflusst|beeinträchtig|können sie noch arbeiten|können sie weiter|können sie trotzdem|kannst du noch|arbeitsfähig|nicht mehr tun|nicht mehr arbeiten|wie dringend|wie schwer|wie stark|hindert sie|behindert|dringlichkeit|wirkt sich",
	}},
	{tracker.MeansRepeat, []string{
		"reproducible|repeatable|!steps|steps to reproduce|replication|reproduction steps|repro steps|reproducibility|frequency",
		"reproductible|!étapes|étapes à suivre|reproductibilité|fréquence",
		"reproduzierbar|reproduzierbarkeit|wiederholbar|!schritte|häufigkeit",
	}, []string{
		"replicate|replicable|reproduce|reproducible|repeat the|repeat it|repeatable|be repeated|happen again|happens again|happening again|make it happen|occur again|recreate|every time|each time|how often|what are the steps|which steps|steps to|steps that lead|steps you took|one off|happen more than once|does it always|always happen",
		"reproduire|reproductible|se reproduit|se répète|répéter|les étapes|quelles étapes|à chaque fois|systématique|à quelle fréquence|se produit il|arrive t il souvent|arrive t elle souvent|est ce que cela arrive",
		"reproduzier|nachstellen|nachvollzieh|wiederhol|welche schritte|schritte zum|schritte zur|schritte um|jedes mal|jedesmal|wie oft|immer wieder|tritt das problem immer|tritt der fehler immer",
	}},
	{tracker.MeansStarted, []string{
		"start date|started|since when|date of issue|date of incident|incident date|issue date|issue started|problem started|first occurrence|first seen|began|date occurred|!when|date started|date first noticed|onset|date of occurrence",
		"depuis quand|date de début|date du problème|date de l incident|date d apparition|!quand|première apparition|début du problème|date de survenue",
		"seit wann|beginn|startdatum|!wann|problem seit|erstmals aufgetreten|datum des vorfalls|zeitpunkt|beginn des problems|zeitpunkt des auftretens|aufgetreten am|störungsbeginn",
	}, []string{
		"when did|when was|when has|when it started|when the problem|when the issue|when the incident|issue started|issue start|problem started|problem start|problem began|issue began|since when|start happening|started happening|start to happen|begin happening|when you first|first notice|first occur|first happen|first appear|first experience|how long has|how long have|date and time of|date of the|date the|start date of|starting when|day did",
		"quand le|quand la|quand est ce|quand cela|quand avez vous|quand a|quand ce|à quel moment|commencé|débuté|depuis quand|depuis quelle|depuis combien|date de début|date d apparition|date de l incident|première fois|apparu|survenu",
		"seit wann|wann hat|wann ist|wann trat|wann trat|wann begann|wann haben sie|wann wurde|wann tritt|zum ersten mal|erstmals|erstmalig|beginn des|beginn der|wie lange|zeitpunkt de|datum des|begonnen|aufgetreten",
	}},
	{tracker.MeansAsset, []string{
		"asset|hostname|host|computer|device|pc|laptop|notebook|asset tag|asset id|asset number|serial number|serial no|serial|machine|inventory number|inventory no|printer|workstation|equipment|computer name|pc name|device name|service tag|tag number|device id|hardware|device or system",
		"poste de travail|ordinateur|appareil|fr:machine|imprimante|numéro de série|numéro d inventaire|n d inventaire|n de série|matériel|équipement|nom de machine|nom du pc|étiquette|pc portable",
		"gerät|rechner|computername|geräte nr|gerätenummer|inventarnummer|inventar nr|seriennummer|drucker|arbeitsplatzrechner|gerätename|rechnername|pc nummer|hardware|arbeitsplatz pc|anlage nr|anlagennummer",
	}, []string{
		"asset tag|asset number|asset id|asset name|which computer|which device|which asset|which machine|which pc|which laptop|which printer|what computer|what device|what machine|what equipment|computer name|device name|host name|hostname|pc name|machine name|name of your computer|name of your pc|name of the computer|name of the pc|name of the device|name of your device|name of the machine|name of the printer|name of your laptop|device are you|computer are you|machine are you|affected device|affected computer|affected equipment|device affected|computer affected|equipment affected|serial number|service tag|inventory number|number on the sticker|device or computer|computer or device",
		"quel ordinateur|quel appareil|quel poste de travail|quel matériel|quel équipement|quelle machine|quelle imprimante|nom de l ordinateur|nom de votre ordinateur|nom du poste|nom de votre poste|nom du pc|nom de la machine|nom de l appareil|nom d hôte|numéro d inventaire|numéro de série|n d inventaire|appareil concerné|matériel concerné|équipement concerné|ordinateur concerné|poste concerné|machine concernée",
		"welches gerät|welcher rechner|welchem gerät|welchem rechner|welcher computer|welchem computer|welcher drucker|welcher pc|welchem pc|name des computers|name ihres computers|name des rechners|name ihres rechners|name des geräts|name des gerätes|name ihres geräts|computername|rechnername|gerätename|inventarnummer|inventar nr|seriennummer|betroffenes gerät|betroffene hardware|betroffener computer|betroffener rechner|gerätenummer",
	}},
	{tracker.MeansLocation, []string{
		"location|office|room|site|building|floor|!where|office location|room number|work location|branch|desk|desk number|site location|building and room|workplace|campus|plant|city",
		"lieu|fr:bureau|bâtiment|étage|fr:salle|emplacement|localisation|fr:site|agence|lieu de travail|numéro de bureau|ville|fr:local",
		"standort|raum|gebäude|büro|etage|de:!wo|de:ort|raumnummer|stockwerk|arbeitsort|arbeitsplatz|niederlassung|filiale|zimmer|zimmernummer|werk|platz|de:stadt|raum nr|dienststelle",
	}, []string{
		"your location|where are you|where do you|where is the|where is your|which office|which room|which site|which building|which location|which branch|which floor|what location|what office|what site|room number|office location|site location|work location|location of|desk number|office or|building and|building room|floor and room|office room",
		"où êtes vous|où vous trouvez|où se trouve|où travaillez|où est|quel bureau|quel site|quel bâtiment|quel étage|quelle salle|quelle agence|sur quel site|votre bureau|votre site|votre lieu|numéro de bureau|lieu de|bureau ou|bâtiment et|bâtiment étage|site ou",
		"wo befindet|wo befinden|wo sind sie|wo bist du|wo steht|wo arbeiten|welcher standort|welchem standort|welches büro|welchem büro|welches gebäude|welchem gebäude|welcher raum|welchem raum|ihr standort|ihr büro|ihr arbeitsplatz|raum und|gebäude und|gebäude raum|standort oder|standort und|standort büro|raumnummer|büro raum",
	}},
	{tracker.MeansProblem, []string{
		"problem|issue|description|details|!request|!message|!comments|!question|incident|your message|message body|your request|request details|issue details|problem details|summary|short description|problem summary|!subject|symptoms|fault|error description|!help|ticket description|additional details",
		"problème|fr:demande|fr:description|description du problème|fr:détails|!fr:message|fr:panne|symptômes|votre demande|votre message|votre problème|fr:incident|détail de la demande|objet de la demande",
		"beschreibung|anliegen|anfrage|störung|fehlerbeschreibung|problembeschreibung|nachricht|ihre nachricht|ihr anliegen|fehler|ihre anfrage|kurzbeschreibung|störungsmeldung|!details|fehlerbild|symptome|worum geht es",
	}, []string{
		"what happened|what happens|what has gone wrong|what s gone wrong|what has happened|what actually happen|what did actually|what is happening|what s happening|what exactly happen|what went wrong|what is wrong|what s wrong|what is going on|what is not working|what isn t working|what is the problem|what s the problem|what is your problem|what is the issue|what s the issue|what is your issue|what problem|what issue|what seems to be|what error|describe the|describe your|describe what|describe in|description of|please describe|problem description|issue description|incident description|tell us what|tell us about|explain the|explain what|explain your|how can we help|how may we help|what can we help|what do you need|what can we do|nature of|summary of|details of the problem|details of the issue|details of your|details about the problem|details about the issue|what is your request|what are you experiencing|problem are you|issue are you",
		"que s est il|qu est il arrivé|qu est ce qui se passe|qu est ce qui s est|qu est ce qui ne|que se passe|que s est passé|quel est le problème|quel est votre problème|quel problème|quelle est la panne|quelle est votre demande|quel est l incident|quel est le souci|quelle erreur|décrivez|décrire|veuillez décrire|merci de décrire|description du|description de|expliquez|que puis|comment pouvons nous|en quoi pouvons|de quoi avez vous besoin|nature du|nature de la|objet de votre|détails du problème|détail du problème|ne fonctionne pas|rencontrez vous",
		"was ist passiert|was passiert|was ist geschehen|was geschah|was ist das problem|was ist ihr problem|was ist los|was ist kaputt|was genau|was funktioniert nicht|was klappt nicht|welches problem|welche störung|welcher fehler|welche fehlermeldung|beschreiben sie|beschreibe|beschreibung des|beschreibung der|beschreibung ihres|problembeschreibung|fehlerbeschreibung|wie können wir|was können wir|womit können wir|wobei können|worum geht|schildern sie|erläutern sie|art der störung|art des problems|ihr anliegen|details zum problem|was benötigen sie",
	}},
	{tracker.MeansName, []string{
		"name|full name|!employee|!user|first name|last name|surname|family name|given name|forename|first and last name|name and surname|requester name|requestor name|requested by|reported by|reporter|your full name|employee name|user name|username|staff name|contact person|contact name|caller|display name|name of requester",
		"fr:nom|prénom|nom et prénom|nom prénom|prénom nom|prénom et nom|nom complet|employé|employée|fr:utilisateur|nom de famille|nom de l utilisateur|nom d utilisateur|nom du demandeur|collaborateur|signalé par|demandé par|nom de l employé|interlocuteur",
		"vorname|nachname|familienname|vor und nachname|vor und zuname|vorname nachname|nachname vorname|name vorname|mitarbeiter|mitarbeiterin|benutzer|benutzername|ansprechpartner|ansprechperson|gemeldet von|melder|ihr name|name des antragstellers|kontaktperson|anwender",
	}, []string{
		"your name|full name|your full|employee name|employee s name|user s name|user name of|first and last name|first name and|first last|name and surname|name surname|name of requester|name of the requester|name of employee|name of the employee|name of user|name of the user|name of the person|name of person|name of contact|requester name|requester s name|requestor s name|contact name|contact person|who are you|who is reporting|who reports|person reporting|reported by|reporter s name|name of reporter|may we know your name|submitter name|staff member",
		"nom et prénom|prénom et nom|nom prénom|votre nom|votre prénom|nom complet|vos nom|nom de l utilisateur|nom du demandeur|nom de l employé|nom du collaborateur|nom de la personne|comment vous appelez|qui êtes vous|personne à contacter|nom du contact",
		"ihr name|ihren namen|dein name|ihr vor|ihr vollständiger|vollständiger name|vor und nachname|vor und zuname|vorname und|vorname nachname|nachname vorname|name vorname|name und vorname|wie heißen|wie heissen|wie lautet ihr name|name des antrag|name des mitarbeiter|name der mitarbeiter|name des benutzers|name der person|name des melde|wer sind sie|wer meldet",
	}},
}

// word is one synonym.
type word struct {
	means tracker.Meaning
	only  string // the language it counts in, "" for all
	alone bool
	text  string // of a phrase: with a blank before it
}

type words struct {
	whole map[string]word
	parts []word
}

// vocabulary makes the synonyms ready to be looked up.
var vocabulary = sync.OnceValue(func() words {
	v := words{whole: map[string]word{}}
	each := func(lists []string, do func(word)) {
		for _, list := range lists {
			for _, text := range strings.Split(list, "|") {
				w := word{}
				for {
					if t, ok := strings.CutPrefix(text, "!"); ok {
						w.alone, text = true, t
						continue
					}
					if lang, t, ok := strings.Cut(text, ":"); ok {
						w.only, text = lang, t
						continue
					}
					break
				}
				w.text = norm(text)
				do(w)
			}
		}
	}
	for _, l := range labels {
		each(l.whole, func(w word) {
			w.means = l.means
			if _, taken := v.whole[w.text]; !taken {
				v.whole[w.text] = w
			}
		})
		each(l.part, func(w word) {
			w.means, w.text = l.means, " "+w.text
			v.parts = append(v.parts, w)
		})
	}
	return v
})

// smallWords tell the languages of labels apart.
var smallWords = func() map[string]string {
	m := map[string]string{}
	for lang, list := range map[string]string{
		"en": "the your you what when did is it are how of please which where can has and does happened who",
		"fr": "le la les votre vous quel quelle quand est il que avez pouvez du des et ou pour passe nom prenom probleme depuis travail telephone",
		"de": "der die das ihr ihre sie was wann ist wie welche welches welcher seit und oder bitte konnen wo vor nachname vorname abteilung gerat telefon",
	} {
		for _, w := range strings.Fields(list) {
			m[w] = lang
		}
	}
	return m
}()
