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
# In the next minute, your own machine will learn to tell two breeds of dog apart, and show you how
# it does it. (When this course says *the article*, it means "Visualizing Convolutional Neural Networks"
# from 2017, which it follows.)
#
# **After this chapter you can**
#
# - train a network and read its curves;
# - say what goes into a network, what it becomes on the way, and what comes out;
# - touch any part of it, and watch its answer change.
#
# *About a minute on two cores · the whole course on one page*
#
# Run the cell below: click into it, hold Shift and press Enter. It trains a network, which takes a
# while, and then shows what the network makes of one picture. You don't have to understand the code yet.

# %% tags=["nbval-ignore-output"]
import dataclasses

import petkeras as pk
from petkeras import visualize

data, run_dir = pk.course.load(), pk.course.scratch()
recipe = dataclasses.replace(pk.MODERN, epochs=8, film_every=10)
model = pk.pet_net(image_size=data.mean.shape[0], recipe=recipe, seed=0)
history = pk.train(model, data, recipe, run_dir, verbose=False)
image = data.test.images[0]
x = pk.preprocess(image[None], data.mean, recipe)
visualize.plot_answer(model, x, image, data.class_names)

# %% [markdown]
# On the left is the picture that goes in. The network turns it into **maps**, which are pictures, too:
# each is bright where the network found something that it looks for. On the right is the answer, one
# probability for each breed. Just before it, you see which parts of the picture the answer comes from.
#
# The course takes that row apart, piece by piece. Here are the pieces with their names. You don't have
# to know them yet: `conv` stands for convolution and `fc` for fully connected, and every chapter marks
# the pieces it is about.

# %%
pk.course.where("picture", "probabilities")

# %% [markdown]
# ## What goes in
#
# These are some of the pictures that it learned from. They are **drawn** by petkeras, so that nothing
# has to be downloaded; chapter 01 shows how to switch to real photographs. (Yes, some of the Samoyeds
# are pink. The light is different in every drawing, and a network has to cope with that.) How do *you*
# tell the two breeds apart?

