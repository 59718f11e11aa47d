/* topic.c - topics: building, taking apart, matching. */
#include "schemas/topic.h"
#include <inttypes.h>
#include <xxhash.h>

static const char hex_digits[] = "0123456789ABCDEF";

static bool
is_unreserved(uint8_t byte)
{
	return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '.' ||
	       byte == '_' || byte == '-' || byte == '~';
}

void
topic_part_encode(struct slice part, struct buf *out)
{
	uint8_t *to = buf_reserve(out, 3 * (size_t)part.n);
	size_t n = 0;
	for (uint32_t i = 0; i < part.n; i++) {
		if (is_unreserved(part.p[i])) {
			to[n++] = part.p[i];
		} else {
			to[n++] = '%';
			to[n++] = (uint8_t)hex_digits[part.p[i] >> 4];
			to[n++] = (uint8_t)hex_digits[part.p[i] & 15];
		}
	}
	out->len += n;
}

/* Either case, as RFC 3986 asks; we write upper case. -1: no hex digit. */
static int
hex_value(uint8_t digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	if (digit >= 'A' && digit <= 'F')
		return digit - 'A' + 10;
	if (digit >= 'a' && digit <= 'f')
		return digit - 'a' + 10;
	return -1;
}

bool
topic_part_decode(struct slice part, struct buf *out)
{
	uint8_t *to = buf_reserve(out, part.n);
	size_t n = 0;
	for (uint32_t i = 0; i < part.n; i++) {
		uint8_t byte = part.p[i];
		if (byte == '%') {
			if (part.n - i < 3)
				return false;
			int high = hex_value(part.p[i + 1]), low = hex_value(part.p[i + 2]);
			if (high < 0 || low < 0)
				return false;
			byte = (uint8_t)(high << 4 | low);
			i += 2;
		}
		to[n++] = byte;
	}
	out->len += n;
	return true;
}

void
topic_key(const struct slice *key, uint32_t count, struct buf *out)
{
	if (count == 0)
		buf_add(out, "all", 3);
	for (uint32_t i = 0; i < count; i++) {
		if (i > 0)
			buf_add(out, "/", 1);
		topic_part_encode(key[i], out);
	}
}

bool
topic_row(enum window window, struct slice rollup, const struct slice *key, uint32_t count, struct buf *out)
{
	out->len = 0;
	buf_printf(out, "kpi/%s/%.*s/", window_name(window), (int)rollup.n, (const char *)rollup.p);
	size_t key_at = out->len;
	topic_key(key, count, out);
	if (out->len <= TOPIC_BYTES_MAX)
		return false;
	/* Unkeyed on purpose: any client can compute it. Who makes two keys collide gets told apart by `key` in the rows. */
	uint64_t hash = XXH3_64bits(out->data + key_at, out->len - key_at);
	out->len = key_at;
	buf_printf(out, "~%016" PRIx64, hash);
	return true;
}

/* Cuts text at its first '/'. False: there is none. */
static bool
cut(struct slice *text, struct slice *head)
{
	const uint8_t *slash = text->n > 0 ? memchr(text->p, '/', text->n) : NULL;
	if (slash == NULL)
		return false;
	*head = (struct slice){text->p, (uint32_t)(slash - text->p)};
	*text = (struct slice){slash + 1, text->n - head->n - 1};
	return true;
}

bool
topic_row_split(struct slice topic, enum window *window, struct slice *rollup, struct slice *key)
{
	struct slice part;
	if (!cut(&topic, &part) || !slice_is(part, "kpi"))
		return false;
	if (!cut(&topic, &part))
		return false;
	int which = window_of(part);
	if (which < 0 || !cut(&topic, rollup) || rollup->n == 0)
		return false;
	*window = (enum window)which;
	*key = topic;
	return true;
}

/* Only the last * has to be tried again: an earlier one that took more could not match more. O(pattern x text). */
bool
glob_match(struct slice pattern, struct slice text)
{
	uint32_t p = 0, t = 0, star = UINT32_MAX, star_text = 0;
	while (t < text.n) {
		if (p < pattern.n && pattern.p[p] == '*') {
			star = p++;
			star_text = t;
		} else if (p < pattern.n && (pattern.p[p] == '?' || pattern.p[p] == text.p[t])) {
			p++;
			t++;
		} else if (star != UINT32_MAX) {
			p = star + 1;
			t = ++star_text;
		} else {
			return false;
		}
	}
	while (p < pattern.n && pattern.p[p] == '*')
		p++;
	return p == pattern.n;
}
