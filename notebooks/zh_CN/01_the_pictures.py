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
# # 01 · 认识图片
#
# 网络知道的一切，都来自它的图片。在它看这些图片之前，你先来看一看。图片上画着什么？里面标出了什么？用 60 张图片做一次测试，能说明多少问题，又有多少说明不了？
#
# **学完本章，你能**
#
# - 选定各章共用的图片，也可以选你自己的；
# - 说出一个品种的图片除了品种相同，还有什么共同点；
# - 给准确率（accuracy）配上一个区间，并说出需要多少张测试图片。
#
# *双核约十五秒；要是还得先画宠物，再加半分钟 · 对应原文“Gathering a data set”一节*
#
# 下面是每个品种的前十二张图片。换成*你*，会凭什么来分：颜色、耳朵、尾巴，还是背景？

# %% tags=["nbval-ignore-output"]
import numpy as np

import petkeras as pk

pk.language.use("zh")
data = pk.course.load()
of_each = [np.flatnonzero(column)[:12] for column in data.train.labels.T]
chosen = np.concatenate(of_each)  # 每个品种的前 12 张图片
names = [data.train.names[number] for number in chosen]
pk.visualize.plot_pictures(data.train.images[chosen], names, columns=6)

# %% [markdown]
# **想一想。** 有没有哪张图片，去掉上面的名字，你自己也认不出来？网络能从这样的图片里学到什么？
#
# <details><summary>参考回答</summary>
#
# 关于品种，几乎什么也学不到。要答对这些图片，只有两个办法：要么死记硬背，要么靠图片里除了宠物之外碰巧出现的东西。
#
# </details>

# %% [markdown]
# 这一章讲的是送进网络的东西：

# %%
pk.course.where("picture")

# %% [markdown]
# ## 用哪些图片
#
# 原文选了两个品种（breed）的狗，柴犬和萨摩耶犬。它们出自 [Oxford-IIIT Pet 数据集](../../docs/glossary.md#oxford-iiit-pet-data-set)，那里有 37 个品种的照片，下载量是 774 MiB。为了不让你下载这么多，本课程一开始用的是**画出来的**宠物：图片都是你的机器自己画的。它们不是照片，而且光线的颜色变化很大，一只白色的萨摩耶犬画出来可能是粉红色的。
#
# 下面这一行会让*所有*章都改用真实的照片，而且这个选择会被记住。去掉 `#`，运行这个单元格，再把这一页的所有单元格重新运行一遍。`"oxford"` 也可以换成一个文件夹：里面放着数据集的两个压缩包，或者放着你自己的图片。你还可以另选两个品种：`pk.course.use("my/pets", "beagle,pug")`。想换回画出来的宠物，就运行 `pk.course.use("sample")`。

# %%
# pk.course.use("oxford")

# %% [markdown]
# 整个数据集有 37 个品种，每个品种大约 200 张照片。其中有多少个是狗？

# %%
from petkeras.data.breeds import CATS, DOGS

print(len(CATS), "个猫品种，加", len(DOGS), "个狗品种，一共", len(CATS) + len(DOGS))

# %% [markdown]
# ## 有多少张，有多大
#
# 表里每个品种占一行：一共有多少张图片，其中多少张用来训练、多少张用来测试，尺寸是多少像素。

# %% tags=["nbval-ignore-output"]
from petkeras.data.pets import class_table

columns, rows = class_table(data)
for row in [columns, *rows]:
    print(f"{row[0]:28}" + "".join(f"{word:10}" for word in row[1:]))

# %% [markdown]
# 照片有大有小，画出来的宠物也一样。每个点是一张图片；点落在虚线上，就说明这张图片宽和高相等。网络却要求所有图片一样大。第 03 章会讲怎么做到这一点，以及这样做会把一张脸变成什么样。

# %% tags=["nbval-ignore-output"]
import matplotlib.pyplot as plt

plt.style.use(pk.visualize.style.STYLE)  # petkeras 自己的图用的样式
figure, axes = plt.subplots(figsize=(6, 4))
for name, sizes in zip(data.class_names, data.sizes, strict=True):
    axes.scatter(*sizes.T, s=14, alpha=0.6, label=name)
