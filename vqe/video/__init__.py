"""Video files: which frames they show and when, and their pictures.

PyAV is the truth: the frames that it shows when it decodes a file from the start, in its order, at their time stamps.
It is imported only when a file is read that has no kept index.
"""

from vqe.video.build import index_file
from vqe.video.files import find_files
from vqe.video.index import FileIndex
from vqe.video.opening import open_video
from vqe.video.part import Look, Seen, Skim
from vqe.video.read import read_frames
from vqe.video.readers import Readers
from vqe.video.scenery import Scenery
from vqe.video.stretches import apart, groups, split
from vqe.video.thumbnails import Thumbnails
from vqe.video.video import Video, VideoFile, fewest_within

__all__ = [
    "FileIndex",
    "Look",
    "Readers",
    "Scenery",
    "Seen",
    "Skim",
    "Thumbnails",
    "Video",
    "VideoFile",
    "apart",
    "fewest_within",
    "find_files",
    "groups",
    "index_file",
    "open_video",
    "read_frames",
    "split",
]
