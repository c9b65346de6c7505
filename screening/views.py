"""The public pages up to the result. None of them asks the database for anything."""

import logging
import re
from collections.abc import Callable
from functools import cache, partial
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.middleware.csrf import get_token
from django.middleware.gzip import GZipMiddleware
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import decorator_from_middleware
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods, require_safe

from common.error_pages import shown_again, status_of_showing_again
from common.pages import PAGES

from . import kept
from .forms import AnswersForm
from .mounted import offered_pathway
from .pathways import PATHWAYS
from .picture import picture_of
from .questionnaire.assessment import Assessment, Emergency
from .questionnaire.conditions import Answer
from .questionnaire.decision_table import Row, decision_table
from .questionnaire.explanation import Ending
from .questionnaire.journey import Journey
from .questionnaire.questions import Number, Page, Question, Scale
from .releases import releases
from .sign_off import current_sign_off, signatures, unreviewed_languages
from .signals import check_finished, check_started
from .signed_text import fingerprint
from .visitor import LINK_CODE, MYSELF, Visitor, forget, remember, visitor_of
from .wording import say

# On a page that is kept; each visitor has one of their own.
PLACE_OF_TOKEN = "\N{OBJECT REPLACEMENT CHARACTER}" * 4
logger = logging.getLogger(__name__)


class _Compressed(GZipMiddleware):
    """For the three long pages. They have nothing of a person on them that their length could give away.

    So nothing is added by chance to hide it, and each page weighs the same every time.
    """

    max_random_bytes = 0


gzip_page = decorator_from_middleware(_Compressed)


@gzip_page
@require_safe
def education(request: HttpRequest) -> HttpResponse:
    """Keeps the code of the link that led here, if it is spelt like one; whose it is, the request will ask."""
    pathway = offered_pathway(request)
    context = {"sign_off": current_sign_off(pathway.key), "pathway": pathway}
    page = render(request, f"screening/education/{pathway.key}.html", context)
    code = request.GET.get("from", "").lower()
    return remember(page, visitor_of(request).with_notes(came_from=code)) if re.fullmatch(LINK_CODE, code) else page


@gzip_page
@require_safe
def how_it_decides(request: HttpRequest) -> HttpResponse:
    pathway = offered_pathway(request)
    context = {
        "pathway": pathway,
        "sign_off": current_sign_off(pathway.key),
        "fingerprint": fingerprint(pathway.key),
        "is_unreviewed": get_language() in unreviewed_languages(),
    }
    return render(request, "screening/how_it_decides.html", context)


@gzip_page
@require_safe
def rule_at_a_glance(request: HttpRequest) -> HttpResponse:
    pathway = offered_pathway(request)
    context = {
        "pathway": pathway,
        "picture": picture_of(pathway),
        "tables": [(situation.name, _table(pathway.key, at)) for at, situation in enumerate(pathway.situations)],
        "releases": releases(pathway.key),
    }
    return render(request, "screening/rule_at_a_glance.html", context)


@cache
def _table(key: str, number: int) -> list[Row]:
    """Once in a process: it is some hundreds of assessments."""
    return decision_table(PATHWAYS[key], PATHWAYS[key].situations[number])


@shown_again
@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HttpRequest) -> HttpResponse:
    visitor = visitor_of(request)
    if request.method != "POST":
        pathway = visitor.journey.pathway
        context = {
            "pathway": pathway,
            "visitor": visitor,
            "url": _where_they_are(visitor),
            "most_pages": Journey(pathway, {}).likely_length,
        }
        return render(request, "screening/start.html", context)
    if status_of_showing_again(request):
        # Also where a browser keeps no cookies, the warning signs are asked.
        return redirect(_where_they_are(visitor))
    visitor = visitor.with_notes(for_someone_else=request.POST.get("answering_for") != MYSELF)
    return remember(redirect(_where_they_are(visitor)), visitor)


@require_http_methods(["GET", "HEAD", "POST"])
def start_again(request: HttpRequest) -> HttpResponse:
    """Asks before it deletes; with nothing to delete there is nothing to ask."""
    visitor = visitor_of(request)
    if request.method == "POST":
        return forget(redirect("screening:start"), visitor)
    if visitor.is_new:
        return redirect("screening:start")
    return render(request, "screening/start_again.html", {"url": _where_they_are(visitor)})


@shown_again
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, key: str) -> HttpResponse:
    pathway = offered_pathway(request)
    if outcome := next((outcome for outcome in pathway.emergencies if outcome.address == key), None):
        return emergency(request, outcome)
    if page := pathway.page(key):
        return question(request, page)
    raise Http404


