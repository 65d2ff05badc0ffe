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
# # 02 · 选择模型
#
# 这一章，你要拆开三个网络，它们都还什么也没学过。其中两个是 2014 年一场比赛的冠军和亚军，第三个是本课程要训练的小网络。
#
# **学完本章，你能**
#
# - 说出一个网络的权重（weight）在哪里，活儿又是在哪里干的；
# - 亲手数出一层有多少个权重；
# - 说出一个单元（unit）能看到图片多大的一块。
#
# *双核约十五秒 · 对应原文“Choosing a model”一节*
#
# 这就是本课程的网络（原文的图 1）。它按比例画成，里面画的是：还什么都没学的时候，它把一张图片变成了什么样子。跟着图片从左往右看：什么在变小，什么在变多？

# %% tags=["nbval-ignore-output"]
import petkeras as pk
from petkeras import visualize as pkv

pk.language.use("zh")
data = pk.course.load()
image = data.train.images[0]
model = pk.pet_net(image_size=len(image), recipe=pk.MODERN, seed=0)
x = pk.preprocess(image[None], data.mean, pk.MODERN)
pkv.plot_architecture(model, x, image)

# %% [markdown]
# 每一摞都是一层的[特征图](../../docs/glossary.md#feature-map)（feature map）。有四层是[卷积](../../docs/glossary.md#convolution)（convolution）；有两层是[池化](../../docs/glossary.md#max-pool)（pooling），它们让特征图的宽和高都减半；最后的两根长条是全连接层（dense layer）。这一章，它们全都要讲到：

# %%
pk.course.where("conv1_1", "conv1_2", "pool1", "conv2_1", "conv2_2", "pool2", "fc1", "softmax")

# %% [markdown]
# **想一想。** 在最前面的特征图里，你还认得出这张图片；到了最后，就几乎认不出来了。网络把它弄丢了吗？
#
# <details><summary>参考回答</summary>
#
# 丢得不多，只是换了一种写法。图片边长是 64 像素时，一张图片有 12,288 个数，`pool2` 的 64 张特征图有 16,384 个数，位置绰绰有余。池化会忘记最大的数在窗口的什么地方，ReLU 会忘记 0 以下的一切。留下来的，是某样东西在一个地方有多少，而不是那里有多亮。
#
# </details>

# %% [markdown]
# ## 权重是什么
#
# 卷积有一些小小的数字表，叫做[卷积核](../../docs/glossary.md#kernel)（kernel）。它把一个卷积核依次盖在图片的每个位置上，上下重叠的数两两相乘，再把乘积加起来，就得到特征图的一个像素。第 04 章会一步一步地做给你看。卷积核里的数就是*权重*：网络学的就是它们。`conv1_1` 一开始就有许多 3 x 3 的卷积核，下面是其中四个。在其中一个里面，你看到几个数？

# %% tags=["nbval-ignore-output"]
pkv.plot_kernels(pkv.layer_kernels(model, "conv1_1", filters=range(4)))

# %% [markdown]
# 彩色图片有红、绿、蓝三个通道（channel），所以 `conv1_1` 的一个卷积核有 3 x 3 x 3 = 27 个数。（上面画的是三种颜色的均值。）*全连接*层由*单元*组成。每个单元都接收前一层送来的所有数，并且给每个数配一个权重。

# %% [markdown]
# ## 每一层要花多少
#
# 原文用的图片边长是 224 像素，另外两个网络也一样。下面是我们的网络在这个边长下的样子，一层一层地列出来。*乘加*（multiply-add）就是处理一张图片的工作量；图里的 1 MMAC 是一百万次乘加，1 GMAC 是十亿次。为了在小机器上也放得下，这里的网络用 16 位的数，所以它的每个输出占两个字节。（下面的表给每个权重算四个字节。）哪一层的权重最多？哪些层干的活最多？

# %% tags=["nbval-ignore-output"]
large = pk.pet_net(dtype="float16", seed=0)
pkv.plot_costs(large)

# %% [markdown]
# 同样的内容，列成表：

# %%
pkv.cost_table(large)

# %% [markdown]
# ## 一亿多个权重
#
# 原文说，它的网络有一亿多个权重。准确地说，是 102,827,554 个，加起来用不了多久。一个卷积的权重数是 (高 x 宽 x 通道数 + 1) x 滤波器（filter）数，其中的 1 是偏置（bias）；图片多大都没有关系。一个全连接层的权重数是 (输入数 + 1) x 单元数。

# %%
channels = [(3, 32), (32, 32), (32, 64), (64, 64)]
convolutions = sum((3 * 3 * before + 1) * after for before, after in channels)
fc1 = (56 * 56 * 64 + 1) * 512
last = (512 + 1) * 2
print(f"四个卷积          {convolutions:>11,}")
print(f"fc1               {fc1:>11,}")
print(f"softmax           {last:>11,}")
print(f"合计              {convolutions + fc1 + last:>11,}")
print(f"fc1 占            {fc1 / (convolutions + fc1 + last):>11.2%}")

