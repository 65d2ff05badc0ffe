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
# # 06 · Loss, gradient, Adam
#
# Learning means going downhill. In this chapter you compute by hand what TensorFlow does in three calls.
# How high up is the network (its loss)? Which way is down for every weight (the gradient)? And what
# steps does Adam take?
#
# **After this chapter you can**
#
# - turn logits into probabilities and a loss, without overflow;
# - compute the gradient of a convolution, and check it by nudging a weight;
# - say what Adam does better than plain gradient descent, and what it costs.
#
# *Half a minute on two cores · the article's section "Loss and optimizer"*
#
# The loss of one picture is $-\log p$, where $p$ is the probability that the network gives to the true
# breed. In the plots below, the network is sure and right on the right side, sure and wrong on the left,
# and has no idea in the middle. (A *logit* is the number that it gives to a breed.) How much more does
# it cost to be sure and wrong than to have no idea?

# %% tags=["nbval-ignore-output"]
import matplotlib.pyplot as plt
import numpy as np

import petkeras as pk

plt.style.use(pk.visualize.style.STYLE)  # the style of petkeras's own figures

# %% tags=["nbval-ignore-output"]
difference = np.linspace(-6, 6, 200)  # the true breed's logit minus the other's
right = 1 / (1 + np.exp(-difference))
figure, axes = plt.subplots(1, 2, figsize=(8, 2.8))
axes[0].plot(difference, right)
axes[0].set(title="probability of the true breed", xlabel="its logit minus the other's")
axes[1].plot(difference, -np.log(right))
axes[1].set(title="loss", xlabel="its logit minus the other's")
plt.close(figure)
pk.visualize.describe(figure, "A probability that rises like an S, and a loss that falls to 0.")

# %% [markdown]
# In the network, this chapter is about the way back from the answer to the weights:

# %%
pk.course.where("probabilities", "loss", "gradients", "optimizer")


# %% [markdown]
# ## From logits to probabilities
#
# The network ends in one number per breed, its [logits](../docs/glossary.md#logits). They can be any
# numbers. The [softmax](../docs/glossary.md#softmax) turns them into probabilities: `exp` makes them
# positive, and the division makes them add up to 1. The larger logit becomes the larger probability.


# %%
def softmax(logits):
    raised = np.exp(logits)
    return raised / raised.sum(axis=-1, keepdims=True)


print(softmax(np.array([2.0, 0.0])).round(3))
print(softmax(np.array([102.0, 100.0])).round(3))

# %% [markdown]
# **Question.** Why do both lines show the same probabilities?
#
# <details><summary>An answer</summary>
#
# Only the difference between the logits counts. Adding a hundred to each one makes every `exp`
# larger by the same factor, and the division cancels it.
#
# </details>

# %% [markdown]
# **Exercise 1.** Ninety percent sure. Change the logits so that the probability of the first breed is 0.9.

# %% tags=["exercise"]
logits = [0.0, 0.0]
pk.check.chapter06.exercise_1(logits)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# logits = [np.log(0.9 / 0.1), 0.0]
# pk.check.chapter06.exercise_1(logits)
# ```
#
# </details>

# %% [markdown]
# ## What a guess costs
#
# The loss $-\log p$ is called the [cross-entropy](../docs/glossary.md#cross-entropy). A network that has
# no idea gives each of the two breeds one half:

# %%
for p in (0.99, 0.5, 0.1, 0.001):
    print(f"probability of the true breed {p:5}: loss {-np.log(p):.2f}")

# %% [markdown]
# ## Where this breaks
#
# The `exp` of a logit above 88 is too large for a 32-bit number. Does that ever happen? Here is the
# article's network before its first step. Its kernels are random numbers with a standard deviation of
# 0.1, and its pixels go up to 255.

# %% tags=["nbval-ignore-output"]
data = pk.course.load()
size = data.mean.shape[0]
article = pk.pet_net(image_size=size, recipe=pk.ARTICLE, seed=0)
images = pk.preprocess(data.train.images[::34], data.mean, pk.ARTICLE)
labels = data.train.labels[::34]  # of both breeds
logits = article(images).numpy()

with np.errstate(over="ignore", invalid="ignore"):
    probabilities = softmax(logits)
