"""How long visitors wait for a page, and how much memory the app needs, while many use it at once.

    python -m benchmarks.visitors [--visitors 30] [--seconds 120] [--views 1000] [--recipe accurate] [--after 150]

Starts the app on this machine with an empty folder of runs, in which one run of the recipe waits and begins to train
at once ("none": nothing trains). The visitors are websockets that speak Streamlit's own protocol, without browsers:
each asks for pages, updates what the page wants to be updated, and takes what the server sends. First one visitor
opens every page. Then all arrive within a second, click through all pages with 1 to 4 seconds between two clicks, and
leave. At last ten of them open pages without any pause. Prints Markdown: seconds from a click to the end of the
page's script, errors, CPU seconds of the server, bytes over the websocket, and proportional set sizes. What a browser
needs to draw a page, and the files that it loads once, are not in it.
"""

import argparse
import asyncio
import os
import random
import statistics
import subprocess
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError
from websockets.typing import Subprotocol

from benchmarks._app import cpu_seconds, processes_below, serve
from mnist_core.process import memory
from mnist_core.recipes import RECIPES
from mnist_core.request import Request
from mnist_core.runs import create_run
from mnist_core.visitors import new_token
from ui import shell
from ui.visitor import COOKIE

HOME = ""
PAGES = [HOME if page.file == "Home.py" else Path(page.file).stem for page in shell.PAGES]
TIMEOUT = 60.0  # seconds until a page that has not ended counts as an error
PAUSE = (1.0, 4.0)  # seconds between two clicks of a visitor


