package ingest

import "helpdeskd/ingest/anyof"

// autoSubjects are what mail programs put before the subject that they
// answer, in lower case, without the colon.
var autoSubjects = []string{
	// English
	"automatic reply", "auto reply", "auto-reply", "autoreply", "automated reply", "automated response", "automatic response", "auto response", "auto-response", "autoresponse", "autoresponder",
	"out of office", "out-of-office", "out of the office", "out of office autoreply", "vacation reply", "vacation response", "away from my mail", "away message",
	// German
	"automatische antwort", "automatische antwortmail", "automatische rückantwort", "automatische rueckantwort", "autoantwort", "auto-antwort", "abwesenheitsnotiz", "abwesenheitsnachricht", "abwesenheitsmeldung", "abwesenheitsassistent",
	// French
	"réponse automatique", "reponse automatique", "message d'absence", "message d’absence", "absence du bureau", "absent du bureau", "notification d'absence", "avis d'absence",
	// Spanish, Catalan
	"respuesta automática", "respuesta automatica", "fuera de la oficina", "fuera de oficina", "resposta automàtica", "fora de l'oficina",
	// Italian
	"risposta automatica", "fuori sede", "fuori ufficio", "fuori dall'ufficio",
	// Dutch
	"automatisch antwoord", "automatisch beantwoord", "afwezigheidsbericht", "afwezigheidsmelding",
	// Portuguese
	"resposta automática", "resposta automatica", "ausência temporária", "fora do escritório", "fora do escritorio",
	// Nordic
	"automatiskt svar", "autosvar", "automatisk svar", "fraværsassistent", "frånvaromeddelande", "automaattinen vastaus", "poissaoloviesti", "sjálfvirkt svar",
	// Polish, Czech, Slovak, Slovenian, Croatian, Serbian
	"autoodpowiedź", "automatyczna odpowiedź", "odpowiedź automatyczna", "automatická odpověď", "automatická odpoveď", "samodejni odgovor", "automatski odgovor", "аутоматски одговор",
	// Hungarian, Romanian, Bulgarian, Greek, Turkish, Baltic
	"automatikus válasz", "házon kívül", "răspuns automat", "автоматичен отговор", "αυτόματη απάντηση", "otomatik yanıt", "otomatik yanit", "otomatik cevap", "automaatvastus", "automātiska atbilde", "automatinis atsakymas",
	// Russian, Ukrainian
	"автоматический ответ", "автоответ", "автоматична відповідь", "автовідповідь",
	// Hebrew, Arabic, Hindi, Thai, Vietnamese, Indonesian
	"מענה אוטומטי", "תשובה אוטומטית", "رد تلقائي", "رد آلي", "स्वचालित उत्तर", "ตอบกลับอัตโนมัติ", "trả lời tự động", "thư trả lời tự động", "balasan otomatis", "jawapan automatik",
	// Japanese, Chinese, Korean
	"自動応答", "自動返信", "自動回答", "不在通知", "不在連絡", "自动答复", "自动回复", "自动应答", "自動回覆", "自動回復", "不在办公室", "不在辦公室", "자동 회신", "자동 응답", "자동회신", "자동응답",
}

// awaySubjects begin the subjects of absences as people word them, for their
// autoresponder or in a mail of their own: the text has to bear them out.
var awaySubjects = append([]string{
	"i am out", "i'm out", "i am away", "i'm away", "away until", "away from", "out until", "out of office", "out of the office", "on leave", "annual leave", "maternity leave", "parental leave", "holiday", "on holiday", "currently away", "currently out", "not in the office", "thank you for your message", "thank you for your email", "thank you for contacting",
	"auto:", "absence", "abwesend", "abwesenheit", "absent", "ausente", "assente", "afwezig", "niet aanwezig", "ausência", "fravær", "frånvaro", "frånvarande", "ikke til stede", "ikke på kontoret", "ej på kontoret", "poissa", "nieobecność", "poza biurem", "mimo kancelář", "mimo kanceláriu", "ooo:", "oof:", "vacation", "on vacation", "不在", "外出中", "외출 중", "부재 중", "부재중", "ofis dışında", "вне офиса", "нет на месте", "außer haus", "ausser haus", "nicht im büro", "répondeur",
	"ich bin", "urlaub", "im urlaub", "bin im urlaub", "en congé", "en vacances", "je suis absent", "congés", "de vacaciones", "vacaciones", "in ferie", "ferie", "met vakantie", "vakantie", "de férias", "férias", "semester", "på semester", "på ferie", "ferie", "lomalla", "urlop", "na urlopie", "dovolená", "szabadság", "izinde", "yıllık izin", "в отпуске", "отпуск", "休暇", "休假", "휴가",
}, autoSubjects...)

