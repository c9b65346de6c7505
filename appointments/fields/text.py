"""What is done to all that people type, before anything is looked for in it."""

import re
import unicodedata

# Four times the longest field, for those who type each accent as a character of its own. To compose badly ordered
# marks costs the square of their number, so longer text is left as it is: no field takes it.
LONGEST_COMPOSED = 500
# Formats that names in some scripts need, from Arabic on: the joiner and the non-joiner, after a letter of theirs.
JOINERS = {"\u200c", "\u200d"}
NEEDLESS_JOINERS = re.compile("(?<![\u0600-\u1fff\u2c00-\uffff])[\u200c\u200d]+|(?<=[\u200c\u200d])[\u200c\u200d]+")


def tidied(text: str) -> str:
    """The same text in its shortest spelling: blanks collapsed, letters and their accents in one piece.

    Text longer than LONGEST_COMPOSED keeps its accents as they are.
    """
    words = " ".join(text.split())
    return unicodedata.normalize("NFC", words) if len(words) <= LONGEST_COMPOSED else words


def without_formats(text: str) -> str:
    """Without what nobody sees and programs leave behind: zero-width blanks, marks and overrides of direction.

    The joiners stay, which some scripts need.
    """
    return "".join(one for one in text if one in JOINERS or unicodedata.category(one) != "Cf")


def without_needless_joiners(name: str) -> str:
    """Needless ones are nothing to the eye, and make two names of one. `name` must be tidied; the result is."""
    # Without one, marks may change their places, and another may become needless.
    while (shorter := tidied(NEEDLESS_JOINERS.sub("", name))) != name:
        name = shorter
    return name
