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
# # 07 · TensorBoard
#
# TensorBoard is nothing more than a set of files, and a web page that draws them. In this chapter you
# write such files, read them back, and smooth the curves by hand.
#
# **After this chapter you can**
#
# - write scalars, histograms and pictures, and read them back;
# - find what `pk.train` has written about a run;
# - say what the smoothing slider does, and when it misleads you.
#
# *Half a minute on two cores · the article's section "Summaries"*
#
# Here are the curves of a short run, two epochs long, drawn from TensorBoard's files. The pale lines
# show the values as measured, and the dashed ones show the same values, smoothed. Which of the two would
# you rather believe?

# %% tags=["nbval-ignore-output"]
import dataclasses

import petkeras as pk
from petkeras import visualize

data = pk.course.load()
recipe = dataclasses.replace(pk.MODERN, epochs=2)
model = pk.pet_net(len(data.class_names), data.mean.shape[0], recipe, seed=0)
run_dir = pk.course.scratch()
history = pk.train(model, data, recipe, run_dir, verbose=False)
visualize.plot_curves(run_dir)

# %% [markdown]
# TensorBoard stands beside the network and takes notes:

# %%
pk.course.where("TensorBoard")

# %% [markdown]
# ## A writer
#
# A [summary](../docs/glossary.md#summary) is a value with a name, called its *tag*, and the step at
# which it was recorded. A writer appends summaries to a file in a folder. Here are twenty values of
# a made-up loss.

# %%
import tensorflow as tf

folder = pk.course.scratch()
writer = tf.summary.create_file_writer(str(folder))
with writer.as_default():
    for step in range(20):
        tf.summary.scalar("Loss", 0.7 * 0.9**step, step=step)
writer.flush()

# %% [markdown]
# That created one file. Its name begins with `events.out.tfevents`. TensorBoard looks for such
# files in the folder you point it to and in all of its subfolders.

# %%
files = list(folder.iterdir())
print(len(files), "file:", files[0].name[:19])

# %% [markdown]
# ## Reading it back
#
# TensorBoard's own reader parses the file. It stores whatever it finds as *tensors*: scalars,
# histograms and pictures alike.

# %%
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


def read(folder):
    events = EventAccumulator(str(folder), {"tensors": 0})  # 0 keeps all of them
    return events.Reload()


losses = read(folder).Tensors("Loss")
print(len(losses), "values, the last at step", losses[-1].step)
print(f"{tf.make_ndarray(losses[0].tensor_proto):.2f}")

# %% [markdown]
# **Exercise 2.** Write the three losses to the folder under the tag `Loss`, at steps 5, 10 and 15.

# %% tags=["exercise"]
mine = str(pk.course.scratch())
my_losses = {5: 0.7, 10: 0.5, 15: 0.4}
my_writer = tf.summary.create_file_writer(mine)

my_writer.close()
pk.check.chapter07.exercise_2(mine)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# mine = str(pk.course.scratch())
# my_losses = {5: 0.7, 10: 0.5, 15: 0.4}
# my_writer = tf.summary.create_file_writer(mine)
# with my_writer.as_default():
#     for step, loss in my_losses.items():
#         tf.summary.scalar("Loss", loss, step=step)
# my_writer.close()
# pk.check.chapter07.exercise_2(mine)
# ```
#
# </details>

# %% [markdown]
# ## A histogram
#
# One number says little about a kernel of 9,216 weights. A histogram divides the range of its
# values into buckets and counts how many values fall into each one.

# %%
import numpy as np

rng = np.random.default_rng(0)
with writer.as_default():
    for step in range(20):
        tf.summary.histogram("weights", rng.normal(0, 0.1 + 0.01 * step, 9216), step=step)
writer.flush()

weights = [tf.make_ndarray(event.tensor_proto) for event in read(folder).Tensors("weights")]
print(weights[0].shape, "counts of", weights[0][:, 2].sum(), "values in all")

# %% [markdown]
# Thirty buckets, each with a left edge, a right edge and a count: that is all that is left of the
# values. TensorBoard draws the steps one behind another. Here each step is a hill, with the oldest at
# the top. Watch the hills get wider.


# %%
import matplotlib.pyplot as plt

plt.style.use(visualize.style.STYLE)  # the style of petkeras's own figures


# %%
def ridges(histograms, title):
    """Plot histograms as lines, one below another, as TensorBoard does."""
    figure, axes = plt.subplots(figsize=(6, 4))
    highest = max((h[:, 2] / np.ptp(h[:, :2])).max() for h in histograms)
    for row, h in enumerate(histograms):
        height = h[:, 2] / np.ptp(h[:, :2]) / highest * 4  # counts per unit of width, scaled
        axes.fill_between(h[:, :2].mean(axis=1), -row, height - row, color="C0", alpha=0.5)
    axes.set(title=title, yticks=[])
    plt.close(figure)
    return visualize.describe(figure, f"{title}: hills, one below another, one for each step.")


