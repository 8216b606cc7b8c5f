"""BibTeX entries as text, and that ours are well formed."""

import io
import re
from contextlib import redirect_stdout

import diffrax
import pytest

from parasim import ConfigError, System, _citations, get_system, system_names
from parasim._bibtex import join_groups, note_entry, split_entries
from parasim.plugins.basics import _citations as basics
from parasim.plugins.climate import _citations as climate
from parasim.plugins.neuro import _citations as neuro
from parasim.plugins.recurrences import _citations as recurrences

MODULES = (_citations, basics, climate, neuro, recurrences)
ALL = "\n".join(t for module in MODULES for name, t in vars(module).items() if name.isupper())
REQUIRED = {
    "article": {"author", "title", "journal", "year"},
    "inproceedings": {"author", "title", "booktitle", "year"},
    "software": {"author", "title", "version"},
    "misc": {"title", "note"},
}


def fields(entry: str) -> dict[str, str]:
    """Parse the fields of an entry, each in braces, and nothing else."""
    body = re.fullmatch(r"@\w+\{[^\s,{}]+,\n(.*)\}", entry, re.DOTALL)
    assert body is not None, entry
    rest, found = body[1], {}
    while rest.strip():
        begin = re.match(r"\s*([a-z]+) = \{", rest)
        assert begin is not None, rest
        depth, end = 1, begin.end()
        while depth:
            depth += {"{": 1, "}": -1}.get(rest[end], 0)
            end += 1
        assert begin[1] not in found
        assert rest[end] == ","
        found[begin[1]] = rest[begin.end() : end - 1]
        rest = rest[end + 1 :]
    return found


@pytest.mark.parametrize("entry", split_entries(ALL).values(), ids=split_entries(ALL))
def test_an_entry_has_the_fields_that_its_type_needs(entry):
    kind, found = entry[1 : entry.index("{")], fields(entry)
    assert found.keys() >= REQUIRED[kind]
    assert all(text.strip() for text in found.values())
    assert re.fullmatch(r"[12]\d{3}", found.get("year", "2000"))
    assert re.fullmatch(r"10\.\d{4,5}/\S+", found.get("doi", "10.1000/x"))
    assert re.fullmatch(r"\d{4}\.\d{4,5}", found.get("eprint", "2000.00000"))
    assert re.fullmatch(r"[!-~\s]+", entry)  # ASCII, which every BibTeX reads


def test_every_entry_is_found_and_has_a_key_of_its_own():
    assert len(split_entries(ALL)) == ALL.count("\n@")
    printed = io.StringIO()
    with redirect_stdout(printed):
        diffrax.citation(solver=diffrax.Kvaerno5())
    assert not split_entries(ALL).keys() & split_entries(printed.getvalue()).keys()


@pytest.mark.parametrize("name", system_names())
def test_a_system_has_the_entry_of_its_citation(name):
    system = get_system(name)
    entries = split_entries(system.bibtex)
    first = fields(next(iter(entries.values())))
    assert first["year"] in system.citation
    author = re.sub(r"\{\\.(\w)\}", r"\1", first["author"])  # without accents
    assert author.split(",")[0].lower() in system.citation.lower()
    assert (first.get("pages") or first["eprint"]).replace("--", "-") in system.citation


def test_a_system_whose_bibtex_has_no_entry_is_refused():
    with pytest.raises(ConfigError, match=r"mine: bibtex holds no entry.*leave it out"):
        System(
            name="mine", vector_field=lambda t, y, a: y, initial_state=lambda p, s: {}, params={},
            variables={}, time_unit="1", description="", citation="", bibtex="@book{a, ",
        )  # fmt: skip


def test_entries_are_found_between_other_text_and_with_braces_inside():
    text = (
        "% see\n@book{a,\n title={{A} {B{c}}}}\nnothing @misc { b-2 , note = {x} } @misc{c, note={"
    )
    entries = split_entries(text)
    assert list(entries) == ["a", "b-2"]
    assert entries["a"] == "@book{a,\n title={{A} {B{c}}}}"
    assert split_entries("@book{a, x={1}} @book{a, x={2}}") == {"a": "@book{a, x={1}}"}
    assert split_entries("@book{a, x={@book{b, y={}}}}").keys() == {"a"}


def test_groups_hold_every_entry_once():
    one, two = "@misc{one, note={1}}", "@misc{two, note={2}}"
    assert join_groups({"A": [one], "B": [one, two], "C": [one]}) == (
        f"% A\n\n{one}\n\n% B\n\n{two}"
    )
    assert join_groups({"A": [one], "B": [two]}, known=one) == f"% B\n\n{two}"
    assert join_groups({"A": [""]}) == ""


def test_a_sentence_becomes_an_entry_that_tex_can_read():
    entry = note_entry("my model (2)", "A & B", "x_1 {of}\n100 %, C:\\d")
    assert fields(entry) == {"title": r"A \& B", "note": r"x\_1 (of) 100 \%, C:/d"}
    assert list(split_entries(entry)) == ["my-model-2"]
    assert list(split_entries(note_entry("λ", "a", "b"))) == ["system"]
