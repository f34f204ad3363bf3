"""The lab's public certificate authority: what Danewerk's trust store holds, and who issues certificates for names of the lab.

Made with the openssl program. `issue()` takes the days a certificate is valid, counted from now, so that one that expired
long ago can be had as well.
"""
import secrets
import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path

from .certs import openssl
from .hostile.certificate import CA_CONFIGURATION, make_key

ROOT = """\
[req]
distinguished_name = dn
x509_extensions = ext
prompt = no
[dn]
CN = Lab Root
[ext]
basicConstraints = critical,CA:true
keyUsage = critical,keyCertSign
"""


class Authority:
    """`root`: its certificate as a PEM file. The same folder is the same authority, also in another process."""

    def __init__(self, folder: Path | str):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.root, self.key = self.folder / "root.pem", self.folder / "root.key"
        if not self.root.exists():
            configuration = self.folder / "root.cnf"
            configuration.write_text(ROOT)
            make_key(self.key)
            openssl("req", "-x509", "-new", "-key", str(self.key), "-sha256", "-config", str(configuration), "-days", "30", "-out", str(self.root))

    def issue(self, key: Path, pem: Path, names: list[str], first_day: int = -1, last_day: int = 30) -> Path:
        """A certificate for `names` (SAN only; the CN says nothing) with this key, in `pem`. The key is made if absent."""
        if not key.exists():
            make_key(key)
        now = datetime.now(timezone.utc)
        begin, end = now + timedelta(days=first_day), now + timedelta(days=last_day)
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "index").touch()
            Path(folder, "serial").write_text("01" + secrets.token_hex(15) + "\n")
            configuration = Path(folder, "ca.cnf")
            configuration.write_text(CA_CONFIGURATION.format(folder=folder, names=",".join("DNS:" + name for name in names)))
            request = Path(folder, "request")
            request.write_bytes(openssl("req", "-new", "-key", str(key), "-subj", "/CN=lab host"))
            openssl("ca", "-config", str(configuration), "-cert", str(self.root), "-keyfile", str(self.key), "-in", str(request), "-out", str(pem),
                    "-startdate", f"{begin:%Y%m%d%H%M%SZ}", "-enddate", f"{end:%Y%m%d%H%M%SZ}", "-batch", "-notext")
        return pem
