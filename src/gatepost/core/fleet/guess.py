"""What a device is that only a mail server knows: guessed from what its mail client calls itself."""

from typing import Final

from gatepost.core.fleet.device import Form, Platform

_GUESSES: Final[tuple[tuple[tuple[str, ...], Form, Platform], ...]] = (
    # Apple's clients say what they run on: DeviceType iPad, user agent Apple-iPad7C5/1234.56.
    (("ipad",), Form.TABLET, Platform.IPADOS),
    (("iphone", "ipod"), Form.PHONE, Platform.IOS),
    # Before "windows": phones of that name are long gone, and their types are short words of their own.
    (("windows phone", "windowsphone", "pocketpc", "smartphone"), Form.PHONE, Platform.WINDOWS),
    # WindowsMail (the mail app of Windows 8 to 11), WindowsOutlook15 (Outlook on a desktop by ActiveSync).
    (("windowsmail", "windowsoutlook", "windows"), Form.DESKTOP, Platform.WINDOWS),
    (("macintosh", "macos", "mac os"), Form.LAPTOP, Platform.MACOS),
    # Samsung's type is its model: SAMSUNGSMT870 is a tablet, SAMSUNGSMG991B a phone.
    (("samsungsmt", "samsunggtp", "sm-t", "sm-x", "tablet", "kindle"), Form.TABLET, Platform.ANDROID),
    (("cros", "chromebook"), Form.LAPTOP, Platform.CHROMEOS),
)


def guess(*words: str) -> tuple[Form, Platform]:
    """Form and platform from DeviceType, model, system and user agent, in any order.

    What says nothing known is a phone with Android: Apple's and Microsoft's clients always say what they are, and most
    who open mail by ActiveSync do it on a phone.
    """
    said = " ".join(words).casefold()
    for signs, form, platform in _GUESSES:
        if any(sign in said for sign in signs):
            return form, platform
    return Form.PHONE, Platform.ANDROID
