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
# # 03 · Building the data set
#
# A network can't train on a pile of pictures. First they have to be split into two parts, squashed to
# squares, centered around zero, labeled, changed at random, and handed out ten at a time.
#
# **After this chapter you can**
#
# - split a data set so that anyone, anywhere, gets the same split;
# - say what must never leak from the test pictures;
# - make many pictures out of one.
#
# *A quarter of a minute on two cores · the article's section "Processing"*
#
# Here is one picture, twelve times, as the network will see it in twelve
# [epochs](../docs/glossary.md#epoch), which are passes over all the pictures. What changes, and what
# stays the same?

# %% tags=["nbval-ignore-output"]
import numpy as np

import petkeras as pk

data = pk.course.load()
from petkeras.data.augmentation import augment

twelve = np.repeat(data.train.images[:1], 12, axis=0).astype(np.float32)  # (12, h, w, 3)
pk.visualize.plot_pictures(augment(twelve, pk.MODERN, [0, 0]), columns=6)

# %% [markdown]
# How that is done comes below. Everything in this chapter happens before the first layer:

# %%
pk.course.where("picture")

# %% [markdown]
# ## Two parts that share nothing
#
# A network is judged on pictures that it has never seen. So before we do anything else, we set
# aside 15 of every 100 pictures of each breed as the *test set*. No picture may be in both parts:

# %%
print(len(set(data.train.names) & set(data.test.names)), "pictures are in both parts")

# %% [markdown]
# In the article, the split depends on the order in which the operating system lists a folder. On another
# machine you get another split, and nobody can reproduce the result. Here it depends only on the names
# of the files and on a *seed*, a number that you choose. For seed 0, we put `0/` in front of a name and
# compute a *hash* of the result. It is a number that looks random, but is the same on every machine,
# forever.

# %%
import hashlib

for name in ("pet_1.jpg", "pet_2.jpg", "pet_3.jpg"):
    print(name, hashlib.sha256(f"0/{name}".encode()).hexdigest()[:16])

# %% [markdown]
# Sort the names of one breed by their hash: the first 15% are its test set. We do this by hand, and
# compare it with the package's split. How many names differ?

# %%
parts = (data.train, data.test)
labeled = [pair for part in parts for pair in zip(part.names, part.labels, strict=True)]
of_first = [name for name, label in labeled if label[0] == 1]
ranked = sorted(of_first, key=lambda name: hashlib.sha256(f"0/{name}".encode()).digest())
by_hand = set(ranked[: round(0.15 * len(ranked))])
print(len(by_hand ^ (set(data.test.names) & set(of_first))), "names differ")

# %% [markdown]
# Ask again, and you get the same split; change the seed, and you get another one. How many test pictures
# do two splits share?

# %% tags=["nbval-ignore-output"]
again, other = pk.course.load(), pk.course.load(seed=1)
for what, test in (("the same seed", again.test), ("another seed", other.test)):
    print(what, len(set(test.names) & set(data.test.names)), "test pictures in common")

# %% [markdown]
# **Question.** We split each breed separately. What could go wrong with a test set of 60 pictures
# if we drew it from all the pictures at once?
#
# <details><summary>An answer</summary>
#
# By chance, it could have 38 pictures of one breed and 22 of the other. A network that always names the
# first breed, no matter what it sees, would then be right 63% of the time. And you couldn't compare that
# figure with one from another split.
#
# </details>

# %% [markdown]
# ## Squashed to squares
#
# Pictures come in all sizes, but the network takes only one. Like the article, we squash them: we
# scale the width and the height to the same number of pixels, whatever they were before. The upper
# row shows the original pictures, and the lower row shows them squashed.

# %% tags=["nbval-ignore-output"]
import io

from PIL import Image

from petkeras.data.pets import open_source
from petkeras.data.pictures import decode

files = iter(open_source(pk.course.settings().source).photographs(data.class_names))
some = [next(files).data for _ in range(50)][::10]
originals = [np.asarray(Image.open(io.BytesIO(file)).convert("RGB")) for file in some]
squashed = [decode(file, data.mean.shape[0])[0] for file in some]
pk.visualize.plot_pictures(originals + squashed, columns=5)

# %% [markdown]
# What does that do to shapes? A circle drawn on a wide sheet becomes an ellipse. On this sheet,
# which is 300 by 200 pixels, everything gets narrower by a third.

# %%
from PIL import ImageDraw

