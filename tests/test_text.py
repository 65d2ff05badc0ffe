"""Text from outside is made safe to print on one line."""

from hypothesis import given
from hypothesis import strategies as st

from petkeras.text import one_line, printable

ANY = st.text(st.characters())  # with halves of characters, controls and the like


@given(ANY)
def test_whatever_is_printable_stays_and_nothing_else_does(text):
    shown = printable(text)
    assert shown.isprintable()
    assert (shown == text) == text.isprintable()
    assert printable(shown) == shown
    shown.encode()


@given(ANY, st.integers(3, 50))
def test_one_line_is_printable_and_short(text, max_length):
    line = one_line(text, max_length)
    assert line.isprintable()
    assert len(line) <= max_length


def test_an_exception_without_text_is_named():
    assert one_line(KeyError()) == "KeyError"
    assert one_line("") == ""
