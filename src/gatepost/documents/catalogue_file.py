"""Catalogue files: the apps that can be spoken of, and lists of them; and the catalogue that Gatepost comes with."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Annotated, Final, TypeAlias

from pydantic import AfterValidator, Field, Strict, ValidationError

from gatepost.core.fleet.app import App, AppList
from gatepost.core.fleet.device import Platform
from gatepost.core.fleet.sensitive import Touched
from gatepost.core.problem import Problem
from gatepost.documents.model_problems import model_problems, wrong
from gatepost.documents.policy_document import Country, Filled, Id, Ids, Line, Part
from gatepost.documents.yaml_tree import Tree, path_text, quoted, read_tree

_IDENTIFIER: Final = re.compile(r"[!-)+-:<-~]{1,255}")  # visible ASCII, but for * and ;


def _identifier(text: str) -> str:
    if _IDENTIFIER.fullmatch(text) is None:
        raise wrong(f"{quoted(text)} is no identifier: expected visible characters without blanks, * or ;")
    return text


Identifier: TypeAlias = Annotated[str, Strict(), AfterValidator(_identifier)]


class AppPart(Part):
    """One app: a family of identifiers that stand for one product."""

    name: Filled = Field(description="The name that people know it by.")
    publisher: Line = Field(default="", description="Who publishes it.")
    publisher_country: Country | None = Field(default=None, description="The country of its ultimate owner's seat.")
    identifiers: dict[Platform, list[Identifier]] = Field(
        default={},
        description="Bundle ids and package names per platform. ipados has those of ios unless it is given. "
        "An app without any is kept, and shown as one that cannot be matched.",
    )
    successors: Ids = Field(default=[], description="Apps that took its place, by their ids.")
    sources: list[Filled] = Field(default=[], description="Where these facts come from.")
    touches: list[Touched] = Field(
        default=[], description="What having it may tell of a person: looking for it needs a reason of its own."
    )


class ListPart(Part):
    """A named set of apps."""

    title: Filled
    apps: Annotated[Ids, Field(min_length=1)]
    source: Line = ""


class CatalogueDocument(Part):
    """A catalogue file: apps and lists by their ids."""

    apps: dict[Id, AppPart] = Field(default={})
    lists: dict[Id, ListPart] = Field(default={})


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Apps and lists by their ids. `warnings`: sentences about what can be read and is probably a mistake."""

    apps: Mapping[str, App] = field(default_factory=dict)
    lists: Mapping[str, AppList] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def read_catalogue(data: bytes, name: str) -> Catalogue | tuple[Problem, ...]:
    """The apps and lists of a file's bytes, or everything that is wrong with them.

    A list may name apps of another file: whether somebody describes them is not asked here.
    """
    tree = read_tree(data, name)
    if isinstance(tree, tuple):
        return tree
    try:
        document = CatalogueDocument.model_validate(tree.value)
    except ValidationError as error:
        problems = model_problems(error, CatalogueDocument, tree, name, {})
        return tuple(sorted(problems, key=lambda problem: (problem.line, problem.column)))
    apps = {id_: _app(id_, part) for id_, part in document.apps.items()}
    lists = {id_: AppList(id_, part.title, tuple(part.apps), part.source) for id_, part in document.lists.items()}
    clashes = tuple(_clashes(apps, tree, name))
    return clashes or Catalogue(apps, lists, tuple(_doubts(apps)))


def shipped_catalogue() -> tuple[Catalogue, bytes]:
    """The catalogue that Gatepost comes with, and the bytes that it was read from. Its warnings were looked into."""
    apps: dict[str, App] = {}
    lists: dict[str, AppList] = {}
    source = b""
    for entry in sorted(files("gatepost").joinpath("data/catalogue").iterdir(), key=lambda entry: entry.name):
        data = entry.read_bytes()
        read = read_catalogue(data, entry.name)
        if not isinstance(read, Catalogue):
            raise RuntimeError(f"the installation is damaged: {read[0]}")
        apps |= read.apps
        lists |= read.lists
        source += data
    return Catalogue(apps, lists), source


def _app(id_: str, part: AppPart) -> App:
    identifiers = {platform: tuple(names) for platform, names in part.identifiers.items() if names}
    if Platform.IPADOS not in part.identifiers and Platform.IOS in identifiers:
        identifiers[Platform.IPADOS] = identifiers[Platform.IOS]
    return App(
        id=id_,
        name=part.name,
        publisher=part.publisher,
        publisher_country=part.publisher_country or "",
        identifiers=identifiers,
        successors=tuple(part.successors),
        sources=tuple(part.sources),
        touches=tuple(touched.value for touched in part.touches),
    )


def _clashes(apps: Mapping[str, App], tree: Tree, name: str) -> Iterator[Problem]:
    """Identifiers are compared case-folded, so one that two apps claim would be found as only one of them."""
    owners: dict[tuple[Platform, str], str] = {}
    said: set[tuple[str, str]] = set()
    for app in apps.values():
        for platform, identifiers in app.identifiers.items():
            for index, identifier in enumerate(identifiers):
                first = owners.setdefault((platform, identifier.casefold()), app.id)
                if first != app.id and (app.id, identifier) not in said:
                    said.add((app.id, identifier))
                    path = ("apps", app.id, "identifiers", platform.value, index)
                    text = f"{quoted(identifier)} belongs to {first} already: an identifier has one app"
                    yield Problem(name, *tree.place(path), path_text(path), text)


def _doubts(apps: Mapping[str, App]) -> Iterator[str]:
    for app in apps.values():
        for identifier in app.identifiers.get(Platform.ANDROID, ()):
            if identifier != identifier.casefold():
                yield f"{app.id}: the Android package {identifier} has capitals, which is rare; check its spelling"
