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
# # 04 · 手算卷积与池化
#
# 本课程的一切都建立在一种运算上：卷积（convolution）。它不过是乘法和加法。你会亲手算一遍，得到和 TensorFlow 完全一样的数，然后看着它在图片上滑动。
#
# **学完本章，你能**
#
# - 用几行 NumPy 算出卷积和最大池化；
# - 说出卷积核、特征图、步幅和填充是什么；
# - 做一个卷积核，让它找到你想找的东西。
#
# *双核约半分钟 · 对应原文“How convolution and pooling work”一节*
#
# 先看看我们要往哪里去。上面一行是四张小小的数字表，用颜色画出来：黄色大于 0，蓝色小于 0。每张表的下面，是它从左边那张图片算出来的东西。它们各自找到的是哪些线条？

# %% tags=["nbval-ignore-output"]
import petkeras as pk
from petkeras import visualize as pkv

pk.language.use("zh")
data = pk.course.load()
image = data.train.images[0]
pkv.plot_kernels(pkv.article_kernels(), image)

# %% [markdown]
# 这样的一张表叫做[卷积核](../../docs/glossary.md#kernel)（kernel），它从图片算出来的东西叫做[特征图](../../docs/glossary.md#feature-map)（feature map）。结果远大于 0 的地方，特征图是白的；远小于 0 的地方是黑的；等于 0 的地方是灰的。卷积核里的数就是它的[权重](../../docs/glossary.md#weight)（weight）。（原文的图 2 和图 3 用一只狗展示了同样的东西。）本章讲我们网络里的两种层，一种是卷积层（`conv`），有卷积核；另一种是池化层（pooling layer），没有卷积核：

# %%
pk.course.where("conv1_1", "conv1_2", "pool1", "conv2_1", "conv2_2", "pool2")

# %% [markdown]
# ## 一个窗口
#
# 一张灰度图片就是一张数字表；`x` 是很小的一张。卷积核是一张更小的表。把它放到 `x` 的左上角，就像开了一个窗口：透过它看到的那些数，叫做*图像块*（patch）。把其中每个数和压在它上面的数相乘，再把乘积加起来。要做的算术就这么多。

# %%
import numpy as np

x = np.random.default_rng(0).integers(0, 10, (6, 6))
kernel = np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]])

patch = x[0:3, 0:3]
print(patch * kernel)
print("和：", np.sum(patch * kernel))

# %% [markdown]
# ## 所有窗口
#
# 只要是卷积核放得下的位置，[卷积](../../docs/glossary.md#convolution)都这样做一遍。在一张 6 x 6 的数字表里，这样的位置有多少个？


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
# 下面让这个循环动起来，就像原文的一张图那样，不过用的是我们的数。随便挑一个窗口，自己把和算出来。对得上吗？

# %% tags=["nbval-ignore-output"]
pkv.animate_convolution(x, kernel)

# %% [markdown]
# TensorFlow 要你一次给它好几张图片，也就是一个[批次](../../docs/glossary.md#batch)（batch），而且每张图片都有[通道](../../docs/glossary.md#channel)（channel）：彩色图片有三个，红、绿、蓝。它还要好几个卷积核，并把它们叫做滤波器（filter）。这几样，我们都只有一个。看看注释里的形状：弄懂了形状，`tf.nn.conv2d` 就懂了一半。

# %%
import tensorflow as tf


def tf_convolve(x, kernel, strides=1, padding="VALID", dilations=1):
    x = tf.cast(x, tf.float32)[None, :, :, None]  # (1 张图片, 高, 宽, 1 个通道)
    kernel = tf.cast(kernel, tf.float32)[:, :, None, None]  # (高, 宽, 1 个通道, 1 个滤波器)
    return tf.nn.conv2d(x, kernel, strides, padding, dilations=dilations)[0, :, :, 0].numpy()


print(tf_convolve(x, kernel))

# %% [markdown]
# 还是那十六个数。**卷积就是这个循环。** 卷积层（convolutional layer）用许多卷积核做这件事，然后给每张特征图再加上一个数，叫做[偏置](../../docs/glossary.md#bias)（bias）。后面通常跟着一个 [ReLU](../../docs/glossary.md#relu)，它把小于 0 的数都换成 0。

# %% [markdown]
# **想一想。** 这个卷积核左边是正数，右边是负数。图像块要长成什么样，和才会很大？要长成什么样，和才会是 0？
#
# <details><summary>参考回答</summary>
#
# 左边亮，右边暗，因为这个和就是左边减右边。两边一样亮，和就是 0，比如在一片均匀的区域里，或者跨在一条水平边缘上。
#
# </details>

