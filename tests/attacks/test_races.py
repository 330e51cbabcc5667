"""Several processes that act on one policy at the same moment: each verb happens once, or is refused."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from gatepost.actions import announce, approve, propose, retract
from gatepost.actions.site import Site
from gatepost.core.refusal import Refusal
from tests.verbs.conftest import Build
from tests.verbs.houses import AUTHOR, LEGAL, OPERATOR, POLICY, SECURITY, House, memo, reopen

Act = Callable[[Site], object]


def at_once(house: House, *acts: Act) -> list[object]:
    """The answers to these acts, each by a connection of its own, begun together."""
    together = Barrier(len(acts))

    def one(act: Act) -> object:
        mine = reopen(house.site.directory)
        together.wait(10)
        try:
            return act(mine.site)
        finally:
            mine.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return [done.result() for done in [pool.submit(one, act) for act in acts]]


def outcomes(answers: list[object]) -> Counter[str]:
    return Counter(answer.code.value if isinstance(answer, Refusal) else "done" for answer in answers)


def test_one_person_is_one_voice_however_often_they_speak_at_once(build: Build) -> None:
    """I-12: four yeses of one person at the same moment count once."""
    house = build()
    house.propose(approvals={"security": 2})
    answers = at_once(house, *[lambda site: approve.approve(site, SECURITY, POLICY, "security")] * 4)
    assert outcomes(answers) == {"done": 1, "already_approved": 3}
    assert "QuorumReached" not in house.ledger()
    house.sound()


def test_an_announcement_is_made_once(build: Build) -> None:
    """I-11, I-21: of four announcements at the same moment one is made, and everybody gets one notice."""
    house = build()
    house.owners(20)
    house.propose(approvals={"security": 1, "legal": 1, "executive": 1})
    house.approve(POLICY, SECURITY, LEGAL, "exe@corp.example")
    answers = at_once(house, *[lambda site: announce.announce(site, AUTHOR, POLICY)] * 4)
    assert outcomes(answers)["done"] == 1
    assert len([letter for letter in house.deliver() if letter.recipient.startswith("u")]) == 20
    house.sound()


def test_a_retraction_meets_an_announcement(build: Build) -> None:
    """I-8, I-24: announcing, retracting and proposing anew at once leave one history, in which no door blocks for what
    was retracted."""
    house = build()
    house.owners(5)
    house.announce()
    answers = at_once(
        house,
        lambda site: retract.retract(site, OPERATOR, POLICY, "an error", wait=lambda _seconds: None),
        lambda site: retract.retract(site, AUTHOR, POLICY, "an error", wait=lambda _seconds: None),
        lambda site: propose.propose(site, AUTHOR, memo(title="Another"), "memo.yaml"),
        lambda site: announce.announce(site, OPERATOR, POLICY),
    )
    assert outcomes(answers[:2])["done"] == 1
    assert isinstance(answers[3], Refusal)
    house.set("2020-07-13T00:00:00Z")
    assert {house.word(f"u{number}") for number in range(5)} == {"allow"}
    house.sound()
