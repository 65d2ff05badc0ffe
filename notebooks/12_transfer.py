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
# # 12 · Standing on shoulders
#
# You will cut the last layer off a trained network, learn a new one on what is left in a few
# seconds, and ask how much of the result the shoulders have earned. It takes half a minute, and
# takes up the article's section "Conclusion".
#
# [Open in Colab](https://colab.research.google.com/github/petkeras/petkeras/blob/main/notebooks/12_transfer.ipynb)

# %% tags=["nbval-ignore-output"]
# On Colab, install petkeras first: %pip install -q petkeras
import petkeras as pk
from petkeras import visualize as pkv

data = pk.course.load()
size = data.train.images.shape[1]

# %% [markdown]
# ## The shoulders
#
# Two breeds have a few hundred pictures; the large data sets have millions. Does a network that
# has learned from other pictures have a head start on ours?
# [Transfer learning](../docs/glossary.md#transfer-learning) says so. The ones that people stand on
# took days to train. Ours is small, so that all of this runs without a network connection: the
# four convolutions of the article, on **drawn cats**. They are not among the classes that we are
# after.

# %%
cats = pk.load_pets("cats", source="sample", image_size=size)
print(cats.class_names, len(cats.train))
print("classes in common:", len(set(cats.class_names) & set(data.class_names)))

# %% [markdown]
# Above what the shoulders see, below what we want to tell apart. What do the two have in common?

# %% tags=["nbval-ignore-output"]
both = [*cats.train.images[165:175], *data.train.images[165:175]]
pkv.plot_pictures(both, columns=10)

# %% [markdown]
# Five epochs on the cats, by the loop of chapter 08. The run is kept in a folder.

# %% tags=["nbval-ignore-output"]
import dataclasses
import tempfile

recipe = dataclasses.replace(pk.MODERN, epochs=5, film_every=0)
folder = tempfile.mkdtemp()
history = pk.train(pk.pet_net(2, size, recipe, seed=0), cats, recipe, folder + "/cats")

# %% [markdown]
# ## What a feature is
#
# The last layer, `softmax`, weighs 512 numbers and adds them up: one sum speaks for the first
# class, one for the second. It knows cats, and nothing else. Cut it off. What is left, the
# [backbone](../docs/glossary.md#backbone), turns any picture into those 512 numbers, its
# [features](../docs/glossary.md#feature), and knows no class at all.

# %%
from petkeras.runs.transfer import open_backbone

backbone = open_backbone(folder + "/cats", data)
features = backbone.features(data.train.images)
print(features.shape[1:], features.dtype)
print("all 0 or more:", bool((features >= 0).all()))

# %% [markdown]
# Here they are. A row is a picture of ours, twenty of each class, a column one of the features that
# vary the most. Is there a column that is bright in one half and dark in the other? To find it, and
# to weigh it, is all that the new layer has to learn.

# %%
import keras
import matplotlib.pyplot as plt
import numpy as np

classes = data.train.labels.argmax(axis=1)
rows = np.concatenate([np.flatnonzero(classes == label)[:20] for label in (0, 1)])
liveliest = np.argsort(-features.std(axis=0))[:80]

# %% tags=["nbval-ignore-output"]
figure, axes = plt.subplots(figsize=(8, 3.9), layout="constrained")
shown = axes.imshow(np.sqrt(features[rows][:, liveliest]), cmap="viridis")
axes.axhline(19.5, color="white")
axes.set(title="Features of 40 pictures", xlabel="feature", yticks=[9.5, 29.5])
axes.set_yticklabels(data.class_names[:2])
figure.colorbar(shown, label="square root of the feature", shrink=0.8)
plt.show()

# %% [markdown]
# **Question.** Many features of `fc1` are 0 for every picture, and are not shown here. Which
# activation does that?
#
# <details><summary>An answer</summary>
#
# The ReLU: whatever is below 0 becomes 0. A unit whose sum is below 0 for every picture says
# nothing.
#
# </details>

# %% [markdown]
# ## Freeze, and learn a row of weights
#
# *Freezing* a layer means that training leaves its weights as they are. If all but the last layer
# are frozen, a picture's features never change. So we compute them **once**, and train the last
# layer on numbers instead of pictures: no convolution is done in any of the epochs.
# `pk.transfer` does both, with the loop of `pk.train`. Watch the seconds.

