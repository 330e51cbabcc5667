"""The wire format of SSH (RFC 4251 section 5), read strictly: one value has one encoding, and nothing follows it."""

from typing import Final

_LARGEST: Final = 64 * 1024


class Reader:
    """Takes values off the front of a blob. Raises ValueError where they are not there."""

    __slots__ = ("_data",)

    def __init__(self, data: bytes) -> None:
        self._data = data

    def take(self, length: int) -> bytes:
        """That many bytes."""
        if length > min(len(self._data), _LARGEST):
            raise ValueError("the SSH data is cut short")
        taken, self._data = self._data[:length], self._data[length:]
        return taken

    def number(self) -> int:
        """A uint32."""
        return int.from_bytes(self.take(4), "big")

    def string(self) -> bytes:
        """A string of bytes, without its length."""
        return self.take(self.number())

    def word(self) -> str:
        """A string that must be printable ASCII."""
        text = self.string().decode("ascii", "replace")
        if not text.isascii() or (text and not text.isprintable()):
            raise ValueError("the SSH data has a name that is not ASCII")
        return text

    def mpint(self) -> int:
        """A positive whole number in its shortest form."""
        data = self.string()
        number = int.from_bytes(data, "big")
        if not number or mpint(number)[4:] != data:
            raise ValueError("the SSH data has a number that is not positive, or not in its shortest form")
        return number

    def end(self) -> None:
        """Nothing may be left."""
        if self._data:
            raise ValueError("the SSH data has trailing bytes")


def string(data: bytes | str) -> bytes:
    """A string with its length before it."""
    data = data.encode("ascii") if isinstance(data, str) else data
    return len(data).to_bytes(4, "big") + data


def mpint(number: int) -> bytes:
    """A whole number, zero or positive, in its shortest form: a zero byte comes first where the top bit is set."""
    return string(number.to_bytes(number.bit_length() // 8 + 1, "big") if number else b"")
