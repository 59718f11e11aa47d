/* channel_match.c - the source lists as one hash table; hosts by their suffixes. */
#include "ingest/channel_match.h"
#include "common/mem.h"
#include <errno.h>
#include <stdlib.h>

/* A plain name is never found by a host's suffix and the other way round: the kind is part of the key. */
enum entry_kind { ENTRY_NAME = 1, ENTRY_HOST, ENTRY_STEM /* "google" of "google.*" */ };

struct entry {
	uint32_t hash;
	uint32_t text;  /* offset */
	uint8_t n, kind;
	uint8_t lists;  /* bit l: in list l */
};
_Static_assert(LIST_COUNT <= 8, "struct entry keeps the lists in 8 bits");
_Static_assert(CHANNEL_ENTRY_BYTES_MAX <= UINT8_MAX, "struct entry keeps the length in 8 bits");

struct channel_lists {
	struct entry *entry;
	uint32_t *slot; /* index + 1 into entry; 0: free; linear probing */
	char *text;
	uint32_t count, slots, text_len, text_cap;
	uint32_t labels_max; /* of any entry: bounds how many suffixes of a host are tried */
};

void
folded_set(struct folded *folded, struct slice text)
{
	folded->n = text.n < CHANNEL_TEXT_MAX ? text.n : CHANNEL_TEXT_MAX;
	for (uint32_t i = 0; i < folded->n; i++) {
		uint8_t c = text.p[i];
		folded->text[i] = (char)(c + ((uint8_t)(c - 'A') < 26 ? 32 : 0));
	}
}

bool
folded_is(const struct folded *folded, const char *text)
{
	size_t n = strlen(text);
	return folded->n == n && memcmp(folded->text, text, n) == 0;
}

bool
folded_has(const struct folded *folded, const char *part)
{
	size_t n = strlen(part);
	for (const char *at = folded->text, *end = at + folded->n; (size_t)(end - at) >= n; at++) {
		at = memchr(at, part[0], (size_t)(end - at) - n + 1);
		if (at == NULL)
			return false;
		if (memcmp(at, part, n) == 0)
			return true;
	}
	return false;
}

/*
 * FNV-1a from the last byte to the first, so that one pass over a host yields the
 * hash of each of its suffixes. Unkeyed is enough: outsiders look up, they never insert.
 */
static uint32_t
hash_step(uint32_t hash, char byte)
{
	return (hash ^ (uint8_t)byte) * 16777619u;
}

static uint32_t
hash_start(enum entry_kind kind)
{
	return 2166136261u ^ ((uint32_t)kind << 16);
}

static uint32_t
hash_whole(enum entry_kind kind, const char *text, uint32_t n)
{
	uint32_t hash = hash_start(kind);
	while (n > 0)
		hash = hash_step(hash, text[--n]);
	return hash;
}

static const struct entry *
entry_find(const struct channel_lists *lists, enum entry_kind kind, uint32_t hash, const char *text, uint32_t n)
{
	if (lists->slots == 0)
		return NULL;
	for (uint32_t at = hash ^ hash >> 15;; at++) {
		uint32_t index = lists->slot[at & (lists->slots - 1)];
		if (index == 0)
			return NULL;
		const struct entry *entry = &lists->entry[index - 1];
		if (entry->hash == hash && entry->kind == (uint8_t)kind && entry->n == n &&
		    memcmp(lists->text + entry->text, text, n) == 0)
			return entry;
	}
}

static void
slot_fill(struct channel_lists *lists, uint32_t index)
{
	uint32_t hash = lists->entry[index].hash;
	uint32_t at = hash ^ hash >> 15;
	while (lists->slot[at & (lists->slots - 1)] != 0)
		at++;
	lists->slot[at & (lists->slots - 1)] = index + 1;
}

/* Keeps the table at most half full, so probing ends. */
static void
lists_grow(struct channel_lists *lists)
{
	if (2 * (lists->count + 1) <= lists->slots)
		return;
	lists->slots = lists->slots ? 2 * lists->slots : 64;
	free(lists->slot);
	lists->slot = mem_zalloc(lists->slots, sizeof(*lists->slot));
	lists->entry = mem_realloc(lists->entry, lists->slots / 2 * sizeof(*lists->entry));
	for (uint32_t i = 0; i < lists->count; i++)
		slot_fill(lists, i);
}

struct channel_lists *
channel_lists_new(void)
{
	return mem_zalloc(1, sizeof(struct channel_lists));
}

