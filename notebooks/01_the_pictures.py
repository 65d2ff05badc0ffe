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
# # 01 · The pictures
#
# All that a network knows comes from its pictures. Before it looks at them, you do. What do they show,
# what is marked in them, and how much (or how little) can a test on 60 of them tell?
#
# **After this chapter you can**
#
# - choose the pictures that all chapters work with, your own included;
# - say what a breed's pictures have in common besides the breed;
# - put an interval around an accuracy, and say how many test pictures you need.
#
# *A quarter of a minute on two cores, and half a minute more if the pets have to be drawn first · the
# article's section "Gathering a data set"*
#
# Here are the first twelve pictures of each breed. What would *you* go by: the color, the ears, the
# tail, the background?

# %% tags=["nbval-ignore-output"]
import numpy as np

import petkeras as pk

data = pk.course.load()
of_each = [np.flatnonzero(column)[:12] for column in data.train.labels.T]
chosen = np.concatenate(of_each)  # the first 12 pictures of each breed
names = [data.train.names[number] for number in chosen]
pk.visualize.plot_pictures(data.train.images[chosen], names, columns=6)

# %% [markdown]
# **Question.** Are there any pictures you couldn't identify yourself without the names above them?
# What can a network learn from those?
#
# <details><summary>An answer</summary>
#
# Next to nothing about the breed. The only way to get them right is to memorize them, or to go by
# something that happens to be in the picture besides the pet.
#
# </details>

# %% [markdown]
# This chapter is about what goes in:

# %%
pk.course.where("picture")

# %% [markdown]
# ## Which pictures
#
# The article took two breeds of dog, the Shiba Inu and the Samoyed, from the [Oxford-IIIT Pet data
# set](../docs/glossary.md#oxford-iiit-pet-data-set), which has photographs of 37 breeds. They are a 774
# MiB download. To spare you that, this course starts with **drawn** pets: pictures that your machine has
# drawn. They are not photographs, and the color of their light varies so much that a white Samoyed may
# come out pink.
#
# The line below switches *all* chapters to the real photographs, and the choice is remembered. Remove
# the `#`, run the cell, and then run all cells of this page again. Instead of `"oxford"` you can name a
# folder that holds the two archives of the data set, or a folder with pictures of your own. You can also
# pick two other breeds: `pk.course.use("my/pets", "beagle,pug")`. To go back to the drawn pets, run
# `pk.course.use("sample")`.

# %%
# pk.course.use("oxford")

# %% [markdown]
# The whole data set has 37 breeds, with about 200 photographs of each. How many of them are dogs?

# %%
from petkeras.data.breeds import CATS, DOGS

print(len(CATS), "breeds of cats and", len(DOGS), "of dogs:", len(CATS) + len(DOGS))

# %% [markdown]
# ## How many, and how large
#
# The table has one row per breed: how many pictures there are, how many of them are for training
# and for testing, and their sizes in pixels.

# %% tags=["nbval-ignore-output"]
from petkeras.data.pets import class_table

columns, rows = class_table(data)
for row in [columns, *rows]:
    print(f"{row[0]:28}" + "".join(f"{word:10}" for word in row[1:]))

# %% [markdown]
# Photographs come in many sizes, and so do the drawn pets. Each dot is one picture, and a dot on the
# dashed line is a picture that is as wide as it is high. A network wants all its pictures the same size.
# Chapter 03 shows how that is done, and what it does to a face.

# %% tags=["nbval-ignore-output"]
import matplotlib.pyplot as plt

plt.style.use(pk.visualize.style.STYLE)  # the style of petkeras's own figures
figure, axes = plt.subplots(figsize=(6, 4))
for name, sizes in zip(data.class_names, data.sizes, strict=True):
    axes.scatter(*sizes.T, s=14, alpha=0.6, label=name)
sides = np.concatenate(data.sizes).ravel()
axes.plot([sides.min(), sides.max()], [sides.min(), sides.max()], "--", color="gray")
axes.set(xlabel="width in pixels", ylabel="height in pixels")
figure.legend(loc="outside right upper")
plt.close(figure)
pk.visualize.describe(figure, "The width and height of each picture, as dots of two colors.")

# %% [markdown]
# ## What is marked in them
#
# Each picture comes with more than the name of its breed: a second picture of the same size marks where
# the pet is. For the photographs, people painted it pixel by pixel; for the drawn pets, the drawing
# program knows it. It is called a [trimap](../docs/glossary.md#trimap), because it has three values. The
# value 1 is the pet, 2 is the background, and 3 is the border between them, where it is hard to say.
# About half of the pictures also have a box around the head. (A folder of your own pictures has neither.
# In that case, the next cells stop, and a message says why.)

# %%
from petkeras.data.annotations import load_annotations

now = pk.course.settings()
marked = load_annotations(data.train.names, now.source, now.image_size)
print(f"values: {np.unique(marked.trimaps)}")

