"""Import of people: rows upsert; missing rows mean nothing unless the file is said to be complete."""

import io
from collections.abc import Callable
from dataclasses import dataclass, field

from gatepost.actions.access_mail import tell_left
from gatepost.actions.change import Change, changing, new_ref
from gatepost.actions.hold import recheck_quorums
from gatepost.actions.site import Site
from gatepost.actions.standing import catch_up, refresh_many
from gatepost.actions.who import ADMIN, APPROVER, OPERATOR, acting
from gatepost.core.fleet.person import Person
from gatepost.core.ledger.access_events import AdministratorBack, AdministratorLeft
from gatepost.core.ledger.events import PeopleImported
from gatepost.core.problem import Problem
from gatepost.core.refusal import Code, Refusal
from gatepost.documents.canonical import digest
from gatepost.documents.people_file import PersonRow, read_people
from gatepost.storage import access, devices, people

Progress = Callable[[int], None]


@dataclass(slots=True)
class Imported:
    """What an import did; `rejected`: rows left out, with line and reason. `held`: policies that lost an approver they
    need."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    retired: int = 0
    rejected: list[Problem] = field(default_factory=list)
    held: tuple[str, ...] = ()


def import_people(
    site: Site,
    by: str | None,
    data: bytes,
    name: str,
    *,
    complete: bool = False,
    progress: Progress = lambda _rows: None,
) -> Imported | Refusal:
    """Take in a file of people. All good rows in one transaction; each bad row is named and left out."""
    rows = _read(site, data, name, progress)  # before the change: there is one writer, and a file may be long
    with changing(site) as change:
        actor = acting(change, by, ADMIN, OPERATOR)
        if isinstance(actor, Refusal):
            return actor
        done = _Import(change, name).run(rows, digest(data), complete)
    catch_up(site)
    return done


def _read(site: Site, data: bytes, name: str, progress: Progress) -> list[PersonRow | Problem]:
    settings = site.settings.site
    rows = []
    for row in read_people(io.BytesIO(data), name, settings.default_time_zone, settings.default_locale):
        rows.append(row)
        if len(rows) % 5000 == 0:
            progress(len(rows))
    return rows


class _Import:
    def __init__(self, change: Change, name: str) -> None:
        self.change, self.name = change, name
        self.result = Imported()
        self.known = {person.id: person for person in people.everybody(change.conn)}
        self.seen: set[str] = set()
        self.save: list[Person] = []
        self.relogged: list[str] = []
        self.moved: list[str] = []  # to another first mail address

    def run(self, rows: list[PersonRow | Problem], file: str, complete: bool) -> Imported | Refusal:
        """`file`: the digest of the file that has these rows."""
        read: list[PersonRow] = []
        for row in rows:
            if isinstance(row, Problem):
                self.result.rejected.append(row)
            elif row.id in self.seen:
                self._reject(row, "id", f"{row.id} stands in this file twice; the first row counts")
            else:
                self.seen.add(row.id)
                read.append(row)
        for row in self._without_clashes(read, complete):
            self._take(row)
        leaving = [
            person.ref for id_, person in self.known.items() if complete and id_ not in self.seen and person.working
        ]
        working = sum(person.working for person in self.known.values())
        limit = self.change.site.settings.fleet.complete_limit_percent
        if complete and len(leaving) * 100 > limit * working:
            return too_many(len(leaving), working, limit, "people")
        if self._nobody_left_to_administer(leaving):
            return Refusal(
                Code.LAST_ADMINISTRATOR,
                "Every administrator is missing from this complete file. Nothing was changed: add one of them to it, "
                "or grant admin to somebody in it first.",
            )
        self._write(leaving, file)
        return self.result

    def _nobody_left_to_administer(self, leaving: list[str]) -> bool:
        working = {person.ref for person in self.known.values() if person.working}
        return bool(leaving) and not (working & set(access.holders(self.change.conn, ADMIN)) - set(leaving))

    def _without_clashes(self, rows: list[PersonRow], complete: bool) -> list[PersonRow]:
        """The rows whose logins are free, as they will be once the file is taken in: logins may move within it.

        Whoever left has none; whose row is left out keeps theirs, which may leave out another row, and so on.
        """
        staying = [p for p in self.known.values() if p.working and not (complete and p.id not in self.seen)]
        keeps = {login: person.id for person in staying if person.id not in self.seen for login in person.logins}
        while True:
            taken, good, kept_after_all = dict(keeps), [], False
            for row in rows:
                clash = next((login for login in row.logins if taken.get(login, row.id) != row.id), None)
                if clash is None:
                    taken.update(dict.fromkeys(row.logins, row.id))
                    good.append(row)
                    continue
                text = f"the login {clash} belongs to {taken[clash]} already; a login has one person"
                self._reject(row, "logins", text)
                known = self.known.get(row.id)
                if known is not None and known.working:
                    keeps.update(dict.fromkeys(known.logins, known.id))
                    kept_after_all = True
            if not kept_after_all:
                return good
            rows = good

    def _take(self, row: PersonRow) -> None:
        known = self.known.get(row.id)
        person = Person(
            ref=known.ref if known else new_ref("p"),
            id=row.id,
            name=row.name,
            kind=row.kind,
            country=row.country,
            time_zone=row.time_zone,
            locale=row.locale,
            emails=row.emails,
            logins=tuple(sorted(row.logins)),
            groups=row.groups,
            sponsor=row.sponsor,
        )
        if known == person:
            self.result.unchanged += 1
            return
        self.save.append(person)
        if known is None:
            self.result.added += 1
        else:
            self.result.changed += 1
            self.relogged.append(person.ref)
            if known.emails[:1] != person.emails[:1]:
                self.moved.append(person.ref)

    def _reject(self, row: PersonRow, field_name: str, text: str) -> None:
        self.result.rejected.append(Problem(self.name, row.line, 0, field_name, text))

    def _write(self, leaving: list[str], file: str) -> None:
        result, change = self.result, self.change
        result.retired = len(leaving)
        people.retire(change.conn, leaving, change.now)
        people.save(change.conn, self.save)
        people.readdress(change.conn, self.moved, change.now)
        change.record(
            PeopleImported(file, result.added, result.changed, result.unchanged, result.retired, len(result.rejected))
        )
        _note_administrators(change)
        if self._turned(leaving):
            result.held = recheck_quorums(change)
        if concerned := [*self.relogged, *leaving]:
            refresh_many(change, devices.refs_of(change.conn, concerned))

    def _turned(self, leaving: list[str]) -> bool:
        """Whether an approver left or came back."""
        back = {person.ref for person in self.save if not self._worked(person)}
        approvers = {grant.person for grant in access.grants(self.change.conn) if grant.role.startswith(APPROVER)}
        return not approvers.isdisjoint(back | set(leaving))

    def _worked(self, person: Person) -> bool:
        known = self.known.get(person.id)
        return known is not None and known.working


def _note_administrators(change: Change) -> None:
    """Which administrators left, or are back: how long one counts as the second is reckoned from the entry."""
    administrators = access.administrators(change.conn)
    known = people.load(change.conn, [one.person for one in administrators])
    for one in administrators:
        works = one.person in known and known[one.person].working
        if works is (one.left_at is None):
            continue
        if works:
            change.record(AdministratorBack(one.person))
            continue
        entry = change.record(AdministratorLeft(one.person))
        if one.person in known:
            tell_left(change, entry, one.person)


def too_many(missing: int, known: int, limit: int, what: str) -> Refusal:
    """A file that is said to be complete lacks more than the site lets go at once."""
    return Refusal(
        Code.TOO_MANY_MISSING,
        f"{missing} of {known} {what} are missing from this complete file, more than {limit} %. Nothing was changed: "
        "check that the file is whole, or raise fleet.complete_limit_percent if they really left.",
    )