// awayWords are what an absence says to whoever wrote, and people who write
// on their own account do not.
var awayWords = anyof.New(
	"thank you for your e-mail", "thank you for your email", "thanks for your email", "thanks for your e-mail", "thank you for your message", "thanks for your message", "thank you for contacting", "thank you for your mail", "your message has been received", "your email has been received",
	"limited access to email", "limited access to e-mail", "limited access to my email", "limited access to my e-mail", "no access to email", "no access to my email", "no access to e-mail", "access to my mail", "intermittent access", "upon my return", "on my return", "when i return", "when i am back", "when i'm back", "once i return", "as soon as i return", "after my return", "returning to the office", "will return to the office", "be back in the office", "back in the office on", "will not be read", "will not be forwarded", "not be forwarded", "urgent matters", "urgent cases", "for anything urgent", "urgent requests", "urgent issues", "if your matter is urgent", "if it is urgent", "in my absence", "during my absence", "during this time", "respond to your message", "respond to your email", "reply to your message", "reply to your email", "get back to you",
	"vielen dank für ihre", "vielen dank für deine", "danke für ihre", "danke für ihre nachricht", "nach meiner rückkehr", "ab diesem zeitpunkt", "nicht weitergeleitet", "nicht gelesen", "in dringenden fällen", "in dringenden angelegenheiten", "bei dringenden", "wenden sie sich bitte an", "während meiner abwesenheit", "nicht im büro", "wieder erreichbar", "wieder für sie da", "nur eingeschränkt", "beantworte ich", "werde ihre",
	"merci pour votre message", "merci de votre message", "votre message a bien été", "à mon retour", "dès mon retour", "en cas d'urgence", "en cas d’urgence", "pour toute urgence", "pendant mon absence", "durant mon absence", "en mon absence", "accès limité", "je suis actuellement absent", "de retour le",
	"gracias por su mensaje", "gracias por su correo", "gracias por tu", "a mi regreso", "a mi vuelta", "en caso de urgencia", "para asuntos urgentes", "durante mi ausencia", "acceso limitado", "grazie per il", "grazie per la sua", "al mio ritorno", "al mio rientro", "in caso di urgenza", "per urgenze", "per questioni urgenti", "durante la mia assenza",
	"bedankt voor uw", "bedankt voor je", "dank voor uw", "na mijn terugkomst", "bij mijn terugkeer", "in dringende gevallen", "voor dringende", "tijdens mijn afwezigheid", "obrigado pela sua mensagem", "obrigado pelo seu", "obrigada pelo", "no meu regresso", "no meu retorno", "em caso de urgência", "para assuntos urgentes", "durante a minha ausência",
	"tack för ditt", "takk for din", "tak for din", "kiitos viestistäsi", "kiitos sähköpostistasi", "när jag är tillbaka", "når jeg er tilbake", "når jeg er tilbage", "vid brådskande", "ved hasteärenden", "ved akutte", "kiireellisissä", "begränsad tillgång", "begrenset tilgang",
	"dziękuję za wiadomość", "dziękuję za e-mail", "w pilnych sprawach", "po powrocie", "podczas mojej nieobecności", "děkuji za vaši zprávu", "děkuji za váš", "v naléhavých případech", "po svém návratu", "ďakujem za", "köszönöm levelét", "sürgős esetben", "mesajınız için teşekkür", "acil durumlarda", "döndüğümde", "vă mulțumesc pentru mesaj", "în caz de urgență",
	"спасибо за ваше письмо", "спасибо за письмо", "благодарю за письмо", "по срочным вопросам", "после возвращения", "в срочных случаях", "дякую за ваш лист", "з термінових питань",
	"メールをいただき", "ご連絡ありがとう", "お急ぎの", "緊急の場合", "緊急のご用", "戻り次第", "不在にして", "感谢您的来信", "感謝您的來信", "感谢您的邮件", "来信已收到", "邮件已收到", "已收到您的", "如有急事", "如有紧急", "如有緊急", "尽快回复", "儘快回覆", "메일 감사합니다", "급한 용무", "긴급한", "부재중", "복귀 후",
)

