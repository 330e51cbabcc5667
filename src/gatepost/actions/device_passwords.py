"""Device passwords: each for the mail programs of one device, which nothing else tells apart."""

from dataclasses import dataclass

from sqlalchemy import Connection

from gatepost.actions.change import Change, changing, looking
from gatepost.actions.outbox import tell_of
from gatepost.actions.site import Site
from gatepost.actions.standing import refresh
from gatepost.actions.who import HELPDESK, OPERATOR, acting, looking_as
from gatepost.core.fleet.device import Device
from gatepost.core.fleet.person import Person
from gatepost.core.ledger.door_events import DevicePasswordIssued, DevicePasswordRevoked
from gatepost.core.notice.notice import NoticeKind
from gatepost.core.refusal import Code, Refusal
from gatepost.documents.deadline import instant_text
from gatepost.doors.device_password import LABEL, DevicePassword, keep, new_password
from gatepost.doors.entry import SECRET, Secret, encode_secret, password_key, secret_key
from gatepost.storage import device_passwords, devices, feed, identities, people
from gatepost.storage.device_passwords import Issued, Listed
from gatepost.storage.identities import Identity


@dataclass(frozen=True, slots=True)
class NewPassword:
    """`password` is shown this once. `logins`: the user names to type with it."""

    device: str
    label: str
    logins: tuple[str, ...]
    selector: str
    password: str


def issue(site: Site, by: str | None, device_name: str, label: str = "", *, reason: str = "") -> NewPassword | Refusal:
    """Make a password for one device; its owner is told at once, and by whom and why it was made. It works at once too,
    because whoever stands at the help desk may have no other way to their mail.

    `label`: how mail servers name its sessions, LOGIN+LABEL; by default the form of the device and the first number
    that is free among its owner's."""
    if not reason.strip():
        return Refusal(Code.PURPOSE_MISSING, "It opens somebody's mail, so say why it is made: add --reason TEXT.")
    with changing(site) as change:
        actor = acting(change, by, OPERATOR, HELPDESK)
        if isinstance(actor, Refusal):
            return actor
        device = devices.find(change.conn, device_name)
        if device is None:
            return Refusal(Code.NO_SUCH_DEVICE, f"No device is known as {device_name}.")
        owner = _owner(change.conn, device)
        if isinstance(owner, Refusal):
            return owner
        named = _label(change.conn, device, label)
        if isinstance(named, Refusal):
            return named
        password = _unused(change.conn)
        _write(change, device, named, password, change.words(reason))
        kind = NoticeKind.DEVICE_PASSWORD
        tell_of(change, kind, owner.ref, actor.person.name, password.selector, note=reason, device=device.ref)
        return NewPassword(device.id, named, owner.logins, password.selector, str(password))


def _owner(conn: Connection, device: Device) -> Person | Refusal:
    """Who will log in with it: one person, never whoever holds a shared device just now."""
    if device.shared:
        text = f"{device.id} is shared: a password opens one person's mail, so it belongs to a device of one person."
        return Refusal(Code.DEVICE_SHARED, text)
    owner = people.load(conn, [device.owner])[device.owner]
    if not owner.working:
        return Refusal(Code.PERSON_LEFT, f"{owner.id}, whose device it is, has left.")
    if not owner.emails:
        text = f"{owner.id} could not be told of it: import a mail address for them first."
        return Refusal(Code.OWNER_UNREACHABLE, text)
    return owner


def _label(conn: Connection, device: Device, label: str) -> str | Refusal:
    """LOGIN+LABEL must mean one password for ever, because its open sessions are ended by that name, revoked or not."""
    held = {one.issued.label for one in device_passwords.listed(conn, device.owner)}
    if not label:
        form = device.form.value
        return next(name for number in range(1, len(held) + 2) if (name := f"{form}{number}") not in held)
    if not LABEL.fullmatch(label):
        text = f'"{label}" cannot be a label: take small letters, digits and hyphens, 32 at most, such as phone1.'
        return Refusal(Code.LABEL_UNFIT, text)
    if label in held:
        return Refusal(Code.LABEL_UNFIT, f"This person has, or had, a password named {label}; choose another.")
    return label


