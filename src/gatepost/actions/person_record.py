"""Everything held on one person, for that person: what they may see, and what an erasure would take away."""

import email
import json
import os
from collections.abc import Iterable, Mapping
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from gatepost.actions.change import Change, changing
from gatepost.actions.decide import Decider
from gatepost.actions.letter import Desk
from gatepost.actions.looks import looks_at, record_look, without_purpose
from gatepost.actions.mentions import Words, mentions
from gatepost.actions.site import Site
from gatepost.actions.who import ADMIN, HELPDESK, OPERATOR, acting, lacks_role
from gatepost.actions.written import remember
from gatepost.core.fleet.app import app_of
from gatepost.core.instant import NEVER, Instant
from gatepost.core.policy.explain import reasons_data, sentence
from gatepost.core.refusal import Code, Refusal
from gatepost.documents.deadline import instant_text
from gatepost.documents.person_export import as_text
from gatepost.storage import belongings, devices, ledger, notices, people, policies
from gatepost.storage.belongings import Row, Whose

Record = dict[str, Any]
"""`person`: their pseudonym. `at`: when. `tables`: every row about them, by table. Beside them, in words: `devices`
with the verdict of now, `mails` as they would be written today, `looks` at them, `words` that were written about them,
`entries` of the ledger in which they stand, by pseudonym. `rules`: the policy behind each number in the tables."""

JSON_FILE, TEXT_FILE = "person.json", "person.txt"


def export(site: Site, by: str | None, name: str, purpose: str, directory: Path | None = None) -> Record | Refusal:
    """Everything held on somebody, for themselves, or by the help desk or an operator for a purpose; the look is
    recorded (I-34). Into a directory too, if one is named: OSError."""
    with changing(site) as change:
        actor = acting(change, by)
        if isinstance(actor, Refusal):
            return actor
        person = people.find(change.conn, name)
        own = person is not None and person.ref == actor.ref
        if not own and (refusal := lacks_role(actor, HELPDESK, OPERATOR, ADMIN) or without_purpose(purpose)):
            return refusal
        if person is None:
            return Refusal(Code.NO_SUCH_PERSON, f"Nobody here is known as {name}.")
        record_look(change, "export", "", [person.ref], purpose)
        record = _record(change, belongings.whose(change.conn, person.ref))
    if directory is not None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for file, text in ((JSON_FILE, json.dumps(record, indent=1) + "\n"), (TEXT_FILE, as_text(record))):
            _write(directory / file, text)
            remember(site, "export", directory / file, person.ref)
    return record


def _write(path: Path, text: str) -> None:
    """For its owner only."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def _record(change: Change, whose: Whose) -> Record:
    conn = change.conn
    words = Words({whose.ref: whose.devices})
    words.read_on(conn)
    tables = belongings.rows(conn, whose)
    return {
        "person": whose.ref,
        "at": instant_text(change.now),
        "devices": _devices(change, whose),
        "mails": _mails(change, whose),
        "looks": looks_at(conn, whose.ref),
        "words": [text for name in sorted(words.about[whose.ref]) if (text := ledger.words_of(conn, name))],
        "entries": _entries(conn, whose),
        "rules": _rules(conn, tables),
        "tables": {table: [_readable(table, row) for row in rows] for table, rows in tables.items()},
    }


def _rules(conn: Connection, tables: Mapping[str, Iterable[Row]]) -> dict[str, str]:
    """Of the rules that stand in these rows, the policies, by number."""
    used = {row["rule"] for rows in tables.values() for row in rows if "rule" in row}
    return {
        str(revision.rule): f"{revision.policy}, revision {revision.revision}"
        for revision in policies.history(conn)
        if revision.rule in used
    }


def _readable(table: str, row: Row) -> Row:
    """The row with its instants as text."""
    return {
        name: _instant(value) if name in belongings.INSTANTS.get(table, ()) else value for name, value in row.items()
    }


def _instant(value: Instant | None) -> str | None:
    if value is None or not 0 < value < NEVER:
        return None
    return instant_text(value)


def _devices(change: Change, whose: Whose) -> list[Record]:
    """Those in use, with what was found on them, and what their door answers now and why."""
    decider = Decider(change.site, change.conn)
    found = []
    for member in devices.members(change.conn, whose.devices):
        device = member.device
        verdict = decider.known(decider.standing(device), device.id, "").verdict
        found.append(
            {
                "id": device.id,
                "form": device.form.value,
                "platform": device.platform.value,
                "found": sorted({*map(app_of, member.evidence.present)}),
                "verdict": verdict.outcome.word,
                "reasons": reasons_data(verdict, instant_text),
                "sentence": sentence(verdict, decider.at, instant_text),
            }
        )
    return sorted(found, key=lambda item: str(item["id"]))


def _mails(change: Change, whose: Whose) -> list[Record]:
    """Each with its text: the words that were approved, filled in with what is known now."""
    conn = change.conn
    batch = notices.of_person(conn, whose.ref)
    desk = Desk(conn, change.site, batch, change.now, links=False)
    found = []
    for notice in batch:
        letter = desk.letter(notice)
        subject, text = _said(letter.message) if letter else ("", "")
        found.append(
            {
                "id": notice.id,
                "policy": notice.policy,
                "kind": notice.kind.value,
                "state": notice.state.value,
                "written": instant_text(notice.created_at),
                "settled": _instant(notice.settled_at),
                "answer": notice.reply,
                "subject": subject,
                "text": text,
            }
        )
    return found


def _said(message: bytes) -> tuple[str, str]:
    """Subject and plain text of a message."""
    parsed = email.message_from_bytes(message, _class=EmailMessage, policy=default)
    body = parsed.get_body(("plain",))
    return str(parsed["Subject"] or ""), str(body.get_content()) if body else ""


def _entries(conn: Connection, whose: Whose) -> list[Record]:
    own = {whose.ref, *whose.devices}
    return [
        {
            "entry": found.entry,
            "at": instant_text(found.at),
            "by": "you" if found.by == whose.ref else "",
            "event": type(found.event).__name__,
            "data": _own(found.data, own),
        }
        for found in mentions(conn, own)
    ]


def _own(data: Mapping[str, Any], own: Iterable[str]) -> Record:
    """The fields of an event without the others who stand in it: their pseudonyms are theirs."""
    wanted = set(own)
    cut: Record = {}
    for name, value in data.items():
        if isinstance(value, Mapping):
            cut[name] = {key: item for key, item in value.items() if not _pseudonym(key) or key in wanted}
        elif isinstance(value, list | tuple):
            cut[name] = [item for item in value if not _pseudonym(item) or item in wanted]
        else:
            cut[name] = value
    return cut


def _pseudonym(value: object) -> bool:
    return isinstance(value, str) and value.startswith(("p_", "d_"))
