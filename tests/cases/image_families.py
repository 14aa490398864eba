"""The blocks that set public image networks apart, each as a small network over pictures."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch_networks import block


class ShuffleUnit(nn.Module):
    """ShuffleNetV2: half of the channels pass, the halves are joined and shuffled."""

    def __init__(self, width: int) -> None:
        super().__init__()
        half = width // 2
        self.branch = nn.Sequential(
            block(half, half, 1, 1, nn.ReLU),
            block(half, half, 3, 1, nn.Identity, groups=half),
            block(half, half, 1, 1, nn.ReLU),
        )

    def forward(self, x: Tensor) -> Tensor:
        kept, worked = x.chunk(2, dim=1)
        x = torch.cat([kept, self.branch(worked)], 1)
        n, c, h, w = x.shape
        return x.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)


class ShuffleNet(nn.Sequential):
    def __init__(self) -> None:
        super().__init__(
            block(3, 24, 3, 2, nn.ReLU), nn.MaxPool2d(3, 2, 1), *(ShuffleUnit(24) for _ in range(3))
        )


class RegNet(nn.Sequential):
    """Grouped convolutions between pointwise ones."""

    def __init__(self) -> None:
        super().__init__(
            block(3, 16, 3, 2, nn.ReLU),
            block(16, 24, 1, 1, nn.ReLU),
            block(24, 24, 3, 2, nn.ReLU, groups=3),
            block(24, 16, 1, 1, nn.Identity),
        )


class Ghost(nn.Module):
    """GhostNet: cheap depthwise copies of few features, joined and cut to size."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = block(3, 12, 3, 2, nn.ReLU)
        self.primary = block(12, 10, 1, 1, nn.ReLU)
        self.cheap = block(10, 10, 3, 1, nn.ReLU, groups=10)

    def forward(self, image: Tensor) -> Tensor:
        primary = self.primary(self.stem(image))
        return torch.cat([primary, self.cheap(primary)], 1)[:, :15]


class Inception(nn.Module):
    """Branches of convolutions and pools, dense joins, pools that round up."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = block(3, 16, 3, 2, nn.ReLU)
        self.fine = block(16, 8, 1, 1, nn.ReLU)
        self.wide = nn.Sequential(block(16, 8, 1, 1, nn.ReLU), block(8, 12, 5, 1, nn.ReLU))
        self.pool = nn.AvgPool2d(3, 1, 1, count_include_pad=False)
        self.down = nn.MaxPool2d(3, 2, ceil_mode=True)

    def forward(self, image: Tensor) -> Tensor:
        x = self.stem(image)
        return self.down(torch.cat([self.fine(x), self.wide(x), self.pool(x)], 1))


class StandardizedConv(nn.Conv2d):
    """NFNet: weights standardised at run time."""

    def forward(self, x: Tensor) -> Tensor:
        flat = self.weight.reshape(1, self.out_channels, -1)
        weight = functional.batch_norm(flat, None, None, training=True, eps=1e-6)
        return functional.conv2d(
            x, weight.reshape_as(self.weight) * 0.1, self.bias, self.stride, self.padding
        )


class NormalizerFree(nn.Sequential):
    def __init__(self) -> None:
        super().__init__(
            StandardizedConv(3, 16, 3, 2, 1),
            nn.SiLU(),
            StandardizedConv(16, 20, 3, 1, 1),
            nn.GELU(),
        )


class GlobalResponse(nn.Module):
    """ConvNeXt V2: channels against their mean norm over the picture; x: [N, H, W, C]."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gamma, self.beta = (nn.Parameter(torch.rand(width)) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        norm = x.norm(p=2, dim=(1, 2), keepdim=True)
        return x + self.gamma * (x * norm / (norm.mean(-1, keepdim=True) + 1e-6)) + self.beta


