"""The table of contents."""

from django.contrib import admin
from django.urls import include, path
from django.views.decorators.http import require_http_methods
from django.views.i18n import set_language

from appointments.reporting import prometheus
from common import brand, notices
from config import health, security_txt

urlpatterns = [
    path("", include("screening.urls")),
    path("", include("appointments.urls")),
    # Before the admin, whose last address is any.
    path("", include("interop.urls")),
    path("admin/", admin.site.urls),
    path("brand/<slug:digest>.css", brand.style_sheet, name="brand_css"),
    path("", include("accounts.urls")),
    path("language-help/", notices.language_help, name="language_help"),
    path("accessibility/", notices.accessibility, name="accessibility"),
    path("text-messages/", notices.text_messages, name="text_messages"),
    path("language/", require_http_methods(["GET", "HEAD", "POST"])(set_language), name="set_language"),
    path("health/", health.live, name="live"),
    path("health/ready/", health.ready, name="ready"),
    path(".well-known/security.txt", security_txt.page, name="security_txt"),
    path("metrics/", prometheus.page, name="metrics"),
]

handler400 = "common.error_pages.bad_request"
handler403 = "common.error_pages.permission_denied"
handler404 = "common.error_pages.page_not_found"
handler500 = "common.error_pages.server_error"
