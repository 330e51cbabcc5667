"""Checks a ledger of Gatepost, trusting nothing but itself, the verifier key, and the checkpoints somebody held.

This file stands alone: Python 3.10 or later and its standard library, nothing of Gatepost. An export holds a copy as
verify.py, but take yours from a release you trust. It repeats on purpose what the product does elsewhere: a verifier
that shared code with what it verifies would share its faults.

    python3 verify.py [DIR] [--checkpoint FILE]... [--policy ID]

Exit code 0: everything checked holds. 1: it does not, or the export cannot be read.
"""

import argparse
import base64
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

Proposals = Callable[[str], "bytes | None"]
Ssh = Callable[[str, bytes, str], "bool | None"]
"""Public key, message, armoured signature: whether it is good; None if that cannot be found out here."""


@dataclass(frozen=True)
class Problem:
    """`index`: the entry it was found at, counted from 0; None if it concerns the ledger as a whole."""

    index: int | None
    code: str
    text: str


@dataclass
class Report:
    """`unchecked`: what could not be checked here, in words; it is not known to be wrong."""

    size: int = 0
    root_hex: str = ""
    entries_by_event: dict[str, int] = field(default_factory=dict)
    approvals_checked: int = 0
    approvals_by_as: int = 0
    checkpoints_checked: int = 0
    problems: list[Problem] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)


def verify(
    leaves: Iterable[bytes], proposals: Proposals, vkey: str, notes: Iterable[str], ssh: Ssh, kept: Iterable[str] = ()
) -> Report:
    """Checks the leaves, in order, against checkpoints, and every approval and quorum they record.

    `proposals` gives the bytes of a proposal by its hash. `vkey` and `notes` are as in C2SP signed-note. `notes` come
    from where the leaves come from, and could have been made anew with them; `kept` were held elsewhere.
    """
    report = Report()
    own, outside = _checkpoints(notes, vkey, report), _checkpoints(kept, vkey, report)
    held = {size: own.get(size, []) + outside.get(size, []) for size in own.keys() | outside.keys()}
    history = _History(report, proposals, vkey, ssh)
    tree = _Tree()
    shift = 0
    for index, data in enumerate(leaves):
        _compare(held.pop(index, []), tree, report)
        tree.append(data)
        try:
            leaf = _leaf(data)
        except ValueError as error:
            report.problems.append(Problem(index, "leaf", str(error)))
            continue
        if leaf["index"] - index != shift:  # said once for all entries that moved together
            shift = leaf["index"] - index
            report.problems.append(Problem(index, "index", f"entry {index} says that it is entry {leaf['index']}"))
        report.entries_by_event[leaf["event"]] = report.entries_by_event.get(leaf["event"], 0) + 1
        history.take(index, leaf, data)
    report.size, report.root_hex = tree.size, tree.root().hex()
    _compare(held.pop(tree.size, []), tree, report)
    for size in sorted(held):
        text = f"a checkpoint covers {size} entries, but the ledger has {tree.size}: it was cut short"
        report.problems.append(Problem(None, "truncated", text))
    report.unchecked[:0] = _uncovered(tree.size, max(outside, default=0))
    history.finish()
    return report


def _uncovered(size: int, covered: int) -> Iterator[str]:
    """Which entries nothing speaks for but whoever handed them over."""
    if not covered:
        yield "no checkpoint that somebody kept elsewhere: a ledger made anew, or cut short, would not be noticed"
    elif covered < size:
        yield f"entries {covered} to {size - 1}: they came after the newest checkpoint that somebody kept elsewhere"


# --- leaves and their tree


def _leaf(data: bytes) -> dict[str, Any]:
    """The envelope in a leaf's bytes. ValueError unless they are its canonical form (RFC 8785)."""
    try:
        value = json.loads(data)
        same = json.dumps(_ordered(value), ensure_ascii=False, separators=(",", ":")).encode() == data
    except (ValueError, RecursionError):
        same = False
    if not same:
        raise ValueError("the entry's bytes are not canonical JSON")
    kinds = {"v": int, "index": int, "at": int, "by": str, "event": str, "data": dict}
    if not isinstance(value, dict) or {key: type(item) for key, item in value.items()} != kinds or value["v"] != 1:
        raise ValueError("the entry's envelope is not that of version 1")
    return value


def _ordered(value: object) -> object:
    """The value with keys in the order of RFC 8785 section 3.2.3; ValueError for what no entry holds."""
    if isinstance(value, dict):
        return {key: _ordered(value[key]) for key in sorted(value, key=lambda key: str(key).encode("utf-16-be"))}
    if isinstance(value, list):
        return [_ordered(item) for item in value]
    if isinstance(value, str) or (isinstance(value, int) and abs(value) < 2**53):
        return value
    raise ValueError("an entry holds strings, whole numbers of 53 bits and booleans only")


class _Tree:
    """The Merkle tree of RFC 6962 section 2.1: the roots of the full subtrees, the largest first."""

    def __init__(self) -> None:
        self.size = 0
        self._full: list[bytes] = []

    def append(self, data: bytes) -> None:
        node = hashlib.sha256(b"\x00" + data).digest()
        size = self.size
        while size & 1:
            node = hashlib.sha256(b"\x01" + self._full.pop() + node).digest()
            size >>= 1
        self._full.append(node)
        self.size += 1

    def root(self) -> bytes:
        if not self._full:
            return hashlib.sha256(b"").digest()
        root = self._full[-1]
        for left in self._full[-2::-1]:
            root = hashlib.sha256(b"\x01" + left + root).digest()
        return root


# --- checkpoints


def _checkpoints(notes: Iterable[str], vkey: str, report: Report) -> dict[int, list[bytes]]:
    """The roots that were signed, by size."""
    held: dict[int, list[bytes]] = {}
    for number, note in enumerate(notes, 1):
        try:
            size, root = _checkpoint(note, vkey)
        except ValueError as error:
            report.problems.append(Problem(None, "checkpoint", f"checkpoint {number}: {error}"))
        else:
            held.setdefault(size, []).append(root)
    return held


