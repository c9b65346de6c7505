"""The queue that schedulers work in. It shows and asks; what a verb does is written where the verb is."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.html import format_html, format_html_join
from django.utils.timesince import timesince
from django.views.decorators.http import require_POST, require_safe

from screening.pathway import PATHWAY

from . import reference
from .changes import Refused
from .fields import CALL_TIMES
from .models import QUEUE_ORDER, AppointmentRequest, Clinician, Place, Status
from .verbs import VERBS

admin.site.site_header = admin.site.site_title = "Upright"
admin.site.index_title = "Visit requests"
# The queue needs the width.
admin.site.enable_nav_sidebar = False

FLAGS_IN_QUEUE = 2


@admin.register(Clinician, Place)
class ResourceAdmin(admin.ModelAdmin):
    list_display = ("name", "is_active")
    ordering = ("name",)


class QueueFilter(admin.SimpleListFilter):
    """Open requests unless something else is asked for: that is the list people work from."""

    title = "queue"
    parameter_name = "queue"

    def lookups(self, request, model_admin):
        return [
            ("mine", "Held by me"),
            ("waiting", "Held by nobody"),
            ("booked", "Booked"),
            ("closed", "Closed"),
            ("doubtful", "Perhaps not a person"),
            ("all", "All"),
        ]

    def choices(self, changelist):
        yield {
            "selected": self.value() is None,
            "query_string": changelist.get_query_string(remove=[self.parameter_name]),
            "display": "Open",
        }
        yield from list(super().choices(changelist))[1:]

    def queryset(self, request, queryset):
        match self.value():
            case "mine":
                return queryset.filter(claimed_by=request.user)
            case "waiting" | "booked" | "closed" as status:
                return queryset.filter(status=status)
            case "doubtful":
                return queryset.filter(is_doubtful=True)
            case "all":
                return queryset
        return queryset.open()


@admin.register(AppointmentRequest)
class AppointmentRequestAdmin(admin.ModelAdmin):
    list_display = ("who", "priority_badge", "waiting", "speaks", "flag_badges", "held", "next_call")
    list_filter = (QueueFilter,)
    list_select_related = ("claimed_by", "appointment__clinician", "appointment__place", "earlier")
    ordering = QUEUE_ORDER
    search_fields = ("name", "reference", "phone", "email")
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    actions = None

    class Media:
        css = {"all": ["upright/staff.css"]}  # noqa: RUF012  # Django reads it as it is

    def has_add_permission(self, request):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    def lookup_allowed(self, lookup, value, request=None):
        # Free lookups let somebody read a field letter by letter, and a broken one is a server error.
        return lookup == QueueFilter.parameter_name

    def get_search_results(self, request, queryset, search_term):
        if exact := reference.parse(search_term):
            return queryset.filter(reference=exact), False
        return super().get_search_results(request, queryset, search_term)

    def get_urls(self):
        own = [
            path(
                "<int:pk>/do/<slug:key>/",
                self.admin_site.admin_view(self.do_view),
                name="appointments_appointmentrequest_do",
            )
        ]
        return own + super().get_urls()

    # The columns of the queue.

    @admin.display(description="Patient")
    def who(self, obj):
        doubt = format_html('<br><span class="flag">{}</span>', "perhaps not a person") if obj.is_doubtful else ""
        return format_html("{}<br><small>{}</small>{}", obj.name, reference.grouped(obj.reference), doubt)

    @admin.display(description="Priority")
    def priority_badge(self, obj):
        return format_html('<span class="badge {}">{}</span>', obj.priority.lower(), obj.priority)

    @admin.display(description="Waiting")
    def waiting(self, obj):
        recent = format_html("<br><small>{}</small>", "newer pain") if obj.is_recent_pain else ""
        return format_html("{}{}", timesince(obj.created_at, depth=1), recent)

    @admin.display(description="Language")
    def speaks(self, obj):
        interpreter = format_html("<br><small>{}</small>", "interpreter") if obj.needs_interpreter else ""
        return format_html("{}{}", language_of(obj), interpreter)

    @admin.display(description="Ask the nurse about")
    def flag_badges(self, obj):
        flags = flags_of(obj)
        shown = format_html_join(
            " ", '<span class="flag">{}</span>', ((flag.label,) for flag in flags[:FLAGS_IN_QUEUE])
        )
        more = len(flags) - FLAGS_IN_QUEUE
        return format_html("{} {} more", shown, f"+{more}") if more > 0 else shown

    @admin.display(description="State")
    def held(self, obj):
        match obj.status:
            case Status.CLAIMED:
                return f"Held by {obj.claimed_by}"
            case Status.BOOKED:
                return f"Booked: {obj.appointment}"
            case Status.CLOSED:
                return f"Closed: {obj.get_close_reason_display()}"
        return "Waiting"

    @admin.display(description="Call")
    def next_call(self, obj):
        if obj.next_call_at and obj.next_call_at > timezone.now():
            return f"{timezone.localtime(obj.next_call_at):%a %b %-d, %-I:%M %p}"
        return "now" if obj.status in (Status.WAITING, Status.CLAIMED) else ""

    def changelist_view(self, request, extra_context=None):
        return super().changelist_view(request, {"title": "Queue", **(extra_context or {})})

    # The call sheet.

    @method_decorator(require_safe)
    def change_view(self, request: HttpRequest, object_id: str, form_url="", extra_context=None) -> HttpResponse:
        visit_request = self.get_object(request, object_id)
        if visit_request is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not self.has_view_permission(request, visit_request):
            raise PermissionDenied
        return self._call_sheet(request, visit_request)

    def history_view(self, request, object_id, extra_context=None):
        return redirect(self._sheet_url(object_id))

    @method_decorator(require_POST)
    def do_view(self, request: HttpRequest, pk: int, key: str) -> HttpResponse:
        """Do one verb. What cannot be done is said on the call sheet, above what was typed."""
        verb = next((verb for verb in VERBS if verb.key == key), None)
        if verb is None:
            raise Http404
        visit_request = get_object_or_404(self.get_queryset(request), pk=pk)
        if not self.has_change_permission(request, visit_request):
            raise PermissionDenied
        form = verb.form(visit_request, request.POST, auto_id=f"{key}_%s")
        if not form.is_valid():
            return self._call_sheet(request, visit_request, tried=(verb, form), status=422)
        try:
            verb.do(visit_request, by=request.user, **form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, str(refusal))
            visit_request.refresh_from_db()
            return self._call_sheet(request, visit_request, tried=(verb, form), status=409)
        messages.success(request, verb.done)
        return redirect(self._sheet_url(pk))

    def _sheet_url(self, pk) -> str:
        return reverse("admin:appointments_appointmentrequest_change", args=[pk])

    def _call_sheet(self, request, visit_request, tried=(None, None), status=200) -> HttpResponse:
        tried_verb, tried_form = tried
        may_change = self.has_change_permission(request, visit_request)
        offered = [verb for verb in VERBS if may_change and verb.is_offered(visit_request, request.user)]
        if tried_verb and tried_verb not in offered:
            offered.insert(0, tried_verb)
        context = {
            **self.admin_site.each_context(request),
            "title": f"{'Error: ' if tried_verb else ''}Call sheet {visit_request}",
            "opts": self.opts,
            "media": self.media,
            "visit_request": visit_request,
            "language": language_of(visit_request),
            "flags": flags_of(visit_request),
            "outcome": PATHWAY.outcome(visit_request.outcome),
            "is_current_pathway": visit_request.pathway_version == PATHWAY.version,
            "answers": answers_in_words(visit_request),
            "call_times": call_times_of(visit_request),
            "history": history_of(visit_request),
            "related": [visit_request.earlier, *visit_request.later.all()],
            "verbs": [
                (verb, tried_form if verb is tried_verb else verb.form(visit_request, auto_id=f"{verb.key}_%s"))
                for verb in offered
            ],
            "tried": tried_verb,
        }
        template = "admin/appointments/appointmentrequest/call_sheet.html"
        return TemplateResponse(request, template, context, status=status)


def language_of(visit_request: AppointmentRequest) -> str:
    return visit_request.other_language or visit_request.get_language_display()


def flags_of(visit_request: AppointmentRequest) -> list:
    return [flag for flag in PATHWAY.flags if flag.key in visit_request.flags]


def call_times_of(visit_request: AppointmentRequest) -> list[str]:
    return [str(label) for value, label in CALL_TIMES if value in visit_request.call_times]


def answers_in_words(visit_request: AppointmentRequest) -> list[tuple[str, str]]:
    """What was answered, in the words of today's pathway, or as stored where those no longer know it."""
    questions = {question.key: question for question in (*PATHWAY.questions, *PATHWAY.visit_questions)}
    rows = []
    for key, answer in visit_request.answers.items():
        question = questions.get(key)
        labels = [option.label for option in question.chosen(visit_request.answers)] if question else []
        stored = answer if isinstance(answer, str) else ", ".join(answer)
        rows.append((question.name if question else key, ", ".join(labels) or stored))
    return rows


def history_of(visit_request: AppointmentRequest) -> list:
    happened = [
        *visit_request.events.select_related("by"),
        *visit_request.contact_attempts.select_related("by"),
    ]
    return sorted(happened, key=lambda entry: entry.at, reverse=True)
