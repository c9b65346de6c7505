"""Tables in the admin whose rows say who may do what."""

from typing import TYPE_CHECKING, Any

from django.contrib.admin import ModelAdmin
from django.http import HttpRequest, HttpResponse

from . import second_factor
from .views import to_confirm

# To types it is a ModelAdmin; in fact it is put before one, which may have a way of its own.
if TYPE_CHECKING:
    _Table = ModelAdmin[Any]
else:
    _Table = object


class AfterAFreshCode(_Table):
    """Nothing of it is added, changed or deleted at a screen that somebody left unlocked.

    The code is asked for before the form is shown, so that nothing typed is lost.
    """

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not second_factor.is_fresh(request):
            return to_confirm(request)
        return super().changeform_view(request, *args, **kwargs)

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not second_factor.is_fresh(request):
            return to_confirm(request)
        return super().delete_view(request, *args, **kwargs)

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """To look at the list takes no code; what is done with the ticked rows does."""
        if request.method == "POST" and not second_factor.is_fresh(request):
            return to_confirm(request)
        return super().changelist_view(request, *args, **kwargs)
