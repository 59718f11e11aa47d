/* yaml.c - libfyaml's events into a located tree. Problems: problems.c. */
#include "laju/yaml.h"
#include "laju/guess.h"
#include "laju/text.h"
#include "common/index.h"
#include "common/mem.h"
#include <errno.h>
#include <fcntl.h>
#include <libfyaml.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

/* ---- bytes ---- */

static void
find_lines(struct yaml_file *file)
{
	uint32_t lines = 1;
	for (size_t i = 0; i < file->len; i++)
		lines += file->text[i] == '\n';
	file->line_at = mem_alloc(lines * sizeof(*file->line_at));
	file->line_at[file->lines++] = 0;
	for (size_t i = 0; i < file->len; i++)
		if (file->text[i] == '\n')
			file->line_at[file->lines++] = (uint32_t)i + 1;
}

static bool
is_forbidden(uint32_t code)
{
	return (code < 0x20 && code != '\t' && code != '\n' && code != '\r') || (code >= 0x7f && code < 0xa0);
}

static bool
check_bytes(const struct yaml_file *file, struct config_problems *problems)
{
	const uint8_t *bytes = (const uint8_t *)file->text;
	for (uint32_t i = 0; i < file->len;) {
		uint32_t code, length = text_char(bytes + i, (uint32_t)file->len - i, &code);
		if (length == 0) {
			yaml_error(file, i, problems, "byte 0x%02x is not UTF-8 text", bytes[i]);
			return false;
		}
		if (is_forbidden(code)) {
			yaml_error(file, i, problems, "the control character U+%04X is not allowed", code);
			return false;
		}
		i += length;
	}
	return true;
}

/* ---- the tree ---- */

static struct yaml_node *
node_new(struct yaml_file *file, enum yaml_kind kind, uint32_t at, struct slice text)
{
	struct yaml_node *node = mem_alloc(sizeof(*node) + text.n + 1);
	uint8_t *copy = (uint8_t *)(node + 1);
	if (text.n > 0)
		memcpy(copy, text.p, text.n);
	copy[text.n] = '\0';
	*node = (struct yaml_node){.kind = (uint8_t)kind, .at = at, .text = {copy, text.n}, .made_before = file->made};
	file->made = node;
	file->made_count++;
	return node;
}

struct map_key {
	const struct yaml_node *map, *key;
};

struct builder {
	struct yaml_file *file;
	struct config_problems *problems;
	struct fy_parser *parser;
	uint32_t depth;
	struct {
		struct yaml_node *node, *last; /* last child */
		struct yaml_node *key;         /* of the child to come */
		bool twice;                    /* the map has that key already */
	} level[YAML_DEPTH_MAX];
	uint32_t last_at;
	/* Keys of all maps, so that one given twice is found at once. */
	struct index index;
	struct map_key *keys;
	uint32_t key_count, key_cap;
};

static bool
refuse(struct builder *b, uint32_t at, const char *message)
{
	yaml_error(b->file, at, b->problems, "%s", message);
	return false;
}

/* The map's key of the same text, or NULL: then this one is kept for those to come. */
static const struct yaml_node *
same_key(struct builder *b, const struct yaml_node *map, const struct yaml_node *key)
{
	uint64_t hash = XXH3_64bits_withSeed(key->text.p, key->text.n, (uintptr_t)map);
	struct index_walk walk;
	for (uint32_t k = index_first(&b->index, &walk, hash); k != INDEX_NONE; k = index_next(&b->index, &walk))
		if (b->keys[k].map == map && slice_equal(b->keys[k].key->text, key->text))
			return b->keys[k].key;
	if (b->key_count == b->key_cap) {
		b->key_cap = b->key_cap ? b->key_cap * 2 : 64;
		b->keys = mem_realloc(b->keys, b->key_cap * sizeof(*b->keys));
	}
	b->keys[b->key_count] = (struct map_key){map, key};
	index_insert(&b->index, hash, b->key_count++);
	return NULL;
}

static bool
take_key(struct builder *b, struct yaml_node *node)
{
	if (node->kind != YAML_SCALAR)
		return refuse(b, node->at, "a key must be plain text");
	const struct yaml_node *first = same_key(b, b->level[b->depth - 1].node, node);
	if (first != NULL)
		yaml_error(b->file, node->at, b->problems, "'%s' is given twice; the first is in line %u",
		           (const char *)node->text.p, yaml_line(b->file, first->at));
	b->level[b->depth - 1].key = node;
	b->level[b->depth - 1].twice = first != NULL;
	return true;
}

