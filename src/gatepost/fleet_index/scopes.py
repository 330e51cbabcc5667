"""Which of several scopes name a device: asked once for each sort of devices and people."""

from collections.abc import Sequence

import numpy as np

from gatepost.core.fleet.sort import Character
from gatepost.core.policy.compiled import Compiled
from gatepost.fleet_index.fleet import Fleet, Ids, Numbers


def named(fleet: Fleet, compiled: Compiled) -> tuple[Ids, list[tuple[int, int]]]:
    """For each device a place in the list: the rules that have it in scope, and of these those that except it."""
    likes, like = _alike(fleet, compiled.groups)
    sorts = len(fleet.sorts)
    place = like[fleet.character][fleet.owner] * sorts + fleet.sort
    answers: Numbers[tuple[int, int]] = Numbers()
    table = np.zeros(len(likes) * sorts, np.int64)
    people = [character.person() for character in likes]
    devices = [sort.device() for sort in fleet.sorts]
    for number in np.flatnonzero(np.bincount(place, minlength=len(table))).tolist():
        person, device = people[number // sorts], devices[number % sorts]
        within = compiled.in_scope(person, device)
        table[number] = answers[within, within and within & compiled.exempted(person, device)]
    return table[place], list(answers)


def _alike(fleet: Fleet, groups: frozenset[str]) -> tuple[Sequence[Character], Ids]:
    """The characters that are left if only these groups count; and for each of the fleet's, which of these it is."""
    numbers: Numbers[Character] = Numbers()
    like = [numbers[Character(kind, country, own & groups)] for kind, country, own in fleet.characters]
    return list(numbers), np.array(like, np.int64)
