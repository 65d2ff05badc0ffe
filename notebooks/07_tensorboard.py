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
# You will write all that TensorBoard can show, read it back, and see how its curves are smoothed:
# it is a set of files and a web page that draws them, and nothing else.
#
# It takes a quarter of a minute, and follows the article's section "Summaries".
#
# [Open in Colab](https://colab.research.google.com/github/petkeras/petkeras/blob/main/notebooks/07_tensorboard.ipynb)

# %% tags=["nbval-ignore-output"]
# On Colab, install petkeras first: %pip install -q petkeras
import dataclasses
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import petkeras as pk

# %% tags=["nbval-ignore-output"]
data = pk.course.load()

# %% [markdown]
# ## A writer
#
# A [summary](../docs/glossary.md#summary) is a value with a name, the *tag*, and the step at which
# it was taken. A writer appends summaries to a file in a folder. Here are twenty values of a
# made-up loss.

# %%
import tensorflow as tf

folder = tempfile.mkdtemp()
writer = tf.summary.create_file_writer(folder)
with writer.as_default():
    for step in range(20):
        tf.summary.scalar("Loss", 0.7 * 0.9**step, step=step)
writer.flush()

# %% [markdown]
# One file has come of it. Its name begins with `events.out.tfevents`, and TensorBoard looks for
# such files in the folder that it is given, and in all folders below.

# %%
files = list(Path(folder).iterdir())
print(len(files), "file:", files[0].name[:19])

# %% [markdown]
# ## Reading it back
#
# TensorBoard's own reader takes the file apart. What it finds is kept as *tensors*, whatever it
# was: scalars, histograms and pictures alike.

# %%
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


def read(folder):
    events = EventAccumulator(str(folder), {"tensors": 0})  # 0: keep them all
    return events.Reload()


losses = read(folder).Tensors("Loss")
print(len(losses), "values, the last at step", losses[-1].step)
print(f"{tf.make_ndarray(losses[0].tensor_proto):.2f}")

# %% [markdown]
# ## A histogram
#
# One number says little about a kernel of 9,216 weights. A histogram cuts the range of its values
# into buckets, and counts how many values each of them holds.

# %%
rng = np.random.default_rng(0)
with writer.as_default():
    for step in range(20):
        tf.summary.histogram("weights", rng.normal(0, 0.1 + 0.01 * step, 9216), step=step)
writer.flush()

weights = [tf.make_ndarray(event.tensor_proto) for event in read(folder).Tensors("weights")]
print(weights[0].shape, "counts of", weights[0][:, 2].sum(), "values in all")

# %% [markdown]
# Thirty buckets, each with a left edge, a right edge and a count: this is all that is kept of the
# values. TensorBoard draws the steps one behind another. Each is a line here, the oldest at the
# top; watch it get broader.


# %% tags=["nbval-ignore-output"]
def ridges(histograms, title):
    """Draw histograms as lines, one below another, as TensorBoard does."""
    plt.figure(figsize=(6, 4), layout="constrained")
    highest = max((h[:, 2] / np.ptp(h[:, :2])).max() for h in histograms)
    for place, h in enumerate(histograms):
        height = h[:, 2] / np.ptp(h[:, :2]) / highest * 4  # of values in a unit of width
        plt.fill_between(h[:, :2].mean(axis=1), -place, height - place, color="C0", alpha=0.5)
    plt.gca().set(title=title, yticks=[])
    plt.show()


ridges(weights[::2], "weights, every second step")

# %% [markdown]
# ## Pictures, text, and hyperparameters
#
# A picture is `(n, height, width, channels)`, uint8 or floats from 0 to 1; it is kept as a PNG.
# TensorBoard keeps about ten steps of each tag when it reads, and maybe not the first one: for a
# film of the filters it is of no use. Chapter 11 makes its own.

# %%
with writer.as_default(step=0):
    tf.summary.image("picture", data.test.images[:1])
    tf.summary.text("note", "A *text* may use **Markdown**.")
writer.flush()

width, height, png = tf.make_ndarray(read(folder).Tensors("picture")[0].tensor_proto)
print(png[:4], np.array_equal(tf.io.decode_png(png), data.test.images[0]))

