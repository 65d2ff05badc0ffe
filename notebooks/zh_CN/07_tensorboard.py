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
# # 07 · TensorBoard
#
# TensorBoard 说穿了，就是一些文件，再加一个把它们画出来的网页。这一章里，你来写这样的文件，再把它们读回来，还要亲手把曲线变平滑。
#
# **学完本章，你能**
#
# - 写入标量、直方图和图片，再把它们读回来；
# - 找到 `pk.train` 为一次运行写下的内容；
# - 说清平滑滑块做了什么，又在什么时候会误导你。
#
# *双核约半分钟 · 对应原文“Summaries”一节*
#
# 下面是一次短短的运行留下的曲线，只有两轮（epoch），是用 TensorBoard 的文件画出来的。浅色的线是实际测得的值，虚线是同样的值平滑以后的样子。这两种线，你更愿意相信哪一种？

# %% tags=["nbval-ignore-output"]
import dataclasses

import petkeras as pk
from petkeras import visualize

pk.language.use("zh")
data = pk.course.load()
recipe = dataclasses.replace(pk.MODERN, epochs=2)
model = pk.pet_net(len(data.class_names), data.mean.shape[0], recipe, seed=0)
run_dir = pk.course.scratch()
history = pk.train(model, data, recipe, run_dir, verbose=False)
visualize.plot_curves(run_dir)

# %% [markdown]
# TensorBoard 站在网络旁边做笔记：

# %%
pk.course.where("TensorBoard")

# %% [markdown]
# ## 写入器
#
# 一条[摘要](../../docs/glossary.md#summary)（summary）就是一个有名字的值，再加上记录它时的步数；这个名字叫做*标记*（tag）。写入器（writer）把摘要一条条添到某个文件夹的一个文件里。下面是一个编造的损失（loss），共二十个值。

# %%
import tensorflow as tf

folder = pk.course.scratch()
writer = tf.summary.create_file_writer(str(folder))
with writer.as_default():
    for step in range(20):
        tf.summary.scalar("Loss", 0.7 * 0.9**step, step=step)
writer.flush()

# %% [markdown]
# 这样就生成了一个文件，文件名以 `events.out.tfevents` 开头。你把哪个文件夹告诉 TensorBoard，它就在那个文件夹和所有子文件夹里找这样的文件。

# %%
files = list(folder.iterdir())
print(len(files), "个文件：", files[0].name[:19])

# %% [markdown]
# ## 读回来
#
# 文件由 TensorBoard 自带的读取器来解析。不管找到的是标量（scalar）、直方图（histogram）还是图片，它一律存成*张量*（tensor）。

# %%
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


def read(folder):
    events = EventAccumulator(str(folder), {"tensors": 0})  # 0 表示全部保留
    return events.Reload()


losses = read(folder).Tensors("Loss")
print(len(losses), "个值，最后一个的步数是", losses[-1].step)
print(f"{tf.make_ndarray(losses[0].tensor_proto):.2f}")

# %% [markdown]
# **练习 2。** 用标记 `Loss` 把这三个损失写进文件夹，步数分别是 5、10 和 15。

# %% tags=["exercise"]
mine = str(pk.course.scratch())
my_losses = {5: 0.7, 10: 0.5, 15: 0.4}
my_writer = tf.summary.create_file_writer(mine)

my_writer.close()
pk.check.chapter07.exercise_2(mine)

# %% [markdown]
# <details><summary>答案</summary>
#
# ```python
# mine = str(pk.course.scratch())
# my_losses = {5: 0.7, 10: 0.5, 15: 0.4}
# my_writer = tf.summary.create_file_writer(mine)
# with my_writer.as_default():
#     for step, loss in my_losses.items():
#         tf.summary.scalar("Loss", loss, step=step)
# my_writer.close()
# pk.check.chapter07.exercise_2(mine)
# ```
#
# </details>

# %% [markdown]
# ## 直方图
#
# 一个卷积核（kernel）有 9,216 个权重（weight），只用一个数说明不了什么。直方图把这些值的范围分成许多区间（bucket），再数一数每个区间里落了多少个值。

# %%
import numpy as np