# %% tags=["nbval-ignore-output"]
with_box = [number for number, box in enumerate(marked.boxes) if box]
print(f"{len(with_box)} of {len(marked)} pictures have a head box")

# %% [markdown]
# The line runs around everything that is definitely pet. Does the border look as wide to you as it
# is drawn?

# %% tags=["nbval-ignore-output"]
first = with_box[0]
pk.visualize.plot_annotations(data.train.images[first], marked.trimaps[first], marked.boxes[first])

# %% tags=["nbval-ignore-output"]
last = with_box[-1]
pk.visualize.plot_annotations(data.train.images[last], marked.trimaps[last], marked.boxes[last])

# %% [markdown]
# The article uses neither boxes nor trimaps. The network gets the whole picture and the name of the
# breed, and has to find out for itself where to look. We use them to check on it: a network that
# has understood what a breed is should look at the pet and not at the grass around it.
#
# ## How much of a picture is pet
#
# Here is the share of pixels that are definitely pet, for all the training pictures. Do the two breeds
# differ?

# %% tags=["nbval-ignore-output"]
shares = (marked.trimaps == 1).mean(axis=(1, 2))  # (pictures,)
figure, axes = plt.subplots(figsize=(6, 3))
for name, column in zip(data.class_names, data.train.labels.T, strict=True):
    axes.hist(shares[column == 1], np.linspace(0, 1, 21), alpha=0.6, label=name)
axes.set(xlabel="share of the picture that is pet", ylabel="pictures")
axes.legend()
plt.close(figure)
pk.visualize.describe(
    figure, "Two histograms, one for each breed, of how much of a picture is pet."
)

# %% [markdown]
# **Question.** If one breed filled its pictures and the other didn't, could a network tell them
# apart without knowing anything about dogs or cats? Would you call that a success?
#
# <details><summary>An answer</summary>
#
# Yes, it could: it would go by how much of the picture looks like fur. The test wouldn't reveal
# this, because the test pictures are of the same kind. But photographs that somebody else takes,
# from closer up or farther away, would be misclassified. So it isn't a success, even though the
# accuracy says it is.
#
# </details>

# %% [markdown]
# **Exercise 2.** Write a function that takes a trimap and returns the share of the picture that is pet.
# Count half of the border, because about half of it is pet.


# %% tags=["exercise"]
def pet_share(trimap):
    return None


pk.check.chapter01.exercise_2(pet_share)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def pet_share(trimap):
#     return np.mean(trimap == 1) + np.mean(trimap == 3) / 2
#
#
# pk.check.chapter01.exercise_2(pet_share)
# ```
#
# </details>

# %% [markdown]
# **Exercise 3.** Head boxes are given in pixels of the original picture. Write the function that finds
# the box (left, top, right, bottom) in the picture after it has been squashed from `width` by `height`
# to `size` by `size`. Don't round.


# %% tags=["exercise"]
def squash_box(box, width, height, size):
    left, top, right, bottom = box
    return left, top, right, bottom


pk.check.chapter01.exercise_3(squash_box)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def squash_box(box, width, height, size):
#     left, top, right, bottom = box
#     across, down = size / width, size / height
#     return left * across, top * down, right * across, bottom * down
#
#
# pk.check.chapter01.exercise_3(squash_box)
# ```
#
# </details>

# %% [markdown]
# ## What a small data set means
#
# The article has about 400 pictures: some 340 to learn from, and 60 to test on. In the results stored
# with it, 50 of the 60 were right in the end, which is 83%; its text speaks of almost 90%. How much can
# 60 pictures tell us? A single picture is worth 1.7 points:

# %%
print(f"{1 / 60:.1%} a picture, {50 / 60:.1%} in all")

# %% [markdown]
# How far can luck take a network that never changes? Let's simulate it: a network that is right on five
# pictures out of six takes a test of 60 pictures, 10,000 times over. See how far the measured accuracies
# spread.

# %% tags=["nbval-ignore-output"]
rng = np.random.default_rng(0)
right = rng.binomial(60, 5 / 6, size=10_000)  # correct answers in each test
figure, axes = plt.subplots(figsize=(6, 3))
axes.hist(right / 60, (np.arange(35, 62) - 0.5) / 60, edgecolor="white")
axes.axvline(5 / 6, color="black", linestyle="--")
axes.set(xlabel="accuracy measured on 60 pictures (dashed: the true one)", ylabel="tests")
plt.close(figure)
pk.visualize.describe(figure, "A bell-shaped histogram of accuracies, from about 0.65 to 0.97.")

