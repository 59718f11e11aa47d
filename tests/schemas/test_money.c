/* test_money.c - currencies, parsing, conversion. */
#include "schemas/money.h"
#include "util.h"
#include <errno.h>

static void
currencies_have_their_decimals(void **state)
{
	static const struct {
		const char *code;
		int decimals;
	} cases[] = {{"IDR", 2}, {"USD", 2}, {"EUR", 2}, {"JPY", 0}, {"KRW", 0}, {"VND", 0}, {"XOF", 0}, {"BIF", 0}, {"XPF", 0}, {"KWD", 3},
	             {"BHD", 3}, {"TND", 3}, {"CLF", 4}, {"UYW", 4}, {"XTS", 4}, {"AED", 2}, {"ZWG", 2}, {"MGA", 2}, {"SLE", 2}, {"HUF", 2},
	             {"XXX", -1}, {"XAU", -1}, {"DEM", -1}, {"usd", -1}, {"US", -1}, {"USDX", -1}, {"", -1}, {"BTC", -1}, {"EDA", -1}};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(money_decimals(slice_of(cases[i].code)), cases[i].decimals);
	assert_int_equal(money_decimals_shown(B("IDR")), 0);
	assert_int_equal(money_decimals_shown(B("USD")), 2);
	assert_int_equal(money_decimals_shown(B("???")), -1);
}

/* Every code of the table must be found: a table out of order would hide some. */
static void
the_table_holds_168_codes(void **state)
{
	int known = 0;
	char code[3];
	(void)state;
	for (code[0] = 'A'; code[0] <= 'Z'; code[0]++)
		for (code[1] = 'A'; code[1] <= 'Z'; code[1]++)
			for (code[2] = 'A'; code[2] <= 'Z'; code[2]++)
				known += money_decimals((struct slice){(const uint8_t *)code, 3}) >= 0;
	assert_int_equal(known, 168);
}

static void
amounts_are_parsed_exactly(void **state)
{
	static const struct {
		const char *text;
		int decimals;
		int64_t minor;
	} cases[] = {{"1234.50", 2, 123450}, {"1234.5", 2, 123450}, {"1234", 2, 123400}, {"-0.01", 2, -1},
	             {"+7", 0, 7}, {"0.1", 1, 1}, {"000012.30", 2, 1230}, {"0", 6, 0}, {"1.000001", 6, 1000001},
	             {"92233720368547758.07", 2, INT64_MAX}, {"-92233720368547758.08", 2, INT64_MIN},
	             {"9223372036854775807", 0, INT64_MAX}};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t minor = 99;
		assert_int_equal(money_parse(slice_of(cases[i].text), cases[i].decimals, &minor), 0);
		assert_true(minor == cases[i].minor);
	}
}

static void
what_is_no_amount_is_refused(void **state)
{
	static const struct {
		const char *text;
		int decimals;
		int code;
	} cases[] = {{"", 2, -EINVAL}, {"-", 2, -EINVAL}, {".", 2, -EINVAL}, {".5", 2, -EINVAL}, {"5.", 2, -EINVAL},
	             {"1.005", 2, -EDOM}, {"7.5", 0, -EDOM}, {"250.000", 2, -EDOM}, {"7.0", 0, -EDOM},
	             {"1.005x", 2, -EINVAL}, {"1,5", 2, -EINVAL}, {"1e3", 2, -EINVAL}, {" 1", 2, -EINVAL},
	             {"1 ", 2, -EINVAL}, {"--1", 2, -EINVAL}, {"1.2.3", 2, -EINVAL}, {"0x10", 2, -EINVAL}, {"1", 7, -EINVAL}, {"1", -1, -EINVAL}, {"99999999999999999999x", 2, -EINVAL},
	             {"92233720368547758.08", 2, -ERANGE}, {"-92233720368547758.09", 2, -ERANGE}, {"9223372036854775808", 0, -ERANGE},
	             {"9223372036854775807", 1, -ERANGE}, {"100000000000000000000000000000000000000000", 0, -ERANGE}};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t minor = 99;
		assert_int_equal(money_parse(slice_of(cases[i].text), cases[i].decimals, &minor), cases[i].code);
		assert_true(minor == 99);
	}
}

