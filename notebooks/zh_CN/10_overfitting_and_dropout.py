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
# # 10 · 过拟合与 dropout
#
# 网络可以把图片全都背下来，却没有弄懂多少。在这一章里，它连错误也一起背下来。然后你像原文那样帮它一把：每一步都随机地让它忘掉看到的大部分东西。
#
# **学完本章，你能**
#
# - 凭两条曲线，分清死记硬背和真正学会；
# - 用两行代码写出随机失活（dropout），并说清它为什么有用；
# - 判断两种配方的差别究竟是真的，还是只凭运气。
#
# *双核约两分钟 · 对应原文“Evaluating”一节*
#
# 假设有人匆匆忙忙给我们的图片标了标签，每五个标签就有一个是错的。下面的单元格对训练图片做的，正是这件事。这些标签里，哪几个是错的？

# %% tags=["nbval-ignore-output"]
import dataclasses

import petkeras as pk
from petkeras import visualize

pk.language.use("zh")
data = pk.course.load(image_size=32)
labels = data.train.labels.copy()
labels[::5] = labels[::5, ::-1]  # 每五个标签取一个，换成另一个品种
given = dataclasses.replace(data, train=dataclasses.replace(data.train, labels=labels))
shown = given.train[::29]
names = [data.class_names[label] for label in shown.labels.argmax(axis=1)]
visualize.plot_pictures(shown.images, names)

# %% [markdown]
# 第一个、第六个和第十一个。这不是我们凭空编出来的：在十个有名的公开数据集里，大约有 3.3% 的*测试*标签是错的（Northcutt 等，2021，见下文）；从网上来的数据，错的还可能多得多。我们自己的测试图片，标签仍然是正确的。
#
# 这一章的药方是 [dropout](../../docs/glossary.md#dropout)。它用在网络的三个地方：两次池化（pooling）之后，还有 `fc1` 之后。

# %%
pk.course.where("pool1", "pool2", "fc1")

# %% [markdown]
# ## 背下来
#
# 先不用 dropout 来训练。我们这里只有一分钟，没有一整天，所以图片很小；配方用原文的，再改几处，让它快起来：批次（batch）更大，每一步也迈得更大，像素值更小，卷积核（kernel）的起点更好（[He 初始化](../../docs/glossary.md#he-initialization)）。看右边的图：虚线是训练图片，用的是给定的标签；实线是新图片，用的是正确的标签。网络从什么时候起不再学习，开始死记硬背？

# %%
faster = {"learning_rate": 3e-4, "initializer": "he", "dense_bias": 0.0, "pixel_scale": 100.0}
recipe = dataclasses.replace(pk.ARTICLE, epochs=40, batch_size=20, **faster)
without = dataclasses.replace(recipe, conv_dropout=0.0, dense_dropout=0.0)

# %% tags=["nbval-ignore-output"]
run_without = pk.course.scratch()
model = pk.pet_net(image_size=32, recipe=without, seed=0)
pk.train(model, given, without, run_without, verbose=False)
visualize.plot_curves(run_without)

# %% [markdown]
# 这就是[过拟合](../../docs/glossary.md#overfitting)（overfitting）。起先，网络学的是各个品种长什么样，实线往上升。后来它又去学一张张图片的标签，不管对错，直到全都记住。下面是它最后的准确率，先看给定的标签，再看新图片：


# %%
from petkeras.runs.evaluation import evaluate_pictures


def answers(model, pictures, recipe):
    """对每张图片，返回网络说出的品种的编号。"""
    logits = evaluate_pictures(model, pictures, data.mean, recipe)[2]  # (pictures, classes)
    return logits.argmax(axis=1)


def accuracy(model, pictures, recipe):
    return (answers(model, pictures, recipe) == pictures.labels.argmax(axis=1)).mean()


# %% tags=["nbval-ignore-output"]
print(f"训练图片，给定的标签：{accuracy(model, given.train, without):.1%}")
print(f"新图片：              {accuracy(model, data.test, without):.1%}")