# %% [markdown]
# ## 卷积核没有转
#
# 在数学里，卷积要先把卷积核转半圈，再让它滑动。不转的话，就叫做*互相关*（cross-correlation）。网络省掉了这一转：卷积核既然是学出来的，转过来的样子也同样学得会。
#
# 在一张全是 0 的表里放一个 1，就能看出我们做的是哪一种。如果转了，出来的就是卷积核本来的样子，第一行是 1、2、3。这里出来的是什么？

# %%
lone = np.zeros((5, 5))
lone[2, 2] = 1
numbered = np.arange(1, 10).reshape(3, 3)
print(convolve(lone, numbered))

# %% [markdown]
# ## 步幅
#
# [步幅](../../docs/glossary.md#stride)（stride）是窗口每次移动的格数。到现在为止是 1。步幅为 2 时，窗口在两个方向上都隔一个位置停一次，剩下四分之一的数。它没有算出什么新东西，只是算得少了。

# %%
every_place = tf_convolve(x, kernel)
every_second = tf_convolve(x, kernel, strides=2)
print(every_place, "\n")
print(every_second)

# %% [markdown]
# **想一想。** 在第一张表里找出第二张表的四个数。它们在哪几行、哪几列？
#
# <details><summary>参考回答</summary>
#
# 在第一行和第三行，第一列和第三列。步幅为 2 时得到的，就是步幅为 1 时得到的，只是隔一个取一个。
#
# </details>

# %% [markdown]
# **练习 1。** 改一改步幅，让这张 9 x 9 的表算出 4 x 4 个数。

# %% tags=["exercise"]
table = np.arange(81, dtype="float32").reshape(1, 9, 9, 1)
ones = np.ones((3, 3, 1, 1), "float32")
output = tf.nn.conv2d(table, ones, strides=1, padding="VALID")
pk.check.chapter04.exercise_1(output)

# %% [markdown]
# <details><summary>答案</summary>
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
# ## 填充
#
# 到现在为止，卷积核只能待在表里面。TensorFlow 把这叫做 `VALID`。用 3 x 3 的卷积核，就会少掉两行和两列。用 `SAME` 时，先在表的外面围一圈 0，这就是[填充](../../docs/glossary.md#padding)（padding）。如果步幅为 1，输出就和输入一样大。

# %%
framed = np.pad(x, 1)
difference = convolve(framed, kernel) - tf_convolve(x, kernel, padding="SAME")
print("形状：", x.shape, "->", tf_convolve(x, kernel, padding="SAME").shape)
print("与我们围的一圈 0 相比，最大差别：", np.abs(difference).max())

# %% [markdown]
# 现在把步幅和填充放在一起。用 `SAME` 时，输出的大小等于输入的大小除以步幅，再向上取整。这里只要一行 0 和一列 0 就够了。TensorFlow 把它们放在哪里？注意看灰色的格子。

# %% tags=["nbval-ignore-output"]
pkv.animate_convolution(x, kernel, strides=2, padding="same")

# %% [markdown]
# 它们只出现在下边和右边。如果像前面那样四边都围上，步幅还是 2，得到的数一样多，却是另一些数。另一个库 PyTorch 就是那样做的。所以，把权重从一个库搬到另一个库，特征图会略有不同。

# %%
around = convolve(np.pad(x, 1), kernel)[::2, ::2]
at_the_end = convolve(np.pad(x, ((0, 1), (0, 1))), kernel)[::2, ::2]
theirs = tf_convolve(x, kernel, strides=2, padding="SAME")
print("TensorFlow:\n", theirs)
print("下边一行、右边一列：\n", at_the_end)
print("四边围一圈：\n", around)

# %% [markdown]
# ## 空洞
#
# *空洞*（dilated）卷积核是撑开的：它每隔一个数碰一个，所以九个权重覆盖了 5 x 5 个格子。这就等于一个更大的卷积核，空洞里都是 0。

# %%
spread = np.zeros((5, 5))
spread[::2, ::2] = kernel
print(convolve(x, spread), "\n")
print(tf_convolve(x, kernel, dilations=2))

# %% [markdown]
# 蓝色的格子是它碰到的。夹在中间的东西，它看不见。

# %% tags=["nbval-ignore-output"]
pkv.animate_convolution(x, kernel, dilations=2)

# %% [markdown]
# ## 卷积核在找什么
#
# 回到本页开头的四个卷积核。均匀的区域不管有多亮，出来都是灰色。这不是巧合：把每个卷积核里的数加起来看看。

# %%
for name, weights in pkv.article_kernels().items():
    even = np.full((7, 7), 200.0)
    print(f"{name:10}  和 {weights.sum():.0f}  结果 {np.sum(even * weights):.0f}")

