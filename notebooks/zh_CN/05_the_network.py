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
# # 05 · 从零搭建网络
#
# 一个层，就是两个权重数组加三个运算。这一章里，你会自己写一个层，看遍网络里的每个权重、每个形状，还会碰到一个权重：它看上去和别的没有两样，却从来不学习。
#
# **学完本章，你能**
#
# - 写一个自己创建权重的 Keras 层；
# - 说出从图片到答案，一路上每样东西的形状；
# - 揪出 Keras 不知道的权重。
#
# *双核约半分钟 · 对应原文“Building the network”一节*
#
# 动手之前，先看一个什么都没学过的网络：它的八个滤波器（filter）把一张图片变成了什么？它们的卷积核（kernel）都是随机数，得到的特征图（feature map）却不是噪声。这八个滤波器已经能分辨什么？

# %% tags=["nbval-ignore-output"]
import petkeras as pk
from petkeras import visualize as pkv

pk.language.use("zh")
data = pk.course.load()
size = data.mean.shape[0]
x = pk.preprocess(data.train.images[:10], data.mean, pk.MODERN)
model = pk.pet_net(image_size=size, recipe=pk.MODERN, seed=0)
maps = pkv.feature_maps(model, x[:1], ["conv1_1"])["conv1_1"][0]
pkv.plot_feature_maps(maps, "八个未经训练的滤波器眼中的图片", filters=range(8))

# %%
pk.course.where("conv1_1", "conv1_2", "pool1", "conv2_1", "conv2_2", "pool2", "fc1", "softmax")

# %% [markdown]
# ## 运算和它的权重
#
# 2017 年，人们把一个层写成两个变量加三个运算，今天你仍然可以这样写。我们需要四个处理彩色图片的卷积核和四个偏置（bias），然后是一次卷积（convolution）、一次加法、一次 [ReLU](../../docs/glossary.md#relu)。十张图片进去，出来的是什么？

# %%
import tensorflow as tf

kernel = tf.Variable(tf.random.stateless_truncated_normal((3, 3, 3, 4), seed=(0, 5), stddev=0.1))
bias = tf.Variable(tf.zeros(4))

maps = tf.nn.conv2d(x, kernel, strides=1, padding="SAME")
maps = tf.nn.bias_add(maps, bias)
maps = tf.nn.relu(maps)
print(x.shape, "->", maps.shape)

# %% [markdown]
# **想一想。** 卷积核有四个轴。每个轴是做什么用的？哪一个必须和图片对得上？
#
# <details><summary>参考回答</summary>
#
# 它们是窗口的高、窗口的宽、进来的通道（channel），以及滤波器，也就是出去的通道。第三个必须和图片的颜色数对得上。
#
# </details>

# %% [markdown]
# ## 一个层：先有权重
#
# [层](../../docs/glossary.md#layer)（layer）把权重和运算放在一起。第一个输入到来时，Keras 会调用一次 `build`，因为到这时才知道有多少个通道。`add_weight` 创建一个权重，并把它加到这个层的清单里。

# %%
import keras


class Weights(keras.layers.Layer):
    def build(self, input_shape):
        shape = (3, 3, input_shape[-1], 4)
        self.kernel = self.add_weight(shape=shape, initializer="he_normal", name="kernel")
        self.bias = self.add_weight(shape=(4,), initializer="zeros", name="bias")


# %% [markdown]
# 还没有图片经过这个层；它只需要知道图片的形状。看看 Keras 手里的清单。

# %%
layer = Weights()
print("之前：", layer.weights)
layer.build((None, size, size, 3))
for weight in layer.trainable_weights:
    print(weight.name, weight.shape)
print("要学多少个数：", layer.count_params())

# %% [markdown]
# **练习 1。** 数一数。改一下滤波器的个数，让这个层正好有 756 个数要学。

# %% tags=["exercise"]
layer = pk.layers.Conv2D(filters=1, kernel_size=3)
layer.build((None, 64, 64, 3))
pk.check.chapter05.exercise_1(layer)

# %% [markdown]
# <details><summary>答案</summary>
#
# ```python
# layer = pk.layers.Conv2D(filters=27, kernel_size=3)
# layer.build((None, 64, 64, 3))
# pk.check.chapter05.exercise_1(layer)
# ```
#
# </details>

