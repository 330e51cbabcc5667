"""Part one: what happened, and what could have been known before it did."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from gatepost.actions import access, accounts, evidence, import_devices, import_people
from gatepost.actions.assess import Assessed
from gatepost.actions.preview import preview_policy
from gatepost.clock import boot_elapsed
from gatepost.core.change.impact import By, Category, hide_small
from gatepost.core.change.warning import WarningCode
from gatepost.demo import company, memo
from gatepost.demo.moments import count, local, seconds
from gatepost.demo.play import Scene, Told, expect
from gatepost.demo.stage import NINE, Stage, must
from gatepost.demo.telling import Part, columns
from gatepost.documents.deadline import local_instant

SENT_TO: Final = 840_000
"""People at the company that sent the memo."""

HAPPENED: Final = Part(
    "Part one: what happened",
    "Friday 10 July 2020, 09:00 in Seattle",
    (
        "A mail goes out to the staff of a large company. Because of security risks the TikTok app may no longer be on "
        "mobile devices that open company mail; whoever has it must remove it by the end of that day. In a laptop's "
        "browser it stays allowed. One sender is enough to send it. Senior executives had not known of it.",
        "Here is the same mail at an invented company of 20,000, Larkspur Trading, with what Gatepost says of it "
        "before it is sent. The company is made up; everything else is the real program, with a real mail door.",
    ),
)

AFTERWARDS: Final = Part(
    "The rest of that day",
    "",
    (
        f"None of these figures were there to be looked at. Of {SENT_TO:,} people nobody could say how many the mail "
        "would hit, or how far it had got. About five hours later the press was told that it had been sent in error, "
        "and that the policy had not changed. Somebody who had had the mail had no correction when the press did.",
    ),
)

COUNTRIES: Final = {
    "US": "United States", "IN": "India", "DE": "Germany", "GB": "United Kingdom", "IE": "Ireland", "JP": "Japan",
    "PL": "Poland", "BR": "Brazil", "AU": "Australia", "LU": "Luxembourg",
}  # fmt: skip
PLATFORMS: Final = {"ios": "iOS", "ipados": "iPadOS", "android": "Android"}

ROLES: Final = (
    (company.AUTHOR, "author"),
    (company.SECURITY, "approver:security"),
    (company.LEGAL, "approver:legal"),
    (company.EXECUTIVE, "approver:executive"),
    (company.COUNCIL, "approver:works-council"),
    (company.OPERATOR, "operator"),
)


@dataclass(slots=True)
class Happened:
    """The scenes of part one."""

    stage: Stage
    found: list[Assessed] = field(default_factory=list)

    def scenes(self) -> Sequence[Part | Scene]:
        return (
            HAPPENED,
            Scene("company", "A company comes in from two files", self.take_in),
            Scene("what-is-known", "What is known of the app, and who needs it", self.what_is_known),
            Scene("who-is-hit", "Whom the memo would have hit", self.who_is_hit),
            Scene("who-cannot-be-seen", "Whom nobody can see, and whom nobody can tell", self.who_cannot_be_seen),
            Scene("who-is-among-them", "Who is among them", self.who_is_among_them),
            Scene("owner-not-asked", "The other side was not asked", self.owner_not_asked),
            Scene("deadline-is-today", "A deadline that is today", self.deadline_is_today),
            AFTERWARDS,
        )

    @property
    def assessed(self) -> Assessed:
        expect(bool(self.found), "There is no preview to look at.")
        return self.found[0]

    def take_in(self) -> Told:
        site, began = self.stage.site, boot_elapsed()
        files = company.company(NINE)
        people = must(import_people.import_people(site, None, files.people, "people.csv"))
        devices = must(import_devices.import_devices(site, None, files.devices, "devices.csv"))
        took = boot_elapsed() - began
        for one, role in ROLES:
            must(access.grant_role(site, None, one.email, role))
        self.stage.await_ready()
        self.stage.move_clock(NINE)
        expect(people.added == company.PEOPLE, f"{people.added} people were taken in, not {company.PEOPLE}.")
        expect(not people.rejected and not devices.rejected, "Some rows were rejected.")
        return Told(
            f"{count(people.added)} people in {len(COUNTRIES)} countries and {count(devices.added)} phones, tablets "
            "and "
            f"laptops, the company's and their own, in {seconds(took)}. What the reports say about other apps was "
            "thrown away unread: only TikTok is looked for here."
        )

    def what_is_known(self) -> Told:
        site = self.stage.site
        must(evidence.import_evidence(site, None, _until_then(), "evidence"))
        kept = must(evidence.list_evidence(site, "tiktok"))
        stances = {str(row["stance"]) for row in kept}
        expect({"alleges", "denies"} <= stances, f"One side is missing: {stances}.")
        must(accounts.add_account(site, None, "tiktok", company.ACCOUNT, "social-media"))
        return Told(
            f"{len(kept)} claims were public by then, and Gatepost keeps each with its source: what is alleged, and "
            "what the app's owner says to it. The memo spoke of security risks and named none. And the company has an "
            f"account on that very app, {company.ACCOUNT}, kept by the social-media team.",
            columns([(f"{row['date']}  {row['who']}", str(row["stance"])) for row in kept]),
        )

    def who_is_hit(self) -> Told:
        seen = must(preview_policy(self.stage.site, company.AUTHOR.email, memo.as_sent(), "memo.yaml"))
        self.found.append(seen.assessed)
        impact = seen.assessed.impact
        hit = impact.people.hit
        expect(hit > 0, "Nobody would have been hit.")
        countries = hide_small(impact.people_by[By.COUNTRY][Category.HIT])
        expect(None in countries.values(), "No small cell was hidden.")
        scaled = hit * SENT_TO // company.PEOPLE // 1000 * 1000
        return Told(
            f"{count(hit)} of {count(company.PEOPLE)} people have the app on a phone or tablet that opens mail. They "
            f"would have lost mail there. In a company of {count(SENT_TO)}, as the real one was, the same share is "
            f"about {count(scaled)}. "
            "Counts under five are hidden, and one more with them, so that no table points at anybody.",
            [*_table("People hit", countries, COUNTRIES), "",
             *_table("Devices hit", hide_small(impact.devices_by[By.PLATFORM][Category.HIT]), PLATFORMS)],
        )  # fmt: skip

    def who_cannot_be_seen(self) -> Told:
        impact = self.assessed.impact
        unseen = impact.devices.cannot_tell + impact.devices.unmanaged
        silent = impact.people.cannot_be_told
        expect(unseen > 0 and silent > 0, "Everybody can be seen and told.")
        return Told(
            f"On {count(unseen)} of {count(impact.devices.in_scope)} phones and tablets no device manager can see "
            "which "
            "apps there are: people's own phones, mostly. The memo does not say what it means there. And "
            f"{count(silent)} of those hit have no mail address, so no mail could have told them."
        )

    def who_is_among_them(self) -> Told:
        groups = self.assessed.impact.people_by[By.GROUP][Category.HIT]
        executives, keepers = groups.get("executives", 0), groups.get("social-media", 0)
        warned = self._warned()
        expect(executives > 0 and keepers > 0, "No executives, or nobody who keeps the company's own account.")
        expect(WarningCode.EXECUTIVES_HIT in warned, "The preview did not warn of the executives.")
        expect(WarningCode.KEEPERS_HIT in warned, "The preview did not warn of those who keep the account.")
        return Told(
            f"{count(executives)} executives; and {count(keepers)} people who need the app on a phone for their work. "
            f'The preview offers what would spare them: "{warned[WarningCode.KEEPERS_HIT]}"'
        )

    def owner_not_asked(self) -> Told:
        warned = self._warned()
        expect(WarningCode.VENDOR_NOT_ASKED in warned, "The preview did not warn that the owner was not asked.")
        return Told(
            f'The preview warns: "{warned[WarningCode.VENDOR_NOT_ASKED]}" On that Friday the two companies talked, but '
            "after the mail had gone out. Then it was taken back. A site can require the question before anything is "
            "announced."
        )

    def _warned(self) -> dict[WarningCode, str]:
        return {found.code: found.text for found in self.assessed.warnings}

    def deadline_is_today(self) -> Told:
        assessed = self.assessed
        warned = self._warned()
        expect(WarningCode.DEADLINE_PASSED in warned, "The preview did not warn of the deadline.")
        tokyo = local_instant("2020-07-10", "Asia/Tokyo")
        expect(assessed.earliest is not None and assessed.earliest <= tokyo < NINE, "It was not over in Tokyo.")
        return Told(
            f'Remove it by 10 July, said a mail of 10 July. The preview warns: "{warned[WarningCode.DEADLINE_PASSED]}" '
            f"When it was sent it was {local(NINE, 'Asia/Kolkata')}, and {local(NINE, 'Asia/Tokyo')}: there, and in "
            "Sydney, the day was over before anybody had heard of it."
        )


def _until_then() -> bytes:
    """The file of evidence that comes with the program, as far as it was public before the memo's day."""
    shipped = evidence.shipped_evidence("tiktok-2020-07-10") or b""
    return b"".join(line for line in shipped.splitlines(keepends=True) if json.loads(line)["date"] < "2020-07-10")


def _table(title: str, counts: Mapping[str, int | None], names: Mapping[str, str]) -> list[str]:
    """The largest first; what is hidden last."""
    largest = sorted(counts.items(), key=lambda item: (-(item[1] or 0), item[0]))
    rows = [(names.get(key, key), "hidden" if number is None else count(number)) for key, number in largest]
    return columns([(title, ""), *rows])
