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
# # 12 · Transfer learning
#
# You will cut the last layer off a trained network, train a new one in its place in a few seconds,
# and ask how much of the result comes from pretraining. It takes half a minute.
#
# This chapter follows up on the article's section "Conclusion".

# %% tags=["nbval-ignore-output"]
import petkeras as pk
from petkeras import visualize as pkv

data = pk.course.load()
size = data.train.images.shape[1]

# %% [markdown]
# ## The pretrained network
#
# Our two breeds have a few hundred pictures; the large datasets have millions. Does a network that
# has learned from other pictures have a head start on ours? That is the idea of [transfer
# learning](../docs/glossary.md#transfer-learning). The networks that people usually start from took
# days to train. Ours is small, so that all of this runs without an internet connection: the
# article's four convolutions, trained on **drawn cats**. The cats are not among the classes that we
# want to tell apart.

# %%
cats = pk.load_pets("cats", source="sample", image_size=size)
print(cats.class_names, len(cats.train))
print("classes in common:", len(set(cats.class_names) & set(data.class_names)))

# %% [markdown]
# The top row shows what the network will be pretrained on; the bottom row shows what we want to
# tell apart. What do the two have in common?

# %% tags=["nbval-ignore-output"]
both = [*cats.train.images[165:175], *data.train.images[165:175]]
pkv.plot_pictures(both, columns=10)

# %% [markdown]
# Train for five epochs on the cats, with the loop from chapter 08. The run is saved in a folder.

# %% tags=["nbval-ignore-output"]
import dataclasses

recipe = dataclasses.replace(pk.MODERN, epochs=5, film_every=0)
folder = str(pk.course.scratch())
history = pk.train(pk.pet_net(2, size, recipe, seed=0), cats, recipe, folder + "/cats")

# %% [markdown]
# ## What a feature is
#
# The last layer, `softmax`, computes two weighted sums of 512 numbers: one stands for the first
# class, the other for the second. It knows cats and nothing else. Cut it off. What is left is
# called the [backbone](../docs/glossary.md#backbone). It turns any picture into those 512 numbers,
# the picture's [features](../docs/glossary.md#feature), and knows nothing about classes.

# %%
from petkeras.runs.transfer import open_backbone

backbone = open_backbone(folder + "/cats", data)
features = backbone.features(data.train.images)
print(features.shape[1:], features.dtype)
print(f"smallest: {features.min():.1f}")

# %% [markdown]
# Here are the features. Each row is one of our pictures, twenty from each class; each column is one
# of the features that vary the most. Is there a column that is bright in one half and dark in the
# other? All the new layer has to learn is which columns to use and how much weight to give each.

# %%
import keras
import matplotlib.pyplot as plt
import numpy as np

classes = data.train.labels.argmax(axis=1)
rows = np.concatenate([np.flatnonzero(classes == label)[:20] for label in (0, 1)])
most_varied = np.argsort(-features.std(axis=0))[:80]

# %% tags=["nbval-ignore-output"]
figure, axes = plt.subplots(figsize=(8, 3.9), layout="constrained")
shown = axes.imshow(np.sqrt(features[rows][:, most_varied]), cmap="viridis")
axes.axhline(19.5, color="white")
axes.set(title="Features of 40 pictures", xlabel="feature", yticks=[9.5, 29.5])
axes.set_yticklabels(data.class_names[:2])
figure.colorbar(shown, label="square root of the feature", shrink=0.8)
plt.close(figure)
pkv.describe(
    figure, "A heat map of 40 pictures by 80 features; some columns are bright in one half only."
)

# %% [markdown]
# **Question.** Many features of `fc1` are 0 for every picture and are not shown here. Which
# activation causes that?
#
# <details><summary>An answer</summary>
#
# The ReLU: everything below 0 becomes 0. A unit whose sum is below 0 for every picture tells us
# nothing.
#
# </details>

# %% [markdown]
# ## Freeze the backbone, train the last layer
#
# *Freezing* a layer means that training leaves its weights alone. If all layers but the last are
# frozen, a picture's features never change. So we compute them **once** and train the last layer on
# the features instead of the pictures: no epoch has to run a convolution. `pk.transfer` does both,
# with the same loop as `pk.train`. Watch the seconds.

# %% tags=["nbval-ignore-output"]
last_layer = dataclasses.replace(pk.TRANSFER, learning_rate=1e-2)
on_cats = pk.transfer(folder + "/cats", data, last_layer, folder + "/ours")

# %% [markdown]
# How many weights did it train? One for each feature and class, and a bias for each class.

# %%
whole = pk.Run(folder + "/ours").model
last = whole.get_layer("softmax")
print(f"{last.count_params():,} weights learned")
print("less than a thousandth of all:", last.count_params() < whole.count_params() / 1000)

# %% [markdown]
# And nothing else has moved. The kernels in the new run are identical to those in the old one, bit
# for bit:

# %%
old = pk.Run(folder + "/cats").model
for name in ("conv1_1", "conv1_2", "conv2_1", "conv2_2", "fc1", "softmax"):
    before, after = old.get_layer(name).kernel, whole.get_layer(name).kernel
    print(name, "the same" if np.array_equal(before, after) else "another")

# %% [markdown]
# ## Compared with training from scratch
#
# For a fair comparison, take a network without any pretraining: all of its weights start at random,
# and all of them are trained, on our pictures alone.

# %% tags=["nbval-ignore-output"]
from_scratch = pk.train(pk.pet_net(2, size, recipe, seed=0), data, recipe)

# %% [markdown]
# Here is the test accuracy over time. Which is faster, and which ends higher? The time for the last
# layer does not include computing the features, which took a second or two.