# %% [markdown]
# ## 再有运算
#
# 每个批次（batch）到来时做的事，都写在 `call` 里：就是上面那三个运算。


# %%
class Convolution(Weights):
    def call(self, x):
        x = tf.nn.conv2d(x, self.kernel, strides=1, padding="SAME")  # (B, H, W, 4)
        x = tf.nn.bias_add(x, self.bias)
        return tf.nn.relu(x)


ours = Convolution()
print(ours(tf.zeros((10, 32, 32, 3))).shape)

# %% [markdown]
# petkeras 里的层做的是同样的事。给两者相同的权重，就得到相同的特征图。下面是它们之间的最大差别。

# %%
theirs = pk.layers.Conv2D(filters=4, kernel_size=3, activation="relu")
theirs.build(x.shape)
theirs.set_weights(ours.get_weights())
print(float(tf.reduce_max(tf.abs(ours(x) - theirs(x)))))

# %% [markdown]
# 下面是 petkeras 的写法。`build` 的前两行检查输入是否合适；正则化（regularization）、约束和空洞卷积都是选项，你不开，它们就什么也不做；剩下的你都认识。（训练时，`pk.train` 会用更快的办法算其中两个梯度，得到的值除了舍入误差都一样：见 `petkeras/hardware/fast_gradients.py`。）

# %%
import inspect

print(inspect.getsource(pk.layers.Conv2D.build))
print(inspect.getsource(pk.layers.Conv2D.call))

# %% [markdown]
# **练习 3。** 写一个你自己的层。我们的网络在全连接层（dense layer）之前，用 `Flatten` 把所有特征图里的所有数排成长长的一行。较新的网络不这样做，而是把每张特征图变成一个数，也就是它的均值：`(batch, height, width, channels)` 变成 `(batch, channels)`。请写出这个层。


# %% tags=["exercise"]
class MeanOfMaps(keras.layers.Layer):
    def call(self, x):
        return x


pk.check.chapter05.exercise_3(MeanOfMaps)

# %% [markdown]
# <details><summary>答案</summary>
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
# ## 从来不学习的权重
#
# 2017 年，权重就是一个 `tf.Variable`，就像本章第一节那样。如果一个层里放着这样的变量，会怎么样？它能运行，算出来的东西也一样，而且没有任何报错。


# %%
class Forgotten(Convolution):
    def build(self, input_shape):
        shape = (3, 3, input_shape[-1], 4)
        self.kernel = tf.Variable(tf.random.stateless_normal(shape, seed=(0, 5)))
        self.bias = tf.Variable(tf.zeros(4))


forgotten = Forgotten()
print(forgotten(tf.zeros((10, 32, 32, 3))).shape)

# %% [markdown]
# 可是 Keras 不知道这些是权重。模型只训练、只保存清单里的东西，而这个层的清单是空的：

# %%
print("可训练权重：", forgotten.trainable_weights)
print("全部的权重：", forgotten.weights)
print("要学多少个数：", forgotten.count_params())

# %% [markdown]
# 把这两个层分别放进一个小网络，两个网络都训练五步，看看各自的卷积核挪了多远。两个网络末尾的全连接层都在学，所以两边的损失都会下降。就这样过上好几天，你也不会起一点疑心。


# %%
def movement(first):
    """训练一个以这个层开头的网络，返回它的卷积核最多挪了多远。"""
    layers = [first, pk.layers.Flatten(), pk.layers.Dense(2)]
    network = keras.Sequential([keras.Input((size, size, 3)), *layers])
    before = first.kernel.numpy()
    adam = pk.optimizers.Adam(0.001)
    for _ in range(5):
        pk.train_step(network, adam, x, data.train.labels[:10])
    return abs(first.kernel.numpy() - before).max()


# %%
print(f"用 add_weight 创建：{movement(Convolution()):.3f}")
print(f"直接用 tf.Variable：{movement(Forgotten()):.3f}")

# %% [markdown]
# 层把数放在别的地方，结果也一样：放在数组里，放在张量里，放在 `tf.Variable` 的列表里，都不行。只有用 `add_weight` 创建的权重，或者 `keras.Variable`，才在清单里。写原文的那个时候正相反：TensorFlow 有一张清单，创建过的每个变量都在上面，而且全部参加训练。


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
# **想一想。** 如果你手里只有模型的摘要，怎样才能发现这个问题？
#
# <details><summary>参考回答</summary>
#
# 数一数就知道。`model.summary()` 显示这个层有 0 个参数，可它应该有 112 个：3 · 3 · 3 · 4 个权重，再加四个偏置。
#
# </details>