class ConvNext(nn.Module):
    def __init__(self, width: int = 20) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, width, 4, 4)
        self.depth = nn.Conv2d(width, width, 7, padding=3, groups=width)
        self.norm = nn.LayerNorm(width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.response = GlobalResponse(4 * width)
        self.scale = nn.Parameter(torch.ones(width))

    def forward(self, image: Tensor) -> Tensor:
        x = self.stem(image)
        y = self.norm(self.depth(x).permute(0, 2, 3, 1))
        y = self.down(self.response(functional.gelu(self.up(y)))) * self.scale
        return x + y.permute(0, 3, 1, 2)


class PoolFormer(nn.Module):
    """Pooling for attention, a group norm of one group over a flattened view."""

    def __init__(self, width: int = 20) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, width, 7, 4, 3)
        self.norms = nn.ModuleList(nn.GroupNorm(1, width) for _ in range(2))
        self.mlp = nn.Sequential(
            nn.Conv2d(width, 3 * width, 1), nn.GELU(), nn.Conv2d(3 * width, width, 1)
        )

    def forward(self, image: Tensor) -> Tensor:
        x = self.stem(image)
        y = self.norms[0](x)
        x = x + functional.avg_pool2d(y, 3, 1, 1, count_include_pad=False) - y
        return x + self.mlp(self.norms[1](x))


