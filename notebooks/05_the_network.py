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
# # 05 · The network from scratch
#
# A layer is two arrays of weights and three operations. In this chapter you write one, look at every
# weight and every shape in the network, and meet a weight that looks like any other but never learns.
#
# **After this chapter you can**
#
# - write a Keras layer that creates its own weights;
# - say the shape of everything between a picture and its answer;
# - spot a weight that Keras doesn't know about.
#
# *Half a minute on two cores · the article's section "Building the network"*
#
# Before we build anything, look at what eight filters make of a picture in a network that has learned
# nothing. Their kernels are random numbers, and yet these maps aren't noise. What can the eight already
# tell apart?

# %% tags=["nbval-ignore-output"]
import petkeras as pk
from petkeras import visualize as pkv

data = pk.course.load()
size = data.mean.shape[0]
x = pk.preprocess(data.train.images[:10], data.mean, pk.MODERN)
model = pk.pet_net(image_size=size, recipe=pk.MODERN, seed=0)
maps = pkv.feature_maps(model, x[:1], ["conv1_1"])["conv1_1"][0]
pkv.plot_feature_maps(maps, "What eight untrained filters make of a picture", filters=range(8))

# %%
pk.course.where("conv1_1", "conv1_2", "pool1", "conv2_1", "conv2_2", "pool2", "fc1", "softmax")

# %% [markdown]
# ## An operation and its weights
#
# In 2017, a layer was written as two variables and three operations, and you can still write it that way
# today. We need four kernels for color pictures and four biases, and then a convolution, an addition,
# and a [ReLU](../docs/glossary.md#relu). Ten pictures go in. What comes out?

# %%
import tensorflow as tf

kernel = tf.Variable(tf.random.stateless_truncated_normal((3, 3, 3, 4), seed=(0, 5), stddev=0.1))
bias = tf.Variable(tf.zeros(4))

maps = tf.nn.conv2d(x, kernel, strides=1, padding="SAME")
maps = tf.nn.bias_add(maps, bias)
maps = tf.nn.relu(maps)
print(x.shape, "->", maps.shape)

# %% [markdown]
# **Question.** The kernel has four axes. What is each one for, and which of them has to match the
# picture?
#
# <details><summary>An answer</summary>
#
# They are the height and the width of the window, the channels that come in, and the filters, which
# are the channels that go out. The third one has to match the number of colors in the picture.
#
# </details>

# %% [markdown]
# ## A layer: first its weights
#
# A [layer](../docs/glossary.md#layer) keeps the weights and the operations together. Keras calls
# `build` once, when the first input arrives, because only then is the number of channels known.
# `add_weight` creates a weight and adds it to the layer's list.

# %%
import keras


class Weights(keras.layers.Layer):
    def build(self, input_shape):
        shape = (3, 3, input_shape[-1], 4)
        self.kernel = self.add_weight(shape=shape, initializer="he_normal", name="kernel")
        self.bias = self.add_weight(shape=(4,), initializer="zeros", name="bias")


# %% [markdown]
# No picture has gone through the layer yet; it only needs to know the shape of one. Look at the
# list that Keras keeps.

# %%
layer = Weights()
print("before:", layer.weights)
layer.build((None, size, size, 3))
for weight in layer.trainable_weights:
    print(weight.name, weight.shape)
print("numbers to learn:", layer.count_params())

# %% [markdown]
# **Exercise 1.** Count. Change the number of filters so that the layer has 756 numbers to learn.

# %% tags=["exercise"]
layer = pk.layers.Conv2D(filters=1, kernel_size=3)
layer.build((None, 64, 64, 3))
pk.check.chapter05.exercise_1(layer)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# layer = pk.layers.Conv2D(filters=27, kernel_size=3)
# layer.build((None, 64, 64, 3))
# pk.check.chapter05.exercise_1(layer)
# ```
#
# </details>

# %% [markdown]
# ## Then its operations
#
# `call` is what happens to each batch: the three operations from above.


# %%
class Convolution(Weights):
    def call(self, x):
        x = tf.nn.conv2d(x, self.kernel, strides=1, padding="SAME")  # (B, H, W, 4)
        x = tf.nn.bias_add(x, self.bias)
        return tf.nn.relu(x)


