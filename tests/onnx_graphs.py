"""Graphs of one operator or a few, run by ONNX Runtime: an oracle of detection, and what its speed is measured by."""

import numpy as np
import onnxruntime
from onnx import TensorProto, helper

TYPES = {"float32": TensorProto.FLOAT, "int64": TensorProto.INT64}


def session(nodes, inputs: dict, outputs: dict, threads: int = 1):
    """A function of the inputs by name; ``inputs`` and ``outputs`` give the dtype of each name."""
    as_info = lambda names: [helper.make_tensor_value_info(n, TYPES[t], None) for n, t in names.items()]  # noqa: E731
    graph = helper.make_graph(nodes, "oracle", as_info(inputs), as_info(outputs))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    run = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"]).run
    return lambda **values: run(None, values)


def nms_session(iou_threshold: float, threads: int = 1):
    """``f(boxes (N, 4) xyxy, scores (K, N)) -> (M, 2)``: class and box of what stays; the most boxes are allowed."""
    names = ["boxes", "scores", "most", "iou", "score"]
    node = helper.make_node("NonMaxSuppression", names, ["kept"], center_point_box=0)
    kinds = dict.fromkeys(names, "float32") | {"most": "int64"}
    run = session([node], kinds, {"kept": "int64"}, threads)
    iou, least = np.array([iou_threshold], np.float32), np.array([-1e30], np.float32)

    def nms(boxes, scores):
        swapped = np.asarray(boxes, np.float32)[None, :, [1, 0, 3, 2]]
        most = np.array([max(len(boxes), 1)])
        scores = np.asarray(scores, np.float32)[None]
        return run(boxes=swapped, scores=scores, most=most, iou=iou, score=least)[0][:, 1:]

    return nms


def roi_align_session(out_size, scale, samples, mode, threads: int = 1):
    """``f(feats (N, C, H, W), rois (R, 4), images (R,)) -> (R, C, oh, ow)``."""
    node = helper.make_node(
        "RoiAlign",
        ["feats", "rois", "images"],
        ["out"],
        coordinate_transformation_mode=mode,
        output_height=out_size[0],
        output_width=out_size[1],
        sampling_ratio=samples,
        spatial_scale=scale,
    )
    kinds = {"feats": "float32", "rois": "float32", "images": "int64"}
    run = session([node], kinds, {"out": "float32"}, threads)
    return lambda feats, rois, images: run(feats=feats, rois=rois, images=images)[0]


def roi_align(feats, rois, images, out_size, scale, samples, mode):
    run = roi_align_session(out_size, scale, samples, mode)
    return run(feats.astype(np.float32), rois.astype(np.float32), np.asarray(images, np.int64))


def max_roi_pool(feats, rois, images, out_size, scale):
    node = helper.make_node("MaxRoiPool", ["feats", "rois"], ["out"], pooled_shape=list(out_size), spatial_scale=scale)
    run = session([node], {"feats": "float32", "rois": "float32"}, {"out": "float32"})
    rows = np.concatenate([np.asarray(images)[:, None], rois], axis=1)
    return run(feats=feats.astype(np.float32), rois=rows.astype(np.float32))[0]


def iou_session(threads: int = 1):
    """``f(a (N, 4), b (M, 4)) -> (N, M)``, written out in ONNX operators."""
    nodes = []

    def node(kind, inputs, name, **attributes):
        nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def columns(name, axis):
        parts = [f"{name}{k}" for k in range(4)]
        nodes.append(helper.make_node("Split", [name], parts, axis=axis))
        return parts

    turned = node("Transpose", ["b"], "bt", perm=[1, 0])
    a, b = columns("a", 1), columns(turned, 0)
    lengths, areas = [], []
    for k in (0, 1):
        low, high = node("Max", [a[k], b[k]], f"low{k}"), node("Min", [a[k + 2], b[k + 2]], f"high{k}")
        lengths.append(node("Relu", [node("Sub", [high, low], f"raw{k}")], f"length{k}"))
    for name, x in (("A", a), ("B", b)):
        width, height = (node("Sub", [x[k + 2], x[k]], f"{name}side{k}") for k in (0, 1))
        areas.append(node("Mul", [width, height], f"{name}area"))
    shared = node("Mul", lengths, "shared")
    union = node("Sub", [node("Add", areas, "sum"), shared], "union")
    node("Div", [shared, union], "iou")
    run = session(nodes, {"a": "float32", "b": "float32"}, {"iou": "float32"}, threads)
    return lambda first, second: run(a=first, b=second)[0]
