"""Whatever servers and workers do, no message is lost, and none sent twice: what may have gone, staff decide."""

import base64
import datetime
import hashlib
import hmac
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from contextlib import closing
from functools import partial
from pathlib import Path

import psycopg2
import pytest
import time_machine
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from appointments.delivery import outbox
from appointments.delivery.outbox import Worker
from appointments.models import AppointmentRequest, Message, TextOptOut
from tests.certificates import make_certificate
from tests.copies import many_like
from tests.mail import ACCEPTED, Mailbox, free_port, mail_server, raw_server, text_provider
from tests.reading import words_found
from tests.walk import words_of

pytestmark = pytest.mark.both

ROOT = Path(__file__).parents[2]
MINUTE = datetime.timedelta(minutes=1)
State = Message.State
# Seconds that only what hangs takes, however slow the machine.
A_HANG = 120


@pytest.fixture
def a_request(a_request):
    """One whose coming in is told to nobody, as of those that are doubted: a test puts in its own messages."""
    return partial(a_request, doubts="many requests from one address")


@pytest.fixture
def mailbox(settings):
    with mail_server(settings) as mailbox:
        yield mailbox


@pytest.fixture
def message(a_request):
    """One that waits to be sent."""
    return put(a_request())


def put(request, **changes) -> Message:
    """A message that holds: they were called and missed."""
    AppointmentRequest.objects.filter(pk=request.pk).update(attempts_made=1)
    values = {"request": request, "kind": "call_missed", "channel": Message.Channel.EMAIL, **changes}
    return Message.objects.create(**values)


def put_many(request, count: int) -> list[Message]:
    """Messages that hold, however many there are."""
    return Message.objects.bulk_create(
        Message(request=request, kind="reference", channel=Message.Channel.EMAIL) for _ in range(count)
    )


def send() -> None:
    """What a worker does that was just started."""
    with closing(Worker()) as worker:
        worker.send_some()


def send_some() -> Message:
    """The only message, as it is then."""
    send()
    return Message.objects.get()


@pytest.fixture
def worker():
    with closing(Worker()) as worker:
        yield worker


# ------------------------------------------------------------------------------------------------- Mail servers


@pytest.fixture
def tls(tmp_path, monkeypatch) -> ssl.SSLContext:
    """Of a server whose certificate is of an authority that is trusted here."""
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    make_certificate(certificate, key)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


@pytest.mark.parametrize("encrypted", ["from_the_start", "after_starttls"])
def test_many_emails_go_over_one_encrypted_line(a_request, settings, tls, encrypted):
    put_many(a_request(), 3)

    with mail_server(settings, **{encrypted: tls}) as mailbox:
        send()

    assert len(mailbox.messages) == 3
    assert {message.state for message in Message.objects.all()} == {State.SENT}


@pytest.mark.parametrize("encrypted", ["from_the_start", "after_starttls"])
def test_nothing_is_told_to_a_server_that_nobody_trusted_answers_for(message, settings, tls, monkeypatch, encrypted):
    monkeypatch.delenv("SSL_CERT_FILE")

    with mail_server(settings, **{encrypted: tls}) as mailbox:
        tried = send_some()

    assert mailbox.messages == []
    assert (tried.state, tried.error) == (
        State.WAITING,
        "the connection to the mail server broke (SSLCertVerificationError)",
    )


@pytest.mark.parametrize("encrypted", ["from_the_start", "after_starttls"])
def test_an_encrypted_line_waits_longer_for_the_answer_to_a_message_than_for_any_other(
    message, settings, tls, encrypted
):
    settings.EMAIL_TIMEOUT, slow = 1, Mailbox()
    slow.at_data = lambda message: time.sleep(2) or ACCEPTED

    with mail_server(settings, slow, **{encrypted: tls}):
        sent = send_some()

    assert (sent.state, sent.attempts, len(slow.messages)) == (State.SENT, 1, 1)


