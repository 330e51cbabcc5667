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
from gatepost.actions.site import Site
from gatepost.actions.who import unacknowledged
from gatepost.core.fleet.device import Device
from gatepost.core.fleet.person import Person
from gatepost.core.ledger.events import NamesLooked
from gatepost.core.policy.verdict import Outcome
from gatepost.core.refusal import Code, Refusal
from gatepost.doors.activesync import login_candidates
from gatepost.doors.evaluation import DEVICE, USER, Question
from gatepost.storage import devices, identities, people

Evaluate = Callable[[Question], Decided]


@contextmanager
def evaluating(site: Site) -> Iterator[Evaluate]:
    """What decides questions, all by the facts of one moment."""
    with looking(site) as conn:
        yield _evaluator(site, conn)


def _evaluator(site: Site, conn: Connection) -> Evaluate:
    return partial(_evaluate, conn, Decider(site, conn))


def _evaluate(conn: Connection, decider: Decider, question: Question) -> Decided:
    """As a door decides: a device is known by its certificate, else by its ActiveSync id; and by its id in the
    inventory, which doors do not know."""
    named = question.certificate or question.device
    if not named:
        return decider.by_rule("unidentified", "", question.user)
    device = _device(conn, question)
    if device is None:
        return decider.by_rule("unknown", named, question.user)
    owner = people.load(conn, [device.owner])[device.owner]
    if not device.shared and not set(login_candidates(question.user.casefold())) & set(owner.logins):
        return decider.by_rule("foreign", named, question.user)
    return decider.known(device, question.user)


def _device(conn: Connection, question: Question) -> Device | None:
    if question.certificate:
        ref = identities.find(conn, "certificate", question.certificate)
    else:
        key = question.device.casefold()
        ref = devices.behind(conn, [key]).get(key)
    if ref is None:
        return None if question.certificate else devices.find(conn, question.device)
    return next(devices.members(conn, [ref])).device


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
        change.record(NamesLooked(digest, (person.ref,), change.words(purpose)))
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
        device = _device(conn, question)
        owner = people.load(conn, [device.owner])[device.owner] if device else None
        return owner.logins[0] if owner and owner.logins else ""
