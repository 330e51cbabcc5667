"""Device passwords: issued once, revoked for good, and what of them stands where."""

import email
import email.policy
from email.message import EmailMessage

from gatepost.actions import access, device_passwords, doors, import_devices
from gatepost.actions.change import changing
from gatepost.actions.device_passwords import NewPassword
from gatepost.actions.ledger import rebuild, show
from gatepost.core.refusal import Code
from gatepost.documents.deadline import instant_text
from gatepost.doors.device_password import fits, read_password
from gatepost.doors.entry import decode_secret, decode_standing, password_key, secret_key
from gatepost.doors.report import Report, Sighting
from gatepost.storage import feed
from tests.verbs.conftest import Build
from tests.verbs.houses import ADMIN, OPERATOR, SECURITY, TIKTOK, House, good, nothing_written, refused

PLAIN = {"kind": "employee", "country": "US", "time_zone": "UTC", "locale": "en", "groups": ""}
WHY = "Stood at the help desk with a new phone."


def issued(house: House, device: str = "phone-u0", label: str = "") -> NewPassword:
    return good(device_passwords.issue(house.site, OPERATOR, device, label, reason=WHY))


def entries(house: House, selector: str) -> tuple[bytes | None, bytes | None]:
    """What doors hear of a password: the standing of its device, and what recognises it."""
    with house.site.store.reading() as conn:
        return feed.value(conn, password_key(selector)), feed.value(conn, secret_key(selector))


def test_a_password_is_shown_once_and_kept_as_a_digest(house: House) -> None:
    """The secret is in no table, no entry of the ledger and no door's entry; what doors get recognises it."""
    house.owners(1)
    done = issued(house)
    typed = read_password(done.password)
    assert typed is not None
    assert typed.selector == done.selector
    standing, kept = entries(house, done.selector)
    assert standing is not None
    assert kept is not None
    assert decode_standing(standing).logins == ("u0@corp.example",)
    assert decode_secret(kept).label == done.label == "phone1"
    assert fits(typed.secret, decode_secret(kept))
    everything = repr(house.tables())
    assert typed.secret not in everything
    assert done.password not in everything
    assert done.selector in everything
    house.sound()


def test_a_block_reaches_the_password_s_standing(house: House) -> None:
    """The password's entry is its device's standing: what blocks the one blocks the other (I-1)."""
    house.owners(1, apps=(TIKTOK,))
    done = issued(house)
    house.announce()
    house.deliver()
    standing, _ = entries(house, done.selector)
    assert standing is not None
    assert len(decode_standing(standing).rules) == 1


def test_a_revoked_password_is_gone_from_the_doors(house: House) -> None:
    """Both of its entries are deleted, what recognised it is erased, and it stays in the list."""
    house.owners(1)
    done = issued(house)
    good(device_passwords.revoke(house.site, OPERATOR, f"{done.selector[:4]}-{done.selector[4:]}".upper()))
    assert entries(house, done.selector) == (None, None)
    (row,) = good(device_passwords.list_passwords(house.site, OPERATOR))
    assert row["revoked"]
    kept = next(row for row in house.tables()["device_passwords"] if row[0] == done.selector)
    assert [value for value in kept if isinstance(value, bytes)] == [b"", b""]
    with nothing_written(house):
        refused(device_passwords.revoke(house.site, OPERATOR, done.selector), Code.SELECTOR_UNKNOWN)
    house.report("u0")  # the standing is published anew, under what the device still has
    assert entries(house, done.selector) == (None, None)
    house.sound()


def test_a_device_that_is_checked_out_loses_its_passwords(house: House) -> None:
    """For good: also if the device comes back, perhaps to somebody else."""
    house.owners(2)
    done = [issued(house), issued(house)]
    good(import_devices.check_out(house.site, OPERATOR, "phone-u0", "handed back"))
    house.phone("u1", id="phone-u0")
    assert [entries(house, one.selector) for one in done] == [(None, None)] * 2
    rows = good(device_passwords.list_passwords(house.site, OPERATOR, device="phone-u0"))
    assert all(row["revoked"] for row in rows)
    assert house.ledger().count("DevicePasswordRevoked") == 2
    house.sound()


