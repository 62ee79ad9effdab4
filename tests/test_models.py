"""The nets have the published sizes, cost what PyTorch's counter says, and are what their options promise."""

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from convbook import models
from convbook.models.counting import count_macs, count_parameters
from convbook.models.resnet import Residual
from convbook.models.tables import costs, resnet_stages

PUBLISHED = {
    "resnet18": 11_689_512, "resnet34": 21_797_672, "resnet50": 25_557_032, "resnet101": 44_549_160,
    "resnet152": 60_192_808, "vgg16": 138_357_544, "alexnet": 61_100_840, "densenet121": 7_978_856,
    "densenet169": 14_149_480, "densenet201": 20_013_928, "mobilenet_v1": 4_231_976, "mobilenet_v2": 3_504_872,
    "squeezenet": 1_235_496, "shufflenet_v2": 2_278_604, "lenet5": 61_706,
}  # fmt: skip
# billions of multiply-adds at 224x224, as corrected in the table of the lectures: v1.5, and stride in the first 1x1
BILLIONS = {18: (1.814, 1.814), 34: (3.664, 3.664), 50: (4.089, 3.858), 101: (7.801, 7.570), 152: (11.514, 11.282)}
IMAGES = {"lenet5": (1, 28, 28), "tiny_net": (1, 27, 20)}  # of the others: 3 channels, neither square nor even


def empty(name, **options):
    """The model without memory for its weights."""
    with torch.device("meta"):
        return models.create(name, **options)


def torch_macs(model, shape):
    """Half of what PyTorch's own counter finds."""
    model.eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(torch.zeros(1, *shape, device="meta"))
    return counter.get_total_flops() / 2


@pytest.mark.parametrize("name", PUBLISHED)
def test_parameters_are_the_published_ones(name):
    assert count_parameters(empty(name)) == PUBLISHED[name]


def test_the_table_has_the_published_sizes():
    text = costs(PUBLISHED, {"lenet5": 28})
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()[2:]]
    assert {name: int(parameters.replace(",", "")) for name, parameters, *_ in rows} == PUBLISHED
    macs = {name: int(macs.replace(",", "")) for name, _, macs, _ in rows}
    for depth, (billions, _) in BILLIONS.items():
        assert round(macs[f"resnet{depth}"] / 1e9, 3) == billions


def test_the_table_of_stages_is_that_of_the_nets():
    """Blocks and convolutions counted in the nets themselves."""
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in resnet_stages().splitlines()]
    for column, depth in enumerate(models.RESNETS, 2):
        model = empty(f"resnet{depth}")
        assert lines[0][column] == f"ResNet-{depth}"
        layered = [row for row in lines if row[0].startswith("layer")]
        assert len(layered) == 4
        for row in layered:
            blocks, _, convs = row[column].partition(" x ")
            stage = model.get_submodule(row[0])
            assert len(stage) == int(blocks)
            found = [m for name, m in stage[-1].named_modules() if name.startswith("conv")]
            words = [f"{c.kernel_size[0]}x{c.kernel_size[0]}, {c.out_channels}" for c in found]
            assert convs == f"({'; '.join(words)})"
        counted = sum(int(row[column].split()[0]) * (row[column].count(";") + 1) for row in layered) + 2
        assert counted == depth  # with the first convolution and the linear layer
    with pytest.raises(ValueError, match="no ResNet-20: the depths are 18, 34"):
        resnet_stages([20])


def test_parameters_of_other_sizes():
    assert count_parameters(empty("alexnet", first=96)) == 60_965_224
    # He et al., table 6: 0.27, 0.46, 0.66, 0.85 and 1.7 million
    millions = [count_parameters(empty(f"resnet{depth}")) / 1e6 for depth in models.CIFAR_DEPTHS]
    assert [round(m, 2) for m in millions] == [0.27, 0.46, 0.66, 0.85, 1.73]
    assert count_parameters(models.cifar_resnet(20, projection=True)) == 272_474


@pytest.mark.parametrize("name", models.MODELS)
def test_macs_equal_torchs_counter(name):
    model = empty(name)
    shape = IMAGES.get(name, (3, 230, 197))
    assert count_macs(model, shape) == torch_macs(model, shape) > 0


@pytest.mark.parametrize("depth", BILLIONS)
def test_macs_of_both_strides(depth):
    for stride_in_3x3, billions in zip((True, False), BILLIONS[depth], strict=True):
        model = empty(f"resnet{depth}", stride_in_3x3=stride_in_3x3)
        assert round(count_macs(model, 224) / 1e9, 3) == billions
        assert count_macs(model, (3, 150, 201)) == torch_macs(model, (3, 150, 201))


def test_macs_of_the_papers_alexnet():
    model = empty("alexnet", first=96)
    assert count_macs(model, 224) == torch_macs(model, (3, 224, 224))
    assert tuple(model.features[:2](torch.zeros(1, 3, 224, 224, device="meta")).shape) == (1, 96, 55, 55)


@pytest.mark.parametrize("name", models.MODELS)
def test_every_net_gives_one_score_a_class(name):
    model = empty(name, num_classes=7).eval()
    shape = IMAGES.get(name, (3, 96, 75))
    assert tuple(model(torch.zeros(2, *shape, device="meta")).shape) == (2, 7)


def test_maps_of_resnet_halve_between_stages():
    model, sizes = empty("resnet50"), []
    for part in (model.conv1, model.maxpool, model.layer1, model.layer2, model.layer3, model.layer4):
        part.register_forward_hook(lambda module, args, out: sizes.append(tuple(out.shape[1:])))
    model(torch.zeros(1, 3, 224, 224, device="meta"))
    assert sizes == [(64, 112, 112), (64, 56, 56), (256, 56, 56), (512, 28, 28), (1024, 14, 14), (2048, 7, 7)]