# %% [markdown]
# **想一想。** 在这次运行的后半段，新图片上的准确率几乎不变，损失（loss，左图的实线）却一直在升。这两件事怎么会同时成立？
#
# <details><summary>参考回答</summary>
#
# 准确率只看回答错没错；损失还要看网络对这个回答有多*确定*。死记硬背的网络，不管说什么都越来越确定。它答错的还是原来那些，只是每错一次，代价都更高了。
#
# </details>

# %% [markdown]
# **练习 1。** 这是另一次运行的损失，一轮（epoch）一个。换作是你，会在哪一轮之后停下来，留下那时的网络？轮数从 1 数起。

# %% tags=["exercise"]
train_loss = [0.70, 0.58, 0.45, 0.33, 0.22, 0.13, 0.07, 0.03]
test_loss = [0.70, 0.61, 0.54, 0.51, 0.53, 0.60, 0.72, 0.85]
epoch = None
pk.check.chapter10.exercise_1(epoch)

# %% [markdown]
# <details><summary>答案</summary>
#
# ```python
# train_loss = [0.70, 0.58, 0.45, 0.33, 0.22, 0.13, 0.07, 0.03]
# test_loss = [0.70, 0.61, 0.54, 0.51, 0.53, 0.60, 0.72, 0.85]
# epoch = test_loss.index(min(test_loss)) + 1
# pk.check.chapter10.exercise_1(epoch)
# ```
#
# </details>

# %% [markdown]
# ## Dropout
#
# 失活率为 0.8 的 dropout 是这样做的：它把五分之四的数变成 0，每一步挑的数都不一样。我们拿一张图片来演示；在网络里，它作用在特征图（feature map）上。这三步里，哪一步你还能认出品种？

# %% tags=["nbval-ignore-output"]
import numpy as np

image = pk.course.load().test.images[0]
rng = np.random.default_rng(0)
dropped = [image * (rng.random((*image.shape[:2], 1)) >= 0.8) for step in range(3)]
visualize.plot_pictures([image, *dropped], ["完整的图片", "第 1 步", "第 2 步", "第 3 步"], columns=4)

# %% [markdown]
# 要背下一张图片，网络得先认出它来。有了 dropout，同一张图片再也不会两次看起来一样；网络这一步靠的东西，下一步就不见了。它只好找出一个品种的许多特点，合起来用。训练结束以后，什么都不再丢。
#
# 原文说的是*保留*多少，Keras 说的是丢掉多少：原文在每次池化之后保留 0.2，在 `fc1` 之后保留 0.5，所以失活率是 0.8 和 0.5。

# %%
print(f"池化之后：{recipe.conv_dropout}，fc1 之后：{recipe.dense_dropout}")

# %% [markdown]
# 如果只剩五分之一的数，下一层算出来的和，就只有以后什么都不丢时的五分之一。所以，剩下的数要放大。
#
# **练习 2。** 写出 dropout：随机挑出一部分值，变成 0，再把其余的放大，使总和平均起来保持不变。随机数用 `rng.random(x.shape)` 来取。


# %% tags=["exercise"]
def dropout(x, rate, rng):
    """按比例 `rate` 丢掉 x 的一部分值，把其余的放大。"""
    return x


pk.check.chapter10.exercise_2(dropout)

# %% [markdown]
# <details><summary>答案</summary>
#
# ```python
# def dropout(x, rate, rng):
#     """按比例 `rate` 丢掉 x 的一部分值，把其余的放大。"""
#     kept = rng.random(x.shape) >= rate
#     return x * kept / (1 - rate)
#
#
# pk.check.chapter10.exercise_2(dropout)
# ```
#
# </details>

# %% [markdown]
# 现在用上 dropout，把网络再训练一次。其他都一样：图片、错的标签、初始权重（weight）和步数。看右边的图，先看两条虚线，再看两条实线：哪一条实线从最高点落下来，哪一条一直往上升？

# %% tags=["nbval-ignore-output"]
run_dropout = pk.course.scratch()
model_dropout = pk.pet_net(image_size=32, recipe=recipe, seed=0)
pk.train(model_dropout, given, recipe, run_dropout, verbose=False)
visualize.plot_curves({"没用 dropout": run_without, "用了 dropout": run_dropout}, weight=0.95)

