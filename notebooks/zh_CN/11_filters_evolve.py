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
# # 11 · 滤波器的演变
#
# 滤波器（filter）一开始是随机数，最后变成能帮忙区分两个品种的东西。在这一章里，你会把这个过程拍成影片，用任意一张图片重放，并测量哪些层动了。
#
# **学完本章，你能**
#
# - 在网络学习的时候给它的滤波器拍影片，并把影片存成 GIF；
# - 在探索器里用任意一张图片，回到录下来的任何一步；
# - 说出哪些卷积核（kernel）动了，动了多远，为什么最前面的几乎没动。
#
# *双核约一分钟 · 对应原文“Visualizing filters”一节*
#
# 原文每 50 步给几个滤波器存一张图片，再把这些图片做成 GIF。`pk.train` 会替你做这件事。运行下面的单元格：它先训练一会儿，然后播放四个滤波器的影片。什么是一开始就有的？什么变暗了？

# %% tags=["nbval-ignore-output"]
import dataclasses

import petkeras as pk
from petkeras import visualize

pk.language.use("zh")
data = pk.course.load()
film = pk.Film({"conv1_1": [0, 1, 2, 3], "conv1_2": [0, 1, 2, 3], "conv2_2": [0, 1, 2, 3]})
recipe = dataclasses.replace(pk.MODERN, epochs=8, film_every=10)
run_dir = pk.course.scratch()
model = pk.pet_net(image_size=data.mean.shape[0], recipe=recipe, seed=0)
history = pk.train(model, data, recipe, run_dir, verbose=False, film=film)
visualize.animate_evolution(run_dir, "conv1_2")

# %% [markdown]
# 同一种颜色，在每一帧里都表示同一个值。拍下来的是这几层：

# %%
pk.course.where("conv1_1", "conv1_2", "conv2_2")

# %% [markdown]
# ## 拍下了什么
#
# 每隔 `film_every` 步，一个回调（callback）把一张图片送进网络，记录 `Film` 里列出的那些滤波器的[特征图](../../docs/glossary.md#feature-map)（feature map）。每 50 步录一帧，比这些步本身的用时只多不到百分之一；我们这里每 10 步录一帧。开头还有一帧，结尾也有一帧。它们是在哪些步录下的？

# %%
evolution = visualize.Evolution(run_dir)
print(*evolution.steps)

# %% [markdown]
# **想一想。** 如果一个滤波器最后在这张图片上处处都暗，它是死了，还是在等另一张图片？你怎么弄清楚？
#
# <details><summary>参考回答</summary>
#
# 把所有训练图片都给它看一遍。如果在每一张上，它的特征图都处处为 0，就再也没有梯度（gradient）能通过它的 ReLU，它也就不太可能恢复了。（练习 3 会找出在一张图片上为 0 的滤波器。）
#
# </details>

# %% [markdown]
# **练习 1。** 像原文那样训练，每轮（epoch）34 步，一共 400 轮。影片在开头留一帧，然后每 50 步留一帧。它有多少帧？

# %% tags=["exercise"]
frames = None
pk.check.chapter11.exercise_1(frames)

# %% [markdown]
# <details><summary>答案</summary>
#
# ```python
# frames = 1 + 34 * 400 // 50  # 开头一帧，再加 272 帧
# pk.check.chapter11.exercise_1(frames)
# ```
#
# </details>

# %% [markdown]
# ## conv2_2 的滤波器
#
# `conv2_2` 在网络的更深处。它的特征图只有一半宽、一半高，其中每个值取决于图片里的 14 x 14 个像素。

# %% tags=["nbval-ignore-output"]
visualize.animate_evolution(run_dir, "conv2_2")

# %% [markdown]
# **想一想。** 和 `conv1_2` 的滤波器相比，这些滤波器变化得更早，还是更晚？
#
# <details><summary>参考回答</summary>
#
# 光看特征图很难判断。下面的曲线讲的是卷积核：不论是画出来的宠物还是照片，`conv2_2` 的卷积核都比 `conv1_2` 的移动得远，但远得不多。
#
# </details>
#
# ## 之前与之后
#
# 下面是第一帧和最后一帧，各用各的颜色刻度。

# %% tags=["nbval-ignore-output"]
maps = evolution.maps("conv1_2", [0, -1])
visualize.plot_before_after(maps[0], maps[1])

# %% [markdown]
# ## 任意图片，任意一步
#
# 影片还保存了每一帧的卷积核，所以探索器（explorer）能让你看到，在那一步，它们会把*任何*一张图片变成什么样。试试看：把滑块从第一步移到最后一步，观察特征图旁边的卷积核；然后换一张图片，再来一遍。（运行这个单元格之前，你看到的只是探索器的一张图片。）

# %%
pk.explore(run_dir, data=data, layer="conv1_2", tab="time")

# %% [markdown]
# **想一想。** 找一张特征图，它在一张图片上最后变暗了。在别的图片上，它也是暗的吗？

