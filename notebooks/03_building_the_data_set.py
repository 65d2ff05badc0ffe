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
# You will see how a heap of pictures becomes what a network is trained on: split into two parts,
# squashed to squares, freed of their mean, labeled, changed at random, and handed out ten at a
# time.
#
# It takes ten seconds, and follows the article's section "Processing".
#
# [Open in Colab](https://colab.research.google.com/github/petkeras/petkeras/blob/main/notebooks/03_building_the_data_set.ipynb)

# %% tags=["nbval-ignore-output"]
# On Colab, install petkeras first: %pip install -q petkeras
import hashlib
import io
import itertools

import matplotlib.pyplot as plt
import numpy as np

import petkeras as pk

# %% tags=["nbval-ignore-output"]
data = pk.course.load()

# %% [markdown]
# ## Two parts that share nothing
#
# A network is judged by pictures that it has never seen. So before anything else, 15 of every 100
# pictures of each breed are set aside as the *test part*. No picture may be in both:

# %%
print(len(set(data.train.names) & set(data.test.names)), "pictures are in both parts")

# %% [markdown]
# The article let the order decide in which the operating system lists a folder: on another machine
# the split is another one, and nobody can repeat the result. Here it depends on the files' names
# and on a *seed*, and on nothing else. For the seed 0, `0/` is put before a name and the whole is
# hashed; the hash looks like chance, but is the same on every machine for all time.

# %%
for name in ("pet_1.jpg", "pet_2.jpg", "pet_3.jpg"):
    print(name, hashlib.sha256(f"0/{name}".encode()).hexdigest()[:16])

# %% [markdown]
# Sort the names of one breed by their hash: the first 15% are its test part. Done by hand, it is
# the split that the package has made:

# %%
parts = (data.train, data.test)
labeled = [pair for part in parts for pair in zip(part.names, part.labels, strict=True)]
of_first = [name for name, label in labeled if label[0] == 1]
ranked = sorted(of_first, key=lambda name: hashlib.sha256(f"0/{name}".encode()).digest())
by_hand = set(ranked[: round(0.15 * len(ranked))])
print(by_hand == set(data.test.names) & set(of_first))

# %% [markdown]
# Asked again, it is the same; with another seed it is another:

# %% tags=["nbval-ignore-output"]
again, other = pk.course.load(), pk.course.load(seed=1)
print("the same seed, the same split:", again.test.names == data.test.names)
print("another seed, the same split:", other.test.names == data.test.names)

# %% [markdown]
# **Question.** The split is made breed by breed. What could happen to a test of 60 pictures, if
# they were drawn from all pictures at once?
#
# <details><summary>An answer</summary>
#
# Chance could make it 38 of one breed and 22 of the other. A network that names the first breed
# whatever it sees would then be right in 63%, and its figure could not be compared with that of
# another split.
#
# </details>

# %% [markdown]
# ## Squashed to squares
#
# Pictures come in all sizes; the network takes one. Like the article, we squash: width and height
# are each brought to the same number of pixels, whatever they were. Here are pictures as they came,
# and below them squashed.

# %% tags=["nbval-ignore-output"]
from PIL import Image

from petkeras.data.pets import open_source
from petkeras.data.pictures import decode

files = open_source(pk.course.settings().source).photographs(data.class_names)
some = [file.data for file in itertools.islice(files, 0, 50, 10)]
originals = [np.asarray(Image.open(io.BytesIO(file)).convert("RGB")) for file in some]
squashed = [decode(file, data.mean.shape[0])[0] for file in some]
pk.visualize.plot_pictures(originals + squashed, columns=5)

# %% [markdown]
# What does that do to shape? A circle drawn on a wide sheet becomes an ellipse: on this one, 300 by
# 200 pixels, everything gets narrower by a third.

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
pk.visualize.plot_pictures([np.asarray(sheet), circle], ["as it came", "squashed"])

# %% [markdown]
# How much are our own pictures squashed? At 1 a picture was square and keeps its shape; at 1.5 it
# was half as wide again as it was high.

# %% tags=["nbval-ignore-output"]
plt.figure(figsize=(6, 3), layout="constrained")
for name, sizes in zip(data.class_names, data.sizes, strict=True):
    plt.hist(sizes[:, 0] / sizes[:, 1], np.linspace(0.4, 2.4, 41), alpha=0.6, label=name)
plt.axvline(1, color="black", linestyle="--")
plt.xlabel("width / height")
plt.ylabel("pictures")
plt.legend()
plt.show()

# %% [markdown]
# **Question.** One could also cut the middle out, or add bars of gray. What does each of the three
# lose? And what happens if one breed mostly lies and the other sits?
#
# <details><summary>An answer</summary>
#
# Squashing loses the proportions, cutting what is at the edges (ears and tails), and bars lose
# pixels: the pet gets smaller. Who lies is photographed on a wide picture, who sits on a high one,
# so one breed gets narrower and the other broader. A network may go by that, and it says nothing
# about the breed.
#
# </details>