# %% tags=["nbval-ignore-output"]
figure, axes = plt.subplots(figsize=(8, 3), layout="constrained")
for name, history in {"last layer only": on_cats, "from scratch": from_scratch}.items():
    axes.plot(history.column("seconds"), history.column("test_accuracy"), ".-", label=name)
axes.set(title="Test accuracy", xlabel="seconds of training", ylim=(0.4, 1.02))
axes.legend()
plt.close(figure)
pkv.describe(figure, "Curves of the accuracy, epoch by epoch.")

# %% [markdown]
# ## How much comes from pretraining?
#
# Before we give the cats the credit, here is the control experiment that people often forget: a
# backbone that has learned **nothing**. It is the same network at its random start, never trained,
# frozen, with a new last layer on top.

# %% tags=["nbval-ignore-output"]
untrained = pk.pet_net(2, size, recipe, seed=0)
scaled = dataclasses.replace(last_layer, pixel_scale=recipe.pixel_scale)
on_random = pk.transfer(untrained, data, scaled, verbose=False)

# %% tags=["nbval-ignore-output"]
ways = {
    "from scratch,\nall weights": from_scratch,
    "on cats,\nlast layer": on_cats,
    "on random weights,\nlast layer": on_random,
}
figure, axes = plt.subplots(figsize=(8, 3), layout="constrained")
bars = axes.bar(list(ways), [way.epochs[-1].test_accuracy for way in ways.values()], 0.5)
axes.bar_label(bars, fmt="%.2f")
axes.set(title="Test accuracy at the end", ylim=(0, 1.1))
plt.close(figure)
pkv.describe(figure, "Bars that compare the accuracies.")

# %% [markdown]
# With 60 test pictures, differences below about 0.1 mean little. Most of the information that the
# last layer uses is available from *random* convolutions: they respond to edges and colors, too.
# Our backbone, pretrained for five epochs on two drawn breeds, does not give us much of a head
# start: it is not clearly better than one that was never trained.
#
# **Question.** What would you change to improve the backbone: more epochs, more pictures, more
# classes, more layers? Which of these can you test here?
#
# <details><summary>An answer</summary>
#
# For more epochs, change one number above. For more layers, build a model of your own;
# `pk.transfer` takes that, too. More pictures or more classes are not available in the drawn
# sample, which has 200 pictures each of two cats and two dogs; the photographs cover 37 breeds.
#
# </details>

# %% [markdown]
# ## Large pretrained networks
#
# GoogLeNet (Inception), VGG16 and their successors learned from 1.3 million photographs of 1,000
# kinds of things, including more than a hundred dog breeds. Without their last layers, they can
# tell apart breeds that they were never taught. It takes one line to use such a network as your
# backbone. It is not executed here, because Keras downloads the weights on first use (you can pass
# a file as `weights=` instead):
#
# ```python
# photographs = pk.load_pets(image_size=160)  # 774 MiB, once
# pk.transfer("mobilenet_v2", photographs, run_dir="runs/mobilenet")
# ```
#
# or, in a terminal: `petkeras train --backbone mobilenet_v2 --image-size 160`. `"vgg16"` and
# `"inception_v3"` are available, too. We measured one such backbone, MobileNetV2 at 160 pixels,
# trained on ImageNet and fine-tuned on other photographs of dogs. We used it on a cat and a dog
# from the article's dataset (Abyssinian and American bulldog, about 340 photographs for training).
# It got all 60 test photographs right with each of five splits, in about ten seconds on two CPU
# cores. For comparison, the article trained all the weights of its network for 400 epochs on two
# dog breeds and reached 0.83.

# %% [markdown]
# ## A run like any other
#
# `pk.transfer` saves the whole network, from pictures to [logits](../docs/glossary.md#logits), so
# everything that we did in other chapters works with it. Where do layers that have only ever seen
# drawn cats look in our pictures?

# %% tags=["nbval-ignore-output"]
run = pk.Run(folder + "/ours")
picked = [int(np.argmax(data.test.labels[:, label])) for label in (0, 1)]
images = data.test.images[picked]
heat = {"Grad-CAM, conv2_2": pkv.grad_cam(run.model, run.preprocess(images), "conv2_2")}
pkv.plot_attribution(images, heat, titles=list(data.class_names[:2]))

# %% [markdown]
# In the saved network nothing is frozen anymore. If you trained it now with a low learning rate,
# all of its weights would move a little. That is called
# [fine-tuning](../docs/glossary.md#fine-tuning), and it is the usual next step. The pictures have
# to be prepared as they were for the backbone, with its own mean image:
#
# ```python
# slow = dataclasses.replace(run.recipe, learning_rate=1e-5, epochs=3)
# pk.train(run.model, dataclasses.replace(data, mean=run.mean), slow)
# ```

# %% [markdown]
# ## Exercises
#
# **1.** Freeze. In Keras, each layer has an attribute `trainable`. Change the loop so that only the
# last layer, `softmax`, can still learn.

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
# **2.** Cut. Make `backbone` end where the last layer begins: at the numbers that `softmax` takes
# as its input. (`model.get_layer(name).output` is a layer's output.)

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
# **3.** No training at all. Give each new picture the class whose *mean feature vector* is nearest
# to its own features. `features` is `(pictures, n)`, `classes` has an integer from 0 for each
# picture, and `new` is `(other pictures, n)`; return a class for each row of `new`.


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
#   networks?* (NeurIPS 2014), section 4: which layers are general, and which are specific to their
#   task.
# - A. S. Razavian, H. Azizpour, J. Sullivan, S. Carlsson, *CNN Features off-the-shelf: an
#   Astounding Baseline for Recognition* (CVPR workshops, 2014): one backbone, many tasks.
# - F. Chollet, *Deep Learning with Python* (2nd edition, 2021), chapter 8: computing features once,
#   and fine-tuning, in Keras.
