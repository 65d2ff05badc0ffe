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
# You will see the pictures that the network learns from, what is marked in them, and how much (or
# how little) one may conclude from a test on 60 of them.
#
# It takes ten seconds, and half a minute longer where the pets have to be drawn first. It follows
# the article's section "Gathering a data set".
#
# [Open in Colab](https://colab.research.google.com/github/petkeras/petkeras/blob/main/notebooks/01_the_pictures.ipynb)

# %% tags=["nbval-ignore-output"]
# On Colab, install petkeras first: %pip install -q petkeras
import matplotlib.pyplot as plt
import numpy as np

import petkeras as pk

# %% [markdown]
# ## Which pictures
#
# The article took two breeds of dog, Shiba Inu and Samoyed, from the
# [Oxford-IIIT Pet data set](../docs/glossary.md#oxford-iiit-pet-data-set), which holds photographs
# of 37 breeds. That is a download of 774 MiB. So that nothing has to be downloaded, this course
# begins with **drawn** pets: pictures that were made on this machine, and are no photographs.
#
# The line below switches *all* chapters to the real photographs, once and for good: take the `#`
# away, run the cell, and go on. Instead of `"oxford"` it may name a folder that holds the two
# archives of the data set, and two other breeds: `pk.course.use("my/pets", "beagle,pug")`.
# `pk.course.use("sample")` goes back to the drawn pets.

# %%
# pk.course.use("oxford")

# %% [markdown]
# The course loads its pictures by one call in every chapter. It says what it has loaded.

# %% tags=["nbval-ignore-output"]
data = pk.course.load()

# %% [markdown]
# ## Look at them first
#
# Before any network does, look for yourself. What would *you* go by: the color, the ears, the tail,
# the background?

# %% tags=["nbval-ignore-output"]
of_each = [np.flatnonzero(column)[:12] for column in data.train.labels.T]
chosen = np.concatenate(of_each)  # the first 12 pictures of each breed
names = [data.train.names[number] for number in chosen]
pk.visualize.plot_pictures(data.train.images[chosen], names, columns=6)

# %% [markdown]
# **Question.** Are there pictures that you could not tell yourself, were it not for the names over
# them? What can a network learn from those?
#
# <details><summary>An answer</summary>
#
# Next to nothing about the breed. It can only get them right by learning them by heart, or by
# something that happens to be in them beside the pet.
#
# </details>

# %% [markdown]
# ## How many, and how large
#
# A row for each breed: the number of pictures, how many of them are for training and for testing,
# and the sizes in pixels.

# %% tags=["nbval-ignore-output"]
from petkeras.data.pets import class_table

columns, rows = class_table(data)
for row in [columns, *rows]:
    print(f"{row[0]:28}" + "".join(f"{word:10}" for word in row[1:]))

# %% [markdown]
# Pictures come in many sizes; each dot is a picture. On the dashed line it is as wide as it is
# high. A network wants all of one size: chapter 03 shows how that is done, and what it does to a
# face.

# %% tags=["nbval-ignore-output"]
figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
for name, sizes in zip(data.class_names, data.sizes, strict=True):
    axes.scatter(*sizes.T, s=14, alpha=0.6, label=name)
sides = np.concatenate(data.sizes).ravel()
axes.plot([sides.min(), sides.max()], [sides.min(), sides.max()], "--", color="gray")
axes.set(xlabel="width in pixels", ylabel="height in pixels")
axes.legend()
plt.show()

# %% [markdown]
# The whole data set has 37 breeds, with about 200 photographs each.

# %%
from petkeras.data.breeds import CATS, DOGS

print(len(CATS), "breeds of cats and", len(DOGS), "of dogs:", len(CATS) + len(DOGS))

# %% [markdown]
# ## What is marked in them
#
# Each picture comes with more than the name of its breed: with a map of where the pet is. In the
# photographs people have painted it, pixel by pixel; of the drawn pets the program knows it that
# has drawn them. Such a [trimap](../docs/glossary.md#trimap) has three values: 1 is the pet, 2 the
# background, and 3 the border between them, where it is hard to say. About half of the pictures
# also have a box around the head. (A folder of your own pictures has neither: then the next cells
# end in a line that says so.)

# %%
from petkeras.data.annotations import load_annotations

now = pk.course.settings()
marked = load_annotations(data.train.names, now.source, now.image_size)
print(marked.trimaps.shape == data.train.images.shape[:3])
print(np.unique(marked.trimaps))

# %% tags=["nbval-ignore-output"]
with_box = [number for number, box in enumerate(marked.boxes) if box]
print(f"{len(with_box)} of {len(marked)} pictures have a head box")

# %% [markdown]
# The line goes around all that is pet for sure. Does the border look as wide to you as it is drawn?

# %% tags=["nbval-ignore-output"]
first = with_box[0]
pk.visualize.plot_annotations(data.train.images[first], marked.trimaps[first], marked.boxes[first])

# %% tags=["nbval-ignore-output"]
last = with_box[-1]
pk.visualize.plot_annotations(data.train.images[last], marked.trimaps[last], marked.boxes[last])

# %% [markdown]
# The article uses neither boxes nor trimaps: the network gets the whole picture and the breed's
# name, and has to find out by itself where to look. For us they are a way to check it: a network
# that has understood what a breed is should look at the pet, and not at the grass around it.
#
# ## How much of a picture is pet
#
# The share of the pixels that are pet for sure, picture by picture. Look whether the breeds differ.

# %% tags=["nbval-ignore-output"]
shares = (marked.trimaps == 1).mean(axis=(1, 2))  # (pictures,)
figure, axes = plt.subplots(figsize=(6, 3), layout="constrained")
for name, column in zip(data.class_names, data.train.labels.T, strict=True):
    axes.hist(shares[column == 1], np.linspace(0, 1, 21), alpha=0.6, label=name)
