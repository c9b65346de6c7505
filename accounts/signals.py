"""What happens to the second factor and to sessions, for whoever keeps a record of it.

What happens to passwords Django and axes tell: user_logged_in, user_logged_out, user_login_failed, user_locked_out.
No signal carries a code or a secret. `request` is None when a command did it. The sender is the class of `user`.
"""

from django.dispatch import Signal

# request, user, method: "app" or "recovery code"
second_factor_passed = Signal()
second_factor_failed = Signal()
# request, user
second_factor_set_up = Signal()
recovery_codes_made = Signal()
# request, user, by: who did it, or None
second_factor_reset = Signal()
# request, user, reason: "idle", "too long" or "ended"; the session was refused and is gone
session_refused = Signal()
# request, user, path: what was sent there in vain is shown to whoever sent it
unsent_form_shown = Signal()
# request, user: somebody ended sessions of their own
sessions_ended = Signal()
# request, user, at: the name of the identity provider, which asked them once more who they are
proven_by_provider = Signal()
# request, user: whoever it says it is, if we know them; at: its name. It let them in, and we did not
refused_after_provider = Signal()
# user, at: their sessions ended there, and so here
ended_by_provider = Signal()