def test_a_server_that_is_away_is_tried_again_later(message, settings, mailbox):
    settings.EMAIL_PORT = free_port()

    tried = send_some()

    assert (tried.state, tried.attempts, tried.lease) == (State.WAITING, 1, None)
    assert tried.error == "the connection to the mail server broke (ConnectionRefusedError)"
    assert tried.send_at > timezone.now()


def test_the_time_between_tries_doubles_up_to_four_hours_until_staff_have_to_see_to_it(
    message, settings, mailbox, admin_client, scheduler
):
    mailbox.at_data = "451 try later"
    waits = []
    with time_machine.travel(timezone.now(), tick=False) as clock:
        while (tried := send_some()).state == State.WAITING:
            waits.append((tried.send_at - timezone.now()) / MINUTE)
            clock.move_to(tried.send_at)

        assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 240, 240, 240]
        # The session has ended meanwhile.
        admin_client.force_login(scheduler)
        page = admin_client.get("/admin/messages/").text
        assert "The mail server refused the message (451)" in page
        assert f"{message.request}" in page
        assert "message could not be sent" in admin_client.get("/admin/").text.replace("</strong>", "")

        mailbox.at_data = ACCEPTED
        admin_client.post("/admin/messages/", {"message": message.pk})
        assert send_some().state == State.SENT
        assert len(mailbox.messages) == 1


def test_an_outage_ends_for_all_when_one_gets_through(message, settings, mailbox, worker):
    [other] = put_many(message.request, 1)
    settings.EMAIL_PORT, up = free_port(), settings.EMAIL_PORT
    for _ in range(2):
        worker.send_some()
        worker._paused_until = dict.fromkeys(worker._senders, 0.0)
    assert Message.objects.put_off().count() == 2

    settings.EMAIL_PORT = up
    put_many(message.request, 1)
    worker.send_some()
    worker.send_some()

    sent = {letter["Message-ID"] for letter in mailbox.messages}
    assert {f"<{one.pk}@127.0.0.1>" for one in (message, other)} <= sent


def test_an_outage_of_a_weekend_fails_nothing(message, settings, mailbox):
    put_many(message.request, 5)
    settings.EMAIL_PORT, up = free_port(), settings.EMAIL_PORT
    with time_machine.travel(timezone.now(), tick=False) as clock, closing(Worker()) as worker:
        for _ in range(62):
            worker.send_some()
            worker._paused_until = dict.fromkeys(worker._senders, 0.0)
            clock.shift(datetime.timedelta(hours=1))
        assert {row.state for row in Message.objects.all()} == {State.WAITING}

        settings.EMAIL_PORT = up
        worker.send_some()
        worker.send_some()

    assert len(mailbox.messages) == 6


def test_a_way_that_never_opens_again_is_given_up_after_days(message, settings, mailbox):
    settings.EMAIL_PORT = free_port()
    send_some()
    with time_machine.travel(timezone.now() + datetime.timedelta(days=6)):
        assert send_some().state == State.FAILED


def test_sending_again_by_hand_takes_along_what_is_put_off(message, settings, mailbox, admin_client):
    settings.EMAIL_PORT, up = free_port(), settings.EMAIL_PORT
    send()
    settings.EMAIL_PORT = up
    send()
    assert mailbox.messages == []

    admin_client.post("/admin/messages/")

    assert send_some().state == State.SENT


def test_a_message_that_was_sent_cannot_be_sent_again_by_hand(message, mailbox, admin_client):
    send_some()

    admin_client.post("/admin/messages/", {"message": message.pk})
    admin_client.post("/admin/messages/")

    assert send_some().state == State.SENT
    assert len(mailbox.messages) == 1


def test_to_send_again_a_message_that_is_none_is_refused_in_words(admin_client, db):
    answer = admin_client.post("/admin/messages/", {"message": "x' OR 1=1"}, follow=True)

    assert "This message is not known." in answer.text