@pytest.mark.parametrize("block", [models.BasicBlock, models.Bottleneck])
def test_only_the_first_block_of_a_stage_strides_and_projects(block):
    stage = models.make_stage(block, 24, 16, 4, 2)
    strides = [max(m.stride[0] for m in b.modules() if isinstance(m, nn.Conv2d)) for b in stage]
    assert strides == [2, 1, 1, 1]
    assert [b.downsample is not None for b in stage] == [True, False, False, False]
    assert tuple(stage(torch.zeros(2, 24, 9, 14)).shape) == (2, 16 * block.expansion, 5, 7)


def test_where_the_stride_of_a_bottleneck_lies():
    for stride_in_3x3, strides in ((True, [1, 2, 1]), (False, [2, 1, 1])):
        block = models.Bottleneck(8, 4, 2, stride_in_3x3=stride_in_3x3)
        assert [getattr(block, f"conv{n}").stride[0] for n in (1, 2, 3)] == strides


def test_blocks_with_zero_gamma_start_as_the_identity():
    torch.manual_seed(0)
    model = models.cifar_resnet(14, zero_gamma=True, width=4)
    x = torch.rand(3, 4, 9, 7)
    blocks = [block for block in model.modules() if isinstance(block, Residual)]
    assert len(blocks) == 6 and all(not block.last_norm.weight.any() for block in blocks)
    torch.testing.assert_close(model.layer1(x), x)  # in training mode: no running mean is needed for it
    assert models.resnet(18, zero_gamma=True).layer3[1].last_norm.weight.abs().sum() == 0
    assert all(
        block.last_norm.weight.all() for block in models.cifar_resnet(8).modules() if isinstance(block, Residual)
    )


def test_a_plain_net_has_the_weights_of_the_residual_one_but_another_output():
    plain, residual = models.cifar_resnet(14, skips=False), models.cifar_resnet(14)
    plain.load_state_dict(residual.state_dict())
    x = torch.randn(2, 3, 20, 17)
    assert not torch.allclose(plain.eval()(x), residual.eval()(x), atol=1e-3)
    block = plain.layer2[0]
    z = torch.randn(2, 16, 6, 5)
    expected = block.bn2(block.conv2(block.bn1(block.conv1(z)).relu())).relu()
    torch.testing.assert_close(block(z), expected)


def test_the_shortcut_without_parameters_takes_every_second_pixel_and_adds_zeros():
    block = models.BasicBlock(3, 8, 2, shortcut="pad")
    x = torch.randn(2, 3, 7, 6)
    out = block.downsample(x)
    torch.testing.assert_close(out[:, :3], x[:, :, ::2, ::2])
    assert tuple(out.shape) == (2, 8, 4, 3) and not out[:, 3:].any()


@pytest.mark.parametrize("skips", [True, False])
def test_without_norm_convolutions_have_biases(skips):
    model = models.cifar_resnet(8, norm=False, skips=skips, in_channels=2, projection=True)
    assert not any(isinstance(m, nn.BatchNorm2d) for m in model.modules())
    assert all(m.bias is not None for m in model.modules() if isinstance(m, nn.Conv2d))
    x = torch.randn(4, 2, 12, 10)
    torch.testing.assert_close(model(x)[:1], model(x[:1]), rtol=1e-4, atol=1e-4)  # no image depends on its neighbours


def test_features_are_what_the_head_reads():
    model = models.cifar_resnet(8).eval()
    x = torch.randn(2, 3, 16, 12)
    torch.testing.assert_close(model.fc(model.features(x).mean((2, 3))), model(x))


@pytest.mark.parametrize("norm", [True, False])
def test_gradients_reach_every_parameter(norm):
    model = models.cifar_resnet(8, norm=norm)
    model(torch.randn(4, 3, 16, 16)).square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.parameters())


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: models.resnet(20), "18, 34, 50, 101, 152"),
        (lambda: models.densenet(161), "121, 169, 201"),
        (lambda: models.cifar_resnet(21), r"ResNet-21: the depth is 6n \+ 2"),
        (lambda: models.cifar_resnet(2), r"ResNet-2: the depth is 6n \+ 2"),
        (lambda: models.cifar_resnet(20, width=0), "width=0"),
        (lambda: models.cifar_resnet(20, skips=False, zero_gamma=True), "needs batch norm and skips"),
        (lambda: models.cifar_resnet(20, norm=False, zero_gamma=True), "needs batch norm and skips"),
        (lambda: models.alexnet(first=32), r"first=32: .* 64 channels \(one weird trick\) or 96 \(the paper\)"),
        (lambda: models.lenet5(size=30), "size=30: .* 28 or 32"),
        (lambda: models.make_stage(models.BasicBlock, 8, 8, 0, 1), "n=0"),
        (lambda: models.BasicBlock(8, 8, shortcut="sum"), "shortcut='sum'"),
        (lambda: models.BasicBlock(8, 4, shortcut="pad"), "from 8 to 4"),
        (lambda: models.create("resnet17"), "'resnet17': the models are lenet5, .*plain110"),
        (lambda: models.create("resnet20", depth=3), "resnet20 has no option 'depth'"),
        (lambda: models.create("tiny_net", widht=3), "'widht': it has num_classes, in_channels"),
    ],
)
def test_bad_input_is_named(make, words):
    with pytest.raises(ValueError, match=words):
        make()
