"""Somebody who can write the site's files, and wants the record to say something else, or to act without others."""

import re
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import pytest

from gatepost import wiring
from gatepost.actions import announce, backup, ledger, live
from gatepost.actions.site import KEY_FILE, Site
from gatepost.config import FILE
from gatepost.core.problem import Problem
from gatepost.core.refusal import Code
from gatepost.doors.entry import RULE
from gatepost.signatures.note import generate
from gatepost.storage import feed
from tests.verbs.conftest import Build
from tests.verbs.houses import AUTHOR, POLICY, House, good, refused, reopen


def sql(house: House, *statements: str, triggers: bool = False) -> None:
    """Statements by hand, as whoever owns the file can; without the triggers unless they are to stay."""
    with closing(sqlite3.connect(house.site.store.path)) as conn, conn:
        if not triggers:
            for (name,) in conn.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                conn.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            conn.execute(statement)


def codes(house: House) -> set[str]:
    return {problem.code for problem in ledger.verify(house.site).problems}


def test_a_live_site_is_not_turned_into_an_exercise(build: Build) -> None:
    """I-12, I-19: only an exercise takes `--as` for a signature, and a site was made as one or was not: no edit of its
    settings makes a live site one, for as long as it takes to approve something alone."""
    house = build(exercise=False)
    file = house.site.directory / FILE
    file.write_text(file.read_text().replace("exercise = false", "exercise = true"))
    problems = wiring.open_site(house.site.directory)
    assert isinstance(problems, tuple)
    assert [problem.field for problem in problems] == ["site.exercise"]


@pytest.mark.parametrize(("setting", "value"), [("site.id", "another"), ("site.exercise", "false")])
def test_settings_that_do_not_fit_the_ledger_are_refused(build: Build, setting: str, value: str) -> None:
    """What the ledger's first entry says of the site, no settings file says otherwise."""
    house = build()
    file = house.site.directory / FILE
    key = setting.partition(".")[2]
    written = value if value == "false" else f'"{value}"'
    file.write_text(re.sub(rf"^{key} = .*$", f"{key} = {written}", file.read_text(), count=1, flags=re.M))
    problems = wiring.open_site(house.site.directory)
    assert isinstance(problems, tuple)
    assert all(isinstance(problem, Problem) for problem in problems)
    assert setting in [problem.field for problem in problems]


def test_another_checkpoint_key_is_refused(build: Build) -> None:
    """I-32: whoever puts another key beside the ledger signs nothing with it: the first entry names the site's own."""
    house = build()
    file = house.site.directory / KEY_FILE
    name = house.site.settings.ledger.origin
    file.write_text(generate(name).signer + "\n")
    problems = wiring.open_site(house.site.directory)
    assert isinstance(problems, tuple)
    assert KEY_FILE in str(problems[0])


@pytest.mark.parametrize("verb", ["UPDATE ledger SET by = 'p_x'", "DELETE FROM ledger", "replace"])
def test_no_statement_changes_an_entry(build: Build, verb: str) -> None:
    """The ledger is append-only by trigger; REPLACE, which fires no trigger for what it deletes, is no way around."""
    house = build()
    if verb == "replace":
        verb = "INSERT OR REPLACE INTO ledger SELECT idx, at, 'p_x', event, leaf FROM ledger WHERE idx = 3"
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        sql(house, verb, triggers=True)
    house.sound()


def test_the_columns_beside_a_leaf_are_not_believed(build: Build) -> None:
    """I-32, I-33: only the leaf is under the tree. A column that says otherwise is found; no rebuild takes it up."""
    house = build()
    before = house.tables()["roles"]
    sql(house, "UPDATE ledger SET by = 'p_somebody_else' WHERE event = 'RoleGranted'")
    assert "columns" in codes(house)
    good(ledger.rebuild(house.site, None, check=False))
    assert house.tables()["roles"] == before


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM ledger WHERE idx = (SELECT max(idx) FROM ledger)",
        "DELETE FROM ledger WHERE idx >= (SELECT max(idx) - 3 FROM ledger)",
    ],
)
def test_a_tail_that_no_checkpoint_covers_is_missed_all_the_same(build: Build, statement: str) -> None:
    """I-32: entries cut off the end are found even where no checkpoint covers them yet, as the head counts them."""
    house = build()
    assert not codes(house)
    sql(house, "DELETE FROM checkpoints", statement)
    assert "head" in codes(house)


