"""All pages as somebody can meet them: blank, filled in, refused, and every kind of result.

Most of the list is made from the pathway, so that a new question or outcome is looked at without a change here.
"""

import datetime
import math
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from unittest.mock import patch
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import HttpResponse
from django.test import Client, RequestFactory, override_settings
from django.urls import reverse
from django.utils import timezone
from django_otp import DEVICE_ID_SESSION_KEY
from django_otp.plugins.otp_totp.models import TOTPDevice
from playwright.sync_api import Page, Response

from accounts import unsent
from accounts.models import AccountSession, FirstPassword
from accounts.sessions import OF_PROVIDER
from appointments.calendar.slots import free_slots
from appointments.intake.views import STEPS
from appointments.lifecycle.definition import ANSWER, OFFER
from appointments.lifecycle.offered_times import link_of
from appointments.lifecycle.transition import perform
from appointments.models import AppointmentRequest, Incarnation, Message, PatientMatch
from appointments.portal import views
from appointments.reference import grouped
from appointments.staff.new_request import Talk
from common.clinic import CLINIC, Known
from common.clinic_tables import ClinicNotices, LanguageHelp
from common.sealed_cookie import seal
from screening.mounted import home_of
from screening.pathways import OFFERED
from screening.pathways.vertebral_cement import PATHWAY
from screening.questionnaire.conditions import Answers
from screening.questionnaire.definition import Pathway
from screening.questionnaire.journey import Journey
from screening.questionnaire.questions import Page as QuestionPage
from screening.questionnaire.questions import Text
from screening.visitor import COOKIE, MAX_AGE, Visitor, remember
from tests.walk import CALL, CHECK, EVERYTHING, HELPER, TEXTBOOK, VISIT_ANSWERS, WHO

Typed = dict[str, str | list[str]]

TYPED = dict(zip((step.key for step in STEPS), (VISIT_ANSWERS, WHO, CALL, CHECK), strict=True))
REFERENCE = "R7M343N4X"
CSRF_TOKEN = "a" * 32


@dataclass(frozen=True)
class State:
    """A page that a browser with these cookies gets from here; `sent` is the form it sends, if it sends one."""

    name: str
    path: str
    cookies: dict[str, str] = field(default_factory=dict)
    sent: Typed | None = None
    status: int = 200
    # What is different on the server meanwhile.
    meanwhile: AbstractContextManager = field(default_factory=nullcontext)
    has_csrf_cookie: bool = True

    def __str__(self) -> str:
        return self.name

    @property
    def has_errors(self) -> bool:
        return self.status in (409, 422, 429)

    def cookies_in(self, language: str) -> dict[str, str]:
        csrf = {settings.CSRF_COOKIE_NAME: CSRF_TOKEN} if self.has_csrf_cookie else {}
        return {**self.cookies, **csrf, settings.LANGUAGE_COOKIE_NAME: language}


def reach(page: Page, state: State, language: str = "en") -> None:
    """Bring a browser to this state, whatever it has seen before."""
    cookies = state.cookies_in(language)
    page.context.clear_cookies()
    page.context.add_cookies(
        [{"name": n, "value": v, "domain": "localhost", "path": "/"} for n, v in cookies.items()]
    )

    with state.meanwhile:
        response = page.goto(state.path) if state.sent is None else send(page, state.path, state.sent)

    assert response.status == state.status, f"{response.url} came with status {response.status}"


def send(page: Page, path: str, form: Typed) -> Response:
    """Go to the page that answers this form, without looking at the one that the form is on."""
    body = urlencode({**form, "csrfmiddlewaretoken": CSRF_TOKEN}, doseq=True)

    def make_it_a_post(route):
        headers = {**route.request.headers, "content-type": "application/x-www-form-urlencoded"}
        route.continue_(method="POST", headers=headers, post_data=body)

    page.route(lambda address: True, make_it_a_post, times=1)
    return page.goto(path)


def fetch(state: State, language: str = "en", **headers: str) -> HttpResponse:
    """What a browser in this state is sent, without a browser."""
    client = Client(enforce_csrf_checks=True, raise_request_exception=False, headers=headers)
    client.cookies.load(state.cookies_in(language))

    with state.meanwhile:
        if state.sent is None:
            response = client.get(state.path, follow=True)
        else:
            response = client.post(state.path, {**state.sent, "csrfmiddlewaretoken": CSRF_TOKEN}, follow=True)

    assert response.status_code == state.status, f"{state.path} came with status {response.status_code}"
    return response


