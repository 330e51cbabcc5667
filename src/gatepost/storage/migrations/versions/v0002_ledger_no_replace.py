"""No entry of the ledger is replaced.

SQLite's REPLACE deletes the row that is in the way without firing the trigger that forbids deleting.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE TRIGGER ledger_no_replace BEFORE INSERT ON ledger "
        "WHEN EXISTS (SELECT 1 FROM ledger WHERE idx = NEW.idx) "
        "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
    )
