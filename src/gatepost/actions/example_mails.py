"""The mails of a policy as whoever looks would get them: so that nobody approves a text whose result they never saw."""

from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import Connection

from gatepost.actions.cells import cell_of
from gatepost.actions.live import cells_of, proposal_of
from gatepost.actions.proposal_mail import own_deadline, policy_facts, renderer_of, replying
from gatepost.actions.site import Site
from gatepost.core.change.proposal import Proposal
from gatepost.core.fleet.device import Form, Platform
from gatepost.core.fleet.person import Person
from gatepost.core.instant import Duration, Instant
from gatepost.core.notice.notice import NoticeKind
from gatepost.core.policy.policy import Consequence, Scope
from gatepost.notify.facts import DeviceFacts, NoticeFacts
from gatepost.notify.language import language_of
from gatepost.storage.policies import Revision

KINDS: Final = (NoticeKind.ANNOUNCEMENT, NoticeKind.CORRECTION, NoticeKind.WITHDRAWAL)
"""What is shown: what everybody concerned gets, and what they get if it was a mistake, or if minds change."""

_USUAL: Final = {
    Form.PHONE: Platform.IOS,
    Form.TABLET: Platform.IPADOS,
    Form.LAPTOP: Platform.MACOS,
    Form.DESKTOP: Platform.WINDOWS,
}


@dataclass(frozen=True, slots=True)
class ExampleMail:
    """`language`: that of the policy's text (BCP 47)."""

    kind: NoticeKind
    language: str
    subject: str
    text: str
    html: str


def example_mails(
    conn: Connection,
    site: Site,
    revision: Revision,
    reader: Person,
    kinds: tuple[NoticeKind, ...] = KINDS,
    language: str = "",
) -> tuple[ExampleMail, ...]:
    """These mails in each language of the announcement, or in one of them, by the reader's own deadline, as if the
    policy's first app were on a device of theirs. Empty where nobody is told."""
    proposal = proposal_of(conn, revision)
    cell = cell_of(reader, proposal.policy, cells_of(conn, revision), site.settings.site.default_time_zone)
    return _mails(site, proposal, reader, own_deadline(revision, proposal, cell), kinds, language)


def draft_mails(site: Site, draft: Proposal, reader: Person) -> tuple[ExampleMail, ...]:
    """The same of what is not proposed yet."""
    cell = cell_of(reader, draft.policy, draft.numbers, site.settings.site.default_time_zone)
    deadline = None if draft.policy.deadline.immediately else draft.effects[cell]
    return _mails(site, draft, reader, deadline, KINDS)


def _mails(
    site: Site,
    proposal: Proposal,
    reader: Person,
    deadline: Instant | None,
    kinds: tuple[NoticeKind, ...],
    language: str = "",
) -> tuple[ExampleMail, ...]:
    if proposal.policy.consequence is Consequence.REPORT:
        return ()
    facts = _facts(site, proposal, reader, deadline)
    languages = [one for one in facts.policy.texts[NoticeKind.ANNOUNCEMENT] if language in ("", one)]
    return tuple(_mail(kind, one, proposal, facts) for kind in kinds for one in languages)


def _facts(site: Site, proposal: Proposal, reader: Person, deadline: Instant | None) -> NoticeFacts:
    return NoticeFacts(
        policy=policy_facts(site, proposal),
        name=reader.name,
        locale=reader.locale,
        time_zone=reader.time_zone,
        deadline=deadline,
        notice=_notice(proposal, deadline, site.clock.now()),
        grace=proposal.policy.grace,
        devices=(_device(proposal),),
    )


def _notice(proposal: Proposal, deadline: Instant | None, now: Instant) -> Duration | None:
    """The notice period, where it would end later than the deadline if it were announced now."""
    counts = proposal.policy.tell_first and (deadline is None or now + proposal.notice > deadline)
    return proposal.notice if counts else None


def _device(proposal: Proposal) -> DeviceFacts:
    scope: Scope = proposal.policy.scope
    form = next((form for form in Form if form in scope.forms), Form.PHONE)
    platform = next((one for one in Platform if one in scope.platforms), _USUAL[form])
    return DeviceFacts(platform, form, found=(proposal.apps[0].name,))


def _mail(kind: NoticeKind, language: str, proposal: Proposal, facts: NoticeFacts) -> ExampleMail:
    renderer = renderer_of(proposal)
    if language_of(facts.locale) != language_of(language):
        facts = replace(facts, locale=language)
    if kind is not NoticeKind.ANNOUNCEMENT:
        facts = replying(facts, renderer)
    mail = renderer.render(kind, facts)
    return ExampleMail(kind, language, mail.subject, mail.text, mail.html)