# %% tags=["nbval-ignore-output"]
shown = range(0, len(data.train), len(data.train) // 11)
names = [data.class_names[data.train.labels[number].argmax()] for number in shown]
visualize.plot_pictures(data.train.images[list(shown)], names)

# %% [markdown]
# **Exercise 1.** To a computer, a picture is a table of numbers. Our pictures are 64 pixels high and 64
# pixels wide, and each pixel has a number for red, one for green and one for blue. How many numbers does
# the network read to look at one picture?

# %% tags=["exercise"]
numbers = None
pk.check.chapter00.exercise_1(numbers)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# numbers = 64 * 64 * 3
# pk.check.chapter00.exercise_1(numbers)
# ```
#
# </details>

# %% [markdown]
# ## What it becomes
#
# Here is the whole network, drawn to scale. Each stack is a layer, and the sheets are its maps (one is
# drawn for every eight). Below it is its size: height x width x number of maps. From left to right the
# maps get smaller, and there are more of them. Then a bar of 512 numbers sums them up, and the last bar
# has one number for each breed.

# %% tags=["nbval-ignore-output"]
visualize.plot_architecture(model, x, image)

# %% [markdown]
# ## How it learned
#
# At first, the network guesses. It has millions of numbers that it can learn, its
# [weights](../docs/glossary.md#weight). In each *step* it is shown ten pictures, and the *loss* says how
# wrong its answers were. Then every weight is moved a little, so that they would have been less wrong.
# It went through all 340 pictures eight times.
#
# Look at the plot of the accuracy, which is the share of correct answers. The dots are the accuracy on
# 60 **test pictures**, which the network never learned from: they tell you whether it has understood
# something, or has only memorized its pictures. (The pale line is for the ten pictures of a step, and
# the dashed line smooths it.)

# %% tags=["nbval-ignore-output"]
visualize.plot_curves(run_dir)

# %% tags=["nbval-ignore-output"]
print(f"{history.epochs[-1].test_accuracy:.0%} of the test pictures are named correctly")

# %% [markdown]
# **Exercise 2.** Beware of a lazy network. Suppose that 45 of 60 test pictures show Samoyeds, and the
# other 15 Shiba Inus. A network that has learned nothing might say "samoyed" to every picture, without
# looking. What accuracy does it get, as a fraction?

# %% tags=["exercise"]
accuracy = None
pk.check.chapter00.exercise_2(accuracy)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# accuracy = 45 / 60
# pk.check.chapter00.exercise_2(accuracy)
# ```
#
# </details>

# %% [markdown]
# ## What it learned to see
#
# Each map is made by a [filter](../docs/glossary.md#filter), a small set of weights (chapter 04 shows
# how). These are the maps of eight filters of the second layer, `conv1_2`, filmed while they learned.
# Nobody told any of them what to look for. Which ones stay as they were, and which ones turn dark?

# %% tags=["nbval-ignore-output"]
visualize.animate_evolution(run_dir, "conv1_2")

# %% [markdown]
# ## Touch it
#
# So far you have only looked. In the **explorer** you can touch the network. It shows the picture, all
# layers, and the answer in a row; below, you choose what to do.
#
# Try this: choose **Gray patch**, slide it over the animal, and watch the two probabilities. Which part
# can you cover without changing the answer, and which part decides it? (Until you run the cell, you see a
# picture of the explorer.)

# %%
pk.explore(run_dir, data=data, tab="change")

# %% [markdown]
# ## Where it looks
#
# You have just done by hand what [occlusion](../docs/glossary.md#occlusion) does everywhere in the
# picture. It covers one place after another, and measures how far the probability of the answer falls.
# [Grad-CAM](../docs/glossary.md#grad-cam) gets a similar picture from the maps of `conv2_2`. The bright
# areas are the ones that count. Does the network look at the animal?

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
# **Question.** If the network were right for the wrong reason, how would you notice?
#
# <details><summary>An answer</summary>
#
# It fails as soon as that reason is missing. Test it on the same animals in front of other
# backgrounds, or cover up the background.
#
# And does it look at the animal? We measured that with five networks, on photographs of 224 pixels. On
# average, the animal fills 29% of the picture, and 38% of what Grad-CAM lights up lies on it. A map of
# random numbers would have 29% there. So the answer is: partly.
#
# </details>

# %% [markdown]
# ## Try your own photograph
#
# Put a photograph into the folder of this notebook, write its name in place of `None`, such as
# `"me.jpg"`, and run the cell again. What does the network say about a cat, or about you? (In the
# explorer, the button **Your own picture …** does the same.)

# %% tags=["nbval-ignore-output"]
file = None
run = pk.Run(run_dir)
image = run.read([file])[0] if file else data.test.images[-1]
visualize.plot_answer(run.model, run.preprocess(image[None]), image, run.class_names)

# %% [markdown]
# **Question.** It knows two breeds and nothing else. What can it say about a photograph of a cat, and
# how sure can it sound?
#
# <details><summary>An answer</summary>
#
# It can only divide 100% between its two breeds, and it often gives nearly all of it to one of them. A
# high probability means "rather this breed than the other". It doesn't mean "this is a dog".
#
# </details>
#
# **Change this and look.** In the first cell, change `epochs=8` to `epochs=1`, and run all cells again
# (*Run > Run All Cells*). What do the curves look like now, and how does the answer for your picture
# change?

# %% [markdown]
# **Exercise 3.** The last layer makes one number for each breed, and only then do they become
# probabilities. Until then, they are called [logits](../docs/glossary.md#logits), and the breed with the
# largest one is the answer. Write a function that takes logits of shape `(pictures, classes)`, with a
# row for each picture and a column for each breed. It returns, for each row, the number of the column
# with the largest logit. (NumPy's `argmax` helps.)


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
#     return logits.argmax(axis=1)
#
#
# pk.check.chapter00.exercise_3(answers)
# ```
#
# </details>

# %% [markdown]
# ## In three lines
#
# - A picture goes in as numbers, becomes maps, and comes out as a probability for each breed.
# - Training moves every weight of the network a little, again and again, until it is less wrong.
# - What counts is the accuracy on pictures that it never learned from.
#
# ## Does everything run here?
#
# Each line says what was found on your machine and, if something is wrong, what to do about it. In a
# terminal, `petkeras doctor` prints the same.

# %% tags=["nbval-ignore-output"]
from petkeras.hardware.doctor import examine, line
from petkeras.hardware.probe import look

for fact in examine(look()):
    if fact.topic != "data":
        print(line(fact))

# %% [markdown]
# ## Where to go from here
#
# The chapters follow the article, one piece at a time. If you meet a word that you don't know, look it
# up in the [glossary](../docs/glossary.md#accuracy).
#
# If you have an hour: [04 · Convolution and pooling](04_convolution_and_pooling.ipynb), [08 ·
# Training](08_training.ipynb), and [11 · Filters evolve](11_filters_evolve.ipynb).
#
# ## What to read next
#
# - J. Francis, "Visualizing Convolutional Neural Networks" (2017): the article that this course follows.
# - F. Chollet, "Deep Learning with Python" (2nd edition, 2021), chapters 8 and 9.
#
# Next: [01 · The pictures](01_the_pictures.ipynb)
