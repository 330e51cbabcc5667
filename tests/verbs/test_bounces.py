"""Bounces: a mail that came back told nobody."""

from gatepost.actions import bounce, exempt, mails
from gatepost.actions.letter import Letter
from gatepost.core.instant import HOUR
from gatepost.core.problem import Problem
from gatepost.core.refusal import Code, Refusal
from tests.verbs.houses import OPERATOR, POLICY, TIKTOK, House, good


def notification(message_id: str = "", envelope_id: str = "", action: str = "failed") -> bytes:
    """A delivery status notification as RFC 3464 section 2 lays it out."""
    envelope = f"Original-Envelope-Id: {envelope_id}\r\n" if envelope_id else ""
    returned = f"Message-ID: {message_id}\r\n" if message_id else ""
    return (
        "From: MAILER-DAEMON@corp.example\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nIt could not be delivered.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        f"Reporting-MTA: dns; mx.corp.example\r\n{envelope}\r\n"
        f"Final-Recipient: rfc822; u0@corp.example\r\nAction: {action}\r\nStatus: 5.1.1\r\n\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\n{returned}Subject: About phones\r\n\r\n--b--\r\n"
    ).encode()


def announced(house: House) -> dict[str, object]:
    """One person told of the memo; their announcement as `notices show` has it."""
    house.owners(1, [TIKTOK])
    house.announce()
    house.deliver()
    shown = good(mails.show_notices(house.site, None, POLICY, "a test"))
    return next(notice for notice in shown if notice["kind"] == "announcement")


def test_a_bounced_announcement_told_nobody(house: House) -> None:
    """I-10: after a bounce, by Message-ID or by ENVID, the person is warned and never blocked, until told otherwise."""
    notice = announced(house)
    done = good(bounce.take_bounce(house.site, OPERATOR, notification(str(notice["message_id"])), "dsn"))
    assert done == {"person": "u0@corp.example", "kind": "announcement", "told": False}
    house.set("2020-07-12T00:00:00Z")
    assert house.word("u0") == "warn"


def test_a_bounce_is_known_by_its_envelope_id_too(house: House) -> None:
    """A server that keeps ENVID (RFC 3461) names the notice even where the returned headers are gone."""
    notice = announced(house)
    done = good(bounce.take_bounce(house.site, OPERATOR, notification(envelope_id=str(notice["id"])), "dsn"))
    assert done["told"] is False


def test_other_mail_changes_nothing(house: House) -> None:
    """A delay, a plain mail, and a bounce of somebody else's mail leave everybody told."""
    notice = announced(house)
    own = str(notice["message_id"])
    delayed = bounce.take_bounce(house.site, OPERATOR, notification(own, action="delayed"), "dsn")
    plain = bounce.take_bounce(house.site, OPERATOR, b"Subject: hello\r\n\r\nhello\r\n", "dsn")
    for answer in (delayed, plain):
        assert isinstance(answer, tuple)
        assert isinstance(answer[0], Problem)
    foreign = bounce.take_bounce(house.site, OPERATOR, notification("<other@corp.example>"), "dsn")
    assert isinstance(foreign, Refusal)
    assert foreign.code is Code.NO_SUCH_NOTICE
    house.set("2020-07-12T00:00:00Z")
    assert house.word("u0") == "block"


def test_a_late_bounce_does_not_undo_being_told_otherwise(house: House) -> None:
    """I-10: what an operator recorded rests on no mail: told from then on, whenever the mail comes back."""
    notice = announced(house)
    house.set("2020-07-10T12:00:00Z")
    good(exempt.told(house.site, OPERATOR, POLICY, "u0@corp.example", "by telephone"))
    done = good(bounce.take_bounce(house.site, OPERATOR, notification(str(notice["message_id"])), "dsn"))
    assert done["told"] is True
    house.set("2020-07-11T11:00:00Z")
    assert house.word("u0") == "warn", "the notice period of the telling that is left"
    house.set("2020-07-11T12:30:00Z")
    assert house.word("u0") == "block"
    house.sound()


def moved(house: House, email: str) -> list[Letter]:
    """u0 has another first address from now on; the mails that this brings about."""
    row = {"id": "u0@corp.example", "name": "U0", "email": email, "logins": "u0@corp.example"}
    house.later(HOUR)
    house.people_rows(row | {"kind": "employee", "country": "US", "time_zone": "UTC", "locale": "en", "groups": ""})
    return house.deliver()


def test_whoever_has_a_new_address_after_a_bounce_is_told_there(house: House) -> None:
    """I-10, I-20: the announcement that came back told nobody; the one to the new address is a notice of its own, and
    the notice period runs from that."""
    notice = announced(house)
    good(bounce.take_bounce(house.site, OPERATOR, notification(str(notice["message_id"])), "dsn"))
    assert house.deliver() == []
    house.set("2020-07-12T00:00:00Z")
    assert house.word("u0") == "warn"
    (letter,) = moved(house, "new@corp.example")
    assert letter.recipient == "new@corp.example"
    assert str(notice["message_id"]).encode() not in letter.message
    told = house.now()
    assert house.word("u0", at=told + 23 * HOUR) == "warn"
    assert house.word("u0", at=told + 25 * HOUR) == "block"
    again = notification(str(notice["message_id"]))
    assert good(bounce.take_bounce(house.site, OPERATOR, again, "dsn"))["told"] is True  # of the old address
    assert house.word("u0", at=told + 25 * HOUR) == "block"
    house.sound()


def test_a_bounce_after_the_new_address_is_announced_there_too(house: House) -> None:
    """Whichever comes first, the bounce or the import: it is told once at the new address, and not for every import."""
    notice = announced(house)
    assert moved(house, "new@corp.example") == []
    good(bounce.take_bounce(house.site, OPERATOR, notification(str(notice["message_id"])), "dsn"))
    assert [letter.recipient for letter in house.deliver()] == ["new@corp.example"]
    assert moved(house, "new@corp.example") == []
    assert moved(house, "newer@corp.example") == []


def test_a_refused_address_that_is_mended_is_written_to(house: House) -> None:
    """I-20: a refused notice stays refused; the mended address gets one of its own, the correction after a retraction
    goes there and nowhere else."""
    house.owners(1, [TIKTOK])
    house.announce()
    house.deliver(lambda _letter: "refused")
    (letter,) = moved(house, "new@corp.example")
    states = [
        row["state"]
        for row in good(mails.show_notices(house.site, None, POLICY, "a test"))
        if row["kind"] == "announcement"
    ]
    assert sorted(map(str, states)) == ["accepted", "refused"]
    house.retract()
    (correction,) = house.deliver()
    assert letter.message.split(b"Message-ID: ")[1].split(b"\r\n")[0] in correction.message