@pytest.mark.either
@pytest.mark.parametrize(
    ("answer", "state", "error"),
    [
        ("451 try later", State.WAITING, "the mail server refused the address (451)"),
        ("550 no such user", State.FAILED, "the mail server refused the address (550)"),
    ],
)
def test_an_address_that_is_refused_for_now_is_tried_again_and_one_for_ever_is_not(
    message, mailbox, answer, state, error
):
    mailbox.at_recipient = answer

    tried = send_some()

    assert (tried.state, tried.attempts, tried.error) == (state, 1, error)


@pytest.mark.either
@pytest.mark.parametrize(("answer", "state"), [("452 full", State.WAITING), ("554 spam", State.FAILED)])
def test_a_message_that_is_refused_for_now_is_tried_again_and_one_for_ever_is_not(message, mailbox, answer, state):
    mailbox.at_data = answer

    tried = send_some()

    assert (tried.state, tried.attempts) == (state, 1)


@pytest.mark.either
def test_a_worker_hangs_up_when_nothing_is_left_to_send(message, settings):
    """Servers hang up on who keeps silent, and the next message would fail at first."""
    hung_up = threading.Event()

    def take_one(line: socket.socket) -> None:
        take_the_message(line)
        line.sendall(b"250 OK\r\n")
        if line.recv(1000) == b"quit\r\n":
            hung_up.set()

    settings.EMAIL_BACKEND = "appointments.delivery.email.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_USE_TLS = "127.0.0.1", False
    with raw_server(take_one) as settings.EMAIL_PORT, closing(Worker()) as worker:
        worker.send_some()
        assert hung_up.wait(5)

    assert Message.objects.get().state == State.SENT


def test_one_refused_address_keeps_nobody_else_from_their_message(message, mailbox):
    put(many_like(message.request, 1, email="bo@example.com")[0])
    mailbox.at_recipient = lambda address: "550 no" if address == message.request.email else "250 OK"

    send()

    assert mailbox.recipients == ["bo@example.com"]


def greet(line: socket.socket) -> None:
    line.sendall(b"220 slow ESMTP\r\n")
    line.recv(1000)
    line.sendall(b"250 slow\r\n")


def hang(line: socket.socket) -> None:
    greet(line)
    # Until the other side hangs up.
    while line.recv(1000):
        pass


def cut_off_before_the_message(line: socket.socket) -> None:
    greet(line)
    for answer in (b"250 OK\r\n", b"250 OK\r\n"):
        line.recv(1000)
        line.sendall(answer)
    line.recv(1000)


def take_the_message(line: socket.socket) -> None:
    greet(line)
    for answer in (b"250 OK\r\n", b"250 OK\r\n", b"354 go on\r\n"):
        line.recv(1000)
        line.sendall(answer)
    said = b""
    while b"\r\n.\r\n" not in said and (more := line.recv(100_000)):
        said += more


def take_it_and_hang(line: socket.socket) -> None:
    take_the_message(line)
    line.recv(1000)


def answer_drop_by_drop(line: socket.socket) -> None:
    """Each within the time that one step of the conversation may take, for longer than only what hangs goes on."""
    greet(line)
    line.recv(1000)
    for _ in range(A_HANG * 10):
        line.sendall(b"250-")
        time.sleep(0.1)


@pytest.mark.either
@pytest.mark.parametrize("conversation", [hang, cut_off_before_the_message, answer_drop_by_drop])
def test_a_server_that_leaves_us_hanging_is_left_in_time_and_the_message_kept(
    message, settings, mailbox, conversation
):
    settings.EMAIL_TIMEOUT, settings.SEND_SECONDS = 0.5, 1
    with raw_server(conversation) as settings.EMAIL_PORT:
        started = time.monotonic()
        tried = send_some()

    assert (tried.state, tried.attempts, tried.lease) == (State.WAITING, 1, None)
    assert "the connection to the mail server broke" in tried.error
    assert time.monotonic() - started < A_HANG


