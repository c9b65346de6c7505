"""The staff's side of the product: Django's admin with pages of our own, all of them listed here."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.contrib.admin.apps import AdminConfig
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, path
from django.utils.functional import SimpleLazyObject

from accounts.site import SignInSite
from appointments.roles import ADDED_BY_MANAGERS, KEPT_BY_MANAGERS

# Django's own pages of these tables show nothing of a patient.
TABLES = (*(f"appointments_{model}" for model in (*KEPT_BY_MANAGERS, *ADDED_BY_MANAGERS)), "auth_user", "auth_group")
OF_A_TABLE = ("changelist", "add", "change", "delete", "history")
# Nor do these. Whatever is not listed has to say by audit.shows whom it shows.
HARMLESS_PAGES = frozenset(
    (
        *(f"admin:{table}_{page}" for table in TABLES for page in OF_A_TABLE),
        *(f"admin:{page}" for page in ("login", "logout", "password_change", "password_change_done", "jsi18n")),
        *("admin:app_list", "admin:auth_user_password_change"),
        # The pages of accounts, about oneself.
        *(f"admin:{page}" for page in ("second_factor", "use_recovery_code", "set_up_second_factor", "leave")),
        "admin:confirm_second_factor",
        *(f"admin:{page}" for page in ("new_recovery_codes", "sessions", "end_all_sessions", "end_session")),
    )
)


class StaffAdminConfig(AdminConfig):
    default_site = "appointments.staff.site.StaffSite"


# To types it is a ModelAdmin; in fact it is put before one, which may have a way of its own.
if TYPE_CHECKING:
    _Table = ModelAdmin[Model]
else:
    _Table = object


class Closed(_Table):
    """A table in the admin that takes nothing which its pages do not send."""

    ENDINGS = ("", "__exact", "__isnull", "__id__exact", "__pk__exact")

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Only by columns that a filter shows: others would tell what stands in them, letter by letter.

        What Django lets through of its own accord ends in an error of the database, too, if it is no regular
        expression.
        """
        declared = [one for one in self.get_list_filter(request) if isinstance(one, str)]
        return any(lookup == f"{field}{ending}" for field in declared for ending in self.ENDINGS)

    def response_action(  # type: ignore[override]  # the types know an argument that came after Django 5.2
        self, request: HttpRequest, queryset: QuerySet[Any], **more: Any
    ) -> HttpResponse | None:
        """Ignore selected values that are not valid keys: Django's own method raises on them."""
        key = self.opts.pk
        try:
            for chosen in request.POST.getlist(ACTION_CHECKBOX_NAME):
                key.run_validators(key.to_python(chosen))
        except ValidationError:
            self.message_user(request, "Nothing was done. Choose rows of this list.", messages.WARNING)
            return None
        # Django 6 says where the action was chosen.
        return super().response_action(request, queryset, **more)


# No table of ours has a page on the site or completes what is typed, and the first fails on some that Django brings.
NOT_NEEDED = ("view_on_site", "autocomplete")


class StaffSite(SignInSite):
    site_header = site_title = "Upright"
    index_title = "Today"
    # The queue needs the width.
    enable_nav_sidebar = False

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Worked out where it is shown, which most pages do not, though Django asks for it on each."""
        return SimpleLazyObject(lambda: super(StaffSite, self).get_app_list(request, app_label))  # type: ignore[return-value]

    def register(
        self,
        model_or_iterable: type[Model] | Iterable[type[Model]],
        admin_class: type[ModelAdmin] | None = None,
        **options: Any,
    ) -> None:
        # Here, so that tables that come with other applications are closed as ours are.
        admin_class = admin_class or ModelAdmin
        closed = type(admin_class.__name__, (Closed, admin_class), {"__module__": admin_class.__module__})
        super().register(model_or_iterable, closed, **options)

    def get_urls(self) -> list[URLResolver | URLPattern]:
        # The pages need the models, which are not there yet when this module is imported.
        from . import (
            audit,
            calendar_feeds,
            day_sheet,
            doubts,
            duplicates,
            export,
            free_times,
            handover,
            holidays_by_law,
            home,
            how_requests_move,
            letter,
            many_hours,
            new_request,
            nurse,
            patient_matches,
            report,
            restored,
            retention,
            sign_offs,
            versions,
            what_if,
        )
        from . import messages as unsent_messages

        own = [
            path("", home.page, name="index"),
            path("next-call/", home.next_call, name="next_call"),
            path("figures/", home.figures, name="figures"),
            path("add-holidays/", holidays_by_law.page, name="add_holidays"),
            path("paste-hours/", many_hours.paste, name="paste_hours"),
            path("copy-hours/", many_hours.copy, name="copy_hours"),
            path("new-request/", new_request.page, name="new_request"),
            path("hand-over/", handover.page, name="handover"),
            path("assign/", handover.assign, name="assign"),
            path("nurse/", nurse.page, name="nurse"),
            path("duplicates/", duplicates.page, name="duplicates"),
            path("duplicates/<int:pk>/", duplicates.pair, name="duplicate"),
            path("doubts/", doubts.page, name="doubts"),
            path("report/", report.page, name="report"),
            path("restored/", restored.page, name="restored"),
            path("retention/", retention.page, name="retention"),
            path("letter/<int:pk>/", letter.page, name="letter"),
            path("export/", export.page, name="export"),
            path("messages/", unsent_messages.page, name="messages"),
            path("patient-matches/", patient_matches.page, name="patient_matches"),
            path("free-times/", free_times.page, name="free_times"),
            path("day-sheet/", day_sheet.page, name="day_sheet"),
            path("calendar-feeds/", calendar_feeds.page, name="calendar_feeds"),
            path("calendar-feeds/<int:pk>/revoke/", calendar_feeds.revoke, name="revoke_calendar_feed"),
            path("audit/", audit.page, name="audit"),
            path("sign-offs/", sign_offs.page, name="sign_offs"),
            path("sign-offs/<int:pk>/withdraw/", sign_offs.withdraw, name="withdraw_sign_off"),
            path("how-requests-move/", how_requests_move.page, name="how_requests_move"),
            path("what-if/", what_if.page, name="what_if"),
            path("versions/", versions.page, name="versions"),
        ]
        for url in own:
            url.callback = self.admin_view(url.callback)
        return [*own, *(url for url in super().get_urls() if getattr(url, "name", "") not in NOT_NEEDED)]
