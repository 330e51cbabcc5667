"""Doors that observe: more identities, device passwords, sightings, modes, and what a door tells of itself."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_table("looks")  # nothing ever wrote to it: a look is an entry of the ledger
    op.create_table(
        "identities",
        sa.Column("kind", sa.String(), primary_key=True),
        sa.Column("key", sa.String(), primary_key=True),
        sa.Column("device", sa.String(), sa.ForeignKey("devices.ref", ondelete="CASCADE"), nullable=False),
    )
    op.create_index("ix_identities_device", "identities", ["device"])
    op.create_table(
        "device_passwords",
        sa.Column("selector", sa.String(), primary_key=True),
        sa.Column("device", sa.String(), sa.ForeignKey("devices.ref", ondelete="CASCADE"), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.Column("issued_by", sa.String(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger()),
        sa.Column("used_at", sa.BigInteger()),
    )
    op.create_index("ix_device_passwords_device", "device_passwords", ["device"])
    op.create_table(
        "sightings",
        sa.Column("door", sa.String(), primary_key=True),
        sa.Column("login", sa.String(), primary_key=True),
        sa.Column("kind", sa.String(), primary_key=True),
        sa.Column("identity", sa.String(), primary_key=True),
        sa.Column("device_type", sa.String(), nullable=False),
        sa.Column("user_agent", sa.String(), nullable=False),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("would", sa.String(), nullable=False),
        sa.Column("stranger", sa.Boolean(create_constraint=False), nullable=False, server_default="0"),
    )
    op.create_index("ix_sightings_last_at", "sightings", ["last_at"])
    op.create_index("sightings_identity", "sightings", ["kind", "identity"])
    op.create_index("sightings_strangers", "sightings", ["door"], sqlite_where=sa.text("stranger = 1"))
    op.create_table(
        "contacts",
        sa.Column("rule", sa.Integer(), primary_key=True),
        sa.Column("device", sa.String(), primary_key=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "door_modes",
        sa.Column("door", sa.String(), primary_key=True),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
    )
    op.add_column("doors", sa.Column("first_at", sa.BigInteger(), nullable=False, server_default="0"))
    op.execute("UPDATE doors SET first_at = contact_at")  # a door from before observes from now on, not since 1970
    op.add_column("doors", sa.Column("opened_at", sa.BigInteger()))
    op.add_column("doors", sa.Column("opened_by", sa.String(), nullable=False, server_default=""))
    op.add_column("doors", sa.Column("opened_because", sa.Text(), nullable=False, server_default=""))
    op.add_column("doors", sa.Column("dropped", sa.Integer(), nullable=False, server_default="0"))
