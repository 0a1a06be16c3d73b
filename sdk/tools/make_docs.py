#!/usr/bin/env python3
"""Writes docs/sdk/ from the SDK: a page for the core and for each extension from its header, the Lua reference from
lua/hob.meta.lua, and an index. The words are the headers' own: to change a page, change its header."""
import re
import sys

sys.dont_write_bytecode = True
from headers import Header, SDK, header_files

DOCS = SDK.parent / "docs/sdk"
MADE = "<!-- Made by sdk/tools/make_docs.py; to change it, change {0} and run that. -->\n\n"


def escaped(text):
    return text.replace("<", "&lt;").replace("*", "\\*").replace("|", "\\|")


def prose(text):
    """Paragraphs as they are; lines that are indented become a block of code."""
    out, block = [], []

    def flush():
        if block:
            out.append("```text\n" + "\n".join(block) + "\n```")
            block.clear()

    for line in text.split("\n"):
        if line.startswith("  ") or (block and line.startswith("    ")):
            if not block and out and out[-1] != "":
                out.append("")
            block.append(line[2:])
        else:
            had = bool(block)
            flush()
            if had and line:
                out.append("")
            out.append(escaped(line))
    flush()
    return "\n".join(out).strip("\n")


def thread_of(comment):
    for mark, words in (("[plugin]", "Called on the plugin's strand."), ("[any]", "Any thread.")):
        if mark in comment:
            rest = re.sub(r"\s*" + re.escape(mark), "", comment).strip()
            rest = re.sub(r"^,\s*", "", rest)
            return words, rest
    return "", comment


def lifecycle():
    text = (SDK / "abi/lifecycle.yaml").read_text()
    return dict(re.findall(r"^  (hob\.\S+): \{.*?state: (\w+)", text, re.M)), re.findall(r"^abi: (\S+)", text, re.M)[0]


def struct_section(name, fields, comment, states, ids):
    plain = {"struct_size", "reserved", "abi_major", "abi_minor"}
    found = [(define, value) for define, value in ids if define.lower() == name or define.lower().replace("hob_host_", "hob_host_") == name]
    title = f"## `{found[0][1]}`" if found else f"## `{name}`"
    out = [title, ""]
    if found:
        side = "of the host: what a plugin may use" if found[0][1].startswith("hob.host.") else "of the plugin: what it offers"
        out += [f"`{name}`, asked for as `{found[0][0]}`. A table {side}. State: {states.get(found[0][1], '?')}.", ""]
    if comment:
        out += [prose(comment), ""]
    for field, declaration, words in fields:
        if field in plain:
            continue
        thread, words = thread_of(words)
        out += [f"### `{field}`", "", f"```c\n{declaration};\n```", ""]
        if words:
            out += [prose(words.strip()), ""]
        if thread:
            out += [f"*{thread}*", ""]
    return out


def page(header, states):
    title, _, rest = header.intro.partition(": ")
    first, _, more = rest.partition("\n\n")
    sentence, dot, behind = " ".join(first.split()).partition(". ")
    sentence = sentence.rstrip(".")
    if behind:
        more = behind + ("\n\n" + more if more else "")
    out = [MADE.format(f"sdk/include/{title}").rstrip("\n"), "", f"# {sentence[0].upper()}{sentence[1:]}", "", f"`#include <{title}>`", ""]
    if more:
        out += [prose(more), ""]
    numbers = [(name, value) for name, value in header.numbers if not name.startswith("HOB_ABI")]
    if numbers:
        out += ["| constant | value |", "|---|---|"] + [f"| `{name}` | {value} |" for name, value in numbers] + [""]
    for name, fields, comment in header.structs:
        out += struct_section(name, fields, comment, states, header.ids)
    return "\n".join(out).rstrip("\n") + "\n", sentence


# ---- Lua ----

def lua_blocks(text):
    """[(comment lines, statement)] of the annotations."""
    out, comment = [], []
    for line in text.split("\n"):
        if line.startswith("---"):
            comment.append(line[3:].strip())
        elif line.strip() and not line.startswith("--"):
            out.append((comment, line.strip()))
            comment = []
        elif comment:
            out.append((comment, ""))
            comment = []
    return out


