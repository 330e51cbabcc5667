"""A phone that is blocked and wants mail: requests that the door might read otherwise than the mail server does."""

from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gatepost.doors.activesync import USUAL, Request, parse
from tests.attacks.servers_reading import Read, by_asp, by_php, by_sogo
from tests.doors.site import V140, basic

ALICE = basic("alice@example.com")
SERVERS = {"sogo": by_sogo, "php": by_php, "asp": by_asp}

PIECES = st.sampled_from(
    [
        *("Cmd=Sync", "User=u", "DeviceType=p", "DeviceId=GOOD", "DEVICEID=GOOD", "DeviceId=BAD", "deviceid=BAD"),
        *(
            "DeviceId=B%41D",
            "Device%49d=BAD",
            "Dev\u0131ceId=BAD",
            "+DeviceId=BAD",
            "%20DeviceId=BAD",
            "DeviceId[]=BAD",
        ),
        *("Device.Id=BAD", ";DeviceId=BAD", "#DeviceId=BAD", "?DeviceId=BAD", "DeviceId=", "DeviceId"),
        *("&", "&", "&", "&", "?", "#", "=", "%3F", "%26", V140, f"?{V140}", f"{V140}="),
    ]
)
QUERIES = st.lists(PIECES, max_size=9).map("".join) | st.lists(PIECES, min_size=2, max_size=7).map("&".join)


def test_no_server_reads_another_device_than_the_door() -> None:
    """I-30: where the door names a device, every server that opens mail for the request names one of the same."""
    opened: Counter[str] = Counter()

    @settings(max_examples=1500)
    @given(QUERIES)
    @example("User=x?DeviceId=BAD&DeviceId=GOOD&DeviceType=p&Cmd=Sync")
    @example(f"Cmd=Sync&User=x&DeviceId=GOOD&DeviceType=p?{V140}")
    def each(query: str) -> None:
        target = "/Microsoft-Server-ActiveSync?" + query
        parsed = parse(b"POST", target.encode(), ALICE, None)
        for server, read in SERVERS.items():
            found = read(target)
            opened[f"{server}, {type(parsed).__name__}"] += found is not None
            if found is not None and isinstance(parsed, Request):
                assert found[1].casefold() in {name.casefold() for name in parsed.device_ids}, server

    each()
    assert all(opened[f"{server}, {kind}"] for server in SERVERS for kind in ("Request", "Unidentified"))


def test_the_short_cut_reads_what_the_long_way_reads() -> None:
    """I-1, I-30: the door's short cut for usual requests names the device that the whole reading names."""
    cut = 0
    words = st.text("aZ1?#&=%;/", max_size=3)
    usual = st.builds("Cmd=Sync{}&User=u{}&DeviceId=GOOD{}&DeviceType=p{}".format, words, words, words, words)

    @given(usual | QUERIES)
    @example("User=x?DeviceId=BAD&DeviceId=GOOD&DeviceType=p&Cmd=Sync")
    def each(query: str) -> None:
        nonlocal cut
        target = f"/Microsoft-Server-ActiveSync?{query}".encode()
        if found := USUAL.fullmatch(target):
            cut += 1
            parsed = parse(b"POST", target, ALICE, None)
            assert isinstance(parsed, Request)
            assert parsed.device_ids == (found[2].decode(),)

    each()
    assert cut


@pytest.mark.parametrize("read", SERVERS.values(), ids=SERVERS)
def test_the_servers_are_read_rightly(read: Callable[[str], Read]) -> None:
    """The readings above are no straw men: each takes the query as phones write it."""
    assert read("/x?Cmd=Sync&User=u&DeviceId=A1&DeviceType=p") == ("Sync", "A1")
    assert by_sogo(f"/x?{V140}") == ("0", b"v140Device".hex().upper())
