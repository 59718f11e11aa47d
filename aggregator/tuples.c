/* tuples.c - the table of tuples. */
#include "aggregator/tuples.h"
#include "aggregator/numbers.h"
#include "common/mem.h"
#include <assert.h>
#include <stdlib.h>

enum { FOLD_MARGIN = 64 };

/* Most measures that events of one type can feed. */
static uint32_t
measures_of_type_max(const struct kpi_set *kpis)
{
	uint32_t count[EVENT_TYPE_COUNT] = {0}, max = 1;
	for (uint32_t m = 0; m < kpis->measure_count; m++)
		if (++count[kpis->measure[m].from] > max)
			max = count[kpis->measure[m].from];
	return max;
}

static void
make_classes(struct tuple_set *set, const struct kpi_set *kpis)
{
	for (uint32_t m = 0; m < kpis->measure_count; m++) {
		const struct measure *measure = &kpis->measure[m];
		uint32_t like = 0;
		if (!take_is_touch(measure->take))
			continue;
		while (like < m && !measure_same_class(measure, &kpis->measure[like]))
			like++;
		if (like < m) {
			set->class_of[m] = set->class_of[like];
			continue;
		}
		assert(set->class_count < CLASSES_MAX); /* the configuration was checked */
		set->class_kind[set->class_count] = measure->entity;
		set->class_of[m] = (uint8_t)set->class_count++;
	}
}

uint8_t
tuple_kinds(const struct tuple_set *set, uint8_t classes)
{
	uint8_t kinds = 0;
	for (uint32_t k = 0; k < set->class_count; k++)
		if (classes >> k & 1)
			kinds |= (uint8_t)(1u << set->class_kind[k]);
	return kinds;
}

void
tuple_set_init(struct tuple_set *set, const struct kernel_config *config, uint8_t dims_mask)
{
	*set = (struct tuple_set){
	    .config = config, .dims_mask = dims_mask, .measures_max = measures_of_type_max(config->kpis)};
	assert(set->measures_max <= MEASURES_MAX);
	size_t stride = sizeof(struct tuple) + config->rollup_count * sizeof(uint32_t) +
	                (size_t)set->measures_max * (2 + config->rollup_count);
	set->stride = (uint32_t)((stride + 7) / 8 * 8);
	pool_init(&set->pool, set->stride, TUPLE_CHUNK);
	make_classes(set, config->kpis);
	index_init(&set->index);
}

void
tuple_set_fini(struct tuple_set *set)
{
	for (uint32_t id = 0; id < set->pool.end; id++)
		slab_free(&set->texts, tuple_at(set, id)->texts, tuple_at(set, id)->text_bytes);
	slab_fini(&set->texts);
	pool_fini(&set->pool);
	index_fini(&set->index);
}

void
form_of_event(const struct tuple_set *set, const struct group *group, const struct group_event *event,
              struct form *form)
{
	*form = (struct form){.type = event->type, .stage = event->stage, .kind = event->kind};
	for (unsigned d = 0; d < EVENT_DIMS; d++)
		if (set->dims_mask >> d & 1)
			form->text[d] = group_text(group, event, (enum event_text)d);
	form->text[TEXT_CTYPE] = group_text(group, event, TEXT_CTYPE);
}

void
form_of_tuple(const struct tuple_set *set, uint32_t id, struct form *form)
{
	const struct tuple *tuple = tuple_at(set, id);
	const uint8_t *at = tuple->texts;
	*form = (struct form){
	    .type = tuple->type, .stage = tuple->stage, .kind = tuple->kind, .booking = tuple->booking};
	for (unsigned t = 0; t <= TEXT_CTYPE; t++) {
		uint16_t n;
		if (t < EVENT_DIMS && !(set->dims_mask >> t & 1))
			continue;
		memcpy(&n, at, sizeof(n));
		form->text[t] = (struct slice){n > 0 ? at + sizeof(n) : NULL, n};
		at += sizeof(n) + n;
	}
}

static uint8_t *
put_text(uint8_t *to, struct slice text)
{
	uint16_t n = (uint16_t)text.n;
	memcpy(to, &n, sizeof(n));
	if (n > 0)
		memcpy(to + sizeof(n), text.p, n);
	return to + sizeof(n) + n;
}

enum { FORM_TEXTS_MAX = (EVENT_DIMS + 1) * (2 + EVENT_TEXT_BYTES_MAX) };

