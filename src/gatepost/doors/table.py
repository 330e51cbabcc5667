"""The door's own copy of the two levels: on disk one LMDB environment, and in memory what is asked for on requests.

One process has a copy open at a time, so nothing is gained by asking LMDB on each request: among two million devices
its tree costs two to three times a dict's look-up. A device takes about 230 bytes of memory: 45 MB for 200,000.

A record is the entry's bytes and a CRC-32 over key and entry. One record more, under `META`, says what the copy is:
format, site, position, count of entries, whether it was whole once, the last contact, and for which erasure the file
was last written anew. It is written in the same transaction as the entries, so a copy is always at a whole position,
whatever is killed when.

Danger: LMDB maps the file. A page that the file lacks kills the process with SIGBUS, and a damaged one may crash it, so
a file is verified page by page, without LMDB, before LMDB sees it.
"""

import fcntl
import json
import os
import shutil
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import lmdb
from lmdb import verify

from gatepost.core.policy.policy import Cells
from gatepost.core.policy.verdict import RuleState
from gatepost.doors.anew import NAME as ANEW
from gatepost.doors.anew import Anew, put_all
from gatepost.doors.entry import (
    CERTIFICATE,
    ERASURE,
    ERASURE_KEY,
    IDENTITY,
    MODE,
    PASSWORD,
    RULE,
    SECRET,
    Batch,
    decode_erasure,
    decode_mode,
    decode_secret,
    decode_standing,
    decode_state,
    effects_of,
)
from gatepost.doors.time import Contact

FORMAT: Final = 2
META: Final = b"\x00meta"
FIRST_MAP: Final = 1 << 30
"""Bytes of address space, not of disk: the file grows as it fills. Two million devices take about half of it."""


LONGEST_KEY: Final = 511
"""Bytes, as LMDB is built."""

SEAL: Final = 4
"""Bytes of the checksum after each stored entry."""

_DAMAGE: Final = (lmdb.CorruptedError, lmdb.InvalidError, lmdb.PageNotFoundError, lmdb.VersionMismatchError)


class CopyRefused(Exception):
    """The copy on disk cannot be used. The text says what is wrong with it and what to do."""


class BatchRefused(Exception):
    """A batch cannot be taken in; the copy stays as it was (I-26)."""


BetweenReads = Callable[[Callable[[], None]], None]
"""Runs a function in the thread that reads, between two reads, and returns when it is done."""


def at_once(act: Callable[[], None]) -> None:
    """Where one thread both reads and writes."""
    act()


