"""Check chapter 10: when to stop, dropout by hand, and whether it was luck."""

from __future__ import annotations

import numpy as np

from petkeras.course.exercises.feedback import (
    ask_for_number,
    call_for_numbers,
    find_hint,
    not_yet,
    read_number,
    right,
)
from petkeras.language import translate


def exercise_1(epoch):
    """Check after which epoch a run should have stopped, by the lowest test loss."""
    epoch = read_number(given := epoch)
    if epoch is None:
        return not_yet(ask_for_number(given))
    if epoch == 4:
        return right(
            "From then on it learns its training pictures by heart. To choose an epoch fairly, use "
            "a third part of the pictures, so that the test pictures stay unseen."
        )
    hints = [
        (3, "Your place counts from 0, but epochs count from 1."),
        (5, "In epoch 5 the test loss has already risen. Which epoch came before?"),
        (8, "There the training loss is lowest. But on new pictures the network has become worse."),
        (7, "Training looks good there. But how does the network do on new pictures?"),
        (0.51, "That is the lowest test loss itself. In which epoch is it?"),
        (1, "The test loss still falls after it, so the network still learns something general."),
        (2, "The test loss still falls after it, so the network still learns something general."),
    ]
    return not_yet(find_hint(epoch, hints) or "In which epoch is the test loss lowest?")


def exercise_2(dropout):
    """Check the learner's own dropout by what it keeps, drops and scales."""
    x = np.full((100, 100), 3.0)
    y, hint = call_for_numbers(dropout, x, 0.8, np.random.default_rng(0))
    if hint:
        return not_yet(hint)
    if y.shape != x.shape:
        return not_yet(
            "x has shape {given}, but your function returns shape {shape}.",
            given=x.shape,
            shape=y.shape,
        )
    dropped = float(np.mean(y == 0))
    if dropped == 0:
        return not_yet("Nothing is dropped yet.")
    if dropped == 1:
        return not_yet("Everything is dropped. Draw a number for each value: rng.random(x.shape).")
    if abs(dropped - 0.2) < 0.05:
        return not_yet("At a rate of 0.8 it drops only a fifth. You drop what should be kept.")
    if abs(dropped - 0.8) > 0.05:
        return not_yet("At a rate of 0.8 it drops {dropped:.0%} of the values.", dropped=dropped)
    kept = y[y != 0]
    if np.allclose(kept, 3.0):
        return not_yet("The right fraction is dropped. Now scale up the rest to keep the sum.")
    if not np.allclose(kept, 3.0 / 0.2):
        return not_yet(
            "Scale the rest by 1 / (1 - rate): a fifth is kept, so each value counts five times."
        )
    if np.unique(np.argwhere(y != 0)[:, 1]).size < 90:
        return not_yet(
            "You drop whole rows or columns together. Each value needs a random number of its own."
        )
    return right("This is what pk.layers.Dropout does during training.")


def exercise_3(share_won):
    """Check a function from two lists of accuracies to the share of pairs that the first wins."""
    ties = ([0.9, 0.8, 0.85, 0.6], [0.8, 0.7, 0.75, 0.95])
    for ours, theirs in (ties, ([0.9, 0.7], [0.8, 0.6, 0.5])):
        result, hint = call_for_numbers(share_won, list(ours), list(theirs))
        if hint:
            return not_yet(hint)
        if result.shape != ():
            return not_yet("Return one number: the share of all pairs.")
        hint = _compare_shares(result.item(), np.array(ours), np.array(theirs))
        if hint:
            return not_yet(hint)
    return right(
        "0.5 means no difference. 1 means that every run of one kind beats all of the other."
    )


def _compare_shares(share, ours, theirs):
    """Return what is wrong with the share of the pairs that `ours` wins, or `None`."""
    more = ours[:, None] > theirs
    same = ours[:, None] == theirs
    expected, pairs = (more + same / 2).mean(), more.size
    if np.isclose(share, expected):
        return None
    beside = [(a > b) + (a == b) / 2 for a, b in zip(ours, theirs, strict=False)]
    hints = [
        (
            expected * pairs,
            translate("That is a number of pairs. Divide it by all {pairs}.", pairs=pairs),
        ),
        (1 - expected, "That is the share that the runs without dropout win."),
        (np.mean(beside), "You compared the first with the first, and so on. Compare all pairs."),
        (np.sum(beside), "You compared the first with the first, and so on. Compare all pairs."),
        (more.mean(), "You give nothing for a tie. It counts half."),
        ((more | same).mean(), "You give a full point for a tie. It counts half."),
        (100 * expected, "That is the percentage. As a share it is between 0 and 1."),
        (
            expected * pairs / len(ours),
            translate(
                "Divide by the number of pairs: {ours} x {theirs}.",
                ours=len(ours),
                theirs=len(theirs),
            ),
        ),
        (1 / pairs, "That is the first pair only. Does your `return` stand inside the loop?"),
        (1, "Only the first pair counts? Does your `return` stand inside the loop?"),
        (ours.mean() - theirs.mean(), "That is the difference of the means. Count pairs."),
    ]
    return find_hint(share, hints) or translate(
        "For {ours} against {theirs}, {won:g} of {pairs} pairs are won: {expected:.3g}. Your "
        "function returns {share:.3g}.",
        ours=ours.tolist(),
        theirs=theirs.tolist(),
        won=expected * pairs,
        pairs=pairs,
        expected=expected,
        share=share,
    )
