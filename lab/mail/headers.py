"""Messages whose difficulty is the header: its length, its count of lines, signatures over it, traces in it.

A relay adds its Received line on top and alters nothing (RFC 5321 4.4). Header blocks stay under 100 KB, because a
stock Postfix moves what exceeds that (header_size_limit) into the body, and that would be Postfix, not us.
"""

import base64
import hashlib

from lab.mail.message import Draft, Fields, Kit, RecipeBook, lines, text_fields

book = RecipeBook()
recipe = book.recipe


@recipe("long-header", "one header field folded over 32 KB")
def long_header(kit: Kit) -> Draft:
    folds = [f"entry{number:04d}={kit.token(48)};" for number in range(540)]
    return Draft("Long header", kit.prose(1), below=[("X-Long", "\r\n\t".join(folds))])


@recipe("many-headers", "six hundred header lines")
def many_headers(kit: Kit) -> Draft:
    return Draft("Many headers", kit.prose(1), below=[(f"X-Line-{number}", kit.words(5)) for number in range(600)])


@recipe("header-998", "unfolded header lines of exactly 998 octets")
def header_998(kit: Kit) -> Draft:
    rows = [("X-Wide", kit.token(998 - len("X-Wide: "))), ("X-Wide-Fold", kit.token(300) + "\r\n " + kit.token(997))]
    return Draft("Wide header", kit.prose(1), below=rows)


@recipe("hundred-recipients", "a To field of a hundred addresses")
def hundred_recipients(kit: Kit) -> Draft:
    people = [f"Colleague {number} <c{number:03d}@contoso.lab>" for number in range(100)]
    return Draft("To everybody", kit.prose(1), to=",\r\n ".join(people))


@recipe("long-references", "one References field of 300 message ids")
def long_references(kit: Kit) -> Draft:
    ids = [f"<{kit.token(40)}@{kit.token(8)}.foreign.example>" for _ in range(300)]
    return Draft("Re: Re: Re: that thread", kit.prose(1), below=[("In-Reply-To", ids[-1]),
            ("References", "\r\n ".join(ids))])


def dkim_field(kit: Kit, body: bytes) -> tuple[str, str]:
    """A signature field whose body hash is right (RFC 6376 3.7, simple); its b= is noise, for nobody holds the key."""
    hashed = base64.b64encode(hashlib.sha256(body).digest()).decode("ascii")
    sign = base64.b64encode(kit.octets(256)).decode("ascii")
    folds = "\r\n\t ".join(sign[at : at + 64] for at in range(0, len(sign), 64))
    value = (
        "v=1; a=rsa-sha256; c=simple/simple; d=foreign.example; s=lab2026;\r\n"
        "\tt=1767600000; h=From:To:Subject:Date:Message-ID;\r\n"
        f"\tbh={hashed};\r\n\tb={folds}"
    )
    return ("DKIM-Signature", value)


@recipe("dkim-signed", "a DKIM signature on top; its bh= really covers the body")
def dkim_signed(kit: Kit) -> Draft:
    body = kit.prose(3)
    return Draft("Signed", body, text_fields(), above=[dkim_field(kit, body)])


@recipe("arc-chain", "three ARC sets and two DKIM signatures")
def arc_chain(kit: Kit) -> Draft:
    body = kit.prose(2)
    above: Fields = []
    for hop in (3, 2, 1):
        noise = base64.b64encode(kit.octets(128)).decode("ascii")
        above.append(("ARC-Seal",
                f"i={hop}; a=rsa-sha256; t=17676000{hop:02d}; cv={'none' if hop == 1 else 'pass'};\r\n d=foreign.example; s=arc; b={noise}"))
        above.append(("ARC-Message-Signature",
                f"i={hop}; a=rsa-sha256; c=relaxed/relaxed; d=foreign.example;\r\n s=arc; h=From:To; b={noise}"))
        above.append(("ARC-Authentication-Results", f"i={hop}; mx.foreign.example; dkim=pass"))
    return Draft("Through a list", body, text_fields(), above=[*above, dkim_field(kit, body), dkim_field(kit, body)])


