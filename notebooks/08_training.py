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
# # 08 · Training
#
# You will take one step of training apart, write the loop around it in a few lines, and watch the
# network learn to tell two breeds apart. It takes half a minute on two CPU cores.
#
# This chapter follows the article's section "Training". [Open in Colab](https://colab.research.google.com/github/petkeras/petkeras/blob/main/notebooks/08_training.ipynb)

# %% tags=["nbval-ignore-output"]
# On Colab, install petkeras first: %pip install -q petkeras
import dataclasses
import inspect
import tempfile
from pathlib import Path

import numpy as np

import petkeras as pk
from petkeras import visualize

# %% [markdown]
# ## The pictures
#
# By default the pictures are **drawn**, so that nothing has to be downloaded (chapter 01 shows how
# to switch to photographs). They are 64 pixels wide unless you chose another size. At 224 pixels,
# as in the article, everything works the same way, but a step takes many times as long.

# %% tags=["nbval-ignore-output"]
data = pk.course.load()
size = data.mean.shape[0]

# %% [markdown]
# Look at the pictures before any network does. What would *you* go by: the color, the outline, the
# face?

# %% tags=["nbval-ignore-output"]
shown = range(0, len(data.train), len(data.train) // 11)
names = [data.class_names[data.train.labels[number].argmax()] for number in shown]
visualize.plot_pictures(data.train.images[list(shown)], names)

# %% [markdown]
# ## One step
#
# A [batch](../docs/glossary.md#batch) is ten pictures and their labels. The mean of all training
# pictures has been subtracted from each picture. A label is [one-hot](../docs/glossary.md#one-hot):
# a row of zeros with a single 1 in the breed's place. The recipe has twenty epochs; eight are
# enough here.

# %%
recipe = dataclasses.replace(pk.MODERN, epochs=8)

# %% [markdown]
# A batch depends only on the recipe, the seed and the step number.

# %%
from petkeras.data.pipeline import steps_per_epoch, training_batches
from petkeras.schedules import learning_rate_schedule

batches = training_batches(data.train, data.mean, recipe, seed=0)
images, labels = next(iter(batches))
print(images.shape, labels.shape)

# %% [markdown]
# The network turns ten pictures into ten rows of two numbers, the
# [logits](../docs/glossary.md#logits). Its answer is whichever of the two is larger. It hasn't
# learned anything yet, so don't expect it to do better than a coin flip.

# %%
model = pk.pet_net(image_size=size, recipe=recipe, seed=0)
logits = model(images, training=False)
print(logits.shape)
print(f"{model.count_params():,} weights")

# %% [markdown]
# **Question.** At 224 pixels the same network has 102,827,554 weights. Which layer grows with the
# picture?
#
# <details><summary>An answer</summary>
#
# `fc1`. It takes in every number of every map of `pool2`, and larger pictures make larger maps. A
# convolution uses the same kernel everywhere in the picture.
#
# </details>
#
# The *loss* is a single number that says how wrong the ten answers are: the mean of $-\log p$,
# where $p$ is the probability that the network gives to the true breed. A network that has no idea
# gives $p = 1/2$ and a loss of $\log 2 \approx 0.69$.

# %%
import tensorflow as tf

loss = pk.losses.softmax_cross_entropy(labels, logits)
print(loss.shape, bool(tf.reduce_all(loss > 0)))

# %% [markdown]
# Now the whole step. A `GradientTape` records the operations. Afterward it can compute, for each
# weight, how the loss would change if that weight changed, and Adam moves every weight a little in
# the direction that lowers the loss. That is all there is to training, and `pk.train` runs this
# very code.

# %%
source = inspect.getsource(pk.train_step)
print(source[source.index("    with tf.GradientTape") :])

# %% [markdown]
# Now take twenty steps on the same batch. The loss must fall, because the network can memorize ten
# pictures.

# %%
from petkeras.optimizers import Adam

adam = Adam(learning_rate=1e-3)
losses = [float(pk.train_step(model, adam, images, labels)[0]) for _ in range(20)]
print("fell" if losses[-1] < losses[0] / 2 else "did not fall")

# %% [markdown]
# **Question.** Has it learned what the two breeds look like, or just which pictures these are? How
# could you find out?
#
# <details><summary>An answer</summary>
#
# Ask it about pictures that it has not seen. With only ten pictures to learn from, it has most
# likely learned just those.
#
# </details>

# %% [markdown]
# ## The loop
#
# An [epoch](../docs/glossary.md#epoch) is one pass over all training pictures, in a new order each
# time: 34 batches of ten, although the last may be smaller. The loop is one line around the step.
# Here are its first twenty steps, starting from a new network.

# %%
model = pk.pet_net(image_size=size, recipe=recipe, seed=0)
total = steps_per_epoch(data.train, recipe) * recipe.epochs
adam = pk.optimizers.Adam(learning_rate_schedule(recipe, total_steps=total))

by_hand = []
for images, labels in batches.take(20):
    loss, accuracy, gradients = pk.train_step(model, adam, images, labels)
    by_hand.append(float(loss))

# %% [markdown]
# `pk.train` takes the same steps, compiled into one graph by `tf.function`. Its loop, `Loop.run` in
# `petkeras/training.py`, fits on one screen. The loop takes the steps and evaluates the network on
# the test pictures after each epoch. Everything else is done by Keras callbacks, which the loop
# calls along the way: they show progress, write to TensorBoard, film the filters, save checkpoints
# and the history, and stop the run if something goes wrong. You can add your own with
# `pk.train(..., callbacks=[...])`.
#
# Watch two columns: the accuracy in training and the test accuracy. Do they rise together?

# %% tags=["nbval-ignore-output"]
run_dir = tempfile.mkdtemp() + "/run"
model = pk.pet_net(image_size=size, recipe=recipe, seed=0)
history = pk.train(model, data, recipe, run_dir, seed=0)

# %% [markdown]
# If the two loops really are the same, then the losses of their first twenty steps agree, up to the
# rounding differences between compiled and uncompiled code.

# %%
print(np.allclose(by_hand, history.step_losses[:20], rtol=0.02, atol=0.01))

# %% [markdown]
# ## How did it go?
#
# The pale line is the loss of single batches, and the dashed line is the same, smoothed. The dots are
# the whole test part after each epoch. The training curve is measured with dropout and on augmented
# pictures (mirrored, shifted, rotated); the test curve is measured without either. So the test curve
# can lie *above* the training curve.

# %% tags=["nbval-ignore-output"]
visualize.plot_curves(run_dir)

# %% [markdown]
# Is it better than a coin flip, which would be right about half of the time?

# %%
print(history.epochs[-1].test_accuracy > 0.7)

# %% [markdown]
# ## Where an answer comes from
#
# In the explorer, the score of a breed is a sum over the 512 units of `fc1`. Choose a picture, and see
# which units spoke for its breed and which ones against it. (Until you run this cell, you see a
# picture of the explorer.)

# %%
pk.explore(run_dir, data=data, layer="softmax", tab="answer")

# %% [markdown]
# **Question.** Choose a picture that the network gets wrong. Did a few units decide, or many of them a
# little each?

# %% [markdown]
# ## What is saved
#
# Everything is in the run folder: the recipe and the seed, which let you repeat the run; the curves
# as a table; the trained network; and the files that TensorBoard reads (pass the folder's name to
# `tensorboard --logdir`). The file `lock` keeps a second training run out while one is in progress.

# %%
names = sorted(path.name for path in Path(run_dir).iterdir())
print(*[name for name in names if name != "lock"], sep="\n")

# %% [markdown]
# The saved network gives exactly the same results as the trained one, down to the last bit:

# %%
saved = pk.Run(run_dir).model
print(bool(tf.reduce_all(saved(images) == model(images))))

# %% [markdown]
# **Question.** Which of these files would you need to continue the training tomorrow, and which to
# name the breed in one more photograph?
#
# <details><summary>An answer</summary>
#
# To continue: `checkpoints`, which has the weights, Adam's running means and the step number, and
# `config.json`, which has the recipe and the seed. For a photograph: `model.keras`, the mean image
# in `mean.npy`, and `config.json`, which has the names of the breeds.
#
# </details>
#
# ## Exercises
#
# **1.** An epoch shows every picture once, and its last batch may be smaller. How many steps are
# there in an epoch of 340 pictures with a batch size of 16?

# %% tags=["exercise"]
steps = None
pk.check.chapter08.exercise_1(steps)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# steps = -(-340 // 16)  # 21 full batches, and one of 4 pictures
# pk.check.chapter08.exercise_1(steps)
# ```
#
# </details>

# %% [markdown]
# **2.** A network that has no idea spreads its probability evenly. What is its loss when it has to
# choose among all 37 breeds of the Oxford-IIIT Pet dataset?

# %% tags=["exercise"]
loss = None
pk.check.chapter08.exercise_2(loss)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# loss = -np.log(1 / 37)
# pk.check.chapter08.exercise_2(loss)
# ```
#
# </details>

# %% [markdown]
# **3.** Write the step yourself. The check gives it a small network and a batch, and compares all
# the weights with those that `pk.train_step` produces.


# %% tags=["exercise"]
def my_step(model, optimizer, images, labels):
    """Train the network on one batch. Return the loss."""


pk.check.chapter08.exercise_3(my_step)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def my_step(model, optimizer, images, labels):
#     """Train the network on one batch. Return the loss."""
#     with tf.GradientTape() as tape:
#         logits = model(images, training=True)
#         loss = tf.reduce_mean(pk.losses.softmax_cross_entropy(labels, logits))
#     gradients = tape.gradient(loss, model.trainable_variables)
#     optimizer.apply(gradients, model.trainable_variables)
#     return loss
#
#
# pk.check.chapter08.exercise_3(my_step)
# ```
#
# </details>

# %% [markdown]
# ## What to read next
#
# - L. Bottou, F. E. Curtis, J. Nocedal, "Optimization Methods for Large-Scale Machine Learning"
#   (2018), sections 1 to 3: why small random batches are enough.
# - A. Karpathy, "A Recipe for Training Neural Networks" (2019): what to look at before, during and
#   after training.
