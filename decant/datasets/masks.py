"""Pairs pictures with pictures of what is true of them: masks, or whole target pictures."""

from __future__ import annotations

import warnings
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError
from pydantic import Field, field_validator

from ..artifacts import files_in
from ..errors import DataError
from ..inputs.image import PICTURES
from ..paths import unreadable
from .dataset import Entry, FileDataset
from .folder import SUFFIXES
from .source import DataSource, check_folder, read_truth

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..paths import AnyPath
    from ..tasks import Task
    from .source import Opening

LOSSLESS = frozenset({".bmp", ".gif", ".png", ".tif", ".tiff"})
MASK_SUFFIXES = PICTURES | LOSSLESS
VALUE_MODES = ("1", "L", "P", "I;16", "I;16L", "I;16B", "I")
"""Of Pillow: one bit, grey or an index into a palette, 16 and 32 bits of grey."""
TARGET_MODES = (*(mode for mode in VALUE_MODES if mode != "P"), "RGB", "F")


class MasksSource(DataSource):
    """Images, and mask images of the same stem in another folder.

    Attributes:
        images: Folder of the photos.
        masks: Folder of the masks: PNG (or another lossless kind), grey or with a palette, whose
            value or palette index is the label's index.
        mask_suffix: What the stem of a mask has after that of its photo, such as "_mask".
        values: The value of each label in the masks, where it is not the label's index.
    """

    path_keys: ClassVar[tuple[str, ...]] = ("images", "masks")
    folder_keys: ClassVar[tuple[str, ...]] = ("images", "masks")
    kind: Literal["masks"]
    images: str
    masks: str
    mask_suffix: str = ""
    values: tuple[int, ...] = Field(default=(), strict=False)

    @field_validator("values")
    @classmethod
    def _check_values(cls, values: tuple[int, ...]) -> tuple[int, ...]:
        if len({*values}) < len(values) or min(values, default=0) < 0:
            raise ValueError(f"values = {list(values)} must be 0 or more, each once")
        return values

    @property
    def title(self) -> str:
        """Both folders."""
        return f"{self.images} with {self.masks}"

    @property
    def offers(self) -> tuple[str, ...]:
        """Labels of the pixels, or the picture itself."""
        return ("mask", "target")

    def open(self, opening: Opening) -> FileDataset:
        """Pair the pictures of both folders; what is in the masks is read later, one by one.

        Raises:
            DataError: If a folder is missing or empty, a picture lacks its partner or has two, or
                a mask is no picture of the size of its photo.
        """
        name, task, folder = opening.only_input(self.kind), opening.task, opening.folder
        photos = self._by_stem("images", folder, opening.inputs[name].suffixes)
        masks = self._by_stem("masks", folder, MASK_SUFFIXES)
        self._check_pairs(photos, masks)
        labels = "mask" in task.truth_fields
        if self.values and labels and len(self.values) != len(task.labels):
            raise DataError(
                f"data.….values = {list(self.values)} has {len(self.values)} values for "
                f"{len(task.labels)} task.labels; give one for each label, in their order"
            )
        root = folder / self.images
        entries = tuple(
            Entry(
                photos[stem].relative_to(root).as_posix(),
                {name: photos[stem]},
                partial(self._read, masks[stem], task),
                size=_checked_size(photos[stem], masks[stem], same=labels),
            )
            for stem in sorted(photos)
        )
        return FileDataset(f"{root} with {folder / self.masks}", entries, opening.inputs)

    def files_in(self, key: str, folder: AnyPath) -> tuple[Path, list[str]]:
        """List the pictures in one of the folders."""
        root = Path(folder) / getattr(self, key)
        suffixes = SUFFIXES if key == "images" else MASK_SUFFIXES
        found = self._pictures(key, root, suffixes)
        return root, [path.relative_to(root).as_posix() for path in found]

    def _pictures(self, key: str, root: Path, suffixes: frozenset[str]) -> list[Path]:
        """List the photos or the masks below a folder, in the order of their names."""
        found = [
            path
            for path in files_in(root)
            if path.suffix.lower() in suffixes
            and not any(part.startswith(".") for part in path.relative_to(root).parts)
        ]
        if not self.mask_suffix or (key == "images" and self.images != self.masks):
            return found
        return [path for path in found if path.stem.endswith(self.mask_suffix) == (key == "masks")]

    def _by_stem(self, key: str, folder: Path, suffixes: frozenset[str]) -> dict[str, Path]:
        """Find the pictures below a folder by their path without suffix."""
        root = folder / getattr(self, key)
        check_folder(root, key)
        found: dict[str, Path] = {}
        for path in self._pictures(key, root, suffixes):
            stem = path.relative_to(root).with_suffix("").as_posix()
            if key == "masks":
                stem = stem.removesuffix(self.mask_suffix)
            if stem in found:
                raise DataError(
                    f"{path}: {found[stem].name} has the same stem; keep one picture of each stem"
                )
            found[stem] = path
        if not found:
            masks = key == "masks" and self.mask_suffix
            ending = f' whose stem ends in "{self.mask_suffix}"' if masks else ""
            raise DataError(
                f"{root}: holds no pictures{ending}; put them there, or correct data.….{key}"
            )
        return found

    def _check_pairs(self, photos: dict[str, Path], masks: dict[str, Path]) -> None:
        """Refuse what has no partner."""
        lonely = sorted(photos.keys() - masks.keys())
        if lonely:
            raise DataError(
                f"{photos[lonely[0]]}: has no mask {lonely[0]}{self.mask_suffix}.png in "
                f"{self.masks} ({len(lonely)} of {len(photos)} photos have none); add them or "
                "take the photos out"
            )
        lonely = sorted(masks.keys() - photos.keys())
        if lonely:
            raise DataError(
                f"{masks[lonely[0]]}: has no photo {lonely[0]} in {self.images} ({len(lonely)} of "
                f"{len(masks)} masks have none); add them or take the masks out"
            )

    def _read(self, path: Path, task: Task) -> Any:
        """Read what is true of one photo."""
        if "mask" not in task.truth_fields:
            return read_truth(task, {"target": _pixels(path, TARGET_MODES)}, str(path))
        mask = _pixels(path, VALUE_MODES)
        try:
            mask = self._indices(mask)
        except ValueError as error:
            raise DataError(f"{path}: {error}") from error
        return read_truth(task, {"mask": mask}, str(path))

    def _indices(self, mask: NDArray[Any]) -> NDArray[Any]:
        """Replace values by the labels' indices; larger ones may be what is not to be judged."""
        if not self.values:
            return mask
        indices = mask.astype(np.int64)
        for index, value in enumerate(self.values):
            indices[mask == value] = index
        strange = ~np.isin(mask, self.values) & (mask < len(self.values))
        if strange.any():
            row, column = np.argwhere(strange)[0]
            raise ValueError(
                f"the mask is {mask[row, column]} at x = {column}, y = {row}, which is none of "
                f"values = {list(self.values)}; correct the mask, or the spec"
            )
        return indices