# %% tags=["nbval-ignore-output"]
for name, m, r in (("没用 dropout", model, without), ("用了 dropout", model_dropout, recipe)):
    given_accuracy, new_accuracy = accuracy(m, given.train, r), accuracy(m, data.test, r)
    print(f"{name:8s} 训练图片，给定的标签：{given_accuracy:.1%}，新图片：{new_accuracy:.1%}")

# %% [markdown]
# 用了 dropout，网络始终没有和所有的训练标签都一致。这是好消息：五个标签里有一个是错的，所以，认得这些品种的网络，应该和其中的 80% 一致。
#
# 在运行的早期，没用 dropout 的网络认新图片，比最后认得更准：它先学会了品种长什么样，然后才死记硬背。像练习 1 那样及时停下来，也是一种药方，只要你知道该在什么时候停。
#
# **想一想。** 右边的图里，用了 dropout 的那次运行，实线为什么能*高于*虚线？
#
# <details><summary>参考回答</summary>
#
# 有两个原因。虚线数的是和给定的标签有多一致，而这些标签有五分之一是错的；实线看的是正确的标签。另外，虚线画的是一个丢掉了大部分值的网络，每一步丢的还不一样；到了测试图片上，整个网络都在工作。
#
# </details>
#
# ## 谁在重复错误？
#
# 每五张训练图片里，就有一张标签是错的。现在我们只拿这些图片来问两个网络。蓝框表示网络说出了正确的品种，尽管每一次告诉它的都是另一个。橙框表示它重复了错的标签。


