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
# # 03 · 准备数据集
#
# 光有一堆图片，还不能训练网络。先要把它们分成两部分，压成正方形，让数值以零为中心，配上标签，随机变一变，再十张十张地交出去。
#
# **学完本章，你能**
#
# - 划分一个数据集，让任何人在任何地方都得到同样的划分；
# - 说出什么绝不能从测试图片里泄漏出来；
# - 把一张图片变成许多张。
#
# *双核约十五秒 · 对应原文“Processing”一节*
#
# 这里是同一张图片，出现了十二次：网络在十二[轮](../../docs/glossary.md#epoch)（epoch）里看到的就是这些，一轮就是把所有图片过一遍。什么变了，什么没变？

# %% tags=["nbval-ignore-output"]
import numpy as np

import petkeras as pk

pk.language.use("zh")
data = pk.course.load()
from petkeras.data.augmentation import augment

twelve = np.repeat(data.train.images[:1], 12, axis=0).astype(np.float32)  # (12, h, w, 3)
pk.visualize.plot_pictures(augment(twelve, pk.MODERN, [0, 0]), columns=6)

# %% [markdown]
# 这是怎么做到的，下面会讲。本章的一切都发生在第一层之前：

# %%
pk.course.where("picture")

# %% [markdown]
# ## 互不相交的两部分
#
# 评判一个网络，要用它从没见过的图片。所以在做别的事之前，我们先从每个品种的每 100 张图片里拿出 15 张放在一边，作为*测试集*（test set）。任何图片都不能同时在两部分里：

# %%
print(len(set(data.train.names) & set(data.test.names)), "张图片同时在两部分里")

# %% [markdown]
# 在原文里，怎么划分（split），要看操作系统按什么顺序列出文件夹里的文件。换一台机器，划分就变了，谁也没法重现结果。在这里，划分只取决于文件名和*随机种子*（seed），也就是由你选的一个数。随机种子是 0 时，我们在文件名前面加上 `0/`，再算出整个字符串的*哈希值*（hash）。这个数看上去是随机的，但在每台机器上都一样，永远不变。

# %%
import hashlib

for name in ("pet_1.jpg", "pet_2.jpg", "pet_3.jpg"):
    print(name, hashlib.sha256(f"0/{name}".encode()).hexdigest()[:16])

# %% [markdown]
# 把一个品种的文件名按哈希值排序：最前面的 15% 就是它的测试集。我们亲手做一遍，再和 petkeras 的划分比一比。有多少个文件名不同？

# %%
parts = (data.train, data.test)
labeled = [pair for part in parts for pair in zip(part.names, part.labels, strict=True)]
of_first = [name for name, label in labeled if label[0] == 1]
ranked = sorted(of_first, key=lambda name: hashlib.sha256(f"0/{name}".encode()).digest())
by_hand = set(ranked[: round(0.15 * len(ranked))])
print(len(by_hand ^ (set(data.test.names) & set(of_first))), "个文件名不同")

# %% [markdown]
# 再要一次，得到的还是同样的划分；换一个随机种子，就得到另一种划分。两种划分有多少张测试图片是相同的？

# %% tags=["nbval-ignore-output"]
again, other = pk.course.load(), pk.course.load(seed=1)
for what, test in (("同一个随机种子：", again.test), ("换一个随机种子：", other.test)):
    print(what, len(set(test.names) & set(data.test.names)), "张测试图片相同")

# %% [markdown]
# **想一想。** 我们对每个品种分别划分。如果从所有图片里一起抽出 60 张作测试集，可能出什么问题？
#
# <details><summary>参考回答</summary>
#
# 碰巧的话，可能一个品种有 38 张，另一个只有 22 张。这时，一个网络不管看到什么都答第一个品种，也能答对 63%。而且，这个数没法和另一种划分得到的数相比。
#
# </details>

# %% [markdown]
# ## 压成正方形
#
# 图片有各种尺寸，网络却只接受一种。我们和原文一样，直接压：不管原来的宽和高是多少，都缩放到同样多的像素。上面一行是原来的图片，下面一行是压过之后的。

# %% tags=["nbval-ignore-output"]
import io

from PIL import Image

from petkeras.data.pets import open_source
from petkeras.data.pictures import decode

files = iter(open_source(pk.course.settings().source).photographs(data.class_names))
some = [next(files).data for _ in range(50)][::10]
originals = [np.asarray(Image.open(io.BytesIO(file)).convert("RGB")) for file in some]
squashed = [decode(file, data.mean.shape[0])[0] for file in some]
pk.visualize.plot_pictures(originals + squashed, columns=5)

# %% [markdown]
# 形状会因此变成什么样？画在宽纸上的圆会变成椭圆。这张纸宽 300 像素、高 200 像素，上面的东西全都变窄三分之一。

