"""Real notices to postfix's smtp-sink, beside postfix's own smtp-source with as many messages of the same size.

First the whole way: batches claimed from the durable outbox, rendered, handed over, settled. Then the same bytes again
by our sender alone, in turns with smtp-source, a C program that renders and remembers nothing. Both keep the same
number of connections open.
"""

import asyncio
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from socket import create_connection
from statistics import mean, median
from time import perf_counter, process_time, sleep
from typing import Final, NamedTuple

from bench.company import START, Company, devices_file, people_file
from bench.figures import Figure, side_by_side
from bench.processes import free_port, program
from gatepost.actions import deliver
from gatepost.core.instant import DAY
from gatepost.documents.deadline import instant_text
from gatepost.notify.session import Outgoing
from gatepost.notify.smtp import Sender, SentState, SmtpSettings

CONNECTIONS: Final = 8


class Whole(NamedTuple):
    """Seconds for everything, and for its parts; the messages as they were sent."""

    seconds: float
    claiming: float
    sending: float
    settling: float
    messages: Sequence[Outgoing]


def run(scratch: Path, quick: bool) -> list[Figure]:
    """The figures."""
    count, rounds = (40, 1) if quick else (20_000, 3)
    sink, source = program("smtp-sink", "postfix"), program("smtp-source", "postfix")
    company = Company.made(scratch / "site", people_file(count), devices_file(count, count, hit_of_100=100))
    try:
        company.announce("memo", tell_first=True, deadline=instant_text(START + 4 * DAY))
        with _sink(sink) as port:
            whole = _whole_way(company, port)
            if len(whole.messages) != count:
                raise AssertionError(f"{len(whole.messages)} of {count} notices were sent")
            size = round(mean(len(out.message) for out in whole.messages))
            cpu: list[float] = []
            ours, theirs = side_by_side(
                rounds,
                lambda: _ours(whole.messages, port, cpu),
                lambda: _theirs(source, count, size, port),
            )
    finally:
        company.close()
    return _figures(count, size, ours, theirs, median(cpu), whole)


def _figures(count: int, size: int, ours: float, theirs: float, cpu: float, whole: Whole) -> list[Figure]:
    def rate(taken: float) -> str:
        return f"{count / taken:,.0f}/s"

    return [
        Figure(
            f"{count:,} mails to smtp-sink, by our sender: speed beside smtp-source",
            theirs / ours,
            "x",
            at_least=0.35,
            parts=(
                f"{rate(ours)}, smtp-source {rate(theirs)}",
                f"{CONNECTIONS} connections, {size:,} bytes a message, {cpu / count * 1e6:.0f} µs of processor time",
            ),
        ),
        Figure(
            "— the whole way: durable outbox, rendering, sending, settling, beside smtp-source",
            theirs / whole.seconds,
            "x",
            parts=(
                f"{rate(whole.seconds)} in batches of {deliver.BATCH}",
                f"claim and render {whole.claiming / count * 1e6:.0f} µs a mail, send"
                f" {whole.sending / count * 1e6:.0f} µs, settle {whole.settling / count * 1e6:.0f} µs",
            ),
        ),
    ]


def _whole_way(company: Company, port: int) -> Whole:
    async def go() -> Whole:
        sender = _sender(port)
        claiming = sending = settling = 0.0
        messages: list[Outgoing] = []
        from_address = company.site.settings.smtp.sender
        begin = perf_counter()
        while True:
            start = perf_counter()
            letters = deliver.claim(company.site)
            batch = [Outgoing(one.notice, from_address, one.recipient, one.message) for one in letters]
            claimed = perf_counter()
            sent = await sender.send(batch)
            handed_over = perf_counter()
            answers = [deliver.Answer(one.notice_id, one.state.value, one.reply) for one in sent]
            deliver.settle(company.site, answers)
            claiming += claimed - start
            sending += handed_over - claimed
            settling += perf_counter() - handed_over
            if not batch:
                break
            messages += [out for out in batch if b"Gatepost-Notice: announcement" in out.message]
            _all_accepted([one.state for one in sent])
        seconds = perf_counter() - begin
        await sender.close()
        return Whole(seconds, claiming, sending, settling, messages)

    return asyncio.run(go())


def _ours(messages: Sequence[Outgoing], port: int, cpu: list[float]) -> float:
    async def go() -> float:
        sender = _sender(port)
        begin, used = perf_counter(), process_time()
        sent = await sender.send(messages)
        seconds = perf_counter() - begin
        cpu.append(process_time() - used)
        _all_accepted([one.state for one in sent])
        await sender.close()
        return seconds

    return asyncio.run(go())


def _theirs(source: str, count: int, size: int, port: int) -> float:
    command = [source, "-d", "-s", str(CONNECTIONS), "-m", str(count), "-l", str(size)]
    begin = perf_counter()
    subprocess.run(
        [*command, "-f", "gatepost@localhost", "-t", "user@corp.example", f"127.0.0.1:{port}"],
        check=True,
        capture_output=True,
    )
    return perf_counter() - begin


def _sender(port: int) -> Sender:
    return Sender(SmtpSettings(host="127.0.0.1", port=port, connections=CONNECTIONS, loopback_only=True))


def _all_accepted(states: Sequence[SentState]) -> None:
    if any(state is not SentState.ACCEPTED for state in states):
        raise AssertionError("the sink did not take every message")


@contextmanager
def _sink(sink: str) -> Iterator[int]:
    port = free_port()
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    process = subprocess.Popen([sink, *user, f"127.0.0.1:{port}", "1000"])
    try:
        _wait_for(port)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(port: int) -> None:
    for _ in range(500):
        try:
            create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            sleep(0.01)
        else:
            return
    raise TimeoutError("smtp-sink does not listen")
