"""Words of strangers are shown in one line."""

from hypothesis import given
from hypothesis import strategies as st

from petkeras.text import one_line, printable

ANY = st.text(st.characters())  # with halves of characters, controls and the like


@given(ANY)
def test_whatever_is_printable_stays_and_nothing_else_does(words):
    shown = printable(words)
    assert shown.isprintable()
    assert (shown == words) == words.isprintable()
    assert printable(shown) == shown
    shown.encode()


@given(ANY, st.integers(3, 50))
def test_one_line_is_printable_and_short(words, most):
    line = one_line(words, most)
    assert line.isprintable()
    assert len(line) <= most


def test_an_exception_without_words_is_named():
    assert one_line(KeyError()) == "KeyError"
    assert one_line("") == ""
