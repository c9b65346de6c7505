"""Question pages as they are before anything on them was answered: made once, for as long as they say the same.

What such a page says depends on few things, none of which is about a person.
"""

from collections.abc import Callable, Hashable

from django.core.signals import setting_changed

from common.clinic import CLINIC, Known

# More than there are; no visitor can make a process keep ever more.
MOST_PAGES = 1_000

_pages: dict[Hashable, str] = {}
_clinic: Known | None = None


def once(key: Hashable, make: Callable[[], str]) -> str:
    """What `make` gives, which has to follow from the key, the settings, and what the clinic says of itself.

    That is looked up once a minute, and then all is made anew.
    """
    global _clinic
    clinic = CLINIC.as_known
    if clinic is not _clinic or len(_pages) >= MOST_PAGES:
        _pages.clear()
        _clinic = clinic
    if key not in _pages:
        _pages[key] = make()
    return _pages[key]


def forget(**_: object) -> None:
    _pages.clear()


setting_changed.connect(forget)
