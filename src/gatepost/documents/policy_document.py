"""The shape of a policy file: keys, types, defaults and descriptions. The JSON Schema is made from these models."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Strict,
    StrictBool,
    StrictInt,
    StringConstraints,
    Tag,
)

from gatepost.core.fleet.device import Form, Ownership, Platform
from gatepost.core.fleet.person import Kind
from gatepost.core.instant import DAY, duration_text, parse_duration
from gatepost.core.policy.policy import Unseen
from gatepost.documents.countries import country_problem
from gatepost.documents.deadline import local_instant
from gatepost.documents.model_problems import wrong
from gatepost.documents.yaml_tree import quoted

ID: Final = r"[a-z0-9][a-z0-9-]{0,79}"
LANGUAGE: Final = r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*"
LONGEST: Final = 3650 * DAY

PLATFORM_OF: Final[Mapping[Form, Platform]] = {
    Form.PHONE: Platform.IOS,
    Form.TABLET: Platform.IPADOS,
    Form.LAPTOP: Platform.MACOS,
    Form.DESKTOP: Platform.WINDOWS,
}
"""The platform of an example's device that names none."""


def _id(text: str) -> str:
    if re.fullmatch(ID, text) is None:
        raise wrong(
            f"{quoted(text)} is no id: expected a-z, 0-9 and hyphens, beginning with a letter or digit, up to 80"
        )
    return text


def _one_line(text: str) -> str:
    if len(text.splitlines()) > 1:
        raise wrong("must be one line")
    return text


def _duration(text: str) -> str:
    try:
        duration = parse_duration(text)
    except ValueError as error:
        raise wrong(str(error)) from None
    if duration > LONGEST:
        raise wrong(f"is longer than {duration_text(LONGEST)}")
    return duration_text(duration)


def _duration_text(value: Any) -> Any:
    if not isinstance(value, str):
        raise wrong("is not a duration: write a whole number and ms, s, m, h or d, such as 24h or 1d12h")
    return value


def _local_time(text: str) -> str:
    try:
        local_instant(text, "UTC")
    except ValueError as error:
        raise wrong(f"{quoted(text)} {error}") from None
    return text


def _deadline(text: str) -> str:
    return text if text == "immediately" else _local_time(text)


def _country(code: str) -> str:
    problem = country_problem(code)
    if problem:
        raise wrong(f"{quoted(code)} {problem}")
    return code


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _each_once(items: list[str]) -> list[str]:
    for item in items:
        if items.count(item) > 1:
            raise wrong(f"names {quoted(item)} twice")
    return items


def _languages(texts: dict[str, Any]) -> dict[str, Any]:
    for language in texts:
        if re.fullmatch(LANGUAGE, language) is None:
            raise wrong(f"{quoted(language)} is no language: expected a BCP 47 tag, such as en, de or pt-BR")
    return texts


def _role_names(approvals: dict[str, int]) -> dict[str, int]:
    for role in approvals:
        _id(role)
    return approvals


Prose: TypeAlias = Annotated[str, Strict(), StringConstraints(strip_whitespace=True, max_length=20_000)]
Line: TypeAlias = Annotated[
    str, Strict(), StringConstraints(strip_whitespace=True, max_length=200), AfterValidator(_one_line)
]
Filled: TypeAlias = Annotated[Line, Field(min_length=1)]
Id: TypeAlias = Annotated[str, Strict(), AfterValidator(_id), Field(json_schema_extra={"pattern": f"^{ID}$"})]
Ids: TypeAlias = Annotated[list[Id], Field(max_length=1000), AfterValidator(_each_once)]
Names: TypeAlias = Annotated[list[Filled], Field(min_length=1, max_length=1000), AfterValidator(_each_once)]
Span: TypeAlias = Annotated[
    str,
    Strict(),
    BeforeValidator(_duration_text),
    AfterValidator(_duration),
    Field(json_schema_extra={"pattern": "^(0|([0-9]{1,6}(ms|s|m|h|d))+)$"}),
]
Country: TypeAlias = Annotated[
    str, Strict(), AfterValidator(_country), Field(json_schema_extra={"pattern": "^[A-Z]{2}$"})
]
LocalTime: TypeAlias = Annotated[str, Strict(), AfterValidator(_local_time)]
SomeForms: TypeAlias = Annotated[list[Form], Field(min_length=1), AfterValidator(_each_once)]
SomePlatforms: TypeAlias = Annotated[list[Platform], Field(min_length=1), AfterValidator(_each_once)]
SomeOwnership: TypeAlias = Annotated[list[Ownership], Field(min_length=1), AfterValidator(_each_once)]
SomeKinds: TypeAlias = Annotated[list[Kind], Field(min_length=1), AfterValidator(_each_once)]
SomeCountries: TypeAlias = Annotated[list[Country], Field(min_length=1), AfterValidator(_each_once)]
OneOrMoreCountries: TypeAlias = Annotated[
    list[Country],
    Field(max_length=300),
    AfterValidator(_each_once),
    BeforeValidator(_listed, json_schema_input_type=Country | list[Country]),
]

