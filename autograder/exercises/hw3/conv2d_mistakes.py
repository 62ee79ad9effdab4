"""What else goes wrong in the whole layer: dilation, pairs, "same", and a bias that is not there."""

from autograder.exercises.hw3.layer_mistakes import COLUMNS, OH, OW, PAD, ROWS, slip

STRIDES = "(sh, sw), (dh, dw) = pair(stride), pair(dilation)"
PADDING = "ph, pw = pair(padding)"
SAME = "padding = dh * (kh - 1) // 2, dw * (kw - 1) // 2"

CONV2D_SLIPS = (
    slip(
        "dilation ignored",
        "groups-dilation",
        "The dilation makes no difference to your result. Kernel row a reads image row i*stride + a*dilation.",
        ("    N, C, H, W", "    dh = dw = 1\n    N, C, H, W"),
    ),
    slip(
        "dilation counted from 0",
        "groups-effective-kernel",
        "You leave d pixels between the taps. Dilation d means steps of d, so d - 1 pixels lie between, none for d = 1.",
        ("    N, C, H, W", "    dh, dw = dh + 1, dw + 1\n    N, C, H, W"),
    ),
    slip(
        "d zeros between the taps",
        "groups-effective-kernel",
        "You leave d pixels between the taps as soon as there is a dilation. Dilation d means steps of d, so d - 1 pixels "
        "lie between.",
        ("    N, C, H, W", "    dh, dw = dh + (dh > 1), dw + (dw > 1)\n    N, C, H, W"),
    ),
    slip(
        "dilation missing in the size",
        "groups-effective-kernel",
        "Your output size is that of the kernel without dilation. The dilated kernel spans d*(k - 1) + 1 pixels, so fewer "
        "windows fit, and yours run out of the image.",
        (OH, OH.replace("dh * (kh - 1) - 1", "kh")),
        (OW, OW.replace("dw * (kw - 1) - 1", "kw")),
    ),
    slip(
        "dilation missing in the size, zeros beyond",
        "groups-effective-kernel",
        "Your output size is that of the kernel without dilation, and what lies beyond the image counts as zero. The "
        "dilated kernel spans d*(k - 1) + 1 pixels; only windows that fit whole count.",
        (PAD, "np.pad(x, ((0, 0), (0, 0), (ph, ph + dh * kh), (pw, pw + dw * kw)))"),
        (OH, OH.replace("dh * (kh - 1) - 1", "kh")),
        (OW, OW.replace("dw * (kw - 1) - 1", "kw")),
    ),
    slip(
        "kernel spans d*k",
        "groups-effective-kernel",
        "You count the dilated kernel as d*k pixels. It spans d*(k - 1) + 1: there are only k - 1 gaps.",
        (OH, OH.replace("dh * (kh - 1) - 1", "dh * kh")),
        (OW, OW.replace("dw * (kw - 1) - 1", "dw * kw")),
    ),
    slip(
        "dilation in the size only",
        "groups-dilation",
        "Your output has the size of a dilated layer, but its windows are whole blocks of pixels. Take every d-th pixel.",
        (ROWS, "i * sh : i * sh + kh"),
        (COLUMNS, "j * sw : j * sw + kw"),
    ),
    slip(
        "rows dilated only",
        "groups-dilation",
        "You spread the taps down the rows but not along the columns.",
        ("    N, C, H, W", "    dw = 1\n    N, C, H, W"),
    ),
    slip(
        "windows dilated too",
        "groups-dilation",
        "Your windows start at multiples of stride times dilation. Dilation spreads the taps; the stride alone moves the "
        "window.",
        (PAD, "np.pad(x, ((0, 0), (0, 0), (ph, ph + dh * H), (pw, pw + dw * W)))"),
        (ROWS, ROWS.replace("i * sh", "i * sh * dh")),
        (COLUMNS, COLUMNS.replace("j * sw", "j * sw * dw")),
    ),
    slip(
        "stride and dilation swapped",
        "groups-dilation",
        "Stride and dilation are swapped: you read one for the other.",
        (STRIDES, "(sh, sw), (dh, dw) = pair(dilation), pair(stride)"),
    ),
    slip(
        "padded by the dilation",
        "groups-padding",
        "You pad by the dilation, whatever padding is asked for. That keeps the size of a 3x3 kernel at stride 1; here the "
        "padding is given.",
        (PADDING, "ph, pw = dh, dw"),
    ),
    slip(
        "padding times the dilation",
        "groups-padding",
        "You multiply the padding by the dilation. Padding counts pixels: it is used as it is given.",
        (PADDING, "ph, pw = (dh * pair(padding)[0], dw * pair(padding)[1])"),
        (SAME, "padding = (kh - 1) // 2, (kw - 1) // 2"),
    ),
    slip(
        '"same" padded by d',
        "groups-padding",
        'For "same" you pad by the dilation d. That is right for k = 3 alone: the padding is d*(k - 1)/2.',
        (SAME, "padding = dh, dw"),
    ),
    slip(
        '"same" without dilation',
        "groups-padding",
        'For "same" you pad (k - 1)/2 and forget the dilation. The kernel spans d*(k - 1) + 1 pixels, so pad d*(k - 1)/2.',
        (SAME, "padding = (kh - 1) // 2, (kw - 1) // 2"),
    ),
    slip(
        '"same" padded d*(k // 2)',
        "groups-padding",
        'For "same" you pad d * (k // 2). That is too much for an even kernel, which "same" allows when the dilation is '
        "even: the padding is d*(k - 1)/2.",
        (SAME, "padding = dh * (kh // 2), dw * (kw // 2)"),
    ),
    slip(
        '"same" padded on one side twice',
        "groups-padding",
        'For "same" you pad d*(k - 1) on each side. Both sides together need that much; half of it belongs on each.',
        (SAME, "padding = dh * (kh - 1), dw * (kw - 1)"),
    ),
    slip(
        '"same" with the height for both',
        "groups-padding",
        'For "same" you use the padding of the kernel\'s height for the width, too. Each axis has its own d*(k - 1)/2.',
        (SAME, "padding = dh * (kh - 1) // 2"),
    ),
    slip(
        '"same" refused for even kernels',
        "groups-padding",
        'For "same" you refuse even kernels. With an even dilation d*(k - 1) is even and splits into two sides.',
        (SAME, "assert kh % 2 and kw % 2\n        " + SAME),
    ),
    slip(
        "stride pair swapped",
        "conv2d-stride",
        "You read a pair of strides as (columns, rows). Rows come first, as everywhere.",
        (STRIDES, "(sw, sh), (dh, dw) = pair(stride), pair(dilation)"),
    ),
    slip(
        "padding pair swapped",
        "conv2d-padding",
        "You read a pair of paddings as (columns, rows). Rows come first, as everywhere.",
        (SAME, "padding = dw * (kw - 1) // 2, dh * (kh - 1) // 2"),
        (PADDING, "pw, ph = pair(padding)"),
    ),
    slip(
        "padding pair read as before and after",
        "conv2d-padding",
        "You read a pair of paddings as (before, after) of every axis. It is (rows, columns), each on both sides.",
        (PADDING, PADDING + "\n    sides = ((ph, pw),) * 2 if isinstance(given, tuple) else ((ph, ph), (pw, pw))"),
        ("    b = np.zeros", "    given = padding\n    b = np.zeros"),
        (PAD, "np.pad(x, ((0, 0), (0, 0), *sides))"),
        (OH, OH.replace("2 * ph", "sum(sides[0])")),
        (OW, OW.replace("2 * pw", "sum(sides[1])")),
    ),
    slip(
        "dilation pair swapped",
        "groups-dilation",
        "You read a pair of dilations as (columns, rows). Rows come first, as everywhere.",
        (STRIDES, "(sh, sw), (dw, dh) = pair(stride), pair(dilation)"),
    ),
    slip(
        "first of each pair for both axes",
        "groups-dilation",
        "You use the first number of a pair for both axes. The second is for the columns.",
        ("    N, C, H, W", "    sw, dw = sh, dh\n    N, C, H, W"),
        (PADDING, "ph = pw = pair(padding)[0]"),
    ),
    slip(
        "pairs refused",
        "groups-dilation",
        "You take one number for both axes only. stride, padding and dilation may also be tuples (rows, columns).",
        (
            "    b = np.zeros",
            "    assert not any(isinstance(each, tuple) for each in (stride, padding, dilation))\n    b = np.zeros",
        ),
    ),
    slip(
        "bias needed",
        "conv2d-bias",
        "You fail where the bias is None. Such a layer has no bias: add nothing.",
        ("    b = np.zeros(len(w)) if b is None else b\n", ""),
    ),
)