def public_states() -> Iterator[State]:
    """Those that need nothing in the database."""
    yield State("education", "/")
    yield State("how this check decides", "/how-this-check-decides/")
    yield State("the rule at a glance", "/how-this-check-decides/at-a-glance/")
    yield from states_of_the_notices()
    yield from states_of_trouble()
    yield from states_of_the_start()
    for page in PATHWAY.pages:
        yield from states_of_a_question_page(page)
    yield from states_of_the_end()
    yield from states_of_the_visit_steps()
    for pathway in OFFERED[1:]:
        yield from states_of_another_procedure(pathway)
    yield State("status, blank", "/status/")
    yield State("status, not filled in", "/status/", sent={}, status=422)
    yield State("status, too late", "/status/", sent={"reference": REFERENCE}, status=403, has_csrf_cookie=False)


def states_of_another_procedure(pathway: Pathway) -> Iterator[State]:
    """Its own pages, with the quiet answers; what it shares with the first is looked at there."""
    site, quiet = home_of(pathway), Journey(pathway, {}).completed().relevant_answers
    for path in ("", "how-this-check-decides/at-a-glance/"):
        yield State(f"{pathway.key}, {path or 'education'}", f"{site}{path}")
    for at, page in enumerate(pathway.pages):
        earlier = {question.key: quiet[question.key] for one in pathway.pages[:at] for question in one.questions}
        # Those to pick from look as those of the first.
        if typed := {question.key: "?" for question in page.questions if isinstance(question, Text)}:
            state = State(f"{pathway.key}, {page.key}", f"{site}check/{page.key}/", answered(earlier, pathway))
            yield from (state, replace(state, name=f"{state.name}, wrong", sent=typed, status=422))
    yield State(f"{pathway.key}, result", f"{site}check/result/", answered(quiet, pathway))


def states_of_the_notices() -> Iterator[State]:
    """Pages that a clinic sets up, and how much all that it can set adds to another."""
    clinic = patch.object(CLINIC, "known", everything_set())
    yield State("text messages", "/text-messages/")
    yield State("accessibility", "/accessibility/", meanwhile=clinic)
    yield State("language help", "/language-help/", meanwhile=clinic)
    yield State("start, all notices set", "/check/", meanwhile=clinic)
    yield State("visit, all notices set", "/visit/check/", ready_to_send(), meanwhile=clinic)


def everything_set() -> Known:
    """As the tables of a clinic could say it."""
    links = {"en": "https://clinic.example/notices/", "es": "https://clinic.example/avisos/"}
    notices = ClinicNotices(accessibility_email="access@clinic.example", teletypewriter="711")
    notices.privacy_practices = notices.health_data = notices.nondiscrimination = links
    languages = (("Español", "es", "ltr", "Texto de muestra."), ("العربية", "ar", "rtl", "نص تجريبي."))
    help_in = [LanguageHelp(name=name, code=code, direction=way, text=text) for name, code, way, text in languages]
    week = dict.fromkeys(range(5), (datetime.time(8), datetime.time(17)))
    # Never looked up again.
    return Known(math.inf, None, week, notices, tuple(help_in))


def ready_to_send() -> dict[str, str]:
    """The cookies of somebody who has only the last page left."""
    *earlier, _last = TYPED.items()
    as_kept = {
        key: {name: [value] if isinstance(value, str) else value for name, value in typed.items()}
        for key, typed in earlier
    }
    return answered(TEXTBOOK, **as_kept)


def states_of_trouble() -> Iterator[State]:
    too_much = {f"field_{number}": "x" for number in range(settings.DATA_UPLOAD_MAX_NUMBER_FIELDS + 1)}
    fragile = "/how-this-check-decides/"
    yield State("no such page", "/no-such-page/", status=404)
    yield State("not to be read", "/status/", sent=too_much, status=400)
    yield State(
        "not open to you",
        fragile,
        status=403,
        meanwhile=failing("screening.views.current_sign_off", PermissionDenied),
    )
    yield State("not from our page", "/status/", sent={}, status=403, has_csrf_cookie=False)
    yield State(
        "our fault", fragile, status=500, meanwhile=failing("screening.views.current_sign_off", ZeroDivisionError)
    )
    yield State("our database's fault", fragile, status=503, meanwhile=failing("screening.views.current_sign_off"))