@pytest.mark.either
def test_a_server_that_answers_late_gets_a_message_once(message, mailbox, settings):
    settings.EMAIL_TIMEOUT = 0.3
    mailbox.at_data = lambda _: time.sleep(1) or ACCEPTED

    assert send_some().state == State.SENT
    assert len(mailbox.messages) == 1


@pytest.mark.parametrize("conversation", [take_the_message, take_it_and_hang])
def test_what_a_server_took_without_an_answer_is_for_staff_and_not_repeated_blindly(
    message, mailbox, settings, admin_client, conversation
):
    settings.EMAIL_ANSWER_SECONDS, up = 0.5, settings.EMAIL_PORT
    with raw_server(conversation) as settings.EMAIL_PORT:
        tried = send_some()
    settings.EMAIL_PORT = up
    send()
    admin_client.post("/admin/messages/")
    send()

    assert (tried.state, tried.error) == (
        State.FAILED,
        "the mail server took it and did not answer (SMTPServerDisconnected)",
    )
    assert mailbox.messages == []
    assert "1 perhaps sent, newest first" in words_of(admin_client.get("/admin/messages/"))
    assert "1 message perhaps sent" in words_of(admin_client.get("/admin/"))

    admin_client.post("/admin/messages/", {"message": message.pk})
    assert (send_some().state, len(mailbox.messages)) == (State.SENT, 1)


def test_when_the_server_is_away_one_message_is_tried_and_not_all(message, settings, mailbox, worker):
    put(message.request)
    settings.EMAIL_PORT = free_port()

    worker.send_some()
    worker.send_some()

    assert sorted(Message.objects.values_list("attempts", flat=True)) == [0, 1]
    assert Message.objects.filter(lease__isnull=False).count() == 0


@pytest.mark.either
@pytest.mark.parametrize("step", ["at_recipient", "at_data"])
def test_what_a_server_says_is_not_kept_because_it_may_name_the_patient(message, mailbox, step):
    setattr(mailbox, step, "550 Ana Example <ana@example.com> is unknown here")

    assert re.fullmatch(r"the mail server refused the (address|message) \(550\)", send_some().error)


# ------------------------------------------------------------------------------------------------------- Workers


def test_a_message_that_a_dead_worker_had_leased_is_taken_over(message, mailbox, settings, worker):
    Message.objects.update(lease=uuid.uuid4(), attempts=1)
    settings.LEASE_SECONDS = 0.3
    worker.send_some()
    assert mailbox.messages == []

    time.sleep(0.4)
    worker.send_some()

    assert [sent["Message-ID"] for sent in mailbox.messages] == [f"<{message.pk}@127.0.0.1>"]
    assert Message.objects.get().attempts == 2


def test_a_message_that_a_dead_worker_was_sending_may_have_gone_and_is_left_to_staff(
    message, mailbox, settings, worker
):
    Message.objects.update(lease=uuid.uuid4(), attempts=1, handed_over_at=timezone.now())
    settings.LEASE_SECONDS, settings.EMAIL_ANSWER_SECONDS = 0.1, 0.3
    worker.send_some()
    time.sleep(0.2)
    worker.send_some()
    assert Message.objects.get().state == State.WAITING

    time.sleep(0.3)
    worker.send_some()

    assert (mailbox.messages, Message.objects.get().state_in_words) == ([], "Perhaps sent")


