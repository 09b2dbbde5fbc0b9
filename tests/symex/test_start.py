"""What NFs do while they start: read files, compute with floating-point numbers, sort, take texts apart."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from small_nfs import analyse

from maestro.diagnostics import SourceError, UnsupportedError
from maestro.ir.model import Model
from maestro.models.files import MayRead
from maestro.models.scan import UnknownFormat, scan

INCLUDES = "#include <stdio.h>\n#include <ctype.h>\n#include <time.h>\n#include <float.h>\n"


def started(body: str, *argv: str, before: str = "", may_read: MayRead | None = None) -> Model:
    """An NF whose nf_config_init is ``body`` over ``argc`` and ``argv``; ``check(x)`` must hold there."""
    return analyse(
        f"{INCLUDES}{before}\n#define check(x) do {{ if (!(x)) {{ fputs(#x, stderr); exit(1); }} }} while (0)\n"
        f"void nf_config_init(int argc, char **argv) {{ {body} }}\nENTRY {{ return DROP; }}",
        argv=argv,
        may_read=may_read,
    )


def test_a_file_named_by_an_argument_is_read(tmp_path: Path) -> None:
    table = tmp_path / "table.txt"
    table.write_text("01:02:03:04:05:06 0 1\nlast line, unfinished")
    model = started(
        """
        FILE *f = fopen(argv[1], "r");
        char mac[20], rest[64]; int from, to; unsigned lines = 0; char c;
        check(f != NULL);
        do { c = fgetc(f); lines += c == '\\n'; } while (c != EOF);
        check(lines == 1 && feof(f));
        rewind(f);
        check(fscanf(f, "%18s %d %d", mac, &from, &to) == 3 && strcmp(mac, "01:02:03:04:05:06") == 0);
        check(from == 0 && to == 1 && ftell(f) == 21);
        check(fgets(rest, sizeof rest, f) == rest && strcmp(rest, "\\n") == 0);
        check(fgets(rest, 5, f) == rest && strcmp(rest, "last") == 0);
        check(fscanf(f, "%d", &from) == 0);
        check(fgets(rest, sizeof rest, f) != NULL && fgets(rest, sizeof rest, f) == NULL);
        check(fscanf(f, "%d", &from) == EOF);
        check(fclose(f) == 0);
        """,
        str(table),
    )
    assert [(n.code, n.message) for n in model.notes] == [
        ("file-read", f"the contents of the file `{table}` are part of this result")
    ]


def test_a_file_that_is_not_there_cannot_be_opened() -> None:
    with pytest.raises(SourceError, match="no such table") as refused:
        started('if (!fopen(argv[1], "r")) { fprintf(stderr, "no such table: %s", argv[1]); exit(1); }', "nowhere")
    assert refused.value.code == "init-exit"


def test_files_are_not_written_and_not_read_later(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match="to write to it"):
        started('fopen("x", "w");')
    with pytest.raises(UnsupportedError, match="on the packet path"):
        analyse('#include <stdio.h>\nENTRY { return fopen("x", "r") ? 1 : 0; }')


def test_closed_files_stay_closed(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("x")
    with pytest.raises(SourceError, match="not an open file"):
        started('FILE *f = fopen(argv[1], "r"); fclose(f); fgetc(f);', str(tmp_path / "f"))


def test_floating_point_numbers_are_computed() -> None:
    started(
        """
        unsigned long link = 10000000; unsigned char share = 50; int minus = -7; float third = 1.0f / 3;
        check((unsigned long)((link / 8) * (share * 0.01)) == 625000);
        check(minus / 2.0 == -3.5 && (int)(minus / 2.0) == -3 && third * 3 == 1.0f && third > 0.333);
        check(third != 1.0 / 3);
        check(!(0.0 / (minus + 7) == 0.0) && 1.0 / (minus + 7) > 1e300 && -third < 0 && (double)third < 0.34);
        """
    )


def test_floating_point_numbers_from_packets_are_refused() -> None:
    with pytest.raises(UnsupportedError, match="floating-point arithmetic is not supported in packet processing"):
        analyse("ENTRY { return length * 0.5 > 100 ? 1 : 0; }")


def test_sorting_and_random_numbers() -> None:
    started(
        """
        int a[5] = {5, 3, 9, 3, 1}, first;
        qsort(a, 5, sizeof a[0], order);
        check(a[0] == 1 && a[1] == 3 && a[2] == 3 && a[3] == 5 && a[4] == 9);
        srand(7); first = rand(); srand(7);
        check(first >= 0 && rand() == first && rand() != first);
        check(time(NULL) > 1000000000);
        """,
        before="static int order(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }",
    )


def test_texts_are_taken_apart() -> None:
    started(
        """
        char copy[16], name[32]; int a, b; unsigned x;
        strncpy(copy, argv[1], 5); copy[5] = 0;
        check(strcmp(strtok(copy, ","), "10") == 0 && strcmp(strtok(NULL, ","), "20") == 0 && !strtok(NULL, ","));
        check(sscanf(argv[1], "%d,%d;%x", &a, &b, &x) == 3 && a == 10 && b == 20 && x == 0xff);
        check(isdigit(argv[1][0]) && !isdigit(argv[1][2]) && isspace(' ') && toupper('x') == 'X');
        snprintf(name, sizeof name, "%s-%d.cfg", "table", 3);
        check(strcmp(name, "table-3.cfg") == 0 && strstr(name, "3.") != NULL && strrchr(name, 'g') == name + 10);
        char *grown = realloc(strdup("ab"), 8); strcat(grown, "cd");
        check(strcmp(grown, "abcd") == 0 && strcspn(grown, "c") == 2);
        """,
        "10,20;ff",
    )


@pytest.mark.parametrize(
    ("text", "form", "stores", "result"),
    [
        ("  12 0x1f 017", "%d %x %i", ["0c000000", "1f000000", "0f000000"], 3),
        ("-3", "%hhd", ["fd"], 1),
        ("abc", "%2s%c", ["616200", "63"], 2),
        ("key=value;", "%[^=]=%[a-z]", ["6b657900", "76616c756500"], 2),
        ("5 6", "%*d %ld%n", ["0600000000000000", "03000000"], 1),
        ("50%", "%d%%", ["32000000"], 1),
        ("x", "%d", [], 0),
        ("  ", "%d", [], -1),
    ],
)
def test_scan(text: str, form: str, stores: list[str], result: int) -> None:
    done = scan(text.encode(), 0, form.encode())
    assert ([s.hex() for s in done.stores], done.result) == (stores, result), json.dumps(text)


def test_unknown_formats_are_refused() -> None:
    with pytest.raises(UnknownFormat):
        scan(b"1.5", 0, b"%f")


def test_files_that_are_not_the_nfs_business_are_refused_whether_they_exist_or_not(tmp_path: Path) -> None:
    for name in ("table", "nowhere"):
        (tmp_path / "table").write_text("topsecretword")
        with pytest.raises(UnsupportedError) as caught:
            started(f'fopen("{tmp_path / name}", "r");', may_read=lambda _: False)
        assert caught.value.code == "file-outside"
        assert "topsecretword" not in str(caught.value)
    asked: list[str] = []
    started(f'check(fopen("{tmp_path}/table", "r"));', may_read=lambda name: asked.append(name) or True)
    assert asked == [f"{tmp_path}/table"]


def test_devices_are_not_files() -> None:
    started('check(!fopen("/dev/zero", "r"));')