def states_of_the_start() -> Iterator[State]:
    yield State("start", "/check/")
    yield State("start, half-way", "/check/", answered({"red_flags": ["none"]}))
    yield State("start, complete", "/check/", answered(EVERYTHING))
    for trouble, cookies in unusable_cookies().items():
        yield State(f"start, answers {trouble}", "/check/", cookies)
        yield State(f"first question, answers {trouble}", "/check/red_flags/", cookies)
    yield State("first question, answers lost", "/check/pain/")
    yield State("first question, for someone else", "/check/red_flags/", answered({}, for_someone_else=True))
    answer = {"red_flags": ["none"]}
    yield State("first question, too late", "/check/red_flags/", sent=answer, status=403, has_csrf_cookie=False)


def states_of_a_question_page(page: QuestionPage) -> Iterator[State]:
    path = f"/check/{page.key}/"
    earlier_pages = PATHWAY.pages[: PATHWAY.pages.index(page)]
    earlier = answered({q.key: EVERYTHING[q.key] for earlier in earlier_pages for q in earlier.questions})
    yield State(f"{page.key}, blank", path, earlier)
    yield State(f"{page.key}, not answered", path, earlier, sent={}, status=422)
    yield State(f"{page.key}, answered", path, answered(EVERYTHING))
    for question in page.questions:
        alone = [option.value for option in question.options if option.alone]
        if alone:
            contradiction = {question.key: [question.options[0].value, alone[0]]}
            yield State(f"{question.key}, contradictory", path, earlier, sent=contradiction, status=422)


def states_of_the_end() -> Iterator[State]:
    """Every emergency and result that one changed answer can lead to, each set of sentences once."""
    seen = set()
    for question in PATHWAY.questions:
        for option in question.options:
            changed = {question.key: [option.value] if question.takes_several else option.value}
            journey = Journey(PATHWAY, {**EVERYTHING, **changed})
            assessment = journey.assessment
            explanations = (finding.explanation for finding in assessment.findings)
            sentences = tuple(line.text for line in (assessment.meaning, *explanations, *assessment.notes))
            if sentences in seen:
                continue
            seen.add(sentences)
            name = f"{assessment.outcome.key}, {question.key} {option.value}"
            if journey.stopped:
                yield State(name, "/check/red_flags/", sent=changed)
            else:
                yield State(name, "/check/result/", answered(journey.answers))
    yield State("answers, the longest list", "/check/answers/", answered(EVERYTHING))
    yield State("answers, a short list", "/check/answers/", answered({**EVERYTHING, "pain": "0", "fracture": "no"}))
    yield State("summary", "/check/summary/", answered(EVERYTHING))


def states_of_the_visit_steps() -> Iterator[State]:
    earlier: dict[str, Typed] = {}
    for key, typed in TYPED.items():
        path = f"/visit/{key}/"
        cookies = answered(TEXTBOOK, **earlier)
        yield State(f"visit {key}, blank", path, cookies)
        yield State(f"visit {key}, not filled in", path, cookies, sent={}, status=422)
        for what, changed in wrong_or_unusual(key).items():
            yield State(f"visit {key}, {what}", path, cookies, sent={**typed, **changed}, status=422)
        earlier[key] = {name: [value] if isinstance(value, str) else value for name, value in typed.items()}
        yield State(f"visit {key}, filled in", path, answered(TEXTBOOK, **earlier))
    helpers = {name: [value] for name, value in {**WHO, **HELPER}.items()}
    someone = answered(TEXTBOOK, **{**earlier, "who": helpers}, for_someone_else=True)
    for key in ("who", "call", "check"):
        yield State(f"visit {key}, for someone else", f"/visit/{key}/", someone)
    yield State("visit, too late", path, cookies, sent=typed, status=403, has_csrf_cookie=False)
    no_database = failing("appointments.intake.submit.submit")
    yield State("visit, cannot be stored", path, cookies, sent=typed, status=503, meanwhile=no_database)
    no_more_taken = patch.multiple(
        "appointments.intake.submit", MOST_FROM_ONE_ADDRESS=0, MOST_TAKEN_FROM_ONE_ADDRESS=0
    )
    yield State("visit, too many", path, cookies, sent=typed, status=429, meanwhile=no_more_taken)
    yield State("visit, sent", "/visit/sent/", answered({}, sent=REFERENCE))
    yield State("visit, sent again", "/visit/sent/", answered({}, sent=REFERENCE, earlier=REFERENCE))
    yield State("start, for someone else", "/check/", answered({}, for_someone_else=True))
    yield State("start again", "/check/start-again/", answered(TEXTBOOK))
    yield State("lost reference", "/status/reference/")
    yield State("lost reference, wrong phone", "/status/reference/", sent={"phone": "555"}, status=422)


