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
# You will see what `tf.function` makes of Python code, the network as a graph of operations, and
# how names bring order to hundreds of them.
#
# It takes ten seconds, and follows the article's section "Visualizing the graph".
#
# [Open in Colab](https://colab.research.google.com/github/petkeras/petkeras/blob/main/notebooks/09_the_graph.ipynb)

# %% tags=["nbval-ignore-output"]
# On Colab, install petkeras first: %pip install -q petkeras
import itertools
import tempfile
import time
from collections import Counter

import matplotlib.pyplot as plt
import numpy as np

import petkeras as pk

# %% tags=["nbval-ignore-output"]
data = pk.course.load()

# %% [markdown]
# ## Traced, then run
#
# In 2017 one built a [graph](../docs/glossary.md#graph) first, and had it run
# afterwards. Today operations run at once, unless `@tf.function` is above a function. Then the
# function is [traced](../docs/glossary.md#tracing): Python runs through it a single time, with
# stand-ins for numbers, and each operation is noted down. From then on the notes are run, and
# Python is not asked any more. Watch how often this function prints:

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
# Three calls, one trace. Another shape is another function, and is traced anew:

# %%
double(tf.constant([1.0, 2.0]))
print(double.experimental_get_tracing_count(), "traces")

# %% [markdown]
# **Question.** What would `print(x)` show in there: numbers? And what if the function drew a random
# number by NumPy?
#
# <details><summary>An answer</summary>
#
# A stand-in, with a name, a shape and a type, but no numbers. NumPy would draw once, while the
# function is traced, and that number would be the same at every later call.
#
# </details>

# %% [markdown]
# These are the notes. A `Placeholder` stands for what comes in; an operation has a name, a kind,
# and takes what others give.

# %%
graph = double.get_concrete_function(tf.TensorSpec((None,), tf.float32)).graph
for operation in graph.get_operations():
    print(f"{operation.name:9}{operation.type:12}", [x.op.name for x in operation.inputs])

# %% [markdown]
# What is it good for? The whole network, called with and without a trace: seconds for ten batches
# of ten.

# %% tags=["nbval-ignore-output"]
size, classes = data.mean.shape[0], len(data.class_names)
model = pk.pet_net(classes, size, pk.MODERN, seed=0)
traced = tf.function(model)
x = tf.zeros((10, size, size, 3))
for name, function in (("as it is", model), ("traced", traced)):
    function(x)  # once, so that tracing is not counted
    start = time.perf_counter()
    for _ in range(10):
        function(x)
    print(f"{name}: {time.perf_counter() - start:.2f} s")

# %% [markdown]
# The convolutions take their time either way. What a trace saves is Python's part, which weighs the
# more the smaller the pictures are.

# %% [markdown]
# ## Names, and names before names
#
# The network's graph has many operations. Were each a box, nobody could read it. The article puts
# every layer into a *name scope*: the names of its operations begin with the layer's name and a
# slash, and TensorBoard draws whatever has the same beginning as one box. The article calls this
# extremely useful. We count.

# %%
from petkeras.callbacks.tensorboard import scoped_graph

graph = scoped_graph(model)
scopes = pk.visualize.graph_scopes(graph)
operations = graph.get_operations()
print(len(operations) > 10 * len(scopes))
print(len(scopes), "scopes:", *scopes)

# %% tags=["nbval-ignore-output"]
print(f"{len(operations)} operations in {len(scopes)} boxes")

# %% [markdown]
# The layers come in the order in which the data go through them. Keras itself writes no such graph
# for TensorBoard (its callback leaves it out), and a Keras model that is traced whole has all its
# operations under the model's name. So `scoped_graph` calls the layers one by one, each in a scope
# of its name:

# %% tags=["nbval-ignore-output"]
whole = traced.get_concrete_function(tf.TensorSpec((None, size, size, 3), tf.float32)).graph
print(Counter(operation.name.split("/")[0] for operation in whole.get_operations()))

# %% [markdown]
# ## The whole network
#
# Read it from the top down. The images come in, each layer takes what the one before it gives, and
# beside the arrows is what goes along them: `?` stands for the batch. On the right is what only
# training needs. Follow the arrows into `train`: why does it take something from nearly every
# layer?

# %% tags=["nbval-ignore-output"]
pk.visualize.plot_graph(graph)

# %% [markdown]
# A gradient needs what went into a layer, and the kernels that it met there. All of it has to be
# kept until the way back: this is why training takes so much more memory than a prediction does.
#
# **Question.** Which layer gives nothing to `train`, and why can it do without?
#
# <details><summary>An answer</summary>
#
# `drop2`. In `pk.MODERN` its rate is 0, and so it does nothing; `flatten` after it only lays the
# numbers out in another way. Neither gradient needs them. What `fc1` needs comes from `flatten`.
#
# </details>

