"""Messages whose difficulty is their MIME structure: parts in parts, encodings, attachments, reports, signatures.

A relay must not look inside: each of these comes out as it went in, the 10 MB one too. Signed bodies (S/MIME,
PGP/MIME) are shaped like the real thing, with noise where a signature would be: what they test is that nobody
touches the signed octets.
"""

import gzip
import json
import quopri

from lab.mail.message import (Draft, Kit, RecipeBook, base64_lines, lines, multipart, multipart_fields, part,
        render_fields, text_fields)

book = RecipeBook()
recipe = book.recipe

PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001"
                    "a5f645400000000049454e44ae426082")


def html(kit: Kit, rows: int) -> bytes:
    cells = [f'<tr><td style="padding:4px">{kit.words(8)}</td><td><a href="https://foreign.example/?u={kit.token(24)}">read</a></td></tr>' for _ in range(rows)]
    return lines("<!DOCTYPE html>", "<html><body>", "<table>", *cells, "</table>", "</body></html>")


def file_part(kit: Kit, name: str, octets: bytes, type: str = "application/octet-stream") -> bytes:
    fields = [("Content-Type", f'{type}; name="{name}"'), ("Content-Transfer-Encoding", "base64"),
            ("Content-Disposition", f'attachment; filename="{name}"')]
    return part(fields, base64_lines(octets))


def alternative(kit: Kit, boundary: str) -> bytes:
    return multipart(boundary, [part(text_fields(), kit.prose(2)), part(text_fields(subtype="html"), html(kit, 5))])


@recipe("multipart-mixed", "text and a small file")
def multipart_mixed(kit: Kit) -> Draft:
    mark = kit.boundary()
    return Draft("Report enclosed", multipart(mark, [part(text_fields(), kit.prose(1)),
            file_part(kit, "report.pdf", b"%PDF-1.7\n" + kit.octets(9000), "application/pdf")]),
                 multipart_fields("mixed", mark))


@recipe("multipart-alternative", "text and HTML")
def multipart_alternative(kit: Kit) -> Draft:
    mark = kit.boundary()
    return Draft("Two faces", alternative(kit, mark), multipart_fields("alternative", mark))


@recipe("multipart-related", "HTML with an inline picture")
def multipart_related(kit: Kit) -> Draft:
    mark = kit.boundary()
    picture = part([("Content-Type", "image/png"), ("Content-ID", "<pic@foreign.example>"),
            ("Content-Transfer-Encoding", "base64"), ("Content-Disposition", "inline")], base64_lines(PNG))
    page = part(text_fields(subtype="html"), lines('<img src="cid:pic@foreign.example">') + html(kit, 3))
    return Draft("With picture", multipart(mark, [page, picture]),
            multipart_fields("related", mark, 'type="text/html"; '))


@recipe("nested", "mixed(alternative(text, related(html, png)), file, text)")
def nested(kit: Kit) -> Draft:
    outer, middle, inner = kit.boundary(), kit.boundary(), kit.boundary()
    picture = part([("Content-Type", "image/png"), ("Content-ID", "<p@x>"), ("Content-Transfer-Encoding", "base64")],
            base64_lines(PNG))
    related = part(multipart_fields("related", inner), multipart(inner,
            [part(text_fields(subtype="html"), html(kit, 4)), picture]))
    both = part(multipart_fields("alternative", middle), multipart(middle,
            [part(text_fields(), kit.prose(1)), related]))
    return Draft("Nested", multipart(outer, [both, file_part(kit, "table.xlsx", kit.octets(5000)),
            part(text_fields(), lines("-- ", "footer"))]), multipart_fields("mixed", outer))


@recipe("nested-deep", "multiparts twenty deep")
def nested_deep(kit: Kit) -> Draft:
    mark = kit.boundary()
    fields, body = multipart_fields("mixed", mark), multipart(mark, [part(text_fields(), kit.prose(1))])
    for _ in range(19):
        mark = kit.boundary()
        fields, body = multipart_fields("mixed", mark), multipart(mark, [part(fields, body)])
    return Draft("Matryoshka", body, fields)


