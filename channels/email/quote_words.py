"""The words by which mail programs announce a quote, in the languages that our customers' programs speak.

Data only. A row was observed or is documented for the program that it names; add one with a mail of your own in
tests/channels/email/parse.
"""

from __future__ import annotations

import re

# An attribution holds one of these and ends in a colon. Latin and Cyrillic words stand alone; East Asian ones are glued.
WROTE = re.compile(
    r"(?<!\w)(?:wrote|writes|wrote the following|said|schrieb(?:en)?|a écrit|écrit|a écrit le"
    r"|escribió|escribio|escribi[oó]|ha scritto|scrisse|scrive"
    r"|escreveu|schreef|geschreven|het volgende geschreven|napisał(?:a|\(a\)|\(-a\)|\(-?a\))?|pisze"
    r"|napsal(?:a|\(a\)|\(-?a\))?|napísal(?:a|\(a\))?|píše|skrev"
    r"|følgende|kirjoitti|писал(?:а|\(а\))?|написал(?:а|\(а\))?|пишет"
    r"|писав(?:ла|\(ла\))?|написав(?:ла|\(ла\))?|пише|έγραψε|γράφει"
    r"|yazdı|şunları yazdı"
    r"|írta|a scris|menulis|tulis|menulis:|đã viết|geschrieben)(?!\w)"
    r"|写道|寫道|写了|のメッセージ|書きました|書いた|作成|작성|님이|쓴 글|написа",
    re.IGNORECASE,
)
# What an attribution opens with, where its words alone do not prove it.
OPENS = re.compile(
    r"\s*>?\s*(?:on|am|le|el|il|il giorno|em|a \d|op|w dniu|dnia|dne|dňa|den|på|på den|vào|pada"
    r"|στις|at|在|於|于|em qua|al|in data|il\b|le\b|\*?on)\b",
    re.IGNORECASE,
)
# A moment: a year, a time of day, or a numeric date.
MOMENT = re.compile(
    r"\d{1,2}[:.]\d{2}|(?:19|20)\d{2}|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{1,2}月\d{1,2}日|\d{1,2}월 ?\d{1,2}일"
)
MAILBOX = re.compile(r"[^\s<>@]{1,64}@[^\s<>@]{1,190}|<mailto:")
# Gmail in Japanese writes no verb: date, name and address, then a colon.
VERBLESS = re.compile(
    r"\d{4}[年/.-]\s?\d{1,2}[月/.-]\s?\d{1,2}日?.{0,200}<[^<>@\s]{1,64}@[^<>@\s]{1,190}>\s*[:：]\s*$"
    r"|^\d{4}-\d\d-\d\d \d\d?:\d\d (?:GMT|UTC)?[+-]\d\d:?\d\d.{0,200}[:：]\s*$"
)

_ORIGINAL = (
    "original message|original appointment|original|original email|original e-mail|reply message"
    "|reply to|replied message|forwarded message"
    "|ursprüngliche nachricht|originalnachricht|urspr\\. nachricht|ursprüngliche e-mail"
    "|message d'origine|message d’origine|message original|courrier d'origine"
    "|mensaje original|mensaje de origen|messaggio originale|messaggio original|mensagem original"
    "|oorspronkelijk bericht|oorspronkelijke bericht"
    "|oryginalna wiadomość|wiadomość oryginalna|wiadomość źródłowa|původní zpráva|původní e-mail"
    "|pôvodná správa|ursprungligt meddelande|originalmeddelande"
    "|oprindelig meddelelse|original meddelelse|opprinnelig melding|alkuperäinen viesti"
    "|исходное сообщение|оригинальное сообщение"
    "|первоначальное сообщение"
    "|початкове повідомлення|вихідне повідомлення"
    "|оригінал повідомлення|αρχικό μήνυμα|orijinal ileti|orijinal mesaj"
    "|özgün ileti|özgün mesaj|eredeti üzenet"
    "|mesaj original|original-nachricht|元のメッセージ|元メール|원본 메시지|원본 메일|원래 메시지"
    "|original message text|pesan asli|pesan semula|email asli"
    "|原始邮件|原始郵件|原始信件|原始消息|原邮件|原郵件|邮件原件|郵件原件|邮件原文|回复的原邮件"
    "|回复的邮件|回覆的原郵件|回覆的郵件|引用的邮件|转发的邮件|转发的消息"
)
SEPARATOR = re.compile(
    rf"^[\s>*|]{{0,10}}[-_=—–─*]{{2,80}}[\s\xa0]{{0,20}}(?:{_ORIGINAL})[\s\xa0]{{0,20}}[:：]?[\s\xa0]{{0,20}}[-_=—–─*]{{2,80}}[\s\xa0]{{0,20}}$",
    re.IGNORECASE,
)
SEPARATOR_HTML = re.compile(
    rf"(?<!-)-{{2,80}}(?:\s|&nbsp;){{0,20}}(?:{_ORIGINAL})(?:\s|&nbsp;){{0,20}}--", re.IGNORECASE
)