# %% tags=["nbval-ignore-output"]
last_layer = dataclasses.replace(pk.TRANSFER, learning_rate=1e-2)
on_cats = pk.transfer(folder + "/cats", data, last_layer, folder + "/ours")

# %% [markdown]
# How few weights were that? One for each feature and class, and a bias for each class.

# %%
whole = pk.Run(folder + "/ours").model
last = whole.get_layer("softmax")
print(f"{last.count_params():,} weights learned")
print("less than a thousandth of all:", last.count_params() < whole.count_params() / 1000)

# %% [markdown]
# And nothing else has moved. The new run has the kernels of the old one, bit by bit:

# %%
old = pk.Run(folder + "/cats").model
for name in ("conv1_1", "conv1_2", "conv2_1", "conv2_2", "fc1", "softmax"):
    before, after = old.get_layer(name).kernel, whole.get_layer(name).kernel
    print(name, "the same" if np.array_equal(before, after) else "another")

# %% [markdown]
# ## Against a start from nothing
#
# The fair opponent has no shoulders: all weights random at the start, all of them trained, on our
# pictures alone.

# %% tags=["nbval-ignore-output"]
from_nothing = pk.train(pk.pet_net(2, size, recipe, seed=0), data, recipe)

# %% [markdown]
# Test accuracy by the second. Which is quicker, and which ends higher? The line of the last layer
# leaves out the time in which the features were computed, a second or two.

# %% tags=["nbval-ignore-output"]
figure, axes = plt.subplots(figsize=(8, 3), layout="constrained")
for name, history in {"last layer only": on_cats, "from nothing": from_nothing}.items():
    axes.plot(history.column("seconds"), history.column("test_accuracy"), ".-", label=name)
axes.set(title="Test accuracy", xlabel="seconds of training", ylim=(0.4, 1.02))
axes.legend()
plt.show()

# %% [markdown]
# ## How tall are the shoulders?
#
# Before we praise the cats, the control that is often forgotten: shoulders that have learned
# **nothing**. The same network with its random start, never trained, frozen, and a last layer on
# top.

# %% tags=["nbval-ignore-output"]
untrained = pk.pet_net(2, size, recipe, seed=0)
scaled = dataclasses.replace(last_layer, pixel_scale=recipe.pixel_scale)
on_nothing = pk.transfer(untrained, data, scaled, verbose=False)

# %% tags=["nbval-ignore-output"]
ways = {
    "from nothing,\nall weights": from_nothing,
    "on cats,\nlast layer": on_cats,
    "on random weights,\nlast layer": on_nothing,
}
figure, axes = plt.subplots(figsize=(8, 3), layout="constrained")
bars = axes.bar(list(ways), [way.epochs[-1].test_accuracy for way in ways.values()], 0.5)
axes.bar_label(bars, fmt="%.2f")
axes.set(title="Test accuracy at the end", ylim=(0, 1.1))
plt.show()

# %% [markdown]
# With 60 test pictures, differences below about 0.1 mean little. Most of what the last layer reads
# it can read from *random* convolutions: they, too, answer to edges and colors. Our shoulders, five
# epochs of two drawn breeds, are not tall: they are not clearly above those that never learned.
#
# **Question.** What would you change to make them taller: more epochs, more pictures, more
# classes, more layers? Which of them can you test here?
#
# <details><summary>An answer</summary>
#
# More epochs are one number above. More layers are a model of your own, which `pk.transfer` takes,
# too. More pictures and more classes cannot be had from the drawn sample, which has 200 of each of
# two cats and two dogs; the photographs are of 37 breeds.
#
# </details>

# %% [markdown]
# ## Tall ones
#
# GoogLeNet (Inception), VGG16 and their successors learned from 1.3 million photographs of 1,000
# kinds of things, more than a hundred breeds of dog among them. Without their last layers they tell
# breeds apart that were never named to them. One line gets you onto their shoulders. It is not
# executed here, as Keras downloads the weights at the first use (`weights=` takes a file instead):
#
# ```python
# photographs = pk.load_pets(image_size=160)  # 774 MiB, once
# pk.transfer("mobilenet_v2", photographs, run_dir="runs/shoulders")
# ```
#
# or at a terminal: `petkeras train --backbone mobilenet_v2 --image-size 160`. `"vgg16"` and
# `"inception_v3"` are there, too. We measured one such backbone, MobileNetV2 at 160 pixels, trained
# on ImageNet and tuned on other photographs of dogs, on a cat and a dog of the article's data set
# (Abyssinian and American bulldog, about 340 photographs to learn from): all 60 test photographs
# were right, with each of five splits, in about ten seconds on two processor cores. Compare: the
# article trained all weights of its network for 400 epochs on two breeds of dog, to 0.83.

