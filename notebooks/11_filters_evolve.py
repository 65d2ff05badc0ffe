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
# # 11 · How filters evolve
#
# A filter begins as random numbers and ends as something that helps to tell two breeds apart. In this
# chapter you film how that happens, replay it for any picture, and measure which layers moved.
#
# **After this chapter you can**
#
# - film the filters of a network while it learns, and save the film as a GIF;
# - go back to any recorded step in the explorer, with any picture;
# - say which kernels moved, how far, and why the first ones hardly did.
#
# *About a minute on two cores · the article's section "Visualizing filters"*
#
# The article saved a picture of some filters every 50 steps and made GIFs of them. `pk.train` does that
# for you. Run the cell: it trains for a while, and then plays the film of four filters. What was there
# from the start? What goes dark?

# %% tags=["nbval-ignore-output"]
import dataclasses

import petkeras as pk
from petkeras import visualize

data = pk.course.load()
film = pk.Film({"conv1_1": [0, 1, 2, 3], "conv1_2": [0, 1, 2, 3], "conv2_2": [0, 1, 2, 3]})
recipe = dataclasses.replace(pk.MODERN, epochs=8, film_every=10)
run_dir = pk.course.scratch()
model = pk.pet_net(image_size=data.mean.shape[0], recipe=recipe, seed=0)
history = pk.train(model, data, recipe, run_dir, verbose=False, film=film)
visualize.animate_evolution(run_dir, "conv1_2")

# %% [markdown]
# A color means the same value in every frame. These are the layers that were filmed:

# %%
pk.course.where("conv1_1", "conv1_2", "conv2_2")

# %% [markdown]
# ## What is filmed
#
# Every `film_every` steps, a callback sends one picture through the network and records the [feature
# maps](../docs/glossary.md#feature-map) of the filters listed in the `Film`. A frame every 50 steps adds
# less than one percent to the time that those steps take; here we record one every 10. There is also a
# frame at the start, and one at the end. At which steps were they taken?

# %%
evolution = visualize.Evolution(run_dir)
print(*evolution.steps)

# %% [markdown]
# **Question.** If a filter ends up dark everywhere on this picture, is it dead, or is it waiting
# for another picture? How would you find out?
#
# <details><summary>An answer</summary>
#
# Show it all the training pictures. If its map is 0 everywhere on every one of them, no gradient gets
# through its ReLU anymore, and it is unlikely to recover. (Exercise 3 finds the filters that are 0 on
# one picture.)
#
# </details>

# %% [markdown]
# **Exercise 1.** A run like the article's has 34 steps per epoch and lasts 400 epochs. A film keeps one
# frame at the start and one every 50 steps. How many frames does it have?

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
# ## Filters of conv2_2
#
# `conv2_2` is deeper in the network. Its maps are half as wide and half as high, and each of their
# values depends on 14 by 14 pixels of the picture.

# %% tags=["nbval-ignore-output"]
visualize.animate_evolution(run_dir, "conv2_2")

# %% [markdown]
# **Question.** Do these filters change sooner or later than those of `conv1_2`?
#
# <details><summary>An answer</summary>
#
# It is hard to tell by looking at the maps. The curves below tell you about the kernels: on drawn pets
# and on photographs alike, those of `conv2_2` move farther than those of `conv1_2`, but not by much.
#
# </details>
#
# ## Before and after
#
# Here are the first frame and the last, each with its own color scale.

# %% tags=["nbval-ignore-output"]
maps = evolution.maps("conv1_2", [0, -1])
visualize.plot_before_after(maps[0], maps[1])

# %% [markdown]
# ## Any picture, any step
#
# The film also keeps the kernels of each frame, so the explorer can show what they would have made of
# *any* picture at that step. Try this: move the slider from the first step to the last and watch the
# kernel beside its map; then choose another picture and do it again. (Until you run this cell, you see a
# picture of the explorer.)

# %%
pk.explore(run_dir, data=data, layer="conv1_2", tab="time")

# %% [markdown]
# **Question.** Find a map that ends up dark on one picture. Is it dark on the others, too?

# %% [markdown]
# ## Which kernels moved
#
# The article found that the first layer's kernels hardly change, and wondered why. To put a number on
# that, we take the distance of a layer's kernel from where it started, as a fraction of the kernel's
# length at the start. (The length is the square root of the sum of all squares.) Which line is the
# lowest?

