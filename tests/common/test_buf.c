/* test_buf.c - the growing buffer, and what a hash key makes different. */
#include "common/buf.h"
#include "common/hash.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void
text_longer_than_the_first_guess_is_printed_whole(void **state)
{
	(void)state;
	struct buf buf = {0};
	char long_text[1000];
	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	buf_printf(&buf, "<%s>", long_text);
	buf_printf(&buf, "%d", 7);
	assert_int_equal(buf.len, sizeof(long_text) - 1 + 3);
	assert_memory_equal(buf.data + buf.len - 3, "x>7", 3);
	buf_fini(&buf);
}

static void
adding_nothing_from_nowhere_is_allowed(void **state)
{
	(void)state;
	struct buf buf = {0};
	buf_add(&buf, NULL, 0);
	assert_int_equal(buf.len, 0);
	buf_fini(&buf);
}

static void
another_key_gives_other_hashes(void **state)
{
	(void)state;
	struct hash_key a, b;
	const uint8_t sip_a[HASH_KEY_BYTES] = {1}, sip_b[HASH_KEY_BYTES] = {2};
	hash_key_init(&a, sip_a);
	hash_key_init(&b, sip_b);
	assert_true(hash_id(&a, "x", 1).lo != hash_id(&b, "x", 1).lo);
	assert_true(hash_content(&a, "x", 1) != hash_content(&b, "x", 1));
	assert_true(hash_dims(&a, "x", 1).hi != hash_dims(&b, "x", 1).hi);
	assert_true(hash_id(&a, "x", 1).lo == hash_id(&a, "x", 1).lo);
	assert_true(hash_id(&a, "x", 1).lo != hash_id(&a, "y", 1).lo);
}

/* Every deployment orders by it: were it another, a log would be read as another history. The values are XXH3's own. */
static void
ties_are_broken_alike_everywhere(void **state)
{
	(void)state;
	assert_true(hash_tie((struct slice){0}) == UINT64_C(0x2d06800538d394c2));
	assert_true(hash_tie(slice_of("s-1")) == UINT64_C(0x6c0a94fc1286f81b));
	assert_true(hash_tie(slice_of("s-1")) != hash_tie(slice_of("s-2")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(text_longer_than_the_first_guess_is_printed_whole),
	    cmocka_unit_test(adding_nothing_from_nowhere_is_allowed),
	    cmocka_unit_test(another_key_gives_other_hashes),
	    cmocka_unit_test(ties_are_broken_alike_everywhere),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