@recipe("attachment-10mb", "a 10 MiB attachment in base64 (14 MB on the wire)")
def attachment_10mb(kit: Kit) -> Draft:
    mark = kit.boundary()
    return Draft("The big file", multipart(mark, [part(text_fields(), kit.prose(1)),
            file_part(kit, "disk.img", kit.octets(10 * 1024 * 1024))]), multipart_fields("mixed", mark))


@recipe("attachments-many", "forty small attachments")
def attachments_many(kit: Kit) -> Draft:
    mark = kit.boundary()
    files = [file_part(kit, f"scan-{number:02d}.tif", kit.octets(700 + number)) for number in range(40)]
    return Draft("Forty scans", multipart(mark, [part(text_fields(), kit.prose(1)), *files]),
            multipart_fields("mixed", mark))


@recipe("preamble-epilogue", "text before the first and after the last boundary, an empty part, boundary look-alikes")
def preamble_epilogue(kit: Kit) -> Draft:
    mark = "=_edge'()+_,-./:=?_0123456789"
    parts = [part(text_fields(), kit.prose(1)), part([], b""),
            part(text_fields(), lines(f"--{mark}x".replace("=_", "=-"), "--", "--=_", ".", "-- "))]
    return Draft("Around the parts", multipart(mark, parts, lines("This is a multi-part message in MIME format.", ".",
            ""), lines("", "epilogue", ".")), multipart_fields("mixed", mark))


@recipe("quoted-printable", "quoted-printable with soft breaks")
def quoted_printable(kit: Kit) -> Draft:
    text = ("Grüße = Zeichen, ein sehr langer Absatz: " + kit.words(60) + " €\n") * 5
    return Draft("Quoted", quopri.encodestring(text.encode("utf-8")).replace(b"\n", b"\r\n"),
            text_fields("utf-8", "quoted-printable"))


@recipe("quoted-printable-dots", "quoted-printable whose soft breaks leave dots at line starts")
def quoted_printable_dots(kit: Kit) -> Draft:
    return Draft("Quoted dots", lines("wait=", ".", "..=", ".=2E", "=2E", ".=", "", "trailing=20", "=3D=", "."),
            text_fields("utf-8", "quoted-printable"))


@recipe("base64-binary", "a single part of base64 noise, as a fax gateway sends it")
def base64_binary(kit: Kit) -> Draft:
    return Draft("Fax", base64_lines(kit.octets(60000)), [("Content-Type", "image/tiff"),
            ("Content-Transfer-Encoding", "base64")])


