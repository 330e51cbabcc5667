"""A site is written to one file, comes back from it, and acts again only when shown what the world has seen."""

from tests.journeys.company import POLICY
from tests.journeys.conftest import Serve
from tests.journeys.program import run
from tests.journeys.story import Story
from tests.servers.mail_sink import MailSink


def test_a_restored_site_waits_for_the_newest_checkpoint(ready: Story, mails: MailSink, serve: Serve) -> None:
    """I-32: an older backup cannot pass for the present: the checkpoint known outside must be in its ledger."""
    early, late = ready.folder / "early.backup", ready.folder / "late.backup"
    ready.say("backup", early)
    assert early.stat().st_mode & 0o077 == 0
    serve(ready.site)
    ready.announce()
    ready.accepted("announcement", "hanna@example.com", "E2")
    newest = ready.file("newest.txt", ready.say("backup", late)["checkpoint"].replace("\n", "\r\n"))

    old = Story(ready.folder / "old", ready.folder)
    run("restore", early, old.site)
    assert old.refused(f"policy announce {POLICY}") == "site_not_acknowledged"
    assert old.refused("acknowledge", newest) == "checkpoint_mismatch"
    back = Story(ready.folder / "back", ready.folder)
    run("restore", late, back.site)
    assert back.refused("clock set 2020-07-12") == "site_not_acknowledged"
    back.say("acknowledge", newest)
    assert back.stage() == "announced"
    back.say("clock set 2020-07-12")
    assert back.verdict("hanna@example.com", "hanna-phone") == "block"
    assert run("restore", late, back.site, "--json", exit=3).json["refused"] == "site_exists"
    assert run("restore", newest, ready.folder / "no", "--json", exit=3).json["refused"] == "backup_invalid"
    assert not (ready.folder / "no").exists()
    back.holds()
