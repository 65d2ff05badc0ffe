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
# # 06 · 损失、梯度与 Adam
#
# 学习就是往下坡走。TensorFlow 用三次调用做完的事，这一章你要亲手算一遍：网络现在站得有多高（损失，loss）？对每个权重（weight）来说，哪边是下坡（梯度，gradient）？Adam 又是怎么迈步的？
#
# **学完本章，你能**
#
# - 把 logit 变成概率和损失，而且不会溢出；
# - 算出卷积的梯度，再拨动一个权重来核对；
# - 说清 Adam 比普通的梯度下降（gradient descent）好在哪里，又要付出什么代价。
#
# *双核约半分钟 · 对应原文“Loss and optimizer”一节*
#
# 一张图片的损失是 $-\log p$，其中 $p$ 是网络给正确品种的概率。看下面两幅图：右侧，网络很有把握，也答对了；左侧，网络很有把握，却答错了；中间，网络毫无头绪。（网络给每个品种一个得分，这个数就叫 *logit*，也就是未归一化得分。）很有把握却答错，比毫无头绪，代价要大多少？

# %% tags=["nbval-ignore-output"]
import matplotlib.pyplot as plt
import numpy as np

import petkeras as pk

pk.language.use("zh")
plt.style.use(pk.visualize.style.STYLE)  # petkeras 自己的图用的样式

# %% tags=["nbval-ignore-output"]
difference = np.linspace(-6, 6, 200)  # 正确品种的 logit 减去另一品种的 logit
right = 1 / (1 + np.exp(-difference))
figure, axes = plt.subplots(1, 2, figsize=(8, 2.8))
axes[0].plot(difference, right)
axes[0].set(title="正确品种的概率", xlabel="它的 logit 减去另一品种的 logit")
axes[1].plot(difference, -np.log(right))
axes[1].set(title="损失", xlabel="它的 logit 减去另一品种的 logit")
plt.close(figure)
pk.visualize.describe(figure, "概率像字母 S 那样上升，损失一路降到 0。")

# %% [markdown]
# 在整个网络里，这一章讲的是从答案回到权重的那段路：

# %%
pk.course.where("probabilities", "loss", "gradients", "optimizer")


# %% [markdown]
# ## 从 logit 到概率
#
# 网络的末端给每个品种一个数，这就是它的 [logit](../../docs/glossary.md#logits)。logit 可以是任意数。[softmax](../../docs/glossary.md#softmax) 把它们变成概率（probability）：`exp` 让它们都变成正数，除法让它们加起来等于 1。logit 越大，概率也越大。


# %%
def softmax(logits):
    raised = np.exp(logits)
    return raised / raised.sum(axis=-1, keepdims=True)


print(softmax(np.array([2.0, 0.0])).round(3))
print(softmax(np.array([102.0, 100.0])).round(3))

# %% [markdown]
# **想一想。** 为什么两行显示的概率一样？
#
# <details><summary>参考回答</summary>
#
# 只有 logit 之间的差才算数。每个 logit 都加上一百，每个 `exp` 就都乘上同一个倍数，一做除法，这个倍数就约掉了。
#
# </details>

# %% [markdown]
# **练习 1。** 九成把握。改一改这些 logit，让第一个品种的概率等于 0.9。

# %% tags=["exercise"]
logits = [0.0, 0.0]
pk.check.chapter06.exercise_1(logits)

# %% [markdown]
# <details><summary>答案</summary>
#
# ```python
# logits = [np.log(0.9 / 0.1), 0.0]
# pk.check.chapter06.exercise_1(logits)
# ```
#
# </details>

# %% [markdown]
# ## 猜一次的代价
#
# 损失 $-\log p$ 叫做[交叉熵](../../docs/glossary.md#cross-entropy)（cross-entropy）。网络毫无头绪时，两个品种各给二分之一：

# %%
for p in (0.99, 0.5, 0.1, 0.001):
    print(f"正确品种的概率 {p:5}：损失 {-np.log(p):.2f}")

