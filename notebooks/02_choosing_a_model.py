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
# You will take three networks apart before any of them has learned a thing: the winner and the
# runner-up of a contest of 2014, and the small one that this course trains. You will see where
# their weights are, where their work is done, and how far their units see. It takes ten seconds,
# and follows the article's section "Choosing a model".
#
# [Open in Colab](https://colab.research.google.com/github/petkeras/petkeras/blob/main/notebooks/02_choosing_a_model.ipynb)

# %% tags=["nbval-ignore-output"]
# On Colab, install petkeras first: %pip install -q petkeras
import petkeras as pk
from petkeras import visualize as pkv

data = pk.course.load()
image = data.train.images[0]

# %% [markdown]
# ## Our network, on one page
#
# Four [convolutions](../docs/glossary.md#convolution), two [pools](../docs/glossary.md#max-pool),
# two dense layers: the article's figure 1, drawn from what an untrained network makes of a
# picture. Each stack is a layer's [feature maps](../docs/glossary.md#feature-map), as large as
# they are. Follow the picture from left to right: what becomes smaller, what becomes more?

# %% tags=["nbval-ignore-output"]
model = pk.pet_net(image_size=len(image), recipe=pk.MODERN, seed=0)
x = pk.data.pipeline.preprocess(image[None], data.mean, pk.MODERN)
pkv.plot_architecture(model, x, image)

# %% [markdown]
# **Question.** The picture can be recognized in the first maps, and hardly in the last. Has the
# network lost it?
#
# <details><summary>An answer</summary>
#
# Not much of it, but it is written down in another way. At 64 pixels a picture is 12,288 numbers,
# and the 64 maps of `pool2` are 16,384: there is room enough. A pool forgets where in its window
# the largest number was, and a ReLU what was below 0. What is left says how much of one thing there
# is at a place, and not how bright it is there.
#
# </details>

# %% [markdown]
# ## What each layer costs
#
# The article works with pictures of 224 pixels, as the other two networks do. Here is our network
# for that size, layer by layer. *Weights* are the numbers that it learns, *multiply-adds* the work
# for one picture. It is built in 16-bit numbers here, so that it fits into a small machine: *weight
# bytes* are those of 32-bit numbers, *output bytes* of 16-bit ones.

# %%
large = pk.pet_net(dtype="float16", seed=0)
pkv.cost_table(large)

# %% [markdown]
# The same as a picture. Which layer has the weights? And which does the work?

# %% tags=["nbval-ignore-output"]
pkv.plot_costs(large)

# %% [markdown]
# ## More than 100 million
#
# The article says of its network that it has more than 100 million weights. It has 102,827,554,
# and the sum is short. A convolution has (height x width x channels + 1) x filters of them, the 1
# for the bias; how large the picture is does not matter. A dense layer has (inputs + 1) x units.

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
# **Question.** That is 300,000 weights for each of some 340 pictures. What could such a network do
# that is not learning?
#
# <details><summary>An answer</summary>
#
# Learn the pictures by heart, each for itself, without anything that they have in common. It does,
# in chapter 10.
#
# </details>

# %% [markdown]
# ## VGG16: the same, but deeper
#
# Our network is built like the beginning of VGG16, with half the filters. VGG16 came second in the
# ImageNet contest of 2014 for naming pictures: nothing but 3 x 3 convolutions and 2 x 2 pools,
# thirteen and five of them, and three dense layers. Without those it is small enough to be built
# here.

# %% tags=["nbval-ignore-output"]
import keras

vgg16 = keras.applications.VGG16(weights=None, include_top=False, input_shape=(224, 224, 3))
pkv.plot_costs(vgg16)

# %% [markdown]
# Look at the work: pools make the maps smaller as the filters become more, so that most layers
# have as much to do as the others. The three dense layers on top are left to arithmetic: 4096,
# 4096 and 1000 units.

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
# VGG16 has only a third more weights than our four convolutions and their `fc1`. In work they are
# far apart:

# %%
ours = sum(row.multiply_adds for row in pkv.costs(large))
theirs = sum(row.multiply_adds for row in pkv.costs(vgg16)) + 7 * 7 * 512 * 4096 + 4096 * 5096
print(f"multiply-adds for one picture: {ours / 1e9:.1f} and {theirs / 1e9:.1f} thousand million")
del large  # 200 MB

# %% [markdown]
# **Question.** A phone must store the weights and do the work. Where would you cut our network so
# that it stores less, and where so that it works less?
#
# <details><summary>An answer</summary>
#
# To store less, `fc1`: it has 99.9% of the weights (exercise 2 makes it small). But it does only 8%
# of the work. To work less, `conv1_2` and `conv2_2`, which do more than a third each: fewer
# filters, or larger strides.
#
# </details>

# %% [markdown]
# ## Why 3 x 3?
#
# Two 3 x 3 convolutions, one after the other, see as far as one of 5 x 5, and three as far as one
# of 7 x 7. With 64 channels in and out, that is what they cost:

# %%
for small, wide in ((2, 5), (3, 7)):
    many = small * 3 * 3 * 64 * 64
    one = wide * wide * 64 * 64
    print(f"{small} of 3 x 3: {many:,} weights.  1 of {wide} x {wide}: {one:,}.  {many / one:.0%}")

# %% [markdown]
# And between them there is room for one more ReLU. This was VGG's argument; nearly all networks
# since have followed it.

# %% [markdown]
# ## GoogLeNet: several windows side by side
#
# The winner of 2014, GoogLeNet, asked another question: which size of window is right? Its answer
# is the [inception module](../docs/glossary.md#inception-module): 1 x 1, 3 x 3, 5 x 5 and a pool,
# side by side, their maps stacked. Here is its first, for maps of 28 x 28 with 192 channels. The 1
# x 1 convolutions named `squeeze` first make few channels of many. What for?


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
# Leave the squeezing out, and the same 256 maps cost more than twice as much:

# %%
squeezed = inception.count_params()
branches = [(1, 64), (3, 128), (5, 32), (1, 32)]  # windows and filters
direct = sum((192 * window * window + 1) * filters for window, filters in branches)
print(f"squeezed {squeezed:,}, not squeezed {direct:,}: {direct / squeezed:.1f} times as many")

# %% [markdown]
# Nine such modules, and at the end the mean of each map instead of a large dense layer: GoogLeNet
# has about 7 million weights, a twentieth of VGG16, and was right more often.
#
# **Question.** Which of the three networks is the best one for 340 pictures? And which one, if it
# may learn from a million others first? (Chapter 12 tries that.)
#
# <details><summary>An answer</summary>
#
# Nobody can tell from the counts alone; it has to be tried. From 340 pictures, a network of 100
# million weights can be right (chapter 10), but it can also learn them by heart. With a million
# others first, the deep ones: chapter 12 has a figure.
#
# </details>

# %% [markdown]
# ## How far a unit sees
#
# The [receptive field](../docs/glossary.md#receptive-field) of a unit is the part of the picture
# that it can see at all. Each 3 x 3 convolution adds a rim to it; after a pool the rim is twice as
# wide in pixels.

# %%
for field in pkv.receptive_fields(model):
    if "drop" not in field.name:
        print(f"{field.name:8} sees {field.height:2} x {field.width:2} pixels")
field = pkv.receptive_fields(vgg16)[-1]
print(f"VGG16's last pool: {field.height} x {field.width}")

# %% [markdown]
# For one unit in the middle of each layer: in the upper row the part of the picture that it sees,
# in the lower row, enlarged, how strongly each of these pixels moves it. Do all count the same?

# %% tags=["nbval-ignore-output"]
pkv.plot_receptive_field(model, x, image)

# %% [markdown]
# So when our network's convolutions end, no unit has seen more than 16 x 16 pixels: of a picture
# of 224, an ear at most. All that puts an ear and a tail together is `fc1`, and that is where its
# 100 million weights come from. In VGG16 a unit of the last pool has seen nearly the whole
# picture.
#
# **Question.** In this course pictures are smaller than the article's by default. What does a
# field of 16 x 16 hold in a picture of 64 pixels, and what in one of 224?
#
# <details><summary>An answer</summary>
#
# In one of 64 it is a quarter as wide as the picture, and may hold a whole head. In one of 224 it
# is a fourteenth, and of the same head it holds an eye or the tip of an ear.
#
# </details>

# %% [markdown]
# ## Exercises
#
# **1.** Ten million. How large may the picture be at most, so that our network has fewer than ten
# million weights?

# %% tags=["exercise"]
image_size = 224
pk.check.chapter02.exercise_1(image_size)

# %% [markdown]
# <details><summary>Solution</summary>
#
# `fc1` sees maps a quarter as wide: $(64 s^2 + 1) \cdot 512$ weights for a width of $s$, and 17 is
# the largest that fits.
#
# ```python
# image_size = 4 * 17
# pk.check.chapter02.exercise_1(image_size)
# ```
#
# </details>

# %% [markdown]
# **2.** GoogLeNet's end. At 224 pixels `pool2` hands 64 maps of 56 x 56 to `fc1`, which has 512
# units. Had it been handed only the mean of each map, how many weights would `fc1` have?

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
# **3.** As far as it sees. Write a function that is handed the layers as pairs (window, stride),
# from the picture on, and returns how many pixels a unit of the last one sees along one side.
# Hint: keep two numbers, how far a unit sees, and how many pixels lie between two units side by
# side.


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
# ## What to read next
#
# - K. Simonyan, A. Zisserman, *Very Deep Convolutional Networks for Large-Scale Image Recognition*
#   (2015), section 2: VGG16, and why 3 x 3.
# - C. Szegedy et al., *Going Deeper with Convolutions*, CVPR 2015, sections 4 and 5: the inception
#   module, and GoogLeNet layer by layer.
# - A. Araujo, W. Norris, J. Sim, *Computing Receptive Fields of Convolutional Neural Networks*,
#   Distill (2019).