def _unused(conn: Connection) -> DevicePassword:
    while device_passwords.find(conn, (password := new_password()).selector):
        continue
    return password


def _write(change: Change, device: Device, label: str, password: DevicePassword, reason_hash: str) -> None:
    kept = keep(password.secret, label)
    issued = Issued(password.selector, device.ref, label, change.now, change.by, revoked_at=None, used_at=None)
    change.record(DevicePasswordIssued(password.selector, device.ref, reason_hash))
    device_passwords.add(change.conn, issued, kept.salt, kept.digest)
    identities.attach(change.conn, Identity("password", password.selector, device.ref))
    refresh(change, [device.ref])
    change.publish({secret_key(password.selector): encode_secret(kept)})


def revoke(site: Site, by: str | None, selector: str) -> dict[str, object] | Refusal:
    """From now on the password that begins with these signs, written in whatever way, opens nothing. The owner of its
    device may do so too."""
    selector = selector.replace("-", "").lower()
    with changing(site) as change:
        issued = device_passwords.find(change.conn, selector)
        actor = acting(change, by, *(() if _is_owner(change.conn, by, issued) else (OPERATOR, HELPDESK)))
        if isinstance(actor, Refusal):
            return actor
        if issued is None or issued.revoked_at is not None:
            text = f"No password in force begins with {selector}; `device-password list` shows all."
            return Refusal(Code.SELECTOR_UNKNOWN, text)
        _revoke(change, issued)
        return {"selector": selector, "revoked": True}


def _is_owner(conn: Connection, by: str | None, issued: Issued | None) -> bool:
    """Whether the password is for a device of whoever acts."""
    person = people.find(conn, by) if by else None
    if issued is None or person is None:
        return False
    return issued.device in devices.refs_of(conn, [person.ref])


def revoke_all(change: Change, device: str) -> None:
    """A device (by ref) goes out of use, and its passwords with it."""
    for issued in device_passwords.in_force(change.conn, [device]):
        _revoke(change, issued)


def _revoke(change: Change, issued: Issued) -> None:
    change.record(DevicePasswordRevoked(issued.selector, issued.device))
    device_passwords.revoke(change.conn, issued.selector, change.now)
    identities.detach(change.conn, "password", issued.selector)
    change.publish({password_key(issued.selector): None, secret_key(issued.selector): None})


def publish_secrets(change: Change) -> None:
    """What recognises each password in force, made anew from the table; and nothing that recognises another."""
    kept = device_passwords.kept(change.conn)
    entries = {secret_key(name): encode_secret(Secret(salt, digest, label)) for name, salt, digest, label in kept}
    change.publish(dict.fromkeys(feed.published(change.conn, SECRET) - entries.keys()))
    change.publish(entries)


def list_passwords(
    site: Site, by: str | None, *, person: str = "", device: str = ""
) -> list[dict[str, object]] | Refusal:
    """Every password, also revoked ones; or those of one person's devices, or of one device. Never a secret."""
    with looking(site) as conn:
        actor = looking_as(conn, site.clock.now(), by, OPERATOR, HELPDESK)
        if isinstance(actor, Refusal):
            return actor
        owner = people.find(conn, person) if person else None
        if person and owner is None:
            return Refusal(Code.NO_SUCH_PERSON, f"Nobody is known as {person}.")
        known = devices.find(conn, device) if device else None
        if device and known is None:
            return Refusal(Code.NO_SUCH_DEVICE, f"No device is known as {device}.")
        found = device_passwords.listed(conn, owner.ref if owner else None, known.ref if known else None)
        return [_listed(one) for one in found]


def _listed(one: Listed) -> dict[str, object]:
    issued = one.issued
    return {
        "selector": issued.selector,
        "label": issued.label,
        "person": one.person,
        "device": one.device,
        "issued": instant_text(issued.issued_at),
        "last_use": "" if issued.used_at is None else instant_text(issued.used_at),
        "revoked": "" if issued.revoked_at is None else instant_text(issued.revoked_at),
    }