# %% [markdown]
# ## The mean image
#
# Add up all training pictures and divide by their number: the result is a picture, too. Look at it,
# and at the means of the breeds. What do you recognize?

# %% tags=["nbval-ignore-output"]
of_breeds = [data.train.images[column == 1].mean(axis=0) for column in data.train.labels.T]
pk.visualize.plot_pictures([data.mean, *of_breeds], ["all", *data.class_names])

# %% [markdown]
# By hand it is one line:

# %%
print(np.allclose(data.mean, data.train.images.mean(axis=0), atol=0.01))

# %% [markdown]
# The mean is taken off every picture before the network sees it. Then a pixel says how much
# brighter or darker it is than usual at this place, and all pixels are about 0 in the mean. The
# article does just that. `pk.MODERN` also divides by 1000, so that the numbers are small.

# %% tags=["nbval-ignore-output"]
from petkeras.data.pipeline import preprocess

x = preprocess(data.train.images, data.mean, pk.ARTICLE).numpy()  # (pictures, h, w, 3)
figure, axes = plt.subplots(1, 2, figsize=(8, 3), layout="constrained")
axes[0].hist(data.train.images.ravel()[::97], 64)
axes[0].set(title="pixels as they come", yticks=[])
axes[1].hist(x.ravel()[::97], 64)
axes[1].set(title="without the mean image", yticks=[])
plt.show()

# %%
print(abs(x.mean()) < 0.1)
modern = preprocess(data.train.images, data.mean, pk.MODERN).numpy()
print(np.allclose(modern, x / 1000))

# %% [markdown]
# A picture without the mean has numbers below zero, and can only be looked at with gray in the
# place of 0:

# %% tags=["nbval-ignore-output"]
pk.visualize.plot_pictures([*data.train.images[:5], *(x[:5] / 2 + 128)], columns=5)

# %% [markdown]
# ## What leaks if the mean sees the test part
#
# The test part stands for pictures that do not exist yet. Whoever computes the mean over *all*
# pictures has looked at them. How much does that change? We measure it in gray levels, of which
# there are 256.

# %% tags=["nbval-ignore-output"]
seen_all = np.concatenate([data.train.images, data.test.images]).mean(axis=0)
difference = np.abs(seen_all - data.mean)
print(f"{difference.mean():.2f} gray levels in the mean, {difference.max():.2f} at most")
print(f"a pixel varies by {x.std():.0f} gray levels from picture to picture")

# %%
print(difference.mean() < 0.1 * x.std())

# %% [markdown]
# About one gray level, where a pixel varies by fifty or more: that will hardly change a network.
# But it is a habit that costs much elsewhere. Below, the "pictures" are nothing but noise,
# and their labels the throw of a coin: there is nothing to be learned, and a fair test gives 50%.
# The only thing that is learned beforehand is *which 50 of the 5000 pixels* are worth a look.


# %%
def accuracy_on_noise(rng, seen):
    x, y = rng.normal(size=(400, 5000)), rng.integers(0, 2, 400)
    worth = np.abs(x[:seen].T @ (y[:seen] - 0.5))  # how well each pixel goes with the labels
    x = x[:, np.argsort(-worth)[:50]]
    means = [x[:340][y[:340] == label].mean(axis=0) for label in (0, 1)]
    far = [np.square(x[340:] - mean).sum(axis=1) for mean in means]  # from each label's mean
    return np.mean((far[1] < far[0]) == y[340:])


rng = np.random.default_rng(0)
for seen, what in ((340, "chosen on the training part:"), (400, "chosen on all pictures:     ")):
    print(what, f"{np.mean([accuracy_on_noise(rng, seen) for _ in range(20)]):.1f}")

# %% [markdown]
# Chosen with a look at the test part, noise is "recognized" in eight pictures out of ten. Nothing
# that is computed from the data may have seen the test part: no mean, no choice of pixels, and no
# choice of a learning rate either.

# %% [markdown]
# ## Labels as rows
#
# A breed is not a number: the third one is not three times the first. A
# [one-hot](../docs/glossary.md#one-hot) label is a row with a place for each breed, a 1 at its own,
# and 0 elsewhere.

# %% tags=["nbval-ignore-output"]
for number in (0, len(data.train) - 1):
    label = data.train.labels[number]
    print(data.train.names[number], label, data.class_names[label.argmax()])

# %%
print(data.train.labels.dtype, data.train.labels.sum(axis=1).min(), data.train.labels.max())