@pytest.mark.parametrize("jump", [datetime.timedelta(days=-1), datetime.timedelta(days=1)])
def test_a_clock_that_is_set_makes_nobody_take_over_what_another_is_sending(message, mailbox, worker, jump):
    Message.objects.update(lease=uuid.uuid4())
    worker.send_some()

    with time_machine.travel(timezone.now() + jump):
        worker.send_some()

    assert mailbox.messages == []


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_was_so_slow_that_another_took_over_does_not_send_as_well(a_request, mailbox):
    first, second = put(a_request()), put(AppointmentRequest.objects.get())

    def take_over(_) -> str:
        Message.objects.filter(pk=second.pk).update(lease=uuid.uuid4())
        connection.close()
        return "250 OK"

    mailbox.at_data = take_over
    send()

    assert [sent["Message-ID"] for sent in mailbox.messages] == [f"<{first.pk}@127.0.0.1>"]


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_another_took_over_from_while_it_connected_does_not_send_as_well(message, settings, mailbox):
    def take_over(line: socket.socket) -> None:
        Message.objects.update(lease=uuid.uuid4())
        connection.close()
        greet(line)
        said.append(line.recv(1000))

    said = []
    with raw_server(take_over) as settings.EMAIL_PORT:
        tried = send_some()

    assert (tried.state, tried.attempts) == (State.WAITING, 0)
    # It hung up, or said goodbye.
    assert said in ([b""], [b"quit\r\n"])


def test_a_worker_that_has_to_stop_leaves_the_rest_to_others_at_once(message, mailbox):
    put(message.request)
    with closing(Worker(should_stop=lambda: bool(mailbox.messages))) as worker:
        worker.send_some()

    assert len(mailbox.messages) == 1
    assert Message.objects.get(state=State.WAITING).lease is None