/* The texts in use, as a tuple keeps them. Returns the bytes. */
static uint16_t
put_texts(const struct tuple_set *set, const struct form *form, uint8_t to[FORM_TEXTS_MAX])
{
	uint8_t *at = to;
	for (unsigned t = 0; t <= TEXT_CTYPE; t++)
		if (t == TEXT_CTYPE || set->dims_mask >> t & 1)
			at = put_text(at, form->text[t]);
	return (uint16_t)(at - to);
}

/* As group_dims_hash() where nothing is booked in a way of its own. */
struct hash128
form_hash(const struct tuple_set *set, const struct form *form)
{
	uint8_t canonical[3 + FORM_TEXTS_MAX], *to = canonical;
	*to++ = (uint8_t)(form->type | form->booking << 4);
	*to++ = form->stage;
	*to++ = form->kind;
	to = put_text(to, form->text[TEXT_CTYPE]);
	for (unsigned d = 0; d < EVENT_DIMS; d++)
		if (set->dims_mask >> d & 1)
			to = put_text(to, form->text[d]);
	return hash_dims(&set->config->key, canonical, (size_t)(to - canonical));
}

uint32_t
tuple_find(const struct tuple_set *set, struct hash128 hash)
{
	struct index_walk walk;
	for (uint32_t id = index_first(&set->index, &walk, hash.lo); id != INDEX_NONE;
	     id = index_next(&set->index, &walk))
		if (tuple_is(tuple_at(set, id), hash))
			return id;
	return TUPLE_NONE;
}

static struct slice
text_or_none(struct slice text)
{
	return text.n > 0 ? text : slice_of("~none");
}

static bool
where_holds(const struct where *where, const struct form *form)
{
	for (unsigned v = 0; v < where->count; v++) {
		if (where->field == WHERE_STAGE ? where->number[v] == form->stage
		    : where->field == WHERE_KIND ? where->number[v] == form->kind
		    : where->field == WHERE_MATCHED
		        ? where->number[v] == !(form->booking & FORM_UNMATCHED)
		        : slice_is(text_or_none(form->text[where->field == WHERE_COST_TYPE ? (unsigned)TEXT_CTYPE : where->field]),
		                   where->value[v]))
			return true;
	}
	return false;
}

static bool
measure_takes(const struct measure *measure, const struct form *form)
{
	if (measure->from != form->type || measure->as_sold != ((form->booking & FORM_AS_SOLD) != 0))
		return false;
	for (unsigned w = 0; w < measure->where_count; w++)
		if (!where_holds(&measure->where[w], form))
			return false;
	return true;
}

static uint8_t
column_for(struct tuple *tuple, uint8_t source)
{
	for (uint8_t c = 0; c < tuple->columns; c++)
		if (tuple->column[c] == source)
			return c;
	assert(tuple->columns < PANE_COLUMNS_MAX);
	tuple->column[tuple->columns] = source;
	return tuple->columns++;
}

/* What a measure by addition adds up. */
static uint8_t
source_of(const struct measure *measure)
{
	switch (measure->take) {
	case TAKE_COUNT:
		return COLUMN_COUNT;
	case TAKE_NEW:
		return COLUMN_NEW;
	case TAKE_STAGE:
		return (uint8_t)(COLUMN_STAGE + measure->stage - STAGE_LEAD);
	case TAKE_COHORT:
		if (measure->stage == measure->of)
			return (uint8_t)(COLUMN_STAGE + measure->stage - STAGE_LEAD);
		return (uint8_t)(COLUMN_COHORT + cohort_of(measure->of, measure->stage));
	default:
		return measure->num;
	}
}

/* Fills columns, of[] and measure[]. */
static void
find_measures(const struct tuple_set *set, struct tuple *tuple, const struct form *form)
{
	const struct kpi_set *kpis = set->config->kpis;
	uint8_t *of = tuple_of(set, tuple), *measure = tuple_measures(set, tuple);
	uint8_t touch[MEASURES_MAX], touches = 0;
	for (uint32_t m = 0; m < kpis->measure_count; m++) {
		if (!measure_takes(&kpis->measure[m], form))
			continue;
		if (take_is_touch(kpis->measure[m].take)) {
			touch[touches++] = (uint8_t)m;
			continue;
		}
		of[tuple->measures] = column_for(tuple, source_of(&kpis->measure[m]));
		measure[tuple->measures++] = (uint8_t)m;
	}
	for (; tuple->touches < touches; tuple->touches++) {
		uint8_t m = touch[tuple->touches], class = set->class_of[m], at = (uint8_t)(tuple->measures + tuple->touches);
		of[at] = (uint8_t)(class | kpis->measure[m].take << TOUCH_TAKE_SHIFT);
		measure[at] = m;
		tuple->classes |= (uint8_t)(1u << class);
	}
}

