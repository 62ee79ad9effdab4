"""Object detection: boxes, anchors, non-maximum suppression, pooling of regions, and a small Faster R-CNN.

Named here are the references in NumPy alone. Their twins for tensors are in :mod:`convbook.detection.ops`, and what
is trained is in ``localiser``, ``sliding``, ``rpn``, ``faster_rcnn`` and ``segmentation``; these need PyTorch.
Boxes are ``(N, 4)`` floats ``x1, y1, x2, y2`` in pixels everywhere; see :mod:`convbook.detection.boxes`.
"""

from convbook.detection.anchors import anchor_shapes, make_anchors, rpn_flatten
from convbook.detection.ap import average_precision, interpolated, precision_recall
from convbook.detection.assign import assign_anchors
from convbook.detection.boxes import (
    box_area,
    clip_boxes,
    cxcywh_to_xyxy,
    denormalize_boxes,
    normalize_boxes,
    xywh_to_xyxy,
    xyxy_to_cxcywh,
    xyxy_to_xywh,
)
from convbook.detection.coco import Detections, Objects, coco_ap
from convbook.detection.coding import decode_boxes, encode_boxes
from convbook.detection.iou import box_giou, box_intersection, box_iou
from convbook.detection.losses import focal_loss, l2_loss, smooth_l1, smooth_l1_backward
from convbook.detection.nms import batched_nms, nms
from convbook.detection.roi import roi_align, roi_align_backward, roi_pool, roi_pool_backward

__all__ = [
    "Detections",
    "Objects",
    "anchor_shapes",
    "assign_anchors",
    "average_precision",
    "batched_nms",
    "box_area",
    "box_giou",
    "box_intersection",
    "box_iou",
    "clip_boxes",
    "coco_ap",
    "cxcywh_to_xyxy",
    "decode_boxes",
    "denormalize_boxes",
    "encode_boxes",
    "focal_loss",
    "interpolated",
    "l2_loss",
    "make_anchors",
    "nms",
    "normalize_boxes",
    "precision_recall",
    "roi_align",
    "roi_align_backward",
    "roi_pool",
    "roi_pool_backward",
    "rpn_flatten",
    "smooth_l1",
    "smooth_l1_backward",
    "xywh_to_xyxy",
    "xyxy_to_cxcywh",
    "xyxy_to_xywh",
]