class Table:
    """An open copy. `apply` and `touch` belong to one thread, what readers give to one other.

    `records`: everything stored but META, by key. `states`: level 2, decoded, replaced as a whole. `erasures`: up to
    which erasure nothing is left in the file.
    """

    def __init__(
        self, path: Path, env: "lmdb.Environment", lock: int, meta: dict[str, Any], records: dict[bytes, bytes]
    ) -> None:
        self.path = path
        self.site: str = meta["site"]
        self.position: int = meta["position"]
        self.entries: int = meta["entries"]
        self.whole: bool = meta["whole"]
        self.contact = Contact(**meta["contact"]) if meta["contact"] else None
        self.erasures: int = meta["erasures"]
        self.records = records
        self.states: Mapping[int, RuleState] = {}
        self.between_reads: BetweenReads = at_once
        self._env = env
        self._lock = lock
        self._readers: list[Reader] = []
        self._anew: Anew | None = None

    @classmethod
    def open(cls, path: Path, site: str, map_size: int = FIRST_MAP) -> "Table":
        """The copy in this directory, made if there is none. CopyRefused, OSError."""
        lock = _take_lock(path)
        try:
            data = path / "data.mdb"
            if data.exists():
                _verify(data)
                map_size = max(map_size, 2 * data.stat().st_size)
            path.mkdir(parents=True, exist_ok=True)
            path.chmod(0o700)  # it says whose device carries an app
            # The lock file names the readers of a process that is gone: whoever holds our lock is alone.
            (path / "lock.mdb").unlink(missing_ok=True)
            shutil.rmtree(path / ANEW, ignore_errors=True)
            env = _open(path, map_size)
            try:
                table = cls(path, env, lock, *_check(env, site))
                table.states = table._read_states()
            except BaseException:
                env.close()
                raise
        except BaseException as error:
            os.close(lock)
            if isinstance(error, _DAMAGE):
                raise _damaged(path, str(error)) from error
            raise
        return table

    def close(self) -> None:
        self._begin_again()
        self._env.close()
        os.close(self._lock)

    def reader(self) -> "Reader":
        reader = Reader(self)
        self._readers.append(reader)
        return reader

    def apply(self, batch: Batch, contact: Contact) -> None:
        """Take in a batch with its position, or nothing of it. BatchRefused, lmdb.Error."""
        self._check_batch(batch)
        records = [(key, _record(key, value)) for key, value in batch.entries]
        whole = self.whole or not batch.entries
        while True:
            try:
                entries = self._write(records, batch.position, whole, contact)
                break
            except lmdb.MapFullError:
                self._grow()
        states = self._read_states() if any(key.startswith(RULE) for key, _ in batch.entries) else self.states

        def show() -> None:
            # Only what readers give counts as taken in: what fails before is asked for again (I-27).
            self.position, self.entries, self.whole, self.contact = batch.position, entries, whole, contact
            self._show(records, states)

        self.between_reads(show)

    def touch(self, contact: Contact) -> None:
        """The stream holds nothing more: the copy is whole, and the site was heard of."""
        entries = self._write([], self.position, True, contact)
        self.entries, self.whole, self.contact = entries, True, contact

    def write_anew(self) -> None:
        """After an erasure: a step towards a file in which nothing is left of what was deleted. lmdb.Error, OSError."""
        wanted = self.records.get(ERASURE_KEY)
        number = decode_erasure(wanted[:-SEAL]) if wanted else 0
        if number <= self.erasures:
            return
        try:
            if self._anew is None:
                self._anew = Anew(self.path, self.records, self._env.info()["map_size"])
            if self._anew.go_on(self.records):
                self._swap(self._anew, number)
        except (lmdb.Error, OSError):
            self._begin_again()
            raise

    def _swap(self, anew: Anew, number: int) -> None:
        anew.also([(META, _meta(self.site, self.position, self.entries, self.whole, self.contact, number))])
        map_size = self._env.info()["map_size"]
        self._env.close()
        try:
            anew.take_place()
        finally:
            self._env = _open(self.path, map_size)
        self._anew, self.erasures = None, number
        shutil.rmtree(_aside(self.path), ignore_errors=True)

    def _begin_again(self) -> None:
        if self._anew:
            self._anew.abandon()
        self._anew = None

    def _check_batch(self, batch: Batch) -> None:
        if batch.site != self.site:
            raise BatchRefused(f"a batch of site {batch.site} came to a copy of site {self.site}")
        if batch.position < self.position or (batch.entries and batch.position == self.position):
            raise BatchRefused(
                f"a batch at position {batch.position} came to a copy at {self.position}: if the site was restored"
                f" from a backup, stop the door, remove {self.path} and start it again"
            )
        if self.whole and self.position < batch.gone_until:
            raise BatchRefused(
                f"the copy is at {self.position}, and what was taken away up to {batch.gone_until} is not told any"
                f" more: stop the door, remove {self.path} and start it again"
            )

    def _write(self, records: list[tuple[bytes, bytes | None]], position: int, whole: bool, contact: Contact) -> int:
        """How many entries the copy has then."""
        with self._env.begin(write=True) as txn:
            put_all(txn, records)
            entries: int = txn.stat()["entries"] - (txn.get(META) is not None)
            txn.put(META, _meta(self.site, position, entries, whole, contact, self.erasures))
        if self._anew:
            self._anew.also(records)
        return entries

    def _grow(self) -> None:
        """Double the map. LMDB moves it, so nobody may be reading it: nobody does, but this thread."""
        self._env.set_mapsize(2 * self._env.info()["map_size"])

    def _show(self, records: list[tuple[bytes, bytes | None]], states: Mapping[int, RuleState]) -> None:
        """What was written is what readers give from now on."""
        for key, record in records:
            if record is None:
                self.records.pop(key, None)
            else:
                self.records[key] = record
        self.states = states
        for reader in self._readers:
            reader.renew()

    def _read_states(self) -> dict[int, RuleState]:
        states = {}
        with self._env.begin() as txn, txn.cursor() as cursor:
            found = cursor.set_range(RULE)
            while found and cursor.key().startswith(RULE):
                states[int(cursor.key()[len(RULE) :])] = decode_state(cursor.value()[:-SEAL])
                found = cursor.next()
        return states


class Reader:
    """What the request path asks: the newest position that was shown to it, which moves between two reads.

    `get(key)` gives the stored record (the entry's bytes and a checksum after them) or None. `effects`: what
    `fast_outcome` needs of `states`.
    """

    __slots__ = ("_table", "effects", "get", "position", "states")

    def __init__(self, table: Table) -> None:
        self._table = table
        self.get: Callable[[bytes], bytes | None] = table.records.get
        self.states: Mapping[int, RuleState] = {}
        self.effects: Mapping[int, Cells] = {}
        self.renew()

    def renew(self) -> None:
        """To be called in the thread that reads, as everything else here."""
        if self.states is not self._table.states:
            self.states = self._table.states
            self.effects = effects_of(self.states)
        self.position = self._table.position


