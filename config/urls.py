"""The table of contents."""

from django.contrib import admin
from django.http import HttpResponse
from django.urls import include, path
from django.views.decorators.http import require_http_methods, require_safe
from django.views.i18n import set_language

urlpatterns = [
    path("", include("screening.urls")),
    path("", include("appointments.urls")),
    path("admin/", admin.site.urls),
    path("language/", require_http_methods(["GET", "HEAD", "POST"])(set_language), name="set_language"),
    # Liveness: the process answers. It does not ask the database, without which question pages go on working.
    path("health/", require_safe(lambda request: HttpResponse("ok", content_type="text/plain"))),
]

handler400 = "screening.views.bad_request"
handler403 = "screening.views.permission_denied"
handler404 = "screening.views.page_not_found"
handler500 = "screening.views.server_error"