void
channel_lists_free(struct channel_lists *lists)
{
	if (lists == NULL)
		return;
	free(lists->entry);
	free(lists->slot);
	free(lists->text);
	free(lists);
}

static uint32_t
count_labels(const char *text, uint32_t n)
{
	uint32_t labels = 1;
	for (uint32_t i = 0; i < n; i++)
		labels += text[i] == '.';
	return labels;
}

/* No empty label, nothing that a host cannot hold: an entry that could never match is the user's mistake. */
static bool
host_is_valid(const char *text, uint32_t n)
{
	char before = '.';
	for (uint32_t i = 0; i < n; i++) {
		if ((text[i] == '.' && before == '.') || (uint8_t)text[i] <= ' ' || strchr("/:@*?#", text[i]) != NULL)
			return false;
		before = text[i];
	}
	return n > 0 && before != '.';
}

static bool
name_is_valid(const char *text, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if ((uint8_t)text[i] < ' ' || text[i] == '*')
			return false;
	return n > 0 && text[0] != ' ' && text[n - 1] != ' ';
}

static void
entry_append(struct channel_lists *lists, enum entry_kind kind, uint32_t hash, const char *text, uint32_t n,
             uint8_t list_bit)
{
	lists_grow(lists);
	if (lists->text_cap - lists->text_len < n) {
		lists->text_cap = 2 * lists->text_cap + 4096;
		lists->text = mem_realloc(lists->text, lists->text_cap);
	}
	memcpy(lists->text + lists->text_len, text, n);
	lists->entry[lists->count] = (struct entry){hash, lists->text_len, (uint8_t)n, (uint8_t)kind, list_bit};
	lists->text_len += n;
	slot_fill(lists, lists->count++);
	uint32_t labels = count_labels(text, n);
	if (kind != ENTRY_NAME && labels > lists->labels_max)
		lists->labels_max = labels;
}

int
channel_lists_add(struct channel_lists *lists, enum channel_list list, struct slice entry)
{
	if ((unsigned)list >= LIST_COUNT || entry.n == 0 || entry.n > CHANNEL_ENTRY_BYTES_MAX)
		return -EINVAL;
	struct folded folded;
	folded_set(&folded, entry);
	enum entry_kind kind = memchr(folded.text, '.', folded.n) ? ENTRY_HOST : ENTRY_NAME;
	if (kind == ENTRY_HOST && folded.n > 2 && memcmp(folded.text + folded.n - 2, ".*", 2) == 0) {
		kind = ENTRY_STEM;
		folded.n -= 2;
	}
	if (!(kind == ENTRY_NAME ? name_is_valid : host_is_valid)(folded.text, folded.n))
		return -EINVAL;

	uint32_t hash = hash_whole(kind, folded.text, folded.n);
	const struct entry *old = entry_find(lists, kind, hash, folded.text, folded.n);
	if (old != NULL) {
		lists->entry[old - lists->entry].lists |= (uint8_t)(1u << list);
		return 0;
	}
	if (lists->count == CHANNEL_LISTS_MAX)
		return -E2BIG;
	entry_append(lists, kind, hash, folded.text, folded.n, (uint8_t)(1u << list));
	return 0;
}

int
channel_list_of(struct slice name)
{
	static const char *const names[LIST_COUNT] = {"search", "social", "shopping", "video", "ai", "own", "other"};
	for (int list = 0; list < LIST_COUNT; list++)
		if (slice_is(name, names[list]))
			return list;
	return -1;
}

/* The longest entry of that kind that text ends with at a label boundary. */
static const struct entry *
suffix_find(const struct channel_lists *lists, enum entry_kind kind, const char *text, uint32_t n)
{
	const struct entry *best = NULL;
	uint32_t hash = hash_start(kind), labels = 0;
	for (uint32_t at = n; at > 0 && labels < lists->labels_max; at--) {
		hash = hash_step(hash, text[at - 1]);
		if (at > 1 && text[at - 2] != '.')
			continue;
		labels++;
		const struct entry *entry = entry_find(lists, kind, hash, text + at - 1, n - at + 1);
		if (entry != NULL)
			best = entry;
	}
	return best;
}

static bool
label_in(const char *label, uint32_t n, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strlen(*words) == n && memcmp(*words, label, n) == 0)
			return true;
	return false;
}

/*
 * Where the label before a country suffix ends: "www.google.co.id" -> the bytes of
 * "www.google". A country suffix is a two-letter top domain, with or without com, co, ...
 * before it, or one of the old generic ones. wide asks for the two-label form. 0: no such suffix.
 */
