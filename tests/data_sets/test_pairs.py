from __future__ import annotations

from pathlib import Path

import pytest

from edgecnn.data.pairs import PicturePairs, open_pairs
from edgecnn.data.pairs_groups import read_groups
from edgecnn.errors import SourceError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three people, laid out and named as LFW does; only names matter here."""
    for person, count in (("Ada_Byron", 3), ("Bob", 2), ("Cy", 1)):
        (tmp_path / person).mkdir()
        for number in range(1, count + 1):
            suffix = ".png" if person == "Bob" else ".jpg"
            (tmp_path / person / f"{person}_{number:04d}{suffix}").write_bytes(b"picture")
    return tmp_path


def as_names(pairs: PicturePairs) -> list[tuple[str, str, bool]]:
    assert pairs.first is not None
    assert pairs.second is not None
    same = pairs.identities[pairs.first] == pairs.identities[pairs.second]
    return [
        (pairs.files[a].name, pairs.files[b].name, bool(is_same))
        for a, b, is_same in zip(pairs.first, pairs.second, same, strict=True)
    ]


TEN_FOLDS = """2\t1
Ada_Byron\t1\t3
Ada_Byron\t2\tBob\t1
Bob\t1\t2
Bob\t2\tCy\t1
"""


def test_lists_with_folds_are_those_of_lfw(folder: Path) -> None:
    (folder / "pairs.txt").write_text(TEN_FOLDS)
    pairs = open_pairs(folder / "pairs.txt")
    assert as_names(pairs) == [
        ("Ada_Byron_0001.jpg", "Ada_Byron_0003.jpg", True),
        ("Ada_Byron_0002.jpg", "Bob_0001.png", False),
        ("Bob_0001.png", "Bob_0002.png", True),
        ("Bob_0002.png", "Cy_0001.jpg", False),
    ]
    assert pairs.folds is not None
    assert pairs.folds.tolist() == [0, 0, 1, 1]
    assert pairs.names == ("Ada_Byron", "Bob", "Cy")


def test_lists_without_folds_and_with_their_pictures_elsewhere(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    text = "1\nAda_Byron\t1\t2\nBob\t1\tCy\t1\n"
    lists = tmp_path_factory.mktemp("lists")
    (lists / "pairsDevTest.txt").write_text(text)
    pairs = open_pairs(lists / "pairsDevTest.txt", folder)
    assert len(as_names(pairs)) == 2
    assert pairs.folds is None
    with pytest.raises(SourceError, match=r"line 2: .*--images"):
        open_pairs(lists / "pairsDevTest.txt")


@pytest.mark.parametrize("between", ["\t", ",", "  "])
def test_two_files_a_line_with_folders_as_people(folder: Path, between: str) -> None:
    lines = [
        ("Ada_Byron/Ada_Byron_0001.jpg", "Ada_Byron/Ada_Byron_0002.jpg"),
        ("Bob/Bob_0001.png", "Cy/Cy_0001.jpg"),
    ]
    text = "# a comment\n\n" + "\n".join(between.join(line) for line in lines)
    (folder / "list.txt").write_text(text)
    assert [same for *_, same in as_names(open_pairs(folder / "list.txt"))] == [True, False]


def test_labels_say_who_is_one_person_where_folders_do_not(tmp_path: Path) -> None:
    for name in "abcde":
        (tmp_path / f"{name}.jpg").write_bytes(b"picture")
    (tmp_path / "list.csv").write_text("a.jpg,b.jpg,1\nb.jpg,c.jpg,1\nc.jpg,d.jpg,0\nd.jpg,e.jpg,1")
    pairs = open_pairs(tmp_path / "list.csv")
    assert [same for *_, same in as_names(pairs)] == [True, True, False, True]
    assert len(pairs.names) == 2
    (tmp_path / "list.csv").write_text("a.jpg,b.jpg,1\nb.jpg,c.jpg,1\na.jpg,c.jpg,0")
    with pytest.raises(SourceError, match="line 3: .* one person by way of other lines"):
        open_pairs(tmp_path / "list.csv")
    (tmp_path / "list.csv").write_text("a.jpg,b.jpg,0\nb.jpg,c.jpg")
    with pytest.raises(SourceError, match="line 2: other lines end in 1 or 0"):
        open_pairs(tmp_path / "list.csv")


def test_a_folder_of_people(folder: Path) -> None:
    pairs = open_pairs(folder)
    assert len(pairs.files) == 6
    assert pairs.first is None
    assert pairs.names == ("Ada_Byron", "Bob", "Cy")
    assert pairs.identities.tolist() == [0, 0, 0, 1, 1, 2]
    with pytest.raises(SourceError, match="0 folders inside"):
        open_pairs(folder / "Cy")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("2 1\nBob 1 2\n", "makes 4 lines, but has 1"),
        ("Bob 1\n", "line 1: .* is no pair"),
        ("Bob 1 2 3 4\n", "is no pair"),
        ("Bob/Bob_0001.png Bob/Bob_0001.png\n", "compared with itself"),
        ("Bob 1 9\n", "Bob_0009.jpg"),
    ],
)
def test_lists_that_cannot_be_used_say_where(folder: Path, text: str, said: str) -> None:
    (folder / "list.txt").write_text(text)
    with pytest.raises(SourceError, match=said):
        open_pairs(folder / "list.txt")


def test_many_missing_pictures_are_counted(folder: Path) -> None:
    (folder / "list.txt").write_text("\n".join(f"Bob 1 {n}" for n in range(10, 30)))
    with pytest.raises(SourceError, match="and 15 more"):
        open_pairs(folder / "list.txt")


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_bytes(b"\xff\xfe\x00picture")
    with pytest.raises(SourceError, match="UTF-8"):
        open_pairs(tmp_path / "list.txt")
    with pytest.raises(SourceError, match="Cannot read"):
        open_pairs(tmp_path / "none.txt")


def test_groups_by_attribute(tmp_path: Path) -> None:
    file = tmp_path / "groups.csv"
    file.write_text("person,sex,age\nAda,female,old\nBob,male,\nEve,female,young\n")
    assert read_groups(file, ("Ada", "Bob", "Cy")) == {
        "sex": {"Ada": "female", "Bob": "male"},
        "age": {"Ada": "old"},
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name,sex\nAda,f\n", "has the columns name, sex"),
        ("person\nAda\n", "expected person and one"),
        ("person,sex\nAda,f\nAda,m\n", "line 3: 'Ada' is already in line 2"),
        ("person,sex\nZoe,f\n", "none of those on the pictures"),
    ],
)
def test_group_files_that_cannot_be_used_say_why(text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "groups.csv"
    file.write_text(text)
    with pytest.raises(SourceError, match=said):
        read_groups(file, ("Ada", "Bob"))
