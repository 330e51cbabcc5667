"""What each mail says: golden texts, languages, instants in words, exercises."""

import html
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from gatepost.core.fleet.device import Form, Platform
from gatepost.core.instant import HOUR
from gatepost.core.notice.notice import ABOUT_APPROVAL, ABOUT_SITE, NoticeKind
from gatepost.core.policy.policy import Consequence, Text, Unseen
from gatepost.notify.facts import DeviceFacts
from gatepost.notify.render import LANGUAGES, Renderer, load_templates
from gatepost.notify.samples import ANNA, APPROVAL, FRIDAY_ENDS_IN_BERLIN, POLICY, sample, utc

GOLDEN = Path(__file__).parent / "golden"
RENDERER = Renderer(load_templates())
ANNOUNCEMENT, CORRECTION, REMINDER = NoticeKind.ANNOUNCEMENT, NoticeKind.CORRECTION, NoticeKind.REMINDER


def flat(text: str) -> str:
    """The text without its line breaks."""
    return " ".join(text.split())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", list(NoticeKind))
def test_golden_texts(kind: NoticeKind, language: str) -> None:
    """Every kind of mail says, in every language, exactly what was read and agreed (GATEPOST_GOLDEN=write renews)."""
    rendered = RENDERER.render(kind, sample(kind, language))
    said = f"Subject: {rendered.subject}\n\n{rendered.text}"
    path = GOLDEN / f"{kind}.{language}.txt"
    if os.environ.get("GATEPOST_GOLDEN") == "write":
        path.write_text(said, encoding="utf-8")
    assert said == path.read_text(encoding="utf-8")
    assert rendered.language == language


def test_no_golden_text_is_left_over() -> None:
    """Every golden file belongs to a kind of mail."""
    assert {path.name for path in GOLDEN.iterdir()} == {
        f"{kind}.{language}.txt" for kind in NoticeKind for language in LANGUAGES
    }


@pytest.mark.parametrize("kind", list(NoticeKind))
def test_both_twins_say_the_same(kind: NoticeKind) -> None:
    """Every line of the text twin's blocks stands in the HTML twin too."""
    rendered = RENDERER.render(kind, sample(kind, "en"))
    seen = flat(html.unescape(re.sub(r"<[^>]+>", " ", rendered.html))).casefold()
    blocks = [flat(re.sub(r"(?m)^[>-] ?", "", block)).casefold() for block in rendered.text.split("\n\n")]
    said = [block for block in blocks if block.strip("- ")]
    assert len(said) > 5
    for block in said:
        for sentence in block.split(": "):
            assert sentence.strip("- ") in seen


def test_an_announcement_says_all_that_is_asked() -> None:
    """What, by when, which devices, what happens, what stays, whom to ask; no claim where we cannot see (I-6)."""
    text = flat(RENDERER.render(ANNOUNCEMENT, sample(ANNOUNCEMENT, "en")).text)
    assert "Please remove TikTok" in text
    assert "the end of Friday, July 10, 2020 (midnight, Eastern Daylight Time, UTC−04:00)" in text
    assert "Android phone (SM-G973F): TikTok found on it" in text
    assert "iPhone: we cannot see whether the app is on it" in text
    assert "cannot open new company mail" in text
    assert "Mail that is already on a device stays there" in text
    assert "laptops and desktop computers" in text
    assert "help@corp.example" in text


def test_a_correction_says_that_nothing_is_to_be_done_and_what_still_blocks() -> None:
    """A correction joins the first mail's thread, says that it was in error, names what else blocks."""
    rendered = RENDERER.render(CORRECTION, sample(CORRECTION, "en"))
    text = flat(rendered.text)
    assert rendered.subject == "Re: Action required: an app on mobile devices that open company mail"
    assert "was sent in error" in text
    assert "Nothing needs to be done" in text
    assert "Your devices are still kept from new company mail by: - Company-owned phones carry no games" in text
    alone = RENDERER.render(CORRECTION, replace(sample(CORRECTION, "en"), still_blocking=()))
    assert "No other policy keeps your devices from company mail" in flat(alone.text)


