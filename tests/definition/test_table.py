"""A table of settings and reported numbers: what becomes of good ones, and what is said of bad ones."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hpbench.definition.faults import DefinitionError
from hpbench.definition.load import read
from hpbench.definition.resolve import Resolved, Selection
from hpbench.definition.scaffold import from_table, write
from hpbench.errors import UserError


@pytest.fixture
def table(tmp_path):
    """Writes a table's text and returns its path."""

    def make(text, encoding="utf-8"):
        path = tmp_path / "t.csv"
        path.write_bytes(text.encode(encoding))
        return path

    return make


@pytest.fixture
def definition_of(table, tmp_path):
    """The definition of a table's text, written and read again."""

    def make(text, encoding="utf-8", profile="quick"):
        (path,) = write(from_table("mine", table(text, encoding)), tmp_path / "new", force=True)
        return Resolved(read(path), Selection(profile)).definition

    return make


@pytest.fixture
def faults_of(table):
    """Faults of a table's text as (row, column, message)."""

    def make(text):
        with pytest.raises(DefinitionError) as error:
            from_table("mine", table(text))
        assert all(fault.file.endswith("t.csv") for fault in error.value.faults)
        return [(fault.line, fault.column, fault.message) for fault in error.value.faults]

    return make


def test_rows_become_cases_and_reported_numbers(definition_of):
    made = definition_of("case,batch_size,learning_rate,test_accuracy\nA,64,0.01,0.95\nB,32,0.02,0.9\n")
    assert made.cases == {
        "A": {"batch_size": 64, "learning_rate": 0.01},
        "B": {"batch_size": 32, "learning_rate": 0.02},
    }
    assert made.reported["test_accuracy"].values == {"A": 0.95, "B": 0.9}
    assert made.reported["test_accuracy"].where == "t.csv"
    assert made.claims == ()
    assert [(figure.metric, figure.cases) for figure in made.figures] == [("test_accuracy", ("A", "B"))]