sheet = Image.new("RGB", (300, 200), "lightgray")
ImageDraw.Draw(sheet).ellipse((70, 20, 230, 180), outline="black", width=8)
file = io.BytesIO()
sheet.save(file, "PNG")
circle, size = decode(file.getvalue(), 96)
rows, columns = np.nonzero(circle[:, :, 0] < 128)
print(size, "->", circle.shape)
print(f"height / width = {np.ptp(rows) / np.ptp(columns):.1f}")

# %% tags=["nbval-ignore-output"]
pk.visualize.plot_pictures([np.asarray(sheet), circle], ["original", "squashed"])

# %% [markdown]
# How much are our own pictures squashed? At 1, a picture was square and keeps its shape; at 1.5, it was
# one and a half times as wide as it was high.

# %% tags=["nbval-ignore-output"]
import matplotlib.pyplot as plt

plt.style.use(pk.visualize.style.STYLE)  # the style of petkeras's own figures
figure, axes = plt.subplots(figsize=(6, 3))
for name, sizes in zip(data.class_names, data.sizes, strict=True):
    axes.hist(sizes[:, 0] / sizes[:, 1], np.linspace(0.4, 2.4, 41), alpha=0.6, label=name)
axes.axvline(1, color="black", linestyle="--")
axes.set(xlabel="width / height", ylabel="pictures")
axes.legend()
plt.close(figure)
pk.visualize.describe(figure, "Two histograms, one for each breed, of width divided by height.")

# %% [markdown]
# **Question.** We could also crop the middle, or add gray bars. What does each of the three methods
# lose? And what happens if one breed is usually lying down and the other is usually sitting?
#
# <details><summary>An answer</summary>
#
# Squashing loses the proportions, cropping loses what is at the edges (ears and tails), and bars
# cost pixels, because the pet gets smaller. A pet that lies down gets a wide picture and one that
# sits gets a tall picture, so squashing makes one breed narrower and the other broader. A network
# may pick up on that, and it says nothing about the breed.
#
# </details>

# %% [markdown]
# ## The mean image
#
# Add up all the training pictures and divide by how many there are, and the result is a picture,
# too. Look at it, and at the mean of each breed. What do you recognize?

# %% tags=["nbval-ignore-output"]
of_breeds = [data.train.images[column == 1].mean(axis=0) for column in data.train.labels.T]
pk.visualize.plot_pictures([data.mean, *of_breeds], ["all", *data.class_names])

# %% [markdown]
# By hand, it takes one line. Here is the largest difference between our mean and the package's, in gray
# levels (there are 256 of them):

# %%
print(f"{np.abs(data.mean - data.train.images.mean(axis=0)).max():.2f}")

# %% [markdown]
# We subtract the mean from every picture before the network sees it. After that, each pixel says
# how much brighter or darker it is than usual in that spot, and the pixels average out to about 0.
# That is all the article does. `pk.MODERN` also divides by 1000 to keep the numbers small.

# %% tags=["nbval-ignore-output"]
from petkeras.data.pipeline import preprocess

x = preprocess(data.train.images, data.mean, pk.ARTICLE).numpy()  # (pictures, h, w, 3)
figure, axes = plt.subplots(1, 2, figsize=(8, 3))
axes[0].hist(data.train.images.ravel()[::97], 64)
axes[0].set(title="original pixels", yticks=[])
axes[1].hist(x.ravel()[::97], 64)
axes[1].set(title="without the mean image", yticks=[])
plt.close(figure)
pk.visualize.describe(figure, "Pixels from 0 to 255 on the left; centered around 0 on the right.")

# %% tags=["nbval-ignore-output"]
modern = preprocess(data.train.images, data.mean, pk.MODERN).numpy()
print(f"original: mean {data.train.images.mean():.0f}, spread {data.train.images.std():.0f}")
print(f"article:  mean {abs(x.mean()):.0f}, spread {x.std():.0f}")
print(f"modern:   mean {abs(modern.mean()):.0f}, spread {modern.std():.2f}")

# %% [markdown]
# Without its mean, a picture has numbers below zero. We can only look at it if we show 0 as gray:

# %% tags=["nbval-ignore-output"]
pk.visualize.plot_pictures([*data.train.images[:5], *(x[:5] / 2 + 128)], columns=5)

# %% [markdown]
# ## What leaks if the mean sees the test set
#
# The test set stands for pictures that don't exist yet. If you compute the mean over *all* the pictures,
# you have looked at them. How much does that change? We measure it in gray levels again.