def test_our_own_subjects_name_no_app() -> None:
    """A subject of ours shows nobody at a shared screen which app somebody had."""
    for kind in NoticeKind:
        if kind is not ANNOUNCEMENT:
            subject = RENDERER.render(kind, replace(sample(kind, "en"), thread="")).subject
            assert subject
            assert "TikTok" not in subject
            assert POLICY.id not in subject


def test_no_text_can_be_read_later_than_the_door_acts() -> None:
    """I-10: notice counts from sending; in a later mail from the first one, never from that later mail."""
    told_late = replace(sample(REMINDER, "en"), notice=24 * HOUR)
    reminder = flat(RENDERER.render(REMINDER, told_late).text)
    announcement = flat(RENDERER.render(ANNOUNCEMENT, replace(told_late, thread="")).text)
    assert "if that is later, within 24 hours after this mail was sent" in announcement
    assert "if that is later, within 24 hours after our first mail on this was sent" in reminder
    assert "after this mail" not in reminder


@pytest.mark.parametrize(
    ("grace", "notice", "words"),
    [
        (24 * HOUR, None, "within 24 hours after this mail was sent"),
        (2 * HOUR, 24 * HOUR, "within 24 hours after this mail was sent"),
        (0, None, "at once"),
        (HOUR, None, "within 1 hour after this mail was sent"),
    ],
)
def test_immediately_is_told_and_grace(grace: int, notice: int | None, words: str) -> None:
    """`immediately` is said as the longer of grace and notice, counted from the mail."""
    facts = replace(sample(ANNOUNCEMENT, "en"), deadline=None, grace=grace, notice=notice)
    assert f"named below, {words}." in flat(RENDERER.render(ANNOUNCEMENT, facts).text)


def test_a_waiver_that_outlasts_the_deadline_is_the_deadline() -> None:
    """I-10: who is exempt beyond the deadline is asked to act by the end of the exemption."""
    facts = replace(sample(NoticeKind.WAIVER_ENDS, "en"), until=FRIDAY_ENDS_IN_BERLIN + 240 * HOUR)
    asked = flat(RENDERER.render(NoticeKind.WAIVER_ENDS, facts).text)
    assert "Please remove TikTok from your devices named below, by Monday, July 20, 2020, 6:00 PM" in asked


def test_what_the_consequence_is() -> None:
    """A policy that only notifies threatens nobody; `unseen: block` asks for a check, not for a statement."""
    facts = sample(ANNOUNCEMENT, "en")
    notify = replace(facts, policy=replace(POLICY, consequence=Consequence.NOTIFY))
    check = replace(facts, policy=replace(POLICY, unseen=Unseen.BLOCK))
    said = flat(RENDERER.render(ANNOUNCEMENT, notify).text)
    assert "Nothing is blocked. This is a request." in said
    assert "cannot open" not in said
    assert "please have the device checked for TikTok by then" in flat(RENDERER.render(ANNOUNCEMENT, check).text)


def test_many_apps_are_listed_once() -> None:
    """A list of 59 apps does not become a sentence; what was found on a device is named there."""
    apps = tuple(f"App {number}" for number in range(59))
    facts = replace(
        sample(ANNOUNCEMENT, "en"),
        policy=replace(POLICY, apps=apps, forms=frozenset()),
        devices=(DeviceFacts(Platform.WINDOWS, Form.LAPTOP, ("App 3", "App 7"), shared=True),),
    )
    text = flat(RENDERER.render(ANNOUNCEMENT, facts).text)
    assert "Please remove the apps listed below" in text
    assert text.count("App 58") == 1
    assert "Windows laptop, shared and in your care: App 3 and App 7 found on it" in text
    assert "Not concerned" not in text