# %% tags=["nbval-ignore-output"]
ridges(weights[::2], "weights, every second step")

# %% [markdown]
# **Exercise 3.** A histogram comes back as `(buckets, 3)`: left edge, right edge, count. Estimate the
# mean of its values as if every value lay in the middle of its bucket.


# %% tags=["exercise"]
def histogram_mean(buckets):
    return None


pk.check.chapter07.exercise_3(histogram_mean)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def histogram_mean(buckets):
#     left, right, count = buckets.T
#     middle = (left + right) / 2
#     return (middle * count).sum() / count.sum()
#
#
# pk.check.chapter07.exercise_3(histogram_mean)
# ```
#
# </details>

# %% [markdown]
# ## Pictures, text, and hyperparameters
#
# A batch of pictures has the shape `(n, height, width, channels)`, in uint8 or in floats from 0 to 1;
# each picture is stored as a PNG. When TensorBoard reads a folder, it keeps only about ten pictures of
# each tag, and the first may not be among them. So it is no use for a film of the filters; chapter 11
# makes its own.

# %%
with writer.as_default(step=0):
    tf.summary.image("picture", data.test.images[:1])
    tf.summary.text("note", "A *text* may use **Markdown**.")
writer.flush()

width, height, png = tf.make_ndarray(read(folder).Tensors("picture")[0].tensor_proto)
lost = tf.io.decode_png(png) - data.test.images[0]
print(png[:4], "numbers lost:", int(tf.math.count_nonzero(lost)))

# %% [markdown]
# [Hyperparameters](../docs/glossary.md#hyperparameter), the settings that you choose before training, go
# to a tab of their own, HParams. Its table compares runs: which learning rate, which dropout, and how
# did the run end?

# %%
from tensorboard.plugins.hparams import api as hparams

with writer.as_default():
    hparams.hparams({"learning_rate": 1e-3, "dropout": 0.5})
writer.close()
print(read(folder).Tags()["tensors"])

# %% [markdown]
# **Question.** In a run of 13,600 steps, would you write a picture at every step? How many bytes
# does `png` take?
#
# <details><summary>An answer</summary>
#
# `len(png)` is about 8,000 at 64 pixels. 13,600 of them take more than 100 MB, and TensorBoard
# shows about ten. `pk.train` writes pictures after epochs 1, 2, 4, 8, ... and after the last one.
#
# </details>

# %% [markdown]
# ## What petkeras writes
#
# Every five steps, the article writes the loss, the accuracy and one histogram to two writers: one for
# training, one for the test. Because the writers use two folders, `Loss` is one tag with two curves, and
# TensorBoard puts both in one chart. `pk.train` has a callback that does the same, but it writes to the
# test's folder only every 25 steps, because each time the network has to look at ten more pictures. This is
# what it has written about the run from the top of this page:

# %%
training, test = (read(f"{run_dir}/tensorboard/{part}") for part in ("train", "test"))
print(*training.Tags()["tensors"], sep="\n")

# %% [markdown]
# Kernels and their gradients are histograms, and `recipe` is text. The graph is in there, too; it
# is the subject of chapter 09. The test folder has the pictures: kernels, feature maps, and which
# breed was mistaken for which.

# %%
print(*[tag for tag in test.Tags()["tensors"] if "pictures" in tag], sep="\n")

# %% [markdown]
# Here are the first layer's kernels after the first epoch and after the second, decoded from the PNGs in
# TensorBoard's file. Can you find one that has changed?

# %% tags=["nbval-ignore-output"]
events = test.Tensors("pictures/kernels/conv1_1")
kernels = [tf.io.decode_png(tf.make_ndarray(event.tensor_proto)[2]) for event in events]
visualize.plot_pictures(kernels, [f"conv1_1 after step {event.step}" for event in events])

# %% [markdown]
# And here are the gradients of that layer, step by step. Do they get smaller as it learns, or
# larger?

# %% tags=["nbval-ignore-output"]
gradients = training.Tensors("gradients/conv1_1")
histograms = [tf.make_ndarray(event.tensor_proto) for event in gradients]
ridges(histograms, f"gradients of conv1_1, steps {gradients[0].step} to {gradients[-1].step}")

# %% [markdown]
# ## Scalars without TensorBoard
#
# `visualize.read_scalars` reads the loss and accuracy from a run folder, and `plot_curves` drew them at
# the top of this page. So you don't need the web page to see them.

# %%
scalars = visualize.read_scalars(run_dir)
steps, losses = scalars["train"]["Loss"]
print("steps:", *steps[:4], "...")
difference = losses - np.array(history.step_losses)[steps - 1]
print(f"largest difference from the history: {np.abs(difference).max():.5f}")