# A line of our own or of another desk that asks to write above it.
ABOVE = re.compile(
    r"^[\s>]{0,10}(?:[#=*_~\-—–.\[(]{2,80}.{0,40})?(?:(?:please )?(?:type|write|enter"
    r"|add) (?:your )?(?:reply|response|answer) above|reply above this line|reply (?:via email )?above"
    r"|(?:bitte )?antworten sie (?:bitte )?(?:oberhalb|über)|répondez au-dessus"
    r"|escriba su respuesta (?:por )?encima|请在此(?:行|线)(?:以上|上方)(?:回复|输入)"
    r"|請在此(?:行|線)(?:以上|上方)(?:回覆|輸入)|tulis balasan (?:anda )?di atas|balas di atas (?:garis|baris))",
    re.IGNORECASE,
)

_FROM, _SENT, _TO, _CC, _SUBJECT = "from", "sent", "to", "cc", "subject"
_ROWS: dict[str, str] = {
    _FROM: (
        "from|von|de|de la part de|da|mittente|expéditeur|remitente|remetente|van|afzender|od|nadawca"
        "|odesílatel|odosielateľ|från|avsändare|fra|lähettäjä"
        "|от|от кого|від|отправитель|από|kimden|gönderen|feladó|de la|差出人|送信者"
        "|from:|보낸 사람|보낸사람|발신|dari|pengirim|发件人|發件人|寄件者|寄件人|发信人|發信人|发送人"
    ),
    _SENT: (
        "sent|date|sent at|gesendet|datum|envoyé|envoyé le|date d'envoi|enviado|enviado el|enviado em"
        "|fecha|data|inviato|data invio|verzonden|wysłano|data wysłania|odesláno"
        "|dátum|odoslané|skickat|skickat den|sendt|dato|lähetetty|päivämäärä|päiväys|отправлено"
        "|дата|надіслано|дата отправки|στάλθηκε|ημερομηνία"
        "|gönderilme|gönderme tarihi|tarih|gönderildi"
        "|elküldve|日時|送信日時|送信日|日付|보낸 날짜|보낸날짜|날짜|발신일|dikirim|tanggal|terkirim"
        "|发送时间|發送時間|发送日期|發送日期|日期|时间|時間|寄件日期|傳送日期|发信时间|發信時間|寄送日期"
    ),
    _TO: (
        "to|an|à|a|para|destinataire|destinatario|destinatário|aan|do|adresat|komu|pro|till|til"
        "|vastaanottaja|кому|получатель|προς|kime|alıcı|címzett|către|宛先|受信者"
        "|받는 사람|받는사람|수신"
        "|kepada|ke|untuk|收件人|收件者|收信人|送达|送達"
    ),
    _CC: "cc|kopie|copie|copie à|copia|con copia|dw|do wiadomości|kopia|kopi|kopio|копия|копія"
    "|κοινοποίηση|bilgi|másolat|참조|抄送|副本|副本抄送|tembusan|bcc",
    _SUBJECT: (
        "subject|betreff|objet|asunto|oggetto|assunto|onderwerp|temat|předmět|predmet|ämne|ärende|emne"
        "|aihe|тема|θέμα|konu|tárgy|subiect|件名|제목|subjek|perihal|judul|主题|主題|主旨|标题|標題"
        "|re"
    ),
}
LABELS: dict[str, str] = {label: field for field, row in _ROWS.items() for label in row.split("|")}

