"""What goes wrong in a convolution's backward pass, each as the line of `loops` that is wrong."""

from autograder.exercise import Mistake, rewrite
from autograder.exercises.hw4.conv_answers import loops

READ = 'stride, pad = conv_param["stride"], conv_param["pad"]'
PAD = "np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))"
KERNEL = "F, _, kh, kw = w.shape"
SIZE = "_, _, oh, ow = dout.shape"
ROWS, COLUMNS = "i * stride : i * stride + kh", "j * stride : j * stride + kw"
DX = f"dpadded[n, :, {ROWS}, {COLUMNS}] += g * w[f]"
DW = f"dw[f] += g * padded[n, :, {ROWS}, {COLUMNS}]"
CROP = "dpadded[:, :, pad : pad + H, pad : pad + W]"
RETURN = "return dx, dw, db"


def wrong(name, anchor, sentence, *changes):
    return Mistake(name, sentence, f"backprop-{anchor}", rewrite(loops, *changes))


def returned(name, anchor, sentence, line):
    return wrong(name, anchor, sentence, (RETURN, line))


CONV_BACKWARD_MISTAKES = (
    wrong(
        "dx with the kernel flipped",
        "flip",
        "Your dx is made with the kernel turned the wrong way. If you scatter, every dout value stamps the kernel as it lies; only if you gather, as a correlation of dout, is the kernel turned by 180 degrees.",
        (DX, DX + "[:, ::-1, ::-1]"),
    ),
    wrong(
        "dx with the kernel's rows flipped",
        "flip",
        "Your dx is made with the kernel's rows reversed. Turn both axes, or, if you scatter, none.",
        (DX, DX + "[:, ::-1]"),
    ),
    wrong(
        "dx with the kernel's columns flipped",
        "flip",
        "Your dx is made with the kernel's columns reversed. Turn both axes, or, if you scatter, none.",
        (DX, DX + "[:, :, ::-1]"),
    ),
    wrong(
        "dx with the kernel transposed",
        "flip",
        "Your dx is made with the transposed kernel: its rows and columns are exchanged. The adjoint exchanges what goes in and what comes out, not the two axes of a kernel.",
        (DX, DX + ".swapaxes(1, 2)"),
    ),
    wrong(
        "dx assigned instead of added",
        "scatter",
        "Your dx is overwritten where windows overlap. A pixel that several windows read gets a share from each: += instead of =.",
        (DX, DX.replace("+=", "=")),
    ),
    wrong(
        "dx of the last window",
        "scatter",
        "Your dx adds up over the filters but is overwritten where windows overlap. A pixel that several windows read gets a share from each: += instead of =.",
        (
            DX,
            "if f == 0:\n                        "
            + DX.replace("+= g * w[f]", "= np.tensordot(dout[n, :, i, j], w, 1)"),
        ),
    ),
    wrong(
        "dx channel by channel",
        "channels",
        "Your dx pairs channel c of dout with channel c of x. Each filter reads every channel, so each channel of dx is a sum over all filters.",
        (DX, DX.replace("[n, :,", "[n, f,") + "[f]"),
    ),
    wrong(
        "dx of the last filter",
        "channels",
        "Only the last filter counts in your dx. Each channel of dx is a sum over all filters.",
        (DX, DX.replace("g *", "(f == F - 1) * g *")),
    ),
    wrong(
        "dx of the first filter",
        "channels",
        "Your dx stamps the first filter for every channel of dout. Channel f of dout goes back through w[f].",
        (DX, DX.replace("w[f]", "w[0]")),
    ),
    wrong(
        "dx averaged over filters",
        "channels",
        "You average dx over the filters. Their shares are added.",
        (DX, DX + " / F"),
    ),
    wrong(
        "dx with channels reversed",
        "channels",
        "Your dx has its channels in reverse order. Slice c of a filter belongs to channel c.",
        (DX, DX + "[::-1]"),
    ),
    wrong(
        "dx the same for all channels",
        "channels",
        "All channels of your dx are alike: you add the filter's slices up. Slice c of a filter goes back to channel c alone.",
        (DX, DX + ".sum(axis=0)"),
    ),
    wrong(
        "padding left on dx",
        "padding",
        "Your dx still has the padding around it. It has the shape of x: cut pad rows and columns off each side.",
        (CROP, "dpadded"),
    ),
    wrong(
        "padding cut off with [pad:-pad]",
        "padding",
        "Without padding your dx is empty: [0:-0] selects nothing. Cut with [pad : pad + H] and [pad : pad + W], which also holds for 0.",
        (CROP, "dpadded[:, :, pad:-pad, pad:-pad]"),
    ),
    wrong(
        "padding cut off bottom and right",
        "padding",
        "You cut all of the padding off the bottom and the right of dx. There is half of it on each side.",
        (CROP, "dpadded[:, :, :H, :W]"),
    ),
    wrong(
        "padding cut off top and left",
        "padding",
        "You cut all of the padding off the top and the left of dx. There is half of it on each side.",
        (CROP, "dpadded[:, :, 2 * pad :, 2 * pad :]"),
    ),
    wrong(
        "padding cut off rows only",
        "padding",
        "You cut the padding off the rows of dx but not off the columns.",
        (CROP, "dpadded[:, :, pad : pad + H]"),
    ),
    wrong(
        "dw of x without its padding",
        "padding",
        "Your dw reads x as if its padding lay at the bottom and right only. Pad x on each side as in the forward pass, then take the same windows.",
        (PAD, "np.pad(x, ((0, 0), (0, 0), (0, 2 * pad), (0, 2 * pad)))"),
    ),
    wrong(
        "dw of windows that hang over",
        "padding",
        "Your dw takes its windows from x without padding, so the last ones hang over the edge and do not fit. Take them from the padded x, as the forward pass does.",
        (DW, DW.replace("padded[", "x[")),
    ),
    wrong(
        "dw of x padded by its edge",
        "padding",
        "Your dw reads x padded with copies of its edge. The forward pass pads with zeros.",
        (PAD, PAD[:-1] + ", mode='edge')"),
    ),
    wrong(
        "padding ignored",
        "padding",
        "You do not pad, so the last windows hang over the edge. Pad x as in the forward pass, and give dx the same border while you add to it.",
        (PAD, "x"),
        (CROP, "dpadded"),
    ),
    wrong(
        "padding fixed at 1",
        "padding",
        "You pad by 1 whatever conv_param says. Read pad from the cache.",
        (READ, READ + "\n    pad = 1"),
    ),
    wrong(
        "every axis padded",
        "padding",
        "You pad batch and channels too: np.pad(x, pad) pads every axis. Give it ((0, 0), (0, 0), (pad, pad), (pad, pad)).",
        (PAD, "np.pad(x, pad)"),
    ),
    wrong(
        "stride ignored in dx",
        "stride",
        "Your dx is as if the stride were 1; your dw is not. A dout value goes back to the window that it came from, which begins at row i * stride.",
        (DX, DX.replace("* stride", "* 1")),
    ),
    wrong(
        "stride ignored in dw",
        "stride",
        "Your dw is as if the stride were 1; your dx is not. dout[n, f, i, j] meets the window of x that begins at row i * stride.",
        (DW, DW.replace("* stride", "* 1")),
    ),
    wrong(
        "stride missing in the columns of dw",
        "stride",
        "Your dw steps by the stride down the rows but not along the columns.",
        (DW, DW.replace("j * stride", "j * 1")),
    ),
    wrong(
        "stride missing in the rows of dw",
        "stride",
        "Your dw steps by the stride along the columns but not down the rows.",
        (DW, DW.replace("i * stride", "i * 1")),
    ),
    wrong(
        "stride missing in the columns of dx",
        "stride",
        "Your dx steps by the stride down the rows but not along the columns.",
        (DX, DX.replace("j * stride", "j * 1")),
    ),
    wrong(
        "stride missing in the rows of dx",
        "stride",
        "Your dx steps by the stride along the columns but not down the rows.",
        (DX, DX.replace("i * stride", "i * 1")),
    ),
    wrong(
        "pixels left over cut off",
        "output-padding",
        "Your dx lacks the rows and columns that no whole window reached. dx has the shape of x; those pixels get the gradient 0 (or what other windows give them).",
        (CROP, "dpadded[:, :, pad : (oh - 1) * stride + kh - pad, pad : (ow - 1) * stride + kw - pad]"),
    ),
    wrong(
        "stride and padding swapped",
        "stride",
        "Stride and padding are swapped: you read one for the other.",
        (READ, 'pad, stride = conv_param["stride"], conv_param["pad"]'),
    ),
    wrong(
        "dout ignored in dx",
        "adjoint",
        "dout makes no difference to your dx. Every share is multiplied by dout[n, f, i, j].",
        (DX, DX.replace("g * ", "")),
    ),
    wrong(
        "dout ignored in dw",
        "dw",
        "dout makes no difference to your dw. Every window is multiplied by dout[n, f, i, j] before you add it up.",
        (DW, DW.replace("g * ", "")),
    ),
    wrong(
        "dout transposed",
        "adjoint",
        "You read dout with its rows and columns exchanged. Its axes are image, filter, output row, output column.",
        ("g = dout[n, f, i, j]", "g = dout[n, f, j, i]"),
    ),
    wrong(
        "dout transposed and reshaped",
        "adjoint",
        "You read dout down its columns where it runs along its rows: a reshape to another order scrambles it.",
        (SIZE, SIZE + "\n    dout = dout.swapaxes(2, 3).reshape(dout.shape)"),
    ),
    wrong(
        "dw assigned instead of added",
        "dw",
        "Your dw keeps the last window alone. A weight is used at every position of every image, and each use adds its share: +=.",
        (DW, DW.replace("+=", "=")),
    ),
    wrong(
        "dw of the last window",
        "dw",
        "Your dw adds up over the images but keeps the last window of each alone. A weight is used at every position, and each use adds its share: +=.",
        (DW, "if (i, j) == (oh - 1, ow - 1):\n                        " + DW),
    ),
    wrong(
        "dw with the kernel flipped",
        "dw",
        "Your dw is turned by 180 degrees. Nothing is flipped here: dw is the cross-correlation of x with dout.",
        (RETURN, "return dx, dw[:, :, ::-1, ::-1], db"),
    ),
    wrong(
        "dw transposed",
        "dw",
        "Rows and columns of your dw are exchanged. dw[f, c, a, b] belongs to kernel row a and column b.",
        (RETURN, "return dx, dw.swapaxes(2, 3), db"),
    ),
    wrong(
        "dw with filters and channels swapped",
        "dw",
        "The first two axes of your dw are swapped. It has the shape of w: (F, C, kh, kw).",
        (RETURN, "return dx, dw.swapaxes(0, 1), db"),
    ),
    wrong(
        "dw without its channels",
        "dw",
        "Your dw adds the channels of x up, so all slices of a filter get the same. dw[f, c] comes from channel c.",
        (DW, DW + ".sum(axis=0)"),
    ),
    wrong(
        "dw of the first image",
        "dw",
        "Only the first image counts in your dw. Weights are shared by the batch: add up over n.",
        (DW, DW.replace("padded[n,", "(n == 0) * padded[n,")),
    ),
    wrong(
        "dw of the last image",
        "dw",
        "Only the last image counts in your dw. Weights are shared by the batch: add up over n.",
        (DW, DW.replace("padded[n,", "(n == N - 1) * padded[n,")),
    ),
    wrong(
        "dw from the first image alone",
        "dw",
        "Your dw multiplies every image's dout with the first image. dout[n] meets the windows of x[n].",
        (DW, DW.replace("padded[n,", "padded[0,")),
    ),
    wrong(
        "dw averaged over positions",
        "dw",
        "You average dw over the output's positions. A weight adds its share at each of them; nothing is divided.",
        (RETURN, "return dx, dw / (oh * ow), db"),
    ),
    returned(
        "dw averaged over the batch",
        "dw",
        "You divide dw by the number of images. Whether a loss is a mean is already in dout; a layer only adds up.",
        "return dx, dw / N, db",
    ),
    returned(
        "dx averaged over the batch",
        "adjoint",
        "You divide dx by the number of images. Every image's dx is its own; nothing is averaged.",
        "return dx / N, dw, db",
    ),
    wrong(
        "db counts",
        "db",
        "Your db counts the outputs. The bias enters each of them with factor 1, so its gradient is the sum of dout, not of ones.",
        ("db[f] += g", "db[f] += 1"),
    ),
    wrong(
        "db assigned instead of added",
        "db",
        "Your db keeps the last value of dout alone. Add up over images and positions: +=.",
        ("db[f] += g", "db[f] = g"),
    ),
    wrong(
        "db of the last image",
        "db",
        "Your db forgets the batch: only the last image counts. Sum dout over images and positions.",
        ("db[f] += g", "db[f] += g * (n == N - 1)"),
    ),
    wrong(
        "db of the first image",
        "db",
        "Your db forgets the batch: only the first image counts. Sum dout over images and positions.",
        ("db[f] += g", "db[f] += g * (n == 0)"),
    ),
    returned(
        "db by image",
        "db",
        "Your db has one row an image. The batch shares the bias: sum over images too.",
        "return dx, dw, dout.sum(axis=(2, 3))",
    ),
    returned(
        "db by position",
        "db",
        "Your db sums over images alone. A filter has one bias for all positions: sum over rows and columns too.",
        "return dx, dw, dout.sum(axis=0)",
    ),
    returned(
        "db over the wrong axes",
        "db",
        "Your db sums over the filters and leaves the images. Sum over axes 0, 2 and 3: one value a filter remains.",
        "return dx, dw, dout.sum(axis=(1, 2, 3))",
    ),
    returned(
        "db with four axes",
        "db",
        "Your db has shape (1, F, 1, 1). It has the shape of b: (F,).",
        "return dx, dw, db.reshape(1, F, 1, 1)",
    ),
    returned(
        "db one number",
        "db",
        "Your db is one number. There is one for each filter.",
        "return dx, dw, dout.sum()",
    ),
    returned(
        "db averaged",
        "db",
        "You average dout for db. Add it up.",
        "return dx, dw, dout.mean(axis=(0, 2, 3))",
    ),
    returned(
        "db averaged over positions",
        "db",
        "Your db averages over the positions and sums over the images. Sum over both.",
        "return dx, dw, db / (oh * ow)",
    ),
    returned(
        "db averaged over the batch",
        "db",
        "You divide db by the number of images. Whether a loss is a mean is already in dout; a layer only adds up.",
        "return dx, dw, db / N",
    ),
    returned(
        "db times the bias",
        "db",
        "You multiply db by the bias. An output is its sum of products plus b[f], so b[f] has the derivative 1.",
        "return dx, dw, db * b",
    ),
    returned("db zero", "db", "Your db is zero. Sum dout over images and positions.", "return dx, dw, 0 * db"),
    wrong(
        "square kernel assumed",
        "scatter",
        "You use the kernel's height for its width. Kernels need not be square: read kh and kw.",
        (KERNEL, KERNEL + "\n    kw = kh"),
    ),
    wrong(
        "square image assumed",
        "padding",
        "You use the image's height for its width when you cut the padding off. Images need not be square: read H and W.",
        (CROP, CROP.replace("pad + W", "pad + H")),
    ),
    wrong(
        "square output assumed",
        "scatter",
        "You use the height of dout for its width. Outputs need not be square: read both from dout.shape.",
        (SIZE, SIZE + "\n    ow = oh"),
    ),
    wrong(
        "width computed with the kernel's height",
        "testing",
        "Your output width is computed with the kernel's height. Better still, read the size from dout.shape.",
        (SIZE, "oh, ow = (H + 2 * pad - kh) // stride + 1, (W + 2 * pad - kh) // stride + 1"),
    ),
    wrong(
        "padding counted once",
        "testing",
        "Your output size counts the padding once, so windows are missing. Better still, read the size from dout.shape.",
        (SIZE, "oh, ow = (H + pad - kh) // stride + 1, (W + pad - kw) // stride + 1"),
    ),
    wrong(
        "one window short",
        "testing",
        "You leave out the last row and column of windows. Better still, read the size from dout.shape.",
        (SIZE, SIZE + "\n    oh, ow = oh - 1, ow - 1"),
    ),
    wrong(
        "first image only",
        "channels",
        "Only the first image of the batch is worked on. Loop over n.",
        ("for n in range(N)", "for n in range(1)"),
    ),
    wrong(
        "first filter only",
        "channels",
        "Only the first filter is worked on. Loop over f.",
        ("for f in range(F)", "for f in range(1)"),
    ),
    wrong(
        "dx cut to integers",
        "testing",
        "Your dx takes the dtype of x, so an image of integers cuts the decimals off. Make it of floats: np.zeros(x.shape).",
        ("dpadded = np.zeros(padded.shape)", "dpadded = np.zeros(padded.shape, x.dtype)"),
        (DX, DX.replace("+= g * w[f]", "+= (g * w[f]).astype(x.dtype)")),
    ),
    wrong(
        "zeros_like(x) for an image of integers",
        "testing",
        "np.zeros_like(x) has the dtype of x, and integers take no floats: NumPy refuses the +=. Make dx of floats: np.zeros(x.shape).",
        ("dpadded = np.zeros(padded.shape)", "dpadded = np.zeros_like(padded)"),
    ),
    wrong(
        "zeros_like(w) for filters of integers",
        "testing",
        "np.zeros_like(w) has the dtype of w, and integers take no floats: NumPy refuses the +=. Make dw of floats: np.zeros(w.shape).",
        ("dw = np.zeros(w.shape)", "dw = np.zeros_like(w)"),
    ),
    wrong(
        "ReLU's mask in dx",
        "layers",
        "Your dx is 0 where x is negative: that is a ReLU's backward pass. A convolution has no such mask.",
        (RETURN, "return dx * (x > 0), dw, db"),
    ),
    wrong(
        "weights changed already",
        "layers",
        "You change w by its gradient. A backward pass only returns gradients; the step is the optimiser's.",
        (RETURN, "w -= (0.01 * dw).astype(w.dtype)\n    return dx, dw, db"),
    ),
    wrong(
        "dout changed",
        "layers",
        "You change the array dout. The caller still needs it: read from it, write to something new.",
        (RETURN, "dout *= 2\n    return dx, dw, db"),
    ),
    returned(
        "dx and dw swapped",
        "layers",
        "Your results come in the wrong order. Return dx, dw, db.",
        "return dw, dx, db",
    ),
    returned("dx alone", "layers", "You return dx alone. Return a tuple of three: dx, dw, db.", "return dx"),
    returned(
        "db left out", "layers", "You return dx and dw alone. Return a tuple of three: dx, dw, db.", "return dx, dw"
    ),
    wrong(
        "dx gathered with nothing around dout",
        "gather",
        "Your dx is a correlation of dout with no zeros around it, so it is smaller than x. To gather, surround dout with kh - 1 rows and kw - 1 columns of zeros on each side: a pixel at the edge is read by windows that begin before it.",
        (
            RETURN,
            "valid = np.lib.stride_tricks.sliding_window_view(np.pad(dout, ((0, 0), (0, 0), (pad, pad), (pad, pad))), (kh, kw), axis=(2, 3))\n    return np.einsum('nfyzab,fcab->ncyz', valid, w[:, :, ::-1, ::-1]), dw, db",
        ),
    ),
    wrong(
        "dx of image 0 for all",
        "channels",
        "All images' shares land in the first image of your dx. dout[n] goes back to image n.",
        (DX, DX.replace("[n, :,", "[0, :,")),
    ),
    wrong(
        "dx added over the batch",
        "channels",
        "Every image of your dx is the sum over the batch. dout[n] goes back to image n alone.",
        (DX, DX.replace("[n, :,", "[:, :,")),
    ),
    wrong(
        "dx with x instead of w",
        "adjoint",
        "Your dx multiplies dout by x. The derivative of x * w with respect to x is w.",
        (DX, DX.replace("g * w[f]", f"g * padded[n, :, {ROWS}, {COLUMNS}]")),
    ),
    wrong(
        "dw with w instead of x",
        "dw",
        "Your dw multiplies dout by w. The derivative of x * w with respect to w is x.",
        (DW, "dw[f] += g * w[f]"),
    ),
    wrong(
        "padding cut off with H and W exchanged",
        "testing",
        "You exchange H and W where you cut the padding off dx.",
        (CROP, "dpadded[:, :, pad : pad + W, pad : pad + H]"),
    ),
    wrong(
        "dw with taps for the pixels left over",
        "dw",
        "Your dw is larger than w where the stride leaves pixels over. Those pixels lie beyond the last window: cut them off x, or cut dw to (kh, kw).",
        (
            RETURN,
            "spread = np.zeros((N, F, (oh - 1) * stride + 1, (ow - 1) * stride + 1))\n    spread[:, :, ::stride, ::stride] = dout\n    windows = np.lib.stride_tricks.sliding_window_view(padded, spread.shape[2:], axis=(2, 3))\n    return dx, np.einsum('ncabyz,nfyz->fcab', windows, spread), db",
        ),
    ),
    returned(
        "dx with the wrong sign",
        "adjoint",
        "Your dx has the wrong sign. The gradient is returned as it is; going down is the optimiser's part.",
        "return -dx, dw, db",
    ),
    returned(
        "all with the wrong sign",
        "adjoint",
        "Your gradients have the wrong sign. They are returned as they are; going down is the optimiser's part.",
        "return -dx, -dw, -db",
    ),
    returned(
        "dw with a penalty",
        "dw",
        "Your dw has w added: that is weight decay. It is not a part of the layer.",
        "return dx, dw + w, db",
    ),
    # last what concerns several gradients: where one group alone is explained, the narrower sentence comes first
    wrong(
        "stride ignored",
        "stride",
        "The stride makes no difference to your gradients. Window i begins at row i * stride; if you gather, dout is first spread with stride - 1 zeros between its values.",
        (DX, DX.replace("* stride", "* 1")),
        (DW, DW.replace("* stride", "* 1")),
    ),
    wrong(
        "dout ignored",
        "adjoint",
        "dout makes no difference to your gradients: they are as if it were 1 everywhere. Every share is multiplied by dout[n, f, i, j].",
        ("g = dout[n, f, i, j]", "g = 1.0"),
    ),
    returned(
        "averaged over the batch",
        "dw",
        "You divide dw and db by the number of images. Whether a loss is a mean is already in dout; a layer only adds up.",
        "return dx, dw / N, db / N",
    ),
    returned(
        "all averaged over the batch",
        "adjoint",
        "You divide all three gradients by the number of images. Whether a loss is a mean is already in dout; a layer only adds up.",
        "return dx / N, dw / N, db / N",
    ),
)
