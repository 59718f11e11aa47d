/* refusals.c - what was refused, grouped by reason. */
#include "laju/refusals.h"
#include "laju/number.h"
#include "laju/text.h"
#include <stdio.h>
#include <stdlib.h>

void
refusals_fini(struct refusals *refusals)
{
	for (uint32_t i = 0; i < refusals->codes; i++)
		buf_fini(&refusals->code[i].lines);
	refusals->codes = 0;
}

static struct refusals_code *
find_code(struct refusals *refusals, struct slice name)
{
	for (uint32_t i = 0; i < refusals->codes; i++)
		if (slice_is(name, refusals->code[i].name))
			return &refusals->code[i];
	if (refusals->codes + 1 >= REFUSALS_CODES_MAX) {
		if (!slice_is(name, "other"))
			return find_code(refusals, slice_of("other"));
	}
	struct refusals_code *code = &refusals->code[refusals->codes++];
	snprintf(code->name, sizeof(code->name), "%.*s", (int)(name.n < 31 ? name.n : 31), (const char *)name.p);
	return code;
}

void
refusals_add(struct refusals *refusals, struct slice name, uint64_t n, const char *place, struct slice text)
{
	struct refusals_code *code = find_code(refusals, name);
	refusals->total += n;
	code->count += n;
	if (!place || code->shown == REFUSALS_SHOWN)
		return;
	code->shown++;
	buf_printf(&code->lines, "  ");
	text_clean(&code->lines, slice_of(place));
	buf_printf(&code->lines, ": ");
	text_clean(&code->lines, text);
	buf_printf(&code->lines, "\n");
}

static int
more_first(const void *a, const void *b)
{
	const struct refusals_code *x = a, *y = b;
	return x->count != y->count ? (x->count < y->count) - (x->count > y->count) : strcmp(x->name, y->name);
}

void
refusals_print(struct refusals *refusals, struct buf *out)
{
	char number[NUMBER_TEXT_MAX];
	qsort(refusals->code, refusals->codes, sizeof(refusals->code[0]), more_first);
	for (uint32_t i = 0; i < refusals->codes; i++) {
		const struct refusals_code *code = &refusals->code[i];
		number_fraction(code->count, 1, 0, true, number);
		buf_printf(out, "refused %s ", number);
		text_clean(out, slice_of(code->name));
		buf_printf(out, "%s\n", code->shown ? ":" : "");
		buf_add(out, code->lines.data, code->lines.len);
		if (code->shown && code->count > code->shown) {
			number_fraction(code->count - code->shown, 1, 0, true, number);
			buf_printf(out, "  and %s more\n", number);
		}
	}
}