def question(request: HttpRequest, page: Page) -> HttpResponse:
    visitor = visitor_of(request)
    if not visitor.journey.can_visit(page):
        return _lead_back(visitor)

    if request.method != "POST":
        return _question_page(request, visitor, page)
    form = AnswersForm(visitor.journey, page, request.POST)
    again = status_of_showing_again(request)
    if again == 200:
        return _question_page(request, visitor, page, form.unjudged())
    is_valid = form.is_valid()
    if again:
        # Also where a browser keeps no cookies, so that no form counts, a warning sign is answered. Nothing is kept.
        stopped = is_valid and visitor.with_answers(form.cleaned_data).journey.stopped
        if stopped:
            return _get_help(visitor, stopped)
        return _question_page(request, visitor, page, form, again)
    if not is_valid:
        return _question_page(request, visitor, page, form, status=422)

    before, visitor = visitor, visitor.with_answers(form.cleaned_data)
    _tell_how_far(before.journey, visitor.journey)
    if stopped := visitor.journey.stopped:
        return _get_help(before, stopped)
    return remember(redirect(_after(visitor, page, changing="change" in request.GET)), visitor)


@require_safe
def answers(request: HttpRequest) -> HttpResponse:
    visitor = visitor_of(request)
    if not visitor.journey.is_complete:
        return _lead_back(visitor)
    context = {
        "rows": answer_rows(visitor.journey),
        "previous": visitor.journey.pages[-1],
        "for_someone_else": visitor.is_someone_else,
    }
    return render(request, "screening/answers.html", context)


@require_safe
def result(request: HttpRequest) -> HttpResponse:
    visitor = visitor_of(request)
    if not visitor.journey.is_complete:
        return _lead_back(visitor)
    context = {
        "pathway": visitor.journey.pathway,
        "assessment": visitor.journey.assessment,
        "for_someone_else": visitor.is_someone_else,
    }
    return render(request, "screening/result.html", context)


@require_safe
def summary(request: HttpRequest) -> HttpResponse:
    """One page to print and keep, or to show to one's own doctor."""
    visitor = visitor_of(request)
    if not visitor.journey.is_complete:
        return _lead_back(visitor)
    pathway = visitor.journey.pathway
    version = {"version": pathway.version, "fingerprint": fingerprint(pathway.key)}
    return summary_page(request, visitor.journey, back=reverse("screening:result"), **version)


def summary_page(request: HttpRequest, journey: Journey, *, back: str, **more: Any) -> HttpResponse:
    """The answers of `journey` may include those that were given with a visit request."""
    with_visit: dict[str, Answer] = {}
    for question in journey.pathway.visit_questions:
        if question.accepts(answer := journey.answers.get(question.key)):
            with_visit[question.key] = answer
    ending = Ending(journey.pathway, given=journey.relevant_answers, with_visit=with_visit)
    points: dict[str, list[str]] = {}
    for finding in journey.assessment.findings:
        points.setdefault(finding.label, []).append(finding.criterion.title)
    context = {
        "pathway": journey.pathway,
        "points": points,
        "rows": _in_short([row for row in answer_rows(journey) if row["about"] not in ending.told]),
        "ending": ending,
        "assessment": journey.assessment,
        "back": back,
        "today": timezone.localdate(),
        **more,
    }
    return render(request, "screening/summary.html", context)


def answer_rows(journey: Journey) -> list[dict]:
    """What was asked and answered, in the reader's language, each with the page that can change it."""
    answers = journey.relevant_answers
    return [
        {
            "page": page,
            "about": question,
            "question": say(question.text if len(page.questions) == 1 else question.name),
            "name": say(question.name),
            "answers": question.in_words(answers, say),
        }
        for page in journey.pages
        for question in journey.questions_on(page)
    ]


def _in_short(rows: list[dict]) -> list[dict]:
    """What was answered in the same way to several questions of one page, in one row."""
    short: dict[tuple, dict] = {}
    for row in rows:
        same = short.setdefault((row["page"], *row["answers"]), {**row, "names": []})
        same["names"].append(row["name"])
    return [*short.values()]


@require_safe
def emergency(request: HttpRequest, outcome: Emergency) -> HttpResponse:
    """In every language at once: who reads this may not be who answered."""
    here = get_language()
    codes = sorted((code for code, _name in settings.LANGUAGES), key=lambda code: code != here)
    [first, *_others] = offered_pathway(request).pages
    context = {"outcome": outcome, "codes": codes, "first": first}
    response = render(request, "screening/emergency.html", context)
    response["X-Robots-Tag"] = "noindex"
    return response


