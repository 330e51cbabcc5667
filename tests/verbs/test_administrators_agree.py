"""Two administrators: the stand-alone verifier finds what the site finds, entry by entry."""

from random import Random

from sqlalchemy import Connection

from gatepost import verifier
from gatepost.actions import access, confirm
from gatepost.actions.confirm import Confirmed
from gatepost.core.change.two_administrators import LEFT_AFTER, Act
from gatepost.core.instant import DAY
from gatepost.core.refusal import Refusal
from gatepost.signatures import ssh
from gatepost.storage import access as held
from gatepost.storage import ledger as entries
from gatepost.storage import people
from tests.verbs.administrators import APPROVES, BEN, CAL, PUPPET, rows
from tests.verbs.conftest import Build
from tests.verbs.houses import ADMIN, House


def test_site_and_verifier_agree_on_what_counts(build: Build) -> None:
    """Whatever order people ask, confirm, leave and come back in: both find the same roles and keys, entry by entry."""
    random, seen = Random(4), {"waited": 0, "confirmed": 0, "alone": 0, "refused": 0}
    house = build(fleet__complete_limit_percent=100, roles=False)
    staff = [ADMIN, BEN, CAL, PUPPET]
    house.people_rows(*rows(*staff), complete=True)
    keys = {person: house.make_key(person) for person in staff}
    for _ in range(250):
        by, whose, other = (
            random.choice([*_administrators(house), PUPPET]),
            random.choice(staff),
            random.choice(staff),
        )
        role, line = random.choice(["admin", "admin", APPROVES]), keys[whose]
        step = random.randrange(10)
        answer: object = None
        if step < 3:
            answer = access.grant_role(house.site, by, whose, role)
        elif step < 5:
            answer = access.add_key(house.site, by, whose, line)
        elif step == 5:
            answer = access.revoke_role(house.site, by, BEN if whose == ADMIN else whose, role)  # ADMIN sets the clock
        elif step == 6:
            answer = access.revoke_key(house.site, by, ssh.fingerprint(ssh.parse_public_key(line)))
        elif step < 9:
            answer = _confirm_something(house, random)
        elif random.random() < 0.3:
            house.later(random.choice([DAY, LEFT_AFTER]))
            house.people_rows(*rows(*(one for one in staff if one != other or one == ADMIN)), complete=True)
        seen["refused"] += isinstance(answer, Refusal)
        seen["waited"] += bool(getattr(answer, "waits", False))
        seen["alone"] += getattr(answer, "waits", None) is False
        seen["confirmed"] += isinstance(answer, Confirmed) and answer.counts
        _agree(house)
    assert min(seen.values()) > 5, seen
    house.sound()


def _administrators(house: House) -> list[str]:
    with house.site.store.reading() as conn:
        return sorted(_id(conn, ref) for ref in held.holders(conn, "admin"))  # pseudonyms are random


def _id(conn: Connection, ref: str) -> str:
    return people.load(conn, [ref])[ref].id


def _confirm_something(house: House, random: Random) -> object:
    """Of what waits, by one administrator or several; the last answer."""
    with house.site.store.reading() as conn:
        waiting = held.waiting(conn)
        if not waiting:
            return None
        asked = random.choice(waiting).asked
        whose = _id(conn, asked.person) if asked.act in (Act.ROLE_GRANTED, Act.ROLE_REVOKED) else ""
    administrators = _administrators(house)
    some = random.sample(administrators, random.randint(1, len(administrators)))
    return [confirm.confirm(house.site, by, asked.name, whose) for by in some][-1]


def _agree(house: House) -> None:
    """The tables, and what the verifier has in mind at the end of the same entries."""
    with house.site.store.reading() as conn:
        vkey = house.site.note_key.verifier
        history = verifier._History(verifier.Report(), lambda _: None, vkey, verifier.ssh_keygen)
        for row in entries.rows(conn):
            history.take(row.idx, verifier._leaf(row.leaf), row.leaf)
        grants = {(grant.person, grant.role): grant.entry for grant in held.grants(conn)}
        recorded = {key.fingerprint: (key.person, key.entry) for key in held.keys_of(conn)}
        waiting = {one.asked.entry for one in held.waiting(conn)}
    assert grants == {key: owed.entry for key, owed in history._roles.items()}
    assert recorded == {key: (owed.person, owed.entry) for key, owed in history._keys.items()}
    assert waiting == set(history._waiting)