# %% tags=["nbval-ignore-output"]
seen_all = np.concatenate([data.train.images, data.test.images]).mean(axis=0)
difference = np.abs(seen_all - data.mean)
print(f"{difference.mean():.2f} gray levels in the mean, {difference.max():.2f} at most")
print(f"a pixel varies by {x.std():.0f} gray levels from picture to picture")

# %% [markdown]
# The difference is about one gray level on average, while a pixel varies by fifty or more. That will
# hardly change a network. But the habit gets expensive elsewhere. In the next cell the "pictures" are
# pure noise and the labels are coin flips, so there is nothing to learn, and a fair test gives 50%. The
# only thing we learn beforehand is *which 50 of the 5000 pixels* are worth looking at.


# %%
def accuracy_on_noise(rng, seen):
    x, y = rng.normal(size=(400, 5000)), rng.integers(0, 2, 400)
    worth = np.abs(x[:seen].T @ (y[:seen] - 0.5))  # how well each pixel goes with the labels
    x = x[:, np.argsort(-worth)[:50]]
    means = [x[:340][y[:340] == label].mean(axis=0) for label in (0, 1)]
    far = [np.square(x[340:] - mean).sum(axis=1) for mean in means]  # squared distances
    return np.mean((far[1] < far[0]) == y[340:])


rng = np.random.default_rng(0)
for seen, what in ((340, "chosen on the training part:"), (400, "chosen on all pictures:     ")):
    print(what, f"{np.mean([accuracy_on_noise(rng, seen) for _ in range(20)]):.1f}")

# %% [markdown]
# If we peek at the test set to choose the pixels, noise gets "recognized" in eight pictures out of ten.
# Nothing that you compute from the data may have seen the test set: not a mean, not a choice of pixels,
# and not a choice of learning rate, either.

# %% [markdown]
# **Exercise 3.** Subtract the mean image from both parts, which are uint8 arrays of shape `(n, h, w,
# 3)`. Of which pictures may the mean be made?


# %% tags=["exercise"]
def center(train, test):
    return train, test


pk.check.chapter03.exercise_3(center)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def center(train, test):
#     mean = train.mean(axis=0)
#     return train - mean, test - mean
#
#
# pk.check.chapter03.exercise_3(center)
# ```
#
# </details>

# %% [markdown]
# ## Labels as rows
#
# A breed is not a number: the third one is not three times the first. A
# [one-hot](../docs/glossary.md#one-hot) label is a row with one place per breed: a 1 in the place
# of its own breed, and 0 everywhere else.

# %% tags=["nbval-ignore-output"]
for number in (0, len(data.train) - 1):
    label = data.train.labels[number]
    print(data.train.names[number], label, data.class_names[label.argmax()])

# %%
print(data.train.labels.shape, data.train.labels.dtype)

# %% [markdown]
# **Exercise 2.** Write a function that turns class numbers of shape `(n,)` into one-hot labels of shape
# `(n, classes)`, without `tf.one_hot` or the like.


# %% tags=["exercise"]
def one_hot(numbers, classes):
    return None


pk.check.chapter03.exercise_2(one_hot)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def one_hot(numbers, classes):
#     return (numbers[:, None] == np.arange(classes)).astype(np.float32)
#
#
# pk.check.chapter03.exercise_2(one_hot)
# ```
#
# This compares a column of numbers with a row of classes, and gives True where they are equal.
# `np.eye(classes)[numbers]` works, too.
#
# </details>

# %% [markdown]
# ## Changed at random
#
# With only about 340 pictures, we have to use each one many times. The article shows them unchanged, 400
# times over. `pk.MODERN` changes each picture a little every time, as if it were another picture of the
# same pet. This is called [augmentation](../docs/glossary.md#augmentation), and you saw it at the top of
# this page.
#
# Here is one kind of change at a time. When a picture is rotated or shifted, the gap that opens up is
# filled by reflection; look for it along the edges.

# %% tags=["nbval-ignore-output"]
kinds = ("flip", "shift", "zoom", "rotation", "light", "color")
pictures, titles = [], []
for kind in kinds:
    recipe = pk.Recipe(**{kind: getattr(pk.MODERN, kind)})  # all other changes are 0
    pictures += [*augment(twelve[:6], recipe, [0, 0])]
    titles += [kind] + [None] * 5
