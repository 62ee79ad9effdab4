"""Assignment hw7-detection: boxes, anchors, suppression, regions, average precision."""

from autograder.exercises.hw7 import (
    align,
    anchors,
    assignment,
    coding,
    formats,
    iou,
    losses,
    precision,
    regions,
    sizes,
    suppression,
)

EXERCISES = (
    formats.XYWH_TO_XYXY,
    formats.XYXY_TO_XYWH,
    formats.CXCYWH_TO_XYXY,
    sizes.NORMALIZE_BOXES,
    sizes.DENORMALIZE_BOXES,
    sizes.CLIP_BOXES,
    iou.BOX_IOU,
    anchors.MAKE_ANCHORS,
    anchors.RPN_FLATTEN,
    coding.ENCODE_BOXES,
    coding.DECODE_BOXES,
    losses.SMOOTH_L1,
    assignment.ASSIGN_ANCHORS,
    suppression.NMS,
    regions.ROI_POOL,
    regions.ROI_POOL_BACKWARD,
    align.ROI_ALIGN,
    precision.AVERAGE_PRECISION,
)