def wrong_or_unusual(step: str) -> dict[str, Typed]:
    match step:
        case "who":
            wrong = {"date_of_birth_month": "13", "phone": "555", "email": "ana at home"}
            return {"with mistakes": wrong, "a likely slip": {"email": "ana@gmial.com"}}
        case "call":
            return {"in another language": {"language": "other"}}
    return {}


def stored_states(requests: dict[str, AppointmentRequest]) -> Iterator[State]:
    """What patients see of their stored requests, one in each status."""
    for status, request in requests.items():
        yield State(f"status, {status}", "/status/yours/", opened(request))
    just_sent = answered({}, sent=requests["waiting"].reference, sent_at=time.time())
    yield State("visit, just sent", "/visit/sent/", just_sent)
    yield State("visit, sent, summary", "/visit/sent/summary/", just_sent)
    cookies = opened(requests["booked"])
    yield State("status, changed", "/status/yours/?done", cookies)
    yield State("status, summary", "/status/yours/summary/", cookies)
    yield State("status, phone", "/status/yours/phone/", cookies)
    yield State("status, wrong phone", "/status/yours/phone/", cookies, sent={"phone": "555"}, status=422)
    yield State("status, times", "/status/yours/times/", cookies)
    yield State("status, no times", "/status/yours/times/", cookies, sent={}, status=422)
    yield State(
        "status, changed meanwhile",
        "/status/yours/withdraw/",
        cookies,
        sent={"version": "0", "what": "cancel"},
        status=409,
    )
    yield State("status, withdraw, nothing chosen", "/status/yours/withdraw/", cookies, sent={}, status=422)
    yield State("choose a time, too old", "/visit/choose/x/", status=404)
    yield State("visit, lost", "/visit/sent/", answered({}, sent=REFERENCE, sent_at=time.time()), status=404)
    offered = requests["claimed"]
    if offered.nurse_check:
        perform(ANSWER, offered, by=offered.claimed_by, answer="fine")
    perform(OFFER, offered, by=offered.claimed_by, times=list(free_slots(most=2)))
    yield State("choose a time", link_of(offered))
    yield State("choose a time, none chosen", link_of(offered), sent={}, status=422)
    yield State("choose a time, opened", "/status/yours/choose/", opened(offered))
    yield State("status, withdraw", "/status/yours/withdraw/", cookies)
    times = {"call_times": "morning", "version": "0"}
    yield State("status, too late", "/status/yours/times/", opened(requests["closed"]), sent=times, status=409)
    keys = {f"date_of_birth_{part}": "1" for part in ("month", "day")} | {"date_of_birth_year": "1950"}
    unknown = {**keys, "reference": grouped(REFERENCE)}
    yield State("status, not found", "/status/", sent=unknown, status=422)
    no_database = failing("appointments.lifecycle.status_words.find")
    yield State("status, cannot be looked up", "/status/", sent=unknown, status=503, meanwhile=no_database)
    no_more_tries = patch("appointments.portal.guesses.MOST_TRIES_PER_REFERENCE", 0)
    yield State("status, too many tries", "/status/", sent=unknown, status=429, meanwhile=no_more_tries)


