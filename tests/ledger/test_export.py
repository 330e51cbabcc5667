"""The export, checked as a stranger would: by the verify.py inside it, where Gatepost cannot be imported."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gatepost import verifier
from gatepost.core.ledger.events import NoticesSettled, OutcomesChanged, PolicyRetracted, RoleGranted
from gatepost.documents.ledger_export import README, write_export
from tests.ledger.houses import ADMIN, AUTHOR, LEGAL, POLICY, House, announced, staffed

needs_ssh_keygen = pytest.mark.needs("openssh-client")


def export(house: House, folder: Path) -> Path:
    notes = [house.checkpoint(3), house.checkpoint()]
    written = write_export(folder, iter(house.leaves), house.proposals, house.site_key.verifier, notes)
    assert written == len(house.leaves)
    return folder


def python(*arguments: str | Path, cwd: Path, path: str | None = None) -> subprocess.CompletedProcess[str]:
    """Python without site-packages, the current directory and this environment's settings."""
    command = [sys.executable, "-I", "-S", *map(str, arguments)]
    env = {"PATH": os.environ["PATH"] if path is None else path}
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)


@pytest.fixture
def house(tmp_path: Path) -> House:
    (tmp_path / "keys").mkdir()
    return announced(tmp_path / "keys")


def test_gatepost_is_not_at_hand_here(tmp_path: Path) -> None:
    """The tests below mean what they say: there is no Gatepost to import for the verifier that they run."""
    assert "No module named 'gatepost'" in python("-c", "import gatepost", cwd=tmp_path).stderr


@needs_ssh_keygen
def test_an_export_verifies(house: House, tmp_path: Path) -> None:
    """An honest export passes from any directory, its approvals checked by the real ssh-keygen (I-12, I-32)."""
    folder = export(house, tmp_path / "export")
    kept = tmp_path / "kept.txt"
    kept.write_text(house.checkpoint())
    own = ("--checkpoint", kept)
    for done in (python("verify.py", *own, cwd=folder), python(folder / "verify.py", folder, *own, cwd=tmp_path)):
        assert done.stderr == ""
        assert done.stdout.splitlines()[-1] == "verified"
        assert "2 signatures of approvals checked" in done.stdout
        assert "3 checkpoints compared" in done.stdout
        assert f"{len(house.leaves)} entries, root " in done.stdout
        assert "not checked" not in done.stdout
        assert done.returncode == 0


def test_an_export_s_own_checkpoints_do_not_verify_it(house: House, tmp_path: Path) -> None:
    """I-32: whoever made the export could have made them with the rest; the last line says that something is open."""
    done = python("verify.py", cwd=export(house, tmp_path / "export"))
    assert done.returncode == 0
    assert "not checked: no checkpoint that somebody kept elsewhere" in done.stdout
    assert done.stdout.splitlines()[-1] == "verified, but for what was not checked"


def test_an_auditor_reads_one_policy_s_course(house: House, tmp_path: Path) -> None:
    """From the export alone: who proposed and approved, with which key, to how many it was announced, how many mails
    were taken and when, what became of devices, who took it back and why; others' policies are left out."""
    for first, last in ((0, 50), (50, 80)):
        states = {f"n{number}": "accepted" for number in range(first, last)} | {f"r{first}": "refused"}
        house.say("system", NoticesSettled(POLICY, 1, "announcement", states))
    house.say("system", NoticesSettled("another", 1, "announcement", {"n": "accepted"}))
    house.say("system", OutcomesChanged({"d_1": "warn", "d_2": "block"}))
    house.say(AUTHOR, PolicyRetracted(POLICY, 1, "error", "", ""))
    folder = export(house, tmp_path / "export")
    shown = python("verify.py", "--policy", POLICY, cwd=folder).stdout.splitlines()
    lines = [line.partition("  ")[2] for line in shown[: shown.index(next(x for x in shown if ", root " in x))]]
    assert [line.split(" by ")[0].split(", ")[0] for line in lines] == [
        "entry 7  PolicyProposed",
        "entry 8  PolicyApproved",
        "entry 9  PolicyApproved",
        "entry 10  PolicyAnnounced",
        "entries 11 to 12",
        "entry 14  devices",
        "entry 15  PolicyRetracted",
    ]
    assert shown[0].startswith("2020-07-10T12:00:07.000Z  entry 7  PolicyProposed by p_author, ")
    assert lines[1].endswith(", role security")
    assert "fingerprint SHA256:" in lines[1]
    assert lines[4] == "entries 11 to 12, until 2020-07-10T12:00:12.000Z  mails, announcement: 80 accepted, 2 refused"
    assert lines[5] == "entry 14  devices, now: 1 block, 1 warn"
    assert "because error" in lines[6]
    assert python("verify.py", "--policy", "nothing", cwd=folder).stdout.startswith("16 entries, root ")


def test_without_ssh_keygen_it_says_so(house: House, tmp_path: Path) -> None:
    """Where ssh-keygen is missing all else is checked, and each signature that was not is named."""
    done = python("verify.py", cwd=export(house, tmp_path / "export"), path=str(tmp_path))
    assert done.returncode == 0
    assert "0 signatures of approvals checked" in done.stdout
    assert "not checked: entry 9: the SSH signature of p_legal" in done.stdout
    assert "checked by ssh-keygen (OpenSSH 8.1 or later): it is not here" in done.stdout