def test_a_rebuild_tells_doors_of_passwords_anew(house: House) -> None:
    """What doors were given is made from the tables again: those in force, and no other."""
    house.owners(1)
    done = issued(house)
    before = entries(house, done.selector)
    with changing(house.site) as change:
        lost = {password_key(done.selector): None, secret_key(done.selector): None}
        change.publish(lost | dict.fromkeys([password_key("strayedd"), secret_key("strayedd")], before[1]))
    assert entries(house, "strayedd")[1] is not None
    good(rebuild(house.site, None, check=False))
    assert entries(house, done.selector) == before
    assert entries(house, "strayedd") == (None, None)


def test_the_passwords_of_somebody_who_left_open_nothing(build: Build) -> None:
    """Whoever left has no logins, so no name goes with the password; and gets no new one."""
    house = build(fleet__complete_limit_percent=100)
    house.owners(1)
    done = issued(house)
    columns = {"kind": "employee", "country": "US", "time_zone": "UTC", "locale": "en", "groups": ""}
    staying = ({"email": email, "name": email} | columns for email in (ADMIN, OPERATOR))
    house.people_rows(*staying, complete=True)
    standing, _ = entries(house, done.selector)
    assert standing is not None
    assert decode_standing(standing).logins == ("\0",)
    refused(device_passwords.issue(house.site, OPERATOR, "phone-u0", reason=WHY), Code.PERSON_LEFT)


def test_labels_are_one_person_s_devices_apart(house: House) -> None:
    """LOGIN+LABEL means one password: labels go by form and number, and none is ever given to a person twice."""
    house.owners(2)
    house.phone("u0", id="tab-u0", form="tablet")
    assert [issued(house).label, issued(house, "tab-u0").label, issued(house).label] == ["phone1", "tablet1", "phone2"]
    assert issued(house, "phone-u1").label == "phone1"
    refused(device_passwords.issue(house.site, OPERATOR, "tab-u0", "phone2", reason=WHY), Code.LABEL_UNFIT)
    for unfit in ("Phone", "my phone", "a+b", "-a", "a" * 33, "é"):
        refused(device_passwords.issue(house.site, OPERATOR, "tab-u0", unfit, reason=WHY), Code.LABEL_UNFIT)
    first = good(device_passwords.list_passwords(house.site, OPERATOR, person="u0@corp.example"))[0]
    assert first["label"] == "phone1"
    good(device_passwords.revoke(house.site, OPERATOR, str(first["selector"])))
    assert issued(house).label == "phone3"


def letter_of(house: House) -> tuple[EmailMessage, str]:
    """The one mail that is sent now, and what it says, without line breaks."""
    (letter,) = house.deliver()
    message = email.message_from_bytes(letter.message, policy=email.policy.default)
    body = message.get_body(("plain",))
    assert body is not None
    return message, " ".join(body.get_content().split())


def test_the_owner_is_told_at_once_by_whom_and_why(house: House) -> None:
    """Nobody opens somebody's mail behind their back: the owner of the device hears who made the password, when, why,
    for which device, and what to do about it; never the password itself."""
    house.owners(1)
    good(access.grant_role(house.site, None, "desk@corp.example", "helpdesk"))
    done = good(device_passwords.issue(house.site, "desk@corp.example", "phone-u0", reason=WHY))
    message, said = letter_of(house)
    assert message["To"] == "U0 <u0@corp.example>"
    assert message["Gatepost-Notice"] == "device-password"
    assert message["Gatepost-Policy"] is None
    for part in ("phone-u0", "desk", done.selector, WHY, "July 6, 2020", "Tell us at once"):
        assert part in said
    assert done.password not in said
    assert read_password(done.password).secret not in message.as_string()  # type: ignore[union-attr]
    assert house.deliver() == []
    house.sound()


