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
# # 04 · Convolution and pooling by hand
#
# Everything in this course rests on one operation, the convolution, and it is nothing but multiplying
# and adding. You will do it by hand, get exactly the numbers that TensorFlow gets, and then watch it
# slide over a picture.
#
# **After this chapter you can**
#
# - compute a convolution and a max pool in a few lines of NumPy;
# - say what a kernel, a feature map, a stride and padding are;
# - make a kernel that finds what you want it to find.
#
# *Half a minute on two cores · the article's section "How convolution and pooling work"*
#
# Here is where we are going. In the top row are four small tables of numbers, drawn as colors: yellow is
# above 0, and blue is below. Under each of them is what it makes of the picture on the left. Which lines
# does each of them find?

# %% tags=["nbval-ignore-output"]
import petkeras as pk
from petkeras import visualize as pkv

data = pk.course.load()
image = data.train.images[0]
pkv.plot_kernels(pkv.article_kernels(), image)

# %% [markdown]
# Such a table is a [kernel](../docs/glossary.md#kernel), and what it makes of a picture is a [feature
# map](../docs/glossary.md#feature-map). The map is white where the answer is far above 0, black where it
# is far below, and gray where it is 0. The numbers in a kernel are its
# [weights](../docs/glossary.md#weight). (The article shows the same for a dog in its figures 2 and 3.)
# This chapter is about two kinds of layers in our network, convolutions (`conv`), which have kernels,
# and pools, which have none:

# %%
pk.course.where("conv1_1", "conv1_2", "pool1", "conv2_1", "conv2_2", "pool2")

# %% [markdown]
# ## One window
#
# A gray picture is a table of numbers; `x` is a tiny one. A kernel is a smaller table. Lay it on the
# upper left corner of `x`, like a window: the numbers that you see through it are called a *patch*.
# Multiply each of them by the number on top of it, and add up the products. That is all the arithmetic
# there is.

# %%
import numpy as np

x = np.random.default_rng(0).integers(0, 10, (6, 6))
kernel = np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]])

patch = x[0:3, 0:3]
print(patch * kernel)
print("sum:", np.sum(patch * kernel))

# %% [markdown]
# ## All windows
#
# A [convolution](../docs/glossary.md#convolution) does this in every place where the kernel fits.
# How many places is that in a table of 6 x 6 numbers?


# %%
def convolve(x, kernel):
    (height, width), (rows, columns) = kernel.shape, x.shape
    output = np.zeros((rows - height + 1, columns - width + 1))
    for row, column in np.ndindex(output.shape):
        patch = x[row : row + height, column : column + width]
        output[row, column] = np.sum(patch * kernel)
    return output


print(convolve(x, kernel))


# %% [markdown]
# Here is the loop in motion, as in one of the article's figures, but with our numbers. Pick any window and
# work out the sum yourself. Does it come out right?

# %% tags=["nbval-ignore-output"]
pkv.animate_convolution(x, kernel)

# %% [markdown]
# TensorFlow wants several pictures at once, a [batch](../docs/glossary.md#batch), and each picture has
# [channels](../docs/glossary.md#channel): a color picture has three, red, green and blue. It also wants
# several kernels, which it calls filters. We have one of each. Look at the shapes in the comments: they
# are half of what there is to know about `tf.nn.conv2d`.

# %%
import tensorflow as tf


def tf_convolve(x, kernel, strides=1, padding="VALID", dilations=1):
    x = tf.cast(x, tf.float32)[None, :, :, None]  # (1 picture, height, width, 1 channel)
    kernel = tf.cast(kernel, tf.float32)[:, :, None, None]  # (height, width, 1 channel, 1 filter)
    return tf.nn.conv2d(x, kernel, strides, padding, dilations=dilations)[0, :, :, 0].numpy()


print(tf_convolve(x, kernel))

# %% [markdown]
# They are the same sixteen numbers. **A convolution is this loop.** A convolutional layer does it for
# many kernels, and then adds one more number to each map, the [bias](../docs/glossary.md#bias). Usually
# a [ReLU](../docs/glossary.md#relu) follows, which replaces every number below 0 by 0.

# %% [markdown]
# **Question.** The kernel has positive numbers on the left and negative numbers on the right. What
# does a patch have to look like to give a large sum? And what does it have to look like to give 0?
#
# <details><summary>An answer</summary>
#
# Bright on the left and dark on the right, because the sum is left minus right. It is 0 where both sides
# are equally bright, for example in a plain area or across a horizontal edge.
#
# </details>

# %% [markdown]
# ## Nothing is turned around
#
# In mathematics, a convolution rotates the kernel by half a turn before it slides it. Without that turn,
# it is called a *cross-correlation*. Networks leave out the turn: a kernel that is learned can just as
# well be learned the other way around.
#
# A single 1 in a table of zeros shows which of the two we have. With the turn, the kernel would come out
# as it is, with 1, 2, 3 in the first row. What comes out here?