rng = np.random.default_rng(0)
with writer.as_default():
    for step in range(20):
        tf.summary.histogram("weights", rng.normal(0, 0.1 + 0.01 * step, 9216), step=step)
writer.flush()

weights = [tf.make_ndarray(event.tensor_proto) for event in read(folder).Tensors("weights")]
print(weights[0].shape, "其中的计数加起来是", weights[0][:, 2].sum(), "个值")

# %% [markdown]
# 三十个区间，每个有左边界、右边界和计数：那么多值，就只剩下这些了。TensorBoard 把各步一个接一个往后排。这里每一步是一座小山，最早的在最上面。看，小山越来越宽。


# %%
import matplotlib.pyplot as plt

plt.style.use(visualize.style.STYLE)  # petkeras 自己的图用的样式


# %%
def ridges(histograms, title):
    """像 TensorBoard 那样，把直方图画成一条条线，从上往下排。"""
    figure, axes = plt.subplots(figsize=(6, 4))
    highest = max((h[:, 2] / np.ptp(h[:, :2])).max() for h in histograms)
    for row, h in enumerate(histograms):
        height = h[:, 2] / np.ptp(h[:, :2]) / highest * 4  # 每单位宽度的计数，再缩放
        axes.fill_between(h[:, :2].mean(axis=1), -row, height - row, color="C0", alpha=0.5)
    axes.set(title=title, yticks=[])
    plt.close(figure)
    return visualize.describe(figure, f"{title}：一座座小山从上往下排，每一步一座。")


# %% tags=["nbval-ignore-output"]
ridges(weights[::2], "权重，每隔一步画一次")

# %% [markdown]
# **练习 3。** 读回来的直方图形状是 `(buckets, 3)`：左边界、右边界、计数。假定每个值都落在它那个区间的正中间，请估算这些值的均值。


# %% tags=["exercise"]
def histogram_mean(buckets):
    return None


pk.check.chapter07.exercise_3(histogram_mean)

# %% [markdown]
# <details><summary>答案</summary>
#
# ```python
# def histogram_mean(buckets):
#     left, right, count = buckets.T
#     middle = (left + right) / 2
#     return (middle * count).sum() / count.sum()
#
#
# pk.check.chapter07.exercise_3(histogram_mean)
# ```
#
# </details>

# %% [markdown]
# ## 图片、文字和超参数
#
# 一批图片的形状是 `(n, height, width, channels)`，数据类型可以是 uint8，也可以是 0 到 1 之间的浮点数；每张图片存成一个 PNG。TensorBoard 读文件夹时，每个标记大约只留十张图片，第一张也不一定在里面。所以没法用它给滤波器（filter）拍影片；第 11 章会自己来拍。

# %%
with writer.as_default(step=0):
    tf.summary.image("picture", data.test.images[:1])
    tf.summary.text("note", "*文字*里可以用 **Markdown**。")
writer.flush()

width, height, png = tf.make_ndarray(read(folder).Tensors("picture")[0].tensor_proto)
lost = tf.io.decode_png(png) - data.test.images[0]
print(png[:4], "丢失的数：", int(tf.math.count_nonzero(lost)))

# %% [markdown]
# [超参数](../../docs/glossary.md#hyperparameter)（hyperparameter）是你在训练之前选好的设置，它们有自己的标签页，叫 HParams。那里的表格用来比较各次运行：用了哪个学习率、多大的随机失活（dropout），最后结果怎样？

# %%
from tensorboard.plugins.hparams import api as hparams

with writer.as_default():
    hparams.hparams({"learning_rate": 1e-3, "dropout": 0.5})
writer.close()
print(read(folder).Tags()["tensors"])

# %% [markdown]
# **想一想。** 一次运行有 13,600 步，你会每一步都写一张图片吗？`png` 占多少字节？
#
# <details><summary>参考回答</summary>
#
# 图片边长 64 像素时，`len(png)` 约为 8,000。13,600 张就要超过 100 MB，而 TensorBoard 只显示十张左右。`pk.train` 只在第 1、2、4、8……轮之后写图片，最后一轮之后再写一次。
#
# </details>

