"""Wrong answers to BasicBlock."""

from autograder.exercise import Mistake, rewrite
from autograder.exercises.hw5.block_answers import BasicBlock

CONV1 = "self.conv1 = nn.Conv2d(c_in, c_out, 3, stride, padding=1, bias=False)"
CONV2 = "self.conv2 = nn.Conv2d(c_out, c_out, 3, 1, padding=1, bias=False)"
BN1 = "self.bn1 = nn.BatchNorm2d(c_out)"
BN2 = "self.bn2 = nn.BatchNorm2d(c_out)"
CONDITION = "if stride != 1 or c_in != c_out:"
PROJECT = "project = nn.Conv2d(c_in, c_out, 1, stride, bias=False)"
SHORTCUT = "self.downsample = nn.Sequential(project, nn.BatchNorm2d(c_out))"
IDENTITY = "identity = x if self.downsample is None else self.downsample(x)"
INNER = "out = F.relu(self.bn1(self.conv1(x)))"
OUTER = "out = self.bn2(self.conv2(out))"
RETURN = "return F.relu(out + identity)"


def wrong(name, anchor, sentence, *changes):
    return Mistake(name, sentence, f"resnets-{anchor}", rewrite(BasicBlock, *changes))


MISTAKES = (
    wrong(
        "ReLU before the add",
        "block",
        "You take the ReLU before you add. Then the main path can only raise values. Add first, then take the ReLU of the sum.",
        (RETURN, "return F.relu(out) + identity"),
    ),
    wrong(
        "ReLU before the add, then +=",
        "block",
        "You take the ReLU before you add, and += then overwrites what the ReLU has kept for its backward pass. Add first, then take the ReLU of the sum.",
        (RETURN, "out = F.relu(out)\n        out += identity\n        return out"),
    ),
    wrong(
        "no ReLU after the add",
        "block",
        "The last ReLU is missing: your output has negative values. It comes after the addition.",
        (RETURN, "return out + identity"),
    ),
    wrong(
        "no ReLU inside",
        "block",
        "The ReLU between the two convolutions is missing. Without it the two are one linear map.",
        (INNER, "out = self.bn1(self.conv1(x))"),
    ),
    wrong(
        "a ReLU more",
        "block",
        "You take a ReLU after the second batch norm as well as after the addition. F(x) must be free to be negative: leave the inner one out.",
        (RETURN, "return F.relu(F.relu(out) + identity)"),
    ),
    wrong(
        "no skip",
        "skip",
        "Your block has no skip connection: x reaches the output through the convolutions alone.",
        (RETURN, "return F.relu(out)"),
    ),
    wrong(
        "identity added twice",
        "skip",
        "You add the shortcut twice. Once is enough.",
        (RETURN, "out = out + identity\n        return F.relu(out + identity)"),
    ),
    wrong(
        "averaged",
        "skip",
        "You average the two paths. Add them: the shortcut's slope is 1.",
        (RETURN, "return F.relu((out + identity) / 2)"),
    ),
    wrong(
        "concatenated",
        "kinds",
        "You concatenate the two paths, as a DenseNet does. A residual block adds them.",
        (RETURN, "import torch\n        return F.relu(torch.cat([out, identity], 1))"),
    ),
    wrong(
        "skip cut off from gradients",
        "two-paths",
        "No gradient goes back through your shortcut: detach cuts it off, and with it the path that the block exists for.",
        (RETURN, "return F.relu(out + identity.detach())"),
    ),
    wrong(
        "x changed by +=",
        "block",
        "Your += writes the sum into x itself, since the shortcut is x. Write out = out + identity, or add to what you made yourself.",
        (RETURN, "identity += out\n        return F.relu(identity)"),
    ),
    wrong(
        "ReLU of x in place",
        "block",
        "An in-place ReLU at the start changes x, which the shortcut and the caller still need. A block begins with a convolution.",
        (IDENTITY, "x = F.relu(x, inplace=True)\n        " + IDENTITY),
    ),
    wrong(
        "ReLU of the shortcut",
        "skip",
        "You take a ReLU of x before you add it. The shortcut passes x on as it is.",
        (IDENTITY, IDENTITY + "\n        identity = F.relu(identity)"),
    ),
    wrong(
        "ReLU of x first",
        "block",
        "You take a ReLU of x before the first convolution. That one reads x as it is.",
        (INNER, "out = F.relu(self.bn1(self.conv1(F.relu(x))))"),
    ),
    wrong(
        "no projection for new channels",
        "block",
        "When only the number of channels changes, your shortcut has no projection, and the sum has no meaning. Project when the stride is not 1 or the channels differ.",
        (CONDITION, "if stride != 1:"),
    ),
    wrong(
        "no projection for a stride",
        "block",
        "When only the stride is not 1, your shortcut has no projection, so it stays larger than the main path. Project when the stride is not 1 or the channels differ.",
        (CONDITION, "if c_in != c_out:"),
    ),
    wrong(
        "projection for both alone",
        "block",
        "You project only when the stride and the channels both change. One of them is enough: write or, not and.",
        (CONDITION, "if stride != 1 and c_in != c_out:"),
    ),
    wrong(
        "projection always",
        "block",
        "You project where nothing changes, too. Where stride is 1 and the channels agree, the shortcut is x itself and has no weights.",
        (CONDITION, "if True:"),
    ),
    wrong(
        "no projection",
        "block",
        "Your block has no projection. Where shapes differ, the shortcut is a 1x1 convolution with a batch norm; slices and zeros are another kind of shortcut.",
        (CONDITION, "self.stride, self.c_out = stride, c_out\n        if False:"),
        (
            IDENTITY,
            "identity = x[:, :, :: self.stride, :: self.stride]\n"
            "        identity = F.pad(identity, (0, 0, 0, 0, 0, self.c_out - x.shape[1]))",
        ),
    ),
    wrong(
        "stride in the shortcut alone",
        "block",
        "Only your shortcut has the stride. The first 3x3 convolution needs it, too, or the two paths do not fit.",
        (CONV1, CONV1.replace("stride", "1")),
    ),
    wrong(
        "stride in both convolutions",
        "block",
        "Both of your convolutions have the stride, so the main path shrinks twice. Only the first one has it.",
        (CONV2, CONV2.replace("3, 1", "3, stride")),
    ),
    wrong(
        "stride in the second convolution",
        "block",
        "Your second convolution has the stride. The first one has it, so that the second works on the small map.",
        (CONV1, CONV1.replace("stride", "1")),
        (CONV2, CONV2.replace("3, 1", "3, stride")),
    ),
    wrong(
        "no stride in the shortcut",
        "block",
        "Your projection has no stride, so the shortcut stays larger than the main path.",
        (PROJECT, PROJECT.replace("stride", "1")),
    ),
    wrong(
        "projection without batch norm",
        "norm",
        "Your projection has no batch norm. Every convolution of the block has one.",
        (SHORTCUT, "self.downsample = nn.Sequential(project)"),
    ),
    wrong(
        "projection with ReLU",
        "skip",
        "Your projection ends in a ReLU. It is a convolution and a batch norm, and may be negative.",
        (SHORTCUT, "self.downsample = nn.Sequential(project, nn.BatchNorm2d(c_out), nn.ReLU())"),
    ),
    wrong(
        "projection of 3x3",
        "block",
        "Your projection is a 3x3 convolution. 1x1 is enough to change channels, and cheaper.",
        (PROJECT, "project = nn.Conv2d(c_in, c_out, 3, stride, padding=1, bias=False)"),
    ),
    wrong(
        "bias left on",
        "norm",
        "Your convolutions have a bias. The batch norm behind each takes it away again: bias=False.",
        (CONV1, CONV1.replace(", bias=False", "")),
        (CONV2, CONV2.replace(", bias=False", "")),
        (PROJECT, PROJECT.replace(", bias=False", "")),
    ),
    wrong(
        "bias left on in the projection",
        "norm",
        "Your projection has a bias. The batch norm behind it takes it away again: bias=False.",
        (PROJECT, PROJECT.replace(", bias=False", "")),
    ),
    wrong(
        "second batch norm missing",
        "norm",
        "Your block has only one batch norm, bn1, on its main path. Each of the two convolutions has its own.",
        (BN2, ""),
        (OUTER, "out = self.conv2(out)"),
    ),
    wrong(
        "first batch norm missing",
        "norm",
        "Your first convolution has no batch norm, bn1. Each of the two convolutions has its own.",
        (BN1, ""),
        (INNER, "out = F.relu(self.conv1(x))"),
    ),
    wrong(
        "no batch norm",
        "norm",
        "Your block has no batch norm at all. Every convolution is followed by one.",
        (BN1, ""),
        (BN2, ""),
        (INNER, "out = F.relu(self.conv1(x))"),
        (OUTER, "out = self.conv2(out)"),
        (SHORTCUT, "self.downsample = nn.Sequential(project)"),
    ),
    wrong(
        "bn1 used twice",
        "norm",
        "You use bn1 for both convolutions, and bn2 for none. Mind the digits when you copy a line.",
        (OUTER, "out = self.bn1(self.conv2(out))"),
    ),
    wrong(
        "batch norm after the add",
        "block",
        "You add before the second batch norm, which then changes the shortcut as well. Add after it.",
        (OUTER, "out = self.conv2(out)"),
        (RETURN, "return F.relu(self.bn2(out + identity))"),
    ),
    wrong(
        "ReLU before the batch norm",
        "norm",
        "You take the ReLU before the first batch norm. The order is convolution, batch norm, ReLU.",
        (INNER, "out = self.bn1(F.relu(self.conv1(x)))"),
    ),
    wrong(
        "batch norm before the convolution",
        "norm",
        "Your batch norms come before the convolutions, as in a later design. Here the order is convolution, batch norm, ReLU.",
        (BN1, "self.bn1 = nn.BatchNorm2d(c_in)"),
        (INNER, "out = self.conv1(F.relu(self.bn1(x)))"),
        (OUTER, "out = self.conv2(F.relu(self.bn2(out)))"),
        (RETURN, "return out + identity"),
    ),
    wrong(
        "always in training mode",
        "norm",
        "Your batch norms use the statistics of the batch in evaluation, too. Leave the mode to whoever calls the block: model.train() or model.eval().",
        (IDENTITY, "self.train()\n        " + IDENTITY),
    ),
    wrong(
        "always in evaluation mode",
        "norm",
        "Your batch norms use the running statistics in training, too. Leave the mode to whoever calls the block: model.train() or model.eval().",
        (IDENTITY, "self.eval()\n        " + IDENTITY),
    ),
    wrong(
        "no running statistics",
        "norm",
        "Your batch norms keep no running statistics, so the output for one image depends on the others. Leave track_running_stats as it is.",
        (BN1, "self.bn1 = nn.BatchNorm2d(c_out, track_running_stats=False)"),
        (BN2, "self.bn2 = nn.BatchNorm2d(c_out, track_running_stats=False)"),
        (SHORTCUT, "self.downsample = nn.Sequential(project, nn.BatchNorm2d(c_out, track_running_stats=False))"),
    ),
    wrong(
        "momentum of 0.9",
        "norm",
        "Your running statistics take 0.9 of the new batch. PyTorch's momentum is the share of the new, 0.1: leave it as it is.",
        (BN1, "self.bn1 = nn.BatchNorm2d(c_out, momentum=0.9)"),
        (BN2, "self.bn2 = nn.BatchNorm2d(c_out, momentum=0.9)"),
        (SHORTCUT, "self.downsample = nn.Sequential(project, nn.BatchNorm2d(c_out, momentum=0.9))"),
    ),
    wrong(
        "no padding",
        "block",
        "Your 3x3 convolutions have no padding, so the map shrinks and the shortcut does not. Pad by 1.",
        (CONV1, CONV1.replace("padding=1, ", "")),
        (CONV2, CONV2.replace("padding=1, ", "")),
    ),
    wrong(
        "two paths of x",
        "block",
        "Your second convolution reads x, not what the first one made.",
        (OUTER, "out = self.bn2(self.conv2(out * 0 + x)) if x.shape == out.shape else self.bn2(self.conv2(out))"),
    ),
)
