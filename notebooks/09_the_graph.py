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
# # 09 · The graph
#
# A network can be drawn as boxes, with arrows between them. In this chapter TensorFlow provides the
# drawing, and you find out how names bring order to hundreds of operations.
#
# **After this chapter you can**
#
# - say what `tf.function` makes of Python code, and when it has to do so again;
# - read a network's graph, and follow what training needs of each layer;
# - look at the graph of any run in TensorBoard.
#
# *A quarter of a minute on two cores · the article's section "Visualizing the graph"*
#
# Read the drawing from the top down. The images come in, and each layer takes the output of the one
# before it. The labels beside the arrows give the shape of the data; `?` is the batch dimension. The box
# `train` on the right is everything that only training needs. Why does it take something from nearly
# every layer?

# %% tags=["nbval-ignore-output"]
import petkeras as pk
from petkeras import visualize

data = pk.course.load()
size, classes = data.mean.shape[0], len(data.class_names)
model = pk.pet_net(classes, size, pk.MODERN, seed=0)
graph = pk.callbacks.graph.scoped_graph(model)
visualize.plot_graph(graph)

# %% [markdown]
# To compute a layer's gradients, you need its inputs and its kernel. All of them have to be kept in
# memory until the backward pass, the way back from the loss to the weights. This is why training takes
# so much more memory than prediction.

# %% [markdown]
# **Question.** Which layer passes nothing to `train`, and why can `train` do without it?
#
# <details><summary>An answer</summary>
#
# `drop2`. In `pk.MODERN` its rate is 0, so it does nothing, and `flatten` after it only rearranges
# the numbers. The gradients of these two layers don't need their values. What `fc1` needs comes
# from `flatten`.
#
# </details>

# %% [markdown]
# These parts of the course's drawing are in the graph:

# %%
pk.course.where(
    "picture", "conv1_1", "pool2", "fc1", "probabilities", "loss", "gradients", "optimizer"
)

# %% [markdown]
# The shapes on the arrows are the layers' own output shapes. Here are two of them, from `fc1` to the
# last layer:

# %%
edges = visualize.graph_edges(graph)
layers = model.layers[1:]
print(edges["fc1", "drop3"], edges["drop3", "softmax"])

# %% [markdown]
# Where does the amount of data shrink, and where does it grow? Each bar shows how many numbers a layer
# hands on for one picture.

# %% tags=["nbval-ignore-output"]
import matplotlib.pyplot as plt
import numpy as np

plt.style.use(visualize.style.STYLE)  # the style of petkeras's own figures
figure, axes = plt.subplots(figsize=(8, 3))
axes.bar([layer.name for layer in layers], [np.prod(layer.output.shape[1:]) for layer in layers])
axes.set(yscale="log", ylabel="numbers")
axes.tick_params(axis="x", rotation=45)
plt.close(figure)
visualize.describe(figure, "A bar for each layer: many numbers at first, two at the end.")

# %% [markdown]
# **Exercise 1.** At 64 pixels, 16,384 numbers go from `flatten` to `fc1`, and each of them has a weight
# for each of the 512 units. At what picture size would only 4,096 numbers go there?

# %% tags=["exercise"]
image_size = 64
pk.check.chapter09.exercise_1(image_size)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# image_size = 32
# pk.check.chapter09.exercise_1(image_size)
# ```
#
# Half the side is a quarter of the area. Because pooling rounds up, 29, 30 and 31 give the same
# number.
#
# </details>

# %% [markdown]
# ## Traced, then run
#
# In 2017 you first built a [graph](../docs/glossary.md#graph) and then ran it. Today, operations run
# immediately, unless they are in a function with the decorator `@tf.function`. Such a function is
# [traced](../docs/glossary.md#tracing): Python runs through it once, with placeholders in place of
# numbers, and TensorFlow records each operation. After that, TensorFlow runs the recording, and Python
# is no longer involved. Watch how often this function prints:

# %%
import tensorflow as tf


