"""A folder in the layout of Office-31: one generated picture a class and domain, of several formats."""

from PIL import Image

from hpbench.parts.datasets.office31.counts import DOMAINS, IMAGES

ITEMS = list(IMAGES)


def colour(domain, item):
    """A colour of its own for each domain and class."""
    return 80 * domain, 8 * item, 120


def write_tree(folder):
    """Write it; the folder."""
    for domain, name in enumerate(DOMAINS):
        for item, label in enumerate(ITEMS):
            place = folder / name / "images" / label
            place.mkdir(parents=True)
            suffix = (".jpg", ".jpeg", ".png", ".JPG")[item % 4]
            picture = Image.new("RGB", (30 + item, 40), colour(domain, item))
            picture.save(place / f"frame_0001{suffix}", "PNG" if suffix == ".png" else "JPEG", quality=95)
    return folder
