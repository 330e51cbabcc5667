"""Somebody who stands in every table that can hold a person, under names that occur nowhere else."""

import base64
from collections.abc import Iterator
from pathlib import Path

from gatepost.actions import access, approve, device_passwords, exempt, tokens, waive
from gatepost.actions.change import changing
from gatepost.actions.doors import hear_door
from gatepost.actions.looks import record_look
from gatepost.core.instant import DAY
from gatepost.core.token import Scope
from gatepost.doors.report import Report
from gatepost.storage import answers, feed, people, sitemeta, webhooks
from gatepost.storage.answers import Kept
from gatepost.storage.belongings import Whose, whose
from gatepost.storage.webhooks import Message
from tests.verbs.doorside import see, sighting
from tests.verbs.houses import OPERATOR, POLICY, TIKTOK, House, good

NAME = "Quillon Zarathéx"
ID, MAIL, OLD_MAIL = "E-7719402", "quillon@zarathex.example", "q.zarathex@former.example"
LOGIN, OLD_LOGIN = "quillonz", "zarathexq"
PHONE, TABLET, EAS, OLD_EAS = "QZ-PHONE-31", "QZ-TABLET-32", "QZEAS0031AAFF", "QZEAS0032BBEE"
CERTIFICATE = "ab12" * 16
CANARIES = (NAME, ID, MAIL, OLD_MAIL, LOGIN, OLD_LOGIN, PHONE, TABLET, EAS, OLD_EAS, CERTIFICATE)
ROLE = "approver:canary"


def row(**changes: str) -> dict[str, str]:
    cells = {"kind": "employee", "country": "DE", "time_zone": "Europe/Berlin", "locale": "de", "groups": "canaries"}
    return {"id": ID, "email": MAIL, "name": NAME, "logins": f"{LOGIN};{OLD_LOGIN}", **cells, **changes}


def seed(house: House) -> Whose:
    """Everything that can happen to one person; they have the app, are told, and hold a role that was used once."""
    house.people_rows(row(email=f"{OLD_MAIL}"))
    house.people_rows(row(logins=LOGIN))
    house.people("bea", sponsor=MAIL)
    phone = house.phone_row("q", [TIKTOK], id=PHONE, certificate=CERTIFICATE, eas_device_id=EAS)
    tablet = house.phone_row("q", id=TABLET, form="tablet", eas_device_id=OLD_EAS)
    house.devices(phone | {"owner": ID}, tablet | {"owner": ID})
    house.phone("bea", [TIKTOK])
    good(access.grant_role(house.site, None, ID, ROLE))
    good(device_passwords.issue(house.site, OPERATOR, PHONE, reason="new"))
    revoked = good(device_passwords.issue(house.site, OPERATOR, PHONE, "gone1", reason="new"))
    good(device_passwords.revoke(house.site, OPERATOR, revoked.selector))
    house.propose(policy="their-yes", approvals={"canary": 1})
    good(approve.approve(house.site, ID, "their-yes", "canary"))
    good(access.revoke_role(house.site, None, ID, ROLE))
    house.announce(unseen="attest")
    house.deliver()
    see(
        house,
        sighting(LOGIN, EAS.casefold(), house.now()),
        sighting(f"{OLD_LOGIN}", "somethingelse", house.now(), "unknown"),
        sighting("bea@corp.example", EAS.casefold(), house.now(), "foreign"),
        sighting("bea@corp.example", "beas-own", house.now(), "unknown"),
    )
    good(exempt.attest(house.site, OPERATOR, TABLET, "tiktok", house.now() + 5 * DAY))
    until, because = house.now() + 3 * DAY, f"{NAME} travels"
    good(waive.grant_waiver(house.site, OPERATOR, POLICY, person=ID, until=until, reason=because))
    good(exempt.told(house.site, OPERATOR, POLICY, ID, f"{LOGIN} was called"))
    with changing(house.site) as change:
        record_look(change, "names", POLICY, [_whose(house).ref], f"{MAIL} wrote to us")
    house.deliver()
    house.later(4 * DAY)
    house.deliver()
    for who in (ID, OPERATOR):
        token = good(tokens.add_token(house.site, who, "", [Scope.LOOK], house.now() + DAY)).token
        with house.site.store.writing() as conn:
            answers.keep(conn, token, "a key", Kept("asked", None, f'{{"subject": "{ID}, {NAME}"}}'), house.now())
    _asked_about(house)
    return _whose(house)


def _asked_about(house: House) -> None:
    """Of their phone a report was asked for that nobody has told the manager of yet."""
    (phone, *_) = _whose(house).devices
    now = house.now()
    message = Message("manager", 1, "msg_1", "device.check_asked", PHONE, "waiting", now, now, device=phone)
    with house.site.store.writing() as conn:
        webhooks.queue(conn, [message])


def _whose(house: House) -> Whose:
    with house.site.store.reading() as conn:
        person = people.find(conn, ID)
        assert person is not None
        return whose(conn, person.ref)


def leave(house: House) -> None:
    with house.site.store.writing() as conn:
        person = people.find(conn, ID)
        assert person is not None
        people.retire(conn, [person.ref], house.now())


def doors_did_their_part(house: House) -> None:
    """Every door goes by the newest position, and nothing that was erased is in its files."""
    with house.site.store.reading() as conn:
        newest, number = feed.position(conn), sitemeta.number(conn, sitemeta.ERASURES)
        stream, names = sitemeta.get(conn, sitemeta.STREAM), list(feed.known_doors(conn))
    assert names, "else nobody confirms anything"
    for name in names:
        hear_door(house.site, name, Report(newest, "", erasures=number, stream=stream))


def forms(canary: str) -> Iterator[bytes]:
    """How a name can stand in a file, case-folded: as text, and within base64 at each of three offsets."""
    for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
        data = canary.casefold().encode(encoding)
        yield data
    yield repr(canary.casefold().encode("ascii", "backslashreplace"))[2:-1].encode()
    for text in {canary, canary.casefold()}:
        for shift in range(3):
            coded = base64.b64encode(b"\0" * shift + text.encode())
            yield coded[-(-8 * shift // 6) + (shift > 0) : -4]


def traces(*folders: Path, canaries: tuple[str, ...] = CANARIES) -> list[str]:
    """Where a canary stands in any file under these folders: `file: canary`."""
    found = []
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if not path.is_file():
                continue
            data = path.read_bytes()
            folded = data.decode("utf-8", "surrogateescape").casefold().encode("utf-8", "surrogateescape")
            there = [canary for canary in canaries if any(form in data or form in folded for form in forms(canary))]
            found += [f"{path.relative_to(folder)}: {canary}" for canary in there]
    return found
