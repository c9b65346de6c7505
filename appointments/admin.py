"""What staff manage as plain tables, and where the admin's addresses of requests lead: to pages of our own."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.text import capfirst

from accounts.tables import AfterAFreshCode
from common.languages import ENGLISH, LANGUAGES, language_or_english
from screening.pathways import PATHWAYS

from .fields import EmailField, validate_year
from .lifecycle.forms import MomentField
from .models import (
    Absence,
    AppointmentRequest,
    Caller,
    ClinicDetails,
    Clinician,
    ClinicNotices,
    ConsultingHours,
    ExtraHours,
    Holiday,
    KnownNetwork,
    LanguageHelp,
    OpeningHours,
    Place,
    PlaceHours,
    ReferralSource,
    VisitKind,
)
from .staff import calendar_change, call_sheet, queue_page
from .staff.clinic_details import ClinicDetailsForm, ClinicNoticesForm, InLanguagesForm


class TableAdmin(admin.ModelAdmin):
    """With the browser's own ways to enter dates and times: Django's need styles that our policy forbids."""

    formfield_overrides = {  # noqa: RUF012  # Django reads it as it is
        models.DateField: {
            "widget": forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
            "validators": (validate_year,),
        },
        models.DateTimeField: {"form_class": MomentField, "widget": MomentField.widget},
        models.EmailField: {"form_class": EmailField},
        models.URLField: {"assume_scheme": "https"},
        models.TimeField: {"widget": forms.TimeInput({"type": "time"}, format="%H:%M")},
    }
    # The columns that hold a list, each with what may stand in it.
    lists: Mapping[str, list[tuple[str, str]]] = {}  # nobody changes it

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name not in self.lists:
            return super().formfield_for_dbfield(db_field, request, **kwargs)
        return forms.MultipleChoiceField(
            label=capfirst(db_field.verbose_name),
            choices=self.lists[db_field.name],
            required=False,
            widget=forms.CheckboxSelectMultiple,
            help_text=db_field.help_text,
        )


class ForPathwaysAdmin(TableAdmin):
    """Asks for procedures where the site knows of several."""

    lists = {"pathways": [(one.key, one.name) for one in PATHWAYS.values()]}  # noqa: RUF012  # as above

    def get_exclude(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("pathways",) if len(PATHWAYS) == 1 else super().get_exclude(request, obj)


class CalendarAdmin(TableAdmin):
    """A table that the calendar is made of: what a change does to visits is shown before it is saved."""

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return calendar_change.shown_before(
            request, lambda: super(CalendarAdmin, self).changeform_view(request, *args, **kwargs)
        )

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return calendar_change.shown_before(
            request, lambda: super(CalendarAdmin, self).delete_view(request, *args, **kwargs)
        )

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return calendar_change.shown_before(
            request, lambda: super(CalendarAdmin, self).changelist_view(request, *args, **kwargs)
        )


@admin.register(Clinician)
class ClinicianAdmin(ForPathwaysAdmin, CalendarAdmin):
    list_display = ("name", "email", "ehr_id", "is_active")


@admin.register(ConsultingHours)
class ConsultingHoursAdmin(CalendarAdmin):
    list_display = ("clinician", "place", "weekday", "starts", "ends", "since", "until")
    list_select_related = ("clinician", "place")


@admin.register(ExtraHours)
class ExtraHoursAdmin(CalendarAdmin):
    list_display = ("date", "clinician", "place", "starts", "ends")
    list_select_related = ("clinician", "place")
    ordering = ("-date", "starts")


@admin.register(Absence)
class AbsenceAdmin(CalendarAdmin):
    list_display = ("clinician", "starts_at", "ends_at", "reason")
    list_select_related = ("clinician",)
    ordering = ("-starts_at",)


@admin.register(Place)
class PlaceAdmin(CalendarAdmin):
    list_display = ("name", "address", "email", "is_active")


@admin.register(PlaceHours)
class PlaceHoursAdmin(CalendarAdmin):
    list_display = ("place", "weekday", "opens", "closes")
    list_select_related = ("place",)


@admin.register(OpeningHours)
class OpeningHoursAdmin(CalendarAdmin):
    list_display = ("weekday", "opens", "closes")


class HistoryAdmin(TableAdmin):
    """A change is a new row, so that the list is its history."""

    form: type[InLanguagesForm]
    list_select_related = ("saved_by",)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        # One that is only looked at shows its columns, and not the form's own fields.
        columns = [field.name for field in self.model._meta.fields if field.name != "id"]
        return columns if obj else [name for column in columns for name in self.form.fields_of(column)]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return self.form.as_it_is()

    def save_model(self, request: HttpRequest, obj: Any, form: forms.ModelForm, change: bool) -> None:
        obj.saved_by = request.user
        super().save_model(request, obj, form, change)


@admin.register(ClinicDetails)
class ClinicDetailsAdmin(HistoryAdmin):
    form = ClinicDetailsForm
    list_display = ("name", "phone", "call_attempts", "saved_at", "saved_by")


@admin.register(ClinicNotices)
class ClinicNoticesAdmin(HistoryAdmin):
    form = ClinicNoticesForm
    list_display = ("saved_at", "saved_by", "accessibility_email", "teletypewriter")


@admin.register(LanguageHelp)
class LanguageHelpAdmin(TableAdmin):
    list_display = ("name", "code", "direction")


@admin.register(Holiday)
class HolidayAdmin(CalendarAdmin):
    list_display = ("date", "name")
    ordering = ("-date",)


@admin.register(VisitKind)
class VisitKindAdmin(ForPathwaysAdmin, CalendarAdmin):
    list_display = ("name", "minutes", "ehr_code", "is_active")


@admin.register(Caller)
class CallerAdmin(TableAdmin):
    lists = {"languages": [(one.code, one.english_name) for one in LANGUAGES if one is not ENGLISH]}  # noqa: RUF012
    list_display = ("user", "languages_spoken")
    list_select_related = ("user",)

    @admin.display(description="languages")
    def languages_spoken(self, caller: Caller) -> str:
        return ", ".join(language_or_english(code).english_name for code in caller.languages)


@admin.register(KnownNetwork)
class KnownNetworkAdmin(AfterAFreshCode, TableAdmin):
    list_display = ("label", "network")


@admin.register(ReferralSource)
class ReferralSourceAdmin(TableAdmin):
    list_display = ("name", "kind", "link", "is_active")


@admin.register(AppointmentRequest)
class AppointmentRequestAdmin(admin.ModelAdmin):
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: AppointmentRequest | None = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        do, keep = self.admin_site.admin_view(call_sheet.do), self.admin_site.admin_view(call_sheet.keep)
        return [
            path("<int:pk>/do/<slug:key>/", do, name="appointments_appointmentrequest_do"),
            path("<int:pk>/keep/", keep, name="appointments_appointmentrequest_keep"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return queue_page.queue_page(request)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        pk = int(object_id) if object_id.isdecimal() and len(object_id) < 19 else 0
        return call_sheet.call_sheet(request, pk)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return redirect("admin:appointments_appointmentrequest_change", object_id)
