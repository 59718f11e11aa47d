/* dead_letters.c - a ring of packed letters, numbers without a gap: a letter's place follows from its number. */
#include "publisher/dead_letters.h"
#include "common/mem.h"
#include "schemas/topic.h"
#include <assert.h>
#include <stdlib.h>

enum { CODE_BYTES_MAX = 64, TEXT_BYTES_MAX = 512, PEER_BYTES_MAX = 256 };

struct letter {
	uint8_t *bytes; /* topic, row; one allocation */
	uint32_t topic_bytes, row_bytes;
	uint64_t seq;
};

struct dead_letters {
	struct letter *ring;
	uint32_t max;
	uint64_t bytes_max;
	uint64_t first, next; /* numbers kept: [first, next) */
	uint64_t bytes, dropped;
	struct buf topic, row, text;
};

struct dead_letters *
dead_letters_new(uint32_t max, uint64_t bytes_max)
{
	struct dead_letters *letters = mem_zalloc(1, sizeof(*letters));

	assert(max > 0);
	letters->ring = mem_zalloc(max, sizeof(struct letter));
	letters->max = max;
	letters->bytes_max = bytes_max;
	letters->first = letters->next = 1;
	return letters;
}

static struct letter *
letter_at(const struct dead_letters *letters, uint64_t number)
{
	return &letters->ring[number % letters->max];
}

static void
drop_oldest(struct dead_letters *letters)
{
	struct letter *oldest = letter_at(letters, letters->first++);

	letters->bytes -= oldest->topic_bytes + oldest->row_bytes;
	free(oldest->bytes);
	oldest->bytes = NULL;
}

void
dead_letters_free(struct dead_letters *letters)
{
	if (letters == NULL)
		return;
	while (letters->first < letters->next)
		drop_oldest(letters);
	free(letters->ring);
	buf_fini(&letters->topic);
	buf_fini(&letters->row);
	buf_fini(&letters->text);
	free(letters);
}

static struct slice
cut(struct slice text, uint32_t max)
{
	if (text.n <= max)
		return text;
	while (max > 0 && (text.p[max] & 0xc0) == 0x80)
		max--; /* not within a UTF-8 character */
	return (struct slice){text.p, max};
}

static void
pack(struct dead_letters *letters, struct dead_row *dead)
{
	dead->number = letters->next;
	dead->code = cut(dead->code, CODE_BYTES_MAX);
	dead->peer = cut(dead->peer, PEER_BYTES_MAX);
	dead->text = cut(dead->text, TEXT_BYTES_MAX);
	if (dead->raw.n > DEAD_RAW_BYTES_MAX) {
		letters->text.len = 0;
		buf_add(&letters->text, dead->text.p, dead->text.n);
		buf_printf(&letters->text, " (its %u bytes were not kept)", dead->raw.n);
		dead->text = buf_slice(&letters->text);
		dead->raw = (struct slice){0};
	}
	letters->topic.len = letters->row.len = 0;
	buf_add(&letters->topic, "dlq/", 4);
	topic_part_encode(dead->code, &letters->topic);
	dead_encode(dead, &letters->row);
}

void
dead_letters_add(struct dead_letters *letters, struct dead_row *dead, uint64_t seq)
{
	pack(letters, dead);
	size_t need = letters->topic.len + letters->row.len;
	while (letters->first < letters->next &&
	       (letters->next - letters->first == letters->max || letters->bytes + need > letters->bytes_max)) {
		drop_oldest(letters);
		letters->dropped++;
	}
	struct letter *letter = letter_at(letters, letters->next++);
	letter->bytes = mem_alloc(need);
	letter->topic_bytes = (uint32_t)letters->topic.len;
	letter->row_bytes = (uint32_t)letters->row.len;
	letter->seq = seq;
	memcpy(letter->bytes, letters->topic.data, letter->topic_bytes);
	memcpy(letter->bytes + letter->topic_bytes, letters->row.data, letter->row_bytes);
	letters->bytes += need;
}

bool
dead_letters_from(const struct dead_letters *letters, uint64_t from, struct dead_view *view)
{
	uint64_t number = from > letters->first ? from : letters->first;

	if (number >= letters->next)
		return false;
	const struct letter *letter = letter_at(letters, number);
	view->number = number;
	view->seq = letter->seq;
	view->topic = (struct slice){letter->bytes, letter->topic_bytes};
	view->row = (struct slice){letter->bytes + letter->topic_bytes, letter->row_bytes};
	return true;
}

void
dead_letters_count(const struct dead_letters *letters, struct dead_counters *out)
{
	*out = (struct dead_counters){letters->next - letters->first, letters->next - 1, letters->dropped,
	                              letters->bytes};
}
