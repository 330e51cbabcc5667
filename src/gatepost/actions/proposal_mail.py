"""What all mails about one proposal share: its texts, its templates, and each person's own date."""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from gatepost.actions.site import Site
from gatepost.core.change.proposal import Proposal
from gatepost.core.instant import Instant
from gatepost.core.notice.notice import NoticeKind
from gatepost.core.policy.policy import Text
from gatepost.notify.facts import NoticeFacts, PolicyFacts
from gatepost.notify.language import language_of
from gatepost.notify.render import Renderer
from gatepost.storage.policies import Revision


def policy_facts(site: Site, proposal: Proposal) -> PolicyFacts:
    """What all mails about a proposal's policy share."""
    policy, ours = proposal.policy, site.settings.site
    language = language_of(ours.default_locale)
    return PolicyFacts(
        id=policy.id,
        revision=proposal.revision,
        title=policy.title,
        reason=policy.reason,
        apps=tuple(app.name for app in proposal.apps),
        consequence=policy.consequence,
        unseen=policy.unseen,
        texts={
            NoticeKind.ANNOUNCEMENT: _by_language(policy.announcement, language),
            NoticeKind.CORRECTION: _by_language(policy.correction, language),
            NoticeKind.WITHDRAWAL: _by_language(policy.withdrawal, language),
        },
        contact=ours.contact,
        forms=policy.scope.forms,
        language=language,
        exercise=site.exercise,
    )


def own_deadline(revision: Revision, proposal: Proposal, cell: int) -> Instant | None:
    """The person's own deadline, after a pause no earlier than was said when it ended; None for `immediately`."""
    if proposal.policy.deadline.immediately:
        return revision.not_before or None
    return max(proposal.effects[cell], revision.not_before)


def _by_language(texts: Mapping[str, Text], default: str) -> dict[str, Text]:
    """A text that names no language is in the site's."""
    return {language or default: text for language, text in texts.items()}


def replying(facts: NoticeFacts, renderer: Renderer) -> NoticeFacts:
    """The same facts with the subject of the person's first mail, so that clients join the thread."""
    return replace(facts, thread=renderer.render(NoticeKind.ANNOUNCEMENT, facts).subject)


def renderer_of(proposal: Proposal) -> Renderer:
    """What renders the mails about a proposal: from the templates that it froze (I-13)."""
    return _renderer(tuple(sorted(proposal.templates.items())))


@lru_cache(maxsize=16)
def _renderer(templates: tuple[tuple[str, str], ...]) -> Renderer:
    """One for all proposals that froze the same templates: compiling them takes longer than a hundred mails."""
    return Renderer(dict(templates))
