"""What webhooks are told: what waits, and how telling it ended."""

from collections.abc import Iterable
from typing import Literal, NamedTuple, TypeAlias

from sqlalchemy import Connection, delete, func, insert, select, update

from gatepost.core.instant import Instant
from gatepost.storage.webhook_schema import ON_DEVICE, WAITING, webhook_messages

State: TypeAlias = Literal["waiting", "delivered", "given_up"]


class Message(NamedTuple):
    """What one webhook is told of one entry. `message`: its id, the same in all attempts, as `body` is. `device`: the
    pseudonym of the one that it names, if it names one."""

    webhook: str
    entry: int
    message: str
    type: str
    body: str
    state: State
    queued_at: Instant
    next_at: Instant
    attempts: int = 0
    said: str = ""
    settled_at: Instant | None = None
    device: str | None = None


_COLUMNS = tuple(webhook_messages.c[name] for name in Message._fields)


def queue(conn: Connection, new: Iterable[Message]) -> None:
    conn.execute(insert(webhook_messages), [message._asdict() for message in new])


def due(conn: Connection, webhook: str, at: Instant) -> Message | None:
    """The message of this webhook that may be sent, first the one that waits longest; no policy waits for devices."""
    waiting = (webhook_messages.c.webhook == webhook, WAITING, webhook_messages.c.next_at <= at)
    order = (ON_DEVICE, webhook_messages.c.next_at, webhook_messages.c.entry)
    row = conn.execute(select(*_COLUMNS).where(*waiting).order_by(*order).limit(1)).first()
    return Message(*row) if row else None


def save(conn: Connection, message: Message) -> None:
    """Write how far it is with a message that is there."""
    one = (webhook_messages.c.webhook == message.webhook, webhook_messages.c.entry == message.entry)
    fields = {name: getattr(message, name) for name in ("body", "state", "next_at", "attempts", "said", "settled_at")}
    conn.execute(update(webhook_messages).where(*one).values(fields))


def counts(conn: Connection) -> dict[tuple[str, str], int]:
    """How many messages of each webhook are in each state."""
    by = (webhook_messages.c.webhook, webhook_messages.c.state)
    return {(row[0], row[1]): row[2] for row in conn.execute(select(*by, func.count()).group_by(*by))}


def in_state(conn: Connection, state: State) -> list[Message]:
    """All messages in a state, by webhook and entry."""
    query = select(*_COLUMNS).where(webhook_messages.c.state == state)
    return [Message(*row) for row in conn.execute(query.order_by(*webhook_messages.primary_key.columns))]


def asked_at(conn: Connection, device: str, since: Instant) -> Instant | None:
    """When a message on this device was queued last, if that was after an instant."""
    newest = select(func.max(webhook_messages.c.queued_at))
    this = (ON_DEVICE, webhook_messages.c.device == device, webhook_messages.c.queued_at > since)
    return conn.execute(newest.where(*this)).scalar()


def devices_since(conn: Connection, since: Instant) -> int:
    """How many messages on devices were queued after an instant; one for however many webhooks."""
    entries = select(func.count(webhook_messages.c.entry.distinct()))
    return int(conn.execute(entries.where(ON_DEVICE, webhook_messages.c.queued_at > since)).scalar_one())


def forget_devices(conn: Connection, before: Instant) -> None:
    """Erase what was queued on devices until then."""
    conn.execute(delete(webhook_messages).where(ON_DEVICE, webhook_messages.c.queued_at <= before))
