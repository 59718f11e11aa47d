/* sender.c - batches under credit, resent until answered. */
#include "laju/sender.h"
#include "common/mem.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum sent_state { SENT_NOT = 0, SENT_WAITING, SENT_REFUSED };

struct sent {
	uint64_t id;
	struct buf message;
	uint32_t events;
	uint8_t state;  /* enum sent_state */
	uint32_t sends; /* since the last answer */
	int64_t at_ms;  /* SENT_WAITING: when it went out; SENT_REFUSED: when it may go again */
	void *origin;
};

struct sender {
	struct sender_config config;
	uint64_t next_id;
	uint32_t credit; /* 0: not told yet */
	uint32_t count;
	struct sent sent[SENDER_IN_FLIGHT_MAX]; /* in order of their ids */
	struct sent *last;                      /* what sender_due() handed out */
	struct sent before;                     /* and its state before */
	char code[32];
};

bool
sender_adds_up(const struct answer *answer, uint32_t events)
{
	struct answer rest = *answer;
	struct slice code, text;
	uint32_t index, listed = 0;
	bool inside = true;
	if (!answer->is_ack)
		return true;
	for (; answer_next_reject(&rest, &index, &code, &text); listed++)
		inside &= index < events;
	return inside && listed <= answer->refused && (uint64_t)answer->ok + answer->dup + answer->refused == events;
}

struct sender *
sender_new(const struct sender_config *config)
{
	struct sender *sender = mem_zalloc(1, sizeof(*sender));
	assert(config->resend_ms > 0);
	sender->config = *config;
	sender->next_id = 1;
	return sender;
}

void
sender_free(struct sender *sender)
{
	if (!sender)
		return;
	for (uint32_t i = 0; i < sender->count; i++)
		buf_fini(&sender->sent[i].message);
	free(sender);
}

uint64_t
sender_next_id(const struct sender *sender)
{
	return sender->next_id;
}

/* One until the first answer: a server that is still starting refuses the first and may take the second. */
static uint32_t
in_flight_limit(const struct sender *sender)
{
	uint32_t limit = sender->credit ? sender->credit : 1;
	if (sender->config.in_flight_max && sender->config.in_flight_max < limit)
		limit = sender->config.in_flight_max;
	return limit < SENDER_IN_FLIGHT_MAX ? limit : SENDER_IN_FLIGHT_MAX;
}

static uint32_t
count_state(const struct sender *sender, enum sent_state state)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < sender->count; i++)
		count += sender->sent[i].state == state;
	return count;
}

bool
sender_has_room(const struct sender *sender)
{
	return sender->count < in_flight_limit(sender) && count_state(sender, SENT_REFUSED) == 0;
}

void
sender_submit(struct sender *sender, struct buf *message, uint32_t events, void *origin)
{
	assert(sender->count < SENDER_IN_FLIGHT_MAX);
	sender->sent[sender->count++] =
	    (struct sent){.id = sender->next_id++, .message = *message, .events = events, .origin = origin};
	*message = (struct buf){0};
}

static bool
is_due(const struct sender *sender, const struct sent *sent, uint32_t waiting, int64_t now_ms)
{
	switch (sent->state) {
	case SENT_NOT:
		return true;
	case SENT_WAITING:
		return now_ms - sent->at_ms >= sender->config.resend_ms && sent->sends < SENDER_SENDS_MAX;
	default: /* alone, so that what was refused keeps its order */
		return waiting == 0 && now_ms >= sent->at_ms;
	}
}

bool
sender_due(struct sender *sender, int64_t now_ms, struct slice *message)
{
	uint32_t waiting = count_state(sender, SENT_WAITING);
	bool refused = false;
	for (uint32_t i = 0; i < sender->count; i++) {
		struct sent *sent = &sender->sent[i];
		/* Behind a refused one only those go out that have been out before. */
		if (refused && sent->state != SENT_WAITING)
			continue;
		if (is_due(sender, sent, waiting, now_ms)) {
			sender->last = sent;
			sender->before = *sent;
			sent->state = SENT_WAITING;
			sent->at_ms = now_ms;
			sent->sends++;
			*message = buf_slice(&sent->message);
			return true;
		}
		refused |= sent->state == SENT_REFUSED;
	}
	return false;
}

void
sender_unsent(struct sender *sender)
{
	assert(sender->last);
	*sender->last = sender->before;
	sender->last = NULL;
}

int64_t
sender_wait_ms(const struct sender *sender, int64_t now_ms)
{
	uint32_t waiting = count_state(sender, SENT_WAITING);
	bool refused = false;
	int64_t least = -1;
	for (uint32_t i = 0; i < sender->count; i++) {
		const struct sent *sent = &sender->sent[i];
		int64_t at = now_ms;
		/* As in sender_due(): what must stay behind another one waits for that one's answer. */
		bool behind = sent->state != SENT_WAITING && (refused || (sent->state == SENT_REFUSED && waiting > 0));
		refused |= sent->state == SENT_REFUSED;
		if (behind)
			continue;
		if (sent->state == SENT_WAITING)
			at = sent->at_ms + sender->config.resend_ms;
		else if (sent->state == SENT_REFUSED)
			at = sent->at_ms;
		int64_t wait = at > now_ms ? at - now_ms : 0;
		least = least < 0 || wait < least ? wait : least;
	}
	return least;
}

static void
settle(struct sender *sender, struct sent *sent, const struct answer *answer)
{
	struct sent settled = *sent;
	uint32_t index = (uint32_t)(sent - sender->sent);
	memmove(sent, sent + 1, (sender->count - index - 1) * sizeof(*sent));
	sender->count--;
	sender->config.settled(sender->config.context, settled.origin, settled.events, answer);
	buf_fini(&settled.message);
}

bool
sender_answer(struct sender *sender, struct slice message, int64_t now_ms)
{
	struct answer answer;
	if (answer_decode(&answer, message) != 0)
		return false;
	sender->last = NULL;
	uint64_t id = answer_id(&answer);
	if (answer.is_ack && answer.credit > 0)
		sender->credit = answer.credit;
	for (uint32_t i = 0; i < sender->count; i++) {
		struct sent *sent = &sender->sent[i];
		if (sent->id != id)
			continue;
		if (answer.is_ack || answer.retry_ms == 0) {
			settle(sender, sent, &answer);
			return true;
		}
		snprintf(sender->code, sizeof(sender->code), "%.*s", (int)(answer.code.n < 31 ? answer.code.n : 31),
		         (const char *)answer.code.p);
		sent->state = SENT_REFUSED;
		sent->sends = 0;
		sent->at_ms = now_ms + answer.retry_ms;
		return true;
	}
	/* The second answer to a batch that was resent. */
	return true;
}

uint32_t
sender_unsettled(const struct sender *sender)
{
	return sender->count;
}

bool
sender_given_up(const struct sender *sender, int64_t now_ms)
{
	for (uint32_t i = 0; i < sender->count; i++)
		if (sender->sent[i].state == SENT_WAITING && sender->sent[i].sends >= SENDER_SENDS_MAX &&
		    now_ms - sender->sent[i].at_ms >= sender->config.resend_ms)
			return true;
	return false;
}

const char *
sender_waits_for(const struct sender *sender)
{
	return sender->count > 0 && sender->sent[0].state == SENT_REFUSED ? sender->code : "";
}

void
sender_each(const struct sender *sender, void (*each)(void *context, void *origin, uint32_t events), void *context)
{
	for (uint32_t i = 0; i < sender->count; i++)
		each(context, sender->sent[i].origin, sender->sent[i].events);
}
