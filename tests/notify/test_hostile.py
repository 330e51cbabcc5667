"""No untrusted string changes the structure of a header, a page or a text (I-36)."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from gatepost.core.fleet.device import Form, Platform
from gatepost.core.notice.notice import NoticeKind
from gatepost.core.policy.policy import Text
from gatepost.notify.facts import DeviceFacts, NoticeFacts
from gatepost.notify.render import Rendered, Renderer, load_templates
from gatepost.notify.samples import ANNA, POLICY
from gatepost.notify.untrusted import LONGEST, one_line, paragraphs
from tests.notify.test_message import mail, parsed

RENDERER = Renderer(load_templates())
BREAKERS = "\r\n\0\x0b\x0c\x1b\x85\u2028\u2029\u202e\u2066\u200f\ufeff\U000e0041"
PIECES = [
    *BREAKERS,
    "\r\nBcc: everybody@corp.example",
    "<script>alert(1)</script>",
    "</h1>",
    '" onload="',
    "&lt;",
    "{{ 7 * 7 }}",
    "{% raw %}",
    "{name}",
    "{contact}",
    "=?utf-8?b?QmNjOg==?=",
    "Müller",
    "张",
    "😀",
    "O'Neil, Ann",
    "\\",
    '"',
    "> ",
    "-- ",
    "a" * 400,
    "\ud800",
]
HOSTILE = st.lists(st.sampled_from(PIECES) | st.text(max_size=20), min_size=2, max_size=8).map("".join)


def hold(law: Callable[[str], None]) -> None:
    """Tries the law on every hostile piece alone and on random heaps of them."""
    for piece in PIECES:
        law(f"A {piece} B")
    given(HOSTILE)(law)()


class Shape(HTMLParser):
    """The tags and attribute names of a page, and its visible text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, ...]] = []
        self.visible = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, *(name for name, _ in attrs)))

    def handle_endtag(self, tag: str) -> None:
        self.tags.append((f"/{tag}",))

    def handle_data(self, data: str) -> None:
        self.visible += data


def told(untrusted: str) -> NoticeFacts:
    """An announcement with the same untrusted string everywhere that one can stand."""
    text = {"de": Text(untrusted, "Bitte."), "en": Text(untrusted, "Please.")}
    policy = replace(
        POLICY,
        title=untrusted,
        reason=untrusted,
        contact=untrusted,
        apps=(untrusted,),
        texts={NoticeKind.ANNOUNCEMENT: text},
    )
    device = DeviceFacts(Platform.ANDROID, Form.PHONE, (untrusted,), untrusted)
    return replace(ANNA, policy=policy, name=untrusted, devices=(device,))


def rendered(untrusted: str) -> Rendered:
    return RENDERER.render(NoticeKind.ANNOUNCEMENT, told(untrusted))


def test_hostile_strings_change_no_page() -> None:
    """Whatever a name, a title or a device is called, the page has the tags that it has for a plain word."""
    plain = Shape(rendered("plain").html).tags
    tried: Counter[str] = Counter()

    def law(untrusted: str) -> None:
        shown = one_line(untrusted)
        page = Shape(rendered(untrusted).html)
        assert not shown or page.tags == plain
        assert shown in page.visible
        tried.update(part for part in ("<", '"', "&") if part in shown)

    hold(law)
    assert min(tried[part] for part in ("<", '"', "&")) >= 5, "the case this is about must occur"


def test_hostile_strings_begin_no_line() -> None:
    """No control or bidirectional character reaches a mail, and every line break is ours."""
    tried: Counter[str] = Counter()

    def law(untrusted: str) -> None:
        result = rendered(untrusted)
        for twin in (result.subject + result.text, result.html):
            assert not set(twin) & (set(BREAKERS) - {"\n"})
        assert "\n" not in result.subject
        assert not any(line.startswith("Bcc:") for line in result.text.splitlines())
        tried.update(set(untrusted) & set(BREAKERS))

    hold(law)
    assert set(tried) == set(BREAKERS), "every breaker must have been tried"


def test_hostile_strings_change_no_header() -> None:
    """A subject, a display name or a policy's id adds no header, and reads back as its visible characters."""
    tried: Counter[str] = Counter()

    def law(untrusted: str) -> None:
        policy = f"p{untrusted}"  # without one it is a mail about no policy
        message = parsed(mail(subject=untrusted, recipient=(untrusted, "ann@corp.example"), policy=policy))
        assert message.keys() == parsed(mail()).keys()
        assert one_line(str(message["Subject"])) == one_line(untrusted)
        (address,) = message["To"].addresses
        assert address.addr_spec == "ann@corp.example"
        # Python 3.11 keeps the folds between encoded words of a display name, which RFC 2047 section 6.2 says to drop.
        assert "".join(address.display_name.split()) == "".join(one_line(untrusted).split())
        assert not message.defects
        tried.update(part for part in ("\r", "=?", '"', "Bcc:", "😀") if part in untrusted)

    hold(law)
    assert len(tried) == 5, "every kind of trouble must have been tried"


def test_the_hostile_cases_occur() -> None:
    """The strings above do contain what they are meant to try: breaks, markup, lone surrogates, overlong words."""
    assert one_line("".join(PIECES)) != "".join(PIECES)
    assert one_line("a\r\nBcc: b\u202ec\0") == "a Bcc: bc"
    assert one_line("\ud800") == ""
    assert len(one_line("a" * 400)) == LONGEST
    assert one_line("می‌خواهم") == "می‌خواهم", "joiners belong to names"


def test_placeholders_in_values_stay_text() -> None:
    """A value that looks like a placeholder or a template is not filled in a second time."""
    text = rendered("{contact} {{ 7 * 7 }}").text
    assert "{contact} {{ 7 * 7 }}" in " ".join(text.split())
    assert "49" not in text


def test_paragraphs_flow_and_lose_controls() -> None:
    """An author's text keeps its paragraphs, whatever ended its lines, and nothing of where its file broke them."""
    assert paragraphs("one\r\ntwo\r\r\n\n three\u2028four\x07\n\n\n") == ("one two", "three four")
    assert paragraphs("端末で\n使えます。") == ("端末で使えます。",)
    assert paragraphs("앱을\n지워 주세요.") == ("앱을 지워 주세요.",)
    assert paragraphs(" \n\t\n") == ()


def test_a_list_and_a_wanted_line_break_stay() -> None:
    """Each item of a list begins a line, also where an item is broken; two spaces at a line's end keep it as it is."""
    text = "Two ways:\n- remove\n  the app\n- ask us\n1. or this\n\nYours  \nIT\n-5 is no item"
    assert paragraphs(text) == ("Two ways:\n- remove the app\n- ask us\n1. or this", "Yours\nIT -5 is no item")
