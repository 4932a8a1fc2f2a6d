"""The corruptions do what the paper published at severity 1, nothing at 0, and the same for the same seed."""

import numpy as np
import pytest

from mnist_core.analysis.corruptions import (
    CORRUPTIONS,
    MAX_SEVERITY,
    SEVERITIES,
    Randomness,
    corrupt,
    plasma,
    strokes,
)

every_corruption = pytest.mark.parametrize("name", CORRUPTIONS)
RANDOM = set(CORRUPTIONS) - {"scale", "brightness", "stripe", "canny_edges"}


@pytest.fixture
def blobs(blob) -> np.ndarray:
    """Six spots of ink of different brightness, uint8 (6, 28, 28)."""
    return np.stack([(blob * share).astype(np.uint8) for share in (1, 0.9, 0.8, 0.7, 0.6, 0.5)])


def test_there_are_the_fifteen_of_the_paper_with_their_words():
    assert len(CORRUPTIONS) == 15
    assert len({corruption.title for corruption in CORRUPTIONS.values()}) == 15
    assert all(corruption.description.endswith(".") for corruption in CORRUPTIONS.values())
    assert 1.0 in SEVERITIES
    assert max(SEVERITIES) == MAX_SEVERITY


@every_corruption
def test_severity_0_changes_nothing_and_1_changes_something(name, blobs):
    before = blobs.copy()
    same, damaged = corrupt(blobs, name, 0), corrupt(blobs, name, 1)
    assert np.array_equal(same, blobs)
    assert same is not blobs
    assert damaged.dtype == np.uint8
    assert damaged.shape == blobs.shape
    assert (damaged != blobs).any()
    assert np.array_equal(blobs, before)  # the function is pure


@every_corruption
@pytest.mark.parametrize("severity", [0.25, 1, 1.5])
def test_a_digit_is_corrupted_alike_whatever_else_is_in_the_batch(name, blobs, severity):
    together = corrupt(blobs, name, severity, seed=3)
    assert np.array_equal(together, corrupt(blobs, name, severity, seed=3))
    assert np.array_equal(together[4:5], corrupt(blobs[4:5], name, severity, seed=3, indices=[4]))


@pytest.mark.parametrize("name", sorted(RANDOM))
def test_another_seed_and_another_place_give_another_picture(name, blobs):
    many = np.repeat(blobs[:1], 40, axis=0)
    assert (corrupt(many, name, seed=1) != corrupt(many, name, seed=2)).any()
    assert len(np.unique(corrupt(many, name), axis=0)) > 1


@every_corruption
def test_damage_grows_with_the_severity(name, blobs):
    change = [np.abs(corrupt(blobs, name, severity).astype(int) - blobs).mean() for severity in (0.25, 1.0)]
    assert change[0] < change[1]


@every_corruption
def test_an_empty_picture_and_no_picture_are_possible(name):
    assert corrupt(np.zeros((2, 28, 28), np.uint8), name, 1.5).shape == (2, 28, 28)
    assert corrupt(np.zeros((0, 28, 28), np.uint8), name).shape == (0, 28, 28)


@pytest.mark.parametrize("images", [np.zeros((28, 28), np.uint8), np.zeros((1, 28, 28)), np.zeros((1, 8, 8), np.uint8)])
def test_other_images_are_refused(images):
    with pytest.raises(ValueError, match="must be uint8 of shape"):
        corrupt(images, "fog")


@pytest.mark.parametrize("severity", [-0.1, 1.51, float("nan")])
def test_an_impossible_severity_is_refused(severity, blobs):
    with pytest.raises(ValueError, match=r"severity must be from 0 to 1\.5"):
        corrupt(blobs, "fog", severity)


def test_brightness_adds_half_of_white(blobs):
    assert np.abs(corrupt(blobs, "brightness") - (blobs + 127.5).clip(0, 255)).max() <= 0.5


def test_a_stripe_inverts_seven_columns_on_either_side(blobs):
    striped = corrupt(blobs, "stripe")
    assert np.array_equal(striped[:, :, 7:21], blobs[:, :, 7:21])
    assert np.array_equal(striped[:, :, :7], 255 - blobs[:, :, :7])
    assert np.array_equal(striped[:, :, 21:], 255 - blobs[:, :, 21:])


def test_translate_moves_three_pixels_on_both_axes():
    image = np.zeros((1, 28, 28), np.uint8)
    image[0, 14, 14] = 255
    places = {tuple(np.argwhere(moved)[0]) for moved in corrupt(np.repeat(image, 60, axis=0), "translate")}
    assert places == {(11, 11), (11, 17), (17, 11), (17, 17)}


def test_scale_shrinks_about_the_centre():
    image = np.zeros((1, 28, 28), np.uint8)
    image[0, 4:24, 4:24] = 255
    rows, columns = np.nonzero(corrupt(image, "scale")[0] > 127)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (7, 20, 7, 20)  # 0.7 of 20 pixels


def test_rotate_turns_by_0_4_radians_to_either_side():
    image = np.zeros((1, 28, 28), np.uint8)
    image[0, 13:15, 2:26] = 255
    angles = []
    for turned in corrupt(np.repeat(image, 20, axis=0), "rotate"):
        rows, columns = np.nonzero(turned > 127)
        angles.append(np.arctan(np.polyfit(columns, rows, 1)[0]))
    assert np.abs(angles) == pytest.approx(0.4, abs=0.02)
    assert min(angles) < 0 < max(angles)


