"""The learning rate over a run: constant or a cosine, with or without a warmup."""

from __future__ import annotations

import keras


def learning_rate_schedule(recipe, total_steps):
    """Return a recipe's learning rate: a number, or a Keras schedule over the whole run.

    Args:
        recipe: a `Recipe`, which sets `learning_rate`, `schedule` and `warmup`.
        total_steps: the number of steps in the whole run.

    Example:

    >>> from petkeras.recipes import ARTICLE, MODERN
    >>> from petkeras.schedules import learning_rate_schedule
    >>> learning_rate_schedule(ARTICLE, 13600)
    1e-05
    >>> rate = learning_rate_schedule(MODERN, 680)  # rises from 0 for 100 steps, then decays to 0
    >>> [round(float(rate(step)), 6) for step in (0, 50, 100, 680)]
    [0.0, 0.0005, 0.001, 0.0]
    """
    warmup = min(recipe.warmup, total_steps // 2)
    if recipe.schedule == "constant" and warmup == 0:
        return recipe.learning_rate
    return keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0 if warmup else recipe.learning_rate,
        decay_steps=total_steps - warmup,
        alpha=1.0 if recipe.schedule == "constant" else 0.0,
        warmup_target=recipe.learning_rate if warmup else None,
        warmup_steps=warmup,
    )
