"""Passes over the tree, shares of state, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
from compiled import shared_nothing

import handmade
from handmade import DEVICE, LAN_AXIOMS, Builder
from maestro.codegen.capacity import Share, divide
from maestro.codegen.emit import emit_nf
from maestro.codegen.lengths import plain_lengths
from maestro.codegen.names import identifier, members, place
from maestro.codegen.simplify import simplify
from maestro.codegen.text import Writer, wrap
from maestro.diagnostics import InternalError, Span, UnsupportedError
from maestro.ir.expr import Expr, binary, const, eq, negate, packet_byte, zext
from maestro.ir.model import Assume, Kind, Model, Path, Verdict
from maestro.ir.packet import LENGTH
from maestro.ir.plan import ObjectPlan
from maestro.ir.tree import Branch, Do, Leaf, Tree, build

EDIT = ((0, const(1, 8)),)
A, B = (eq(packet_byte(k), const(1, 8)) for k in (20, 21))


def leaf(port: int, path: int = 0, edits: tuple[tuple[int, Expr], ...] = EDIT) -> Leaf:
    return Leaf(path, Verdict("forward", const(port, 16)), edits)


def branch(cond: Expr, yes: Tree, no: Tree) -> Branch:
    return Branch(cond, None, yes, no)


def test_a_branch_between_equal_trees_is_gone() -> None:
    assert simplify(branch(A, leaf(1, 5), leaf(1, 7))) == leaf(1, 5)


@pytest.mark.parametrize(
    ("tree", "cond"),
    [
        (branch(A, leaf(1), branch(B, leaf(1), leaf(2))), binary("or", A, B)),
        (branch(A, leaf(1), branch(B, leaf(2), leaf(1))), binary("or", A, negate(B))),
        (branch(A, branch(B, leaf(1), leaf(2)), leaf(1)), binary("or", negate(A), B)),
        (branch(A, branch(B, leaf(1), leaf(2)), leaf(2)), binary("and", A, B)),
    ],
)
def test_equal_subtrees_are_emitted_once(tree: Tree, cond: Expr) -> None:
    assert simplify(tree) == branch(cond, leaf(1), leaf(2))


def test_guard_clauses_stay_apart() -> None:
    tree = branch(A, leaf(1, 0, ()), branch(B, leaf(1, 1, ()), leaf(2)))
    assert simplify(tree) == tree


def length_minus(n: int) -> Expr:
    return binary("add", zext(LENGTH, 32), const(-n, 32))


def test_lengths_are_compared_plainly_where_nothing_wraps() -> None:
    left = binary("ult", length_minus(34), const(4, 32))
    tree = branch(binary("ult", length_minus(14), const(20, 32)), leaf(1), branch(left, leaf(2), leaf(3)))
    plain = plain_lengths(tree)
    assert plain == branch(
        binary("ult", LENGTH, const(34, 16)), leaf(1), branch(binary("ult", LENGTH, const(38, 16)), leaf(2), leaf(3))
    )


def test_lengths_that_may_wrap_are_left_alone() -> None:
    for cond in (
        binary("ult", length_minus(15), const(4, 32)),
        binary("ult", length_minus(-1), const(4, 32)),
        binary("ule", length_minus(14), const(0xFFFF, 32)),
    ):
        assert plain_lengths(branch(cond, leaf(1), leaf(2))) == branch(cond, leaf(1), leaf(2))


def test_what_an_allocator_indexes_shrinks_with_it() -> None:
    assert divide(handmade.firewall()) == {name: Share("heap") for name in ("flows", "keys", "heap")}
    assert set(divide(handmade.policer())) == {"dst_map", "addresses", "buckets", "heap"}


def test_a_larger_map_keeps_its_proportion() -> None:
    model = handmade.firewall()
    objects = tuple(replace(o, capacity=2500) if o.kind == "map" else o for o in model.objects)
    assert divide(replace(model, objects=objects))["flows"] == Share("heap", 3)


def test_a_table_filled_at_init_is_not_divided() -> None:
    model = handmade.firewall()
    objects = tuple(replace(o, contents=((1, bytes(13)),)) if o.kind == "map" else o for o in model.objects)
    assert "flows" not in divide(replace(model, objects=objects))


def test_elements_filled_at_init_make_indices_differ_between_cores() -> None:
    model = handmade.firewall()
    objects = tuple(replace(o, contents=((1, bytes(13)),)) if o.kind == "vector" else o for o in model.objects)
    assert divide(replace(model, objects=objects)) == {"flows": Share("heap", 1, False), "heap": Share("heap", 1, True)}


def test_a_vector_indexed_by_the_packet_is_not_divided() -> None:
    model = handmade.firewall()
    b = Builder().assume(eq(DEVICE, const(7, 16)), 70)
    b.call("keys", "vector_read", Kind.READ, 71, {"index": zext(packet_byte(20), 32)}, {"cell": 104})
    assert set(divide(replace(model, paths=(*model.paths, b.end("drop"))))) == {"flows", "heap"}


def test_an_allocator_filled_at_init_and_written_is_refused() -> None:
    model = handmade.firewall()
    objects = tuple(replace(o, contents=((1, b""),)) if o.kind == "dchain" else o for o in model.objects)
    with pytest.raises(UnsupportedError, match="allocator heap has entries from the start") as caught:
        emit_nf(replace(model, objects=objects), shared_nothing(model))
    assert (caught.value.code, caught.value.span) == ("shared-init-contents", Span("nf.c", 3))


def test_other_strategies_are_refused() -> None:
    model = handmade.firewall()
    plan = shared_nothing(model)
    with pytest.raises(UnsupportedError, match="strategy 'guess' is not supported yet") as caught:
        emit_nf(model, replace(plan, strategy="guess"))
    assert caught.value.code == "strategy-not-yet"
    remote = tuple(ObjectPlan(o.name, o.kind, "remote", None, (Span("nf.c", 3),)) for o in model.objects)
    with pytest.raises(UnsupportedError, match="the remote object flows") as caught:
        emit_nf(model, replace(plan, objects=remote))
    assert caught.value.code == "strategy-not-yet"


def test_a_plan_for_another_model_is_a_bug() -> None:
    with pytest.raises(InternalError, match="different objects"):
        emit_nf(handmade.firewall(), shared_nothing(handmade.policer()))


def test_an_unused_answer_costs_nothing() -> None:
    b = Builder()
    b.call("keys", "vector_read", Kind.READ, 1, {"index": const(0, 32)}, {"cell": 104})
    b.call("heap", "dchain_test", Kind.TEST, 2, {"index": const(0, 32)}, {"allocated": 1})
    b.steps += (Assume(eq(DEVICE, const(0, 16)), None, given=True),)
    firewall = handmade.firewall()
    model = Model("idle", 2, firewall.objects, (b.end("flood"),), LAN_AXIOMS)
    text = emit_nf(model, shared_nothing(model))
    assert "vector_at" not in text
    assert "dchain_test" not in text
    assert "return NF_FLOOD;" in text


def test_deep_trees() -> None:
    """A loop that the executor unrolled a few hundred times."""
    paths: list[Path] = []
    b = Builder()
    for k in range(300):
        cond = eq(packet_byte(14 + k), const(0, 8))
        paths.append(b.fork().assume(cond, k).end("forward", const(k, 16)))
        b.assume(negate(cond), k)
    model = Model("deep", 2, (), (*paths, b.end("drop")), LAN_AXIOMS)
    assert "return 299;" in emit_nf(model, shared_nothing(model))


def test_tree_of_the_firewall_is_unchanged_by_simplification() -> None:
    tree = build(handmade.firewall().paths)
    assert isinstance(tree, Do)
    assert simplify(tree) == tree


def test_names() -> None:
    assert identifier("flow_manager.state.fm") == "flow_manager_state_fm"
    assert [identifier(n) for n in ("int", "3com", "?")] == ["int_", "_3com", "object"]
    assert members(["a.b", "a_b", "map"]) == {"a.b": "a_b", "a_b": "a_b_2", "map": "map_2"}
    assert place(Span("/home/me/nf/fw.c", 78, 3)) == "fw.c:78"


def test_long_lines_are_broken() -> None:
    lines = wrap("  f(" + ", ".join(["argument"] * 20) + ");")
    assert max(map(len, lines)) <= 100
    assert [line[:14] for line in lines] == ["  f(argument, ", "      argument", "      argument"]
    out = Writer()
    out.line("x" * 90 + ";", "fw.c:1234567")
    assert out.lines == ["  /* fw.c:1234567 */", "  " + "x" * 90 + ";"]
