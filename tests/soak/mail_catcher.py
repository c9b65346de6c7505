"""A mail server in a process of its own that only counts. Says its port; asked for it, what came and in what time."""

import asyncio
import json
import re
import sys
import time
from collections import Counter

from aiosmtpd.smtp import SMTP

MESSAGE_ID = re.compile(rb"^message-id:\s*(\S+)", re.IGNORECASE | re.MULTILINE)


class Counting:
    def __init__(self):
        self.begin_again()

    def begin_again(self) -> None:
        self.came: Counter[bytes] = Counter()
        self.first = self.last = 0.0

    async def handle_DATA(self, server, session, envelope):  # noqa: N802, as aiosmtpd names it
        self.last = time.monotonic()
        self.first = self.first or self.last
        self.came[MESSAGE_ID.search(envelope.content)[1]] += 1
        return "250 OK"

    def told(self) -> str:
        count = {"came": sum(self.came.values()), "different": len(self.came), "seconds": self.last - self.first}
        self.begin_again()
        return json.dumps(count)


async def serve() -> None:
    counting, loop = Counting(), asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(counting, hostname="127.0.0.1"), "127.0.0.1", 0)
    say(str(server.sockets[0].getsockname()[1]))
    while await loop.run_in_executor(None, sys.stdin.readline):
        say(counting.told())


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(serve())
