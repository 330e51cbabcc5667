"""The ledger as a plain directory that a stranger can check, with the program to do it."""

import errno
import re
from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Final

_HASH: Final = re.compile("[0-9a-f]{64}")

README: Final = """\
This is the ledger of a Gatepost site: everything that was decided, by whom, when, and who approved it.

  ledger.jsonl      one entry a line, in the order in which they were made; each line's bytes are a leaf of the tree
  proposals/        what approvers signed: each file is named by the SHA-256 of its bytes
  checkpoints/      the ledger's size and Merkle root (RFC 6962) at several times, signed by the site
  vkey.txt          the key that checkpoints are signed with (C2SP signed-note)
  verify.py         checks all of it; needs Python 3.10 or later, and ssh-keygen for the approvers' signatures

Check it:

  python3 verify.py
  python3 verify.py --checkpoint FILE      with a checkpoint that you kept; every approval mail ends with one
  python3 verify.py --policy ID            and show what was done about one policy, in order

Whoever made this export could have changed verify.py, vkey.txt and the checkpoints with the rest. What they cannot have
changed is a checkpoint that you hold, and a verify.py that you took from a release of Gatepost: use those.

People and devices appear under pseudonyms. Free text stands outside; the ledger holds its salted hash.
"""


def write_export(
    folder: Path, leaves: Iterable[bytes], proposals: Mapping[str, bytes], vkey: str, notes: Iterable[str]
) -> int:
    """Writes the export into a new or empty directory; gives the number of entries.

    `proposals` are bytes by hash; `notes` the signed checkpoints. Raises FileExistsError if the directory holds
    anything, ValueError for a leaf or a hash that could not be read back.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise FileExistsError(errno.EEXIST, "is not empty: an export wants a directory of its own", str(folder))
    (folder / "README.txt").write_text(README, encoding="utf-8")
    (folder / "verify.py").write_bytes(files("gatepost").joinpath("verifier.py").read_bytes())
    (folder / "vkey.txt").write_text(f"{vkey}\n", encoding="utf-8")
    _write_proposals(folder / "proposals", proposals)
    _write_checkpoints(folder / "checkpoints", notes)
    return _write_leaves(folder / "ledger.jsonl", leaves)


def _write_leaves(file: Path, leaves: Iterable[bytes]) -> int:
    size = 0
    with file.open("wb") as lines:
        for leaf in leaves:
            if b"\n" in leaf:  # canonical JSON has none
                raise ValueError(f"entry {size} has a line break in its bytes: it is not canonical")
            lines.write(leaf + b"\n")
            size += 1
    return size


def _write_proposals(folder: Path, proposals: Mapping[str, bytes]) -> None:
    folder.mkdir()
    for digest, data in proposals.items():
        if not _HASH.fullmatch(digest):
            raise ValueError(f"a proposal is named by a SHA-256 hash, not {digest!r}")
        (folder / f"{digest}.json").write_bytes(data)


def _write_checkpoints(folder: Path, notes: Iterable[str]) -> None:
    folder.mkdir()
    for number, note in enumerate(notes, 1):
        (folder / f"{number:06}.txt").write_text(note, encoding="utf-8")
