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
    op.add_column("revisions", sa.Column("paused_at", sa.BigInteger()))
    op.add_column("revisions", sa.Column("not_before", sa.BigInteger(), nullable=False, server_default="0"))
