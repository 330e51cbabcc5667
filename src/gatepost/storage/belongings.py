"""Everything held on one person, table by table: what `people export` shows and `people erase` deletes.

A table with a column of people or of devices is here, or it is named in KEPT with the reason (a test looks).
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Connection, Table, and_, delete, or_, select, update

from gatepost.core.fleet.naming import named_in, names_any
from gatepost.core.instant import ALWAYS, Instant
from gatepost.storage import people as persons
from gatepost.storage.access_schema import access_yes, keys, passkeys, provider_roles, roles, waiting_access
from gatepost.storage.among import among
from gatepost.storage.door_schema import contacts, device_passwords, identities, sightings
from gatepost.storage.retention import erase_texts
from gatepost.storage.schema import (
    admissions,
    api_tokens,
    approvals,
    attestations,
    audience,
    audience_devices,
    devices,
    due,
    logins,
    metadata,
    notices,
    outcomes,
    pending,
    people,
    present,
    texts,
    waivers,
    written_files,
)
from gatepost.storage.session_schema import sessions, sign_ins
from gatepost.storage.token_schema import api_answers
from gatepost.storage.webhook_schema import webhook_messages

KEPT: Mapping[str, str] = {
    "ledger": "names people by pseudonym only, and is never changed",
    "revisions": "authors by pseudonym, as the ledger says",
    "approvals": "approvers by pseudonym, as the ledger says: what an auditor checks a quorum by",
    "roles": "by pseudonym, as the ledger says; nobody is erased who holds one",
    "keys": "by pseudonym, as the ledger says; nobody is erased who has one",
    "waiting_access": "whose role or key waits, by pseudonym, as the ledger says",
    "access_yes": "who signed a role or a key, by pseudonym, as the ledger says",
    "passkeys": "by pseudonym, as the ledger says",
    "activations": "who asked that an app be looked for, by pseudonym, as the ledger says",
    "activation_judgements": "who agreed, by pseudonym, as the ledger says",
    "claims": "who added a claim, by pseudonym, as the ledger says",
    "waivers": "by pseudonym, as the ledger says; those from which somebody benefited go with them",
    "attestations": "by pseudonym, as the ledger says; those about somebody's devices go with them",
    "admissions": "by pseudonym: the cap counts them for an hour, and they go with the audiences that are over",
    "proposals": "the impact by pseudonym: frozen bytes that were approved",
}
"""Tables in which a person may go on standing, by a pseudonym that nobody can resolve any more."""

Row = dict[str, Any]


class Whose(NamedTuple):
    """A person with what leads to them. `eas_keys`: ActiveSync ids that stand for no device of anybody else.
    `logins`: also former ones. `names`: every word that means them, or a device of theirs."""

    ref: str
    devices: tuple[str, ...]
    eas_keys: tuple[str, ...]
    identities: tuple[tuple[str, str], ...]
    logins: tuple[str, ...]
    names: frozenset[str]


def whose(conn: Connection, ref: str) -> Whose:
    """LookupError if nobody has this pseudonym."""
    person = persons.load(conn, [ref]).get(ref)
    if person is None:
        raise LookupError(f"nobody has the pseudonym {ref}")
    own = conn.execute(select(devices.c.ref, devices.c.id, devices.c.eas_id).where(devices.c.owner == ref)).all()
    refs = tuple(row.ref for row in own)
    folded = {row.eas_id.casefold() for row in own if row.eas_id}
    others = and_(among(devices.c.eas_key, folded), devices.c.owner != ref, ~devices.c.retired)
    folded -= {row.eas_key for row in conn.execute(select(devices.c.eas_key).where(others))}
    known = select(identities.c.kind, identities.c.key).where(among(identities.c.device, refs))
    selectors = select(device_passwords.c.selector).where(among(device_passwords.c.device, refs))
    by_other = {(kind, key) for kind, key in conn.execute(known)}
    by_other |= {("password", selector) for (selector,) in conn.execute(selectors)}
    all_logins = (*person.logins, *persons.former_logins(conn, ref))
    words = {person.name, person.id, *person.emails, *all_logins}
    words |= {name for row in own for name in (row.id, row.eas_id)} | {key for _, key in by_other}
    return Whose(ref, refs, tuple(sorted(folded)), tuple(sorted(by_other)), all_logins, frozenset(words - {""}))


def conditions(who: Whose) -> dict[Table, ColumnElement[bool]]:
    """The rows of each table that are about this person; what others' rows refer to comes last."""
    owned = who.devices
    seen = or_(
        among(sightings.c.login, who.logins),
        and_(sightings.c.kind == "activesync", among(sightings.c.identity, who.eas_keys)),
        and_(sightings.c.kind != "activesync", among(sightings.c.identity, (key for _, key in who.identities))),
    )
    waived = or_(waivers.c.subject == who.ref, among(waivers.c.subject, owned))
    return {
        sightings: seen,
        notices: notices.c.person == who.ref,
        audience: audience.c.person == who.ref,
        admissions: admissions.c.person == who.ref,
        audience_devices: among(audience_devices.c.device, owned),
        contacts: among(contacts.c.device, owned),
        due: among(due.c.device, owned),
        outcomes: among(outcomes.c.device, owned),
        pending: among(pending.c.device, owned),
        waivers: waived,
        attestations: or_(among(attestations.c.device, owned), attestations.c.given_by == who.ref),
        roles: roles.c.person == who.ref,
        provider_roles: provider_roles.c.person == who.ref,
        keys: keys.c.person == who.ref,
        waiting_access: waiting_access.c.person == who.ref,
        access_yes: access_yes.c.person == who.ref,
        passkeys: passkeys.c.person == who.ref,
        approvals: approvals.c.person == who.ref,
        written_files: written_files.c.person == who.ref,
        sessions: sessions.c.person == who.ref,
        sign_ins: sign_ins.c.person == who.ref,
        api_answers: api_answers.c.token.in_(select(api_tokens.c.token).where(api_tokens.c.person == who.ref)),
        api_tokens: api_tokens.c.person == who.ref,
        webhook_messages: among(webhook_messages.c.device, owned),
        identities: among(identities.c.device, owned),
        device_passwords: among(device_passwords.c.device, owned),
        present: among(present.c.device, owned),
        devices: devices.c.owner == who.ref,
        logins: logins.c.person == who.ref,
        people: people.c.ref == who.ref,
    }