# %% [markdown]
# ## petkeras 写了些什么
#
# 原文每五步写一次，把损失、准确率（accuracy）和一个直方图写给两个写入器：一个管训练，一个管测试。两个写入器用的是不同的文件夹，所以 `Loss` 虽是一个标记，却有两条曲线，TensorBoard 把它们画进同一张图。`pk.train` 有一个回调（callback）做同样的事，不过测试的文件夹它每 25 步才写一次，因为每写一次，网络都要多看十张图片。本页开头的那次运行，它写下了这些：

# %%
training, test = (read(f"{run_dir}/tensorboard/{part}") for part in ("train", "test"))
print(*training.Tags()["tensors"], sep="\n")

# %% [markdown]
# 卷积核和它们的梯度（gradient）是直方图，`recipe` 是文字。计算图也在里面，第 09 章专门讲它。图片在测试的文件夹里：有卷积核，有特征图（feature map），还有哪个品种被错认成了哪个。

# %%
print(*[tag for tag in test.Tags()["tensors"] if "pictures" in tag], sep="\n")

# %% [markdown]
# 下面是第一层的卷积核，一张是第一轮之后的，一张是第二轮之后的，都由 TensorBoard 文件里的 PNG 解码而来。你能找出一个有变化的吗？

# %% tags=["nbval-ignore-output"]
events = test.Tensors("pictures/kernels/conv1_1")
kernels = [tf.io.decode_png(tf.make_ndarray(event.tensor_proto)[2]) for event in events]
visualize.plot_pictures(kernels, [f"conv1_1，第 {event.step} 步之后" for event in events])

# %% [markdown]
# 再看这一层的梯度，一步一步地看。随着它不断学习，梯度是变小了，还是变大了？

# %% tags=["nbval-ignore-output"]
gradients = training.Tensors("gradients/conv1_1")
histograms = [tf.make_ndarray(event.tensor_proto) for event in gradients]
ridges(histograms, f"conv1_1 的梯度，第 {gradients[0].step} 步到第 {gradients[-1].step} 步")

# %% [markdown]
# ## 不用 TensorBoard 看标量
#
# `visualize.read_scalars` 从运行文件夹里读出损失和准确率，`plot_curves` 在本页开头把它们画了出来。所以就算没有那个网页，你也看得到。

# %%
scalars = visualize.read_scalars(run_dir)
steps, losses = scalars["train"]["Loss"]
print("步数：", *steps[:4], "...")
difference = losses - np.array(history.step_losses)[steps - 1]
print(f"与训练历史的最大差别：{np.abs(difference).max():.5f}")

# %% [markdown]
# 再看看那些曲线。浅色的线是实际测得的值。它们来自大小为十的批次（batch），所以每个准确率只能是 0%、10%、20%……或 100%。虚线是同样的值平滑以后的样子。实线是测试集的标记 `Epoch/Accuracy`：每轮之后用上全部测试图片。（TensorBoard 里还有测试集的标记 `Accuracy`。它只来自十张图片，而且每 25 步才有一个值。）

# %% [markdown]
# ## 亲手做平滑
#
# TensorBoard 的滑块背后，是[指数移动平均](../../docs/glossary.md#exponential-moving-average)（exponential moving average）。每来一个新值，就把平均值朝自己拉近一点：新的平均值等于 $0.9$ 乘以旧的平均值，加上 $0.1$ 乘以新值。如果平均值从 0 开始，它一开头就会低得离谱，因为那个 0 还占着大头。所以我们要把它除以测得的值在其中所占的总权重，也就是它们的*份额*（share）。

# %%
weight, average, share = 0.9, 0.0, 0.0
from_zero, by_hand = [], []
for loss in losses:
    average = weight * average + (1 - weight) * loss
    share = weight * share + (1 - weight)  # 0.1, 0.19, 0.271, ...
    from_zero.append(average)
    by_hand.append(average / share)

difference = by_hand - visualize.smooth(losses, weight)
print(f"最大差别：{np.abs(difference).max():.5f}")