def _question_page(
    request: HttpRequest, visitor: Visitor, page: Page, form: AnswersForm | None = None, status: int = 200
) -> HttpResponse:
    """With the form that was sent, or with what was answered before."""
    journey = visitor.journey
    asked = journey.questions_on(page)
    changing = "change" in request.GET
    before = journey.before(page)
    if changing and journey.is_complete:
        back = reverse("screening:answers")
    elif before:
        back = reverse("screening:question", args=[before.key])
    else:
        back = reverse("screening:start")
    follows_from = {
        "back": back,
        "number": journey.pages.index(page) + 1,
        "likely_length": journey.likely_length,
        "for_someone_else": visitor.is_someone_else,
        "must_be_sent_again": status == 403,
        "trouble": visitor.trouble,
        "lost": "lost" in request.GET and visitor.is_new,
    }

    def made(token: str) -> str:
        context = {
            "page": page,
            "form": form or AnswersForm(journey, page),
            "has_shared_heading": len(page.questions) > 1,
            "asks_for_warning_signs": any(one.key in journey.pathway.emergency_questions for one in page.questions),
            "csrf_token": token,
        }
        return render_to_string("screening/question.html", context | follows_from, request)

    if form or any(question.key in journey.relevant_answers for question in asked):
        # What was typed is on it, so nothing is put into its place afterwards.
        text = made(get_token(request))
    else:
        signed = (is_so() for is_so in signatures(request).values())
        which = (journey.pathway.key, page.key, *(question.key for question in asked))
        key = (get_language(), which, *follows_from.values(), *signed)
        text = kept.once(key, partial(made, PLACE_OF_TOKEN)).replace(PLACE_OF_TOKEN, get_token(request))
    return HttpResponse(text, status=status)


def _get_help(before: Visitor, stopped: Assessment) -> HttpResponse:
    """To a page of its own, so that it can be reloaded, printed and come back to, and holds no answers."""
    if not isinstance(stopped.outcome, Emergency):
        raise TypeError(f"{stopped.outcome.key} ends the check without a page of its own")
    response = HttpResponseRedirect(reverse("screening:question", args=[stopped.outcome.address]), status=303)
    kept = before.without_emergency()
    return forget(response, before) if kept.is_new and not kept.notes else remember(response, kept)


def _tell_how_far(before: Journey, after: Journey) -> None:
    about = {"language": get_language(), "pathway": after.pathway.key}
    if not before.relevant_answers:
        check_started.send_robust(sender=Journey, outcome="", **about)
    if after.stopped or (after.is_complete and not before.is_complete):
        check_finished.send_robust(sender=Journey, outcome=after.assessment.outcome.key, **about)


def _lead_back(visitor: Visitor) -> HttpResponse:
    """From a page that is not open to this visitor, to the one that is next on their way."""
    if visitor.is_new and visitor.has_sent:
        return redirect(PAGES["sent"])
    lost = "?lost" if visitor.is_new else ""
    return redirect(f"{_where_they_are(visitor)}{lost}")


def _where_they_are(visitor: Visitor) -> str:
    page = visitor.journey.next_page
    return reverse("screening:question", args=[page.key]) if page else reverse("screening:answers")


def _after(visitor: Visitor, page: Page, *, changing: bool) -> str:
    """Where an answer leads: to the next page, or, from a "change" link, back by way of what it newly opens."""
    following = visitor.journey.next_page if changing else visitor.journey.after(page)
    if following is None:
        return reverse("screening:answers")
    url = reverse("screening:question", args=[following.key])
    return f"{url}?change" if changing else url


@require_safe
def components(request: HttpRequest) -> HttpResponse:
    """Every part that pages are made of, side by side, for those who work on them."""
    if not settings.DEVELOPMENT:
        raise Http404
    pathway = offered_pathway(request)
    answers = EVERY_VERDICT.get(pathway.key, {})
    journey = Journey(pathway, answers).completed()

    def form_with_most(what: Callable[[Question], bool], data: QueryDict | None = None) -> AnswersForm:
        """Of the page with the most questions of that kind: where there is none, of the first."""
        page = max(journey.pages, key=lambda page: sum(map(what, journey.questions_on(page))))
        return AnswersForm(journey, page, data)

    context = {
        "pathway": pathway,
        "blank": form_with_most(lambda question: isinstance(question, Scale | Number)),
        "filled": form_with_most(lambda question: question.takes_several and question.key in answers),
        "wrong": form_with_most(lambda question: True, QueryDict()),
        "rows": answer_rows(journey)[:4],
        "assessment": journey.assessment,
        "emergencies": pathway.emergencies,
        "pictures": [f"screening/pictures/{name}.html" for name in PICTURES],
    }
    return render(request, "screening/components.html", context)


PICTURES = ("vertebra", "kyphoplasty", "vertebroplasty", "ten_people", "lying", "time_line", "warning_signs")

# What it takes for every verdict to occur, by pathway; the rest is answered quietly.
EVERY_VERDICT: dict[str, dict[str, Answer]] = {
    "vertebral_cement": {
        "pain": "8",
        "osteoporosis": "yes",
        "fracture": "suspect",
        "height_loss": "not_sure",
        "tried": ["brace", "rest"],
        "helped_brace": "no",
        "helped_rest": "little",
        "clotting": "yes",
        "blood_thinner": "yes",
        "safety": ["infection", "not_sure"],
    }
}