/* Hangs a new node where it belongs. */
static bool
take_node(struct builder *b, struct yaml_node *node)
{
	if (b->depth == 0) {
		if (b->file->root != NULL)
			return refuse(b, node->at, "a second YAML document; one is read");
		b->file->root = node;
		return true;
	}
	struct yaml_node *parent = b->level[b->depth - 1].node;
	if (parent->kind == YAML_MAP && b->level[b->depth - 1].key == NULL)
		return take_key(b, node);
	node->key = b->level[b->depth - 1].key;
	b->level[b->depth - 1].key = NULL;
	if (b->level[b->depth - 1].twice)
		return true;
	if (b->level[b->depth - 1].last)
		b->level[b->depth - 1].last->next = node;
	else
		parent->first = node;
	b->level[b->depth - 1].last = node;
	parent->count++;
	return true;
}

static bool
open_level(struct builder *b, struct yaml_node *node)
{
	bool is_key = b->depth > 0 && b->level[b->depth - 1].node->kind == YAML_MAP && b->level[b->depth - 1].key == NULL;
	if (is_key)
		return refuse(b, node->at, "a key must be plain text");
	if (!take_node(b, node))
		return false;
	if (b->depth == YAML_DEPTH_MAX)
		return refuse(b, node->at, "nested too deep");
	b->level[b->depth].node = node;
	b->level[b->depth].last = b->level[b->depth].key = NULL;
	b->level[b->depth].twice = false;
	b->depth++;
	return true;
}

static bool
take_scalar(struct builder *b, struct fy_token *value, uint32_t at)
{
	size_t n = 0;
	const char *text = value ? fy_token_get_text(value, &n) : NULL;
	struct slice slice = {(const uint8_t *)text, text ? (uint32_t)n : 0};
	if (slice.n > 0 && memchr(slice.p, 0, slice.n) != NULL)
		return refuse(b, at, "a NUL character in a text");
	struct yaml_node *node = node_new(b->file, YAML_SCALAR, at, slice);
	node->plain = value == NULL || fy_token_scalar_style(value) == FYSS_PLAIN;
	return take_node(b, node);
}

static bool
take_event(struct builder *b, struct fy_event *event)
{
	const struct fy_mark *mark = fy_event_start_mark(event);
	/* An empty value has no place of its own: it stands where the token before it stood. */
	uint32_t at = mark && mark->input_pos <= b->file->len ? (uint32_t)mark->input_pos : b->last_at;
	struct slice none = {0};
	b->last_at = at;
	if (b->file->made_count >= YAML_NODES_MAX)
		return refuse(b, at, "too many values");
	switch (event->type) {
	case FYET_SCALAR:
		if (event->scalar.anchor || event->scalar.tag)
			return refuse(b, at, "anchors and tags are not supported");
		return take_scalar(b, event->scalar.value, at);
	case FYET_MAPPING_START:
		if (event->mapping_start.anchor || event->mapping_start.tag)
			return refuse(b, at, "anchors and tags are not supported");
		return open_level(b, node_new(b->file, YAML_MAP, at, none));
	case FYET_SEQUENCE_START:
		if (event->sequence_start.anchor || event->sequence_start.tag)
			return refuse(b, at, "anchors and tags are not supported");
		return open_level(b, node_new(b->file, YAML_LIST, at, none));
	case FYET_MAPPING_END:
	case FYET_SEQUENCE_END:
		if (b->depth > 0)
			b->depth--;
		return true;
	case FYET_ALIAS:
		return refuse(b, at, "aliases (*name) are not supported; quote a text that begins with *");
	default:
		return true;
	}
}

/* ---- libfyaml ---- */

static void
say_nothing(struct fy_diag *diag, void *user, const char *bytes, size_t n)
{
	(void)diag, (void)user, (void)bytes, (void)n;
}

/* Byte offset of a 1-based line and column as libfyaml counts them (characters). */
static uint32_t
offset_of(const struct yaml_file *file, int line, int column)
{
	size_t at = 0;
	for (int l = 1; l < line && at < file->len; at++)
		l += file->text[at] == '\n';
	for (int c = 1; c < column && at < file->len && file->text[at] != '\n'; c++)
		for (at++; at < file->len && ((uint8_t)file->text[at] & 0xc0) == 0x80;)
			at++;
	return (uint32_t)at;
}

static void
report_diag(struct yaml_file *file, struct fy_diag *diag, struct config_problems *problems)
{
	void *iterator = NULL;
	struct fy_diag_error *error = fy_diag_errors_iterate(diag, &iterator);
	/* Only the first: what follows is its echo. */
	if (error != NULL)
		yaml_error(file, offset_of(file, error->line, error->column), problems, "not YAML: %s", error->msg);
	else
		yaml_error(file, (uint32_t)file->len, problems, "not YAML");
}

