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
# You will check that everything runs on this machine, and see the whole story on one page: pictures,
# a network, its training, its filters as they learn, and where it looks. It takes half a minute on
# two processor cores.
#
# The chapters after this one take it apart, in the order of the article; the words that they use
# are in the [glossary](../docs/glossary.md#accuracy). [Open in Colab](https://colab.research.google.com/github/petkeras/petkeras/blob/main/notebooks/00_start_here.ipynb)

# %% tags=["nbval-ignore-output"]
# On Colab, install petkeras first: %pip install -q petkeras
import dataclasses
import tempfile

import numpy as np

import petkeras as pk
from petkeras import visualize
from petkeras.hardware.doctor import examine, line
from petkeras.hardware.machine import look

# %% [markdown]
# ## Does it run here?
#
# Each line says what was found, and what to do if something is amiss. The same in a terminal:
# `petkeras doctor`, which also looks for the data set.

# %% tags=["nbval-ignore-output"]
for fact in examine(look()):
    if fact.topic != "data":
        print(line(fact))

# %% [markdown]
# ## The question
#
# Two breeds, a few hundred pictures. Where nothing else was chosen they are **drawn**, so that
# nothing has to be downloaded; chapter 01 switches to photographs. How do *you* tell them apart?

# %% tags=["nbval-ignore-output"]
data = pk.course.load()
shown = range(0, len(data.train), len(data.train) // 11)
names = [data.class_names[data.train.labels[number].argmax()] for number in shown]
visualize.plot_pictures(data.train.images[list(shown)], names)

# %% [markdown]
# ## The network
#
# Four convolutions, two pools, two dense layers, every weight made by hand. Untrained, it already
# turns a picture into maps, and in the end into two numbers. The numbers mean nothing yet.

# %% tags=["nbval-ignore-output"]
size = data.mean.shape[0]
recipe = dataclasses.replace(pk.MODERN, epochs=8, film_every=10)
model = pk.pet_net(image_size=size, recipe=recipe, seed=0)
image = data.test.images[0]
x = pk.preprocess(image[None], data.mean, recipe)
visualize.plot_architecture(model, x, image)

# %% [markdown]
# **Question.** Where in this row is most of what the network remembers kept? Guess; chapter 02
# counts.
#
# ## The training
#
# It is shown ten pictures at a time, told how wrong it was, and every weight is moved a little.
# Eight times through all of them; look for the test accuracy, that is, for pictures it never saw.

# %% tags=["nbval-ignore-output"]
run_dir = tempfile.mkdtemp() + "/run"
history = pk.train(model, data, recipe, run_dir, verbose=False)
visualize.plot_curves(run_dir)

# %%
print("better than a coin:", history.epochs[-1].test_accuracy > 0.6)

# %% [markdown]
# ## What it learned to see
#
# [Filters](../docs/glossary.md#filter) of the second convolution, filmed while it learned. Which
# ones keep what they had, and which ones grow dark?

# %% tags=["nbval-ignore-output"]
visualize.animate_evolution(run_dir, "conv1_2")

# %% [markdown]
# ## Where it looks
#
# Two ways to ask. [Grad-CAM](../docs/glossary.md#grad-cam) adds up the last convolution's maps,
# each by how much it speaks for the answer. [Occlusion](../docs/glossary.md#occlusion) covers a
# part of the picture at a time, and sees how far the answer falls. Bright is what counts.

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
# **Question.** Does it look at the animal? And if it is right for a wrong reason, how would you
# notice?
#
# <details><summary>An answer</summary>
#
# Partly. We measured it on photographs of 224 pixels: of what Grad-CAM lights up, 38% lies on the
# animal, which fills 29% of the picture (mean of five networks). A map of random numbers would have
# 29%, too.
#
# Whoever is right for a wrong reason fails where the reason is missing: test the network on the
# same animals before other backgrounds, or cover the background.
#
# </details>
#
# ## What is kept
#
# Everything is in the run folder, and a run can be asked again later, about any photograph:
# `petkeras predict RUN photo.jpg` in a terminal, or here.

# %%
run = pk.Run(run_dir)
print(run.class_names == data.class_names)
print(np.allclose(run.model(x), model(x)))

# %% [markdown]
# ## Exercises
#
# In every chapter there are three, each with a check that gives a hint, and a solution to unfold.

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
# **2.** A network that guesses gets each of 60 test pictures right with probability 1/2. How many does
# it get right on average?

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
# **3.** The network's two numbers are called logits; the class of the larger one is its answer. Write a
# function that takes logits `(pictures, classes)` and returns the number of each picture's class.


# %% tags=["exercise"]
def answers(logits):
    """Return for each row the place of its largest number."""


pk.check.chapter00.exercise_3(answers)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def answers(logits):
#     """Return for each row the place of its largest number."""
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
