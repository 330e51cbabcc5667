"""Invented facts for each kind of mail, from the memo of 10 July 2020: for tests, and an exercise's gallery."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from gatepost.core.fleet.about import About, Account, Inquiry
from gatepost.core.fleet.claim import Claim, Stance
from gatepost.core.fleet.device import Form, Platform
from gatepost.core.instant import HOUR, Instant
from gatepost.core.notice.notice import ABOUT_APPROVAL, ABOUT_SITE, NoticeKind
from gatepost.core.policy.policy import Consequence, Text, Unseen
from gatepost.notify.facts import (
    AccessFacts,
    Acted,
    ActivationFacts,
    ApprovalFacts,
    DeviceFacts,
    LooksFacts,
    NoticeFacts,
    PolicyFacts,
    RailsFacts,
    SoughtApp,
    no_policy,
)


def utc(*parts: int) -> Instant:
    """An instant from its UTC calendar parts."""
    return int(datetime(*parts, tzinfo=UTC).timestamp() * 1000)  # type: ignore[arg-type,misc]


FRIDAY_ENDS_IN_BERLIN: Final = utc(2020, 7, 10, 22)

POLICY: Final = PolicyFacts(
    id="no-tiktok-where-mail-is-read",
    revision=1,
    title="TikTok is not permitted on mobile devices that open company mail",
    reason="Security risk",
    apps=("TikTok",),
    consequence=Consequence.BLOCK,
    unseen=Unseen.ATTEST,
    texts={
        NoticeKind.ANNOUNCEMENT: {
            "en": Text(
                "Action required: an app on mobile devices that open company mail",
                "Due to security risks, the TikTok app is no longer permitted on mobile devices that open company "
                "mail.\n\nUsing TikTok from your laptop's browser is allowed.",
            ),
            "de": Text(
                "Bitte handeln: eine App auf Mobilgeräten mit Firmenmail",
                "Wegen Sicherheitsrisiken ist die App TikTok auf Mobilgeräten, mit denen Firmenmail geöffnet wird, "
                "nicht mehr erlaubt.\n\nTikTok im Browser Ihres Laptops ist erlaubt.",
            ),
            "es": Text(
                "Acción necesaria: una aplicación en dispositivos con correo de la empresa",
                "Por riesgos de seguridad, la aplicación TikTok ya no está permitida en dispositivos móviles que abren "
                "el correo de la empresa.\n\nUsar TikTok en el navegador del portátil está permitido.",
            ),
            "fr": Text(
                "À faire : une application sur les appareils mobiles qui ouvrent la messagerie",
                "En raison de risques de sécurité, l’application TikTok n’est plus autorisée sur les appareils mobiles "
                "qui ouvrent la messagerie de l’entreprise.\n\nTikTok dans le navigateur de votre portable est permis.",
            ),
            "hi": Text(
                "ज़रूरी काम: कंपनी का मेल खोलने वाले मोबाइल उपकरणों पर एक ऐप",
                "सुरक्षा जोखिमों के कारण कंपनी का मेल खोलने वाले मोबाइल उपकरणों पर TikTok ऐप की अब अनुमति नहीं है।\n\n"
                "लैपटॉप के ब्राउज़र में TikTok की अनुमति है।",
            ),
            "ja": Text(
                "ご対応のお願い：会社のメールを開くモバイル端末のアプリについて",
                "セキュリティ上のリスクのため、会社のメールを開くモバイル端末では TikTok アプリを"
                "使えなくなりました。\n\n"
                "ノートパソコンのブラウザーで TikTok を使うことはできます。",
            ),
            "pt": Text(
                "Ação necessária: uma aplicação em dispositivos móveis com correio da empresa",
                "Devido a riscos de segurança, a aplicação TikTok deixou de ser permitida em dispositivos móveis que "
                "abrem o correio da empresa.\n\nUsar o TikTok no navegador do portátil é permitido.",
            ),
        },
        NoticeKind.CORRECTION: {
            "en": Text("Sent in error", "There is no change to our policies right now with regard to TikTok."),
            "de": Text("Irrtümlich verschickt", "An unseren Richtlinien zu TikTok ändert sich derzeit nichts."),
            "es": Text("Enviado por error", "Por ahora no cambia nada en nuestras normas sobre TikTok."),
            "fr": Text("Envoyé par erreur", "Nos règles au sujet de TikTok ne changent pas pour le moment."),
            "hi": Text("गलती से भेजा गया", "TikTok को लेकर हमारी नीतियों में अभी कोई बदलाव नहीं है।"),
            "ja": Text("誤って送信したメールについて", "TikTok に関する当社のポリシーに、現時点で変更はありません。"),
            "pt": Text("Enviado por engano", "Por agora nada muda nas nossas regras sobre o TikTok."),
        },
    },
    contact="IT help desk, extension 4000, help@corp.example",
    forms=frozenset({Form.PHONE, Form.TABLET}),
)

ANNA: Final = NoticeFacts(
    policy=POLICY,
    name="Anna Müller",
    locale="de-DE",
    time_zone="Europe/Berlin",
    deadline=FRIDAY_ENDS_IN_BERLIN,
    notice=24 * HOUR,
    devices=(
        DeviceFacts(Platform.ANDROID, Form.PHONE, ("TikTok",), "SM-G973F"),
        DeviceFacts(Platform.IOS, Form.PHONE),
    ),
)

APPROVAL: Final = ApprovalFacts(
    deadline="2020-07-10",
    proposal="3fa9c1d2e4b05566778899aabbccddeeff00112233445566778899aabbccddee",
    author="Sam Writer",
    people={"hit": 1204, "clear": 17310, "exempt": 41, "cannot_tell": 880, "unmanaged": 565, "cannot_be_told": None},
    devices={"hit": 1260, "clear": 33100, "exempt": 45, "cannot_tell": 910, "unmanaged": 600, "cannot_be_told": None},
    required={"security": 1, "legal": 1, "executive": 1},
    given={"legal": 1},
    role="security",
    approver="sec@corp.example",
    checkpoint="corp.example/gatepost\n42\nqINS1GRFhWHwdkUeqLEoP4yEMkTBBzxBkGwGQlVlVcs=\n\n"
    "— corp.example/gatepost 8b1f3a5cRkX0mO2v8w8Dq0f3bLr5T7s1dJ4yQ9xUeP6nHcZaWgViKtBoMlEsCuRzXy\n",
    warnings=("The notice is shorter than the site's 24 hours.", "7 executives are among the people hit."),
    about=About(
        evidence=(
            Claim("tiktok", "A minister", Stance.ALLEGES, "It passes data on.", "2020-07-06", "An interview"),
            Claim("tiktok", "Its owner", Stance.DENIES, "It does not.", "2020-07-07", "To the press"),
        ),
        inquiries=(
            Inquiry("vq_1", "tiktok", "2020-07-08", "p_1", "Where are our data?", "2020-07-09", "In the US."),
            Inquiry("vq_2", "tiktok", "2020-07-09", "p_1", "Who can read them?"),
        ),
        accounts=(Account("ac_1", "tiktok", "social-media", "@ourvideos"),),
    ),
    apps={"tiktok": "TikTok"},
    not_asked="Helo Inc. (Helo)",
)

LINK: Final = "https://gatepost.example/own/an-address-for-one-person"

_THREAD: Final = {language: text.subject for language, text in POLICY.texts[NoticeKind.ANNOUNCEMENT].items()}


_PEOPLE: Final = {
    "de": (ANNA.name, ANNA.locale, ANNA.time_zone, FRIDAY_ENDS_IN_BERLIN),
    "en": ("Ann Miller", "en-US", "America/New_York", utc(2020, 7, 11, 4)),
    "es": ("Lucía Torres", "es-MX", "America/Mexico_City", utc(2020, 7, 11, 5)),
    "fr": ("Claire Martin", "fr-FR", "Europe/Paris", utc(2020, 7, 10, 22)),
    "hi": ("Priya Sharma", "hi-IN", "Asia/Kolkata", utc(2020, 7, 10, 18, 30)),
    "ja": ("佐藤 花子", "ja-JP", "Asia/Tokyo", utc(2020, 7, 10, 15)),
    "pt": ("João Silva", "pt-BR", "America/Sao_Paulo", utc(2020, 7, 11, 3)),
}


LOOKS: Final = (
    LooksFacts("Henry Help", "phone", "", 3, 2, ("They called: no mail.", "Asks when it opens.")),
    LooksFacts("Olga Operator", "names", POLICY.id, 1, 1204, ("To tell those without an address.",)),
    LooksFacts("Olga Operator", "waivers", "", 1, 12, ()),
)


ACTIVATION: Final = ActivationFacts(
    proposal=APPROVAL.proposal,
    author=APPROVAL.author,
    role="privacy",
    approver="council@corp.example",
    apps=(
        SoughtApp("TikTok", (("android", ("com.zhiliaoapp.musically",)), ("ios", ("com.zhiliaoapp.musically",)))),
        SoughtApp("Amigo Dating", (("ios", ("org.example.amigo",)),)),
    ),
    purpose="The policy on apps of which a minister warned.",
    until=utc(2021, 1, 1),
    unmatched=("helo-lite",),
    who_may_see="The help desk, for the phone of whoever calls.",
    touches=("sexuality",),
    because="Both are on the same list.",
    checkpoint=APPROVAL.checkpoint,
)

ACCESS: Final = AccessFacts(
    "key_added", "Sam Signer", "SHA256:9bXk2rZc7mQdV0u8pTnWfLhYjE4sGaR1oKiC5xN6wBM", ("Olga Operator", "Ada Admin")
)


RAILS: Final = RailsFacts(
    utc(2020, 7, 6, 8, 30),
    (("rails.large_impact_roles", '["executive"]', "[]"), ("rails.minimum_notice", '"24h"', '"1h"')),
)


def _of_no_policy(facts: NoticeFacts, about: str, note: str) -> NoticeFacts:
    acted = Acted("Olga Operator", utc(2020, 7, 6, 8, 30), about)
    shared = no_policy(POLICY.contact, POLICY.language, exercise=False)
    return replace(facts, policy=shared, deadline=None, notice=None, devices=ANNA.devices[:1], note=note, acted=acted)


def _unasked(kind: NoticeKind, facts: NoticeFacts) -> NoticeFacts:
    """For a mail about no policy, of which nobody is told that they did it."""
    plain = replace(_of_no_policy(facts, "", ""), devices=(), acted=None)
    if kind is NoticeKind.LOOKS:
        return replace(plain, until=utc(2020, 8, 1), looks=LOOKS)
    if kind is NoticeKind.RAILS:
        return replace(plain, rails=RAILS)
    if kind is NoticeKind.CODE:
        return replace(plain, devices=ANNA.devices[1:], code="KXQ4-M7TR", until=utc(2020, 7, 6, 9, 30))
    link = "https://gatepost.corp.example/sign-in/4fJ9Zr0vQe2bXwT7mKcYhLpS8nDuAg5iRoV3xE1yWq6"
    return replace(plain, until=utc(2020, 7, 10, 9, 40), link=link)


def _about_site(kind: NoticeKind, facts: NoticeFacts) -> NoticeFacts:
    if kind is NoticeKind.DEVICE_PASSWORD:
        return _of_no_policy(facts, "ab3d5fgh", "Lost the old phone.")
    if kind is NoticeKind.WAIVER_ASKED:
        return replace(_of_no_policy(facts, "no-tiktok: SM-G973F", "I keep the company's own account."), devices=())
    if kind is NoticeKind.DOOR_ASKED:
        return replace(_of_no_policy(facts, "mail", "It has stood here for years."), devices=())
    if kind in (NoticeKind.ACTIVATION_ASKED, NoticeKind.ACTIVATION_RESULT):
        asked = replace(_of_no_policy(facts, "", ""), devices=(), acted=None, activation=ACTIVATION)
        return asked if kind is NoticeKind.ACTIVATION_ASKED else replace(asked, activation=replace(ACTIVATION, role=""))
    if kind is NoticeKind.ACCESS:
        return replace(_of_no_policy(facts, ACCESS.name, ""), devices=(), access=ACCESS)
    return _unasked(kind, facts)


def sample(kind: NoticeKind, language: str) -> NoticeFacts:
    """Plausible facts for a mail of this kind to a person of this language, whose day ends where they live."""
    name, locale, time_zone, deadline = _PEOPLE[language]
    link = "" if kind in ABOUT_SITE | ABOUT_APPROVAL else LINK
    facts = replace(ANNA, name=name, locale=locale, time_zone=time_zone, deadline=deadline, link=link)
    if kind is NoticeKind.APPROVAL_ASKED:
        return replace(facts, devices=(), approval=APPROVAL)
    if kind is NoticeKind.APPROVAL_RESULT:
        return replace(facts, devices=(), approval=replace(APPROVAL, role="", given=APPROVAL.required))
    if kind is NoticeKind.ANNOUNCEMENT:
        return facts
    if kind in ABOUT_SITE:
        return _about_site(kind, facts)
    facts = replace(facts, thread=_THREAD[language], notice=None)
    if kind in (NoticeKind.WAIVER_RESULT, NoticeKind.WAIVER_ENDS):
        return replace(facts, until=utc(2020, 7, 24, 15, 30), note="Keeps the company's own account.")
    if kind is NoticeKind.UPDATE:
        return replace(facts, moved_from=deadline - 48 * HOUR)
    if kind is NoticeKind.RESTORED:
        return replace(facts, devices=ANNA.devices[:1], still_blocked=ANNA.devices[1:])
    if kind in (NoticeKind.BLOCKED, NoticeKind.CORRECTION):
        return replace(facts, still_blocking=("Company-owned phones carry no games",))
    if kind is NoticeKind.ENDED:
        return replace(facts, note="The app has been changed and checked.")
    return facts
