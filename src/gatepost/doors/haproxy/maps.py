"""Keeping HAProxy's maps where the door's copy is, in a running HAProxy and in the files that it starts from.

A device that changes is written to the small recent.map; when that is full, devices.map is loaded anew, in slices
between which everything else goes on, so that no retraction waits for a million devices. The order makes every state
in between a right one: a class is answered before a device is put into it, and a load counts once it is whole.
"""

import contextlib
import heapq
import secrets
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from gatepost import clock
from gatepost.core.instant import NEVER, SECOND, Duration, Instant
from gatepost.doors.entry import CERTIFICATE, ERASURE, IDENTITY, MODE, RULE
from gatepost.doors.feed import DevicesBehind
from gatepost.doors.haproxy.files import MapFiles
from gatepost.doors.haproxy.load import Load
from gatepost.doors.haproxy.rows import (
    ANSWERS,
    DEVICES,
    DOOR,
    GONE,
    RECENT,
    Class,
    Device,
    Rows,
    answers,
    class_named,
    device,
    device_key,
    tag,
)
from gatepost.doors.haproxy.stats import Stats
from gatepost.doors.judge import Judge, Stance
from gatepost.doors.table import SEAL

MOST_RECENT: Final = 2000
"""Rows of recent.map: more are a load of devices.map, which takes about as long as replacing this many twice."""

SLICE: Final[Duration] = 40
LOOK_EVERY: Final[Duration] = SECOND
TRY_EVERY: Final[Duration] = SECOND // 4
"""How often an HAProxy is looked for that is not there."""

KEEP_EVERY: Final[Duration] = SECOND
SAY_UNTIL_EVERY: Final = 10
"""Seconds by which `until` may be behind, so that it is not written all the time."""

COMPARED: Final = 20
"""Devices compared at each look: HAProxy may have lost or changed a row without a change in their number."""

BACK: Final[Duration] = SECOND
"""When the door's time goes back by more (a clock was set right), what is past is asked anew."""

_KINDS: Final = (IDENTITY, CERTIFICATE)


_NOT_YET: Final = "HAProxy's maps are not loaded yet"
_NOT_SHOWN: Final = "HAProxy does not go by it yet"


