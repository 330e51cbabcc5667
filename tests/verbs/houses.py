"""Whole sites in a directory, and short words for what people do with them: everything goes through the verbs."""

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gatepost import wiring
from gatepost.actions import (
    access,
    activation,
    announce,
    approve,
    decide,
    deliver,
    doors,
    exercise,
    import_devices,
    import_people,
    ledger,
    passing,
    propose,
    retract,
)
from gatepost.actions.letter import Letter
from gatepost.actions.site import Site
from gatepost.config import FILE, init_text
from gatepost.core.instant import DAY, HOUR, Instant
from gatepost.core.policy.verdict import Verdict
from gatepost.core.problem import Problem
from gatepost.core.refusal import Code, Refusal
from gatepost.documents.deadline import instant_text, parse_instant
from gatepost.doors.report import Report
from gatepost.signatures import ssh
from gatepost.storage import sitemeta
from gatepost.storage.schema import metadata

T = TypeVar("T")

ADMIN, AUTHOR, OPERATOR = "root@corp.example", "ann@corp.example", "op@corp.example"
SECURITY, LEGAL, EXECUTIVE = "sec@corp.example", "leg@corp.example", "exe@corp.example"
PRIVACY = "wor@corp.example"
"""The works council: without them no app is looked for."""

ROLES = {
    AUTHOR: "author",
    OPERATOR: "operator",
    SECURITY: "approver:security",
    LEGAL: "approver:legal",
    EXECUTIVE: "approver:executive",
    PRIVACY: "approver:privacy",
}
TIKTOK, WECHAT = "com.zhiliaoapp.musically", "com.tencent.xin"
"""Identifiers on ios."""

START = parse_instant("2020-07-06T08:00:00Z")
POLICY = "no-tiktok"

_MEMO: Mapping[str, Any] = {
    "policy": POLICY,
    "title": "TikTok is not permitted",
    "apps": ["tiktok"],
    "devices": {"forms": ["phone", "tablet"]},
    "unseen": "allow",
    "deadline": "2020-07-10",
    "consequence": "block",
    "approvals": {"security": 1},
    "announcement": {"subject": "About phones", "body": "Please remove it."},
    "correction": {"subject": "About phones", "body": "It was an error."},
}


def memo(**changes: Any) -> bytes:
    """A policy file; None leaves a key out. JSON is YAML."""
    data = {**_MEMO, **changes}
    return json.dumps({key.rstrip("_"): value for key, value in data.items() if value is not None}).encode()


def good(answer: "T | Refusal | tuple[Problem, ...]") -> T:
    """The answer, which must not be a refusal or a list of problems."""
    assert not isinstance(answer, Refusal | tuple), answer
    return answer