static void
formatting_and_parsing_are_inverse(void **state)
{
	uint64_t seed = seed_of(__func__);
	char text[MONEY_TEXT_MAX];
	(void)state;
	money_format(-5, 2, text);
	assert_string_equal(text, "-0.05");
	money_format(0, 0, text);
	assert_string_equal(text, "0");
	money_format(123450, 2, text);
	assert_string_equal(text, "1234.50");
	money_format(INT64_MIN, 6, text);
	assert_string_equal(text, "-9223372036854.775808");
	for (int round = 0; round < 20000; round++) {
		int64_t minor = rnd_int(&seed), back;
		int decimals = (int)rnd_below(&seed, MONEY_DECIMALS_MAX + 1);
		money_format(minor, decimals, text);
		assert_int_equal(money_parse(slice_of(text), decimals, &back), 0);
		assert_true(back == minor);
	}
}

static void
the_latest_rate_up_to_the_day_counts(void **state)
{
	struct money_rates *rates = money_rates_new(B("IDR"));
	int64_t out;
	(void)state;
	assert_non_null(rates);
	assert_true(slice_is(money_reporting(rates), "IDR"));
	assert_int_equal(money_rates_add(rates, B("USD"), 20, 16000, 1), 0);
	assert_int_equal(money_rates_add(rates, B("USD"), 10, 1550050, 100), 0);
	assert_int_equal(money_rates_add(rates, B("EUR"), -5, 17000, 1), 0);
	assert_int_equal(money_rates_add(rates, B("USD"), 20, 1, 1), -EEXIST);
	assert_int_equal(money_convert(rates, B("USD"), 9, 100, &out), -ENOENT);
	assert_int_equal(money_convert(rates, B("USD"), 10, 100, &out), 0);
	assert_true(out == 1550050);
	assert_int_equal(money_convert(rates, B("USD"), 19, 100, &out), 0);
	assert_true(out == 1550050);
	assert_int_equal(money_convert(rates, B("USD"), 20, -250, &out), 0);
	assert_true(out == -4000000);
	assert_int_equal(money_convert(rates, B("EUR"), 1000000, 1, &out), 0);
	assert_true(out == 17000);
	assert_int_equal(money_convert(rates, B("GBP"), 20, 1, &out), -ENOENT);
	assert_int_equal(money_convert(rates, B("dollars"), 20, 1, &out), -ENOENT);
	assert_int_equal(money_convert(rates, B("IDR"), -99, 7, &out), 0);
	assert_true(out == 7);
	assert_int_equal(money_convert(rates, B(""), -99, INT64_MIN, &out), 0);
	assert_true(out == INT64_MIN);
	money_rates_free(rates);
	assert_null(money_rates_new(B("ABC")));
}

static void
unusable_rates_are_refused(void **state)
{
	struct money_rates *rates = money_rates_new(B("CLF")); /* 4 decimals */
	(void)state;
	assert_int_equal(money_rates_add(rates, B("USD"), 0, 0, 1), -EINVAL);
	assert_int_equal(money_rates_add(rates, B("USD"), 0, 1, 0), -EINVAL);
	assert_int_equal(money_rates_add(rates, B("USD"), 0, -1, 1), -EINVAL);
	assert_int_equal(money_rates_add(rates, B("ABC"), 0, 1, 1), -EINVAL);
	assert_int_equal(money_rates_add(rates, B("CLF"), 0, 1, 1), -EINVAL);
	assert_int_equal(money_rates_add(rates, B("JPY"), 0, INT64_MAX, 1), -EINVAL);
	assert_int_equal(money_rates_add(rates, B("JPY"), 0, INT64_MAX / 10000, 1), 0);
	money_rates_free(rates);
}

