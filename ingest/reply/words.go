package reply

import "helpdeskd/ingest/anyof"

// The words below are what mail programs write around what they quote, in the
// languages they ship in. Everything is compared in lower case.

// wrote are the verbs of attribution lines: "On …, Anna wrote:".
var wrote = []string{
	"wrote", "writes", "a écrit", "écrivait", "ecrit", "schrieb", "geschrieben", "escribió", "escribio", "ha scritto", "scrive", "schreef", "heeft geschreven", "geschreven", "escreveu", "skrev", "kirjoitti", "napisał", "napisał(a)", "napisala", "napísal", "napsal", "napisao", "je napisal", "написал", "написала", "пишет", "написав", "пише", "yazdı", "şunu yazdı", "írta", "a scris", "έγραψε", "написа", "viết", "menulis", "เขียน", "写道", "寫道", "写道", "作成", "書きました", "님이 작성", "작성", "כתב", "כתבה", "كتب", "said", "via", "rašė", "rakstīja", "kirjutas", "ha escrit", "skrifaði", "a trimis",
}

// starters begin attribution lines, besides digits and names of days.
var starters = []string{
	"on ", "le ", "am ", "el ", "il ", "op ", "em ", "den ", "på ", "w dniu", "dnia ", "dne ", "dňa ", "ons ", "a(z) ", "în ", "la ", "στις ", "vào ", "pada ", "в ", "у ", "ve ", "em ", "no ", "na ", "fra ", "från ", "von ", "il giorno", "el día", "um ", "at ", "in ", "za ", "van ", "from ", "date ", "quoting ", "citando", "zitat ", "dana ", "tor", "fre", "den", "pe ", "ke ", "to ", "ti ", "ma ", "su ", "la ", "em", "vom", "2", "1", "3", "4", "5", "6", "7", "8", "9", "0", "mon", "tue", "wed", "thu", "fri", "sat", "sun", "lun", "mar", "mer", "jeu", "ven", "sam", "dim", "mo", "di", "mi", "do", "sa", "so", "пн", "вт", "ср", "чт", "пт", "сб", "вс", "понедельник", "вторник", "среда", "среду", "четверг", "пятница", "пятницу", "суббота", "воскресенье", "於 ", "于 ", "于", "在 ", "在", "@", "\"", "<", "lør", "søn", "man", "tir", "lör", "sön", "mån", "tis", "pon", "uto", "sri", "čet", "pet", "sub", "ned", "wt", "śr", "czw", "pt", "sob", "niedz",
}

// Labels of the header block that Outlook and others put above a quote.
type label int

const (
	noLabel label = iota
	lFrom
	lDate
	lTo
	lCc
	lSubject
	lOther
)

