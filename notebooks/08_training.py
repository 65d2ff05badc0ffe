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
# You will see one step of training taken apart, the loop around it written in six lines, and the
# network learn to tell two breeds apart. It takes half a minute on two processor cores.
#
# The article's section "Training". [Open in Colab](https://colab.research.google.com/github/petkeras/petkeras/blob/main/notebooks/08_training.ipynb)

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
# Where nothing else was chosen they are **drawn**, so that nothing has to be downloaded (chapter 01
# switches to photographs). They are 64 pixels wide, unless you chose otherwise; at 224, as in the
# article, all is the same and a step takes many times as long.

# %% tags=["nbval-ignore-output"]
data = pk.course.load()
size = data.mean.shape[0]

# %% [markdown]
# Look at them before any network does. What would *you* go by: the color, the outline, the face?

# %% tags=["nbval-ignore-output"]
shown = range(0, len(data.train), len(data.train) // 11)
names = [data.class_names[data.train.labels[number].argmax()] for number in shown]
visualize.plot_pictures(data.train.images[list(shown)], names)

# %% [markdown]
# ## One step
#
# A [batch](../docs/glossary.md#batch) is ten pictures and their labels. The pictures have the mean
# of all training pictures taken off; a label is [one-hot](../docs/glossary.md#one-hot): a row with
# a 1 at the breed's place. Eight epochs are enough here; the recipe has twenty.

# %%
recipe = dataclasses.replace(pk.MODERN, epochs=8)

# %% [markdown]
# A batch is a function of the recipe, a seed and the step's number, and of nothing else.

# %%
from petkeras.data.pipeline import steps_per_epoch, training_batches

batches = training_batches(data.train, data.mean, recipe, seed=0)
images, labels = next(iter(batches))
print(images.shape, labels.shape)

# %% [markdown]
# The network turns ten pictures into ten rows of two numbers, the
# [logits](../docs/glossary.md#logits). Which of the two is larger is its answer. It has seen
# nothing yet, so expect no better than a coin's.

# %%
model = pk.pet_net(image_size=size, recipe=recipe, seed=0)
logits = model(images, training=False)
print(logits.shape)
print(f"{model.count_params():,} weights")

# %% [markdown]
# **Question.** At 224 pixels the same network has 102,827,554 weights. Which layer is it that
# grows with the picture?
#
# <details><summary>An answer</summary>
#
# `fc1`. Its inputs are all numbers of all maps of `pool2`, and larger pictures make larger maps. A
# convolution has the same kernel for every place.
#
# </details>
#
# The *loss* is one number that says how wrong the ten answers are: the mean of
# $-\log p$, with $p$ the probability that the network gives to the true breed. A network
# that has no idea gives $p = 1/2$ and a loss of $\log 2 \approx 0.69$.

# %%
import tensorflow as tf

loss = pk.losses.softmax_cross_entropy(labels, logits)
print(loss.shape, bool(tf.reduce_all(loss > 0)))

# %% [markdown]
# Now the whole step. A `GradientTape` watches the operations; asked afterwards, it tells for each
# weight how the loss would change with it, and Adam moves every weight a little the other way. This
# is all that training is, and it is the very code that `pk.train` runs.

# %%
source = inspect.getsource(pk.train_step)
print(source[source.index("    with tf.GradientTape") :])

# %% [markdown]
# Twenty steps on one and the same batch: the loss must fall, for the network can learn ten
# pictures by heart.

# %%
from petkeras.optimizers import Adam

adam = Adam(learning_rate=1e-3)
losses = [float(pk.train_step(model, adam, images, labels)[0]) for _ in range(20)]
print("fell" if losses[-1] < losses[0] / 2 else "did not fall")

# %% [markdown]
# **Question.** Has it learned what the two breeds are, or which pictures these are? How could you
# tell?
#
# <details><summary>An answer</summary>
#
# By asking it about pictures that it has not seen. With ten pictures, it has most likely learned
# just these.
#
# </details>

# %% [markdown]
# ## The loop
#
# An [epoch](../docs/glossary.md#epoch) is one pass over all training pictures, in a new order each
# time: 34 batches of ten, of which the last may be smaller. The loop is one line around the step.
# Here are its first twenty steps, from the network's start.

# %%
model = pk.pet_net(image_size=size, recipe=recipe, seed=0)
total = steps_per_epoch(data.train, recipe) * recipe.epochs
adam = pk.training.make_optimizer(recipe, total_steps=total)

by_hand = []
for images, labels in batches.take(20):
    loss, accuracy, gradients = pk.train_step(model, adam, images, labels)
    by_hand.append(float(loss))

# %% [markdown]
# `pk.train` does the same steps, compiled into one graph by `tf.function`. Around them it shows
# progress, keeps TensorBoard informed, looks at the test pictures after each epoch, and saves the
# result. Watch two columns: the accuracy in training, and the test accuracy. Do they rise together?

# %% tags=["nbval-ignore-output"]
run_dir = tempfile.mkdtemp() + "/run"
model = pk.pet_net(image_size=size, recipe=recipe, seed=0)
history = pk.train(model, data, recipe, run_dir, seed=0)

# %% [markdown]
# If the two are one, then the losses of their first twenty steps agree, up to the rounding that
# compiled and uncompiled code differ by.

# %%
print(np.allclose(by_hand, history.step_losses[:20], rtol=0.02, atol=0.01))

# %% [markdown]
# ## What came of it
#
# Pale lines are single batches, strong ones are smoothed. The training curve is measured with
# dropout and on changed pictures (mirrored, shifted, turned), the test curve without: so the test
# curve can lie *above* the other.

# %% tags=["nbval-ignore-output"]
visualize.plot_curves(run_dir)

# %% [markdown]
# Better than a coin, which would be right about half of the time:

# %%
print(history.epochs[-1].test_accuracy > 0.7)

# %% [markdown]
# ## What is kept
#
# Everything is in the run folder: the recipe and seed that repeat the run, the curves as a table,
# the trained network, and what TensorBoard reads (`tensorboard --logdir` with the folder's name). A
# file `lock` keeps a second training out while one is at work.

# %%
names = sorted(path.name for path in Path(run_dir).iterdir())
print(*[name for name in names if name != "lock"], sep="\n")

# %% [markdown]
# The saved network gives what the trained one gave, to the last bit:

# %%
saved = pk.Run(run_dir).model
print(bool(tf.reduce_all(saved(images) == model(images))))

# %% [markdown]
# **Question.** Which of these files would you need to go on with the training tomorrow, and which
# to tell the breed of one more photograph?
#
# <details><summary>An answer</summary>
#
# To go on: `checkpoints`, with the weights, Adam's running means and the number of the step, and
# `config.json`, with the recipe and the seed. For a photograph: `model.keras`, the mean image in
# `mean.npy`, and `config.json`, with the names of the breeds.
#
# </details>
#
# ## Exercises
#
# **1.** An epoch shows every picture once; its last batch may be smaller. How many steps does an
# epoch of 340 pictures have if a batch holds 16?

# %% tags=["exercise"]
steps = None
pk.check.chapter08.exercise_1(steps)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# steps = -(-340 // 16)  # 21 whole batches, and one of 4 pictures
# pk.check.chapter08.exercise_1(steps)
# ```
#
# </details>

# %% [markdown]
# **2.** A network that has no idea spreads its probability evenly. What is its loss when it tells
# all 37 breeds of the Oxford-IIIT Pet dataset apart?

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
# weights with those that `pk.train_step` leaves behind.


# %% tags=["exercise"]
def my_step(model, optimizer, images, labels):
    """Show the network one batch, and move its weights. Return the loss."""


pk.check.chapter08.exercise_3(my_step)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def my_step(model, optimizer, images, labels):
#     """Show the network one batch, and move its weights. Return the loss."""
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
