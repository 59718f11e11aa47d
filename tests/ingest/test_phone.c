/* test_phone.c - the ways of writing a phone number, and what is none. */
#include "support.h"
#include "ingest/phone.h"

/* In Indonesia (62). NULL: stays as it is. */
static const struct {
	const char *text, *number;
} table[] = {
    {"0812-3456 7890", "+6281234567890"},
    {"+62 812 3456 7890", "+6281234567890"},
    {"6281234567890", "+6281234567890"},
    {"0062 812 3456 7890", "+6281234567890"},
    {"00 62 (0)812-3456-7890", "+6281234567890"},
    {"+62 (0)812 3456 7890", "+6281234567890"},
    {"(+62) 0812.3456.7890", "+6281234567890"},
    {" 081234567890 ", "+6281234567890"},
    {"81234567890", "+6281234567890"},
    {"(021) 555-1234", "+62215551234"},
    {"+6281234567890", "+6281234567890"},
    {"0621 234 5678", "+626212345678"}, /* an area code that begins as the country does */
    {"+65 9123 4567", "+6591234567"},   /* abroad: its own country stays */
    {"0065 9123-4567", "+6591234567"},
    {"+39 06 1234 5678", "+390612345678"},
    {"12345678", "+6212345678"},
    {"0081 3-1234-5678", "+81312345678"},
    {"0812 3456 7890 12", "+628123456789012"}, /* 15 digits with the country */
    {"0812 3456 7890 123", NULL},              /* 16 */
    {"1234567", NULL},                           /* 7 digits */
    {"6200000001", NULL},                        /* nothing but the country and zeros, and a 1 */
    {"+1234567890123456", NULL},
    {"000000000000", NULL},
    {"62000000000", NULL},
    {"+0812 3456 7890", NULL}, /* no country begins with 0 */
    {"000812345678", NULL},
    {"0812+34567890", NULL},
    {"++6281234567890", NULL},
    {"0812 3456 789O", NULL}, /* the letter */
    {"0812/34567890", NULL},
    {"tel:081234567890", NULL},
    {"0812\t34567890", NULL},
    {"ani@example.com", NULL},
    {"C-1024", NULL},
    {"+", NULL},
    {"(--) ..", NULL},
    {"", NULL},
};

static struct slice
number_of(const char *text, char out[PHONE_BYTES_MAX])
{
	return (struct slice){(const uint8_t *)out, phone_normalise(slice_of(text), slice_of("62"), out)};
}

static void
one_number_is_written_in_one_way(void **state)
{
	(void)state;
	char out[PHONE_BYTES_MAX];
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct slice got = number_of(table[i].text, out);
		if (!slice_is(got, table[i].number ? table[i].number : ""))
			fail_msg("'%s' is '%.*s', expected '%s'", table[i].text, (int)got.n, (const char *)got.p,
			         table[i].number ? table[i].number : "");
	}
}

/* Texts of the bytes that matter: what comes out is of its form, and stays itself. */
static void
what_comes_out_stays(void **state)
{
	(void)state;
	static const char letters[] = "+0062621234567890 -.()";
	uint64_t random = random_seed(__func__);
	unsigned numbers = 0;
	for (int round = 0; round < 200000; round++) {
		char text[24], out[PHONE_BYTES_MAX], again[PHONE_BYTES_MAX + 1];
		uint32_t n = random_below(&random, sizeof(text));
		for (uint32_t i = 0; i < n; i++)
			text[i] = letters[random_below(&random, sizeof(letters) - 1)];
		text[n] = '\0';
		struct slice got = number_of(text, out);
		if (got.n == 0)
			continue;
		numbers++;
		assert_in_range(got.n, 1 + PHONE_DIGITS_MIN, PHONE_BYTES_MAX);
		memcpy(again, got.p, got.n);
		again[got.n] = '\0';
		for (uint32_t i = 0; i < got.n; i++)
			assert_true(i == 0 ? again[i] == '+' : again[i] >= '0' + (i == 1) && again[i] <= '9');
		if (!slice_is(number_of(again, out), again))
			fail_msg("'%s' became '%s', which became '%.*s'", text, again, PHONE_BYTES_MAX, out);
	}
	assert_true(numbers > 1000);
}

static void
a_country_has_up_to_three_digits(void **state)
{
	(void)state;
	static const char *const good[] = {"1", "62", "353"}, *const bad[] = {"", "+62", "062", "6 2", "6200", "ID"};
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(phone_is_country(slice_of(good[i])));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(phone_is_country(slice_of(bad[i])));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_number_is_written_in_one_way),
	    cmocka_unit_test(what_comes_out_stays),
	    cmocka_unit_test(a_country_has_up_to_three_digits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
