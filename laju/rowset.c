/* rowset.c - the rows that a client holds, newest version of each topic, in topic order. */
#include "laju/rowset.h"
#include "common/mem.h"
#include "laju/guess.h"
#include "schemas/topic.h"
#include <assert.h>
#include <stdlib.h>

static void
entry_fini(struct rowset_entry *entry)
{
	buf_fini(&entry->topic);
	buf_fini(&entry->row);
}

void
rowset_fini(struct rowset *set)
{
	for (uint32_t i = 0; i < set->count; i++)
		entry_fini(&set->entry[i]);
	free(set->entry);
	*set = (struct rowset){0};
}

static int
compare(struct slice a, struct slice b)
{
	uint32_t n = a.n < b.n ? a.n : b.n;
	int order = n ? memcmp(a.p, b.p, n) : 0;
	return order ? order : (a.n > b.n) - (a.n < b.n);
}

/* Where topic is, or belongs. A snapshot comes nearly in order, so the end is tried first. */
static uint32_t
place_of(const struct rowset *set, struct slice topic, bool *found)
{
	uint32_t low = 0, high = set->count;
	*found = false;
	if (high > 0 && compare(buf_slice(&set->entry[high - 1].topic), topic) < 0)
		return high;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = compare(buf_slice(&set->entry[middle].topic), topic);
		if (order == 0) {
			*found = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct rowset_entry *
insert(struct rowset *set, uint32_t place, struct slice topic)
{
	if (set->count == set->cap) {
		set->cap = set->cap ? set->cap * 2 : 64;
		set->entry = mem_realloc(set->entry, set->cap * sizeof(*set->entry));
	}
	struct rowset_entry *entry = &set->entry[place];
	memmove(entry + 1, entry, (set->count - place) * sizeof(*entry));
	set->count++;
	*entry = (struct rowset_entry){0};
	buf_add(&entry->topic, topic.p, topic.n);
	return entry;
}

enum rowset_put
rowset_put(struct rowset *set, struct slice topic, struct slice bytes)
{
	struct row *row = mem_alloc(sizeof(*row));
	bool found;
	enum rowset_put put = ROWSET_REFUSED;
	if (row_decode(row, bytes) != 0) {
		set->broken++;
		goto done;
	}
	uint32_t place = place_of(set, topic, &found);
	if (!found && set->count == ROWSET_ROWS_MAX) {
		set->refused++;
		goto done;
	}
	struct rowset_entry *entry = found ? &set->entry[place] : insert(set, place, topic);
	put = ROWSET_OLD;
	if (found && (row->epoch < entry->epoch || (row->epoch == entry->epoch && row->seq <= entry->seq)))
		goto done;
	put = ROWSET_NEW;
	entry->epoch = row->epoch;
	entry->seq = row->seq;
	entry->channel_seq = row->channel_seq;
	entry->gone = row->flags & ROW_GONE;
	entry->row.len = 0;
	buf_add(&entry->row, bytes.p, bytes.n);
done:
	free(row);
	return put;
}

void
rowset_drop_before(struct rowset *set, uint64_t epoch)
{
	uint32_t kept = 0;
	for (uint32_t i = 0; i < set->count; i++) {
		if (set->entry[i].epoch < epoch)
			entry_fini(&set->entry[i]);
		else
			set->entry[kept++] = set->entry[i];
	}
	set->count = kept;
}

const struct rowset_entry *
rowset_find(const struct rowset *set, struct slice topic)
{
	bool found;
	uint32_t place = place_of(set, topic, &found);
	return found && !set->entry[place].gone ? &set->entry[place] : NULL;
}

/* Up to the next slash; moves behind it. */
static struct slice
next_part(struct slice *rest)
{
	const uint8_t *slash = rest->n ? memchr(rest->p, '/', rest->n) : NULL;
	struct slice part = {rest->p, slash ? (uint32_t)(slash - rest->p) : rest->n};
	uint32_t used = slash ? part.n + 1 : part.n;
	*rest = (struct slice){rest->p + used, rest->n - used};
	return part;
}

bool
row_name_of(struct slice topic, struct row_name *name)
{
	if (!slice_is(next_part(&topic), "kpi"))
		return false;
	name->window = next_part(&topic);
	name->rollup = next_part(&topic);
	name->key = topic;
	return name->window.n > 0 && name->rollup.n > 0 && name->key.n > 0;
}

void
row_key_text(const struct row_name *name, const struct row *row, struct buf *out)
{
	struct slice key = row->flags & ROW_HASHED_KEY && row->key.n ? row->key : name->key;
	out->len = 0;
	if (!topic_part_decode(key, out)) {
		out->len = 0;
		buf_add(out, key.p, key.n);
	}
}

static bool
window_known(struct slice window, const char **near)
{
	const char *names[WINDOW_COUNT];
	char word[16] = "";
	*near = NULL;
	if (window_of(window) >= 0)
		return true;
	for (uint32_t i = 0; i < window.n; i++)
		if (strchr("*?@", window.p[i]))
			return true;
	for (int w = 0; w < WINDOW_COUNT; w++)
		names[w] = window_name((enum window)w);
	if (window.n < sizeof(word)) {
		memcpy(word, window.p, window.n);
		*near = guess_nearest(word, names, WINDOW_COUNT);
	}
	return false;
}

static void
encode_typed(const char *typed, struct buf *out)
{
	uint32_t slashes = 0;
	for (; *typed; typed++) {
		unsigned char c = (unsigned char)*typed;
		slashes += c == '/';
		/* Wildcards, separators and escapes that were typed stay what they are; + does in a rollup's name. */
		if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
		    strchr(slashes < 2 ? "*?/+%.-_~@" : "*?/%.-_~", c))
			buf_add(out, typed, 1);
		else
			buf_printf(out, "%%%02X", c);
	}
}

bool
pattern_of(const char *typed, struct buf *pattern, const char **near)
{
	if (strncmp(typed, "kpi/", 4) == 0)
		typed += 4;
	pattern->len = 0;
	buf_printf(pattern, "kpi/");
	encode_typed(typed, pattern);
	if (pattern->data[pattern->len - 1] == '/')
		pattern->len--;
	uint32_t slashes = 0;
	for (size_t i = 4; i < pattern->len; i++)
		slashes += pattern->data[i] == '/';
	if (slashes < 2 && pattern->data[pattern->len - 1] != '*')
		buf_printf(pattern, "/*");
	struct slice rest = {pattern->data + 4, (uint32_t)(pattern->len - 4)};
	return window_known(next_part(&rest), near);
}

struct slice
pattern_prefix(struct slice pattern)
{
	uint32_t n = 0;
	while (n < pattern.n && pattern.p[n] != '*' && pattern.p[n] != '?')
		n++;
	return (struct slice){pattern.p, n};
}
