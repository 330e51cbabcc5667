"""What is known of apps and their owners: claims, contacts, questions and answers, official accounts. Pauses."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "claims",
        sa.Column("evidence", sa.String(), primary_key=True),
        sa.Column("app", sa.String(), nullable=False),
        sa.Column("stance", sa.String(), nullable=False),
        sa.Column("on", sa.String(), nullable=False),
        sa.Column("words_hash", sa.String(), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.Column("added_by", sa.String(), nullable=False),
    )
    op.create_index("ix_claims_app", "claims", ["app"])
    op.create_table(
        "vendor_contacts",
        sa.Column("publisher", sa.String(), primary_key=True),
        sa.Column("words_hash", sa.String(), nullable=False),
    )
    op.create_table(
        "inquiries",
        sa.Column("inquiry", sa.String(), primary_key=True),
        sa.Column("app", sa.String(), nullable=False),
        sa.Column("asked_on", sa.String(), nullable=False),
        sa.Column("asker", sa.String(), nullable=False),
        sa.Column("question_hash", sa.String(), nullable=False),
        sa.Column("answered_on", sa.String(), nullable=False, server_default=""),
        sa.Column("answer_hash", sa.String(), nullable=False, server_default=""),
    )
    op.create_index("inquiries_app", "inquiries", ["app"])
    op.create_table(
        "accounts",
        sa.Column("account", sa.String(), primary_key=True),
        sa.Column("app", sa.String(), nullable=False),
        sa.Column("group", sa.String(), nullable=False),
        sa.Column("words_hash", sa.String(), nullable=False),
    )
    op.create_index("ix_accounts_app", "accounts", ["app"])
    op.add_column("revisions", sa.Column("refers_to", sa.String(), nullable=False, server_default=""))
    op.add_column("revisions", sa.Column("begun_at", sa.BigInteger()))
    op.execute("UPDATE revisions SET begun_at = announced_at")
    op.add_column("revisions", sa.Column("paused_at", sa.BigInteger()))
    op.add_column("revisions", sa.Column("not_before", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("texts", sa.Column("at", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("people", sa.Column("left_at", sa.BigInteger()))
    op.add_column("people", sa.Column("former_logins", sa.Text(), nullable=False, server_default="[]"))
    op.add_column("devices", sa.Column("retired_at", sa.BigInteger()))
    op.add_column("doors", sa.Column("erasures", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("doors", sa.Column("rules", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("revisions", sa.Column("paused_for", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("revisions", sa.Column("paused_untold", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("roles", sa.Column("line", sa.Text(), nullable=False, server_default="[]"))
    op.add_column("keys", sa.Column("line", sa.Text(), nullable=False, server_default="[]"))
    op.add_column("roles", sa.Column("confirmed_by", sa.Text(), nullable=False, server_default="[]"))
    op.add_column("roles", sa.Column("left_at", sa.BigInteger()))
    op.add_column("keys", sa.Column("confirmed_by", sa.Text(), nullable=False, server_default="[]"))
    op.create_table(
        "waiting_access",
        sa.Column("entry", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False, server_default=""),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False, server_default="[]"),
    )
    op.create_table(
        "access_yes",
        sa.Column("entry", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("person", sa.String(), primary_key=True),
        sa.Column("fingerprint", sa.String(), nullable=False),
    )
    op.add_column("people", sa.Column("address_at", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("audience", sa.Column("owed", sa.Boolean(), nullable=False, server_default="0"))
    op.create_index("audience_owed", "audience", ["rule"], sqlite_where=sa.text("owed = 1"))
    op.create_table(
        "door_asks",
        sa.Column("door", sa.String(), primary_key=True),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("asked_index", sa.Integer(), nullable=False),
        sa.Column("because_hash", sa.String(), nullable=False),
    )
    urgent = "'correction', 'withdrawal', 'ended', 'restored', 'device-password', 'sign-in', 'code'"
    op.drop_index("notices_urgent", "notices")
    op.drop_index("notices_ordinary", "notices")
    op.create_index(
        "notices_urgent",
        "notices",
        ["not_before"],
        sqlite_where=sa.text(f"settled_at IS NULL AND (kind || '') IN ({urgent})"),
    )
    op.create_index(
        "notices_ordinary",
        "notices",
        ["not_before", "created_at", "id"],
        sqlite_where=sa.text(f"settled_at IS NULL AND (kind NOT IN ({urgent}, 'announcement'))"),
    )
    op.create_index(
        "notices_read",
        "notices",
        ["policy", "person"],
        sqlite_where=sa.text(
            "state IN ('accepted', 'uncertain') AND ((kind || '') NOT IN ('approval-asked', 'approval-result'))"
        ),
    )
    # Nobody knows since when; their time runs from the upgrade on.
    for table, column, condition in (
        ("texts", "at", "1"),
        ("people", "left_at", "NOT working"),
        ("devices", "retired_at", "retired"),
    ):
        op.execute(f"UPDATE {table} SET {column} = CAST(strftime('%s', 'now') AS INTEGER) * 1000 WHERE {condition}")  # noqa: S608 (words of ours)
    op.create_table(
        "written_files",
        sa.Column("path", sa.String(), primary_key=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("modified_ns", sa.BigInteger(), nullable=False),
        sa.Column("person", sa.String(), nullable=False, server_default=""),
    )
    op.create_table(
        "previews",
        sa.Column("scope", sa.Text(), primary_key=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "activations",
        sa.Column("proposal", sa.String(), primary_key=True),
        sa.Column("apps", sa.Text(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("asked", sa.Text(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("proposed_at", sa.BigInteger(), nullable=False),
        sa.Column("proposed_index", sa.Integer(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
    )
    op.create_table(
        "activation_judgements",
        sa.Column("proposal", sa.String(), primary_key=True),
        sa.Column("person", sa.String(), primary_key=True),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("approved", sa.Boolean(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.Column("reason_hash", sa.String(), nullable=False),
    )
    # What was active was approved by nobody, and by which identifier it was found nobody kept: both begin anew.
    op.drop_table("active_apps")
    op.create_table(
        "active_apps",
        sa.Column("app", sa.String(), primary_key=True),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("proposal", sa.String(), nullable=False),
        sa.Column("since", sa.Text(), nullable=False),
    )
    op.drop_table("present")
    op.create_table(
        "present",
        sa.Column("device", sa.String(), sa.ForeignKey("devices.ref", ondelete="CASCADE"), primary_key=True),
        sa.Column("app", sa.String(), primary_key=True),
        sa.Column("identifier", sa.String(), primary_key=True),
        sa.Column("visibility", sa.Integer(), nullable=False),
    )
    op.create_index("ix_present_app", "present", ["app"])
    op.add_column("waivers", sa.Column("role", sa.String(), nullable=False, server_default=""))
    op.add_column("waivers", sa.Column("granted_at", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("waivers", sa.Column("ended_at", sa.BigInteger()))
    op.create_table(
        "provider_roles",
        sa.Column("person", sa.String(), primary_key=True),
        sa.Column("role", sa.String(), primary_key=True),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("entry", sa.Integer(), nullable=False),
    )
    op.create_table(
        "passkeys",
        sa.Column("credential", sa.String(), primary_key=True),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("registered_at", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_passkeys_person", "passkeys", ["person"])
    op.create_table(
        "sign_ins",
        sa.Column("digest", sa.String(), primary_key=True),
        sa.Column("browser", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_sign_ins_person", "sign_ins", ["person"])
    op.create_index("ix_sign_ins_asked_at", "sign_ins", ["asked_at"])
    op.create_table(
        "sessions",
        sa.Column("digest", sa.String(), primary_key=True),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.Column("begun_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=False),
        sa.Column("proved_at", sa.BigInteger()),
    )
    op.create_index("ix_sessions_person", "sessions", ["person"])
    op.create_table(
        "used_attempts",
        sa.Column("digest", sa.String(), primary_key=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_used_attempts_at", "used_attempts", ["at"])
    op.create_table(
        "webhook_messages",
        sa.Column("webhook", sa.String(), primary_key=True),
        sa.Column("entry", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("queued_at", sa.BigInteger(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("said", sa.String(), nullable=False, server_default=""),
        sa.Column("settled_at", sa.BigInteger()),
        sa.Column("device", sa.String()),
    )
    op.create_index(
        "webhook_messages_waiting",
        "webhook_messages",
        ["webhook", "next_at"],
        sqlite_where=sa.text("settled_at IS NULL"),
    )
    op.create_index(
        "webhook_messages_device",
        "webhook_messages",
        ["queued_at"],
        sqlite_where=sa.text("device IS NOT NULL"),
    )
    op.create_table(
        "api_tokens",
        sa.Column("token", sa.String(), primary_key=True),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_api_tokens_person", "api_tokens", ["person"])
    op.create_table(
        "compliance",
        sa.Column("rule", sa.Integer(), primary_key=True),
        sa.Column("at", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("carrying", sa.Integer(), nullable=False),
        sa.Column("unseen", sa.Integer(), nullable=False),
    )
    op.create_table(
        "api_answers",
        sa.Column("token", sa.String(), primary_key=True),
        sa.Column("key", sa.String(), primary_key=True),
        sa.Column("asked", sa.String(), nullable=False),
        sa.Column("entry", sa.Integer()),
        sa.Column("answer", sa.Text(), nullable=False, server_default=""),
        sa.Column("at", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_api_answers_at", "api_answers", ["at"])
    op.add_column("outcomes", sa.Column("owner", sa.String(), nullable=False, server_default=""))
    op.execute("UPDATE outcomes SET owner = coalesce((SELECT owner FROM devices WHERE ref = outcomes.device), '')")
    op.create_index("outcomes_owner", "outcomes", ["outcome", "owner"])