# %% [markdown]
# ## 什么时候会出问题
#
# logit 一超过 88，它的 `exp` 就大得连 32 位的数也装不下了。真会有这种事吗？来看原文的网络，它还一步都没有训练。它的卷积核（kernel）是标准差为 0.1 的随机数，像素最大到 255。

# %% tags=["nbval-ignore-output"]
data = pk.course.load()
size = data.mean.shape[0]
article = pk.pet_net(image_size=size, recipe=pk.ARTICLE, seed=0)
images = pk.preprocess(data.train.images[::34], data.mean, pk.ARTICLE)
labels = data.train.labels[::34]  # 两个品种都有
logits = article(images).numpy()

with np.errstate(over="ignore", invalid="ignore"):
    probabilities = softmax(logits)
print(f"最大的 logit：{logits.max():.0f}")
print("算不出数的行：", np.isnan(probabilities).any(axis=1).sum(), "/", len(logits))

# %% [markdown]
# 解决办法是这样的。既然只有差才算数，那就先减去最大的 logit。这样一来，最大的 `exp` 就是 1；就算有哪个很小的 `exp` 变成了 0，也没有害处。


# %%
def stable_softmax(logits):
    raised = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return raised / raised.sum(axis=-1, keepdims=True)


probabilities = stable_softmax(logits)
print("算不出数的行：", np.isnan(probabilities).any(axis=1).sum())
print("每行的和：", probabilities.sum(axis=1).round(3))

# %% [markdown]
# 可是 $-\log 0$ 是无穷大，所以我们从不用概率去算损失，而是用 $-\log p_k = \log \sum_j e^{z_j} - z_k$。它只需要 logit $z$，而且最大的那个 logit 要先从求和里提出来。`pk.losses.softmax_cross_entropy` 调用的就是它。网络以 logit 收尾，也正是这个原因。


# %%
def cross_entropy(labels, logits):  # 两者都是 (batch, classes)
    largest = logits.max(axis=1, keepdims=True)
    total = largest[:, 0] + np.log(np.exp(logits - largest).sum(axis=1))
    return total - (labels * logits).sum(axis=1)  # (batch,)


theirs = pk.losses.softmax_cross_entropy(labels, logits)
print(f"最大差别：{np.abs(cross_entropy(labels, logits) - theirs).max():.2f}")
print("毫无头绪：", cross_entropy(np.array([[1, 0]]), np.zeros((1, 2))).round(4))

# %% [markdown]
# 这十张图片算下来是多少呢？前五张是一个品种，后五张是另一个品种。损失为 0，就是很有把握，而且答对了。拿均值和毫无头绪时的损失 0.69 比一比：

# %% tags=["nbval-ignore-output"]
print("损失：", cross_entropy(labels, logits).round(1))
print("均值：", cross_entropy(labels, logits).mean().round(1))

# %% [markdown]
# ## 为什么不直接按准确率训练？
#
# 我们真正关心的其实是[准确率](../../docs/glossary.md#accuracy)（accuracy）：最大的 logit 正好落在标签上，就是 1，否则是 0。可是权重稍微变一点，哪个答案都不会变，准确率也就一动不动。它是平的，平地上没有坡可下。TensorFlow 也这么认为：负责计算梯度的[梯度带](../../docs/glossary.md#tape)（tape）一个梯度也找不到。

# %%
import tensorflow as tf

z = tf.Variable([[0.5, 0.1], [0.2, 0.9]])
with tf.GradientTape(persistent=True) as tape:
    correct = pk.losses.accuracy([[1, 0], [1, 0]], z)
    losses = pk.losses.softmax_cross_entropy([[1, 0], [1, 0]], z)
print("准确率：", correct.numpy(), "它的梯度：", tape.gradient(correct, z))
print("损失有梯度：")
print(tape.gradient(losses, z).numpy().round(3))

# %% [markdown]
# ## 损失的梯度
#
# [梯度](../../docs/glossary.md#gradient)告诉我们：输入里的每个数增大一点点，损失会变多少。对 logit 来说，再简单不过了：概率减去标签。一个品种得到了 0.3 的概率，图里却不是它，它就会被往下推 0.3。