@recipe("base64-unpadded-rows", "base64 in rows of 4 to 998 octets")
def base64_unpadded_rows(kit: Kit) -> Draft:
    body = b"".join(base64_lines(kit.octets(width // 4 * 3), 998) for width in range(4, 999, 40))
    return Draft("Ragged", body, [("Content-Type", "application/octet-stream"),
            ("Content-Transfer-Encoding", "base64")])


def inner_message(kit: Kit, subject: str, body: bytes) -> bytes:
    return render_fields([("Received", "by inner.foreign.example; Sun, 4 Jan 2026 10:00:00 +0000"),
            ("From", "old@foreign.example"), ("To", "anna@contoso.lab"), ("Subject", subject),
                          ("Date", "Sun, 04 Jan 2026 10:00:00 +0000"),
                          ("Message-ID", f"<{kit.token(12)}@foreign.example>")]) + b"\r\n" + body


@recipe("forwarded", "a message/rfc822 part that holds dot lines")
def forwarded(kit: Kit) -> Draft:
    mark = kit.boundary()
    inner = part([("Content-Type", "message/rfc822"), ("Content-Disposition", "inline")],
            inner_message(kit, "inner", kit.prose(1) + lines(".", "..x", ".")))
    return Draft("Fwd: inner", multipart(mark, [part(text_fields(), kit.prose(1)), inner]),
            multipart_fields("mixed", mark))


@recipe("forwarded-deep", "message/rfc822 six deep, no multipart between")
def forwarded_deep(kit: Kit) -> Draft:
    body = inner_message(kit, "the first one", kit.prose(1))
    for level in range(5):
        header, text = inner_message(kit, f"Fwd {level}", b"").rsplit(b"\r\n", 1)[0], body
        body = header + b"Content-Type: message/rfc822\r\n\r\n" + text
    return Draft("Fwd: Fwd: Fwd:", body, [("Content-Type", "message/rfc822")])


@recipe("smime-signed", "multipart/signed with a PKCS #7 part (noise)")
def smime_signed(kit: Kit) -> Draft:
    mark = kit.boundary()
    signature = part([("Content-Type", 'application/pkcs7-signature; name="smime.p7s"'),
            ("Content-Transfer-Encoding", "base64")], base64_lines(b"\x30\x82\x08\x00" + kit.octets(2048), 64))
    signed = part(text_fields(), kit.prose(2) + lines("trailing blank ", "", ""))
    return Draft("Signed", multipart(mark, [signed, signature], lines("This is an S/MIME signed message", "")),
            multipart_fields("signed", mark, 'protocol="application/pkcs7-signature"; micalg=sha-256; '))


@recipe("smime-encrypted", "application/pkcs7-mime enveloped data (noise)")
def smime_encrypted(kit: Kit) -> Draft:
    return Draft("(encrypted)", base64_lines(b"\x30\x82\x40\x00" + kit.octets(16384), 64),
                 [("Content-Type", 'application/pkcs7-mime; smime-type=enveloped-data; name="smime.p7m"'),
                 ("Content-Transfer-Encoding", "base64")])


def armor(kit: Kit, kind: str, octets: int) -> bytes:
    return lines(f"-----BEGIN PGP {kind}-----", "") + base64_lines(kit.octets(octets), 64) + lines("=" + "aB3d",
            f"-----END PGP {kind}-----")


@recipe("pgp-mime-signed", "multipart/signed by PGP (noise), trailing spaces kept")
def pgp_mime_signed(kit: Kit) -> Draft:
    mark = kit.boundary()
    return Draft("Signed by hand", multipart(mark, [part(text_fields(),
            kit.prose(1) + lines("two blanks  ", "-- ", "me")),
            part([("Content-Type", "application/pgp-signature")], armor(kit, "SIGNATURE", 400))]),
                 multipart_fields("signed", mark, 'micalg=pgp-sha512; protocol="application/pgp-signature";\r\n '))


@recipe("pgp-mime-encrypted", "multipart/encrypted by PGP (noise)")
def pgp_mime_encrypted(kit: Kit) -> Draft:
    mark = kit.boundary()
    return Draft("...", multipart(mark, [part([("Content-Type", "application/pgp-encrypted")], lines("Version: 1")),
            part([("Content-Type", "application/octet-stream")], armor(kit, "MESSAGE", 9000))]),
                 multipart_fields("encrypted", mark, 'protocol="application/pgp-encrypted"; '))


@recipe("pgp-inline", "clear-signed text with dash escapes")
def pgp_inline(kit: Kit) -> Draft:
    return Draft("Clear-signed", lines("-----BEGIN PGP SIGNED MESSAGE-----", "Hash: SHA512", "", "- -- ", "- - a list",
            ".") + kit.prose(1) + armor(kit, "SIGNATURE", 400))


@recipe("calendar", "an invitation: alternative(text, text/calendar) and an .ics file")
def calendar(kit: Kit) -> Draft:
    event = lines("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Lab//EN", "METHOD:REQUEST", "BEGIN:VEVENT",
            f"UID:{kit.token(20)}@foreign.example", "DTSTAMP:20260105T080000Z",
                  "DTSTART:20260112T090000Z", "DTEND:20260112T100000Z", "SUMMARY:Rollover rehearsal",
                  "ATTENDEE;RSVP=TRUE;CN=Anna;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION:mai",
                  " lto:anna@contoso.lab", "END:VEVENT", "END:VCALENDAR")
    outer, inner = kit.boundary(), kit.boundary()
    both = multipart(inner, [part(text_fields(), kit.prose(1)),
            part([("Content-Type", "text/calendar; charset=utf-8; method=REQUEST"),
            ("Content-Transfer-Encoding", "7bit")], event)])
    return Draft("Invitation: rehearsal", multipart(outer, [part(multipart_fields("alternative", inner), both),
            file_part(kit, "invite.ics", event, "application/ics")]), multipart_fields("mixed", outer))


@recipe("newsletter", "a 120 KB HTML newsletter with its text twin")
def newsletter(kit: Kit) -> Draft:
    mark = kit.boundary()
    page = quopri.encodestring(html(kit, 700).replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n")
    return Draft("News of the week", multipart(mark, [part(text_fields(), kit.prose(8)),
            part(text_fields("utf-8", "quoted-printable", "html"), page)]),
                 multipart_fields("alternative", mark), below=[("List-Unsubscribe", "<https://foreign.example/out>"),
                 ("Feedback-ID", "7:lab:news")])


@recipe("delivery-report", "multipart/report; delivery-status, from the null reverse-path (RFC 3464)")
def delivery_report(kit: Kit) -> Draft:
    mark = kit.boundary()
    status = lines("Reporting-MTA: dns; mx1.foreign.example", "Arrival-Date: Mon, 5 Jan 2026 07:00:00 +0000", "",
            "Final-Recipient: rfc822; gone@foreign.example", "Action: failed",
                   "Status: 5.1.1", "Diagnostic-Code: smtp; 550 5.1.1 no such user")
    parts = [part(text_fields(), lines("Your message could not be delivered.", ".")),
            part([("Content-Type", "message/delivery-status")], status),
             part([("Content-Type", "text/rfc822-headers")], inner_message(kit, "never arrived", b""))]
    return Draft("Undelivered Mail Returned to Sender", multipart(mark, parts),
            multipart_fields("report", mark, "report-type=delivery-status; "),
            below=[("Auto-Submitted", "auto-replied")], null_sender=True)


@recipe("read-receipt", "multipart/report; disposition-notification (RFC 8098)")
def read_receipt(kit: Kit) -> Draft:
    mark = kit.boundary()
    notice = lines("Reporting-UA: lab; 1.0", "Final-Recipient: rfc822;reader@foreign.example",
            "Original-Message-ID: <x@contoso.lab>", "Disposition: manual-action/MDN-sent-manually; displayed")
    return Draft("Read: agenda", multipart(mark, [part(text_fields(), kit.prose(1)),
            part([("Content-Type", "message/disposition-notification")], notice)]),
                 multipart_fields("report", mark, "report-type=disposition-notification; "))


@recipe("tls-report", "a TLS report with its gzip part (RFC 8460 5.3)")
def tls_report(kit: Kit) -> Draft:
    mark = kit.boundary()
    report = {"organization-name": "Foreign", "date-range": {"start-datetime": "2026-01-04T00:00:00Z",
            "end-datetime": "2026-01-04T23:59:59Z"}, "report-id": "2026-01-04_lab",
              "policies": [{"policy": {"policy-type": "tlsa", "policy-domain": "contoso.lab"},
              "summary": {"total-successful-session-count": 51, "total-failure-session-count": 0}}]}
    packed = gzip.compress(json.dumps(report).encode("ascii"), compresslevel=0, mtime=0)
    parts = [part(text_fields(), lines("This is an aggregate TLS report from foreign.example")),
            file_part(kit, "foreign.example!contoso.lab!1767484800!1767571199.json.gz", packed,
            "application/tlsrpt+gzip")]
    return Draft("Report Domain: contoso.lab Submitter: foreign.example Report-ID: <2026-01-04_lab>",
            multipart(mark, parts), multipart_fields("report", mark, 'report-type="tlsrpt"; '),
                 below=[("TLS-Report-Domain", "contoso.lab"), ("TLS-Report-Submitter", "foreign.example")])