static void
halves_go_to_the_even_neighbour(void **state)
{
	static const struct {
		int64_t amt, out;
	} cases[] = {{1, 0}, {3, 2}, {5, 2}, {7, 4}, {-1, 0}, {-3, -2}, {-5, -2}, {-7, -4}, {2, 1}, {-4, -2}};
	struct money_rates *rates = money_rates_new(B("EUR"));
	(void)state;
	assert_int_equal(money_rates_add(rates, B("USD"), 0, 1, 2), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t out;
		assert_int_equal(money_convert(rates, B("USD"), 0, cases[i].amt, &out), 0);
		assert_true(out == cases[i].out);
	}
	money_rates_free(rates);
}

static void
what_does_not_fit_is_out_of_range(void **state)
{
	struct money_rates *rates = money_rates_new(B("EUR"));
	int64_t out;
	(void)state;
	assert_int_equal(money_rates_add(rates, B("USD"), 0, 2, 1), 0);
	assert_int_equal(money_rates_add(rates, B("CHF"), 0, 1, INT64_MAX), 0);
	assert_int_equal(money_rates_add(rates, B("GBP"), 0, INT64_MAX, 1), 0);
	assert_int_equal(money_convert(rates, B("USD"), 0, INT64_MAX / 2, &out), 0);
	assert_int_equal(money_convert(rates, B("USD"), 0, INT64_MAX / 2 + 1, &out), -ERANGE);
	assert_int_equal(money_convert(rates, B("USD"), 0, INT64_MIN / 2, &out), 0);
	assert_true(out == INT64_MIN);
	assert_int_equal(money_convert(rates, B("USD"), 0, INT64_MIN / 2 - 1, &out), -ERANGE);
	assert_int_equal(money_convert(rates, B("GBP"), 0, INT64_MIN, &out), -ERANGE);
	assert_int_equal(money_convert(rates, B("CHF"), 0, INT64_MIN, &out), 0);
	assert_true(out == -1);
	money_rates_free(rates);
}

/* Against a sum in 128 bits that never divides: |2 (amt num dr - out den dc)| <= den dc; and
 * refused only where no 64-bit amount is that near. */
static void
conversion_is_within_half_a_minor_unit(void **state)
{
	static const struct {
		const char *code;
		int64_t scale;
	} units[] = {{"JPY", 1}, {"USD", 100}, {"KWD", 1000}, {"XTS", 10000}};
	uint64_t seed = seed_of(__func__);
	(void)state;
	for (int round = 0; round < 20000; round++) {
		uint32_t from = rnd_below(&seed, 4), to = rnd_below(&seed, 4);
		if (from == to)
			continue;
		struct money_rates *rates = money_rates_new(slice_of(units[to].code));
		int64_t num = 1 + rnd_below(&seed, 100000000), den = 1 + rnd_below(&seed, 1000000), out;
		int64_t amt = rnd_int(&seed) >> 30;
		assert_int_equal(money_rates_add(rates, slice_of(units[from].code), 0, num, den), 0);
		__int128 exact = (__int128)amt * num * units[to].scale, unit = (__int128)den * units[from].scale;
		int answer = money_convert(rates, slice_of(units[from].code), 5, amt, &out);
		if (answer == -ERANGE) {
			assert_true(2 * exact >= unit * (2 * (__int128)INT64_MAX + 1) || 2 * exact < unit * (2 * (__int128)INT64_MIN - 1));
		} else {
			assert_int_equal(answer, 0);
			__int128 twice = 2 * (exact - out * unit);
			assert_true(twice <= unit && twice >= -unit);
			assert_true((twice != unit && twice != -unit) || out % 2 == 0);
		}
		money_rates_free(rates);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(currencies_have_their_decimals),
	    cmocka_unit_test(the_table_holds_168_codes),
	    cmocka_unit_test(amounts_are_parsed_exactly),
	    cmocka_unit_test(what_is_no_amount_is_refused),
	    cmocka_unit_test(formatting_and_parsing_are_inverse),
	    cmocka_unit_test(the_latest_rate_up_to_the_day_counts),
	    cmocka_unit_test(unusable_rates_are_refused),
	    cmocka_unit_test(halves_go_to_the_even_neighbour),
	    cmocka_unit_test(what_does_not_fit_is_out_of_range),
	    cmocka_unit_test(conversion_is_within_half_a_minor_unit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
