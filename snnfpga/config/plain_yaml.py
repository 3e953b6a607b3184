"""YAML without surprises: what is written as text stays text, as in YAML 1.2, and every fault has its line.

YAML 1.1, which PyYAML resolves by, takes 1024-64-10 for a date, 1:20 for 80, 010 for 8, and ``on`` for true. Here a
word is null, true, false, or a number that Python writes the same way; all else is text, which a key that asks for a
number reads as one.
"""

import re
from typing import Any

import yaml
from yaml.composer import ComposerError

from rtl_gen.contract.errors import shown

MOST, DEEPEST = 10_000, 50      # values, each as often as aliases repeat it; lists and tables within each other
MERGE = "<<"
PLAIN, TEXT = "plain", "tag:yaml.org,2002:str"
COLLECTIONS = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")
WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")), **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False), **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
    **{sign + word: float(sign + word[1:]) for sign in ("", "+", "-") for word in (".inf", ".Inf", ".INF")}}
INTEGER, REAL = re.compile(r"-?(0|[1-9][0-9]{0,17})"), re.compile(r"-?[0-9]+\.[0-9]+(e[-+][0-9]+)?")


class YamlFault(Exception):
    """What is wrong with a text, and in which line, from 1; None where that is not known."""

    def __init__(self, reason: str, line: int | None) -> None:
        super().__init__(reason)
        self.line = line


class _Composer(yaml.BaseLoader):
    """Nodes of a text, in which a plain word is told from a quoted one; bounded in depth and in number."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = self._values = 0
        self._sizes: dict[int, int] = {}        # of finished nodes that an alias may repeat

    def resolve(self, kind: type[yaml.Node], value: Any, implicit: Any) -> str:
        return PLAIN if kind is yaml.ScalarNode and implicit[0] else super().resolve(kind, value, implicit)

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()
        if self._depth == DEEPEST:
            raise ComposerError(None, None, f"lists and tables must be at most {DEEPEST} deep", event.start_mark)
        before, alias = self._values, isinstance(event, yaml.AliasEvent)
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        if alias and id(node) not in self._sizes:
            raise ComposerError(None, None, f"{shown(event.anchor)} holds itself", event.start_mark)
        self._values += self._sizes[id(node)] if alias else 1
        self._sizes.setdefault(id(node), self._values - before)
        if self._values > MOST:
            raise ComposerError(None, None, f"there must be at most {MOST} values, what aliases repeat among them",
                                event.start_mark)
        return node


def load(text: str) -> Any:
    """What a text holds: None, true or false, numbers, text, lists, and tables whose keys are text.

    Raises
    ------
    YamlFault
        If it is no YAML, a key is given twice, is no word or merges a table, or it holds a tag such as ``!!timestamp``.
    """
    composer = None
    try:
        composer = _Composer(text)
        node = composer.get_single_node()
        return None if node is None else _value(node)
    except yaml.reader.ReaderError as error:
        raise YamlFault(f"a character that YAML does not take, {shown(chr(error.character))}",
                        text.count("\n", 0, error.position) + 1) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlFault(str(error.problem or error.context), mark and mark.line + 1) from None
    finally:
        if composer is not None:
            composer.dispose()


def _value(node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        if node.tag == PLAIN:
            return _plain(node.value)
        if node.tag == TEXT:
            return node.value
    elif node.tag in COLLECTIONS:
        return _table(node) if isinstance(node, yaml.MappingNode) else [_value(entry) for entry in node.value]
    raise ComposerError(None, None, f"tag {shown(node.tag)} is not taken; write the value without it", node.start_mark)


def _table(node: yaml.MappingNode) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise ComposerError(None, None, "a key must be a word", key.start_mark)
        if key.value == MERGE and key.tag == PLAIN and isinstance(value, yaml.CollectionNode):
            raise ComposerError(None, None, f"{MERGE}, which merges a table into another, is not taken; write its keys "
                                "out", key.start_mark)
        if key.value in found:
            raise ComposerError(None, None, f"key {shown(key.value)} is given twice", key.start_mark)
        found[key.value] = _value(value)
    return found


def _plain(text: str) -> Any:
    if text in WORDS:
        return WORDS[text]
    if INTEGER.fullmatch(text) and text != "-0":
        return int(text)
    return float(text) if REAL.fullmatch(text) and repr(float(text)) == text else text
