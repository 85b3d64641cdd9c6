"""What Office-31 consists of (Saenko, Kulis, Fritz and Darrell 2010): its domains, its classes, images of each."""

from __future__ import annotations

DOMAINS = ("amazon", "dslr", "webcam")

IMAGES: dict[str, tuple[int, int, int]] = {
    "back_pack": (92, 12, 29),
    "bike": (82, 21, 21),
    "bike_helmet": (72, 24, 28),
    "bookcase": (82, 12, 12),
    "bottle": (36, 16, 16),
    "calculator": (94, 12, 31),
    "desk_chair": (91, 13, 40),
    "desk_lamp": (97, 14, 18),
    "desktop_computer": (97, 15, 21),
    "file_cabinet": (81, 15, 19),
    "headphones": (99, 13, 27),
    "keyboard": (100, 10, 27),
    "laptop_computer": (100, 24, 30),
    "letter_tray": (98, 16, 19),
    "mobile_phone": (100, 31, 30),
    "monitor": (99, 22, 43),
    "mouse": (100, 12, 30),
    "mug": (94, 8, 27),
    "paper_notebook": (96, 10, 28),
    "pen": (95, 10, 32),
    "phone": (93, 13, 16),
    "printer": (100, 15, 20),
    "projector": (98, 23, 30),
    "punchers": (98, 18, 27),
    "ring_binder": (90, 10, 40),
    "ruler": (75, 7, 11),
    "scissors": (100, 18, 25),
    "speaker": (99, 26, 30),
    "stapler": (99, 21, 24),
    "tape_dispenser": (96, 22, 23),
    "trash_can": (64, 15, 21),
}
"""Class to its published number of images in each domain, in the order of ``DOMAINS``: 2,817, 498 and 795 together."""
