"""Checking a policy file against the site's catalogue: nothing is written, and no fleet is needed."""

from dataclasses import dataclass

from gatepost.actions.change import looking
from gatepost.actions.naming import resolve
from gatepost.actions.site import Site
from gatepost.core.fleet.app import looked_for
from gatepost.core.policy.examples import failures
from gatepost.core.policy.policy import Policy
from gatepost.core.problem import Problem
from gatepost.core.refusal import Refusal
from gatepost.documents.deadline import instant_text, local_instant
from gatepost.documents.policy_file import read_policy


@dataclass(frozen=True, slots=True)
class Checked:
    """`apps`: its lists resolved. `unmatchable`: those without any identifier. `examples`: how many were run."""

    policy: str
    apps: tuple[str, ...]
    unmatchable: tuple[str, ...]
    examples: int


def check_policy(site: Site, data: bytes, file: str) -> Checked | Refusal | tuple[Problem, ...]:
    """Whether a policy file is well formed, names known apps, and its examples come out as they say."""
    policy = read_policy(data, file)
    if not isinstance(policy, Policy):
        return policy
    with looking(site) as conn:
        apps = resolve(conn, policy)
    if isinstance(apps, Refusal):
        return apps
    active = [looked_for(app.id, app.spellings, dict.fromkeys(app.spellings, 0)) for app in apps]
    failed = failures(policy, active, local_instant, instant_text)
    if failed:
        return tuple(
            Problem(file, one.line, 0, "examples", f"expected {one.expected}, got {one.got}. {one.sentence}")
            for one in failed
        )
    unmatchable = tuple(app.id for app in apps if not app.spellings)
    return Checked(policy.id, tuple(app.id for app in apps), unmatchable, len(policy.examples))
