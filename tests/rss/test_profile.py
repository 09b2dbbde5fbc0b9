"""NIC profiles: the bundled ones are sound, mistakes in others are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from maestro.diagnostics import UserError
from maestro.ir.packet import PACKET_TYPES, field_offsets
from maestro.rss import profile


@pytest.mark.parametrize("name", profile.names())
def test_bundled_profiles(name: str) -> None:
    nic = profile.load(name)
    assert nic.name == name
    assert all(profile.load(alias) is nic for alias in nic.aliases)
    for field_set in nic.field_sets:
        assert tuple(field_set.inputs) == PACKET_TYPES
        for packet_type, alternatives in field_set.inputs.items():
            named = {part.name for inputs in alternatives for part in inputs}
            assert named <= set(field_offsets(packet_type)), (field_set.name, packet_type)
            assert packet_type not in ("vlan", "non-ip") or not named


@pytest.mark.parametrize(
    ("name", "key_bytes", "tables"),
    [("e810", 52, (128, 512, 2048)), ("82599", 40, (128,)), ("virtio-net", 40, (64, 128)), ("x710", 52, (512,))],
)
def test_sizes_of_real_nics(name: str, key_bytes: int, tables: tuple[int, ...]) -> None:
    nic = profile.load(name)
    assert (nic.key_bytes, nic.reta_sizes) == (key_bytes, tables)


def test_selectable_fields_expand_to_every_subset() -> None:
    sets = profile.load("e810").field_sets
    assert len({s.name for s in sets}) == 15
    by_name = {s.name: s for s in sets}
    assert [p.name for p in by_name["dst+dport"].nominal("ipv4-tcp")] == ["ipv4.dst", "l4.dport"]
    assert [p.name for p in by_name["dst+dport"].nominal("ipv4-fragment")] == ["ipv4.dst"]
    assert by_name["sport"].inputs["ipv4-fragment"] == ((),)


def test_unknown_nic_lists_the_known_and_the_closest() -> None:
    with pytest.raises(UserError) as caught:
        profile.load("E811")
    assert caught.value.code == "unknown-nic"
    assert caught.value.message.startswith("unknown NIC 'E811'; known: 82599, ")
    assert caught.value.hint == "did you mean 'e810'?"


def own(folder: Path, change: tuple[str, str]) -> Path:
    text = (Path(profile.__file__).parent / "profiles" / "82599.toml").read_text()
    assert change[0] in text
    path = folder / "mine.toml"
    path.write_text(text.replace(*change))
    return path


def test_a_profile_of_ones_own(tmp_path: Path) -> None:
    path = own(tmp_path, ('name = "82599"', 'name = "mine"'))
    assert profile.load(str(path)).name == "mine"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("key_bytes = 40\n", ""), "key 'key_bytes': missing"),
        (("key_bytes = 40", "key_bytes = '40'"), "key 'key_bytes': must be of type int, is '40'"),
        (("key_bytes = 40", "key_bytes = 15"), "key 'key_bytes': 15 is too short for ipv4-tcp of set 'l4'"),
        (("key_bytes = 40", "key_bits = 40"), "key 'key_bits': unknown"),
        (("[128]", "[100]"), "key 'reta_sizes': 100 is not a power of two up to 4096"),
        (("reta_default = 128", "reta_default = 64"), "key 'reta_default': 64 is not among reta_sizes"),
        (('l3 = ["ipv4.src"', 'l3 = ["ipv4.source"'), "key 'inputs.l3': 'ipv4.source' is neither a field nor"),
        (('l3 = ["ipv4.src"', 'l3 = ["ipv4.src[30:4]"'), "key 'inputs.l3': 'ipv4.src[30:4]' is outside"),
        (('ipv4-tcp = "l3"', 'ipv4-tcp = "l7"'), "key 'field_sets.udp-l4.ipv4-tcp': 'l7' is not among [inputs]"),
        (('vlan = "unknown"\n', ""), "key 'field_sets.l4': says nothing about vlan"),
        (('vlan = "unknown"', 'qinq = "unknown"'), "is no packet type"),
        (("[inputs]", "[inputs"), "is not TOML"),
    ],
)
def test_mistakes_name_the_file_and_the_key(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    path = own(tmp_path, change)
    with pytest.raises(UserError) as caught:
        profile.load(str(path))
    assert caught.value.code == "nic-profile"
    assert str(path) in caught.value.message
    assert message in caught.value.message


def number(path: Path, text: str) -> int:
    """The line that is ``text``; 0 when there is none."""
    return next((n for n, line in enumerate(path.read_text().splitlines(), 1) if line.strip() == text), 0)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (("key_bytes = 40", "key_bytes = 15"), "key_bytes = 15"),
        (('l3 = ["ipv4.src"', 'l3 = ["ipv4.source"'), 'l3 = ["ipv4.source", "ipv4.dst"]'),
        (('ipv4-options = "l3"', 'ipv4-options = "l7"'), 'ipv4-options = "l7"'),
        (('vlan = "assumed', 'wlan = "assumed'), 'wlan = "assumed: nothing is known"'),
        (("[sources]", '[symmetric]\ndpdk = "swap"\n[sources]'), 'dpdk = "swap"'),
    ],
)
def test_mistakes_name_the_line(tmp_path: Path, change: tuple[str, str], line: str) -> None:
    path = own(tmp_path, change)
    with pytest.raises(UserError) as caught:
        profile.load(str(path))
    assert number(path, line) > 0
    assert f"{path}:{number(path, line)}: key " in caught.value.message


@pytest.mark.parametrize("name", profile.names())
def test_every_fact_of_a_bundled_profile_has_a_source(name: str) -> None:
    sources = profile.load(name).sources
    wanted = {"key_bytes", "reta_sizes", "byte_order", "initial_value", "inputs", "symmetric", "per_rule_keys"}
    assert sources.keys() - {"ipv6-other"} == wanted | {"ipv4-fragment", "ipv4-options", "vlan", "non-ip"}


def test_symmetric_modes_and_keys_of_rules() -> None:
    assert profile.load("e810").symmetric == profile.Symmetric("xor", "xor", "none")
    assert profile.load("mlx5").symmetric.default == "or-xor"
    assert {name for name in profile.names() if profile.load(name).per_rule_keys} == {"mlx5"}
    assert profile.load("82599").symmetric == profile.Symmetric()


def test_profile_that_does_not_exist() -> None:
    with pytest.raises(UserError, match=r"nowhere.toml: cannot be read: No such file"):
        profile.load("nowhere.toml")
