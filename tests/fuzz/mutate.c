/* The mutation engine: a seed, perhaps with the tail of another, then one to sixteen changes. */
#include <stdio.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

struct buffer {
    char *data;
    size_t n;
    const struct fuzz *f;
    struct fuzz_rng *r;
};

static const char *const numbers[] = {
    "0", "1", "2", "-1", "-2", "8", "255", "256", "1000", "32767", "65535", "65536", "2147483647",
    "2147483648", "-2147483648", "4294967295", "4294967296", "9007199254740993",
    "2305843009213693952", "4611686018427387904", "9223372036854775807", "9223372036854775808",
    "-9223372036854775808", "18446744073709551615", "18446744073709551616", "1e308", "1e999",
    "-1e999", "1e-400", "nan", "inf", "-inf", "-0", "0.5", "1/4", "1/0", "00", "+1", "0x10", "1k",
    "1_000", "9999999999999999999999999999"};

/* Characters that programs trip over: overlong, surrogate, beyond the range, cut off; controls of
 * a terminal and of direction; combining, wide, composed. */
static const char *const characters[] = {
    "\xC0\x80", "\xE0\x80\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xF0\x9F\x98", "\xC2", "\xFF",
    "\x1b[31m", "\x1b]0;x\x07", "\xC2\x9B", "\xE2\x80\xAE", "\xE2\x80\xA8", "\xEF\xBB\xBF",
    "\xCC\x81", "\xED\x95\x9C", "\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB", "\xE7\x8C\xAB", "\xC4\xB0",
    "\xEF\xAC\x81", "\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x92\xBB", "\xE2\x80\x83", "\r\n", "\r",
    "\t", "\v", "\""};

static const unsigned char bytes[] = {0,    9,    10,   13,   0x1b, ' ', '"', '#',
                                      ',',  '/',  ':',  '[',  '\\', ']', '{', '}',
                                      0x7f, 0x80, 0x9b, 0xc2, 0xe2, 0xff};

uint32_t fuzz_draw(struct fuzz_rng *r, uint32_t n)
{
    uint64_t z = r->state += 0x9E3779B97F4A7C15u; /* splitmix64 */
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return n ? (uint32_t)((z ^ z >> 31) % n) : 0;
}

#define COUNT(list) (sizeof(list) / sizeof *(list))
#define PICK(b, list) (list)[fuzz_draw((b)->r, COUNT(list))]

static size_t place(struct buffer *b)
{
    return fuzz_draw(b->r, (uint32_t)b->n + 1);
}

/* A length: mostly short. */
static size_t length(struct buffer *b, size_t most)
{
    static const uint32_t scale[] = {4, 16, 64, 4096};
    size_t n = 1 + fuzz_draw(b->r, PICK(b, scale));
    return n < most ? n : most;
}

static void cut(struct buffer *b, size_t at, size_t n)
{
    memmove(b->data + at, b->data + at + n, b->n - at - n);
    b->n -= n;
}

/* Makes room for n bytes at `at` and copies them there, as far as they fit. */
static void insert(struct buffer *b, size_t at, const void *from, size_t n)
{
    n = n < FUZZ_INPUT_MAX - b->n ? n : FUZZ_INPUT_MAX - b->n;
    memmove(b->data + at + n, b->data + at, b->n - at);
    memcpy(b->data + at, from, n);
    b->n += n;
}

static void overwrite(struct buffer *b, size_t at, const void *from, size_t n)
{
    n = n < b->n - at ? n : b->n - at;
    memcpy(b->data + at, from, n);
}

static void put_word(struct buffer *b, const char *word)
{
    if (fuzz_draw(b->r, 2))
        insert(b, place(b), word, strlen(word));
    else
        overwrite(b, place(b), word, strlen(word));
}

static void flip_bit(struct buffer *b)
{
    if (b->n)
        b->data[fuzz_draw(b->r, (uint32_t)b->n)] ^= (char)(1 << fuzz_draw(b->r, 8));
}

static void set_byte(struct buffer *b)
{
    char c = fuzz_draw(b->r, 2) ? (char)PICK(b, bytes) : (char)fuzz_draw(b->r, 256);
    overwrite(b, place(b), &c, 1);
}

static void insert_bytes(struct buffer *b)
{
    char run[4096];
    size_t n = length(b, sizeof run);
    int same = (int)fuzz_draw(b->r, 2);
    char c = (char)PICK(b, bytes);
    for (size_t i = 0; i < n; i++)
        run[i] = same ? c : (char)fuzz_draw(b->r, 256);
    insert(b, place(b), run, n);
}

static void cut_range(struct buffer *b)
{
    size_t at = place(b);
    cut(b, at, length(b, b->n - at));
}

static void truncate_tail(struct buffer *b)
{
    b->n = place(b);
}

static void copy_range(struct buffer *b)
{
    char part[4096];
    size_t at = place(b), n = length(b, b->n - at < sizeof part ? b->n - at : sizeof part);
    memcpy(part, b->data + at, n);
    if (fuzz_draw(b->r, 2))
        insert(b, place(b), part, n);
    else
        overwrite(b, place(b), part, n);
}