# %% [markdown]
# **练习 2。** 修一修。这个层给每个通道乘上一个各自的系数，但它永远学不会这些系数。


# %% tags=["exercise"]
class Scale(keras.layers.Layer):
    def build(self, input_shape):
        self.factor = tf.Variable(tf.ones(input_shape[-1]))

    def call(self, x):
        return x * self.factor


pk.check.chapter05.exercise_2(Scale)

# %% [markdown]
# <details><summary>答案</summary>
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
# ## 整个网络
#
# 整个网络就在这里，petkeras 就是这样搭的：每一行都接过上一行的输出。行末的形状是原文的，对应边长 224 像素的图片。

# %%
source = inspect.getsource(pk.pet_net)
print(source[source.index("    # The shapes are") :])

# %% [markdown]
# 不用创建一个权重，你就能推算出一路上的每个形状：告诉层什么进去，它就能告诉你什么出来。我们从十张边长 224 像素的图片开始，最后得到十行，每行两个 [logit](../../docs/glossary.md#logits)（未归一化得分），每个品种一个。哪些层会让特征图变小？

# %%
shape = (10, 224, 224, 3)
for layer in model.layers[1:]:
    bare = layer.from_config(layer.get_config())  # 同一种层，没有权重
    shape = bare.compute_output_shape(shape)
    print(f"{layer.name:8} {type(layer).__name__:10}", *shape)

# %% [markdown]
# 下面是全部权重，按本课程所用的图片边长来算。哪一层的权重最多？（第 02 章数过边长 224 像素时的权重。）

# %% tags=["nbval-ignore-output"]
for weight in model.trainable_weights:
    print(f"{weight.path:16} {tuple(weight.shape)!s:16} {weight.value.numpy().size:>10,}")

# %% [markdown]
# ## 学习之前，它看到什么
#
# 回到本章的第一张图。下面就是得到它的那八个卷积核（对各颜色取了均值）。它们全是随机数。

# %% tags=["nbval-ignore-output"]
pkv.plot_kernels(pkv.layer_kernels(model, "conv1_1", filters=range(8)))

# %% [markdown]
# 现在来摸一摸它们。在探索器（explorer）里，指向大特征图上的一个像素。你会看到这个像素看到的窗口、卷积核，以及两者乘积的和，你的 `call` 算的就是这个和。再移到图片中平淡无奇的地方，指一个像素：这个和有什么变化？（运行这个单元格之前，你看到的只是探索器的一张图片。）

# %%
pk.explore(model, data=data, pixel_scale=pk.MODERN.pixel_scale, layer="conv1_1", tab="look")


# %% [markdown]
# **想一想。** 接着看 `conv1_2`。它的一个像素是多少个乘积的和？在特征图的角上，又有多少个乘积因为落在图外而等于 0？
#
# <details><summary>参考回答</summary>
#
# 3 · 3 · 32 = 288 个：32 张输入特征图，每张的窗口里每个数都对应一个乘积。在角上，九个格子里有五个是填充（padding），所以有 160 个乘积是 0。
#
# </details>

# %% [markdown]
# ## 权重从哪里出发
#
# 在原文里，不管哪一层，卷积核和全连接层的权重都取自标准差为 0.1 的正态分布。我们的现代配方（recipe）用的是 $\sqrt{2 / n}$，其中 $n$ 是加在一起的输入有多少个。这就是 He [初始化](../../docs/glossary.md#initializer)（initialization），它的目的是让数的大小一层一层传下去都差不多。它做到了吗？


# %%
def spread(recipe, names=("conv1_1", "conv1_2", "conv2_1", "conv2_2", "fc1")):
    """返回每层对十张图片的均方根，用图片均方根的倍数表示。"""
    network = pk.pet_net(image_size=size, recipe=recipe, seed=0)
    outputs = keras.Model(network.inputs, [network.get_layer(name).output for name in names])(x)
    root = [float(tf.sqrt(tf.reduce_mean(each**2) / tf.reduce_mean(x**2))) for each in outputs]
    return dict(zip(names, root, strict=True))


