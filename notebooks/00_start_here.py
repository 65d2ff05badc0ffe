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
# In the next half minute your own machine will learn to tell two breeds of dog apart, and show you
# how it does it.
#
# **After this chapter you can**
#
# - train a network and read its curves;
# - say what goes into a network, what it becomes on the way, and what comes out;
# - lay a finger on any part of it, and watch its answer change.
#
# *About half a minute on two cores · the whole story of the article on one page*
#
# Run the cell below: click into it and press Shift and Enter. It trains a network, which takes a
# while, and then draws what the network makes of one picture.

# %% tags=["nbval-ignore-output"]
import dataclasses

import petkeras as pk
from petkeras import visualize

data = pk.course.load()
recipe = dataclasses.replace(pk.MODERN, epochs=8, film_every=10)
model = pk.pet_net(image_size=data.mean.shape[0], recipe=recipe, seed=0)
run_dir = pk.course.scratch()
history = pk.train(model, data, recipe, run_dir, verbose=False)
image = data.test.images[0]
x = pk.preprocess(image[None], data.mean, recipe)
visualize.plot_answer(model, x, image, data.class_names)

# %% [markdown]
# On the left is the picture that goes in. It becomes **maps**, which are pictures, too: each is
# bright where the network found something that it looks for. On the right is the answer, one
# probability for each breed. Between them you see where in the picture the answer comes from.
#
# Everything in this course takes that row apart. Here are its parts, by their names:

# %%
pk.course.where("picture", "probabilities")

# %% [markdown]
# ## What goes in
#
# These are some of the pictures that it learned from. They are **drawn** by petkeras, so that nothing
# has to be downloaded; chapter 01 shows how to switch to real photographs. (Yes, some of the Samoyeds
# are pink. Light falls differently in every drawing, and a network must cope with that.) How do *you*
# tell the two breeds apart?

# %% tags=["nbval-ignore-output"]
shown = range(0, len(data.train), len(data.train) // 11)
names = [data.class_names[data.train.labels[number].argmax()] for number in shown]
visualize.plot_pictures(data.train.images[list(shown)], names)

# %% [markdown]
# **Exercise 1.** To a computer a picture is a table of numbers. Our pictures are 64 pixels high and 64
# pixels wide, and each pixel has a number for red, one for green and one for blue. How many numbers
# does the network read to look at one picture?

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
# Here is the whole network, drawn to scale. Each stack is a layer, and each sheet in it is a map. The
# maps get smaller and more numerous; then a bar of 512 numbers sums them up, and the last bar has one
# number for each breed.

# %% tags=["nbval-ignore-output"]
visualize.plot_architecture(model, x, image)

# %% [markdown]
# ## How it learned
#
# At first the network guesses. It is shown ten pictures at a time and told how wrong it was, and every
# number in it is moved a little so that it would have been less wrong. It went through all 340
# pictures eight times.
#
# Look at the lower plot. The dots are the accuracy on 60 **test pictures**, which the network never
# learned from: they say whether it has understood something, or only learned its pictures by heart.

# %% tags=["nbval-ignore-output"]
visualize.plot_curves(run_dir)

# %% tags=["nbval-ignore-output"]
print(f"{history.epochs[-1].test_accuracy:.0%} of the test pictures are named correctly")

# %% [markdown]
# **Exercise 2.** Beware of a lazy network. Suppose that 45 of 60 test pictures show Samoyeds, and the
# other 15 Shiba Inus. A network that has learned nothing says "samoyed" to every picture, without
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
# A [filter](../docs/glossary.md#filter) makes one map. These are the maps of eight filters of the
# second layer, filmed while they learned. Nobody told any of them what to look for. Which ones stay as
# they were, and which ones turn dark?

# %% tags=["nbval-ignore-output"]
visualize.animate_evolution(run_dir, "conv1_2")

# %% [markdown]
# ## Touch it
#
# So far you have only looked. In the **explorer** you can lay a finger on the network. It shows the
# picture, all layers, and the answer in a row; below, you choose what to do.
#
# Try this: choose **Gray patch**, slide it over the animal, and watch the two probabilities. Which part
# can you cover without changing the answer, and which part decides it? (Until you run the cell, you see a
# picture of the explorer.)

# %%
pk.explore(run_dir, data=data, tab="change")

# %% [markdown]
# ## Where it looks
#
# You have just done by hand what [occlusion](../docs/glossary.md#occlusion) does for every place:
# cover it, and measure how far the answer falls. [Grad-CAM](../docs/glossary.md#grad-cam) gets a
# similar picture from the maps of the last convolution. Bright areas are the ones that count. Does the
# network look at the animal?

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
# How much of it is the animal? We measured that on photographs of 224 pixels: 38% of what Grad-CAM
# lights up lies on the animal, which fills 29% of the picture (the mean of five networks). A map of
# random numbers would also put 29% there. So the answer is: partly.
#
# </details>

# %% [markdown]
# ## Try your own photograph
#
# Put a photograph beside this notebook, write its name where it says `None`, such as `"me.jpg"`, and
# run the cell again. What does the network say to a cat, or to you? (In the explorer you can drop the
# file onto the row of photographs.)

# %% tags=["nbval-ignore-output"]
file = None
run = pk.Run(run_dir)
image = run.read([file])[0] if file else data.test.images[-1]
visualize.plot_answer(run.model, run.preprocess(image[None]), image, run.class_names)

# %% [markdown]
# **Question.** It knows two breeds and nothing else. What can it say to a photograph of a cat, and how
# sure can it sound?
#
# <details><summary>An answer</summary>
#
# It can only divide 100% between its two breeds, and it often gives nearly all of it to one of them. A
# high probability means "rather this breed than the other". It doesn't mean "this is a dog".
#
# </details>
#
# **Change this and look.** In the first cell, change `epochs=8` to `epochs=1`, and run all cells again
# (*Run > Run All Cells*). How good are the curves, and how does the answer to your picture change?

# %% [markdown]
# **Exercise 3.** Before they become probabilities, the network's two numbers are called
# [logits](../docs/glossary.md#logits), and the breed with the larger one is the answer. Write a
# function that takes logits of shape `(pictures, classes)` and returns the number of the class for
# each picture.


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
# - Training moves every number of the network a little, again and again, until it is less wrong.
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
# The chapters follow the article, one piece at a time. Any word that you don't know is in the
# [glossary](../docs/glossary.md#accuracy).
#
# If you have an hour: [04 · Convolution and pooling](04_convolution_and_pooling.ipynb), [08 ·
# Training](08_training.ipynb), and [11 · Filters evolve](11_filters_evolve.ipynb).
#
# ## What to read next
#
# - J. Francis, "Visualizing Convolutional Neural Networks" (2017): the article that this course
#   rebuilds.
# - F. Chollet, "Deep Learning with Python" (2nd edition, 2021), chapters 8 and 9.
#
# Next: [01 · The pictures](01_the_pictures.ipynb)
