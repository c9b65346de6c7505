"""How sending a message can fail. The text of each stands in the list of failed messages: no address, no name."""


class Failure(Exception):
    """This message could not be sent now; it may be later."""


class Rejected(Failure):
    """It will never be accepted, however often it is tried."""


class Deferred(Failure):
    """It waits for staff to decide something, who have it sent then."""


class Needless(Failure):
    """Nothing goes this way any more, and the patient is told the same by another."""


class Unavailable(Failure):
    """Nothing can be sent this way just now, this message or another; for `seconds` at least, if a server says so."""

    def __init__(self, words: str, *, seconds: float = 0) -> None:
        super().__init__(words)
        self.seconds = seconds


class NoAnswer(Failure):
    """It was handed over whole, and whether it was taken is not known; `is_final` where nobody can find out."""

    def __init__(self, words: str, *, is_final: bool = False) -> None:
        super().__init__(words)
        self.is_final = is_final


# Seconds; whatever a server asks for, it is asked again within the hour.
LONGEST_PAUSE = 3600


def pause_of(retry_after: str) -> int:
    """For how many seconds a server wants to be left alone, by its header; 0 if it does not say so in seconds."""
    return min(number_of(retry_after), LONGEST_PAUSE)


def number_of(header: str) -> int:
    """What a header says, however many digits it has; 0 if that is no number."""
    return int(header[:18]) if header.isdecimal() else 0
