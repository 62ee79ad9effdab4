"""Object detection: boxes, anchors, non-maximum suppression, pooling of regions, and a small Faster R-CNN."""
