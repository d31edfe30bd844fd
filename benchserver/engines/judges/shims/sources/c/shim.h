// Serves calls of one C function as data: frames of JSON on descriptors 3 and 4.
// C cannot tell a function's types: bench_shim_call is written below the solution, from the
// signature that the task declares, with the macros of this file.
#define _GNU_SOURCE  // strdup and the like, which solutions use
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern long bench_shim_read(int, void *, unsigned long) __asm__("read");
extern long bench_shim_write(int, const void *, unsigned long) __asm__("write");
extern void bench_shim_exit(int) __asm__("_exit");

enum { BENCH_SHIM_FRAME = 16 << 20, BENCH_SHIM_DEPTH = 100 };

static char *bench_shim_at;           // the rest of the message that is read
static char *bench_shim_out;          // the answer so far
static size_t bench_shim_length, bench_shim_room;
static jmp_buf bench_shim_misfit;

static void bench_shim_refuse(void) { longjmp(bench_shim_misfit, 1); }

static void *bench_shim_grow(void *old, size_t size) {
  void *made = realloc(old, size ? size : 1);
  if (!made) longjmp(bench_shim_misfit, 2);
  return made;
}

// ---- from the wire -----------------------------------------------------------------------

static char bench_shim_peek(void) {
  while (*bench_shim_at && strchr(" \n\t\r", *bench_shim_at)) ++bench_shim_at;
  return *bench_shim_at;
}

static bool bench_shim_take(const char *word) {
  bench_shim_peek();
  size_t length = strlen(word);
  if (strncmp(bench_shim_at, word, length) != 0) return false;
  bench_shim_at += length;
  return true;
}

static void bench_shim_expect(const char *word) {
  if (!bench_shim_take(word)) bench_shim_refuse();
}

// "{" and the name of the tag, when they come next.
static bool bench_shim_tag(const char *name) {
  char *before = bench_shim_at;
  if (bench_shim_take("{") && bench_shim_take(name) && bench_shim_take(":")) return true;
  bench_shim_at = before;
  return false;
}

static unsigned long long bench_shim_magnitude(bool *negative) {
  bool tagged = bench_shim_tag("\"$int\"");
  if (tagged) bench_shim_expect("\"");
  *negative = bench_shim_take("-");
  int base = tagged && bench_shim_take("0x") ? 16 : 10;
  unsigned long long value = 0;
  char *start = bench_shim_at;
  for (;; ++bench_shim_at) {
    char c = *bench_shim_at;
    int digit = c >= '0' && c <= '9' ? c - '0' : base == 16 && c >= 'a' && c <= 'f' ? c - 87 : 99;
    if (digit == 99) break;
    if (__builtin_mul_overflow(value, (unsigned long long)base, &value) ||
        __builtin_add_overflow(value, (unsigned long long)digit, &value))
      bench_shim_refuse();
  }
  if (bench_shim_at == start || strchr(".eE", *bench_shim_at)) bench_shim_refuse();
  if (tagged) bench_shim_expect("\""), bench_shim_expect("}");
  return value;
}

static unsigned long long bench_shim_get_unsigned(unsigned long long highest) {
  bool negative;
  unsigned long long value = bench_shim_magnitude(&negative);
  if (value > highest || (negative && value)) bench_shim_refuse();
  return value;
}

static long long bench_shim_get_signed(size_t bytes) {
  bool negative;
  unsigned long long value = bench_shim_magnitude(&negative);
  unsigned long long highest = ULLONG_MAX >> (8 * (sizeof value - bytes) + 1);
  if (value > highest + negative) bench_shim_refuse();
  return negative ? (long long)(0 - value) : (long long)value;
}

static double bench_shim_get_double(void) {
  bool tagged = bench_shim_tag("\"$float\"");
  if (tagged) bench_shim_expect("\"");
  else if (!strchr("-0123456789", bench_shim_peek())) bench_shim_refuse();
  char *end;
  double value = strtod(bench_shim_at, &end);
  if (end == bench_shim_at) bench_shim_refuse();
  bench_shim_at = end;
  if (tagged) bench_shim_expect("\""), bench_shim_expect("}");
  return value;
}

static bool bench_shim_get_bool(void) {
  if (bench_shim_take("true")) return true;
  bench_shim_expect("false");
  return false;
}

