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
# # 02 · Choosing a model
#
# Here you take three networks apart before any of them has learned a thing. Two are the winner and the
# runner-up of a contest in 2014, and the third is the small one that this course trains.
#
# **After this chapter you can**
#
# - say where a network's weights are, and where its work is done;
# - count the weights of a layer by hand;
# - say how much of a picture one unit can see.
#
# *A quarter of a minute on two cores · the article's section "Choosing a model"*
#
# This is the network of this course (the article's figure 1). It is drawn to scale, with what it makes
# of a picture before it has learned anything. Follow the picture from left to right. What shrinks, and
# what grows in number?

# %% tags=["nbval-ignore-output"]
import petkeras as pk
from petkeras import visualize as pkv

data = pk.course.load()
image = data.train.images[0]
model = pk.pet_net(image_size=len(image), recipe=pk.MODERN, seed=0)
x = pk.preprocess(image[None], data.mean, pk.MODERN)
pkv.plot_architecture(model, x, image)

# %% [markdown]
# Each stack holds the [feature maps](../docs/glossary.md#feature-map) of one layer. Four layers are
# [convolutions](../docs/glossary.md#convolution), two are [pools](../docs/glossary.md#max-pool), which
# make the maps half as wide and half as high, and the two bars at the end are dense layers. All of them
# are the subject of this chapter:

# %%
pk.course.where("conv1_1", "conv1_2", "pool1", "conv2_1", "conv2_2", "pool2", "fc1", "softmax")

# %% [markdown]
# **Question.** You can recognize the picture in the first maps, but hardly in the last. Has the
# network lost it?
#
# <details><summary>An answer</summary>
#
# Not much of it, but it is written down in a different way. At 64 pixels a picture is 12,288
# numbers, and the 64 maps of `pool2` are 16,384, so there is plenty of room. A pool forgets where
# in its window the largest number was, and a ReLU forgets everything below 0. What is left says how
# much of something there is in a place, not how bright it is there.
#
# </details>

# %% [markdown]
# ## What a weight is
#
# A convolution has small tables of numbers, its [kernels](../docs/glossary.md#kernel). It lays a kernel
# over each place of the picture, multiplies the numbers that lie on top of each other, and adds up the
# products. That gives one pixel of a map. Chapter 04 does it step by step. The numbers in the kernels
# are the *weights*: they are what the network learns. Here are four of the 3 x 3 kernels that `conv1_1`
# starts with. How many numbers do you see in one of them?

# %% tags=["nbval-ignore-output"]
pkv.plot_kernels(pkv.layer_kernels(model, "conv1_1", filters=range(4)))

# %% [markdown]
# A color picture has three channels, red, green and blue, so a kernel of `conv1_1` has 3 x 3 x 3 = 27
# numbers. (Drawn above is their mean over the colors.) A *dense* layer consists of *units*. Each unit
# takes in all the numbers that come from the layer before it, and has a weight for each of them.

# %% [markdown]
# ## What each layer costs
#
# The article works with pictures of 224 pixels, and so do the other two networks. Here is our network at
# that size, layer by layer. The *multiply-adds* are the work for one picture; in the plot, 1 MMAC is a
# million of them, and 1 GMAC a billion. To fit on a small machine, the network has 16-bit numbers here,
# and so its outputs take two bytes each. (The table below counts four bytes for a weight.) Which layer
# has most of the weights? And which ones do most of the work?

# %% tags=["nbval-ignore-output"]
large = pk.pet_net(dtype="float16", seed=0)
pkv.plot_costs(large)

# %% [markdown]
# The same as a table:

# %%
pkv.cost_table(large)

# %% [markdown]
# ## More than 100 million
#
# The article says that its network has more than 100 million weights. It has 102,827,554, and it doesn't
# take long to add them up. A convolution has (height x width x channels + 1) x filters weights, where
# the 1 is for the bias; the size of the picture doesn't matter. A dense layer has (inputs + 1) x units.

# %%
channels = [(3, 32), (32, 32), (32, 64), (64, 64)]
convolutions = sum((3 * 3 * before + 1) * after for before, after in channels)
fc1 = (56 * 56 * 64 + 1) * 512
last = (512 + 1) * 2
print(f"four convolutions {convolutions:>11,}")
print(f"fc1               {fc1:>11,}")
print(f"softmax           {last:>11,}")
print(f"together          {convolutions + fc1 + last:>11,}")
print(f"in fc1            {fc1 / (convolutions + fc1 + last):>11.2%}")

# %% [markdown]
# **Question.** That is 300,000 weights for each of about 340 training pictures. What could such a
# network do instead of learning?
#
# <details><summary>An answer</summary>
#
# It could memorize the pictures, each one separately, without noticing anything they have in
# common. In chapter 10 it does just that.
#
# </details>

# %% [markdown]
# **Exercise 1.** Ten million. What is the largest picture size for which our network has fewer than ten
# million weights?

