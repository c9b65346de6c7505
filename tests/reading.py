"""What a reader finds in a text."""

import re


def words_found(text: str, *words: str) -> set[str]:
    """Those of the words that stand in the text by themselves, in whatever case.

    Tokens, keys and references hold any letters and digits, so that "555" inside of one is no part of a phone.
    """
    return {word for word in words if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE)}
