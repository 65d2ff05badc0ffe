"""The checks of chapter 10: typical mistakes get a hint."""

import numpy as np
import pytest

from petkeras.course.exercises import chapter10


@pytest.mark.parametrize(
    ("epoch", "hint"),
    [
        (None, "Put a number"),
        (3, "counts from 0"),
        (5, "already risen"),
        (8, "training loss is lowest"),
        (0.51, "lowest test loss itself"),
        (2, "still falls"),
        (20, "In which epoch"),
    ],
)
def test_when_to_stop(epoch, hint):
    answer = chapter10.exercise_1(epoch)
    assert not answer
    assert hint in repr(answer)


@pytest.mark.parametrize(
    ("dropout", "hint"),
    [
        (0.8, "Pass the function itself"),
        (lambda x, rate, rng: x.no_such_thing, "raises AttributeError"),
        (lambda x, rate, rng: None, "returns None"),
        (lambda x, rate, rng: x[:5], "(5, 100)"),
        (lambda x, rate, rng: x, "Nothing is dropped"),
        (lambda x, rate, rng: x * (rng.random(x.shape) < rate) / rate, "only a fifth"),
        (lambda x, rate, rng: x * (rng.random(x.shape) >= rate), "scale up the rest"),
        (lambda x, rate, rng: x * (rng.random(x.shape) >= rate) * 2, "1 / (1 - rate)"),
        (lambda x, rate, rng: x * (rng.random(x.shape) > 0.5), "drops 50%"),
        (lambda x, rate, rng: x * (rng.random() >= rate), "Everything is dropped"),
    ],
)
def test_dropout(dropout, hint):
    answer = chapter10.exercise_2(dropout)
    assert not answer
    assert hint in repr(answer)


def test_dropout_of_whole_columns_is_recognized():
    def columns(x, rate, rng):
        return x * (rng.random(x.shape[1]) >= rate) / (1 - rate)

    assert not chapter10.exercise_2(columns)


def pairs(win=1.0, tie=0.5, divide=True):
    """Return a share of won pairs with one thing wrong."""

    def share_won(ours, theirs):
        won = sum(win if a > b else tie if a == b else 0 for a in ours for b in theirs)
        return won / (len(ours) * len(theirs)) if divide else won

    return share_won


@pytest.mark.parametrize(
    ("share_won", "hint"),
    [
        (0.5, "Pass the function itself"),
        (lambda ours, theirs: None, "returns None"),
        (lambda ours, theirs: np.mean(ours) > np.mean(theirs), "True and False"),
        (lambda ours, theirs: [0.5, 0.5], "Return one number"),
        (lambda ours, theirs: np.mean(np.array(ours) > theirs), "Compare all pairs"),
        (lambda ours, theirs: np.mean(ours) - np.mean(theirs), "the means"),
        (lambda ours, theirs: pairs()(theirs, ours), "without dropout win"),
        (pairs(tie=0), "nothing for a tie"),
        (pairs(tie=1), "a full point"),
        (pairs(divide=False), "Divide it by all 16"),
        (pairs(win=100, tie=50), "the percentage"),
        (pairs(win=0.3), "8.5 of 16 pairs"),
        (lambda ours, theirs: pairs()(ours, theirs) if len(ours) == 4 else 0, "of 6 pairs"),
    ],
)
def test_luck_or_not(share_won, hint):
    answer = chapter10.exercise_3(share_won)
    assert not answer
    assert hint in repr(answer)
    assert chapter10.exercise_3(pairs())
