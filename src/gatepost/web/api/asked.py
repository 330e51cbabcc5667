"""What is asked: the fields of each request, from its path and its query, or from its path and its body."""

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
"""One line: a policy's id, a person's address."""

Line = Annotated[str, StringConstraints(max_length=4000, pattern=r"^[^\x00-\x1f\x7f]*$")]
Text = Annotated[str, StringConstraints(max_length=20_000, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$")]
"""Several lines: a reason. No other control signs: what is recorded is read by people."""

When = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[0-9T:.Z+-]+$")]
"""A day, a local time in the site's time zone, or an instant, as on the command line."""


def _whole(value: object) -> object:
    """A query's digits as a number: in one spelling only."""
    return int(value) if isinstance(value, str) and re.fullmatch(r"0|[1-9][0-9]{0,17}", value, re.ASCII) else value


Number = Annotated[int, Field(ge=0, le=2**53), BeforeValidator(_whole)]
Limit = Annotated[int, Field(ge=1, le=1000), BeforeValidator(_whole)]


class Asked(BaseModel):
    """A request without anything."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class OfPolicy(Asked):
    policy: Name


class OfProposal(OfPolicy):
    hash: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{64})?$")] = Field(
        "", description="The hash of the proposal that was looked at: another is refused."
    )


class OfRevision(OfPolicy):
    revision: Number | None = Field(None, description="Without: the newest.")


class Document(Asked):
    document: Annotated[str, StringConstraints(min_length=1, max_length=200_000)] = Field(
        description="A policy file as text: YAML, or JSON, which is YAML."
    )


class WithReason(OfPolicy):
    reason: Text = Field("", description="Why; recorded.")


class Reasoned(OfPolicy):
    reason: Text = Field(min_length=1, description="Why; recorded.")


class Yes(OfPolicy):
    role: Name = Field(description="In which role, such as legal.")
    hash: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] = Field(
        description="The hash of the proposal that was looked at."
    )
    signature: Text = Field(
        "", description="An armoured SSH signature over the hash, in the namespace gatepost. An exercise needs none."
    )


class No(Reasoned):
    role: Name = Field(description="In which role, such as legal.")


class Retraction(Reasoned):
    because: Literal["error", "withdrawn"] = Field(
        "error", description="error: it was sent in error. withdrawn: we changed our mind."
    )
    refers_to: Line = Field("", description="The question to an app's owner that it goes back to, if any.")


class OfStatement(Asked):
    app: Name
    as_of: When | None = Field(None, description="The instant asked about; else now.")


class OfNotices(OfPolicy):
    purpose: Line = Field("", description="Why names are looked at; recorded. Without one, people are pseudonyms.")
    person: Line = Field("", description="Only this person's.")


class Telling(OfPolicy):
    person: Name
    how: Text = Field(min_length=1, description="How they were told.")


class OfWaivers(Asked):
    policy: Name | None = None


class OfWaiverReport(OfWaivers):
    as_of: When | None = Field(None, description="As they stood at this instant; else now.")
    purpose: Line = Field("", description="Why people are named; recorded. Without one they are pseudonyms.")


class Exemption(Asked):
    policy: Name
    person: Line = Field("", description="Either a person or a device.")
    device: Line = ""
    until: When = Field(description="The last day, or an instant.")
    reason: Text = Field(min_length=1, description="Why; recorded.")


class EndOfWaiver(Asked):
    waiver: Name
    reason: Text = Field(min_length=1, description="Why; whoever has it is told.")


class OfEvidence(Asked):
    app: Name | None = None


class Evidence(Asked):
    """As `evidence add` takes it."""

    app: Name
    who: Name
    stance: Line
    claim: Line
    date: Line
    source: Line


class OfLedger(Asked):
    start: Number = Field(0, alias="from", description="The first entry's number.")
    event: tuple[Name, ...] = Field((), max_length=50, description="Only entries of these kinds.")
    limit: Limit = Field(1000, description="At most so many.")


class DeviceReport(Asked):
    report: dict[str, Any] = Field(description="One report, with the keys of a line of a file of devices.")


class OfProblem(Asked):
    code: Name