# %%
def frame(pictures, is_true):
    """返回所有图片，每行 17 张，每张带一个蓝框或橙框。"""
    rows = -(-len(pictures) // 17)
    tiles = np.full((rows * 17, 38, 38, 3), 255, np.uint8)
    tiles[: len(pictures)] = np.where(is_true[:, None, None, None], [86, 180, 233], [230, 159, 0])
    tiles[: len(pictures), 3:-3, 3:-3] = pictures.images
    return tiles.reshape(rows, 17, 38, 38, 3).swapaxes(1, 2).reshape(rows * 38, 17 * 38, 3)


# %% tags=["nbval-ignore-output"]
mislabeled = data.train[::5]  # 带着正确的标签
truth = mislabeled.labels.argmax(axis=1)
mosaics = {}
for name, m, r in (("没用 dropout", model, without), ("用了 dropout", model_dropout, recipe)):
    is_true = answers(m, mislabeled, r) == truth
    mosaics[f"{name}：{len(truth)} 张中说对 {is_true.sum()} 张"] = frame(mislabeled, is_true)
visualize.plot_pictures(mosaics.values(), mosaics, columns=1)

# %% [markdown]
# **想一想。** 关于这些图片，从来没有谁对第二个网络说过真话。它是怎么知道的？
#
# <details><summary>参考回答</summary>
#
# 是从其他所有图片里知道的。这只萨摩耶犬有一些特点，别的萨摩耶犬也有；带着这些特点的图片，五次里有四次标签是对的。网络认不出单独的某一张图片，就只能靠这些特点，而它们说的是：萨摩耶犬。
#
# </details>
#
# ## 是 dropout，还是运气？
#
# 各运行一次，说明不了什么。测试图片只有几十张；张数这么少，准确率的 95% 置信区间就很宽：

# %% tags=["nbval-ignore-output"]
from petkeras.runs.intervals import accuracy_interval

for name, m, r in (("没用 dropout", model, without), ("用了 dropout", model_dropout, recipe)):
    correct = accuracy(m, data.test, r) * len(data.test)
    low, high = accuracy_interval(correct, len(data.test))
    print(f"{name:8s} 答对 {correct:.0f} 张，共 {len(data.test)} 张新图片：{low:.0%} 到 {high:.0%}")

# %% [markdown]
# 而且，换一种划分，或者换一组初始权重，结果说不定就反过来了。所以我们用另外五个随机种子，把两种运行都重复了一遍。每个随机种子都有自己的划分、错标签、权重和顺序；每次运行都再用一千张新画的宠物图片来测试。这些放在一章里做，时间太长；`docs/measure_dropout.py` 会把它重做一遍。每条灰线是一个随机种子。它们都往上升吗？

# %%
# 新图片上的准确率（%），随机种子 5 到 9：没用 dropout，用了 dropout。
measured = {"画出来的宠物": [[77.3, 77.0, 77.6, 76.0, 76.3], [83.7, 83.8, 81.5, 84.5, 86.6]]}

# %%
import matplotlib.pyplot as plt

plt.style.use(visualize.style.STYLE)  # petkeras 自己的图所用的样式
figure, axes = plt.subplots(1, len(measured), figsize=(8, 3), sharey=True, squeeze=False)
for axis, (name, pair) in zip(axes.flat, measured.items(), strict=True):
    axis.plot([0, 1], pair, color="#66788a")
    axis.plot([0, 1], np.mean(pair, axis=1), "o-", color="black", linewidth=3)
    axis.set(title=name, xticks=[0, 1], xticklabels=["没用 dropout", "用了 dropout"], xlim=(-0.3, 1.3))
axes[0, 0].set_ylabel("新图片答对的 %")
plt.close(figure)
visualize.describe(figure, "用了 dropout，五个随机种子个个都更好：平均 84%，而不是 77%。")

# %% [markdown]
# 差别有多大？我们又有多大把握？取五个差值，算出它们的均值，再算出均值的 95% 置信区间：差值之间越一致，区间就越窄。（2.776 是五个差值对应的 Student $t$ 值。）

# %%
for name, (before, after) in measured.items():
    gains = np.subtract(after, before)
    half = 2.776 * gains.std(ddof=1) / np.sqrt(5)
    low, high = gains.mean() - half, gains.mean() + half
    print(f"{name}：{gains.mean():.1f} 个百分点，{low:.1f} 到 {high:.1f}")

# %% [markdown]
# 五个随机种子，dropout 个个都赢，置信区间也离 0 很远：这不是运气。平均下来，没用 dropout 的网络在新图片上答对 76.8%，用了的答对 84.0%。错的标签，前者全都重复，后者大约只重复六分之一（17%）。
#
# 我们用真实的照片也做了一遍，同样是每五个标签错一个：阿比西尼亚猫和美国斗牛犬，其中 60 张用来测试。没用 dropout，答对 73.0%；用了，答对 80.7%。这也是提高，高了 7.7 个百分点；但测试照片这么少，真正的差别可能是 -3 到 18 之间的任何一个数。
#
# **dropout 并不总是赢。** 标签*正确*、图片边长 64 像素、只训练八轮的时候，它输了：在新的画出来的宠物上是 74% 对 83%，同样是五个随机种子。我们第一次用错标签来试，训练 25 轮，每批十张，只比较了一个随机种子，它也输了：79.7% 对 82.2%。dropout 会让学习变慢。只有在背下图片会有坏处、你又肯给它时间的时候，用它才划算。
#
# **练习 3。** 是不是运气，还有一种问法。让每一次用了 dropout 的运行，和每一次没用的运行配成一对。这些对里，有多少对是用了 dropout 的准确率更高？打平的算半对。写一个函数，返回它们在所有的对里占多大比例。如果 dropout 毫无作用，这个比例应该在 0.5 左右。


# %% tags=["exercise"]
def share_won(with_dropout, without):  # 两个准确率列表
    return None


pk.check.chapter10.exercise_3(share_won)

# %% [markdown]
# <details><summary>答案</summary>
#
# ```python
# def share_won(with_dropout, without):  # 两个准确率列表
#     won = 0
#     for a in with_dropout:
#         for b in without:
#             won += 1 if a > b else 0.5 if a == b else 0
#     return won / (len(with_dropout) * len(without))
#
#
# pk.check.chapter10.exercise_3(share_won)
# ```
#
# </details>

# %% [markdown]
# ## 原文的 400 轮
#
# 原文有 340 张照片，边长 224 像素，还有一整天的时间。我们也完全照着它的配方运行过一次，用的是阿比西尼亚猫和美国斗牛犬的照片，标签是正确的：338 张用来学习，60 张用来测试。下面是记录下来的数。要过多久，五张测试照片里才能答对四张？

# %%
epochs = [1, 10, 20, 30, 50, 75, 100, 150, 200, 250, 300, 350, 400]
training = [49, 53, 54, 61, 62, 69, 65, 64, 71, 74, 67, 72, 74]  # 答对的 %，dropout 开着
test = [55, 58, 65, 70, 75, 75, 78, 78, 83, 85, 85, 92, 90]  # 答对的 %，共 60 张照片
figure, axis = plt.subplots(figsize=(8, 3))
axis.plot(epochs, training, "--", color="#D55E00", label="训练，dropout 开着")
axis.plot(epochs, test, "o-", color="#0072B2", label="测试")
axis.plot([400], [88], "*", color="#D55E00", markersize=14, label="训练，dropout 关掉")
axis.set(xlabel="轮", ylabel="答对的 %", ylim=(40, 100))
axis.legend(loc="lower right")
plt.close(figure)
visualize.describe(figure, "400 轮里，测试准确率从 55% 升到 90%。")

# %% [markdown]
# 网络最后答对了 90% 的测试照片，自己学过的照片也答对了 88%：它是学会了，不是死记硬背。再来看看，原文的那些说法结果如何。括号里是单次运行的 95% 置信区间。
#
# | 原文的说法 | 我们测到的 |
# |---|---|
# | 不用 dropout，网络会把图片背下来：训练 100%，测试 80% | 12 轮之后，训练 98.5%（前一轮 99.7%），测试 **75%**（63% 到 84%；前一轮 80%）：和原文一致 |
# | 用 dropout，测试准确率接近 90% | 400 轮里的前 30 轮之后，还没到：**70%**（57% 到 80%）。400 轮全部训练完，用 bfloat16，测试 **90.0%**（60 张里对 54 张；80% 到 95%），训练在 dropout 关掉时是 88.2%（84% 到 91%）：和原文一致。原文自己保存的那次运行，测试准确率最后是 83%（72% 到 91%） |
# | 代价是轮数要多得多 | 用 dropout，要 26 轮，测试才达到 70%；不用，网络四轮之后就达到 77%。但是用 dropout，测试损失在 30 轮之后是 240，在 400 轮之后是 1.8；不用，测试损失从来没有低于 307 |
# | 网络有 1 亿多个权重 | 102,827,554 个，其中 102,760,960 个在 `fc1` 里 |
# | 最前面的卷积核几乎不变 | 12 轮里，它们变了自身长度的 0.27%；但其他卷积（convolution）变得并不更多，是 0.24% 到 0.26%（第 11 章） |
#
# ## 更好的药方
#
# 药方不止 dropout 一种。下面还是同样的层，同样的图片，同样的错标签，只是换成其他各章用的配方。学习率先升后降；`fc1` 丢掉一半，但池化之后什么也不丢；还有[数据增强](../../docs/glossary.md#augmentation)（augmentation）：每张图片每次出现，镜像、平移、旋转和明暗都不一样。所以在这里，同一张图片也不会两次看起来一样。

# %% tags=["nbval-ignore-output"]
modern = dataclasses.replace(pk.MODERN, epochs=8)
model_modern = pk.pet_net(image_size=32, recipe=modern, seed=0)
pk.train(model_modern, given, modern, verbose=False)
is_true = answers(model_modern, mislabeled, modern) == truth
print(f"新图片：{accuracy(model_modern, data.test, modern):.1%}")
print(f"标签虽然错了，仍说出正确的品种：{is_true.sum()} 张，共 {len(truth)} 张")

# %% [markdown]
# 这只是一次运行，轮数也只有五分之一。标签*正确*、图片边长 64 像素、训练八轮的情况，我们有五个随机种子：新的画出来的宠物，这个配方答对 90%（86% 到 93%），没用 dropout 的只有 83%。在照片上是 89%（85% 到 92%）对 72%。
#
# 下面这些新图片，网络给正确品种的概率最低。换作是你，认得出来吗？

# %% tags=["nbval-ignore-output"]
logits = evaluate_pictures(model_modern, data.test, data.mean, modern)[2]
test = data.test
visualize.plot_worst(test.images, test.labels, logits, data.class_names, count=8)

# %% [markdown]
# ## 更多的图片
#
# 对付过拟合，最可靠的药方是有更多的图片。要多多少呢？我们用同样的配方训练了这个网络，只是图片边长改成 64 像素，分别用 20、40、80、160 和 338 张阿比西尼亚猫和美国斗牛犬的照片。我们用了十个随机种子，每次运行都用另外 60 张照片来测试。下面是它答错的比例。两条坐标轴都是对数的，所以每往右一步，照片就翻一番。这些点连成一条什么样的线？

# %%
counts = np.array([20, 40, 80, 160, 338])  # 用来学习的照片张数
wrong = np.array([26.8, 18.8, 13.0, 11.8, 8.8])  # 新照片答错的 %，十个随机种子的均值
half = np.array([7.1, 4.5, 3.4, 2.2, 1.8])  # 其 95% 置信区间的一半
slope, start = np.polyfit(np.log(counts), np.log(wrong), 1)
more = np.array([*counts, 680, 1360])
line = np.exp(start + slope * np.log(more))
print(f"680 张照片：答错 {line[-2]:.1f}%，1360 张：{line[-1]:.1f}%")

# %%
figure, axis = plt.subplots(figsize=(8, 3))
axis.errorbar(counts, wrong, half, fmt="o", capsize=3, label="测得")
axis.plot(more, line, "--", label="直线")
axis.set(xscale="log", yscale="log", xlabel="用来学习的照片张数", ylabel="答错的 %")
axis.set_xticks(more, more)
axis.set_yticks([5, 10, 20], [5, 10, 20])
axis.minorticks_off()
axis.legend()
plt.close(figure)
visualize.describe(figure, "答错的比例从 20 张照片时的 27% 降到 338 张时的 9%。")

# %% [markdown]
# 一条直线正合适。这叫做*学习曲线*（learning curve），在许多网络和任务里，人们都发现过这样的直线（Hestness 等，2017，见下文）。照片每翻一番，答错的就减少大约四分之一。照这样下去，680 张照片会让答错的降到 6.5%（95% 置信区间：5.3% 到 7.9%），1,360 张会降到 5.0%（3.8% 到 6.4%）。站在现在，谁也没法知道是不是这样；但没有比这更好的猜测了。我们还用交叉验证（cross-validation）比较了将近五十种配方，没有一种明显比这一种好。
#
# **想一想。** 和 338 张照片时相比，要让答错的减少一半，大约需要多少张照片？
#
# <details><summary>参考回答</summary>
#
# 每翻一番，答错的还剩大约 0.77，而 $0.77^{2.6} = 0.5$。所以要翻 2.6 番：大约是原来的六倍，也就是 2,100 张照片。
#
# </details>

# %% [markdown]
# **改一改，看一看。** 在第一个单元格里，把标签改回正确的：删掉带 `[::5]` 的那一行，再运行所有单元格。没用 dropout 的网络什么都背下来，现在吃的亏有多大？然后，让每三个标签错一个。
#
# ## 三句话小结
#
# - 网络能把训练图片背下来，连错误也不放过；只有拿新图片来考，才看得出真相。
# - dropout 每一步都藏起大部分值，所以能学到的，是许多图片共有的东西。
# - 只运行一次，不过是个孤例。用上几个随机种子和一个置信区间，才能分清是真有差别，还是运气。

# %% [markdown]
# ## 延伸阅读
#
# - N. Srivastava 等，"Dropout: A Simple Way to Prevent Neural Networks from Overfitting", JMLR
#   15 (2014)。
# - C. Northcutt, A. Athalye, J. Mueller, "Pervasive Label Errors in Test Sets Destabilize Machine
#   Learning Benchmarks" (2021)：十个公开数据集里的错标签。
# - C. Shorten, T. Khoshgoftaar, "A survey on Image Data Augmentation for Deep Learning", Journal of
#   Big Data 6 (2019)。
# - J. Hestness 等，"Deep Learning Scaling is Predictable, Empirically" (2017)：画出来是直线的学习曲线。
# - K. He 等，"Delving Deep into Rectifiers" (2015)，第 2.2 节：卷积核更好的起点。
#
# 下一章：[11 · 滤波器的演变](11_filters_evolve.ipynb)。
