"""What several architectures share."""

from torch import nn


def conv_norm(c_in, c_out, kernel, stride=1, groups=1, act=nn.ReLU):
    """A convolution that keeps the size (at stride 1), batch norm and an activation, as a list of modules.

    The convolution has no bias: batch norm's β does its work. ``act=None`` leaves the activation out.

    >>> [type(layer).__name__ for layer in conv_norm(3, 8, 3)]
    ['Conv2d', 'BatchNorm2d', 'ReLU']
    """
    conv = nn.Conv2d(c_in, c_out, kernel, stride, padding=kernel // 2, groups=groups, bias=False)
    return [conv, nn.BatchNorm2d(c_out)] + ([act(inplace=True)] if act else [])


def he_init(model):
    """Draw the convolutions' weights with variance 2 / fan_out, biases zero (He et al. 2015), and return the model.

    Fan-out keeps the size of the gradients on their way back; batch norm takes care of the way forward. Weights without
    data ("meta") stay as they are: PyTorch would import its compiler, a second's work, to draw none of them.
    """
    for module in model.modules():
        if isinstance(module, nn.Conv2d) and not module.weight.is_meta:
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    return model