var labels = map[string]label{
	"from": lFrom, "von": lFrom, "de": lFrom, "da": lFrom, "van": lFrom, "fra": lFrom, "från": lFrom, "lähettäjä": lFrom, "od": lFrom, "feladó": lFrom, "от": lFrom, "від": lFrom, "kimden": lFrom, "gönderen": lFrom, "από": lFrom, "de la": lFrom, "发件人": lFrom, "寄件者": lFrom, "寄件人": lFrom, "差出人": lFrom, "送信者": lFrom, "보낸 사람": lFrom, "보낸사람": lFrom, "מאת": lFrom, "من": lFrom, "expéditeur": lFrom, "remitente": lFrom, "mittente": lFrom, "remetente": lFrom, "afzender": lFrom, "absender": lFrom, "från:": lFrom, "avsändare": lFrom, "pošiljatelj": lFrom, "nuo": lFrom, "no": lFrom, "saatja": lFrom, "từ": lFrom, "dari": lFrom, "sender": lFrom, "отправитель": lFrom, "emisor": lFrom, "desde": lFrom,
	"sent": lDate, "date": lDate, "gesendet": lDate, "datum": lDate, "envoyé": lDate, "envoyé le": lDate, "envoyée": lDate, "enviado": lDate, "enviado el": lDate, "enviada": lDate, "enviada em": lDate, "enviado em": lDate, "fecha": lDate, "data": lDate, "inviato": lDate, "inviata": lDate, "verzonden": lDate, "sendt": lDate, "dato": lDate, "skickat": lDate, "lähetetty": lDate, "päivämäärä": lDate, "wysłano": lDate, "wysłane": lDate, "odesláno": lDate, "odoslané": lDate, "dátum": lDate, "elküldve": lDate, "отправлено": lDate, "отправлен": lDate, "дата": lDate, "надіслано": lDate, "gönderildi": lDate, "gönderme tarihi": lDate, "tarih": lDate, "ημερομηνία": lDate, "στάλθηκε": lDate, "trimis": lDate, "发送时间": lDate, "发送日期": lDate, "日期": lDate, "傳送日期": lDate, "送信日時": lDate, "日時": lDate, "日付": lDate, "보낸 날짜": lDate, "날짜": lDate, "נשלח": lDate, "תאריך": lDate, "تاريخ": lDate, "message du": lDate, "am": lDate, "send": lDate, "poslano": lDate, "išsiųsta": lDate, "le": lDate, "когда": lDate, "sent on": lDate, "sent at": lDate,
	"to": lTo, "an": lTo, "à": lTo, "a": lTo, "para": lTo, "aan": lTo, "til": lTo, "till": lTo, "vastaanottaja": lTo, "do": lTo, "komu": lTo, "címzett": lTo, "кому": lTo, "kime": lTo, "alıcı": lTo, "προς": lTo, "către": lTo, "收件人": lTo, "收件者": lTo, "宛先": lTo, "받는 사람": lTo, "받는사람": lTo, "אל": lTo, "إلى": lTo, "destinataire": lTo, "destinatario": lTo, "destinatário": lTo, "empfänger": lTo, "za": lTo, "kepada": lTo,
	"cc": lCc, "kopie": lCc, "copie": lCc, "copie à": lCc, "копия": lCc, "kopia": lCc, "kopi": lCc, "抄送": lCc, "副本": lCc, "참조": lCc, "bcc": lCc, "cci": lCc, "másolat": lCc, "kopie (cc)": lCc, "копія": lCc, "עותק": lCc,
	"subject": lSubject, "betreff": lSubject, "objet": lSubject, "sujet": lSubject, "asunto": lSubject, "oggetto": lSubject, "assunto": lSubject, "onderwerp": lSubject, "emne": lSubject, "ämne": lSubject, "aihe": lSubject, "temat": lSubject, "předmět": lSubject, "predmet": lSubject, "tárgy": lSubject, "тема": lSubject, "konu": lSubject, "θέμα": lSubject, "subiect": lSubject, "主题": lSubject, "主旨": lSubject, "主題": lSubject, "件名": lSubject, "제목": lSubject, "נושא": lSubject, "الموضوع": lSubject, "zadeva": lSubject, "tema": lSubject, "re": lSubject, "subjek": lSubject, "chủ đề": lSubject,
	"reply-to": lOther, "importance": lOther, "attachments": lOther, "priority": lOther, "wichtigkeit": lOther, "antwort an": lOther, "organization": lOther, "message-id": lOther, "répondre à": lOther, "pièces jointes": lOther,
}

// originals are the words on separator lines such as
// "-----Original Message-----".
var originals = []string{
	"original message", "original email", "originalnachricht", "ursprüngliche nachricht", "ursprungliche nachricht", "original nachricht", "message d'origine", "message original", "message initial", "mensaje original", "messaggio originale", "mensagem original", "oorspronkelijk bericht", "oprindelig meddelelse", "original meddelelse", "opprinnelig melding", "oprindelig besked", "oprindelig mail", "originalt meddelande", "ursprüngliche e-mail", "ursprüngliche mail", "originalmeddelande", "ursprungligt meddelande", "alkuperäinen viesti", "wiadomość oryginalna", "oryginalna wiadomość", "původní zpráva", "pôvodná správa", "eredeti üzenet", "исходное сообщение", "пересылаемое сообщение", "оригинальное сообщение", "вихідне повідомлення", "orijinal ileti", "özgün ileti", "αρχικό μήνυμα", "mesaj original", "原始邮件", "原始郵件", "原邮件", "元のメッセージ", "원본 메시지", "원본메시지", "הודעה מקורית", "الرسالة الأصلية", "antwort auf", "reply message", "originele bericht", "previous message", "izvorna poruka", "originalna poruka",
}

// forwards are the words on lines that begin a forwarded mail.
var forwards = anyof.New(
	"forwarded message", "begin forwarded message", "forwarded by", "weitergeleitete nachricht", "anfang der weitergeleiteten", "message transféré", "message réexpédié", "début du message réexpédié", "début du message transféré", "mensaje reenviado", "inicio del mensaje reenviado", "messaggio inoltrato", "inizio messaggio inoltrato", "mensagem encaminhada", "mensagem reencaminhada", "início da mensagem", "doorgestuurd bericht", "begin doorgestuurd bericht", "videresendt", "start på videresendt", "vidarebefordrat", "välitetty viesti", "przekazana wiadomość", "wiadomość przekazana", "přeposlaná zpráva", "preposlaná správa", "továbbított üzenet", "пересланное сообщение", "переслане повідомлення", "iletilen ileti", "iletilmiş", "προωθημένο", "redirecționat", "转发的邮件", "轉寄郵件", "転送メッセージ", "전달된 메시지", "הודעה שהועברה",
)

