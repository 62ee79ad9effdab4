"""What a Faster R-CNN says of one picture on the way: anchors, proposals, classes and boxes, each with where from."""

import numpy as np
import torch

from convbook.detection import ops
from convbook.detection.backbone import as_input
from convbook.detection.faster_rcnn import STD, FasterRCNN
from convbook.detection.rpn import BACKGROUND, OBJECT


@torch.no_grad()
def stages(model: FasterRCNN, image, before: int = 200) -> dict[str, np.ndarray | int]:
    """The stages of ``image (3, H, W)`` uint8, in the order in which ``model.detect`` goes through them.

    ``objectness (h, w, k)`` is each anchor's probability of an object, of an ``h x w`` map with k anchors a cell.
    The ``before`` anchors with the best ones go on as candidates, best first: which they are, ``index (P,)`` into
    the anchors in their order, the ``anchors (P, 4)`` themselves, the ``proposals (P, 4)`` that they are moved to,
    clipped; which are ``real (P,)``, no side below a pixel. The second stage judges every candidate here, suppressed
    or not: ``classes (P, K + 1)``, probabilities with background first, and ``boxes (P, 4)``, moved once more and
    clipped. The model must be in eval mode.

    >>> from convbook.detection.trained import load_trained
    >>> from convbook.detection.shapes import make_scenes
    >>> found = stages(load_trained("shapes-detector")[0], make_scenes(1, 64, seed=1).images[0])
    >>> {name: array.shape for name, array in found.items()}  # doctest: +NORMALIZE_WHITESPACE
    {'objectness': (16, 16, 9), 'index': (200,), 'anchors': (200, 4), 'proposals': (200, 4), 'real': (200,),
     'classes': (200, 6), 'boxes': (200, 4)}
    """
    if model.training:
        raise ValueError("the model must be in eval mode: call model.eval() first")
    image = np.asarray(image)
    if image.ndim != 3 or image.shape[0] != 3:
        raise ValueError(f"image must have shape (3, H, W), got {image.shape}")
    images = as_input(np.ascontiguousarray(image[None]))
    size_wh = images.shape[3], images.shape[2]
    features = model.backbone(images)
    objectness, deltas = model.rpn(features)
    anchors = model.rpn.anchors(features.shape[2], features.shape[3], features.device)
    margin = (objectness[..., OBJECT] - objectness[..., BACKGROUND])[0]
    index = margin.topk(min(before, len(margin))).indices
    proposals = ops.clip_boxes(ops.decode_boxes(deltas[:, index], anchors[index][None]), size_wh)
    scores, shifts = model.head(model.regions(features, proposals))
    boxes = ops.clip_boxes(ops.decode_boxes(shifts, proposals, STD), size_wh)
    found = {
        "objectness": margin.sigmoid().reshape(*features.shape[2:], model.rpn.k),
        "index": index,
        "anchors": anchors[index],
        "proposals": proposals[0],
        "real": ((proposals[0, :, 2:] - proposals[0, :, :2]) >= 1).all(dim=-1),
        "classes": scores.softmax(dim=-1)[0],
        "boxes": boxes[0],
    }
    return {name: tensor.numpy() for name, tensor in found.items()}
