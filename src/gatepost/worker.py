"""The loop: time passes, mail is delivered. Everything it does can be interrupted and goes on at the next start."""

import asyncio
import fcntl
import signal
from collections.abc import Callable
from typing import TextIO

import structlog

from gatepost.actions.deliver import Answer, claim, overtaken, recover, settle
from gatepost.actions.passing import pass_time
from gatepost.actions.site import Site
from gatepost.notify.session import Outgoing
from gatepost.notify.smtp import Sender
from gatepost.storage.store import BROKEN
from gatepost.wiring import figures_of, sender_of

IDLE = 0.25
"""Seconds between two looks when there is nothing to do."""

LOCK = "worker.lock"

TROUBLE = 2.0
"""Seconds to wait after the database could not be reached or the disk was full."""

WATCH = 0.05
"""Seconds between two looks at whether something that is being sent is to be stopped."""

log = structlog.get_logger("gatepost.worker")


def run_worker(site: Site, ready: Callable[[], None]) -> None:
    """Pass time and deliver mail until SIGTERM; `ready` is called once it does."""
    asyncio.run(work(site, sender_of(site), ready))


async def work(site: Site, sender: Sender, ready: Callable[[], None]) -> None:
    """Work until SIGTERM or SIGINT, then finish the batch in hand and return."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    with (site.directory / LOCK).open("w") as lock:
        if await _alone(lock, stop):
            await _work_alone(site, sender, ready, stop)
        else:
            await sender.close()


async def _alone(lock: TextIO, stop: asyncio.Event) -> bool:
    """Wait until no other worker of this site runs: two would send twice. False if asked to end meanwhile."""
    waiting = False
    while not stop.is_set():
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not waiting:
                log.warning("another worker of this site runs; waiting until it ends")
            waiting = True
            await _pause(stop, IDLE)
        else:
            return True
    return False


async def _work_alone(site: Site, sender: Sender, ready: Callable[[], None], stop: asyncio.Event) -> None:
    interrupted = await asyncio.to_thread(recover, site)
    if interrupted:
        log.warning("mail was being sent when the last run ended", notices=interrupted)
    ready()
    try:
        with figures_of(site):
            while not stop.is_set():
                await _pause(stop, await _turn(site, sender))
    finally:
        await sender.close()


async def _turn(site: Site, sender: Sender) -> float:
    """One look at everything. Seconds to wait before the next."""
    try:
        passed = await asyncio.to_thread(pass_time, site)
        delivered = await deliver(site, sender)
    except BROKEN as error:
        log.error("the database cannot be used; trying again", error=str(error.orig))
        return TROUBLE
    return 0.0 if passed or delivered else IDLE


async def deliver(site: Site, sender: Sender) -> bool:
    """Send one batch. Whether there was one."""
    letters = await asyncio.to_thread(claim, site)
    if not letters:
        return False
    from_address = site.settings.smtp.sender
    batch = [Outgoing(letter.notice, from_address, letter.recipient, letter.message) for letter in letters]
    stopped: set[str] = set()
    watch = asyncio.create_task(_watch(site, stopped))
    try:
        sent = await sender.send(batch, stopped)
    finally:
        watch.cancel()
    await asyncio.to_thread(settle, site, [Answer(one.notice_id, one.state.value, one.reply) for one in sent])
    return True


async def _watch(site: Site, stopped: set[str]) -> None:
    """Learn, while a batch is being sent, what is no longer to be: a retraction does not wait for a slow server."""
    while True:
        await asyncio.sleep(WATCH)
        try:
            stopped |= await asyncio.to_thread(overtaken, site)
        except BROKEN as error:
            log.error("cannot see whether mail is to be stopped", error=str(error.orig))


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    if seconds == 0.0:
        await asyncio.sleep(0)
        return
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
