"""How sending a message can fail. The text of each stands in the list of failed messages: no address, no name."""


class Failure(Exception):
    """This message could not be sent now; it may be later."""


class Rejected(Failure):
    """It will never be accepted, however often it is tried."""


class Unavailable(Failure):
    """Nothing can be sent this way just now, this message or another."""
