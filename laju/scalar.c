/* scalar.c - texts of the configuration into values. */
#include "laju/scalar.h"
#include "aggregator/zone.h"
#include <stdio.h>

/* Digits at the start of text; false when there are none or too many. */
static bool
take_digits(struct slice *text, int64_t *out)
{
	int64_t value = 0;
	uint32_t n = 0;
	for (; n < text->n && text->p[n] >= '0' && text->p[n] <= '9'; n++) {
		if (n == SCALAR_DIGITS_MAX)
			return false;
		value = value * 10 + (text->p[n] - '0');
	}
	if (n == 0)
		return false;
	text->p += n;
	text->n -= n;
	*out = value;
	return true;
}

static bool
take_minus(struct slice *text)
{
	bool minus = text->n > 0 && text->p[0] == '-';
	text->p += minus;
	text->n -= minus;
	return minus;
}

bool
scalar_int(struct slice text, int64_t *out)
{
	int64_t value;
	bool minus = take_minus(&text);
	if (!take_digits(&text, &value) || text.n != 0)
		return false;
	*out = minus ? -value : value;
	return true;
}

bool
scalar_bool(struct slice text, bool *out)
{
	if (!slice_is(text, "true") && !slice_is(text, "false"))
		return false;
	*out = text.p[0] == 't';
	return true;
}

static const struct {
	const char *name;
	int64_t ms;
} units[] = {{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};

bool
scalar_duration_ms(struct slice text, int64_t *out)
{
	int64_t value;
	if (!take_digits(&text, &value))
		return false;
	for (size_t u = 0; u < sizeof(units) / sizeof(units[0]); u++)
		if (slice_is(text, units[u].name))
			return !__builtin_mul_overflow(value, units[u].ms, out);
	return false;
}

void
scalar_format_duration(int64_t ms, char out[32])
{
	size_t u = 0;
	while (u + 1 < sizeof(units) / sizeof(units[0]) && (ms < units[u].ms || ms % units[u].ms != 0))
		u++;
	snprintf(out, 32, "%lld%s", (long long)(ms / units[u].ms), units[u].name);
}

static const struct {
	const char *name, *brief;
	int64_t bytes;
} sizes[] = {
    {"TiB", "T", INT64_C(1) << 40}, {"GiB", "G", 1 << 30}, {"MiB", "M", 1 << 20}, {"KiB", "K", 1 << 10}, {"", "", 1}};

bool
scalar_bytes(struct slice text, int64_t *out)
{
	int64_t value;
	if (!take_digits(&text, &value))
		return false;
	for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++)
		if (slice_is(text, sizes[s].name) || slice_is(text, sizes[s].brief))
			return !__builtin_mul_overflow(value, sizes[s].bytes, out);
	return false;
}

void
scalar_format_bytes(int64_t bytes, char out[32])
{
	size_t s = 0;
	while (s + 1 < sizeof(sizes) / sizeof(sizes[0]) && (bytes < sizes[s].bytes || bytes % sizes[s].bytes != 0))
		s++;
	snprintf(out, 32, "%lld%s", (long long)(bytes / sizes[s].bytes), sizes[s].name);
}

bool
scalar_is_decimal(struct slice text, uint32_t *digits, uint32_t *decimals)
{
	bool point = false;
	take_minus(&text);
	*digits = *decimals = 0;
	for (uint32_t i = 0; i < text.n; i++) {
		if (text.p[i] == '.' && !point && i > 0 && i + 1 < text.n) {
			point = true;
			continue;
		}
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
		*digits += 1;
		*decimals += point;
	}
	return *digits > 0;
}

bool
scalar_decimal(struct slice text, int64_t *num, int64_t *den)
{
	int64_t value = 0, scale = 1;
	uint32_t digits, decimals;
	if (!scalar_is_decimal(text, &digits, &decimals) || digits > SCALAR_DIGITS_MAX)
		return false;
	bool minus = take_minus(&text);
	for (uint32_t i = 0; i < text.n; i++)
		if (text.p[i] != '.')
			value = value * 10 + (text.p[i] - '0');
	for (; decimals > 0; decimals--)
		scale *= 10;
	while (scale > 1 && value % 10 == 0) {
		value /= 10;
		scale /= 10;
	}
	*num = minus ? -value : value;
	*den = scale;
	return true;
}

bool
scalar_day(struct slice text, int64_t *day)
{
	int64_t part[3];
	if (text.n != 10 || text.p[4] != '-' || text.p[7] != '-')
		return false;
	struct slice parts[3] = {{text.p, 4}, {text.p + 5, 2}, {text.p + 8, 2}};
	for (int i = 0; i < 3; i++)
		if (!take_digits(&parts[i], &part[i]) || parts[i].n != 0)
			return false;
	if (part[0] < 1970 || part[1] < 1 || part[1] > 12 || part[2] < 1 || part[2] > 31)
		return false;
	int64_t found = day_of_civil((int)part[0], (int)part[1], (int)part[2]);
	int year, month, dom;
	civil_of_day(found, &year, &month, &dom);
	if (month != part[1] || dom != part[2]) /* the 31st of a short month */
		return false;
	*day = found;
	return true;
}

struct slice
scalar_word_at(const char *words, int index)
{
	for (; index > 0; index--)
		words = strchr(words, '|') + 1;
	const char *end = strchrnul(words, '|');
	return (struct slice){(const uint8_t *)words, (uint32_t)(end - words)};
}

int
scalar_word(struct slice text, const char *words)
{
	for (int index = 0;; index++) {
		struct slice word = scalar_word_at(words, index);
		if (slice_equal(word, text))
			return index;
		if (word.p[word.n] == '\0')
			return -1;
	}
}
