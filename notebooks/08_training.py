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
# Training may sound mysterious, but it is a loop of a few lines. You will take one step of it apart,
# write the loop yourself, and see that it does exactly what `pk.train` does.
#
# **After this chapter you can**
#
# - write a training step: forward, loss, gradients, update;
# - read the curves of a run, and tell learning from memorizing;
# - say which units of the network an answer comes from.
#
# *About a minute on two cores · the article's section "Training"*
#
# These are the pictures that the network will learn from. They are **drawn**, unless you chose
# photographs in chapter 01. Look at them before any network does: what would *you* go by, the color, the
# outline, the face?

# %% tags=["nbval-ignore-output"]
import petkeras as pk
from petkeras import visualize

data = pk.course.load()
size = data.mean.shape[0]
shown = range(0, len(data.train), len(data.train) // 11)
names = [data.class_names[data.train.labels[number].argmax()] for number in shown]
visualize.plot_pictures(data.train.images[list(shown)], names)

# %% [markdown]
# This chapter goes from the answer back to the weights. The *loss* says how wrong the answer is, the
# *gradients* say which way to move each weight, and the *optimizer* moves them.

# %%
pk.course.where("probabilities", "loss", "gradients", "optimizer")

# %% [markdown]
# ## One step
#
# A [batch](../docs/glossary.md#batch) is ten pictures and their labels. The mean of all training
# pictures has been subtracted from each picture. A label is [one-hot](../docs/glossary.md#one-hot): a
# row of zeros with a single 1 in the breed's place. The recipe, our list of settings, asks for twenty
# epochs, which are passes over all pictures; eight are enough here.

# %%
import dataclasses

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
# **Question.** At 224 pixels the same network has 102,827,554 weights. Which layer grows with the size
# of the picture?
#
# <details><summary>An answer</summary>
#
# `fc1`. It takes in every number of every map of `pool2`, and larger pictures make larger maps. A
# convolution uses the same kernel everywhere in the picture.
#
# </details>

# %% [markdown]
# **Exercise 1.** An [epoch](../docs/glossary.md#epoch) is one pass over all training pictures, in a new
# order each time. It shows every picture once, and its last batch may be smaller. How many steps are
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
# ## How wrong is it?
#
# The *loss* is one number that says how wrong the ten answers are. It is the mean of $-\log p$, where
# $p$ is the probability that the network gives to the true breed. A network that has no idea gives $p =
# 1/2$, and $\log 2 \approx 0.69$. Ours has learned nothing yet. What is its loss?

# %%
import math

import tensorflow as tf

loss = tf.reduce_mean(pk.losses.softmax_cross_entropy(labels, logits))
print(f"no idea: {math.log(2):.2f}, this network: {loss:.2f}")

# %% [markdown]
# **Exercise 2.** A network that has no idea spreads its probability evenly. What is its loss when it has to
# choose among all 37 breeds of the Oxford-IIIT Pet dataset? (`math.log` is the natural logarithm.)

# %% tags=["exercise"]
loss = None
pk.check.chapter08.exercise_2(loss)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# loss = -math.log(1 / 37)
# pk.check.chapter08.exercise_2(loss)
# ```
#
# </details>

# %% [markdown]
# ## The whole step
#
# Now the step itself. A `GradientTape` records the operations. Afterward it can compute, for each
# weight, how the loss would change if that weight changed. Then the optimizer, Adam, moves every weight
# a little in the direction that lowers the loss. That is all there is to training, and `pk.train` runs
# this very code.

# %%
import inspect

source = inspect.getsource(pk.train_step)
print(source[source.index("    with tf.GradientTape") :])

# %% [markdown]
# **Exercise 3.** Write the step yourself. The check gives it a small network and a batch, and compares
# all the weights with those that `pk.train_step` produces.


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
# Now take twenty steps on the same batch. Where do you expect the
# loss to go?

# %% tags=["nbval-ignore-output"]
adam = pk.optimizers.Adam(learning_rate=1e-3)
losses = [float(pk.train_step(model, adam, images, labels)[0]) for _ in range(20)]
print(f"from {losses[0]:.2f} to {losses[-1]:.2f}")

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
# The loop is one line around the step. Here are its first twenty steps, starting from a new network.

# %%
model = pk.pet_net(image_size=size, recipe=recipe, seed=0)
total = steps_per_epoch(data.train, recipe) * recipe.epochs
adam = pk.optimizers.Adam(learning_rate_schedule(recipe, total_steps=total))

by_hand = []
for images, labels in batches.take(20):
    loss, accuracy, gradients = pk.train_step(model, adam, images, labels)
    by_hand.append(float(loss))

# %% [markdown]
# `pk.train` takes the same steps, compiled by `tf.function` so that they run faster (chapter 09). Its
# loop, `Loop.run` in `petkeras/training.py`, fits on one screen: it takes the steps, and evaluates the
# network on the test pictures after each epoch. Everything else is done by Keras callbacks, which the
# loop calls along the way. They show progress, write to TensorBoard, film the filters, save checkpoints
# and the history, and stop the run if something goes wrong. You can add your own with `pk.train(...,
# callbacks=[...])`.
#
# Watch two columns: the accuracy in training and the test accuracy. Do they rise together?

# %% tags=["nbval-ignore-output"]
run_dir = pk.course.scratch()
model = pk.pet_net(image_size=size, recipe=recipe, seed=0)
history = pk.train(model, data, recipe, run_dir, seed=0)

# %% [markdown]
# If the two loops really are the same, then the losses of their first steps agree, except that compiled
# code may round differently. Here are the losses of our loop, and below them those of `pk.train`.

# %% tags=["nbval-ignore-output"]
for losses in (by_hand, history.step_losses):
    print(*[f"{loss:.2f}" for loss in losses[:8]], "...")

# %% [markdown]
# ## How did it go?
#
# The pale line is for single batches, and the dashed line is the same, smoothed. The dots are for the
# whole test part, after each epoch. The training curve is measured with dropout (chapter 05) and on
# augmented pictures (mirrored, shifted, rotated); the test curve is measured without either. So the
# network can do *better* in the test than in training.

# %% tags=["nbval-ignore-output"]
visualize.plot_curves(run_dir)

# %% [markdown]
# A coin flip would be right about half of the time. How much better is the network?

# %% tags=["nbval-ignore-output"]
print(f"{history.epochs[-1].test_accuracy:.0%} of the test pictures")

# %% [markdown]
# ## Where an answer comes from
#
# The score of a breed is a sum over the 512 units of `fc1`: what each unit found, times its weight for
# this breed. In the explorer, choose a picture, and look at the longest bars: which units speak for its
# breed, and which ones against it? Then choose a unit, and see which part of the picture it looks at.
# (Until you run this cell, you see a picture of the explorer.)

# %%
pk.explore(run_dir, data=data, layer="softmax", tab="answer")

# %% [markdown]
# **Question.** Choose a picture that the network gets wrong. Did a few units decide, or did many add a
# little each?

# %% [markdown]
# ## Try your own photograph
#
# Put photographs into the folder of this notebook, write their names between the brackets, such as
# `["rex.jpg"]`, and run the cell again.

# %%
run = pk.Run(run_dir)
photographs = []
for file, probabilities in zip(photographs, run.predict(photographs), strict=True):
    print(file, *[f"{n} {p:.0%}" for n, p in zip(run.class_names, probabilities, strict=True)])

# %% [markdown]
# ## What is saved
#
# Everything is in the run folder. With the recipe and the seed, you can repeat the run. The curves are
# there as a table, and so are the trained network and the files that TensorBoard reads. (Pass the
# folder's name to `tensorboard --logdir`.) One more file, `lock`, isn't listed below: it keeps a second
# training run out while one is in progress.

# %%
names = sorted(path.name for path in run_dir.iterdir())
print(*[name for name in names if name != "lock"], sep="\n")

# %% [markdown]
# The saved network computes exactly the same numbers as the trained one. Here is the largest difference
# between their logits:

# %%
difference = run.model(images) - model(images)
print(float(tf.reduce_max(tf.abs(difference))))

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

# %% [markdown]
# **Change this and look.** Give the recipe a learning rate of 0.1: `dataclasses.replace(pk.MODERN,
# epochs=8, learning_rate=0.1)`, and run all cells again. What do the curves look like when the steps are
# too long? And with 0.00001?
#
# ## In three lines
#
# - A step is: forward, loss, gradients under a tape, and a small move of every weight.
# - Training repeats the step, and the test pictures tell whether it has learned more than its pictures.
# - An answer is a sum: you can see which units spoke for it.

# %% [markdown]
# ## What to read next
#
# - L. Bottou, F. E. Curtis, J. Nocedal, "Optimization Methods for Large-Scale Machine Learning"
#   (2018), sections 1 to 3: why small random batches are enough.
# - A. Karpathy, "A Recipe for Training Neural Networks" (2019): what to look at before, during and
#   after training.
#
# Next: [09 · The graph](09_the_graph.ipynb). On the short path: [11 · Filters
# evolve](11_filters_evolve.ipynb).