// automaticWords stand at the beginning of answers that programs write.
var automaticWords = []string{
	"this is an automatic reply", "this is an automatic response", "this is an automatic answer", "this is an automated reply", "this is an automated response", "this is an automated answer", "this is an automated acknowledgement", "this is an auto reply", "this is an auto-reply", "this is an autoreply", "this is an auto response", "this is an auto-response", "this is an auto-generated reply", "this is an auto-generated response", "this is an automatically generated reply", "this is an automatically generated response", "this is an automatically generated out of office",
	"this is a vacation message", "this is an out of office", "this is an out-of-office", "[this is an automat", "(this is an automatic reply",
	"dies ist eine automatische antwort", "dies ist eine automatisch generierte antwort", "dies ist eine automatisch erzeugte antwort", "dies ist eine automatisierte antwort", "dies ist eine automatische empfangsbestätigung", "das ist eine automatische antwort",
	"ceci est une réponse automatique", "ceci est un message d'absence", "ceci est une reponse automatique", "esta es una respuesta automática", "este es un mensaje automático de respuesta", "questa è una risposta automatica", "questo è un messaggio di risposta automatica", "dit is een automatisch antwoord", "dit is een automatische antwoord", "dit is een automatische reactie", "esta é uma resposta automática", "esta e uma resposta automatica",
	"detta är ett automatiskt svar", "det här är ett automatiskt svar", "dette er et automatisk svar", "dette er et autosvar", "tämä on automaattinen vastaus", "to jest automatyczna odpowiedź", "to jest odpowiedź automatyczna", "toto je automatická odpověď", "toto je automatická odpoveď", "ez egy automatikus válasz", "acesta este un răspuns automat", "bu bir otomatik yanıt", "bu otomatik bir yanıt", "это автоматический ответ", "это автоматически сформированный ответ", "це автоматична відповідь", "αυτή είναι μια αυτόματη απάντηση",
	"このメールは自動返信", "これは自動返信", "このメールは自動応答", "自動返信メールです", "本邮件为自动回复", "这是一封自动回复", "此邮件为自动回复", "本郵件為自動回覆", "這是自動回覆", "이 메일은 자동 회신", "자동 응답 메일입니다", "자동 회신 메일입니다",
}

var challengeSubjects = anyof.New(
	"requires verification", "verification required", "sender verification", "please confirm your message", "please confirm your email", "please confirm your e-mail", "confirm your message", "confirm your email to", "verify your email to", "verify your e-mail to", "action required", "spam arrest", "spamarrest", "boxbe", "confirmation required", "please verify", "bestätigen sie", "bestätigung erforderlich", "confirmez votre", "confirme su mensaje", "waiting for your confirmation", "awaiting confirmation",
)

// challengeWords ask whoever wrote to prove that they are a person.
var challengeWords = anyof.New(
	"that you are a human", "that you are human", "you're a human", "you are a real person", "you're a real person", "you are a person", "not a robot", "not a spammer", "not a machine", "sender is a human", "sent by a human", "sent by a person", "verify your e-mail address by clicking", "verify that you are", "verify yourself", "verify you as a", "confirm that you sent", "confirm you sent", "confirm that this message", "confirm this message", "to confirm that your message", "confirm your identity as the sender", "validate your address", "validate your message", "sender verification", "challenge/response", "challenge-response", "complete the verification", "to complete this verification", "one-time verification", "one time verification", "authenticate yourself", "approve your address", "add yourself to", "added to my allowed", "added to the allowed", "approved senders", "approved sender list", "guest list",
	"dass sie ein mensch", "dass sie kein", "dass ihre nachricht von einem menschen", "bestätigen sie ihre e-mail", "que vous êtes humain", "que vous êtes une personne", "que vous n'êtes pas un robot", "que es usted una persona", "que no es un robot", "que você é humano", "di essere una persona", "dat u een mens", "что вы человек", "что вы не робот",
)

// heldWords say that our mail waits until then.
var heldWords = anyof.New(
	"has not been delivered", "has not yet been delivered", "not yet been delivered", "will be delivered", "being held", "is being held", "has been held", "was held", "is on hold", "held for", "has been placed", "before your message", "before your email", "before your e-mail", "before i receive", "before it can be delivered", "can be delivered", "to deliver your", "to have your message", "to have your email", "so that your message", "will be released", "release your message", "reach my inbox", "reach the inbox", "reach me", "to my inbox", "to my mailbox", "in quarantine", "quarantined", "pending", "your message will", "your email will", "your e-mail will", "your message to", "your email to", "your e-mail to",
	"noch nicht zugestellt", "wird zugestellt", "wird erst zugestellt", "zurückgehalten", "n'a pas encore été remis", "n'a pas encore été délivré", "est en attente", "sera remis", "sera délivré", "no ha sido entregado", "será entregado", "in attesa", "sarà consegnato", "wordt afgeleverd", "wordt vastgehouden", "ainda não foi entregue", "будет доставлено", "не доставлено",
)