print(f"largest logit: {logits.max():.0f}")
print("rows without a number:", np.isnan(probabilities).any(axis=1).sum(), "of", len(logits))

# %% [markdown]
# Here is the cure. Only differences count, so subtract the largest logit first. Then the largest
# `exp` is 1, and it does no harm if a small one vanishes to 0.


# %%
def stable_softmax(logits):
    raised = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return raised / raised.sum(axis=-1, keepdims=True)


probabilities = stable_softmax(logits)
print("rows without a number:", np.isnan(probabilities).any(axis=1).sum())
print("sums of the rows:", probabilities.sum(axis=1).round(3))

# %% [markdown]
# But now $-\log 0$ is infinite, so we never compute the loss from the probability. Instead, $-\log
# p_k = \log \sum_j e^{z_j} - z_k$ needs only the logits $z$, and we take the largest of them out of
# the sum. This is what `pk.losses.softmax_cross_entropy` calls, and it is why networks end in
# logits.


# %%
def cross_entropy(labels, logits):  # both (batch, classes)
    largest = logits.max(axis=1, keepdims=True)
    total = largest[:, 0] + np.log(np.exp(logits - largest).sum(axis=1))
    return total - (labels * logits).sum(axis=1)  # (batch,)


theirs = pk.losses.softmax_cross_entropy(labels, logits)
print(f"largest difference: {np.abs(cross_entropy(labels, logits) - theirs).max():.2f}")
print("no idea:", cross_entropy(np.array([[1, 0]]), np.zeros((1, 2))).round(4))

# %% [markdown]
# Here is what it comes to for these ten pictures; the first five are of one breed, the rest of the
# other. A loss of 0 means sure and right. Compare the mean with 0.69, the loss of having no idea:

# %% tags=["nbval-ignore-output"]
print("losses:", cross_entropy(labels, logits).round(1))
print("mean:  ", cross_entropy(labels, logits).mean().round(1))

# %% [markdown]
# ## Why not train on the accuracy?
#
# The [accuracy](../docs/glossary.md#accuracy) is what we really care about: it is 1 where the largest
# logit is the label's, and 0 elsewhere. But a small change to a weight doesn't change any of the
# answers, so the accuracy stays the same. It is flat, and something flat has no slope to go down.
# TensorFlow agrees: its [tape](../docs/glossary.md#tape), which computes gradients, finds none.

# %%
import tensorflow as tf

z = tf.Variable([[0.5, 0.1], [0.2, 0.9]])
with tf.GradientTape(persistent=True) as tape:
    correct = pk.losses.accuracy([[1, 0], [1, 0]], z)
    losses = pk.losses.softmax_cross_entropy([[1, 0], [1, 0]], z)
print("accuracy:", correct.numpy(), "its gradient:", tape.gradient(correct, z))
print("the loss has one:")
print(tape.gradient(losses, z).numpy().round(3))

# %% [markdown]
# ## The gradient of the loss
#
# The [gradient](../docs/glossary.md#gradient) says, for each number that goes in, how much the loss
# changes when that number grows a little. For the logits, it couldn't be simpler: the probabilities
# minus the labels. A breed that was given a probability of 0.3, but isn't there, gets pushed down by
# 0.3.

# %%
by_hand = stable_softmax(z.numpy()) - np.array([[1, 0], [1, 0]])
print(by_hand.round(3))
print(tape.gradient(losses, z).numpy().round(3))

# %% [markdown]
# **Question.** Why do the two numbers in each row add up to 0?
#
# <details><summary>An answer</summary>
#
# The probabilities add up to 1, and so do the numbers in the label. Whatever pushes one breed up
# pushes the other one down.
#
# </details>

# %% [markdown]
# **Exercise 2.** A slope for every logit. Return the gradient of each picture's loss with respect to its
# logits. Use only NumPy, and make sure that your function also works for logits of 1000.


# %% tags=["exercise"]
def gradient_of_loss(labels, logits):  # both (batch, classes)
    return logits


pk.check.chapter06.exercise_2(gradient_of_loss)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def gradient_of_loss(labels, logits):  # both (batch, classes)
#     raised = np.exp(logits - logits.max(axis=1, keepdims=True))
#     return raised / raised.sum(axis=1, keepdims=True) - labels
#
#
# pk.check.chapter06.exercise_2(gradient_of_loss)
# ```
#
# </details>