def type_and_words(text):
    """Splits "fun(a: b): c words" behind its type: brackets, and a space after ':' or '|', belong to it."""
    depth, at = 0, 0
    while at < len(text):
        c = text[at]
        depth += c in "({<["
        depth -= c in ")}>]"
        if c == " " and depth == 0 and text[at - 1] not in ":,|":
            break
        at += 1
    return text[:at], text[at:].strip()


def row(text, kind):
    name, rest = (text.split(" ", 1) + [""])[:2] if kind != "return" else ("", text)
    type_name, words = type_and_words(rest)
    return name, type_name.replace("|", "\\|"), escaped(words)


def lua_page():
    text = (SDK / "lua/hob.meta.lua").read_text()
    intro = "\n".join(line[3:] for line in text.split("\n")[1:] if line == "--" or line.startswith("-- "))
    out = [MADE.format("sdk/lua/hob.meta.lua").rstrip("\n"), "", "# The Lua API", "", escaped(intro), "",
           "The story is in [lua.md](../lua.md). `?` marks what may be left out.", ""]
    functions, classes = [], []
    for comment, statement in lua_blocks(text):
        words = [line for line in comment if not line.startswith("@")]
        tags = [line[1:].split(" ", 1) for line in comment if line.startswith("@")]
        named = [rest[0] for tag, *rest in tags if tag == "class"]
        if named:
            classes.append((named[0], words, [row(rest[0], "field") for tag, *rest in tags if tag == "field"]))
        function = re.match(r"function ([\w.:]+)\((.*)\) end", statement)
        if function:
            params = [row(rest[0], "param") for tag, *rest in tags if tag == "param"]
            returns = [row(rest[0], "return") for tag, *rest in tags if tag == "return"]
            functions.append((function.group(1), function.group(2), words, params, returns))
    for title, wanted in (("Functions", lambda name: ":" not in name), ("Methods of what they give", lambda name: ":" in name)):
        out += [f"## {title}", ""]
        for name, arguments, words, params, returns in functions:
            if not wanted(name):
                continue
            out += [f"### `{name}({arguments})`", ""]
            if words:
                out += [escaped(" ".join(words)), ""]
            for param in params:
                out.append(f"- `{param[0]}`: `{param[1]}`" + (f" {param[2]}" if param[2] else ""))
            for one in returns:
                out.append(f"- gives `{one[1]}`" + (f" {one[2]}" if one[2] else ""))
            if params or returns:
                out.append("")
    out += ["## Tables", ""]
    for name, words, fields in classes:
        if not fields:
            continue
        out += [f"### `{name}`", ""]
        if words:
            out += [escaped(" ".join(words)), ""]
        out += ["| member | type | |", "|---|---|---|"] + [f"| `{f}` | `{t}` | {w} |" for f, t, w in fields] + [""]
    return "\n".join(out).rstrip("\n") + "\n"


def main():
    DOCS.mkdir(parents=True, exist_ok=True)
    for old in DOCS.glob("*.md"):
        old.unlink()
    states, release = lifecycle()
    index = [MADE.format("the headers").rstrip("\n"), "", "# The plugin ABI, page by page", "",
             f"ABI {release}. `sdk/README.md` tells the story, [plugin-guide.md](../plugin-guide.md) walks the first steps, "
             "[manifest.md](../manifest.md) is the manifest.", "", "| page | tables | |", "|---|---|---|"]
    for path in header_files():
        header = Header(path)
        text, sentence = page(header, states)
        (DOCS / f"{header.name}.md").write_text(text)
        tables = ", ".join(f"`{value}`" for _, value in header.ids)
        index.append(f"| [{header.name}]({header.name}.md) | {tables} | {escaped(sentence)} |")
    (DOCS / "lua.md").write_text(lua_page())
    index.append("| [lua](lua.md) | | every function of the Lua API |")
    (DOCS / "README.md").write_text("\n".join(index) + "\n")


main()