pk.visualize.plot_pictures(pictures, titles, columns=6)

# %% [markdown]
# **Question.** Why don't we turn any pictures upside down? And for which breeds would it be a bad idea
# to change the colors?
#
# <details><summary>An answer</summary>
#
# Hardly any pet is photographed upside down, and there is no such picture in the test set, so the
# network would learn something it is never asked about. And where color is what sets two breeds
# apart, strong color changes would take away the very thing to go by.
#
# </details>
#
# It only looks random: the seed of the run and the step fix every change. The same two numbers
# always give the same changes, so you can repeat a run.

# %% tags=["nbval-ignore-output"]
first = augment(twelve, pk.MODERN, [7, 3])
for seed_and_step in ([7, 3], [7, 4]):
    again = augment(twelve, pk.MODERN, seed_and_step)
    print(seed_and_step, f"{np.abs(again - first).mean():.0f} gray levels apart")

# %% [markdown]
# ## A batch
#
# All of this happens in a [tf.data](../docs/glossary.md#tfdata) pipeline, while the network is still
# busy with the previous batch. What comes out is what the network sees: a
# [batch](../docs/glossary.md#batch) of ten pictures and ten labels.

# %%
from petkeras.data.pipeline import steps_per_epoch, training_batches

batches = training_batches(data.train, data.mean, pk.MODERN, seed=0)
images, labels = next(iter(batches))
print(images.dtype.name, labels.dtype.name)
print(images.shape[0], "pictures,", labels.shape[0], "labels")

# %% [markdown]
# To look at the pictures, we go the other way: multiply by 1000 and add the mean.

# %% tags=["nbval-ignore-output"]
names = [data.class_names[number] for number in np.argmax(labels, axis=1)]
pk.visualize.plot_pictures(images * pk.MODERN.pixel_scale + data.mean, names, columns=5)

# %% [markdown]
# An epoch goes through every picture once, in a new order. The last batch is smaller when the
# number of pictures isn't a multiple of ten.

# %%
per_epoch = steps_per_epoch(data.train, pk.MODERN)
sizes = [len(labels) for _, labels in batches.take(per_epoch)]
print(f"{len(sizes)} batches of {max(sizes)}, {sum(sizes)} pictures")

# %% [markdown]
# **Exercise 1.** With 340 pictures in batches of ten, an epoch has 34 steps. How many pictures must be in a
# batch for an epoch to have 11 steps? There are three answers.

# %% tags=["exercise"]
batch_size = 10
pk.check.chapter03.exercise_1(batch_size)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# batch_size = 32
# pk.check.chapter03.exercise_1(batch_size)
# ```
#
# 31, 32, and 33 all work. With 34, all the batches are full, and there are 10 of them.
#
# </details>

# %% [markdown]
# Because a batch depends only on the seed and the step, a run that was interrupted picks up again with
# exactly the batch that was next. Here is batch number 20 (the first is 0), without computing the twenty
# before it:

# %%
later = training_batches(data.train, data.mean, pk.MODERN, seed=0, first_step=20)
*_, (images, _) = batches.take(21)
print("largest difference:", np.abs(images - next(iter(later))[0]).max())

# %% [markdown]
# **Change this and look.** In the first cell, change `pk.MODERN` to `dataclasses.replace(pk.MODERN,
# rotation=60)` (with `import dataclasses` above it). At which angle would *you* no longer be sure of the
# breed?
#
# ## In three lines
#
# - The split depends on names and a seed, so that anyone can repeat it.
# - Nothing that you compute may have seen the test pictures, not even a mean.
# - Augmentation makes many pictures out of one, and the seed and the step fix each of them.

# %% [markdown]
# ## What to read next
#
# - C. Ambroise, G. J. McLachlan, "Selection bias in gene extraction on the basis of microarray
#   gene-expression data", PNAS 99 (2002), 6562-6566: the experiment with noise, as it went wrong in
#   print.
# - T. Hastie, R. Tibshirani, J. Friedman, *The Elements of Statistical Learning* (2nd edition
#   2009), section 7.10.2, "The Wrong and Right Way to Do Cross-validation".
# - C. Shorten, T. M. Khoshgoftaar, "A survey on Image Data Augmentation for Deep Learning", Journal
#   of Big Data 6 (2019), article 60.
#
# Next: [04 · Convolution and pooling by hand](04_convolution_and_pooling.ipynb).
