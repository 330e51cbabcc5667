"""Refusals: the closed list of reasons for which Gatepost says no, and the value that carries one."""

from dataclasses import dataclass
from enum import StrEnum


class Code(StrEnum):
    """Stable codes; scripts depend on them. Every code has a heading in docs/reference/refusals.md (a test says so)."""

    # who
    NO_SUCH_PERSON = "no_such_person"
    ROLE_MISSING = "role_missing"
    SELF_GRANT = "self_grant"
    LAST_ADMINISTRATOR = "last_administrator"
    KEY_KNOWN = "key_known"
    KEY_UNKNOWN = "key_unknown"
    NOTHING_TO_CONFIRM = "nothing_to_confirm"
    PERSON_LEFT = "person_left"
    PERSON_WORKS = "person_works"
    ROLE_HELD = "role_held"
    # what is spoken of
    NO_SUCH_POLICY = "no_such_policy"
    NO_SUCH_DEVICE = "no_such_device"
    NO_SUCH_APP = "no_such_app"
    NO_SUCH_LIST = "no_such_list"
    NO_SUCH_WAIVER = "no_such_waiver"
    NO_SUCH_DOOR = "no_such_door"
    NO_SUCH_NOTICE = "no_such_notice"
    SELECTOR_UNKNOWN = "selector_unknown"
    NO_SUCH_PUBLISHER = "no_such_publisher"
    NO_SUCH_INQUIRY = "no_such_inquiry"
    NO_SUCH_ACCOUNT = "no_such_account"
    NO_SUCH_EVIDENCE = "no_such_evidence"
    NOTHING_TO_MATCH = "nothing_to_match"
    APP_NOT_ACTIVE = "app_not_active"
    APP_IN_USE = "app_in_use"
    NO_SUCH_ACTIVATION = "no_such_activation"
    SENSITIVE_APP = "sensitive_app"
    # documents and imports
    DOCUMENT_INVALID = "document_invalid"
    EXAMPLE_FAILS = "example_fails"
    REPORT_AHEAD = "report_ahead"
    TWO_OWNERS = "two_owners"
    CERTIFICATE_TAKEN = "certificate_taken"
    TOO_MANY_MISSING = "too_many_missing"
    # a policy's life
    WRONG_STAGE = "wrong_stage"
    OUT_OF_DATE = "out_of_date"
    DEADLINE_PASSED = "deadline_passed"
    NECESSITY_MISSING = "necessity_missing"
    PRESS_MISSING = "press_missing"
    VENDOR_NOT_ASKED = "vendor_not_asked"
    AUTHOR_APPROVES = "author_approves"
    OWES_AUTHOR = "owes_author"
    GRANTED_TOO_LATE = "granted_too_late"
    ALREADY_APPROVED = "already_approved"
    ROLE_NOT_ASKED = "role_not_asked"
    SIGNATURE_MISSING = "signature_missing"
    SIGNATURE_INVALID = "signature_invalid"
    QUORUM_MISSING = "quorum_missing"
    SHORT_NOTICE = "short_notice"
    APPROVALS_EXPIRED = "approvals_expired"
    AUDIENCE_GREW = "audience_grew"
    CATALOGUE_CHANGED = "catalogue_changed"
    CORRECTION_TOO_SLOW = "correction_too_slow"
    REVISION_OPEN = "revision_open"
    PAUSED_TOO_LONG = "paused_too_long"
    RELAX_BEYOND = "relax_beyond"
    RELAX_STRICTER = "relax_stricter"
    DIFFERENCING = "differencing"
    NAMES_BEFORE_APPROVAL = "names_before_approval"
    # waivers, attestations, tellings, the cap
    WAIVER_TOO_LONG = "waiver_too_long"
    WAIVER_FOR_ONESELF = "waiver_for_oneself"
    OWES_BENEFICIARY = "owes_beneficiary"
    APP_PRESENT = "app_present"
    NOT_CONCERNED = "not_concerned"
    CANNOT_ATTEST = "cannot_attest"
    CODE_WRONG = "code_wrong"
    CODES_SPENT = "codes_spent"
    CHECKS_SPENT = "checks_spent"
    NOTHING_FROZEN = "nothing_frozen"
    PURPOSE_MISSING = "purpose_missing"
    MAIL_OWED = "mail_owed"
    REASON_NAMES = "reason_names"
    UNTIL_INVALID = "until_invalid"
    DATE_AHEAD = "date_ahead"
    # doors
    DEVICE_SHARED = "device_shared"
    OWNER_UNREACHABLE = "owner_unreachable"
    LABEL_UNFIT = "label_unfit"
    FRONT_UNFIT = "front_unfit"
    OBSERVED_TOO_SHORT = "observed_too_short"
    TOO_MANY_UNMANAGED = "too_many_unmanaged"
    DOOR_NOT_OPEN = "door_not_open"
    # the pages
    LINK_OVER = "link_over"
    PROVIDER_AWAY = "provider_away"
    SIGN_IN_REFUSED = "sign_in_refused"
    SIGN_IN_AGAIN = "sign_in_again"
    PASSKEY_UNFIT = "passkey_unfit"
    # the API
    NO_SUCH_TOKEN = "no_such_token"  # noqa: S105  # a refusal's code
    TOKEN_INVALID = "token_invalid"  # noqa: S105  # another
    SCOPE_MISSING = "scope_missing"
    # the site
    NOT_AN_EXERCISE = "not_an_exercise"
    SITE_EXISTS = "site_exists"
    NO_SITE = "no_site"
    SITE_OUTDATED = "site_outdated"
    SITE_NOT_ACKNOWLEDGED = "site_not_acknowledged"
    CHECKPOINT_MISMATCH = "checkpoint_mismatch"
    BACKUP_INVALID = "backup_invalid"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A no that is an answer: its code, and a sentence that says what to do. Broken machinery raises instead."""

    code: Code
    text: str
