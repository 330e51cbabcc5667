"""A site on which every page has something to show: policies in each stage, doors well and ill, names of all sorts."""

import re
from typing import Final

from gatepost.actions import access, activation, evidence, pause, waive
from gatepost.actions.letter import Letter
from gatepost.core.fleet.claim import Claim, Stance
from gatepost.core.instant import DAY
from gatepost.storage import exceptions
from tests.browser.serving import house_with_pages
from tests.verbs.hooks import CHECK, hook
from tests.verbs.houses import AUTHOR, EXECUTIVE, LEGAL, OPERATOR, POLICY, SECURITY, TIKTOK, Builder, House, good
from tests.web.own import parsed

HELP: Final = "help@corp.example"
_TITLE = "TikTok is not permitted on mobile devices that open company mail"
_ASKED = {
    "en": {
        "subject": "Action required: an app on mobile devices that open company mail",
        "body": "Due to security risks, the TikTok app is no longer permitted on mobile devices that open company "
        "mail.\n\nUsing TikTok from your laptop's browser is allowed.",
    },
    "de": {"subject": "Bitte handeln: eine App auf Mobilgeräten", "body": "Bitte entfernen Sie TikTok."},
}
_SORRY = {
    "en": {"subject": "Sent in error", "body": "There is no change to our policies right now with regard to TikTok."},
    "de": {"subject": "Irrtum", "body": "Es ändert sich nichts."},
}
_WORDS = {
    "title": _TITLE,
    "reason": "Security risk",
    "necessity": "Milder means were considered: telling people alone did not do.",
    "press": "We do not comment on apps.",
    "unseen": "attest",
    "announcement": _ASKED,
    "correction": _SORRY,
}
_PEOPLE = (
    (AUTHOR, "Ann Writer", "America/New_York"),
    (SECURITY, "Séverine Çelik-Oberlandesgerichtsrat", "Europe/Berlin"),
    (LEGAL, "Leo Legal", "Europe/London"),
    (OPERATOR, "Olga Operator", "Asia/Kolkata"),
    (HELP, "Hal Helper", "Europe/Berlin"),
)


def furnish(builder: Builder) -> House:
    """On Monday 13 July 2020, with the first policy three days in force and a second revision of it waiting."""
    house = house_with_pages(builder, rails__first_batch=20)
    hook(house, {"manager": (CHECK,)})
    _people(house)
    _evidence(house)
    house.hear("mail", 10**6)
    house.announce(**_WORDS)
    house.deliver(lambda letter: "refused" if letter.recipient.startswith("u3@") else "accepted")
    house.announce(policy="games", title="Company-owned phones carry no games", deadline="immediately", grace="24h")
    house.deliver()
    house.announce(policy="all-pause", title="A pause for all", deadline="2020-08-01")
    good(pause.pause(house.site, OPERATOR, "all-pause", "the works council asks for time", wait=lambda _: None))
    house.announce(policy="all-error", title="Nobody had asked for this", deadline="2020-08-01")
    house.deliver()
    house.retract("all-error")
    house.deliver(most=3)
    house.hear("office-in-vienna", 1, "the disk is full")  # late: a retraction would wait for it
    house.set("2020-07-13T08:00:00Z")
    house.hear("mail", 10**6)
    house.propose(policy="soon", title="Approved, and not announced", deadline="2020-08-01")
    house.approve("soon", SECURITY, EXECUTIVE)
    until = house.now() + 10 * DAY
    why = "on duty abroad"
    good(waive.grant_waiver(house.site, OPERATOR, POLICY, person="u2@corp.example", until=until, reason=why))
    more = {"deadline": "2020-07-20", "rollout": [{"group": "it-security", "deadline": "2020-07-18"}]}
    house.propose(**_WORDS | more | {"approvals": {"security": 1, "legal": 1}})
    house.deliver()
    return house


def _people(house: House) -> None:
    rows = [
        {"email": email, "name": name, "kind": "employee", "country": "DE", "time_zone": zone}
        for email, name, zone in _PEOPLE
    ]
    house.people_rows(*rows)
    good(access.grant_role(house.site, None, HELP, "helpdesk"))
    house.owners(24, [TIKTOK])
    house.owners(9, [], prefix="clean")
    house.people("unseen", groups="it-security")
    house.devices(
        house.phone_row("unseen", visibility="managed-only", ownership="personal"),
        house.phone_row("unseen", id="tablet-unseen", form="tablet", platform="ipados", visibility="none"),
    )


def _evidence(house: House) -> None:
    says = "It passes data on to its owner's government."
    denies = "Data of people in the US are kept in the US, with a backup in Singapore."
    where = "To the press, https://press.example/a/very/long/address/that/does/not/break/at/once/2020/07"
    claims = [
        Claim("tiktok", "A minister", Stance.ALLEGES, says, "2020-07-06", "An interview on the radio"),
        Claim("tiktok", "Its owner", Stance.DENIES, denies, "2020-07-05", where),
    ]
    good(evidence.add_evidence(house.site, AUTHOR, claims))
    why = "A list of a government names it; we want to know how many it would hit."
    good(activation.propose(house.site, AUTHOR, ["wechat"], why, house.now() + 30 * DAY))


def waiver_of(house: House) -> str:
    """The waiver that there is."""
    with house.site.store.reading() as conn:
        return exceptions.all_waivers(conn)[0].waiver


def link_in(house: House, letter: Letter) -> str:
    """The address of ours that a mail's plain text leads to."""
    body = parsed(letter).get_body(("plain",))
    assert body is not None
    (found,) = set(re.findall(rf"{re.escape(house.site.settings.web.url)}/[\w=/-]+", body.get_content()))
    return str(found)
