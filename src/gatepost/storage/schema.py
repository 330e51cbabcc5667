"""The tables. Instants are milliseconds; `ref` columns hold the random pseudonyms that the ledger uses too.

Two families: *readings of the ledger* (written by storage/reading.py alone, rebuilt by folding the ledger) and
*inventory and work* (table-first: personal, bulky, erasable).
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    literal_column,
)

from gatepost.storage.access_schema import READINGS as ACCESS_READINGS
from gatepost.storage.app_schema import READINGS as APP_READINGS
from gatepost.storage.compliance_schema import compliance as compliance
from gatepost.storage.door_schema import door_asks, door_modes
from gatepost.storage.metadata import metadata as metadata
from gatepost.storage.notice_schema import notices as notices
from gatepost.storage.session_schema import sessions as sessions  # and with it sign_ins
from gatepost.storage.token_schema import api_tokens as api_tokens  # and with it api_answers
from gatepost.storage.webhook_schema import webhook_messages as webhook_messages
from gatepost.storage.written_schema import written_files as written_files


def _flag(name: str, default: str = "0") -> Column[bool]:
    return Column(name, Boolean(create_constraint=False), nullable=False, server_default=default)


# --- the site and its ledger

site = Table("site", metadata, Column("key", String, primary_key=True), Column("value", String, nullable=False))

ledger = Table(
    "ledger",
    metadata,
    Column("idx", Integer, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("by", String, nullable=False),
    Column("event", String, nullable=False),
    Column("leaf", LargeBinary, nullable=False),
)
Index("ledger_event", ledger.c.event)

ledger_head = Table(
    "ledger_head",
    metadata,
    Column("one", Integer, primary_key=True),
    Column("size", Integer, nullable=False),
    Column("frontier", LargeBinary, nullable=False),
)

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("size", Integer, primary_key=True, autoincrement=False),
    Column("note", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)

proposals = Table(
    "proposals",
    metadata,
    Column("hash", String, primary_key=True),
    Column("bytes", LargeBinary, nullable=False),
)

texts = Table(
    "texts",
    metadata,
    Column("hash", String, primary_key=True),
    Column("salt", LargeBinary, nullable=False),
    Column("text", Text, nullable=False),
    Column("at", BigInteger, nullable=False, server_default="0"),
)

# --- readings of the ledger

active_apps = Table(
    "active_apps",
    metadata,
    Column("app", String, primary_key=True),
    Column("until", BigInteger, nullable=False),
    Column("proposal", String, nullable=False),
    Column("since", Text, nullable=False),
)

revisions = Table(
    "revisions",
    metadata,
    Column("policy", String, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("stage", String, nullable=False),
    Column("author", String, nullable=False),
    Column("proposal", String, nullable=False),
    Column("asked", Text, nullable=False),
    Column("proposed_at", BigInteger, nullable=False),
    Column("proposed_index", Integer, nullable=False),
    Column("expires", BigInteger, nullable=False),
    Column("rule", Integer, unique=True),
    Column("announced_at", BigInteger),
    Column("begun_at", BigInteger),
    Column("in_force_at", BigInteger),
    Column("closed_at", BigInteger),
    Column("because", String, nullable=False, server_default=""),
    Column("refers_to", String, nullable=False, server_default=""),
    _flag("held"),
    Column("paused_at", BigInteger),
    Column("not_before", BigInteger, nullable=False, server_default="0"),
    Column("paused_for", BigInteger, nullable=False, server_default="0"),
    Column("paused_untold", BigInteger, nullable=False, server_default="0"),
)
"""`paused_for`: the sum of its pauses that are over; `paused_untold`: of those since people were last told."""

approvals = Table(
    "approvals",
    metadata,
    Column("policy", String, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("person", String, primary_key=True),
    Column("role", String, nullable=False),
    Column("approved", Boolean(create_constraint=False), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("fingerprint", String, nullable=False),
    Column("signature", Text, nullable=False),
)

waivers = Table(
    "waivers",
    metadata,
    Column("waiver", String, primary_key=True),
    Column("policy", String, nullable=False),
    Column("of", String, nullable=False),
    Column("subject", String, nullable=False, index=True),
    Column("until", BigInteger, nullable=False),
    Column("granted_by", String, nullable=False),
    Column("reason_hash", String, nullable=False),
    Column("ended", String, nullable=False, server_default=""),
    Column("role", String, nullable=False, server_default=""),
    Column("granted_at", BigInteger, nullable=False, server_default="0"),
    Column("ended_at", BigInteger),
)

attestations = Table(
    "attestations",
    metadata,
    Column("attestation", String, primary_key=True),
    Column("device", String, nullable=False, index=True),
    Column("app", String, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("given_by", String, nullable=False),
    Column("ended", String, nullable=False, server_default=""),
)

READINGS = (
    *ACCESS_READINGS,
    active_apps,
    revisions,
    approvals,
    waivers,
    attestations,
    door_modes,
    door_asks,
    *APP_READINGS,
)
"""What folding the ledger gives (I-33)."""

# --- inventory

people = Table(
    "people",
    metadata,
    Column("ref", String, primary_key=True),
    Column("id", String, nullable=False, unique=True),
    Column("name", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("country", String, nullable=False),
    Column("time_zone", String, nullable=False),
    Column("locale", String, nullable=False),
    Column("email", String, nullable=False, index=True),
    Column("emails", Text, nullable=False),
    Column("groups", Text, nullable=False),
    Column("sponsor", String, nullable=False),
    _flag("working", "1"),
    Column("left_at", BigInteger),
    Column("former_logins", Text, nullable=False, server_default="[]"),
    Column("address_at", BigInteger, nullable=False, server_default="0"),
)
"""`former_logins`: those that somebody had and has no more, so that what doors saw under them is found with them.
`address_at`: since when somebody has another first mail address than before."""

logins = Table(
    "logins",
    metadata,
    Column("login", String, primary_key=True),
    Column("person", String, ForeignKey("people.ref", ondelete="CASCADE"), nullable=False, index=True),
)

devices = Table(
    "devices",
    metadata,
    Column("ref", String, primary_key=True),
    Column("id", String, nullable=False, unique=True),
    Column("owner", String, ForeignKey("people.ref"), nullable=False, index=True),
    Column("form", String, nullable=False),
    Column("platform", String, nullable=False),
    Column("ownership", String, nullable=False),
    _flag("shared"),
    _flag("managed", "1"),
    Column("eas_id", String, nullable=False),
    Column("eas_key", String, nullable=False, index=True),
    Column("reported_at", BigInteger),
    Column("visibility", Integer, nullable=False),
    Column("matched_under", Integer, nullable=False),
    _flag("retired"),
    Column("retired_at", BigInteger),
)

present = Table(
    "present",
    metadata,
    Column("device", String, ForeignKey("devices.ref", ondelete="CASCADE"), primary_key=True),
    Column("app", String, primary_key=True, index=True),
    Column("identifier", String, primary_key=True),
    Column("visibility", Integer, nullable=False),
)

previews = Table(
    "previews",
    metadata,
    Column("scope", Text, primary_key=True),
    Column("at", BigInteger, nullable=False),
)
"""What was previewed when: scopes, as JSON, and of no person."""

catalogue = Table(
    "catalogue",
    metadata,
    Column("kind", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("data", Text, nullable=False),
    Column("revision", Integer, nullable=False),
)

# --- a policy and its people

audience = Table(
    "audience",
    metadata,
    Column("rule", Integer, primary_key=True),
    Column("person", String, primary_key=True),
    Column("cell", Integer, nullable=False),
    _flag("foreseen"),
    Column("told_at", BigInteger),
    Column("told_otherwise_at", BigInteger),
    Column("admitted_at", BigInteger),
    Column("due_since", BigInteger),
    _flag("owed"),
)
"""`owed`: the announcement to this person is still to be put in the outbox."""
Index("audience_person", audience.c.person)
Index("audience_owed", audience.c.rule, sqlite_where=literal_column("owed = 1"))
Index(
    "audience_waiting",
    audience.c.rule,
    sqlite_where=~audience.c.foreseen & audience.c.admitted_at.is_(None),
)

admissions = Table(
    "admissions",
    metadata,
    Column("person", String, primary_key=True),
    Column("at", BigInteger, primary_key=True, index=True),
)
"""Everybody whom the cap ever let be blocked, and when: an admission that lapses stays counted."""

audience_devices = Table(
    "audience_devices",
    metadata,
    Column("rule", Integer, primary_key=True),
    Column("device", String, primary_key=True),
)

due = Table(
    "due",
    metadata,
    Column("device", String, primary_key=True),
    Column("rule", Integer, primary_key=True),
    Column("cell", Integer, nullable=False),
    Column("app", Integer, nullable=False),
    Column("finding", Integer, nullable=False),
    Column("counts_from", BigInteger, nullable=False),
    Column("not_before", BigInteger, nullable=False),
    Column("effect_at", BigInteger, nullable=False),
    Column("ready_at", BigInteger, nullable=False),
)
Index("due_rule_effect", due.c.rule, due.c.effect_at)
Index("due_rule_counts", due.c.rule, due.c.counts_from)

outcomes = Table(
    "outcomes",
    metadata,
    Column("device", String, primary_key=True),
    Column("outcome", Integer, nullable=False),
    Column("check_at", BigInteger, nullable=False, index=True),
    Column("owner", String, nullable=False, server_default=""),
)
Index("outcomes_owner", outcomes.c.outcome, outcomes.c.owner)

pending = Table("pending", metadata, Column("device", String, primary_key=True))
"""Devices whose standing is to be computed anew, some at a time, so that nobody waits long for the one writer."""

settling = Table(
    "settling",
    metadata,
    Column("rule", Integer, primary_key=True),
)
"""Rules that stopped counting whose devices' recorded outcomes are yet to be brought up to date."""

closing = Table(
    "closing",
    metadata,
    Column("policy", String, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("kind", String, nullable=False),
    Column("position", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
)
