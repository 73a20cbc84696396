// SPDX-License-Identifier: MIT
/* See hash-large.h. */
#include "seal/measure/hash-large.h"

#include <errno.h>

#include "lib/own.h"

/* The window of that number. */
static struct window window_of(const struct large *l, uint64_t number)
{
	uint64_t at = number * l->shape.window;
	uint64_t left = (uint64_t)l->file->st.st_size - at;

	return (struct window){
		.fd = l->fd,
		.at = (off_t)at,
		.size = left < l->shape.window ? left : l->shape.window,
	};
}

static void cut(struct large *l, size_t window)
{
	uint64_t size = (uint64_t)l->file->st.st_size;

	l->shape.window = window;
	l->windows = (size + window - 1) / window;
}

/* Asks before anything is read, and decides what follows from it. */
static void ask_cache(struct large *l)
{
	enum { samples = 32 };
	const struct window all = { .fd = l->fd,
				    .size = (size_t)l->file->st.st_size };
	unsigned cached = window_cached(&all, samples);

	l->keep = all.size <= large_keep_max || cached > samples / 2;
	l->cached = cached == samples;
	if (!l->cached)
		return;
	/* to map and unmap costs the less the fewer windows there are */
	cut(l, l->shape.cached_window);
	l->shape.reach = 1;
}

int large_open(struct large *l, const struct large_shape *shape)
{
	if (!l->file->algs)
		return -EINVAL; /* there would be no step to be the last */
	l->shape = *shape;
	cut(l, shape->window);
	l->fd = content_open(l->file);
	if (l->fd < 0)
		return l->fd;
	ask_cache(l);
	return digest_begin(&l->state, l->file->algs);
}

/* The lowest window of the digests in algs. */
static uint64_t slowest(const struct large *l, digest_algs algs)
{
	uint64_t min = l->windows;

	for (size_t i = 0; i < array_size(l->at); i++)
		if (algs & 1U << i && l->at[i] < min)
			min = l->at[i];
	return min;
}

bool large_next(struct large *l, bool share, struct large_step *ret)
{
	uint64_t passed = slowest(l, l->file->algs);
	uint64_t reached = passed + l->shape.reach;
	uint64_t leader_max = passed + (l->shape.reach + 1) / 2;
	digest_algs idle = l->file->algs & ~l->busy;
	uint64_t next = slowest(l, idle);
	struct large_step step = { .window = next };

	if (!l->ready || l->error || next == l->windows || next >= leader_max)
		return false;
	/* what is needed must be asked for before: else the kernel guesses */
	if (l->busy && !l->begun)
		return false;
	for (size_t i = 0; i < array_size(l->at); i++)
		if (idle & 1U << i && l->at[i] == next)
			step.algs |= 1U << i;
	if (share)
		step.algs &= ~step.algs + 1; /* the lowest bit */
	l->busy |= step.algs;

	step.read_from = l->read;
	step.read_to = reached < l->windows ? reached : l->windows;
	l->read = step.read_to;
	step.drop_from = l->dropped;
	step.drop_to = passed;
	l->dropped = passed;
	*ret = step;
	return true;
}

static void read_ahead(const struct large *l, uint64_t from, uint64_t to)
{
	enum { samples = 8 };

	for (uint64_t i = from; i < to && !l->cached; i++) {
		const struct window w = window_of(l, i);

		if (window_cached(&w, samples) < samples)
			window_read_ahead(&w);
	}
}

static void drop_behind(const struct large *l, uint64_t from, uint64_t to)
{
	for (uint64_t i = from; i < to && !l->keep; i++) {
		const struct window w = window_of(l, i);

		window_drop(&w);
	}
}

void large_do(struct large *l, struct large_step *step,
	      uint8_t buffer[static window_buffer])
{
	const struct window w = window_of(l, step->window);

	drop_behind(l, step->drop_from, step->drop_to);
	read_ahead(l, step->read_from, step->read_to);
	step->r = window_digest(&w, l->shape.guarded, &l->state, step->algs,
				buffer);
}

bool large_done(struct large *l, const struct large_step *step)
{
	l->busy &= ~step->algs;
	l->begun = true;
	for (size_t i = 0; i < array_size(l->at); i++)
		if (step->algs & 1U << i)
			l->at[i]++;
	if (!l->error)
		l->error = step->r;
	return !l->busy &&
	       (l->error || slowest(l, l->file->algs) == l->windows);
}

void large_close(struct large *l, int r)
{
	own_fd int fd = l->fd;

	if (r == 0)
		r = l->error;
	if (fd >= 0 && r == 0)
		drop_behind(l, l->dropped, l->windows);
	if (r == 0)
		r = digest_end(&l->state, l->file->algs, &l->file->digests);
	/* a file that was cut short also cannot be read to its end */
	if (fd >= 0 && content_check(l->file, fd) < 0)
		r = -ESTALE;
	l->file->error = r;
	l->fd = -1;
}