# %%
by_hand = stable_softmax(z.numpy()) - np.array([[1, 0], [1, 0]])
print(by_hand.round(3))
print(tape.gradient(losses, z).numpy().round(3))

# %% [markdown]
# **想一想。** 为什么每行的两个数加起来等于 0？
#
# <details><summary>参考回答</summary>
#
# 概率加起来等于 1，标签里的数加起来也等于 1。把一个品种往上推多少，就要把另一个往下推多少。
#
# </details>

# %% [markdown]
# **练习 2。** 每个 logit 都有坡度。请返回每张图片的损失对它的 logit 的梯度。只用 NumPy，还要保证 logit 大到 1000 时函数也能正常工作。


# %% tags=["exercise"]
def gradient_of_loss(labels, logits):  # 两者都是 (batch, classes)
    return logits


pk.check.chapter06.exercise_2(gradient_of_loss)

# %% [markdown]
# <details><summary>答案</summary>
#
# ```python
# def gradient_of_loss(labels, logits):  # 两者都是 (batch, classes)
#     raised = np.exp(logits - logits.max(axis=1, keepdims=True))
#     return raised / raised.sum(axis=1, keepdims=True) - labels
#
#
# pk.check.chapter06.exercise_2(gradient_of_loss)
# ```
#
# </details>

# %% [markdown]
# ## 卷积的梯度
#
# 假设对输出里的每个数，我们都知道它一变，损失会跟着变多少；这叫做*上游梯度*（upstream）。每个输出都是窗口（window）和卷积核逐项相乘再相加的结果。所以在每个窗口里，一个权重得到的是上游梯度乘以它碰到的像素，一个像素得到的是上游梯度乘以它碰到的权重。最后，把所有窗口送来的数加在一起。这还是第 04 章的那个循环。


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
# 为了核对，我们拿自己写的层，带 `SAME` 填充（padding）和 ReLU，用在一整张图片上。损失就选一个容易拆开来算的：所有输出的平方的均值。先看看梯度带怎么说。

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
# 现在亲手来算。平方的均值传回来的是 $2 \cdot \text{map} / \text{count}$，也就是 2 乘以特征图（feature map），再除以数的个数。ReLU 开着的地方，它原样通过；ReLU 关着的地方，特征图本来就是 0。我们先加上填充，算完再把填充分到的那部分梯度切掉。偏置（bias）加进了它那张特征图里的每一个和，所以它的梯度就是所有这些数的总和。

# %%
upstream = 2 * maps.numpy()[0].astype("float64") / maps.numpy().size
padded = np.pad(x[0].numpy().astype("float64"), ((1, 1), (1, 1), (0, 0)))
d_padded, d_kernel = convolution_gradients(padded, layer.kernel.numpy(), upstream)
by_hand = [d_padded[None, 1:-1, 1:-1], d_kernel, upstream.sum(axis=(0, 1))]

for name, ours, theirs in zip(("图片", "卷积核", "偏置"), by_hand, by_tape, strict=True):
    largest = np.abs(ours - theirs).max() / np.abs(ours).max()
    print(f"{name:8} 最多相差其最大值的 {largest:.2%}")

# %% [markdown]
# 下面是其中四个卷积核，每个下方是它的梯度（对各颜色取了均值）。黄色表示大于 0：黄色处的权重要是变大，损失也会变大。

# %% tags=["nbval-ignore-output"]
kernels = {f"卷积核 {n}": layer.kernel.numpy()[..., n] for n in range(4)}
gradients = {f"梯度 {n}": d_kernel[..., n] for n in range(4)}
pk.visualize.plot_kernels(kernels | gradients)

# %% [markdown]
# 要是梯度带和我们都错了呢？还可以问第三个意见，它用不着微积分：把一个权重往上、往下各拨动一点，看看损失变多少。