_VALEDICTION_WORDS = (
    "best regards|kind regards|warm regards|with kind regards|with best regards|warmest regards"
    "|many thanks|best wishes|all the best|regards|best|cheers|thanks|thank you|thanks and regards"
    "|thanks & regards"
    "|thx|sincerely|yours sincerely|yours truly|yours faithfully|sincerely yours|respectfully|cordially"
    "|rgds|br|kr|greetings|take care"
    "|mit freundlichen grüßen|mit freundlichen grüssen|mit freundlichem gruß|mit freundlichem gruss"
    "|freundliche grüße|freundliche grüsse|viele grüße|viele grüsse|liebe grüße|beste grüße"
    "|beste grüsse"
    "|schöne grüße|herzliche grüße|mfg|vg|lg|gruß|gruss|grüße|cordialement|bien cordialement"
    "|bien à vous|salutations|meilleures salutations|sincères salutations|cdlt|amicalement"
    "|saludos|saludos cordiales|un saludo|un cordial saludo|cordialmente|atentamente|muchas gracias"
    "|gracias|cordiali saluti|distinti saluti|saluti|un saluto|grazie|atenciosamente|att|abraços"
    "|um abraço"
    "|cumprimentos|melhores cumprimentos|com os melhores cumprimentos|obrigado|obrigada"
    "|met vriendelijke groet|met vriendelijke groeten|vriendelijke groet|vriendelijke groeten|groeten"
    "|groet|mvg|hartelijke groet"
    "|z poważaniem|pozdrawiam|pozdrowienia|z wyrazami szacunku|s pozdravem|s přátelským pozdravem"
    "|s úctou|zdravím|s pozdravom|med vänlig hälsning|med vänliga hälsningar|vänliga hälsningar"
    "|vänligen|mvh|hälsningar"
    "|venlig hilsen|med venlig hilsen|de bedste hilsner|med vennlig hilsen|vennlig hilsen|hilsen"
    "|ystävällisin terveisin|terveisin|t|с уважением"
    "|с наилучшими пожеланиями|всего доброго|з повагою"
    "|με εκτίμηση"
    "|φιλικά|saygılarımla|saygılarımızla|iyi çalışmalar|selamlar|üdvözlettel|cu stima"
    "|hormat saya|salam|salam hormat|salam hangat|terima kasih|hormat kami|wassalam|此致|祝好|顺祝商祺"
    "|順祝商祺|顺颂商祺|順頌商祺|敬上|谨上|谢谢|謝謝|感谢|以上|よろしくお願いいたします"
    "|よろしくお願い致します|敬具|감사합니다|드림"
)
VALEDICTIONS = frozenset(_VALEDICTION_WORDS.split("|"))

# Lines that a mail program or an app adds by itself.
APP_LINE = re.compile(
    r"^[\s>*_\-—–(<\[]*(?:sent (?:from|via|using|with|by) (?:my|the|a|an|mail|yahoo|outlook|proton"
    r"|samsung|gmail|hey|mobile|blackberry|iphone|ipad|android|myphone|huawei|xiaomi|aol|mailbird|spark"
    r"|superhuman|front|nine|zoho|hotmail|windows|verizon|at&t|t-mobile)\b"
    r"|sent from (?:\w+ )?(?:iphone|ipad|android)|get outlook for|download outlook|get bluemail for"
    r"|verzonden (?:vanaf|via|met) |verstuurd (?:vanaf|via)|von mein\w+ .{0,60}(?:gesendet|verschickt)"
    r"|gesendet (?:von|mit|über|aus) (?:mein|der|outlook|mail|yahoo|samsung|iphone|android)"
    r"|diese (?:nachricht|e-?mail) wurde von mein|envoyé (?:de(?:puis)?|à partir de|avec) (?:mon|ma"
    r"|mail|outlook|yahoo|l'app|samsung)|enviado (?:desde|do|de|a partir do|pelo) (?:mi|meu|minha|mail"
    r"|outlook|yahoo|iphone|samsung|el correo)"
    r"|inviato (?:da|dal|con) (?:mio|il mio|iphone|ipad|mail|outlook|yahoo|libero|smartphone|samsung"
    r"|android)|wysłan[eo] z (?:mojego|iphone|ipad|telefonu|androida|outlook|samsung|smartfon)"
    r"|odesláno z(?:e)? |odoslané z |skickat från (?:min|mitt|outlook|yahoo|samsung|e-post)"
    r"|sendt fra (?:min|mit|outlook|yahoo|samsung|mail)|lähetetty (?:iphone|ipad|puhelim|outlook|yahoo"
    r"|samsung|älypuhelim)|отправлено (?:с|из|с моего) ?\S|надіслано з "
    r"|στάλθηκε από |i?phone'?umdan gönderildi|.{0,25}(?:'dan|'den|mdan|umdan) gönderildi"
    r"|dikirim (?:dari|menggunakan) |发自我的|发自 ?(?:我的|网易|iphone|ipad|vivo|oppo|华为|小米|新浪"
    r"|qq邮箱|手机|荣耀|outlook|安卓)|從我的 ?.{0,25}(?:傳送|發送|寄出)|寄自我的|發自我的|来自(?:我的"
    r"|网易|手机|华为|小米)|来自 ?(?:iphone|ipad)|從 .{1,20}(?:iphone|ipad|android|手機).{0,10}(?:傳送"
    r"|發送)"
    r"|.{0,20}(?:iphone|ipad|android|スマホ|スマートフォン|outlook)\w*から送信|나의 .{0,20}에서 보냄"
    r"|.{0,20}에서 보냄|.{0,20}에서 보냈습니다)",
    re.IGNORECASE,
)