_FORMS: Final = "Kinds of device. Leave it out to mean all."
_PLATFORMS: Final = "Operating systems. Leave it out to mean all."
_OWNERSHIP: Final = "Who owns the device. Leave it out to mean both."
_KINDS: Final = "Kinds of people. Leave it out to mean all."
_COUNTRIES: Final = "ISO 3166-1 alpha-2 codes in upper case. Leave it out to mean all."
_GROUPS: Final = "Groups; being in one of them is enough. Leave it out to mean all."


class Part(BaseModel):
    """Every key is known here, or the file is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DevicesPart(Part):
    """Which devices. Keys are joined by and, the values of one key by or; {} means all devices."""

    forms: SomeForms = Field(default=[], description=_FORMS)
    platforms: SomePlatforms = Field(default=[], description=_PLATFORMS)
    ownership: SomeOwnership = Field(default=[], description=_OWNERSHIP)
    shared: StrictBool = Field(default=False, description="Whether a device that several people share may be blocked.")


class PeoplePart(Part):
    """Which people. Keys are joined by and, the values of one key by or."""

    kinds: SomeKinds = Field(default=[], description=_KINDS)
    countries: SomeCountries = Field(default=[], description=_COUNTRIES)
    groups: Names = Field(default=[], description=_GROUPS)


class ExceptPart(Part):
    """Whom and what the policy leaves alone. All keys are joined by and; it wins over devices and people."""

    forms: SomeForms = Field(default=[], description=_FORMS)
    platforms: SomePlatforms = Field(default=[], description=_PLATFORMS)
    ownership: SomeOwnership = Field(default=[], description=_OWNERSHIP)
    kinds: SomeKinds = Field(default=[], description=_KINDS)
    countries: SomeCountries = Field(default=[], description=_COUNTRIES)
    groups: Names = Field(default=[], description=_GROUPS)


class RingPart(Part):
    """A group whose people have an earlier deadline. Whoever is in several rings has that of the first."""

    group: Filled = Field(description="The group. Its people's mails say this ring's date.")
    deadline: LocalTime = Field(
        description="A date (its end, where the person is), a local date-time, or one with its zone; in every time "
        "zone earlier than the policy's deadline."
    )


class TextPart(Part):
    """What a mail says. The templates around it add the deadline, the person's devices and what to do."""

    subject: Filled = Field(description="One line. Keep it neutral: a lock screen should not show which app is meant.")
    body: Annotated[Prose, Field(min_length=1)] = Field(
        description="Plain text; a blank line begins a new paragraph. Where the file breaks a line does not show in "
        "the mail, but before an item of a list and after two spaces at a line's end."
    )


def _branch(value: Any) -> str:
    one = isinstance(value, TextPart) or not isinstance(value, dict) or {"subject", "body"} & value.keys()
    return "branch one" if one else "branch many"


Texts: TypeAlias = Annotated[
    Annotated[TextPart, Tag("branch one")]
    | Annotated[dict[str, TextPart], AfterValidator(_languages), Tag("branch many")],
    Discriminator(_branch),
]


class ExampleDevice(Part):
    """The device of an example."""

    form: Form = Field(description="phone, tablet, laptop or desktop.")
    platform: Platform | None = Field(
        default=None,
        description="By default ios for a phone, ipados for a tablet, macos for a laptop, windows for a desktop.",
    )
    ownership: Ownership = Field(default=Ownership.PERSONAL, description="company or personal.")
    shared: StrictBool = Field(default=False, description="Whether several people share it.")
    apps: Ids = Field(default_factory=list, description="The apps on it, by their ids in the catalogue.")
    visibility: Literal["full", "managed-only", "none", "never"] = Field(
        default="full", description="What its last report could see; never: there was no report."
    )


