"""Einsum as matrix products."""

import pytest


@pytest.mark.parametrize(
    ("equation", "inputs", "output"),
    [
        ("ij,jk->ik", ["2,3", "3,4"], "2,4"),
        ("ij,kj->ki", ["2,3", "4,3"], "4,2"),
        ("bhid,bhjd->bhij", ["2,3,4,5", "2,3,6,5"], "2,3,4,6"),
        ("bhij,bhjd->bihd", ["2,3,4,5", "2,3,5,6"], "2,4,3,6"),
        ("bct,dc->bdt", ["2,3,4", "5,3"], "2,5,4"),
        ("nchw,cd->ndhw", ["2,3,4,5", "3,6"], "2,6,4,5"),
        ("i,j->ij", ["3", "4"], "3,4"),
        ("ij,ij->ij", ["3,4", "3,4"], "3,4"),
        ("ij,ij->", ["3,4", "3,4"], ""),
        ("ij,kl->jk", ["2,3", "4,5"], "3,4"),
        ("ij,jk,kl->il", ["2,3", "3,4", "4,5"], "2,5"),
        ("ij->ji", ["2,3"], "3,2"),
        ("ijk->k", ["2,3,4"], "4"),
        ("ij,jk", ["2,3", "3,4"], "2,4"),
        ("bhqd,bkd->bhqk", ["2,3,4,5", "2,6,5"], "2,3,4,6"),
        ("...ij,...jk->...ik", ["2,3,4", "2,4,5"], "2,3,5"),
        ("...ij,jk->...ik", ["6,2,3,4", "4,5"], "6,2,3,5"),
        ("b...i,...ji->b...j", ["2,1,4", "3,5,4"], "2,3,5"),
        ("...i,...i", ["2,3", "2,3"], "2"),
    ],
)
def test_einsum_becomes_products(check, equation, inputs, output):
    names = "abc"[: len(inputs)]
    given = ", ".join(f"float[{shape}] {name}" for shape, name in zip(inputs, names, strict=True))
    kind = f"float[{output}]" if output else "float"
    result = check(
        f'({given}) => ({kind} y) {{ y = Einsum<equation = "{equation}">({", ".join(names)}) }}'
    )
    assert "Einsum" not in result.ops


def test_one_free_size_passes(check):
    result = check(
        "(float[N,3,4] a, float[4,5] b) => (float[N,3,5] y) "
        '{ y = Einsum<equation = "nij,jk->nik">(a, b) }'
    )
    assert "Einsum" not in result.ops


@pytest.mark.parametrize(
    ("equation", "inputs", "output"),
    [
        ("ii->i", ["3,3"], "3"),
        ("nmij,jk->nmik", ["N,M,3,4", "4,5"], "N,M,3,5"),
    ],
    ids=["diagonal", "two-free-sizes"],
)
def test_near_miss_stays(check, equation, inputs, output):
    names = "abc"[: len(inputs)]
    given = ", ".join(f"float[{shape}] {name}" for shape, name in zip(inputs, names, strict=True))
    result = check(
        f"({given}) => (float[{output}] y) "
        f'{{ y = Einsum<equation = "{equation}">({", ".join(names)}) }}'
    )
    assert "Einsum" in result.ops
