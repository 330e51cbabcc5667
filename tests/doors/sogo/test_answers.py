"""What a phone gets from SOGo behind nginx and behind HAProxy, request by request."""

import base64
from collections.abc import Iterator

import pytest

from gatepost.doors.activesync import COMMANDS, REFUSAL_129
from tests.doors.site import V140
from tests.doors.sogo.fronts import ALICE, FOLDERS, Front, a_front_of
from tests.servers.certificates import Authority, Certificate
from tests.servers.phone import PATH, WBXML, Answer, Refused, decoded
from tests.servers.sogo import BACKEND_PATH, PACKAGES, Sogo

pytestmark = [pytest.mark.needs(package) for package in (*PACKAGES, "nginx-light", "haproxy", "libwbxml2-utils")]


@pytest.fixture(scope="module", params=["nginx", "haproxy"])
def front(
    request: pytest.FixtureRequest,
    sogo: Sogo,
    certificate: Certificate,
    authority: Authority,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Front]:
    with a_front_of(request.param, tmp_path_factory.mktemp("front"), sogo, certificate, authority.file) as started:
        yield started


def query(device: str, command: str = "FolderSync") -> str:
    return f"Cmd={command}&User=x&DeviceId={device}&DeviceType=iPhone"


def said(answer: Answer) -> tuple[int, str, str]:
    """The HTTP status, and of a body its root and its first status, by libwbxml."""
    if not answer.body.startswith(b"\x03\x01"):
        return answer.status, "", ""
    root = decoded(answer.body)
    name = root.tag.rpartition("}")[2]
    return answer.status, name, next((one.text or "" for one in root if one.tag.endswith("}Status")), "")


MAIL = (200, "FolderSync", "1")
NO_MAIL = (200, "FolderSync", "129")


def test_a_clean_phone_and_a_warned_one_get_mail(front: Front) -> None:
    """A real client reads a mail that was there before its first look, and one that comes after."""
    front.sogo.deliver(ALICE, f"The first by {front.program}")
    with front.phone("CLEAN1") as clean, front.phone("WARNED1") as warned:
        assert f"The first by {front.program}" in clean.sync()
        assert f"The first by {front.program}" in warned.sync()
        front.sogo.deliver(ALICE, "The second")
        assert clean.sync() == warned.sync() == ["The second"]


def test_a_blocked_phone_gets_status_129_in_its_protocol(front: Front) -> None:
    """For each command that has such an answer, libwbxml reads Status 129 under the command's own root."""
    for version in ("14.0", "14.1", "16.1"):
        for command in REFUSAL_129:
            answer = front.folders(query("TIKTOK1", command), version=version)
            assert answer.kind == WBXML
            assert said(answer) == (200, command, "129")
    with front.phone("TIKTOK1") as phone, pytest.raises(Refused, match=r"^Status 129$"):
        phone.sync()


def test_a_blocked_phone_gets_403_where_nothing_else_is_understood(front: Front) -> None:
    """A protocol before 14.0, none told, and commands without such an answer: a plain 403."""
    for version in ("12.1", "2.5", ""):
        for command in REFUSAL_129:
            assert front.folders(query("TIKTOK1", command), version=version).status == 403
    for command in [*sorted(COMMANDS - REFUSAL_129.keys()), "", "Evil"]:
        answer = front.folders(query("TIKTOK1", command))
        assert (answer.status, answer.kind) == (403, "text/html")
        assert b"cannot open company mail" in answer.body


def test_both_forms_of_the_query_are_one_door(front: Front) -> None:
    """I-30: a base64 query opens mail for a clean phone and not for a blocked one, by its text or by its hex."""
    assert said(front.folders(base64_query("CLEAN1"))) == MAIL
    assert said(front.folders(base64_query("TIKTOK1"))) == NO_MAIL
    assert said(front.folders(base64_query("TIKTOK1").rstrip("="))) == NO_MAIL
    assert said(front.folders(V140)) == (200, "Sync", "129")  # known clean by its text, blocked by its hex
    assert said(front.folders(query("76313430446576696365"))) == NO_MAIL
    assert said(front.folders(query("v140Device"))) == MAIL


def base64_query(device: str) -> str:
    """FolderSync in the base64 form, protocol 14.1 (MS-ASHTTP 2.2.1.1.1.1)."""
    text = device.encode()
    fields = bytes([141, 9, 9, 4, len(text)]) + text + bytes([0, 5]) + b"Phone"
    return base64.b64encode(fields).decode()


