# ---
# jupyter:
#   jupytext:
#     cell_metadata_filter: tags
#     formats: ipynb,py:percent
#     notebook_metadata_filter: kernelspec,jupytext,-jupytext.text_representation.jupytext_version
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 11 · Filters evolve
#
# You will film filters while a network learns, see them change step by step, and measure which
# layers' kernels moved and which stayed near their random start. It takes half a minute.
#
# The article's section "Visualizing filters". [Open in Colab](https://colab.research.google.com/github/petkeras/petkeras/blob/main/notebooks/11_filters_evolve.ipynb)

# %% tags=["nbval-ignore-output"]
# On Colab, install petkeras first: %pip install -q petkeras
import dataclasses
import tempfile

import numpy as np

import petkeras as pk
from petkeras import visualize

# %% tags=["nbval-ignore-output"]
data = pk.course.load()

# %% [markdown]
# ## What is filmed
#
# The article kept a picture of some filters every 50 steps and made GIFs of them. `pk.train` does
# that by itself: every `film_every` steps it sends one picture through the network and keeps the
# [feature maps](../docs/glossary.md#feature-map) of the filters in a `Film`. A frame every 50 steps
# costs less than a hundredth of these steps' time. Here there is one every 10 steps.

# %%
film = pk.Film({"conv1_1": [0, 1, 2, 3], "conv1_2": [0, 1, 2, 3], "conv2_2": [0, 1, 2, 3]})
recipe = dataclasses.replace(pk.MODERN, epochs=8, film_every=10)

# %% tags=["nbval-ignore-output"]
run_dir = tempfile.mkdtemp() + "/run"
model = pk.pet_net(image_size=data.mean.shape[0], recipe=recipe, seed=0)
history = pk.train(model, data, recipe, run_dir, verbose=False, film=film)

# %% [markdown]
# Frames at the start, every 10 steps, and at the end:

# %%
evolution = visualize.Evolution(run_dir)
print(evolution.steps[:4], "...", evolution.steps[-1] == history.epochs[-1].step)

# %% [markdown]
# ## Filters of conv1_2
#
# Watch one filter at a time. What was there from the start? Where does it grow dark? A color
# means the same value on every frame.

# %% tags=["nbval-ignore-output"]
visualize.animate_evolution(run_dir, "conv1_2")

# %% [markdown]
# **Question.** A filter that ends dark everywhere on this picture: is it dead, or does it wait for
# another picture? How would you find out?
#
# <details><summary>An answer</summary>
#
# Show it all training pictures. If its map is 0 everywhere on every one of them, no gradient gets
# through its ReLU any more, and it will hardly come back. (The third exercise finds those that are
# silent on one picture.)
#
# </details>
#
# ## Filters of conv2_2
#
# Deeper in the network a map is half as wide and half as high, and each of its values depends on 14
# by 14 pixels.

# %% tags=["nbval-ignore-output"]
visualize.animate_evolution(run_dir, "conv2_2")

# %% [markdown]
# **Question.** Do these filters change sooner or later than those of `conv1_2`?
#
# <details><summary>An answer</summary>
#
# It is hard to say by looking at maps; the lines further down say it of the kernels. On the drawn
# pets as on photographs, those of `conv2_2` are ahead of those of `conv1_2`, but not by much.
#
# </details>
#
# ## Before and after
#
# The first frame and the last, each with a scale of its own.

# %% tags=["nbval-ignore-output"]
maps = evolution.maps("conv1_2", [0, -1])
visualize.plot_before_after(maps[0], maps[1])

# %% [markdown]
# ## Which kernels moved
#
# The article found that the first layer's kernels hardly change, and wondered. The distance of a
# kernel from its start, as a share of the start's own length, makes that a number. Which line is
# the lowest?

# %% tags=["nbval-ignore-output"]
visualize.plot_movement(run_dir)

# %% [markdown]
# What we measure agrees with the article: the first convolution moves least of the four.

# %%
moved = {layer: distances[-1] for layer, distances in evolution.movement().items()}
convolutions = ["conv1_1", "conv1_2", "conv2_1", "conv2_2"]
print(min(convolutions, key=moved.get))

# %% [markdown]
# One reason is in the arithmetic. Adam moves every weight by about the learning rate a step,
# whatever the layer. But weights start at different sizes: the fewer inputs a filter has, the
# larger they start. `conv1_1` has 27 inputs a filter, `conv2_2` has 576. The same step is a smaller
# share of a larger weight.

# %%
untrained = pk.pet_net(image_size=data.mean.shape[0], recipe=recipe, seed=0)
for layer in convolutions:
    kernel = np.asarray(untrained.get_layer(layer).kernel)
    print(layer, kernel[..., 0].size, "inputs, spread", round(float(kernel.std()), 2))

# %% [markdown]
# The article starts every kernel with the same spread, 0.1. By its recipe on real photographs at 224
# pixels (12 epochs, no dropout) we measure 0.27%, 0.25%, 0.26% and 0.24% for the four: its first
# kernels hardly change, as it says, and the others hardly change either.
#
# **Question.** What would make all of them move further? Try it: `pk.ARTICLE` in place of
# `pk.MODERN` above, with another `learning_rate`.
#
# <details><summary>An answer</summary>
#
# A higher learning rate, or more steps. Adam moves a weight by about the learning rate a step at
# most: 408 steps of 0.00001 are 0.004, where weights start at about 0.1.
#
# </details>
#
# ## Exercises
#
# **1.** A run has 34 steps an epoch and lasts 400 epochs, as the article's. How many frames does a
# film have that keeps one at the start and one every 50 steps?

# %% tags=["exercise"]
frames = None
pk.check.chapter11.exercise_1(frames)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# frames = 1 + 34 * 400 // 50  # the start, and 272 more
# pk.check.chapter11.exercise_1(frames)
# ```
#
# </details>

# %% [markdown]
# **2.** Compute the movement yourself: how far is `end` from `start`, as a share of the length of
# `start`? Lengths are Euclidean, over all values.

# %% tags=["exercise"]
start = np.random.default_rng(0).normal(size=(3, 3, 8, 16))
end = start + 0.1 * np.random.default_rng(1).normal(size=start.shape)
movement = None
pk.check.chapter11.exercise_2(movement)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# start = np.random.default_rng(0).normal(size=(3, 3, 8, 16))
# end = start + 0.1 * np.random.default_rng(1).normal(size=start.shape)
# movement = np.linalg.norm(end - start) / np.linalg.norm(start)
# pk.check.chapter11.exercise_2(movement)
# ```
#
# </details>

# %% [markdown]
# **3.** A filter is *silent* on a picture if its map is 0 everywhere. Write a function that takes the
# maps of one picture, `(height, width, filters)`, and returns the numbers of the silent
# ones.


# %% tags=["exercise"]
def silent(maps):
    """Return the numbers of the filters whose map is 0 everywhere."""


pk.check.chapter11.exercise_3(silent)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def silent(maps):
#     """Return the numbers of the filters whose map is 0 everywhere."""
#     return np.flatnonzero((maps == 0).all(axis=(0, 1)))
# pk.check.chapter11.exercise_3(silent)
# ```
#
# </details>

# %% [markdown]
# ## What to read next
#
# - M. Zeiler, R. Fergus, "Visualizing and Understanding Convolutional Networks" (2014), section 4:
#   how features of each layer change during training, and when they settle.
# - M. Raghu et al., "SVCCA: Singular Vector Canonical Correlation Analysis for Deep Learning
#   Dynamics and Interpretability" (2017): that lower layers settle first.
