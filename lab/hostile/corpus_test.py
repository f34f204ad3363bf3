"""The whole corpus through the honest host, over TLS, comes out as it went in: the two instruments check each other.

Run from the repository's root:  /usr/bin/python3 -m unittest lab.hostile.corpus_test
"""

import smtplib
import ssl
import tempfile
import unittest
from pathlib import Path

from lab.hostile.certificate import make_host_keys
from lab.hostile.recorder import cleartext_mail_bytes, messages, read_records
from lab.hostile.smtp_host import Settings, SmtpHost
from lab.mail.digest import as_sent, compare, identify
from lab.mail.generate import corpus


class CorpusThroughHost(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        keys = make_host_keys(self.folder / "keys", ["mx.lab"])
        self.records = self.folder / "records.jsonl"
        self.host = SmtpHost(Settings("mx.lab", ["127.0.0.1"], 0, {"host": (keys.key, keys.cert)}, self.records,
                self.folder / "mode", self.folder / "stored"))
        self.host.start()
        self.addCleanup(self.host.stop)

    def test_every_message(self) -> None:
        sent = corpus(self.folder / "corpus")
        context = ssl._create_unverified_context()
        with smtplib.SMTP(*self.host.listening[0], local_hostname="client.lab", timeout=10) as client:
            client.starttls(context=context)
            client.ehlo()
            for message in sent:
                options = ["BODY=8BITMIME"] if "8bitmime" in message.needs else []
                client.command_encoding = "utf-8"
                client.sendmail(message.sender, message.recipients, message.octets(),
                        options + (["SMTPUTF8"] if "smtputf8" in message.needs else []))
        self.host.stop()
        records = read_records(self.records)
        self.assertEqual(cleartext_mail_bytes(records), [])
        stored = {identify(octets): octets for octets in (
                Path(record["path"]).read_bytes() for record in messages(records))}
        self.assertEqual(set(stored), {message.id for message in sent})
        for message in sent:
            self.assertEqual(compare(message.octets(), stored[message.id]), [], message.id)
            self.assertEqual(stored[message.id], as_sent(message.octets()), message.id)


if __name__ == "__main__":
    unittest.main()