# %% [markdown]
# **想一想。** 训练图片大约有 340 张，平均每张摊到 300,000 个权重。这样的网络不去学习，还能做什么？
#
# <details><summary>参考回答</summary>
#
# 它可以死记硬背，把图片一张一张地分别记住，根本不去管它们有什么共同点。在第 10 章里，它就是这么做的。
#
# </details>

# %% [markdown]
# **练习 1。** 一千万。要让我们的网络少于一千万个权重，图片边长最大是多少？

# %% tags=["exercise"]
image_size = 224
pk.check.chapter02.exercise_1(image_size)

# %% [markdown]
# <details><summary>答案</summary>
#
# `fc1` 看到的特征图，宽是图片的四分之一。特征图的宽是 $s$ 时，权重有 $(64 s^2 + 1) \cdot 512$ 个，而合乎要求的最大的 $s$ 是 17。
#
# ```python
# image_size = 4 * 17
# pk.check.chapter02.exercise_1(image_size)
# ```
#
# </details>

# %% [markdown]
# **练习 2。** 下面要讲的 GoogLeNet 没有大的全连接层。图片边长是 224 像素时，`pool2` 把 64 张 56 x 56 的特征图交给我们的 `fc1`，它有 512 个单元。如果只把每张特征图的均值交给 `fc1`，它会有多少个权重？

# %% tags=["exercise"]
weights = 56 * 56 * 64 * 512 + 512
pk.check.chapter02.exercise_2(weights)

# %% [markdown]
# <details><summary>答案</summary>
#
# ```python
# weights = 64 * 512 + 512
# pk.check.chapter02.exercise_2(weights)
# ```
#
# </details>

# %% [markdown]
# ## VGG16：一样的搭法，只是更深
#
# 我们的网络，搭法和 VGG16 的开头一样，只是滤波器少一半。在 2014 年 ImageNet 比赛的图片分类项目里，VGG16 得了第二名。它没有别的，就是十三个 3 x 3 的卷积和五个 2 x 2 的池化，后面再接三个全连接层。去掉全连接层，它就小得可以在这里搭出来。

# %% tags=["nbval-ignore-output"]
import keras

vgg16 = keras.applications.VGG16(weights=None, include_top=False, input_shape=(224, 224, 3))
pkv.plot_costs(vgg16)

# %% [markdown]
# 看看工作量。池化让特征图越来越小，滤波器却越来越多，所以大多数层要干的活都差不多。最上面还有三个全连接层，分别有 4096、4096 和 1000 个单元，做点算术就够了。

# %%
top, inputs = 0, 7 * 7 * 512
for units in (4096, 4096, 1000):
    top += (inputs + 1) * units
    inputs = units
below = vgg16.count_params()
print(f"13 个卷积       {below:>11,}")
print(f"3 个全连接层    {top:>11,}")
print(f"合计            {below + top:>11,}")
print(f"全连接层占      {top / (below + top):>11.0%}")

# %% [markdown]
# VGG16 的权重，只比我们的四个卷积加 `fc1` 多三分之一。可是说到工作量，两者就差得远了：

# %%
ours = sum(row.multiply_adds for row in pkv.costs(large))
theirs = sum(row.multiply_adds for row in pkv.costs(vgg16)) + 7 * 7 * 512 * 4096 + 4096 * 5096
print(f"一张图片的乘加次数（单位：十亿）：{ours / 1e9:.1f} 和 {theirs / 1e9:.1f}")
del large  # 200 MB

# %% [markdown]
# **想一想。** 手机既要存下权重，又要干活。想让我们的网络少存一点，你会砍哪里？想让它少干一点活，又砍哪里？
#
# <details><summary>参考回答</summary>
#
# 想少存，就砍 `fc1`：它有 99.9% 的权重（练习 2 让它变小）。可是它只干 8% 的活。想少干活，就砍 `conv1_2` 和 `conv2_2`，它们各自都干了三分之一以上的活：可以少用一些滤波器，或者加大步幅（stride）。
#
# </details>

# %% [markdown]
# ## 为什么是 3 x 3？
#
# 两个 3 x 3 的卷积接在一起，看到的图片范围和一个 5 x 5 的一样大；三个接在一起，和一个 7 x 7 的一样大。下面是它们的花费，输入和输出都是 64 个通道：

# %%
for small, wide in ((2, 5), (3, 7)):
    many = small * 3 * 3 * 64 * 64
    one = wide * wide * 64 * 64
    print(f"{small} 个 3 x 3：{many:,} 个权重。  1 个 {wide} x {wide}：{one:,} 个。  {many / one:.0%}")

# %% [markdown]
# 而且，它们中间还能多放一个 ReLU。这就是 VGG 的理由，后来几乎所有的网络都照着做了。

# %% [markdown]
# ## GoogLeNet：几种窗口并排放
#
# 2014 年的冠军 GoogLeNet 问的是另一个问题：窗口到底该多大？它的回答是 [Inception 模块](../../docs/glossary.md#inception-module)（inception module）：1 x 1、3 x 3、5 x 5，再加一个池化，并排放着，得到的特征图摞在一起。下面是它的第一个模块，输入的特征图是 28 x 28，有 192 个通道。名叫 `squeeze` 的那些 1 x 1 卷积，先把许多通道变成少数几个。这有什么好处？


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
# 不做压缩（squeeze），得到同样的 256 张特征图，花费就是两倍多：

