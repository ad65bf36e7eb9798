"""``edgecnn faces`` on real portraits, from enrolment to forgetting."""

from __future__ import annotations

import datetime
import functools
import json
import shutil
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgecnn.cli import faces_calibrate, faces_options, faces_people, output
from edgecnn.cli.faces import faces as group
from edgecnn.core.image import read_image
from edgecnn.faces.gallery import Gallery
from edgecnn.faces.unlocking import Passphrase
from tests.faces.test_store import FakeKeyring
from tests.helpers.command import Said, edgecnn_command

pytest.importorskip("cryptography")

ASSETS = Path(__file__).parents[2] / "assets"
IMAGES = ASSETS / "images"
OBAMA, SPEAKING = IMAGES / "portrait_obama.jpg", IMAGES / "portrait_obama2.jpg"
BIDEN, HOPPER = IMAGES / "portrait_biden.jpg", IMAGES / "portrait_hopper.jpg"
ASTRONAUT, PROFILE = IMAGES / "astronaut.jpg", IMAGES / "cameraman_grey.jpg"
WORDS = "correct horse battery"


@pytest.fixture(autouse=True)
def _cheap_and_without_terminal(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """scrypt at 1 MiB; a data folder, a folder for temporary files and a passphrase of its own."""
    monkeypatch.setattr(faces_options, "Passphrase", functools.partial(Passphrase, log2_n=10))
    monkeypatch.setattr(faces_options, "may_ask", lambda: False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv(faces_options.OTHER_VARIABLE, raising=False)
    monkeypatch.setenv(faces_options.VARIABLE, WORDS)
    if "bundled_table" not in request.fixturenames:
        monkeypatch.setattr(faces_options, "find_table", lambda space: None)


@pytest.fixture
def bundled_table() -> None:
    """Whoever asks for it has the table of impostor scores that comes along; others have none."""


def run(*arguments: str | Path) -> Said:
    return edgecnn_command("faces", *arguments)


def answer(*arguments: str | Path) -> dict:
    said = run(*arguments, "--json")
    assert said.code == 0, said.err
    return json.loads(said.out)


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gallery of Obama and Hopper."""
    path = tmp_path_factory.mktemp("made") / "gallery.faces"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(faces_options, "Passphrase", functools.partial(Passphrase, log2_n=10))
        patch.setenv(faces_options.VARIABLE, WORDS)
        where = ("--gallery", path)
        assert run("enrol", "Barack Obama", OBAMA, "--consent", "for tests", *where).code == 0
        assert run("enrol", "Grace Hopper", HOPPER, "--keep-photos", *where).code == 0
    return path


@pytest.fixture
def enrolled(made_once: Path) -> Path:
    """That gallery as the user's own; its path."""
    path = faces_options.default_gallery()
    path.parent.mkdir(parents=True)
    shutil.copy(made_once, path)
    return path


def test_the_enrolled_are_named_and_others_are_unknown(enrolled):
    said = run("identify", SPEAKING)
    assert said.code == 0
    assert "Barack Obama (distance 0." in said.out
    assert "%" not in said.out
    assert "no error rate claimed" in said.err
    assert "unknown, nearest" in run("identify", ASTRONAUT).out
    assert "no face" in run("identify", IMAGES / "coffee.jpg").out


def test_identify_in_json_has_names_numbers_and_the_rule(enrolled, tmp_path):
    heads = [read_image(path)[:500, :450] for path in (SPEAKING, BIDEN, HOPPER)]
    heads[0] = read_image(SPEAKING)[150:650, 40:490]
    cv2.imwrite(str(tmp_path / "group.png"), np.hstack(heads))
    plain = answer("identify", tmp_path / "group.png")
    faces = plain["pictures"][0]["faces"]
    by_place = sorted(faces, key=lambda face: face["box_xyxy"][0])
    assert [face["name"] for face in by_place] == ["Barack Obama", None, "Grace Hopper"]
    assert plain["rule"]["false_match_rate"] is None
    assert plain["stranger_matches_somebody"] is None
    assert by_place[0]["distance"] < plain["rule"]["threshold"] < by_place[1]["distance"]
    assert by_place[0]["quality"]["weight"] > 0
    assert "vector" not in json.dumps(plain)


def write_clip(path: Path, frames: int) -> None:
    """Obama speaking, moved a little from frame to frame."""
    pixels = read_image(SPEAKING)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 10, (480, 480))
    for number in range(frames):
        writer.write(np.ascontiguousarray(pixels[150:630, 20 + number : 500 + number]))
    writer.release()


def test_identify_takes_videos_and_folders_and_says_what_it_left_out(enrolled, tmp_path):
    clip = tmp_path / "clip.mp4"
    write_clip(clip, 8)
    said = run("identify", clip)
    assert said.code == 0, said.err
    assert [line.split("s: ")[1] for line in said.out.splitlines()] == ["undecided", "Barack Obama"]
    last = answer("identify", clip)["pictures"][-1]["faces"][0]
    assert (last["state"], last["name"], last["agreement"]) == ("known", "Barack Obama", 1.0)
    assert last["track"] == 1
    folder = tmp_path / "mixed"
    folder.mkdir()
    shutil.copy(SPEAKING, folder / "a.jpg")
    (folder / "b.jpg").write_bytes(b"no picture")
    said = run("identify", folder)
    assert said.code == 1
    assert "Barack Obama" in said.out
    assert "Left out" in said.err


def test_photo_that_is_not_good_is_refused_with_the_reason(enrolled, tmp_path):
    dark = tmp_path / "dark.png"
    cv2.imwrite(str(dark), (read_image(ASTRONAUT) * 0.15).astype(np.uint8))
    said = run("enrol", "Eileen Collins", ASTRONAUT, PROFILE, dark, IMAGES / "coffee.jpg")
    assert said.code == 1
    assert "Enrolled Eileen Collins: 1 new" in said.out
    assert "cameraman_grey.jpg: turn to the camera" in said.err
    assert "dark.png: too dark" in said.err
    assert "coffee.jpg: no face found" in said.err
    nobody = run("enrol", "Nobody", PROFILE)
    assert nobody.code == 1
    assert "nobody was enrolled" in nobody.err
    assert [row["name"] for row in answer("list")["people"]] == [
        "Barack Obama",
        "Grace Hopper",
        "Eileen Collins",
    ]


def test_second_name_for_a_face_is_warned_about_and_merged(enrolled):
    said = run("enrol", "The 44th", SPEAKING)
    assert said.code == 0
    assert "The 44th looks like Barack Obama (distance 0." in said.err
    assert answer("merge", "Barack Obama", "The 44th")["templates"] == 2
    assert answer("rename", "barack obama", "B. Obama") == {"name": "B. Obama"}
    assert len(answer("list")["people"]) == 2


def test_verify_two_photos_or_a_photo_and_a_name(enrolled):
    same = answer("verify", OBAMA, SPEAKING)
    assert same["same"] is True
    assert answer("verify", OBAMA, BIDEN)["same"] is False
    assert answer("verify", SPEAKING, "--as", "barack obama")["same"] is True
    assert "not the same person" in run("verify", BIDEN, "--as", "Barack Obama").out
    assert run("verify", OBAMA).code == 2
    assert run("verify", OBAMA, BIDEN, "--as", "x").code == 2
    swapped = run("verify", "Barack Obama", SPEAKING)
    assert swapped.code == 2
    assert f"{SPEAKING} --as 'Barack Obama'" in " ".join(swapped.err.split())
    assert "no face found" in run("verify", OBAMA, IMAGES / "coffee.jpg").err


def test_verify_needs_no_gallery(monkeypatch):
    monkeypatch.delenv(faces_options.VARIABLE)
    assert answer("verify", OBAMA, SPEAKING)["same"] is True
    assert not faces_options.default_gallery().exists()


def test_folder_of_person_folders(tmp_path):
    for name, photos in {"Barack Obama": (OBAMA, SPEAKING), "Joe Biden": (BIDEN, PROFILE)}.items():
        (tmp_path / "people" / name).mkdir(parents=True)
        for photo in photos:
            shutil.copy(photo, tmp_path / "people" / name)
    (tmp_path / "people" / "Nobody").mkdir()
    said = run("enrol-folder", tmp_path / "people", "--expires", "30", "--purpose", "door")
    assert said.code == 1
    assert "Enrolled 2 of 3 people with 3 photos." in said.out
    assert "turn to the camera" in said.err
    people = answer("list")["people"]
    assert [(row["name"], row["templates"]) for row in people] == [
        ("Barack Obama", 2),
        ("Joe Biden", 1),
    ]
    assert all(row["expires_utc"] and row["purpose"] == "door" for row in people)
    assert all(row["consent"] is None for row in people)


def test_what_only_resembles_a_face_is_not_enrolled():
    said = run("enrol", "Bee", IMAGES / "bee.jpg")
    assert said.code == 1
    assert "a second look finds no face" in said.err
    assert not faces_options.default_gallery().exists()


def test_consent_and_expiry_change_without_another_photo(enrolled):
    said = run("consent", "barack obama", "--consent", "by letter", "--expires", "30")
    assert said.code == 0
    assert "Consent of Barack Obama: by letter" in said.out
    before = answer("list")["people"][0]
    assert (before["consent"], before["templates"]) == ("by letter", 1)
    after = answer("consent", "Barack Obama", "--consent", "", "--purpose", "door", "--no-end")
    assert after["consent"] is after["expires_utc"] is None
    assert after["purpose"] == "door"
    assert answer("log")[-1]["action"] == "consent"
    assert run("consent", "Barack Obama").code == 2
    assert run("consent", "Barack Obama", "--expires", "3", "--no-end").code == 2
    assert run("consent", "Nobody Here", "--no-end").code == 1


# Rates


def test_rates_that_are_not_supported_are_refused_with_what_it_takes(enrolled):
    said = run("calibrate", "--one-in", "1000")
    assert said.code == 1
    assert "takes 2,995 pairs" in said.err
    assert run("identify", OBAMA, "--one-in", "100").code == 1
    overview = answer("calibrate")
    assert [row["supported"] for row in overview["rates"]] == [False] * 3
    assert [row["people_needed"] for row in overview["rates"]] == [25, 78, 246]
    assert "299 needed (25 people)" in run("calibrate").out


@pytest.mark.usefixtures("bundled_table")
def test_the_table_that_comes_along_lets_two_people_have_a_rate(enrolled):
    plain = answer("identify", SPEAKING)
    assert plain["pictures"][0]["faces"][0]["name"] == "Barack Obama"
    assert plain["rule"]["false_match_rate"] == 0.0001
    assert 0 < plain["stranger_matches_somebody"] < 0.001
    said = run("identify", BIDEN, "--one-in", "100")
    assert "at most 1 in 100 (95 % confidence)" in said.err
    assert "813 people" in said.err
    assert "unknown" in said.out


def test_calibrated_gallery_claims_its_rate(enrolled):
    from edgecnn.faces.outcomes import NewFace
    from tests.faces.people import embeddings_of

    gallery = Gallery.open(enrolled, Passphrase(WORDS))
    for number in range(24):
        pair = embeddings_of(number, 2)
        gallery.enrol(f"Made up {number}", [NewFace(item) for item in pair])
    row = answer("calibrate", "--one-in", "100")["rates"][0]
    assert row["supported"]
    assert row["false_match_rate_upper_bound"] <= 0.01
    assert "325 pairs of 26 people" in row["basis"]
    assert row["not_recognized"]["attempts"] == 48
    assert row["not_recognized"]["rate"] == 0
    plain = answer("identify", SPEAKING)
    assert plain["rule"]["false_match_rate"] == 0.01
    assert plain["rule"]["threshold"] == row["threshold"]
    assert 0 < plain["stranger_matches_somebody"] < 0.3
    assert "false matches at most 1 in 100 (95 % confidence)" in run("identify", OBAMA).err


# Forgetting and files


def test_forget_proves_it_and_names_what_is_out_of_reach(enrolled, tmp_path):
    backup = Path(answer("backup")["file"])
    export = tmp_path / "hopper.faces"
    (tmp_path / "pw").write_text("another staple here\n")
    assert answer("export", "Grace Hopper", "--to", export, "--other-passphrase-file",
                  tmp_path / "pw")["people"] == 1  # fmt: skip
    said = run("forget", "grace hopper", "--yes")
    assert said.code == 0, said.err
    assert f"Deleted backup {backup}" in said.out
    assert "searched for" in said.out
    assert "none found" in said.out
    assert f"to {export}" in said.out
    assert not backup.exists()
    assert "unknown" in run("identify", HOPPER).out
    assert [row["name"] for row in answer("list")["people"]] == ["Barack Obama"]


def test_forget_asks_first_and_without_a_terminal_wants_yes(enrolled):
    said = run("forget", "Grace Hopper")
    assert said.code == 2
    assert "--yes" in said.err
    assert run("forget", "--yes").code == 2
    assert answer("forget", "--expired", "--yes") == {"people": 0}
    assert len(answer("list")["people"]) == 2


def test_who_answers_no_forgets_nobody(enrolled, monkeypatch):
    monkeypatch.setattr(faces_people, "may_ask", lambda: True)
    monkeypatch.setattr(faces_people.click, "confirm", lambda *_, **__: False)
    said = run("forget", "Grace Hopper")
    assert said.code == 1
    assert said.err == "Nobody was forgotten.\n"
    assert len(answer("list")["people"]) == 2


def test_dates_are_not_broken_in_a_narrow_terminal(enrolled, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(output, "WIDTH_WITHOUT_TERMINAL", 80)
    long = "in writing at the door of the laboratory"
    assert run("consent", "Grace Hopper", "--consent", long, "--purpose", long).code == 0
    assert run("list").out.count(str(datetime.datetime.now(datetime.UTC).date())) == 2


def test_export_import_backup_restore_and_a_new_passphrase(enrolled, tmp_path, monkeypatch):
    monkeypatch.setenv(faces_options.OTHER_VARIABLE, "another staple here")
    assert answer("export", "--to", tmp_path / "all.faces")["people"] == 2
    second = tmp_path / "second.faces"
    assert run("enrol", "Joe Biden", BIDEN, "--gallery", second).code == 0
    added = answer("import", tmp_path / "all.faces", "--gallery", second)
    assert added["added"] == ["Barack Obama", "Grace Hopper"]
    backup = tmp_path / "copy.faces"
    assert run("backup", backup).code == 0
    assert run("restore", backup).code == 1  # the gallery is sound
    enrolled.write_bytes(enrolled.read_bytes()[:-1])
    said = run("list").err
    assert "cut off" in said
    assert "No backup lies in" in said
    assert answer("restore", backup)["people"] == 2
    assert answer("passphrase")["backups_with_the_old_one"] == 1
    said = run("list")
    assert said.code == 1
    assert "passphrase is wrong" in said.err
    monkeypatch.setenv(faces_options.VARIABLE, "another staple here")
    assert len(answer("list")["people"]) == 2


def test_damaged_gallery_names_its_newest_backup_and_what_to_type(enrolled):
    assert run("backup").code == 0
    written = answer("backup")["file"]
    content = bytearray(enrolled.read_bytes())
    content[-5] ^= 1
    enrolled.write_bytes(content)
    said = run("list")
    assert said.code == 1
    assert "the newest of 2 backups" in said.err
    assert f"edgecnn faces restore {written}" in said.err
    assert answer("restore", written)["kept_aside"]
    assert len(answer("list")["people"]) == 2


def test_missing_gallery_with_backups_is_restored_and_not_made_anew(enrolled):
    written = answer("backup")["file"]
    enrolled.unlink()
    for verb in (("list",), ("enrol", "Joe Biden", BIDEN), ("identify", HOPPER)):
        said = run(*verb)
        assert said.code == 1, verb
        assert "There is no gallery" in said.err
        assert f"edgecnn faces restore {written}" in said.err
        assert "kept beside" not in said.err
        assert not enrolled.exists()
    restored = answer("restore", written)
    assert restored["people"] == 2
    assert restored["kept_aside"] is None
    assert len(answer("list")["people"]) == 2


def test_everything_about_a_person_in_a_zip(enrolled, tmp_path):
    import zipfile

    target = tmp_path / "hopper.zip"
    said = run("export-my-data", "Grace Hopper", "--to", target)
    assert "not encrypted" in said.out
    with zipfile.ZipFile(target) as archive:
        assert sorted(archive.namelist()) == ["person.json", "photo1.jpg"]
        photo = cv2.imdecode(np.frombuffer(archive.read("photo1.jpg"), np.uint8), 1)
    assert max(photo.shape) <= 480


def test_log_has_identifiers_and_no_names(enrolled):
    run("identify", OBAMA)
    said = run("log", "--json")
    assert [entry["action"] for entry in json.loads(said.out)] == ["enrol", "enrol", "identify"]
    assert "Obama" not in said.out
    assert "identify" in run("log").out


def test_other_embedder_is_refused_and_re_enrols_from_kept_photos(enrolled, tmp_path):
    other = tmp_path / "face_embed_other"
    shutil.copytree(ASSETS / "zoo" / "face_embed_dlib", other)
    manifest = other / "bundle.json"
    manifest.write_text(manifest.read_text().replace("dlib-resnet-v1", "other-v1"))
    said = run("identify", HOPPER, "--embedder", other)
    assert said.code == 1
    assert "re-enrol" in said.err
    said = run("re-enrol", "--embedder", other)
    assert said.code == 1
    assert "1 of 2 people have no photograph" in said.err
    outcome = answer("re-enrol", "--embedder", other, "--yes")
    assert outcome == {
        "embedding_space": "other-v1",
        "templates": 1,
        "dropped": 1,
        "lost": ["Barack Obama"],
    }
    said = run("identify", HOPPER, "--embedder", other)
    assert said.code == 1
    assert "No threshold is known for faces of 'other-v1'" in said.err


# What opens the gallery


def test_passphrase_file_comes_before_the_variable_and_a_wrong_one_ends_it(enrolled, tmp_path):
    (tmp_path / "wrong").write_text("not the passphrase\n")
    said = run("list", "--passphrase-file", tmp_path / "wrong")
    assert said.code == 1
    assert "passphrase is wrong" in said.err
    (tmp_path / "right").write_text(WORDS + "\nsecond line\n")
    assert run("list", "--passphrase-file", tmp_path / "right").code == 0
    (tmp_path / "empty").write_text("\n")
    assert "is empty" in run("list", "--passphrase-file", tmp_path / "empty").err


def test_the_other_passphrase_is_asked_for_by_its_own_name(enrolled, tmp_path, monkeypatch):
    exported = tmp_path / "all.faces"
    said = run("export", "--to", exported)
    assert said.code == 1
    assert "--other-passphrase-file" in said.err
    assert faces_options.OTHER_VARIABLE in said.err
    monkeypatch.setenv(faces_options.OTHER_VARIABLE, "another staple here")
    assert run("export", "--to", exported).code == 0
    monkeypatch.setenv(faces_options.OTHER_VARIABLE, "not that staple")
    said = run("import", exported)
    assert said.code == 1
    assert f"{exported}: The passphrase is wrong" in said.err


def test_an_expiry_is_a_number_of_days_or_a_date_to_come(enrolled):
    then = datetime.date.today() + datetime.timedelta(days=40)
    for given in ("40", then.isoformat()):
        expires = answer("consent", "Grace Hopper", "--expires", given)["expires_utc"]
        off = datetime.date.fromisoformat(expires[:10]) - then
        assert abs(off.days) <= 1, given
    for given, words in (
        ("2020-01-01", "not after today"),
        ("0", "not after today"),
        ("next year", "neither a number of days nor a date"),
        ("-3", "neither a number of days nor a date"),
    ):
        said = run("consent", "Grace Hopper", f"--expires={given}")
        assert said.code == 2
        assert words in said.err
    assert "1 to 36,500 days" in run("consent", "Grace Hopper", "--expires", "40000").err


def test_a_bound_that_is_not_zero_does_not_read_as_zero():
    said = [faces_calibrate._percent(share) for share in (0.0199, 0.00197, 0.000197, 0.00001)]
    assert said == ["2.0%", "0.2%", "0.02%", "0.001%"]


def test_without_passphrase_and_terminal_nothing_prompts(enrolled, monkeypatch):
    monkeypatch.delenv(faces_options.VARIABLE)
    said = run("list")
    assert said.code == 1
    assert "--passphrase-file" in said.err
    monkeypatch.setenv(faces_options.VARIABLE, "")
    assert "set but empty" in run("list").err


def test_keyring_opens_without_anything_else(tmp_path, monkeypatch):
    fake = FakeKeyring()
    monkeypatch.setitem(sys.modules, "keyring", fake)
    monkeypatch.setitem(sys.modules, "keyring.errors", fake.errors)
    monkeypatch.delenv(faces_options.VARIABLE)
    assert run("enrol", "Grace Hopper", HOPPER, "--keyring").code == 0
    assert "Grace Hopper" in run("identify", HOPPER).out
    monkeypatch.setenv(faces_options.VARIABLE, WORDS)  # given, so it counts, and is wrong
    assert "system keyring" in run("list").err


def test_missing_gallery_and_short_passphrase_say_what_to_do(monkeypatch):
    assert "edgecnn faces enrol" in run("list").err
    monkeypatch.setenv(faces_options.VARIABLE, "short")
    said = run("enrol", "Grace Hopper", HOPPER)
    assert said.code == 1
    assert "at least 8" in said.err
    assert not faces_options.default_gallery().exists()


def test_without_the_extra_it_says_what_to_install(enrolled, monkeypatch):
    monkeypatch.setitem(sys.modules, "cryptography.exceptions", None)
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.ciphers.aead", None)
    said = run("list")
    assert said.code == 1
    assert "pip install 'edgecnn[faces]'" in said.err


@pytest.mark.parametrize("verb", group.commands)
def test_every_verb_explains_itself_and_speaks_json(verb):
    said = run(verb, "--help")
    assert said.code == 0
    assert "--json" in said.out
    assert group.commands[verb].help


# Nothing readable is left anywhere


def test_run_does_not_write_templates(tmp_path):
    target = tmp_path / "faces.json"
    said = edgecnn_command("run", HOPPER, "--model", "faces", "--json", target)
    assert said.code == 0, said.err
    result = json.loads(target.read_text())["result"]
    assert len(result["boxes_xyxy"]) == 1
    assert "embeddings" not in result
    assert "vector" not in target.read_text()


def test_no_file_that_was_written_has_a_name_a_path_or_a_template(enrolled, tmp_path, monkeypatch):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv(faces_options.OTHER_VARIABLE, "another staple here")
    monkeypatch.chdir(scratch)
    run("enrol", "Joe Biden", BIDEN, "--keep-photos", "--consent", "Jill was there")
    run("identify", IMAGES / "portrait*.jpg")
    run("verify", SPEAKING, "--as", "Barack Obama")
    run("backup")
    run("export", "--to", scratch / "export.bin")
    run("rename", "Grace Hopper", "Amazing Grace")
    contents = Gallery.open(enrolled, Passphrase(WORDS)).contents
    run("forget", "Joe Biden", "--yes")
    run("backup")
    secrets = [b"Obama", b"Hopper", b"Biden", b"Amazing", b"Jill", b"portrait_", b"backups/"]
    secrets += [person.id.encode() for person in contents.people]
    for row in contents.matrix():
        raw = row.tobytes()
        secrets += [raw[start : start + 16] for start in range(0, len(raw), 16)]
        secrets += [f"{value:.5f}".encode() for value in row[:8]]
    secrets += [t.photo[100:132] for p in contents.people for t in p.templates if t.photo]
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {"gallery.faces", "export.bin"} <= {path.name for path in written}
    assert len(written) >= 4
    for path in written:
        raw = path.read_bytes()
        found = [secret for secret in secrets if secret in raw]
        assert not found, f"{path} holds {found[:3]}"
        assert not any(word.decode() in path.name for word in secrets[:5])
