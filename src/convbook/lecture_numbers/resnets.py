"""Chapter 5, residual networks."""

from convbook.lecture_numbers.number import BOOK, DATA_188_L12, WISE, Number

NUMBERS = {
    # Heads.
    "resnet.head.weights": Number(
        BOOK, "weights of a linear layer to 1,000 classes on 512 maps of 7x7: flattened, pooled", (25_088_000, 512_000)
    ),
    # The chain.
    "wise.chain.three": Number(WISE, "0.1 three times: gradient of the input against that of the loss", 0.001, 0.001),
    "wise.chain.two": Number(WISE, "0.1 twice: gradient of the first activation", 0.01, printed=0.01),
    "wise.chain.skip": Number(WISE, "the same with a skip over both layers", 1.01, printed=1.01),
    "chain.underflow": Number(BOOK, "layers of 0.1 until the product is 0, in float32 and in float16", (46, 8)),
    "wise.chain.weights": Number(
        WISE,
        "why gradients vanish",
        "many weights add up: with n inputs, half of them silent, a standard deviation of sqrt(2 / n) keeps the size",
        printed="weights often have absolute value smaller than 1, so early layers receive a small fraction",
        note="True of one neuron a layer. In a wide layer weights far below 1 pass the whole gradient on.",
    ),
    # Skips.
    "data188.skip.direct": Number(
        DATA_188_L12,
        "gradient of the input of a block, Z1, with a skip from Z1 to Z4",
        "dZ1 = dZ2 · ∂Z2/∂Z1 + dZ4, the second term along the skip alone",
        printed="dZ1 = dZ2 · ∂Z2/∂Z1 + dZ4 · ∂Z4/∂Z1",
        note="Read as a total derivative, ∂Z4/∂Z1 contains the way through Z2 already, which is then counted twice.",
    ),
    "data188.skip.unmodified": Number(
        DATA_188_L12,
        "what the gradient meets on the skips",
        "a ReLU after every sum, and where the shape changes a projection",
        printed="an identity path for gradients to flow through unmodified",
        note="Inside one block the skip is the identity. From block to block the sum goes through a ReLU, "
        "which stops the gradient wherever the sum is negative.",
    ),
    "data188.skip.vanishing": Number(
        DATA_188_L12,
        "what the skips of ResNets cured",
        "degradation: with batch norm the plain net's gradients do not vanish, and it still trains worse",
        printed='helped mitigate the "vanishing gradient" problem',
        note="The paper says that vanishing gradients are an unlikely reason. Without batch norm the slide's reason "
        "is one of several.",
    ),
    # The table of the paper.
    "data188.depths": Number(
        DATA_188_L12,
        "depths of the deeper ResNets",
        (34, 50, 101, 152),
        printed=(34, 50, 101, 151),
        note="Convolutions and the last linear layer: 1 + 3 (3 + 8 + 36 + 3) + 1.",
    ),
    "wise.resnet34.blocks": Number(WISE, "residual blocks of ResNet-34", 16, printed=16),
    "data188.stages.sizes": Number(
        DATA_188_L12, "sides of the maps after conv1 to conv5_x", (112, 56, 28, 14, 7), printed=(112, 56, 28, 14, 7)
    ),
    "data188.stages.shrink": Number(
        DATA_188_L12,
        "what halves the map",
        "conv1, the max-pool, and the first block of conv3_x, conv4_x and conv5_x",
        printed="each block shrinks the map 2x via conv2d(stride=2)",
        note="The blocks begin with 56 pixels a side: if each of the 16 halved the map, one would be left after six.",
    ),
    "data188.flops": Number(
        DATA_188_L12,
        "what the row of 1.8, 3.6, 3.8, 7.6 and 11.3 billion counts",
        "multiply-adds",
        printed="FLOPs",
        note="The paper defines its FLOPs as multiply-adds. Counted as floating-point operations it is twice as many.",
    ),
    "resnet.params": Number(
        BOOK,
        "parameters of ResNet-18, 34, 50, 101, 152",
        (11_689_512, 21_797_672, 25_557_032, 44_549_160, 60_192_808),
    ),
    "resnet.gmacs.paper": Number(
        BOOK,
        "billion multiply-adds of the five, stride where the paper has it",
        (1.814, 3.664, 3.858, 7.570, 11.282),
    ),
    "resnet.gmacs": Number(
        BOOK, "the same with a bottleneck's stride in its 3x3", (1.814, 3.664, 4.089, 7.801, 11.514)
    ),
    # DenseNet.
    "wise.densenet.adds": Number(WISE, "channels that a dense block of l = 5, k = 32 adds: (l - 1) k", 128),
    "wise.densenet.blocks": Number(
        WISE,
        "layers of the four dense blocks for ImageNet, k = 32",
        "6, 12, 24, 16 (DenseNet-121) to 6, 12, 48, 32 (DenseNet-201)",
        printed="4 blocks with l = 5 and k = 32",
        note="Four blocks of four new layers would make a net of 37 layers. l = 5 is the size of the drawing.",
    ),
    "densenet.depths": Number(
        BOOK,
        "2 (sum of the blocks' layers) + 5 for the four ImageNet nets",
        (121, 169, 201, 265),
        note="The paper calls the last one DenseNet-264.",
    ),
    "densenet121.channels": Number(
        BOOK,
        "channels of DenseNet-121 after each block and each transition",
        (256, 128, 512, 256, 1024, 512, 1024),
    ),
}
