"""Messages in other alphabets: 8-bit bodies in several charsets (RFC 6152), and SMTPUTF8 ones (RFC 6531, 6532).

The first kind has an ASCII header and goes to contoso.lab. The second has UTF-8 in its header or its addresses and
goes to fabrikam.lab, whose mailbox host speaks SMTPUTF8. A body may also lie about its charset: a relay does not care.
"""

from lab.mail.message import Draft, Kit, RecipeBook, lines, multipart, multipart_fields, part, text_fields

book = RecipeBook()
recipe = book.recipe

GERMAN = "Über die Brücke führt kein Weg: Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich – für 5 €."
RUSSIAN = "Съешь же ещё этих мягких французских булок, да выпей чаю."
JAPANESE = "いろはにほへと ちりぬるを わかよたれそ つねならむ"
CHINESE = "天地玄黃 宇宙洪荒 日月盈昃 辰宿列張"
ARABIC = "\u200fمرحبا بالعالم، هذه رسالة تجريبية \u202bfoo@contoso.lab\u202c رقم ١٢٣"
HEBREW = "שלום עולם \u2067(abc)\u2069 בדיקה"
EMOJI = "📧➡️🔐 👩‍👩‍👧‍👦 🏳️‍🌈 ☃️ e\u0301 a\u0308 \u200b zero\u200dwidth 𝔘𝔫𝔦 🇩🇰"


@recipe("utf8-body", "8-bit UTF-8 body")
def utf8_body(kit: Kit) -> Draft:
    return Draft("Umlauts below", lines(GERMAN, ".", GERMAN) + kit.prose(1), text_fields("utf-8", "8bit"))


@recipe("latin1-body", "8-bit ISO 8859-1 body")
def latin1_body(kit: Kit) -> Draft:
    return Draft("Latin-1 below", "Grüße aus Köln, señor; café à 5 £\r\n.\r\n§ ÿ\r\n".encode("latin-1"),
            text_fields("iso-8859-1", "8bit"))


@recipe("utf8-998", "UTF-8 lines of exactly 998 octets, characters of 2, 3 and 4 octets")
def utf8_998(kit: Kit) -> Draft:
    return Draft("Wide and foreign", lines("ü" * 499, "€" * 332 + "ab", "📧" * 249 + "xy", "." + "ß" * 498 + "!"),
            text_fields("utf-8", "8bit"))


@recipe("cyrillic-1251", "windows-1251")
def cyrillic_1251(kit: Kit) -> Draft:
    return Draft("Cyrillic", (RUSSIAN + "\r\n").encode("cp1251") * 20, text_fields("windows-1251", "8bit"))


@recipe("japanese-2022", "ISO-2022-JP: 7-bit with escape sequences, some starting a line with a dot")
def japanese_2022(kit: Kit) -> Draft:
    return Draft("=?iso-2022-jp?B?GyRCJCQkbSRPGyhC?=", (JAPANESE + "\r\n.\r\n").encode("iso2022_jp") * 10,
            text_fields("iso-2022-jp", "7bit"))


@recipe("chinese-big5", "Big5, whose second octets may be ASCII")
def chinese_big5(kit: Kit) -> Draft:
    return Draft("Big5", (CHINESE + " 功許蓋\r\n").encode("big5") * 10, text_fields("big5", "8bit"))


@recipe("mixed-charsets", "a multipart of 8-bit UTF-8 and 8-bit latin-1 parts")
def mixed_charsets(kit: Kit) -> Draft:
    mark = kit.boundary()
    parts = [part(text_fields("utf-8", "8bit"), lines(GERMAN, RUSSIAN)),
            part(text_fields("iso-8859-1", "8bit"), "äöü\r\n".encode("latin-1")), part(text_fields(), kit.prose(1))]
    return Draft("Both", multipart(mark, parts), [*multipart_fields("mixed", mark),
            ("Content-Transfer-Encoding", "8bit")])


@recipe("emoji-body", "emoji, joiners, combining marks")
def emoji_body(kit: Kit) -> Draft:
    return Draft("Pictures", lines(EMOJI, "", EMOJI * 5), text_fields("utf-8", "8bit"))


@recipe("rtl-body", "Arabic and Hebrew with direction marks")
def rtl_body(kit: Kit) -> Draft:
    return Draft("Right to left", lines(ARABIC, HEBREW, "." + ARABIC, "\u202e reversed"), text_fields("utf-8", "8bit"))