@dataclass
class Seen:
    """What all visitors together have seen so far."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))  # page -> of each view
    bytes: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))  # page -> of each view
    errors: list[str] = field(default_factory=list)
    updates: int = 0  # of fragments

    @property
    def views(self) -> list[float]:
        """The seconds of all page views."""
        return [seconds for page in self.seconds.values() for seconds in page]


class Visitor:
    """One browser tab, as the server sees it."""

    def __init__(self, url: str, seen: Seen) -> None:
        self.url = f"{url.replace('http', 'ws', 1)}/_stcore/stream"
        self.headers = {"Cookie": f"{COOKIE}={new_token()}"}
        self.seen = seen
        self.finished = asyncio.Event()
        self.received = 0  # bytes
        self.page = HOME
        self.hashes: set[str] = set()  # of messages that need not be sent again
        self.timers: dict[str, asyncio.Task] = {}  # by fragment

    async def __aenter__(self) -> "Visitor":
        self.socket = await connect(
            self.url,
            subprotocols=[Subprotocol("streamlit")],
            additional_headers=self.headers,
            max_size=None,
            open_timeout=TIMEOUT,
            ping_interval=None,
        )
        self.reader = asyncio.create_task(self.read())
        return self

    async def __aexit__(self, *error: object) -> None:
        self.stop_timers()
        await self.socket.close()
        await asyncio.gather(self.reader, return_exceptions=True)

    async def open(self, page: str) -> float:
        """Open a page; return the seconds until its script has ended."""
        start, self.page = time.monotonic(), page
        self.stop_timers()
        self.finished.clear()
        self.received = 0
        await self.rerun()
        try:
            await asyncio.wait_for(self.finished.wait(), TIMEOUT)
        except TimeoutError:
            self.seen.errors.append(f"/{page}: not within {TIMEOUT:g} s")
        seconds = time.monotonic() - start
        self.seen.seconds[page].append(seconds)
        self.seen.bytes[page].append(self.received)
        return seconds

    async def rerun(self, fragment: str = "") -> None:
        """Ask for the whole page, or for one fragment of it."""
        message = BackMsg()
        message.rerun_script.page_name = self.page
        message.rerun_script.fragment_id = fragment
        message.rerun_script.is_auto_rerun = bool(fragment)
        message.rerun_script.cached_message_hashes.extend(self.hashes)
        await self.socket.send(message.SerializeToString())

    async def read(self) -> None:
        """Take what the server sends until the connection is closed."""
        try:
            async for data in self.socket:
                assert isinstance(data, bytes)
                self.received += len(data)
                message = ForwardMsg()
                message.ParseFromString(data)
                self.take(message)
        except ConnectionClosedError as error:
            self.seen.errors.append(f"/{self.page}: {error}")
        finally:
            self.finished.set()

    def take(self, message: ForwardMsg) -> None:
        """Do what a browser does with one message, but for showing it."""
        kind = message.WhichOneof("type")
        if message.metadata.cacheable and message.hash:
            self.hashes.add(message.hash)
        if kind == "new_session" and not message.metadata.run.fragment_ids:
            self.stop_timers()
        elif kind == "auto_rerun":
            wanted = message.auto_rerun
            self.stop_timers(wanted.fragment_id)
            self.timers[wanted.fragment_id] = asyncio.create_task(self.update(wanted.fragment_id, wanted.interval))
        elif kind == "stop_auto_rerun":
            self.stop_timers(*message.stop_auto_rerun.fragment_ids)
        elif kind == "delta" and message.delta.new_element.WhichOneof("type") == "exception":
            self.seen.errors.append(f"/{self.page}: {message.delta.new_element.exception.message[:200]}")
        elif kind == "script_finished":
            if message.script_finished in (message.FINISHED_SUCCESSFULLY, message.FINISHED_WITH_COMPILE_ERROR):
                self.finished.set()
            elif message.script_finished == message.FINISHED_FRAGMENT_RUN_SUCCESSFULLY:
                self.seen.updates += 1
        elif kind == "page_not_found":
            self.seen.errors.append(f"/{self.page}: not found")

    async def update(self, fragment: str, interval: float) -> None:
        """Ask for a fragment again and again."""
        while True:
            await asyncio.sleep(interval)
            await self.rerun(fragment)

    def stop_timers(self, *fragments: str) -> None:
        """Update these fragments no longer; without a name, none of them."""
        for fragment in fragments or list(self.timers):
            if fragment in self.timers:
                self.timers.pop(fragment).cancel()


@dataclass
class Server:
    """The app in a process of its own."""

    process: subprocess.Popen[bytes]
    url: str

    def memory(self) -> list[float]:
        """Return the proportional set sizes in MB: that of the server, and that of all others together."""
        server, *others = [(memory(pid) or 0) / 1e6 for pid in (self.process.pid, *processes_below(self.process.pid))]
        return [server, sum(others)]

    def cpu_seconds(self) -> float:
        """Return the CPU seconds that the server has used, without its other processes."""
        return cpu_seconds(self.process.pid)


def queue_a_run(recipe: str, runs: Path) -> None:
    """Put a run of the recipe in line, which a server with this folder of runs begins to train."""
    os.environ["MNIST_RUNS_DIR"] = str(runs)
    create_run(RECIPES[recipe].config, recipe, request=Request(time.time()))


async def arrive(server: Server, count: int) -> tuple[list[Visitor], Seen, float]:
    """Let visitors arrive within a second, each on another page; return the seconds until the last one sees it."""
    seen, visitors = Seen(), []

    async def come(number: int) -> float:
        await asyncio.sleep(number / count)
        start = time.monotonic()
        visitor = await Visitor(server.url, seen).__aenter__()
        visitors.append(visitor)
        await visitor.open(PAGES[number % len(PAGES)])
        return time.monotonic() - start

    longest = max(await asyncio.gather(*(come(number) for number in range(count))))
    return visitors, seen, longest


async def click(visitors: list[Visitor], seconds: float) -> Seen:
    """Let the visitors click through all pages for so many seconds."""
    seen, end = Seen(), time.monotonic() + seconds

    async def use(number: int, visitor: Visitor) -> None:
        visitor.seen = seen
        rng = random.Random(number)  # noqa: S311
        while time.monotonic() < end:
            await asyncio.sleep(rng.uniform(*PAUSE))
            number += 1
            await visitor.open(PAGES[number % len(PAGES)])

    await asyncio.gather(*(use(number, visitor) for number, visitor in enumerate(visitors)))
    return seen


async def view(server: Server, views: int, visitors: int = 10) -> Seen:
    """Let ten visitors open pages without any pause until there were so many views."""
    seen = Seen()

    async def use(number: int) -> None:
        async with Visitor(server.url, seen) as visitor:
            for step in range(views // visitors):
                await visitor.open(PAGES[(number + step) % len(PAGES)])

    await asyncio.gather(*(use(number) for number in range(visitors)))
    return seen


def row(name: str, seen: Seen, cpu_seconds: float) -> str:
    """Return a row of the table of times."""
    times = sorted(seen.views)
    p95 = times[min(int(0.95 * len(times)), len(times) - 1)]
    cells = [f"{statistics.median(times):.2f}", f"{p95:.2f}", f"{times[-1]:.2f}", f"{cpu_seconds / len(times):.3f}"]
    return f"| {name} | {len(times)} | {' | '.join(cells)} | {len(seen.errors)} |"


async def measure(server: Server, options: argparse.Namespace) -> None:
    """Print the tables."""
    sizes: dict[str, list[float]] = {"server without visitors": server.memory()}
    errors: list[str] = []
    print(
        "| what | page views | median, s | p95, s | longest, s | CPU s a view | errors |\n|---|---|---|---|---|---|---|"
    )

    def done(name: str, seen: Seen, before: float) -> None:
        print(row(name, seen, server.cpu_seconds() - before), flush=True)
        sizes[name] = server.memory()
        errors.extend(seen.errors)

    before, first = server.cpu_seconds(), Seen()
    async with Visitor(server.url, first) as visitor:
        for page in [*PAGES, *PAGES]:
            await visitor.open(page)
            await asyncio.sleep(1)
    done("one visitor, every page twice", first, before)
    before = server.cpu_seconds()
    visitors, seen, longest = await arrive(server, options.visitors)
    done(f"{options.visitors} arrive within 1 s", seen, before)
    before = server.cpu_seconds()
    clicked = await click(visitors, options.seconds)
    done(f"they click for {options.seconds:g} s", clicked, before)
    await asyncio.gather(*(visitor.__aexit__() for visitor in visitors))
    await asyncio.sleep(options.after)
    sizes[f"{options.after:g} s after they left"] = server.memory()
    for part in range(4 if options.views else 0):
        before = server.cpu_seconds()
        done(f"views without pause, part {part + 1} of 4", await view(server, options.views // 4), before)
    print(
        f"\nThe last of {options.visitors} had a page after {longest:.2f} s; {clicked.updates} updates of fragments.\n"
    )
    print("| page | median, s | kB over the websocket, first time | again |\n|---|---|---|---|")
    for page in PAGES:
        again = statistics.median(clicked.bytes[page]) / 1e3 if clicked.bytes[page] else float("nan")
        middle = statistics.median(clicked.seconds[page]) if clicked.seconds[page] else float("nan")
        print(f"| /{page} | {middle:.2f} | {first.bytes[page][0] / 1e3:,.0f} | {again:,.0f} |")
    print(
        "\n| memory (proportional set size) after | server, MB | training process, MB | together |\n|---|---|---|---|"
    )
    for name, (pages, training) in sizes.items():
        print(f"| {name} | {pages:,.0f} | {training:,.0f} | {pages + training:,.0f} |")
    for error in sorted(set(errors)):
        print(f"\n{errors.count(error)} times: {error}")


def main() -> None:
    """Start the app, let the visitors come, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--visitors", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=120, help="for which they click")
    parser.add_argument("--views", type=int, default=1000, help="without any pause, after that; 0: none")
    parser.add_argument("--recipe", default="accurate", help='that trains meanwhile, or "none"')
    parser.add_argument("--after", type=float, default=150, help="seconds from their leaving to a look at the memory")
    parser.add_argument("--log", help="a file for what the server writes")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if options.recipe != "none":
            queue_a_run(options.recipe, Path(folder))
        server = Server(*serve(folder, Path(options.log) if options.log else None))
        try:
            asyncio.run(measure(server, options))
        finally:
            server.process.terminate()
            server.process.wait(30)


if __name__ == "__main__":
    main()