// devices are the beginnings of the lines that phones and programs add.
var devices = []string{
	"sent from ", "sent via ", "sent from outlook", "sent from mail", "sent from yahoo", "sent from proton", "sent from samsung", "sent from iphone", "sent from blackberry", "sent using ", "sent with ", "get outlook for ", "von meinem ", "von meiner ", "gesendet von ", "gesendet mit ", "diese nachricht wurde von meinem", "envoyé de mon ", "envoyé depuis ", "envoyé à partir de ", "envoyé de ", "enviado desde ", "enviado do meu ", "enviado de ", "enviado a partir", "inviato da ", "inviato dal ", "verzonden vanaf ", "verstuurd vanaf ", "verzonden met ", "sendt fra ", "skickat från ", "skickat från", "lähetetty ", "wysłane z ", "wysłano z ", "odesláno z ", "odoslané z ", "отправлено с ", "отправлено из ", "надіслано з ", "iphone'umdan", "gönderildi", "enviado mediante", "obter o outlook", "obtener outlook", "téléchargez outlook", "télécharger outlook", "outlook für ", "outlook voor", "scarica outlook", "iphoneから送信", "从我的", "發自我的", "发自我的", "從我的", "나의 iphone에서 보냄", "trimis de pe", "poslano s", "küldve ",
}

// closings end a mail politely; what follows is a signature.
var closings = []string{
	"regards", "best regards", "kind regards", "kindest regards", "warm regards", "warmest regards", "many regards", "with regards", "with kind regards", "with best regards", "best wishes", "yours sincerely", "sincerely", "sincerely yours", "yours faithfully", "yours truly", "respectfully", "rgds", "kr", "br",
	"mit freundlichen grüßen", "mit freundlichen grüssen", "mit freundlichem gruß", "mit freundlichem gruss", "mit besten grüßen", "mit besten grüssen", "freundliche grüße", "freundliche grüsse", "viele grüße", "viele grüsse", "beste grüße", "beste grüsse", "liebe grüße", "liebe grüsse", "schöne grüße", "herzliche grüße", "herzliche grüsse", "freundlichen gruß", "mfg", "lg", "vg", "grüße", "gruß", "gruss", "hochachtungsvoll",
	"cordialement", "bien cordialement", "très cordialement", "cdlt", "cdt", "bien à vous", "salutations", "sincères salutations", "meilleures salutations", "avec mes meilleures salutations", "respectueusement", "amicalement", "bonne journée", "bonne réception",
	"saludos", "un saludo", "saludos cordiales", "un cordial saludo", "atentamente", "cordiales saludos",
	"cordiali saluti", "distinti saluti", "saluti", "un saluto", "cordialmente", "buona giornata",
	"atenciosamente", "cumprimentos", "com os melhores cumprimentos", "melhores cumprimentos", "abraço", "att",
	"met vriendelijke groet", "met vriendelijke groeten", "vriendelijke groet", "vriendelijke groeten", "groeten", "groet", "mvg", "hartelijke groet",
	"med venlig hilsen", "venlig hilsen", "med venlige hilsner", "bedste hilsner", "hilsen", "mvh", "vh", "kh", "de bedste hilsner", "med vennlig hilsen", "vennlig hilsen", "med vänlig hälsning", "med vänliga hälsningar", "vänliga hälsningar", "vänlig hälsning", "hälsningar", "ystävällisin terveisin", "terveisin", "yst. terv",
	"pozdrawiam", "z poważaniem", "z powazaniem", "pozdrawiam serdecznie", "serdecznie pozdrawiam", "z wyrazami szacunku", "s pozdravem", "s pozdravom", "s úctou", "üdvözlettel", "tisztelettel", "lep pozdrav", "lijep pozdrav", "srdačan pozdrav", "cu stimă", "cu respect",
	"с уважением", "с наилучшими пожеланиями", "з повагою", "με εκτίμηση", "saygılarımla", "saygılar", "iyi çalışmalar", "敬具", "以上", "よろしくお願いします", "宜しくお願いいたします", "此致", "祝好", "감사합니다", "trân trọng", "hormat saya", "salam",
}

// banners are what gateways write above mail from outside.
var banners = anyof.New(
	"originated from outside", "originates from outside", "sent from outside", "from outside of the organi", "outside your organi", "outside the organi", "external sender", "external email", "this is an external", "externer absender", "von außerhalb", "ausserhalb der organisation", "außerhalb ihrer organisation", "externe e-mail", "expéditeur externe", "extérieur de l'organisation", "message externe", "provient de l'extérieur", "externe afzender", "remitente externo", "mittente esterno", "you don't often get email from", "learnaboutsenderidentification", "sie erhalten nicht oft e-mail", "vous n'obtenez pas souvent d",
)

// legal are words of the notices below company mail; two of them make one.
var legal = anyof.New(
	"confidential", "intended recipient", "intended only", "solely for the", "if you have received this", "received this message in error", "privileged", "disclaimer", "unauthorized", "unauthorised", "virus", "print this e-mail", "print this email", "vertraulich", "nicht der richtige adressat", "irrtümlich erhalten", "unbefugte", "confidentiel", "destinataire", "reçu ce message par erreur", "vertrouwelijk", "geadresseerde", "confidencial", "destinatario", "riservat", "registered office", "registergericht", "geschäftsführer", "amtsgericht",
)
