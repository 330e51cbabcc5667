"""The worker tells webhooks beside its work, and waits for none."""

import base64
import hmac
import json
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from gatepost.actions import webhooks
from gatepost.actions.own_check import ask_check
from gatepost.core.notice.notice import NoticeState
from gatepost.storage import figures
from tests.servers.mail_sink import MailSink
from tests.servers.receiver import Receiver, receiving
from tests.verbs.conftest import Build
from tests.verbs.hooks import CHECK, SECRET, hook
from tests.verbs.houses import House, good
from tests.verbs.test_check import token
from tests.verbs.test_crashes import running, until

PATIENT = (
    "import sys; from pathlib import Path; from gatepost import wiring, worker; from gatepost.notify import webhook; "
    "webhook.WITHIN = 3600; "
    "site = wiring.open_site(Path(sys.argv[1])); worker.run_worker(site, lambda: print('ready', flush=True))"
)
"""A worker that would wait an hour for an answer."""


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[MailSink]:
    with MailSink(tmp_path / "mails") as started:
        yield started


def hooked(build: Build, sink: MailSink, **receivers: Receiver) -> House:
    """A house whose mail goes to the sink, with these receivers as its webhooks."""
    house = build(smtp__port=sink.port)
    hook(house, dict.fromkeys(receivers, ()), {name: receiver.url for name, receiver in receivers.items()})
    return house


def types(receiver: Receiver) -> list[str]:
    return [str(json.loads(body)["type"]) for _, _, body in receiver.got]


def listed(house: House) -> dict[str, Any]:
    return {str(row["name"]): row for row in webhooks.list_webhooks(house.site)}


def test_a_webhook_that_hangs_holds_up_nothing(build: Build, sink: MailSink) -> None:
    """Mail is sent, time passes, another webhook is told, and the worker ends, while one receiver keeps its answer to
    itself for an hour."""
    with ExitStack() as stack:
        hangs, chat = stack.enter_context(receiving(answer=None)), stack.enter_context(receiving())
        house = hooked(build, sink, hangs=hangs, chat=chat)
        house.owners(2)
        house.announce()
        worker = stack.enter_context(running(PATIENT, str(house.site.directory)))
        until(lambda: len(hangs.got) == 1)
        until(lambda: _settled(house))
        house.clock("2020-07-12T00:00:00Z")
        until(lambda: "policy.in_force" in types(chat))
        house.retract()
        until(lambda: types(chat)[-1] == "policy.retracted")
        until(lambda: _settled(house))
        assert len(hangs.got) == 1, "one at a time"
        assert listed(house)["hangs"]["waiting"] == 5
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(20) == 0


def _settled(house: House) -> bool:
    """Whether no mail waits any more, and some was taken."""
    with house.site.store.reading() as conn:
        states = figures.by_state(conn)
    unsent = {NoticeState.QUEUED.value, NoticeState.SENDING.value, NoticeState.UNCERTAIN.value}
    return unsent.isdisjoint(states) and NoticeState.ACCEPTED.value in states


def test_what_was_cut_off_is_told_again(build: Build, sink: MailSink) -> None:
    """I-38: a worker that is killed before it has an answer tells the same once more, under the same id and with the
    same body; a receiver that fails first hears it too."""
    with ExitStack() as stack:
        receiver = stack.enter_context(receiving(answer=None))
        house = hooked(build, sink, chat=receiver)
        house.propose()
        with running(PATIENT, str(house.site.directory)):
            until(lambda: len(receiver.got) == 1)
        receiver.done.set()
        receiver.answer = (503, {})
        stack.enter_context(running(PATIENT, str(house.site.directory)))
        until(lambda: bool(listed(house)["chat"]["failing"]))
        receiver.answer = (204, {})
        until(lambda: listed(house)["chat"]["delivered"] == 1)
        assert types(receiver) == ["policy.proposed"] * 3
        assert len({(headers["webhook-id"], body) for _, headers, body in receiver.got}) == 1


def test_a_secret_that_cannot_be_read_is_said(build: Build, sink: MailSink) -> None:
    """Nothing is sent without a signature: the list says what is wrong, and once it is mended, it is told."""
    with ExitStack() as stack:
        receiver = stack.enter_context(receiving())
        house = hooked(build, sink, chat=receiver)
        key = house.site.directory / "key"
        key.chmod(0o644)
        house.propose()
        stack.enter_context(running(PATIENT, str(house.site.directory)))
        until(lambda: bool(listed(house)["chat"]["failing"]))
        assert "can be read by others" in listed(house)["chat"]["failing"][0]["said"]
        assert receiver.got == []
        key.chmod(0o600)
        until(lambda: types(receiver) == ["policy.proposed"])


def test_a_question_about_a_device_is_signed_and_delivered(build: Build, sink: MailSink) -> None:
    """What somebody presses on their own page reaches whoever asks the manager, signed as Standard Webhooks says; a
    webhook that did not ask for it by name hears nothing of it."""
    with ExitStack() as stack:
        manager, chat = stack.enter_context(receiving()), stack.enter_context(receiving())
        house = build(smtp__port=sink.port, web__url="https://gatepost.example")
        hook(house, {"manager": (CHECK,), "chat": ()}, {"manager": manager.url, "chat": chat.url})
        house.owners(1)
        house.announce()
        stack.enter_context(running(PATIENT, str(house.site.directory)))
        good(ask_check(house.site, token(house), "phone-u0"))
        until(lambda: listed(house)["manager"]["delivered"] == 1)
        until(lambda: listed(house)["chat"]["waiting"] == 0)
        ((_, headers, body),) = manager.got
        assert json.loads(body)["data"]["device"] == "phone-u0"
        key = base64.b64decode(SECRET.removeprefix("whsec_"))
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        expected = base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
        assert headers["webhook-signature"] == f"v1,{expected}"
        assert CHECK not in types(chat)