# %% [markdown]
# ## The gradient of a convolution
#
# Suppose we know, for every number in the output, how the loss changes with it; we call that *upstream*.
# Each output was a sum of products of a window and a kernel. So in each window, a weight gets upstream
# times the pixel that it met, and a pixel gets upstream times the weight that it met. Then we add up
# what comes from all the windows. It is the loop of chapter 04 once more.


# %%
def convolution_gradients(x, kernel, upstream):  # (H, W, C), (h, w, C, F), (H', W', F)
    height, width = kernel.shape[:2]
    d_x, d_kernel = np.zeros(x.shape), np.zeros(kernel.shape)
    for row, column in np.ndindex(upstream.shape[:2]):
        window = np.s_[row : row + height, column : column + width]
        slope = upstream[row, column]  # (F,)
        d_kernel += x[window][..., None] * slope  # (h, w, C, F)
        d_x[window] += kernel @ slope  # (h, w, C)
    return d_x, d_kernel


# %% [markdown]
# To check it, we take our own layer, with `SAME` padding and a ReLU, on a whole picture. For the
# loss, we use something that is easy to take apart: the mean of the squares of everything that
# comes out. First, here is what the tape says.

# %%
x = pk.preprocess(data.train.images[:1], data.mean, pk.MODERN)
layer = pk.layers.Conv2D(filters=8, kernel_size=3, activation="relu")
layer.build(x.shape)
layer.kernel.assign(np.random.default_rng(0).normal(size=layer.kernel.shape))
with tf.GradientTape() as tape:
    tape.watch(x)
    maps = layer(x)
    loss = tf.reduce_mean(maps**2)
by_tape = tape.gradient(loss, [x, layer.kernel.value, layer.bias.value])
print([tuple(gradient.shape) for gradient in by_tape[1:]])

# %% [markdown]
# Now by hand. The mean of squares hands back $2 \cdot \text{map} / \text{count}$. The ReLU lets that
# through where it was open; where it was closed, the map is 0 anyway. We add the padding first, and cut
# off its share of the gradient afterward. A bias went into every sum in its map, so its gradient is the
# sum of them all.

# %%
upstream = 2 * maps.numpy()[0].astype("float64") / maps.numpy().size
padded = np.pad(x[0].numpy().astype("float64"), ((1, 1), (1, 1), (0, 0)))
d_padded, d_kernel = convolution_gradients(padded, layer.kernel.numpy(), upstream)
by_hand = [d_padded[None, 1:-1, 1:-1], d_kernel, upstream.sum(axis=(0, 1))]

for name, ours, theirs in zip(("picture", "kernel", "bias"), by_hand, by_tape, strict=True):
    largest = np.abs(ours - theirs).max() / np.abs(ours).max()
    print(f"{name:8} differs by {largest:.2%} of its largest number")

# %% [markdown]
# Here are four of the kernels, and below each one its gradient (averaged over the colors). Yellow
# is above 0: if a weight in a yellow spot grew, the loss would grow, too.

# %% tags=["nbval-ignore-output"]
kernels = {f"kernel {n}": layer.kernel.numpy()[..., n] for n in range(4)}
gradients = {f"gradient {n}": d_kernel[..., n] for n in range(4)}
pk.visualize.plot_kernels(kernels | gradients)

# %% [markdown]
# And what if both are wrong, the tape and we? A third opinion needs no calculus: nudge one weight up and
# down, and see how much the loss changes.


# %%
def loss_with(nudge):
    kernel = layer.kernel.numpy().astype("float64")
    kernel[1, 1, 0, 3] += nudge
    maps = tf.nn.conv2d(tf.cast(x, tf.float64), kernel, 1, "SAME")
    return float(tf.reduce_mean(tf.nn.relu(maps) ** 2))


measured = (loss_with(1e-5) - loss_with(-1e-5)) / 2e-5
print(f"difference: {abs(measured / d_kernel[1, 1, 0, 3] - 1):.1%}")

