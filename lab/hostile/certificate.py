"""Keys and certificates for a lab host, made with the openssl command line, and the TLSA data that matches them.

A hostile host needs several: the one its TLSA record names, another pair for `wrongcert`, and one that is expired but
of the right key (a DANE-EE client must accept that one: RFC 7672 3.1.1, expiry is not looked at). The lab uses no code
of the product for this: a shared mistake in computing `3 1 1` would hide itself.
"""

import hashlib
import secrets
import subprocess
import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

CA_CONFIGURATION = """
[ca]
default_ca = lab
[lab]
database = {folder}/index
serial = {folder}/serial
new_certs_dir = {folder}
default_md = sha256
policy = anything
unique_subject = no
x509_extensions = extensions
[anything]
commonName = supplied
[extensions]
subjectAltName = {names}
basicConstraints = critical,CA:FALSE
"""


@dataclass(frozen=True)
class HostKeys:
    """What one hostile host holds. `tlsa` is the data of its TLSA record: "3 1 1 HEX" of `cert` (and of `expired`)."""

    key: Path
    cert: Path
    wrong_key: Path
    wrong_cert: Path
    expired: Path

    @property
    def tlsa(self) -> str:
        return f"3 1 1 {spki_sha256(self.cert)}"

    def options(self) -> list[str]:
        """As arguments of smtp_host.py."""
        return ["--key", str(self.key), "--cert", str(self.cert), "--wrong-key", str(self.wrong_key),
                "--wrong-cert", str(self.wrong_cert), "--expired-cert", str(self.expired)]


def openssl(*arguments: str, input: bytes = b"") -> bytes:
    done = subprocess.run(["openssl", *arguments], input=input, capture_output=True, check=False)
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise RuntimeError(f"openssl {arguments[0]} failed ({done.returncode}): {said}")
    return done.stdout


def make_key(path: Path) -> None:
    """An ECDSA P-256 key, readable by its owner alone."""
    path.touch(mode=0o600)
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", str(path))


def make_certificate(key: Path, cert: Path, names: list[str], not_before: datetime, not_after: datetime) -> None:
    """A self-issued certificate for `names` (DNS names; the first is the subject), valid between the two instants."""
    common = names[0] if len(names[0]) <= 64 else "lab host"
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "index").touch()
        Path(folder, "serial").write_text("01" + secrets.token_hex(15) + "\n")
        configuration = Path(folder, "ca.cnf")
        configuration.write_text(CA_CONFIGURATION.format(folder=folder,
                names=",".join("DNS:" + name for name in names)))
        request = openssl("req", "-new", "-key", str(key), "-subj", f"/CN={common}")
        openssl("ca", "-config", str(configuration), "-selfsign", "-keyfile", str(key), "-in", "/dev/stdin", "-out",
                str(cert),
                "-startdate", f"{not_before:%Y%m%d%H%M%SZ}", "-enddate", f"{not_after:%Y%m%d%H%M%SZ}",
                "-batch", "-notext", input=request)


def make_host_keys(folder: Path | str, names: list[str]) -> HostKeys:
    """Makes host.*, wrong.* and expired.crt in `folder` (made if absent), valid from yesterday for a year."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    now = datetime.now(timezone.utc)
    day = timedelta(days=1)
    keys = HostKeys(folder / "host.key", folder / "host.crt", folder / "wrong.key", folder / "wrong.crt",
            folder / "expired.crt")
    make_key(keys.key)
    make_key(keys.wrong_key)
    make_certificate(keys.key, keys.cert, names, now - day, now + 365 * day)
    make_certificate(keys.wrong_key, keys.wrong_cert, names, now - day, now + 365 * day)
    make_certificate(keys.key, keys.expired, names, now - 60 * day, now - 30 * day)
    return keys


def spki_sha256(cert: Path | str) -> str:
    """The data of `3 1 1`: SHA-256 of the certificate's SubjectPublicKeyInfo, lower-case hex (RFC 6698 2.1)."""
    public = openssl("x509", "-in", str(cert), "-noout", "-pubkey")
    return hashlib.sha256(openssl("pkey", "-pubin", "-outform", "DER", input=public)).hexdigest()
