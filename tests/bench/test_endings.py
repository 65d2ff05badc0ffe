"""Why a process ended: its exception, or how it ended and what it said last."""

from petkeras.bench.endings import describe_end


def test_the_last_exception_is_the_reason():
    lines = ["KeyError: 'a'", "Traceback:", "torch.OutOfMemoryError: too large", "warning"]
    assert describe_end(1, lines) == "torch.OutOfMemoryError: too large"


def test_a_signal_is_named_even_after_an_exception():
    said = "it was ended by SIGSEGV. It said last: ValueError: a Fatal error"
    assert describe_end(-11, ["ValueError: a", "", "Fatal error"]) == said
    assert describe_end(-999, []) == "it was ended by signal 999. It said nothing."


def test_long_and_unprintable_lines_stay_one_line():
    described = describe_end(-6, ["\x1b[31mred\n", 1000 * "x"])
    assert "\x1b" not in described
    assert len(described.splitlines()) == 1
    assert len(described) < 350