# %% [markdown]
# **Question.** How many times would you have to run our network to nudge every one of its weights like
# that? And how many times does it run with the tape?
#
# <details><summary>An answer</summary>
#
# Twice for each weight: more than 200 million times at 224 pixels. With the tape, it runs once forward
# and once backward, no matter how many weights there are. That is what makes training possible.
#
# </details>

# %% [markdown]
# ## Down the slope
#
# Gradient descent subtracts from each weight the [learning rate](../docs/glossary.md#learning-rate)
# times its gradient. The trouble is that there is only one rate for all the weights. Here is a function
# of two weights, a valley that is twenty times as steep across as it is along. A rate that is safe
# across it is slow along it.


# %%
def gradient(w):  # of w[0] ** 2 / 2 + 10 * w[1] ** 2
    return np.array([1.0, 20.0]) * w


def descend(w, learning_rate, steps):
    path = [w]
    for _ in range(steps):
        path.append(path[-1] - learning_rate * gradient(path[-1]))
    return np.array(path)


# %% [markdown]
# [Adam](../docs/glossary.md#adam) keeps two running means for each weight: `m` of the gradient, so
# that whatever goes back and forth cancels out, and `v` of its square, so that each weight gets
# steps of its own size. Both start at 0, and `alpha` makes up for that in the first steps.