/* A few bytes many times over: nesting, long lists. */
static void repeat(struct buffer *b)
{
    char part[16];
    size_t at = place(b), n = 1 + fuzz_draw(b->r, 8);
    n = n < b->n - at ? n : b->n - at;
    memcpy(part, b->data + at, n);
    for (uint32_t times = 1u << fuzz_draw(b->r, 13); n && times; times--)
        insert(b, at, part, n);
}

static void splice(struct buffer *b)
{
    const struct fuzz_input *other = &b->f->seeds[fuzz_draw(b->r, (uint32_t)b->f->n)];
    size_t from = fuzz_draw(b->r, (uint32_t)other->size + 1);
    insert(b, place(b), other->data + from, length(b, other->size - from));
}

static void dict_word(struct buffer *b)
{
    uint32_t n = 0;
    while (b->f->dict && b->f->dict[n])
        n++;
    put_word(b, n ? b->f->dict[fuzz_draw(b->r, n)] : PICK(b, characters));
}

static void character(struct buffer *b)
{
    put_word(b, PICK(b, characters));
}

/* A number in the text becomes another. */
static void number_text(struct buffer *b)
{
    size_t at = place(b), n = 0;
    while (at < b->n && (b->data[at] < '0' || b->data[at] > '9'))
        at++;
    while (at + n < b->n && b->data[at + n] >= '0' && b->data[at + n] <= '9')
        n++;
    if (!n)
        return;
    const char *number = PICK(b, numbers);
    cut(b, at, n);
    insert(b, at, number, strlen(number));
}

static void number_binary(struct buffer *b)
{
    static const uint64_t values[] = {0,
                                      1,
                                      0x7f,
                                      0x80,
                                      0xff,
                                      0x7fff,
                                      0x8000,
                                      0xffff,
                                      0x7fffffff,
                                      0x80000000,
                                      0xffffffff,
                                      0x100000000,
                                      0x2000000000000000,
                                      0x4000000000000000,
                                      0x7fffffffffffffff,
                                      0x8000000000000000,
                                      UINT64_MAX,
                                      UINT64_MAX - 7};
    uint64_t v = PICK(b, values);
    size_t n = (size_t)1 << fuzz_draw(b->r, 4);
    char out[8];
    int big = (int)fuzz_draw(b->r, 2);
    for (size_t i = 0; i < n; i++)
        out[i] = (char)(v >> 8 * (big ? n - 1 - i : i));
    overwrite(b, fuzz_draw(b->r, 3) ? place(b) / n * n : 0, out, n);
}

/* The line that `at` lies in: its place, and its length with the newline. */
static size_t line_at(const struct buffer *b, size_t at, size_t *n)
{
    size_t from = at, to = at;
    while (from && b->data[from - 1] != '\n')
        from--;
    while (to < b->n && b->data[to] != '\n')
        to++;
    *n = to - from + (to < b->n);
    return from;
}

static void cut_line(struct buffer *b)
{
    size_t n, at = line_at(b, place(b), &n);
    cut(b, at, n);
}

static void move_line(struct buffer *b)
{
    char line[4096];
    size_t n, at = line_at(b, place(b), &n);
    n = n < sizeof line ? n : sizeof line;
    memcpy(line, b->data + at, n);
    if (fuzz_draw(b->r, 2))
        cut(b, at, n);
    at = line_at(b, place(b), &(size_t){0});
    insert(b, at, line, n);
}

static void (*const changes[])(struct buffer *b) = {
    flip_bit,    set_byte,      insert_bytes, cut_range, truncate_tail, copy_range,
    repeat,      splice,        dict_word,    dict_word, character,     number_text,
    number_text, number_binary, cut_line,     move_line};

static uint64_t key(const char *target, uint64_t seed, uint64_t number)
{
    uint64_t h = 14695981039346656037u; /* FNV-1a */
    for (const char *p = target; *p; p++)
        h = (h ^ (unsigned char)*p) * 1099511628211u;
    return h ^ seed * 0xD6E8FEB86659FD93u ^ number * 0xA0761D6478BD642Fu;
}

size_t fuzz_case(const struct fuzz *f, const char *target, uint64_t seed, uint64_t number,
                 char *out)
{
    struct fuzz_rng r = {key(target, seed, number)};
    struct buffer b = {.data = out, .f = f, .r = &r};
    const struct fuzz_input *from =
        &f->seeds[number < (uint64_t)f->n ? number : fuzz_draw(&r, (uint32_t)f->n)];
    b.n = from->size;
    memcpy(out, from->data, from->size);
    if (number < (uint64_t)f->n)
        return b.n;
    if (!fuzz_draw(&r, 8)) { /* its head, another's tail */
        from = &f->seeds[fuzz_draw(&r, (uint32_t)f->n)];
        size_t at = fuzz_draw(&r, (uint32_t)from->size + 1);
        truncate_tail(&b);
        insert(&b, b.n, from->data + at, from->size - at);
    }
    int n = 1, many = (int)fuzz_draw(&r, 2); /* half of them one, to come past the door */
    while (many && n < 16 && fuzz_draw(&r, 3))
        n++;
    for (; n > 0; n--)
        PICK(&b, changes)(&b);
    return b.n;
}