def test_cases_without_names_are_numbered(definition_of):
    assert list(definition_of("batch_size\n1\n2\n").cases) == ["CASE1", "CASE2"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_common_ways_to_write_a_table_mean_the_same(definition_of, delimiter, encoding, newline):
    lines = [["case", "batch_size", "test_accuracy"], ["A", "64", '"94.5 %"'], [], ["B", "32", "93%"]]
    made = definition_of(newline.join(delimiter.join(line) for line in lines), encoding)
    assert made.cases == {"A": {"batch_size": 64}, "B": {"batch_size": 32}}
    assert made.reported["test_accuracy"].values == {"A": 0.945, "B": 0.93}


def test_an_empty_cell_is_not_reported_and_not_set(definition_of):
    made = definition_of("case,batch_size,learning_rate,test_accuracy,test_loss\nA,64,,0.9,\nB,,0.2,,\n")
    assert made.cases == {"A": {"batch_size": 64}, "B": {"learning_rate": 0.2}}
    assert made.reported["test_accuracy"].values == {"A": 0.9}
    assert "test_loss" not in made.reported


def test_a_constant_column_becomes_the_definitions(definition_of):
    made = definition_of("case,batch_size,optimizer,training.optimizer.momentum\nA,64,sgd,0.9\nB,32,sgd,0.9\n")
    assert made.cases == {"A": {"batch_size": 64}, "B": {"batch_size": 32}}
    assert made.training.optimizer.momentum == 0.9


def test_fields_of_a_part_stay_with_the_cases_where_the_part_does(definition_of):
    made = definition_of("case,schedule,training.schedule.power\nA,inverse_power,0.5\nB,polynomial,0.5\n")
    assert made.cases == {
        "A": {"schedule": {"name": "inverse_power"}, "training.schedule.power": 0.5},
        "B": {"schedule": {"name": "polynomial"}, "training.schedule.power": 0.5},
    }


def test_parts_come_before_their_fields_whatever_the_order_of_columns(definition_of):
    made = definition_of("training.schedule.factor,training.schedule.every,schedule,dataset\n0.5,10,step,mnist5k\n")
    assert made.training.schedule.model_dump() == {"name": "step", "factor": 0.5, "every": 10}
    assert made.dataset.name == "mnist5k"


def test_a_metric_that_is_also_a_setting_is_reported_by_its_full_name(definition_of):
    made = definition_of("learning_rate,reported.learning_rate,weight_norm\n0.1,0.01,3\n0.2,0.02,4\n")
    assert made.cases["CASE1"] == {"learning_rate": 0.1}
    assert made.reported["learning_rate"].values == {"CASE1": 0.01, "CASE2": 0.02}
    assert {callback.name for callback in made.training.callbacks} == {"record_learning_rate", "record_weight_norm"}


def test_training_is_evaluated_ten_times_or_as_the_table_says(definition_of):
    assert definition_of("iterations\n1000\n500\n").training.evaluate_every == 50
    assert definition_of("iterations,evaluate_every\n1000,10\n500,10\n").training.evaluate_every == 10


def test_smoke_is_short_whatever_iterations_the_cases_have(definition_of):
    made = definition_of("iterations,batch_size\n100000,1\n50000,2\n", profile="smoke")
    assert [case["iterations"] for case in made.cases.values()] == [20, 20]
    made = definition_of("iterations,batch_size\n50000,1\n50000,2\n", profile="smoke")
    assert made.training.iterations == 20


def test_smoke_is_short_for_a_case_whose_name_has_a_dot(definition_of):
    made = definition_of("case,iterations\n0.01,5000\n0.02,6000\n", profile="smoke")
    assert made.cases == {"0.01": {"iterations": 20}, "0.02": {"iterations": 20}}


@pytest.mark.parametrize("separator", [";", "\t"])
def test_lines_before_the_header_may_be_blank(definition_of, faults_of, separator):
    text = f"\n  \ncase{separator}batch_size\nA{separator}1\n"
    assert definition_of(text).training.batch_size == 1
    assert faults_of(text.replace("batch_size", "batchsize"))[0][:2] == (3, 2)
    assert faults_of(text.replace("batch_size", "training.batch_size.x"))[0][:2] == (3, 2)
    assert faults_of(text.replace("batch_size", "training.batchsize"))[0][:2] == (3, 2)


@pytest.mark.parametrize("name", ["null", "true", "1e3", "1.5", "no", "2024-01-01", "0x1F"])
def test_names_of_cases_stay_text(definition_of, name):
    assert list(definition_of(f"case,batch_size,test_accuracy\n{name},1,0.5\nB,2,0.4\n").cases) == [name, "B"]


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("batch size\n1\n", (1, 1), "unknown column 'batch size'; did you mean 'batch_size'?"),
        ("case,test_acuracy\nA,1\n", (1, 2), "did you mean 'test_accuracy'?"),
        ("case,zzz\nA,1\n", (1, 2), "there are: case, dataset, model, step, optimizer"),
        ("case,\nA,1\n", (1, 2), "a column without a name"),
        ("case,batch_size,training.batch_size\nA,1,1\n", (1, 3), "a second column"),
        ("training.optimizer.momentun\n0.9\n0.8\n", (1, 1), "did you mean 'momentum'?"),
        ("case,training.batch_size.x\nA,1\n", (1, 2), "there is no 'x' to change"),
        ("case,batch_size\nA,abc\n", (2, 2), "found 'abc'"),
        ("case,batch_size\nA,1\nB,-3\n", (3, 2), "greater than 0"),
        ("case,batch_size\nA,1.5\n", (2, 2), "'training.batch_size'"),
        ("case,learning_rate\nA,nan\n", (2, 2), "'training.learning_rate'"),
        ("case,optimizer\nA,adamm\n", (2, 2), "adamm"),
        ("case,dataset\nA,idx\n", (2, 2), "is missing"),
        ("case;learning_rate\nA;0,01\n", (2, 2), "a comma in the number '0,01'"),
        ('case,test_accuracy\nA,"94,5 %"\n', (2, 2), "a comma in the number"),
        ("case,learning_rate\nA,0,01\n", (2, 3), "3 cells, where the header has 2; a decimal comma"),
        ("case,learning_rate\nA\n", (2, 2), "1 cells, where the header has 2"),
        ("case,test_accuracy\nA,94.5\n", (2, 2), "a percentage has a %"),
        ("case,test_accuracy\nA,high\n", (2, 2), "'high' is not a number"),
        ("case,test_accuracy\nA,nan\n", (2, 2), "'nan' is not a number"),
        ("case,seconds_training\nA,1e999\n", (2, 2), "'1e999' is not a number"),
        ("case,batch_size\nA," + "9" * 5000, (2, 2), "'training.batch_size'"),
        ("case,seconds_training\nA,5%\n", (2, 2), "the unit s"),
        ("case,batch_size\nA,1\nB,2\nA,3\n", (4, 1), "case 'A' stands in line 2 already"),
        ("case,batch_size\nCASE 1,1\n", (2, 1), "cannot name a case"),
        ("case,batch_size\n,1\n", (2, 1), "cannot name a case"),
        ("case,batch_size\n", (2, 1), "no rows below the header"),
        ("", (1, 1), "empty"),
        ('case,batch_size\n"A,1\n', (2, 1), "not CSV"),
    ],
)
def test_a_fault_has_its_place_and_what_would_be_right(faults_of, text, place, words):
    faults = faults_of(text)
    assert [fault[:2] for fault in faults] == [place]
    assert words in faults[0][2]