def test_the_owner_s_mail_waits_behind_no_queue(house: House) -> None:
    """It goes out before the reminders and announcements that wait, however many the provider takes in an hour."""
    house.owners(300)
    house.announce(reminders=["24h"])
    issued(house)
    sent = house.deliver(most=1)
    assert "device-password" in str(email.message_from_bytes(sent[0].message)["Gatepost-Notice"])


def test_a_password_is_made_for_a_reason_and_for_somebody_who_can_be_told(house: House) -> None:
    """Without a reason none is made, nor for whoever has no address: nobody could tell them."""
    house.owners(1)
    house.people_rows({"id": "nomail", "email": "", "logins": "nomail", "name": "No Mail"} | PLAIN)
    house.devices(house.phone_row("x") | {"owner": "nomail"})
    with nothing_written(house):
        refused(device_passwords.issue(house.site, OPERATOR, "phone-u0", reason=" "), Code.PURPOSE_MISSING)
        refused(device_passwords.issue(house.site, OPERATOR, "phone-x", reason=WHY), Code.OWNER_UNREACHABLE)


def test_the_owner_takes_back_a_password_of_their_own(house: House) -> None:
    """It opens their mail, so their word is enough; nobody else's without a role is."""
    house.owners(2)
    done = issued(house)
    with nothing_written(house):
        refused(device_passwords.revoke(house.site, "u1@corp.example", done.selector), Code.ROLE_MISSING)
    good(device_passwords.revoke(house.site, "u0@corp.example", done.selector))
    assert entries(house, done.selector) == (None, None)
    house.sound()


def test_who_may_issue_and_see_passwords(house: House) -> None:
    """An operator or the help desk; an approver may neither issue, revoke nor list."""
    house.owners(1)
    done = issued(house)
    with nothing_written(house):
        refused(device_passwords.issue(house.site, SECURITY, "phone-u0", reason=WHY), Code.ROLE_MISSING)
        refused(device_passwords.revoke(house.site, SECURITY, done.selector), Code.ROLE_MISSING)
        refused(device_passwords.list_passwords(house.site, SECURITY), Code.ROLE_MISSING)
        refused(device_passwords.list_passwords(house.site, OPERATOR, person="x@corp.example"), Code.NO_SUCH_PERSON)
        refused(device_passwords.list_passwords(house.site, OPERATOR, device="x"), Code.NO_SUCH_DEVICE)
        refused(device_passwords.issue(house.site, OPERATOR, "x", reason=WHY), Code.NO_SUCH_DEVICE)


def test_the_ledger_names_the_password_and_its_device(house: House) -> None:
    """I-31: an entry each, by pseudonym and selector."""
    house.owners(1)
    done = issued(house)
    good(device_passwords.revoke(house.site, OPERATOR, done.selector))
    found = good(show(house.site, None, 0, ("DevicePasswordIssued", "DevicePasswordRevoked"), 10))
    assert [entry["by"] for entry in found] == [OPERATOR, OPERATOR]
    for entry in found:
        data = entry["data"]
        assert isinstance(data, dict)
        assert data["selector"] == done.selector
        assert str(data["device"]).startswith("d_")


def test_last_use_comes_from_what_doors_saw(house: House) -> None:
    """A door's sighting of a password is its last use; an older one, told late or beside it, changes nothing."""
    house.owners(1)
    done = issued(house)

    def seen(at: int) -> str:
        sighting = Sighting("u0@corp.example", "password", done.selector, "", "", at, at, "clear", "allow")
        before = sighting._replace(login="u0", last=at - 1)  # the same password with another login of its owner's
        doors.hear_door(house.site, "mail", Report(0, "", (sighting, before)))
        (row,) = good(device_passwords.list_passwords(house.site, OPERATOR))
        return str(row["last_use"])

    assert good(device_passwords.list_passwords(house.site, OPERATOR))[0]["last_use"] == ""
    at = house.now()
    assert seen(at) == instant_text(at)
    assert seen(at - 1000) == instant_text(at)
    assert seen(at + 1000) == instant_text(at + 1000)
