"""A signed statement held against a result, without asking anybody: whose it is, what it names, who signed it.

The signature is checked by the sigstore library: the certificate against the trusted root, its entry in the log of
certificates, the entry of the signature in the transparency log, and that it was made while the certificate was valid.
"""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from harness.evidence.extras import need
from harness.evidence.statement import MEDIA_TYPE, PREDICATE_TYPE, WORKFLOW, Statement, digest_of
from harness.results.folder import read_bounded
from harness.verify.deviation import Deviation

MOST_BYTES = 16 * 2**20  # of a predicate, by actions/attest
ISSUER = "https://token.actions.githubusercontent.com"
_COMMIT = "1.3.6.1.4.1.57264.1.13"  # Source Repository Digest: github.com/sigstore/fulcio/blob/main/docs/oid-info.md
_WHERE = "attestation"


@dataclass(frozen=True, kw_only=True)
class Trust:
    """Whom to trust: ``root``: a trusted root as JSON, or else Sigstore's own; ``repository``: its workflows alone."""

    root: Path | None = None
    repository: str | None = None


@dataclass(frozen=True, kw_only=True)
class Signed:
    """What came of it; ``signer`` is the workflow and its commit, and empty where the signature is refused.

    ``whole``: the statement covers every file, by SHA256SUMS.
    """

    signer: str = ""
    whole: bool = False
    deviations: tuple[Deviation, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Held:
    """The result that a statement is held against: its evidence line, and the SHA-256 of its SHA256SUMS.

    A ``thinned`` copy may have another SHA256SUMS than the result that was attested.
    """

    evidence: str
    sums: str
    thinned: bool = False


def check(path: Path, held: Held, trust: Trust) -> Signed:
    """Check a Sigstore bundle: its signature, then whether its statement is one of this result."""
    raw = read_bounded(path, MOST_BYTES, "name the bundle that actions/attest made", follow=True)
    try:
        signer, workflow_commit, payload = _verified(raw, trust)
    except _errors() as cause:
        return _refused(f"the signature is refused: {' '.join(str(cause).split())}")
    if payload[0] != MEDIA_TYPE:
        return _refused(f"holds {payload[0]!r}, not an in-toto statement")
    try:
        read = msgspec.json.decode(payload[1], type=Statement)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as cause:
        return _refused(f"is signed, and is no statement of a test result: {cause}")
    words = _differences(read, held, workflow_commit)
    return Signed(
        signer=f"{signer} at {workflow_commit}",
        whole=any(one.digest.get("sha256") == held.sums for one in read.subject),
        deviations=tuple(Deviation("attestation_differs", _WHERE, one) for one in words),
    )


def _refused(words: str) -> Signed:
    return Signed(deviations=(Deviation("attestation_refused", _WHERE, words),))


def _errors() -> tuple[type[Exception], ...]:
    """Return what becomes of a file that is no bundle, and of a signature that does not hold."""
    refused = need("sigstore.errors", "attest").Error
    lacking = need("cryptography.x509", "attest").ExtensionNotFound
    return (refused, lacking, ValueError, TypeError, LookupError, RecursionError)


def _verified(raw: bytes, trust: Trust) -> tuple[str, str, tuple[str, bytes]]:
    """Return the workflow, its commit, and the payload with its type; one of ``_errors`` where anything is amiss."""
    logging.getLogger("sigstore").setLevel(logging.ERROR)  # that it asks nobody is what was asked for
    models, verifier, policy = (need(f"sigstore.{name}", "attest") for name in ("models", "verify", "verify.policy"))
    wanted = [policy.OIDCIssuer(ISSUER)]
    wanted += [policy.OIDCSourceRepositoryURI(trust.repository)] if trust.repository else []
    bundle = models.Bundle.from_json(raw)
    by = (
        verifier.Verifier(trusted_root=models.TrustedRoot.from_file(str(trust.root)))
        if trust.root
        else verifier.Verifier.production(offline=True)
    )
    payload: tuple[str, bytes] = by.verify_dsse(bundle, policy.AllOf(wanted))
    return *_named(bundle.signing_certificate), payload


def _named(certificate: Any) -> tuple[str, str]:
    """Return the workflow and the commit that a certificate names."""
    x509 = need("cryptography.x509", "attest")
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    workflows = names.get_values_for_type(x509.UniformResourceIdentifier)
    commit = certificate.extensions.get_extension_for_oid(x509.ObjectIdentifier(_COMMIT)).value.value
    return workflows[0], commit[2:].decode()  # a DER UTF8String: a tag, a length below 128, and the text


def _differences(read: Statement, held: Held, commit: str) -> list[str]:
    """Return how a statement is not of this result, or not of the workflow that signed it."""
    if read.predicate_type != PREDICATE_TYPE:
        return [f"is of type {read.predicate_type}, not {PREDICATE_TYPE}"]
    named = {one.name: one.digest.get("sha256", "") for one in read.subject}
    mine = digest_of(held.evidence)
    found = []
    if mine not in named.values():
        run, other = next(iter(named.items()), ("nothing", "-"))
        found.append(f"names {run} by sha256:{other}, and this result has sha256:{mine}")
    elif held.sums not in named.values() and not held.thinned:
        found.append(f"does not name this SHA256SUMS, sha256:{held.sums}: a file beside facts and samples was changed")
    commits = {one.digest.get("gitCommit") for one in read.predicate.configuration if one.name == WORKFLOW}
    others = sorted(one for one in commits if one and one != commit)
    return found + [f"says that commit {one} made it, and was signed by one at {commit}" for one in others]
