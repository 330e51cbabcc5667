"""Part two: the same Friday with Gatepost, and the week after it."""

import json
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from gatepost.actions import (
    announce,
    approve,
    decide,
    import_devices,
    ledger,
    propose,
    relax,
    retract,
    statement,
    vendor,
)
from gatepost.actions.mails import show_notices
from gatepost.clock import boot_elapsed
from gatepost.core.change.warning import WarningCode
from gatepost.core.instant import HOUR, MINUTE, SECOND
from gatepost.core.policy.verdict import Outcome
from gatepost.core.refusal import Code, Refusal
from gatepost.demo import company, memo, post
from gatepost.demo.company import (
    AUTHOR,
    EXECUTIVE,
    INDIA,
    KEEPER,
    LEGAL,
    OPERATOR,
    REMOVES,
    SECURITY,
    STORES,
    WAITS,
)
from gatepost.demo.headings import END, MISTAKE, PROOF, SAME_FRIDAY, SECOND_THOUGHTS, WEEK
from gatepost.demo.moments import count, local, seconds
from gatepost.demo.play import Played, Scene, Told, expect
from gatepost.demo.stage import Stage, Unmet, commits_of, must, time_until
from gatepost.demo.telling import Part
from gatepost.documents.deadline import instant_text, local_instant

STILL_FRIDAY: Final = "US, BR, GB, IE, DE, PL, LU, IN"
"""Where it is still Friday when it is nine in Seattle."""

QUESTION: Final = "A report says that your app reads what other apps show. Does it?"
ANSWER: Final = "The report describes another app. Its identifier, on page 3, is not one of ours."

MIDNIGHT: Final = local_instant("2020-07-17", INDIA.zone)
AT_ONCE: Final = 1000
"""Milliseconds within which a door has to open."""
TUESDAY: Final = local_instant("2020-07-14T09:00", AUTHOR.zone)