# %% [markdown]
# [Hyperparameters](../docs/glossary.md#hyperparameter) go to a tab of their own, HParams, with a
# table that compares runs: which learning rate, which dropout, and how did it end?

# %%
from tensorboard.plugins.hparams import api as hparams

with writer.as_default():
    hparams.hparams({"learning_rate": 1e-3, "dropout": 0.5})
writer.close()
print(read(folder).Tags()["tensors"])

# %% [markdown]
# **Question.** A run of 13,600 steps: would you write a picture at every step? How many bytes is
# `png`?
#
# <details><summary>An answer</summary>
#
# `len(png)` is about 8,000 at 64 pixels; 13,600 of them are more than 100 MB, of which TensorBoard
# shows about ten. `pk.train` writes pictures once an epoch.
#
# </details>

# %% [markdown]
# ## What petkeras writes
#
# The article writes loss, accuracy and one histogram every five steps, to two writers: one for
# training, one for the test. In two folders, `Loss` is one tag with two curves, and TensorBoard
# puts both in one chart. `pk.train` does the same. Two epochs are enough to see it.

# %% tags=["nbval-ignore-output"]
run_dir = tempfile.mkdtemp() + "/run"
recipe = dataclasses.replace(pk.MODERN, epochs=2)
model = pk.pet_net(len(data.class_names), data.mean.shape[0], recipe, seed=0)
history = pk.train(model, data, recipe, run_dir, verbose=False)

# %%
training, test = (read(f"{run_dir}/tensorboard/{part}") for part in ("train", "test"))
print(*training.Tags()["tensors"], sep="\n")

# %% [markdown]
# Kernels and their gradients are histograms, `recipe` is a text; the graph is in it, too, and is
# the matter of chapter 09. In the test folder there are pictures: kernels, feature maps, and which
# breed was taken for which.

# %%
print(*[tag for tag in test.Tags()["tensors"] if "pictures" in tag], sep="\n")

# %% [markdown]
# The first kernels after the first epoch and after the second, from the PNGs in the event file. Do
# you find one that has changed?

# %% tags=["nbval-ignore-output"]
events = test.Tensors("pictures/kernels/conv1_1")
kernels = [tf.io.decode_png(tf.make_ndarray(event.tensor_proto)[2]) for event in events]
pk.visualize.plot_pictures(kernels, [f"conv1_1 after step {event.step}" for event in events])

# %% [markdown]
# And the gradients of that layer, step by step. Do they get smaller as it learns, or larger?

# %% tags=["nbval-ignore-output"]
gradients = training.Tensors("gradients/conv1_1")
histograms = [tf.make_ndarray(event.tensor_proto) for event in gradients]
ridges(histograms, f"gradients of conv1_1, steps {gradients[0].step} to {gradients[-1].step}")

# %% [markdown]
# ## Scalars without TensorBoard
#
# `visualize.read_scalars` reads loss and accuracy of a run folder, and `plot_curves` draws them. So
# nobody depends on a web page.

# %%
scalars = pk.visualize.read_scalars(run_dir)
steps, losses = scalars["train"]["Loss"]
print(steps[:4])
print(np.allclose(losses, np.array(history.step_losses)[steps - 1]))

# %% tags=["nbval-ignore-output"]
pk.visualize.plot_curves(run_dir)

# %% [markdown]
# The pale lines are what was measured: in training batches of ten, of which each has an accuracy of
# 0, 10, 20, ... or 100 percent; on the test part four pictures at a time, which takes little of the
# time that is for training. The strong ones are smoothed.

# %% [markdown]
# ## Smoothing, by hand
#
# Behind TensorBoard's slider is an [exponential moving
# average](../docs/glossary.md#exponential-moving-average). Each new value moves the average a
# little towards itself: it becomes $0.9$ of what it was plus $0.1$ of the value. Begun at 0, the
# average is far too low at first, as it is made up of that 0 for the most part; so it is divided by
# the share that values have in it.