@recipe("travelled", "fifteen Received lines and Authentication-Results of its own, on top")
def travelled(kit: Kit) -> Draft:
    above: Fields = []
    for hop in range(15, 0, -1):
        name = f"relay{hop}.foreign.example"
        above.append(("Received",
                f"from {kit.token(6)}.foreign.example (unknown [192.0.2.{hop}])\r\n\tby {name} with ESMTPS id {kit.token(10)};\r\n\tMon, 5 Jan 2026 07:{hop:02d}:00 +0000"))
    above.append(("Authentication-Results", "relay1.foreign.example; spf=pass smtp.mailfrom=foreign.example"))
    return Draft("A long way", kit.prose(1), above=above)


@recipe("repeated-fields", "repeated names, odd case, empty values, a field of only a fold")
def repeated_fields(kit: Kit) -> Draft:
    below = [("X-Note", "first"), ("x-note", "second"), ("X-NOTE", "third"), ("X-Empty", ""), ("X-Blank", " "),
            ("Comments", "one"),
             ("Comments", "two"), ("Keywords", "a, b"), ("X-Colons", "a:b::c"), ("X-Tab", "\tafter a tab"),
             ("X-Folded-Only", "\r\n below")]
    return Draft("Repeated", kit.prose(1), below=below)


@recipe("encoded-words", "RFC 2047 words of several charsets, one split inside a phrase")
def encoded_words(kit: Kit) -> Draft:
    subject = "=?utf-8?Q?Gr=C3=BC=C3=9Fe_aus_K=C3=B6ln?=\r\n =?iso-8859-1?B?5Pb8?= and =?utf-8?B?8J+Tpw==?="
    return Draft(subject, kit.prose(1), text_fields(), below=[("Organization", "=?iso-8859-15?Q?Caf=E9_=A4?=")])


@recipe("resent", "a resent block above (RFC 5322 3.6.6)")
def resent(kit: Kit) -> Draft:
    above = [("Resent-From", "Desk <desk@foreign.example>"), ("Resent-To", "anna@contoso.lab"),
            ("Resent-Date", "Mon, 05 Jan 2026 09:00:00 +0000"),
             ("Resent-Message-ID", "<resent.20260105@foreign.example>")]
    return Draft("Passed on", kit.prose(1), above=above)


@recipe("mailing-list", "List-* fields, Precedence, a footer")
def mailing_list(kit: Kit) -> Draft:
    below = [("List-Id", "Lab Talk <talk.lists.foreign.example>"),
            ("List-Unsubscribe", "<https://lists.foreign.example/u?x=1>,\r\n <mailto:talk-leave@foreign.example>"),
             ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"), ("List-Post", "<mailto:talk@foreign.example>"),
             ("Precedence", "list"), ("X-BeenThere", "talk@foreign.example")]
    return Draft("[talk] agenda", kit.prose(2) + lines("_" * 47, "talk mailing list"), below=below)


@recipe("folded-subject", "a subject folded with tabs and many spaces")
def folded_subject(kit: Kit) -> Draft:
    return Draft("one\r\n\ttwo\r\n     three\r\n \t four", kit.prose(1))


@recipe("exchange-fields", "the heap of X-MS fields an Exchange message carries")
def exchange_fields(kit: Kit) -> Draft:
    names = ["Exchange-Organization-SCL", "Exchange-Transport-CrossTenantHeadersStamped", "TrafficTypeDiagnostic",
            "Office365-Filtering-Correlation-Id",
             "Exchange-AntiSpam-MessageData-0", "Exchange-CrossTenant-Network-Message-Id", "Has-Attach",
             "TNEF-Correlator"]
    below = [("Thread-Topic", "Quarterly"), ("Thread-Index", base64.b64encode(kit.octets(22)).decode("ascii")),
            ("Accept-Language", "de-DE, en-US")]
    below += [(f"X-MS-{name}", "" if name == "Has-Attach" else "\r\n ".join(
            kit.token(70) for _ in range(6))) for name in names]
    return Draft("RE: Quarterly", kit.prose(1), text_fields(), below=below)


@recipe("auto-reply", "an out-of-office answer (RFC 3834)")
def auto_reply(kit: Kit) -> Draft:
    return Draft("Auto: away", kit.prose(1), below=[("Auto-Submitted", "auto-replied"),
            ("X-Auto-Response-Suppress", "All"), ("Precedence", "bulk")])
