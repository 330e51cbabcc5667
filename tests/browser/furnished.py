"""A site on which every page has something to show: policies in each stage, doors well and ill, names of all sorts."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from gatepost.actions import access, activation, catalogue, evidence, exempt, own_ask, pause, waive
from gatepost.actions.letter import Letter
from gatepost.core.fleet.claim import Claim, Stance
from gatepost.core.instant import DAY
from gatepost.storage import exceptions
from tests.browser.serving import house_with_pages
from tests.verbs.hooks import CHECK, hook
from tests.verbs.houses import AUTHOR, EXECUTIVE, LEGAL, OPERATOR, POLICY, SECURITY, TIKTOK, Builder, House, good
from tests.web.own import CODE, address_of, parsed

HELP: Final = "help@corp.example"
AUDIT: Final = "audit@corp.example"
GAMES: Final = "example.games"
"""An app of the site's own catalogue, on ios."""

Say: TypeAlias = Callable[[str], str]
"""What stands in a name's or a text's place: the same, for a site to look at; something hostile, to try it."""
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
_PEOPLE = (
    (AUTHOR, "Ann Writer", "America/New_York"),
    (SECURITY, "Séverine Çelik-Oberlandesgerichtsrat", "Europe/Berlin"),
    (LEGAL, "Leo Legal", "Europe/London"),
    (OPERATOR, "Olga Operator", "Asia/Kolkata"),
    (HELP, "Hal Helper", "Europe/Berlin"),
    (AUDIT, "Ada Auditor", "Europe/Vienna"),
)
_NAMED = {"u1": "Hanna Weber", "u2": "Ben Carter", "u4": "Mei Tanaka", "clean1": "Cleo Ruiz"}


def furnish(builder: Builder, say: Say = str) -> House:
    """On Monday 13 July 2020, with the first policy three days in force and a second revision of it waiting. `say` is
    asked for every word that people write somewhere."""
    house = house_with_pages(builder, rails__first_batch=20)
    hook(house, {"manager": (CHECK,)})
    seen = _seen(say)
    words = _memo(seen)
    group = _people(house, say, seen)
    _evidence(house, say)
    house.hear("mail", 10**6)
    house.announce(**words)
    house.deliver(lambda letter: "refused" if letter.recipient.startswith("u3@") else "accepted")
    title = seen("Company-owned phones carry no games")
    house.announce(policy="games", title=title, apps=["games"], deadline="immediately", grace="24h")
    house.deliver()
    house.announce(policy="all-pause", title=seen("A pause for all"), deadline="2020-08-01")
    why = say("the works council asks for time")
    good(pause.pause(house.site, OPERATOR, "all-pause", why, wait=lambda _: None))
    house.announce(policy="all-error", title=seen("Nobody had asked for this"), deadline="2020-08-01")
    house.deliver()
    house.retract("all-error")
    house.deliver(most=3)
    house.hear("office-in-vienna", 1, say("the disk is full"))  # late: a retraction would wait for it
    house.set("2020-07-13T08:00:00Z")
    house.hear("mail", 10**6)
    house.propose(policy="soon", title=seen("Approved, and not announced"), deadline="2020-08-01")
    house.approve("soon", SECURITY, EXECUTIVE)
    _exceptions(house, say)
    more = {"deadline": "2020-07-20", "rollout": [{"group": group, "deadline": "2020-07-18"}]}
    house.propose(**words | more | {"approvals": {"security": 1, "legal": 1}})
    house.deliver()
    return house


def _seen(say: Say) -> Say:
    """Without signs that cannot be seen: documents, ids and groups that hold one are refused."""
    return lambda word: "".join(sign for sign in say(word) if sign.isprintable())


def _memo(seen: Say) -> dict[str, Any]:
    def mail(texts: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
        return {language: {part: seen(text) for part, text in by.items()} for language, by in texts.items()}

    return {
        "title": seen(_TITLE),
        "reason": seen("Security risk"),
        "necessity": seen("Milder means were considered: telling people alone did not do."),
        "press": seen("We do not comment on apps."),
        "unseen": "attest",
        "announcement": mail(_ASKED),
        "correction": mail(_SORRY),
    }


def _people(house: House, say: Say, seen: Say) -> str:
    """The group that a policy names."""
    rows = [
        {"email": email, "name": say(name), "kind": "employee", "country": "DE", "time_zone": zone}
        for email, name, zone in _PEOPLE
    ]
    house.people_rows(*rows)
    for email, role in ((HELP, "helpdesk"), (AUDIT, "auditor")):
        good(access.grant_role(house.site, None, email, role))
    games = {"name": seen("Games"), "publisher": seen("Games Inc."), "identifiers": {"ios": [GAMES]}}
    entry = json.dumps({"apps": {"games": games}}).encode()
    good(catalogue.add_entries(house.site, None, entry, "apps.yaml"))
    house.look_for("games")
    house.owners(24, [TIKTOK, GAMES])
    house.owners(9, [], prefix="clean")
    group = seen("it-security")
    house.people("unseen", groups=group)
    named = {one: say(name) for one, name in _NAMED.items()}
    house.people_rows(
        *({"email": f"{one}@corp.example", "name": name, "kind": "employee"} for one, name in named.items())
    )
    tablet = seen("tablet-unseen")
    house.devices(
        house.phone_row("unseen", visibility="managed-only", ownership="personal"),
        house.phone_row("unseen", id=tablet, form="tablet", platform="ipados", visibility="none"),
    )
    return group


def _evidence(house: House, say: Say) -> None:
    says = "It passes data on to its owner's government."
    denies = "Data of people in the US are kept in the US, with a backup in Singapore."
    where = "To the press, https://press.example/a/very/long/address/that/does/not/break/at/once/2020/07"
    claims = [
        Claim("tiktok", say("A minister"), Stance.ALLEGES, say(says), "2020-07-06", say("An interview on the radio")),
        Claim("tiktok", say("Its owner"), Stance.DENIES, say(denies), "2020-07-05", say(where)),
    ]
    good(evidence.add_evidence(house.site, AUTHOR, claims))
    why = say("A list of a government names it; we want to know how many it would hit.")
    good(activation.propose(house.site, AUTHOR, ["wechat"], why, house.now() + 30 * DAY))


def _exceptions(house: House, say: Say) -> None:
    """A waiver, somebody who asks for one, and a statement."""
    until = house.now() + 10 * DAY
    why = say("on duty abroad")
    good(waive.grant_waiver(house.site, OPERATOR, POLICY, person="u2@corp.example", until=until, reason=why))
    good(exempt.attest(house.site, HELP, "phone-unseen", "tiktok", until))
    house.deliver()
    token = address_of(house, "u4").rpartition("/")[2]
    good(own_ask.send_code(house.site, token, "phone-u4"))
    (letter,) = house.deliver()
    body = parsed(letter).get_body(("plain",))
    assert body is not None
    (typed,) = CODE.findall(body.get_content())
    good(own_ask.ask_waiver(house.site, token, "phone-u4", typed, say("I keep the company's own account.")))


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