# %%
weight, average, share = 0.9, 0.0, 0.0
begun_at_zero, by_hand = [], []
for loss in losses:
    average = weight * average + (1 - weight) * loss
    share = weight * share + (1 - weight)  # 0.1, 0.19, 0.271, ...
    begun_at_zero.append(average)
    by_hand.append(average / share)

print(np.allclose(by_hand, pk.visualize.smooth(losses, weight)))

# %% tags=["nbval-ignore-output"]
plt.figure(figsize=(6, 3), layout="constrained")
plt.plot(steps, losses, color="gray", linewidth=1, label="loss of a batch")
plt.plot(steps, begun_at_zero, "--", label="average that began at 0")
plt.plot(steps, by_hand, label="divided by its share")
plt.xlabel("step")
plt.ylim(bottom=0)
plt.legend()
plt.show()

# %% [markdown]
# **Question.** The slider can be pulled until any two runs look alike. Which weight is honest, for
# a curve of 13 values? And for one of 2,600?
#
# <details><summary>An answer</summary>
#
# An average of weight $w$ is one of about $1 / (1 - w)$ values. It should be a small part of the
# curve: of 13 values 2 or 3, so 0.5 or 0.6 at most; of 2,600 perhaps 50 or 100, so 0.98 or 0.99.
#
# </details>

# %% [markdown]
# ## TensorBoard itself
#
# In Jupyter on your own machine, and on Colab, it opens in the page below a cell: take the `#`
# away.

# %%
# # %load_ext tensorboard
# # %tensorboard --logdir $run_dir --samples_per_plugin images=0

# %% [markdown]
# In a terminal it is `tensorboard --logdir RUN`, and then <http://localhost:6006> in a browser.
# Give it a folder that holds many runs, and it compares them.
#
# - **Over SSH.** Start `tensorboard --logdir RUN` there, and on your own machine `ssh -L
#   6006:localhost:6006 YOU@THERE`; then open <http://localhost:6006> here. `--bind_all` is not
#   needed, and shows your runs to everybody who can reach the machine.
# - **On a JupyterHub.** The cell above often stays empty, as your browser cannot reach port 6006 of
#   that machine. Where the hub has jupyter-server-proxy, open the notebook's address with
#   `proxy/6006/` in the place of `lab`, the slash at the end included. Where it has not:
#   `plot_curves`, as above.
# - **An old run is still shown**: TensorBoard keeps running after its cell. Stop it, or start the
#   next one with another `--port`.

# %% [markdown]
# ## Exercises
#
# **1.** With the weight 0.9, a value one step back counts 0.9 times as much as the latest. Which
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
# About 0.933: ten steps back it counts $w^{10}$.
#
# </details>

# %% [markdown]
# **2.** Write the three losses to the folder, with the tag `Loss`, at the steps 5, 10 and 15.

# %% tags=["exercise"]
import tempfile

folder = tempfile.mkdtemp()
losses = {5: 0.7, 10: 0.5, 15: 0.4}
writer = tf.summary.create_file_writer(folder)

writer.close()
pk.check.chapter07.exercise_2(folder)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# import tempfile
#
# folder = tempfile.mkdtemp()
# losses = {5: 0.7, 10: 0.5, 15: 0.4}
# writer = tf.summary.create_file_writer(folder)
# with writer.as_default():
#     for step, loss in losses.items():
#         tf.summary.scalar("Loss", loss, step=step)
# writer.close()
# pk.check.chapter07.exercise_2(folder)
# ```
#
# </details>

# %% [markdown]
# **3.** A histogram comes back as `(buckets, 3)`: left edge, right edge, count. Find out about what
# the mean of its values was, as if all values of a bucket lay in its middle.


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
# ## What to read next
#
# - K. Wongsuphasawat and others, "Visualizing Dataflow Graphs of Deep Learning Models in
#   TensorFlow", IEEE Transactions on Visualization and Computer Graphics 24 (2018), 1-12: by the
#   people who built TensorBoard.
# - D. P. Kingma, J. Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015, section 3: the
#   same average, with the same correction of its start.
# - E. R. Tufte, *The Visual Display of Quantitative Information* (2nd edition 2001), chapter 2, on
#   what a curve owes to its data.
