"""What became of e-mails and texts reaches the message, the call sheet, and what is sent after it."""

import base64
import hashlib
import hmac
import http.server
import json
import re
import threading
import uuid
from contextlib import closing

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.utils import timezone

from appointments.delivery.outbox import Worker
from appointments.lifecycle.announce import ways_to_reach
from appointments.lifecycle.definition import CORRECT
from appointments.lifecycle.transition import perform
from appointments.models import AppointmentRequest, Message
from audit.models import AuditEntry
from tests.staff import member_of, signed_in
from tests.walk import words_of

SECRET = "anymail:a long enough secret"  # noqa: S105
BASIC = {"Authorization": f"Basic {base64.b64encode(SECRET.encode()).decode()}"}


@pytest.fixture
def postmark(settings):
    """The provider's own interface, as it is documented; answers with what stands in `answers`."""

    class Provider(http.server.BaseHTTPRequestHandler):
        answers: list[tuple[int, dict]] = []  # noqa: RUF012
        taken: list[dict] = []  # noqa: RUF012

        def do_POST(self):
            sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.taken.append(sent)
            taken = {
                "ErrorCode": 0,
                "Message": "OK",
                "To": sent["To"],
                "MessageID": "00000000-0000-4000-8000-000000000000",
            }
            status, body = self.answers.pop(0) if self.answers else (200, taken)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *arguments):
            pass

    Provider.answers, Provider.taken = [], []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
    settings.EMAIL_PROVIDER = "postmark"
    settings.EMAIL_BACKEND = "anymail.backends.postmark.EmailBackend"
    settings.TEXTS = "off"
    settings.ANYMAIL = {
        **settings.ANYMAIL,
        "POSTMARK_SERVER_TOKEN": "token",
        "POSTMARK_API_URL": f"http://127.0.0.1:{server.server_port}/",
        "WEBHOOK_SECRET": SECRET,
    }
    yield Provider
    server.shutdown()
    server.server_close()


def send() -> Message:
    with closing(Worker()) as worker:
        worker.send_some()
    return Message.objects.get(kind="received")


def tell(client, event: str, message, recipient: str, *, secret: str = SECRET, **more):
    told = {"RecordType": event, "Recipient": recipient, "Email": recipient, "Metadata": {"message": str(message.pk)}}
    return client.post(
        "/mail-events/",
        data={"MessageID": "1", "DeliveredAt": "2026-11-29T12:00:00Z", **told, **more},
        content_type="application/json",
        headers={"Authorization": f"Basic {base64.b64encode(secret.encode()).decode()}"},
    )


def test_a_bounce_is_told_to_staff_once_and_nothing_more_is_mailed_until_it_is_corrected(
    postmark, a_request, client, scheduler
):
    request = a_request(email="ana@example.com")
    message = send()
    assert message.state == Message.State.SENT
    (sent,) = postmark.taken
    assert (sent["To"], sent["Metadata"], sent["TrackOpens"]) == (
        "ana@example.com",
        {"message": str(message.pk)},
        False,
    )

    assert tell(client, "Delivery", message, "ana@example.com").status_code == 200
    assert Message.objects.get(pk=message.pk).arrival == "delivered"
    for _ in range(2):
        bounce = tell(
            client, "Bounce", message, "Ana@example.com", Type="HardBounce", BouncedAt="2026-11-29T12:00:00Z"
        )
        assert bounce.status_code == 200
    tell(client, "Delivery", message, "ana@example.com")

    request = AppointmentRequest.objects.get(pk=request.pk)
    assert (Message.objects.get(pk=message.pk).arrival, request.email_fails) == ("bounced", True)
    assert ways_to_reach(request) == []
    assert AuditEntry.objects.filter(details="E-mail: bounced", who="system").count() == 1
    staff = signed_in(member_of("Schedulers"))
    sheet = f"/admin/appointments/appointmentrequest/{request.pk}/change/"
    assert "<strong>The e-mail bounced:</strong>" in staff.get(sheet).text

    perform(CORRECT, request, by=scheduler, email="ana@example.org")

    assert ways_to_reach(request) == ["email"]
    assert "The e-mail bounced" not in staff.get(sheet).text


def on_the_call_sheet(message) -> str:
    sheet = f"/admin/appointments/appointmentrequest/{message.request_id}/change/"
    return words_of(signed_in(member_of("Schedulers", f"sam {uuid.uuid4()}")).get(sheet))


def test_staff_see_of_each_message_what_the_provider_heard_of_it(postmark, a_request, client):
    a_request(email="ana@example.com")
    message = send()

    tell(client, "Delivery", message, "ana@example.com")
    assert re.search("We have your request Sent [A-Z].{9,25}M ?: delivered", on_the_call_sheet(message))
    tell(client, "Bounce", message, "ana@example.com", Type="SoftBounce", BouncedAt="2026-11-29T12:00:00Z")
    assert re.search("We have your request Sent [A-Z].{9,25}M ?: did not arrive", on_the_call_sheet(message))


