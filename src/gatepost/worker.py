"""The loop: time passes, mail is delivered. Everything it does can be interrupted and goes on at the next start."""

import asyncio
import fcntl
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TextIO

import structlog

from gatepost.actions.change import looking
from gatepost.actions.deliver import Answer, claim, overtaken, recover, settle
from gatepost.actions.passing import pass_time
from gatepost.actions.rails_changed import newly_older
from gatepost.actions.site import Site
from gatepost.actions.webhooks import next_message, settle_message
from gatepost.clock import system_now
from gatepost.core.instant import SECOND
from gatepost.core.problem import Problem
from gatepost.notify.session import Outgoing
from gatepost.notify.smtp import Sender
from gatepost.storage.store import BROKEN
from gatepost.wiring import figures_of, sender_of, webhook_of

IDLE = 0.25
"""Seconds between two looks when there is nothing to do."""

LOCK = "worker.lock"

TROUBLE = 2.0
"""Seconds to wait after the database could not be reached or the disk was full."""

WATCH = 0.05
"""Seconds between two looks at whether something that is being sent is to be stopped."""

END_WITHIN = 5.0
"""Seconds for what tells webhooks to end, which drops what it is about; then the process ends without it."""

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
        with figures_of(site), telling_webhooks(site):
            while not stop.is_set():
                await _pause(stop, await _turn(site, sender))
    finally:
        await sender.close()


async def _turn(site: Site, sender: Sender) -> float:
    """One look at everything. Seconds to wait before the next."""
    try:
        passed = await asyncio.to_thread(pass_time, site)
        if await asyncio.to_thread(_overtaken, site):
            log.warning("other rails were recorded since this process read gatepost.toml; restart it")
        delivered = await deliver(site, sender)
    except BROKEN as error:
        log.error("the database cannot be used; trying again", error=str(error.orig))
        return TROUBLE
    return 0.0 if passed or delivered else IDLE


def _overtaken(site: Site) -> bool:
    """Whether somebody began meanwhile who read other rails."""
    with looking(site) as conn:
        return newly_older(site, conn)


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


@contextmanager
def telling_webhooks(site: Site) -> Iterator[None]:
    """Tell webhooks meanwhile, in a thread with an event loop of its own: what hangs there holds up nothing here."""
    if not site.settings.webhooks:
        yield
        return
    ended = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(_tell_all(site, ended)), name="webhooks", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(END_WITHIN)


async def _tell_all(site: Site, ended: threading.Event) -> None:
    names = site.settings.webhooks
    # Looking up a name may hang for longer than an attempt takes: each has room for some that were given up.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1 + 4 * len(names)))
    tasks = [asyncio.create_task(_tell(site, name)) for name in names]
    await asyncio.to_thread(ended.wait)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _tell(site: Site, name: str) -> None:
    """Tell one webhook, one message after the other. What is cut off is told again, under its own id."""
    while True:
        try:
            wait = 0.0 if await _tell_next(site, name) else IDLE
        except Exception as error:  # a webhook that was told no more would not be missed
            log.error("a webhook cannot be told; trying again", webhook=name, error=repr(error))
            wait = TROUBLE
        await asyncio.sleep(wait)


async def _tell_next(site: Site, name: str) -> bool:
    message = await asyncio.to_thread(next_message, site, name)
    if message is None:
        return False
    from gatepost.notify.webhook import Answered, post  # late: most sites have none

    target = await asyncio.to_thread(webhook_of, site, name)
    if isinstance(target, Problem):
        answered = Answered(False, target.text)
    else:
        answered = await post(target, message.message, system_now() // SECOND, message.body.encode())
    tried = await asyncio.to_thread(settle_message, site, message, answered)
    if tried.state != "delivered":
        log.warning("a webhook was not told", webhook=name, entry=tried.entry, said=tried.said, state=tried.state)
    return True


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    if seconds == 0.0:
        await asyncio.sleep(0)
        return
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
