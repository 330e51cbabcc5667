"""How each refusal about who, what and where is met: set a scene, then say the verb."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gatepost import wiring
from gatepost.actions import (
    accounts,
    activation,
    approve,
    backup,
    bounce,
    catalogue,
    device_passwords,
    door_mode,
    doors,
    evidence,
    exempt,
    exercise,
    glass,
    import_devices,
    import_people,
    propose,
    tokens,
    vendor,
    waive,
)
from gatepost.cli.doors import write_config
from gatepost.core.fleet.claim import Claim, Stance
from gatepost.core.instant import DAY
from gatepost.core.refusal import Code
from gatepost.core.token import Scope
from gatepost.storage import sitemeta
from tests.verbs.conftest import Build
from tests.verbs.doorside import see, sighting
from tests.verbs.houses import (
    ADMIN,
    AUTHOR,
    OPERATOR,
    POLICY,
    PRIVACY,
    SECURITY,
    House,
    good,
    memo,
)
from tests.verbs.test_bounces import notification
from tests.verbs.test_inventory import jsonl

Verb = Callable[[], object]
PROVOCATIONS: dict[Code, Callable[["Scene"], Verb]] = {}


@dataclass
class Scene:
    """What a provocation is set up with."""

    build: Build
    directory: Path

    def house(self, **settings: object) -> House:
        self.built = self.build(**settings)  # type: ignore[arg-type] # settings by name
        return self.built

    def proposed(self, **policy: object) -> House:
        house = self.house()
        house.owners(1)
        house.propose(**policy)
        return house

    def announced(self) -> House:
        house = self.house()
        house.owners(1)
        house.announce()
        return house


def provokes(code: Code) -> Callable[[Callable[[Scene], Verb]], Callable[[Scene], Verb]]:
    def keep(provocation: Callable[[Scene], Verb]) -> Callable[[Scene], Verb]:
        assert code not in PROVOCATIONS
        PROVOCATIONS[code] = provocation
        return provocation

    return keep


# --- what is spoken of


@provokes(Code.NO_SUCH_POLICY)
def _(scene: Scene) -> Verb:
    house = scene.house()
    return lambda: approve.approve(house.site, SECURITY, "no-such", "security")


@provokes(Code.NO_SUCH_DEVICE)
def _(scene: Scene) -> Verb:
    house = scene.house()
    return lambda: exempt.attest(house.site, None, "no-such", "tiktok")


@provokes(Code.NO_SUCH_APP)
def _(scene: Scene) -> Verb:
    house = scene.house()
    return lambda: propose.propose(house.site, AUTHOR, memo(apps=["no-such"]), "memo")


@provokes(Code.NO_SUCH_LIST)
def _(scene: Scene) -> Verb:
    house = scene.house()
    return lambda: propose.propose(house.site, AUTHOR, memo(apps=None, lists=["no-such"]), "memo")


@provokes(Code.NO_SUCH_WAIVER)
def _(scene: Scene) -> Verb:
    house = scene.house()
    return lambda: waive.revoke_waiver(house.site, OPERATOR, "w_nothing", "over")


@provokes(Code.NO_SUCH_DOOR)
def _(scene: Scene) -> Verb:
    house = scene.house()
    return lambda: doors.forget_door(house.site, OPERATOR, "none")


@provokes(Code.DEVICE_SHARED)
def _(scene: Scene) -> Verb:
    house = scene.house()
    house.people("ben")
    house.phone("ben", shared=True)
    return lambda: device_passwords.issue(house.site, OPERATOR, "phone-ben", reason="new phone")


@provokes(Code.OWNER_UNREACHABLE)
def _(scene: Scene) -> Verb:
    house = scene.house()
    plain = {"kind": "employee", "country": "US", "time_zone": "UTC", "locale": "en", "groups": ""}
    house.people_rows({"id": "nomail", "email": "", "logins": "nomail", "name": "No Mail"} | plain)
    house.devices(house.phone_row("x") | {"owner": "nomail"})
    return lambda: device_passwords.issue(house.site, OPERATOR, "phone-x", reason="new phone")


@provokes(Code.LABEL_UNFIT)
def _(scene: Scene) -> Verb:
    house = scene.house()
    house.owners(1)
    return lambda: device_passwords.issue(house.site, OPERATOR, "phone-u0", "my+phone", reason="new phone")


@provokes(Code.FRONT_UNFIT)
def _(scene: Scene) -> Verb:
    house = scene.house()
    return lambda: write_config(house.site, "haproxy", "", house.site.directory)


@provokes(Code.DOOR_NOT_OPEN)
def _(scene: Scene) -> Verb:
    house = scene.house()
    return lambda: glass.close_door("mail", house.site.settings.doors["mail"])


@provokes(Code.OBSERVED_TOO_SHORT)
def _(scene: Scene) -> Verb:
    house = scene.house(exercise=False)
    return lambda: door_mode.set_mode(house.site, None, "mail", "enforce")


@provokes(Code.TOO_MANY_UNMANAGED)
def _(scene: Scene) -> Verb:
    house = scene.house(exercise=False, door__observe_for="0s", door__unmanaged_limit_percent=99)
    house.people("ben")
    see(house, sighting("ben@corp.example", "eas1", house.now(), "unknown"))
    return lambda: door_mode.set_mode(house.site, None, "mail", "enforce")


@provokes(Code.NO_SUCH_NOTICE)
def _(scene: Scene) -> Verb:
    house = scene.house()
    return lambda: bounce.take_bounce(house.site, OPERATOR, notification("<nothing@corp.example>"), "dsn")


@provokes(Code.SELECTOR_UNKNOWN)
def _(scene: Scene) -> Verb:
    house = scene.house()
    return lambda: device_passwords.revoke(house.site, OPERATOR, "nobodyss")


@provokes(Code.NO_SUCH_PUBLISHER)
def _(scene: Scene) -> Verb:
    house = scene.house()
    return lambda: vendor.set_contact(house.site, OPERATOR, "Nobody Inc.", "", "press@vendor.example")


@provokes(Code.NO_SUCH_INQUIRY)
def _(scene: Scene) -> Verb:
    house = scene.house()
    return lambda: vendor.answered(house.site, OPERATOR, "vq_none", "2020-07-09", "no")


@provokes(Code.NO_SUCH_EVIDENCE)
def _(scene: Scene) -> Verb:
    house = scene.house()
    return lambda: evidence.strike_evidence(house.site, OPERATOR, "ev_none", "a mistake")


@provokes(Code.DATE_AHEAD)
def _(scene: Scene) -> Verb:
    house = scene.house()
    claim = Claim("tiktok", "A minister", Stance.ALLEGES, "Data is passed on.", "2020-07-08", "an interview")
    return lambda: evidence.add_evidence(house.site, AUTHOR, [claim])


@provokes(Code.NO_SUCH_ACCOUNT)
def _(scene: Scene) -> Verb:
    house = scene.house()
    return lambda: accounts.remove_account(house.site, OPERATOR, "ac_none")


@provokes(Code.NOTHING_TO_MATCH)
def _(scene: Scene) -> Verb:
    house = scene.house()
    return lambda: propose.propose(house.site, AUTHOR, memo(apps=["virus-cleaner"]), "memo")


@provokes(Code.APP_NOT_ACTIVE)
def _(scene: Scene) -> Verb:
    house = scene.house()
    return lambda: propose.propose(house.site, AUTHOR, memo(apps=["wechat"]), "memo")


@provokes(Code.NO_SUCH_ACTIVATION)
def _(scene: Scene) -> Verb:
    house = scene.house()
    return lambda: activation.approve(house.site, PRIVACY, "wechat")


@provokes(Code.SENSITIVE_APP)
def _(scene: Scene) -> Verb:
    house = scene.house()
    entry = b"apps: {amigo: {name: Amigo Dating, identifiers: {ios: [com.example.amigo]}}}"
    good(catalogue.add_entries(house.site, None, entry, "apps.yaml"))
    return lambda: activation.propose(house.site, AUTHOR, ["amigo"], "a purpose", house.now() + DAY)


@provokes(Code.APP_IN_USE)
def _(scene: Scene) -> Verb:
    house = scene.announced()
    return lambda: activation.deactivate(house.site, None, "tiktok")


# --- documents and imports


@provokes(Code.DOCUMENT_INVALID)
def _(scene: Scene) -> Verb:
    house = scene.house()
    clash = b"apps: {clone: {name: Clone, identifiers: {ios: [com.zhiliaoapp.musically]}}}"
    return lambda: catalogue.add_entries(house.site, None, clash, "apps.yaml")


@provokes(Code.EXAMPLE_FAILS)
def _(scene: Scene) -> Verb:
    house = scene.house()
    wrong = {"device": {"form": "laptop", "apps": ["tiktok"]}, "at": "2020-07-11T00:00", "expect": "block"}
    return lambda: propose.propose(house.site, AUTHOR, memo(examples=[wrong]), "memo")


@provokes(Code.REPORT_AHEAD)
def _(scene: Scene) -> Verb:
    house = scene.house()
    house.people("u0")
    row = jsonl(house.phone_row("u0", at=house.now() + DAY))
    return lambda: import_devices.report(house.site, None, row)


@provokes(Code.TWO_OWNERS)
def _(scene: Scene) -> Verb:
    house = scene.house()
    house.people("u0", "u1")
    house.phone("u0")
    row = jsonl(house.phone_row("u1", id="phone-u0"))
    return lambda: import_devices.report(house.site, None, row)


@provokes(Code.CERTIFICATE_TAKEN)
def _(scene: Scene) -> Verb:
    house = scene.house()
    house.people("u0")
    house.phone("u0", certificate="ab" * 32)
    row = jsonl(house.phone_row("u0", id="other", certificate="AB" * 32))
    return lambda: import_devices.report(house.site, None, row)


@provokes(Code.TOO_MANY_MISSING)
def _(scene: Scene) -> Verb:
    house = scene.house()
    row = {"email": ADMIN, "name": "R", "kind": "employee", "country": "US", "time_zone": "UTC"}
    only = jsonl(row | {"locale": "en", "groups": ""})
    return lambda: import_people.import_people(house.site, None, only, "people", complete=True)


# --- the API


@provokes(Code.NO_SUCH_TOKEN)
def _(scene: Scene) -> Verb:
    house = scene.house()
    made = good(tokens.add_token(house.site, AUTHOR, "", [Scope.LOOK], house.now() + DAY))
    return lambda: tokens.revoke_token(house.site, OPERATOR, made.token)


@provokes(Code.TOKEN_INVALID)
def _(scene: Scene) -> Verb:
    house = scene.house()
    made = good(tokens.add_token(house.site, AUTHOR, "", [Scope.LOOK], house.now() + DAY))
    return lambda: tokens.bearer(house.site, f"{made.secret}x", Scope.LOOK)


@provokes(Code.SCOPE_MISSING)
def _(scene: Scene) -> Verb:
    house = scene.house()
    made = good(tokens.add_token(house.site, AUTHOR, "", [Scope.LOOK], house.now() + DAY))
    return lambda: tokens.bearer(house.site, made.secret, Scope.PROPOSE)


# --- the site


@provokes(Code.NOT_AN_EXERCISE)
def _(scene: Scene) -> Verb:
    house = scene.house(exercise=False)
    return lambda: exercise.set_clock(house.site, None, house.now())


@provokes(Code.SITE_EXISTS)
def _(scene: Scene) -> Verb:
    house = scene.house()
    return lambda: wiring.init_site(house.site.directory)


@provokes(Code.NO_SITE)
def _(scene: Scene) -> Verb:
    scene.house()
    return lambda: wiring.open_site(scene.directory)


@provokes(Code.SITE_OUTDATED)
def _(scene: Scene) -> Verb:
    house = scene.house()
    with house.site.store.writing() as conn:
        conn.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    return lambda: wiring.open_site(house.site.directory)


@provokes(Code.SITE_NOT_ACKNOWLEDGED)
def _(scene: Scene) -> Verb:
    house = scene.proposed()
    with house.site.store.writing() as conn:
        sitemeta.put(conn, sitemeta.UNACKNOWLEDGED, "1")
    return lambda: approve.approve(house.site, SECURITY, POLICY, "security")


@provokes(Code.CHECKPOINT_MISMATCH)
def _(scene: Scene) -> Verb:
    house = scene.house()
    return lambda: backup.acknowledge(house.site, None, "no checkpoint")


@provokes(Code.BACKUP_INVALID)
def _(scene: Scene) -> Verb:
    scene.house()
    (scene.directory / "archive").write_bytes(b"no archive")
    return lambda: backup.restore(scene.directory / "archive", scene.directory / "restored")