# %%
from PIL import ImageDraw

sheet = Image.new("RGB", (300, 200), "lightgray")
ImageDraw.Draw(sheet).ellipse((70, 20, 230, 180), outline="black", width=8)
file = io.BytesIO()
sheet.save(file, "PNG")
circle, size = decode(file.getvalue(), 96)
rows, columns = np.nonzero(circle[:, :, 0] < 128)
print(size, "->", circle.shape)
print(f"高 / 宽 = {np.ptp(rows) / np.ptp(columns):.1f}")

# %% tags=["nbval-ignore-output"]
pk.visualize.plot_pictures([np.asarray(sheet), circle], ["原图", "压过之后"])

# %% [markdown]
# 我们自己的图片被压了多少？数值是 1，说明图片本来就是正方形，形状不变；是 1.5，说明它的宽是高的 1.5 倍。

# %% tags=["nbval-ignore-output"]
import matplotlib.pyplot as plt

plt.style.use(pk.visualize.style.STYLE)  # petkeras 自己的图用的样式
figure, axes = plt.subplots(figsize=(6, 3))
for name, sizes in zip(data.class_names, data.sizes, strict=True):
    axes.hist(sizes[:, 0] / sizes[:, 1], np.linspace(0.4, 2.4, 41), alpha=0.6, label=name)
axes.axvline(1, color="black", linestyle="--")
axes.set(xlabel="宽 / 高", ylabel="图片数")
axes.legend()
plt.close(figure)
pk.visualize.describe(figure, "宽除以高的两个直方图，每个品种一个。")

# %% [markdown]
# **想一想。** 我们也可以裁出中间一块，或者在边上补灰条。这三种办法各会损失什么？如果一个品种通常趴着，另一个通常坐着，又会怎么样？
#
# <details><summary>参考回答</summary>
#
# 压成正方形会丢掉比例；裁剪会丢掉边上的东西（耳朵和尾巴）；补灰条会浪费像素，因为宠物变小了。趴着的宠物，图片是宽的；坐着的宠物，图片是高的。所以一压，一个品种变窄了，另一个变宽了。网络可能会抓住这一点，可这和品种毫无关系。
#
# </details>

# %% [markdown]
# ## 均值图像
#
# 把所有训练图片加起来，再除以图片的张数，得到的也是一张图片。看看它，再看看每个品种的均值。你认出了什么？

# %% tags=["nbval-ignore-output"]
of_breeds = [data.train.images[column == 1].mean(axis=0) for column in data.train.labels.T]
pk.visualize.plot_pictures([data.mean, *of_breeds], ["全部", *data.class_names])

# %% [markdown]
# 亲手来算，只要一行。下面是我们算的均值与 petkeras 的均值之间的最大差别，以灰度级为单位（一共 256 级）：

# %%
print(f"{np.abs(data.mean - data.train.images.mean(axis=0)).max():.2f}")

# %% [markdown]
# 网络看到每张图片之前，我们先减去均值图像（mean image）。减完以后，每个像素说的是：这个地方比平常亮多少或暗多少。所有像素平均下来大约是 0。原文做的就是这些。`pk.MODERN` 还会除以 1000，让数保持在较小的范围里。

# %% tags=["nbval-ignore-output"]
from petkeras.data.pipeline import preprocess

x = preprocess(data.train.images, data.mean, pk.ARTICLE).numpy()  # (图片数, h, w, 3)
figure, axes = plt.subplots(1, 2, figsize=(8, 3))
axes[0].hist(data.train.images.ravel()[::97], 64)
axes[0].set(title="原来的像素", yticks=[])
axes[1].hist(x.ravel()[::97], 64)
axes[1].set(title="减去均值图像之后", yticks=[])
plt.close(figure)
pk.visualize.describe(figure, "左边是 0 到 255 的像素，右边是以 0 为中心的像素。")

# %% tags=["nbval-ignore-output"]
modern = preprocess(data.train.images, data.mean, pk.MODERN).numpy()
print(f"原图：均值 {data.train.images.mean():.0f}，标准差 {data.train.images.std():.0f}")
print(f"原文：均值 {abs(x.mean()):.0f}，标准差 {x.std():.0f}")
print(f"现代：均值 {abs(modern.mean()):.0f}，标准差 {modern.std():.2f}")

# %% [markdown]
# 减去均值以后，图片里会有小于零的数。要看它，只能把 0 显示成灰色：

# %% tags=["nbval-ignore-output"]
pk.visualize.plot_pictures([*data.train.images[:5], *(x[:5] / 2 + 128)], columns=5)

# %% [markdown]
# ## 均值看过测试集，会泄漏什么
#
# 测试集代表的是还不存在的图片。如果你用*所有*图片来算均值，就等于看过它们了。这会带来多大的变化？我们还是用灰度级来衡量。

