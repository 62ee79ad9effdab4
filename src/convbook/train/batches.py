"""Batches that never leave the device: the images lie there as bytes, and augmentation is indexing."""

import torch
from torch.nn import functional as F


class Batches:
    """The images of one set on a device.

    Attributes
    ----------
    pixels : (N, H + 2 pad, W + 2 pad, C) uint8, with a reflected border of ``pad`` pixels.
    labels : (N,) int64.
    mean, std : (C,) float32, of pixels between 0 and 1.
    """

    def __init__(self, images, mean, std, device, pad=0, channels_last=False):
        H, W = images.images.shape[2:]
        if pad >= min(H, W):
            raise ValueError(f"pad must be below {min(H, W)}, the smaller side of the images, got {pad}")
        pixels = torch.tensor(images.images).to(device)
        if pad:  # reflection is defined for floats alone on some devices; indices serve all
            pixels = pixels[:, :, reflected(H, pad, device)][:, :, :, reflected(W, pad, device)]
        self.pixels = pixels.permute(0, 2, 3, 1).contiguous()
        self.labels = torch.tensor(images.labels, device=device)
        self.mean = torch.tensor(mean, dtype=torch.float32, device=device)
        self.std = torch.tensor(std, dtype=torch.float32, device=device)
        self.size, self.pad, self.channels_last = (H, W), pad, channels_last

    def __len__(self):
        return len(self.labels)

    def plain(self, batch: int):
        """All images in order, in batches of ``(x, labels)``."""
        for index in torch.arange(len(self), device=self.labels.device).split(batch):
            yield self.crop(index), self.labels[index]

    def shuffled(self, batch: int, generator, flip=False, cutout=0):
        """One epoch: whole batches of all images in random order, augmented; what is left over waits for the next.

        A training set smaller than one batch is one batch.
        """
        device = self.labels.device
        order = torch.randperm(len(self), generator=generator, device=device)
        for start in range(0, max(1, len(self) // batch) * batch, batch):
            index = order[start : start + batch]
            x = self.crop(index, generator, flip)
            yield (blank_square(x, cutout, generator) if cutout else x), self.labels[index]

    def crop(self, index, generator=None, flip=False):
        """The images at ``index`` as normalised (B, C, H, W) float32: at a random place with a generator."""
        B, device = len(index), index.device
        rows, columns = (torch.arange(side, device=device).expand(B, side) for side in self.size)
        if generator is None:
            rows, columns = rows + self.pad, columns + self.pad
        else:
            if flip:
                mirrored = torch.rand(B, 1, generator=generator, device=device) < 0.5
                columns = torch.where(mirrored, columns.flip(1), columns)
            if self.pad:
                shift = torch.randint(2 * self.pad + 1, (2, B, 1), generator=generator, device=device)
                rows, columns = rows + shift[0], columns + shift[1]
        x = self.pixels[index[:, None, None], rows[:, :, None], columns[:, None, :]]  # (B, H, W, C)
        x = ((x.float() / 255 - self.mean) / self.std).permute(0, 3, 1, 2)
        return x if self.channels_last else x.contiguous()


def reflected(side, pad, device):
    """Indices of a row with its border: for a side of 4 and a border of 2, 2 1 0 1 2 3 2 1."""
    k = torch.arange(-pad, side + pad, device=device).abs()
    return torch.where(k < side, k, 2 * (side - 1) - k)


def blank_square(x, side, generator):
    """(B, C, H, W) with a square of zeros (the mean) in each image, part of which may lie outside.

    Cutout: DeVries and Taylor 2017, arXiv 1708.04552.
    """
    B, _, H, W = x.shape
    top, left = (
        torch.randint(n, (B, 1), generator=generator, device=x.device) - side // 2 for n in (H, W)
    )  # fmt: skip
    rows, columns = (torch.arange(n, device=x.device) for n in (H, W))
    inside = ((rows >= top) & (rows < top + side))[:, None, :, None] & ((columns >= left) & (columns < left + side))[
        :, None, None, :
    ]
    return x.masked_fill(inside, 0.0)


def loss(logits, labels, smoothing=0.0):
    return F.cross_entropy(logits.float(), labels, label_smoothing=smoothing)
