"""What both makers of a specialised network, torch for training and OpenVINO for use, have to agree on."""

PICTURE_SCALE = 64.0  # grey levels that make a one: about the spread of a picture
DIFFERENCE_SCALE = 32.0
NORM_EPSILON = 1e-5