# %%
squeezed = inception.count_params()
branches = [(1, 64), (3, 128), (5, 32), (1, 32)]  # 窗口和滤波器数
direct = sum((192 * window * window + 1) * filters for window, filters in branches)
print(f"压缩 {squeezed:,}，不压缩 {direct:,}：{direct / squeezed:.1f} 倍")

# %% [markdown]
# 把九个这样的模块接起来，最后不用大的全连接层，而是取每张特征图的均值：这就是 GoogLeNet。它大约有 700 万个权重，是 VGG16 的二十分之一，答对的却更多。
#
# **想一想。** 对 340 张图片来说，三个网络里哪个最好？如果可以先用另外一百万张图片来学习，又是哪个最好？（第 12 章会试一试。）
#
# <details><summary>参考回答</summary>
#
# 光看这些数目，谁也说不准，得试一试才知道。一个有一亿个权重的网络，可以从 340 张图片里学会答对（第 10 章），也可以只是死记硬背。如果先有另外一百万张，那还是深的网络最好：第 12 章有测出来的结果。
#
# </details>

# %% [markdown]
# ## 一个单元看得多远
#
# 特征图里的每个数，也是一个单元。单元的[感受野](../../docs/glossary.md#receptive-field)（receptive field），就是图片里它能看到的那一块，再往外就看不到了。每个 3 x 3 的卷积都给它加上一圈边；过了一次池化，这圈边用像素来量就宽了一倍。

# %%
for field in pkv.receptive_fields(model):
    if "drop" not in field.name:
        print(f"{field.name:8} 看到 {field.height:2} x {field.width:2} 像素")
field = pkv.receptive_fields(vgg16)[-1]
print(f"VGG16 的最后一次池化：{field.height} x {field.width}")

# %% [markdown]
# 在每一层的正中间取一个单元。上面一行是它看到的那一块图片；下面一行把这一块放大，显示里面的每个像素对这个单元的影响有多强。这些像素的分量都一样吗？

# %% tags=["nbval-ignore-output"]
pkv.plot_receptive_field(model, x, image)

# %% [markdown]
# 所以，我们网络的卷积和池化全部走完，没有哪个单元看到的范围超过 16 x 16 像素。在边长 224 像素的图片里，这顶多是一只耳朵。把耳朵和尾巴拼到一起，全要靠 `fc1`，它那一亿个权重就是这么来的。在 VGG16 里，最后那个池化的一个单元，已经看到了几乎整张图片。
#
# **想一想。** 在默认设置下，本课程的图片比原文的小。图片边长是 64 像素时，16 x 16 的感受野里放得下什么？边长是 224 像素时，又放得下什么？
#
# <details><summary>参考回答</summary>
#
# 图片边长是 64 像素时，感受野的宽是图片的四分之一，放得下一整个头。边长是 224 像素时，只有图片的十四分之一宽，同一个头，只放得下一只眼睛，或者一个耳朵尖。
#
# </details>

# %% [markdown]
# **练习 3。** 看得多远。写一个函数，输入的是各层的数对（窗口，步幅），从图片那一头排起。它返回最后一层的一个单元沿着一条边能看到多少个像素。提示：记住两个数，一个是单元看得多远，另一个是相邻的两个单元隔着多少个像素。


# %% tags=["exercise"]
def sees(layers):
    pixels = 1
    for window, _stride in layers:
        pixels += window - 1
    return pixels


pk.check.chapter02.exercise_3(sees)

# %% [markdown]
# <details><summary>答案</summary>
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
# **改一改，看一看。** 在第一个单元格里，载入边长 32 像素的图片：`data = pk.course.load(32)`。图上什么变了，什么还是老样子？然后在有 `pkv.plot_costs(large)` 的单元格里，也把边长减半：`pk.pet_net(image_size=112, dtype="float16", seed=0)`。宽度减半，`fc1` 的权重会变成多少？
#
# ## 三句话小结
#
# - 卷积的权重有多少，和图片的大小无关；全连接层的有关。
# - 我们网络的权重，几乎全在 `fc1` 里；活儿几乎全是卷积干的。
# - 最后一个卷积的单元，只看到一个小窗口：把各部分拼起来，要靠 `fc1`。

# %% [markdown]
# ## 延伸阅读
#
# - K. Simonyan, A. Zisserman, *Very Deep Convolutional Networks for Large-Scale Image Recognition*
#   (2015)，第 2 节：VGG16，以及为什么是 3 x 3。
# - C. Szegedy 等，*Going Deeper with Convolutions*, CVPR 2015，第 4 节和第 5 节：Inception
#   模块，以及一层一层的 GoogLeNet。
# - A. Araujo, W. Norris, J. Sim, *Computing Receptive Fields of Convolutional Neural Networks*,
#   Distill (2019)。
#
# 下一章：[03 · 准备数据集](03_building_the_data_set.ipynb)。
