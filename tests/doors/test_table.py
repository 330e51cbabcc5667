"""The door's own copy on disk."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gatepost.core.policy.verdict import Outcome, Standing
from gatepost.doors.entry import Batch, encode_standing, fast_outcome, identity_key, rule_key
from gatepost.doors.table import BatchRefused, CopyRefused, Reader, Table
from gatepost.doors.time import Contact
from tests.doors.site import FLEET, SITE, Entry, batch, device, rule

CONTACT = Contact(1_000, 0, "boot", 5)


def filled(path: Path, entries: tuple[Entry, ...] = FLEET, position: int = 10) -> None:
    table = Table.open(path, SITE)
    table.apply(batch(position, *entries), CONTACT)
    table.touch(CONTACT)
    table.close()


def outcome(reader: Reader, eas_id: str) -> Outcome:
    record = reader.get(identity_key(eas_id))
    assert record is not None
    return fast_outcome(record, reader.effects, 2_000)[0]


def test_a_batch_is_kept_with_its_position(tmp_path: Path) -> None:
    """What was applied is there after closing and opening: entries, states, position, count, contact."""
    filled(tmp_path / "door")
    table = Table.open(tmp_path / "door", SITE)
    assert (table.position, table.entries, table.whole, table.contact) == (10, len(FLEET), True, CONTACT)
    reader = table.reader()
    assert outcome(reader, "clean1") is Outcome.ALLOW
    assert outcome(reader, "tiktok1") is Outcome.BLOCK
    assert reader.states[1].policy == "policy-1"
    table.close()


def test_a_reader_moves_with_each_batch(tmp_path: Path) -> None:
    """I-27: one changed rule opens every device, for a reader that was open before; deletions are seen too."""
    table = Table.open(tmp_path / "door", SITE)
    table.apply(batch(1, *FLEET), CONTACT)
    reader = table.reader()
    assert outcome(reader, "TIKTOK1") is Outcome.BLOCK
    table.apply(batch(2, rule(1, counts=False), (identity_key("CLEAN1"), None)), CONTACT)
    assert (outcome(reader, "TIKTOK1"), reader.position) == (Outcome.ALLOW, 2)
    assert reader.get(identity_key("CLEAN1")) is None
    table.apply(batch(3, (rule_key(1), None)), CONTACT)
    assert 1 not in reader.states
    assert table.entries == len(FLEET) - 2
    table.close()


def test_a_copy_is_whole_once_the_stream_has_ended_once(tmp_path: Path) -> None:
    """A page of the first load is not a copy yet; a batch without entries, or word of nothing new, makes it one."""
    table = Table.open(tmp_path / "door", SITE)
    table.apply(batch(1, *FLEET[:2]), CONTACT)
    before = table.whole
    table.apply(batch(1), CONTACT)
    assert (before, table.whole) == (False, True)
    table.close()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (batch(9, device("X", "x")), "restored"),
        (batch(10, device("X", "x")), "restored"),
        (batch(11, device("X", "x"), site="other"), "site other"),
        (batch(11, device("X", "x"), (identity_key("Y"), b"\x01")), "cannot be read"),
        (batch(11, device("X", "x"), (b"r:1", b"junk")), "cannot be read"),
        (batch(11, device("X", "x"), (b"\x00meta", None)), "no known kind"),
        (batch(11, device("X", "x"), (b"e:" + b"x" * 600, None)), "no known kind"),
        (batch(11, device("X", "x"), (b"", None)), "no known kind"),
    ],
)
def test_a_wrong_batch_changes_nothing(tmp_path: Path, wrong: Batch, said: str) -> None:
    """I-26: of a batch that goes back, is another site's or cannot be read, nothing is taken, not even the good."""
    filled(tmp_path / "door")
    table = Table.open(tmp_path / "door", SITE)
    with pytest.raises(BatchRefused, match=said):
        table.apply(wrong, CONTACT)
    assert (table.position, table.entries) == (10, len(FLEET))
    assert table.reader().get(identity_key("X")) is None
    table.close()


def test_the_map_grows_under_an_open_reader(tmp_path: Path) -> None:
    """A copy that outgrows its map grows, and a reader opened before sees old and new entries."""
    table = Table.open(tmp_path / "door", SITE, map_size=1 << 16)
    table.apply(batch(1, *FLEET), CONTACT)
    reader = table.reader()
    table.apply(batch(2, *(device(f"D{n}", f"user{n}@example.com") for n in range(5_000))), CONTACT)
    assert (tmp_path / "door" / "data.mdb").stat().st_size > 1 << 16
    assert outcome(reader, "TIKTOK1") is Outcome.BLOCK
    assert outcome(reader, "D4999") is Outcome.ALLOW
    table.close()