def staff_states(session: dict[str, str], requests: dict[str, AppointmentRequest]) -> Iterator[State]:
    """The pages for staff who have signed in, with one request in each status."""
    queue = reverse("admin:appointments_appointmentrequest_changelist")
    yield State("sign in", "/admin/login/")
    yield State("sign in, refused", "/admin/login/", sent={"username": "nobody", "password": "wrong"})
    yield from states_of_signing_in(requests["claimed"])
    yield State("home", "/admin/", session)
    yield State("how requests move", "/admin/how-requests-move/", session)
    yield from states_of_the_rules(session)
    yield from states_of_a_new_request(session, requests["closed"].closed_by)
    yield State("queue", queue, session)
    yield State("queue, all", f"{queue}?queue=all", session)
    yield State("queue, callable now", f"{queue}?queue=callable", session)
    yield State("queue, found", queue, session, sent={"q": "Maximiliana"})
    yield State("queue, nothing found", queue, session, sent={"q": "nobody at all"})
    for status, request in requests.items():
        yield State(f"call sheet, {status}", f"{queue}{request.pk}/change/", session)
    held = requests["claimed"]
    now = {"version": str(held.version)}
    # Before she agrees nothing can be booked or offered.
    AppointmentRequest.objects.filter(pk=held.pk).update(nurse_check="fine")
    for verb in ("log-call", "book", "offer", "skip", "close", "correct"):
        yield State(
            f"call sheet, {verb} not filled in", f"{queue}{held.pk}/do/{verb}/", session, sent=now, status=422
        )
    yield State("call sheet, claimed twice", f"{queue}{held.pk}/do/claim/", session, sent=now, status=409)
    stale = {"version": "0", "outcome": "no_answer"}
    yield State("call sheet, changed meanwhile", f"{queue}{held.pk}/do/log-call/", session, sent=stale, status=409)
    yield State("letter", f"/admin/letter/{held.pk}/", session)
    yield State("for the record", f"/admin/requests/{held.pk}/record/", session)
    pages = ("hand-over", "nurse", "duplicates", "report", "export", "day-sheet", "free-times", "audit")
    for page in (*pages, "calendar-feeds"):
        yield State(page, f"/admin/{page}/", session)
    yield State("free times for a request", f"/admin/free-times/?request={held.pk}", session)
    day = timezone.localdate(requests["booked"].appointment.starts_at)
    holiday = {"date": f"{day}", "name": "A day off"}
    yield State("visits that a holiday touches", "/admin/appointments/holiday/add/", session, sent=holiday)
    Message.objects.create(request=held, kind="received", channel="text", attempts=2, error="no connection")
    failed = {"state": "failed", "done_at": timezone.now(), "error": "the mail server refused the address (550)"}
    Message.objects.bulk_create(
        Message(request=held, kind=kind, channel="email", attempts=12, **failed) for kind in ("booked", "reminder")
    )
    yield State("messages", "/admin/messages/", session)
    twins = [{"id": f"a{number}", "words": "Ana Example, born 1948-03-14, (212) 555-0123"} for number in (1, 2)]
    PatientMatch.objects.create(request=held, candidates=twins)
    PatientMatch.objects.create(request=requests["booked"], patient_id="a3")
    yield State("patients in the health record", "/admin/patient-matches/", session)
    yield State("retention", "/admin/retention/", session)
    yield State("home, with failed messages", "/admin/", session)
    Incarnation.objects.mark()
    yield State("restored", "/admin/restored/", session)
    yield State("home, of a restored copy", "/admin/", session)
    Incarnation.objects.all().delete()
    AppointmentRequest.objects.filter(pk=requests["waiting"].pk).update(doubts="many requests from one address")
    yield State("home, with a doubtful request", "/admin/", session)
    yield State("perhaps not a person", "/admin/doubts/", session)
    yield State("perhaps not a person, none chosen", "/admin/doubts/", session, sent={"said": "vouch"}, status=422)
    pair = requests["waiting"].possible_duplicates.first() or requests["closed"].possible_duplicates.first()
    yield State("duplicate", f"/admin/duplicates/{pair.pk}/", session)
    desk = {"label": "Front desk", "place": f"{requests['booked'].appointment.place_id}"}
    yield State("calendar feeds, one made", "/admin/calendar-feeds/", session, sent=desk)
    yield State("calendar feeds, not filled in", "/admin/calendar-feeds/", session, sent={}, status=422)
    yield State("export, no purpose", "/admin/export/", session, sent={"purpose": ""}, status=422)
    yield State("hand-over, to nobody", "/admin/hand-over/", session, sent={"to": ""}, status=422)
    yield State("audit, no reference", "/admin/audit/", session, sent={"reference": ""}, status=422)
    to = held.claimed_by_id
    yield State("hand out, a preview", f"/admin/assign/?to={to}&which=waiting&most=5", session)
    table = "Clinician,Location,Weekday,Starts,Ends\nDr. Sample,Main clinic,Monday,9:00,12:00\n"
    hours = {"kind": "hours", "table": table}
    yield State("paste hours", "/admin/paste-hours/", session)
    yield State("paste hours, a preview", "/admin/paste-hours/", session, sent=hours)
    wrong = {**hours, "table": f"{table}Dr. Sample,,Someday"}
    yield State("paste hours, what is wrong", "/admin/paste-hours/", session, sent=wrong, status=422)
    yield State("holidays of the law", "/admin/add-holidays/?state=NY", session)
    yield State("holidays of the law, none ticked", "/admin/add-holidays/", session, sent={}, status=422)
    yield State("copy a week", "/admin/copy-hours/", session)
    yield State("copy a week, of nobody", "/admin/copy-hours/", session, sent={}, status=422)
    tables = ("clinician", "consultinghours", "openinghours", "holiday", "caller", "knownnetwork", "referralsource")
    tables = (*tables, "clinicdetails", "clinicnotices", "languagehelp")
    for table in tables:
        yield State(f"table {table}", f"/admin/appointments/{table}/", session)
        yield State(f"table {table}, a new row", f"/admin/appointments/{table}/add/", session)