@pytest.mark.parametrize(
    ("event", "more", "failed", "is_sent_again"),
    [
        ("Delivery", {}, 0, False),
        ("Bounce", {"Type": "SoftBounce", "BouncedAt": "2026-11-29T12:00:00Z"}, 1, True),
    ],
)
def test_of_a_message_that_perhaps_went_the_provider_settles_whether_it_did(
    postmark, a_request, client, event, more, failed, is_sent_again
):
    request = a_request(email="ana@example.com")
    Message.objects.all().delete()
    now = timezone.now()
    given_up = {"state": "failed", "handed_over_at": now, "done_at": now, "error": "nobody answered"}
    message = Message.objects.create(request=request, kind="received", channel="email", **given_up)
    assert (Message.objects.failed().count(), Message.objects.unsure().count()) == (0, 1)

    tell(client, event, message, "ana@example.com", **more)

    staff = signed_in(member_of("Schedulers", "ana"))
    today = words_of(staff.get("/admin/"))
    assert "perhaps sent" not in today
    assert ("1 message could not be sent" in today) is bool(failed)
    assert "nobody answered" not in on_the_call_sheet(message)
    staff.post("/admin/messages/", {})
    assert (send().state == Message.State.SENT) is is_sent_again
    tell(client, "Delivery", message, "ana@example.com")
    assert Message.objects.get().arrival == "delivered"


def test_what_waited_when_an_address_bounced_is_left_to_staff_and_not_mailed(postmark, a_request, client):
    request = a_request(email="ana@münchen.example")
    message = send()
    waiting = Message.objects.create(request=request, kind="received", channel="email")

    # Providers name the domain as machines do.
    bounced = tell(client, "Bounce", message, "ana@xn--mnchen-3ya.example", Type="HardBounce")
    assert bounced.status_code == 200
    with closing(Worker()) as worker:
        worker.send_some()

    waiting.refresh_from_db()
    assert (waiting.state, waiting.error) == (Message.State.FAILED, "what is sent to this address does not arrive")
    assert len(postmark.taken) == 1


def test_a_full_mailbox_is_the_end_of_this_e_mail_and_not_of_the_address(postmark, a_request, client, settings):
    request = a_request(email="ana@example.com")
    message = send()

    told = tell(client, "Bounce", message, "ana@example.com", Type="SoftBounce", BouncedAt="2026-11-29T12:00:00Z")

    stored = AppointmentRequest.objects.get(pk=request.pk)
    assert told.status_code == 200
    assert (Message.objects.get(pk=message.pk).arrival, stored.email_fails) == ("failed", False)
    assert ways_to_reach(stored) == ["email"]
    settings.EMAIL_PROVIDER = "brevo"
    for event, arrival in (("soft_bounce", "failed"), ("hard_bounce", "bounced")):
        metadata = json.dumps({"message": str(message.pk)})
        told = {"event": event, "email": "ana@example.com", "X-Mailin-custom": metadata}
        client.post("/mail-events/", told, content_type="application/json", headers=BASIC)
        assert Message.objects.get(pk=message.pk).arrival == arrival


def test_who_called_an_e_mail_spam_is_not_said_to_have_given_a_wrong_address(postmark, a_request, client):
    a_request(email="ana@example.com")
    message = send()

    tell(client, "SpamComplaint", message, "ana@example.com", BouncedAt="2026-11-29T12:00:00Z")

    sheet = on_the_call_sheet(message)
    assert "An e-mail was called spam: nothing more is sent to ana@example.com." in sheet.replace(" :", ":")
    assert "The e-mail bounced" not in sheet


def test_an_address_that_works_again_is_written_to_at_once_and_another_one_is_tried_anyway(
    postmark, a_request, client, scheduler
):
    request = a_request(email="ana@example.com", postal_address="1 Sample Street")
    tell(client, "Bounce", send(), "ana@example.com", Type="HardBounce", BouncedAt="2026-11-29T12:00:00Z")
    staff = signed_in(scheduler)

    def corrects(**changes):
        sheet = f"/admin/appointments/appointmentrequest/{request.pk}/"
        forms = dict(staff.get(f"{sheet}change/").context["verbs"])
        sent = {name: value for name, value in forms[CORRECT].initial.items() if value} | changes
        version = AppointmentRequest.objects.get().version
        return staff.post(f"{sheet}do/correct/", {**sent, "version": version}, follow=True)

    assert "Nothing here differs" in corrects().text
    works = corrects(email_works="on")
    assert "The details are corrected." in works.text
    assert ways_to_reach(AppointmentRequest.objects.get()) == ["email"]
    assert Message.objects.filter(state="waiting", channel="email", kind="received").count() == 1
    assert "E-mails to this address arrive again" not in works.text


