"""The fake X's uploads: in one request and in pieces, their processing, their alt texts."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image

from tests.fake_x_hand import Hand, gif, made, png, refused, serving


@pytest.fixture
def hand() -> Iterator[Hand]:
    with serving(users=["x", "y"], check_after_secs=7) as found:
        yield found


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_a_picture_is_known_by_its_bytes(hand: Hand, kind: str) -> None:
    data = hand.upload(made(kind)).json()["data"]
    assert data["image"] == {"w": 60, "h": 40, "image_type": f"image/{kind.lower()}"}
    assert data["media_key"] == f"3_{data['id']}"
    assert "processing_info" not in data
    assert 86000 < data["expires_after_secs"] <= 86400


def test_a_picture_can_come_as_multipart(hand: Hand) -> None:
    data = png(noise=b"\r\n--boundary\r\n")
    response = hand.post(
        "/2/media/upload",
        files={"media": ("a.png", data, "image/png")},
        data={"media_category": "tweet_image"},
    )
    media_id = response.json()["data"]["id"]
    hand.describe(media_id)
    hand.tweet("a", media_id)
    assert hand.fake.posts[0].media[0].bytes == len(data)


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({"media": "AAAA"}, "media_category"),
        ({"media_category": "tweet_image"}, "media"),
        ({"media": "", "media_category": "tweet_image"}, "media"),
        ({"media": "?", "media_category": "tweet_image"}, "media"),
        ({"media": base64.encodebytes(png()).decode(), "media_category": "tweet_image"}, "media"),
        ({"media": "AAAA", "media_category": "tweet_image"}, "media"),
        ({"media": "AAAA", "media_category": "photo"}, "media_category"),
        ({"media": "AAAA", "media_category": "tweet_video"}, "media_category"),
        ({"media": "AAAA", "media_category": "tweet_image", "media_type": "a"}, "media_type"),
    ],
)
def test_an_upload_that_x_does_not_take_names_the_field(hand: Hand, body: Any, name: str) -> None:
    refused(hand.post("/2/media/upload", body), name)


PART = b'--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
WHOLE = PART % (b"media", png()) + PART % (b"media_category", b"tweet_image")


@pytest.mark.parametrize(
    ("body", "boundary", "message"),
    [
        (b"", "; boundary=b", "not whole"),
        (WHOLE, "; boundary=b", "not whole"),
        (b"x\r\n" + WHOLE + b"--b--\r\n", "; boundary=b", "not whole"),
        (WHOLE + b"--b--\r\n", "; boundary=c", "not whole"),
        (WHOLE + b"--b--\r\n", "", "no boundary"),
        (WHOLE + b"--b\r\n\r\nx\r\n--b--\r\n", "; boundary=b", "no name"),
        (WHOLE + PART % (b"media", b"x") + b"--b--\r\n", "; boundary=b", "there twice"),
    ],
)
def test_a_multipart_body_that_is_not_whole_is_refused(
    hand: Hand, body: bytes, boundary: str, message: str
) -> None:
    kind = {"Content-Type": f"multipart/form-data{boundary}"}
    assert message in refused(hand.post("/2/media/upload", data=body, headers=kind))
    good = {"Content-Type": 'multipart/form-data; boundary="b"'}
    whole = WHOLE + b"--b--\r\n"
    assert hand.post("/2/media/upload", data=whole, headers=good).status_code == 200


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_a_file_that_is_cut_short_or_padded_is_no_picture(hand: Hand, kind: str) -> None:
    data = made(kind)
    for bad in (data[:-1], data[: len(data) // 2], data[:15], data + b"\0"):
        assert "Not a picture" in refused(hand.upload(bad), "media")


def test_a_png_with_a_flipped_bit_is_no_picture(hand: Hand) -> None:
    data = bytearray(made("PNG"))
    data[len(data) // 2] ^= 1
    assert "checksum" in refused(hand.upload(bytes(data)), "media")


def test_an_image_has_at_most_five_megabytes(hand: Hand) -> None:
    data = png()
    assert hand.upload(png(noise=bytes(5_000_000 - len(data)))).status_code == 200
    over = hand.upload(png(noise=bytes(5_000_001 - len(data))))
    assert "at most 5000000 bytes" in refused(over, "total_bytes")


def test_an_image_has_sides_of_4_to_8192_pixels(hand: Hand) -> None:
    for size in ((3, 8), (8, 3), (8193, 8), (8, 8193)):
        refused(hand.upload(png(*size)), "media")
    assert hand.upload(png(8192, 4)).status_code == 200


def test_a_body_too_large_is_413_and_the_connection_lives(hand: Hand) -> None:
    assert hand.upload(bytes(6_000_000)).status_code == 413
    assert hand.get("/2/users/me").status_code == 200


def test_an_animation_is_no_photo_and_a_photo_no_gif(hand: Hand) -> None:
    refused(hand.upload(gif(frames=2)), "media_category")
    refused(hand.upload(png(), "tweet_gif"), "media_category")
    assert hand.upload(gif(frames=1)).status_code == 200
    file = io.BytesIO()
    frames = [Image.linear_gradient("L").rotate(90 * turns) for turns in range(3)]
    frames[0].save(file, "WEBP", save_all=True, append_images=frames[1:])
    assert "animated" in refused(hand.upload(file.getvalue()), "media")


# In pieces


def test_a_gif_in_pieces_is_processed_while_it_is_asked_for(hand: Hand) -> None:
    data = gif(frames=5, padding=1000)
    media_id = hand.initialize(len(data)).json()["data"]["id"]
    for index in (2, 0, 1):
        assert hand.append(media_id, index, data[400 * index :][:400]).status_code == 200
    assert hand.append(media_id, 2, data[800:]).status_code == 200

    done = hand.finalize(media_id).json()["data"]

    assert done["processing_info"] == {
        "state": "pending",
        "check_after_secs": 7,
        "progress_percent": 0,
    }
    hand.describe(media_id)
    refused(hand.tweet("too early", media_id), "media.media_ids")
    assert "not processed" in hand.fake.requests[-1].reason
    states = [hand.status(media_id).json()["data"]["processing_info"] for _ in range(4)]
    assert [state["state"] for state in states] == [
        "pending",
        "in_progress",
        "succeeded",
        "succeeded",
    ]
    assert ["check_after_secs" in state for state in states] == [True, True, False, False]
    assert hand.tweet("now", media_id).status_code == 201
    (media,) = hand.fake.posts[0].media
    assert (media.bytes, media.frames, media.category) == (len(data), 5, "tweet_gif")


def test_a_piece_can_come_as_multipart(hand: Hand) -> None:
    data = png()
    media_id = hand.initialize(len(data), "image/png", "tweet_image").json()["data"]["id"]
    response = hand.post(
        f"/2/media/upload/{media_id}/append",
        files={"media": ("blob", data)},
        data={"segment_index": "0"},
    )
    assert response.json()["data"]["expires_at"] > 0
    assert "processing_info" not in hand.finalize(media_id).json()["data"]
    refused(
        hand.post(
            f"/2/media/upload/{media_id}/append",
            files={"media": ("blob", data)},
            data={"segment_index": "first"},
        ),
        "segment_index",
    )


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"total_bytes": "10"}, "total_bytes"),
        ({"total_bytes": 0}, "total_bytes"),
        ({"total_bytes": 15_000_001}, "total_bytes"),
        ({"total_bytes": None}, "total_bytes"),
        ({"media_type": "image/png"}, "media_type"),
        ({"media_type": "image/jpg"}, "media_type"),
        ({"media_type": "video/mp4", "media_category": "tweet_image"}, "media_type"),
        ({"media_category": "tweet_video"}, "media_category"),
        ({"media_category": "dm_gif"}, "media_category"),
        ({"additional_owners": "1"}, "additional_owners"),
        ({"name": "a.gif"}, "name"),
    ],
)
def test_an_announcement_that_x_does_not_take_names_the_field(
    hand: Hand, changed: dict[str, Any], name: str
) -> None:
    body = {"media_type": "image/gif", "total_bytes": 15_000_000, "media_category": "tweet_gif"}
    assert hand.post("/2/media/upload/initialize", body).status_code == 200
    refused(hand.post("/2/media/upload/initialize", body | changed), name)
    del body["media_type"]
    refused(hand.post("/2/media/upload/initialize", body), "media_type")


def test_pieces_must_be_there_once_and_fit(hand: Hand) -> None:
    data = gif()
    media_id = hand.initialize(len(data)).json()["data"]["id"]
    refused(hand.finalize(media_id), "total_bytes")
    refused(hand.append(media_id, 1000, b"x"), "segment_index")
    refused(hand.append(media_id, -1, b"x"), "segment_index")
    refused(hand.append(media_id, 0, b""), "media")
    assert hand.append(media_id, 1, data[10:]).status_code == 200
    refused(hand.append(media_id, 1, data[9:]), "segment_index")
    assert "Pieces are missing" in refused(hand.finalize(media_id), "id")
    refused(hand.append(media_id, 0, data[:11]), "media")


def test_pieces_are_bound_in_size_and_the_sum_is_checked() -> None:
    with serving(chunk_bytes=20) as hand:
        data = gif()
        media_id = hand.initialize(len(data)).json()["data"]["id"]
        assert "at most 20 bytes" in refused(hand.append(media_id, 0, data[:21]), "media")
        hand.append(media_id, 0, data[:20])
        message = refused(hand.finalize(media_id), "total_bytes")
        assert message == f"{len(data)} bytes were announced, 20 came"


def test_what_comes_must_be_what_was_announced(hand: Hand) -> None:
    refused(hand.chunked(png(), "image/jpeg", "tweet_image"), "media_type")
    refused(hand.chunked(b"GIF89a but not quite"), "media")


def test_a_finalized_upload_takes_no_more(hand: Hand) -> None:
    media_id = hand.chunked(gif()).json()["data"]["id"]
    refused(hand.append(media_id, 2, b"x"), "id")
    refused(hand.finalize(media_id), "id")
    other = hand.initialize(10).json()["data"]["id"]
    refused(hand.post(f"/2/media/upload/{other}/finalize", {}), "$")
    refused(hand.status(other), "media_id")
    refused(hand.describe(other), "id")
    refused(hand.get("/2/media/upload", media_id=media_id), "command")
    refused(hand.get("/2/media/upload", command="INIT", media_id=media_id), "command")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (gif(1281, 8), "1281x8 is over 1280x1080"),
        (gif(8, 1081), "8x1081 is over 1280x1080"),
        (gif(frames=351), "351 frames are over 350"),
        (gif(1280, 1080, 218), "301363200 pixels are over 300000000"),
    ],
)
def test_a_gif_over_the_limits_fails_late(hand: Hand, data: bytes, why: str) -> None:
    media_id = hand.chunked(data).json()["data"]["id"]
    for _ in range(2):
        assert hand.status(media_id).json()["data"]["processing_info"]["state"] != "failed"
    answer = hand.status(media_id).json()
    assert answer["data"]["processing_info"] == {"state": "failed"}
    assert answer["errors"][0]["detail"] == why
    hand.describe(media_id)
    refused(hand.tweet("a", media_id), "media.media_ids")


def test_a_gif_at_the_limits_passes(hand: Hand) -> None:
    for data in (gif(1280, 1080, 217), gif(frames=350)):
        media_id = hand.chunked(data).json()["data"]["id"]
        states = [hand.status(media_id).json()["data"]["processing_info"] for _ in range(3)]
        assert states[-1]["state"] == "succeeded"


def test_polling_too_early_can_be_refused() -> None:
    now = [1_800_000_000.0]
    with serving(clock=lambda: now[0], enforce_polling=True) as hand:
        media_id = hand.chunked(gif()).json()["data"]["id"]
        assert hand.status(media_id).status_code == 429
        now[0] += 1
        assert hand.status(media_id).status_code == 200
        assert hand.status(media_id).status_code == 429


# Alt texts, and what may go out with a post


@pytest.mark.parametrize("alt", ["", "  ", "a" * 1001, "a\x1b[0m"])
def test_an_alt_text_is_neither_empty_nor_too_long(hand: Hand, alt: str) -> None:
    media_id = hand.upload(png()).json()["data"]["id"]
    refused(hand.describe(media_id, alt), "metadata.alt_text.text")


def test_an_alt_text_is_kept_as_it_was_at_the_post(hand: Hand) -> None:
    media_id = hand.picture(alt="a" * 1000)
    hand.tweet("a", media_id)
    hand.describe(media_id, "another")
    assert hand.fake.posts[0].media[0].alt == "a" * 1000


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({}, "id"),
        ({"id": 5, "metadata": {"alt_text": {"text": "a"}}}, "id"),
        ({"id": "5"}, "metadata"),
        ({"id": "5", "metadata": {}}, "metadata.alt_text"),
        ({"id": "5", "metadata": {"alt_text": "a"}}, "metadata.alt_text"),
        ({"id": "5", "metadata": {"alt_text": {"text": "a"}, "alt": "a"}}, "metadata.alt"),
    ],
)
def test_metadata_that_x_does_not_take_names_the_field(hand: Hand, body: Any, name: str) -> None:
    refused(hand.post("/2/media/metadata", body), name)


def test_a_picture_without_alt_text_is_refused_unless_it_may_be() -> None:
    with serving() as hand:
        media_id = hand.upload(png()).json()["data"]["id"]
        assert "no alt text" in refused(hand.tweet("a", media_id), "media.media_ids")
    with serving(require_alt=False) as hand:
        media_id = hand.upload(png()).json()["data"]["id"]
        assert hand.tweet("a", media_id).status_code == 201


def test_only_four_photos_or_one_gif(hand: Hand) -> None:
    photos = [hand.picture(png(noise=bytes([number]))) for number in range(4)]
    moving = hand.chunked(gif()).json()["data"]["id"]
    hand.describe(moving)
    for _ in range(3):
        hand.status(moving)
    refused(hand.tweet("a", photos[0], moving), "media.media_ids")
    refused(hand.tweet("a", photos[0], photos[0]), "media.media_ids")
    assert hand.tweet("a", *photos).status_code == 201
    assert [media.id for media in hand.fake.posts[0].media] == photos


def test_a_picture_is_good_for_one_post_of_its_own_account(hand: Hand) -> None:
    media_id = hand.picture()
    other = Hand(hand.fake, "y")
    with other.session:
        refused(other.tweet("a", media_id), "media.media_ids")
        assert other.describe(media_id).status_code == 404
        assert other.status(media_id).status_code == 404
        assert other.append(media_id, 0, b"x").status_code == 404
    assert hand.tweet("a", media_id).status_code == 201
    refused(hand.tweet("b", media_id), "media.media_ids")
    assert "used in another post" in hand.fake.requests[-1].reason
    refused(hand.tweet("c", "123"), "media.media_ids")


def test_a_refused_post_does_not_use_up_its_picture() -> None:
    with serving(single_use_media=False) as hand:
        media_id = hand.picture()
        assert [hand.tweet(text, media_id).status_code for text in "ab"] == [201, 201]
    with serving() as hand:
        media_id = hand.picture()
        refused(hand.tweet("a" * 300, media_id), "text")
        assert hand.tweet("a", media_id).status_code == 201


def test_an_upload_expires() -> None:
    now = [1_800_000_000.0]
    with serving(clock=lambda: now[0]) as hand:
        media_id = hand.picture()
        now[0] += 86400
        refused(hand.tweet("a", media_id), "media.media_ids")
        assert "expired" in hand.fake.requests[-1].reason
        assert hand.describe(media_id).status_code == 404