# %% [markdown]
# ## 哪些卷积核动了
#
# 原文发现，第一层的卷积核几乎不变，也想知道为什么。为了用一个数来说明，我们看一层的卷积核离起点有多远，再除以卷积核在起点时的长度。（长度就是所有数的平方和的平方根。）哪条线最低？

# %% tags=["nbval-ignore-output"]
visualize.plot_movement(run_dir)

# %% [markdown]
# 下面是每条线的终点。

# %% tags=["nbval-ignore-output"]
convolutions = ["conv1_1", "conv1_2", "conv2_1", "conv2_2"]
for layer, distances in evolution.movement().items():
    print(f"{layer}: {distances[-1]:.0%}")

# %% [markdown]
# **练习 2。** 自己算一算移动量：`end` 离 `start` 有多远，是 `start` 长度的几分之几？长度还是所有值的平方和的平方根。

# %% tags=["exercise"]
import numpy as np

start = np.random.default_rng(0).normal(size=(3, 3, 8, 16))
end = start + 0.1 * np.random.default_rng(1).normal(size=start.shape)
movement = None
pk.check.chapter11.exercise_2(movement)

# %% [markdown]
# <details><summary>答案</summary>
#
# ```python
# import numpy as np
#
# start = np.random.default_rng(0).normal(size=(3, 3, 8, 16))
# end = start + 0.1 * np.random.default_rng(1).normal(size=start.shape)
# movement = np.linalg.norm(end - start) / np.linalg.norm(start)
# pk.check.chapter11.exercise_2(movement)
# ```
#
# </details>

# %% [markdown]
# 和原文一样，四个卷积层里，第一个移动得最少。其中一部分原因是简单的算术。每一步，Adam 都把每个权重移动大约一个学习率（learning rate）那么远，不管它在哪一层。但权重起步时的大小并不都一样：滤波器的输入越少，它的权重起步时就越大（第 05 章）。`conv1_1` 的每个滤波器有 27 个输入；`conv2_2` 的每个滤波器有 576 个。同样的一步，对更大的权重来说，只占更小的一部分。

# %%
untrained = pk.pet_net(image_size=data.mean.shape[0], recipe=recipe, seed=0)
for layer in convolutions:
    kernel = untrained.get_layer(layer).kernel.numpy()
    print(layer, kernel[..., 0].size, "个输入，标准差", round(float(kernel.std()), 2))

# %% [markdown]
# 原文里，每个卷积核起步时的标准差都一样，是 0.1。我们用它的配方（recipe），在边长 224 像素的真实照片上训练 12 轮，不用随机失活（dropout），测得四层的移动量是 0.27%、0.25%、0.26% 和 0.24%。所以原文说得对，它最前面的卷积核几乎不变，不过其他的也一样。
#
# **想一想。** 怎样才能让它们都移动得更远？试试看：在第一个单元格里，把 `pk.MODERN` 换成 `pk.ARTICLE`，再换一个 `learning_rate`。
#
# <details><summary>参考回答</summary>
#
# 提高学习率，或者走更多步。每一步，Adam 最多把一个权重移动大约一个学习率那么远：408 步，每步 0.00001，合起来是 0.004，而权重起步时大约是 0.1。
#
# </details>

# %% [markdown]
# **练习 3。** 如果一个滤波器的特征图处处为 0，就说它在这张图片上*沉默*。写一个函数，它接收一张图片的特征图 `(height, width, filters)`，返回沉默的滤波器的下标。


# %% tags=["exercise"]
def silent(maps):
    """返回特征图处处为 0 的滤波器的下标。"""


pk.check.chapter11.exercise_3(silent)

# %% [markdown]
# <details><summary>答案</summary>
#
# ```python
# def silent(maps):
#     """返回特征图处处为 0 的滤波器的下标。"""
#     return np.flatnonzero((maps == 0).all(axis=(0, 1)))
#
#
# pk.check.chapter11.exercise_3(silent)
# ```
#
# </details>

# %% [markdown]
# **改一改，看一看。** 在第一个单元格里，把配方的 `learning_rate` 设成 0.01，也就是原来的十倍，再运行一遍所有单元格。最后，哪些滤波器的特征图里还看得出动物？每一层移动了多远？
#
# ## 三句话小结
#
# - 影片每隔几步，就记下选定的滤波器把一张图片变成什么样，还有它们的卷积核。
# - 有的滤波器保持着碰巧得来的样子，有的变了，有的变暗了。
# - Adam 让所有权重移动差不多同样的距离，所以按比例来看，权重大的层变得最少。

# %% [markdown]
# ## 延伸阅读
#
# - M. Zeiler, R. Fergus, "Visualizing and Understanding Convolutional Networks" (2014)，第 4 节：各层的特征在训练中怎样变化，什么时候稳定下来。
# - M. Raghu 等，"SVCCA: Singular Vector Canonical Correlation Analysis for Deep Learning
#   Dynamics and Interpretability" (2017)：低层怎样先稳定下来。
#
# 下一章：[12 · 迁移学习](12_transfer.ipynb)。
