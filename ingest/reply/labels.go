package reply

import "strings"

// label is what a line of a header block tells.
type label int

// Labels of the header block that Outlook and others put above a quote.
const (
	noLabel label = iota
	lFrom
	lDate
	lTo
	lCc
	lSubject
	lOther
)

// labels are the words before the colon, in the languages that mail programs
// ship in.
var labels = index(map[label]string{
	lFrom: `from|von|de|da|van|fra|från|lähettäjä|od|feladó|от|от кого|від|від кого|kimden|gönderen|από|de la|发件人|寄件者|寄件人|差出人|送信者|送信元|보낸 사람|보낸사람|보내는 사람|발신|מאת|من|از|
		expéditeur|remitente|mittente|remetente|afzender|absender|avsändare|avsender|afsender|pošiljatelj|pošiljalac|šalje|nadawca|odesílatel|odosielateľ|odosielatel|expeditor|feladó neve|αποστολέας|отправитель|відправник|подател|изпратено от|nuo|siuntėjas|no|nosūtītājs|sūtītājs|saatja|kellelt|remitent|frá|sendandi|从|
		từ|người gửi|dari|pengirim|daripada|จาก|ผู้ส่ง|प्रेषक|से|sender|emisor|desde|sent by|from address|шаље|пошиљалац|од|igorlea|nork|ó|gan|oddi wrth|van/from`,
	lDate: `sent|date|send|sent on|sent at|date sent|gesendet|gesendet am|datum|am|verschickt|envoyé|envoyé le|envoyée|date d'envoi|message du|le|enviado|enviado el|enviado em|enviada|enviada em|enviado a|enviat|fecha|fecha de envío|data|data de envio|data invio|inviato|inviata|inviato il|verzonden|verstuurd|verzonden op|verzenddatum|sendt|dato|sendt den|skickat|skickat den|skickades|lähetetty|päivämäärä|pvm|
		wysłano|wysłane|wysłany|data wysłania|odesláno|odeslané|odeslal|odoslané|odoslaná|dátum|elküldve|küldve|küldés dátuma|отправлено|отправлен|дата|дата отправки|послано|надіслано|відправлено|изпратено|изпратен|дата на изпращане|gönderildi|gönderilme|gönderilmiş|gönderme tarihi|gönderim tarihi|tarih|ημερομηνία|στάλθηκε|εστάλη|αποστολή|ημερομηνία αποστολής|trimis|trimisă|data trimiterii|
		发送时间|发送日期|发送|日期|时间|時間|傳送日期|傳送時間|寄件日期|送信日時|日時|日付|送信日|보낸 날짜|보낸날짜|보낸 시간|날짜|일시|נשלח|תאריך|תאריך שליחה|تاريخ|التاريخ|تم الإرسال|تاريخ الإرسال|أرسلت|أُرسل|ارسال شده|تاریخ|فرستاده شده|زمان ارسال|poslano|poslato|datum slanja|послато|датум|išsiųsta|siųsta|data ir laikas|nosūtīts|datums|saadetud|saatmisaeg|kuupäev|dags|dagsetning|sent þann|когда|
		đã gửi|gửi|ngày|thời gian|dikirim|terkirim|tanggal|dihantar|tarikh|ส่ง|ส่งเมื่อ|วันที่|भेजा गया|दिनांक|तारीख|bidalia`,
	lTo:      `to|an|à|a|ao|para|aan|til|till|vastaanottaja|do|komu|címzett|címzettek|кому|до|kime|kim|alıcı|προς|către|catre|收件人|收件者|收信人|宛先|宛て|受信者|받는 사람|받는사람|받은 사람|수신|אל|إلى|الى|به|destinataire|destinataires|destinatario|destinatari|destinatarios|destinatário|destinatar|empfänger|mottaker|mottagare|modtager|geadresseerde|odbiorca|adresat|příjemce|príjemca|παραλήπτης|получатель|получатели|отримувач|получател|za|kome|prima|primatelj|primalac|prejemnik|коме|за|kam|skirta|gavėjas|adresāts|saņēmējs|kellele|adressaat|saaja|per a|per|viðtakandi|đến|tới|người nhận|kepada|ke|penerima|ถึง|ผู้รับ|प्रति|को`,
	lCc:      `cc|kopie|copie|copie à|copia|cópia|копия|kopia|kopi|抄送|副本|參照|참조|숨은 참조|bcc|cci|cco|másolat|másolatot kap|kopie (cc)|копія|копие|עותק|נسخة|نسخة|رونوشت|kopio|kopija|κοινοποίηση|κοιν|bilgi|kopya|đồng kính gửi|tembusan|salinan|สำเนา|ส่งสำเนา|प्रतिलिपि|koopia|kopya alıcılar|cópia para|ccn|kópia|afrit`,
	lSubject: `subject|betreff|betr|objet|sujet|asunto|oggetto|assunto|onderwerp|emne|ämne|aihe|otsikko|temat|předmět|predmet|predmět|věc|tárgy|тема|относно|konu|θέμα|subiect|subject/onderwerp|主题|主旨|主題|标题|標題|件名|제목|נושא|الموضوع|موضوع|zadeva|naslov|наслов|предмет|tema|tēma|temats|teema|assumpte|efni|re|subjek|perihal|judul|subyek|chủ đề|tiêu đề|เรื่อง|ชื่อเรื่อง|หัวเรื่อง|विषय|gaia`,
	lOther:   `reply-to|reply to|importance|attachments|attachment|priority|categories|sensitivity|wichtigkeit|priorität|antwort an|anlagen|organization|organisation|message-id|répondre à|pièces jointes|importance/wichtigkeit|adjuntos|importancia|allegati|priorità|anexos|prioridade|bijlagen|urgentie|vedhæftede filer|prioritet|bilagor|prioriteetti|liitteet|załączniki|ważność|přílohy|důležitost|prílohy|mellékletek|fontosság|atașări|συνημμένα|вложения|важность|вкладення|ekler|önem|附件|重要性|添付ファイル|重要度|첨부 파일|중요도|lampiran|tệp đính kèm|mailed-by|signed-by|in-reply-to`,
})

func index(m map[label]string) map[string]label {
	out := map[string]label{}
	for k, list := range m {
		for w := range strings.SplitSeq(list, "|") {
			w = strings.TrimSpace(w)
			if was, ok := out[w]; ok && was != k {
				panic("reply: the label " + w + " has two meanings")
			}
			out[w] = k
		}
	}
	return out
}

func set(lists ...string) map[string]bool {
	out := map[string]bool{}
	for _, l := range lists {
		for w := range strings.SplitSeq(l, "|") {
			out[strings.TrimSpace(w)] = true
		}
	}
	return out
}