@pytest.mark.parametrize(
    ("locale", "language", "note"),
    [
        ("de-CH", "de", ""),
        ("de_AT", "de", ""),
        ("en-US", "en", ""),
        ("pt-BR", "pt", ""),
        ("nl-BE", "nl", "Our own sentences in this mail are in English, because we have none in Dutch."),
        ("sv-SE", "en", "This mail is in English, because there is no text of it in Swedish."),
        ("", "en", ""),
    ],
)
def test_the_language_is_chosen_and_said(locale: str, language: str, note: str) -> None:
    """The person's locale, then its language, then the site's default; a fallback says visibly which it is."""
    texts = {**POLICY.texts[ANNOUNCEMENT], "nl": Text("Bericht", "Tekst in het Nederlands.")}
    facts = replace(ANNA, locale=locale, policy=replace(POLICY, texts={ANNOUNCEMENT: texts}))
    rendered = RENDERER.render(ANNOUNCEMENT, facts)
    assert rendered.language == language
    assert (note or "This mail is in") in flat(rendered.text) or not note
    assert note or "because" not in flat(rendered.text)


def test_an_author_who_lacks_the_language() -> None:
    """Where only the author's text is missing in the person's language, only that is said."""
    texts = {"en": POLICY.texts[ANNOUNCEMENT]["en"]}
    rendered = RENDERER.render(ANNOUNCEMENT, replace(ANNA, policy=replace(POLICY, texts={ANNOUNCEMENT: texts})))
    assert rendered.language == "en"
    assert "auf Englisch verfasst, weil sein Autor keinen auf Deutsch geschrieben hat" in flat(rendered.text)
    assert "Worum wir Sie bitten" in rendered.html
    assert '<div lang="en">' in rendered.html


def test_a_withdrawal_without_an_author_has_our_sentence() -> None:
    """The withdrawal's text has a default: a plain sentence of ours, in the person's language."""
    rendered = RENDERER.render(NoticeKind.WITHDRAWAL, sample(NoticeKind.WITHDRAWAL, "de"))
    assert "zurückgezogen" in flat(rendered.text)
    assert rendered.language == "de"


def test_an_exercise_is_marked() -> None:
    """I-19: an exercise shows in the subject and at the top of both twins; its thread keeps the first subject."""
    drill = replace(sample(ANNOUNCEMENT, "en"), policy=replace(POLICY, exercise=True))
    first = RENDERER.render(ANNOUNCEMENT, drill)
    reply = RENDERER.render(CORRECTION, replace(drill, thread=first.subject))
    assert first.subject.startswith("[Exercise] Action required")
    assert reply.subject == f"Re: {first.subject}"
    for rendered in (first, reply):
        assert rendered.text.startswith("*** This is an exercise.")
        assert rendered.html.index("This is an exercise.") < rendered.html.index("<h1")


def test_an_approval_mail_carries_what_is_signed_and_the_checkpoint() -> None:
    """I-32: the checkpoint leaves the house in every approval mail, line for line; the hash and the texts are there."""
    rendered = RENDERER.render(NoticeKind.APPROVAL_ASKED, sample(NoticeKind.APPROVAL_ASKED, "en"))
    assert APPROVAL.checkpoint in rendered.text
    assert APPROVAL.proposal in rendered.text
    assert "There is no change to our policies" in flat(rendered.text)
    assert "1,204 people, 1,260 devices" in rendered.text
    assert "fewer than five people" in rendered.text
    declined = replace(sample(NoticeKind.APPROVAL_RESULT, "en"), approval=replace(APPROVAL, declined_by="Lee Counsel"))
    assert "was declined by Lee Counsel" in flat(RENDERER.render(NoticeKind.APPROVAL_RESULT, declined).text)


@pytest.mark.parametrize(
    "kind",
    [
        NoticeKind.APPROVAL_ASKED,
        NoticeKind.APPROVAL_RESULT,
        NoticeKind.WAIVER_ENDS,
        NoticeKind.DEVICE_PASSWORD,
        NoticeKind.SIGN_IN,
    ],
)
def test_facts_that_a_kind_needs(kind: NoticeKind) -> None:
    """A mail is not rendered without what it is about."""
    with pytest.raises(ValueError, match="needs"):
        RENDERER.render(kind, ANNA)


