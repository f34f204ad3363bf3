#!/usr/bin/python3
"""Reads every golden notice with Python's email package: a MIME parser that is not ours must find what we meant.

reader_test.py GOLDEN_DIRECTORY: prints one line a fault, exits 1 if there is any or if there is nothing to read.
"""
import email
import email.policy
import pathlib
import quopri
import sys

STATUS = {"message/delivery-status", "message/global-delivery-status"}
RETURNED = {"text/rfc822-headers", "message/rfc822", "message/global-headers", "message/global"}
PER_RECIPIENT = {"Final-Recipient", "Action", "Status", "Diagnostic-Code", "Last-Attempt-Date"}
KNOWN = PER_RECIPIENT | {"Original-Recipient", "Remote-MTA", "Final-Log-Id", "Will-Retry-Until"}
KLASS = {"failed": "5", "delayed": "4", "delivered": "2", "relayed": "2"}


def groups_of(status):
    """The groups of fields of the second part, as messages."""
    if status.get_content_type() == "message/delivery-status":
        return status.get_payload()
    raw = status.get_payload()[0].as_bytes(policy=email.policy.SMTP)  # Python takes other message/* for a nested message
    return [email.message_from_bytes(group, policy=email.policy.SMTPUTF8) for group in raw.split(b"\r\n\r\n") if group.strip()]


def status_faults(status):
    per_message, *recipients = groups_of(status)
    for name in ("Reporting-MTA", "Arrival-Date"):
        if name not in per_message:
            yield f"no {name}"
    if not recipients:
        yield "no recipient"
    for fields in recipients:
        names = fields.keys()
        yield from (f"no {name}" for name in sorted(PER_RECIPIENT - set(names)))
        yield from (f"unexpected field {name}" for name in names if name not in KNOWN or names.count(name) > 1)
        if KLASS.get(fields["Action"]) != fields["Status"][:1]:
            yield f"Action {fields['Action']} with Status {fields['Status']}"
        if ("Will-Retry-Until" in names) and fields["Action"] != "delayed":
            yield "Will-Retry-Until in a notice that is not of delay (RFC 3464 2.3.9)"


def returned_faults(part):
    if part.get_content_type() != "text/rfc822-headers":
        return
    octets = part.get_payload(decode=True)
    if b"\r\n\r\n" in octets:
        yield "the header returned has a body"
    if part["Content-Transfer-Encoding"] == "quoted-printable" and quopri.decodestring(part.get_payload()) != octets:
        yield "the header returned is not quoted-printable"


def defects(part):
    """What Python's parser complains of. It never decodes message/*, which RFC 6533 4.4 allows to be encoded: such a part is
    decoded here and read by itself."""
    yield from part.defects
    if part.get_content_type().startswith("message/global") and part["Content-Transfer-Encoding"] == "quoted-printable":
        decoded = quopri.decodestring(part.get_payload()[0].as_bytes(policy=email.policy.SMTP))
        yield from defects(email.message_from_bytes(decoded.lstrip(b"\r\n"), policy=email.policy.SMTPUTF8))
    elif part.is_multipart():
        for child in part.get_payload():
            yield from defects(child)


def faults(path):
    octets = path.read_bytes().replace(b"\n", b"\r\n")
    message = email.message_from_bytes(octets, policy=email.policy.SMTPUTF8)
    if not path.stem.startswith("hostile"):  # the header that is returned there is broken on purpose
        yield from (f"defect: {defect!r}" for defect in defects(message))
    if message.get_content_type() != "multipart/report" or message.get_param("report-type") != "delivery-status":
        yield "not a delivery-status report"
    if message["Auto-Submitted"] != "auto-replied" or not message["From"].addresses[0].addr_spec.startswith("MAILER-DAEMON@"):
        yield "does not say that a machine wrote it"
    parts = message.get_payload()
    types = [part.get_content_type() for part in parts]
    if len(parts) != 3 or types[0] != "text/plain" or types[1] not in STATUS or types[2] not in RETURNED:
        yield f"parts are {types}"
        return
    text = parts[0].get_content()
    if "This is the mail system at" not in text or "\ufffd" in text:
        yield "the text for people cannot be read"
    yield from status_faults(parts[1])
    yield from returned_faults(parts[2])


def main():
    paths = sorted(pathlib.Path(sys.argv[1]).glob("*.eml"))
    found = [f"{path.name}: {fault}" for path in paths for fault in faults(path)]
    print("\n".join(found + [f"{len(paths)} notices, {len(found)} faults"]))
    return 1 if found or not paths else 0


if __name__ == "__main__":
    sys.exit(main())
