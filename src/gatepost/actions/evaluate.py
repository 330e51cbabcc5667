"""What standard enforcement points ask the site (AuthZEN): decisions as the doors give them, and searches.

A search names people or their devices. So each is a look that stands in the ledger, with the purpose for which the
asking program has its token (I-34).
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial

from sqlalchemy import Connection

from gatepost.actions.change import changing, looking
from gatepost.actions.decide import Decided, Decider
from gatepost.actions.looks import record_look
from gatepost.actions.site import Site
from gatepost.actions.who import unacknowledged
from gatepost.core.fleet.device import Device
from gatepost.core.fleet.person import Person
from gatepost.core.policy.verdict import Outcome, Standing
from gatepost.core.refusal import Code, Refusal
from gatepost.doors.activesync import login_candidates
from gatepost.doors.entry import certificate_key, decode_standing, identity_key
from gatepost.doors.evaluation import DEVICE, USER, Question
from gatepost.storage import devices, feed, identities, people

Evaluate = Callable[[Question], Decided]


@contextmanager
def evaluating(site: Site) -> Iterator[Evaluate]:
    """What decides questions, all by the facts of one moment."""
    with looking(site) as conn:
        yield _evaluator(site, conn)


def _evaluator(site: Site, conn: Connection) -> Evaluate:
    return partial(_evaluate, conn, Decider(site, conn))


def _evaluate(conn: Connection, decider: Decider, question: Question) -> Decided:
    """As a door decides (Judge.recognise), from the entries that doors are given: by a certificate ahead of the id that
    is claimed, and of what is found the strictest counts."""
    user, named = question.user, question.certificate or question.device
    if not named:
        return decider.by_rule("unidentified", "", user)
    own = _published(conn, certificate_key(question.certificate)) if question.certificate else None
    claimed = _claimed(conn, decider, question.device)
    found = []
    if own:
        mine = _may_use(own, user)
        if claimed and claimed.device == own.device:
            claimed = None
        if claimed or not mine:
            found.append(decider.by_rule("mismatch", named, user))
        if mine:
            found.append(decider.known(own, named, user))
    elif question.certificate or not claimed:
        found.append(decider.by_rule("unknown", named, user))
    if claimed:
        mine = _may_use(claimed, user)
        found.append(decider.known(claimed, named, user) if mine else decider.by_rule("foreign", named, user))
    return max(found, key=lambda decided: decided.verdict.outcome)


def _published(conn: Connection, key: bytes) -> Standing | None:
    value = feed.value(conn, key)
    return None if value is None else decode_standing(value)


def _claimed(conn: Connection, decider: Decider, name: str) -> Standing | None:
    """The device that a door finds by this id; else the one of this id in the inventory, which no door knows."""
    if not name:
        return None
    if standing := _published(conn, identity_key(name)):
        return standing
    device = devices.find(conn, name)
    return decider.standing(device) if device else None


def _may_use(standing: Standing, user: str) -> bool:
    """Whether the device is bound to this login, or to none."""
    return not standing.logins or not set(login_candidates(user.casefold())).isdisjoint(standing.logins)


# --- searches


def search_subjects(site: Site, purpose: str, digest: str, kind: str, asked: Question) -> list[str] | Refusal:
    """The devices with which a mailbox's own person (the question's user) may open mail now. Of type user: that user,
    if the question's device lets them. `digest`: of what was asked."""
    if kind not in (DEVICE, USER):
        return []

    def found(conn: Connection, person: Person) -> list[Question]:
        if kind == USER:
            return [asked]
        return [Question(asked.user, device.id, "") for device in _owned(conn, person)]

    answers = _searched(site, purpose, digest, asked.user, found)
    if isinstance(answers, Refusal):
        return answers
    return sorted(each.device if kind == DEVICE else each.user for each in answers)


def search_resources(site: Site, purpose: str, digest: str, asked: Question) -> list[str] | Refusal:
    """The mailboxes of the question's user, else of its device's owner, that may be opened with the device now."""

    def found(_conn: Connection, person: Person) -> list[Question]:
        return [asked._replace(user=login) for login in person.logins]

    answers = _searched(site, purpose, digest, asked.user or _owner(site, asked), found)
    return answers if isinstance(answers, Refusal) else sorted(each.user for each in answers)


def _searched(
    site: Site,
    purpose: str,
    digest: str,
    login: str,
    found: Callable[[Connection, Person], Iterable[Question]],
) -> list[Question] | Refusal:
    """Those of the questions about this person that are answered by yes; the look at the person is recorded."""
    if not purpose:
        return Refusal(
            Code.PURPOSE_MISSING,
            "A search shows named people, for a stated purpose only: write it to [web] token_purpose.",
        )
    with changing(site) as change:
        if refusal := unacknowledged(change.conn):
            return refusal
        person = _of_login(change.conn, login)
        if person is None:
            return []
        record_look(change, "search", digest, [person.ref], purpose)
        evaluate = _evaluator(site, change.conn)
        return [
            question
            for question in found(change.conn, person)
            if evaluate(question).verdict.outcome is not Outcome.BLOCK
        ]


def _of_login(conn: Connection, login: str) -> Person | None:
    for name in login_candidates(login.casefold()) if login else ():
        person = people.find(conn, name)
        if person is not None and name in person.logins:
            return person
    return None


def _owned(conn: Connection, person: Person) -> list[Device]:
    return [member.device for member in devices.members(conn, devices.refs_of(conn, [person.ref]))]


def _owner(site: Site, question: Question) -> str:
    """A login of the person whose device is asked about, "" if there is none."""
    with looking(site) as conn:
        ref = identities.find(conn, "certificate", question.certificate) if question.certificate else None
        if ref is None:
            key = question.device.casefold()
            device = devices.find(conn, question.device)
            ref = devices.behind(conn, [key]).get(key, device.ref if device else "")
        for member in devices.members(conn, [ref]):
            owner = people.load(conn, [member.person.ref])[member.person.ref]
            return owner.logins[0] if owner.logins else ""
    return ""