def test_an_edited_export_fails(house: House, tmp_path: Path) -> None:
    """A line of the ledger changed by hand: exit code 1, and the place is named."""
    folder = export(house, tmp_path / "export")
    ledger = folder / "ledger.jsonl"
    lines = ledger.read_bytes().split(b"\n")
    lines[4] = lines[4].replace(b"p_security", b"p_somebody")
    ledger.write_bytes(b"\n".join(lines))
    done = python("verify.py", cwd=folder)
    assert done.returncode == 1
    assert "PROBLEM in ledger: forked" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("NOT VERIFIED")


@needs_ssh_keygen
def test_a_forged_signature_fails(tmp_path: Path) -> None:
    """A signature over another proposal is found by the real ssh-keygen."""
    (tmp_path / "keys").mkdir()
    house = staffed(tmp_path / "keys")
    house.propose({"legal": 1})
    house.approve(LEGAL, "legal", over="0" * 64)
    done = python("verify.py", cwd=export(house, tmp_path / "export"))
    assert done.returncode == 1
    assert "PROBLEM in entry 8: signature: the signature of p_legal" in done.stdout


def test_a_checkpoint_from_a_mail(house: House, tmp_path: Path) -> None:
    """I-32: a checkpoint kept from a mail, indented and with the mail's line ends, finds an export cut short."""
    folder = export(house, tmp_path / "export")
    kept = tmp_path / "kept.txt"
    kept.write_bytes(("\r\n" + house.checkpoint().replace("\n", "\r\n  ") + "\r\n").encode())
    done = python("verify.py", "--checkpoint", kept, cwd=folder)
    assert "3 checkpoints compared" in done.stdout
    assert done.returncode == 0

    ledger = folder / "ledger.jsonl"
    ledger.write_bytes(b"".join(line + b"\n" for line in house.leaves[:5]))
    for file in (folder / "checkpoints").iterdir():
        file.unlink()
    assert python("verify.py", cwd=folder).returncode == 0  # nothing inside gives it away
    done = python("verify.py", "--checkpoint", kept, cwd=folder)
    assert "PROBLEM in ledger: truncated" in done.stdout
    assert done.returncode == 1


def test_a_changed_proposal_fails(house: House, tmp_path: Path) -> None:
    """I-13: the bytes of a proposal changed after its approval are found; bytes left out are named."""
    folder = export(house, tmp_path / "export")
    file = folder / "proposals" / f"{house.hash}.json"
    file.write_bytes(file.read_bytes() + b"\n")
    assert "proposal_bytes" in python("verify.py", cwd=folder).stdout
    file.unlink()
    done = python("verify.py", cwd=folder)
    assert f"not checked: entry 7: the bytes of proposal {house.hash} are not at hand" in done.stdout


def test_what_a_ledger_says_does_not_steer_the_terminal(tmp_path: Path) -> None:
    """I-36: control characters from the ledger are printed as escapes."""
    house = House(tmp_path)
    house.create()
    house.say("\x1b[2Jp", RoleGranted("\x1b[2Jp", "\nverified"))
    done = python("verify.py", cwd=export(house, tmp_path / "export"))
    assert "\x1b" not in done.stdout
    assert "\\x1b[2Jp granted the role \\nverified to themselves" in done.stdout
    assert done.returncode == 1


def test_an_export_that_cannot_be_read(tmp_path: Path) -> None:
    """A directory that is no export: exit code 1 and a sentence, not a traceback."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", verifier.__file__, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("the export cannot be read: ")
    assert "Traceback" not in done.stderr


def test_what_an_export_holds(house: House, tmp_path: Path) -> None:
    """Each leaf's bytes are one line, every file that the README names is there, and verify.py is our verifier."""
    folder = export(house, tmp_path / "export")
    assert (folder / "ledger.jsonl").read_bytes().splitlines() == house.leaves
    assert (folder / "verify.py").read_bytes() == Path(verifier.__file__).read_bytes()
    assert {file.name for file in folder.iterdir()} == {
        word.rstrip("/") for word in README.split() if word.endswith((".jsonl", ".txt", "s/"))
    } | {"verify.py", "README.txt"}


def test_an_export_is_never_mixed_with_other_files(house: House, tmp_path: Path) -> None:
    """A directory that holds anything is refused, and stays as it was."""
    folder = export(house, tmp_path / "export")
    with pytest.raises(FileExistsError, match="not empty"):
        export(house, folder)


@pytest.mark.parametrize(("leaf", "digest"), [(b"{}\n", "0" * 64), (b"{}", "../../x"), (b"{}", "A" * 64)])
def test_what_could_not_be_read_back_is_refused(tmp_path: Path, leaf: bytes, digest: str) -> None:
    """A leaf with a line break, or a proposal whose name is no hash, is not written."""
    with pytest.raises(ValueError, match=r"line break|SHA-256"):
        write_export(tmp_path / "export", [leaf], {digest: b""}, "", [])


@needs_ssh_keygen
def test_weak_and_strange_keys_are_not_taken(house: House) -> None:
    """The script's own check takes what the product takes: no short RSA key, and no line that says more than a key."""
    approval = b"0" * 64
    public = house.person(ADMIN).public
    for line in (f"{public} cert-authority", f'{public}\n* namespaces="gatepost" {public}', "", "ssh-rsa AAAA"):
        assert verifier.ssh_keygen(line, approval, "") is False