# %% tags=["nbval-ignore-output"]
seen_all = np.concatenate([data.train.images, data.test.images]).mean(axis=0)
difference = np.abs(seen_all - data.mean)
print(f"均值平均相差 {difference.mean():.2f} 个灰度级，最多相差 {difference.max():.2f} 个")
print(f"同一个像素在不同图片之间变化 {x.std():.0f} 个灰度级")

# %% [markdown]
# 平均只差大约一个灰度级，而一个像素在图片之间的变化有五十级甚至更多。网络几乎不会因此有什么变化。可是这个习惯，换个地方代价就大了。下一个单元格里的“图片”是纯噪声，标签是抛硬币得来的，所以没有任何东西可学，公平的测试应该得到 50%。我们事先学的只有一件事：*5000 个像素里，哪 50 个*值得看。


# %%
def accuracy_on_noise(rng, seen):
    x, y = rng.normal(size=(400, 5000)), rng.integers(0, 2, 400)
    worth = np.abs(x[:seen].T @ (y[:seen] - 0.5))  # 每个像素和标签有多合拍
    x = x[:, np.argsort(-worth)[:50]]
    means = [x[:340][y[:340] == label].mean(axis=0) for label in (0, 1)]
    far = [np.square(x[340:] - mean).sum(axis=1) for mean in means]  # 距离的平方
    return np.mean((far[1] < far[0]) == y[340:])


rng = np.random.default_rng(0)
for seen, what in ((340, "只看训练集挑选："), (400, "看全部图片挑选：")):
    print(what, f"{np.mean([accuracy_on_noise(rng, seen) for _ in range(20)]):.1f}")

# %% [markdown]
# 如果挑像素时偷看了测试集，十张噪声图片里就有八张被“认了出来”。凡是你从数据里算出来的东西，都不能看过测试集：均值不行，挑选像素不行，挑选学习率（learning rate）也不行。

# %% [markdown]
# **练习 3。** 从两个部分里都减去均值图像。两部分都是形状为 `(n, h, w, 3)` 的 uint8 数组。均值可以用哪些图片来算？


# %% tags=["exercise"]
def center(train, test):
    return train, test


pk.check.chapter03.exercise_3(center)

# %% [markdown]
# <details><summary>答案</summary>
#
# ```python
# def center(train, test):
#     mean = train.mean(axis=0)
#     return train - mean, test - mean
#
#
# pk.check.chapter03.exercise_3(center)
# ```
#
# </details>

# %% [markdown]
# ## 标签是一行数
#
# 品种不是数：第三个品种并不是第一个的三倍。[独热](../../docs/glossary.md#one-hot)（one-hot）标签是一行数，每个品种占一个位置：自己的品种那里是 1，其余都是 0。

# %% tags=["nbval-ignore-output"]
for number in (0, len(data.train) - 1):
    label = data.train.labels[number]
    print(data.train.names[number], label, data.class_names[label.argmax()])

# %%
print(data.train.labels.shape, data.train.labels.dtype)

# %% [markdown]
# **练习 2。** 写一个函数，把形状为 `(n,)` 的类别编号变成形状为 `(n, classes)` 的独热标签，不要用 `tf.one_hot` 这一类函数。


# %% tags=["exercise"]
def one_hot(numbers, classes):
    return None


pk.check.chapter03.exercise_2(one_hot)

# %% [markdown]
# <details><summary>答案</summary>
#
# ```python
# def one_hot(numbers, classes):
#     return (numbers[:, None] == np.arange(classes)).astype(np.float32)
#
#
# pk.check.chapter03.exercise_2(one_hot)
# ```
#
# 这里拿一列编号和一行类别作比较，相等的地方得到 True。用 `np.eye(classes)[numbers]` 也行。
#
# </details>

# %% [markdown]
# ## 随机变一变
#
# 只有大约 340 张图片，每张都得用上很多次。原文原封不动地用了 400 遍。`pk.MODERN` 每次都把图片稍微变一变，好像那是同一只宠物的另一张图片。这叫[数据增强](../../docs/glossary.md#augmentation)（augmentation），本页开头你已经见过了。
#
# 下面每次只做一种变化。图片旋转或平移之后会露出空白，这里用镜像反射来填补；沿着图片边缘找找看。

# %% tags=["nbval-ignore-output"]
kinds = ("flip", "shift", "zoom", "rotation", "light", "color")
pictures, titles = [], []
for kind in kinds:
    recipe = pk.Recipe(**{kind: getattr(pk.MODERN, kind)})  # 其余变化都是 0
    pictures += [*augment(twelve[:6], recipe, [0, 0])]
    titles += [kind] + [None] * 5