# %%
def adam(w, learning_rate, steps, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
    m, v, path = 0.0, 0.0, [w]
    for t in range(1, steps + 1):
        g = gradient(w)
        m = beta_1 * m + (1 - beta_1) * g
        v = beta_2 * v + (1 - beta_2) * g * g
        alpha = learning_rate * np.sqrt(1 - beta_2**t) / (1 - beta_1**t)
        w = w - alpha * m / (np.sqrt(v) + epsilon)
        path.append(w)
    return np.array(path)


# %% [markdown]
# Do `pk.optimizers.Adam` and these four lines take the same path? Here are forty steps of each.
# (The package has the four lines, too, as `pk.optimizers.adam_equations`.)

# %%
start = np.array([-4.0, 1.0])
w = tf.Variable(start)
optimizer = pk.optimizers.Adam(learning_rate=0.3)
path = [start]
for _ in range(40):
    optimizer.apply([tf.constant(gradient(w.numpy()))], [w])
    path.append(w.numpy())
print(f"largest difference: {np.abs(path - adam(start, 0.3, 40)).max():.4f}")

# %% [markdown]
# Here are both paths, seen from above. The gray lines connect places of the same height, and the star
# marks the lowest place. Which path zigzags? And how far from the star does each of them end after forty
# steps?

# %% tags=["nbval-ignore-output"]
across, along = np.meshgrid(np.linspace(-4.5, 1.5, 100), np.linspace(-1.3, 1.3, 100))
ways = {"gradient descent": descend(start, 0.095, 40), "Adam": adam(start, 0.3, 40)}
figure, axes = plt.subplots(1, 2, figsize=(8, 2.8), sharey=True)
for axis, (name, way) in zip(axes, ways.items(), strict=True):
    axis.contour(across, along, across**2 / 2 + 10 * along**2, levels=12, cmap="gray", alpha=0.5)
    axis.plot(*way.T, ".-", linewidth=1)
    axis.plot(0, 0, "k*")
    axis.set(title=name, xlabel="first weight")
plt.close(figure)
pk.visualize.describe(figure, "Gradient descent zigzags across the valley; Adam curves along it.")

# %% [markdown]
# **Exercise 3.** A ball instead of a hiker. Give gradient descent a velocity, which starts at 0. In each
# step, the new velocity is `momentum` times the old one, minus the learning rate times the gradient.
# Then `w` moves by the velocity.


# %% tags=["exercise"]
def roll(gradient, w, learning_rate, momentum, steps):
    for _ in range(steps):
        w = w - learning_rate * gradient(w)
    return w


pk.check.chapter06.exercise_3(roll)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def roll(gradient, w, learning_rate, momentum, steps):
#     velocity = 0.0
#     for _ in range(steps):
#         velocity = momentum * velocity - learning_rate * gradient(w)
#         w = w + velocity
#     return w
#
#
# pk.check.chapter06.exercise_3(roll)
# ```
#
# </details>

# %% [markdown]
# Adam's first step is as long as the learning rate, whatever the gradient is, because $m/\sqrt{v}$, with
# both corrected by `alpha`, is just the gradient's sign then. The largest of these gradients is a
# million times the smallest, and the step is the same:

# %%
for steepness in (0.001, 1.0, 1000.0):
    w = tf.Variable([5.0])
    pk.optimizers.Adam(learning_rate=0.1).apply([tf.constant([steepness])], [w])
    print(f"gradient {steepness:8}: from 5.0 to {float(w[0]):.3f}")

# %% [markdown]
# **Question.** What is that good for in a network where the gradients of one layer are a thousand
# times as large as those of another?
#
# <details><summary>An answer</summary>
#
# All layers learn at about the same pace. Gradient descent has a single rate for all of them: what
# is right for one layer is a thousand times too much or too little for the other.
#
# </details>

# %% [markdown]
# ## On the network
#
# We take thirty steps on one batch of ten pictures, always from the same starting point. Adam has the
# learning rate of our modern recipe, and gradient descent has three different ones in turn. What does a
# larger rate do to gradient descent?

# %%
import keras


def losses_with(optimizer, steps=30):
    model = pk.pet_net(image_size=size, recipe=pk.MODERN, seed=0)
    images = pk.preprocess(data.train.images[::34], data.mean, pk.MODERN)
    labels = tf.constant(data.train.labels[::34])
    return [float(pk.train_step(model, optimizer, images, labels)[0]) for _ in range(steps)]


# %% tags=["nbval-ignore-output"]
curves = {"Adam, 0.001": losses_with(pk.optimizers.Adam(0.001))}
for rate in (0.001, 0.01, 0.1):
    curves[f"gradient descent, {rate}"] = losses_with(keras.optimizers.SGD(rate))

figure, axis = plt.subplots(figsize=(8, 3))
for name, values in curves.items():
    axis.plot(values, label=name)
axis.set(title="loss of the batch", xlabel="step", ylim=(0, 1.5))
axis.legend()
plt.close(figure)
pk.visualize.describe(figure, "Four curves; Adam's falls to 0 first.")

# %% [markdown]
# Adam has memorized the ten pictures. Gradient descent is far behind with the two small rates. With the
# largest rate it jumps around, and where it ends up is a matter of luck. After thirty steps it had
# arrived on photographs of Abyssinians and American bulldogs, but not on the drawn pets. Here is where
# each of them ends:

# %% tags=["nbval-ignore-output"]
for name, values in curves.items():
    print(f"{name:25} {np.mean(values[-5:]):.2f}")

# %% [markdown]
# The article runs Adam at 0.00001, a hundredth of our rate. With pixels up to 255 and logits in the
# hundreds, as above, small steps of the weights are large steps of the loss.
#
# **Question.** Memorizing is not understanding. Which curve is missing from this picture?
#
# <details><summary>An answer</summary>
#
# The loss on pictures that were not in the batch: the test loss. Chapter 08 plots it.
#
# </details>

# %% [markdown]
# **Change this and look.** Make the valley steeper: write `np.array([1.0, 100.0])` in `gradient`, and
# run the cells of that section again. Which of the two paths leaves the valley? In the cell that draws
# them, how small must its learning rate (0.095) become so that it stays?
#
# ## In three lines
#
# - The loss is $-\log p$ of the true breed, computed from the logits so that nothing overflows.
# - The gradient of a convolution is the loop of the convolution, run backward.
# - Adam scales the steps of each weight on its own: they are about as long as the learning rate.

# %% [markdown]
# ## What to read next
#
# - D. Kingma, J. Ba, *Adam: A Method for Stochastic Optimization* (2015), sections 2 and 3: the
#   four lines, and why the first steps need `alpha`.
# - I. Goodfellow, Y. Bengio, A. Courville, *Deep Learning* (2016), sections 4.1 (overflow), 6.2.2
#   (why cross-entropy) and 6.5 (the gradient of a whole network).
# - D. Rumelhart, G. Hinton, R. Williams, *Learning representations by back-propagating errors*,
#   Nature 323 (1986): three pages, momentum included.
#
# Next: [07 · TensorBoard](07_tensorboard.ipynb).