class ExamplePerson(Part):
    """The person of an example."""

    kind: Kind = Field(default=Kind.EMPLOYEE, description="employee or contractor.")
    country: Country = Field(default="", description="ISO 3166-1 alpha-2; none by default.")
    groups: Names = Field(default=[], description="The groups this person is in; none by default.")


class ExamplePart(Part):
    """One of the policy's own tests: this device, at this time, must get this answer."""

    device: ExampleDevice
    person: ExamplePerson = Field(default_factory=ExamplePerson)
    attested: StrictBool = Field(default=False, description="Whether the owner has stated that the apps are not on it.")
    at: LocalTime = Field(description="A local date-time such as 2020-07-11T00:00, or a date, which means its end.")
    expect: Literal["allow", "warn", "block"] = Field(description="The answer that it must get.")


class PolicyDocument(Part):
    """Which apps, on which devices, of which people, by when, with what consequence."""

    model_config = ConfigDict(extra="forbid", frozen=True, title="A Gatepost policy")

    policy: Id = Field(description="The policy's id; it never changes. A new text under the same id is a new revision.")
    title: Filled = Field(description="One line, for lists, pages and approvers.")
    reason: Prose = Field(default="", description="Why, in a few words; stands in the mails.")
    necessity: Prose = Field(
        default="", description="Why these apps, why mail, why these people, and what milder means were considered."
    )
    apps: Ids = Field(default_factory=list, description="Apps by their ids in the catalogue.")
    lists: Ids = Field(default_factory=list, description="Lists of apps by their ids in the catalogue.")
    publisher_country: OneOrMoreCountries = Field(
        default=[],
        description="All apps of the catalogue whose publisher has its seat there: one ISO 3166-1 code, or several.",
    )
    successors: StrictBool = Field(
        default=False,
        description='Whether the apps that took the place of these, by the catalogue, are meant too: "or any successor '
        'application".',
    )
    devices: DevicesPart
    people: PeoplePart = Field(default_factory=PeoplePart)
    except_: ExceptPart = Field(default_factory=ExceptPart, alias="except")
    unseen: Unseen = Field(
        description="What it means when nobody can see whether an app is on a device (hidden, stale, never): "
        "allow; attest (its owner states that it is not there); block."
    )
    deadline: Annotated[str, Strict(), AfterValidator(_deadline)] = Field(
        description="A date (the end of that day where the person is), a local date-time, one with its zone, "
        "or immediately (told + grace)."
    )
    grace: Span = Field(default="0", description="What a device gets that is due only after the announcement.")
    notice: Span | None = Field(
        default=None, description="The least time between being told and being blocked; by default the site's minimum."
    )
    tell_first: StrictBool = Field(default=True, description="Whether nobody is blocked who was not told.")
    rollout: Annotated[list[RingPart], Field(max_length=10)] = Field(
        default_factory=list, description="Rings: groups with an own, earlier deadline; of several, the first counts."
    )
    reminders: Annotated[list[Span], Field(max_length=10), AfterValidator(_each_once)] = Field(
        default_factory=list, description="How long before the own deadline a reminder goes out."
    )
    consequence: Literal["report", "notify", "block"] = Field(
        description="report: nothing happens to anybody; notify: people are told; block: and the mail door closes."
    )
    approvals: Annotated[
        dict[str, Annotated[StrictInt, Field(ge=1, le=20)]], AfterValidator(_role_names), Field(max_length=20)
    ] = Field(
        default_factory=dict, description="How many approvers of which role must sign; the site may ask for more."
    )
    announcement: Texts = Field(description="What people are told: {subject, body}, or language to {subject, body}.")
    correction: Texts = Field(
        description="What they are told if it was sent in error; in the announcement's languages."
    )
    withdrawal: Texts = Field(
        default_factory=dict,
        description="What they are told if we changed our mind; a plain sentence of ours by default.",
    )
    press: Line = Field(
        default="", description="One line fit to print, for when the mail is in the newspaper within the hour."
    )
    examples: Annotated[list[ExamplePart], Field(max_length=200)] = Field(
        default_factory=list, description="The policy's own tests; it cannot be proposed while one fails."
    )
