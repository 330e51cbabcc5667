"""Which devices no two previews can tell apart, and who some of their owners are (core/change/differencing.py)."""

import numpy as np

from gatepost.core.change.differencing import Like, Watch
from gatepost.fleet_index.fleet import Fleet, Ids, Numbers
from gatepost.fleet_index.scopes import named


def likes(fleet: Fleet, watch: Watch, enough: int) -> dict[Like, set[int]]:
    """The sorts of devices that a scope of the watch names, each with the places of `enough` of their owners at
    least, or of all."""
    place, answers = named(fleet, watch.compiled)
    masks: Numbers[int] = Numbers()
    mask = np.array([masks[within & ~excepted] for within, excepted in answers] or [0], np.int64)[place]
    _exempt(fleet, watch, mask, masks)
    known = list(masks)
    shown = np.array([bool(value) for value in known] or [False])[mask]
    sorts, characters = len(fleet.sorts), len(fleet.characters)
    key = (mask * sorts + fleet.sort) * characters + fleet.character[fleet.owner]
    found: dict[Like, set[int]] = {}
    for number, owners in _some(key[shown], fleet.owner[shown], enough).items():
        rest, character = divmod(number, characters)
        audiences, sort = known[rest // sorts], fleet.sorts[rest % sorts]
        blockable = audiences & watch.shared if sort.shared else audiences
        like = Like(audiences, blockable, *fleet.characters[character], sort.platform, sort.ownership)
        found.setdefault(like, set()).update(owners)
    return found


def _exempt(fleet: Fleet, watch: Watch, mask: Ids, masks: Numbers[int]) -> None:
    """Takes from each device's mask the scopes for whose policy it, or its owner, has a waiver."""
    for scopes, refs in watch.exempt.items():
        devices = fleet.places(refs)
        for value in np.unique(mask[devices]).tolist():
            mask[devices[mask[devices] == value]] = masks[list(masks)[value] & ~scopes]


def _some(key: Ids, owner: Ids, enough: int) -> dict[int, list[int]]:
    """For each key some of its owners, each once. Owners come in their order."""
    order = np.argsort(key, kind="stable")
    key, owner = key[order], owner[order]
    new = np.ones(len(key), bool)
    new[1:] = (key[1:] != key[:-1]) | (owner[1:] != owner[:-1])
    key, owner = key[new], owner[new]
    values, first = np.unique(key, return_index=True)
    ends = np.append(first, len(key))[1:].tolist()
    return {
        value: owner[begin : min(end, begin + enough)].tolist()
        for value, begin, end in zip(values.tolist(), first.tolist(), ends, strict=True)
    }