class Lambda(nn.Module):
    """LambdaResNet: softmaxed keys times values, and positions as a 3-D convolution would."""

    def __init__(self, width: int = 16, depth: int = 8) -> None:
        super().__init__()
        self.stem = block(3, width, 3, 2, nn.ReLU)
        self.depth, self.heads = depth, 2
        self.qkv = nn.Conv2d(width, 2 * depth + depth + width // 2, 1)
        self.norm_q, self.norm_v = nn.BatchNorm2d(2 * depth), nn.BatchNorm2d(width // 2)
        self.positions = nn.Conv3d(1, depth, (3, 3, 1), padding=(1, 1, 0))

    def forward(self, image: Tensor) -> Tensor:
        x = self.stem(image)
        n, _, h, w = x.shape
        q, k, v = self.qkv(x).split([2 * self.depth, self.depth, x.shape[1] // 2], dim=1)
        q = self.norm_q(q).reshape(n, self.heads, self.depth, h * w).transpose(-1, -2)
        spread = self.norm_v(v)
        v = spread.reshape(n, -1, h * w).transpose(-1, -2)
        content = k.reshape(n, self.depth, h * w).softmax(-1) @ v
        places = self.positions(spread.permute(0, 2, 3, 1).reshape(n, 1, h, w, -1))
        places = places.reshape(n, 1, self.depth, h * w, -1).transpose(2, 3)
        content_out = q @ content.unsqueeze(1)
        place_out = (q.unsqueeze(-2) @ places).squeeze(-2)
        return (content_out + place_out).transpose(-1, -2).reshape(n, -1, h, w)


class MobileVit(nn.Module):
    """MobileViT: attention among pixels at the same place of 2 x 2 patches."""

    def __init__(self, width: int = 24) -> None:
        super().__init__()
        self.stem = block(3, width, 3, 4, nn.SiLU)
        self.norm = nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, 3, batch_first=True)
        self.fuse = block(2 * width, width, 3, 1, nn.SiLU)

    def forward(self, image: Tensor) -> Tensor:
        x = self.stem(image)[:, :, :10, :14]
        n, c, h, w = x.shape
        rows, columns = h // 2, w // 2
        y = x.reshape(n * c * rows, 2, columns, 2).transpose(1, 2)
        y = y.reshape(n, c, rows * columns, 4).transpose(1, 3).reshape(n * 4, -1, c)
        z = self.norm(y)
        y = y + self.attention(z, z, z, need_weights=False)[0]
        y = y.reshape(n, 4, rows * columns, c).transpose(1, 3)
        y = y.reshape(n * c * rows, columns, 2, 2).transpose(1, 2).reshape(n, c, h, w)
        return self.fuse(torch.cat([x, y], 1))


class Swin(nn.Module):
    """Shifted windows with relative position bias, then patch merging."""

    def __init__(self, width: int = 24, heads: int = 3, window: int = 4) -> None:
        super().__init__()
        self.window, self.heads = window, heads
        self.stem = nn.Conv2d(3, width, 4, 4)
        self.norm = nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.table = nn.Parameter(torch.rand((2 * window - 1) ** 2, heads))
        grid = torch.stack(torch.meshgrid(*[torch.arange(window)] * 2, indexing="ij")).flatten(1)
        apart = grid[:, :, None] - grid[:, None] + window - 1
        self.register_buffer("index", (apart[0] * (2 * window - 1) + apart[1]).flatten())
        self.merge = nn.Linear(4 * width, 2 * width, bias=False)

    def attend(self, x: Tensor) -> Tensor:
        n, tokens, width = x.shape
        qkv = self.qkv(x).reshape(n, tokens, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        q, k, v = qkv.unbind(0)
        bias = self.table[self.index].view(tokens, tokens, -1).permute(2, 0, 1)
        weights = ((q * 8**-0.5) @ k.transpose(-2, -1) + bias).softmax(-1)
        return self.out((weights @ v).transpose(1, 2).reshape(n, tokens, width))

    def forward(self, image: Tensor) -> Tensor:
        x = self.stem(image)[:, :, :8, :12].permute(0, 2, 3, 1)
        n, h, w, c = x.shape
        side = self.window
        y = torch.roll(self.norm(x), (-2, -2), (1, 2))
        y = y.view(n, h // side, side, w // side, side, c).permute(0, 1, 3, 2, 4, 5)
        y = self.attend(y.reshape(-1, side * side, c))
        y = y.view(n, h // side, w // side, side, side, c).permute(0, 1, 3, 2, 4, 5)
        x = x + torch.roll(y.reshape(n, h, w, c), (2, 2), (1, 2))
        parts = [x[:, i::2, j::2] for j in (0, 1) for i in (0, 1)]
        return self.merge(torch.cat(parts, -1))


class CrossCovariance(nn.Module):
    """XCiT: attention between channels of normalised queries and keys."""

    def __init__(self, width: int = 24, heads: int = 3) -> None:
        super().__init__()
        self.heads = heads
        self.stem = nn.Conv2d(3, width, 8, 8)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.temperature = nn.Parameter(torch.ones(heads, 1, 1))

    def forward(self, image: Tensor) -> Tensor:
        x = self.stem(image).flatten(2).transpose(1, 2)
        n, tokens, width = x.shape
        qkv = self.qkv(x).reshape(n, tokens, 3, self.heads, -1).permute(2, 0, 3, 4, 1)
        q, k, v = qkv.unbind(0)
        q, k = functional.normalize(q, dim=-1), functional.normalize(k, dim=-1)
        weights = (q @ k.transpose(-2, -1) * self.temperature).softmax(-1)
        return x + self.out((weights @ v).permute(0, 3, 1, 2).reshape(n, tokens, width))


class LinearAttention(nn.Module):
    """EfficientViT: rectified queries and keys, so that keys meet values first."""

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.stem = block(3, width, 3, 4, nn.Hardswish)
        self.qkv = nn.Conv2d(width, 3 * width, 1, bias=False)
        self.mix = nn.Conv2d(3 * width, 3 * width, 5, padding=2, groups=3 * width, bias=False)
        self.out = block(2 * width, width, 1, 1, nn.Identity)

    def forward(self, image: Tensor) -> Tensor:
        x = self.stem(image)
        n, _, h, w = x.shape
        both = torch.cat([qkv := self.qkv(x), self.mix(qkv)], 1)
        q, k, v = both.reshape(n, -1, 24, h * w).transpose(-1, -2).chunk(3, dim=-1)
        q, k = functional.relu(q), functional.relu(k)
        y = q @ (k.transpose(-1, -2) @ functional.pad(v, (0, 1), value=1.0))
        y = y[..., :-1] / (y[..., -1:] + 1e-5)
        return x + self.out(y.transpose(-1, -2).reshape(n, -1, h, w))


class Mixer(nn.Module):
    """MLP-Mixer: a linear layer over tokens, one over channels."""

    def __init__(self, width: int = 24, tokens: int = 35) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, width, 8, 8)
        self.norm = nn.LayerNorm(width)
        self.tokens = nn.Sequential(nn.Linear(tokens, 16), nn.GELU(), nn.Linear(16, tokens))
        self.channels = nn.Linear(width, width)

    def forward(self, image: Tensor) -> Tensor:
        x = self.stem(image).flatten(2).transpose(1, 2)
        x = x + self.tokens(self.norm(x).transpose(1, 2)).transpose(1, 2)
        return x + self.channels(x)
