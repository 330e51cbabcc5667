"""The first tables.

Written once and never changed: a database that has them is brought on by the migrations after this one.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "active_apps",
        sa.Column("app", sa.String(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("purpose_hash", sa.String(), nullable=False),
        sa.Column("since", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("app"),
    )
    op.create_table(
        "approvals",
        sa.Column("policy", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("approved", sa.Boolean(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("policy", "revision", "person"),
    )
    op.create_table(
        "attestations",
        sa.Column("attestation", sa.String(), nullable=False),
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("app", sa.String(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("given_by", sa.String(), nullable=False),
        sa.Column("ended", sa.String(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("attestation"),
    )
    op.create_index(op.f("ix_attestations_device"), "attestations", ["device"], unique=False)
    op.create_table(
        "audience",
        sa.Column("rule", sa.Integer(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("cell", sa.Integer(), nullable=False),
        sa.Column("foreseen", sa.Boolean(), server_default="0", nullable=False),
        sa.Column("told_at", sa.BigInteger(), nullable=True),
        sa.Column("told_otherwise_at", sa.BigInteger(), nullable=True),
        sa.Column("admitted_at", sa.BigInteger(), nullable=True),
        sa.Column("due_since", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("rule", "person"),
    )
    op.create_index(
        "audience_waiting",
        "audience",
        ["rule"],
        unique=False,
        sqlite_where=sa.text("NOT foreseen AND admitted_at IS NULL"),
    )
    op.create_table(
        "admissions",
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("person", "at"),
    )
    op.create_index(op.f("ix_admissions_at"), "admissions", ["at"], unique=False)
    op.create_index("audience_person", "audience", ["person"], unique=False)
    op.create_table(
        "audience_devices",
        sa.Column("rule", sa.Integer(), nullable=False),
        sa.Column("device", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("rule", "device"),
    )
    op.create_table(
        "catalogue",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "id"),
    )
    op.create_table(
        "checkpoints",
        sa.Column("size", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("size"),
    )
    op.create_table(
        "doors",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("contact_at", sa.BigInteger(), nullable=False),
        sa.Column("problem", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "due",
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("rule", sa.Integer(), nullable=False),
        sa.Column("cell", sa.Integer(), nullable=False),
        sa.Column("app", sa.Integer(), nullable=False),
        sa.Column("finding", sa.Integer(), nullable=False),
        sa.Column("counts_from", sa.BigInteger(), nullable=False),
        sa.Column("not_before", sa.BigInteger(), nullable=False),
        sa.Column("effect_at", sa.BigInteger(), nullable=False),
        sa.Column("ready_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("device", "rule"),
    )
    op.create_index("due_rule_counts", "due", ["rule", "counts_from"], unique=False)
    op.create_index("due_rule_effect", "due", ["rule", "effect_at"], unique=False)
    op.create_table(
        "entries",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index(op.f("ix_entries_position"), "entries", ["position"], unique=False)
    op.create_table(
        "keys",
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("added_by", sa.String(), nullable=False),
        sa.Column("added_index", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("fingerprint"),
    )
    op.create_table(
        "ledger",
        sa.Column("idx", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("idx"),
    )
    op.create_index("ledger_event", "ledger", ["event"], unique=False)
    op.create_table(
        "ledger_head",
        sa.Column("one", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("frontier", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("one"),
    )
    op.create_table(
        "looks",
        sa.Column("idx", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("idx", "person"),
    )
    op.create_table(
        "notices",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("policy", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("in_reply_to", sa.String(), server_default="", nullable=False),
        sa.Column("references", sa.Text(), server_default="", nullable=False),
        sa.Column("facts", sa.Text(), server_default="{}", nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("not_before", sa.BigInteger(), nullable=False),
        sa.Column("awaits", sa.Integer(), server_default="0", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("claim", sa.String(), server_default="", nullable=False),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.Column("reply", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_notices_person"), "notices", ["person"], unique=False)
    op.create_index("notices_once", "notices", ["policy", "revision", "kind", "person", "step"], unique=True)
    op.create_index(
        "notices_kind",
        "notices",
        ["kind", "policy", "revision", "settled_at", "state", "not_before"],
        unique=False,
    )
    op.create_index(
        "notices_settled",
        "notices",
        ["settled_at", "kind", "state"],
        unique=False,
        sqlite_where=sa.text("settled_at IS NOT NULL"),
    )
    waiting = "settled_at IS NULL"
    urgent = "'correction', 'withdrawal', 'ended', 'restored'"
    op.create_index("notices_open", "notices", ["state"], unique=False, sqlite_where=sa.text(waiting))
    op.create_index(
        "notices_urgent",
        "notices",
        ["not_before"],
        unique=False,
        sqlite_where=sa.text(f"{waiting} AND (kind || '') IN ({urgent})"),
    )
    op.create_index(
        "notices_ordinary",
        "notices",
        ["not_before", "created_at", "id"],
        unique=False,
        sqlite_where=sa.text(f"{waiting} AND (kind NOT IN ({urgent}, 'announcement'))"),
    )
    op.create_table(
        "outcomes",
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("outcome", sa.Integer(), nullable=False),
        sa.Column("check_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("device"),
    )
    op.create_index(op.f("ix_outcomes_check_at"), "outcomes", ["check_at"], unique=False)
    op.create_table("pending", sa.Column("device", sa.String(), nullable=False), sa.PrimaryKeyConstraint("device"))
    op.create_table(
        "people",
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("locale", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("emails", sa.Text(), nullable=False),
        sa.Column("groups", sa.Text(), nullable=False),
        sa.Column("sponsor", sa.String(), nullable=False),
        sa.Column("working", sa.Boolean(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("ref"),
        sa.UniqueConstraint("id"),
    )
    op.create_index(op.f("ix_people_email"), "people", ["email"], unique=False)
    op.create_table(
        "proposals",
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("bytes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("hash"),
    )
    op.create_table(
        "revisions",
        sa.Column("policy", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("proposal", sa.String(), nullable=False),
        sa.Column("asked", sa.Text(), nullable=False),
        sa.Column("proposed_at", sa.BigInteger(), nullable=False),
        sa.Column("proposed_index", sa.Integer(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.Column("rule", sa.Integer(), nullable=True),
        sa.Column("announced_at", sa.BigInteger(), nullable=True),
        sa.Column("in_force_at", sa.BigInteger(), nullable=True),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("because", sa.String(), server_default="", nullable=False),
        sa.Column("held", sa.Boolean(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("policy", "revision"),
        sa.UniqueConstraint("rule"),
    )
    op.create_table(
        "roles",
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("granted_by", sa.String(), nullable=False),
        sa.Column("granted_index", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("person", "role"),
    )
    op.create_table(
        "closing",
        sa.Column("policy", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("policy", "revision"),
    )
    op.create_table("settling", sa.Column("rule", sa.Integer(), nullable=False), sa.PrimaryKeyConstraint("rule"))
    op.create_table(
        "site",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "texts",
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("hash"),
    )
    op.create_table(
        "waivers",
        sa.Column("waiver", sa.String(), nullable=False),
        sa.Column("policy", sa.String(), nullable=False),
        sa.Column("of", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("granted_by", sa.String(), nullable=False),
        sa.Column("reason_hash", sa.String(), nullable=False),
        sa.Column("ended", sa.String(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("waiver"),
    )
    op.create_index(op.f("ix_waivers_subject"), "waivers", ["subject"], unique=False)
    op.create_table(
        "devices",
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("platform", sa.String(), nullable=False),
        sa.Column("ownership", sa.String(), nullable=False),
        sa.Column("shared", sa.Boolean(), server_default="0", nullable=False),
        sa.Column("managed", sa.Boolean(), server_default="1", nullable=False),
        sa.Column("eas_id", sa.String(), nullable=False),
        sa.Column("eas_key", sa.String(), nullable=False),
        sa.Column("reported_at", sa.BigInteger(), nullable=True),
        sa.Column("visibility", sa.Integer(), nullable=False),
        sa.Column("matched_under", sa.Integer(), nullable=False),
        sa.Column("retired", sa.Boolean(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["owner"],
            ["people.ref"],
        ),
        sa.PrimaryKeyConstraint("ref"),
        sa.UniqueConstraint("id"),
    )
    op.create_index(op.f("ix_devices_eas_key"), "devices", ["eas_key"], unique=False)
    op.create_index(op.f("ix_devices_owner"), "devices", ["owner"], unique=False)
    op.create_table(
        "logins",
        sa.Column("login", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["people.ref"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("login"),
    )
    op.create_index(op.f("ix_logins_person"), "logins", ["person"], unique=False)
    op.create_table(
        "present",
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("app", sa.String(), nullable=False),
        sa.Column("visibility", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["device"], ["devices.ref"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("device", "app"),
    )
    op.create_index(op.f("ix_present_app"), "present", ["app"], unique=False)
    for verb in ("update", "delete"):
        op.execute(
            f"CREATE TRIGGER ledger_no_{verb} BEFORE {verb} ON ledger "
            "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
        )