def test_a_row_after_a_cell_of_two_lines_has_its_line(faults_of):
    assert faults_of('case,dataset,batch_size\nA,"dig\nits",1\nB,digits,-1\n')[-1][:2] == (4, 3)


def test_every_fault_is_reported_at_once(faults_of):
    faults = faults_of("case,batch_size,lerning_rate,test_accuracy\nA,x,1,2\nA,-1,1,high\nC\n")
    assert [fault[:2] for fault in faults] == [(1, 3), (2, 2), (2, 4), (3, 1), (3, 2), (3, 4), (4, 2)]


@pytest.mark.parametrize("content", [b"PK\x03\x04\x00\x00", "case\nA".encode("utf-16"), b"\xff\xfe", b"a\0b\n"])
def test_what_is_not_a_text_table_is_refused(tmp_path, content):
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(DefinitionError, match=r"t\.csv.*(UTF-8|rows)"):
        from_table("mine", path)


def test_a_table_that_is_not_there_is_said_to_be_missing(tmp_path):
    with pytest.raises(UserError, match=r"nowhere\.csv"):
        from_table("mine", tmp_path / "nowhere.csv")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.lists(
            st.sampled_from(
                [
                    "case",
                    "A",
                    "B",
                    "batch_size",
                    "learning_rate",
                    "training.optimizer.momentum",
                    "model",
                    "lenet",
                    "test_accuracy",
                    "reported.test_loss",
                    "0.9",
                    "64",
                    "-1",
                    "",
                    "94 %",
                    "0,5",
                    '"',
                    "a.b",
                    "dataset.",
                    ".",
                    "x: {",
                    "# y",
                    "é",
                    "\x07",
                ]
            ),
            max_size=4,
        ),
        max_size=4,
    )
)
def test_any_cells_end_in_a_definition_or_in_words(tmp_path, rows):
    path = tmp_path / "t.csv"
    path.write_text("\n".join(",".join(row) for row in rows), encoding="utf-8")
    try:
        files = from_table("mine", path)
    except DefinitionError as error:
        places = {fault.file for fault in error.faults}
        assert places == {str(path)}
    else:
        write(files, tmp_path / "new", force=True)