@tf.function
def double(x):
    print("traced for", x.shape)
    return tf.nn.relu(2 * x)


double(tf.constant([1.0, 2.0, 3.0]))
double(tf.constant([4.0, 5.0, 6.0]))
print(double(tf.constant([7.0, -8.0, 9.0])).numpy())

# %% [markdown]
# Three calls, one trace. A tensor of another shape needs a new trace:

# %%
double(tf.constant([1.0, 2.0]))
print(double.experimental_get_tracing_count(), "traces")

# %% [markdown]
# **Question.** What would `print(x)` show inside the function: numbers? And what would happen if the
# function drew a random number with NumPy?
#
# <details><summary>An answer</summary>
#
# A placeholder, with a name, a shape and a dtype, but no numbers. NumPy would draw once, during
# tracing, and every later call would use that same number.
#
# </details>

# %% [markdown]
# Here is the recording. A `Placeholder` stands for an input. Each operation has a name and a type,
# and takes the outputs of other operations as its inputs.

# %%
recording = double.get_concrete_function(tf.TensorSpec((None,), tf.float32)).graph
for operation in recording.get_operations():
    print(f"{operation.name:9}{operation.type:12}", [x.op.name for x in operation.inputs])

# %% [markdown]
# **Exercise 3.** This function is traced again for every new batch size. The pictures are 8 by 8 pixels
# with three color channels, float32. Make a single trace work for all batch sizes.


# %% tags=["exercise"]
@tf.function
def total(images):
    return tf.reduce_sum(images)


pk.check.chapter09.exercise_3(total)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# @tf.function(input_signature=[tf.TensorSpec((None, 8, 8, 3), tf.float32)])
# def total(images):
#     return tf.reduce_sum(images)
#
#
# pk.check.chapter09.exercise_3(total)
# ```
#
# </details>

# %% [markdown]
# What is tracing good for? We call the whole network with and without it, and measure the seconds for
# ten batches of ten.

# %% tags=["nbval-ignore-output"]
import time

traced = tf.function(model)
x = tf.zeros((10, size, size, 3))
for name, function in (("as it is", model), ("traced", traced)):
    function(x)  # once first, so that tracing is not timed
    start = time.perf_counter()
    for _ in range(10):
        function(x)
    print(f"{name}: {time.perf_counter() - start:.2f} s")

# %% [markdown]
# The convolutions take the same time either way. Tracing saves the time spent in Python, and the smaller
# the pictures are, the more that matters.

# %% [markdown]
# ## Names and name scopes
#
# The network's graph has hundreds of operations. If each of them were a box, nobody could read it. The
# article puts every layer into a *name scope*: the names of its operations begin with the layer's name
# and a slash. TensorBoard draws everything with the same prefix as one box. The article calls this
# extremely useful. Let's count.

# %%
scopes = visualize.graph_scopes(graph)
operations = graph.get_operations()
print(len(scopes), "scopes:", *scopes)

# %% tags=["nbval-ignore-output"]
print(f"{len(operations)} operations in {len(scopes)} boxes")

# %% [markdown]
# The layers appear in the order in which data flows through them. Keras itself doesn't write such a
# graph for TensorBoard: its callback leaves it out. And if you trace a Keras model as a whole, all of
# its operations end up under the model's name. So `scoped_graph` calls the layers one by one, each in a
# scope with its own name. For comparison, here is the model traced as a whole:

# %% tags=["nbval-ignore-output"]
from collections import Counter

whole = traced.get_concrete_function(tf.TensorSpec((None, size, size, 3), tf.float32)).graph
print(Counter(operation.name.split("/")[0] for operation in whole.get_operations()))

# %% [markdown]
# ## Inside a box
#
# In TensorBoard, a double-click opens a box. Here are the contents of the first convolution's box: its
# kernel and its bias (the two placeholders), and the three operations that chapter 05 writes out.

# %%
inside = [operation for operation in operations if operation.name.startswith("conv1_1/")]
print(*[operation.type for operation in inside], sep=", ")