# %%
def loss_with(nudge):
    kernel = layer.kernel.numpy().astype("float64")
    kernel[1, 1, 0, 3] += nudge
    maps = tf.nn.conv2d(tf.cast(x, tf.float64), kernel, 1, "SAME")
    return float(tf.reduce_mean(tf.nn.relu(maps) ** 2))


measured = (loss_with(1e-5) - loss_with(-1e-5)) / 2e-5
print(f"差别：{abs(measured / d_kernel[1, 1, 0, 3] - 1):.1%}")

# %% [markdown]
# **想一想。** 要这样把我们网络的每个权重都拨动一遍，得把网络运行多少次？用梯度带呢，又要运行几次？
#
# <details><summary>参考回答</summary>
#
# 每个权重两次：图片边长 224 像素时，超过 2 亿次。用梯度带，不管有多少权重，都只要向前一次、向后一次。正因为这样，训练才成为可能。
#
# </details>

# %% [markdown]
# ## 顺坡而下
#
# 梯度下降从每个权重里减去[学习率](../../docs/glossary.md#learning-rate)（learning rate）乘以它的梯度。麻烦在于，所有权重共用一个学习率。这里有一个两个权重的函数，它像一道山谷，横着走的坡度是顺着走的二十倍。横着走够安全的学习率，顺着走就太慢了。


# %%
def gradient(w):  # 函数是 w[0] ** 2 / 2 + 10 * w[1] ** 2
    return np.array([1.0, 20.0]) * w


def descend(w, learning_rate, steps):
    path = [w]
    for _ in range(steps):
        path.append(path[-1] - learning_rate * gradient(path[-1]))
    return np.array(path)


# %% [markdown]
# [Adam](../../docs/glossary.md#adam) 为每个权重记着两个移动平均：`m` 是梯度的移动平均，来回摆动的部分会互相抵消；`v` 是梯度平方的移动平均，让每个权重都有适合自己的步长。两者都从 0 开始，`alpha` 就在头几步里把这一点补回来。


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
# `pk.optimizers.Adam` 和这四行走的是同一条路吗？我们让它们各走四十步。（这个包里也有这四行，叫 `pk.optimizers.adam_equations`。）

# %%
start = np.array([-4.0, 1.0])
w = tf.Variable(start)
optimizer = pk.optimizers.Adam(learning_rate=0.3)
path = [start]
for _ in range(40):
    optimizer.apply([tf.constant(gradient(w.numpy()))], [w])
    path.append(w.numpy())
print(f"最大差别：{np.abs(path - adam(start, 0.3, 40)).max():.4f}")

# %% [markdown]
# 下面是从上往下看到的两条路。灰线连起高度相同的地方，星号标出最低点。哪条路在走之字形？走完四十步，两者各离星号多远？

# %% tags=["nbval-ignore-output"]
across, along = np.meshgrid(np.linspace(-4.5, 1.5, 100), np.linspace(-1.3, 1.3, 100))
ways = {"梯度下降": descend(start, 0.095, 40), "Adam": adam(start, 0.3, 40)}
figure, axes = plt.subplots(1, 2, figsize=(8, 2.8), sharey=True)
for axis, (name, way) in zip(axes, ways.items(), strict=True):
    axis.contour(across, along, across**2 / 2 + 10 * along**2, levels=12, cmap="gray", alpha=0.5)
    axis.plot(*way.T, ".-", linewidth=1)
    axis.plot(0, 0, "k*")
    axis.set(title=name, xlabel="第一个权重")
plt.close(figure)
pk.visualize.describe(figure, "梯度下降在山谷两侧来回走之字形；Adam 沿着山谷拐出一条弯路。")

# %% [markdown]
# **练习 3。** 把徒步者换成小球。给梯度下降加一个速度，一开始是 0。每一步的新速度等于 `momentum` 乘以旧速度，再减去学习率乘以梯度。然后 `w` 按这个速度移动。


# %% tags=["exercise"]
def roll(gradient, w, learning_rate, momentum, steps):
    for _ in range(steps):
        w = w - learning_rate * gradient(w)
    return w


