#!/usr/bin/env python3
"""Writes sdk/abi/probe.c from the headers: the program that prints their layout, and the library that abidiff reads."""
import sys

sys.dont_write_bytecode = True
from headers import Header, SDK, header_files

headers = [Header(path) for path in header_files()]
out = ["""/* Made by sdk/tools/make_probe.py from sdk/include/hob; not for editing.
 *
 * hob_print_layout() prints the size of every public struct and the place of every field, the numbers and the extension ids, as this
 * compiler sees them. The snapshots layout-*.txt hold what it printed for each release. A C program, rather than clang's
 * -fdump-record-layouts-complete: it runs with the compiler that builds Hob, on every architecture, and says constants and ids too.
 *
 * Compiled as a library with -g, its variables, one of each struct, are what abidiff compares. */
#include <hob/plugin.h>
"""]
out += [f"#include <hob/ext/{header.name}.h>\n" for header in headers[1:]]
out.append("\n#include <stdio.h>\n\n")
for header in headers:
    for name, fields, _ in header.structs:
        out.append(f"HOB_EXPORT extern {'struct ' if name in ('hob_host', 'hob_plugin') else ''}{name} hob_probe_{name};\n")
        out.append(f"{'struct ' if name in ('hob_host', 'hob_plugin') else ''}{name} hob_probe_{name};\n")
out.append("""
#define STRUCT(type) fprintf(out, "struct %s size %zu\\n", #type, sizeof(type))
#define FIELD(type, field) \\
  fprintf(out, "field %s.%s offset %zu size %zu\\n", #type, #field, offsetof(type, field), sizeof(((type *)0)->field))
#define NUMBER(name) fprintf(out, "number %s %lld\\n", #name, (long long)name)
#define ID(name) fprintf(out, "id %s %s\\n", #name, name)

HOB_EXPORT void hob_print_layout(FILE *out);
void hob_print_layout(FILE *out) {
  fprintf(out, "type hob_status size %zu\\ntype hob_id size %zu\\n", sizeof(hob_status), sizeof(hob_id));
""")
for header in headers:
    for name, _ in header.ids:
        out.append(f"  ID({name});\n")
    for name, _ in header.numbers:
        out.append(f"  NUMBER({name});\n")
    for name, fields, _ in header.structs:
        out.append(f"  STRUCT({name});\n")
        out += [f"  FIELD({name}, {field});\n" for field, _, _ in fields]
out.append("}\n")
(SDK / "abi/probe.c").write_text("".join(out))