sides = np.concatenate(data.sizes).ravel()
axes.plot([sides.min(), sides.max()], [sides.min(), sides.max()], "--", color="gray")
axes.set(xlabel="宽（像素）", ylabel="高（像素）")
figure.legend(loc="outside right upper")
plt.close(figure)
pk.visualize.describe(figure, "每张图片的宽和高，画成两种颜色的点。")

# %% [markdown]
# ## 图片里标出了什么
#
# 每张图片带着的不只是品种的名字，还有第二张同样大小的图片，标出宠物在哪里。照片上的标记，是人一个像素一个像素涂出来的；画出来的宠物在哪里，画图程序本来就知道。这第二张图片叫[三值图](../../docs/glossary.md#trimap)（trimap），因为它只有三个值：1 是宠物，2 是背景，3 是两者之间的边缘，那里很难说清算哪一边。大约一半的图片还有一个框，框住头部。（如果用的是你自己的图片文件夹，那就两样都没有。这时后面几个单元格会停下来，并显示一条消息说明原因。）

# %%
from petkeras.data.annotations import load_annotations

now = pk.course.settings()
marked = load_annotations(data.train.names, now.source, now.image_size)
print(f"取值：{np.unique(marked.trimaps)}")

# %% tags=["nbval-ignore-output"]
with_box = [number for number, box in enumerate(marked.boxes) if box]
print(f"{len(with_box)} 张图片有头部框（一共 {len(marked)} 张）")

# %% [markdown]
# 凡是确定属于宠物的地方，都圈在这条线里面。你看边缘真有画出来的那么宽吗？

# %% tags=["nbval-ignore-output"]
first = with_box[0]
pk.visualize.plot_annotations(data.train.images[first], marked.trimaps[first], marked.boxes[first])

# %% tags=["nbval-ignore-output"]
last = with_box[-1]
pk.visualize.plot_annotations(data.train.images[last], marked.trimaps[last], marked.boxes[last])

# %% [markdown]
# 原文既不用框，也不用三值图。网络拿到的是整张图片和品种的名字，该看哪里，得它自己去发现。我们用框和三值图来检查它：一个网络要是真的明白了品种是怎么回事，就该看宠物，而不是看宠物周围的草地。
#
# ## 宠物占了图片多大一块
#
# 下面是所有训练图片里，确定属于宠物的像素（pixel）所占的比例。两个品种有差别吗？

# %% tags=["nbval-ignore-output"]
shares = (marked.trimaps == 1).mean(axis=(1, 2))  # (图片数,)
figure, axes = plt.subplots(figsize=(6, 3))
for name, column in zip(data.class_names, data.train.labels.T, strict=True):
    axes.hist(shares[column == 1], np.linspace(0, 1, 21), alpha=0.6, label=name)
axes.set(xlabel="宠物占图片的比例", ylabel="图片数")
axes.legend()
plt.close(figure)
pk.visualize.describe(
    figure, "两个直方图，每个品种一个，显示宠物占图片的比例。"
)

# %% [markdown]
# **想一想。** 假如一个品种总是占满图片，另一个不是，网络会不会对猫狗一无所知，也能把它们分开？你觉得这算成功吗？
#
# <details><summary>参考回答</summary>
#
# 会，能分开：它只要看图片里有多少地方像毛就行了。测试发现不了这一点，因为测试图片也是同一类图片。可要是换一个人来拍，离得近一些或者远一些，照片就会被分错。所以这不算成功，尽管准确率说它成功了。
#
# </details>

# %% [markdown]
# **练习 2。** 写一个函数，输入一张三值图，返回宠物占图片的比例。边缘只算一半，因为其中大约一半是宠物。


# %% tags=["exercise"]
def pet_share(trimap):
    return None


pk.check.chapter01.exercise_2(pet_share)