@recipe("false-utf8", "a body that says UTF-8 and is not")
def false_utf8(kit: Kit) -> Draft:
    return Draft("Not what it says", b"broken \xc3( \xff\xfe \xe2\x82 \xc0\xae \xf5\x80\x80\x80 end\r\n",
            text_fields("utf-8", "8bit"))


@recipe("every-octet", "every octet but NUL, CR and LF, in rows that start with each")
def every_octet(kit: Kit) -> Draft:
    allowed = bytes(code for code in range(1, 256) if code not in (10, 13))
    rows = b"".join(bytes([code]) + allowed + b"\r\n" for code in allowed)
    return Draft("All of them", rows, text_fields("unknown-8bit", "8bit"))


@recipe("unlabelled-8bit", "8-bit text in a message that is not MIME at all")
def unlabelled_8bit(kit: Kit) -> Draft:
    return Draft("No label", "Grüße, ohne MIME\r\n".encode("latin-1") + kit.prose(1))


@recipe("smtputf8-subject", "UTF-8 subject, ASCII addresses")
def smtputf8_subject(kit: Kit) -> Draft:
    return Draft(GERMAN, lines(GERMAN), text_fields("utf-8", "8bit"))


@recipe("smtputf8-ascii-body", "UTF-8 only in a header field, 7-bit body")
def smtputf8_ascii_body(kit: Kit) -> Draft:
    return Draft("plain below", kit.prose(1), text_fields(), below=[("X-Ort", "Köln"), ("Comments", JAPANESE)])


@recipe("smtputf8-sender", "UTF-8 in the sender's address")
def smtputf8_sender(kit: Kit) -> Draft:
    return Draft("From an umlaut", lines(GERMAN), text_fields("utf-8", "8bit"), sender_tail=".grüße")


@recipe("smtputf8-recipient", "UTF-8 in the recipient's address")
def smtputf8_recipient(kit: Kit) -> Draft:
    return Draft("To an umlaut", kit.prose(1), text_fields(), recipients=("empfänger@fabrikam.lab",))


@recipe("smtputf8-both", "UTF-8 in both addresses, Cyrillic, everything in the header too")
def smtputf8_both(kit: Kit) -> Draft:
    return Draft(RUSSIAN, lines(RUSSIAN), text_fields("utf-8", "8bit"), sender_tail=".почта",
            recipients=("анна@fabrikam.lab", "bert@fabrikam.lab"),
                 below=[("Cc", "Боб <боб@пример.испытание>, 用户 <用户@例え.テスト>")])


@recipe("smtputf8-emoji", "emoji in subject, sender and recipient")
def smtputf8_emoji(kit: Kit) -> Draft:
    return Draft(EMOJI, lines(EMOJI), text_fields("utf-8", "8bit"), sender_tail=".📧", recipients=("✉@fabrikam.lab",))


@recipe("smtputf8-rtl", "Arabic and Hebrew in the header")
def smtputf8_rtl(kit: Kit) -> Draft:
    return Draft(ARABIC, lines(HEBREW, "."), text_fields("utf-8", "8bit"), recipients=("سارة@fabrikam.lab",))


@recipe("smtputf8-long-header", "a UTF-8 field folded over 12 KB, lines of up to 998 octets")
def smtputf8_long_header(kit: Kit) -> Draft:
    folds = ["ü" * 490, *("€" * 332 for _ in range(10)), *(JAPANESE for _ in range(30))]
    return Draft("lang", kit.prose(1), text_fields(), below=[("X-Lang", "\r\n ".join(folds))])


@recipe("smtputf8-global", "a message/global part and a UTF-8 file name (RFC 6532 3.7)")
def smtputf8_global(kit: Kit) -> Draft:
    mark = kit.boundary()
    inner = part([("From", "Jörg <jörg@foreign.example>"), ("Subject", RUSSIAN),
            ("Date", "Sun, 04 Jan 2026 10:00:00 +0000")], lines(RUSSIAN, "."))
    parts = [part([("Content-Type", 'text/plain; charset=utf-8; name="Übersicht.txt"'),
            ("Content-Transfer-Encoding", "8bit")], lines(GERMAN)),
            part([("Content-Type", "message/global"), ("Content-Transfer-Encoding", "8bit")], inner)]
    return Draft("Weitergeleitet: Übersicht", multipart(mark, parts),
            [*multipart_fields("mixed", mark), ("Content-Transfer-Encoding", "8bit")])