@pytest.mark.parametrize(
    "odd",
    [
        "Cmd=FolderSync&DeviceId=CLEAN1&DeviceId=TIKTOK1&DeviceType=P",
        "Cmd=FolderSync&DeviceId=TIKTOK1&DeviceId=CLEAN1&DeviceType=P",
        "Cmd=FolderSync&DeviceId=TIKTOK1&deviceid=CLEAN1&DeviceType=P",
        "Cmd=FolderSync&deviceID=TIKTOK1&DEVICETYPE=P",
        "cMD=FolderSync&deviceid=TIKTOK1&DeviceType=P",
        "Cmd=foldersync&DeviceId=tiktok1&DeviceType=P",
        "Cmd=FolderSync&DeviceId=%54IKTOK1&DeviceType=P",
        "Cmd=FolderSync&DeviceId=TIKTOK1%00&DeviceType=P",
        "Cmd=FolderSync&DeviceId=&DeviceType=P",
        "Cmd=FolderSync&DeviceType=P",
        "Cmd=FolderSync",
        f"{V140}&DeviceId=CLEAN1",
        "DeviceId=CLEAN1?Cmd=FolderSync&DeviceId=TIKTOK1",
        "",
    ],
)
def test_an_odd_query_is_no_way_in(front: Front, odd: str) -> None:
    """I-30: odd case is read as the server reads it; what can be read in two ways, or names nothing, is refused."""
    status, _, code = said(front.folders(odd))
    assert (status, code) in {(200, "129"), (403, "")}


def test_somebody_elses_device_does_not_open_mail(front: Front) -> None:
    """A device that is bound to another person is answered as one that cannot be identified, whatever `User=` says."""
    answer = front.folders("Cmd=FolderSync&User=alice@example.com&DeviceId=CLEAN1&DeviceType=P", "cleo@example.com")
    assert said(answer) == NO_MAIL


def test_the_mail_server_answers_what_opens_no_mail(front: Front) -> None:
    """OPTIONS, a wrong password and no credentials at all get SOGo's own answer, for a blocked phone too."""
    asked = front.line.ask
    for device in ("CLEAN1", "TIKTOK1"):
        versions = asked(query(device), ALICE, method="OPTIONS")
        assert (versions.status, versions.body) == (200, b"")
        assert asked(query(device), method="OPTIONS").status == 401
        assert asked(query(device), body=FOLDERS) == (403, "text/plain; charset=utf-8", "", b"")  # SOGo's, not ours
    wrong = asked(query("CLEAN1"), ALICE, "wrong", body=FOLDERS)
    assert (wrong.status, wrong.body) == (401, b"Unauthorized")


def test_nothing_else_of_the_mail_server_is_reached(front: Front) -> None:
    """Only ActiveSync's path leads to it, in any case; webmail and other ways to write the path do not."""
    ask = front.line.ask
    for path in (PATH.lower(), PATH.upper(), PATH + "/"):
        assert said(ask(query("CLEAN1"), ALICE, body=FOLDERS, path=path)) == MAIL
        assert said(ask(query("TIKTOK1"), ALICE, body=FOLDERS, path=path)) == NO_MAIL
    for path in ("/", "/SOGo", "/SOGo/", BACKEND_PATH, f"{PATH}/../SOGo/", f"{PATH}/x", f"{PATH}.x", "/SOGo/dav/alice"):
        assert ask(query("TIKTOK1"), ALICE, body=FOLDERS, path=path).status == 404
        assert ask(query("CLEAN1"), ALICE, body=FOLDERS, path=path).status == 404


def test_a_door_that_is_away(front: Front) -> None:
    """I-29: at nginx whatever phone gets 503 with Retry-After, and mail as soon as the door is back; HAProxy goes on by
    its maps."""
    front.door.stop()
    if front.program == "haproxy":
        assert said(front.folders(query("CLEAN1"))) == MAIL
        assert said(front.folders(query("TIKTOK1"))) == NO_MAIL
        front.door.start()
        return
    try:
        for command in sorted(COMMANDS):
            for version in ("12.1", "14.1", "16.1"):
                answer = front.folders(query("CLEAN1", command), version=version)
                assert (answer.status, answer.wait) == (503, "180")
        with front.phone("CLEAN1") as phone, pytest.raises(Refused, match=r"^HTTP 503$"):
            phone.sync()
    finally:
        front.door.start()
    assert said(front.folders(query("CLEAN1"))) == MAIL


def test_no_answer_harms_a_phone(front: Front) -> None:
    """Refused in every form, never 500 or 449 (the mailbox is fetched anew), 401 (passwords are asked for) or 140 (the
    phone is wiped)."""
    asked = [("TIKTOK1", command) for command in sorted(COMMANDS)]
    asked += [(device, command) for device in ("", "X&DeviceId=Y", "%%%") for command in ("Sync", "Provision", "Evil")]
    seen = set()
    for device, command in asked:
        for version in ("2.5", "12.1", "14.1", "16.1", "99.9", "x"):
            seen.add(said(front.folders(query(device, command), version=version)))
    assert {status for status, _, _ in seen} == {200, 403}
    assert {code for _, _, code in seen} == {"", "129"}