def test_shear_moves_rows_sideways():
    image = np.zeros((1, 28, 28), np.uint8)
    image[0, 4:24, 13:15] = 255
    slopes = []
    for slanted in corrupt(np.repeat(image, 20, axis=0), "shear"):
        rows, columns = np.nonzero(slanted > 100)
        slopes.append(np.polyfit(rows, columns, 1)[0])
    assert np.abs(slopes) == pytest.approx(np.sin(0.4), abs=0.02)
    assert min(slopes) < 0 < max(slopes)


def test_impulse_noise_replaces_17_percent_half_of_it_by_white():
    grey = np.full((50, 28, 28), 100, np.uint8)
    noisy = corrupt(grey, "impulse_noise")
    assert set(np.unique(noisy)) == {0, 100, 255}
    assert (noisy == 255).mean() == pytest.approx(0.085, abs=0.005)
    assert (noisy == 0).mean() == pytest.approx(0.085, abs=0.005)
    weaker = corrupt(grey, "impulse_noise", 0.5)
    assert np.isin(np.flatnonzero(weaker != 100), np.flatnonzero(noisy != 100)).all()  # the same pixels, and fewer


def test_shot_noise_counts_three_photons_for_white():
    noisy = corrupt(np.full((50, 28, 28), 128, np.uint8), "shot_noise")
    assert set(np.unique(noisy)) <= {0, 85, 170, 255}
    counts = np.minimum(np.random.default_rng(0).poisson(3 * 128 / 255, 40_000), 3) * 85
    assert noisy.mean() == pytest.approx(counts.mean(), rel=0.02)


def test_motion_blur_is_a_trail_on_one_side_that_keeps_the_ink():
    image = np.zeros((1, 28, 28), np.uint8)
    image[0, 14, 20] = 255
    blurred = corrupt(np.repeat(image, 30, axis=0), "motion_blur")
    assert blurred.sum((1, 2), dtype=float) == pytest.approx(255, rel=0.05)
    assert (blurred[:, :, 21:] == 0).all()
    assert (blurred[:, 14, 20] > 0.9 * np.median(blurred.max((1, 2)))).all()  # a trail may round two taps to one pixel
    weights = np.exp(-(np.arange(21) ** 2) / 18)
    assert blurred[:, 14, 20].astype(float) == pytest.approx(255 / weights.sum(), abs=1)


def test_glass_blur_moves_pixels_a_little_and_leaves_none_out(blob):
    image = np.zeros((20, 28, 28), np.uint8)
    image[:, 13:15, 13:15] = 255
    glass = corrupt(image, "glass_blur").astype(float)
    assert glass.sum((1, 2)) == pytest.approx(4 * 255, rel=0.05)
    rows, columns = np.nonzero(glass.max(0))
    assert min(rows.min(), columns.min()) >= 2
    assert len(np.unique(glass, axis=0)) == 20


def test_fog_is_a_cloud_that_leaves_white_white():
    foggy = corrupt(np.full((4, 28, 28), 255, np.uint8), "fog")
    assert (foggy >= 63).all()  # 1 / (1 + 3)
    clouds = plasma(Randomness(0, "fog", range(4)))
    assert (clouds.min((1, 2)) == 0).all()
    assert (clouds.max((1, 2)) == 1).all()
    neighbours = np.abs(np.diff(clouds, axis=1)).mean()
    assert neighbours < 0.5 * np.abs(clouds - clouds[:, ::-1]).mean()  # smooth


def test_spatter_covers_with_dark_grey():
    white = np.full((20, 28, 28), 255, np.uint8)
    covered = corrupt(white, "spatter")
    assert covered.min() == pytest.approx(63, abs=2)
    shares = [(corrupt(white, "spatter", severity) < 255).mean() for severity in (0.25, 1, 1.5)]
    assert shares[0] < shares[1] < shares[2] < 0.7


def test_a_dotted_line_has_pairs_of_columns():
    dots = corrupt(np.zeros((30, 28, 28), np.uint8), "dotted_line").max((0, 1)) > 0
    assert dots.tolist() == [column // 2 % 2 == 1 and column != 27 for column in range(28)]


def test_a_zigzag_spans_the_picture_and_swings_by_two_pixels():
    drawn = corrupt(np.zeros((30, 28, 28), np.uint8), "zigzag")
    columns = np.flatnonzero(drawn.max((0, 1)))
    assert (columns.min(), columns.max()) in {(1, 24), (2, 24), (2, 25)}
    heights = drawn.argmax(1)[:, 3:24].astype(float)
    assert np.median(np.ptp(heights, axis=1)) >= 4


def test_a_line_fades_with_its_vertical_distance():
    (line,) = strokes(0, np.array([10]), 27, np.array([10]), 1.0)
    assert line[10, :27] == pytest.approx(1)
    assert line[11, 5] == line[9, 5] == pytest.approx(1 + np.log(1 - 1 / 2.3))
    assert (line[12:] == 0).all()
    assert (line[:, 27] == 0).all()


def test_canny_edges_are_white_outlines(blob):
    from skimage.feature import canny

    assert np.array_equal(corrupt(blob[None], "canny_edges")[0], 255 * canny(blob / 255).astype(np.uint8))
