"""Keys and self-issued certificates for lab hosts, and the TLSA data that names them.

Made with the openssl program, so that what the lab publishes was not computed by the code under test.
"""
import hashlib
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import peers

REQUEST = """\
[req]
distinguished_name = dn
x509_extensions = ext
prompt = no
[dn]
CN = {name}
[ext]
subjectAltName = {names}
basicConstraints = critical,CA:false
"""


@dataclass(frozen=True)
class Certificate:
    """A key and its certificate, as PEM files; `spki_sha256` is the TLSA data of `3 1 1`, in hex."""
    key: Path
    pem: Path
    spki_sha256: str

    def tlsa(self) -> str:
        """TLSA record data: DANE-EE, SubjectPublicKeyInfo, SHA-256 (RFC 7672 3.1.1)."""
        return f"3 1 1 {self.spki_sha256}"


def openssl(*arguments: str, feed: bytes | None = None) -> bytes:
    done = subprocess.run([*peers.tool("openssl"), *arguments], input=feed, capture_output=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {arguments[0]} failed: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def spki_sha256(pem: Path) -> str:
    """SHA-256 over the DER SubjectPublicKeyInfo of the first certificate in a PEM file, in hex."""
    public = openssl("x509", "-in", str(pem), "-noout", "-pubkey")
    return hashlib.sha256(openssl("pkey", "-pubin", "-outform", "DER", feed=public)).hexdigest()


def self_issued(folder: Path, name: str, more_names: tuple[str, ...] = (), days: int = 30) -> Certificate:
    """A fresh ECDSA P-256 key and certificate for `name` in folder/<name>.key and .pem, made only if absent."""
    folder.mkdir(parents=True, exist_ok=True)
    key, pem, config = folder / f"{name}.key", folder / f"{name}.pem", folder / f"{name}.cnf"
    if not pem.exists():
        config.write_text(REQUEST.format(name=name, names=",".join(f"DNS:{n}" for n in (name, *more_names))))
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-sha256",
                "-config", str(config), "-days", str(days), "-keyout", str(key), "-out", str(pem))
        key.chmod(0o600)
    return Certificate(key, pem, spki_sha256(pem))