uint32_t
tuple_make(struct tuple_set *set, const struct form *form, struct hash128 hash)
{
	uint8_t texts[FORM_TEXTS_MAX];
	uint32_t id = pool_take(&set->pool);
	struct tuple *tuple = tuple_at(set, id);
	*tuple = (struct tuple){.hash = hash, .type = form->type, .stage = form->stage, .kind = form->kind,
	                        .booking = form->booking, .live = true};
	find_measures(set, tuple, form);
	for (unsigned d = 0; d < EVENT_DIMS; d++)
		tuple->given |= (uint8_t)((form->text[d].n > 0) << d);
	tuple->text_bytes = put_texts(set, form, texts);
	tuple->texts = slab_alloc(&set->texts, tuple->text_bytes);
	memcpy(tuple->texts, texts, tuple->text_bytes);
	index_insert(&set->index, hash.lo, id);
	return id;
}

/* Key of a rollup: u16 length + bytes for each of its dimensions; NULL: that of what folded. Returns the parts. */
static uint32_t
rollup_key(const struct form *form, uint8_t dims_mask, struct buf *key)
{
	uint32_t parts = 0;
	key->len = 0;
	for (unsigned d = 0; d < EVENT_DIMS; d++) {
		if (!(dims_mask >> d & 1))
			continue;
		struct slice text = form != NULL ? text_or_none(form->text[d]) : slice_of("~other");
		uint16_t n = (uint16_t)text.n;
		buf_add(key, &n, sizeof(n));
		buf_add(key, text.p, n);
		parts++;
	}
	return parts;
}

bool
tuple_might_fold(const struct tuple_set *set, const struct series_set *series)
{
	for (uint32_t r = 0; r < series->config->rollup_count; r++)
		if (series->rollup_count[r] + FOLD_MARGIN >= series->config->series_max / 2)
			return true;
	return set->folded > 0;
}

static uint32_t
series_for(struct series_set *series, uint32_t rollup, const struct form *form, struct buf *key, bool *folded)
{
	uint8_t mask = series->config->rollup[rollup].dims_mask;
	uint32_t parts = rollup_key(form, mask, key);
	uint32_t id = series_find(series, rollup, buf_slice(key));
	if (id == UINT32_MAX && mask != 0 && series->rollup_count[rollup] >= series->config->series_max) {
		*folded = true;
		parts = rollup_key(NULL, mask, key);
		id = series_find(series, rollup, buf_slice(key));
	}
	return id != UINT32_MAX ? id : series_make(series, rollup, buf_slice(key), parts);
}

void
tuple_attach(struct tuple_set *set, struct series_set *series, uint32_t id)
{
	struct tuple *tuple = tuple_at(set, id);
	const uint8_t *measure = tuple_measures(set, tuple);
	struct buf key = {0};
	struct form form;
	form_of_tuple(set, id, &form);
	tuple->folded = false;
	tuple->attached = true;
	for (uint32_t r = 0; r < set->config->rollup_count && tuple_counts(tuple); r++) {
		uint32_t to = series_for(series, r, &form, &key, &tuple->folded);
		tuple_series(set, tuple)[r] = to;
		series_at(series, to)->refs++;
		for (uint32_t j = 0; j < tuple->measures + (uint32_t)tuple->touches; j++)
			tuple_positions(set, tuple, r)[j] = (uint8_t)series_position(series, to, measure[j]);
	}
	set->folded += tuple->folded;
	buf_fini(&key);
}

static void
detach(struct tuple_set *set, struct series_set *series, struct tuple *tuple)
{
	for (uint32_t r = 0; r < set->config->rollup_count && tuple_counts(tuple); r++) {
		uint32_t to = tuple_series(set, tuple)[r];
		if (--series_at(series, to)->refs == 0)
			series_drop(series, to);
	}
	set->folded -= tuple->folded;
	tuple->folded = tuple->attached = false;
}

static void
drop(struct tuple_set *set, uint32_t id)
{
	struct tuple *tuple = tuple_at(set, id);
	index_remove(&set->index, tuple->hash.lo, id);
	slab_free(&set->texts, tuple->texts, tuple->text_bytes);
	tuple->texts = NULL;
	tuple->live = false;
	pool_give_back(&set->pool, id);
}

