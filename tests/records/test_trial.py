import hashlib
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpbench.records.seeds import derive
from hpbench.records.trial import Trial, canonical_json

TRIAL = Trial("small", 1, {"training": {"batch_size": 16, "learning_rate": 0.1}, "model": {"name": "lenet"}}, 0, "abc")


def test_identity_is_sha256_of_what_determines_the_result():
    text = '["small",1,{"model":{"name":"lenet"},"training":{"batch_size":16,"learning_rate":0.1}},0,"abc"]'
    assert TRIAL.identity == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize("change", [{"benchmark": "x"}, {"version": 2}, {"settings": {}}, {"seed": 1}, {"data": "abd"}])
def test_identity_changes_with_each_of_them(change):
    assert replace(TRIAL, **change).identity != TRIAL.identity


@given(
    st.dictionaries(
        st.text(),
        st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()),
        max_size=5,
    )
)
def test_the_order_of_settings_does_not_matter(settings):
    backwards = dict(reversed(settings.items()))
    assert replace(TRIAL, settings=settings).identity == replace(TRIAL, settings=backwards).identity
    assert json.loads(canonical_json(settings)) == settings


def test_derived_seed_is_the_documented_hash():
    digest = hashlib.sha256(b'["initialisation","small",3]').digest()
    assert derive("initialisation", "small", 3) == int.from_bytes(digest[:8], "big") // 2


@given(st.text(), st.integers(), st.integers())
def test_seeds_fit_63_bits_and_differ_by_axis(benchmark, first, second):
    assert 0 <= derive("data order", benchmark, first) < 2**63
    assert derive("data order", benchmark, first) != derive("initialisation", benchmark, first)
    assert (derive("data order", benchmark, first) == derive("data order", benchmark, second)) == (first == second)


def test_neighbouring_seeds_do_not_resemble_each_other():
    bits = [bin(derive("data order", "x", i) ^ derive("data order", "x", i + 1)).count("1") for i in range(200)]
    assert 28 < sum(bits) / len(bits) < 35, "about half of 63 bits differ"
