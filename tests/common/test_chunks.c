/* test_chunks.c - pieces keep their place and content while more are added, and take up little. */
#include "common/chunks.h"
#include "tests/common/random.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

enum { PIECES = 20000 };

struct piece {
	uint32_t offset, bytes;
};

static void
fill(struct chunks *chunks, struct piece *piece, uint32_t number, uint32_t bytes)
{
	*piece = (struct piece){chunks_add(chunks, bytes), bytes};
	memset(chunks_at(chunks, piece->offset), (uint8_t)number, bytes);
}

static void
is_as_filled(const struct chunks *chunks, const struct piece *piece, uint32_t number)
{
	assert_int_equal(piece->offset / CHUNK_BYTES, (piece->offset + piece->bytes - 1) / CHUNK_BYTES);
	for (uint32_t i = 0; i < piece->bytes; i++)
		assert_int_equal(chunks_at(chunks, piece->offset)[i], (uint8_t)number);
}

static void
pieces_stay_as_they_are(void **state)
{
	(void)state;
	struct random random = random_start(__func__);
	struct chunks chunks = {0};
	struct piece *piece = test_calloc(PIECES, sizeof(*piece));
	for (uint32_t n = 0; n < PIECES; n++) {
		bool large = random_below(&random, 1000) == 0;
		fill(&chunks, &piece[n], n, (uint32_t)random_below(&random, large ? CHUNK_BYTES : 100) + 1);
		if (random_below(&random, 300) == 0) {
			chunks_shrink(&chunks);
			assert_int_equal(chunks.cap, chunks.len);
		}
	}
	assert_true(chunks.len > 20 * CHUNK_BYTES);
	for (uint32_t n = 0; n < PIECES; n++)
		is_as_filled(&chunks, &piece[n], n);
	/* Taken from the front. */
	uint32_t dropped = 0;
	for (uint32_t n = 0; n < PIECES / 2; n++) {
		is_as_filled(&chunks, &piece[n], n);
		chunks_drop(&chunks, dropped, piece[n].offset + piece[n].bytes);
		dropped = piece[n].offset + piece[n].bytes;
	}
	assert_true(dropped > CHUNK_BYTES);
	chunks_fini(&chunks, dropped);
	test_free(piece);
}

static void
what_a_chunk_has_no_room_for_is_a_gap(void **state)
{
	(void)state;
	struct chunks chunks = {0};
	chunks_add(&chunks, CHUNK_BYTES - 10);
	assert_int_equal(chunks_add(&chunks, 11), CHUNK_BYTES);
	for (uint32_t i = 1; i <= 10; i++)
		assert_int_equal(*chunks_at(&chunks, CHUNK_BYTES - i), CHUNK_GAP);
	chunks_fini(&chunks, 0);
	chunks_add(&chunks, CHUNK_BYTES - 10); /* empty as before */
	assert_int_equal(chunks_add(&chunks, 10), CHUNK_BYTES - 10);
	assert_int_equal(chunks_add(&chunks, 1), CHUNK_BYTES);
	chunks_drop(&chunks, 0, CHUNK_BYTES);
	chunks_fini(&chunks, CHUNK_BYTES);
}

static void
few_bytes_take_up_few(void **state)
{
	(void)state;
	struct chunks chunks = {0};
	assert_int_equal(chunks_bytes(&chunks, 0), 0);
	for (uint32_t len = 1; len < 3 * CHUNK_BYTES; len += 7) {
		chunks_add(&chunks, 7);
		assert_true(chunks_bytes(&chunks, 0) <= chunks.len + chunks.len / 2 + 7 + 32);
	}
	chunks_shrink(&chunks);
	assert_true(chunks_bytes(&chunks, 0) <= chunks.len + 32);
	chunks_fini(&chunks, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(pieces_stay_as_they_are),
	    cmocka_unit_test(what_a_chunk_has_no_room_for_is_a_gap),
	    cmocka_unit_test(few_bytes_take_up_few),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
