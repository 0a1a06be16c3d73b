/* hob/c/text.h: the little text and JSON that a plugin in C needs. C99, header-only, nothing but the C library.
 *
 * Reading never allocates: hob_member() finds a value inside the bytes of the host and gives its place. Input is never trusted: what
 * is cut short or no JSON reads as absent. Writing goes to a hob_buffer, which grows and remembers when memory ran out.
 */
#ifndef HOB_C_TEXT_H
#define HOB_C_TEXT_H

#include "../plugin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

static inline hob_str hob_text(const char *text) {
  hob_str out;
  out.data = text;
  out.size = text ? strlen(text) : 0;
  return out;
}
static inline int hob_equals(hob_str text, const char *other) {
  const size_t size = strlen(other);
  return text.size == size && (size == 0 || memcmp(text.data, other, size) == 0);
}

/* ---- reading JSON ---- */

static inline size_t hob_skip_space(hob_str json, size_t at) {
  while (at < json.size && (json.data[at] == ' ' || json.data[at] == '\t' || json.data[at] == '\n' || json.data[at] == '\r')) ++at;
  return at;
}
static inline size_t hob_skip_string(hob_str json, size_t at) {
  for (++at; at < json.size && json.data[at] != '"'; ++at)
    if (json.data[at] == '\\') ++at;
  return at < json.size ? at + 1 : json.size;
}
static inline size_t hob_skip_value(hob_str json, size_t at) {
  size_t depth = 0;
  if (at >= json.size) return at;
  if (json.data[at] == '"') return hob_skip_string(json, at);
  if (json.data[at] != '{' && json.data[at] != '[') {
    while (at < json.size && !strchr(",]} \t\r\n", json.data[at])) ++at;
    return at;
  }
  while (at < json.size) {
    const char c = json.data[at];
    if (c == '"') {
      at = hob_skip_string(json, at);
      continue;
    }
    if (c == '{' || c == '[') ++depth;
    if ((c == '}' || c == ']') && --depth == 0) return at + 1;
    ++at;
  }
  return at;
}
/* The JSON of member `name` of an object, or of element "0", "1", ... of an array; {NULL, 0} when it is not there. Names with escapes
 * in them are not found. */
static inline hob_str hob_member(hob_str json, const char *name) {
  hob_str none = {NULL, 0}, key, value;
  const size_t wanted = strtoul(name, NULL, 10);
  size_t at = hob_skip_space(json, 0), index = 0;
  int is_object;
  if (at >= json.size || (json.data[at] != '{' && json.data[at] != '[')) return none;
  is_object = json.data[at] == '{';
  for (at = hob_skip_space(json, at + 1); at < json.size && json.data[at] != '}' && json.data[at] != ']'; ++index) {
    size_t end;
    if (is_object) {
      if (json.data[at] != '"') return none;
      end = hob_skip_string(json, at);
      key.data = json.data + at + 1;
      key.size = end - at >= 2 ? end - at - 2 : 0;
      at = hob_skip_space(json, end);
      if (at >= json.size || json.data[at] != ':') return none;
      at = hob_skip_space(json, at + 1);
    }
    end = hob_skip_value(json, at);
    if (end == at) return none;
    value.data = json.data + at;
    value.size = end - at;
    if (is_object ? hob_equals(key, name) : index == wanted) return value;
    at = hob_skip_space(json, end);
    if (at < json.size && json.data[at] == ',') at = hob_skip_space(json, at + 1);
  }
  return none;
}
static inline int hob_is_object(hob_str json) {
  const size_t at = hob_skip_space(json, 0);
  return at < json.size && json.data[at] == '{' && json.data[hob_skip_value(json, at) - 1] == '}';
}
static inline int hob_is_string(hob_str json) { return json.size >= 2 && json.data[0] == '"' && json.data[json.size - 1] == '"'; }
/* 1 and the number when the JSON is a whole number of at most 18 digits. */
static inline int hob_integer(hob_str json, long long *out) {
  size_t at = json.size > 0 && json.data[0] == '-' ? 1 : 0;
  const size_t first = at;
  long long number = 0;
  for (; at < json.size && json.data[at] >= '0' && json.data[at] <= '9'; ++at)
    if (at - first < 18) number = number * 10 + (json.data[at] - '0');
  if (at == first || at != json.size || at - first > 18) return 0;
  *out = first ? -number : number;
  return 1;
}

/* ---- writing ---- */

typedef struct {
  char *data; /* terminated, unless it is NULL */
  size_t size, room;
  int failed; /* memory ran out: nothing more was appended */
} hob_buffer;

