"""The tables of sign-in: links that were asked for, and sessions. See schema.py."""

from sqlalchemy import BigInteger, Column, String, Table, Text

from gatepost.storage.metadata import metadata

sign_ins = Table(
    "sign_ins",
    metadata,
    Column("digest", String, primary_key=True),
    Column("browser", String, nullable=False),
    Column("person", String, nullable=False, index=True),
    Column("asked_at", BigInteger, nullable=False, index=True),
)
"""`digest`: of the secret in the link; `browser`: of the cookie that the browser got which asked (SHA-256, hex)."""

sessions = Table(
    "sessions",
    metadata,
    Column("digest", String, primary_key=True),
    Column("person", String, nullable=False, index=True),
    Column("roles", Text, nullable=False),
    Column("begun_at", BigInteger, nullable=False),
    Column("used_at", BigInteger, nullable=False),
    Column("proved_at", BigInteger),
)
"""`digest`: of the cookie. `roles`: JSON, those held when the cookie was made: others make another cookie.
`proved_at`: when the person last showed who they are, here or to the provider; null if it does not say."""

used_attempts = Table(
    "used_attempts",
    metadata,
    Column("digest", String, primary_key=True),
    Column("at", BigInteger, nullable=False, index=True),
)
"""Sign-ins that browsers keep (signatures/attempt.py) and that are done, by the machine's clock: none is good twice."""