def test_a_bounce_of_an_address_that_is_corrected_already_says_nothing_of_the_new_one(postmark, a_request, client):
    request = a_request(email="ana@example.com")
    message = send()
    AppointmentRequest.objects.update(email="ana@example.org")

    tell(client, "SpamComplaint", message, "ana@example.com", BouncedAt="2026-11-29T12:00:00Z")

    assert Message.objects.get(pk=message.pk).arrival == "complained"
    assert not AppointmentRequest.objects.get(pk=request.pk).email_fails


@pytest.mark.parametrize(
    ("answer", "state", "error"),
    [
        ((503, {}), "waiting", "the mail provider does not serve us (503)"),
        ((401, {}), "waiting", "the mail provider does not serve us (401)"),
        ((422, {"ErrorCode": 300, "Message": "Invalid"}), "failed", "the mail provider refused the message (422)"),
    ],
)
def test_what_the_provider_refuses_is_tried_again_or_left_to_staff(postmark, a_request, answer, state, error):
    a_request(email="ana@example.com")
    postmark.answers.append(answer)

    tried = send()

    assert (tried.state, tried.error) == (state, error)


# Django looks into the database for what it can do.
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("provider", "given", "what"),
    [
        ("postmark", {}, "'postmark' lacks a setting: "),
        ("nobody", {}, "'nobody' is none that django-anymail knows"),
        ("console", {}, "'console' tells nothing of bounces"),
        ("postmark", {"POSTMARK_SERVER_TOKEN": "token"}, ""),
    ],
)
def test_a_provider_without_what_it_needs_is_said_before_anything_is_served(settings, provider, given, what):
    settings.EMAIL_PROVIDER, settings.EMAIL_BACKEND = provider, f"anymail.backends.{provider}.EmailBackend"
    settings.ANYMAIL = given | {"WEBHOOK_SECRET": SECRET}

    try:
        call_command("check")
        said = ""
    except SystemCheckError as error:
        said = str(error)

    assert what in said
    assert bool(what) is bool(said)


def test_nobody_tells_us_without_the_secret_nor_nonsense_nor_where_there_is_no_provider(
    postmark, a_request, client, settings
):
    a_request(email="ana@example.com")
    message = send()

    assert tell(client, "Delivery", message, "ana@example.com", secret="anymail:guessed").status_code == 400  # noqa: S106
    for nonsense in ("[1]", "{", '{"RecordType": 1}', "null", "", "[" * 10_000):
        said = client.post("/mail-events/", nonsense, content_type="application/json", headers=BASIC)
        assert said.status_code in (200, 400)
    assert Message.objects.get(pk=message.pk).arrival == ""
    settings.EMAIL_PROVIDER = ""
    assert tell(client, "Delivery", message, "ana@example.com").status_code == 404


def test_a_text_that_reached_nobody_for_good_is_the_last_and_a_forged_word_of_it_counts_for_nothing(
    a_request, client, settings, scheduler
):
    settings.TEXTS, settings.TEXTS_TOKEN, settings.SITE_URL = "twilio", "secret", "https://clinic.example"
    request = a_request(texts_ok="on")
    message = Message.objects.create(
        request=request, kind="received", channel="text", state="sent", done_at=request.created_at
    )

    def report(status: str, code: str = "", token: str = "secret"):  # noqa: S107
        form = {"MessageSid": "SM1", "MessageStatus": status, "ErrorCode": code, "To": request.phone}
        signed = f"https://clinic.example/texts/{message.pk}/" + "".join(
            f"{name}{form[name]}" for name in sorted(form)
        )
        digest = hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()
        given = {"X-Twilio-Signature": base64.b64encode(digest).decode()}
        answer = client.post(f"/texts/{message.pk}/", form, headers=given)
        stored = AppointmentRequest.objects.get(pk=request.pk)
        return answer.status_code, Message.objects.get(pk=message.pk).arrival, stored.texts_fail

    assert report("undelivered", "30005", token="guessed") == (403, "", False)  # noqa: S106
    assert report("sent") == (204, "", False)
    assert report("delivered") == (204, "delivered", False)
    assert report("undelivered", "30006") == (204, "failed", True)
    sheet = signed_in(member_of("Schedulers")).get(f"/admin/appointments/appointmentrequest/{request.pk}/change/")
    assert "<strong>Texts do not arrive:</strong>" in sheet.text

    request.refresh_from_db()
    perform(CORRECT, request, by=scheduler, phone="+12125550199")
    assert not AppointmentRequest.objects.get(pk=request.pk).texts_fail
