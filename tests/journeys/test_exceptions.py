"""What is done for single people under a policy, and how a policy goes on and ends."""

from tests.journeys.company import APPROVERS, AUTHOR, DOCUMENT, OPERATOR, POLICY
from tests.journeys.conftest import Serve
from tests.journeys.program import configure
from tests.journeys.story import Story
from tests.servers.mail_sink import MailSink

TIKTOK = "com.zhiliaoapp.musically"


def test_a_waiver_and_a_telling(ready: Story, mails: MailSink, serve: Serve) -> None:
    """I-10: a waiver exempts one person until a date; who has no address is blocked only once somebody told them."""
    serve(ready.site, "worker")
    assert ready.announce()["cannot_be_told"] == 1
    ready.accepted("announcement", "hanna@example.com", "E2")
    grant = f"waiver grant {POLICY} --reason fieldwork --until"
    assert ready.refused(f"{grant} 2020-07-20 --person {OPERATOR}", by=OPERATOR) == "waiver_for_oneself"
    assert ready.refused(f"{grant} 2020-09-30 --person hanna@example.com", by=OPERATOR) == "waiver_too_long"
    assert ready.refused(f"{grant} 2020-07-20 --person hanna@example.com", by=AUTHOR) == "role_missing"
    waiver = ready.say(f"{grant} 2020-07-20 --person hanna@example.com", by=OPERATOR)["waiver"]
    assert ready.later("hanna@example.com", "hanna-phone") == "allow"
    assert ready.later("E2", "ellis-phone") == "block"
    (listed,) = ready.say(f"waiver list --policy {POLICY}")
    assert (listed["waiver"], listed["reason"]) == (waiver, "fieldwork")
    ready.say(f"waiver revoke {waiver} --reason over", by=APPROVERS["legal"])
    assert ready.later("hanna@example.com", "hanna-phone") == "block"
    ready.accepted("waiver-result", "hanna@example.com")

    assert ready.later("flo", "flo-phone") == "warn"
    ready.say(f"notices told {POLICY} floor-7 --how", "by her shift lead, in person", by=OPERATOR)
    assert ready.later("flo", "flo-phone") == "block"
    assert ready.refused(f"notices told {POLICY} cleo@example.com --how x", by=OPERATOR) == "not_concerned"
    ready.holds()


def test_an_own_statement_where_nobody_can_see(story: Story, mails: MailSink, serve: Serve) -> None:
    """An attestation counts where nothing can be seen, for its owner alone, and never against what was seen."""
    serve(story.site, "worker")
    story.propose(DOCUMENT.replace("unseen: allow", "unseen: attest"))
    story.approve()
    story.announce()
    story.accepted("announcement", "hanna@example.com", "E2", "uma@example.com")
    assert story.later("uma@example.com", "uma-phone") == "block"
    assert story.refused("attest uma-phone tiktok", by="hanna@example.com") == "cannot_attest"
    assert story.refused("attest hanna-phone tiktok", by="hanna@example.com") == "app_present"
    story.say("attest uma-phone tiktok --until 2020-07-20", by="uma@example.com")
    assert story.later("uma@example.com", "uma-phone") == "allow"
    story.report("uma-phone", "uma@example.com", "2020-07-06T12:00:40Z", TIKTOK, ownership="personal")
    assert story.later("uma@example.com", "uma-phone") == "block"
    story.holds()


def test_a_new_revision_a_lost_role_and_the_end(ready: Story, mails: MailSink, serve: Serve) -> None:
    """I-14: a new revision retires the old; losing an approver's role holds it at warn; the end opens the doors."""
    serve(ready.site)
    ready.announce()
    ready.accepted("announcement", "hanna@example.com", "E2")
    assert ready.propose(DOCUMENT.replace("2020-07-10", "2020-07-11"))["revision"] == 2
    ready.approve()
    assert ready.announce()["retires"] == 1
    ready.accepted("announcement", "hanna@example.com", "E2")
    assert ready.say(f"policy show {POLICY} --revision 1")["stage"] == "ended"
    ready.say("clock set 2020-07-11T12:00:00Z")
    assert ready.verdict("hanna@example.com", "hanna-phone") == "warn"
    ready.say("clock set 2020-07-13")
    assert ready.waits_for(403, "hanna@example.com", "HANNAPHONE1").reason == "blocked"

    lost = ready.say(f"role revoke {APPROVERS['legal']} approver:legal")
    assert lost["held"] == [POLICY]
    assert ready.waits_for(204, "hanna@example.com", "HANNAPHONE1").reason == "warned"
    ended = ready.say(f"policy end {POLICY} --reason", "no longer needed", by=OPERATOR)
    assert ended["doors"][0]["confirmed_ms"] is not None
    assert ready.ask("hanna@example.com", "HANNAPHONE1") == (204, "clear")
    ready.accepted("ended", "hanna@example.com", "E2")
    assert ready.stage() == "ended"
    ready.holds()


def test_the_cap_stops_what_nobody_foresaw(ready: Story, mails: MailSink, serve: Serve) -> None:
    """I-17: new blocks beyond the approved impact wait for the cap; three times as many stop until released."""
    configure(ready.site, rails__cap_people_per_hour=1)
    ready.announce()
    serve(ready.site, "worker")
    ready.say("clock set 2020-07-12T12:00:00Z")
    phones = {"cleo-phone": "cleo@example.com", "uma-phone": "uma@example.com", "law-phone": "law@example.com"}
    for device, owner in phones.items():
        ready.report(device, owner, "2020-07-12T11:00:00Z", TIKTOK)
    ready.accepted("announcement", "hanna@example.com", "E2", *phones.values())
    ready.say("clock set 2020-07-14T12:00:00Z")
    assert [ready.verdict(owner, device) for device, owner in phones.items()] == ["warn"] * 3
    due = ready.say(f"policy show {POLICY}")["due"]
    assert (due["waiting"], due["frozen"]) == (3, True)
    assert ready.refused("policy release", by=AUTHOR) == "role_missing"
    assert ready.say("policy release", by=APPROVERS["security"])["released"] == 3
    ready.accepted("blocked", "hanna@example.com", "E2", next(iter(phones.values())))
    assert sorted(ready.verdict(owner, device) for device, owner in phones.items()) == ["block", "warn", "warn"]
    assert ready.refused("policy release", by=APPROVERS["security"]) == "nothing_frozen"
    ready.holds()
