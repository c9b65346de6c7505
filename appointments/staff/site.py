"""The staff's side of the product: Django's admin with pages of our own, all of them listed here."""

from django.contrib.admin import AdminSite
from django.contrib.admin.apps import AdminConfig
from django.urls import URLPattern, path


class StaffAdminConfig(AdminConfig):
    default_site = "appointments.staff.site.StaffSite"


class StaffSite(AdminSite):
    site_header = site_title = "Upright"
    index_title = "Today"
    # The queue needs the width.
    enable_nav_sidebar = False

    def get_urls(self) -> list[URLPattern]:
        # The pages need the models, which are not there yet when this module is imported.
        from . import audit, day_sheet, duplicates, export, handover, home, letter, nurse, report

        own = [
            path("", home.page, name="index"),
            path("next-call/", home.next_call, name="next_call"),
            path("hand-over/", handover.page, name="handover"),
            path("assign/", handover.assign, name="assign"),
            path("nurse/", nurse.page, name="nurse"),
            path("duplicates/", duplicates.page, name="duplicates"),
            path("duplicates/<int:pk>/", duplicates.pair, name="duplicate"),
            path("report/", report.page, name="report"),
            path("letter/<int:pk>/", letter.page, name="letter"),
            path("export/", export.page, name="export"),
            path("day-sheet/", day_sheet.page, name="day_sheet"),
            path("audit/", audit.page, name="audit"),
        ]
        for url in own:
            url.callback = self.admin_view(url.callback)
        return own + super().get_urls()