static inline void hob_append(hob_buffer *to, const char *data, size_t size) {
  if (to->failed) return;
  if (to->size + size + 1 > to->room) {
    const size_t room = (to->size + size + 1) * 2;
    char *grown = (char *)realloc(to->data, room);
    if (!grown) {
      to->failed = 1;
      return;
    }
    to->data = grown;
    to->room = room;
  }
  if (size > 0) memcpy(to->data + to->size, data, size);
  to->size += size;
  to->data[to->size] = 0;
}
static inline void hob_append_text(hob_buffer *to, const char *text) { hob_append(to, text, strlen(text)); }
static inline void hob_append_integer(hob_buffer *to, long long number) {
  char text[32];
  snprintf(text, sizeof text, "%lld", number);
  hob_append_text(to, text);
}
static inline void hob_append_codepoint(hob_buffer *to, unsigned long c) {
  char bytes[4];
  size_t size = 0;
  if (c < 0x80) {
    bytes[size++] = (char)c;
  } else {
    if (c < 0x800) {
      bytes[size++] = (char)(0xC0 | c >> 6);
    } else {
      if (c < 0x10000) {
        bytes[size++] = (char)(0xE0 | c >> 12);
      } else {
        bytes[size++] = (char)(0xF0 | c >> 18);
        bytes[size++] = (char)(0x80 | (c >> 12 & 0x3F));
      }
      bytes[size++] = (char)(0x80 | (c >> 6 & 0x3F));
    }
    bytes[size++] = (char)(0x80 | (c & 0x3F));
  }
  hob_append(to, bytes, size);
}
static inline long hob_read_hex(hob_str json, size_t at) {
  long value = 0;
  size_t i;
  for (i = at; i < at + 4; ++i) {
    const char c = i < json.size ? json.data[i] : 0;
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}
/* Appends what a JSON string says. 0 when it is none. */
static inline int hob_append_unquoted(hob_buffer *to, hob_str json) {
  size_t at;
  if (!hob_is_string(json)) return 0;
  for (at = 1; at + 1 < json.size; ++at) {
    const char c = json.data[at];
    if (c != '\\') {
      hob_append(to, &c, 1);
      continue;
    }
    ++at;
    if (json.data[at] == 'u') {
      long code = hob_read_hex(json, at + 1);
      if (code < 0) return 0;
      at += 4;
      if (code >= 0xD800 && code < 0xDC00) {
        const long low = at + 2 < json.size && json.data[at + 1] == '\\' && json.data[at + 2] == 'u' ? hob_read_hex(json, at + 3) : -1;
        if (low < 0xDC00 || low > 0xDFFF) return 0;
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        at += 6;
      } else if (code >= 0xDC00 && code < 0xE000) {
        return 0;
      }
      hob_append_codepoint(to, (unsigned long)code);
    } else {
      const char *escape = json.data[at] ? strchr("n\nt\tr\rb\bf\f", json.data[at]) : NULL;
      hob_append(to, escape && (escape - "n\nt\tr\rb\bf\f") % 2 == 0 ? escape + 1 : json.data + at, 1);
    }
  }
  return 1;
}
/* How many bytes of well-formed UTF-8 stand at the start; 0: none. */
static inline size_t hob_utf8_size(const unsigned char *text, size_t size) {
  size_t length, i;
  if (size == 0) return 0;
  if (text[0] < 0x80) return 1;
  length = text[0] >= 0xC2 && text[0] < 0xE0 ? 2 : text[0] >= 0xE0 && text[0] < 0xF0 ? 3 : text[0] >= 0xF0 && text[0] < 0xF5 ? 4 : 0;
  if (length == 0 || length > size) return 0;
  for (i = 1; i < length; ++i)
    if ((text[i] & 0xC0) != 0x80) return 0;
  if ((text[0] == 0xE0 && text[1] < 0xA0) || (text[0] == 0xED && text[1] > 0x9F) || (text[0] == 0xF0 && text[1] < 0x90) ||
      (text[0] == 0xF4 && text[1] > 0x8F))
    return 0;
  return length;
}
/* Appends `text` as a JSON string; bytes that are no UTF-8 become '?'. */
static inline void hob_append_quoted(hob_buffer *to, hob_str text) {
  size_t at = 0;
  hob_append_text(to, "\"");
  while (at < text.size) {
    const unsigned char c = (unsigned char)text.data[at];
    const size_t size = hob_utf8_size((const unsigned char *)text.data + at, text.size - at);
    if (size == 0) {
      hob_append_text(to, "?");
      ++at;
      continue;
    }
    if (c == '"' || c == '\\') hob_append_text(to, "\\");
    if (c < 0x20) {
      char escape[8];
      snprintf(escape, sizeof escape, "\\u%04x", c);
      hob_append_text(to, escape);
    } else {
      hob_append(to, text.data + at, size);
    }
    at += size;
  }
  hob_append_text(to, "\"");
}
/* What was written; valid until the next append. */
static inline hob_str hob_written(const hob_buffer *from) {
  hob_str out;
  out.data = from->data;
  out.size = from->size;
  return out;
}
static inline void hob_free(hob_buffer *buffer) {
  free(buffer->data);
  memset(buffer, 0, sizeof *buffer);
}

#ifdef __cplusplus
}
#endif
#endif /* HOB_C_TEXT_H */