static bool
run_parser(struct builder *b)
{
	struct fy_diag_cfg diag_cfg = {.output_fn = say_nothing, .level = FYET_ERROR, .module_mask = ~0u};
	struct fy_diag *diag = fy_diag_create(&diag_cfg);
	if (diag == NULL)
		return refuse(b, 0, "out of memory");
	fy_diag_set_collect_errors(diag, true);
	struct fy_parse_cfg cfg = {
	    .flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_JSON_NONE | FYPCF_DEFAULT_VERSION_1_2, .diag = diag};
	b->parser = fy_parser_create(&cfg);
	bool good = b->parser != NULL && fy_parser_set_string(b->parser, b->file->text, b->file->len) == 0;
	bool refused = false;
	struct fy_event *event;
	while (good && !refused && (event = fy_parser_parse(b->parser)) != NULL) {
		refused = !take_event(b, event);
		fy_parser_event_free(b->parser, event);
	}
	if (good && !refused && fy_parser_get_stream_error(b->parser))
		good = false;
	if (!good)
		report_diag(b->file, diag, b->problems);
	fy_parser_destroy(b->parser);
	fy_diag_destroy(diag);
	return good && !refused;
}

bool
yaml_parse(struct yaml_file *file, const char *name, struct slice text, struct config_problems *problems)
{
	if (text.n >= 3 && memcmp(text.p, "\xef\xbb\xbf", 3) == 0) { /* some editors begin with a mark */
		text.p += 3;
		text.n -= 3;
	}
	*file = (struct yaml_file){.name = mem_alloc(strlen(name) + 1), .text = mem_alloc((size_t)text.n + 1), .len = text.n};
	strcpy(file->name, name);
	if (text.n > 0)
		memcpy(file->text, text.p, text.n);
	file->text[text.n] = '\0';
	if (text.n > YAML_BYTES_MAX) {
		problem_error(problems, name, "larger than %d MiB", YAML_BYTES_MAX >> 20);
		return false;
	}
	find_lines(file);
	if (!check_bytes(file, problems))
		return false;
	struct builder builder = {.file = file, .problems = problems};
	index_init(&builder.index);
	bool good = run_parser(&builder);
	index_fini(&builder.index);
	free(builder.keys);
	if (!good)
		file->root = NULL;
	return good;
}

struct yaml_node *
yaml_bare(struct yaml_file *file, const char *name, struct slice value)
{
	*file = (struct yaml_file){.name = mem_alloc(strlen(name) + 1), .bare = true};
	strcpy(file->name, name);
	file->root = node_new(file, YAML_SCALAR, 0, value);
	return file->root;
}

/* The whole file into out, at most YAML_BYTES_MAX + 1 bytes. 0 or a negative errno. */
static int
read_whole(const char *path, struct buf *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO must not hang `laju check` */
	if (fd < 0)
		return -errno;
	struct stat status;
	int error = fstat(fd, &status) < 0 ? -errno : S_ISDIR(status.st_mode) ? -EISDIR : 0;
	while (error == 0 && out->len <= YAML_BYTES_MAX) {
		ssize_t n = read(fd, buf_reserve(out, 65536), 65536);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			error = -errno;
		if (n <= 0)
			break;
		out->len += (size_t)n;
	}
	close(fd);
	return error;
}

bool
yaml_read(struct yaml_file *file, const char *path, struct config_problems *problems)
{
	struct buf bytes = {0};
	*file = (struct yaml_file){0};
	int error = read_whole(path, &bytes);
	bool good = false;
	if (error < 0)
		problem_error(problems, path, "cannot be read: %s", strerror(-error));
	else
		good = yaml_parse(file, path, buf_slice(&bytes), problems);
	buf_fini(&bytes);
	return good;
}

void
yaml_fini(struct yaml_file *file)
{
	for (struct yaml_node *node = file->made, *before; node; node = before) {
		before = node->made_before;
		free(node);
	}
	free(file->name);
	free(file->text);
	free(file->line_at);
	*file = (struct yaml_file){0};
}

/* ---- walking ---- */

struct yaml_node *
yaml_find(const struct yaml_node *map, const char *key)
{
	for (struct yaml_node *child = map && map->kind == YAML_MAP ? map->first : NULL; child; child = child->next)
		if (slice_is(child->key->text, key))
			return child;
	return NULL;
}

bool
yaml_expect(const struct yaml_file *file, const struct yaml_node *node, enum yaml_kind kind, const char *what,
            struct config_problems *problems)
{
	static const char *const words[] = {"a single value", "a list", "a map of names to values"};
	if (node->kind == kind)
		return true;
	bool empty = node->kind == YAML_SCALAR && node->text.n == 0;
	yaml_error(file, node->at, problems, "%s must be %s, not %s", what, words[kind],
	           empty ? "empty" : words[node->kind]);
	return false;
}

void
yaml_check_keys(const struct yaml_file *file, const struct yaml_node *map, const char *const *names,
                struct config_problems *problems)
{
	for (const struct yaml_node *child = map->first; child; child = child->next) {
		struct guess guess;
		guess_begin(&guess, child->key->text);
		bool known = false;
		for (const char *const *name = names; *name && !known; name++) {
			known = slice_is(child->key->text, *name);
			guess_offer(&guess, *name);
		}
		if (!known)
			yaml_error(file, child->key->at, problems, "unknown key '%s'%s", (const char *)child->key->text.p,
			           guess_text(&guess));
	}
}
