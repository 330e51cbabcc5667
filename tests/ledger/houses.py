"""Ledgers to verify: entries as a site writes them, people with real keys, and what can go wrong between them."""

import json
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from gatepost import verifier
from gatepost.core.ledger.access_events import AccessConfirmed
from gatepost.core.ledger.checkpoint import Checkpoint, body
from gatepost.core.ledger.events import (
    Event,
    KeyAdded,
    PolicyAnnounced,
    PolicyApproved,
    PolicyProposed,
    RoleGranted,
    SiteCreated,
)
from gatepost.core.ledger.leaf import SYSTEM, Leaf, envelope
from gatepost.core.ledger.merkle import leaf_hash, root_of
from gatepost.documents.canonical import canonical, digest
from gatepost.signatures import ssh
from gatepost.signatures.note import NoteKey, generate

ADMIN, AUTHOR, SECURITY, LEGAL = "p_admin", "p_author", "p_security", "p_legal"
ORIGIN = "gatepost.example/acme"
POLICY = "no-tiktok"


@dataclass
class Person:
    """A person's SSH key: the file of the private one, and the public line."""

    file: Path
    public: str


@dataclass
class House:
    """A site's ledger in the making. Entry n happens at n seconds past noon."""

    folder: Path
    exercise: bool = False
    site_key: NoteKey = field(default_factory=lambda: generate(ORIGIN))
    leaves: list[bytes] = field(default_factory=list)
    proposals: dict[str, bytes] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    revision: int = 1
    hash: str = ""

    def now(self) -> int:
        """When the next entry happens."""
        return 1594382400000 + len(self.leaves) * 1000

    def say(self, by: str, event: Event, at: int | None = None) -> int:
        index = len(self.leaves)
        self.leaves.append(canonical(envelope(Leaf(index, self.now() if at is None else at, by, event))))
        return index

    def person(self, name: str) -> Person:
        if name not in self.people:
            key = Ed25519PrivateKey.generate()
            file = self.folder / name
            file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
            self.people[name] = Person(
                file, key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
            )
        return self.people[name]

    def create(self) -> None:
        self.say(SYSTEM, SiteCreated("acme", self.exercise, self.site_key.verifier))
        self.say(SYSTEM, RoleGranted(ADMIN, "admin"))

    def grant(self, person: str, role: str, by: str = ADMIN) -> int:
        return self.say(by, RoleGranted(person, role))

    def add_key(self, person: str, by: str = ADMIN, key: str = "") -> int:
        """`key`: whose, if it is another's."""
        public = self.person(key or person).public
        return self.say(by, KeyAdded(person, ssh.fingerprint(public), public))

    def confirm(self, entry: int, *people: str, signer: str = "", over: int | None = None) -> None:
        """Administrators' yeses to what an entry gave or took away."""
        signed = sha256(self.leaves[entry if over is None else over]).hexdigest().encode("ascii")
        for person in people:
            key = self.person(signer or person)
            fingerprint = ssh.fingerprint(key.public)
            self.say(person, AccessConfirmed(entry, fingerprint, ssh.sign(key.file, signed)))

    def approver(self, person: str, role: str, by: str = ADMIN) -> None:
        self.grant(person, f"approver:{role}", by)
        self.add_key(person, by)

    def propose(
        self, asked: dict[str, int] | None = None, by: str = AUTHOR, expires: int = 2**52, **frozen: object
    ) -> None:
        """`frozen`: what the bytes say otherwise than the entry."""
        asked = {"security": 1, "legal": 1} if asked is None else asked
        document = {"policy": POLICY, "deadline": "immediately"}
        said = {"v": 1, "author": by, "asked": asked, "revision": self.revision, "site": "acme", "relaxes": 0}
        data = canonical(said | {"proposed_at": self.now(), "policy": document, "cells": [], "effects": []} | frozen)
        self.hash = digest(data)
        self.proposals[self.hash] = data
        self.say(by, PolicyProposed(POLICY, self.revision, self.hash, asked, expires))

    def approve(self, person: str, role: str, signer: str | None = None, over: str | None = None) -> None:
        signer_key = self.person(signer or person)
        signature = ssh.sign(signer_key.file, (over or self.hash).encode("ascii"))
        fingerprint = ssh.fingerprint(signer_key.public)
        self.say(person, PolicyApproved(POLICY, self.revision, self.hash, role, fingerprint, signature))

    def approve_as(self, person: str, role: str) -> None:
        self.say(person, PolicyApproved(POLICY, self.revision, self.hash, role, "", ""))

    def announce(self, retires: int = 0, at: int | None = None) -> None:
        self.say(AUTHOR, PolicyAnnounced(POLICY, self.revision, self.hash, 1, "0" * 64, 12, retires), at)

    def checkpoint(self, size: int | None = None) -> str:
        leaves = self.leaves[:size]
        root = root_of([leaf_hash(leaf) for leaf in leaves])
        return self.site_key.sign(body(Checkpoint(ORIGIN, len(leaves), root)))

    def verify(self, *notes: str, leaves: list[bytes] | None = None) -> verifier.Report:
        """The report on these leaves, or on the house's own, given these checkpoints."""
        leaves = self.leaves if leaves is None else leaves
        return verifier.verify(leaves, self.proposals.get, self.site_key.verifier, (), ssh.verify, notes)

    def codes(self) -> set[str]:
        return {problem.code for problem in self.verify(self.checkpoint()).problems}


def staffed(folder: Path, exercise: bool = False) -> House:
    """A site with an administrator, an author and two approvers; nothing is proposed yet."""
    house = House(folder, exercise)
    house.create()
    house.grant(AUTHOR, "author")
    house.approver(SECURITY, "security")
    house.approver(LEGAL, "legal")
    return house


def announced(folder: Path, exercise: bool = False) -> House:
    """A policy proposed, approved and announced as it should be."""
    house = staffed(folder, exercise)
    house.propose()
    house.approve(SECURITY, "security")
    house.approve(LEGAL, "legal")
    house.announce()
    return house


def renumbered(leaves: list[bytes]) -> list[bytes]:
    """The leaves with their indices put right, as somebody would who tampers with care."""
    return [canonical(json.loads(leaf) | {"index": index}) for index, leaf in enumerate(leaves)]