# %%
lone = np.zeros((5, 5))
lone[2, 2] = 1
numbered = np.arange(1, 10).reshape(3, 3)
print(convolve(lone, numbered))

# %% [markdown]
# ## Strides
#
# The [stride](../docs/glossary.md#stride) is how many cells the window moves each time. So far it was 1.
# With a stride of 2, the window skips every other place in both directions, and a quarter of the numbers
# are left. It doesn't compute anything new, just less.

# %%
every_place = tf_convolve(x, kernel)
every_second = tf_convolve(x, kernel, strides=2)
print(every_place, "\n")
print(every_second)

# %% [markdown]
# **Question.** Find the four numbers of the second table in the first one. Which rows and columns are they
# in?
#
# <details><summary>An answer</summary>
#
# In the first and third row, and the first and third column. A stride of 2 gives what a stride of 1 gives,
# with gaps.
#
# </details>

# %% [markdown]
# **Exercise 1.** Change the stride so that 4 x 4 numbers come out of this 9 x 9 table.

# %% tags=["exercise"]
table = np.arange(81, dtype="float32").reshape(1, 9, 9, 1)
ones = np.ones((3, 3, 1, 1), "float32")
output = tf.nn.conv2d(table, ones, strides=1, padding="VALID")
pk.check.chapter04.exercise_1(output)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# table = np.arange(81, dtype="float32").reshape(1, 9, 9, 1)
# ones = np.ones((3, 3, 1, 1), "float32")
# output = tf.nn.conv2d(table, ones, strides=2, padding="VALID")
# pk.check.chapter04.exercise_1(output)
# ```
#
# </details>

# %% [markdown]
# ## Padding
#
# So far, the kernel had to stay inside the table. TensorFlow calls that `VALID`, and with a 3 x 3 kernel
# it costs two rows and two columns. With `SAME`, a frame of zeros goes around the table first: the
# [padding](../docs/glossary.md#padding). With a stride of 1, the output is then as large as the input.

# %%
framed = np.pad(x, 1)
difference = convolve(framed, kernel) - tf_convolve(x, kernel, padding="SAME")
print("shapes:", x.shape, "->", tf_convolve(x, kernel, padding="SAME").shape)
print("largest difference from our frame of zeros:", np.abs(difference).max())

# %% [markdown]
# Now stride and padding together. With `SAME`, the output size is the input size divided by the stride,
# rounded up. Here, one row and one column of zeros are enough. Where does TensorFlow put them? Watch the
# gray cells.

# %% tags=["nbval-ignore-output"]
pkv.animate_convolution(x, kernel, strides=2, padding="same")

# %% [markdown]
# They go only at the bottom and on the right. With a frame on all four sides, as above, and a stride of
# 2, you would get just as many numbers, but different ones. PyTorch, another library, does it that way.
# So weights that you move from one to the other give slightly different maps.

# %%
around = convolve(np.pad(x, 1), kernel)[::2, ::2]
at_the_end = convolve(np.pad(x, ((0, 1), (0, 1))), kernel)[::2, ::2]
theirs = tf_convolve(x, kernel, strides=2, padding="SAME")
print("TensorFlow:\n", theirs)
print("a row at the bottom and on the right:\n", at_the_end)
print("a frame on all sides:\n", around)

# %% [markdown]
# ## Holes
#
# A *dilated* kernel is spread out: it touches every other number, so its nine weights cover 5 x 5
# cells. That is the same as a larger kernel with zeros in the holes.

# %%
spread = np.zeros((5, 5))
spread[::2, ::2] = kernel
print(convolve(x, spread), "\n")
print(tf_convolve(x, kernel, dilations=2))

# %% [markdown]
# The blue cells are the ones that it touches. It doesn't see what lies between them.

# %% tags=["nbval-ignore-output"]
pkv.animate_convolution(x, kernel, dilations=2)

# %% [markdown]
# ## What a kernel looks for
#
# Back to the four kernels from the top of this page. Plain areas come out gray, no matter how bright
# they are. That is no accident: add up the numbers in each kernel.

# %%
for name, weights in pkv.article_kernels().items():
    even = np.full((7, 7), 200.0)
    print(f"{name:10}  sum {weights.sum():.0f}  answer {np.sum(even * weights):.0f}")

# %% [markdown]
# **Exercise 2.** Make a kernel yourself: its answer should be above 0 where the picture is dark on the
# left and bright on the right. It should be 0 in plain areas, and where a dark top meets a bright
# bottom.