def test_a_second_door_is_refused(tmp_path: Path) -> None:
    """Two doors cannot share a copy: the second says so, and can have it when the first is gone."""
    first = Table.open(tmp_path / "door", SITE)
    with pytest.raises(OSError, match="another door"):
        Table.open(tmp_path / "door", SITE)
    first.close()
    Table.open(tmp_path / "door", SITE).close()


def test_another_site_s_copy_is_refused(tmp_path: Path) -> None:
    """A copy of another site is not answered from, and the refusal says whose it is and what to do."""
    filled(tmp_path / "door")
    with pytest.raises(CopyRefused, match=r"site site-1, this door to site site-2.*give the door"):
        Table.open(tmp_path / "door", "site-2")
    Table.open(tmp_path / "door", SITE).close()


@pytest.mark.parametrize("keep", [0.0, 0.01, 0.3, 0.5, 0.9, 0.999])
def test_a_cut_copy_is_refused(tmp_path: Path, keep: float) -> None:
    """A file cut anywhere, also within a page, is refused and kills nobody (LMDB alone would die of SIGBUS)."""
    filled(tmp_path / "door", tuple(device(f"D{n}", "a@example.com") for n in range(2_000)))
    data = tmp_path / "door" / "data.mdb"
    os.truncate(data, int(data.stat().st_size * keep))
    with pytest.raises(CopyRefused, match="cut or damaged"):
        Table.open(tmp_path / "door", SITE)


def test_a_damaged_copy_is_refused_or_right(tmp_path: Path) -> None:
    """Whatever byte is changed, the copy is refused or answers as before; a changed entry is always refused."""
    filled(tmp_path / "door", tuple(device(f"D{n}", "a@example.com", rule=n % 3) for n in range(300)))
    data = tmp_path / "door" / "data.mdb"
    sound = data.read_bytes()
    table = Table.open(tmp_path / "door", SITE)
    reader = table.reader()
    expected = {f"D{n}": reader.get(identity_key(f"D{n}")) for n in range(300)}
    table.close()
    dice = random.Random(20200710)
    flips = [(dice.randrange(len(sound)), 1 << dice.randrange(8)) for _ in range(60)]
    damaged = [sound[:place] + bytes([sound[place] ^ bit]) + sound[place + 1 :] for place, bit in flips]
    changed = [sound.replace(b"ref-D77", b"ref-D78"), sound.replace(b"e:d77", b"e:d7%")]
    refused = 0
    for number, contents in enumerate(changed + damaged):
        data.write_bytes(contents)
        try:
            table = Table.open(tmp_path / "door", SITE)
        except CopyRefused:
            refused += 1
            continue
        reader = table.reader()
        found = {eas_id: reader.get(identity_key(eas_id)) for eas_id in expected}
        table.close()
        assert number >= len(changed), "a changed entry was not noticed"
        assert found == expected
    assert len(damaged) // 4 < refused < len(damaged), "both cases must occur"


KILLED = """
import sys
from pathlib import Path
from gatepost.doors.table import Table
from gatepost.doors.time import Contact
from tests.doors.site import SITE, batch, device
table = Table.open(Path(sys.argv[1]), SITE)
position = table.position
while True:
    position += 1
    table.apply(batch(position, *(device(f"D{n}", f"u{position}") for n in range(50))), Contact(0, 0, "b", 0))
    if position % 50 == 0:
        print(position, flush=True)
"""


def test_a_killed_door_leaves_a_whole_position(tmp_path: Path) -> None:
    """I-38: kill -9 in the midst of applying leaves a copy that opens, with all fifty entries of its position."""
    path = tmp_path / "door"
    reached = 0
    for _ in range(3):
        with subprocess.Popen([sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            time.sleep(random.uniform(0, 0.02))
            writer.send_signal(signal.SIGKILL)
        table = Table.open(path, SITE)
        assert table.position > reached
        reached = table.position
        expected = encode_standing(Standing("ref-D49", (f"u{reached}",), 0, ()))
        reader = table.reader()
        for number in range(50):
            record = reader.get(identity_key(f"D{number}"))
            assert record is not None
            assert record[:-4] == expected.replace(b"ref-D49", f"ref-D{number}".encode())
        table.close()


def test_two_hundred_thousand_entries_open_quickly(tmp_path: Path) -> None:
    """A copy of 200,000 devices, loaded page by page, is checked to the last byte and open in under two seconds."""
    table = Table.open(tmp_path / "door", SITE)
    for page in range(10):
        numbers = range(page * 20_000, (page + 1) * 20_000)
        table.apply(batch(page + 1, *(device(f"DEV{n}", f"user{n}@example.com") for n in numbers)), CONTACT)
    table.close()
    started = time.process_time()
    table = Table.open(tmp_path / "door", SITE)
    spent = time.process_time() - started
    assert table.entries == 200_000
    table.close()
    assert spent < 2
