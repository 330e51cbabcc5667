"""The tables of who holds which role and key: readings of the ledger. See schema.py."""

from sqlalchemy import BigInteger, Column, Integer, String, Table, Text

from gatepost.storage.metadata import metadata

roles = Table(
    "roles",
    metadata,
    Column("person", String, primary_key=True),
    Column("role", String, primary_key=True),
    Column("granted_by", String, nullable=False),
    Column("granted_index", Integer, nullable=False),
    Column("line", Text, nullable=False, server_default="[]"),
    Column("confirmed_by", Text, nullable=False, server_default="[]"),
    Column("left_at", BigInteger),
)
"""`granted_index`: the entry since which it counts. `line`: JSON, who stands behind the grant: the granter, whoever had
made them an administrator, and so on. `confirmed_by`: JSON, the administrators who signed it. `left_at`: of an
administrator, since when they are recorded to have left."""

provider_roles = Table(
    "provider_roles",
    metadata,
    Column("person", String, primary_key=True),
    Column("role", String, primary_key=True),
    Column("until", BigInteger, nullable=False),
    Column("entry", Integer, nullable=False),
)
"""What the groups of the provider gave somebody who signed in there. It counts before `until`."""

keys = Table(
    "keys",
    metadata,
    Column("fingerprint", String, primary_key=True),
    Column("person", String, nullable=False),
    Column("public_key", Text, nullable=False),
    Column("added_by", String, nullable=False),
    Column("added_index", Integer, nullable=False),
    Column("line", Text, nullable=False, server_default="[]"),
    Column("confirmed_by", Text, nullable=False, server_default="[]"),
)

waiting_access = Table(
    "waiting_access",
    metadata,
    Column("entry", Integer, primary_key=True, autoincrement=False),
    Column("act", String, nullable=False),
    Column("person", String, nullable=False),
    Column("name", String, nullable=False),
    Column("public_key", Text, nullable=False, server_default=""),
    Column("asked_by", String, nullable=False),
    Column("line", Text, nullable=False, server_default="[]"),
)
"""Roles and keys that were given or taken away, and do not count so yet (core/change/two_administrators.py).
`name`: the role, or the key's fingerprint. `public_key`: of a key that was added."""

access_yes = Table(
    "access_yes",
    metadata,
    Column("entry", Integer, primary_key=True, autoincrement=False),
    Column("person", String, primary_key=True),
    Column("fingerprint", String, nullable=False),
)
"""Who has signed such an entry, by which key."""

passkeys = Table(
    "passkeys",
    metadata,
    Column("credential", String, primary_key=True),
    Column("person", String, nullable=False, index=True),
    Column("fingerprint", String, nullable=False),
    Column("public_key", Text, nullable=False),
    Column("registered_at", BigInteger, nullable=False),
)
"""With which people sign in. `credential`: its id, in base64url; `public_key`: as of a key."""

READINGS = (roles, provider_roles, keys, waiting_access, access_yes, passkeys)