# %% tags=["exercise"]
kernel = [
    [0, 0, 0],
    [0, 0, 0],
    [0, 0, 0],
]
pk.check.chapter04.exercise_2(kernel)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# kernel = [
#     [-1, 0, 1],
#     [-1, 0, 1],
#     [-1, 0, 1],
# ]
# pk.check.chapter04.exercise_2(kernel)
# ```
#
# </details>

# %% [markdown]
# **Question.** These kernels were made by people. A network's kernels start out as random numbers.
# What could make them find lines anyway?
#
# <details><summary>An answer</summary>
#
# Training: each number in a kernel is moved a little, again and again, so that the network's
# answers get less wrong (chapter 06). If lines help to tell the breeds apart, you end up with
# kernels that find lines.
#
# </details>

# %% [markdown]
# ## Touch it
#
# Here is a small network in the explorer: the four kernels, and after them a *pool*, which keeps the
# largest of every four numbers (more about pools below). Three things to try:
#
# 1. Press **Play** under **On a small grid**, and watch the window move while the output fills in.
# 2. Change a number in the kernel below it while it runs. What happens to the output?
# 3. Choose the layer `pool` in the row of layers, and see which of four numbers it keeps.
#
# (Until you run this cell, you see a picture of the explorer.)

# %%
import keras

layers = [pk.layers.Conv2D(4, 7, name="kernels"), pk.layers.MaxPool2D(name="pool")]
network = keras.Sequential([keras.Input(image.shape), *layers])
four = np.stack(list(pkv.article_kernels().values()), axis=-1)[:, :, None] / 3  # (7, 7, 1, 4)
layers[0].set_weights([np.repeat(four, 3, axis=2), np.zeros(4)])  # the mean of three colors
pk.explore(network, image[None], pixel_scale=255.0, tab="play")

# %% [markdown]
# **Question.** Suppose you turned the kernel for horizontal lines into the one for vertical lines,
# number by number. How many of its 49 numbers would you have to change?
#
# <details><summary>An answer</summary>
#
# You would have to change 28. In one kernel, each *row* has the same number everywhere: one row has 4,
# two have 1, and four have -1.5. In the other kernel, the same is true of the *columns*. A number can
# stay where its row and its column agree, and that is in 1 · 1 + 2 · 2 + 4 · 4 = 21 places.
#
# </details>

# %% [markdown]
# ## Channels
#
# A color picture is three tables, and the input of our network's second convolution is 32 of them. The
# kernel is then as deep as its input, and **all** the products go into **one** sum. With 32 kernels like
# that, 32 numbers come out in each place: 32 [feature maps](../docs/glossary.md#feature-map). In the
# loop, only the sum has changed: `np.tensordot` multiplies a patch by all the kernels at once, and adds
# up the products of each.


# %%
def convolve_channels(x, kernels):  # (rows, columns, channels), (height, width, channels, filters)
    height, width, _, filters = kernels.shape
    output = np.zeros((x.shape[0] - height + 1, x.shape[1] - width + 1, filters))
    for row, column in np.ndindex(output.shape[:2]):
        patch = x[row : row + height, column : column + width]
        output[row, column] = np.tensordot(patch, kernels, axes=3)  # (filters,)
    return output


# %% [markdown]
# Here is the first layer of our network on a whole picture, before any training: its 32 kernels, once
# with our loop and once with TensorFlow. (The two round differently in the seventh digit.)

# %%
kernels = pk.layers.Conv2D(filters=32, kernel_size=3)
kernels.build((None, *image.shape))
weights = kernels.kernel.numpy()
colors = np.pad(image / np.float32(255), ((1, 1), (1, 1), (0, 0)))

print("kernels:", weights.shape)
by_hand = convolve_channels(colors, weights)
theirs = kernels(image[None] / np.float32(255))[0]
print("maps:", by_hand.shape)
print(f"largest difference: {np.abs(by_hand - theirs).max():.4f}")

# %% [markdown]
# **Question.** The second convolution has 32 kernels of 3 x 3 over 32 channels. How many weights does
# that make, and how many multiplications does one place in the picture take?
#
# <details><summary>An answer</summary>
#
# It has 3 · 3 · 32 · 32 = 9,216 weights, plus 32 biases. Each weight is used once in each place, so
# it takes 9,216 multiplications, too.
#
# </details>

# %% [markdown]
# ## Pooling
#
# A [max pool](../docs/glossary.md#max-pool) keeps the largest number in each window, channel by
# channel. It has no weights at all. Its loop is the loop of the convolution with a different last
# line.


