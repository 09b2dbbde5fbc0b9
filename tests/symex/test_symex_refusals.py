"""What the executor must not pass over: each refusal by its code, its C line and its hint."""

from __future__ import annotations

import pytest
from small_nfs import analyse

from maestro.diagnostics import SourceError, UnsupportedError, UserError
from maestro.symex.budget import Budget, Limits

REFUSED = {
    "packet-bounds": ("ENTRY {\n  uint8_t *p = *buffer;\n  return p[14] == 1 ? 1 : device;\n}", 3, SourceError),
    "bounds": ("int table[4];\nENTRY {\n  return table[length & 7] ? 0 : 1;\n}", 3, SourceError),
    "division-by-zero": ("ENTRY {\n  return 100 / (length - 60) > 1 ? 0 : 1;\n}", 2, SourceError),
    "shift": ("ENTRY {\n  return (1u << length) & 1 ? 0 : 1;\n}", 2, SourceError),
    "null-pointer": ("int *nothing;\nENTRY {\n  return *nothing;\n}", 3, SourceError),
    "uninitialised": ("ENTRY {\n  int x;\n  if (x == 3) return 0;\n  return 1;\n}", 3, SourceError),
    "unknown-function": ("int mystery(int);\nENTRY {\n  return mystery(length);\n}", 3, UnsupportedError),
    "recursion": (
        "static int down(int n) {\n  return n ? down(n - 1) : 0;\n}\nENTRY {\n  return down(length);\n}",
        1,
        UnsupportedError,
    ),
    "unbounded-loop": (
        "ENTRY {\n  int n = 0;\n  for (int i = 0; i < length; i++) n += i;\n  return n & 1;\n}",
        3,
        UnsupportedError,
    ),
    "unsupported-instruction": ("ENTRY {\n  double x = length;\n  return x > 3.5;\n}", 2, UnsupportedError),
    "global-state": ("int seen;\nENTRY {\n  seen++;\n  return seen > 5 ? 0 : 1;\n}", 1, UnsupportedError),
    "write-constant": ("const int c = 4;\nENTRY {\n  *(int *)&c = 5;\n  return 0;\n}", 3, SourceError),
    "no-port": (
        "ENTRY {\n  uint16_t to = 7;\n  concretize_devices(&to, rte_eth_dev_count_avail());\n  return to;\n}",
        3,
        SourceError,
    ),
    "stops": ("ENTRY {\n  if (length > 1000)\n    abort();\n  return 0;\n}", 3, SourceError),
    "freed": (
        "static int *local(void) { int x = 3; return &x; }\nENTRY {\n  int *p = local();\n  return *p;\n}",
        4,
        SourceError,
    ),
    "bad-function-pointer": ("int (*f)(int);\nENTRY {\n  return f(3);\n}", 3, SourceError),
    "init-failed": ("bool nf_init(void) { return false; }\nENTRY {\n  return 0;\n}", 1, SourceError),
    "init-exit": (
        'bool nf_init(void) {\n  printf("bad rate %d\\n", 7);\n  exit(1);\n}\nENTRY {\n  return 0;\n}',
        3,
        SourceError,
    ),
    "late-allocation": (
        "ENTRY {\n  struct DoubleChain *d;\n  dchain_allocate(4, &d);\n  return 0;\n}",
        3,
        UnsupportedError,
    ),
    "bad-handle": ("ENTRY {\n  int x;\n  return map_get((struct Map *)0, &x, &x);\n}", 3, SourceError),
}


@pytest.mark.parametrize("code", REFUSED)
def test_refused_with_code_and_line(code: str) -> None:
    source, line, kind = REFUSED[code]
    with pytest.raises(UserError) as caught:
        analyse(source)
    error = caught.value
    assert (error.code, error.span and error.span.line, type(error)) == (code, line, kind)
    assert error.span is not None
    assert error.span.file.endswith("nf.c")


@pytest.mark.parametrize("port", ["1 - device", "(*buffer)[0] & 1", "device == 0 ? 2 : 0", "2"])
def test_ports_that_packets_decide_on_exist(port: str) -> None:
    source = (
        f"ENTRY {{\n  uint16_t to = {port};\n  concretize_devices(&to, rte_eth_dev_count_avail());\n  return to;\n}}"
    )
    if "2" not in port:
        analyse(source)
    else:
        with pytest.raises(SourceError) as caught:
            analyse(source)
        assert caught.value.code == "no-port"
    assert analyse(source, ports=3 if "-" not in port else 2).paths


def test_a_loop_without_end_is_refused() -> None:
    with pytest.raises(UnsupportedError) as caught:
        analyse("ENTRY {\n  while (1) ;\n  return 0;\n}", budget=Budget(path=Limits(instructions=20_000)))
    assert caught.value.code == "unbounded-loop"
    assert caught.value.span is not None
    assert caught.value.span.line == 2


def test_what_the_nf_printed_explains_why_it_stopped() -> None:
    with pytest.raises(SourceError, match="bad rate 7"):
        analyse(REFUSED["init-exit"][0])


def test_too_many_paths_are_refused() -> None:
    tests = "\n".join(f"  if ((*buffer)[{i}] & 1) up(&n);" for i in range(8))
    source = f"static void up(int *n) {{ (*n)++; }}\nENTRY {{\n  int n = 0;\n{tests}\n  return n;\n}}"
    with pytest.raises(UnsupportedError) as caught:
        analyse(source, budget=Budget(paths=100))
    assert caught.value.code == "path-explosion"