def states_of_the_rules(session: dict[str, str]) -> Iterator[State]:
    """The pages about the rules: who signed them, where answers lead, and what changed."""
    yield State("sign-offs", "/admin/sign-offs/", session)
    yield State("sign-offs, not filled in", "/admin/sign-offs/", session, sent={}, status=422)
    yield State("versions", "/admin/versions/", session)
    yield State("versions, none such", "/admin/versions/?before=0.1", session, status=400)
    page = "/admin/what-if/"
    yield State("what if, blank", page, session)
    yield State("what if, an answer", page, session, sent={"cancer": "myeloma", "safety": ["infection"]})
    yield State("what if, an emergency", page, session, sent={"red_flags": ["legs"]})
    together = {"red_flags": ["legs", "none"]}
    yield State("what if, not together", page, session, sent=together, status=422)
    sheet = "Case,Who,Result\nA1,As expected,not_matching\nA2,Not as expected,likely_candidate"
    yield State("what if, a sheet", page, session, sent={"sheet": sheet})
    yield State("what if, no sheet", page, session, sent={"sheet": "Case,Result\nA1,sometimes"}, status=422)


def states_of_a_new_request(session: dict[str, str], user) -> Iterator[State]:
    """The pages of the script, with the longest answers and in Spanish too; each is what the one before leads to."""
    page = "/admin/new-request/"
    opening = {"source": "referral", "referred_by": "Example Practice", "filled_in_for": "someone_else"}

    def sent(at: str, answers: Answers, **typed) -> Typed:
        return {"said": Talk(entered={**answers, **opening}).sealed(user), "at": at, "go": "on", **typed}

    signs = {"red_flags": EVERYTHING["red_flags"]}
    rest = {key: answer for key, answer in EVERYTHING.items() if key not in signs}
    yield State("new request", page, session)
    yield State("new request, a sign", page, session, sent=sent("warning-signs", {}, red_flags=["legs"], **opening))
    yield State("new request, questions", page, session, sent=sent("warning-signs", {}, **signs, **opening))
    yield State("new request, not answered", page, session, sent=sent("questions", signs), status=422)
    yield State("new request, result", page, session, sent=sent("questions", signs, **rest))
    again = {**VISIT_ANSWERS, **WHO, **HELPER, **CALL, **CHECK}
    yield State("new request, asked before", page, session, sent=sent("result", EVERYTHING, **again), status=409)
    yield State("new request, in Spanish", page, session, sent=sent("result", EVERYTHING, speak="es"))
    yield State("new request, of somebody else", page, session, sent={"said": "x"}, status=422)


