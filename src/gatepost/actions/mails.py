"""What became of the mails about a policy: by pseudonym for everybody, by name for a purpose (I-34)."""

from sqlalchemy import Connection

from gatepost.actions.change import changing, looking
from gatepost.actions.looks import record_look
from gatepost.actions.site import Site
from gatepost.actions.who import AUTHOR, HELPDESK, OPERATOR, acting, looking_as
from gatepost.core.refusal import Code, Refusal
from gatepost.documents.deadline import instant_text
from gatepost.storage import notices, people, policies
from gatepost.storage.notices import Notice


def show_notices(
    site: Site, by: str | None, policy: str, purpose: str = "", person: str = ""
) -> list[dict[str, object]] | Refusal:
    """The notices of a policy with their states, oldest first. Without a purpose people are pseudonyms.

    `person`: only this one's, for the help desk, which is named nobody else.
    """
    if not purpose.strip():
        if person:
            return Refusal(Code.PURPOSE_MISSING, "Somebody's mails are shown for a purpose only: add --purpose TEXT.")
        with looking(site) as conn:
            actor = looking_as(conn, site.clock.now(), by)
            return actor if isinstance(actor, Refusal) else _rows(conn, policy, {})
    with changing(site) as change:
        roles = (AUTHOR, OPERATOR, HELPDESK) if person else (AUTHOR, OPERATOR)
        actor = acting(change, by, *roles)
        if isinstance(actor, Refusal):
            return actor
        subject = people.find(change.conn, person) if person else None
        if person and subject is None:
            return Refusal(Code.NO_SUCH_PERSON, f"Nobody is known as {person}.")
        addressed = {notice.person for notice in notices.of_policy(change.conn, policy)}
        named = people.load(change.conn, addressed & {subject.ref} if subject else addressed)
        record_look(change, "mails", policy, named, purpose)
        rows = _rows(change.conn, policy, {ref: known.id for ref, known in named.items()})
        if isinstance(rows, Refusal) or subject is None:
            return rows
        return [row for row in rows if row["person"] == subject.id]


def _rows(conn: Connection, policy: str, names: dict[str, str]) -> list[dict[str, object]] | Refusal:
    found = notices.of_policy(conn, policy)
    if not found and policies.latest(conn, policy) is None:
        return Refusal(Code.NO_SUCH_POLICY, f"There is no policy {policy}; `policy list` shows all.")
    found.sort(key=lambda notice: (notice.created_at, names.get(notice.person, notice.person)))
    return [_row(notice, names.get(notice.person, notice.person)) for notice in found]


def _row(notice: Notice, person: str) -> dict[str, object]:
    return {
        "id": notice.id,
        "person": person,
        "revision": notice.revision,
        "kind": notice.kind.value,
        "step": notice.step,
        "state": notice.state.value,
        "message_id": notice.message_id,
        "in_reply_to": notice.in_reply_to,
        "references": notice.references.split(),
        "attempts": notice.attempts,
        "settled_at": None if notice.settled_at is None else instant_text(notice.settled_at),
        "reply": notice.reply,
    }