axes.set(xlabel="share of the picture that is pet", ylabel="pictures")
axes.legend()
plt.show()

# %% [markdown]
# **Question.** If one breed filled its pictures and the other did not, could a network tell them
# apart without knowing anything about dogs or cats? Would you call that a success?
#
# <details><summary>An answer</summary>
#
# Yes: by how much of the picture looks like fur. The test would not show it, as its pictures are of
# the same kind. But photographs that somebody else takes, from nearer or farther away, would be
# called wrong. So it is no success, though the accuracy says so.
#
# </details>

# %% [markdown]
# ## What a small data set means
#
# The article has fewer than 400 pictures: 340 to learn from and 60 to be tested on. In the results
# stored with it, 50 of the 60 were right in the end, which is 83%; its text speaks of almost 90%.
# How much can be said from 60 pictures? One of them alone is worth 1.7 points:

# %%
print(f"{1 / 60:.1%} a picture, {50 / 60:.1%} in all")

# %% [markdown]
# The 60 are a sample. With 60 others the same network might get 46 right, or 54. An
# [interval](../docs/glossary.md#confidence-interval) says which true accuracies go together with
# what was seen. Wilson's asks of each accuracy $p$: if it were the true one, would 50 of 60 be
# less than 1.96 standard deviations away? Those $p$ for which it is so make up the interval:
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
# Both the 83% and the almost 90% lie in it, and so does 75%. The article's two figures do not
# contradict one another: 60 pictures cannot tell them apart. Nor can they tell whether a second
# network with 53 right is better:

# %%
low, high = wilson(53, 60)
print(f"from {low:.0%} to {high:.0%}")

# %% [markdown]
# ## Is it true?
#
# We play it through. A network that is right on five pictures out of six is tested on 60 pictures,
# 10,000 times. Look how far the measured accuracies lie apart, though the network never changes.

# %% tags=["nbval-ignore-output"]
rng = np.random.default_rng(0)
right = rng.binomial(60, 5 / 6, size=10_000)  # right answers in each test
plt.figure(figsize=(6, 3), layout="constrained")
plt.hist(right / 60, (np.arange(35, 62) - 0.5) / 60, edgecolor="white")
plt.axvline(5 / 6, color="black", linestyle="--")
plt.xlabel("accuracy measured on 60 pictures (dashed: the true one)")
plt.ylabel("tests")
plt.show()

# %% [markdown]
# Each test has its own interval. An interval of 95% should hold the true accuracy in about 95 of
# 100 tests:

# %%
low, high = wilson(right, 60)
held = np.mean((low < 5 / 6) & (high > 5 / 6))
print(0.93 < held < 0.97)

# %% [markdown]
# The interval of most textbooks, $\hat p \pm z \sqrt{\hat p (1 - \hat p) / n}$, does worse where
# the accuracy is near to 1 and the test small. When all 60 are right, it claims that the network
# never errs. Wilson's is more careful:

# %%
low, high = wilson(60, 60)
print(f"from {low:.0%} to {high:.0%}")

# %% [markdown]
# ## How many pictures would do?
#
# The interval gets narrower as there are more test pictures, but slowly: by half for four times as
# many. The dashed line is at 60.

# %% tags=["nbval-ignore-output"]
counts = np.geomspace(10, 5000, 200)
low, high = wilson(5 / 6 * counts, counts)
plt.figure(figsize=(6, 3), layout="constrained")
plt.fill_between(counts, low, high, alpha=0.3)
plt.axhline(5 / 6, color="black", linewidth=1)
plt.axvline(60, color="gray", linestyle="--")
plt.xscale("log")
plt.xlabel("test pictures")
plt.ylabel("accuracies that fit")
plt.show()

# %% [markdown]
# **Question.** Each picture that goes to the test is one that the network cannot learn from. What
# would you do with 400 pictures, if you had to know the accuracy to within three points?
#
# <details><summary>An answer</summary>
#
# With a single test it cannot be done: at an accuracy of 5/6, three points up and down take some
# 590 test pictures. The best use of 400 is *cross-validation*: cut them into five parts, train five
# networks, each without one of the parts, and test each on the part that it has not seen. So every
# picture is tested once, and the interval is 3.7 points up and down.
#
# </details>
#
# Small data have a second side: a network with millions of weights can learn 340 pictures by heart.
# Chapter 10 is about that.

# %% [markdown]
# ## Exercises
#
# **1.** How many test pictures does it take until the interval about an accuracy of 5/6 is at most
# 10 points wide? Change the number; the fewest that do are asked for, give or take a few.

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
# One gets there by trying, or nearly so by the rule that half the width takes four times the
# pictures: $60 \cdot (18.7 / 10)^2 \approx 210$.
#
# </details>

# %% [markdown]
# **2.** Write a function from a trimap to the share of the picture that is pet. Count the border
# half: about half of it is pet.


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
# **3.** Head boxes are published in pixels of the photograph. Write the function that finds the box
# (left, top, right, bottom) in the picture after that was squashed from `width` by `height`
# to `size` by `size`. Do not round.


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
# ## What to read next
#
# - O. M. Parkhi, A. Vedaldi, A. Zisserman, C. V. Jawahar, "Cats and Dogs", CVPR 2012, section 2:
#   how the data set was gathered and marked.
# - E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", Journal of
#   the American Statistical Association 22 (1927), 209-212: three pages, and the interval.
# - L. D. Brown, T. T. Cai, A. DasGupta, "Interval Estimation for a Binomial Proportion",
#   Statistical Science 16 (2001), 101-133: why the textbooks' interval is worse than it looks.
