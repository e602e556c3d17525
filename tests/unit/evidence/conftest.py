"""An authority of the tests' own, which signs as Sigstore does: certificates, the log of them, the log of signatures.

Forms: RFC 6962 for the timestamps in certificates and the tree, the checkpoint of
https://github.com/C2SP/C2SP/blob/main/tlog-checkpoint.md, and Sigstore's bundle 0.3.
"""

import base64
import hashlib
import json
import shutil
import struct
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

GOLDEN = Path(__file__).parents[2] / "golden"
LIFECYCLE = "20260504T101500Z-example-3e6a6364"
WORKFLOW = "https://github.com/example/daemon/.github/workflows/evidence.yml@refs/heads/main"
REPOSITORY = "https://github.com/example/daemon"
COMMIT = "c0ffee" + "0" * 34
NOW = datetime(2026, 5, 4, 11, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
_FULCIO = "1.3.6.1.4.1.57264.1."


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def text(words: str) -> bytes:
    """Write a DER UTF8String of fewer than 128 bytes."""
    return b"\x0c" + bytes((len(words),)) + words.encode()


class Authority:
    """A certificate authority and its two logs."""

    def __init__(self) -> None:
        from cryptography import x509  # noqa: PLC0415 - of an extra
        from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415 - of an extra
        from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415 - of an extra

        self._x509, self._ec, self._hashes, self._serialization = x509, ec, hashes, serialization
        self._root_key, self._ct, self._rekor = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
        self.root = self._self_signed()

    def _self_signed(self) -> Any:
        x509, key = self._x509, self._root_key
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "the tests' own authority")])
        return (
            x509.CertificateBuilder(name, name, key.public_key(), 1, NOW - 1000 * HOUR, NOW + 1000 * HOUR)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(self._usage(signs_certificates=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, self._hashes.SHA256())
        )

    def _usage(self, *, signs_certificates: bool) -> Any:
        names = (
            "digital_signature content_commitment key_encipherment data_encipherment key_agreement "
            "key_cert_sign crl_sign encipher_only decipher_only"
        )
        chosen = "key_cert_sign" if signs_certificates else "digital_signature"
        return self._x509.KeyUsage(**{name: name == chosen for name in names.split()})

    def _spki(self, key: Any) -> bytes:
        form = self._serialization
        raw: bytes = key.public_key().public_bytes(form.Encoding.DER, form.PublicFormat.SubjectPublicKeyInfo)
        return raw

    def _signed(self, key: Any, data: bytes) -> bytes:
        raw: bytes = key.sign(data, self._ec.ECDSA(self._hashes.SHA256()))
        return raw

    def trusted_root(self) -> bytes:
        """Write what a verifier must be given to trust this authority."""
        ends = {"start": "2020-01-01T00:00:00Z"}
        log = {"baseUrl": "https://log.example", "hashAlgorithm": "SHA2_256"}

        def logged(key: Any) -> list[dict[str, Any]]:
            spki = self._spki(key)
            public = {"rawBytes": b64(spki), "keyDetails": "PKIX_ECDSA_P256_SHA_256", "validFor": ends}
            return [{**log, "publicKey": public, "logId": {"keyId": b64(hashlib.sha256(spki).digest())}}]

        chain = {"certificates": [{"rawBytes": b64(self.root.public_bytes(self._serialization.Encoding.DER))}]}
        subject = {"organization": "tests", "commonName": "the tests' own authority"}
        return json.dumps(
            {
                "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
                "tlogs": logged(self._rekor),
                "ctlogs": logged(self._ct),
                "certificateAuthorities": [{"subject": subject, "certChain": chain, "validFor": ends}],
            }
        ).encode()

    def certificate(self, key: Any, ends: datetime, repository: str) -> Any:
        """Issue a certificate for a workflow that ends at a moment, with its timestamp from the log."""
        x509 = self._x509
        names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(WORKFLOW)])
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.root.public_key())
        builder = (
            x509.CertificateBuilder(self.root.subject, x509.Name([]), key.public_key(), 2, ends - HOUR, ends)
            .add_extension(self._usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
            .add_extension(names, critical=True)
            .add_extension(issuer, critical=False)
        )
        facts = {"1": b"https://token.actions.githubusercontent.com", "12": text(repository), "13": text(COMMIT)}
        for number, value in facts.items():
            oid = x509.ObjectIdentifier(_FULCIO + number)
            builder = builder.add_extension(x509.UnrecognizedExtension(oid, value), critical=False)
        before = builder.sign(self._root_key, self._hashes.SHA256()).tbs_certificate_bytes
        stamp = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2"), self._timestamp(before))
        return builder.add_extension(stamp, critical=False).sign(self._root_key, self._hashes.SHA256())

    def _timestamp(self, certificate: bytes) -> bytes:
        at = int(NOW.timestamp() * 1000)
        entry = hashlib.sha256(self._spki(self._root_key)).digest() + len(certificate).to_bytes(3, "big") + certificate
        signature = self._signed(self._ct, struct.pack("!BBQH", 0, 0, at, 1) + entry + b"\0\0")
        log = hashlib.sha256(self._spki(self._ct)).digest()
        one = b"\0" + log + struct.pack("!QHBBH", at, 0, 4, 3, len(signature)) + signature
        listed = struct.pack("!HH", len(one) + 2, len(one)) + one
        return b"\x04" + (b"\x81" if len(listed) > 127 else b"") + bytes((len(listed),)) + listed

    def bundle(self, payload: bytes, *, ends: datetime = NOW + HOUR / 6, repository: str = REPOSITORY) -> bytes:
        """Sign a statement at ``NOW``; a certificate that ended before was expired by then."""
        kind = "application/vnd.in-toto+json"
        key = self._ec.generate_private_key(self._ec.SECP256R1())
        certificate = self.certificate(key, ends, repository)
        signature = self._signed(key, f"DSSEv1 {len(kind)} {kind} {len(payload)} ".encode() + payload)
        pem = certificate.public_bytes(self._serialization.Encoding.PEM)
        spec = {
            "envelopeHash": {"algorithm": "sha256", "value": "0" * 64},
            "payloadHash": {"algorithm": "sha256", "value": hashlib.sha256(payload).hexdigest()},
            "signatures": [{"signature": b64(signature), "verifier": b64(pem)}],
        }
        body = json.dumps({"apiVersion": "0.0.1", "kind": "dsse", "spec": spec}).encode()
        raw = certificate.public_bytes(self._serialization.Encoding.DER)
        envelope = {"payload": b64(payload), "payloadType": kind, "signatures": [{"sig": b64(signature)}]}
        material = {"certificate": {"rawBytes": b64(raw)}, "tlogEntries": [self._entry(body)]}
        media = "application/vnd.dev.sigstore.bundle.v0.3+json"
        return json.dumps({"mediaType": media, "verificationMaterial": material, "dsseEnvelope": envelope}).encode()

    def _entry(self, body: bytes) -> dict[str, Any]:
        """Log a signature as the first entry of the tree."""
        log, at = hashlib.sha256(self._spki(self._rekor)).digest(), int(NOW.timestamp())
        promised = {"body": b64(body), "integratedTime": at, "logID": log.hex(), "logIndex": 0}
        promise = self._signed(self._rekor, json.dumps(promised, sort_keys=True, separators=(",", ":")).encode())
        leaf = hashlib.sha256(b"\0" + body).digest()
        note = f"log.example\n1\n{b64(leaf)}\n"
        signed = b64(log[:4] + self._signed(self._rekor, note.encode()))
        proof = {"logIndex": "0", "rootHash": b64(leaf), "treeSize": "1", "hashes": []}
        return {
            "logIndex": "0",
            "logId": {"keyId": b64(log)},
            "kindVersion": {"kind": "dsse", "version": "0.0.1"},
            "integratedTime": str(at),
            "inclusionPromise": {"signedEntryTimestamp": b64(promise)},
            "inclusionProof": {**proof, "checkpoint": {"envelope": f"{note}\n\N{EM DASH} log.example {signed}\n"}},
            "canonicalizedBody": b64(body),
        }


@pytest.fixture(scope="session")
def authorities() -> tuple[Authority, Authority]:
    """Make two authorities: one that is trusted, and a foreign one."""
    pytest.importorskip("sigstore", reason="needs netchurn[attest]")
    return Authority(), Authority()


@pytest.fixture
def result(tmp_path: Path) -> Path:
    """Copy a whole, small result."""
    folder = tmp_path / "results" / "lifecycle" / LIFECYCLE
    shutil.copytree(GOLDEN / "lifecycle", folder)
    return folder


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy a small result, and let its run have come to its end."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    shutil.copytree(GOLDEN / "docker-host", folder)
    (folder / "SHA256SUMS").touch()
    return folder


Reseal = Callable[[Path], None]


@pytest.fixture
def reseal() -> Reseal:
    """Write SHA256SUMS anew, as somebody would who hides a change."""

    def again(folder: Path) -> None:
        files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "SHA256SUMS")
        lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder)}\n" for path in files]
        (folder / "SHA256SUMS").write_text("".join(lines))

    return again
