"""A door that believes every source, what it knows, and how a proxy asks it."""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

from gatepost.core.fleet.finding import Finding
from gatepost.core.instant import ALWAYS, DAY
from gatepost.core.policy.verdict import DueRule, Standing
from gatepost.doors.check import Check
from gatepost.doors.copy import Copy
from gatepost.doors.entry import certificate_key, encode_standing
from gatepost.doors.judge import DoorRules, Judge
from gatepost.doors.request import Headers, Sources
from tests.doors.site import FLEET, SITE, Entry, basic, batch, device, plain
from tests.doors.test_check import ask

STRICT = DoorRules(on_unknown="block", on_unidentified="block", mode="enforce")
MILD = DoorRules(on_unknown="allow", on_unidentified="allow", mode="enforce")
ALICE = basic("alice@example.com")
BOB = basic("bob@example.com")

EVERY = Sources(
    users=("basic", "certificate", "header", "bearer"),
    user_header="X-Remote-User",
    bearer_claim="preferred_username",
    certificates=True,
    shared_types=frozenset({"outlook"}),
)
"""A door that believes everything."""

CLEAN, BLOCKED, BOBS, NEW = (hashlib.sha256(name).hexdigest() for name in (b"clean", b"blocked", b"bob", b"new"))
"""Fingerprints: of a clean phone of alice's, of her blocked one, of bob's phone, of a phone in no inventory."""


def certified(fingerprint: str, eas_id: str, *logins: str, rule: int | None = None) -> Entry:
    """The same standing as `device(eas_id, ...)`, under a certificate."""
    due = () if rule is None else (DueRule(rule, 0, 0, Finding.PRESENT, ALWAYS, ALWAYS),)
    return certificate_key(fingerprint), encode_standing(Standing(f"ref-{eas_id}", logins, 0, due))


def opened(directory: Path) -> Copy:
    """A copy with what the tests ask about."""
    copy = Copy(directory, SITE, DAY)
    entries = [
        *FLEET,
        certified(CLEAN, "CLEAN1", "alice@example.com"),
        certified(BLOCKED, "TIKTOK1", "alice@example.com", rule=1),
        device("BOB1", "bob@example.com"),
        certified(BOBS, "BOB1", "bob@example.com"),
    ]
    copy.apply(batch(10, *entries))
    copy.nothing_new()
    return copy


def check_of(copy: Copy, rules: DoorRules = STRICT, sources: Sources = EVERY) -> Check:
    return Check(Judge(copy, rules, "mail"), sources=sources)


def sent(uri: bytes = plain("CLEAN1"), authorization: bytes = ALICE, method: bytes = b"POST", **more: bytes) -> Headers:
    """What a proxy asks with; `more`: headers, underscores for hyphens; an empty one is left out."""
    fields = {"x-original-uri": uri, "x-original-method": method, "authorization": authorization}
    fields |= {name.replace("_", "-"): value for name, value in more.items()}
    return [(name.encode(), value) for name, value in fields.items() if value]


def reason(check: Check, headers: Headers, path: str = "/check") -> tuple[int, str]:
    status, told, _ = ask(check, headers, path)
    return status, told["reason"]


def token(**claims: Any) -> bytes:
    """A bearer token with these claims and a signature that nobody made."""
    return signed(json.dumps(claims).encode())


def signed(payload: bytes) -> bytes:
    parts = (b'{"alg":"RS256"}', payload, b"not a signature")
    return b"Bearer " + b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
