"""Members of staff for tests: in one of the groups, and signed in."""

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.test import Client


def member_of(group: str, username: str = ""):
    """A user with what this group may do, and no more."""
    user = get_user_model().objects.create_user(username or f"one of the {group.lower()}", is_staff=True)
    user.groups.add(Group.objects.get(name=group))
    return user


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client
