"""gatepost device-password: passwords for the mail programs of single devices."""

from cyclopts import App

from gatepost.actions import device_passwords
from gatepost.cli.data import facts, listing
from gatepost.cli.output import Lines
from gatepost.cli.session import Given

app = App(name="device-password")


@app.command
def issue(*, device: str, reason: str, label: str = "", session: Given) -> int:
    """Make a password for the mail programs of one device; it is shown this once, and its owner is told by mail.

    Parameters
    ----------
    device
        The device's id in the inventory, or its ActiveSync id.
    reason
        Why it is made; its owner reads this.
    label
        How mail servers name its sessions (LOGIN+LABEL), such as phone1; by default the device's form and a number.
    """
    return session.act(lambda site: device_passwords.issue(site, session.by, device, label, reason=reason), _issued)


@app.command
def revoke(selector: str, /, *, session: Given) -> int:
    """Let a password open nothing any more. The owner of its device may do so too.

    Parameters
    ----------
    selector
        The first eight signs of the password; `device-password list` shows them.
    """
    return session.act(lambda site: device_passwords.revoke(site, session.by, selector), facts)


@app.command(name="list")
def passwords(*, person: str = "", device: str = "", session: Given) -> int:
    """Every password: whose, for which device, issued when, used last, revoked; never the secret.

    Parameters
    ----------
    person
        Only those of this person's devices.
    device
        Only those of this device.
    """
    return session.act(
        lambda site: device_passwords.list_passwords(site, session.by, person=person, device=device),
        lambda rows: listing(rows, *(rows[0] if rows else ()), nothing="There are no device passwords."),
    )


def _issued(done: device_passwords.NewPassword) -> Lines:
    yield f"device: {done.device}"
    yield f"user name: {' or '.join(done.logins)}"
    yield f"password: {done.password}"
    yield "It is shown this once. Type it on that device only; whoever has it reads that person's mail."
    yield "They are told by mail that it was made, by whom and why."
