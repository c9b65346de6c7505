"""What happens in the check, for whoever wants to count it. Says nothing about who answers.

Each is sent with the `language` of the pages, the key of the `pathway` and that of the `outcome`, empty at the
start. Receivers must not ask the database: they run while a visitor waits for a page.
"""

from django.dispatch import Signal

# A visitor gave their first answer.
check_started = Signal()
# An answer made the check complete, or stopped it. Somebody who then changes an answer that opens questions again
# finishes again.
check_finished = Signal()