# %% [markdown]
# <details><summary>答案</summary>
#
# ```python
# def pet_share(trimap):
#     return np.mean(trimap == 1) + np.mean(trimap == 3) / 2
#
#
# pk.check.chapter01.exercise_2(pet_share)
# ```
#
# </details>

# %% [markdown]
# **练习 3。** 头部框是按原始图片的像素给出的。图片从 `width` 乘 `height` 压成 `size` 乘 `size` 之后，这个框（左、上、右、下）在哪里？写一个函数把它算出来。不要四舍五入。


# %% tags=["exercise"]
def squash_box(box, width, height, size):
    left, top, right, bottom = box
    return left, top, right, bottom


pk.check.chapter01.exercise_3(squash_box)

# %% [markdown]
# <details><summary>答案</summary>
#
# ```python
# def squash_box(box, width, height, size):
#     left, top, right, bottom = box
#     across, down = size / width, size / height
#     return left * across, top * down, right * across, bottom * down
#
#
# pk.check.chapter01.exercise_3(squash_box)
# ```
#
# </details>

# %% [markdown]
# ## 数据集小，意味着什么
#
# 原文大约有 400 张图片：340 张左右用来学习，60 张用来测试。在随文保存的结果里，训练到最后，60 张里对了 50 张，也就是 83%；正文里却说将近 90%。60 张图片究竟能告诉我们多少？一张图片就值 1.7 个百分点：

# %%
print(f"每张图片 {1 / 60:.1%}，总共 {50 / 60:.1%}")

# %% [markdown]
# 一个网络始终不变，光凭运气，成绩能差出多少？我们来模拟一下：一个网络平均六张图片答对五张，让它做一份 60 张图片的测试，反复做 10,000 次。看看测得的准确率散得有多开。

# %% tags=["nbval-ignore-output"]
rng = np.random.default_rng(0)
right = rng.binomial(60, 5 / 6, size=10_000)  # 每次测试答对的张数
figure, axes = plt.subplots(figsize=(6, 3))
axes.hist(right / 60, (np.arange(35, 62) - 0.5) / 60, edgecolor="white")
axes.axvline(5 / 6, color="black", linestyle="--")
axes.set(xlabel="用 60 张图片测得的准确率（虚线：真实值）", ylabel="测试次数")
plt.close(figure)
pk.visualize.describe(figure, "准确率的钟形直方图，大约从 0.65 到 0.97。")

# %% [markdown]
# 换 60 张图片，同一个网络可能对 46 张，也可能对 54 张。[置信区间](../../docs/glossary.md#confidence-interval)（confidence interval）告诉我们，哪些真实的准确率和看到的结果合得上。Wilson 区间对每个准确率 $p$ 都问一句：假如它就是真实的准确率，那么 60 张对 50 张，离它是不是不到 1.96 个标准差（standard deviation）？（所有结果里，大约 95% 都是这样。）凡是回答“是”的 $p$，合起来就是这个区间：
#
# $$\frac{\hat p + \frac{z^2}{2n} \pm z
# \sqrt{\frac{\hat p (1 - \hat p)}{n} + \frac{z^2}{4 n^2}}}{1 + \frac{z^2}{n}},
# \qquad \hat p = \frac{50}{60},\ n = 60,\ z = 1.96$$


# %%
def wilson(right, n, z=1.96):
    share = right / n
    middle = share + z**2 / (2 * n)
    half = z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return (middle - half) / (1 + z**2 / n), (middle + half) / (1 + z**2 / n)


low, high = wilson(50, 60)
print(f"从 {low:.0%} 到 {high:.0%}")

# %% [markdown]
# 83% 和将近 90% 都落在区间里，75% 也在。原文的两个数字并不矛盾：60 张图片太少，区分不了它们。假如第二个网络对了 53 张，要说它是不是更好，60 张也不够：

# %%
low, high = wilson(53, 60)
print(f"从 {low:.0%} 到 {high:.0%}")

# %% [markdown]
# 这个区间说话算数吗？上面那 10,000 次测试，每次都有自己的区间。95% 的区间，应该在 100 次测试里大约有 95 次包含真实的准确率：

