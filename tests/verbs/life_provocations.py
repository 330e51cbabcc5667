"""How each refusal in a policy's life is met."""

from gatepost.actions import (
    access,
    announce,
    approve,
    catalogue,
    check,
    exempt,
    names,
    own_absent,
    own_code,
    own_link,
    pause,
    preview,
    propose,
    relax,
    retract,
    waive,
)
from gatepost.actions.change import changing
from gatepost.core.instant import DAY
from gatepost.core.refusal import Code
from gatepost.storage import devices, people
from tests.verbs.hooks import CHECK, hook
from tests.verbs.houses import (
    ADMIN,
    AUTHOR,
    EXECUTIVE,
    LEGAL,
    OPERATOR,
    POLICY,
    SECURITY,
    House,
    good,
    memo,
)
from tests.verbs.provocations import Scene, Verb, provokes

# --- a policy's life


@provokes(Code.WRONG_STAGE)
def _(scene: Scene) -> Verb:
    house = scene.proposed()
    return lambda: retract.retract(house.site, OPERATOR, POLICY, "it was never announced")


@provokes(Code.OUT_OF_DATE)
def _(scene: Scene) -> Verb:
    house = scene.proposed()
    house.approve()
    return lambda: announce.announce(house.site, AUTHOR, POLICY, "0" * 64)


@provokes(Code.DEADLINE_PASSED)
def _(scene: Scene) -> Verb:
    house = scene.house()
    return lambda: propose.propose(house.site, AUTHOR, memo(deadline="2020-07-01"), "memo")


@provokes(Code.NECESSITY_MISSING)
def _(scene: Scene) -> Verb:
    house = scene.house(rails__necessity_required=True)
    return lambda: propose.propose(house.site, AUTHOR, memo(), "memo")


@provokes(Code.PRESS_MISSING)
def _(scene: Scene) -> Verb:
    house = scene.house(rails__press_required=True)
    return lambda: propose.propose(house.site, AUTHOR, memo(), "memo")


@provokes(Code.VENDOR_NOT_ASKED)
def _(scene: Scene) -> Verb:
    house = scene.house(rails__vendor_asked="require")
    house.owners(1)
    house.propose()
    house.approve(POLICY, SECURITY, EXECUTIVE)
    return lambda: announce.announce(house.site, AUTHOR, POLICY)


@provokes(Code.AUTHOR_APPROVES)
def _(scene: Scene) -> Verb:
    house = scene.house()
    good(access.grant_role(house.site, None, AUTHOR, "approver:security"))
    house.propose()
    return lambda: approve.approve(house.site, AUTHOR, POLICY, "security")


@provokes(Code.OWES_AUTHOR)
def _(scene: Scene) -> Verb:
    house = scene.house()
    good(propose.propose(house.site, ADMIN, memo(), "memo"))
    return lambda: approve.approve(house.site, SECURITY, POLICY, "security")


@provokes(Code.GRANTED_TOO_LATE)
def _(scene: Scene) -> Verb:
    house = scene.proposed()
    good(access.grant_role(house.site, None, "late@corp.example", "approver:security"))
    return lambda: approve.approve(house.site, "late@corp.example", POLICY, "security")


@provokes(Code.ALREADY_APPROVED)
def _(scene: Scene) -> Verb:
    house = scene.proposed()
    house.approve()
    return lambda: approve.approve(house.site, SECURITY, POLICY, "security")


@provokes(Code.ROLE_NOT_ASKED)
def _(scene: Scene) -> Verb:
    house = scene.proposed()
    return lambda: approve.approve(house.site, "leg@corp.example", POLICY, "legal")


def _live(scene: Scene) -> House:
    """A live site with a proposal over tiktok."""
    from gatepost.documents.deadline import instant_text

    house = scene.house(exercise=False)
    house.look_for("tiktok", until=house.now() + 30 * DAY)
    house.propose(deadline=instant_text(house.now() + 9 * DAY)[:10])
    return house