# %% [markdown]
# ## Changed at random
#
# With some 340 pictures, each one has to serve many times. The article shows them as they are, 400
# times over. `pk.MODERN` changes each every time, as another picture of the same pet might differ:
# this is [augmentation](../docs/glossary.md#augmentation). One picture, twelve times:

# %% tags=["nbval-ignore-output"]
from petkeras.data.pipeline import augment

twelve = np.repeat(data.train.images[:1], 12, axis=0).astype(np.float32)  # (12, h, w, 3)
pk.visualize.plot_pictures(augment(twelve, pk.MODERN, [0, 0]), columns=6)

# %% [markdown]
# And one kind of change at a time. What a turned or shifted picture uncovers is filled by
# reflection; look for it at the edges.

# %% tags=["nbval-ignore-output"]
kinds = ("flip", "shift", "zoom", "rotation", "light", "color")
pictures, titles = [], []
for kind in kinds:
    recipe = pk.Recipe(**{kind: getattr(pk.MODERN, kind)})  # all other changes are 0
    pictures += [*augment(twelve[:6], recipe, [0, 0])]
    titles += [kind] + [None] * 5
pk.visualize.plot_pictures(pictures, titles, columns=6)

# %% [markdown]
# **Question.** Why is no picture put upside down? And for which breeds would a change of color be a
# bad idea?
#
# <details><summary>An answer</summary>
#
# Hardly a pet is photographed upside down, and the test holds none: the network would learn
# something that it is never asked. And where color is what sets two breeds apart, strong changes
# would take away what there is to go by.
#
# </details>
#
# Chance is only so called: two numbers decide it, the run's seed and the step. The same two give
# the same changes, so that a run can be repeated.

# %%
same = np.array_equal(augment(twelve, pk.MODERN, [7, 3]), augment(twelve, pk.MODERN, [7, 3]))
other = np.array_equal(augment(twelve, pk.MODERN, [7, 3]), augment(twelve, pk.MODERN, [7, 4]))
print(same, other)

# %% [markdown]
# ## A batch
#
# All of this happens in a [tf.data](../docs/glossary.md#tfdata) pipeline while the network is busy
# with the batch before. What comes out is what the network sees: ten pictures and ten labels.

# %%
from petkeras.data.pipeline import steps_per_epoch, training_batches

batches = training_batches(data.train, data.mean, pk.MODERN, seed=0)
images, labels = next(iter(batches))
print(images.dtype.name, labels.dtype.name)
print(images.shape[0], "pictures,", labels.shape[0], "labels")

# %% [markdown]
# The way back, to look at them: times 1000, plus the mean.

# %% tags=["nbval-ignore-output"]
names = [data.class_names[number] for number in np.argmax(labels, axis=1)]
pk.visualize.plot_pictures(images * pk.MODERN.pixel_scale + data.mean, names, columns=5)

# %% [markdown]
# An epoch takes every picture once, in a new order. Its last batch is smaller where ten does not
# divide their number.

# %%
per_epoch = steps_per_epoch(data.train, pk.MODERN)
sizes = [len(labels) for _, labels in batches.take(per_epoch)]
print(sum(sizes) == len(data.train), set(sizes[:-1]))

# %% [markdown]
# As only seed and step decide a batch, a run that was broken off goes on with the very batch that
# was next. Batch 20, without making the twenty before it:

# %%
later = training_batches(data.train, data.mean, pk.MODERN, seed=0, first_step=20)
*_, (images, _) = batches.take(21)
print(np.array_equal(images, next(iter(later))[0]))

# %% [markdown]
# ## Exercises
#
# **1.** 340 pictures in batches of ten make an epoch of 34 steps. How many pictures must a batch
# have, so that an epoch has 11 steps? There are three answers.

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
# 31, 32 or 33. With 34 all batches are full, and there are 10 of them.
#
# </details>

# %% [markdown]
# **2.** Write the function that turns class numbers `(n,)` into one-hot labels `(n, classes)`,
# without `tf.one_hot` or the like.


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
# A column of numbers against a row of classes: True where they are equal.
# `np.eye(classes)[numbers]` does it, too.
#
# </details>

# %% [markdown]
# **3.** Take the mean image off both parts, `(n, h, w, 3)` uint8, so that the test part stays
# unseen.


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
# ## What to read next
#
# - C. Ambroise, G. J. McLachlan, "Selection bias in gene extraction on the basis of microarray
#   gene-expression data", PNAS 99 (2002), 6562-6566: the experiment with noise, as it went wrong in
#   print.
# - T. Hastie, R. Tibshirani, J. Friedman, *The Elements of Statistical Learning* (2nd edition
#   2009), section 7.10.2, "The Wrong and Right Way to Do Cross-validation".
# - C. Shorten, T. M. Khoshgoftaar, "A survey on Image Data Augmentation for Deep Learning", Journal
#   of Big Data 6 (2019), article 60.
