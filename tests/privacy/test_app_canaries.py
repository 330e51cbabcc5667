"""I-35: what nobody looks for reaches no disk, no log and no terminal: a thousand app names are seeded and searched."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

import pytest

from tests.journeys.company import AUTHOR, CLEAN, DOCUMENT
from tests.journeys.conftest import copied, mails, on_free_ports, serve, settled
from tests.journeys.program import Server, eventually, run
from tests.journeys.story import Story, ask
from tests.privacy.search import contents, holds, traces
from tests.servers.mail_sink import MailSink

__all__ = ["mails", "serve", "settled"]  # fixtures of the journeys

CANARY = "qzkanari"
"""A word in every app that is seeded, and in nothing else."""

HEADER = "id,owner,form,platform,ownership,visibility,eas_device_id,reported_at,apps,shared"


def apps(first: int, count: int) -> list[str]:
    """So many of the thousand: identifiers as iOS and Android have them, and names as people know them."""
    shapes = ("com.{0}{1:04}.app", "{0}{1:04}.Games", "{0} {1:04} Dating & Friends", "ORG.{0}.№{1:04}")
    return [shapes[number % 4].format(CANARY, number) for number in range(first, first + count)]


def rows_as_csv() -> str:
    """Good rows with 400 of the apps, and rows that go wrong in every way that a row can, with 100 more."""
    rows = [
        f'csv-{at},hanna@example.com,phone,ios,company,full,CSV{at},{CLEAN},"{";".join(apps(at * 40, 40))}",'
        for at in range(10)
    ]
    some = ";".join(apps(400, 20))
    rows += [
        f'bad-1,nobody@example.com,phone,ios,company,full,BAD1,{CLEAN},"{some}",',
        f'bad-2,hanna@example.com,{apps(420, 1)[0]},ios,company,full,BAD2,{CLEAN},"{some}",',
        f"bad-3,hanna@example.com,phone,{','.join(apps(421, 3))},BAD3,{CLEAN},,{apps(424, 1)[0]}",
        f"bad-4,hanna@example.com,phone,ios,company,full,BAD4,{apps(425, 1)[0]},{some},",
        f'bad-5,hanna@example.com,phone,ios,company,full,BAD5,,"{some}",',
        f"bad-6,hanna@example.com,phone,ios,company,full,BAD6,{CLEAN},{some},,{','.join(apps(426, 34))}",
        f'bad-7,hanna@example.com,phone,ios,company,full,BAD7,{CLEAN},"{apps(460, 1)[0]}"{apps(461, 1)[0]},',
        f"bad-8,{apps(462, 1)[0]},phone,ios,company,full,BAD8,{CLEAN},{some},",
        f"bad-9,hanna@example.com,phone,ios,company,full,{apps(463, 1)[0]}\x01,{CLEAN},{some},",
        f'bad-10,hanna@example.com,phone,ios,company,full,BAD10,2999-01-01T00:00:00Z,"{some}",',
        f'bad-11,hanna@example.com,phone,ios,company,full,BAD11,{CLEAN},"{";".join(apps(464, 36))}',
    ]
    return "\n".join([HEADER, *rows])


def rows_as_json() -> str:
    """The same as JSON Lines, with 300 good ones and 100 in what is no row."""
    good = {"owner": "hanna@example.com", "form": "phone", "platform": "android", "ownership": "company"}
    good |= {"visibility": "full", "reported_at": CLEAN}
    rows = [
        written(good | {"id": f"json-{at}", "eas_device_id": f"JSON{at}", "apps": apps(500 + at * 60, 60)})
        for at in range(5)
    ]
    left = iter(apps(800, 100))
    wrong: list[object] = [
        good | {"id": "w1", "apps": [{"id": next(left), "name": next(left)}]},
        good | {"id": "w2", "apps": {next(left): take(left, 5)}},
        good | {"id": "w3", next(left): "present", "apps": take(left, 5)},
        good | {"id": "w4", "form": [next(left)], "apps": take(left, 9)},
        good | {"id": "w5", "visibility": next(left), "platform": next(left), "apps": take(left, 7)},
        good | {"id": "w6", "shared": next(left), "certificate": take(left, 3)},
        take(left, 2),
        next(left),
    ]
    broken = [
        written(good | {"apps": take(left, 9), "id": "w7, which is cut off before its end"})[:-20],
        written(good | {"id": "w8", "apps": take(left, 9)}).replace('"id"', '"id": 1, "id"', 1),
        '{"id": "w9", ' + f'"{next(left)}": ' * 3,
        "[" * 5000 + next(left),
        *left,
    ]
    return "\n".join([*rows, *map(written, wrong), *broken])


def take(seeds: Iterator[str], count: int) -> list[str]:
    return list(islice(seeds, count))


def written(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def exchange() -> str:
    """Get-MobileDevice's columns, with apps as the friendly name, model, agent and type of phones; and rows gone
    wrong."""
    header = "DeviceId,FriendlyName,DeviceModel,DeviceOS,DeviceUserAgent,DeviceType,UserDisplayName"
    rows = [
        f'EX{at},"{a}","{b}","{c}","{d}",Phone,Hanna Hit'
        for at, (a, b, c, d) in enumerate(zip(*[iter(apps(900, 80))] * 4, strict=True))
    ]
    wrong = [
        f'EXW1,"{apps(980, 1)[0]}",x,x,x,x,{apps(981, 1)[0]}',
        f"EXW2,{apps(982, 1)[0]},{apps(983, 1)[0]}",
        f'EXW3,"{apps(984, 1)[0]}"x,x,x,x,x,Hanna Hit',
        f",{apps(985, 1)[0]},x,x,x,x,Hanna Hit",
    ]
    return "\n".join([header, *rows, *wrong])


def reports() -> Iterator[tuple[str, int]]:
    """Single reports, each with the exit code it must have."""
    good = {"id": "one", "owner": "hanna@example.com", "form": "phone", "platform": "ios", "ownership": "company"}
    good |= {"visibility": "full", "eas_device_id": "ONE", "reported_at": CLEAN}
    yield written(good | {"apps": apps(986, 4)}), 0
    yield written(good | {"apps": [apps(990, 4)]}), 1
    yield written(good | {"owner": "nobody@example.com", "apps": apps(994, 2)}), 3
    yield written(good | {"reported_at": "2999-01-01T00:00:00Z", "apps": apps(996, 2)}), 3
    yield written({"apps": apps(998, 2)} | good)[:-3], 1


def test_the_seeds_are_a_thousand() -> None:
    """Every one of the thousand apps stands, as it is searched, in something that a site is given."""
    text = "\n".join([rows_as_csv(), rows_as_json(), exchange(), *(report for report, _ in reports())])
    thousand = apps(0, 1000)
    assert len(set(thousand)) == 1000
    assert [app for app in thousand if app not in text or CANARY not in app.casefold()] == []


@pytest.fixture
def home(settled: Path, tmp_path: Path, mails: MailSink) -> Story:
    """A company that has moved in, on a site of its own."""
    return Story(on_free_ports(copied(settled, tmp_path), mails), tmp_path)


def test_a_search_finds_what_is_there(home: Story) -> None:
    """The search itself: a device's id is found in the database, and inside a backup; in whatever case."""
    home.say("backup", home.site / "site.tar.gz")
    found = traces("hannaPHONE1", home.site)
    assert [Path(name).name for name in found] == ["gatepost.db", "site.tar.gz:database.sqlite"]
    assert holds("hanna", "HANNA".encode("utf-16-le"))
    assert not holds("hanna", b"han-na")