@dataclass
class House:
    """One site and its clock."""

    site: Site

    # --- time

    def now(self) -> Instant:
        return self.site.clock.now()

    def set(self, at: str | Instant) -> None:
        """Set the clock, and let the worker do all that time brings about."""
        self.clock(at)
        self.pass_time()

    def clock(self, at: str | Instant) -> None:
        good(exercise.set_clock(self.site, None, parse_instant(at) if isinstance(at, str) else at))

    def later(self, duration: int = HOUR) -> None:
        self.set(self.now() + duration)

    def pass_time(self) -> None:
        for _ in range(1000):
            if not passing.pass_time(self.site):
                return
        raise AssertionError("time never comes to rest")

    # --- people and devices

    def people(self, *names: str, **columns: str) -> None:
        """Import people of these names, all with these columns."""
        cells = {"kind": "employee", "country": "US", "time_zone": "UTC", "locale": "en", "groups": ""} | columns
        rows = [{"email": f"{name}@corp.example", "name": name.title(), **cells} for name in names]
        self.people_rows(*rows)

    def people_rows(self, *rows: Mapping[str, str], complete: bool = False) -> import_people.Imported:
        data = _jsonl(rows)
        done = good(import_people.import_people(self.site, None, data, "people", complete=complete))
        assert not done.rejected, done.rejected
        return done

    def phone(self, owner: str, apps: Iterable[str] = (), **columns: Any) -> str:
        """Import one phone of this person, reported now unless said otherwise; its id."""
        row = self.phone_row(owner, apps, **columns)
        self.devices(row)
        return str(row["id"])

    def phone_row(self, owner: str, apps: Iterable[str] = (), **columns: Any) -> dict[str, Any]:
        at = columns.pop("at", self.now())
        id_ = columns.pop("id", f"phone-{owner}")
        return {
            "id": id_,
            "owner": f"{owner}@corp.example",
            "form": "phone",
            "platform": "ios",
            "ownership": "personal",
            "visibility": "full",
            "eas_device_id": f"EAS{id_}",
            "reported_at": "" if at is None else instant_text(at),
            "apps": list(apps),
        } | columns

    def devices(self, *rows: Mapping[str, Any], complete: bool = False) -> import_people.Imported:
        data = _jsonl(rows)
        done = good(import_devices.import_devices(self.site, None, data, "devices", complete=complete))
        assert not done.rejected, done.rejected
        return done

    def report(self, owner: str, apps: Iterable[str] = (), **columns: Any) -> import_devices.Reported:
        row = self.phone_row(owner, apps, **columns)
        return good(import_devices.report(self.site, None, json.dumps(row).encode()))

    def owners(self, number: int, apps: Iterable[str] = (TIKTOK,), prefix: str = "u") -> list[str]:
        """So many people with a phone each that has these apps on it."""
        names = [f"{prefix}{place}" for place in range(number)]
        self.people(*names)
        self.devices(*(self.phone_row(name, apps) for name in names))
        return names

    # --- what is looked for

    def look_for(self, *names: str, until: Instant | None = None, **more: str) -> activation.Approved:
        """Ask that these apps and lists be looked for, for 30 days unless said otherwise, and have it approved; the
        mails around it are sent."""
        key = "" if self.site.exercise else self.key(PRIVACY)
        end = self.now() + 30 * DAY if until is None else until
        asked = good(activation.propose(self.site, AUTHOR, names, "for a test", end, **more))
        signature = ssh.sign(Path(key), asked.proposal.encode("ascii")) if key else ""
        done = good(activation.approve(self.site, PRIVACY, names[0], signature=signature))
        self.deliver()
        return done

    def key(self, person: str, by: str | None = None) -> str:
        """The file of this person's SSH key on a live site, made and recorded when it is first asked for."""
        file = self.site.directory / f"{person}.key"
        if not file.exists():
            good(access.add_key(self.site, by, person, self.make_key(person)))
        return str(file)

    def make_key(self, name: str) -> str:
        """The public line of a new SSH key that is recorded for nobody; the private one is in the file NAME.key."""
        private = Ed25519PrivateKey.generate()
        shape = (serialization.PrivateFormat.OpenSSH, serialization.NoEncryption())
        (self.site.directory / f"{name}.key").write_bytes(private.private_bytes(serialization.Encoding.PEM, *shape))
        public = (serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
        return private.public_key().public_bytes(*public).decode()

    # --- a policy's life

    def propose(self, **changes: Any) -> propose.Proposed:
        return good(propose.propose(self.site, AUTHOR, memo(**changes), "memo.yaml"))

    def approve(self, policy: str = POLICY, *who: str) -> None:
        for person in who or (SECURITY,):
            good(approve.approve(self.site, person, policy, ROLES[person]))

    def announce(self, **changes: Any) -> announce.Announced:
        """Propose, approve in every role asked, announce; the mails around the approval are sent before."""
        proposed = self.propose(**changes)
        asked = [person for person, role in ROLES.items() if role.removeprefix("approver:") in proposed.approvals]
        self.approve(proposed.policy, *asked)
        self.deliver()
        return good(announce.announce(self.site, AUTHOR, proposed.policy))

    def retract(self, policy: str = POLICY, because: str = "error", by: str = OPERATOR) -> retract.Retracted:
        return good(retract.retract(self.site, by, policy, "it was a mistake", because, wait=_no_wait))

    # --- doors

    def hear(self, door: str, position: int, problem: str = "", **more: Any) -> None:
        """A door that follows this site's stream says that it goes by this position, and more."""
        with self.site.store.reading() as conn:
            stream = sitemeta.get(conn, sitemeta.STREAM)
        doors.hear_door(self.site, door, Report(position, problem, stream=stream, **more))

    # --- mail

    def deliver(self, answer: Callable[[Letter], str] = lambda _letter: "accepted", most: int = 1000) -> list[Letter]:
        """Send what may be sent now, the mail server answering each letter like this; the letters, in order."""
        sent: list[Letter] = []
        for _ in range(most):
            letters = deliver.claim(self.site)
            if not letters:
                break
            sent += letters
            answers = [deliver.Answer(letter.notice, answer(letter), "an answer") for letter in letters]
            deliver.settle(self.site, answers)
        return sent

    # --- looking

    def verdict(self, owner: str, device: str | None = None, at: Instant | None = None) -> Verdict:
        name = f"phone-{owner}" if device is None else device
        return good(decide.decide(self.site, None, f"{owner}@corp.example", name, at)).verdict

    def word(self, owner: str, device: str | None = None, at: Instant | None = None) -> str:
        return self.verdict(owner, device, at).outcome.word

    def ledger(self) -> list[str]:
        """The names of all events, oldest first."""
        return [str(row["event"]) for row in good(ledger.show(self.site, None, 0, (), 10**9))]

    def tables(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table, but for the site's clock, which moves by itself."""
        with self.site.store.reading() as conn:
            found = {
                table.name: sorted((tuple(row) for row in conn.execute(table.select())), key=repr)
                for table in metadata.sorted_tables
            }
        found["site"] = [row for row in found["site"] if row[0] != "server_now"]
        return found

    def sound(self) -> None:
        """I-31, I-33: the ledger verifies, and folding it gives the tables."""
        report = ledger.verify(self.site)
        assert not report.problems, report.problems
        rebuilt = good(ledger.rebuild(self.site, None, check=True))
        assert rebuilt.differing == ()

    def close(self) -> None:
        self.site.store.close()


def refused(answer: object, code: Code) -> Refusal:
    assert isinstance(answer, Refusal), answer
    assert answer.code is code, answer
    assert answer.text, answer
    return answer


@contextmanager
def nothing_written(house: House) -> Iterator[None]:
    """Neither the ledger, nor a table, nor the outbox, nor the doors' entries."""
    before = house.tables()
    yield
    assert house.tables() == before


def _no_wait(_seconds: float) -> None:
    return


def _jsonl(rows: Iterable[Mapping[str, Any]]) -> bytes:
    return "\n".join(json.dumps(dict(row)) for row in rows).encode()


class Builder:
    """Makes houses quickly: a site is made once of each kind, and copied."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._numbers = count()
        self._ids: dict[Path, str] = {}

    def build(self, *, exercise: bool = True, roles: bool = True, **settings: object) -> House:
        """A new house. `settings`: other values, `rails__first_batch=5` for `rails.first_batch`."""
        changes = {name.replace("__", "."): value for name, value in settings.items()}
        template = self._template(exercise, roles)
        directory = self._directory / f"house-{next(self._numbers)}"
        shutil.copytree(template, directory)
        text = init_text(site_id=self._ids[template], exercise=exercise, changes=changes)
        (directory / FILE).write_text(text, encoding="utf-8")
        with closing(sqlite3.connect(directory / "gatepost.db")) as conn, conn:
            conn.execute("DELETE FROM site WHERE key = 'rails'")  # as if it had been made with these settings
        return reopen(directory)

    def _template(self, exercise: bool, roles: bool) -> Path:
        directory = self._directory / f"template-{exercise}-{roles}"
        if directory.exists():
            return directory
        house = House(good(wiring.init_site(directory, exercise=exercise, admin=ADMIN)))
        if exercise:
            house.clock(START)
        if roles:
            for person, role in ROLES.items():
                good(access.grant_role(house.site, None, person, role))
            house.deliver()
        self._ids[directory] = house.site.settings.site.id
        house.close()
        (directory / "reserve").unlink()  # 16 MiB in each copy; the worker lays it up again
        return directory


def reopen(directory: Path) -> House:
    site = wiring.open_site(directory)
    assert isinstance(site, Site), site
    return House(site)