# %% [markdown]
# On 60 other pictures the same network might get 46 right, or 54. A [confidence
# interval](../docs/glossary.md#confidence-interval) says which true accuracies are compatible with what
# we saw. Wilson's interval asks about each accuracy $p$: if this were the true one, would 50 of 60 be
# less than 1.96 standard deviations away? (About 95% of all results are.) All the $p$ for which the
# answer is yes make up the interval:
#
# $$\frac{\hat p + \frac{z^2}{2n} \pm z
# \sqrt{\frac{\hat p (1 - \hat p)}{n} + \frac{z^2}{4 n^2}}}{1 + \frac{z^2}{n}},
# \qquad \hat p = \frac{50}{60},\ n = 60,\ z = 1.96$$


# %%
def wilson(right, n, z=1.96):
    share = right / n
    middle = share + z**2 / (2 * n)
    half = z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return (middle - half) / (1 + z**2 / n), (middle + half) / (1 + z**2 / n)


low, high = wilson(50, 60)
print(f"from {low:.0%} to {high:.0%}")

# %% [markdown]
# Both the 83% and the almost 90% lie inside it, and so does 75%. The article's two figures don't
# contradict each other: 60 pictures are not enough to tell them apart. Nor are they enough to say
# whether a second network with 53 right is better:

# %%
low, high = wilson(53, 60)
print(f"from {low:.0%} to {high:.0%}")

# %% [markdown]
# Does the interval keep its promise? Each of the 10,000 tests from above has its own interval. A 95%
# interval should contain the true accuracy in about 95 of 100 tests:

# %%
low, high = wilson(right, 60)
held = np.mean((low < 5 / 6) & (high > 5 / 6))
print(f"{held:.0%} of the intervals contain it")

# %% [markdown]
# The interval in most textbooks, $\hat p \pm z \sqrt{\hat p (1 - \hat p) / n}$, does worse when the
# accuracy is close to 1 and the test is small. If all 60 are right, it claims that the network never
# makes a mistake. Wilson's interval is more careful:

# %%
low, high = wilson(60, 60)
print(f"from {low:.0%} to {high:.0%}")

# %% [markdown]
# ## How many pictures would be enough?
#
# The interval gets narrower as you add test pictures, but slowly: it takes four times as many to
# cut it in half. The dashed line is at 60.

# %% tags=["nbval-ignore-output"]
counts = np.geomspace(10, 5000, 200)
low, high = wilson(5 / 6 * counts, counts)
figure, axes = plt.subplots(figsize=(6, 3))
axes.fill_between(counts, low, high, alpha=0.3)
axes.axhline(5 / 6, color="black", linewidth=1)
axes.axvline(60, color="gray", linestyle="--")
axes.set(xscale="log", xlabel="test pictures", ylabel="plausible accuracies")
plt.close(figure)
pk.visualize.describe(
    figure, "A band around 5/6 that narrows as the number of test pictures grows."
)

# %% [markdown]
# **Exercise 1.** How many test pictures does it take before the interval around an accuracy of 5/6 is at
# most 10 points wide? Change the number; we are looking for the smallest one that works, give or take a
# few.

# %% tags=["exercise"]
test_pictures = 60
pk.check.chapter01.exercise_1(test_pictures)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# test_pictures = 211
# pk.check.chapter01.exercise_1(test_pictures)
# ```
#
# You can find it by trial and error. Or get close with the rule that half the width takes four times as
# many pictures: $60 \cdot (18.7 / 10)^2 \approx 210$.
#
# </details>

# %% [markdown]
# **Question.** Every picture that goes into the test set is one the network can't learn from. What
# would you do with 400 pictures if you had to know the accuracy to within three points?
#
# <details><summary>An answer</summary>
#
# With a single test it can't be done: at an accuracy of 5/6, plus or minus three points takes about 590
# test pictures. The best use of 400 is *cross-validation*. Split them into five parts, and train five
# networks, each without one of the parts. Then test each network on the part that it has not seen. That
# way every picture is tested once, and the interval is plus or minus 3.7 points.
#
# </details>
#
# There is another side to small data: a network with millions of weights can memorize 340 pictures.
# Chapter 10 is about that.

# %% [markdown]
# **Change this and look.** In the cell with `rng.binomial`, test on 600 pictures: write
# `rng.binomial(600, 5 / 6, size=10_000)` and `right / 600`, and run that cell again. How much narrower
# does the heap become?
#
# ## In three lines
#
# - Look at the pictures first: a network may go by anything that they have in common.
# - With 60 test pictures, you know an accuracy only to about ten points, up or down.
# - To cut the interval in half, you need four times as many pictures.

# %% [markdown]
# ## What to read next
#
# - O. M. Parkhi, A. Vedaldi, A. Zisserman, C. V. Jawahar, "Cats and Dogs", CVPR 2012, section 2:
#   how the data set was collected and annotated.
# - E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", Journal of
#   the American Statistical Association 22 (1927), 209-212: three pages, and the interval.
# - L. D. Brown, T. T. Cai, A. DasGupta, "Interval Estimation for a Binomial Proportion",
#   Statistical Science 16 (2001), 101-133: why the textbook interval is worse than it looks.
#
# Next: [02 · Choosing a model](02_choosing_a_model.ipynb).