class Maps:
    """`push` is a Push; `show` and `behind` may be called from any thread. `directory`: of the files, made if it is not
    there. `certificates`: devices are known by certificates too, so their other ids must show whose they are."""

    def __init__(self, judge: Judge, socket_path: Path, directory: Path, *, certificates: bool = False) -> None:
        """OSError."""
        self._lock = threading.Lock()
        self._certificates = certificates
        self.stats = Stats(socket_path)
        self._judge, self._copy = judge, judge.copy
        self._files = MapFiles(directory)
        self._now: Instant = 0
        self._looked_at = self._kept_at = -LOOK_EVERY
        self._failure = ""
        # What HAProxy was told of each map, and by which token it is known again; nothing until it was met.
        self._said: dict[str, Rows] = {}
        self._token = b""
        # The devices: what changed since devices.map was loaded, what is to be told, when time changes a device.
        self._load: Load | None = None
        self._recent: Rows = {}
        self._owed: set[bytes] = set()
        self._due: list[tuple[Instant, bytes]] = []
        self._count = 0
        self._compared: Iterator[bytes] = iter(())
        # The classes that stand in HAProxy's maps, and until when the answers to them hold.
        self._classes: dict[bytes, Class] = {}
        self._stance: Stance | None = None
        # How HAProxy was told that the door stands, and how the files say so where HAProxy could not be told.
        self._shown: Stance | None = None
        self._kept: Stance | None = None
        self._answers_until: Instant = 0
        self._recent_unkept = False
        self._erased = False

    def push(self, keys: Sequence[bytes]) -> None:
        """These keys of the copy changed, or time passed. OSError: HAProxy does not have all of it yet."""
        with self._lock:
            self._owed.update(key for key in keys if key.startswith(_KINDS))
            if any(key.startswith((RULE, MODE)) for key in keys):
                self._answers_until = 0
            self._erased |= any(key.startswith(ERASURE) for key in keys)
            if self._failed_lately():
                raise OSError(self._failure)
            try:
                self._meet()
                if self._copy.reader is not None:
                    self._settle()
                self._say_door()
            except OSError as error:
                self._fail(error)
                raise
            self._failure = ""
            if self._owed or self._load:
                raise (DevicesBehind if DEVICES in self._said else OSError)(_NOT_YET)

    def show(self) -> None:
        """Tell HAProxy how the door stands, if it does not know: whoever breaks the glass must not wait for a site that
        hangs. Where HAProxy cannot be told, the files say so, and whoever starts it again has it read them."""
        if self._judge.stance() == self._shown or not self._lock.acquire(blocking=False):
            return  # who has the lock says it
        try:
            if not self._failed_lately():
                self._tell_stance()
            if self._failure:
                with contextlib.suppress(OSError):  # a disk that takes nothing: that HAProxy is behind is told anyway
                    self._keep_stance()
        finally:
            self._lock.release()

    def _tell_stance(self) -> None:
        try:
            self._meet()
            self._say_answers()
            self._say_door()
        except OSError as error:
            self._fail(error)
        else:
            self._failure = ""

    def behind(self) -> str:
        """Why HAProxy does not stand as the door does, for people; "" if it does."""
        return "" if self._judge.stance() == self._shown else self._failure or _NOT_SHOWN

    def _failed_lately(self) -> bool:
        return bool(self._failure) and clock.boot_elapsed() - self._looked_at < TRY_EVERY

    def _fail(self, error: OSError) -> None:
        self._forget()
        self._failure, self._looked_at = str(error), clock.boot_elapsed()

    # --- is it still the HAProxy that was loaded, with what it was loaded with?

    def _meet(self) -> None:
        elapsed = clock.boot_elapsed()
        if self._token and elapsed - self._looked_at < LOOK_EVERY:
            return
        if not self._token or self.stats.get(self._path(DOOR), b"load") != [self._said[DOOR][b"load"]]:
            self._begin_anew()
        else:
            self._mend()
        self._looked_at = elapsed

    def _begin_anew(self) -> None:
        """HAProxy has what its files say, or an earlier door: it goes on by that until all was loaded."""
        self._forget()
        self._said[DOOR] = self.stats.rows(self._path(DOOR))
        self._said[DOOR].setdefault(b"load", b"")
        self._recent = self.stats.rows(self._path(RECENT)) | self._recent
        theirs = {name: class_named(name) for name in self.stats.rows(self._path(ANSWERS))}
        self._classes |= {name: parts for name, parts in theirs.items() if parts is not None}
        self._token = secrets.token_hex(8).encode()

    def _forget(self) -> None:
        """Nothing is known of what HAProxy has."""
        if self._load:
            self._load.file.abandon()
        self._load, self._token, self._said, self._shown = None, b"", {}, None

    def _mend(self) -> None:
        """Somebody else wrote into the maps, or a row was lost."""
        for name in (ANSWERS, DOOR):
            if name in self._said and self.stats.rows(self._path(name)) != self._said[name]:
                del self._said[name]
        counts = self.stats.counts()
        if counts.get(str(self._path(RECENT)).encode()) != len(self._recent):
            self._said.pop(RECENT, None)
        if self._load or self._copy.reader is None:
            return
        if counts.get(str(self._path(DEVICES)).encode()) != self._count or not self._same():
            self._begin_load()

    def _same(self) -> bool:
        """Whether the next few devices are in HAProxy as they are here."""
        some = [key for key, _ in zip(self._compared, range(COMPARED), strict=False)]
        if len(some) < COMPARED:
            self._compared = iter(self._keys())
        found = {key: known.row for key in some if key not in self._owed and (known := self._device(key))}
        if not found:
            return True
        keys = [device_key(key) for key in found]
        both = (self.stats.get(self._path(name), *keys) for name in (RECENT, DEVICES))
        return list(found.values()) == [recent or loaded for recent, loaded in zip(*both, strict=True)]

    # --- the devices

    def _settle(self) -> None:
        now = self._copy.time.now()
        went_back = now < self._now - BACK
        if went_back:
            self._answers_until = 0
        self._now = now if went_back else max(now, self._now)
        if went_back or self._erased or (DEVICES not in self._said and not self._load):
            self._begin_load()  # after an erasure too: of what was deleted nothing stays in HAProxy or in its files
            self._erased = False
        while self._due and self._due[0][0] <= self._now:
            self._owed.add(heapq.heappop(self._due)[1])
        self._take_owed()
        self._say_answers()
        self._say_recent()
        if self._load:
            self._go_on(self._load)

    def _take_owed(self) -> None:
        """What does not fit into recent.map is a load; if there is one already, it waits for its end."""
        if not self._owed:
            return
        if len(self._recent) + len(self._owed) > MOST_RECENT:
            if not self._load:
                self._begin_load()
            return
        rows = {}
        for key in self._owed:
            known = self._device(key)
            rows[device_key(key)] = known.row if known else GONE
            if known:
                self._note(known)
            if known and known.until != NEVER:
                heapq.heappush(self._due, (known.until, key))
                if self._load:
                    self._load.due.append((known.until, key))
        self._owed.clear()
        self._recent |= rows
        self._said.pop(RECENT, None)
        if self._load:
            self._load.meanwhile |= rows

    def _device(self, key: bytes) -> Device | None:
        """What HAProxy is to have for a device."""
        record = self._copy.table.records.get(key) if self._copy.table else None
        if record is None:
            return None
        return device(record, self._now, tag(record[:-SEAL]) if self._certificates else b"")

    def _note(self, known: Device) -> None:
        if known.name not in self._classes:
            self._classes[known.name] = known.parts
            self._answers_until = 0
        if self._load:
            self._load.classes[known.name] = known.parts

    def _keys(self) -> list[bytes]:
        return [key for key in self._copy.table.records if key.startswith(_KINDS)] if self._copy.table else []

    # --- a load

    def _begin_load(self) -> None:
        """Everything is read anew, so nothing is owed any more."""
        if self._load:
            self._load.file.abandon()
        self._load = Load(self._keys(), self.stats.prepare(self._path(DEVICES)), self._files.begin(DEVICES))
        self._owed.clear()

    def _go_on(self, load: Load) -> None:
        """A slice of it; the last one commits."""
        until = clock.boot_elapsed() + SLICE
        while rows := load.take(self._loaded):
            self.stats.add(self._path(DEVICES), load.version, rows)
            load.file.write(rows)
            if clock.boot_elapsed() >= until:
                return
        self._say_answers()  # for the classes of the last slices
        self.stats.commit(self._path(DEVICES), load.version)
        load.file.finish()
        self._said[DEVICES] = {}
        self._load, self._count, self._recent, self._due = None, load.count, load.meanwhile, load.due
        heapq.heapify(self._due)
        self._said.pop(RECENT, None)
        self._kept_at = -KEEP_EVERY
        self._say_recent()
        self._classes, self._answers_until = load.classes, 0
        self._say_answers()

    def _loaded(self, key: bytes) -> Device | None:
        known = self._device(key)
        if known:
            self._note(known)
        return known

    # --- the small maps

    def _say_answers(self) -> None:
        reader, stance = self._copy.reader, self._judge.stance()
        if reader is None or (stance == self._stance and self._now < self._answers_until and ANSWERS in self._said):
            return
        rows, self._answers_until = answers(self._classes, reader.effects, self._judge.rules, stance, self._now)
        self._stance = stance
        if self._said.get(ANSWERS) != rows:
            # Into the file first: what is confirmed must hold when HAProxy is started again (I-27).
            self._files.write(ANSWERS, rows)
            self.stats.replace(self._path(ANSWERS), rows.items())
            self._said[ANSWERS] = rows

    def _say_recent(self) -> None:
        """Its file may be a second behind: an HAProxy that starts meanwhile is loaded anew by then."""
        if RECENT not in self._said:
            self.stats.replace(self._path(RECENT), self._recent.items())
            self._said[RECENT] = {}
            self._recent_unkept = True
        if self._recent_unkept and clock.boot_elapsed() - self._kept_at >= KEEP_EVERY:
            self._files.write(RECENT, self._recent)
            self._recent_unkept, self._kept_at = False, clock.boot_elapsed()

    def _say_door(self) -> None:
        """How the door stands, and how long HAProxy may go by the maps; before a load is whole, as long as it may go by
        what it started with."""
        said, stance = self._said.get(DOOR, {}), self._judge.stance()
        before = _number(said.get(b"until", b"0"))
        until = self._until() if DEVICES in self._said else before
        if self._open_without_copy(stance):
            until = 0
        elif abs(until - before) < SAY_UNTIL_EVERY:
            until = before
        rows = {b"stance": stance.encode(), b"until": b"%d" % until, b"load": self._token}
        if rows != said:
            self._files.write(DOOR, rows | {b"load": b"-"})
            self.stats.replace(self._path(DOOR), rows.items())
            self._said[DOOR] = rows
        if self._copy.reader is None or stance == self._stance:
            self._shown = self._kept = stance

    def _open_without_copy(self, stance: Stance) -> bool:
        """Nothing here could say what the maps are to answer now; without them HAProxy goes by how the door stands."""
        return stance == "open" and self._copy.reader is None

    def _keep_stance(self) -> None:
        """In the files, as far as it is known here what else they should say. OSError."""
        stance, reader = self._judge.stance(), self._copy.reader
        if stance == self._kept:
            return
        if reader is not None:
            named = {name: class_named(name) for name in self._files.rows(ANSWERS)}
            classes = self._classes | {name: parts for name, parts in named.items() if parts is not None}
            rows, _ = answers(classes, reader.effects, self._judge.rules, stance, self._copy.time.now())
            self._files.write(ANSWERS, rows)
        door = self._files.rows(DOOR) | {b"stance": stance.encode()}
        self._files.write(DOOR, door | {b"until": b"0"} if self._open_without_copy(stance) else door)
        self._kept = stance

    def _until(self) -> int:
        """Unix seconds, on this machine's clock, which is HAProxy's too."""
        silent = self._copy.time.silent_for()
        left = 0 if silent is None else self._judge.rules.copy_expires_after - silent
        return (clock.system_now() + left) // SECOND

    def _path(self, name: str) -> Path:
        return self._files.path(name)


def _number(text: bytes) -> int:
    return int(text) if text.isdigit() else 0