ours = Convolution()
print(ours(tf.zeros((10, 32, 32, 3))).shape)

# %% [markdown]
# The package's layer does the same. If we give the same weights to both, we get the same maps. Here is
# the largest difference between them.

# %%
theirs = pk.layers.Conv2D(filters=4, kernel_size=3, activation="relu")
theirs.build(x.shape)
theirs.set_weights(ours.get_weights())
print(float(tf.reduce_max(tf.abs(ours(x) - theirs(x)))))

# %% [markdown]
# And here is how the package writes it. The first two lines of `build` check that the input fits;
# regularizers, constraints and dilation are options that do nothing unless you ask for them; the rest
# you know. (While it trains, `pk.train` computes two of the gradients in a faster way, with the same
# values up to rounding: see `petkeras/hardware/fast_gradients.py`.)

# %%
import inspect

print(inspect.getsource(pk.layers.Conv2D.build))
print(inspect.getsource(pk.layers.Conv2D.call))

# %% [markdown]
# **Exercise 3.** A layer of your own. Before its dense layers, our network lays out all the numbers of
# all maps in one long row, with `Flatten`. Newer networks turn every map into a single number instead,
# its mean: `(batch, height, width, channels)` becomes `(batch, channels)`. Write that layer.


# %% tags=["exercise"]
class MeanOfMaps(keras.layers.Layer):
    def call(self, x):
        return x


pk.check.chapter05.exercise_3(MeanOfMaps)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# class MeanOfMaps(keras.layers.Layer):
#     def call(self, x):
#         return tf.reduce_mean(x, axis=(1, 2))
#
#
# pk.check.chapter05.exercise_3(MeanOfMaps)
# ```
#
# </details>

# %% [markdown]
# ## The weight that never learns
#
# In 2017, a weight was a `tf.Variable`, as in the first section of this chapter. What happens if a layer
# keeps one of those? It works, it computes the same thing, and nothing complains.


# %%
class Forgotten(Convolution):
    def build(self, input_shape):
        shape = (3, 3, input_shape[-1], 4)
        self.kernel = tf.Variable(tf.random.stateless_normal(shape, seed=(0, 5)))
        self.bias = tf.Variable(tf.zeros(4))


forgotten = Forgotten()
print(forgotten(tf.zeros((10, 32, 32, 3))).shape)

# %% [markdown]
# But Keras doesn't know that these are weights. A model trains and saves only what is in its list, and
# the list of this layer is empty:

# %%
print("trainable weights:", forgotten.trainable_weights)
print("all weights:      ", forgotten.weights)
print("numbers to learn: ", forgotten.count_params())

# %% [markdown]
# Put each of the two layers into a small network, train both networks for five steps, and see how far
# each kernel has moved. In both networks the dense layer at the end learns, so in both the loss goes
# down. You could go on for days without suspecting a thing.


# %%
def movement(first):
    """Train a network that begins with this layer; return how far its kernel moved at most."""
    layers = [first, pk.layers.Flatten(), pk.layers.Dense(2)]
    network = keras.Sequential([keras.Input((size, size, 3)), *layers])
    before = first.kernel.numpy()
    adam = pk.optimizers.Adam(0.001)
    for _ in range(5):
        pk.train_step(network, adam, x, data.train.labels[:10])
    return abs(first.kernel.numpy() - before).max()


# %%
print(f"made by add_weight: {movement(Convolution()):.3f}")
print(f"a bare tf.Variable: {movement(Forgotten()):.3f}")

# %% [markdown]
# The same goes for numbers that a layer keeps anywhere else: in an array, in a tensor, in a list of
# `tf.Variable`. Only what `add_weight` created, or a `keras.Variable`, is in the list. When the article
# was written it was the other way around: TensorFlow kept a list of every variable ever created, and
# trained them all.


# %%
class Homes(keras.layers.Layer):
    def build(self, input_shape):
        self.tensor = tf.zeros(3)
        self.several = [tf.Variable(0.0), tf.Variable(1.0)]
        self.known = keras.Variable([0.0, 1.0])


