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
# network learn to tell two breeds of dog apart. It takes about a minute on two processor cores.
#
# The dogs are **drawn**, not photographed: 400 pictures made on this machine, so that nothing has
# to be downloaded. Pictures are 64 pixels wide here; at 224, as in the article, all is the same
# and a step takes many times as long.

# %% [markdown]
# ## The pictures
#
# 340 pictures to learn from, 60 to be tested on, half of each breed. The first use on a machine
# draws them, which takes half a minute.

# %%
import petkeras as pk

data = pk.load_pets(source="sample", image_size=64)
print(data.class_names)
print(data.train.images.shape, data.test.images.shape)

# %% [markdown]
# Look at the dogs before any network does. What would *you* go by: the color, the outline, the
# face?

# %% tags=["nbval-ignore-output"]
import matplotlib.pyplot as plt

figure, axes = plt.subplots(2, 6, figsize=(9, 3.4), layout="constrained")
for row, breed in zip(axes, (0, 1), strict=True):
    pictures = data.train.images[data.train.labels[:, breed] == 1]
    for axis, picture in zip(row, pictures, strict=False):
        axis.imshow(picture)
        axis.set_axis_off()
    row[0].set_title(data.class_names[breed], loc="left")

# %% [markdown]
# ## One step
#
# A *batch* is ten pictures and their labels. The pictures have the mean of all training pictures
# taken off; a label is one-hot: a row with a 1 at the breed's place.

# %%
from petkeras.data.pipeline import training_batches

batches = training_batches(data.train, data.mean, pk.MODERN, seed=0)
images, labels = next(iter(batches))
print(images.shape, labels.shape)

# %% [markdown]
# The network turns ten pictures into ten rows of two numbers, the *logits*. Which of the two is
# larger is its answer. It has seen nothing yet, so expect no better than a coin's.

# %%
model = pk.pet_net(image_size=64, recipe=pk.MODERN, seed=0)
logits = model(images, training=False)
print(logits.shape)
print(f"{model.count_params():,} weights")

# %% [markdown]
# **Question.** At 224 pixels the same network has 102,827,554 weights. Which layer is it that
# grows with the picture?
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
import inspect

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
# **Question.** Has it learned what a samoyed is, or which pictures these are? How could you tell?

# %% [markdown]
# ## The loop
#
# An *epoch* is one pass over all training pictures, in a new order each time: 34 batches of ten.
# The loop is one line around the step. Here are its first twenty steps, from the network's start.

# %%
model = pk.pet_net(image_size=64, recipe=pk.MODERN, seed=0)
adam = pk.training.make_optimizer(pk.MODERN, total_steps=34 * pk.MODERN.epochs)

by_hand = []
for images, labels in batches.take(20):
    loss, accuracy, gradients = pk.train_step(model, adam, images, labels)
    by_hand.append(float(loss))

# %% [markdown]
# `pk.train` does the same steps, compiled into one graph by `tf.function`. Around them it shows
# progress, keeps TensorBoard informed, looks at the test pictures after each epoch, and saves the
# result. Watch two columns: the accuracy in training, and the test accuracy. Do they rise together?

# %% tags=["nbval-ignore-output"]
import tempfile

run_dir = tempfile.mkdtemp() + "/run"
model = pk.pet_net(image_size=64, recipe=pk.MODERN, seed=0)
history = pk.train(model, data, pk.MODERN, run_dir, seed=0)

# %% [markdown]
# If the two are one, then the losses of their first twenty steps agree, up to the rounding that
# compiled and uncompiled code differ by.

# %%
import numpy as np

print(np.allclose(by_hand, history.step_losses[:20], rtol=0.02, atol=0.01))

# %% [markdown]
# ## What came of it
#
# On the left the loss, on the right the accuracy, by epoch. The training curve is measured with
# dropout and on changed pictures (mirrored, shifted, turned), the test curve without: so the test
# curve can lie *above* the other.

# %% tags=["nbval-ignore-output"]
figure, axes = plt.subplots(1, 2, figsize=(9, 3), layout="constrained")
for axis, name in zip(axes, ("loss", "accuracy"), strict=True):
    axis.plot(history.column("epoch"), history.column(name), label="training")
    axis.plot(history.column("epoch"), history.column(f"test_{name}"), label="test")
    axis.set(xlabel="epoch", title=name, xticks=history.column("epoch")[::2])
axes[1].legend()
plt.show()
# %% [markdown]
# Better than a coin, which would be right about half of the time:

# %%
print(history.epochs[-1].test_accuracy > 0.7)

# %% [markdown]
# ## What is kept
#
# Everything is in the run folder: the recipe and seed that repeat the run, the curves as a table,
# the trained network, and what TensorBoard reads (`tensorboard --logdir` with the folder's name).

# %%
from pathlib import Path

print(*sorted(path.name for path in Path(run_dir).iterdir()), sep="\n")

# %% [markdown]
# The saved network gives what the trained one gave, to the last bit:

# %%
saved = pk.Run(run_dir).model
print(bool(tf.reduce_all(saved(images) == model(images))))

# %% [markdown]
# ## Exercises
#
# 1. Train again with `recipe=pk.ARTICLE`. What is the loss of the first steps, and which two
#    numbers of the recipe make it so large?
# 2. Give `pk.train` another `seed`. How far apart do the two test accuracies end? How many of the
#    60 test pictures is that?
# 3. Take augmentation away: `dataclasses.replace(pk.MODERN, flip=False, shift=0.0, zoom=0.0,
#    rotation=0.0, light=0.0, color=0.0)`. Which of the curves changes more?
