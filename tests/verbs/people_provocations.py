"""How each refusal is met that is about who somebody is, and what they hold."""

from gatepost.actions import access, confirm, erase, propose
from gatepost.core.refusal import Code
from gatepost.storage import people
from tests.verbs.houses import ADMIN, AUTHOR, EXECUTIVE, OPERATOR, SECURITY, TIKTOK, House, good, memo
from tests.verbs.provocations import Scene, Verb, provokes


@provokes(Code.NO_SUCH_PERSON)
def _(scene: Scene) -> Verb:
    house = scene.house()
    return lambda: propose.propose(house.site, "nobody@corp.example", memo(), "memo")


@provokes(Code.ROLE_MISSING)
def _(scene: Scene) -> Verb:
    house = scene.house()
    return lambda: propose.propose(house.site, OPERATOR, memo(), "memo")


@provokes(Code.SELF_GRANT)
def _(scene: Scene) -> Verb:
    house = scene.house()
    return lambda: access.grant_role(house.site, ADMIN, ADMIN, "approver:security")


@provokes(Code.LAST_ADMINISTRATOR)
def _(scene: Scene) -> Verb:
    house = scene.house()
    return lambda: access.revoke_role(house.site, ADMIN, ADMIN, "admin")


KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFq8W5RSnwVbaWIvZXIU3oqDR34b1XMkeKsvJj7dDJXB somebody"


@provokes(Code.KEY_KNOWN)
def _(scene: Scene) -> Verb:
    house = scene.house()
    good(access.add_key(house.site, None, SECURITY, KEY))
    return lambda: access.add_key(house.site, None, EXECUTIVE, KEY)


@provokes(Code.KEY_UNKNOWN)
def _(scene: Scene) -> Verb:
    house = scene.house()
    return lambda: access.revoke_key(house.site, None, "SHA256:nothing")


@provokes(Code.NOTHING_TO_CONFIRM)
def _(scene: Scene) -> Verb:
    house = scene.house()
    return lambda: confirm.confirm(house.site, ADMIN, "approver:legal", SECURITY)


@provokes(Code.PERSON_LEFT)
def _(scene: Scene) -> Verb:
    house = scene.house()
    with house.site.store.writing() as conn:
        author = people.find(conn, AUTHOR)
        assert author is not None
        people.retire(conn, [author.ref], house.now())
    return lambda: propose.propose(house.site, AUTHOR, memo(), "memo")


def gone(house: House, **person: str) -> None:
    """Ben, with a phone, who left."""
    house.people("ben", **person)
    house.phone("ben", [TIKTOK])
    with house.site.store.writing() as conn:
        ben = people.find(conn, "ben@corp.example")
        assert ben is not None
        people.retire(conn, [ben.ref], house.now())


def erasing(house: House, because: str = "their time is over") -> Verb:
    return lambda: erase.erase(house.site, None, "ben@corp.example", because)


@provokes(Code.PERSON_WORKS)
def _(scene: Scene) -> Verb:
    house = scene.house()
    house.people("ben")
    return erasing(house)


@provokes(Code.ROLE_HELD)
def _(scene: Scene) -> Verb:
    house = scene.house()
    good(access.grant_role(house.site, None, "ben@corp.example", "helpdesk"))
    gone(house)
    return erasing(house)


@provokes(Code.REASON_NAMES)
def _(scene: Scene) -> Verb:
    house = scene.house()
    gone(house)
    return erasing(house, "ben@corp.example asked for it")


@provokes(Code.MAIL_OWED)
def _(scene: Scene) -> Verb:
    house = scene.house()
    house.owners(1)
    house.people("ben")
    house.phone("ben", [TIKTOK])
    house.announce()
    house.deliver()
    gone(house)
    house.retract()
    return erasing(house)
