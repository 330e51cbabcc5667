"""Files of devices, and single reports: `id,owner,form,platform,ownership,visibility,eas_device_id,reported_at,apps`
and, optionally, `shared` and `certificate`. `apps` are raw identifiers as a source reports them; no problem ever
repeats one (I-35)."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any, BinaryIO, Final, TypeVar

from gatepost.core.fleet.device import Form, Ownership, Platform, Visibility, fingerprint_named
from gatepost.core.instant import Instant
from gatepost.core.problem import Problem
from gatepost.documents.deadline import parse_instant
from gatepost.documents.rows import Columns, Wrong, choice_problem, items_of, json_row, read_rows, row_problem

COLUMNS: Final = Columns(
    required=(
        "id",
        "owner",
        "form",
        "platform",
        "ownership",
        "visibility",
        "eas_device_id",
        "reported_at",
        "apps",
    ),
    optional=("shared", "certificate"),
    lists=frozenset({"apps", "certificate"}),
    flags=frozenset({"shared"}),
)
NO_CERTIFICATE: Final = "none"
MAX_ID: Final = 200
MAX_REPORT: Final = 4 * 1024 * 1024

_Word = TypeVar("_Word", bound=Enum | bool)


class _Words(dict[str, _Word | None]):
    """The words of a column and what they mean. One written with capitals or blanks is found too, the slow way."""

    def __missing__(self, cell: str) -> _Word | None:
        return self.get(cell.strip().casefold())


_FORMS: Final = _Words({form.value: form for form in Form})
_PLATFORMS: Final = _Words({platform.value: platform for platform in Platform})
_OWNERSHIP: Final = _Words({ownership.value: ownership for ownership in Ownership})
_VISIBILITY: Final = _Words({visibility.word: visibility for visibility in reversed(Visibility)})
_SHARED: Final = _Words(
    {"true": True, "false": False, "yes": True, "no": False, "1": True, "0": False, "": False},
)


@dataclass(slots=True)
class DeviceRow:
    """One device as a source has it. `owner`: an id, a mail address or a login, as written (the keeper's, if shared).

    `reported_at`: None if it never reported; `visibility` is then NONE unless it is given. `apps`: raw identifiers;
    with visibility FULL an empty list means that no app spoken of is on it. `certificates`: the lower-case hex of the
    SHA-256 of each; None where nothing is said of them.
    """

    line: int
    id: str
    owner: str
    form: Form
    platform: Platform
    ownership: Ownership
    visibility: Visibility
    eas_id: str
    reported_at: Instant | None
    apps: tuple[str, ...]
    shared: bool
    certificates: tuple[str, ...] | None = None


def read_devices(lines: BinaryIO, name: str) -> Iterator[DeviceRow | Problem]:
    """Each device in a file, or what is wrong with a row of it; nothing but problems if its header cannot be read."""
    for row in read_rows(lines, name, COLUMNS):
        if isinstance(row, Problem):
            yield row
            continue
        line, cells = row
        device = _device(line, *cells)
        yield row_problem(name, line, device) if isinstance(device, list) else device


def read_device_report(data: bytes) -> DeviceRow | tuple[Problem, ...]:
    """One report: a JSON object with the keys of a file of devices, `apps` a list. Everything wrong with it at once."""
    wrong: Wrong | DeviceRow
    if len(data) > MAX_REPORT:
        wrong = [("", f"is longer than {MAX_REPORT:,} bytes")]
    else:
        try:
            cells = json_row(data.decode("utf-8-sig"), COLUMNS)
        except UnicodeDecodeError:
            cells = [("", "is not UTF-8")]
        wrong = cells if isinstance(cells, list) else _device(1, *cells)
    if isinstance(wrong, DeviceRow):
        return wrong
    return tuple(Problem("report", 0, 0, field, text) for field, text in wrong)


def _device(
    line: int,
    id_: str,
    owner: str,
    form: str,
    platform: str,
    ownership: str,
    visibility: str,
    eas_id: str,
    reported: str,
    apps: str | list[str],
    shared: str,
    certificate: str | list[str],
) -> DeviceRow | Wrong:
    """The row, or everything that is wrong with it. Plain look-ups: a file has hundreds of thousands of rows."""
    wrong: Wrong = []
    id_, owner, eas_id = id_.strip(), owner.strip(), eas_id.strip()
    if not (id_ and owner and f"{id_}{owner}{eas_id}".isprintable() and len(id_) + len(owner) + len(eas_id) <= MAX_ID):
        wrong += _wrong_names(id_, owner, eas_id)
    reported_at = None
    try:
        reported_at = parse_instant(reported.strip()) if reported else None
    except ValueError as error:
        wrong.append(("reported_at", str(error)))
    certificates = _certificates(certificate) if certificate else None
    if certificates and not all(certificates):
        wrong.append(("certificate", f"expected the SHA-256 of a certificate, 64 hex digits, or {NO_CERTIFICATE}"))
    found = tuple(items_of(apps)) if apps else ()
    if found and not reported:
        wrong.append(("apps", "are given, and no reported_at: say when they were seen"))
    known_form, known_platform, known_ownership = _FORMS[form], _PLATFORMS[platform], _OWNERSHIP[ownership]
    seen = _VISIBILITY[visibility] if visibility or reported else Visibility.NONE
    is_shared = _SHARED[shared]
    if (
        known_form is None
        or known_platform is None
        or known_ownership is None
        or seen is None
        or is_shared is None
        or wrong
    ):
        return wrong + _wrong_words(form, platform, ownership, visibility if reported else visibility or "none", shared)
    return DeviceRow(
        line,
        id_,
        owner,
        known_form,
        known_platform,
        known_ownership,
        seen,
        eas_id,
        reported_at,
        found,
        is_shared,
        certificates,
    )


def _certificates(cell: str | list[str]) -> tuple[str, ...] | None:
    """Each once, "" for one that cannot be read. A cell that holds nothing says nothing."""
    items = items_of(cell)
    if not items:
        return None
    return () if items == [NO_CERTIFICATE] else tuple(dict.fromkeys(map(fingerprint_named, items)))


def _wrong_names(id_: str, owner: str, eas_id: str) -> Wrong:
    fields = {"id": id_, "owner": owner, "eas_device_id": eas_id}
    wrong = [(field, "is empty") for field in ("id", "owner") if not fields[field]]
    wrong += [(field, f"is longer than {MAX_ID} characters") for field, text in fields.items() if len(text) > MAX_ID]
    return wrong + [
        (field, "holds a character that cannot be seen") for field, text in fields.items() if not text.isprintable()
    ]


def _wrong_words(form: str, platform: str, ownership: str, visibility: str, shared: str) -> Wrong:
    columns: tuple[tuple[str, str, _Words[Any]], ...] = (
        ("form", form, _FORMS),
        ("platform", platform, _PLATFORMS),
        ("ownership", ownership, _OWNERSHIP),
        ("visibility", visibility, _VISIBILITY),
        ("shared", shared, _SHARED),
    )
    return [
        (column, choice_problem(cell, [word for word in words if word]))
        for column, cell, words in columns
        if words[cell] is None
    ]
