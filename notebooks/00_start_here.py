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
# # 00 · Start here
#
# In this chapter you check that everything runs on your machine, and you see the whole story on one
# page: the pictures, a network, its training, its filters as they learn, and where it looks. It
# takes half a minute on two CPU cores.
#
# The chapters that follow go through it all one piece at a time, in the order of the article. Any
# word you don't know is in the [glossary](../docs/glossary.md#accuracy). [Open in
# Colab](https://colab.research.google.com/github/petkeras/petkeras/blob/main/notebooks/00_start_here.ipynb)

# %% tags=["nbval-ignore-output"]
# On Colab, install petkeras first: %pip install -q petkeras
import dataclasses
import tempfile

import numpy as np

import petkeras as pk
from petkeras import visualize
from petkeras.hardware.doctor import examine, line
from petkeras.hardware.probe import look

# %% [markdown]
# ## Does it run here?
#
# Each line says what was found and, if something is wrong, what to do about it. In a terminal,
# `petkeras doctor` prints the same lines and also looks for the data set.

# %% tags=["nbval-ignore-output"]
for fact in examine(look()):
    if fact.topic != "data":
        print(line(fact))

# %% [markdown]
# ## The question
#
# We have two breeds and a few hundred pictures. By default the pictures are **drawn**, so that
# nothing has to be downloaded; chapter 01 switches to photographs. How do *you* tell the two breeds
# apart?

# %% tags=["nbval-ignore-output"]
data = pk.course.load()
shown = range(0, len(data.train), len(data.train) // 11)
names = [data.class_names[data.train.labels[number].argmax()] for number in shown]
visualize.plot_pictures(data.train.images[list(shown)], names)

# %% [markdown]
# ## The network
#
# It has four convolutions, two pools, and two dense layers, and we create every weight by hand.
# Even before training it turns a picture into maps, and finally into two numbers. Those numbers
# don't mean anything yet.

# %% tags=["nbval-ignore-output"]
size = data.mean.shape[0]
recipe = dataclasses.replace(pk.MODERN, epochs=8, film_every=10)
model = pk.pet_net(image_size=size, recipe=recipe, seed=0)
image = data.test.images[0]
x = pk.preprocess(image[None], data.mean, recipe)
visualize.plot_architecture(model, x, image)

# %% [markdown]
# **Question.** Where in this row does the network keep most of what it remembers? Take a guess;
# chapter 02 counts.
#
# ## The training
#
# The network is shown ten pictures at a time and told how wrong it was, and every weight is moved a
# little. It goes through all the pictures eight times. Watch the test accuracy: it is measured on
# pictures that the network never trained on.

# %% tags=["nbval-ignore-output"]
run_dir = tempfile.mkdtemp() + "/run"
history = pk.train(model, data, recipe, run_dir, verbose=False)
visualize.plot_curves(run_dir)

# %%
print("better than a coin:", history.epochs[-1].test_accuracy > 0.6)

# %% [markdown]
# ## What it learned to see
#
# Here are the [filters](../docs/glossary.md#filter) of the second convolution, filmed while they
# learned. Which ones stay as they were, and which ones turn dark?

# %% tags=["nbval-ignore-output"]
visualize.animate_evolution(run_dir, "conv1_2")

# %% [markdown]
# ## Where it looks
#
# Here are two ways to find out. [Grad-CAM](../docs/glossary.md#grad-cam) adds up the maps of the
# last convolution, each weighted by how strongly it supports the answer.
# [Occlusion](../docs/glossary.md#occlusion) covers one part of the picture at a time and measures
# how far the answer drops. Bright areas are the ones that count.

# %% tags=["nbval-ignore-output"]
some = [0, len(data.test) - 1]
pictures = data.test.images[some]
x = pk.preprocess(pictures, data.mean, recipe)
maps = {
    "Grad-CAM": visualize.grad_cam(model, x, "conv2_2"),
    "occlusion": visualize.occlusion(model, x, window=16, stride=8),
}
visualize.plot_attribution(pictures, maps)

# %% [markdown]
# **Question.** Does it look at the animal? And if it were right for the wrong reason, how would you
# notice?
#
# <details><summary>An answer</summary>
#
# Partly. We measured it on photographs of 224 pixels: 38% of what Grad-CAM lights up lies on the
# animal, which fills 29% of the picture (the mean of five networks). A map of random numbers would
# also put 29% there.
#
# A network that is right for the wrong reason fails as soon as that reason is missing. Test it on
# the same animals in front of other backgrounds, or cover up the background.
#
# </details>
#
# ## Touch it
#
# The pictures so far stand still. In the **explorer** you can lay a finger on the network: choose a
# part of it above, and what to do with it below. Slide the gray patch over the animal, and watch the
# network's answer. (Until you run this cell, you see a picture of the explorer.)

# %%
pk.explore(run_dir, data=data, tab="change")

# %% [markdown]
# **Question.** Which part of the animal can you cover without changing the answer, and which part
# decides it?
#
# ## What is saved
#
# Everything is in the run folder, so you can come back to a run later and ask it about any
# photograph: with `petkeras predict RUN photo.jpg` in a terminal, or here.

# %%
run = pk.Run(run_dir)
print(run.class_names == data.class_names)
print(np.allclose(run.model(x), model(x)))

# %% [markdown]
# ## Exercises
#
# Every chapter has three. Each one comes with a check that gives you a hint, and a solution that
# you can unfold.

# %% [markdown]
# **1.** How many pictures does the network see in eight epochs of 340 pictures?

# %% tags=["exercise"]
pictures = None
pk.check.chapter00.exercise_1(pictures)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# pictures = 8 * 340
# pk.check.chapter00.exercise_1(pictures)
# ```
#
# </details>

# %% [markdown]
# **2.** A network that guesses gets each of 60 test pictures right with probability 1/2. How many
# does it get right on average?

# %% tags=["exercise"]
right = None
pk.check.chapter00.exercise_2(right)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# right = 60 / 2
# pk.check.chapter00.exercise_2(right)
# ```
#
# </details>

# %% [markdown]
# **3.** The network's two numbers are called logits, and the class with the larger one is its
# answer. Write a function that takes logits of shape `(pictures, classes)` and returns the class
# number of each picture.


# %% tags=["exercise"]
def answers(logits):
    """Return the index of the largest number in each row."""


pk.check.chapter00.exercise_3(answers)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def answers(logits):
#     """Return the index of the largest number in each row."""
#     return np.argmax(logits, axis=1)
# pk.check.chapter00.exercise_3(answers)
# ```
#
# </details>

# %% [markdown]
# ## What to read next
#
# - J. Francis, "Visualizing Convolutional Neural Networks" (2017): the article that this course
#   rebuilds.
# - F. Chollet, "Deep Learning with Python" (2nd edition, 2021), chapters 8 and 9.