def _open(path: Path, map_size: int) -> "lmdb.Environment":
    return lmdb.open(str(path), map_size=map_size, max_spare_txns=2, mode=0o600)


def _aside(path: Path) -> Path:
    """Where a refused copy is kept for whoever wants to look, until something is erased."""
    return path.with_name(path.name + ".refused")


def set_aside(path: Path) -> Path:
    """Move a refused copy out of the way, in place of one refused earlier. Returns where it is."""
    aside = _aside(path)
    shutil.rmtree(aside, ignore_errors=True)
    path.rename(aside)
    return aside


def _take_lock(path: Path) -> int:
    """One door a copy. The lock is beside the directory, so that it stays when a refused copy is moved away."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise BlockingIOError(f"another door uses {path}: stop it, or give this one a directory of its own") from None
    return lock


def _damaged(path: Path, what: str) -> CopyRefused:
    return CopyRefused(
        f"the copy in {path} is cut or damaged ({what}): it is made anew as soon as the site is reached; check the disk"
    )


def _verify(data: Path) -> None:
    """Every page that LMDB would touch is there and sound. About half a second for 200,000 entries."""
    try:
        problems: list[str] = verify.verify(str(data))  # type: ignore[no-untyped-call] # its stubs leave it out
    except (verify.VerifyError, OSError, ValueError) as error:
        raise _damaged(data.parent, str(error)) from error
    if problems:
        raise _damaged(data.parent, problems[0])


def _check(env: "lmdb.Environment", site: str) -> tuple[dict[str, Any], dict[bytes, bytes]]:
    """What the copy says of itself, and its records, once every one was found to be what was written. CopyRefused."""
    path = Path(env.path())
    with env.begin() as txn:
        records = dict(txn.cursor())
    if not records:
        return {"site": site, "position": 0, "entries": 0, "whole": False, "contact": None, "erasures": 0}, records
    for count, (key, record) in enumerate(records.items(), 1):
        if len(record) < SEAL or zlib.crc32(record[:-SEAL], zlib.crc32(key)) != int.from_bytes(
            record[-SEAL:], "little"
        ):
            raise _damaged(path, f"entry {count} does not match its checksum")
    meta = _read_meta(path, records.pop(META, None))
    if meta["site"] != site:
        raise CopyRefused(
            f"the copy in {path} belongs to site {meta['site']}, this door to site {site}: give the door the directory"
            " of its own site; the copy is set aside when this site is reached"
        )
    if meta["entries"] != len(records):
        raise _damaged(path, f"{len(records)} entries of {meta['entries']}")
    return meta, records


def _read_meta(path: Path, stored: bytes | None) -> dict[str, Any]:
    meta: dict[str, Any] = json.loads(stored[:-SEAL]) if stored else {}
    if meta.get("format") != FORMAT:
        raise CopyRefused(
            f"the copy in {path} has format {meta.get('format')}, this door reads {FORMAT}: it is made anew as soon as"
            " the site is reached"
        )
    return meta


def _meta(site: str, position: int, entries: int, whole: bool, contact: Contact | None, erasures: int) -> bytes:
    meta = {
        "format": FORMAT,
        "site": site,
        "position": position,
        "entries": entries,
        "whole": whole,
        "contact": contact._asdict() if contact else None,
        "erasures": erasures,
    }
    return _sealed(META, json.dumps(meta).encode())


_DECODERS: Final[Mapping[bytes, Callable[[bytes], object]]] = {
    IDENTITY: decode_standing,
    CERTIFICATE: decode_standing,
    PASSWORD: decode_standing,
    SECRET: decode_secret,
    MODE: decode_mode,
    ERASURE: decode_erasure,
    RULE: decode_state,
}
"""By the key's first two bytes."""


def _record(key: bytes, value: bytes | None) -> bytes | None:
    """What to store for an entry; None to delete it. BatchRefused where a door could not read it."""
    try:
        decode = _DECODERS.get(key[:2])
        if decode is None or len(key) > LONGEST_KEY or (decode is decode_state and not key[2:].isdigit()):
            raise ValueError("the key is of no known kind")
        if value is None:
            return None
        decode(value)
    except ValueError as error:
        raise BatchRefused(f"the entry under {key[:40]!r} cannot be read: {error}") from error
    return _sealed(key, value)


def _sealed(key: bytes, value: bytes) -> bytes:
    return value + zlib.crc32(value, zlib.crc32(key)).to_bytes(SEAL, "little")