@dataclass(slots=True)
class Prevented:
    """The scenes of part two."""

    stage: Stage
    played: Played
    hash: str = ""
    question: str = ""
    let_in: list[int] = field(default_factory=list)

    def scenes(self) -> Sequence[Part | Scene]:
        return (
            SAME_FRIDAY,
            Scene("refused-day-over", "Refused: the day is over somewhere", self.refused_day_over),
            Scene("refused-alone", "Refused: nobody does this alone", self.refused_alone),
            Scene("refused-short-notice", "Refused: too short a notice", self.refused_short_notice),
            Scene("owner-asked", "The app's owner is asked", self.owner_asked),
            Scene("proposed-fairly", "Proposed again, with a week and an exception", self.proposed_fairly),
            Scene("approved-by-three", "Three people say yes", self.approved_by_three),
            Scene("announced", "Announced: everybody concerned is told", self.announced),
            Scene("phone-warned", "A phone at the door is let in, and warned", self.phone_warned),
            Scene("app-removed", "The app is removed, and the door knows", self.app_removed),
            SECOND_THOUGHTS,
            Scene("relaxed", "Made milder, by one more yes", self.relaxed),
            WEEK,
            Scene("before-midnight", "A minute before midnight in Bengaluru", self.before_midnight),
            Scene("midnight", "Midnight in Bengaluru", self.midnight),
            Scene("others-go-on", "Laptops and the social-media team go on", self.others_go_on),
            MISTAKE,
            Scene("owner-answers", "The app's owner answers", self.owner_answers),
            Scene("retracted", "Retracted, and let in again", self.retracted),
            Scene("corrections", "The correction, to everybody who had the mail", self.corrections),
            Scene("mail-thread", "What one person finds in the inbox", self.mail_thread),
            Scene("statement", "What the press can be told", self.statement),
            PROOF,
            Scene("ledger-verified", "The ledger is whole", self.ledger_verified),
            Scene("ledger-rebuilt", "The tables are what the ledger says", self.ledger_rebuilt),
            END,
        )

    # --- the memo as it was

    def refused_day_over(self) -> Told:
        answer = propose.propose(self.stage.site, AUTHOR.email, memo.as_sent(), "memo.yaml")
        return Told(f'The author proposes it. "{_refused(answer, Code.DEADLINE_PASSED)}"')

    def refused_alone(self) -> Told:
        site = self.stage.site
        proposed = must(propose.propose(site, AUTHOR.email, memo.as_sent(STILL_FRIDAY), "memo.yaml"))
        refusal = _refused(announce.announce(site, AUTHOR.email, memo.AS_SENT), Code.QUORUM_MISSING)
        expect("security" in proposed.approvals, "No approval of security was asked.")
        return Told(
            "The author leaves out the countries where it is Saturday, and can propose it now. Announcing it is "
            f'another matter: "{refusal}"'
        )

    def refused_short_notice(self) -> Told:
        site = self.stage.site
        must(approve.approve(site, SECURITY.email, memo.AS_SENT, "security"))
        refusal = _refused(announce.announce(site, AUTHOR.email, memo.AS_SENT), Code.SHORT_NOTICE)
        must(propose.withdraw(site, AUTHOR.email, memo.AS_SENT, "A week's notice instead"))
        return Told(
            f"{SECURITY.name} of security says yes, which is all that the memo itself asks for. Announced again: "
            f'"{refusal}" On a Friday evening in Berlin the works council is not to be had. The author withdraws it.'
        )

    # --- the fair one

    def owner_asked(self) -> Told:
        site = self.stage.site
        must(vendor.set_contact(site, AUTHOR.email, "ByteDance", "Press office", "press@owner.example"))
        asked = must(vendor.asked(site, AUTHOR.email, "tiktok", "2020-07-10", QUESTION))
        self.question = str(asked["inquiry"])
        return Told(
            f'"{QUESTION}" {AUTHOR.name} asks, and records it. An answer may take days. Approvers will read that the '
            "question was asked, and that no answer is there yet."
        )

    def proposed_fairly(self) -> Told:
        proposed = must(propose.propose(self.stage.site, AUTHOR.email, memo.fair(), "policy.yaml"))
        self.hash = proposed.hash
        expect(set(proposed.approvals) == {"security", "legal", "executive"}, f"It asks for {proposed.approvals}.")
        codes = {warned.code for warned in proposed.warnings}
        expect(not codes & {WarningCode.KEEPERS_HIT, WarningCode.VENDOR_NOT_ASKED}, f"It still warns: {codes}.")
        self.stage.mail_is_out(memo.FAIR)
        return Told(
            "The deadline is now the end of Friday 17 July, where each person is. The social-media team is excepted, "
            "by the line that the preview offered. "
            "Where nobody can see a phone's apps, nothing is assumed. The correction is written before the mail may go "
            "out. The policy's four examples, which are its own tests, pass. Evidence and question are frozen with it. "
            f"Approvers are asked by mail for exactly these bytes: {proposed.hash[:16]}…"
        )

    def approved_by_three(self) -> Told:
        site, voices = self.stage.site, ((SECURITY, "security"), (LEGAL, "legal"), (EXECUTIVE, "executive"))
        for one, role in voices:
            given = must(approve.approve(site, one.email, memo.FAIR, role))
            expect(given.hash == self.hash, "Something else was approved than was proposed.")
        expect(given.stage == "approved", f"It is {given.stage}.")
        names = ", ".join(f"{one.name} ({role})" for one, role in voices)
        return Told(
            f"{names}. None of them wrote it, none owes the role to the author. In an exercise their word is enough; "
            "on a live site each signs with an SSH key."
        )

    def announced(self) -> Told:
        began = boot_elapsed()
        done = must(announce.announce(self.stage.site, AUTHOR.email, memo.FAIR))
        counts = self.stage.mail_is_out(memo.FAIR)
        took = boot_elapsed() - began
        mails = post.received(self.stage.sink, memo.FAIR, "announcement")
        expect(counts.get("announcement/accepted") == done.notices, f"Not all were accepted: {counts}.")
        expect(len(mails) == done.notices == len({mail.recipient for mail in mails}), "Not one mail for each person.")
        return Told(
            f"{count(done.notices)} mails, one to a person, in each person's language and time zone, all taken by the "
            f"mail server in {seconds(took)}. An exercise need not go slowly; a live site sends fifty, then waits. "
            f"{count(done.cannot_be_told)} people have no address: they are listed, and never blocked untold."
        )

    def phone_warned(self) -> Told:
        answer = self.stage.knock(REMOVES, REMOVES.phone)
        expect(answer == (204, "warned"), f"The door said {answer.status} {answer.reason}.")
        return Told(
            f"{REMOVES.name}'s phone in Seattle asks for mail, as phones do. The door's answer: 204, warned. Mail goes "
            "on until the deadline."
        )

    def app_removed(self) -> Told:
        at = instant_text(self.stage.site.clock.now())
        with commits_of(self.stage.site) as commits:
            must(import_devices.report(self.stage.site, None, _report(at)))
        took = time_until(self.stage, REMOVES, REMOVES.phone, "clear", commits[0])
        expect(took <= AT_ONCE, f"The door took {took} ms.")
        return Told(
            f"{REMOVES.name} removes the app, and the device manager reports the phone. {took} ms after that was "
            "saved the door's answer is 204, clear. Nobody had to ask anybody."
        )

    def relaxed(self) -> Told:
        site = self.stage.site
        self.stage.move_clock(TUESDAY)
        answer = self.stage.knock(STORES, STORES.phone)
        expect(answer == (204, "warned"), f"The door said {answer.status} {answer.reason}.")
        must(relax.propose_relax(site, AUTHOR.email, memo.relaxed(), "policy.yaml"))
        with commits_of(site) as commits:
            must(approve.approve(site, LEGAL.email, memo.FAIR, "legal"))
        took = time_until(self.stage, STORES, STORES.phone, "clear", commits[0])
        counts = self.stage.mail_is_out(memo.FAIR)
        updates, freed = counts.get("update/accepted", 0), counts.get("ended/accepted", 0)
        expect(updates > 0 and freed > 0, f"Nobody was told: {counts}.")
        return Told(
            "The author excepts the stores as well. Gatepost compares the two documents, for all people, devices and "
            f"instants: nobody's verdict becomes stricter, so one yes is enough, and {LEGAL.name} gives it. "
            f"{seconds(took)} after that was saved the phone of {STORES.name} of the stores is let in without a "
            f"warning. {count(freed)} people read that it is over for them, {count(updates)} what has changed."
        )

    # --- a week later

    def before_midnight(self) -> Told:
        self.stage.move_clock(MIDNIGHT - 2 * HOUR)
        counts = self.stage.mail_is_out(memo.FAIR)
        reminded = counts.get("reminder/accepted", 0)
        expect(reminded > 0, "Nobody was reminded.")
        self.stage.move_clock(MIDNIGHT - MINUTE)
        answer = self.stage.knock(INDIA, INDIA.phone)
        expect(answer == (204, "warned"), f"The door said {answer.status} {answer.reason}.")
        return Told(
            f"{INDIA.name}'s phone is let in, and warned. Two hours before midnight {count(reminded)} people had "
            f"a reminder. At the same moment it is {local(MIDNIGHT - MINUTE, WAITS.zone)}."
        )

    def midnight(self) -> Told:
        site = self.stage.site
        last, first = (
            must(decide.decide(site, None, INDIA.email, INDIA.phone, at)).verdict.outcome
            for at in (MIDNIGHT - 1, MIDNIGHT)
        )
        expect((last, first) == (Outcome.WARN, Outcome.BLOCK), f"{last.word}, then {first.word}.")
        self.stage.move_clock(MIDNIGHT)
        time_until(self.stage, INDIA, INDIA.phone, "blocked", boot_elapsed())
        blocked, seattle = self.stage.knock(INDIA, INDIA.phone), self.stage.knock(WAITS, WAITS.phone)
        expect(blocked == (403, "blocked"), f"In Bengaluru the door said {blocked.status} {blocked.reason}.")
        expect(seattle == (204, "warned"), f"In Seattle the door said {seattle.status} {seattle.reason}.")
        self.stage.mail_is_out(memo.FAIR)
        return Told(
            f"{local(MIDNIGHT, INDIA.zone)}: the same request is answered 403, blocked. A millisecond earlier the "
            f"answer is still warned. {WAITS.name} in Seattle, under the same policy, goes on with a warning: there it "
            f"is {local(MIDNIGHT, WAITS.zone)}."
        )

    def others_go_on(self) -> Told:
        laptop, keeper = self.stage.knock(INDIA, INDIA.laptop), self.stage.knock(KEEPER, KEEPER.phone)
        expect(laptop == (204, "clear"), f"The laptop had {laptop.status} {laptop.reason}.")
        expect(keeper == (204, "clear"), f"The social-media team had {keeper.status} {keeper.reason}.")
        return Told(
            f"{INDIA.name}'s laptop: 204, clear. So is the phone of {KEEPER.name} of the social-media team, who has "
            "the app for the company."
        )

    # --- the mistake

    def owner_answers(self) -> Told:
        must(vendor.answered(self.stage.site, AUTHOR.email, self.question, "2020-07-17", ANSWER))
        return Told(f'To the question of a week ago: "{ANSWER}" Security reads the report again. So it is.')

    def retracted(self) -> Told:
        site, watch = self.stage.site, threading.Thread(target=self._watch)
        watch.start()
        began = boot_elapsed()
        with commits_of(site) as commits:
            try:
                reason = "Another app was meant"
                done = must(retract.retract(site, OPERATOR.email, memo.FAIR, reason, refers_to=self.question))
            finally:
                watch.join()
        expect(bool(self.let_in), "The phone was not let in again.")
        self.played.retraction_ms = took = self.let_in[0] - commits[0]
        confirmed = [answer.confirmed_ms for answer in done.doors]
        expect(None not in confirmed and took <= AT_ONCE, f"The doors took {confirmed} ms, the phone {took} ms.")
        return Told(
            f"{OPERATOR.name} types one command. After {commits[0] - began} ms it is committed, "
            f"with {count(done.corrections)} corrections. {INDIA.name}'s phone has kept asking: {took} ms after the "
            f"commit it is let in, a real request answered 204. The door's confirmation is there after {confirmed[0]} "
            "ms. The ledger says that it goes back to the owner's answer."
        )

    def _watch(self) -> None:
        """Ask for mail again and again, as a phone does, until it is let in."""
        with suppress(Unmet):  # then nothing is in `let_in`
            time_until(self.stage, INDIA, INDIA.phone, "clear", boot_elapsed())
            self.let_in.append(boot_elapsed())

    def corrections(self) -> Told:
        began = boot_elapsed()
        self.stage.mail_is_out(memo.FAIR)
        took = boot_elapsed() - began
        shown = must(show_notices(self.stage.site, None, memo.FAIR))
        had = {row["person"]: row["message_id"] for row in shown if post.is_kind(row, "announcement")}
        corrected = {row["person"]: row["in_reply_to"] for row in shown if post.is_kind(row, "correction")}
        expect(bool(had) and corrected == had, "Not exactly those who had the mail had the correction in reply to it.")
        arrived = post.received(self.stage.sink, memo.FAIR, "correction")
        expect(len(arrived) == len(had), f"{len(arrived)} corrections arrived, not {len(had)}.")
        return Told(
            f"{count(len(corrected))} corrections in {seconds(took)}: to exactly those who had the first mail, the "
            "stores too, for whom it was over since Tuesday. To nobody else, and each as an answer to that person's "
            "own first mail."
        )

    def mail_thread(self) -> Told:
        thread = post.thread(self.stage.sink, INDIA.email)
        kinds = [mail["Gatepost-Notice"] for mail in thread]
        expect(kinds == ["announcement", "update", "reminder", "blocked", "correction"], f"The thread is {kinds}.")
        expect(post.hangs_together(thread), "The mails do not hang together.")
        return Told(
            f"{INDIA.name} has one thread of {len(thread)} mails. Each says which one it answers, so a mail program "
            "shows the correction under the mistake. Mails of an exercise are marked.",
            post.lines(thread),
        )

    def statement(self) -> Told:
        site = self.stage.site
        before = must(statement.statement(site, "tiktok", MIDNIGHT - SECOND))
        now = must(statement.statement(site, "tiktok"))
        expect("sent in error" in str(now["statement"]), f"The statement is: {now['statement']}")
        expect(
            ", and heard on" in str(now["statement"]), f"It does not say that the owner was heard: {now['statement']}"
        )
        return Told(f'A second before midnight: "{before["statement"]}"\n\nNow: "{now["statement"]}"')

    # --- the ledger

    def ledger_verified(self) -> Told:
        report = ledger.verify(self.stage.site)
        expect(not report.problems, f"The verifier found: {report.problems}")
        return Told(
            f"{count(report.size)} entries, {report.checkpoints_checked} signed checkpoints and "
            f"{report.approvals_by_as} approvals checked, nothing wrong. The root is {report.root_hex[:16]}…. An "
            "auditor does the same with one file and no trust in us."
        )

    def ledger_rebuilt(self) -> Told:
        rebuilt = must(ledger.rebuild(self.stage.site, None, check=True))
        expect(not rebuilt.differing, f"These tables differ: {', '.join(rebuilt.differing)}.")
        return Told(f"Folded anew from {count(rebuilt.entries)} entries, every table is the same.")


def _refused(answer: object, code: Code) -> str:
    """The sentence of a refusal that the play expects."""
    if isinstance(answer, Refusal):
        expect(answer.code is code, f"Refused, but for {answer.code.value}: {answer.text}")
        return answer.text
    expect(False, "It was not refused.")
    return ""


def _report(at: str) -> bytes:
    """What a device manager says of the phone when the app is gone."""
    report = {"id": REMOVES.phone, "owner": REMOVES.email, "form": "phone", "platform": "android"}
    report |= {"ownership": "company", "visibility": "full", "eas_device_id": company.eas_id(REMOVES.phone)}
    return json.dumps(report | {"reported_at": at, "apps": ["example.notes"]}).encode()
