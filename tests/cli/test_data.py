"""``hpbench data``: what is there, what it is, and how it gets there."""

import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner

from hpbench.catalogue.datasets import DATASETS
from hpbench.cli import main
from hpbench.cli.data_heads import not_as_published
from hpbench.parts.datasets.folders import tfds_root
from hpbench.parts.datasets.office31.counts import IMAGES
from tests import tfds_sets
from tests.office31_tree import write_tree


@pytest.fixture(autouse=True)
def _own_home(monkeypatch, tmp_path):
    """Nothing of the user's is read or written."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("TFDS_DATA_DIR", raising=False)
    monkeypatch.chdir(tmp_path)


def invoke(*arguments):
    return CliRunner().invoke(main.hpbench, ["data", *arguments])


@pytest.fixture
def run(hpbench, tmp_path):
    """In a process of its own, as a person would."""
    return lambda *arguments: hpbench("data", *arguments, cwd=tmp_path)


@pytest.mark.parametrize("verb", ["list", "info", "prepare"])
def test_every_verb_has_help_with_an_example(verb):
    done = invoke(verb, "--help")
    assert done.exit_code == 0
    assert f"Example: hpbench data {verb}" in done.output


def test_list_names_every_data_set_and_what_it_needs(run):
    done = run("list")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    for name in DATASETS:
        assert any(line.startswith(f"{name}: ") for line in lines)
    assert lines.count("  not prepared") == 6
    assert "  not prepared; needs --from FOLDER" in lines
    assert "  not prepared; needs folder=..." in lines
    assert lines[-2:] == ["sets of TensorFlow Datasets on this machine:", "  none"]


def test_list_imports_nothing_heavy():
    code = """