_SECRET = frozenset({"salt", "digest", "browser"})
"""What a password, a link, a session or a token is recognised by: nobody's to read."""


INSTANTS: Mapping[str, frozenset[str]] = {
    table.name: frozenset(column.name for column in table.columns if isinstance(column.type, BigInteger))
    - {"size", "modified_ns"}
    for table in metadata.sorted_tables
}
"""The columns that hold instants, by table."""


def rows(conn: Connection, who: Whose) -> dict[str, list[Row]]:
    """Every row of every table that is about this person, by table and column."""
    found: dict[str, list[Row]] = {}
    for table, condition in conditions(who).items():
        columns = [column for column in table.columns if column.name not in _SECRET]
        query = select(*columns).where(condition).order_by(*table.primary_key.columns)
        found[table.name] = [dict(row) for row in conn.execute(query).mappings()]
    return found


class Traces(NamedTuple):
    """Where others' rows name a person: `texts` by salted hash, `notices` by id, `answers` of the API by token and
    key."""

    texts: set[str]
    notices: set[str]
    answers: set[tuple[str, str]]

    def add(self, newer: "Traces") -> None:
        self.texts.update(newer.texts)
        self.notices.update(newer.notices)
        self.answers.update(newer.answers)


def traces(conn: Connection, everyone: Iterable[Whose], since: Instant = ALWAYS) -> dict[str, Traces]:
    """By pseudonym, in what was written or answered, or what became of a mail, since an instant: one look through it,
    however many are looked for."""
    names = {who.ref: who.names for who in everyone}
    found = {ref: Traces(set(), set(), set()) for ref in names}
    if not found:
        return {}
    named = named_in(names)
    for hash_, text in conn.execute(select(texts.c.hash, texts.c.text).where(texts.c.at >= since)):
        for ref in named(text):
            found[ref].texts.add(hash_)
    said = or_(notices.c.facts != "{}", notices.c.reply != "")
    newer = or_(notices.c.created_at >= since, notices.c.settled_at >= since, notices.c.settled_at.is_(None))
    for id_, facts, reply in conn.execute(select(notices.c.id, notices.c.facts, notices.c.reply).where(said, newer)):
        for ref in named(f"{_plain(facts)}\n{reply}"):
            found[ref].notices.add(id_)
    answered = select(api_answers.c.token, api_answers.c.key, api_answers.c.answer).where(api_answers.c.at >= since)
    for token, key, answer in conn.execute(answered):
        for ref in named(answer):
            found[ref].answers.add((token, key))
    return found


def _plain(facts: str) -> str:
    """Stored JSON with its letters as they are."""
    return json.dumps(json.loads(facts), ensure_ascii=False) if "\\" in facts else facts


def erase(conn: Connection, who: Whose, found: Traces) -> dict[str, int]:
    """Delete them all, but what is KEPT, and free text that names them. How many of each table."""
    gone = {
        table.name: conn.execute(delete(table).where(condition)).rowcount
        for table, condition in conditions(who).items()
        if table.name not in KEPT
    }
    gone["texts"] = erase_texts(conn, found.texts)
    _erase_mentions(conn, who, found)
    return {name: count for name, count in gone.items() if count}


def _erase_mentions(conn: Connection, who: Whose, found: Traces) -> None:
    """Who did something that somebody else was told of, and what programs were answered lately."""
    named = names_any(who.names)
    for token, key in found.answers:
        this = (api_answers.c.token == token, api_answers.c.key == key)
        conn.execute(update(api_answers).where(*this).values(answer=""))
    said = select(notices.c.id, notices.c.facts, notices.c.reply).where(among(notices.c.id, found.notices))
    for id_, facts, reply in conn.execute(said).all():
        kept = {key: value for key, value in json.loads(facts).items() if not named(str(value))}
        values = {"facts": json.dumps(kept), "reply": "" if named(reply) else reply}
        conn.execute(update(notices).where(notices.c.id == id_).values(**values))


def forget_sponsors(conn: Connection, everyone: Iterable[Whose]) -> None:
    """Contractors who answer to one of these answer to nobody that is known."""
    theirs = {name.casefold() for who in everyone for name in who.names}
    for row in conn.execute(select(people.c.ref, people.c.sponsor).where(people.c.sponsor != "")).all():
        if row.sponsor.casefold() in theirs:
            conn.execute(update(people).where(people.c.ref == row.ref).values(sponsor=""))