# %% tags=["nbval-ignore-output"]
import dataclasses

article = spread(dataclasses.replace(pk.ARTICLE, dense_bias=0.0))
modern = spread(pk.MODERN)
for name in article:
    print(f"{name}：原文 {article[name]:.1f}，He {modern[name]:.1f}")

# %% tags=["nbval-ignore-output"]
import matplotlib.pyplot as plt

plt.style.use(pkv.style.STYLE)  # petkeras 自己的图用的样式
figure, axis = plt.subplots(figsize=(8, 3))
for name, each in {"原文：一律 0.1": article, "现代：He": modern}.items():
    axis.plot(each.keys(), each.values(), "o-", label=name)
axis.axhline(1, color="gray", linewidth=1)
axis.set(title="数的大小（图片的多少倍）", yscale="log")
axis.legend()
plt.close(figure)
pkv.describe(figure, "两条线：一律用 0.1，数越来越大；用 He，数的大小保持平稳。")

# %% [markdown]
# 第一层里只有 27 个数相加，0.1 就太小了；`fc1` 里有好几千个数相加，0.1 又太大了。
#
# **想一想。** 图片边长是 224 像素时，`fc1` 里相加的数是边长 64 像素时的 12 倍。两条曲线的最后一点会怎么样？（logit 很大时损失会怎样，见第 06 章。）
#
# <details><summary>参考回答</summary>
#
# 这些数有的大于 0，有的小于 0；相加的数多到 12 倍，加起来的和就大约是原来的 $\sqrt{12} \approx 3.5$ 倍。所以原文的最后一点也会升高到这么多倍。He 的权重也缩小同样的倍数，所以它的最后一点留在原处。
#
# </details>

# %% [markdown]
# ## 随机失活（dropout）的两副面孔
#
# 训练时，[dropout](../../docs/glossary.md#dropout) 把一部分数设为 0，把其余的放大；训练之外，它什么也不做。要当心它收的那个数：原文给的是*保留*的比例，0.2；今天的层要的是*丢弃*的比例，0.8。

# %%
drop = pk.layers.Dropout(rate=0.8, seed=0)
ones = tf.ones((1, 10_000))
print("训练时：  ", sorted(set(drop(ones, training=True).numpy().ravel().round(3).tolist())))
print("其他时候：", sorted(set(drop(ones, training=False).numpy().ravel().tolist())))
print(f"训练时的均值：{tf.reduce_mean(drop(ones, training=True)):.1f}")

# %% [markdown]
# **想一想。** 如果把 0.2 原样照抄，你的测试准确率会怎么样？如果忘了写 `training=False` 呢？
#
# <details><summary>参考回答</summary>
#
# 第一种情况，你丢弃的是 20%，而不是 80%。这样防死记硬背的作用小得多，你的网络更接近第 10 章里没有 dropout 的那个。第二种情况，你测试的是一个丢了大部分数的网络，而且每次调用丢的都不一样：它的答案会变来变去，答错的也更多。
#
# </details>

# %% [markdown]
# **改一改，看一看。** 在第一个单元格和 `spread` 里，给网络换一个随机种子（seed），也就是 `seed=1`，再把所有单元格运行一遍。八个滤波器还能分清明暗吗？原文的曲线又有多依赖随机种子？
#
# ## 三句话小结
#
# - 层在 `build` 里用 `add_weight` 创建权重，在 `call` 里使用它们。
# - 直接用 `tf.Variable`，它就从来不学习，而且没有任何报错。
# - 随机权重选得好，数的大小一层一层传下去都差不多。

# %% [markdown]
# ## 延伸阅读
#
# - Keras 指南 *Making new layers and models via subclassing*：`build`、`call`
#   和 `add_weight` 能做的一切。
# - K. He, X. Zhang, S. Ren, J. Sun, *Delving Deep into Rectifiers* (2015)，第 2.2 节：$\sqrt{2/n}$ 是怎么来的。
# - M. Lin, Q. Chen, S. Yan, *Network In Network*
#   (2014)，第 3.2 节：用特征图的均值代替全连接层，就像练习 3 那样。
#
# 下一章：[06 · 损失、梯度与 Adam](06_loss_gradient_adam.ipynb)。