# %%
low, high = wilson(right, 60)
held = np.mean((low < 5 / 6) & (high > 5 / 6))
print(f"{held:.0%} 的区间包含它")

# %% [markdown]
# 大多数教科书里的区间是 $\hat p \pm z \sqrt{\hat p (1 - \hat p) / n}$。准确率接近 1、测试又小的时候，它就不太行了。要是 60 张全对，它会断言这个网络从不犯错。Wilson 区间要谨慎一些：

# %%
low, high = wilson(60, 60)
print(f"从 {low:.0%} 到 {high:.0%}")

# %% [markdown]
# ## 多少张图片才够？
#
# 测试图片越多，区间就越窄，但窄得很慢：要让它窄一半，图片得是原来的四倍。虚线在 60 的位置。

# %% tags=["nbval-ignore-output"]
counts = np.geomspace(10, 5000, 200)
low, high = wilson(5 / 6 * counts, counts)
figure, axes = plt.subplots(figsize=(6, 3))
axes.fill_between(counts, low, high, alpha=0.3)
axes.axhline(5 / 6, color="black", linewidth=1)
axes.axvline(60, color="gray", linestyle="--")
axes.set(xscale="log", xlabel="测试图片数", ylabel="说得通的准确率")
plt.close(figure)
pk.visualize.describe(
    figure, "5/6 两边的一条带子，测试图片越多，带子越窄。"
)

# %% [markdown]
# **练习 1。** 准确率是 5/6 时，要让区间的宽度不超过 10 个百分点，需要多少张测试图片？改一改这个数；我们要找的是够用的最小数，差几张没关系。

# %% tags=["exercise"]
test_pictures = 60
pk.check.chapter01.exercise_1(test_pictures)

# %% [markdown]
# <details><summary>答案</summary>
#
# ```python
# test_pictures = 211
# pk.check.chapter01.exercise_1(test_pictures)
# ```
#
# 你可以一个一个试出来。也可以用“宽度减半，图片要四倍”这条规律，算出一个接近的数：$60 \cdot (18.7 / 10)^2 \approx 210$。
#
# </details>

# %% [markdown]
# **想一想。** 放进测试集的每一张图片，网络都不能拿来学习。如果你必须把准确率估计到误差不超过三个百分点，400 张图片你会怎么用？
#
# <details><summary>参考回答</summary>
#
# 只测一次是办不到的：准确率是 5/6 时，要做到正负三个百分点，大约需要 590 张测试图片。400 张图片最好的用法是*交叉验证*（cross-validation）：把图片分成五份，训练五个网络，每个网络都留出其中一份不用。然后拿每个网络没见过的那一份来测试它。这样每张图片都测过一次，区间是正负 3.7 个百分点。
#
# </details>
#
# 数据少还有另一面：一个有几百万个权重（weight）的网络，能把 340 张图片死记硬背下来。第 10 章讲的就是这件事。

# %% [markdown]
# **改一改，看一看。** 在有 `rng.binomial` 的那个单元格里，改用 600 张图片来测试：写成 `rng.binomial(600, 5 / 6, size=10_000)` 和 `right / 600`，再运行那个单元格。那堆柱子窄了多少？
#
# ## 三句话小结
#
# - 先看图片：图片之间的任何共同点，网络都可能拿来当依据。
# - 只有 60 张测试图片，准确率只能知道个大概，上下各差十个百分点左右。
# - 想让区间窄一半，图片要四倍。

# %% [markdown]
# ## 延伸阅读
#
# - O. M. Parkhi, A. Vedaldi, A. Zisserman, C. V. Jawahar, "Cats and Dogs", CVPR 2012，第 2 节：数据集是怎样收集、怎样标注的。
# - E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", Journal of
#   the American Statistical Association 22 (1927)，209-212：只有三页，区间就在里面。
# - L. D. Brown, T. T. Cai, A. DasGupta, "Interval Estimation for a Binomial Proportion",
#   Statistical Science 16 (2001)，101-133：教科书里的区间为什么没有看上去那么好。
#
# 下一章：[02 · 选择模型](02_choosing_a_model.ipynb)。