# %% [markdown]
# **练习 2。** 自己做一个卷积核：在图片左暗右亮的地方，它的结果要大于 0。在均匀的区域里，以及在上暗下亮的地方，结果要等于 0。

# %% tags=["exercise"]
kernel = [
    [0, 0, 0],
    [0, 0, 0],
    [0, 0, 0],
]
pk.check.chapter04.exercise_2(kernel)

# %% [markdown]
# <details><summary>答案</summary>
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
# **想一想。** 这些卷积核是人做的。网络的卷积核一开始只是随机数。那么，是什么让它们也能找到线条？
#
# <details><summary>参考回答</summary>
#
# 训练：卷积核里的每个数都挪动一点点，一次又一次，让网络的答案错得越来越少（第 06 章）。如果线条有助于区分品种，最后就会练出能找到线条的卷积核。
#
# </details>

# %% [markdown]
# ## 动手试试
#
# 下面是探索器（explorer）里的一个小网络：先是那四个卷积核，后面是一个*池化层*，它从每四个数里留下最大的一个（后面还会讲池化）。有三件事可以试试：
#
# 1. 在“小网格”下面按“播放”，看窗口怎样移动，输出怎样一格格填满。
# 2. 趁它在动，改一改它下面那个卷积核里的一个数。输出会怎么变？
# 3. 在那一行层里选择 `pool`，看它从四个数里留下哪一个。
#
# （运行这个单元格之前，你看到的只是探索器的一张图片。）

# %%
import keras

layers = [pk.layers.Conv2D(4, 7, name="kernels"), pk.layers.MaxPool2D(name="pool")]
network = keras.Sequential([keras.Input(image.shape), *layers])
four = np.stack(list(pkv.article_kernels().values()), axis=-1)[:, :, None] / 3  # (7, 7, 1, 4)
layers[0].set_weights([np.repeat(four, 3, axis=2), np.zeros(4)])  # 三种颜色的均值
pk.explore(network, image[None], pixel_scale=255.0, tab="play")

# %% [markdown]
# **想一想。** 假设你要把找横线的卷积核改成找竖线的那个，一个数一个数地改。49 个数里要改多少个？
#
# <details><summary>参考回答</summary>
#
# 要改 28 个。在其中一个卷积核里，每一*行*都只有同一个数：一行是 4，两行是 1，四行是 -1.5。在另一个卷积核里，每一*列*都是这样。一个数，如果它那一行的值和那一列的值相同，就可以不动，这样的位置有 1 · 1 + 2 · 2 + 4 · 4 = 21 个。
#
# </details>

# %% [markdown]
# ## 通道
#
# 彩色图片是三张表，而我们网络的第二个卷积层，输入是 32 张表。这时卷积核和它的输入一样深，**所有**乘积都加进**一个**和里。这样的卷积核有 32 个，每个位置就出来 32 个数：32 张[特征图](../../docs/glossary.md#feature-map)。在循环里，只有求和变了：`np.tensordot` 把一个图像块同时和所有卷积核相乘，再把每个卷积核的乘积各自加起来。


# %%
def convolve_channels(x, kernels):  # (行, 列, 通道), (高, 宽, 通道, 滤波器)
    height, width, _, filters = kernels.shape
    output = np.zeros((x.shape[0] - height + 1, x.shape[1] - width + 1, filters))
    for row, column in np.ndindex(output.shape[:2]):
        patch = x[row : row + height, column : column + width]
        output[row, column] = np.tensordot(patch, kernels, axes=3)  # (滤波器,)
    return output


# %% [markdown]
# 下面让我们网络的第一层处理一整张图片。这一层还没有经过任何训练，有 32 个卷积核。我们算两次：一次用我们的循环，一次用 TensorFlow。（两者的舍入在第七位数字上有差别。）

# %%
kernels = pk.layers.Conv2D(filters=32, kernel_size=3)
kernels.build((None, *image.shape))
weights = kernels.kernel.numpy()
colors = np.pad(image / np.float32(255), ((1, 1), (1, 1), (0, 0)))

print("卷积核：", weights.shape)
by_hand = convolve_channels(colors, weights)
theirs = kernels(image[None] / np.float32(255))[0]
print("特征图：", by_hand.shape)
print(f"最大差别：{np.abs(by_hand - theirs).max():.4f}")

# %% [markdown]
# **想一想。** 第二个卷积层有 32 个卷积核，每个是 3 x 3，跨 32 个通道。这一共是多少个权重？图片里的一个位置要做多少次乘法？
#
# <details><summary>参考回答</summary>
#
# 有 3 · 3 · 32 · 32 = 9,216 个权重，外加 32 个偏置。在每个位置，每个权重用一次，所以也要做 9,216 次乘法。
#
# </details>