homes = Homes()
homes.build((None, 3))
print([tuple(weight.shape) for weight in homes.trainable_weights])

# %% [markdown]
# **Question.** How could you have found this out if all you had was the model's summary?
#
# <details><summary>An answer</summary>
#
# By counting. `model.summary()` shows 0 parameters for the layer, and it should have 112: 3 · 3 · 3
# · 4 weights and four biases.
#
# </details>

# %% [markdown]
# **Exercise 2.** Repair. This layer multiplies each channel by a factor of its own, but it will never
# learn those factors.


# %% tags=["exercise"]
class Scale(keras.layers.Layer):
    def build(self, input_shape):
        self.factor = tf.Variable(tf.ones(input_shape[-1]))

    def call(self, x):
        return x * self.factor


pk.check.chapter05.exercise_2(Scale)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# class Scale(keras.layers.Layer):
#     def build(self, input_shape):
#         self.factor = self.add_weight(shape=(input_shape[-1],), initializer="ones")
#
#     def call(self, x):
#         return x * self.factor
#
#
# pk.check.chapter05.exercise_2(Scale)
# ```
#
# </details>

# %% [markdown]
# ## The whole network
#
# Here it is, the way the package builds it: each line takes the output of the line before. The
# shapes at the ends of the lines are the article's, for 224 pixels.

# %%
source = inspect.getsource(pk.pet_net)
print(source[source.index("    # The shapes are") :])

# %% [markdown]
# You can work out every shape along the way without creating a single weight: tell a layer what goes in,
# and it can tell you what comes out. We start with ten pictures of 224 pixels and end with ten times two
# [logits](../docs/glossary.md#logits), one for each breed. Which layers make the maps smaller?

# %%
shape = (10, 224, 224, 3)
for layer in model.layers[1:]:
    bare = layer.from_config(layer.get_config())  # the same layer, without weights
    shape = bare.compute_output_shape(shape)
    print(f"{layer.name:8} {type(layer).__name__:10}", *shape)

# %% [markdown]
# And here is every weight, for pictures of the size we use in this course. Which layer has the most?
# (Chapter 02 counted them for 224 pixels.)

# %% tags=["nbval-ignore-output"]
for weight in model.trainable_weights:
    print(f"{weight.path:16} {tuple(weight.shape)!s:16} {weight.value.numpy().size:>10,}")

# %% [markdown]
# ## What it sees before it has learned
#
# Back to the first picture of this chapter. These are the eight kernels that made it, averaged over the
# colors. All of them are random numbers.

# %% tags=["nbval-ignore-output"]
pkv.plot_kernels(pkv.layer_kernels(model, "conv1_1", filters=range(8)))

# %% [markdown]
# Now touch them. In the explorer, point at a pixel of the large map. You see the window that the pixel
# saw, the kernel, and the sum of their products, which is what your `call` computes. Move on to a pixel
# in a plain part of the picture: what changes in the sum? (Until you run this cell, you see a picture of
# the explorer.)

# %%
pk.explore(model, data=data, pixel_scale=pk.MODERN.pixel_scale, layer="conv1_1", tab="look")


# %% [markdown]
# **Question.** Go on to `conv1_2`. One of its pixels is a sum of how many products? And at a corner of
# the map, how many of them are 0 because they lie outside?
#
# <details><summary>An answer</summary>
#
# 3 · 3 · 32 = 288, one for each number of the window in each of the 32 input maps. At a corner, five
# of the nine cells are padding, so 160 products are 0.
#
# </details>

# %% [markdown]
# ## Where the weights start
#
# The article draws every kernel from a normal distribution with a standard deviation of 0.1,
# whatever the layer. Our modern recipe uses $\sqrt{2 / n}$ instead, where $n$ is the number of
# inputs that are added up. This is He's [initializer](../docs/glossary.md#initializer), and it is
# designed to keep the numbers equally large from layer to layer. Does it?


