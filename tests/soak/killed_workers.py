"""Workers are killed again and again while a mail server refuses, hangs and cuts off by chance."""

import asyncio
import random
import tempfile
import time
from collections import Counter
from contextlib import ExitStack, suppress
from pathlib import Path
from types import SimpleNamespace

from tests import postgres
from tests.mail import ACCEPTED, Mailbox, mail_server
from tests.soak import site
from tests.soak.site import say

WORKERS = 3
A_SECOND = 30
# How likely each is. The rest is accepted.
MOODS = {"451 later": 0.06, "554 never": 0.04, "hang": 0.01, "cut off": 0.01, "cut off after accepting": 0.01}


class Moody(Mailbox):
    """What it did not accept it forgets. `is_calm` ends its moods."""

    def __init__(self):
        super().__init__()
        self.is_calm = False
        self.moods = Counter()

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        chances = [*MOODS.values(), 1 - sum(MOODS.values())]
        (mood,) = random.choices([*MOODS, ACCEPTED], chances)  # noqa: S311
        mood = ACCEPTED if self.is_calm else mood
        self.moods[mood] += 1
        if mood[0].isdigit() and mood != ACCEPTED:
            return mood
        if mood == "hang":
            await asyncio.sleep(3)
            return "451 asleep"
        if mood == "cut off":
            server.transport.abort()
            return "451 gone"
        answer = await super().handle_DATA(server, session, envelope)
        if mood == "cut off after accepting":
            server.transport.abort()
        return answer


def run(seconds: float) -> list[str]:
    """On PostgreSQL; without a server, on SQLite."""
    moods = Moody()
    settings = SimpleNamespace()
    with ExitStack() as stack:
        try:
            variables = stack.enter_context(postgres.running()).variables
        except postgres.Unavailable:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="upright-soak-"))
            variables = {"SQLITE_PATH": str(Path(folder, "soak.sqlite3"))}
        stack.enter_context(mail_server(settings, moods))
        sending = {"LEASE_SECONDS": "3", "SEND_SECONDS": "2", "EMAIL_TIMEOUT": "2", "MESSAGE_ATTEMPTS": "100"}
        mail = {"EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": str(settings.EMAIL_PORT), "EMAIL_FROM": "clinic@example.com"}
        site.boot(variables, **sending, **mail, SITE_URL="http://clinic.example")
        return soak(moods, seconds)


def soak(mailbox: Moody, seconds: float) -> list[str]:
    from appointments.models import AppointmentRequest, Message

    site.prepare(users=1, requests=0)
    request = AppointmentRequest.objects.get()
    messages = Message.objects.bulk_create(
        Message(request=request, kind="received", channel="email") for _ in range(int(seconds * A_SECOND))
    )
    workers, kills, until = [site.start_worker() for _ in range(WORKERS)], 0, time.monotonic() + seconds
    try:
        # The first has to load all its modules.
        site.wait_until(lambda: mailbox.moods, "a worker sends", 60)
        while time.monotonic() < until:
            time.sleep(random.uniform(0.3, 1.5))  # noqa: S311
            again()
            victim = workers.pop(random.randrange(WORKERS))  # noqa: S311
            victim.kill()
            victim.wait()
            kills += 1
            workers.append(site.start_worker())
        mailbox.is_calm = True
        sent_by_then = len(mailbox.messages)
        # Those that pause after a fault would do so for half a minute.
        for worker in workers:
            worker.kill()
            worker.wait()
        kills += WORKERS
        workers = [site.start_worker() for _ in range(WORKERS)]
        with suppress(TimeoutError):
            site.wait_until(lambda: again() == 0, "all messages are sent", 60 + seconds)
        ended = [worker.poll() for worker in workers]
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
    sent = Counter(message["Message-ID"] for message in mailbox.messages)
    expected = {f"<{message.pk}@clinic.example>" for message in messages}
    repeated, unheard = sum(sent.values()) - len(sent), mailbox.moods["cut off after accepting"]
    say(f"{len(messages)} messages, {sent_by_then} sent in {seconds:.0f} s; moods: {dict(mailbox.moods)}")
    say(f"{repeated} repeated, after {kills} kills and {unheard} acceptances that nobody heard")
    faults = [f"never sent: {missing}" for missing in expected - sent.keys()]
    faults += [f"sent without being asked: {other}" for other in sent.keys() - expected]
    if repeated > kills + unheard:
        faults.append("more were repeated than that")
    if states := set(Message.objects.exclude(state=Message.State.SENT).values_list("state", "error", "attempts")):
        faults.append(f"messages that are not marked as sent: {states}")
    if any(code is not None for code in ended):
        faults.append(f"workers ended by themselves: {ended}")
    return faults


def again() -> int:
    """What waits for its next try, or for staff to send it again, is tried now. Gives how many are not sent yet."""
    from django.contrib.auth import get_user_model
    from django.utils import timezone

    from appointments.delivery import outbox
    from appointments.models import Message

    outbox.send_again(Message.objects.all(), by=get_user_model().objects.get())
    waiting = Message.objects.filter(state=Message.State.WAITING)
    waiting.filter(lease=None).update(send_at=timezone.now())
    time.sleep(0.2)
    return waiting.count()
