"""Reads the C headers of the SDK: structs with their fields and comments, constants, extension ids.

For the generators beside it. The headers are written in one plain style (no conditional members, no macros that make
declarations), so a few patterns read them all; what does not fit the patterns is an error, never skipped.
"""
import pathlib
import re
import sys

SDK = pathlib.Path(__file__).resolve().parent.parent
ORDER = ["tool", "provider", "embedder", "channel", "routes", "method", "config", "http", "websocket", "kv", "timer",
         "secret", "executor", "clock", "log"]


def header_files():
    """plugin.h, then the extensions, in the order of the documentation, those that ORDER does not know last."""
    found = {path.stem for path in (SDK / "include/hob/ext").glob("*.h")}
    names = [name for name in ORDER if name in found] + sorted(found - set(ORDER))
    return [SDK / "include/hob/plugin.h"] + [SDK / "include/hob/ext" / f"{name}.h" for name in names]


def clean(comment):
    """The text of a comment, its lines unwrapped but for those that are indented or empty."""
    lines = [re.sub(r"^\s*\* ?", "", line) for line in re.sub(r"^/\*|\*/$", "", comment.strip()).split("\n")]
    return "\n".join(line.rstrip() for line in lines).strip("\n").removeprefix(" ").rstrip()


def fields_of(body, where):
    """[(name, declaration, comment)]: a comment stands before its field, or behind it on the same line."""
    out, pending = [], ""
    token = re.compile(r"\s*(/\*.*?\*/|[^;/]+;)", re.S)
    at = 0
    while at < len(body.rstrip()):
        match = token.match(body, at)
        if not match:
            sys.exit(f"{where}: can't read: {body[at:at + 60]!r}")
        text, at = match.group(1), match.end()
        if text.startswith("/*"):
            pending = clean(text)
            continue
        declaration = " ".join(text.rstrip(";").split())
        behind = re.compile(r"[ \t]*(/\*.*?\*/)", re.S).match(body, at)
        if behind:
            pending, at = clean(behind.group(1)), behind.end()
        function = re.match(r".*?\(\*(\w+)\)\(", declaration)
        names = [function.group(1)] if function else [re.search(r"(\w+)$", part.strip()).group(1) for part in declaration.split(",")]
        for name in names:
            out.append((name, declaration, pending))
        pending = ""
    return out


class Header:
    def __init__(self, path):
        self.path = path
        self.name = path.stem
        text = path.read_text()
        self.intro = clean(re.match(r"\s*(/\*.*?\*/)", text, re.S).group(1))
        self.structs = []
        pattern = re.compile(r"(?:((?:/\*(?:(?!\*/).)*\*/))\n)?(?:typedef struct \{(.*?)\n\} (\w+);|struct (\w+) \{(.*?)\n\};)", re.S)
        for match in pattern.finditer(text):
            body = match.group(2) if match.group(2) is not None else match.group(5)
            name = match.group(3) or match.group(4)
            comment = clean(match.group(1)) if match.group(1) else ""
            self.structs.append((name, fields_of(body, f"{path}: {name}"), comment))
        self.ids = re.findall(r'#define (HOB_(?:EXT|HOST)_\w+) "([^"]+)"', text)
        self.numbers = re.findall(r"#define (HOB_ABI_\w+) (\d+)", text)
        for enum in re.findall(r"^enum \{(.*?)\};", text, re.S | re.M):
            self.numbers += re.findall(r"(HOB_\w+) = (\d+)", enum)
