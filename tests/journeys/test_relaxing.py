"""A live site: a group goes first, and the policy becomes milder by one more signed yes."""

import subprocess
import sys

import pytest

from tests.journeys.company import AUTHOR, DOCUMENT, POLICY
from tests.journeys.conftest import Serve
from tests.journeys.story import Story
from tests.journeys.test_signatures import SEC, day, live, make_key  # noqa: F401  # a fixture
from tests.servers.mail_sink import MailSink


@pytest.mark.needs("openssh-client")
def test_a_relax_is_signed_and_told_and_a_stranger_can_check_it(
    live: Story,  # noqa: F811
    mails: MailSink,
    serve: Serve,
) -> None:
    """I-12: the author alone moves nothing; one signature moves the date at the door and in everybody's inbox."""
    key = make_key(live.folder, "sec")
    live.say(f"key add {SEC}", key.with_suffix(".pub"))
    document = DOCUMENT.replace("2020-07-10", day(5)).replace("{security: 1, legal: 1, executive: 1}", "{security: 1}")
    document += f"rollout: [{{group: it-security, deadline: {day(4)}}}]\n"
    rings = live.propose(document)["rings"]
    assert [(ring["group"], ring["deadline"]) for ring in rings] == [("it-security", day(4)), ("", day(5))]
    yes = f"policy approve {POLICY} --role security"
    live.say(yes, "--sign", key, by=SEC)
    serve(live.site)
    live.announce()
    live.accepted("announcement", "hanna@example.com")

    milder = live.file("milder.yaml", document.replace(f"deadline: {day(5)}", f"deadline: {day(9)}"))
    harder = live.file("harder.yaml", document.replace("unseen: allow", "unseen: block"))
    assert live.refused("policy relax", harder, by=AUTHOR) == "relax_stricter"
    assert live.say("policy relax", milder, by=AUTHOR)["relaxes"] == 1
    assert live.refused(yes, by=SEC) == "signature_missing"
    before = live.say("ledger verify")["approvals_checked"]
    done = live.say(yes, "--sign", key, by=SEC)
    assert (done["stage"], done["relaxes"], done["revision"]) == ("announced", 1, 2)
    assert done["doors"][0]["confirmed_ms"] is not None
    live.accepted("update", "hanna@example.com")
    [update] = [mail for mail in mails.mails() if mail.message["Gatepost-Notice"] == "update"]
    assert update.message["In-Reply-To"]
    assert live.say(f"policy show {POLICY} --revision 1")["because"] == "relaxed"

    assert live.holds()["approvals_checked"] == before + 1
    export = live.folder / "export"
    live.say("ledger export", export)
    checked = subprocess.run([sys.executable, "-I", "verify.py"], cwd=export, capture_output=True, text=True)
    assert (checked.returncode, checked.stderr) == (0, "")
    assert f"{before + 1} signatures of approvals checked" in checked.stdout
