"""Inputs that no page of ours sends: how many in all tests, and made of what. The long version: make fuzz."""

import os

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "250"))
IS_LONG = "FUZZ_EXAMPLES" in os.environ

# Numbers, dates, controls, directions, joiners, marks, formulas, templates, and what is too long.
NASTY = [
    *(
        "",
        " ",
        "\0",
        "a\0b",
        "\r\n",
        "\x1b[31m",
        "\u202eanA",
        "\u2066x\u2069",
        "\u200d\u200c",
        "\ufeff",
        "\ufffe",
        "\x85",
    ),
    *(
        "A" + "\u0301" * 100,
        "e\u0301",
        "\u115f",
        "🦴" * 1500,
        "x" * 4000,
        "9" * 300,
        "9" * 5000,
        "ß" * 200,
        "İ" * 130,
    ),
    *(
        "-1",
        "0",
        "1e9",
        "NaN",
        "inf",
        "0x10",
        "１２",
        "٣",
        "²",
        "1_0",
        "2147483648",
        "9223372036854775808",
        "1.0",
        "+1",
    ),
    *("2026-02-30", "0001-01-01", "9999-12-31", "0001-01-01T00:00", "9999-12-31T23:59", "2099-03-08T02:30", "24:00"),
    *(
        "=1+1",
        "<script>",
        "{{ 7*7 }}",
        "%s%n",
        "' OR 1=1 --",
        "\\",
        "(",
        "[",
        "*",
        "../..",
        "//x.example",
        "None",
        "null",
    ),
    *("00000000-0000-4000-8000-000000000000", "1-1", "1-0", "a@b", "a@" + "b" * 260 + ".example", "+1 212 555 0123"),
]

texts = st.sampled_from(NASTY) | st.text(max_size=12)
names = st.sampled_from(["", "name", "id", "pk", "version", "status", "_method", "claimed_by", "priority", "x" * 200])
names |= st.text(min_size=1, max_size=8)


def fuzzed(share: float):
    """For a test that takes this share of all inputs: the same ones each time, but in the long version."""
    return settings(
        max_examples=max(5, int(EXAMPLES * share)),
        derandomize=not IS_LONG,
        database=None,
        deadline=None,
        print_blob=IS_LONG,
        suppress_health_check=[*HealthCheck],
    )


@st.composite
def spoilt(draw, fields: dict) -> list[tuple[str, str]]:
    """The form as it should be sent, with up to three things changed, left out, added or sent twice."""
    pairs = [
        (name, str(value))
        for name, values in fields.items()
        for value in (values if isinstance(values, (list, tuple)) else [values])
    ]
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(pairs)))
        match draw(st.sampled_from(["change", "change", "change", "leave out", "twice", "add"])):
            case "change" if at < len(pairs):
                pairs[at] = (pairs[at][0], draw(texts))
            case "leave out" if at < len(pairs):
                del pairs[at]
            case "twice" if at < len(pairs):
                pairs.insert(at, (pairs[at][0], draw(texts | st.just(pairs[at][1]))))
            case "add":
                pairs.insert(at, (draw(names), draw(texts)))
    return pairs