# Runs manage.py in a process whose clock is wrong by so many hours.
WITH_A_WRONG_CLOCK = """
import datetime, runpy, sys, time_machine
hours, *sys.argv = sys.argv[1:]
now = datetime.datetime.now(datetime.UTC)
time_machine.travel(now + datetime.timedelta(hours=int(hours))).start()
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def start_worker(settings, log: Path, *options, hours_wrong=0) -> subprocess.Popen:
    variables = {
        **os.environ,
        "EMAIL_HOST": "127.0.0.1",
        "EMAIL_PORT": str(settings.EMAIL_PORT),
        "LEASE_SECONDS": "2",
        "SEND_SECONDS": "1",
        "EMAIL_ANSWER_SECONDS": "1",
        "EMAIL_TIMEOUT": "5",
        "EMAIL_FROM": "clinic@example.com",
        "DATABASE_NAME": connection.settings_dict["NAME"],
    }
    clock = ["-c", WITH_A_WRONG_CLOCK, str(hours_wrong)] if hours_wrong else []
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603
            [sys.executable, *clock, "manage.py", "work", *options],
            cwd=ROOT,
            env=variables,
            stdout=output,
            stderr=output,
        )


@pytest.mark.postgresql
@pytest.mark.process
@pytest.mark.django_db(transaction=True)
def test_workers_that_are_killed_at_any_instant_lose_and_repeat_nothing_and_leave_what_may_have_gone_to_staff(
    a_request, mailbox, settings, tmp_path
):
    request = a_request()
    messages = put_many(request, 150)
    mailbox.at_data = lambda _: time.sleep(0.01) or "250 OK"
    kills = 4
    log = tmp_path / "log"
    for _ in range(kills):
        sent_before = len(mailbox.messages)
        worker = start_worker(settings, log)
        wait_until(lambda before=sent_before: len(mailbox.messages) >= before + 15, worker)
        worker.kill()
        worker.wait()
    last = [start_worker(settings, log), start_worker(settings, log)]
    try:
        wait_until(lambda: not Message.objects.filter(state=State.WAITING).exists(), *last)
    finally:
        for worker in last:
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(A_HANG) == 0

    times_sent = Counter(sent["Message-ID"] for sent in mailbox.messages)
    perhaps = {f"<{message.pk}@127.0.0.1>" for message in Message.objects.unsure()}
    assert set(times_sent) | perhaps == {f"<{message.pk}@127.0.0.1>" for message in messages}
    assert set(times_sent.values()) == {1}
    assert len(perhaps) <= kills
    assert Message.objects.filter(state=State.SENT).count() == len(messages) - len(perhaps)
    assert not words_found(log.read_text(), "Ana")


@pytest.mark.postgresql
@pytest.mark.process
@pytest.mark.django_db(transaction=True)
def test_workers_whose_clocks_are_days_apart_lose_nothing_and_send_nothing_twice(
    a_request, mailbox, settings, tmp_path
):
    request, log = a_request(), tmp_path / "log"
    messages = put_many(request, 100)
    # Each answer takes so long that the three send side by side.
    mailbox.at_data = lambda _: time.sleep(0.05) or "250 OK"
    workers = [start_worker(settings, log, hours_wrong=hours) for hours in (-48, 0, 48)]
    try:
        wait_until(lambda: not Message.objects.filter(state=State.WAITING).exists(), *workers)
    finally:
        for worker in workers:
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(A_HANG) == 0

    times_sent = Counter(sent["Message-ID"] for sent in mailbox.messages)
    assert times_sent == {f"<{message.pk}@127.0.0.1>": 1 for message in messages}
    days = {message.done_at.date() for message in Message.objects.all()}
    assert len(days) >= 2, "one worker alone has sent all"


def wait_until(condition, *processes, seconds=2 * A_HANG) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert all(process.poll() is None for process in processes), "a worker ended by itself"
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.django_db(transaction=True)
def test_many_workers_side_by_side_send_each_message_once(a_request, mailbox):
    request = a_request()
    put_many(request, 200)

    def work():
        with closing(Worker()) as worker:
            while worker.send_some():
                pass
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    sent = Counter(message["Message-ID"] for message in mailbox.messages)
    assert len(sent) == 200
    assert set(sent.values()) == {1}


def test_the_worker_that_is_asked_to_send_once_ends_when_nothing_is_due(message, mailbox):
    call_command("work", once=True)

    assert Message.objects.get().state == State.SENT


# --------------------------------------------------------------------------------------------------------- Texts


@pytest.fixture
def provider(settings):
    settings.SITE_URL = "https://clinic.example"
    with text_provider(settings) as provider:
        yield provider


@pytest.fixture
def text(a_request):
    request = a_request(texts_ok="on")
    AppointmentRequest.objects.update(time_zone=zone_where_it_is_noon())
    return put(AppointmentRequest.objects.get(pk=request.pk), channel=Message.Channel.TEXT)


def zone_where_it_is_noon() -> str:
    return f"Etc/GMT{timezone.now().astimezone(datetime.UTC).hour - 12:+d}"


@pytest.mark.either
@pytest.mark.parametrize(
    ("status", "code", "state", "error"),
    [
        (503, None, State.WAITING, "the text provider does not serve us (503)"),
        (429, 20429, State.WAITING, "the text provider does not serve us (429)"),
        (401, 20003, State.WAITING, "the text provider does not serve us (401)"),
        (400, 21606, State.WAITING, "the text provider does not serve us (400)"),
        (404, 20404, State.WAITING, "the text provider does not serve us (404)"),
        (308, None, State.WAITING, "the text provider does not serve us (308)"),
        (400, 21211, State.FAILED, "the text provider refused the message (21211)"),
        (400, 21610, State.FAILED, "the patient answered STOP"),
    ],
)
def test_what_the_provider_refuses_for_now_is_tried_again_and_what_for_ever_is_not(
    text, provider, status, code, state, error
):
    provider.answer = (status, code)

    tried = send_some()

    assert (tried.state, tried.error) == (state, error)


def test_a_provider_that_is_away_is_tried_again_later(text, provider, settings):
    settings.TEXTS_URL = f"http://127.0.0.1:{free_port()}"

    assert (send_some().state, send_some().attempts) == (State.WAITING, 1)


def answer_text(client, words, *, token="a token", phone="+12125550123", **form):  # noqa: S107
    form |= {"From": phone, "Body": words}
    signed = "https://clinic.example/texts/" + "".join(name + form[name] for name in sorted(form))
    signature = base64.b64encode(hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()).decode()
    return client.post("/texts/", form, headers={"X-Twilio-Signature": signature})


@pytest.mark.either
@pytest.mark.parametrize(
    "words",
    [
        *("STOP", " stop. ", "Unsubscribe", "ALTO", "Alto, por favor", "opt-out", "Opt out please"),
        *("Stop please", "please stop texting me", "Please stop sending me texts"),
    ],
)
def test_who_answers_stop_gets_no_more_texts(text, provider, client, words):
    assert answer_text(client, words).status_code == 200

    assert (send_some().state, send_some().error) == (State.FAILED, "the patient wants no texts any more")
    assert provider.orders == []
    assert "5550123" not in str(TextOptOut.objects.values().get())


@pytest.mark.either
def test_a_text_that_is_reported_twice_counts_once(text, provider, client):
    """Whoever overheard the call of a START cannot take a later STOP away with it."""
    for words, number in (("START", "SM1"), ("STOP", "SM2"), ("START", "SM1")):
        assert answer_text(client, words, MessageSid=number).status_code == 200

    assert TextOptOut.objects.has("+12125550123")


@pytest.mark.either
@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("HELP", "Questions? Call us at (212) 555-0100, Monday to Friday, 8 am to 5 pm. In an emergency, call 911."),
        ("Help, my ride is late", "Reply STOP to end texts."),
        ("¡Ayuda!", "¿Preguntas? Llámenos al (212) 555-0100"),
        ("info please", "Upright Spine Clinic"),
    ],
)
def test_who_answers_help_is_told_who_texts_and_how_to_reach_us_and_to_stop(provider, client, words, said):
    assert said in words_of(answer_text(client, words))


@pytest.mark.parametrize("why", ["phone_is_wrong", "texts_fail"])
def test_no_text_goes_to_a_number_that_is_somebody_elses_or_gets_none(text, provider, why):
    AppointmentRequest.objects.update(**{why: True})
    # Of a missed call nothing would be told then anyway.
    Message.objects.update(kind="reference")

    assert send_some().state == State.FAILED
    assert provider.orders == []


def test_who_answers_start_gets_texts_again(text, provider, client):
    answer_text(client, "STOP")
    answer_text(client, "Start")

    assert send_some().state == State.SENT
    assert len(provider.orders) == 1


@pytest.mark.either
@pytest.mark.parametrize(
    "words",
    [
        *("Thank you", "Please cancel my visit", "I end my shift at 5", "Please don't stop", "Bus stop nearby?"),
        *("La espalda baja", "Dolor muy alto", "¿Dónde puedo parar?", "Planta baja?"),
    ],
)
def test_who_answers_something_else_goes_on_getting_texts(text, provider, client, words):
    assert words_of(answer_text(client, words)) == ""

    assert send_some().state == State.SENT


@pytest.mark.either
def test_a_provider_is_left_alone_for_as_long_as_it_asks(text, provider, worker, monkeypatch):
    provider.answer, provider.headers = (429, 20429), {"Retry-After": "600"}
    worker.send_some()
    provider.answer = (201, None)
    now = time.monotonic()
    with time_machine.travel(timezone.now() + 5 * MINUTE):
        monkeypatch.setattr(outbox.time, "monotonic", lambda: now + 590)
        worker.send_some()
        assert provider.orders == []

        monkeypatch.setattr(outbox.time, "monotonic", lambda: now + 610)
        worker.send_some()

    assert len(provider.orders) == 1


@pytest.mark.either
@pytest.mark.parametrize(
    ("says", "state", "error"),
    [
        ({"sid": "SM1", "status": "failed"}, State.FAILED, "the text provider could not send it"),
        ({}, State.WAITING, "what answered is not the text provider"),
    ],
)
def test_an_answer_is_read_for_what_it_says(text, provider, says, state, error):
    provider.says = says

    tried = send_some()

    assert (tried.state, tried.error) == (state, error)


def test_a_text_whose_answer_came_too_late_is_looked_up_and_not_sent_again(text, provider, settings):
    settings.EMAIL_TIMEOUT, provider.takes = 0.3, 1
    tried = send_some()
    assert (tried.state, tried.error) == (
        State.WAITING,
        "the text provider took it and did not answer (TimeoutError)",
    )

    settings.EMAIL_TIMEOUT, provider.takes = 10, 0
    with time_machine.travel(timezone.now() + 2 * MINUTE):
        assert send_some().state == State.SENT

    assert len(provider.orders) == 1


def test_a_text_that_may_have_arrived_is_not_as_if_it_had_never_been_said(text, provider):
    Message.objects.update(handed_over_at=timezone.now())
    AppointmentRequest.objects.update(attempts_made=0)

    assert send_some().state_in_words == "Perhaps sent"


@pytest.mark.either
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"HTTP/1.1 201 Created\r\nContent-Length: 500\r\n\r\n{", "IncompleteRead"),
        (b"hello\r\n", "BadStatusLine"),
    ],
    ids=["taken, and broken off", "no HTTP"],
)
def test_a_text_whose_answer_broke_off_is_sent_again_only_if_the_provider_does_not_know_it(
    text, provider, settings, answer, error
):
    provider_url = settings.TEXTS_URL

    def answer_an_order(line: socket.socket) -> None:
        order = b""
        while b"Body=" not in order:
            order += line.recv(65_536)
        line.sendall(answer)

    with raw_server(answer_an_order) as port:
        settings.TEXTS_URL = f"http://127.0.0.1:{port}"
        tried = send_some()
    assert (tried.state, tried.error) == (
        State.WAITING,
        f"the text provider took it and did not answer ({error})",
    )

    settings.TEXTS_URL = provider_url
    with time_machine.travel(timezone.now() + 2 * MINUTE):
        assert send_some().state == State.SENT
    assert len(provider.orders) == 1


def test_stop_holds_after_the_secret_was_changed(text, provider, client, settings):
    answer_text(client, "STOP")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another secret", [settings.SECRET_KEY]

    assert TextOptOut.objects.has("+12125550123")


@pytest.mark.either
def test_only_the_provider_can_say_that_somebody_answered(text, provider, client):
    assert answer_text(client, "STOP", token="a guess").status_code == 403  # noqa: S106
    assert client.post("/texts/", {"From": "+12125550123", "Body": "STOP"}).status_code == 403

    assert not TextOptOut.objects.exists()


@pytest.mark.either
def test_without_a_provider_nobody_listens(client, db, settings):
    settings.TEXTS = "console"

    assert answer_text(client, "STOP").status_code == 404


@pytest.mark.either
def test_a_phone_with_an_extension_gets_no_texts(text, provider):
    AppointmentRequest.objects.update(phone="+12125550123;ext=12")

    assert send_some().error == "a phone with an extension gets no texts"


def test_sending_again_starts_the_tries_from_the_beginning(message, mailbox, scheduler):
    Message.objects.update(state=State.FAILED, attempts=12, done_at=timezone.now())

    assert outbox.send_again(Message.objects.all(), by=scheduler) == 1

    assert (Message.objects.get().attempts, Message.objects.get().state) == (0, State.WAITING)


@pytest.mark.django_db(transaction=True)
# A file has no connection that breaks.
@pytest.mark.postgresql
def test_what_went_out_while_the_connection_to_the_database_broke_is_marked_as_sent(message, mailbox):
    database = connection.settings_dict

    def break_all_connections(letter) -> str:
        names = {"host": "HOST", "port": "PORT", "dbname": "NAME", "user": "USER", "password": "PASSWORD"}
        own = psycopg2.connect(**{name: database[key] for name, key in names.items() if database[key]})
        with own.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        own.close()
        return ACCEPTED

    mailbox.at_data = break_all_connections
    send()
    mailbox.at_data = ACCEPTED
    send()

    message.refresh_from_db()
    assert (message.state, message.lease, len(mailbox.messages)) == (State.SENT, None, 1)