# %% [markdown]
# The shapes on the arrows are those that the layers have told:

# %%
edges = pk.visualize.graph_edges(graph)
layers = model.layers[1:]
for before, after in itertools.pairwise(layers):
    if edges[before.name, after.name] != [before.output.shape]:
        print("differs:", before.name)
print(edges["fc1", "drop3"], edges["drop3", "softmax"])

# %% [markdown]
# Where do the numbers become fewer, and where do they become more? A bar is what goes from one
# layer to the next, for one picture.

# %% tags=["nbval-ignore-output"]
names = [layer.name for layer in layers]
counts = [np.prod(layer.output.shape[1:]) for layer in layers]
plt.figure(figsize=(8, 3), layout="constrained")
plt.bar(names, counts)
plt.yscale("log")
plt.ylabel("numbers")
plt.xticks(rotation=45)
plt.show()

# %% [markdown]
# ## Inside a box
#
# In TensorBoard a double click opens a box. Here is the first convolution's: it has its kernel and
# its bias, and does the three operations that chapter 05 writes out.

# %%
inside = [operation for operation in operations if operation.name.startswith("conv1_1/")]
print(*[operation.type for operation in inside], sep=", ")

# %% [markdown]
# And a dropout's. It draws random numbers, compares them with the rate, and lets through what is
# larger:

# %%
inside = [operation for operation in operations if operation.name.startswith("drop3/")]
kinds = {operation.type for operation in inside}
print(sorted(kinds & {"StatelessRandomUniformV2", "GreaterEqual", "SelectV2"}))

# %% [markdown]
# How many operations does each box hold?

# %% tags=["nbval-ignore-output"]
held = Counter(operation.name.split("/")[0] for operation in operations)
plt.figure(figsize=(8, 3), layout="constrained")
plt.bar(scopes, [held[scope] for scope in scopes])
plt.ylabel("operations")
plt.xticks(rotation=60)
plt.show()

# %% [markdown]
# `train` has by far the most: the gradients, which nobody had to write down, and a step of Adam for
# each of the weights.

# %%
steps = [operation.name for operation in operations if operation.type == "ResourceApplyAdam"]
print(len(steps) == len(model.trainable_weights), steps[0])

# %% [markdown]
# ## In TensorBoard
#
# `pk.train` writes this graph once, at the beginning of a run. By hand it is one call:

# %%
folder = tempfile.mkdtemp()
with tf.summary.create_file_writer(folder).as_default():
    tf.summary.graph(graph)

# %% [markdown]
# Read back, it has all its operations:

# %%
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto.graph_pb2 import GraphDef

events = EventAccumulator(folder).Reload()
read = GraphDef.FromString(events.Graph().SerializeToString())
print({node.name for node in read.node} == {operation.name for operation in operations})

# %% [markdown]
# To look at it: `tensorboard --logdir RUN`, the tab *Graphs*, and as *Run* the one that ends in
# `train`. A double click opens a box and closes it again; a click shows, at the upper right, what
# it takes and gives. *Trace inputs* leaves in color only what the chosen box depends on: try it on
# `accuracy`, and `train` turns gray. If the page says that there is no graph, the
# folder of the test part is chosen. Chapter 07 tells how to reach TensorBoard from another machine.

# %% [markdown]
# ## Exercises
#
# **1.** At 64 pixels, 16,384 numbers go from `flatten` to `fc1`, and each of them has a weight for
# each of 512 units. At which size of the pictures are they 4,096?

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
# Half the side is a quarter of the area. As pooling rounds up, 29, 30 and 31 give the same.
#
# </details>

# %% [markdown]
# **2.** Write the function that lists the kinds of the operations in one top-level scope, in the
# order of the graph.


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
# **3.** This function is traced anew for each length of a batch. Pictures are 8 by 8 pixels in
# three colors, float32. Let one trace do for all lengths.


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
# ## What to read next
#
# - M. Abadi and others, "TensorFlow: A System for Large-Scale Machine Learning", OSDI 2016,
#   sections 3 and 4: why a graph.
# - K. Wongsuphasawat and others, "Visualizing Dataflow Graphs of Deep Learning Models in
#   TensorFlow", IEEE Transactions on Visualization and Computer Graphics 24 (2018), 1-12: how
#   scopes become boxes.
# - A. Agrawal and others, "TensorFlow Eager: A Multi-Stage, Python-Embedded DSL for Machine
#   Learning", SysML 2019: what tracing is, by those who built `tf.function`.
