"""Certificate authorities of the lab, for DANE-TA: leaves for given names, chains as a server sends them, TLSA data of each part.

Made with the openssl program; the association data are computed here, not by the code under test.
"""
import hashlib
from datetime import datetime, timedelta, timezone
from pathlib import Path

from ..certs import openssl
from ..hostile.certificate import make_certificate

CA = ("[req]\ndistinguished_name=dn\nprompt=no\nx509_extensions=ext\n[dn]\nCN=Lab {name}\n[ext]\nbasicConstraints=critical,CA:true\n"
      "keyUsage=critical,keyCertSign\nsubjectKeyIdentifier=hash\n")
LEAF = "basicConstraints=critical,CA:false\nsubjectAltName={names}\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
DIGESTS = {1: hashlib.sha256, 2: hashlib.sha512}


def tlsa(cert: Path, usage: int, selector: int, matching: int) -> str:
    """TLSA data of the first certificate in `cert` (RFC 6698 2.1)."""
    der = openssl("x509", "-in", str(cert), "-outform", "DER")
    if selector == 1:
        der = openssl("pkey", "-pubin", "-outform", "DER", feed=openssl("x509", "-in", str(cert), "-noout", "-pubkey"))
    return f"{usage} {selector} {matching} " + (DIGESTS[matching](der).hexdigest() if matching else der.hex())


def make_key(path: Path, kind: str) -> Path:
    """`kind`: ec, rsa (2048 bits), or rsa with the number of bits, as rsa1024."""
    option = ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"] if kind == "ec" else ["RSA", "-pkeyopt", f"rsa_keygen_bits:{kind[3:] or 2048}"]
    if not path.exists():
        openssl("genpkey", "-algorithm", *option, "-out", str(path))
        path.chmod(0o600)
    return path


class Authority:
    """`cert` and `key` of the authority; leaf() makes what it issues."""

    def __init__(self, folder: Path, name: str):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.name = folder, name
        self.key, self.cert = make_key(folder / f"{name}.key", "ec"), folder / f"{name}.crt"
        self.serial_ = 0
        (folder / f"{name}.cnf").write_text(CA.format(name=name))
        openssl("req", "-x509", "-new", "-key", str(self.key), "-sha256", "-days", "60", "-config", str(folder / f"{name}.cnf"), "-out", str(self.cert))

    def leaf(self, label: str, names: list[str], days: int = 30, with_authority: bool = True, kind: str = "ec") -> tuple[Path, Path]:
        """(key, chain file) for `names`; the chain ends with the authority's certificate or not. Negative `days`: expired."""
        key, cert, chain = (self.folder / f"{label}.{end}" for end in ("key", "crt", "pem"))
        make_key(key, kind)
        self.serial_ += 1
        (self.folder / f"{label}.ext").write_text(LEAF.format(names=",".join(f"DNS:{name}" for name in names)))
        request = openssl("req", "-new", "-key", str(key), "-subj", f"/CN={label}")
        openssl("x509", "-req", "-CA", str(self.cert), "-CAkey", str(self.key), "-set_serial", str(self.serial_), "-days", str(days), "-sha256",
                "-extfile", str(self.folder / f"{label}.ext"), "-out", str(cert), feed=request)
        chain.write_text(cert.read_text() + (self.cert.read_text() if with_authority else ""))
        return key, chain


def self_issued(folder: Path, label: str, names: list[str], kind: str = "ec", begins: int = -1, ends: int = 30) -> tuple[Path, Path]:
    """(key, certificate) issued by itself, valid between the two days from now."""
    folder.mkdir(parents=True, exist_ok=True)
    key, cert = make_key(folder / f"{label}.key", kind), folder / f"{label}.crt"
    now = datetime.now(timezone.utc)
    make_certificate(key, cert, names, now + timedelta(days=begins), now + timedelta(days=ends))
    return key, cert