import sys
from hpbench.cli.main import hpbench
hpbench(["data", "list"], standalone_mode=False)
print(sorted({"keras", "tensorflow", "tensorflow_datasets", "pandas", "scipy", "sklearn"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_list_shows_what_is_prepared_with_its_parameters_and_size(tmp_path):
    assert invoke("prepare", "digits", "--set", "size=8").exit_code == 0
    assert invoke("prepare", "digits", "--set", "size=16").exit_code == 0
    place = tfds_sets.write(tfds_root(tmp_path / "cache" / "hpbench" / "data"), "kmnist")
    lines = invoke("list").output.splitlines()
    start = lines.index(next(line for line in lines if line.startswith("digits: ")))
    # 1,797 images of 64 or 256 bytes, and as many labels of 4 bytes, beside a few kilobytes of description
    assert sorted(lines[start + 1 : start + 3]) == ["  prepared, size=16, 0.5 MB", "  prepared, size=8, 0.1 MB"]
    assert lines[-1].startswith("  kmnist 3.0.1, 0.")
    assert lines[-1].endswith(str(place))


def test_info_describes_a_data_set_and_counts_its_classes():
    done = invoke("info", "digits", "--set", "size=8")
    assert done.exit_code == 0, done.output
    facts = dict(line.split(maxsplit=1) for line in done.output.splitlines())
    assert facts["title"].startswith("digits (1,797 digits")
    assert facts["images"] == "real, 8 x 8 x 1 of uint8, 10 classes"
    counts = [facts[split].partition(" images; by class ") for split in ("train", "validation", "test")]
    by_class = np.array([[int(number) for number in listed.split()] for _, _, listed in counts])
    assert by_class.sum(axis=1).tolist() == [int(count.replace(",", "")) for count, _, _ in counts]
    assert by_class.sum() == 1797
    assert len(facts["fingerprint"]) == 64
    assert facts["folder"].startswith("/")


def test_a_set_of_tensorflow_datasets_is_prepared_from_its_files(tmp_path, run):
    tfds_sets.write(tfds_root(tmp_path / "data"))
    done = run("prepare", "mnist", "--set", "validation=20", "--data", "data")
    assert done.returncode == 0, done.stderr
    first, second, third = done.stdout.splitlines()
    assert (
        first
        == "mnist 3.0.1 (TensorFlow Datasets): 180 train, 20 validation, 100 test; 28 x 28 x 1 of uint8, 10 classes"
    )
    assert second.startswith("fingerprint ")
    assert third.startswith(f"in {tmp_path}/data/mnist-")
    assert second.split()[1] in invoke("info", "mnist", "--set", "validation=20", "--data", "data").output


def test_info_fetches_nothing(run):
    done = run("info", "cifar10")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith("To fetch it: hpbench data prepare cifar10\n")


def test_preparing_without_a_network_ends_with_2_and_leaves_nothing(tmp_path, monkeypatch, run):
    for variable in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")  # nothing listens there
    monkeypatch.setenv("no_proxy", "")
    done = run("prepare", "fashion_mnist", "--data", "data")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1].startswith("fashion_mnist: http://fashion-mnist")
    assert "Traceback" not in done.stderr
    assert list((tmp_path / "data").iterdir()) == []


def test_a_data_set_of_one_s_own_is_prepared_when_it_is_allowed(tmp_path, run):
    (tmp_path / "own_data.py").write_text(
        "import numpy as np\n"
        "def stripes(width):\n"
        "    images = np.zeros((8, 4, width), np.uint8)\n"
        "    labels = np.arange(8) % 2\n"
        "    return {'x_train': images, 'y_train': labels, 'x_test': images, 'y_test': labels, 'title': 'Stripes'}\n"
    )
    command = ["prepare", "own_data:stripes", "--set", "width=5"]
    refused = run(*command)
    assert refused.returncode == 2
    assert "--allow-code own_data" in refused.stderr
    done = run(*command, "--allow-code", "own_data")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Stripes: 8 train, 0 validation, 8 test; 4 x 5 x 1 of uint8, 2 classes\n")
    assert "/own_data-stripes-" in done.stdout
    listed = run("list").stdout
    assert "own_data:stripes: code of your own\n  prepared, width=5, " in listed


def test_an_error_in_code_of_one_s_own_ends_with_2_and_says_where(tmp_path, run):
    code = tmp_path / "own_data.py"
    code.write_text("def stripes():\n    raise ValueError('no stripes')\n")
    command = ["prepare", "own_data:stripes", "--allow-code", "own_data"]
    done = run(*command)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"own_data:stripes, {code}, line 2: ValueError: no stripes\n" in done.stderr
    code.write_text("def stripes(:\n")
    broken = run(*command)
    assert broken.returncode == 2
    assert f"{code}, line 1: SyntaxError" in broken.stderr
    assert "Traceback" not in done.stderr + broken.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("prepare", "mnits"), "did you mean 'mnist'"),
        (("prepare", "idx"), "'dataset.folder' is missing"),
        (("info", "digits", "--set", "sise=8"), "did you mean 'size'"),
        (("info", "digits", "--set", "size=4"), "'dataset.size' has to be"),
        (("info", "digits", "--set", "size"), "'size' is not KEY=VALUE, such as size=32"),
        (("info", "tfds", "--set", "set=a b"), "NAME[/configuration][:version]"),
        (("info", "idx", "--set", "folder=nowhere"), "nowhere: there is no such folder"),
    ],
)
def test_mistakes_are_named_and_end_with_2(arguments, words, run):
    done = run(*arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


# --- Office-31, from its published folders


def test_office31_is_prepared_from_a_folder_and_its_images_are_counted(tmp_path):
    write_tree(tmp_path / "published")
    prepared = invoke("prepare", "office31", "--set", "size=8", "--from", "published")
    assert prepared.exit_code == 0, prepared.output
    assert "Office-31 (8 x 8 pixels): 74 train, 5 validation, 14 test; 8 x 8 x 3 of uint8, 3 domain and 31 item" in (
        prepared.output
    )
    info = invoke("info", "office31", "--set", "size=8")
    assert info.exit_code == 0, info.output
    assert "images       real, 8 x 8 x 3 of uint8" in info.output
    assert "not as published in 93 places:" in info.output
    assert "  dslr, back_pack: 1 images, published 12" in info.output
    assert "  ... and 81 more" in info.output


def test_the_stand_in_has_as_many_of_each_as_published_or_says_where_not():
    info = invoke("info", "office31_like", "--set", "size=8", "--set", "share=0.02")
    assert info.exit_code == 0, info.output
    assert "images       generated" in info.output
    assert "  amazon, back_pack: 2 images, published 92" in info.output


def test_as_many_of_each_as_published_is_said():
    counts = [
        (domain, item, count)
        for item, published in enumerate(IMAGES.values())
        for domain, count in enumerate(published)
    ]
    labels = np.array([(domain, item) for domain, item, count in counts for _ in range(count)])
    parameters = DATASETS["office31_like"](name="office31_like")
    assert list(not_as_published(parameters, labels)) == ["as many of each as published"]
    assert len(list(not_as_published(parameters, labels[1:]))) == 2


def test_a_faulty_folder_is_told_without_a_traceback(tmp_path, run):
    write_tree(tmp_path / "published")
    (tmp_path / "published/amazon/images/mug/broken.jpg").write_bytes(b"\xff\xd8\xff")
    done = run("prepare", "office31", "--from", "published")
    assert done.returncode == 2
    assert "published/amazon/images/mug/broken.jpg" in done.stderr
    assert "Traceback" not in done.stderr


def test_from_is_refused_for_other_sets(run):
    done = run("prepare", "digits", "--from", ".")
    assert done.returncode == 2
    assert "--from is for sets that are read from their published files: office31" in done.stderr


def test_without_its_folder_office31_says_what_to_do(run):
    done = run("info", "office31")
    assert done.returncode == 2
    assert "hpbench data prepare office31 --from FOLDER" in done.stderr