# %% tags=["nbval-ignore-output"]
visualize.plot_movement(run_dir)

# %% [markdown]
# Here is where each line ends.

# %% tags=["nbval-ignore-output"]
convolutions = ["conv1_1", "conv1_2", "conv2_1", "conv2_2"]
for layer, distances in evolution.movement().items():
    print(f"{layer}: {distances[-1]:.0%}")

# %% [markdown]
# **Exercise 2.** Compute the movement yourself: how far is `end` from `start`, as a fraction of the
# length of `start`? The length is again the square root of the sum of the squares of all values.

# %% tags=["exercise"]
import numpy as np

start = np.random.default_rng(0).normal(size=(3, 3, 8, 16))
end = start + 0.1 * np.random.default_rng(1).normal(size=start.shape)
movement = None
pk.check.chapter11.exercise_2(movement)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# import numpy as np
#
# start = np.random.default_rng(0).normal(size=(3, 3, 8, 16))
# end = start + 0.1 * np.random.default_rng(1).normal(size=start.shape)
# movement = np.linalg.norm(end - start) / np.linalg.norm(start)
# pk.check.chapter11.exercise_2(movement)
# ```
#
# </details>

# %% [markdown]
# As in the article, the first convolution moves the least of the four. Part of the reason is simple
# arithmetic. In each step, Adam moves every weight by about the learning rate, whatever the layer. But
# the weights don't all start at the same size: the fewer inputs a filter has, the larger its weights are
# at the start (chapter 05). Each filter of `conv1_1` has 27 inputs; each filter of `conv2_2` has 576.
# And the same step is a smaller fraction of a larger weight.

# %%
untrained = pk.pet_net(image_size=data.mean.shape[0], recipe=recipe, seed=0)
for layer in convolutions:
    kernel = untrained.get_layer(layer).kernel.numpy()
    print(layer, kernel[..., 0].size, "inputs, spread", round(float(kernel.std()), 2))

# %% [markdown]
# The article starts every kernel with the same spread, 0.1. With its recipe on real photographs at 224
# pixels (12 epochs, no dropout), we measured movements of 0.27%, 0.25%, 0.26% and 0.24% for the four. So
# the article is right that its first kernels hardly change, but neither do the others.
#
# **Question.** What would make all of them move farther? Try it: in the first cell, use `pk.ARTICLE` in
# place of `pk.MODERN`, with another `learning_rate`.
#
# <details><summary>An answer</summary>
#
# A higher learning rate, or more steps. In each step, Adam moves a weight by about the learning
# rate at most: 408 steps of 0.00001 make 0.004, while the weights start at about 0.1.
#
# </details>

# %% [markdown]
# **Exercise 3.** A filter is *silent* on a picture if its map is 0 everywhere. Write a function that
# takes the maps of one picture, `(height, width, filters)`, and returns the indices of the silent
# filters.


# %% tags=["exercise"]
def silent(maps):
    """Return the indices of the filters whose map is 0 everywhere."""


pk.check.chapter11.exercise_3(silent)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def silent(maps):
#     """Return the indices of the filters whose map is 0 everywhere."""
#     return np.flatnonzero((maps == 0).all(axis=(0, 1)))
#
#
# pk.check.chapter11.exercise_3(silent)
# ```
#
# </details>

# %% [markdown]
# **Change this and look.** In the first cell, give the recipe a `learning_rate` of 0.01, which is ten
# times higher, and run all cells again. Which filters still show the animal at the end, and how far did
# each layer move?
#
# ## In three lines
#
# - A film keeps what chosen filters make of one picture, and their kernels, every few steps.
# - Some filters keep what chance gave them, some change, and some turn dark.
# - Adam moves all weights by about the same amount, so in proportion, layers with large weights change
#   least.

# %% [markdown]
# ## What to read next
#
# - M. Zeiler, R. Fergus, "Visualizing and Understanding Convolutional Networks" (2014), section 4:
#   how the features of each layer change during training, and when they settle.
# - M. Raghu et al., "SVCCA: Singular Vector Canonical Correlation Analysis for Deep Learning
#   Dynamics and Interpretability" (2017): how lower layers settle first.
#
# Next: [12 · Transfer learning](12_transfer.ipynb).
