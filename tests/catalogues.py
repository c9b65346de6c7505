"""Compiled catalogues, as msgfmt writes them."""

import struct


def compiled(catalogue: dict[str, str]) -> bytes:
    with_charset = {"": "Content-Type: text/plain; charset=UTF-8\n", **catalogue}
    pairs = sorted((key.encode(), said.encode()) for key, said in with_charset.items())
    at = 28 + 16 * len(pairs)
    tables, body = ([], []), b""
    for side in (0, 1):
        for pair in pairs:
            tables[side].append(struct.pack("<2I", len(pair[side]), at + len(body)))
            body += pair[side] + b"\0"
    head = struct.pack("<7I", 0x950412DE, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, 0)
    return head + b"".join(tables[0]) + b"".join(tables[1]) + body