def test_stored_sources_are_what_is_rendered() -> None:
    """I-13: a mail is made of the approved sources, not of this version's; missing or unknown parts are refused."""
    stored = load_templates()
    stored["texts/en.toml"] = stored["texts/en.toml"].replace("What we ask of you", "What was asked in 2020")
    assert "WHAT WAS ASKED IN 2020" in Renderer(stored).render(ANNOUNCEMENT, sample(ANNOUNCEMENT, "en")).text
    layout = "templates/layout.toml"
    with pytest.raises(ValueError, match=r"lack templates/layout\.toml"):
        Renderer({name: text for name, text in stored.items() if name != layout})
    with pytest.raises(ValueError, match="correction has no sections"):
        Renderer({**stored, layout: stored[layout].replace('correction = ["author"', 'correction = ["invented"')})


def test_a_store_from_before_a_sentence_still_renders() -> None:
    """What was approved before a sentence came has that one from the running version, and all others as approved."""
    stored = load_templates()
    text = stored["texts/en.toml"]
    stored["texts/en.toml"] = re.sub(r"(?m)^nothing_open.*\n", "", text).replace("What we ask of you", "As of 2020")
    facts = replace(sample(NoticeKind.UPDATE, "en"), devices=(), nothing_open=True)
    said = Renderer(stored).render(NoticeKind.UPDATE, facts).text
    assert "AS OF 2020" in said
    assert "Nothing is open." in said


@pytest.mark.parametrize("kind", NoticeKind)
def test_a_store_from_before_a_kind_of_mail_still_renders(kind: NoticeKind) -> None:
    """A kind of mail that came after a proposal was frozen ends none of its mails: the correction goes out, and the new
    kind looks as the running version has it."""
    stored, layout = load_templates(), "templates/layout.toml"
    lines = stored[layout].splitlines(keepends=True)
    stored[layout] = "".join(line for line in lines if not line.startswith(f"{kind.value} ="))
    assert stored[layout] != load_templates()[layout]
    for each in (kind, NoticeKind.CORRECTION):
        facts = sample(each, "en")
        assert Renderer(stored).render(each, facts) == RENDERER.render(each, facts)


def test_what_is_remembered_is_never_told_to_somebody_else() -> None:
    """I-21, within a mail: a form kept for others carries nobody's name, device, zone or deadline over."""
    berlin = RENDERER.render(ANNOUNCEMENT, ANNA)
    other = replace(
        ANNA,
        name="Bo Chen",
        time_zone="Asia/Singapore",
        deadline=utc(2020, 7, 10, 16),
        devices=(DeviceFacts(Platform.ANDROID, Form.PHONE, ("TikTok",), "PIXEL-4"), ANNA.devices[1]),
    )
    singapore = RENDERER.render(ANNOUNCEMENT, other)
    assert RENDERER.render(ANNOUNCEMENT, ANNA) == berlin
    for twin in (singapore.text, singapore.html):
        assert "Bo Chen" in twin
        assert "PIXEL-4" in twin
        assert "UTC+08:00" in flat(twin)
        assert not any(word in twin for word in ("Anna", "SM-G973F", "Mitteleurop"))


def test_html_needs_nothing_from_outside() -> None:
    """Mails work with images off and load nothing: no script, no style sheet, no fixed background, and no link but the
    one to sign in or to the reader's own page."""
    for kind in NoticeKind:
        facts = sample(kind, "en")
        twin = RENDERER.render(kind, facts).html
        assert bool(facts.link) is (kind is NoticeKind.SIGN_IN or kind not in ABOUT_SITE | ABOUT_APPROVAL)
        if facts.link:
            twin, links = re.subn(f'<a href="{re.escape(facts.link)}"[^>]*>[^<]*</a>', "", twin)
            assert (links, twin.count(facts.link)) == (1, 1)
            twin = twin.replace(facts.link, "")
        assert not any(part in twin for part in ("<img", "<a ", "<script", "<link", "<style", "http", "background"))
        assert '<html lang="en"' in twin
        assert "color-scheme: light dark" in twin


def test_what_is_over_is_asked_at_once() -> None:
    """No mail asks for something by a date that has passed."""
    facts = replace(sample(REMINDER, "en"), past=True)
    said = flat(RENDERER.render(REMINDER, facts).text)
    assert "named below, at once." in said
    assert "July 10" not in said