# %% tags=["nbval-ignore-output"]
figure, axes = plt.subplots(figsize=(6, 3))
axes.plot(steps, losses, color="gray", linewidth=1, label="一个批次的损失")
axes.plot(steps, from_zero, "--", label="从 0 开始的平均值")
axes.plot(steps, by_hand, label="除以份额后的平均值")
axes.set(xlabel="步数", ylim=(0, None))
axes.legend()
plt.close(figure)
visualize.describe(figure, "一条锯齿状的损失曲线和两条平均值曲线：其中一条从 0 开始，低得离谱。")

# %% [markdown]
# **练习 1。** 权重为 0.9 时，一步之前的值，分量是最新值的 0.9 倍。权重取多少，才能让*十步*之前的值，分量正好是最新值的一半？

# %% tags=["exercise"]
weight = 0.9
pk.check.chapter07.exercise_1(weight)

# %% [markdown]
# <details><summary>答案</summary>
#
# ```python
# weight = 0.5 ** (1 / 10)
# pk.check.chapter07.exercise_1(weight)
# ```
#
# 约 0.933：十步之前的值，分量是最新值的 $w^{10}$ 倍。
#
# </details>

# %% [markdown]
# **想一想。** 随便两次运行，只要一直拖动滑块，总能让它们看起来一样。一条只有 13 个值的曲线，用多大的权重才算老实？有 2,600 个值的呢？
#
# <details><summary>参考回答</summary>
#
# 权重为 $w$ 的平均值大约涵盖 $1 / (1 - w)$ 个值。这应该只是曲线的一小部分。一共 13 个值时，涵盖 2 到 3 个就够了：权重最多 0.5 或 0.6。一共 2,600 个值时，可以涵盖 50 或 100 个：权重取 0.98 或 0.99。
#
# </details>

# %% [markdown]
# ## TensorBoard 本身
#
# 在你自己电脑上的 Jupyter 里，TensorBoard 会直接在单元格下方打开。想试的话，把下面两行开头的 `#` 去掉。

# %%
# # %load_ext tensorboard
# # %tensorboard --logdir $run_dir --samples_per_plugin images=0

# %% [markdown]
# 在终端里，运行 `tensorboard --logdir RUN`，再用浏览器打开 <http://localhost:6006>。如果你给它的文件夹里有许多次运行，它会把它们放在一起比较。
#
# - **通过 SSH。** 在远程机器上运行 `tensorboard --logdir RUN`，在自己的机器上运行 `ssh -L 6006:localhost:6006 YOU@THERE`，然后在自己的机器上打开 <http://localhost:6006>。不需要用 `--bind_all`；用了它，凡是能连到那台机器的人，都看得到你的各次运行。
# - **在 JupyterHub 上。** 上面的单元格常常是空的，因为你的浏览器连不到那台机器的 6006 端口。如果那里装了 jupyter-server-proxy，就把笔记本网址里的 `lab` 换成 `proxy/6006/` 再打开，末尾的斜杠也要带上。如果没装，就像上面那样用 `plot_curves`。
# - **还在显示旧的运行。** 单元格运行完了，TensorBoard 也不会停。把它停掉，或者换一个 `--port` 再启动下一个。

# %% [markdown]
# **改一改，看一看。** 在“亲手做平滑”一节里，把权重改成 0.99，再运行那两个单元格。到运行结束时，从 0 开始的平均值比测得的值低多少？
#
# ## 三句话小结
#
# - 摘要就是文件里的一个值、一个标记和一个步数；TensorBoard 只管把它画出来。
# - 一个卷积核有几千个值，直方图只留下三十个区间。
# - 平滑就是移动平均；只要平滑得够厉害，随便两次运行看起来都一样。

# %% [markdown]
# ## 延伸阅读
#
# - K. Wongsuphasawat 等，"Visualizing Dataflow Graphs of Deep Learning Models in TensorFlow", IEEE Transactions on Visualization and Computer Graphics 24 (2018)，1-12：作者正是做出 TensorBoard 的那些人。
# - D. P. Kingma, J. Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015，第 3 节：同样的移动平均，对开头也做同样的修正。
# - E. R. Tufte, *The Visual Display of Quantitative Information*（第 2 版，2001），第 2 章：曲线应该怎样对得起它的数据。
#
# 下一章：[08 · 训练](08_training.ipynb)。
