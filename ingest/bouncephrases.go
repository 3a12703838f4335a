package ingest

import "helpdeskd/ingest/anyof"

// phrases tell the causes apart, in lower case with single blanks; the first
// row that matches wins, so special wordings stand before general ones. Words
// with a blank before them are looked for at the beginning of a word.
var phrases = []struct {
	kind  cause
	words *anyof.Set
}{
	{kindSender, anyof.New("not accepting mail from", "not accepting messages from", "does not accept mail from", "nimmt keine nachrichten von")},
	{kindPolicy, anyof.New("sendernotauthenticated", "resolver.rst", "delivery to this address is restricted", "5.7.133", "5.7.134", "5.7.136", "people in its organization", "people inside its organization", "people within its organization", "innerhalb der organisation", "à l'intérieur de son organisation", "dentro de su organización")},
	{kindHost, anyof.New("account or domain may not exist", "may not exist, they may be")},
	{kindAuth, anyof.New(
		"dmarc", "spf check", "spf fail", "spf validation", "dkim", "sender policy framework", "5.7.26", "5.7.509", "5.7.23", "unauthenticated email", "unauthenticated mail", "sender id (",
		"dmarc verification", "sender policy", "fails spf", "5.7.29", "5.7.30", "5.7.515", "arc validation",
	)},
	{kindVirus, anyof.New(
		"virus", "malware", "infected", "contains a potentially dangerous", "dangerous attachment", "banned attachment", "attachment type", "file type is not allowed", "blocked attachment",
		"security reasons and contains", "schadsoftware", "gefährlichen anhang",
	)},
	{kindSpam, anyof.New(
		"spam message", "detected as spam", "considered spam", "considered to be spam", "looks like spam", "spam score", "message rejected as spam", "high probability of spam", "spam detected",
		"identified as spam", "spam content", "message looks like", "classified as spam", "is spam", "as spam", "- spam", "spam.", " spam ", "unsolicited", "junk mail", "bulk mail is not",
		"content filter", "content is not acceptable", "content rejected", "message content rejected", "content presents a potential security issue", "suspected spam", "spamassassin", "als spam",
		"comme spam", "como spam", "come spam", "спам", "スパム", "迷惑メール", "垃圾邮件", "垃圾郵件",
	)},
	{kindBlocked, anyof.New(
		"blacklist", "blocklist", "block list", "black list", "blocked using", "spamhaus", "barracuda", "rbl", "dnsbl", "spamcop", "poor reputation", "low reputation", "reputation",
		"reverse dns", "reverse hostname", "rdns", "ptr record", "no ptr", "cannot find your hostname", "cannot find your reverse", "client host rejected", "ip address has been", "bad ip",
		"sender ip", "access denied from", "helo", "ehlo", "banned sending ip", "dynamic ip", "denied your", "no reverse", "fix reverse", "blocked by", "blocked -",
		"connection refused by policy", "is not allowed to connect",
	)},
	{kindNoMail, anyof.New(
		"couldn't find a mail exchanger or ip address", "could not find a mail exchanger", "null mx", "does not accept mail", "nullmx", "host does not receive mail", "domain does not accept",
		"never accepts mail", "accepts no mail", "smtp 521", "does not accept messages", "domain does not receive", "mx record is null", "no mail accepted", " 521 ",
	)},
	{kindSystem, anyof.New(
		"procmail: ", "maildrop: ", "couldn't create \"", "cannot create ",
	)},
	{kindNetwork, anyof.New(
		"host not found, try again", "name service error for domain", "temporary lookup failure",
	)},
	{kindSender, anyof.New(
		"provide a valid from", "from: domain is invalid",
	)},
	{kindBlocked, anyof.New(
		"my name was rejected", "smtp server of your isp", "unverifyable sending ip", "after initial connection", "in response to banner", "service refused",
		"dns-based", "your server", "your host", "host is blocked", "ip is blocked", "network is blocked", "is listed at", "is listed in", "is listed on", "is listed by", "currently listed", "block listed", "blocklisted", "5.7.606", "5.7.511", "5.7.512", "5.7.25",
		"blocked your",
	)},
	{kindMoved, anyof.New(
		"has moved", "has been replaced by", "address has changed", "user has moved", "recipient has moved", "user not local; please try", "new address", "changed his address",
		"changed their address", "please use the address", "forwarding address", "is no longer with", "has left the company", "has left the organi", "left our company", "neue adresse",
		"nouvelle adresse", "nueva dirección", "nuovo indirizzo", " 551 ",
	)},
	{kindFull, anyof.New(
		"mailbox full", "mailbox is full", "over quota", "overquota", "quota exceed", "exceeded quota", "exceed the quota", "exceeded storage", "quota violation", "mailbox size limit",
		"full mailbox", "mailfolder is full", "out of storage", "disk quota", "storage allocation", "storage exceeded", "mailbox exceeds", "mailbox has exceeded", "too much mail data",
		"not enough storage space", "5.2.2", "4.2.2", "quota full", "inbox is full", "account is over", "exceeded the space", "quota is full", "mailbox for user is full", "mailbox is over",
		"out of space", "no space", "not enough space", "maximum storage", "mailbox quota", "has exceeded its", "exceeded its quota", "exceeded the storage", "exceeded their quota",
		"insufficient storage", "message count exceeds", "too many messages on server", "number of messages in recipient", "inbox full", "box full", "postfach ist voll", "postfach voll", "voll",
		"speicherplatz", "boîte aux lettres est pleine", "boîte de réception est pleine", "boite pleine", "pleine", "buzón está lleno", "buzón lleno", "cuota", "casella piena", "casella è piena",
		"casella di posta è piena", "caixa de correio está cheia", "cheia", "postvak is vol", "vol is", "переполнен", "превышена квота", "квота", "メールボックスがいっぱい", "容量", "いっぱい", "邮箱空间不足", "邮箱已满",
		"空间不足", "已满", "郵箱已滿", "信箱已滿", "사서함이 꽉", "용량",
	)},
	{kindSuspended, anyof.New(
		"account disabled", "account is disabled", "account has been disabled", "mailbox disabled", "disabled mailbox", "suspended", "account inactive", "inactive user", "is inactive",
		"mailbox is inactive", "user is inactive", "disabled or discontinued", "account is locked", "has been frozen", "currently suspended", "temporarily locked",
		"mailbox unavailable for this account", "not accepting mail", "deactivated", "mailbox is disabled", "account is suspended", "user is suspended", "user disabled", "disabled user",
		"user is disabled", "user is blocked", "account blocked", "account is blocked", "mailbox blocked", "mailbox is blocked", "mailbox is frozen", "is frozen", "inactive for", "not active",
		"inactive mailbox", "inactive account", "inactive address", "inactivity", "deaktiviert", "gesperrt", "désactivé", "desactivad", "disattivat", "отключен", "заблокирован", "неактив", "停用",
		"冻结", "凍結", "封禁", "停止",
	)},
	{kindBig, anyof.New(
		"too large", "too big", "message size exceeds", "size limit", "exceeds the maximum", "maximum message size", "exceeds size", "message length exceeds", "5.3.4", "5.2.3", "message too big",
		"message size", "exceeds limit", "larger than", "zu groß", "zu gross", "trop volumineux", "demasiado grande", "troppo grande", "grande demais", "te groot", "слишком большой",
		"слишком велик", "サイズ", "过大", "過大", "超过",
	)},
	{kindBusy, anyof.New(
		"too many connections", "too many concurrent", "rate limit", "rate-limit", "too many messages", "too many recipients", "throttl", "try again later, too", "sending rate",
		"too many emails", "too many errors", "receiving mail at a rate", "receiving email at a rate", "too quickly", "too frequently", "too much mail", "unusual rate", "exceeded the rate",
		"max concurrent", "connection limit", "too many sessions", "limit for the number of", "频率", "過於頻繁",
	)},
	{kindSender, anyof.New(
		"sender address rejected", "sender rejected", "sender address is", "sender verify failed", "sender denied", "bad sender", "sender not", "invalid sender", "sender unknown",
		"unknown sender", "sender was rejected", "rejected sender", "from address", "mail from:", "sender's domain", "sender domain", "5.1.7", "5.1.8", "4.1.8", "sender is not allowed",
		"domain of sender", "backscatter", "not accepting mail from", "return address", "envelope sender", "mail from domain", "from domain", "originator", "invalid from",
		"does not accept mail from", "blocked sender", "absender", "expéditeur refusé", "remitente", "mittente", "отправител", "发件人", "寄件者", "email address is not verified",
	)},
	{kindRelay, anyof.New(
		"relaying denied", "relay access denied", "relay denied", "not permitted to relay", "relaying not", "unable to relay", "relay not permitted", "we do not relay", "relaying prohibited",
		"relaying is not allowed", "relay is not", "do not relay", "relay operation rejected", "relaying to", "relay is not permitted", "authentication is required for relay",
		"sie dürfen nicht relayen", "relais refusé",
	)},
	{kindLoop, anyof.New(
		"too many hops", "hop count exceeded", "mail loop", "routing loop", "loops back to myself", "5.4.6", "loop detected", "mail forwarding loop", "maximum hop", "too many received",
		"redirection loop", "hops exceeded", "5.4.14", "schleife", "boucle",
	)},
	{kindUser, anyof.New(
		"user unknown", "unknown user", "no such user", "no such recipient", "no such address", "no such mailbox", "no such account", "no such person", "no such local", "user not found",
		"mailbox not found", "recipient not found", "account not found", "address not found", "does not exist", "doesn't exist", "doesn´t exist", "not exist", "unknown recipient",
		"recipient unknown", "unknown address", "unknown account", "unknown local", "unknown mailbox", "invalid recipient", "invalid mailbox", "invalid user", "invalid address",
		"bad destination mailbox", "not a valid mailbox", "not a valid recipient", "not a valid user", "not a known user", "not a known", "no mailbox", "no account", "user doesn't have",
		"doesn't have a", "does not have an account", "not listed in", "isn't listed", "no valid recipient", "address unknown", "mailbox unavailable", "recipient address rejected: user",
		"recipient address rejected: access denied", "recipient address rejected. (in reply to rcpt", "unrouteable address", "isn't in our",
		"wasn't found at", "couldn't be found", "could not be found", "not our customer", "there is no one", "never heard of", "unknown or illegal alias", "email address could not",
		"address no longer", "no longer valid", "no longer available", "no longer on server", "no longer exist", "no user", "this user doesn", "not in directory", "unable to find recipient",
		"recipnotfound", "resolver.adr.recip", "resolver.adr.exrecipnotfound", "unknown-user", "destination address unknown", "invalid final delivery", "unbekannt", "nicht gefunden",
		"existiert nicht", "inconnu", "introuvable", "desconocid", "sconosciut", "onbekend", "ukendt", "okänd", "не существует", "неизвестн", "存在しません", "5.1.1", "5.1.0 address", "user (",
		"name server: no such", "no such customer", "no such local user", "no such domain user", "not registered", "user name is not", "username not", "name is not recognized", "not recognised",
		"not recognized", "recipient name is not", "recipient invalid", "recipient is invalid", "invalid addressee", "addressee unknown", "unrouteable", "no longer in use", "no longer active",
		"no longer here", "no longer works", "no longer accepts mail", "account closed", "account has been closed", "account deleted", "account has been deleted", "mailbox deleted",
		"mailbox has been removed", "mailbox is closed", "address is not valid", "address is invalid", "not a valid address", "not valid", "incorrect address", "wrong address",
		"address incorrect", "email address you entered", "check the email address", "recipient's address was not found", "user is unknown", "user is not found", "mailbox does not",
		"mailbox unknown", "bad recipient", "bad address", "mailbox name not allowed", "could not be resolved", "not listed in domino", "not listed in public", "no valid recipients in this",
		"did not exactly match", "isn't a valid", "is not known", "is not a user", "resolver.adr", "5.1.11", "nicht existent", "gibt es nicht", "nicht bekannt", "ungültige adresse",
		"ungültige e-mail", "empfängeradresse", "n'existe pas", "n’existe pas", "adresse invalide", "destinataire inconnu", "aucun destinataire", "no existe", "no se encontró",
		"no se ha encontrado", "dirección no válida", "usuario desconocido", "non esiste", "utente sconosciuto", "indirizzo non valido", "non trovato", "não existe", "não encontrad",
		"desconhecid", "bestaat niet", "niet gevonden", "finns inte", "findes ikke", "finnes ikke", "ei löydy", "tuntematon", "nie istnieje", "nieznany", "neexistuje", "neznám", "nem létezik",
		"ismeretlen", "nu există", "bulunamadı", "mevcut değil", "не найден", "нет такого", "недействительн", "не зарегистрирован", "見つかりません", "宛先不明", "ユーザーが存在", "该用户不存在", "用户不存在", "不存在", "無此用戶",
		"查無", "地址错误", "존재하지 않", "찾을 수 없", " 511 ",
	)},
	{kindHost, anyof.New(
		"host unknown", "unknown host", "host not found", "domain not found", "no such domain", "unknown domain", "domain does not exist", "domain name not found", "name or service not known",
		"can't find a valid mx", "nxdomain", "non-existent domain", "no such host", "unresolvable", "all relevant mx records point to non-existent", "unrouteable mail domain",
		"couldn't find any host", "could not find any host", "host or domain name not found", "invalid domain", "domain is invalid", "5.1.2", "unable to lookup", "dns error: domain",
		"domain name does not", "couldn't find host", "address lookup failure", "domain is not reachable", "or domain may not exist", "account or domain may not exist",
		"may not exist, they may be", "host name is unknown", "hostname unknown", "illegal host", "no mx", "mx lookup", "bad destination system", "no mail exchanger", "hostname lookup",
		"failed to resolve", "could not resolve", "domain unknown", "unbekannte domain", "domäne", "domaine inconnu", "dominio no", "dominio inesistente", "домен не", "no matches to nameserver",
		"域名", "ドメイン",
	)},
	{kindGreylist, anyof.New("greylist", "graylist", "grey list", "grey-list", "gray list", "postgrey", "greylisted", "deferred for policy", "please try again later, unknown", "first time sender")},
	{kindExpired, anyof.New(
		"message expired", "delivery time expired", "delivery expired", "retry timeout exceeded", "retry time not reached", "could not be delivered for", "could not be delivered within",
		"timed out", "time-out", "timeout", "unable to deliver message for", "in the queue too long", "5.4.7", "4.4.7", "has been in the queue", "maximum time in queue", "deferred",
		"delivery attempts", "will retry", "for a long time", "did not accept our requests to connect", "has not been collected", "not responding", "server did not respond", "didn't respond",
		"attempts failed", "failed to connect", "give up", "retry limit", "ran out of time", "time limit", "could not be reached", "failed 20 attempts", "antwortet nicht", "zeitüberschreitung",
		"délai", "tiempo de espera", "tempo scaduto", "таймаут", "время ожидания", "タイムアウト", "超时", "逾時", "连接不上", "queue too long",
	)},
	{kindNetwork, anyof.New(
		"connection refused", "connection reset", "network unreachable", "network is unreachable", "no route to host", "unable to connect", "could not connect", "couldn't connect",
		"connection dropped", "connection lost", "lost connection", "connection closed", "name server", "nameserver", "host did not", "4.4.1", "5.4.4", "5.4.3", "4.4.3", "4.4.2", " dns ",
	)},
	{kindSecurity, anyof.New(
		"starttls", "authentication required", "authentication failed", "certificate", "encryption", "must be authenticated", "smtp auth", "security/tls", "tls required", "requires tls",
		"mta-sts", "dane", "5.7.10", "5.7.5", "handshake", " tls",
	)},
	{kindPolicy, anyof.New(
		"policy", "not authorized", "not permitted", "not allowed", "prohibited", "restricted", "denied", "forbidden", "5.7.1", "5.7.0", "refused", "not accepted", "rejected", "only members",
		"administrative prohibition", "not accepted for policy", "rule", "transport rule", "5.7.133", "5.7.134", "5.7.136", "5.7.12", "you do not have permission", "don't have permission",
		"moderat", "zugelassen", "nicht berechtigt", "abgelehnt", "refusé", "rechazad", "rifiutat", "recusad", "geweigerd", "отклонен", "отказ", "拒否", "拒絶", "拒绝", "拒收", "拒絕", "거부",
	)},
	{kindContent, anyof.New(
		"syntax", "malformed", "invalid header", "bare lf", "bare linefeed", "8bit", "line too long", "rfc 5322", "rfc5322", "rfc 2822", "not rfc", "message content", "invalid format", "5.6.0",
		"5.5.0", "5.5.2", "header error", "improper use of 8-bit", "addresses in from", "in from: header", "protocol error", "invalid message", "missing header", "duplicate header",
		"line length", "dot-stuffing", "command parameter", "bad sequence", "bare cr", "nul character", "5.6.",
	)},
	{kindSystem, anyof.New(
		"system error", "internal error", "internal software", "server error", "configuration", "local problem", "disk full", "insufficient system", "system resources", "exited with",
		"command died", "command output", "child process", "temporary failure", "system full", "4.3.0", "5.3.0", "5.3.5", "processing error", "could not load", "transaction failed",
		"response template", "no such file", "permission denied", "temporarily unavailable", "service unavailable", "resources", "mailbox locked", "i/o error", "write error",
		"operating system error", "unable to process", "systemfehler", "erreur interne", "error interno", "errore interno", "внутренняя ошибка",
	)},
}
