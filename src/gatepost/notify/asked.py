"""What a mail says of the person's devices: what is asked of each, what happens to it, what else keeps it from mail."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from gatepost.core.fleet.device import Form, Platform
from gatepost.core.policy.policy import Consequence, Unseen
from gatepost.notify.facts import DeviceFacts
from gatepost.notify.sections import Block, Draft, apps_of, listed
from gatepost.notify.untrusted import one_line

PLATFORM_NAMES: Final = {
    Platform.IOS: "iOS",
    Platform.IPADOS: "iPadOS",
    Platform.ANDROID: "Android",
    Platform.MACOS: "macOS",
    Platform.WINDOWS: "Windows",
    Platform.CHROMEOS: "ChromeOS",
    Platform.LINUX: "Linux",
}


def _asked(draft: Draft) -> Iterator[Block]:
    yield from _asks(draft, ("asked_remove", "asked_attest", "asked_check"))


def _asked_again(draft: Draft) -> Iterator[Block]:
    """A waiver's result asks for something only if the waiver was taken back."""
    if draft.facts.revoked:
        yield from _asked(draft)


def _asked_blocked(draft: Draft) -> Iterator[Block]:
    """Once blocked there is no "by when" any more."""
    yield from _asks(draft, ("asked_first", "asked_first_attest", "asked_first_check"))


def _asks(draft: Draft, keys: tuple[str, str, str]) -> Iterator[Block]:
    remove, attest, check = keys
    facts, policy = draft.facts, draft.facts.policy
    yield Block("heading", draft.phrase("asked_heading"))
    if facts.nothing_open:
        yield Block("para", _nothing_open(draft))
        return
    if facts.moved_from is not None and facts.deadline is not None and not facts.past:
        dates = {"now": draft.moment(facts.deadline), "before": draft.moment(facts.moved_from)}
        yield Block("para", draft.phrase("deadline_moved", **dates))
    values = {**apps_of(draft), "contact": policy.contact}
    if not facts.devices or any(device.found for device in facts.devices):
        yield Block("call", draft.phrase(remove, by=draft.by(), **values))
    if any(not device.found for device in facts.devices):
        key = check if policy.unseen is Unseen.BLOCK else attest
        yield Block("call", draft.phrase(key, by=draft.by(), **values))


def _nothing_open(draft: Draft) -> str:
    """Whose exemption runs is told until when: from then on the policy asks again."""
    until = draft.facts.exempt_until
    if until is None:
        return draft.phrase("nothing_open")
    return draft.phrase("nothing_open_exempt", until=draft.moment(until))


def device_label(draft: Draft, device: DeviceFacts) -> str:
    """What a device is called in a sentence."""
    if (device.platform, device.form) == (Platform.IOS, Form.PHONE):
        label = "iPhone"
    elif (device.platform, device.form) == (Platform.IPADOS, Form.TABLET):
        label = "iPad"
    else:
        form = draft.phrase(f"form_{device.form}")
        label = draft.phrase("device", platform=PLATFORM_NAMES[device.platform], form=form)
    if device.name:
        label = draft.phrase("device_named", device=label, name=device.name)
    return draft.phrase("device_shared", device=label) if device.shared else label


def _devices(draft: Draft) -> Iterator[Block]:
    if draft.facts.devices:
        yield Block("heading", draft.phrase("devices_heading"))
        yield Block("list", "", tuple(_device(draft, device) for device in draft.facts.devices))


def _device(draft: Draft, device: DeviceFacts) -> str:
    if not device.open:
        return device_label(draft, device)
    if not device.found:
        return draft.phrase("device_unseen", device=device_label(draft, device))
    apps = listed(device.found, draft.phrase.language)
    return draft.phrase("device_found", device=device_label(draft, device), apps=apps)


def _devices_only(draft: Draft) -> Iterator[Block]:
    """Their names alone: what was found on them is no longer so."""
    if draft.facts.devices:
        yield Block("heading", draft.phrase("devices_heading"))
        yield Block("list", "", tuple(device_label(draft, device) for device in draft.facts.devices))


def _happens(draft: Draft) -> Iterator[Block]:
    policy, devices = draft.facts.policy, draft.facts.devices
    if draft.facts.nothing_open:
        return
    yield Block("heading", draft.phrase("happens_heading"))
    blockable = [device for device in devices if device.blockable]
    if policy.consequence is not Consequence.BLOCK or (devices and not blockable):
        yield Block("para", draft.phrase("happens_notify"))
    else:
        if not devices or any(device.found for device in blockable):
            yield Block("para", draft.phrase("happens_block"))
        if any(not device.found for device in blockable):
            yield Block("para", draft.phrase("happens_check" if policy.unseen is Unseen.BLOCK else "happens_attest"))
        if len(blockable) < len(devices):
            yield Block("para", draft.phrase("happens_shared"))
        yield Block("para", draft.phrase("opens_again"))
    yield from _what_stays(draft)


def _happens_blocked(draft: Draft) -> Iterator[Block]:
    yield Block("heading", draft.phrase("happens_heading"))
    yield Block("para", draft.phrase("opens_again"))
    yield from _what_stays(draft)


def _what_stays(draft: Draft) -> Iterator[Block]:
    yield Block("para", draft.phrase("stays"))
    forms = draft.facts.policy.forms
    if forms and len(forms) < len(Form):
        names = listed(
            tuple(draft.phrase(f"forms_{form}") for form in Form if form not in forms), draft.locale.language
        )
        yield Block("para", draft.phrase("others_stay", forms=names))


def _still(draft: Draft) -> Iterator[Block]:
    if draft.facts.still_blocking:
        yield Block("heading", draft.phrase("still_heading"))
        yield Block("para", draft.phrase("still_blocking"))
        yield Block("list", "", tuple(one_line(title) for title in draft.facts.still_blocking))


def _still_after(draft: Draft) -> Iterator[Block]:
    """Where a block has gone, that nothing else stands is worth a sentence; and which devices still have one."""
    facts = draft.facts
    if facts.still_blocking:
        yield from _still(draft)
    elif not facts.still_blocked:
        yield Block("heading", draft.phrase("still_heading"))
        yield Block("para", draft.phrase("nothing_else"))
    if facts.still_blocked:
        yield Block("heading", draft.phrase("still_blocked_heading"))
        yield Block("list", "", tuple(device_label(draft, device) for device in facts.still_blocked))


SECTIONS: Final[Mapping[str, Callable[[Draft], Iterator[Block]]]] = {
    "asked": _asked,
    "asked_again": _asked_again,
    "asked_blocked": _asked_blocked,
    "devices": _devices,
    "devices_only": _devices_only,
    "happens": _happens,
    "happens_blocked": _happens_blocked,
    "still": _still,
    "still_after": _still_after,
}
