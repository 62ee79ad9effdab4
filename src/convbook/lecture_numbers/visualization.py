"""Chapter 6, feature visualization. Most entries are claims; a claim is checked by a small experiment."""

from convbook.lecture_numbers.number import DATA_188_L12, WISE, Number

NUMBERS = {
    # First-layer filters.
    "data188.alexnet.filters": Number(DATA_188_L12, "filters of AlexNet's first layer, in its paper", 96, printed=96),
    # Gradients.
    "wise.attention": Number(
        WISE,
        "what a high gradient of a pixel says",
        "a small change of this pixel would change the neuron most",
        printed="the pixels with the highest gradient are those the neuron pays most attention to",
        note="Where a score is saturated the gradient is zero, and yet the pixel made the score.",
    ),
    "wise.guided.source": Number(
        WISE,
        "where the guided backprop figure comes from",
        "Springenberg, Dosovitskiy, Brox, Riedmiller: Striving for Simplicity, 2014",
        printed="Zeiler and Fergus, ECCV 2014",
        note="Zeiler and Fergus projected activations back with a deconvnet, which has another rule at the ReLU.",
    ),
    "wise.guided.switches": Number(
        WISE,
        "what guided backprop changes in backpropagation",
        "at each ReLU negative gradients are set to zero, besides those where the input was negative",
        printed="it saves information for max-pooling layers in order to recover the lost details",
        note="Saved maxima, the switches, belong to the deconvnet; plain backpropagation keeps them too.",
    ),
    # Ascent.
    "wise.ascent.all": Number(
        WISE,
        "what gradient ascent on a neuron finds",
        "one local maximum for each start",
        printed="all the different types of inputs that a given neuron would pay attention to",
        note="The picture speaks about the neuron and not about one photograph; that much is global about it.",
    ),
    "wise.yosinski": Number(
        WISE, "year of Yosinski et al., ICML Deep Learning Workshop", "2015", printed="2014", note="arXiv 1506.06579."
    ),
    # Spaces.
    "wise.clustering": Number(
        WISE,
        "what nearest neighbours, PCA and t-SNE are",
        "a search, and two ways to reduce dimensions; none of them assigns clusters",
        printed="clustering algorithms",
        note="The colours in such pictures are the known labels.",
    ),
    "wise.pca.name": Number(
        WISE, "the P of PCA", "principal", printed="principle", note="From the Latin for first, as in principal axis."
    ),
    "wise.pca.separates": Number(
        WISE,
        "the directions that PCA finds",
        "those of largest variance",
        printed="dominant directions that separate the images best",
        note="PCA sees no labels. Classes that differ along a direction of small variance fall on each other.",
    ),
    "wise.tsne.distance": Number(
        WISE,
        "what t-SNE preserves",
        "probabilities of being neighbours",
        printed="the L2 distance among the image vectors",
        note="Who is near stays near. How far apart two groups are, and how wide, is not kept.",
    ),
}