# %%
def max_pool(x, size=2, stride=2):
    rows, columns = ((length - size) // stride + 1 for length in x.shape)
    output = np.zeros((rows, columns))
    for row, column in np.ndindex(output.shape):
        top, left = row * stride, column * stride
        output[row, column] = x[top : top + size, left : left + size].max()
    return output


print(x, "\n")
print(max_pool(x))

# %% [markdown]
# Here it is in motion, as in the article: 2 x 2 windows that move by 2, so they don't overlap.

# %% tags=["nbval-ignore-output"]
pkv.animate_max_pool(x)

# %% [markdown]
# And here are the two kinds of padding, running in step, with windows of 3 x 3 that move by 1. A pool
# isn't padded with zeros: TensorFlow ignores the hatched cells. What would go wrong with zeros if all
# the numbers were below 0?

# %% tags=["nbval-ignore-output"]
pkv.animate_max_pool_paddings(x[:4, :4])

# %% [markdown]
# **Exercise 3.** A pool for every size. Our `max_pool` drops the last row if the number of rows is odd.
# Write one with 2 x 2 windows and a stride of 2 that pads the way `SAME` does, so that five rows become
# three. Make sure it is also right for numbers below 0. (`np.pad` has an argument named
# `constant_values`.)


# %% tags=["exercise"]
def max_pool_same(x):
    return x


pk.check.chapter04.exercise_3(max_pool_same)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def max_pool_same(x):
#     rows, columns = x.shape
#     x = np.pad(x, ((0, rows % 2), (0, columns % 2)), constant_values=-np.inf)
#     output = np.zeros((x.shape[0] // 2, x.shape[1] // 2))
#     for row, column in np.ndindex(output.shape):
#         output[row, column] = x[2 * row : 2 * row + 2, 2 * column : 2 * column + 2].max()
#     return output
#
#
# pk.check.chapter04.exercise_3(max_pool_same)
# ```
#
# </details>

# %% [markdown]
# ## What pools are for
#
# Pools make the maps smaller, and they make it matter less if an animal stands a little to one
# side. The first effect is easy to see: here is a picture pooled once, twice, and three times by
# our own layer. At what size can you no longer tell what it shows?

# %% tags=["nbval-ignore-output"]
smaller = [image[None].astype("float32")]
for _ in range(3):
    smaller.append(pk.layers.MaxPool2D()(smaller[-1]))
titles = [f"{each.shape[1]} x {each.shape[2]}" for each in smaller]
pkv.plot_pictures([each[0] for each in smaller], titles, columns=4)

# %% [markdown]
# The second effect can be measured. We take the map of the kernel `outline`, pool it with larger and
# larger windows, and shift the result by one pixel. How much do the numbers change, as a share of their
# sum? The windows move by 1 here, so their size is the only difference.


# %% tags=["nbval-ignore-output"]
def change(maps, size):
    pooled = tf.nn.max_pool2d(maps[None, :, :, None], size, 1, "VALID")[0, :, :, 0].numpy()
    return np.abs(pooled[:, 1:] - pooled[:, :-1]).sum() / pooled.sum()


outlines = np.maximum(pkv.apply_kernel(image, pkv.article_kernels()["outline"]), 0)
for size in (1, 2, 4, 8):
    print(f"window {size} x {size}: {change(outlines, size):.0%} of it changes")

# %% [markdown]
# **Question.** A pool forgets *where* in its window the largest number was. For what kind of task would
# that be bad?
#
# <details><summary>An answer</summary>
#
# For any task that asks *where* something is: outlining a pet, or drawing a box around its head.
#
# </details>

# %% [markdown]
# **Change this and look.** In the section "One window", make all nine numbers of the kernel the same:
# `kernel = np.full((3, 3), 1 / 9)`. Run that cell and the next one again. What is each number of the
# output, and why do they differ less than those of `x`? Then look at what such a kernel does to a
# picture. In the explorer, open the tab **Change**, press the largest of the empty kernels, and drag over all the cells of the
# kernel to paint them.
#
# ## In three lines
#
# - A kernel slides over its input; in each place, the products add up to one number.
# - Strides make the map smaller, padding keeps its size, and each filter sums over all channels.
# - A max pool keeps the largest number in each window, and has nothing to learn.

# %% [markdown]
# ## What to read next
#
# - V. Dumoulin, F. Visin, *A guide to convolution arithmetic for deep learning* (2016), chapters 2
#   and 3: every case of stride and padding, each with a drawing and a formula.
# - I. Goodfellow, Y. Bengio, A. Courville, *Deep Learning* (2016), sections 9.1 to 9.3:
#   cross-correlation, and why pooling makes a network care less about where things are.
# - F. Yu, V. Koltun, *Multi-Scale Context Aggregation by Dilated Convolutions* (2016), section 2:
#   what kernels with holes are good for.
#
# Next: [05 · The network](05_the_network.ipynb). On the short path: [08 · Training](08_training.ipynb).
