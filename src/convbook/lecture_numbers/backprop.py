"""Chapter 4, backprop as transposed convolution. Matrices of letters are text, one row after the other."""

from convbook.lecture_numbers.number import BOOK, C182, DATA_188_L12, DL4CV, WISE, Number

NUMBERS = {
    # The chain rule.
    "wise.chain": Number(
        WISE,
        "middle factor of the chain rule from layer l+1 back to layer l",
        "∂h_j^(l+1) / ∂z_j^(l+1)",
        printed="∂h_j^(l+1) / ∂h_j^(l)",
        note="The factor is the activation's own slope. The notes beside the slide have it right.",
    ),
    # One convolution as a matrix, 1-D: three taps, five pixels, padding 1.
    "data188.toeplitz": Number(
        DATA_188_L12,
        "matrix Ŵ of three taps on five pixels, padding 1",
        "w2 w3 0 0 0; w1 w2 w3 0 0; 0 w1 w2 w3 0; 0 0 w1 w2 w3; 0 0 0 w1 w2",
        printed="w2 w3 0 0 0; w1 w2 w3 0 0; 0 w1 w2 w3 0; 0 0 w1 w2 w3; 0 0 0 w1 w2",
    ),
    "data188.toeplitz.transpose": Number(
        DATA_188_L12,
        "its transpose",
        "w2 w1 0 0 0; w3 w2 w1 0 0; 0 w3 w2 w1 0; 0 0 w3 w2 w1; 0 0 0 w3 w2",
        printed="w2 w1 0 0 0; w3 w2 w1 0 0; 0 w3 w2 w1 0; 0 0 w3 w2 w1; 0 0 0 w3 w2",
    ),
    "data188.toeplitz.product": Number(BOOK, "Ŵx for w = (2, 3, 5) and x = (1, 2, 3, 4, 5)", (13, 23, 33, 43, 23)),
    "data188.toeplitz.adjoint": Number(BOOK, "Ŵᵀv for v = (7, 1, 2, 9, 4)", (23, 42, 29, 45, 57)),
    "data188.columns": Number(
        DATA_188_L12,
        "matrix made of x, with the filter as the vector",
        "0 x1 x2; x1 x2 x3; x2 x3 x4; x3 x4 x5; x4 x5 0",
        printed="0 x1 x2; x1 x2 x3; x2 x3 x4; x3 x4 x5; x4 x5 0",
    ),
    "data188.columns.adjoint": Number(BOOK, "its transpose times that v: the gradient of the taps", (48, 71, 70)),
    "data188.flip": Number(
        DATA_188_L12,
        "the adjoint with respect to x",
        "at stride 1: v ⋆ the filter turned by half a turn, padding k - 1 - p; "
        "with a stride s, v is spread first, s - 1 zeros between its values",
        printed="just convolve v with the flipped W",
        note="True of its example. With several channels, in and out change places too.",
    ),
    # The derivatives written out: a 3x3 image, a 2x2 filter.
    "c182.loss.sum": Number(
        C182,
        "gradient of the filter as a sum",
        "dLoss/dw_i'j' = Σ_ij dY_ij/dw_i'j' · dL/dY_ij",
        printed="dLoss/dw_i'j' = Σ_ij dY_ij/dX_i'j' · dL/dY_ij",
        note="The derivative is with respect to the filter, on both sides.",
    ),
    "c182.jacobian": Number(
        C182,
        "derivatives dO11/dF12, dO12/dF11, dO12/dF12",
        "X12, X12, X13",
        printed="0, 0, X12",
        note="The four sums above them on the slide say so: every output value meets every tap.",
    ),
    "c182.jacobian.rows": Number(
        C182,
        "all sixteen derivatives dO/dF for X = 1 … 9",
        ((1, 2, 4, 5), (2, 3, 5, 6), (4, 5, 7, 8), (5, 6, 8, 9)),
    ),
    "c182.filter.gradient": Number(
        C182,
        "the four sums dL/dF for X = 1 … 9 and dL/dO = (1, 10; 100, 1000)",
        ((5421, 6532), (8754, 9865)),
        note="The four expansions are printed, and right.",
    ),
    "c182.next": Number(
        C182,
        "where dL/dO comes from",
        "from the next layer",
        printed="from previous layer",
        note="The backward pass runs from the loss to the input.",
    ),
    "c182.rotated": Number(
        C182,
        "the other way to compute dLoss/dX",
        "at stride 1: dout padded by k - 1 - p ⋆ the rotated w, in and out channels swapped",
        printed='a convolution between a "rotated" w and dout',
        note="An aside of the lecture, with a link for the rest; stride, padding and channels are the rest.",
    ),
    # The pseudo-code.
    "c182.dx.filter": Number(
        C182,
        "shape of the filter in the pseudo-code of dX",
        "[chans_out, chans_in, filter_height, filter_width]",
        printed="[chans_in, filter_height, filter_width]",
        note="As printed, there is one filter; dout has a channel for each.",
    ),
    "c182.dx.line": Number(
        C182,
        "the line of the pseudo-code that adds up dX",
        "dxp[n, :, i*s + a, j*s + b] += dout[n, :, i, j] @ w[:, :, a, b]",
        printed="dloss_dx[n, :, fi, fj] += filter[:, fi, fj] * dout[n, :, i, j]",
        note="A pixel's place is not a tap's place, and the filters must be summed over. "
        "dxp is the gradient of the padded image; its border is cut off at the end.",
    ),
    "c182.dw.name": Number(
        C182,
        "a name in the code of dW",
        "for j in range(...)",
        printed="for w in range(...)",
        note="w was the filter bank. The result is right, for only its shape was needed, and that before the loop.",
    ),
    "c182.dw.dout": Number(
        C182,
        "the comment on dout in the code of dW",
        "dout: (N, F, H_out, W_out)",
        printed="dout: (N, F, H, W)",
        note="Three lines above, H and W are the size of the image.",
    ),
    "c182.db": Number(
        C182, "gradient of the bias", "db[f] = Σ_nij dout[n, f, i, j]", note="Announced in the lecture, never given."
    ),
    # Weizmann's matrices.
    "dl4cv.toeplitz": Number(
        DL4CV,
        "Toeplitz matrix of a, b, c on eight pixels",
        "a b c 0 0 0 0 0; 0 a b c 0 0 0 0; 0 0 a b c 0 0 0; 0 0 0 a b c 0 0; 0 0 0 0 a b c 0; 0 0 0 0 0 a b c",
        printed="a b c 0 0 0 0 0; 0 a b c 0 0 0 0; 0 0 a b c 0 0 0; 0 0 0 a b c 0 0; 0 0 0 0 a b c 0; 0 0 0 0 0 a b c; "
        "0 0 0 0 0 0 a b c",
        note="N - K + 1 is 6. The seventh row has nine entries.",
    ),
    "dl4cv.stride1": Number(
        DL4CV,
        "the same on seven pixels",
        "a b c 0 0 0 0; 0 a b c 0 0 0; 0 0 a b c 0 0; 0 0 0 a b c 0; 0 0 0 0 a b c",
        printed="a b c 0 0 0 0; 0 a b c 0 0 0; 0 0 a b c 0 0; 0 0 0 a b c 0; 0 0 0 0 a b c; 0 0 0 0 0 a b",
        note="The sixth row would need padding on the right, and only there.",
    ),
    "dl4cv.stride2": Number(
        DL4CV,
        "the same with stride 2",
        "a b c 0 0 0 0; 0 0 a b c 0 0; 0 0 0 0 a b c",
        printed="a b c 0 0 0 0; 0 0 a b c 0 0; 0 0 0 0 a b c",
    ),
    "dl4cv.transposed": Number(
        DL4CV,
        "matrix of the transposed convolution, seven to seven pixels",
        "b a 0 0 0 0 0; c b a 0 0 0 0; 0 c b a 0 0 0; 0 0 c b a 0 0; 0 0 0 c b a 0; 0 0 0 0 c b a; 0 0 0 0 0 c b",
        printed="b a 0 0 0 0 0; c b a 0 0 0 0; 0 c b a 0 0 0; 0 a c b a 0 0; 0 0 a c b a 0; 0 0 0 0 c b a; "
        "0 0 0 0 0 c b",
        note="Rows four and five carry an a too many; no row of three taps has four entries.",
    ),
    "dl4cv.transposed.stride2": Number(
        DL4CV,
        "transposed convolution with stride 2, three to seven pixels",
        "a 0 0; b 0 0; c a 0; 0 b 0; 0 c a; 0 0 b; 0 0 c",
        printed="a 0 0; b 0 0; c a 0; a b 0; 0 c a; 0 0 b; 0 0 c",
        note="Row four again. Its transpose, the matrix of stride 2, is printed below it and is right.",
    ),
    "dl4cv.channels": Number(
        DL4CV,
        "the filter that takes dout back to dx",
        "the same array w: conv_transpose2d reads its axes as [C_in, C_out, k, k]",
        printed="transpose c_in and c_out, then transposed Conv2D with the modified filter",
        note="In and out do change places, but by their names: no number in PyTorch's array moves.",
    ),
    "dl4cv.filter.gradient": Number(
        DL4CV,
        "gradient of the filter matrix, with Y = X K",
        "K.grad = Xᵀ (Y.grad)",
        printed="K.grad = (Y.grad)ᵀ X",
        note="Printed is the transpose, [C_out, C k²]. Reshaped, that is just the layout of the filter bank.",
    ),
    "dl4cv.output.padding": Number(
        DL4CV,
        "size that the transposed convolution gives back for a 7×6 image, kernel 3, stride 2",
        (7, 5),
        note="One column is missing: output_padding (0, 1) brings it back. The slides leave it out.",
    ),
    # Not in the slides, and asked for by every exercise.
    "pool.tie": Number(
        BOOK, "gradient of max pooling on the window (5, 5; 1, 5), dout 1", ((1, 0), (0, 0)), note="The first wins."
    ),
    "checkerboard.3.2": Number(
        BOOK, "stamps on each of nine pixels: four inputs, kernel 3, stride 2", (1, 1, 2, 1, 2, 1, 2, 1, 1)
    ),
    "checkerboard.4.2": Number(
        BOOK, "the same for kernel 4, ten pixels", (1, 1, 2, 2, 2, 2, 2, 2, 1, 1), note="4 is a multiple of 2."
    ),
}