# %% [markdown]
# ## A run like any other
#
# What `pk.transfer` keeps is the whole network, from pictures to
# [logits](../docs/glossary.md#logits), so that all we did in other chapters can be done with it.
# Where do layers that only ever saw drawn cats look on ours?

# %% tags=["nbval-ignore-output"]
run = pk.Run(folder + "/ours")
picked = [int(np.argmax(data.test.labels[:, label])) for label in (0, 1)]
images = data.test.images[picked]
heat = {"Grad-CAM, conv2_2": pkv.grad_cam(run.model, run.preprocess(images), "conv2_2")}
pkv.plot_attribution(images, heat, titles=list(data.class_names[:2]))

# %% [markdown]
# In the kept network nothing is frozen any more. Training it with a low learning rate would now move
# all of its weights a little: that is [fine-tuning](../docs/glossary.md#fine-tuning), and the usual
# next step. The pictures have to be prepared as the backbone knows them, with its own mean image:
#
# ```python
# slow = dataclasses.replace(run.recipe, learning_rate=1e-5, epochs=3)
# pk.train(run.model, dataclasses.replace(data, mean=run.mean), slow)
# ```

# %% [markdown]
# ## Exercises
#
# **1.** Freeze. Keras asks each layer for its `trainable`. Change the loop, so that of all layers
# only the last one, `softmax`, is left to learn.

# %% tags=["exercise"]
model = pk.pet_net(image_size=16)
for layer in model.layers:
    layer.trainable = True
pk.check.chapter12.exercise_1(model)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# model = pk.pet_net(image_size=16)
# for layer in model.layers[:-1]:
#     layer.trainable = False
# pk.check.chapter12.exercise_1(model)
# ```
#
# </details>

# %% [markdown]
# **2.** Cut. Make `backbone` end where the last layer begins: in the numbers that `softmax` sees.
# (`model.get_layer(name).output` is what a layer gives.)

# %% tags=["exercise"]
model = pk.pet_net(image_size=16, seed=0)
backbone = keras.Model(model.input, model.output)
pk.check.chapter12.exercise_2(model, backbone)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# model = pk.pet_net(image_size=16, seed=0)
# backbone = keras.Model(model.input, model.get_layer("drop3").output)
# pk.check.chapter12.exercise_2(model, backbone)
# ```
#
# </details>

# %% [markdown]
# **3.** No training at all. Give each new picture the class whose *mean feature* is nearest to its
# own features. `features` is `(pictures, n)`, `classes` has a number from 0 for each of them, `new`
# is `(other pictures, n)`; return a class for each row of `new`.


# %% tags=["exercise"]
def nearest(features, classes, new):
    return np.zeros(len(new), int)


pk.check.chapter12.exercise_3(nearest)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def nearest(features, classes, new):
#     means = [features[classes == label].mean(axis=0) for label in np.unique(classes)]
#     distances = [np.linalg.norm(new - mean, axis=1) for mean in means]
#     return np.argmin(distances, axis=0)
#
#
# pk.check.chapter12.exercise_3(nearest)
# ```
#
# </details>

# %% [markdown]
# ## What to read next
#
# - J. Yosinski, J. Clune, Y. Bengio, H. Lipson, *How transferable are features in deep neural
#   networks?* (NeurIPS 2014), section 4: which layers are general, and which know their task.
# - A. S. Razavian, H. Azizpour, J. Sullivan, S. Carlsson, *CNN Features off-the-shelf: an Astounding
#   Baseline for Recognition* (CVPR workshops, 2014): one backbone, many tasks.
# - F. Chollet, *Deep Learning with Python* (2nd edition, 2021), chapter 8: features computed once,
#   and fine-tuning, in Keras.