@provokes(Code.RELAX_BEYOND)
def _(scene: Scene) -> Verb:
    house = scene.house()
    house.owners(1)
    house.announce()
    return lambda: relax.propose_relax(house.site, AUTHOR, memo(title="Another one"), "memo")


@provokes(Code.RELAX_STRICTER)
def _(scene: Scene) -> Verb:
    house = scene.house()
    house.owners(1)
    house.announce()
    return lambda: relax.propose_relax(house.site, AUTHOR, memo(deadline="2020-07-09"), "memo")


@provokes(Code.SIGNATURE_MISSING)
def _(scene: Scene) -> Verb:
    house = _live(scene)
    return lambda: approve.approve(house.site, SECURITY, POLICY, "security")


@provokes(Code.SIGNATURE_INVALID)
def _(scene: Scene) -> Verb:
    house = _live(scene)
    return lambda: approve.approve(house.site, SECURITY, POLICY, "security", "no signature")


@provokes(Code.QUORUM_MISSING)
def _(scene: Scene) -> Verb:
    house = scene.proposed()
    return lambda: announce.announce(house.site, AUTHOR, POLICY)


@provokes(Code.SHORT_NOTICE)
def _(scene: Scene) -> Verb:
    house = scene.house()
    house.people("u0")
    house.phone("u0")
    house.propose()
    house.approve()
    house.clock("2020-07-10T12:00:00Z")
    return lambda: announce.announce(house.site, AUTHOR, POLICY)


@provokes(Code.APPROVALS_EXPIRED)
def _(scene: Scene) -> Verb:
    house = scene.proposed(deadline="2020-08-30")
    house.approve(POLICY, SECURITY, EXECUTIVE)
    house.clock("2020-07-21T00:00:00Z")
    return lambda: announce.announce(house.site, AUTHOR, POLICY)


@provokes(Code.AUDIENCE_GREW)
def _(scene: Scene) -> Verb:
    house = scene.proposed()
    house.approve(POLICY, SECURITY, EXECUTIVE)
    house.owners(11, prefix="more")
    return lambda: announce.announce(house.site, AUTHOR, POLICY)


@provokes(Code.CATALOGUE_CHANGED)
def _(scene: Scene) -> Verb:
    house = scene.proposed()
    house.approve(POLICY, SECURITY, EXECUTIVE)
    entry = b"apps: {tiktok: {name: TikTok, identifiers: {ios: [com.example.other]}}}"
    good(catalogue.add_entries(house.site, None, entry, "apps.yaml"))
    house.look_for("tiktok")
    return lambda: announce.announce(house.site, AUTHOR, POLICY)


@provokes(Code.CORRECTION_TOO_SLOW)
def _(scene: Scene) -> Verb:
    house = scene.house(smtp__rate_per_hour=2)
    house.owners(9)
    house.propose()
    house.approve(POLICY, SECURITY, EXECUTIVE)
    return lambda: announce.announce(house.site, AUTHOR, POLICY)


@provokes(Code.PAUSED_TOO_LONG)
def _(scene: Scene) -> Verb:
    house = scene.house()
    house.owners(1)
    house.announce()
    good(pause.pause(house.site, OPERATOR, POLICY, "to find out", wait=lambda _seconds: None))
    house.clock(house.now() + pause.LONGEST + 1)
    return lambda: pause.resume(house.site, OPERATOR, POLICY)


@provokes(Code.DIFFERENCING)
def _(scene: Scene) -> Verb:
    house = scene.house()
    house.owners(6)
    house.people("kim", groups="press")
    house.phone("kim")
    house.propose()
    narrower = memo(except_={"groups": ["press"]})
    return lambda: preview.preview_policy(house.site, AUTHOR, narrower, "memo")


@provokes(Code.NAMES_BEFORE_APPROVAL)
def _(scene: Scene) -> Verb:
    house = scene.proposed()
    return lambda: names.name_people(house.site, AUTHOR, POLICY, "to call them")