# %%
def spread(recipe, names=("conv1_1", "conv1_2", "conv2_1", "conv2_2", "fc1")):
    """Return each layer's root mean square for ten pictures, as a multiple of the picture's."""
    network = pk.pet_net(image_size=size, recipe=recipe, seed=0)
    outputs = keras.Model(network.inputs, [network.get_layer(name).output for name in names])(x)
    root = [float(tf.sqrt(tf.reduce_mean(each**2) / tf.reduce_mean(x**2))) for each in outputs]
    return dict(zip(names, root, strict=True))


# %% tags=["nbval-ignore-output"]
import dataclasses

article = spread(dataclasses.replace(pk.ARTICLE, dense_bias=0.0))
modern = spread(pk.MODERN)
for name in article:
    print(f"{name}: article {article[name]:.1f}, He {modern[name]:.1f}")

# %% tags=["nbval-ignore-output"]
import matplotlib.pyplot as plt

plt.style.use(pkv.style.STYLE)  # the style of petkeras's own figures
figure, axis = plt.subplots(figsize=(8, 3))
for name, each in {"article: 0.1 everywhere": article, "modern: He": modern}.items():
    axis.plot(each.keys(), each.values(), "o-", label=name)
axis.axhline(1, color="gray", linewidth=1)
axis.set(title="size of the numbers, as a multiple of the picture's", yscale="log")
axis.legend()
plt.close(figure)
pkv.describe(figure, "Two lines: with 0.1 everywhere the numbers grow, with He they stay level.")

# %% [markdown]
# Where 27 numbers are added up, as in the first layer, 0.1 is too small, and where thousands are
# added up, as in `fc1`, it is too large.
#
# **Question.** At 224 pixels `fc1` adds up 12 times as many numbers as at 64. What happens to the
# last point of each curve? (Chapter 06 shows what large logits do to the loss.)
#
# <details><summary>An answer</summary>
#
# A sum of 12 times as many numbers, some above 0 and some below, is about $\sqrt{12} \approx 3.5$ times
# as large. So the article's last point goes up by that factor. He's kernels are smaller by the same
# factor, so its last point stays where it is.
#
# </details>

# %% [markdown]
# ## Dropout leads a double life
#
# During training, [dropout](../docs/glossary.md#dropout) sets some of the numbers to 0 and scales
# up the rest; after that it does nothing at all. Watch out for the number it takes: the article
# gave the fraction to *keep*, 0.2, and today's layers take the fraction to *drop*, 0.8.

# %%
drop = pk.layers.Dropout(rate=0.8, seed=0)
ones = tf.ones((1, 10_000))
print("training: ", sorted(set(drop(ones, training=True).numpy().ravel().round(3).tolist())))
print("otherwise:", sorted(set(drop(ones, training=False).numpy().ravel().tolist())))
print(f"mean in training: {tf.reduce_mean(drop(ones, training=True)):.1f}")

# %% [markdown]
# **Question.** What would happen to your test accuracy if you copied the 0.2 as it is? And what if
# you forgot to say `training=False`?
#
# <details><summary>An answer</summary>
#
# In the first case you drop 20% instead of 80%. That does much less against memorizing, and your network
# is closer to the one without dropout in chapter 10. In the second case you test a network with most of
# its numbers missing, and different ones in each call: its answers vary, and more of them are wrong.
#
# </details>

# %% [markdown]
# **Change this and look.** Give the network another seed, `seed=1`, in the first cell and in `spread`,
# and run all cells again. Do the eight filters still tell light from dark? And how much does the
# article's curve depend on the seed?
#
# ## In three lines
#
# - A layer creates its weights in `build`, with `add_weight`, and uses them in `call`.
# - A bare `tf.Variable` never learns, and nothing complains.
# - Good random kernels keep the numbers equally large from layer to layer.

# %% [markdown]
# ## What to read next
#
# - The Keras guide *Making new layers and models via subclassing*: everything that `build`, `call`,
#   and `add_weight` can do.
# - K. He, X. Zhang, S. Ren, J. Sun, *Delving Deep into Rectifiers* (2015), section 2.2: where
#   $\sqrt{2/n}$ comes from.
# - M. Lin, Q. Chen, S. Yan, *Network In Network* (2014), section 3.2: means of maps instead of
#   dense layers, as in the third exercise.
#
# Next: [06 · Loss, gradient, Adam](06_loss_gradient_adam.ipynb).
