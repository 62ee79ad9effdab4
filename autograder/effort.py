"""What each exercise asks for, how hard it is and how long it takes, as the chapters' tables show it.

Difficulty is 1 (put one formula into code), 2 (several steps that must fit together) or 3 (easy to get wrong, and
the better part of an evening). Minutes are estimates by those who wrote the exercises, for somebody who has read the
chapter. Nobody has measured them.
"""

from html import escape
from typing import NamedTuple

from autograder.exercises import ASSIGNMENTS
from autograder.verdict import link


class Effort(NamedTuple):
    """``what`` to write, as HTML; ``difficulty`` from 1 to 3; estimated ``minutes``."""

    what: str
    difficulty: int
    minutes: int


class Written(NamedTuple):
    """The question of an assignment that is answered in words and graded by hand."""

    what: str
    points: int
    difficulty: int
    minutes: int


EFFORT = {
    "hw1.to_float_chw": Effort("from a photograph to what a network reads", 1, 15),
    "hw1.linear_params": Effort("what a linear layer learns", 1, 5),
    "hw1.conv_params": Effort("what a convolution learns", 1, 10),
    "hw1.xcorr2d": Effort("the sweep", 2, 40),
    "hw1.xcorr2d_inputs": Effort("your own test: inputs that expose wrong sweeps", 3, 40),
    "hw1.filter_same": Effort("four rules for the border", 2, 45),
    "hw1.convolve2d": Effort("the turned kernel", 1, 15),
    "hw1.gaussian_kernel": Effort("the weights of a blur", 1, 20),
    "hw1.separable": Effort("two passes for one", 2, 20),
    "hw1.separable_macs": Effort("what they save", 1, 10),
    "hw1.sobel_magnitude": Effort("the length of the gradient", 2, 25),
    "hw1.ncc": Effort("the template and its place", 3, 50),
    "hw2.out_size": Effort("the size formula, with its floor", 1, 15),
    "hw2.same_padding": Effort("the padding that keeps the size, or an error", 1, 10),
    "hw2.conv_forward_naive": Effort("the layer as loops", 3, 75),
    "hw2.im2col": Effort("windows as columns", 2, 40),
    "hw2.conv_forward_im2col": Effort("the layer as one matrix product", 2, 25),
    "hw2.max_pool_forward_naive": Effort("max pooling, windows that overlap included", 2, 35),
    "hw2.global_avg_pool": Effort("one number a channel", 1, 5),
    "hw2.conv_params": Effort("parameters, with groups", 1, 10),
    "hw2.conv_macs": Effort("multiply-adds, with groups", 1, 15),
    "hw2.receptive_field": Effort("the field of a list of layers", 2, 20),
    "hw2.equivariance_error": Effort("how far a layer is from following a shift", 2, 25),
    "hw3.grouped_conv_forward": Effort("the grouped layer, with an error where the groups do not divide", 3, 60),
    "hw3.block_diagonal": Effort("the dense bank that does the same", 2, 30),
    "hw3.conv_params": Effort("the count, with groups and biases", 1, 10),
    "hw3.depthwise_separable": Effort("depthwise, then pointwise", 2, 30),
    "hw3.channel_shuffle": Effort("the permutation between two grouped layers", 2, 20),
    "hw3.dilate_kernel": Effort("the kernel with its zeros written in", 1, 20),
    "hw3.conv2d": Effort("the whole layer: stride, padding, dilation, groups", 3, 60),
    "hw3.conv1x1_as_linear": Effort("the pointwise layer as a matrix product", 1, 15),
    "hw3.grouped_conv_inputs": Effort("your own test: inputs that expose wrong grouped convolutions", 3, 35),
    "hw4.relu_forward": Effort("zero what is negative", 1, 5),
    "hw4.relu_backward": Effort("the mask on the way back", 1, 10),
    "hw4.affine_forward": Effort("flatten, multiply, add", 1, 10),
    "hw4.affine_backward": Effort("three gradients of a linear layer", 2, 25),
    "hw4.softmax_loss": Effort("the loss, and the first <code>dout</code>", 2, 35),
    "hw4.numerical_gradient": Effort("central differences, values put back", 2, 30),
    "hw4.conv_toeplitz": Effort("the matrix of a convolution in one dimension", 2, 25),
    "hw4.conv_backward_naive": Effort("<code>dx</code>, <code>dw</code> and <code>db</code>, as loops", 3, 145),
    "hw4.conv_transpose2d": Effort("the layer that makes maps larger", 3, 60),
    "hw4.col2im": Effort("fold: windows back into images, added up", 2, 30),
    "hw4.max_pool_backward_naive": Effort("routing, with ties and overlaps", 2, 45),
    "hw4.batchnorm_forward": Effort("batch norm of features, with its running averages", 2, 45),
    "hw4.batchnorm_backward": Effort("its three paths, node by node", 3, 60),
    "hw4.batchnorm_backward_alt": Effort("one formula for the three", 3, 35),
    "hw4.layernorm_forward": Effort("the same over the features of a row", 2, 20),
    "hw4.layernorm_backward": Effort("and back", 2, 20),
    "hw4.spatial_batchnorm_forward": Effort("the same over the pixels of a channel", 2, 20),
    "hw4.spatial_batchnorm_backward": Effort("and back", 2, 20),
    "hw4.spatial_groupnorm_forward": Effort("the same over groups of channels", 2, 25),
    "hw4.spatial_groupnorm_backward": Effort("and back", 3, 30),
    "hw4.dropout_forward": Effort("a mask, and a scale", 1, 15),
    "hw4.dropout_backward": Effort("the same mask, back", 1, 5),
    "hw4.conv_relu_backward": Effort("two layers put together", 1, 15),
    "hw4.conv_bn_relu_backward": Effort("three, there and back", 2, 20),
    "hw4.conv_relu_pool_backward": Effort("the other three", 2, 20),
    "hw4.ThreeLayerConvNet": Effort("a network with its loss and all its gradients", 3, 75),
    "hw4.conv_backward_inputs": Effort("your own test: inputs that expose wrong backward passes", 3, 30),
    "hw5.chain_gradient": Effort("the gradient of each layer of a chain, with and without a skip", 1, 10),
    "hw5.BasicBlock": Effort("two convolutions and a shortcut", 2, 30),
    "hw5.Bottleneck": Effort("three, four times as wide at the end", 2, 20),
    "hw5.make_stage": Effort("blocks in a row, of which one strides", 2, 15),
    "hw5.resnet": Effort("all five networks", 3, 30),
    "hw5.count_macs": Effort("multiply-adds from a list of layers", 2, 30),
    "hw5.DenseBlock": Effort("concatenate where a ResNet adds", 2, 25),
    "hw5.transition": Effort("what stands between dense blocks", 1, 10),
    "hw5.gradient_norms": Effort("what each layer receives", 1, 15),
    "hw5.filter_normalized_direction": Effort("a direction for a loss surface", 2, 20),
    "hw5.block_inputs": Effort("your own test: inputs that expose wrong blocks", 3, 30),
    "hw6.filters_to_grid": Effort("first-layer filters as one picture", 2, 60),
    "hw6.top_k_activations": Effort("the images and places that excite a channel most", 2, 60),
    "hw6.receptive_box": Effort("the pixels that a unit sees, cut off at the border", 3, 60),
    "hw6.saliency": Effort("the gradient of a score, a model left as it was", 2, 45),
    "hw6.relu_backward": Effort("three rules for the way back", 1, 25),
    "hw6.grad_cam": Effort("which places speak for a class", 2, 40),
    "hw6.grad_cam_pp": Effort("the same, each place with its own weight", 3, 50),
    "hw6.occlusion_map": Effort("how far the score falls under a square", 2, 45),
    "hw6.gradient_ascent": Effort("the picture that a score asks for", 2, 35),
    "hw6.nearest": Effort("neighbours, without the query", 1, 25),
    "hw6.pca_2d": Effort("the plane of largest variance", 2, 40),
    "hw6.tsne_p": Effort("the probabilities that t-SNE keeps", 3, 60),
    "hw6.grad_cam_inputs": Effort("your own test: inputs that expose a wrong Grad-CAM", 3, 35),
    "hw7.xywh_to_xyxy": Effort("a corner and a size as two corners", 1, 10),
    "hw7.xyxy_to_xywh": Effort("and back", 1, 5),
    "hw7.cxcywh_to_xyxy": Effort("a centre and a size as two corners", 1, 10),
    "hw7.normalize_boxes": Effort("boxes as parts of their picture", 1, 15),
    "hw7.denormalize_boxes": Effort("and back", 1, 10),
    "hw7.clip_boxes": Effort("boxes that leave their picture", 2, 20),
    "hw7.box_iou": Effort("all pairs at once", 2, 50),
    "hw7.make_anchors": Effort("boxes to start from, at every cell", 3, 60),
    "hw7.rpn_flatten": Effort("outputs in the order of the anchors", 2, 25),
    "hw7.encode_boxes": Effort("boxes as adjustments of anchors", 2, 30),
    "hw7.decode_boxes": Effort("and back", 2, 25),
    "hw7.smooth_l1": Effort("their loss", 1, 25),
    "hw7.assign_anchors": Effort("which anchor answers for which object", 3, 75),
    "hw7.nms": Effort("the surest of those that say the same", 2, 60),
    "hw7.roi_pool": Effort("the largest value of each bin of a region", 3, 75),
    "hw7.roi_pool_backward": Effort("its gradient, to each maximum", 3, 60),
    "hw7.roi_align": Effort("a region read between the cells", 3, 90),
    "hw7.average_precision": Effort("how good a detector is", 3, 90),
    "hw7.iou_inputs": Effort("your own test: boxes that expose a wrong overlap", 2, 25),
    "hw7.nms_inputs": Effort("your own test: boxes that expose a wrong suppression", 3, 40),
}
WRITTEN = {
    "hw1-filters": Written("why one pixel matters to a linear layer", 6, 2, 20),
    "hw2-conv2d": Written("why a network with shared weights can know where a car is", 6, 2, 20),
    "hw3-groups-dilation": Written("what a count of multiply-adds says about time, and what not", 4, 2, 20),
    "hw4-backprop": Written("when “convolve with the flipped filter” is true", 4, 2, 20),
    "hw5-resnets": Written("what skip connections cured, and how one would know", 4, 2, 15),
    "hw6-visualization": Written("when an explanation can be trusted", 3, 2, 20),
    "hw7-detection": Written("why IoU is no loss as it stands, and what helps", 4, 2, 20),
}
LEVELS = {1: "easy", 2: "medium", 3: "hard"}


