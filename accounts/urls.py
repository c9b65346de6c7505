"""What programs ask for; the pages for people are in site.py."""

from django.urls import path

from . import provider_pages

urlpatterns = [path("sso/logged-out/", provider_pages.logged_out, name="sso_logged_out")]