# %% [markdown]
# Look at those curves again. The pale line shows the values as measured. They come from batches of ten,
# so each accuracy is 0, 10, 20, ... or 100 percent. The dashed line shows the same, smoothed. The solid
# line is the tag `Epoch/Accuracy` of the test part: all test pictures after each epoch. (TensorBoard
# also shows the tag `Accuracy` of the test part. It comes from ten pictures, and only every 25 steps.)

# %% [markdown]
# ## Smoothing, by hand
#
# Behind TensorBoard's slider is an [exponential moving
# average](../docs/glossary.md#exponential-moving-average). Each new value pulls the average a little
# toward itself: the average becomes $0.9$ times its old value plus $0.1$ times the new one. If the
# average starts at 0, it is far too low at first, because that 0 still makes up most of it. So we divide
# it by the total weight that the measured values have in it, their *share*.

# %%
weight, average, share = 0.9, 0.0, 0.0
from_zero, by_hand = [], []
for loss in losses:
    average = weight * average + (1 - weight) * loss
    share = weight * share + (1 - weight)  # 0.1, 0.19, 0.271, ...
    from_zero.append(average)
    by_hand.append(average / share)

difference = by_hand - visualize.smooth(losses, weight)
print(f"largest difference: {np.abs(difference).max():.5f}")

# %% tags=["nbval-ignore-output"]
figure, axes = plt.subplots(figsize=(6, 3))
axes.plot(steps, losses, color="gray", linewidth=1, label="loss of a batch")
axes.plot(steps, from_zero, "--", label="average starting at 0")
axes.plot(steps, by_hand, label="average divided by its share")
axes.set(xlabel="step", ylim=(0, None))
axes.legend()
plt.close(figure)
visualize.describe(figure, "A jagged loss, and two averages: one begins at 0, far too low.")

# %% [markdown]
# **Exercise 1.** With a weight of 0.9, a value one step back counts 0.9 times as much as the latest. Which
# weight makes a value *ten* steps back count half as much as the latest?

# %% tags=["exercise"]
weight = 0.9
pk.check.chapter07.exercise_1(weight)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# weight = 0.5 ** (1 / 10)
# pk.check.chapter07.exercise_1(weight)
# ```
#
# About 0.933: a value ten steps back counts $w^{10}$ times as much as the latest.
#
# </details>

# %% [markdown]
# **Question.** You can drag the slider until any two runs look alike. Which weight is honest for a
# curve of 13 values? And for one of 2,600?
#
# <details><summary>An answer</summary>
#
# An average with weight $w$ covers about $1 / (1 - w)$ values. That should be a small part of the curve.
# Of 13 values, 2 or 3 are enough: a weight of 0.5 or 0.6 at most. Of 2,600 values it may be 50 or 100: a
# weight of 0.98 or 0.99.
#
# </details>

# %% [markdown]
# ## TensorBoard itself
#
# In Jupyter on your own machine, TensorBoard opens right below the cell. Remove the
# leading `#` from both lines to try it.

# %%
# # %load_ext tensorboard
# # %tensorboard --logdir $run_dir --samples_per_plugin images=0

# %% [markdown]
# In a terminal, run `tensorboard --logdir RUN`, then open <http://localhost:6006> in a browser. If
# you give it a folder that contains many runs, it compares them.
#
# - **Over SSH.** Run `tensorboard --logdir RUN` on the remote machine and `ssh -L
#   6006:localhost:6006 YOU@THERE` on your own, then open <http://localhost:6006> on your own
#   machine. You don't need `--bind_all`; it would show your runs to everybody who can reach the
#   machine.
# - **On a JupyterHub.** The cell above often stays empty, because your browser can't reach port 6006 of
#   that machine. If the hub has jupyter-server-proxy, open the notebook's address with `proxy/6006/` in
#   place of `lab`, including the trailing slash. If it doesn't, use `plot_curves` as above.
# - **It still shows an old run.** TensorBoard keeps running after its cell has finished. Stop it,
#   or start the next one with a different `--port`.

# %% [markdown]
# **Change this and look.** In the section "Smoothing, by hand", change the weight to 0.99, and run the
# two cells again. By the end of the run, how far below the measured values is the average that starts at
# 0?
#
# ## In three lines
#
# - A summary is a value, a tag and a step in a file; TensorBoard only draws it.
# - A histogram keeps thirty buckets of a kernel's thousands of values.
# - Smoothing is a running average, and with enough of it any two runs look alike.

# %% [markdown]
# ## What to read next
#
# - K. Wongsuphasawat and others, "Visualizing Dataflow Graphs of Deep Learning Models in
#   TensorFlow", IEEE Transactions on Visualization and Computer Graphics 24 (2018), 1-12: by the
#   people who built TensorBoard.
# - D. P. Kingma, J. Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015, section 3: the
#   same average, with the same correction for its start.
# - E. R. Tufte, *The Visual Display of Quantitative Information* (2nd edition 2001), chapter 2:
#   what a curve owes to its data.
#
# Next: [08 · Training](08_training.ipynb).