static uint32_t
stem_len(const char *text, uint32_t n, bool wide)
{
	static const char *const tops[] = {"com", "net", "org", NULL};
	static const char *const seconds[] = {"com", "co", "net", "org", "or", "ne", NULL};
	const char *dot = memrchr(text, '.', n);
	if (dot == NULL || dot == text)
		return 0;
	uint32_t before = (uint32_t)(dot - text);
	uint32_t top = n - before - 1;
	if (!wide)
		return top == 2 || label_in(dot + 1, top, tops) ? before : 0;
	if (top != 2)
		return 0;
	dot = memrchr(text, '.', before);
	if (dot == NULL || dot == text)
		return 0;
	uint32_t stem = (uint32_t)(dot - text);
	return label_in(dot + 1, before - stem - 1, seconds) ? stem : 0;
}

unsigned
channel_lists_mask(const struct channel_lists *lists, const struct folded *source)
{
	const char *text = source->text;
	uint32_t n = source->n;
	if (n > 0 && text[n - 1] == '.') /* a host written as a root-anchored name */
		n--;
	if (memchr(text, '.', n) == NULL) {
		const struct entry *name =
		    entry_find(lists, ENTRY_NAME, hash_whole(ENTRY_NAME, text, n), text, n);
		return name ? name->lists : 0;
	}
	const struct entry *host = suffix_find(lists, ENTRY_HOST, text, n);
	uint32_t best = host ? host->n : 0;
	unsigned mask = host ? host->lists : 0;
	for (int wide = 0; wide < 2; wide++) {
		uint32_t stem = stem_len(text, n, wide);
		const struct entry *entry = stem ? suffix_find(lists, ENTRY_STEM, text, stem) : NULL;
		if (entry != NULL && entry->n + (n - stem) > best) {
			best = entry->n + (n - stem);
			mask = entry->lists;
		}
	}
	return mask;
}

bool
channel_is_brand(const struct folded *source, const char *brand)
{
	if (folded_is(source, brand))
		return true;
	uint32_t n = (uint32_t)strlen(brand);
	for (int wide = 0; wide < 2; wide++) {
		uint32_t stem = stem_len(source->text, source->n, wide);
		if (stem >= n && memcmp(source->text + stem - n, brand, n) == 0 &&
		    (stem == n || source->text[stem - n - 1] == '.'))
			return true;
	}
	return false;
}

/* Bytes of "scheme://", 0 if there is none. */
static uint32_t
scheme_len(struct slice url)
{
	for (uint32_t i = 0; i < url.n; i++) {
		uint8_t c = url.p[i], lower = c | 0x20;
		if (lower >= 'a' && lower <= 'z')
			continue;
		if (i > 0 && ((c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.'))
			continue;
		return i > 0 && url.n - i >= 3 && memcmp(url.p + i, "://", 3) == 0 ? i + 3 : 0;
	}
	return 0;
}

/* Cuts user@ and :port. False: malformed. */
static bool
authority_to_host(struct slice *authority)
{
	const uint8_t *at = authority->n ? memrchr(authority->p, '@', authority->n) : NULL;
	if (at != NULL) {
		authority->n -= (uint32_t)(at + 1 - authority->p);
		authority->p = at + 1;
	}
	uint32_t n = authority->n;
	while (n > 0 && authority->p[n - 1] >= '0' && authority->p[n - 1] <= '9')
		n--;
	if (n > 0 && authority->p[n - 1] == ':')
		authority->n = n - 1;
	if (authority->n > 0 && authority->p[authority->n - 1] == '.')
		authority->n--;
	return authority->n > 0 && authority->n <= CHANNEL_ENTRY_BYTES_MAX;
}

static bool
ends_authority(uint8_t c)
{
	return c == '/' || c == '?' || c == '#' || c == '\\';
}

void
channel_host_of(struct slice url, struct folded *host)
{
	host->n = 0;
	uint32_t start = scheme_len(url);
	if (start == 0)
		return;
	struct slice authority = {url.p + start, 0};
	while (start + authority.n < url.n && !ends_authority(authority.p[authority.n]))
		authority.n++;
	if (!authority_to_host(&authority))
		return;
	folded_set(host, authority);
	bool literal = host->n > 2 && host->text[0] == '[' && host->text[host->n - 1] == ']'; /* IPv6 */
	if (!literal && !host_is_valid(host->text, host->n))
		host->n = 0;
}