# %% [markdown]
# ## 池化
#
# [最大池化](../../docs/glossary.md#max-pool)（max pool）在每个窗口里留下最大的数，一个通道一个通道地做。它一个权重也没有。它的循环就是卷积的循环，只有最后一行不同。


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
# 下面让它动起来，和原文里一样：2 x 2 的窗口，每次移动 2 格，所以互不重叠。

# %% tags=["nbval-ignore-output"]
pkv.animate_max_pool(x)

# %% [markdown]
# 再来看两种填充，同步播放，窗口是 3 x 3，每次移动 1 格。池化不用 0 来填充：画了斜线的格子，TensorFlow 不理会。如果所有的数都小于 0，用 0 来填充会出什么错？

# %% tags=["nbval-ignore-output"]
pkv.animate_max_pool_paddings(x[:4, :4])

# %% [markdown]
# **练习 3。** 适合任何大小的池化。行数是奇数时，我们的 `max_pool` 会丢掉最后一行。写一个窗口为 2 x 2、步幅为 2 的池化，填充方式和 `SAME` 一样，让五行变成三行。要保证它对小于 0 的数也正确。（`np.pad` 有一个参数叫 `constant_values`。）


# %% tags=["exercise"]
def max_pool_same(x):
    return x


pk.check.chapter04.exercise_3(max_pool_same)

# %% [markdown]
# <details><summary>答案</summary>
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
# ## 池化有什么用
#
# 池化让特征图变小；动物稍微站偏一点，也就不那么要紧了。第一个作用很容易看到：下面是一张图片，用我们自己的层池化了一次、两次、三次。小到什么尺寸，你就看不出上面是什么了？

# %% tags=["nbval-ignore-output"]
smaller = [image[None].astype("float32")]
for _ in range(3):
    smaller.append(pk.layers.MaxPool2D()(smaller[-1]))
titles = [f"{each.shape[1]} x {each.shape[2]}" for each in smaller]
pkv.plot_pictures([each[0] for each in smaller], titles, columns=4)

# %% [markdown]
# 第二个作用可以测量。我们取卷积核 `outline`（轮廓）的特征图，用越来越大的窗口做池化，再把结果平移一个像素。这些数变了多少，占它们总和的百分之几？这里的窗口每次都移动 1 格，所以唯一的差别就是窗口的大小。


# %% tags=["nbval-ignore-output"]
def change(maps, size):
    pooled = tf.nn.max_pool2d(maps[None, :, :, None], size, 1, "VALID")[0, :, :, 0].numpy()
    return np.abs(pooled[:, 1:] - pooled[:, :-1]).sum() / pooled.sum()


outlines = np.maximum(pkv.apply_kernel(image, pkv.article_kernels()["outline"]), 0)
for size in (1, 2, 4, 8):
    print(f"窗口 {size} x {size}：变了 {change(outlines, size):.0%}")

# %% [markdown]
# **想一想。** 池化会忘掉最大的数在窗口的*哪里*。对什么样的任务来说，这是坏事？
#
# <details><summary>参考回答</summary>
#
# 凡是要问东西在*哪里*的任务都是，比如描出宠物的轮廓，或者给它的头画一个框。
#
# </details>

# %% [markdown]
# **改一改，看一看。** 在“一个窗口”这一节里，把卷积核的九个数都改成一样：`kernel = np.full((3, 3), 1 / 9)`。重新运行那个单元格和下一个单元格。输出里的每个数是什么？为什么它们之间的差别比 `x` 里的小？然后看看这样的卷积核会把一张图片变成什么样。在探索器里打开标签页“改”，按一下最大的那个空卷积核，再拖过卷积核的所有格子，把它们涂满。
#
# ## 三句话小结
#
# - 卷积核在输入上滑动；在每个位置，乘积加起来成为一个数。
# - 步幅让特征图变小，填充让它保持大小，每个滤波器都对所有通道求和。
# - 最大池化留下每个窗口里最大的数，它自己没有什么要学的。

# %% [markdown]
# ## 延伸阅读
#
# - V. Dumoulin, F. Visin, *A guide to convolution arithmetic for deep learning* (2016)，第 2 章和第 3 章：步幅和填充的每一种情况，都有一张图和一个公式。
# - I. Goodfellow, Y. Bengio, A. Courville, *Deep Learning* (2016)，第 9.1 节到第 9.3 节：互相关，以及为什么有了池化，网络就不那么在意东西在哪里。
# - F. Yu, V. Koltun, *Multi-Scale Context Aggregation by Dilated Convolutions* (2016)，第 2 节：带空洞的卷积核有什么用。
#
# 下一章：[05 · 从零搭建网络](05_the_network.ipynb)。走短路线的话：[08 · 训练](08_training.ipynb)。