def test_no_app_that_nobody_looks_for_is_left_anywhere(home: Story, serve: object, tmp_path: Path) -> None:
    """A site that runs is given a thousand apps, in good files and bad ones; then nothing of any stands in its folder,
    its door's copy, its backup, its logs or what commands printed, while it runs and after it ended."""
    assert callable(serve)
    server: Server = serve(home.site)
    said = [*given(home), *verbs(home)]
    wait_for_door(home)
    assert_nothing(home, server, said)
    assert server.stop() == 0
    assert_nothing(home, server, said)
    present = rows(
        home, "SELECT count(*) FROM present JOIN devices ON ref = device WHERE id LIKE 'csv-%' OR id = 'one'"
    )
    assert present == [(0,)]
    assert rows(home, "SELECT count(*) FROM devices WHERE id LIKE 'csv-%' OR id LIKE 'json-%' OR id = 'one'") == [(16,)]


def given(home: Story) -> Iterator[str]:
    """Give the site all of it, for people and for programs; what was printed."""
    for text, more in ((rows_as_csv(), ()), (rows_as_json(), ()), (exchange(), ("--format", "exchange"))):
        for json_too in ((), ("--json",)):
            done = run("devices", "import", "-", *more, *json_too, site=home.site, stdin=text)
            assert "rejected" in done.stdout
            yield done.stdout + done.stderr
    for text, code in reports():
        done = run("devices", "report", "-", site=home.site, stdin=text, exit=code)
        yield done.stdout + done.stderr