def _checked_size(photo: Path, mask: Path, *, same: bool) -> tuple[int, int] | None:
    """Give the size of a mask, which that of its photo, as it stands upright, must be.

    A photo in another form than a picture's is held to it when it is read.

    Raises:
        DataError: If it is not, or a file is no picture, or one with other values per pixel.
    """
    if not same:
        with _open(mask) as picture:
            _check_mode(mask, picture, TARGET_MODES)
        return None
    if mask.suffix.lower() not in LOSSLESS:
        raise DataError(f"{mask}: labels do not survive JPEG or WebP; save the masks as PNG")
    found = _size(mask, VALUE_MODES)
    size = _size(photo) if photo.suffix.lower() in PICTURES else found
    if found != size:
        raise DataError(
            f"{mask}: is {found[0]}×{found[1]} pixels, its photo {photo.name} stands "
            f"{size[0]}×{size[1]}; make the mask in the size of the upright photo"
        )
    return found


def _open(path: Path) -> Image.Image:
    try:
        with warnings.catch_warnings():
            # A large picture is none of our business here.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            return Image.open(path)
    except Image.DecompressionBombError as error:
        raise DataError(f"{path}: {error}; cut it into smaller pictures") from error
    except UnidentifiedImageError as error:
        raise DataError(f"{path}: not a picture that Pillow can read; replace it") from error
    except OSError as error:
        raise DataError(f"{path}: {unreadable(path, error)}") from error


def _size(path: Path, modes: tuple[str, ...] = ()) -> tuple[int, int]:
    """Read width and height from a picture's first bytes, turned as its EXIF data say.

    Args:
        path: Of the picture.
        modes: What it may have per pixel; anything if empty.
    """
    with _open(path) as picture:
        if modes:
            _check_mode(path, picture, modes)
        width, height = picture.size
        # Pillow decodes a whole PNG to look for EXIF data after the pixels.
        told = picture.format != "PNG" or "exif" in picture.info
        try:
            orientation = picture.getexif().get(ORIENTATION, 1) if told else 1
        except (SyntaxError, ValueError, OSError) as error:
            raise DataError(
                f"{path}: its EXIF data are damaged ({error}); save it without"
            ) from error
    return (height, width) if orientation in SIDEWAYS else (width, height)


ORIENTATION, SIDEWAYS = 0x0112, (5, 6, 7, 8)


def _check_mode(path: Path, picture: Image.Image, modes: tuple[str, ...]) -> None:
    """Refuse a picture that has something else per pixel than is wanted."""
    if picture.mode not in modes:
        raise DataError(
            f"{path}: has {len(picture.getbands())} values per pixel ({picture.mode}), not "
            "a label's; save it grey or with a palette, whose value or index is the label"
            if modes is VALUE_MODES
            else f"{path}: is {picture.mode}; save it as grey or RGB without transparency"
        )


def _pixels(path: Path, modes: tuple[str, ...]) -> NDArray[Any]:
    """Read the values of a picture as they are in the file, upright.

    Raises:
        DataError: If it is damaged, or has more than one value per pixel where that is wanted.
    """
    with _open(path) as picture:
        _check_mode(path, picture, modes)
        try:
            upright = ImageOps.exif_transpose(picture)
            return np.asarray(upright).copy()
        except (OSError, SyntaxError, ValueError) as error:
            raise DataError(f"{path}: damaged ({error}); restore it") from error