pk.check.chapter06.exercise_3(roll)

# %% [markdown]
# <details><summary>答案</summary>
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
# 不管梯度是多少，Adam 的第一步都和学习率一样长，因为这时 $m/\sqrt{v}$（两者都经 `alpha` 修正）恰好就是梯度的正负号。下面几个梯度，最大的是最小的一百万倍，走出的一步却一样：

# %%
for steepness in (0.001, 1.0, 1000.0):
    w = tf.Variable([5.0])
    pk.optimizers.Adam(learning_rate=0.1).apply([tf.constant([steepness])], [w])
    print(f"梯度 {steepness:8}：从 5.0 到 {float(w[0]):.3f}")

# %% [markdown]
# **想一想。** 如果网络里一层的梯度是另一层的一千倍，这有什么好处？
#
# <details><summary>参考回答</summary>
#
# 所有层都按差不多的快慢学习。梯度下降只有一个学习率，大家共用：对一层正合适，对另一层就大了一千倍，或者小了一千倍。
#
# </details>

# %% [markdown]
# ## 用在网络上
#
# 我们用同一批次（batch）的十张图片走三十步，每次都从同一个起点出发。Adam 用的是我们现代配方的学习率，梯度下降依次用三个不同的学习率。学习率变大，梯度下降会怎样？

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
    curves[f"梯度下降, {rate}"] = losses_with(keras.optimizers.SGD(rate))

figure, axis = plt.subplots(figsize=(8, 3))
for name, values in curves.items():
    axis.plot(values, label=name)
axis.set(title="这一批次的损失", xlabel="步数", ylim=(0, 1.5))
axis.legend()
plt.close(figure)
pk.visualize.describe(figure, "四条曲线；Adam 的最先降到 0。")

# %% [markdown]
# Adam 已经把这十张图片记住了。梯度下降用两个小的学习率时，远远落在后面；用最大的学习率时，它跳来跳去，停在哪里全凭运气。三十步之后，在阿比西尼亚猫和美国斗牛犬的照片上，它到了终点；在画出来的宠物上却没有。下面是它们各自停下的地方：

# %% tags=["nbval-ignore-output"]
for name, values in curves.items():
    print(f"{name:25} {np.mean(values[-5:]):.2f}")

# %% [markdown]
# 原文给 Adam 的学习率是 0.00001，只有我们的百分之一。前面看到，那里的像素大到 255，logit 有好几百，权重走一小步，损失就变一大步。
#
# **想一想。** 记住不等于理解。这幅图里少了哪条曲线？
#
# <details><summary>参考回答</summary>
#
# 少了不在这一批次里的图片的损失，也就是测试损失。第 08 章会把它画出来。
#
# </details>

# %% [markdown]
# **改一改，看一看。** 把山谷变得更陡：在 `gradient` 里写 `np.array([1.0, 100.0])`，再运行这一节的各个单元格。两条路里哪一条跑出了山谷？在画图的那个单元格里，要把它的学习率（0.095）降到多小，它才会留在谷里？
#
# ## 三句话小结
#
# - 损失是正确品种的 $-\log p$，直接用 logit 来算，什么都不会溢出。
# - 卷积的梯度还是卷积的那个循环，只是倒着走。
# - Adam 为每个权重单独调整步长：每一步大约和学习率一样长。

# %% [markdown]
# ## 延伸阅读
#
# - D. Kingma, J. Ba, *Adam: A Method for Stochastic Optimization* (2015)，第 2、3 节：那四行的来历，以及头几步为什么需要 `alpha`。
# - I. Goodfellow, Y. Bengio, A. Courville, *Deep Learning* (2016)，4.1 节（溢出）、6.2.2 节（为什么用交叉熵）和 6.5 节（整个网络的梯度）。
# - D. Rumelhart, G. Hinton, R. Williams, *Learning representations by back-propagating errors*, Nature 323 (1986)：只有三页，连动量（momentum）都讲到了。
#
# 下一章：[07 · TensorBoard](07_tensorboard.ipynb)。