void
tuple_cell_gone(struct tuple_set *set, struct series_set *series, uint32_t id)
{
	struct tuple *tuple = tuple_at(set, id);
	assert(tuple->cells > 0 && tuple->attached);
	if (--tuple->cells > 0)
		return;
	detach(set, series, tuple);
	if (tuple->refs == 0)
		drop(set, id);
}

void
tuple_release(struct tuple_set *set, uint32_t id)
{
	struct tuple *tuple = tuple_at(set, id);
	assert(tuple->refs > 0);
	if (--tuple->refs == 0 && tuple->cells == 0)
		drop(set, id);
}

void
tuple_set_save(const struct tuple_set *set, struct stream_out *out)
{
	uint32_t next = 0;
	stream_put_mark(out, "TUP1");
	stream_put_var(out, set->pool.end);
	stream_put_var(out, set->pool.live);
	for (uint32_t id = 0; id < set->pool.end; id++) {
		const struct tuple *tuple = tuple_at(set, id);
		if (!tuple->live)
			continue;
		number_save(out, &next, id);
		stream_put(out, &tuple->hash, sizeof(tuple->hash));
		stream_put_var(out, tuple->refs);
		stream_put_var(out, tuple->text_bytes);
		stream_put(out, tuple->texts, tuple->text_bytes);
		const uint8_t bytes[] = {tuple->type, tuple->stage, tuple->kind, tuple->booking,
		                         (uint8_t)(tuple->folded | tuple->attached << 1)};
		stream_put(out, bytes, sizeof(bytes));
		for (uint32_t r = 0; tuple->attached && tuple_counts(tuple) && r < set->config->rollup_count; r++)
			stream_put_var(out, tuple_series(set, tuple)[r]);
	}
}

static void
load_attached(struct tuple_set *set, struct series_set *series, struct tuple *tuple, struct stream_in *in)
{
	const uint8_t *measure = tuple_measures(set, tuple);
	for (uint32_t r = 0; tuple_counts(tuple) && r < set->config->rollup_count; r++) {
		uint32_t to = stream_get_below(in, series->pool.end);
		if (!stream_good(in) || !series_at(series, to)->live) {
			stream_fail(in);
			return;
		}
		tuple_series(set, tuple)[r] = to;
		series_at(series, to)->refs++;
		for (uint32_t j = 0; j < tuple->measures + (uint32_t)tuple->touches; j++)
			tuple_positions(set, tuple, r)[j] = (uint8_t)series_position(series, to, measure[j]);
	}
}

static void
load_one(struct tuple_set *set, struct series_set *series, uint32_t id, struct stream_in *in)
{
	struct tuple *tuple = tuple_at(set, id);
	struct form form;
	uint8_t bytes[5];
	stream_get(in, &tuple->hash, sizeof(tuple->hash));
	tuple->refs = (uint32_t)stream_get_var(in);
	uint32_t text_bytes = stream_get_below(in, FORM_TEXTS_MAX + 1);
	if (!stream_good(in))
		return;
	tuple->text_bytes = (uint16_t)text_bytes;
	tuple->texts = slab_alloc(&set->texts, text_bytes);
	stream_get(in, tuple->texts, text_bytes);
	if (!stream_get(in, bytes, sizeof(bytes)) || bytes[0] >= EVENT_TYPE_COUNT)
		return;
	tuple->type = bytes[0];
	tuple->stage = bytes[1];
	tuple->kind = bytes[2];
	tuple->booking = bytes[3];
	tuple->folded = bytes[4] & 1;
	tuple->attached = bytes[4] >> 1 & 1;
	tuple->live = true;
	form_of_tuple(set, id, &form);
	find_measures(set, tuple, &form);
	for (unsigned d = 0; d < EVENT_DIMS; d++)
		tuple->given |= (uint8_t)((form.text[d].n > 0) << d);
	index_insert(&set->index, tuple->hash.lo, id);
	set->folded += tuple->folded;
	if (tuple->attached)
		load_attached(set, series, tuple, in);
}

void
tuple_set_load(struct tuple_set *set, struct series_set *series, struct stream_in *in)
{
	struct numbers numbers;
	uint32_t id;
	stream_get_mark(in, "TUP1");
	numbers_begin(&numbers, &set->pool, in);
	while (numbers_next(&numbers, in, &id))
		load_one(set, series, id, in);
}

uint64_t
tuple_bytes(const struct tuple_set *set)
{
	return pool_bytes(&set->pool) + set->texts.bytes + index_bytes(&set->index);
}
