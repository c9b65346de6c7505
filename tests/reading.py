"""What a reader finds in a text."""

import re

# How the patient of the tests could be told from others; "555" and "1948" alone may be numbers of rows.
ANAS_PHONE = ("555-0123", "5550123", "+12125550123")
ANAS_BIRTHDAY = ("1948-03-14", "3/14/1948", "14, 1948", "14 de marzo de 1948")


def words_found(text: str, *words: str) -> set[str]:
    """Those of the words that stand in the text by themselves, in whatever case.

    Tokens, keys and references hold any letters and digits, so that "555" inside of one is no part of a phone.
    """
    return {word for word in words if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE)}
