"""The tables of doors: what they are told, what they saw, and by what they know devices. See schema.py."""

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

from gatepost.storage.metadata import metadata

identities = Table(
    "identities",
    metadata,
    Column("kind", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("device", String, ForeignKey("devices.ref", ondelete="CASCADE"), nullable=False, index=True),
)
"""Mail identities besides the ActiveSync id: certificate (lower-case hex of the SHA-256), password (its selector)."""

device_passwords = Table(
    "device_passwords",
    metadata,
    Column("selector", String, primary_key=True),
    Column("device", String, ForeignKey("devices.ref", ondelete="CASCADE"), nullable=False, index=True),
    Column("label", String, nullable=False),
    Column("salt", LargeBinary, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("issued_at", BigInteger, nullable=False),
    Column("issued_by", String, nullable=False),
    Column("revoked_at", BigInteger),
    Column("used_at", BigInteger),
)

sightings = Table(
    "sightings",
    metadata,
    Column("door", String, primary_key=True),
    Column("login", String, primary_key=True),
    Column("kind", String, primary_key=True),
    Column("identity", String, primary_key=True),
    Column("device_type", String, nullable=False),
    Column("user_agent", String, nullable=False),
    Column("first_at", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False, index=True),
    Column("reason", String, nullable=False),
    Column("would", String, nullable=False),
    Column("stranger", Boolean(create_constraint=False), nullable=False, server_default="0"),
)
"""`stranger`: nobody had that login when it was seen; they are counted, because anybody can invent one."""
Index("sightings_identity", sightings.c.kind, sightings.c.identity)
Index("sightings_strangers", sightings.c.door, sqlite_where=literal_column("stranger = 1"))

contacts = Table(
    "contacts",
    metadata,
    Column("rule", Integer, primary_key=True),
    Column("device", String, primary_key=True),
    Column("at", BigInteger, nullable=False),
)
"""When a device was first at a door after its person had been told of a rule."""

door_modes = Table(
    "door_modes",
    metadata,
    Column("door", String, primary_key=True),
    Column("mode", String, nullable=False),
    Column("at", BigInteger, nullable=False),
)

door_asks = Table(
    "door_asks",
    metadata,
    Column("door", String, primary_key=True),
    Column("asked_by", String, nullable=False),
    Column("asked_at", BigInteger, nullable=False),
    Column("asked_index", Integer, nullable=False),
    Column("because_hash", String, nullable=False),
)
"""Doors that somebody wants to refuse before their time, until a second person says yes."""

entries = Table(
    "entries",
    metadata,
    Column("key", LargeBinary, primary_key=True),
    Column("value", LargeBinary),
    Column("position", Integer, nullable=False, index=True),
)
"""The change stream, compacted: the newest value of each key, with the position at which it last changed."""

doors = Table(
    "doors",
    metadata,
    Column("name", String, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("contact_at", BigInteger, nullable=False),
    Column("problem", Text, nullable=False, server_default=""),
    Column("first_at", BigInteger, nullable=False, server_default="0"),
    Column("opened_at", BigInteger),
    Column("opened_by", String, nullable=False, server_default=""),
    Column("opened_because", Text, nullable=False, server_default=""),
    Column("dropped", Integer, nullable=False, server_default="0"),
    Column("erasures", Integer, nullable=False, server_default="0"),
    Column("rules", Integer, nullable=False, server_default="0"),
)
"""`position`: up to which the door knows the devices; `rules`: up to which it goes by what people decided, which may be
ahead. `first_at`: since when the door observes. `opened_*`: its glass was broken, as the door told. `dropped`: how much
it saw that had no place among the sightings. `erasures`: up to which erasure its files hold nothing of what was erased.
"""
