"""The staff's side of the product: Django's admin with pages of our own, all of them listed here."""

from django.contrib.admin.apps import AdminConfig
from django.urls import URLPattern, path

from accounts.site import SignInSite


class StaffAdminConfig(AdminConfig):
    default_site = "appointments.staff.site.StaffSite"


class StaffSite(SignInSite):
    site_header = site_title = "Upright"
    index_title = "Today"
    # The queue needs the width.
    enable_nav_sidebar = False

    def get_urls(self) -> list[URLPattern]:
        # The pages need the models, which are not there yet when this module is imported.
        from . import day_sheet, duplicates, export, handover, home, letter, messages, nurse, report

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
            path("messages/", messages.page, name="messages"),
            path("day-sheet/", day_sheet.page, name="day_sheet"),
        ]
        for url in own:
            url.callback = self.admin_view(url.callback)
        return own + super().get_urls()