@provokes(Code.REVISION_OPEN)
def _(scene: Scene) -> Verb:
    house = scene.proposed()
    return lambda: propose.propose(house.site, AUTHOR, memo(), "memo")


# --- waivers, attestations, tellings, the cap


def _waive(
    house: House, days: int = 1, by: str = OPERATOR, reason: str = "abroad", who: str = "u0@corp.example"
) -> Verb:
    end = house.now() + days * DAY
    return lambda: waive.grant_waiver(house.site, by, POLICY, person=who, until=end, reason=reason)


@provokes(Code.WAIVER_TOO_LONG)
def _(scene: Scene) -> Verb:
    return _waive(scene.announced(), days=31)


@provokes(Code.WAIVER_FOR_ONESELF)
def _(scene: Scene) -> Verb:
    return _waive(scene.announced(), who=OPERATOR)


@provokes(Code.OWES_BENEFICIARY)
def _(scene: Scene) -> Verb:
    house = scene.house(waivers__roles=["legal"])
    house.propose()
    return _waive(house, by=LEGAL, who=ADMIN)


@provokes(Code.UNTIL_INVALID)
def _(scene: Scene) -> Verb:
    return _waive(scene.announced(), days=-1)


@provokes(Code.PURPOSE_MISSING)
def _(scene: Scene) -> Verb:
    return _waive(scene.announced(), reason=" ")


@provokes(Code.APP_PRESENT)
def _(scene: Scene) -> Verb:
    house = scene.announced()
    return lambda: exempt.attest(house.site, "u0@corp.example", "phone-u0", "tiktok")


@provokes(Code.CANNOT_ATTEST)
def _(scene: Scene) -> Verb:
    house = scene.house()
    house.people("u0", "u1")
    house.phone("u0")
    return lambda: exempt.attest(house.site, "u1@corp.example", "phone-u0", "tiktok")


def _asked(scene: Scene) -> tuple[House, str]:
    """Somebody whom a policy asks to state what nobody can see, and the token of their page."""
    house = scene.house(web__url="https://gatepost.example")
    house.people("u0")
    house.phone("u0", visibility="managed-only")
    house.announce(unseen="attest")
    with house.site.store.reading() as conn:
        person = people.find(conn, "u0@corp.example")
    assert person is not None
    return house, own_link.own_address(house.site, person.ref, POLICY, house.now()).rpartition("/")[2]


@provokes(Code.CODE_WRONG)
def _(scene: Scene) -> Verb:
    house, token = _asked(scene)
    good(own_absent.send_code(house.site, token, "phone-u0"))
    return lambda: own_absent.state_absent(house.site, token, "phone-u0", "AAAA-AAAA")


@provokes(Code.CODES_SPENT)
def _(scene: Scene) -> Verb:
    house, token = _asked(scene)
    for _ in range(own_code.MOST):
        good(own_absent.send_code(house.site, token, "phone-u0"))
        house.clock(house.now() + own_code.LASTS)
    return lambda: own_absent.send_code(house.site, token, "phone-u0")


@provokes(Code.CHECKS_SPENT)
def _(scene: Scene) -> Verb:
    house = scene.house()
    hook(house, {"manager": (CHECK,)})
    house.owners(check.MOST + 1)
    with house.site.store.reading() as conn:
        first, *others = [known.device.ref for known in devices.everything(conn)]
    with changing(house.site) as change:
        for ref in others:
            good(check.ask(change, ref))

    def ask() -> object:
        with changing(house.site) as change:
            return check.ask(change, first)

    return ask


@provokes(Code.NOT_CONCERNED)
def _(scene: Scene) -> Verb:
    house = scene.announced()
    return lambda: exempt.told(house.site, OPERATOR, POLICY, AUTHOR, "by telephone")


@provokes(Code.NOTHING_FROZEN)
def _(scene: Scene) -> Verb:
    house = scene.house()
    return lambda: exempt.release(house.site, SECURITY)
