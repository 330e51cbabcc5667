"""Activations as the ledger says: what was proposed, who judged it, and what became of it."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from gatepost.storage.app_schema import activation_judgements, activations
from gatepost.storage.policies import Judgement


class Proposed(NamedTuple):
    """One proposal. `proposal`: its hash, by which it is known. `state`: proposed, active, declined or replaced."""

    proposal: str
    apps: tuple[str, ...]
    author: str
    asked: Mapping[str, int]
    until: int
    proposed_at: int
    proposed_entry: int
    expires: int
    state: str


def history(conn: Connection) -> list[Proposed]:
    """All proposals, oldest first."""
    return [_proposed(row) for row in conn.execute(select(activations).order_by(activations.c.proposed_index))]


def one(conn: Connection, proposal: str) -> Proposed:
    """The proposal of this hash, which there has to be."""
    return _proposed(conn.execute(select(activations).where(activations.c.proposal == proposal)).one())


def waiting(conn: Connection) -> list[Proposed]:
    """Those that wait for approvals, oldest first, whether they have expired or not."""
    return [one for one in history(conn) if one.state == "proposed"]


def judgements(conn: Connection, proposal: str) -> list[Judgement]:
    table = activation_judgements
    query = select(table).where(table.c.proposal == proposal).order_by(table.c.at, table.c.person)
    return [
        Judgement(row.person, row.role, bool(row.approved), row.at, row.fingerprint, row.signature)
        for row in conn.execute(query)
    ]


def _proposed(row: Any) -> Proposed:
    return Proposed(row[0], tuple(json.loads(row.apps)), row.author, json.loads(row.asked), *row[4:])