# %% [markdown]
# And here are some from a dropout layer's box. It draws a random number for each value, compares it with
# the rate, and keeps the value if its number is at least the rate:

# %%
inside = [operation for operation in operations if operation.name.startswith("drop3/")]
kinds = {operation.type for operation in inside}
print(sorted(kinds & {"StatelessRandomUniformV2", "GreaterEqual", "SelectV2"}))

# %% [markdown]
# **Exercise 2.** Write a function that lists the types of the operations in one top-level scope, in the
# order in which they appear in the graph.


# %% tags=["exercise"]
def kinds_in(graph, scope):
    return [operation.type for operation in graph.get_operations()]


pk.check.chapter09.exercise_2(kinds_in)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def kinds_in(graph, scope):
#     operations = graph.get_operations()
#     return [op.type for op in operations if op.name.startswith(scope + "/")]
#
#
# pk.check.chapter09.exercise_2(kinds_in)
# ```
#
# </details>

# %% [markdown]
# How many operations does each box hold?

# %% tags=["nbval-ignore-output"]
held = Counter(operation.name.split("/")[0] for operation in operations)
figure, axes = plt.subplots(figsize=(8, 3))
axes.bar(scopes, [held[scope] for scope in scopes])
axes.set(ylabel="operations")
axes.tick_params(axis="x", rotation=60)
plt.close(figure)
visualize.describe(figure, "A bar for each scope: train holds by far the most operations.")

# %% [markdown]
# `train` has by far the most: the gradients, which nobody had to write by hand, and an Adam update
# for each of the weights.

# %%
steps = [operation.name for operation in operations if operation.type == "ResourceApplyAdam"]
print(len(steps), "updates, for", len(model.trainable_weights), "weights. The first:", steps[0])

# %% [markdown]
# ## In TensorBoard
#
# `pk.train` writes this graph once, at the beginning of a run. To write it yourself takes one call:

# %%
folder = str(pk.course.scratch())
with tf.summary.create_file_writer(folder).as_default():
    tf.summary.graph(graph)

# %% [markdown]
# Read it back. How many operations are missing?

# %%
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto.graph_pb2 import GraphDef

events = EventAccumulator(folder).Reload()
read = GraphDef.FromString(events.Graph().SerializeToString())
print(len({operation.name for operation in operations} - {node.name for node in read.node}))

# %% [markdown]
# To look at it, run `tensorboard --logdir RUN` with the folder of a run, open the *Graphs* tab, and
# choose the *Run* that ends in `train`. Double-click a box to open it, and again to close it. Click it
# once to see its inputs and outputs at the upper right. *Trace inputs* leaves color only on the boxes
# that the selected one depends on. Try it on `accuracy`, and `train` turns gray. If the page says that
# there is no graph, you have selected the test folder. Chapter 07 explains how to reach TensorBoard from
# another machine.

# %% [markdown]
# **Change this and look.** In the first cell, give the network another recipe: `pk.ARTICLE` in place of
# `pk.MODERN`. Its dropout isn't 0. Which arrow into `train` is new?
#
# ## In three lines
#
# - `tf.function` runs Python once, records the operations, and then runs the recording.
# - A name scope makes one box of a layer's operations.
# - Training needs each layer's input and kernel again on the way back, and so it needs memory.

# %% [markdown]
# ## What to read next
#
# - M. Abadi and others, "TensorFlow: A System for Large-Scale Machine Learning", OSDI 2016,
#   sections 3 and 4: why a graph.
# - K. Wongsuphasawat and others, "Visualizing Dataflow Graphs of Deep Learning Models in
#   TensorFlow", IEEE Transactions on Visualization and Computer Graphics 24 (2018), 1-12: how
#   scopes become boxes.
# - A. Agrawal and others, "TensorFlow Eager: A Multi-Stage, Python-Embedded DSL for Machine
#   Learning", SysML 2019: what tracing is, by the people who built `tf.function`.
#
# Next: [10 · Overfitting and dropout](10_overfitting_and_dropout.ipynb).