# %% tags=["exercise"]
image_size = 224
pk.check.chapter02.exercise_1(image_size)

# %% [markdown]
# <details><summary>Solution</summary>
#
# `fc1` sees maps that are a quarter as wide as the picture. That makes $(64 s^2 + 1) \cdot 512$
# weights for maps of width $s$, and 17 is the largest $s$ that fits.
#
# ```python
# image_size = 4 * 17
# pk.check.chapter02.exercise_1(image_size)
# ```
#
# </details>

# %% [markdown]
# **Exercise 2.** GoogLeNet, which comes below, has no large dense layer. At 224 pixels `pool2` hands 64
# maps of 56 x 56 to our `fc1`, which has 512 units. If `fc1` were given only the mean of each map, how
# many weights would it have?

# %% tags=["exercise"]
weights = 56 * 56 * 64 * 512 + 512
pk.check.chapter02.exercise_2(weights)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# weights = 64 * 512 + 512
# pk.check.chapter02.exercise_2(weights)
# ```
#
# </details>

# %% [markdown]
# ## VGG16: the same, but deeper
#
# Our network is built like the beginning of VGG16, with half the filters. VGG16 came in second in
# the 2014 ImageNet contest for classifying pictures. It is nothing but thirteen 3 x 3 convolutions
# and five 2 x 2 pools, and then three dense layers. Without the dense layers it is small enough to
# build here.

# %% tags=["nbval-ignore-output"]
import keras

vgg16 = keras.applications.VGG16(weights=None, include_top=False, input_shape=(224, 224, 3))
pkv.plot_costs(vgg16)

# %% [markdown]
# Look at the work. The pools make the maps smaller while the number of filters goes up, so most
# layers have about the same amount to do. For the three dense layers on top, with 4096, 4096 and
# 1000 units, a little arithmetic is enough.

# %%
top, inputs = 0, 7 * 7 * 512
for units in (4096, 4096, 1000):
    top += (inputs + 1) * units
    inputs = units
below = vgg16.count_params()
print(f"13 convolutions {below:>11,}")
print(f"3 dense layers  {top:>11,}")
print(f"together        {below + top:>11,}")
print(f"in the dense    {top / (below + top):>11.0%}")

# %% [markdown]
# VGG16 has only a third more weights than our four convolutions and their `fc1`. When it comes to
# work, the two are far apart:

# %%
ours = sum(row.multiply_adds for row in pkv.costs(large))
theirs = sum(row.multiply_adds for row in pkv.costs(vgg16)) + 7 * 7 * 512 * 4096 + 4096 * 5096
print(f"multiply-adds for one picture: {ours / 1e9:.1f} and {theirs / 1e9:.1f} billion")
del large  # 200 MB

# %% [markdown]
# **Question.** A phone has to store the weights and do the work. Where would you cut our network so
# that it stores less, and where so that it works less?
#
# <details><summary>An answer</summary>
#
# To store less, cut `fc1`: it has 99.9% of the weights (exercise 2 makes it small). But it does
# only 8% of the work. To work less, cut `conv1_2` and `conv2_2`, which do more than a third of the
# work each: use fewer filters or larger strides.
#
# </details>

# %% [markdown]
# ## Why 3 x 3?
#
# Two 3 x 3 convolutions in a row see as much of the picture as one of 5 x 5, and three see as much as
# one of 7 x 7. Here is what they cost, with 64 channels in and out:

# %%
for small, wide in ((2, 5), (3, 7)):
    many = small * 3 * 3 * 64 * 64
    one = wide * wide * 64 * 64
    print(f"{small} of 3 x 3: {many:,} weights.  1 of {wide} x {wide}: {one:,}.  {many / one:.0%}")

# %% [markdown]
# And there is room for one more ReLU between them. That was VGG's argument, and nearly every
# network since then has followed it.

# %% [markdown]
# ## GoogLeNet: several windows side by side
#
# The winner in 2014, GoogLeNet, asked a different question: what window size is the right one? Its
# answer is the [inception module](../docs/glossary.md#inception-module): 1 x 1, 3 x 3, 5 x 5, and a
# pool, side by side, with their maps stacked. Here is its first one, for maps of 28 x 28 with 192
# channels. The 1 x 1 convolutions named `squeeze` turn many channels into a few first. What is that good
# for?


# %%
def convolution(x, filters, window, name):
    return pk.layers.Conv2D(filters, window, activation="relu", name=name)(x)


maps = keras.Input((28, 28, 192))
one = convolution(maps, 64, 1, "one")
three = convolution(convolution(maps, 96, 1, "squeeze3"), 128, 3, "three")
five = convolution(convolution(maps, 16, 1, "squeeze5"), 32, 5, "five")
pooled = convolution(pk.layers.MaxPool2D(3, 1, name="pool")(maps), 32, 1, "pooled")
stacked = keras.layers.Concatenate(name="stack")([one, three, five, pooled])
inception = keras.Model(maps, stacked, name="inception")
pkv.cost_table(inception)

