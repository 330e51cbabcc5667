"""A site with a hundred people whose names stand nowhere else, and a day there on which every command is given."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from tests.verbs.doorside import see, sighting
from tests.verbs.houses import AUTHOR, LEGAL, OPERATOR, SECURITY, TIKTOK, House, memo

CANARY: Final = "qxnamari"
"""A word in everybody's name, address, login and group, and in nothing else."""

PEOPLE: Final = 100
HELPDESK, AUDITOR, PRIVACY, SECOND = (f"{name}@corp.example" for name in ("help", "audit", "priv", "second"))
OFFICES: Final = {
    HELPDESK: "helpdesk",
    AUDITOR: "auditor",
    PRIVACY: "approver:privacy",
    SECOND: "admin",
}


def address(number: int) -> str:
    return f"{CANARY}{number:03}@corp.example"


class Said(NamedTuple):
    """A command line without --site; `exit`: the code it must end with. `read`: it is given with --json too."""

    line: str
    exit: int = 0
    read: bool = False


@dataclass(frozen=True)
class Town:
    """`folder`: with files that commands read, and for those that they write."""

    house: House
    folder: Path

    def file(self, name: str, text: str | bytes) -> Path:
        path = self.folder / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def day(self) -> Iterator[Said]:
        """Every command, in an order in which each has something to do."""
        yield from self._fleet()
        yield from self._offices()
        yield from self._apps()
        yield from self._policy()
        yield from self._exceptions()
        yield from self._doors()
        yield from self._around()
        yield from self._second_thoughts()
        yield from self._site()

    def _fleet(self) -> Iterator[Said]:
        head = "email,name,kind,country,time_zone,locale,groups,logins"
        rows = [
            f"{address(at)},Ms {CANARY.title()}{at:03},employee,US,UTC,en,staff,corp\\{CANARY}{at:03}"
            for at in range(PEOPLE)
        ]
        yield Said(f"people import {self.file('people.csv', chr(10).join([head, *rows, rows[0]]))}")
        head = "id,owner,form,platform,ownership,visibility,eas_device_id,reported_at,apps"
        rows = [
            f"d{at:03},{address(at)},phone,ios,company,full,EAS{at:03},2020-07-06T07:00:00Z,{TIKTOK if at < 60 else ''}"
            for at in range(PEOPLE)
        ]
        yield Said(f"devices import {self.file('devices.csv', chr(10).join([head, *rows, rows[0]]))}")
        report: dict[str, object] = dict(zip(head.split(","), rows[99].split(","), strict=True)) | {"apps": []}
        yield Said(f"devices report {self.file('report.json', json.dumps(report))}")
        yield Said(f"devices report {self.file('other.json', json.dumps(report | {'owner': address(1)}))}", 3)

    def _offices(self) -> Iterator[Said]:
        for person, role in OFFICES.items():
            yield Said(f"role grant {person} {role}")
        yield Said("role list", read=True)
        yield Said(f"role confirm {SECURITY} approver:security")
        yield Said(f"role revoke {LEGAL} approver:legal")
        key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPKSUFSSnZ+H3mXUQkBnTvGRq0NJwB6DTPM1TLVqxlp x"
        yield Said(f"key add {SECURITY} {self.file('key.pub', key)}")
        yield Said("key list", read=True)
        with self.house.site.store.reading() as conn:
            (fingerprint,) = [row[0] for row in conn.exec_driver_sql("SELECT fingerprint FROM keys")]
        yield Said(f"key confirm {fingerprint}")
        yield Said(f"key revoke {fingerprint}")
        yield Said(f"token add --person {SECURITY} --scope look --scope approve --expires 2020-12-31")
        yield Said("token list", read=True)
        with self.house.site.store.reading() as conn:
            token = conn.exec_driver_sql("SELECT token FROM api_tokens").scalar()
        yield Said(f"token revoke {token}")

    def _apps(self) -> Iterator[Said]:
        own = self.file("apps.yaml", "apps:\n  chess: {name: Chess, identifiers: {ios: [org.example.chess]}}\n")
        yield Said(f"apps check {own}")
        yield Said(f"apps add {own}")
        yield Said("apps list", read=True)
        yield Said("apps show tiktok", read=True)
        for name in ("chess", "wechat"):
            yield Said(f"apps activate {name} --until 2020-12-31 --purpose testing --as {AUTHOR}")
        yield Said("apps proposed", read=True)
        yield Said(f"apps approve chess --as {PRIVACY}")
        yield Said(f"apps decline wechat --reason enough --as {PRIVACY}")
        yield Said(f"apps deactivate chess --as {PRIVACY}")

    def _policy(self) -> Iterator[Said]:
        file = self.file("memo.json", memo(title="Phones", unseen="attest"))
        yield Said(f"policy check {file}")
        yield Said(f"policy preview {file} --as {AUTHOR}", read=True)
        yield Said(f"policy names no-tiktok --purpose testing --as {AUTHOR}", 3)
        yield Said(f"policy propose {file} --as {AUTHOR}")
        yield Said(f"policy decline no-tiktok --role security --reason no --as {SECURITY}")
        yield Said(f"policy withdraw no-tiktok --as {AUTHOR}")
        yield Said(f"policy propose {file} --as {AUTHOR}")
        yield Said(f"policy approve no-tiktok --role security --as {SECURITY}")
        yield Said(f"policy names no-tiktok --purpose testing --as {AUTHOR}", read=True)
        self.house.deliver()
        yield Said(f"policy announce no-tiktok --as {AUTHOR}")
        self.house.pass_time()
        self.house.deliver()
        later = self.file("later.json", memo(title="Phones", unseen="attest", deadline="2020-07-12"))
        yield Said(f"policy diff {later} --as {AUTHOR}", read=True)
        yield Said("policy list", read=True)
        yield Said("policy show no-tiktok", read=True)
        yield Said("policy statement --app tiktok", read=True)
        yield Said("policy schema")
        yield Said("policy example", read=True)

    def _exceptions(self) -> Iterator[Said]:
        yield Said(f"decide --user {address(3)} --device d003 --purpose testing --as {HELPDESK}", 10, read=True)
        yield Said(f"decide --user {address(4)} --purpose testing --as {HELPDESK}", 11, read=True)
        yield Said(f"notices show no-tiktok --as {OPERATOR}", read=True)
        yield Said(f"notices show no-tiktok --purpose testing --as {OPERATOR}", read=True)
        yield Said(f"notices told no-tiktok {address(5)} --how 'by telephone' --as {OPERATOR}")
        yield Said(f"notices bounced {self.file('mail', b'no bounce at all')} --as {OPERATOR}", 1)
        for number, of in ((6, f"--person {address(6)}"), (7, "--device d007")):
            yield Said(f"waiver grant no-tiktok {of} --until 2020-07-20 --reason work{number} --as {OPERATOR}")
        yield Said(f"waiver list --as {OPERATOR}", read=True)
        yield Said(f"waiver report --as {AUDITOR}", read=True)
        yield Said(f"waiver report --purpose testing --as {AUDITOR}", read=True)
        with self.house.site.store.reading() as conn:
            first = conn.exec_driver_sql("SELECT waiver FROM waivers").scalar()
        yield Said(f"waiver revoke {first} --reason over --as {OPERATOR}")
        yield Said(f"attest d070 tiktok --as {address(70)}")
        yield Said(f"people looks {address(3)} --purpose testing --as {AUDITOR}", read=True)
        yield Said(f"people looks --as {address(3)}", read=True)
        yield Said(f"people export {address(8)} --purpose testing --as {HELPDESK}", read=True)
        yield Said(f"people export {address(8)} --as {address(8)} --out {self.folder}/mine")
        yield Said(f"people erase {address(9)} --because 'they asked'", 3)

    def _doors(self) -> Iterator[Said]:
        now = self.house.now()
        seen = [sighting(f"{CANARY}{at:03}@corp.example", f"OWN{at:03}", now, "unknown") for at in range(20)]
        see(self.house, *seen, sighting(address(1), "eas002", now, "foreign"))
        yield Said("door report", read=True)
        yield Said("door report --by group", read=True)
        yield Said("door list", read=True)
        yield Said(f"door observe mail --as {OPERATOR}")
        yield Said(f"door enforce mail --as {OPERATOR}")
        yield Said("door open-all mail --reason fire", 1)
        yield Said("door close mail")
        yield Said(f"door config nginx --out {self.folder}/nginx")
        yield Said(f"device-password issue --device d010 --label mail --reason 'a new one' --as {OPERATOR}")
        yield Said(f"device-password list --as {OPERATOR}", read=True)
        with self.house.site.store.reading() as conn:
            selector = conn.exec_driver_sql("SELECT selector FROM device_passwords").scalar()
        yield Said(f"device-password revoke {selector} --as {OPERATOR}")
        yield Said(f"devices check-out d011 --reason 'handed back' --as {OPERATOR}")

    def _around(self) -> Iterator[Said]:
        claim = "--app tiktok --who Somebody --stance alleges --claim text --date 2020-07-06 --source paper"
        yield Said(f"evidence add {claim} --as {AUTHOR}")
        yield Said(f"evidence import example:tiktok-2020-07-10 --as {AUTHOR}", 3)  # some of it is of days to come
        line = {"app": "tiktok", "who": "Somebody", "stance": "denies", "claim": "text", "date": "2020-07-06"}
        yield Said(f"evidence import {self.file('claims.jsonl', json.dumps(line | {'source': 'paper'}))} --as {AUTHOR}")
        yield Said("evidence list", read=True)
        with self.house.site.store.reading() as conn:
            slip = conn.exec_driver_sql("SELECT evidence FROM claims").scalar()
        yield Said(f"evidence strike {slip} --reason 'a mistake' --as {OPERATOR}")
        yield Said("evidence export", read=True)
        yield Said(f"vendor contact ByteDance --email press@vendor.example --as {AUTHOR}")
        yield Said(f"vendor asked --app tiktok --on 2020-07-05 --question Why? --as {AUTHOR}")
        yield Said("vendor list", read=True)
        with self.house.site.store.reading() as conn:
            inquiry = conn.exec_driver_sql("SELECT inquiry FROM inquiries").scalar()
        yield Said(f"vendor answered {inquiry} --on 2020-07-06 --answer No. --as {AUTHOR}")
        yield Said(f"accounts add @us --app tiktok --group staff --as {AUTHOR}")
        yield Said("accounts list", read=True)
        with self.house.site.store.reading() as conn:
            account = conn.exec_driver_sql("SELECT account FROM accounts").scalar()
        yield Said(f"accounts remove {account} --as {AUTHOR}")
        yield Said("privacy sheet", read=True)
        yield Said("webhook list", read=True)

    def _second_thoughts(self) -> Iterator[Said]:
        yield Said(f"policy pause no-tiktok --reason wait --as {OPERATOR}")
        yield Said(f"policy resume no-tiktok --as {OPERATOR}")
        yield Said(f"policy release --as {SECURITY}", 3)
        yield Said("policy diff --since 2020-07-06T08:00:00Z --until 2020-07-08T08:00:00Z", read=True)
        later = self.file("later.json", memo(title="Phones", unseen="attest", deadline="2020-07-12"))
        yield Said(f"policy relax {later} --as {AUTHOR}")
        yield Said(f"policy retract no-tiktok --reason 'a mistake' --because error --as {OPERATOR}")
        self.house.pass_time()
        self.house.deliver()
        file = self.file("other.json", memo(policy="other", consequence="notify"))
        yield Said(f"policy propose {file} --as {AUTHOR}")
        yield Said(f"policy approve other --role security --as {SECURITY}")
        self.house.deliver()
        yield Said(f"policy announce other --as {AUTHOR}")
        yield Said(f"policy end other --as {OPERATOR}")

    def _site(self) -> Iterator[Said]:
        yield Said("ledger show", read=True)
        yield Said("ledger verify", read=True)
        yield Said("ledger checkpoint", read=True)
        yield Said(f"ledger export {self.folder}/export --as {AUDITOR}")
        yield Said("ledger rebuild --check", read=True)
        yield Said("config check", read=True)
        yield Said("doctor", 1, read=True)
        yield Said("upgrade")
        yield Said(f"backup {self.folder}/site.tar.gz")
        yield Said(f"restore {self.folder}/site.tar.gz {self.folder}/restored")
        yield Said(f"acknowledge {self.file('checkpoint', 'none')}", 3)
        yield Said("clock set 2020-07-20T08:00:00Z")
        yield Said("door forget mail")