pk.visualize.plot_pictures(pictures, titles, columns=6)

# %% [markdown]
# **想一想。** 为什么我们不把图片上下颠倒？对哪些品种来说，改变颜色是个坏主意？
#
# <details><summary>参考回答</summary>
#
# 几乎没有人会倒着拍宠物，测试集里也没有这样的图片，所以网络学到的东西永远不会考到。如果两个品种正是靠颜色来区分，强烈的颜色变化就会把这个最要紧的依据抹掉。
#
# </details>
#
# 它只是看上去随机：每一个变化都由这次运行的随机种子和第几步决定。同样的两个数总是给出同样的变化，所以你可以把一次运行重做一遍。

# %% tags=["nbval-ignore-output"]
first = augment(twelve, pk.MODERN, [7, 3])
for seed_and_step in ([7, 3], [7, 4]):
    again = augment(twelve, pk.MODERN, seed_and_step)
    print(seed_and_step, f"相差 {np.abs(again - first).mean():.0f} 个灰度级")

# %% [markdown]
# ## 一个批次
#
# 这一切都在一条 [tf.data](../../docs/glossary.md#tfdata) 流水线（pipeline）里进行，这时网络还在忙着处理上一个批次。流水线出来的，就是网络看到的：一个[批次](../../docs/glossary.md#batch)（batch），有十张图片和十个标签。

# %%
from petkeras.data.pipeline import steps_per_epoch, training_batches

batches = training_batches(data.train, data.mean, pk.MODERN, seed=0)
images, labels = next(iter(batches))
print(images.dtype.name, labels.dtype.name)
print(images.shape[0], "张图片，", labels.shape[0], "个标签")

# %% [markdown]
# 要看这些图片，就反过来做：乘以 1000，再加上均值。

# %% tags=["nbval-ignore-output"]
names = [data.class_names[number] for number in np.argmax(labels, axis=1)]
pk.visualize.plot_pictures(images * pk.MODERN.pixel_scale + data.mean, names, columns=5)

# %% [markdown]
# 一轮会把每张图片都过一遍，顺序是新的。如果图片的张数不是十的倍数，最后一个批次就会小一些。

# %%
per_epoch = steps_per_epoch(data.train, pk.MODERN)
sizes = [len(labels) for _, labels in batches.take(per_epoch)]
print(f"{len(sizes)} 个批次，每批 {max(sizes)} 张，共 {sum(sizes)} 张图片")

# %% [markdown]
# **练习 1。** 有 340 张图片，每个批次十张，一轮就有 34 步。要让一轮有 11 步，一个批次应该有多少张图片？答案有三个。

# %% tags=["exercise"]
batch_size = 10
pk.check.chapter03.exercise_1(batch_size)

# %% [markdown]
# <details><summary>答案</summary>
#
# ```python
# batch_size = 32
# pk.check.chapter03.exercise_1(batch_size)
# ```
#
# 31、32 和 33 都可以。用 34 的话，每个批次都是满的，一共只有 10 个。
#
# </details>

# %% [markdown]
# 批次只取决于随机种子和第几步，所以中断的运行再接上时，拿到的正好是原本该轮到的那个批次。下面是编号 20 的批次（第一个的编号是 0），前面的二十个都不用算：

# %%
later = training_batches(data.train, data.mean, pk.MODERN, seed=0, first_step=20)
*_, (images, _) = batches.take(21)
print("最大差别：", np.abs(images - next(iter(later))[0]).max())

# %% [markdown]
# **改一改，看一看。** 在第一个单元格里，把 `pk.MODERN` 改成 `dataclasses.replace(pk.MODERN, rotation=60)`（在它上面加一行 `import dataclasses`）。转到多少度，*你*自己也认不准品种了？
#
# ## 三句话小结
#
# - 划分由文件名和随机种子决定，所以谁都能重做一遍。
# - 你算出来的任何东西都不能看过测试图片，连均值也不行。
# - 数据增强把一张图片变成许多张，每一张都由随机种子和第几步决定。

# %% [markdown]
# ## 延伸阅读
#
# - C. Ambroise, G. J. McLachlan, "Selection bias in gene extraction on the basis of microarray
#   gene-expression data", PNAS 99 (2002), 6562-6566：本章噪声实验里的那种错，正式发表的论文真的犯过。
# - T. Hastie, R. Tibshirani, J. Friedman, *The Elements of Statistical Learning*（第 2 版，2009），第 7.10.2 节，"The Wrong and Right Way to Do Cross-validation"。
# - C. Shorten, T. M. Khoshgoftaar, "A survey on Image Data Augmentation for Deep Learning",
#   Journal of Big Data 6 (2019)，文章编号 60。
#
# 下一章：[04 · 手算卷积与池化](04_convolution_and_pooling.ipynb)。