def states_of_signing_in(request: AppointmentRequest) -> Iterator[State]:
    """What comes between the password and the work, for somebody without an app and for somebody with one."""
    names = ("no app", "an app", "a first password")
    without_app, with_app, with_first_password = map(get_user_model().objects.create_superuser, names)
    app = TOTPDevice.objects.create(user=with_app, name="Authenticator app")
    new, half_way = signed_in_as(without_app), signed_in_as(with_app)
    session = signed_in_as(with_app, app)
    asked = override_settings(SECOND_FACTOR=True)
    wrong = {"username": "nobody", "password": "wrong"}
    locked = override_settings(AXES_FAILURE_LIMIT=1)
    yield State("sign in, locked", "/admin/login/", sent=wrong, status=429, meanwhile=locked)
    path = "/admin/second-factor"
    yield State("second factor, set up", f"{path}/set-up/", new, meanwhile=asked)
    yield State("second factor, set up, no code", f"{path}/set-up/", new, sent={}, status=422, meanwhile=asked)
    for page in ("", "recovery-code/"):
        yield State(f"second factor {page}", f"{path}/{page}", half_way, meanwhile=asked)
        yield State(f"second factor {page} wrong", f"{path}/{page}", half_way, sent={}, status=422, meanwhile=asked)
    long_ago = override_settings(SECOND_FACTOR=True, CONFIRM_MINUTES=0)
    yield State("confirm", f"{path}/confirm/", session, meanwhile=long_ago)
    yield State("confirm, no code", f"{path}/confirm/", session, sent={}, status=422, meanwhile=long_ago)
    yield State("recovery codes, new ones", f"{path}/new-recovery-codes/", session, meanwhile=asked)
    yield State("recovery codes, shown once", f"{path}/new-recovery-codes/", session, sent={}, meanwhile=asked)
    yield State("sessions", "/admin/sessions/", session, meanwhile=asked)
    yield State("password change", "/admin/password_change/", session, meanwhile=asked)
    sso = {"SSO_ISSUER": "http://localhost:1", "SSO_NAME": "Example Health", "SSO_BREAK_GLASS": []}
    from_provider = signed_in_as(without_app, at_the_provider=True)
    yield State("sign in, with a provider", "/admin/login/", meanwhile=override_settings(**sso))
    yield State("sign in, with a provider, refused", "/admin/login/", sent=wrong, meanwhile=override_settings(**sso))
    yield State("provider is away", "/admin/sso/", status=503, meanwhile=override_settings(**sso))
    yield State("sessions, by a provider", "/admin/sessions/", from_provider, meanwhile=asked)
    yield State("confirm at the provider", f"{path}/confirm/", from_provider, meanwhile=long_ago)
    FirstPassword.objects.create(user=with_first_password, set_at=timezone.now())
    yield State("password change, the first", "/admin/password_change/", signed_in_as(with_first_password))
    many = override_settings(SIGN_IN_TRIES_PER_ADDRESS=0)
    yield State("sign in, address locked", "/admin/login/", sent=wrong, status=429, meanwhile=many)
    sheet = reverse("admin:appointments_appointmentrequest_do", args=[request.pk, "log-call"])
    answer = HttpResponse()
    unsent.keep(RequestFactory().post(sheet, {"outcome": "no_answer", "note": "Long " * 40}), answer, with_app)
    kept = {name: cookie.value for name, cookie in answer.cookies.items()}
    yield State("not sent yet", "/admin/unsent/", session | kept, meanwhile=asked)


def signed_in_as(user, app: TOTPDevice | None = None, *, at_the_provider=False) -> dict[str, str]:
    """The cookies of a browser in which somebody has signed in, by a password, an app too, or a provider."""
    client = Client()
    client.force_login(user)
    if at_the_provider:
        session = client.session
        session[OF_PROVIDER] = True
        session.save()
    if app:
        session = client.session
        session[DEVICE_ID_SESSION_KEY] = app.persistent_id
        session.save()
        AccountSession.objects.filter(user=user).update(code_given_at=timezone.now())
    return {settings.SESSION_COOKIE_NAME: client.cookies[settings.SESSION_COOKIE_NAME].value}


def failing(function: str, failure: type[Exception] = OperationalError) -> AbstractContextManager:
    """Meanwhile this function fails, as when it cannot reach the database."""
    return patch(function, side_effect=failure("made to fail"))


def answered(answers: Answers, pathway: Pathway = PATHWAY, **notes) -> dict[str, str]:
    """The cookies of a browser after these answers."""
    visitor = Visitor(Journey(pathway, answers), notes=notes)
    return {name: cookie.value for name, cookie in remember(HttpResponse(), visitor).cookies.items()}


def unusable_cookies() -> dict[str, dict[str, str]]:
    with patch("time.time", return_value=time.time() - MAX_AGE - 60):
        expired = answered(EVERYTHING)
    return {
        "unreadable": {COOKIE: "not-one-of-our-seals"},
        "expired": expired,
        "outdated": {COOKIE: seal({"version": "before the first"}, purpose=COOKIE)},
    }


def opened(request: AppointmentRequest) -> dict[str, str]:
    """The cookies of a browser in which a patient has opened this request."""
    return {views.COOKIE: views.opening_of(request)}


PUBLIC = list(public_states())
