"""Chapter 7, detection."""

from convbook.lecture_numbers.number import BOOK, C182, DATA_188_L12, Number

NUMBERS = {
    # Coordinates.
    "data188.box.normalized": Number(
        DATA_188_L12,
        "box (509, 128, 424, 896) in parts of 1697x1281",
        (0.3, 0.1, 0.25, 0.7),
        printed=(0.3, 0.1, 0.25, 0.7),
    ),
    "c182.box.normalized": Number(
        C182,
        "box (30, 140, 130, 125) in parts of 377x253",
        (0.08, 0.55, 0.34, 0.49),
        printed=(0.08, 0.55, 0.35, 0.49),
        note="130 / 377 is 0.3448.",
    ),
    "c182.box.inside": Number(
        C182,
        "the same box inside its picture, as x, y, w, h",
        (30, 140, 130, 113),
        printed=(30, 140, 130, 125),
        note="140 + 125 is 265, below a picture of 253 pixels; normalised, the lower edge is at 1.0474.",
    ),
    "box.clipped.iou": Number(BOOK, "IoU of the printed box and the clipped one", 0.904),
    "box.misread": Number(
        BOOK, "IoU of (2, 2, 4, 4) and (3, 3, 5, 5) read as corner and size, as corners", (0.28125, 0.1429)
    ),
    # Overlap.
    "iou.unclamped": Number(BOOK, "IoU of two boxes apart on both axes if nothing is cut off at 0", 1.0),
    "iou.shifts": Number(BOOK, "IoU of equal boxes shifted by half and by a third of their width", (0.3333, 0.5)),
    "iou.equal_l2": Number(
        BOOK, "IoU of three boxes whose squared error is 0.09: shifted, too wide, too narrow", (0.5385, 0.7692, 0.7)
    ),
    "berkeley.iou.loss": Number(
        f"{DATA_188_L12}; {C182}",
        "what IoU is",
        "a standard of evaluation; 1 - GIoU is a loss, and 1 - IoU is one where boxes overlap",
        printed="not a loss function, just an evaluation standard",
        note="IoU has no slope where boxes do not meet. Generalised IoU (2019) has one there.",
    ),
    "c182.losses": Number(
        C182,
        "other losses of a bounding box",
        "smooth L1, GIoU",
        printed='"Smooth" L1 error, "Focal" loss',
        note="The focal loss is a cross-entropy that turns down what is easy: a loss of the class.",
    ),
    # Windows.
    "windows.count": Number(BOOK, "windows of 32, 64 and 128 pixels in 224x224, 8 pixels apart", 1235),
    "data188.windows": Number(
        DATA_188_L12,
        "forward passes for N windows",
        "one: the linear layer at the end becomes a convolution, and the scores of all windows a map",
        printed="N separate forward passes",
        note="True if every window is cut out. Without padding inside the network, one pass gives the same scores.",
    ),
    # The region proposal network.
    "c182.rpn.relu": Number(
        C182,
        "code of the region proposal network",
        "rpn_feat_map = relu(conv2d_rpn(cnn_feat_map))",
        printed="rpn_feat_map = conv2d_rpn(cnn_feat_map)",
        note="Two convolutions with nothing between them are one convolution.",
    ),
    "c182.rpn.logits": Number(
        C182,
        "what preds_cls[0, :, i, j] holds",
        "logits; a softmax over each pair makes probabilities",
        printed="the class probs",
        note="The output of a convolution may be negative and need not sum to 1.",
    ),
    "c182.rpn.reshape": Number(
        C182,
        "how scores of shape [B, 2k, h, w] become rows of anchors",
        "permute(0, 2, 3, 1), then reshape to [B, h w k, 2]",
        printed="reshaped from [B, 2k, h, w]",
        note="A reshape alone has the right shape, and for 9 anchors on a 2x3 map not one right row.",
    ),
    "c182.rpn.order": Number(
        C182,
        "numbers of a row of the box head",
        "dx, dy, dw, dh",
        printed="dx, dy, dh, dw",
        note="So in the paper, and in the same lecture's code. Exchanged, boxes get each other's sides.",
    ),
    "c182.blind.weights": Number(
        C182,
        "weights of a classifier on the scores of a proposal, K = 5, and of a box head on its box",
        ((5, 2), (4, 4)),
    ),
    # Anchors.
    "anchors.paper": Number(BOOK, "anchors of a 60x40 map, 9 a cell", 21_600),
    "anchors.small": Number(BOOK, "anchors of 14x14 and of 16x16, 9 a cell", (1764, 2304)),
    "c182.stride": Number(
        C182,
        "side of the map of a 224x224 picture at stride 16",
        14,
        printed=16,
        note="16 cells on 224 pixels are a stride of 14, on the 260 pixels of the drawing one of 16.25; strides of "
        "networks that halve are powers of two.",
    ),
}