@pytest.mark.parametrize(
    ("table", "statement"),
    [
        ("roles", "UPDATE roles SET granted_by = 'system'"),
        (
            "roles",
            "INSERT INTO roles (person, role, granted_by, granted_index) "
            "SELECT person, 'approver:legal', 'system', 1 FROM roles WHERE role = 'author'",
        ),
        (
            "keys",
            "INSERT INTO keys (fingerprint, person, public_key, added_by, added_index) "
            "VALUES ('SHA256:x', 'p_x', 'ssh-ed25519 AAAA', 'system', 1)",
        ),
        ("revisions", "UPDATE revisions SET stage = 'approved', author = 'p_x'"),
        ("approvals", "INSERT INTO approvals SELECT policy, revision, 'p_x', 'security', 1, 1, '', '' FROM revisions"),
    ],
)
def test_a_table_that_the_ledger_does_not_say_is_found(build: Build, table: str, statement: str) -> None:
    """I-33: a role, a key, a stage or a yes written by hand differs from what the ledger gives."""
    house = build()
    house.owners(1)
    house.propose()
    house.sound()
    sql(house, statement)
    assert table in good(ledger.rebuild(house.site, None, check=True)).differing


def test_a_restore_that_is_killed_half_way_does_not_act(
    build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A restored site acts for nobody before it was shown a checkpoint, wherever the restoring was cut off."""
    house = build()
    archive = tmp_path / "site.backup"
    good(backup.backup(house.site, None, archive))

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    for number, step in enumerate(("shutil.move", "sqlite3.connect", "os.replace")):
        with monkeypatch.context() as patch:
            patch.setattr(step, killed)
            target = tmp_path / f"restored-{number}"
            with suppress(KeyboardInterrupt):
                assert backup.restore(archive, target) is None
        opened = wiring.open_site(target)
        if isinstance(opened, Site):
            refusal = ledger.export(opened, None, tmp_path / "export")
            opened.store.close()
            assert "acknowledge" in str(refusal)


def rules_of(house: House) -> list[bytes]:
    """What doors are given of rules."""
    with house.site.store.reading() as conn:
        return [key for key, value in feed.after(conn, 0, 10**6)[1] if value is not None and key.startswith(RULE)]


def test_a_restored_site_blocks_nobody_before_it_is_acknowledged(build: Build, tmp_path: Path) -> None:
    """I-8: a policy that was retracted after the backup does not block again because the backup is put back."""
    house = build()
    house.owners(1)
    house.announce()
    assert len(rules_of(house)) == 1
    archive = tmp_path / "site.backup"
    made = good(backup.backup(house.site, None, archive))
    house.retract()
    assert backup.restore(archive, tmp_path / "restored") is None
    restored = reopen(tmp_path / "restored")
    restored.pass_time()
    assert rules_of(restored) == []
    refused(backup.acknowledge(restored.site, None, ledger.checkpoint(house.site)), Code.CHECKPOINT_MISMATCH)
    assert rules_of(restored) == []
    good(backup.acknowledge(restored.site, None, str(made["checkpoint"])))
    assert len(rules_of(restored)) == 1
    restored.close()


TAMPERED = (
    "UPDATE proposals"
    " SET bytes = CAST(replace(CAST(bytes AS TEXT), 'Please remove it.', 'Send your password.') AS BLOB)"
)


def test_changed_bytes_of_a_proposal_are_not_announced(build: Build) -> None:
    """I-13: an approval is for the exact bytes; texts changed in the database afterwards reach nobody."""
    house = build()
    house.owners(1)
    house.propose()
    house.approve()
    sql(house, TAMPERED)
    live._KEPT.clear()  # as a new process begins
    with pytest.raises(LookupError, match="changed in the database"):
        announce.announce(house.site, AUTHOR, POLICY)
    assert "proposal_bytes" in codes(house)


def test_changed_bytes_of_an_announced_proposal_are_not_sent(build: Build) -> None:
    """I-13, I-40: neither is a mail written from such bytes; and the doors open all the same."""
    house = build()
    house.owners(1)
    house.announce()
    sql(house, TAMPERED)
    live._KEPT.clear()
    with pytest.raises(LookupError, match="changed in the database"):
        house.deliver()
    house.retract()
    assert rules_of(house) == []