def _compare(roots: list[bytes], tree: _Tree, report: Report) -> None:
    for root in roots:
        report.checkpoints_checked += 1
        if root != tree.root():
            text = f"the first {tree.size} entries are not those that a checkpoint covers: they were changed"
            report.problems.append(Problem(None, "forked", text))


def _checkpoint(note: str, vkey: str) -> tuple[int, bytes]:
    """Size and root of a signed checkpoint (C2SP tlog-checkpoint, signed-note); ValueError if it is not good."""
    name, key_id, public = _verifier_key(vkey)
    body, _, tail = note.rpartition("\n\n")
    body += "\n"
    mine = [base64.b64decode(line[2], validate=True) for line in map(str.split, tail.splitlines())
            if len(line) == 3 and line[:2] == ["\u2014", name]]  # fmt: skip
    mine = [signature[4:] for signature in mine if signature[:4] == key_id]
    if not mine or not all(ed25519_verify(public, body.encode(), signature) for signature in mine):
        raise ValueError(f"it is not signed by {name}, or its signature is bad")
    lines = body.split("\n")
    if len(lines) < 4 or lines[0] != name or not (lines[1].isascii() and lines[1].isdigit()):
        raise ValueError(f"it is not a checkpoint of {name}")
    return int(lines[1]), base64.b64decode(lines[2], validate=True)


def _verifier_key(vkey: str) -> tuple[str, bytes, bytes]:
    """Name, key id and Ed25519 public key."""
    name, _, rest = vkey.partition("+")
    key_id, _, encoded = rest.partition("+")
    data = base64.b64decode(encoded, validate=True)
    expected = hashlib.sha256(f"{name}\n".encode() + data).digest()[:4]
    if len(data) != 33 or data[0] != 1 or key_id != expected.hex():
        raise ValueError("the verifier key is damaged")
    return name, expected, data[1:]


# --- Ed25519 (RFC 8032 section 5.1), for verifying only: nothing here is secret, so nothing need take constant time

_P = 2**255 - 19
_ORDER = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_Point = tuple[int, int, int, int]  # extended coordinates X, Y, Z, T with x = X/Z, y = Y/Z, xy = T/Z


def ed25519_verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the 64-byte signature is that 32-byte key's over the message."""
    key = _decode_point(public)
    s = int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or key is None or s >= _ORDER:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % _ORDER
    minus_key = (-key[0] % _P, key[1], key[2], -key[3] % _P)
    return _encode_point(_sum_of_products(s, _BASE, k, minus_key)) == signature[:32]


