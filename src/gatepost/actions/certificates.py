"""Which device a client certificate stands for: as an import says it, one certificate never for two devices in use."""

from collections.abc import Mapping

from gatepost.actions.change import Change
from gatepost.core.refusal import Code, Refusal
from gatepost.doors.entry import certificate_key
from gatepost.storage import identities
from gatepost.storage.identities import Identity


class Certificates:
    """What an import says of certificates, row by row. `held`: fingerprint to the device in use that it stands for.

    `changed`: the devices of which it says something new.
    """

    def __init__(self, held: Mapping[str, str]) -> None:
        self.changed: set[str] = set()
        self._held = dict(held)
        self._of: dict[str, set[str]] = {}
        for fingerprint, device in held.items():
            self._of.setdefault(device, set()).add(fingerprint)
        self._given_up: set[str] = set()

    def take(self, device: str, name: str, fingerprints: tuple[str, ...] | None) -> Refusal | None:
        """These are all certificates of this device (by its ref) from now on; None says nothing about them."""
        if fingerprints is None:
            return None
        if any(self._held.get(fingerprint, device) != device for fingerprint in fingerprints):
            text = f"a certificate of {name} is another device's already: give that one's own, or check it out, first"
            return Refusal(Code.CERTIFICATE_TAKEN, text)
        was, now = self._of.get(device, set()), set(fingerprints)
        if was == now:
            return None
        for fingerprint in was - now:
            del self._held[fingerprint]
        self._held |= dict.fromkeys(now, device)
        self._of[device] = now
        self._given_up = (self._given_up | was) - now
        self.changed.add(device)
        return None

    def write(self, change: Change) -> None:
        """Save what is new, once the devices are saved; their standings are published under it by a refresh."""
        for fingerprint in self._given_up:
            identities.detach(change.conn, "certificate", fingerprint)
        change.publish({certificate_key(fingerprint): None for fingerprint in self._given_up})
        for device in self.changed:
            for fingerprint in self._of[device]:
                identities.attach(change.conn, Identity("certificate", fingerprint, device))


def give_up(change: Change, device: str) -> None:
    """A device is out of use: its certificates stand for nothing any more, and may become another's."""
    certificates = Certificates(identities.certificates(change.conn, (), device))
    certificates.take(device, "", ())
    certificates.write(change)
