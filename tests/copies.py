"""Many requests like one, for tests of long queues and of what people do at once."""

import uuid

from appointments import reference
from appointments.models import AppointmentRequest
from appointments.search import SEARCHED, text_to_search


def many_like(request: AppointmentRequest, count: int, **changes) -> list[AppointmentRequest]:
    """Stores copies of a request, each with a reference of its own."""
    names = {field.name for field in request._meta.concrete_fields if not field.generated}
    same = {name: getattr(request, name) for name in names - {"id", "journey", "reference", "search_text"}} | changes
    drawn = set()
    while len(drawn) < count:
        # Of tens of thousands, two would be the same now and then.
        drawn.add(reference.new())
    return AppointmentRequest.objects.bulk_create(_copy(same, new) for new in drawn)


def _copy(same: dict, new: str) -> AppointmentRequest:
    searched = text_to_search(**{name: same[name] for name in SEARCHED if name != "reference"}, reference=new)
    return AppointmentRequest(journey=uuid.uuid4(), reference=new, search_text=searched, **same)
