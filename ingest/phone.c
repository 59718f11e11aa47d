/* phone.c - see phone.h. */
#include "ingest/phone.h"

struct number {
	bool plus;
	uint32_t count;
	char digit[2 + PHONE_DIGITS_MAX]; /* with 00 before them */
};

static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool
is_separator(uint8_t c)
{
	return c == ' ' || c == '-' || c == '.' || c == '(' || c == ')';
}

bool
phone_is_country(struct slice text)
{
	if (text.n == 0 || text.n > PHONE_COUNTRY_MAX || text.p[0] == '0')
		return false;
	for (uint32_t i = 0; i < text.n; i++)
		if (!is_digit(text.p[i]))
			return false;
	return true;
}

/* False: something else is in it, or too much. */
static bool
digits_read(struct slice text, struct number *number)
{
	number->plus = false;
	number->count = 0;
	for (uint32_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];
		if (is_digit(c) && number->count < sizeof(number->digit))
			number->digit[number->count++] = (char)c;
		else if (c == '+' && number->count == 0 && !number->plus)
			number->plus = true;
		else if (!is_separator(c))
			return false;
	}
	return true;
}

uint32_t
phone_normalise(struct slice text, struct slice country, char out[PHONE_BYTES_MAX])
{
	struct number number;
	if (!digits_read(text, &number))
		return 0;
	const char *at = number.digit, *end = at + number.count;
	bool abroad = number.plus;
	if (!abroad && end - at >= 2 && memcmp(at, "00", 2) == 0) {
		abroad = true;
		at += 2;
	}
	if (end - at < PHONE_DIGITS_MIN || end - at > PHONE_DIGITS_MAX || (abroad && *at == '0'))
		return 0; /* no country begins with 0 */
	if (memcmp(at, country.p, country.n) == 0) {
		abroad = false;
		at += country.n;
	}
	while (!abroad && at < end && *at == '0')
		at++;
	uint32_t before = abroad ? 0 : country.n, rest = (uint32_t)(end - at);
	if (before + rest < PHONE_DIGITS_MIN || before + rest > PHONE_DIGITS_MAX)
		return 0;
	out[0] = '+';
	memcpy(out + 1, country.p, before);
	memcpy(out + 1 + before, at, rest);
	return 1 + before + rest;
}