def rows(assignment: str) -> list[tuple[str, str, str, int, int, int]]:
    """``(name, address, what, points, difficulty, minutes)`` of all exercises of an assignment, the written one last.

    Raises ``KeyError`` for an assignment or exercise without an entry.

    >>> rows("hw2-conv2d")[0]
    ('out_size', '02-conv2d.html#conv2d-output-size', 'the size formula, with its floor', 8, 1, 15)
    """
    found = []
    for exercise in ASSIGNMENTS[assignment]:
        effort = EFFORT[exercise.id]
        address = link(exercise.anchor, ".").removeprefix("./")
        found.append((exercise.function, address, effort.what, exercise.points, effort.difficulty, effort.minutes))
    written = WRITTEN[assignment]
    return [*found, ("", "", written.what, written.points, written.difficulty, written.minutes)]


def hours(assignment: str) -> float:
    """Estimated hours of a whole assignment.

    >>> hours("hw5-resnets")
    4.2
    """
    return round(sum(row[-1] for row in rows(assignment)) / 60, 1)


class ExerciseTable:
    """The exercises of an assignment as a chapter shows them, each linked to the paragraph that it needs.

    >>> ExerciseTable("hw2-conv2d")._repr_html_().count("<tr>")
    14
    """

    def __init__(self, assignment: str):
        self.rows, self.hours = rows(assignment), hours(assignment)

    def _repr_html_(self) -> str:
        cell, left = 'style="text-align:right;padding:.2rem .5rem"', 'style="text-align:left;padding:.2rem .5rem"'
        names = ("points", "level", "minutes")
        head = "".join(f'<th scope="col" {cell}>{name}</th>' for name in names)
        body = ""
        for name, address, what, points, difficulty, minutes in self.rows:
            title = "In your own words"
            if name:  # long names may break at their underscores
                title = f'<a href="{address}"><code>{escape(name).replace("_", "_<wbr>")}</code></a>'
            dots = "●" * difficulty + "○" * (3 - difficulty)
            level = f'<span role="img" aria-label="{LEVELS[difficulty]}">{dots}</span>'
            numbers = "".join(f"<td {cell}>{value}</td>" for value in (points, level, minutes))
            name_and_what = f'{title}<div style="font-weight:normal">{what}</div>'
            body += f'<tr><th scope="row" {left}>{name_and_what}</th>{numbers}</tr>'
        total, minutes = sum(row[3] for row in self.rows), sum(row[-1] for row in self.rows)
        sums = f"<td {cell}>{total}</td><td></td><td {cell}>{minutes:,}</td>"
        body += f'<tr><th scope="row" {left}>all of them</th>{sums}</tr>'
        return (
            f'<table class="dataframe" style="width:100%"><thead><tr><th scope="col" {left}>exercise</th>{head}</tr>'
            f"</thead><tbody>{body}</tbody></table>"
            f"<p>About {self.hours:.0f} hours in all. Levels: ●○○ one formula, ●●○ several steps that must fit, "
            "●●● easy to get wrong. Minutes are our estimates, for those who have read the chapter. "
            "Nobody has measured them.</p>"
        )
