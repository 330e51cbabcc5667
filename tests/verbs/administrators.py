"""Sites with several administrators, who have keys."""

from pathlib import Path

from gatepost.actions import access, confirm
from gatepost.actions.confirm import Confirmed
from gatepost.core.refusal import Refusal
from gatepost.signatures import ssh
from tests.verbs.houses import ADMIN, House, good

BEN, CAL, PUPPET = "ben@corp.example", "cal@corp.example", "puppet@corp.example"
APPROVES = "approver:legal"


class Pair:
    """A live site with two administrators who have keys. ADMIN is the one who goes wrong, with the site in their hands:
    they act as anybody, but sign with keys of their own only."""

    def __init__(self, house: House) -> None:
        self.house, self.site = house, house.site
        good(access.grant_role(self.site, None, BEN, "admin"))
        house.key(BEN)
        house.key(ADMIN, by=BEN)
        house.deliver()

    def sign(self, by: str, name: str, person: str = "", signer: str = "") -> Confirmed | Refusal:
        """A yes in somebody's name, by the key of `signer`."""
        digest = confirm.to_sign(self.site, name, person)
        if isinstance(digest, Refusal):
            return digest
        return confirm.confirm(self.site, by, name, person, self.signature(signer or by, digest), digest)

    def signature(self, signer: str, digest: str) -> str:
        return ssh.sign(Path(self.house.key(signer)), digest.encode("ascii"))

    def grant(self, person: str, role: str, *by: str) -> None:
        """Asked by the first administrator, signed by these."""
        assert good(access.grant_role(self.site, None, person, role)).waits
        for signer in by:
            good(self.sign(signer, role, person))

    def third(self) -> None:
        """CAL is an administrator with a key, as both others agree."""
        self.grant(CAL, "admin", ADMIN, BEN)
        key = good(access.add_key(self.site, None, CAL, self.house.make_key(CAL)))
        for signer in (ADMIN, BEN):
            good(self.sign(signer, key.fingerprint))

    def holds(self, person: str, role: str) -> bool:
        rows = good(access.list_roles(self.site, None))
        return any((row["person"], row["role"], row["waits"]) == (person, role, "") for row in rows)

    def fingerprint(self, person: str) -> str:
        rows = good(access.list_keys(self.site, None))
        return str(next(row["fingerprint"] for row in rows if row["person"] == person))

    def still_guarded(self) -> None:
        """Whatever was tried, the next grant waits, and the ledger is in order."""
        self.grant("another@corp.example", "approver:security")
        self.house.sound()


def rows(*emails: str) -> list[dict[str, str]]:
    cells = {"kind": "employee", "country": "US", "time_zone": "UTC", "locale": "en", "groups": ""}
    return [{"email": one, "name": one.partition("@")[0].title(), **cells} for one in emails]