static unsigned bench_shim_hex4(void) {
  unsigned code = 0;
  for (int i = 0; i < 4; ++i, ++bench_shim_at) {
    const char *digits = "0123456789abcdef", *found = strchr(digits, *bench_shim_at | 32);
    if (!*bench_shim_at || !found) bench_shim_refuse();
    code = code * 16 + (unsigned)(found - digits);
  }
  return code;
}

static char *bench_shim_utf8(char *to) {
  unsigned code = bench_shim_hex4();
  if (code >= 0xD800 && code < 0xDC00) {
    if (strncmp(bench_shim_at, "\\u", 2) != 0) bench_shim_refuse();
    bench_shim_at += 2;
    code = 0x10000 + ((code - 0xD800) << 10) + (bench_shim_hex4() - 0xDC00);
  }
  if (code == 0) bench_shim_refuse();  // a C string ends there
  if (code < 0x80) {
    *to++ = (char)code;
    return to;
  }
  int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  *to++ = (char)((more == 1 ? 0xC0 : more == 2 ? 0xE0 : 0xF0) | code >> 6 * more);
  while (more--) *to++ = (char)(0x80 | (code >> 6 * more & 63));
  return to;
}

static char *bench_shim_get_text(void) {  // null is NULL; one character more than it needs
  if (bench_shim_take("null")) return NULL;
  bench_shim_expect("\"");
  char *made = bench_shim_grow(NULL, strlen(bench_shim_at) + 2), *to = made;
  while (*bench_shim_at != '"') {
    char c = *bench_shim_at++;
    if (!c) bench_shim_refuse();
    if (c != '\\') { *to++ = c; continue; }
    switch (c = *bench_shim_at++) {
      case 'n': *to++ = '\n'; break;
      case 't': *to++ = '\t'; break;
      case 'r': *to++ = '\r'; break;
      case 'b': *to++ = '\b'; break;
      case 'f': *to++ = '\f'; break;
      case 'u': to = bench_shim_utf8(to); break;
      default: *to++ = c;
    }
  }
  ++bench_shim_at;
  *to = 0;
  return bench_shim_grow(made, (size_t)(to - made) + 2);
}

static char bench_shim_get_char(void) {  // a string of one character, or a number
  if (bench_shim_peek() != '"') return (char)bench_shim_get_signed(1);
  char *text = bench_shim_get_text();
  if (strlen(text) != 1) bench_shim_refuse();
  return *text;
}

// Whether another item of the list follows; `count` were read.
static bool bench_shim_more(size_t count) {
  if (bench_shim_take("]")) return false;
  if (count) bench_shim_expect(",");
  return true;
}

#define BENCH_SHIM_GET(T)                                                              \
  ((T)_Generic((T)0, bool: bench_shim_get_bool(), char: bench_shim_get_char(),         \
               float: bench_shim_get_double(), double: bench_shim_get_double(),        \
               char *: bench_shim_get_text(), const char *: bench_shim_get_text(),     \
               default: (T)-1 > (T)0 ? bench_shim_get_unsigned((unsigned long long)(T)-1) \
                                     : (unsigned long long)bench_shim_get_signed(sizeof(T))))

#define BENCH_SHIM_GET_LIST(T, items, count)                                        \
  do {                                                                              \
    size_t room = 8;                                                                \
    bench_shim_expect("[");                                                         \
    for (count = 0; bench_shim_more(count); ++count) {                              \
      if (count == 0 || count == room)                                              \
        items = bench_shim_grow(items, (room *= 2) * sizeof *items);                \
      items[count] = BENCH_SHIM_GET(T);                                             \
    }                                                                               \
    items = bench_shim_grow(items, (count + 1) * sizeof *items);                    \
  } while (0)

// ---- to the wire -------------------------------------------------------------------------

static void bench_shim_put(const char *text) {
  size_t length = strlen(text);
  if (bench_shim_length + length > BENCH_SHIM_FRAME) bench_shim_refuse();
  if (bench_shim_length + length >= bench_shim_room)
    bench_shim_out = bench_shim_grow(bench_shim_out, bench_shim_room = 2 * bench_shim_room + length + 64);
  memcpy(bench_shim_out + bench_shim_length, text, length + 1);
  bench_shim_length += length;
}

static void bench_shim_put_unsigned(unsigned long long value) {
  char text[64];
  snprintf(text, sizeof text, value > 999999999999999999u ? "{\"$int\":\"%llu\"}" : "%llu", value);
  bench_shim_put(text);
}

static void bench_shim_put_signed(long long value) {
  char text[64];
  bool big = value > 999999999999999999 || value < -99999999999999999;
  snprintf(text, sizeof text, big ? "{\"$int\":\"%lld\"}" : "%lld", value);
  bench_shim_put(text);
}