def _add(one: _Point, two: _Point) -> _Point:
    a = (one[1] - one[0]) * (two[1] - two[0]) % _P
    b = (one[1] + one[0]) * (two[1] + two[0]) % _P
    c = 2 * _D * one[3] * two[3] % _P
    d = 2 * one[2] * two[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _sum_of_products(s: int, one: _Point, k: int, two: _Point) -> _Point:
    """[s]one + [k]two, both bit by bit in one pass."""
    neutral = (0, 1, 1, 0)
    addends = (neutral, one, two, _add(one, two))
    total = neutral
    for bit in reversed(range(max(s.bit_length(), k.bit_length()))):
        total = _add(_add(total, total), addends[(s >> bit & 1) | (k >> bit & 1) << 1])
    return total


def _encode_point(point: _Point) -> bytes:
    inverse = pow(point[2], -1, _P)
    x, y = point[0] * inverse % _P, point[1] * inverse % _P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _decode_point(data: bytes) -> "_Point | None":
    """Section 5.1.3; None if the bytes are no point."""
    sign, y = divmod(int.from_bytes(data, "little"), 1 << 255)
    if len(data) != 32 or y >= _P:
        return None
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if x * x % _P != square:
        x = x * pow(2, (_P - 1) // 4, _P) % _P
    if x * x % _P != square or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = _P - x
    return x, y, 1, x * y % _P


_BASE = _decode_point((4 * pow(5, -1, _P) % _P).to_bytes(32, "little")) or (0, 1, 1, 0)


# --- what the entries say: roles, keys, proposals, approvals

_HOUR = 3600 * 1000


class _Owed(NamedTuple):
    """A role or a key: to whom and to which entry it is owed. A key also says whose it is.

    `line`: who granted it, whoever had made them an administrator by then, and so on.
    """

    line: tuple[str, ...]
    entry: int
    person: str = ""
    public_key: str = ""


class _Waiting(NamedTuple):
    """A role or a key that one of two administrators gave or took away, and that does not count so yet. `act`: the
    event's name. `name`: the role, or the key's fingerprint."""

    act: str
    person: str
    name: str
    line: tuple[str, ...] = ()
    public_key: str = ""


class _Approval(NamedTuple):
    person: str
    role: str
    fingerprint: str  # "": by --as, in an exercise


@dataclass
class _Proposal:
    index: int
    author: str
    digest: str
    asked: Mapping[str, int]
    expires: int
    approvals: list[_Approval] = field(default_factory=list)
    announced: bool = False
    held: bool = False
    says_relaxes: object = None  # what its bytes say; None if they are not good
    relaxes: "_Proposal | None" = None
    apps: tuple[str, ...] = ()  # of an activation
    until: int = 0  # of an activation
    identifiers: "dict[str, set[str]] | None" = None  # of an activation, by app; None if its bytes are not good


class _History:
    """What stands after the entries taken so far."""

    def __init__(self, report: Report, proposals: Proposals, vkey: str, ssh: Ssh) -> None:
        self._report, self._bytes_of, self._vkey, self._ssh = report, proposals, vkey, ssh
        self._site = self._exercise = self._proposed = False
        self._site_id = ""
        self._rails: dict[str, str] = {}  # those that were ever changed, as they are
        self._roles: dict[tuple[str, str], _Owed] = {}
        self._by_provider: dict[tuple[str, str], int] = {}  # roles by its word, each with its end
        self._keys: dict[str, _Owed] = {}
        self._waiting: dict[int, _Waiting] = {}
        self._yes: dict[int, dict[str, str]] = {}  # by entry: who signed it, with which key
        self._hashes: dict[int, str] = {}  # of every entry that gives or takes a role or a key
        self._left: dict[str, int] = {}  # since when administrators have left
        self._proposals: dict[tuple[str, int], _Proposal] = {}
        self._activations: dict[str, _Proposal] = {}
        self._seen: set[object] = set()  # every hash that was proposed, and every revision
        self._index = self._at = 0
        self._by = self._hash = ""
        self._peaks: list[tuple[int, int]] = []  # entry and instant: those with no later instant after them
        self._back = (0, 0)  # by how much an instant lies before an earlier entry's, at most, and where

    def take(self, index: int, leaf: Mapping[str, Any], data: bytes) -> None:
        self._index, self._at, self._by = index, leaf["at"], leaf["by"]
        self._hash = hashlib.sha256(data).hexdigest()
        if self._peaks:
            self._back = max(self._back, (self._peaks[0][1] - self._at, index))
        while self._peaks and self._peaks[-1][1] <= self._at:
            self._peaks.pop()
        self._peaks.append((index, self._at))
        handler = getattr(self, f"_on_{leaf['event']}", None)
        if handler is None:
            return  # it bears on no approval
        try:
            handler(_Data(leaf["data"]))
        except ValueError as error:
            self._problem("data", f"{leaf['event']}: {error}")

    def finish(self) -> None:
        if not self._site:
            self._report.problems.append(Problem(None, "no_site", "the ledger does not begin with a site's creation"))
        back, index = self._back
        if back > _HOUR and not self._exercise:
            text = (
                f"entry {index}: it is dated {back // _HOUR} h before an earlier one, so a clock was wrong, and so is"
            )
            self._report.unchecked.append(f"{text} perhaps what hangs on time: who had left, what had expired")

    def _problem(self, code: str, text: str) -> None:
        self._report.problems.append(Problem(self._index, code, text))

    def _on_SiteCreated(self, data: "_Data") -> None:
        if self._index:
            self._problem("site_again", "a site is created once, by the first entry")
            return
        self._site, self._exercise, self._site_id = True, data.of(bool, "exercise"), data.text("site")
        if data.text("verifier_key") != self._vkey:
            self._problem("verifier_key", "the ledger names another verifier key than the one it is checked with")

    def _on_ClockSet(self, _data: "_Data") -> None:
        if not self._exercise:
            self._problem("clock_set", "the clock was set on a site that is no exercise")

    def _on_RailsChanged(self, data: "_Data") -> None:
        """Nobody is named, and each change begins where the one before it ended."""
        before, after = data.texts("before"), data.texts("after")
        if not after or before.keys() != after.keys():
            raise ValueError("before and after speak of different settings, or of none")
        if self._by != "system":
            self._problem("rails", "rails are read from a file, which names nobody, but this entry does")
        if torn := sorted(key for key in before if self._rails.get(key, before[key]) != before[key]):
            text = f"{', '.join(torn)}: said to have been something else than an earlier entry made of it"
            self._problem("rails", text)
        self._rails |= after

    def _on_RoleGranted(self, data: "_Data") -> None:
        person, role = data.text("person"), data.text("role")
        first = (self._index, self._by, role) == (1, "system", "admin")  # whoever makes a site names its administrator
        self._check_grant(person, f"the role {role}", first)
        line = self._line()
        if role == "admin" and not self._proposed and line == (self._by, "system"):
            line = ()  # a founder, made by the first administrator: who owes them a role owes it to nobody before them
        weighs = role == "admin" or role.startswith("approver:")
        self._ask(_Waiting("RoleGranted", person, role, line), weighs)

    def _line(self) -> tuple[str, ...]:
        """Who stands behind a grant of the present entry's author."""
        held = self._roles.get((self._by, "admin"))
        return (self._by, *(held.line if held else ()))

    def _on_RoleRevoked(self, data: "_Data") -> None:
        person, role = data.text("person"), data.text("role")
        self._by_provider.pop((person, role), None)
        if (person, role) in self._roles:
            self._ask(_Waiting("RoleRevoked", person, role), role == "admin")
        else:
            self._forget(person, role)

    def _on_RolesByProvider(self, data: "_Data") -> None:
        """In the place of what it gave before; by nobody's doing but the site's, and nothing that a quorum rests on."""
        person, roles, until = data.text("person"), data.of(list, "roles"), data.of(int, "until")
        self._end_by_provider(person)
        if self._by != "system":
            self._problem("provider", f"{self._by} gave {person} roles as if the provider had")
            return
        for role in map(str, roles):
            if role in ("author", "operator", "helpdesk", "auditor"):
                self._by_provider[person, role] = until
            else:
                self._problem("provider", f"the provider gave {person} what only administrators grant: the role {role}")

    def _end_by_provider(self, person: str) -> None:
        self._by_provider = {held: until for held, until in self._by_provider.items() if held[0] != person}

    def _on_KeyAdded(self, data: "_Data") -> None:
        person, public_key, fingerprint = data.text("person"), data.text("public_key"), data.text("fingerprint")
        self._check_grant(person, f"the key {fingerprint}")
        if _fingerprint(public_key) != fingerprint:
            self._problem("fingerprint", f"the key recorded as {fingerprint} is another one")
        known = self._keys.get(fingerprint)
        if known and known.person != person:
            self._problem("key_shared", f"one key speaks for two people, {known.person} and {person}")
        self._ask(_Waiting("KeyAdded", person, fingerprint, self._line(), public_key), weighs=True)

    def _on_KeyRevoked(self, data: "_Data") -> None:
        fingerprint = data.text("fingerprint")
        known = self._keys.get(fingerprint)
        if known:
            self._ask(_Waiting("KeyRevoked", known.person, fingerprint), (known.person, "admin") in self._roles)
        else:
            self._forget(data.text("person"), fingerprint)

    def _ask(self, asked: _Waiting, weighs: bool) -> None:
        """What a quorum can rest on waits where two administrators have a key; anything else counts at once."""
        self._hashes[self._index] = self._hash
        self._forget(asked.person, asked.name)
        if weighs and len(self._in_office()) > 1:
            self._waiting[self._index] = asked
        else:
            self._carry_out(asked)

    def _in_office(self) -> set[str]:
        """The administrators who have a key, and have not left, or not more than 14 days ago."""
        fortnight = 14 * 24 * _HOUR
        owners = {key.person for key in self._keys.values()}
        return {
            person
            for person, role in self._roles
            if role == "admin" and person in owners
            if person not in self._left or self._at - self._left[person] < fortnight
        }

    def _forget(self, person: str, name: str) -> None:
        """Nothing waits about this any more."""
        for entry, asked in [*self._waiting.items()]:
            if (asked.person, asked.name) == (person, name):
                del self._waiting[entry]
                self._yes.pop(entry, None)

    def _carry_out(self, asked: _Waiting) -> None:
        """From the present entry on it counts."""
        owed = _Owed(asked.line, self._index, asked.person, asked.public_key)
        if asked.act == "RoleGranted":
            self._roles.setdefault((asked.person, asked.name), owed)
        elif asked.act == "RoleRevoked":
            self._roles.pop((asked.person, asked.name), None)
            if asked.name == "admin":
                self._left.pop(asked.person, None)
        elif asked.act == "KeyAdded":
            self._keys.setdefault(asked.name, owed)
        else:
            self._keys.pop(asked.name, None)

    def _on_AccessConfirmed(self, data: "_Data") -> None:
        """By an administrator who was one when it was asked, with a key that was theirs then; never one's own role."""
        entry, fingerprint = data.of(int, "entry"), data.text("fingerprint")
        asked = self._waiting.get(entry)
        if entry not in self._hashes:
            self._problem("confirm", f"{self._by} confirmed entry {entry}, which gives and takes no role or key")
            return
        if not self._may_confirm(entry, asked, fingerprint):
            return
        if data.text("signature") or not self._exercise:
            if not self._signed(data, self._hashes[entry]):
                return
        else:
            self._report.approvals_by_as += 1
        self._yes.setdefault(entry, {})[self._by] = fingerprint if data.text("signature") else ""
        stand = [who for who, key in self._yes[entry].items() if (who, "admin") in self._roles and self._is(key, who)]
        if asked and len(stand) > 1:
            self._forget(asked.person, asked.name)
            self._carry_out(asked)

    def _may_confirm(self, entry: int, asked: _Waiting | None, fingerprint: str) -> bool:
        held, key = self._roles.get((self._by, "admin")), self._keys.get(fingerprint)
        fault = ""
        if held is None:
            fault = "who is no administrator"
        elif self._by in self._left:
            fault = "who has left"
        elif asked and asked.act == "RoleGranted" and asked.person == self._by:
            fault = "who would get the role"
        elif asked and max(held.entry, key.entry if key else 0) > entry:
            fault = "who became an administrator, or got the key, only after it was asked"
        if fault:
            self._problem("confirm", f"{self._by}, {fault}, confirmed entry {entry}")
        return not fault

    def _is(self, fingerprint: str, person: str) -> bool:
        """Whether this is a key of theirs now; none is asked for where `--as` stood for it."""
        key = self._keys.get(fingerprint)
        return not fingerprint or (key is not None and key.person == person)

    def _on_AdministratorLeft(self, data: "_Data") -> None:
        if (data.text("person"), "admin") in self._roles:
            # Not earlier than anything else was recorded: a clock put back for a moment makes nobody long gone.
            self._left.setdefault(data.text("person"), self._at if self._exercise else self._peaks[0][1])

    def _on_PersonErased(self, data: "_Data") -> None:
        self._on_AdministratorLeft(data)
        self._end_by_provider(data.text("person"))

    def _on_AdministratorBack(self, data: "_Data") -> None:
        self._left.pop(data.text("person"), None)

    def _check_grant(self, person: str, what: str, first: bool = False) -> None:
        if not first and not self._holds("admin"):
            self._problem("grant", f"{self._by}, who is no administrator, granted {what} to {person}")
        if person == self._by:
            self._problem("self_grant", f"{person} granted {what} to themselves")

    def _holds(self, *roles: str) -> bool:
        """Whether the present entry's author holds one of these roles; "approver:" stands for any of an approver."""
        held = [role for person, role in self._roles if person == self._by]
        held += [role for (person, role), until in self._by_provider.items() if person == self._by and self._at < until]
        return any(role in roles or (role.startswith("approver:") and "approver:" in roles) for role in held)

    def _on_PolicyProposed(self, data: "_Data") -> None:
        asked = {role: data.count("approvals", role) for role in data.of(dict, "approvals")}
        digest, (policy, revision) = data.text("proposal"), data.revision()
        self._proposed = True
        proposal = _Proposal(self._index, self._by, digest, asked, data.of(int, "expires"))
        if not self._is_new(digest, (policy, revision)):
            return
        self._proposals[policy, revision] = proposal
        frozen = self._check_bytes(digest, {"asked": asked, "revision": revision})
        if frozen is None:
            return
        proposal.says_relaxes = frozen.get("relaxes", 0)
        document = frozen.get("policy")
        if not isinstance(document, dict) or document.get("policy") != policy:
            self._problem("proposal_differs", f"the bytes of proposal {digest} are of another policy than {policy}")

    def _is_new(self, *names: object) -> bool:
        """Whether nothing of this hash, nor this revision, was ever proposed: what was signed once is good for once."""
        if not self._holds("author", "admin"):
            self._problem("author", f"{self._by}, who is no author, proposed {names[0]}")
        again = not self._seen.isdisjoint(names)
        if again:
            self._problem("proposal_again", f"it was proposed before: {names[0]}")
        self._seen.update(names)
        return not again

    def _check_bytes(self, digest: str, said: Mapping[str, object]) -> dict[str, Any] | None:
        """What was frozen under a hash; None, and a problem, if it is other bytes or says something else than this, or
        is of another author, instant or site."""
        said = {**said, "author": self._by, "proposed_at": self._at, "site": self._site_id}
        frozen = self._bytes_of(digest)
        if frozen is None:
            self._report.unchecked.append(f"entry {self._index}: the bytes of proposal {digest} are not at hand")
            return None
        if hashlib.sha256(frozen).hexdigest() != digest:
            self._problem("proposal_bytes", f"the bytes of proposal {digest} are not those that were approved")
            return None
        try:
            value = json.loads(frozen)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict) or {key: value.get(key) for key in said} != said:
            self._problem("proposal_differs", f"the entry and the bytes of proposal {digest} do not say the same")
            return None
        return value

    def _on_ActivationProposed(self, data: "_Data") -> None:
        asked = {role: data.count("approvals", role) for role in data.of(dict, "approvals")}
        digest, apps, until = data.text("proposal"), data.of(list, "apps"), data.of(int, "until")
        self._proposed = self._proposed or bool(asked)  # an exercise asks nobody about the app that it begins with
        if not self._is_new(digest):
            return
        proposal = _Proposal(self._index, self._by, digest, asked, data.of(int, "expires"), until=until)
        frozen = self._check_bytes(digest, {"kind": "activation", "asked": asked, "until": until})
        proposal.identifiers = _identifiers(frozen) if frozen else None
        if frozen and [*(proposal.identifiers or ())] != apps:
            self._problem("proposal_differs", f"the entry names other apps than the bytes of proposal {digest}")
        for name, other in [*self._activations.items()]:
            if not {*other.apps}.isdisjoint(apps):
                del self._activations[name]
        proposal.apps = tuple(map(str, apps))
        self._activations[digest] = proposal

    def _on_ActivationApproved(self, data: "_Data") -> None:
        proposal = self._activation(data)
        if proposal and self._signature_stands(data):
            fingerprint = data.text("fingerprint") if data.text("signature") else ""
            proposal.approvals.append(_Approval(self._by, data.text("role"), fingerprint))

    def _on_ActivationDeclined(self, data: "_Data") -> None:
        if self._activation(data):
            del self._activations[data.text("proposal")]

    def _activation(self, data: "_Data") -> _Proposal | None:
        proposal = self._activations.get(data.text("proposal"))
        if proposal is None:
            self._problem("proposal", f"no such activation was open: {data.text('proposal')}")
        return proposal

    def _on_AppActivated(self, data: "_Data") -> None:
        """With its quorum, by no identifier but those that were approved, and no longer than was approved."""
        proposal, app = self._activation(data), data.text("app")
        if proposal is None:
            return
        if proposal.asked or not self._exercise:
            self._check_quorum(proposal)
        self._check_expiry(proposal, f"{app} became active")
        matched = proposal.identifiers
        beyond = {*data.of(dict, "since")} - matched.get(app, set()) if matched is not None else set()
        if app not in proposal.apps or beyond:
            what = ", ".join(sorted(beyond)) or app
            self._problem("activation", f"what nobody agreed to is looked for: {what}")
        if data.of(int, "until") != proposal.until:
            self._problem("activation", f"{app} is looked for until another day than was agreed")

    def _on_AppDeactivated(self, data: "_Data") -> None:
        for proposal in self._activations.values():  # what was agreed to is over with it
            proposal.apps = tuple(app for app in proposal.apps if app != data.text("app"))

    def _on_PolicyWithdrawn(self, data: "_Data") -> None:
        self._proposals.pop(data.revision(), None)

    def _on_PolicyApproved(self, data: "_Data") -> None:
        proposal = self._proposal(data)
        if proposal and self._signature_stands(data):
            fingerprint = data.text("fingerprint") if data.text("signature") else ""
            proposal.approvals.append(_Approval(self._by, data.text("role"), fingerprint))

    def _proposal(self, data: "_Data") -> _Proposal | None:
        """The proposal that the entry speaks of; None, and a problem, if it was not proposed or has another hash."""
        proposal = self._proposals.get(data.revision())
        if proposal is None or proposal.digest != data.text("proposal"):
            self._problem("proposal", f"no such proposal was open: {data.text('proposal')}")
            return None
        return proposal

    def _on_WaiverGranted(self, data: "_Data") -> None:
        """Never for oneself; one in a role by who held it, for nobody to whom they owe it, others by an operator or an
        approver; a signed one is what was signed."""
        role, subject = data.text("role"), data.text("subject")
        held = self._roles.get((self._by, f"approver:{role}"))
        if subject == self._by:
            self._problem("waiver", f"{self._by} granted a waiver to themselves")
        if not role and not self._holds("operator", "admin", "approver:"):
            self._problem("waiver", f"{self._by}, who is no operator and no approver, granted a waiver")
        if role and held is None:
            self._problem("waiver", f"{self._by} granted a waiver in a role that they did not hold: {role}")
        elif role and held and subject in held.line:
            self._problem("waiver", f"{self._by} granted a waiver to {subject}, to whom they owe the role {role}")
        if data.text("signature") or (role and not self._exercise):
            said = {name: data.text(name) for name in ("waiver", "policy", "of", "subject", "reason_hash")}
            value = _ordered({**said, "until": data.of(int, "until")})
            text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
            self._signed(data, hashlib.sha256(text.encode()).hexdigest())

    def _signature_stands(self, data: "_Data") -> bool:
        if not data.text("signature") and self._exercise:
            self._report.approvals_by_as += 1
            return True
        return self._signed(data, data.text("proposal"))

    def _signed(self, data: "_Data", digest: str) -> bool:
        """Whether the entry's author signed this, with a key that was theirs at the time."""
        signature, fingerprint = data.text("signature"), data.text("fingerprint")
        key = self._keys.get(fingerprint)
        if key is None or key.person != self._by:
            self._problem("key", f"{self._by} approved with a key that was not theirs at the time: {fingerprint}")
            return False
        good = self._ssh(key.public_key, digest.encode(), signature)
        if good and not _is_somebodys(key.public_key, signature):
            good = False
        if good is None:
            self._report.unchecked.append(f"entry {self._index}: the SSH signature of {self._by}")
        elif good:
            self._report.approvals_checked += 1
        else:
            self._problem("signature", f"the signature of {self._by} over {digest} is bad")
        return good is not False

    def _on_PolicyDeclined(self, data: "_Data") -> None:
        if proposal := self._proposal(data):
            proposal.approvals = [approval for approval in proposal.approvals if approval.person != self._by]

    def _on_PolicyAnnounced(self, data: "_Data") -> None:
        if proposal := self._proposal(data):
            self._check_place(data, proposal)
            proposal.announced = True
            self._check_quorum(proposal)
            self._check_expiry(proposal, "it was announced")

    def _check_place(self, data: "_Data", proposal: _Proposal) -> None:
        """Announced once, as a policy that stands by itself, in the place of the one revision that is live, if any."""
        policy, replaced = data.text("policy"), data.of(int, "retires")
        if proposal.announced:
            self._problem("announced_again", "it was announced before")
            return
        if proposal.says_relaxes:
            self._problem("relaxes", "it was announced, though what was approved is that it relaxes another")
        live = [one for (name, one), known in self._proposals.items() if name == policy and known.announced]
        if [replaced] != (live or [0]):
            self._problem("retires", f"it retires revision {replaced}, but live is {live or 'none'}")
        for number in live:
            del self._proposals[policy, number]

    def _on_PolicyRetracted(self, data: "_Data") -> None:
        self._proposals.pop(data.revision(), None)  # what is over never comes back

    _on_PolicyEnded = _on_PolicyRetracted

    def _check_expiry(self, proposal: _Proposal, what: str) -> None:
        """A clock that was put back revives no approval: the latest instant since the proposal counts. In an exercise,
        whose clock is set as they like, that of the entry."""
        since = [at for index, at in self._peaks if index > proposal.index]
        if (self._at if self._exercise else max(since)) > proposal.expires:
            self._problem("expired", f"{what} after its approvals had expired")

    def _on_PolicyRelaxed(self, data: "_Data") -> None:
        proposal = self._proposal(data)
        relaxed = data.text("policy"), data.of(int, "relaxes")
        base = self._proposals.get(relaxed)
        if proposal is None:
            return
        if base is None or not base.announced:
            self._problem("not_announced", "it relaxes what was not announced, or is over")
            return
        if proposal.announced:
            self._problem("announced_again", "it was announced before")
            return
        if proposal.says_relaxes not in (None, relaxed[1]):
            self._problem("relaxes", f"it relaxes revision {relaxed[1]}, which is not what was approved")
        del self._proposals[relaxed]
        proposal.announced, proposal.relaxes = True, base
        self._check_own(proposal)
        if not base.held:
            self._check_quorum(proposal)
        proposal.held = base.held
        self._check_expiry(proposal, "it was put in place")
        frozen = [self._bytes_of(one.digest) for one in (base, proposal)]
        if all(frozen) and not _milder(*map(json.loads, filter(None, frozen))):
            self._problem(
                "not_milder", "what was said of it to people is another thing, or a deadline is an earlier one"
            )

    def _on_PolicyInForce(self, data: "_Data") -> None:
        proposal = self._proposals.get(data.revision())
        if proposal is None or not proposal.announced:
            self._problem("not_announced", "it came into force without having been announced")
        elif not proposal.held:
            self._check_quorum(proposal)

    def _on_QuorumLost(self, data: "_Data") -> None:
        if proposal := self._proposals.get(data.revision()):
            proposal.held = True

    def _on_QuorumRegained(self, data: "_Data") -> None:
        if proposal := self._proposals.get(data.revision()):
            proposal.held = False
            self._check_quorum(proposal)

    def _check_quorum(self, proposal: _Proposal) -> None:
        """Distinct people in the roles asked, who owe neither role nor key to the author or to a later entry."""
        faults: dict[_Approval, str] = {}
        one: _Proposal | None = proposal
        while one is not None:  # what relaxes another rests on that one's approvals too
            faults |= {approval: self._fault(one, approval) for approval in one.approvals}
            one = one.relaxes
        roles: dict[str, set[str]] = {}
        for approval, fault in faults.items():
            if not fault:
                roles.setdefault(approval.person, set()).add(approval.role)
        lacking = _empty_seats(proposal.asked, roles)
        if lacking or not proposal.asked:
            words = [f"{number} of {role}" for role, number in lacking.items()] or ["any approval asked"]
            faulty = [f"; {approval.person} does not count: {fault}" for approval, fault in faults.items() if fault]
            self._problem("quorum", f"lacking {', '.join(words)}{''.join(faulty)}")

    def _check_own(self, proposal: _Proposal) -> None:
        """A relax has one yes of its own at least, in a role that was asked, and never its author's."""
        good = [one for one in proposal.approvals if one.role in proposal.asked and not self._fault(proposal, one)]
        if not good:
            self._problem("quorum", f"nobody said yes to relaxing by {proposal.digest}")

    def _fault(self, proposal: _Proposal, approval: _Approval) -> str:
        held = f"approver:{approval.role}"
        role = self._roles.get((approval.person, held))
        if approval.person == proposal.author:
            return "they wrote it"
        if role is None:
            waits = any((one.person, one.name) == (approval.person, held) for one in self._waiting.values())
            return f"their role {approval.role} waits for administrators" if waits else f"they are no {held}"
        key = self._keys.get(approval.fingerprint)
        if approval.fingerprint and key is None:
            return "their key was revoked"
        for what, owed in (("role", role), ("key", key)):
            if owed and proposal.author in owed.line:
                return f"their {what} was granted by the author, or by whom the author had made an administrator"
            if owed and owed.entry > proposal.index:
                return f"their {what} was granted after the proposal"
        return ""


class _Data:
    """An entry's data, each field asked for with its type; ValueError where it has another."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._data = data

    def of(self, kind: type, key: str) -> Any:
        if type(self._data.get(key)) is not kind:
            raise ValueError(f"{key} is missing, or of the wrong type")
        return self._data[key]

    def text(self, key: str) -> str:
        return str(self.of(str, key))

    def texts(self, key: str) -> dict[str, str]:
        texts: dict[str, str] = self.of(dict, key)
        if not all(type(text) is str for text in texts.values()):
            raise ValueError(f"{key} holds something else than texts")
        return texts

    def count(self, key: str, item: str) -> int:
        number = self.of(dict, key)[item]
        if type(number) is not int or not 1 <= number <= 1000:
            raise ValueError(f"{key}.{item} is not a number of people")
        return number

    def revision(self) -> tuple[str, int]:
        return self.text("policy"), self.of(int, "revision")


def _identifiers(frozen: Mapping[str, Any]) -> dict[str, set[str]]:
    """For each app of an activation's bytes its identifiers, as entries spell them; ValueError for other shapes."""
    found: dict[str, set[str]] = {}
    try:
        for app in frozen["apps"]:
            spelled = ((platform, name) for platform, names in app["identifiers"].items() for name in names)
            found[app["id"]] = {f"{platform} {name.casefold()}" for platform, name in spelled}
        return found
    except (AttributeError, KeyError, TypeError):
        raise ValueError("the frozen apps are not what an activation freezes") from None


_SAID = ("title", "reason", "apps", "lists", "announcement", "correction", "withdrawal", "press")
"""What people were told of a policy, or approvers looked at: a relax leaves it alone."""


def _milder(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether the second proposal says the same, to be done no earlier anywhere.

    That no verdict gets stricter, only the product judges.
    """
    same = all(old["policy"].get(key) == new["policy"].get(key) for key in _SAID) and old["cells"] == new["cells"]
    at_once = old["policy"]["deadline"] == "immediately"
    return same and (at_once or all(was <= now for was, now in zip(old["effects"], new["effects"], strict=True)))


def _empty_seats(asked: Mapping[str, int], roles: Mapping[str, set[str]]) -> Counter[str]:
    """How many approvals of which role are lacking when each person sits on one seat, and as many sit as can."""
    seats = [role for role, number in sorted(asked.items()) for _ in range(number)]
    taken: dict[int, str] = {}

    def sit(person: str, tried: set[int]) -> bool:
        for seat, role in enumerate(seats):
            if role in roles[person] and seat not in tried:
                tried.add(seat)
                if seat not in taken or sit(taken[seat], tried):
                    taken[seat] = person
                    return True
        return False

    for person in sorted(roles):
        sit(person, set())
    return Counter(role for seat, role in enumerate(seats) if seat not in taken)


# --- SSH keys and signatures, by ssh-keygen

_SSH_KINDS = {"ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521",
              "sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com"}  # fmt: skip


def _blob(public_key: str) -> bytes:
    """The key's bytes; none if the line is more than a type and base64."""
    try:
        return base64.b64decode(public_key.partition(" ")[2], validate=True)
    except ValueError:
        return b""


def _fingerprint(public_key: str) -> str:
    return "SHA256:" + base64.b64encode(hashlib.sha256(_blob(public_key)).digest()).decode().rstrip("=")


def _is_taken(public_key: str) -> bool:
    """Whether the key is of a type that can approve, and strong enough."""
    fields, rest = [], _blob(public_key)
    while rest:
        (one,), rest = _strings(rest, 1)
        fields.append(one)
    kind = public_key.partition(" ")[0]
    if kind not in _SSH_KINDS or not fields or fields[0] != kind.encode():
        return False
    return kind != "ssh-rsa" or int.from_bytes(fields[-1], "big").bit_length() >= 2048


def _is_somebodys(public_key: str, armoured: str) -> bool:
    """Whether, if it is a passkey's, somebody showed the authenticator who they are (the flags present and verified of
    Web Authentication section 6.1), on a page of the site that the key is bound to. ssh-keygen asks for neither."""
    try:
        data = base64.b64decode("".join(armoured.strip().splitlines()[1:-1]), validate=True)
    except ValueError:
        return False
    signature, _ = _strings(data[10:], 5)  # after magic and version: key, namespace, reserved, hash, signature
    (kind, _made), rest = _strings(signature[4], 2)
    if kind != b"webauthn-sk-ecdsa-sha2-nistp256@openssh.com":
        return True
    (origin, _client_data), _ = _strings(rest[5:], 2)
    site = _strings(_blob(public_key), 4)[0][3].decode("ascii", "replace")
    host = origin.decode("ascii", "replace").partition("://")[2].partition(":")[0]
    return bool(site) and (host == site or host.endswith(f".{site}")) and rest[0] & 5 == 5


def _strings(data: bytes, number: int) -> tuple[list[bytes], bytes]:
    """So many strings (RFC 4251 section 5) from the front, empty where there are no more; and what follows."""
    found = []
    for _ in range(number):
        end = 4 + int.from_bytes(data[:4], "big")
        found.append(data[4:end])
        data = data[end:]
    return found, data


def ssh_keygen(public_key: str, message: bytes, armoured: str) -> bool | None:
    """Whether OpenSSH takes the signature, in the namespace gatepost; None where it is not here or too old."""
    program = shutil.which("ssh-keygen")
    if program is None:
        return None
    if not _is_taken(public_key):  # nor may anything else get into the file that ssh-keygen trusts
        return False
    with tempfile.TemporaryDirectory() as folder:
        allowed, signature = Path(folder, "allowed_signers"), Path(folder, "signature")
        allowed.write_text(f'approver namespaces="gatepost" {public_key}\n', encoding="ascii")
        signature.write_text(armoured, encoding="utf-8")
        command = [
            program,
            "-Y",
            "verify",
            "-n",
            "gatepost",
            "-I",
            "approver",
            "-f",
            str(allowed),
            "-s",
            str(signature),
        ]
        done = subprocess.run(command, input=message, capture_output=True, check=False)  # noqa: S603  # no shell
    old = b"unknown option" in done.stderr or b"illegal option" in done.stderr
    return None if old else done.returncode == 0


# --- the course of one policy, to be read


class _Said(NamedTuple):
    """An entry in words. `counts`: of one that says something of many mails or devices."""

    entry: int
    at: int
    what: str
    counts: Counter[str]


def course(leaves: Iterable[bytes], policy: str) -> Iterator[str]:
    """What the entries say of one policy, each with its instant (UTC), number and author, from its proposal on.

    Mails and verdicts are counted: what follows one another of a kind is one line. Verdicts are those under all
    policies. Nothing of it is checked here.
    """
    for _, group in groupby(_of_policy(leaves, policy), lambda one: (one.what, not one.counts and one.entry)):
        said = [*group]
        first, last = said[0], said[-1]
        place = f"entry {first.entry}"
        if last is not first:
            place = f"entries {first.entry} to {last.entry}, until {_when(last.at)}"
        counts = sum((one.counts for one in said), Counter[str]())
        counted = ", ".join(f"{number} {word}" for word, number in sorted(counts.items()))
        yield f"{_when(first.at)}  {place}  {first.what}{': ' if counted else ''}{counted}"


def _of_policy(leaves: Iterable[bytes], policy: str) -> Iterator[_Said]:
    begun = False
    for index, data in enumerate(leaves):
        try:
            leaf = _leaf(data)
        except ValueError:
            continue
        said, its = leaf["data"], leaf["data"].get("policy") == policy
        begun = begun or its
        if its and leaf["event"] == "NoticesSettled":
            yield _Said(index, leaf["at"], f"mails, {said.get('kind')}", _counted(said.get("states")))
        elif begun and leaf["event"] == "OutcomesChanged":
            yield _Said(index, leaf["at"], "devices, now", _counted(said.get("outcomes")))
        elif its:
            yield _Said(index, leaf["at"], f"{leaf['event']} by {leaf['by']}{_words(said)}", Counter())


def _counted(words: object) -> Counter[str]:
    return Counter(map(str, words.values()) if isinstance(words, dict) else ())


def _when(at: int) -> str:
    """An instant as RFC 3339 has it; what no calendar has as its number."""
    try:
        shown = datetime.fromtimestamp(at // 1000, timezone.utc)  # noqa: UP017  # Python 3.10 has no other name for it
        return f"{shown:%Y-%m-%dT%H:%M:%S}.{at % 1000:03}Z"
    except (OSError, OverflowError, ValueError):
        return str(at)


def _words(said: Mapping[str, Any]) -> str:
    """The fields of an entry's data, but its policy and signatures; of a hash the beginning."""
    return "".join(f", {name} {_word(name, said[name])}" for name in said if name not in ("policy", "signature"))


def _word(name: str, value: object) -> str:
    if name in ("expires", "until") and isinstance(value, int):
        return _when(value)
    if isinstance(value, str):
        return (value[:12] if len(value) == 64 else value) or "none"
    return json.dumps(value)


# --- the script


_LEDGER = "ledger.jsonl"


def _lines(file: Path) -> Iterator[bytes]:
    with file.open("rb") as lines:
        for line in lines:
            yield line.removesuffix(b"\n")


def _note(file: Path) -> str:
    """A note as it was kept; mail programs change line ends, indent, and put blank lines around it."""
    lines = file.read_text(encoding="utf-8").strip().splitlines()
    return "".join(f"{line.strip()}\n" for line in lines)


def verify_export(folder: Path, checkpoints: Iterable[Path]) -> Report:
    """Checks an export: a directory with ledger.jsonl, vkey.txt, proposals/ and checkpoints/; with checkpoints that
    somebody kept elsewhere."""

    def proposal(digest: str) -> bytes | None:
        file = folder / "proposals" / f"{digest}.json"
        return file.read_bytes() if digest.isalnum() and file.is_file() else None

    vkey = (folder / "vkey.txt").read_text(encoding="utf-8").strip()
    notes = [_note(file) for file in sorted((folder / "checkpoints").glob("*.txt"))]
    return verify(_lines(folder / _LEDGER), proposal, vkey, notes, ssh_keygen, [_note(file) for file in checkpoints])


def _summary(report: Report) -> Iterator[str]:
    yield f"{report.size} entries, root {report.root_hex}"
    yield from (f"  {number:>8} {event}" for event, number in sorted(report.entries_by_event.items()))
    yield f"{report.checkpoints_checked} checkpoints compared"
    yield f"{report.approvals_checked} signatures of approvals checked"
    if report.approvals_by_as:
        yield f"{report.approvals_by_as} approvals by --as, without a signature: this is an exercise"
    yield from (f"not checked: {text}" for text in report.unchecked)
    if any("SSH signature" in text for text in report.unchecked):
        yield "SSH signatures are checked by ssh-keygen (OpenSSH 8.1 or later): it is not here"
    for problem in report.problems:
        place = "ledger" if problem.index is None else f"entry {problem.index}"
        yield f"PROBLEM in {place}: {problem.code}: {problem.text}"
    good = "verified, but for what was not checked" if report.unchecked else "verified"
    yield f"NOT VERIFIED: {len(report.problems)} problems" if report.problems else good


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Checks an exported ledger of Gatepost.")
    parser.add_argument("folder", metavar="DIR", nargs="?", type=Path, default=Path(__file__).parent)
    parser.add_argument("--checkpoint", metavar="FILE", type=Path, action="append", default=[],
                        help="a checkpoint that you kept, such as one from an approval mail")  # fmt: skip
    parser.add_argument("--policy", metavar="ID", help="show what the entries say of this policy, in order")
    options = parser.parse_args(arguments)
    try:
        report = verify_export(options.folder, options.checkpoint)
        shown = [*course(_lines(options.folder / _LEDGER), options.policy)] if options.policy else []
    except (OSError, UnicodeDecodeError) as error:
        print(f"the export cannot be read: {error}", file=sys.stderr)
        return 1
    for line in [*shown, *_summary(report)]:  # what a ledger says must not steer the terminal
        print("".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in line))
    return 1 if report.problems else 0


if __name__ == "__main__":
    sys.exit(main())
