"""Whole sites to search."""

from collections.abc import Iterator
from typing import Protocol

import pytest

from tests.verbs.houses import Builder, House


class Build(Protocol):
    def __call__(self, *, exercise: bool = True, roles: bool = True, **settings: object) -> House: ...


@pytest.fixture(scope="session")
def builder(tmp_path_factory: pytest.TempPathFactory) -> Builder:
    return Builder(tmp_path_factory.mktemp("searched"))


@pytest.fixture
def build(builder: Builder) -> Iterator[Build]:
    """Builds houses with settings of their own; closes them at the end."""
    built: list[House] = []

    def make(*, exercise: bool = True, roles: bool = True, **settings: object) -> House:
        house = builder.build(exercise=exercise, roles=roles, **settings)
        built.append(house)
        return house

    yield make
    for house in built:
        house.close()