static void bench_shim_put_double(double value) {
  char text[64];
  if (isfinite(value)) snprintf(text, sizeof text, "%.17e", value);
  else snprintf(text, sizeof text, "{\"$float\":\"%s\"}", isnan(value) ? "nan" : value > 0 ? "inf" : "-inf");
  bench_shim_put(text);
}

static void bench_shim_put_bool(bool value) { bench_shim_put(value ? "true" : "false"); }

static void bench_shim_put_text(const char *text) {
  if (!text) { bench_shim_put("null"); return; }
  bench_shim_put("\"");
  for (; *text; ++text) {
    char one[8] = {*text};
    if (*text == '"' || *text == '\\') one[0] = '\\', one[1] = *text;
    else if ((unsigned char)*text < 0x20) snprintf(one, sizeof one, "\\u%04x", *text);
    bench_shim_put(one);
  }
  bench_shim_put("\"");
}

static void bench_shim_put_char(char value) {
  char text[2] = {value};
  bench_shim_put_text(text);
}

#define BENCH_SHIM_PUT(T, value)                                                           \
  _Generic((T)0, bool: bench_shim_put_bool, char: bench_shim_put_char,                     \
           float: bench_shim_put_double, double: bench_shim_put_double,                    \
           char *: bench_shim_put_text, const char *: bench_shim_put_text,                 \
           unsigned char: bench_shim_put_unsigned, unsigned short: bench_shim_put_unsigned, \
           unsigned: bench_shim_put_unsigned, unsigned long: bench_shim_put_unsigned,      \
           unsigned long long: bench_shim_put_unsigned, default: bench_shim_put_signed)(value)

#define BENCH_SHIM_PUT_LIST(T, items, count)              \
  do {                                                    \
    bench_shim_put("[");                                  \
    for (size_t i = 0; i < (size_t)(count); ++i) {        \
      if (i) bench_shim_put(",");                         \
      BENCH_SHIM_PUT(T, (items)[i]);                      \
    }                                                     \
    bench_shim_put("]");                                  \
  } while (0)

// ---- frames and calls --------------------------------------------------------------------

static void bench_shim_call(void);  // reads the arguments, calls, writes the value

static void bench_shim_exactly(char *data, size_t count) {
  while (count) {
    long got = bench_shim_read(3, data, count);
    if (got <= 0) bench_shim_exit(0);
    data += got;
    count -= (size_t)got;
  }
}

static char *bench_shim_receive(void) {
  char head[9] = {0};
  bench_shim_exactly(head, 8);
  size_t length = strtoul(head, NULL, 16);
  char *body = malloc(length + 1);
  if (!body) bench_shim_exit(1);
  bench_shim_exactly(body, length);
  body[length] = 0;
  return body;
}

static void bench_shim_send(const char *body) {
  size_t length = strlen(body), done = 0;
  char head[9];
  snprintf(head, sizeof head, "%08zx", length);
  char *all = malloc(length + 9);
  if (!all) bench_shim_exit(1);
  memcpy(all, head, 8);
  memcpy(all + 8, body, length);
  while (done < length + 8) {
    long sent = bench_shim_write(4, all + done, length + 8 - done);
    if (sent <= 0) bench_shim_exit(0);
    done += (size_t)sent;
  }
  free(all);
}

static void bench_shim_serve(void) {
  bench_shim_send("{\"load\":\"ok\",\"error\":\"\"}");
  for (;;) {
    char *message = bench_shim_receive(), *args = strstr(message, "\"args\":");
    char *id = strstr(message, "\"id\":");
    if (!id || !args) bench_shim_exit(1);
    char start[64], failed[160];
    unsigned long long number = strtoull(id + 5, NULL, 10);
    snprintf(start, sizeof start, "{\"id\":%llu,\"ok\":", number);
    int misfit = setjmp(bench_shim_misfit);
    if (misfit) {
      snprintf(failed, sizeof failed, "{\"id\":%llu,\"error\":\"%s\",\"text\":\"\"}", number,
               misfit == 2 ? "MemoryError" : "TypeError");
      bench_shim_send(failed);
    } else {
      bench_shim_at = args + 7;
      bench_shim_length = 0;
      bench_shim_put(start);
      bench_shim_call();
      bench_shim_put("}");
      bench_shim_send(bench_shim_out);
    }
    free(message);
  }
}
