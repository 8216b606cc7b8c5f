"""BibTeX entries as text: found in more text, and made from a sentence."""

import re
from collections.abc import Iterable, Mapping

_BEGIN = re.compile(r"@\w+\s*\{\s*([^\s,{}]+)\s*,")


def split_entries(text: str) -> dict[str, str]:
    """Return the entries in a text by their keys, without what is between them.

    An entry that never ends is left out; of those with the same key the first one counts.
    """
    found: dict[str, str] = {}
    end = 0
    for begin in _BEGIN.finditer(text):
        if begin.start() < end:
            continue
        depth = 1
        for place in range(begin.end(), len(text)):
            depth += {"{": 1, "}": -1}.get(text[place], 0)
            if depth == 0:
                end = place + 1
                found.setdefault(begin[1], text[begin.start() : end])
                break
    return found


def note_entry(key: str, title: str, note: str) -> str:
    """Make an entry of what is known as a sentence only."""
    key = re.sub(r"[^A-Za-z0-9-]+", "-", key).strip("-") or "system"
    return f"@misc{{{key},\n  title = {{{_plain(title)}}},\n  note = {{{_plain(note)}}},\n}}"


def join_groups(groups: Mapping[str, Iterable[str]], known: str = "") -> str:
    """Write texts with entries below each other, every entry once.

    Arguments:
        groups: texts with entries, by the line of comment that they get.
        known: a text whose entries are left out.
    """
    keys = set(split_entries(known))
    parts = []
    for comment, texts in groups.items():
        entries = split_entries("\n".join(texts))
        new = [entry for key, entry in entries.items() if key not in keys]
        keys.update(entries)
        if new:
            parts.append("\n\n".join([f"% {comment}", *new]))
    return "\n\n".join(parts)


def _plain(text: str) -> str:
    """Return a text as TeX shows it, on one line."""
    text = re.sub(r"\s+", " ", text).translate(str.maketrans("{}\\~^", "()/--"))
    return re.sub(r"([&%#_$])", r"\\\1", text)