# %% [markdown]
# Leave out the squeezing, and the same 256 maps cost more than twice as much:

# %%
squeezed = inception.count_params()
branches = [(1, 64), (3, 128), (5, 32), (1, 32)]  # windows and filters
direct = sum((192 * window * window + 1) * filters for window, filters in branches)
print(f"squeezed {squeezed:,}, not squeezed {direct:,}: {direct / squeezed:.1f} times as many")

# %% [markdown]
# Stack nine of these modules, and end with the mean of each map instead of a large dense layer:
# that is GoogLeNet. It has about 7 million weights, a twentieth of VGG16, and it was right more
# often.
#
# **Question.** Which of the three networks is best for 340 pictures? And which one is best if it
# can learn from a million others first? (Chapter 12 tries that.)
#
# <details><summary>An answer</summary>
#
# Nobody can tell from the counts alone; you have to try it. A network of 100 million weights can
# learn to be right from 340 pictures (chapter 10), but it can also just memorize them. With a
# million others first, the deep ones are best: chapter 12 has a figure.
#
# </details>

# %% [markdown]
# ## How far a unit sees
#
# Each number in a map is a unit, too. The [receptive field](../docs/glossary.md#receptive-field) of a
# unit is the part of the picture that it can see at all. Each 3 x 3 convolution adds a rim to it, and
# after a pool that rim is twice as wide in pixels.

# %%
for field in pkv.receptive_fields(model):
    if "drop" not in field.name:
        print(f"{field.name:8} sees {field.height:2} x {field.width:2} pixels")
field = pkv.receptive_fields(vgg16)[-1]
print(f"VGG16's last pool: {field.height} x {field.width}")

# %% [markdown]
# Take one unit in the middle of each layer. The upper row shows the part of the picture that it
# sees; the lower row enlarges that part and shows how strongly each of its pixels affects the unit.
# Do they all count the same?

# %% tags=["nbval-ignore-output"]
pkv.plot_receptive_field(model, x, image)

# %% [markdown]
# So by the end of our network's convolutions and pools, no unit has seen more than 16 x 16 pixels. In a
# picture of 224 pixels, that is an ear at most. Putting an ear and a tail together is left entirely to
# `fc1`, and that is where its 100 million weights come from. In VGG16, a unit of the last pool has seen
# nearly the whole picture.
#
# **Question.** By default, the pictures in this course are smaller than the article's. What fits into a
# field of 16 x 16 in a picture of 64 pixels, and what fits into it in one of 224?
#
# <details><summary>An answer</summary>
#
# In a picture of 64 pixels it is a quarter as wide as the picture, so it can hold a whole head. In one
# of 224 pixels it is a fourteenth as wide, and all it holds of the same head is an eye or the tip of an
# ear.
#
# </details>

# %% [markdown]
# **Exercise 3.** As far as it sees. Write a function that takes the layers as pairs (window, stride),
# starting at the picture. It returns how many pixels a unit of the last layer sees along one side. Hint:
# keep track of two numbers, how far a unit sees and how many pixels apart two neighboring units are.


# %% tags=["exercise"]
def sees(layers):
    pixels = 1
    for window, _stride in layers:
        pixels += window - 1
    return pixels


pk.check.chapter02.exercise_3(sees)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def sees(layers):
#     pixels, apart = 1, 1
#     for window, stride in layers:
#         pixels += (window - 1) * apart
#         apart *= stride
#     return pixels
#
#
# pk.check.chapter02.exercise_3(sees)
# ```
#
# </details>

# %% [markdown]
# **Change this and look.** In the first cell, load pictures of 32 pixels: `data = pk.course.load(32)`.
# What changes in the drawing, and what stays as it was? Then halve the size in the cell with
# `pkv.plot_costs(large)`, too: `pk.pet_net(image_size=112, dtype="float16", seed=0)`. What does half the
# width do to the weights of `fc1`?
#
# ## In three lines
#
# - A convolution's weights don't depend on the size of the picture; a dense layer's do.
# - Nearly all weights of our network are in `fc1`; nearly all work is in the convolutions.
# - A unit of the last convolution sees a small window: putting parts together is left to `fc1`.

# %% [markdown]
# ## What to read next
#
# - K. Simonyan, A. Zisserman, *Very Deep Convolutional Networks for Large-Scale Image Recognition*
#   (2015), section 2: VGG16, and why 3 x 3.
# - C. Szegedy et al., *Going Deeper with Convolutions*, CVPR 2015, sections 4 and 5: the inception
#   module, and GoogLeNet layer by layer.
# - A. Araujo, W. Norris, J. Sim, *Computing Receptive Fields of Convolutional Neural Networks*,
#   Distill (2019).
#
# Next: [03 · Building the data set](03_building_the_data_set.ipynb).