def verbs(home: Story) -> Iterator[str]:
    """What people and doors do afterwards."""
    home.file("policy.yaml", DOCUMENT)
    for line in (
        f"policy preview {home.folder}/policy.yaml",
        f"policy propose {home.folder}/policy.yaml --as author@example.com",
        "decide --user hanna@example.com --device csv-0 --purpose testing",
        "door report",
        "doctor",
        "ledger show --json",
        "privacy sheet",
        f"backup {home.site}/site.tar.gz",
        f"ledger export {home.site}/export",
    ):
        done = run(*line.split(), site=home.site, exit=None)
        assert done.exit in (0, 1, 10), done
        yield done.stdout + done.stderr


def wait_for_door(home: Story) -> None:
    """Until the door has all that the site has told it, and has seen a phone."""
    answer = ask(
        home.port, "/Microsoft-Server-ActiveSync?Cmd=Sync&User=hanna@example.com&DeviceId=CSV0", "hanna@example.com"
    )
    assert answer.status in (200, 204, 403, 449)
    eventually(lambda: home.say("door list")[0]["behind"] == 0, "the door is up to date")


def assert_nothing(home: Story, server: Server, said: list[str]) -> None:
    """None of the thousand is there; something else of the same files is, so that it would have been found."""
    assert traces(CANARY, home.site) == []
    assert not holds(CANARY, server.log.encode())
    assert [text for text in said if holds(CANARY, text.encode())] == []
    assert traces("csv0", home.site / "door"), "the door's copy was searched, and has the phones of the file"
    assert len(list(contents(home.site))) > 8
    assert len(said) > 15


def rows(home: Story, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(home.site / "gatepost.db")) as conn:
        return conn.execute(query).fetchall()


def test_an_app_in_the_catalogue_is_not_looked_for_before_it_is_active(home: Story) -> None:
    """WeChat is in the catalogue: until it is active a report of it leaves no finding; while it is, one; after that
    none again, also of the reports that came meanwhile."""

    def findings() -> list[tuple[object, ...]]:
        return rows(home, "SELECT app FROM present JOIN devices ON ref = device WHERE id = 'wei'")

    def report(at: str) -> None:
        home.report("wei", "hanna@example.com", at, "com.tencent.mm", "com.zhiliaoapp.musically")

    report("2020-07-06T11:10:00Z")
    assert findings() == [("tiktok",)]
    home.say("role grant sec@example.com approver:privacy")
    home.say("apps activate wechat --until 2020-12-31 --purpose", "To know how many.", by=AUTHOR)
    home.say("apps approve wechat", by="sec@example.com")
    report("2020-07-06T11:20:00Z")
    assert sorted(findings()) == [("tiktok",), ("wechat",)]
    home.say("apps deactivate wechat")
    report("2020-07-06T11:30:00Z")
    assert findings() == [("tiktok",)]
